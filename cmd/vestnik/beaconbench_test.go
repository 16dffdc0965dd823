package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// beaconsArticles is over how many articles the beacons are spread: as many as a newsroom has read at a time.
const beaconsArticles = 200

// beaconScript is what wrk sends: each request is another visitor's, by an address of its own behind a trusted proxy and one
// of a hundred browsers, and carries the token of the article that it is for. Nothing may be filtered and nobody was seen before.
const beaconScript = `
local targets = {%s}
local head = " HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nSec-Fetch-Site: same-origin\r\nContent-Type: text/plain;charset=UTF-8\r\n" ..
	"Accept-Language: ru\r\nReferer: %s/articles/x\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/"
local tail = "\r\nContent-Length: 15%s\r\nX-Forwarded-For: "
local i = %d
function request()
	i = i + 1
	local t = targets[i %% #targets + 1]
	local network = i %% 4000000
	return t.path .. head .. (i %% 100) .. tail .. (1 + math.floor(network / 65536)) .. "." .. math.floor(network / 256) %% 256 .. "." .. network %% 256 ..
		"." .. math.floor(i / 4000000) + 1 .. "\r\n\r\n" .. t.token .. "|web"
end
function done(summary, latency)
	io.write(string.format("sum %%d %%d %%d %%d %%d\n", summary.requests, summary.duration, latency:percentile(99),
		summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
`

// A load is what wrk found.
type load struct {
	requests int64
	perS     float64
	p99      time.Duration
	cpu      time.Duration // of the server, for each
}

// runWrk lets wrk run a Lua script whose function done prints a line "sum …" as that of beaconScript.
func runWrk(b *testing.B, script, url string, seconds int) load {
	path := filepath.Join(b.TempDir(), "wrk.lua")
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		b.Fatal(err)
	}
	out, err := exec.Command("wrk", "-t1", "-c64", fmt.Sprintf("-d%ds", seconds), "-s", path, url).CombinedOutput()
	m := regexp.MustCompile(`(?m)^sum (\d+) (\d+) (\d+) (\d+) (\d+)$`).FindSubmatch(out)
	if err != nil || m == nil {
		b.Fatalf("wrk on %s: %v\n%s", url, err, out)
	}
	var n [5]int64
	for i := range n {
		n[i], _ = strconv.ParseInt(string(m[i+1]), 10, 64)
	}
	if n[3]+n[4] > 0 {
		b.Fatalf("wrk on %s: %d answers with an error, %d without any\n%s", url, n[3], n[4], out)
	}
	return load{n[0], float64(n[0]) / (float64(n[1]) / 1e6), time.Duration(n[2]) * time.Microsecond, 0}
}

// BenchmarkBeacons sends beacons over TCP to the daemon as it is shipped, on SQLite, with all filters on, by wrk on the same cores:
// on connections that are kept, and with a connection for each. It reports those accepted in a second, the 99th percentile of
// their time, and the processor's time for each (which depends less on what else the machine does), and fails unless each that was acknowledged is written in the end. Where a program goatcounter (v2.7.0) is in the path,
// it is asked the same in turn: it closes the connection after each hit.
func BenchmarkBeacons(b *testing.B) {
	if _, err := exec.LookPath("wrk"); err != nil {
		b.Skip("wrk is not installed")
	}
	n := longNewsroom(b, beaconsArticles, 2, 3, 5)
	targets := beaconTargets(b, n)
	var kept, closed load
	for b.Loop() {
		kept = n.beacons(b, targets, "", 15)
		closed = n.beacons(b, targets, "\\r\\nConnection: close", 8)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(kept.perS, "accepted/s")
	b.ReportMetric(float64(kept.p99)/1e6, "p99-ms")
	b.ReportMetric(float64(kept.cpu)/1e3, "CPU-µs")
	b.ReportMetric(closed.perS, "closed-accepted/s")
	b.ReportMetric(float64(closed.p99)/1e6, "closed-p99-ms")
	b.ReportMetric(float64(closed.cpu)/1e3, "closed-CPU-µs")
	if peer, ok := goatcounter(b); ok {
		b.ReportMetric(peer.perS, "goatcounter/s")
		b.ReportMetric(float64(peer.cpu)/1e3, "goatcounter-CPU-µs")
		b.ReportMetric(kept.perS/peer.perS, "of_goatcounter")
		b.ReportMetric(closed.perS/peer.perS, "closed-of_goatcounter")
	}
}

// beaconTargets are the addresses and tokens that the pages of the articles name, as a Lua table.
func beaconTargets(b *testing.B, n *newsroom) string {
	p := n.serve()
	defer p.stop()
	var table strings.Builder
	found := regexp.MustCompile(`data-beacon="([^"]+)" data-token="([^"]+)"`)
	for _, slug := range n.slugs() {
		page, _ := fetchBytes(b, n.site+"/articles/"+slug)
		m := found.FindSubmatch(page)
		if m == nil {
			b.Fatalf("the page of %s has no beacon", slug)
		}
		fmt.Fprintf(&table, "{path = %q, token = %q}, ", "POST "+string(m[1]), m[2])
	}
	return table.String()
}

// beaconsFrom is the number of the last visitor of earlier runs: each run has visitors of its own.
var beaconsFrom = 0

// beacons runs a daemon under load, stops it as an operator does, and compares what is in the database with what was acknowledged.
func (n *newsroom) beacons(b *testing.B, targets, header string, seconds int) load {
	p := n.serve("VESTNIK_HTTP_TRUSTED_PROXIES=127.0.0.1")
	before := n.allReads()
	host := strings.TrimPrefix(n.site, "http://")
	found := runWrk(b, fmt.Sprintf(beaconScript, targets, host, n.site, n.site, header, beaconsFrom), n.site, seconds)
	beaconsFrom += int(found.requests) + 1000
	p.stop()
	used := p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime() // with all that was written, and the start
	found.cpu = used / time.Duration(found.requests)
	written := n.allReads() - before
	if written < found.requests || written > found.requests+64 { // what was under way at the end has no answer
		b.Fatalf("%d beacons were acknowledged and %d reads are written; filtered: %s", found.requests, written, n.run("reads", "filtered", "--json"))
	}
	return found
}

// allReads are all reads of today and yesterday.
func (n *newsroom) allReads() (sum int64) {
	for _, top := range jsonLines[topJSON](n.t, n.run("reads", "top", "--window", "48h", "--limit", "1000", "--json")) {
		sum += top.Reads
	}
	return sum
}

const goatScript = `
local i = 0
function request()
	i = i + 1
	return "GET /count?p=/articles/" .. (i % 200) .. "&t=News&rnd=" .. i .. " HTTP/1.1\r\nHost: goat.example\r\nAccept-Language: ru\r\nX-Forwarded-For: " ..
		(1 + math.floor(i / 65536) % 200) .. "." .. math.floor(i / 256) % 256 .. "." .. i % 256 .. ".1\r\n" ..
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/" .. (i % 100) .. "\r\n\r\n"
end
` + "function done(summary, latency)\n" +
	`	io.write(string.format("sum %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(99), summary.errors.status,
		summary.errors.connect + summary.errors.write + summary.errors.timeout))
end
`

// goatcounter is what the peer takes, as shipped, with a site and SQLite of its own.
func goatcounter(b *testing.B) (found load, ok bool) {
	program, err := exec.LookPath("goatcounter")
	if err != nil {
		return found, false
	}
	dir := b.TempDir()
	port, err := freePort()
	if err != nil {
		b.Fatal(err)
	}
	database := "sqlite+" + filepath.Join(dir, "goatcounter.sqlite3")
	create := exec.Command(program, "db", "create", "site", "-createdb", "-db", database, "-vhost=goat.example", "-user.email=a@example.org", "-user.password=0123456789")
	create.Dir = dir
	if out, err := create.CombinedOutput(); err != nil {
		b.Fatalf("goatcounter: %v\n%s", err, out)
	}
	serve := exec.Command(program, "serve", "-listen", "127.0.0.1:"+port, "-tls", "http", "-db", database, "-automigrate")
	serve.Dir, serve.Stdout, serve.Stderr = dir, io.Discard, io.Discard
	start(b, serve)
	url := "http://127.0.0.1:" + port
	until(b, 20*time.Second, "goatcounter answers", func() bool {
		req, _ := http.NewRequest(http.MethodGet, url+"/count?p=/x", nil)
		req.Host = "goat.example"
		req.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	found = runWrk(b, goatScript, url, 15)
	found.cpu = cpuOf(serve.Process.Pid) / time.Duration(found.requests)
	return found, true
}

// cpuOf is the time that a running process has used, 0 where there is no /proc.
func cpuOf(pid int) time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // ticks of 100 Hz, as everywhere on Linux
}

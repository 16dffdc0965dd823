package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The feeds of a whole daemon beside what the machine can do: a bare net/http handler that writes the same ready bytes, and
// nginx with gzip_static. All three serve over loopback from a core of their own, wrk asks from another, and they take turns in
// one run, so that the ratios mean something.

// BenchmarkFeedsBesideNginx reports answers a second, and by how much a 226 is smaller than what nginx must send.
func BenchmarkFeedsBesideNginx(b *testing.B) {
	for _, tool := range []string{"nginx", "wrk", "taskset"} {
		if _, err := exec.LookPath(tool); err != nil {
			b.Skipf("%s is not installed", tool)
		}
	}
	n := longNewsroom(b, 50, 2, 3, 5)
	p := n.serve("GOMAXPROCS=1")
	pin(b, p.cmd.Process.Pid)
	feed := fetchFeed(b, n.site+"/feed.xml")
	servers := []contender{
		{name: "vestnik", url: n.site + "/feed.xml", etag: feed.etag},
		startBare(b, feed),
		startNginx(b, feed),
	}
	rates := map[string][]float64{}
	for b.Loop() {
		for _, round := range []string{"200", "304"} {
			for _, s := range servers {
				rates[s.name+"_"+round] = append(rates[s.name+"_"+round], s.measure(b, round))
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	for name, all := range rates {
		b.ReportMetric(median(all), name+"/s")
	}
	for _, round := range []string{"200", "304"} {
		ours := median(rates["vestnik_"+round])
		b.ReportMetric(ours/median(rates["bare_"+round]), "of_bare_"+round)
		b.ReportMetric(ours/median(rates["nginx_"+round]), "of_nginx_"+round)
	}
	b.ReportMetric(deltaGain(b, n, feed, servers[2]), "nginx_bytes/226_bytes")
}

// A contender is one server that serves the feed.
type contender struct{ name, url, etag string }

// measure is how many answers with that status wrk gets in a second.
func (c contender) measure(b *testing.B, status string) float64 {
	args := []string{"-c", "1", "wrk", "-t1", "-c16", "-d2s", "-H", "Accept-Encoding: gzip"}
	if status == "304" {
		args = append(args, "-H", "If-None-Match: "+c.etag)
	}
	out, err := exec.Command("taskset", append(args, c.url)...).Output()
	m := regexp.MustCompile(`Requests/sec: +([0-9.]+)`).FindSubmatch(out)
	if err != nil || m == nil || status == "200" && bytes.Contains(out, []byte("Non-2xx")) {
		b.Fatalf("wrk on %s: %v\n%s", c.name, err, out)
	}
	rate, _ := strconv.ParseFloat(string(m[1]), 64)
	return rate
}

func median(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

// pin keeps a server on the first core; wrk has the second.
func pin(b *testing.B, pid int) {
	if out, err := exec.Command("taskset", "-a", "-c", "-p", "0", strconv.Itoa(pid)).CombinedOutput(); err != nil {
		b.Fatalf("taskset: %v\n%s", err, out)
	}
}

// A rendered feed as the daemon gave it.
type servedFeed struct {
	etag   string
	header http.Header
	gzip   []byte
	plain  []byte
}

func fetchFeed(b testing.TB, url string) servedFeed {
	zipped, header := fetchBytes(b, url, "Accept-Encoding", "gzip")
	plain, _ := fetchBytes(b, url, "Accept-Encoding", "identity")
	return servedFeed{header.Get("ETag"), header, zipped, plain}
}

// unpacked keeps bodies as they came over the wire.
var unpacked = &http.Transport{DisableCompression: true}

func fetchBytes(b testing.TB, url string, header ...string) ([]byte, http.Header) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := unpacked.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	return body, res.Header
}

// bareServer is a program: the least that net/http can do with ready bytes. TestMain runs it in a process of its own. Its
// first argument is the address, the second a file with the headers, the third the body.
func bareServer() {
	var header http.Header
	text, err := os.ReadFile(os.Args[2])
	if err == nil {
		err = json.Unmarshal(text, &header)
	}
	body, err2 := os.ReadFile(os.Args[3])
	if err = cmp.Or(err, err2); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	header.Del("Date")
	etag := header.Get("ETag")
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		known := r.Header.Get("If-None-Match") == etag
		for name, values := range header {
			if !known || name != "Content-Length" && name != "Content-Encoding" && name != "Content-Type" && name != "Link" {
				h[name] = values
			}
		}
		if known {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Write(body)
	})
	server := httpServer(handler) // with the same limits on slow clients
	server.Addr = os.Args[1]
	server.ListenAndServe()
}

func startBare(b *testing.B, feed servedFeed) contender {
	dir := b.TempDir()
	program := filepath.Join(dir, "bareserver")
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, program)
	}
	header, _ := json.Marshal(feed.header)
	port, err2 := freePort()
	err = cmp.Or(err, err2, os.WriteFile(filepath.Join(dir, "header"), header, 0o644), os.WriteFile(filepath.Join(dir, "body"), feed.gzip, 0o644))
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, "127.0.0.1:"+port, filepath.Join(dir, "header"), filepath.Join(dir, "body"))
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	start(b, cmd)
	c := contender{"bare", "http://127.0.0.1:" + port + "/feed.xml", feed.etag}
	waitForContender(b, c)
	pin(b, cmd.Process.Pid)
	return c
}

const nginxConfig = `user %[1]s;
daemon off;
worker_processes 1;
worker_cpu_affinity 01;
pid %[2]s/pid;
error_log %[2]s/errors;
events { worker_connections 256; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000;
	types { application/rss+xml xml; }
	charset utf-8;
	client_body_temp_path %[2]s/b; proxy_temp_path %[2]s/p; fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
	server {
		listen 127.0.0.1:%[3]s;
		root %[2]s/root;
		gzip_static on;
		gzip_vary on;
		add_header Cache-Control "public, max-age=300";
		open_file_cache max=10;
	}
}
`

func startNginx(b *testing.B, feed servedFeed) contender {
	dir := b.TempDir()
	port, err := freePort()
	user := "nobody"
	if os.Getuid() == 0 {
		user = "root"
	}
	err = cmp.Or(err, os.Mkdir(filepath.Join(dir, "root"), 0o755),
		os.WriteFile(filepath.Join(dir, "root", "feed.xml"), feed.plain, 0o644),
		os.WriteFile(filepath.Join(dir, "root", "feed.xml.gz"), feed.gzip, 0o644),
		os.WriteFile(filepath.Join(dir, "nginx.conf"), fmt.Appendf(nil, nginxConfig, user, dir, port), 0o644))
	if err != nil {
		b.Fatal(err)
	}
	start(b, exec.Command("nginx", "-e", filepath.Join(dir, "errors"), "-c", filepath.Join(dir, "nginx.conf")))
	c := contender{name: "nginx", url: "http://127.0.0.1:" + port + "/feed.xml"}
	waitForContender(b, c)
	_, header := fetchBytes(b, c.url, "Accept-Encoding", "gzip")
	c.etag = header.Get("ETag")
	return c
}

func start(b *testing.B, cmd *exec.Cmd) {
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		killed := time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		killed.Stop()
	})
}

func waitForContender(b *testing.B, c contender) {
	if err := waitForURL(c.url); err != nil {
		b.Fatalf("%s does not answer: %v", c.name, err)
	}
}

// deltaGain publishes one article and compares what nginx sends to who has the old feed with our 226.
func deltaGain(b *testing.B, n *newsroom, old servedFeed, nginx contender) float64 {
	n.write("more/new.md", longArticle(rand.New(rand.NewPCG(9, 9)), "Одна новость", "section-0", "tag-0", "Автор 0", time.Now()))
	n.run("articles", "import", "more")
	var ours []byte
	until(b, 10*time.Second, "the new article is in the feed", func() bool {
		req, _ := http.NewRequest(http.MethodGet, n.site+"/feed.xml", nil)
		req.Header.Set("Accept-Encoding", "gzip")
		req.Header.Set("If-None-Match", old.etag)
		req.Header.Set("A-IM", "feed")
		ours = dump(b, req)
		return bytes.HasPrefix(ours, []byte("HTTP/1.1 226"))
	})
	req, _ := http.NewRequest(http.MethodGet, nginx.url, nil) // nginx knows only the new file, which is as long as the old one
	req.Header.Set("Accept-Encoding", "gzip")
	return float64(len(dump(b, req))) / float64(len(ours))
}

func dump(b *testing.B, req *http.Request) []byte {
	res, err := unpacked.RoundTrip(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	text, err := httputil.DumpResponse(res, true)
	if err != nil {
		b.Fatal(err)
	}
	return text
}

// longNewsroom is a newsroom with so many articles of about 4 kB over sections, tags and authors.
func longNewsroom(b *testing.B, articles, sections, tags, authors int) *newsroom {
	n := newNewsroom(b, "smtp://127.0.0.1:9")
	random := rand.New(rand.NewPCG(1, 2))
	from := time.Now().Add(-time.Hour)
	for i := range articles {
		at := from.Add(-time.Duration(i) * 37 * time.Minute)
		text := longArticle(random, fmt.Sprintf("Новость номер %d", i), fmt.Sprintf("section-%d", i%sections), fmt.Sprintf("tag-%d", i%tags), fmt.Sprintf("Автор %d", i%authors), at)
		n.write(fmt.Sprintf("long/%05d.md", i), text)
	}
	n.run("articles", "import", "long")
	return n
}

var newsWords = strings.Fields("фестиваль кинокластер премьера сеанс режиссёр павильон остров зритель касса прокат сборы студия монтаж афиша билет " +
	"программа жюри показ документальный короткий метр съёмки экспедиция архив плёнка звук музыка художник костюм сцена площадка город " +
	"область министерство бюджет строительство открытие церемония награда конкурс заявка участник гость мастер класс лекция встреча клуб")

func longArticle(random *rand.Rand, title, section, tag, author string, at time.Time) string {
	var s strings.Builder
	fmt.Fprintf(&s, "---\ntitle: %s\nauthor: %s\nsection: %s\ntags: [%s]\ndate: %s\nstandfirst: Коротко о том, что %s\n---\n", title, author, section, tag,
		at.Format(time.RFC3339), newsWords[random.IntN(len(newsWords))])
	for range 6 {
		for range 45 {
			s.WriteString(newsWords[random.IntN(len(newsWords))])
			s.WriteByte(' ')
		}
		s.WriteString("\n\n")
	}
	return s.String()
}

// BenchmarkDaemonMemory imports 10,000 articles under 200 tags and 50 authors, asks for every feed there is, and reports the
// daemon's memory.
func BenchmarkDaemonMemory(b *testing.B) {
	n := longNewsroom(b, 10_000, 50, 200, 50)
	p := n.serve()
	lists := jsonLines[feedJSON](b, n.run("feeds", "list", "--json"))
	for b.Loop() {
		for _, l := range lists {
			for _, address := range []string{l.RSS, l.Atom, l.JSON} {
				fetchBytes(b, address, "Accept-Encoding", "gzip")
			}
		}
	}
	status := mustReadFile(b, fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for _, field := range []string{"VmHWM", "VmRSS"} {
		m := regexp.MustCompile(field + `:\s+(\d+) kB`).FindStringSubmatch(status)
		if m == nil {
			b.Skipf("no %s in /proc", field)
		}
		kb, _ := strconv.ParseFloat(m[1], 64)
		b.ReportMetric(kb/1024, field+"_MiB")
	}
	b.ReportMetric(float64(3*len(lists)), "feeds")
}

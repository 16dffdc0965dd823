package main

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

var beaconOn = regexp.MustCompile(`data-beacon="([^"]+)" data-token="([^"]+)"`)

// visit reads an article at one node as the visitor's browser does.
func visit(t testing.TB, node, slug, visitor string) {
	t.Helper()
	page, _ := fetchBytes(t, node+"/articles/"+slug)
	found := beaconOn.FindSubmatch(page)
	if found == nil {
		t.Fatalf("no beacon on the page of %s", slug)
	}
	req, err := http.NewRequest(http.MethodPost, node+string(found[1]), strings.NewReader(string(found[2])+"|web"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "kino.example" // that all nodes are asked for
	for name, value := range map[string]string{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Accept-Language": "ru",
		"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": visitor} {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		t.Fatalf("beacon of %s: %s", slug, res.Status)
	}
}

// TestTwoDaemonsCountAVisitorOnce runs two daemons on one PostgreSQL and has the same visitors read at both: the database decides, so each is
// counted once. On SQLite, where one daemon alone may run, the second comes after the first.
func TestTwoDaemonsCountAVisitorOnce(t *testing.T) {
	const visitors = 20
	n := newNewsroom(t, "smtp://127.0.0.1:9")
	n.env = append(n.env, "VESTNIK_HTTP_TRUSTED_PROXIES=127.0.0.1")
	slug := n.slugs()[0]
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	second := "127.0.0.1:" + port
	readAll := func(node string) {
		for i := range visitors {
			visit(t, node, slug, fmt.Sprintf("198.51.%d.7", i))
		}
	}
	first := n.serve()
	readAll(n.site)
	if os.Getenv("VESTNIK_TEST_POSTGRES") == "" {
		t.Log("without VESTNIK_TEST_POSTGRES the second daemon runs after the first, on SQLite")
		first.stop()
	}
	other := n.serve("VESTNIK_HTTP_LISTEN=" + second)
	readAll("http://" + second)
	visit(t, "http://"+second, slug, "198.51.100.7") // whom the first never saw
	if os.Getenv("VESTNIK_TEST_POSTGRES") != "" {
		first.stop()
	}
	other.stop()
	total := int64(0)
	for _, reads := range n.readsBySource() {
		total += reads
	}
	if total != visitors+1 {
		t.Errorf("%d reads of %d visitors", total, visitors+1)
	}
	if out := n.run("reads", "filtered", "--json"); strings.TrimSpace(out) != "" {
		t.Errorf("filtered %s", out)
	}
}

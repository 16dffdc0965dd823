package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/rogpeppe/go-internal/testscript"
)

// A wordpress is a site that lives elsewhere, with the two lines of docs/elsewhere.md and a policy as WordPress sites have it.
func wordpress(t *testing.T, ours, referrerPolicy string) (origin string) {
	t.Helper()
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; script-src 'self' "+ours+"; connect-src 'self' "+ours+"; style-src 'self' 'unsafe-inline'; object-src 'none'")
		w.Header().Set("Referrer-Policy", referrerPolicy)
		canonical := "http://" + r.Host + r.URL.Path
		fmt.Fprintf(w, `<!doctype html><html lang="ru"><head><title>x</title><link rel="canonical" href="%s"><script async src="%s/r.js"></script></head>
			<body><p>Текст.</p><aside><script async src="%s/box.js" data-window="7d" data-count="%s"></script></aside></body></html>`, canonical, ours, ours, r.PathValue("count"))
	}
	mux.HandleFunc("GET /{count}/{name}/", page)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "http://localhost:" + port
}

// cmdReadElsewhere has visitors read a page of another site as a browser does: the script, then what it posts.
func cmdReadElsewhere(ts *testscript.TestScript, neg bool, args []string) {
	page, origin, site := args[0], args[1], ts.Getenv("SITE")
	res, err := plainClient.Get(site + "/r.js")
	ts.Check(err)
	defer res.Body.Close()
	script, err := io.ReadAll(res.Body)
	ts.Check(err)
	found := regexp.MustCompile(`body:"([^|"]+)\|"`).FindSubmatch(script)
	if found == nil {
		ts.Fatalf("no token in %s", script)
	}
	for i := range number(ts, args[2]) {
		r, err := http.NewRequest("POST", site+"/r", strings.NewReader(string(found[1])+"|web|"+page))
		ts.Check(err)
		r.Header = visitor(i)
		r.Header.Set("Origin", origin)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		res, err := plainClient.Do(r)
		ts.Check(err)
		res.Body.Close()
		if res.StatusCode != http.StatusNoContent {
			ts.Fatalf("POST /r: %s", res.Status)
		}
	}
}

// look opens a page, stays for the time of the script given, and returns what that gives.
func look(t *testing.T, tab context.Context, address, script string) (result string) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	result, err := chromedp.Run(tab, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAPageElsewhereIsReadInAChromiumAndShowsTheBox(t *testing.T) {
	t.Parallel()
	tab := chromium(t, true)
	n := newNewsroom(t, "smtp://127.0.0.1:1")
	open, strict, evil := wordpress(t, n.site, "strict-origin-when-cross-origin"), wordpress(t, n.site, "same-origin"), wordpress(t, n.site, "no-referrer")
	n.write("wire/premiere.md", "---\ntitle: Премьера\nslug: premiere\nlink: "+open+"/5/premiere/\nsection: Новости\n---\nТекст.\n")
	n.run("articles", "import", "wire")
	n.env = append(n.env, "VESTNIK_READS_SITES="+open+", "+strict, "VESTNIK_READS_MIN_VISIBLE=1s", "VESTNIK_READS_LEAST=1", "VESTNIK_NODE_ROLES=web")
	p := n.serve()
	const stay = `new Promise(done => setTimeout(() => done("read"), 2500))`
	look(t, tab, open+"/5/premiere/?utm_medium=email#top", stay)
	look(t, tab, open+"/5/premiere/", stay) // again: it is no other read
	look(t, tab, strict+"/5/later/", stay)  // no article yet; its policy would hide the origin of a beacon
	look(t, tab, evil+"/5/premiere/", stay)
	p.stop()

	if got := n.run("reads", "top", "--json"); !strings.Contains(got, `"slug":"premiere","title":"Премьера","reads":1,`) || strings.Count(got, "\n") != 1 {
		t.Errorf("most read: %s", got)
	}
	if got := n.run("reads", "why", "premiere", "--json"); !strings.Contains(got, `"sources":{"email":1}`) {
		t.Errorf("why: %s", got)
	}
	if got := n.run("reads", "filtered", "--json"); got != `{"reason":"origin","n":1}`+"\n" {
		t.Errorf("filtered: %s", got)
	}
	if got := n.run("reads", "unknown", "--json"); !strings.Contains(got, strings.TrimPrefix(strict, "http://")+`/5/later","reads":1,`) || strings.Count(got, "\n") != 1 {
		t.Errorf("unknown: %s", got)
	}

	n.serve()
	// A box of another size: the browser keeps the one of five, in which nothing was yet, for a minute.
	box := look(t, tab, strict+"/4/other/", `new Promise(done => { let at = Date.now(), see = () => {
		let box = document.querySelector("aside .vestnik-most-read"), all = [...document.querySelectorAll("aside .vestnik-list a")];
		box || Date.now() - at > 10000 ? done(all.map(a => a.textContent + " " + a.href).join("\n")) : setTimeout(see, 50);
	}; see(); })`)
	if want := "Премьера " + open + "/5/premiere/"; box != want {
		t.Errorf("the box has %q, want %q", box, want)
	}
}

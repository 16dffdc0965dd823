package addresses

import (
	"fmt"
	"strings"
	"testing"
)

func TestAddressesThatAreOneAreOne(t *testing.T) {
	same := []string{"https://kino.example/2026/Премьера", "http://kino.example/2026/Премьера/", "https://KINO.example:443/2026/%D0%9F%D1%80%D0%B5%D0%BC%D1%8C%D0%B5%D1%80%D0%B0",
		"http://kino.example:80/2026/%d0%9f%d1%80%d0%b5%d0%bc%d1%8c%d0%b5%d1%80%d0%b0/#top", "https://kino.example./2026/Премьера"}
	for _, address := range same {
		if key, _, ok := Normal(address); !ok || key != "kino.example/2026/Премьера" {
			t.Errorf("%s is %q, %v", address, key, ok)
		}
	}
	for address, want := range map[string]string{
		"https://кино.example/a":         "xn--h1adke.example/a",
		"https://kino.example:8443/a%2f": "kino.example:8443/a%2F",
		"https://[2001:DB8::1]:443/":     "[2001:db8::1]",
	} {
		if key, _, ok := Normal(address); !ok || key != want {
			t.Errorf("%s is %q, want %q", address, key, want)
		}
	}
	for _, address := range []string{"", "/a", "ftp://kino.example/a", "https://", "mailto:ann@kino.example"} {
		if key, _, ok := Normal(address); ok {
			t.Errorf("%s is %q, want none", address, key)
		}
	}
}

func TestAQueryMattersOnlyWhereAnArticleHasIt(t *testing.T) {
	x := &Index{places: map[string]place{}, hosts: map[string]bool{}}
	x.add("https://old.example/?p=12", 12)
	x.add("https://old.example/?p=12&part=2", 122)
	x.add("https://old.example/news/?id=7", 7)
	x.add("https://old.example/news/", 1)
	x.add("https://old.example/from-feed?utm_source=rss&utm_medium=feed", 9)
	x.add("https://old.example/?utm_source=rss&p=13", 13)
	for target, want := range map[string]int64{
		"?p=12": 12, "?utm_source=x&p=12": 12, "?part=2&p=12": 122, "?p=123": 0, "": 0,
		"/from-feed": 9, "/from-feed/?utm_source=x": 9, "?p=13": 13,
		"/news": 1, "/news?utm_source=x": 1, "/news?id=7": 7, "/news?id=77": 1, "/new": 0,
	} {
		path, query, _ := strings.Cut(target, "?")
		if got := x.find(AppendPath([]byte("old.example"), []byte(path)), []byte(query)); got != want {
			t.Errorf("%s is %d, want %d", target, got, want)
		}
	}
}

func TestThousandsOfArticlesThatDifferInOneParameterAreFoundWithoutASearch(t *testing.T) {
	x := &Index{places: map[string]place{}, hosts: map[string]bool{}}
	for range 2 { // the second time nothing is added
		for id := range int64(3000) {
			x.add(fmt.Sprintf("https://old.example/?p=%d", id), id+1)
			x.add(fmt.Sprintf("https://old.example/index.php?option=com_content&view=article&id=%d&lang=ru", id), id+1)
		}
	}
	variants := 0
	for key, p := range x.places {
		for pair, all := range p.queries {
			variants += len(all)
			if len(all) > 2 {
				t.Errorf("%s: %d articles are looked through for %q", key, len(all), pair)
			}
		}
	}
	if variants != 6000 {
		t.Errorf("%d addresses are kept, want 6000", variants)
	}
	for _, address := range []string{"https://old.example/?p=2999&p=x", "https://old.example/index.php?lang=ru&id=2999&view=article&option=com_content&utm_source=x"} {
		if article, _, _ := x.FindAddress(address); article != 3000 {
			t.Errorf("%s is article %d, want 3000", address, article)
		}
	}
	if article, _, _ := x.FindAddress("https://old.example/index.php?option=com_content&view=article&id=7"); article != 0 {
		t.Errorf("without one of its parameters an article is found: %d", article)
	}
}

func TestFilesAreNoPages(t *testing.T) {
	for path, want := range map[string]bool{
		"/style.CSS": true, "/feed": true, "/section/feed": true, "/wp-json/x": true, "/robots.txt": true, "/a.b/c": false, "/2026/premiere.html": false,
		"/2026/premiere": false, "": false, "/v1.0": false, "/index.php": false, "/sitemap.xml": true, "/.well-known/x": true, "/feedback": false,
	} {
		if got := isFile([]byte(path)); got != want {
			t.Errorf("isFile(%q) = %v", path, got)
		}
	}
}

func TestWhatAnAddressCanBe(t *testing.T) {
	x := &Index{places: map[string]place{}, hosts: map[string]bool{"kino.example": true}, site: []byte("kino.example"), ours: []byte("kino.example/articles/")}
	x.add("https://old.example/a", 7)
	for address, want := range map[string]string{
		"https://old.example/a/?x=1#y": "7 old.example/a ", "https://old.example/b": "0 old.example/b ", "https://kino.example/articles/new": "0 kino.example/articles/new ",
		"https://kino.example/tags/x": "0 kino.example/tags/x page", "https://old.example": "0 old.example page", "https://old.example/a.pdf": "0 old.example/a.pdf file",
		"https://evil.example/a": "0 evil.example/a host", "a": "0  host", "": "0  host",
	} {
		article, key, reason := x.FindAddress(address)
		if got := fmt.Sprintf("%d %s %s", article, key, reason); got != want {
			t.Errorf("%s is %q, want %q", address, got, want)
		}
	}
}

func FuzzFindAddress(f *testing.F) {
	for _, seed := range []string{"https://old.example/a?utm_source=x", "http://OLD.example.:80/%D0%9f/", "https://старый.example:8443/%2f", "http://[::1%25x]:443/", "//", "https://a@b:c/"} {
		f.Add(seed)
	}
	x := &Index{places: map[string]place{}, hosts: map[string]bool{}}
	x.add("https://old.example/a", 7)
	f.Fuzz(func(t *testing.T, address string) {
		article, key, reason := x.FindAddress(address)
		if article != 0 && key != "old.example/a" || article == 0 && reason == "" && !strings.HasPrefix(key, "old.example/") {
			t.Fatalf("%q is article %d, key %q, reason %q", address, article, key, reason)
		}
		if !isKeepable([]byte(key)) || reason != "" {
			return
		}
		if again, _, ok := Normal(prefix + key); !ok || again != key { // as it is printed, so it is mapped
			t.Fatalf("%q is kept as %q, which is %q when an editor maps it", address, key, again)
		}
	})
}

package main

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/reads"
)

var bare = func(string) (string, bool) { return "", false }

// TestEveryKeyIsInTheCommentedConfiguration uncomments what init writes and loads it: no key is missing there, and none is
// shown that does not exist.
func TestEveryKeyIsInTheCommentedConfiguration(t *testing.T) {
	text, err := newConfig()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseConfig("vestnik.toml", t.TempDir(), string(text), bare); err != nil {
		t.Fatalf("as init writes it: %v", err)
	}
	whole := regexp.MustCompile(`(?m)^# (\[|[a-z_]+ = )`).ReplaceAllString(string(text), "$1")
	if _, err := parseConfig("vestnik.toml", t.TempDir(), whole, bare); err != nil {
		t.Fatalf("with everything uncommented: %v", err)
	}
	for _, key := range allKeys(reflect.TypeFor[Config](), "") {
		if !strings.Contains(whole, "\n"+key+" = ") {
			t.Errorf("vestnik.toml.tmpl does not show the key %s", key)
		}
	}
}

func allKeys(t reflect.Type, prefix string) (keys []string) {
	for f := range fieldsOf(t) {
		inner := f.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Map || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[time.Time]() {
			keys = append(keys, allKeys(inner, f.Tag.Get("toml"))...)
		} else {
			keys = append(keys, f.Tag.Get("toml"))
		}
	}
	return keys
}

const small = `
[site]
url = "https://kino.example"
secret = "01234567890123456789012345678901"
timezone = "Asia/Sakhalin"
[[mail.relay]]
url = "smtp://127.0.0.1:25"
[[digest]]
name = "daily"
schedule = "0 8 * * *"
`

func TestEnvironmentOverridesAnyValue(t *testing.T) {
	env := map[string]string{
		"VESTNIK_SITE_TITLE": `Вестник "кино"`, "VESTNIK_MAIL_RELAY_0_URL": "smtps://relay.example:465", "VESTNIK_MAIL_RELAY_0_CONNECTIONS": "3",
		"VESTNIK_DIGEST_0_WINDOW": "7d", "VESTNIK_DIGEST_0_RELATED": "0", "VESTNIK_NODE_ROLES": "web, send", "VESTNIK_READS_RESPECT_GPC": "false",
		"VESTNIK_HTTP_LISTEN": "", "VESTNIK_READS_LEAST": "0", "VESTNIK_READS_LEAST_SHARE": "0.5", "VESTNIK_DIGEST_0_REPEAT_AFTER": "0s",
		"VESTNIK_READS_SHOW": "false", "VESTNIK_READS_RANK": "trend",
	}
	c, err := parseConfig("x.toml", t.TempDir(), small, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Site.Title, c.Mail.Relays[0], time.Duration(c.Digests[0].Window), *c.Digests[0].Related, c.Node.Roles, *c.Reads.RespectGPC, c.HTTP.Listen,
		c.mostRead(), *c.Digests[0].Repeat, c.site().HideReads, c.Reads.Rank}
	want := []any{`Вестник "кино"`, RelayConfig{"smtps://relay.example:465", 3}, 7 * 24 * time.Hour, 0, []string{"web", "send"}, false, "127.0.0.1:8080",
		reads.Rules{LeastShare: 0.5}, Duration(0), true, "trend"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	env["VESTNIK_MAIL_RELAY_0_CONNECTIONS"] = "many"
	if _, err := parseConfig("x.toml", t.TempDir(), small, func(name string) (string, bool) { v, ok := env[name]; return v, ok }); err == nil ||
		!strings.Contains(err.Error(), "VESTNIK_MAIL_RELAY_0_CONNECTIONS") {
		t.Errorf("a wrong value: %v, want an error that names the variable", err)
	}
}

func TestMistakesInTheConfigurationAreOneSentence(t *testing.T) {
	for text, want := range map[string]string{
		small + "colour = 1\n":      "x.toml:11: unknown key digest.colour; known here: name, title, schedule",
		small + "[nosuch]\na = 1\n": "x.toml:11: unknown key nosuch",
		strings.Replace(small, "https://kino.example", "kino.example", 1):               "[site] url",
		strings.Replace(small, `"daily"`, `"Daily News"`, 1):                            "[[digest]] name",
		strings.Replace(small, `0 8 * * *`, `0 25 * * *`, 1):                            "daily: schedule",
		small + "[[digest]]\nname = \"daily\"\nschedule = \"0 9 * * *\"\n":              "a name of its own",
		small + "[[digest]]\nname = \"b\"\nschedule = \"0 9 * * *\"\nbest_of = \"a\"\n": "[[digest]] b: best_of \"a\"",
		small + "[mail]\nfrom = \"nobody\"\n":                                           "x.toml",
		small + "[http]\ntrusted_proxies = [\"proxy.example\"]\n":                       "[http] trusted_proxies",
		small + "[[source]]\nname = \"wire\"\nurl = \"ftp://x\"\n":                      "[[source]] wire: url",
		small + "[[banner]]\nimage = \"b.png\"\nlink = \"https://x.example\"\n":         "[[banner]] number 1",
		small + "[feeds]\ntext = \"half\"\n":                                            "[feeds] text",
		small + "[feeds]\nitems = 5000\n":                                               "[feeds] items 5000: write a number from 1 to 1000",
		small + "[feeds]\nimage = \"logo.png\"\n":                                       "[feeds] image",
		small + "[feeds]\nold = { \"rss\" = \"/feed.xml\" }\n":                          "[feeds] old",
		small + "[[feed]]\nname = \"kino\"\n":                                           "[[feed]] name",
		small + "[[feed]]\nname = \"tags/a\"\n[[feed]]\nname = \"tags/a\"\n":            "its own name",
		small + "[[feed]]\nname = \"tags/a\"\nmoved = \"b\"\n":                          "[[feed]] tags/a: moved",
		small + "[[feed]]\nname = \"tags/a\"\nmoved = \"tags/b\"\nended = 2026-01-01\n": "not both",
		small + "[reads]\nmode = \"magic\"\n":                                           "[reads] mode",
		small + "[reads]\nsample = 5000\n":                                              "[reads] sample 5000",
		small + "[reads]\nleast = -1\n":                                                 "[reads] least and per_section",
		small + "[reads]\nrank = \"adjusted\"\n":                                        "[reads] rank \"adjusted\" is for digests",
		small + "[reads]\nrank = \"luck\"\n":                                            "[reads] rank \"luck\": write",
		small + "[reads]\nleast_share = 2.0\n":                                          "[reads] least_share 2",
		strings.Replace(small, "[site]", "[site]\nadmin = \"nobody\"", 1):               "[site] admin",
		small + "[retention]\npending = \"1h\"\n":                                       "[retention] pending 1h",
		small + "[retention]\nletters = \"2d\"\n":                                       "[retention] letters 48h",
		small + "[node]\nroles = [\"cook\"]\n":                                          "[node] roles",
		strings.Replace(small, "Asia/Sakhalin", "Asia/Atlantis", 1):                     "[site] timezone",
		small + "window = \"-1h\"\n":                                                    "is not a length of time",
	} {
		_, err := parseConfig("x.toml", t.TempDir(), text, bare)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q; the text ends\n%s", err, want, text[len(text)-60:])
		}
	}
}

func TestABannersTimeIsTheSitesAndHasADay(t *testing.T) {
	text := small + "[[banner]]\nimage = \"https://x.example/a.png\"\nlink = \"https://x.example\"\n"
	c, err := parseConfig("x.toml", t.TempDir(), text+"from = 2026-11-01\nuntil = 2026-11-02T12:00:00\n", bare)
	if err != nil {
		t.Fatal(err)
	}
	from, until := time.Date(2026, 11, 1, 0, 0, 0, 0, c.Site.location), time.Date(2026, 11, 2, 12, 0, 0, 0, c.Site.location)
	for at, want := range map[time.Time]bool{from.Add(-time.Second): false, from: true, until.Add(-time.Second): true, until: false} {
		for _, place := range []string{"page", "letter"} { // no place is both
			if got := c.banner(place, "", at) != nil; got != want {
				t.Errorf("%s at %s: %v, want %v", place, at, got, want)
			}
		}
	}
	if _, err := parseConfig("x.toml", t.TempDir(), text+"until = 10:00:00\n", bare); err == nil || !strings.Contains(err.Error(), "from and until are days") {
		t.Errorf("a time of day alone: %v", err)
	}
}

func TestBannersAreShownInTheirTimeAndPlace(t *testing.T) {
	c, err := parseConfig("x.toml", t.TempDir(), small+`
[[banner]]
image = "https://x.example/a.png"
link = "https://x.example"
place = ["page"]
from = 2026-11-01
until = 2026-12-01
`, bare)
	if err != nil {
		t.Fatal(err)
	}
	sakhalin := c.Site.location
	for _, x := range []struct {
		place string
		at    time.Time
		want  bool
	}{
		{"page", time.Date(2026, 10, 31, 23, 59, 0, 0, sakhalin), false},
		{"page", time.Date(2026, 11, 1, 0, 0, 0, 0, sakhalin), true},
		{"letter", time.Date(2026, 11, 1, 0, 0, 0, 0, sakhalin), false},
		{"page", time.Date(2026, 12, 1, 0, 0, 0, 0, sakhalin), false},
	} {
		if got := c.banner(x.place, "", x.at) != nil; got != x.want {
			t.Errorf("banner(%s, %s) = %v, want %v", x.place, x.at, got, x.want)
		}
	}
}

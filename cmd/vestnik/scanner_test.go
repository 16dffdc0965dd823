package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"vestnik/db"
)

// scanners are the ways in which programs between us and a reader open what a letter holds.
var scanners = []struct {
	name, method string
	header       http.Header
}{
	{"a filter that looks first", "HEAD", nil},
	{"a filter that reads", "GET", http.Header{"User-Agent": {"Mozilla/5.0 (compatible; link scanner)"}}},
	{"a browser that is ahead of its reader", "GET", http.Header{"Sec-Purpose": {"prefetch;prerender"}, "Purpose": {"prefetch"}}},
	{"an older one", "GET", http.Header{"X-Moz": {"prefetch"}, "X-Purpose": {"preview"}}},
	{"a proxy of the mail provider", "GET", http.Header{"Via": {"1.1 proxy"}, "Referer": {"https://mail.example/"}, "Cookie": {"a=b"}}},
}

func TestWhatOpensEveryLinkOfALetterChangesNothing(t *testing.T) {
	t.Parallel()
	j := newJourney(t)
	links := j.everyLetter(t)
	v := newGuest(t, true, false)
	before := j.contents(t)
	for _, link := range links {
		for _, s := range scanners {
			if status, body := knock(t, s.method, link, s.header, ""); status != http.StatusOK {
				t.Errorf("%s: %s %s = %d: %.200s", s.name, s.method, link, status, body)
			}
		}
		v.open(link)
		v.do(chromedp.Sleep(200 * time.Millisecond)) // of its scripts
		if words := v.words(); words == "" {
			t.Errorf("a browser is shown nothing at %s", link)
		}
	}
	if after := j.contents(t); after != before {
		t.Errorf("it has changed something: %s", firstDifference(before, after))
	}
}

// everyLetter has one reader asked to confirm, one confirmed with an edition and a change of address under way, and returns every
// link of ours in all letters and their headers.
func (j *journey) everyLetter(t *testing.T) (links []string) {
	t.Helper()
	j.run("subscribers", "add", "asked@example.org", "--digest", "daily")
	j.run("subscribers", "add", "reader@example.org", "--digest", "daily", "--confirmed", "--basis", "paper form")
	j.run("digest", "send", "daily")
	preferences := j.letter(t, "reader@example.org", `/preferences/[a-z2-7]{40}`)
	if status, body := knock(t, "POST", preferences, nil, "do=move&email=another@example.org"); status != http.StatusOK {
		t.Fatalf("ask for another address = %d: %s", status, body)
	}
	j.letter(t, "another@example.org", `/move/[a-z2-7]{40}`)
	j.letter(t, "reader@example.org", `/move/stop/[a-z2-7]{40}`)
	j.letter(t, "asked@example.org", `/confirm/[a-z2-7]{40}`)
	address := regexp.MustCompile(regexp.QuoteMeta(j.site) + `[^\s"'<>]*`)
	kinds := map[string]bool{}
	for _, m := range j.relay.Messages() {
		p, err := m.Parse()
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range address.FindAllString(p.HTML+" "+p.Text+" "+p.Header.Get("List-Unsubscribe"), -1) {
			link = strings.ReplaceAll(link, "&amp;", "&")
			if !slices.Contains(links, link) {
				links = append(links, link)
				kinds[strings.SplitN(strings.TrimPrefix(link, j.site), "/", 3)[min(1, strings.Count(link, "/")-2)]] = true
			}
		}
	}
	for _, kind := range []string{"confirm", "not-me", "preferences", "unsubscribe", "move", "articles"} {
		if !kinds[kind] {
			t.Fatalf("no letter has a link to /%s/: %v", kind, links)
		}
	}
	return links
}

// knock asks for an address as a program does, which keeps no cookies and follows no redirect.
func knock(t *testing.T, method, address string, header http.Header, form string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if r.Header = header.Clone(); r.Header == nil {
		r.Header = http.Header{}
	}
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// contents is all that the database holds, once the daemon has nothing to do: letters sent, lines of consent sealed.
func (j *journey) contents(t *testing.T) (all string) {
	t.Helper()
	d, err := db.Open(t.Context(), j.database())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	last := ""
	until(t, 30*time.Second, "the daemon comes to rest", func() bool {
		last, all = all, everything(t, d)
		<-time.After(1500 * time.Millisecond)                     // more than a second, which is what the sealer of the log takes
		return all == last && !strings.Contains(all, " sending ") // which an edition is a little longer than its letters
	})
	return all
}

func (j *journey) database() string {
	for _, e := range j.env {
		if address, ok := strings.CutPrefix(e, "VESTNIK_DATABASE_URL="); ok {
			return address
		}
	}
	j.t.Fatal("the newsroom has no database")
	return ""
}

// everything writes down every table but that of the nodes, whose beat goes on.
func everything(t *testing.T, d *db.DB) string {
	t.Helper()
	list := `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`
	if os.Getenv("VESTNIK_TEST_POSTGRES") != "" {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY table_name`
	}
	var all strings.Builder
	for _, table := range rowsOf(t, d, list) {
		if table != "nodes" && !strings.HasPrefix(table, "sqlite_") {
			lines := rowsOf(t, d, `SELECT * FROM `+table)
			slices.Sort(lines)
			fmt.Fprintf(&all, "%s:\n%s\n", table, strings.Join(lines, "\n"))
		}
	}
	return all.String()
}

// rowsOf is each row as a line.
func rowsOf(t *testing.T, d *db.DB, query string) (lines []string) {
	t.Helper()
	rows, err := d.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprintln(row...)))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func firstDifference(before, after string) string {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%.300s, then %.300s", a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, then %d", len(a), len(b))
}

// TestAMailProvidersOneClickUnsubscribes does what Gmail does with the header of a letter, and what RFC 8058 lets others do.
func TestAMailProvidersOneClickUnsubscribes(t *testing.T) {
	t.Parallel()
	j := newJourney(t)
	j.write("list.csv", "email,digests,status\none@example.org,daily,active\ntwo@example.org,daily,active\nthree@example.org,daily,active\n")
	j.run("subscribers", "import", "list.csv", "--basis", "test")
	j.run("digest", "send", "daily")
	for _, c := range []struct{ address, kind, body string }{
		{"one@example.org", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"},
		{"two@example.org", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"},
		{"three@example.org", "", ""},
	} {
		j.letter(t, c.address, `/unsubscribe/[a-z2-7]{40}`)
		link, post := j.oneClick(t, c.address)
		if post != "List-Unsubscribe=One-Click" {
			t.Errorf("List-Unsubscribe-Post: %s", post)
		}
		r, err := http.NewRequest("POST", link, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Content-Type": {c.kind}, "User-Agent": nil}
		if c.kind == "" {
			r.Header.Del("Content-Type")
		}
		res, err := http.DefaultTransport.RoundTrip(r) // which follows no redirect
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK || len(res.Cookies()) > 0 {
			t.Errorf("%s: one POST = %d with the cookies %v", c.address, res.StatusCode, res.Cookies())
		}
		if got := j.shown(c.address).Subscriptions[0]; got.State != "left" {
			t.Errorf("%s is %s after one POST", c.address, got.State)
		}
	}
}

// oneClick reads the two fields of the header of a reader's letter as they went over the wire.
func (j *journey) oneClick(t *testing.T, to string) (link, post string) {
	t.Helper()
	for _, m := range j.relay.Messages() {
		if m.To[0] != to {
			continue
		}
		letter, err := mail.ReadMessage(strings.NewReader(string(m.Data)))
		if err != nil {
			t.Fatal(err)
		}
		if link := regexp.MustCompile(`<(https?://[^>]+)>`).FindStringSubmatch(letter.Header.Get("List-Unsubscribe")); link != nil {
			return link[1], letter.Header.Get("List-Unsubscribe-Post")
		}
	}
	t.Fatalf("no letter to %s has the header", to)
	return "", ""
}

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestKillInTheMiddleOfAnImportNeitherLosesNorDoubles kills an import with SIGKILL after it has written something and before it has seen
// the whole log, and imports the log again: all is counted as if nothing had happened, though the visitors of those days are stored nowhere.
func TestKillInTheMiddleOfAnImportNeitherLosesNorDoubles(t *testing.T) {
	whole, killed := newNewsroom(t, "smtp://127.0.0.1:1"), newNewsroom(t, "smtp://127.0.0.1:1")
	log := visitsLog(whole.slugs(), 90_000)
	whole.write("access.log", log)
	killed.write("access.log", log)
	whole.run("reads", "import", "access.log")

	victim := killed.command("reads", "import", "-")
	in, err := victim.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	go in.Write([]byte(log[:len(log)*4/5])) // and no end: it waits for more
	until(t, 30*time.Second, "a part of the log is counted", func() bool { return len(killed.readsBySource()) > 0 })
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	victim.Wait()
	want, half := whole.readsBySource(), killed.readsBySource()
	if len(half) == 0 || maps.Equal(half, want) {
		t.Fatalf("at the kill %v were counted of %v", half, want)
	}
	killed.run("reads", "import", "access.log")
	if got := killed.readsBySource(); !maps.Equal(got, want) {
		t.Errorf("after the kill %v are counted, want %v", got, want)
	}
}

// visitsLog is a log of visitors of two days of the week before last, most of whom come several times.
func visitsLog(slugs []string, lines int) string {
	r := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	from := time.Now().AddDate(0, 0, -10)
	for i := range lines {
		v := r.IntN(8000)
		fmt.Fprintf(&b, "198.%d.%d.9 - - [%s] \"GET /articles/%s%s HTTP/1.1\" 200 5 \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\"\n", v/200, v%200,
			from.Add(time.Duration(i)*time.Second).Format("02/Jan/2006:15:04:05 -0700"), slugs[r.IntN(len(slugs))], []string{"", "?utm_medium=email"}[r.IntN(2)])
	}
	return b.String()
}

func (n *newsroom) slugs() (all []string) {
	n.t.Helper()
	for line := range strings.Lines(n.run("articles", "list", "--json")) {
		var a struct{ Slug string }
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			n.t.Fatal(err)
		}
		all = append(all, a.Slug)
	}
	return all
}

// readsBySource are all reads of all articles, by article, hour and source.
func (n *newsroom) readsBySource() map[string]int64 {
	n.t.Helper()
	all := map[string]int64{}
	for _, slug := range n.slugs() {
		var why whyJSON
		if err := json.Unmarshal([]byte(n.run("reads", "why", slug, "--json")), &why); err != nil {
			n.t.Fatal(err)
		}
		for _, h := range why.Hours {
			all[slug+" "+h.Start+" "+h.Source] += h.Reads
		}
	}
	return all
}

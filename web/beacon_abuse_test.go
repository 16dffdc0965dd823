package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vestnik/reads"
)

// filtered are the counts of what was not counted today, by reason.
func (h *house) filtered() map[string]int64 {
	h.t.Helper()
	h.flush()
	drops, err := reads.Filtered(h.t.Context(), h.DB, h.clock(), h.clock())
	if err != nil {
		h.t.Fatal(err)
	}
	all := map[string]int64{}
	for _, d := range drops {
		all[d.Reason] += d.N
	}
	return all
}

// TestEachBadBeaconOverHTTPHasItsReason sends what attackers send. All get the answer that a good one gets; the newsroom sees why none counted.
func TestEachBadBeaconOverHTTPHasItsReason(t *testing.T) {
	h := openFurnished(t)
	path, token := h.beaconOf("festival")
	other, _ := h.beaconOf("premiere")
	visitors := 0
	send := func(path, body string, header ...string) {
		t.Helper()
		visitors++
		sent := map[string]string{"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": fmt.Sprintf("198.51.%d.7", visitors),
			"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}
		for i := 0; i < len(header); i += 2 {
			sent[header[i]] = header[i+1]
		}
		var all []string
		for name, value := range sent {
			all = append(all, name, value)
		}
		if res := h.do("POST", path, body, all...); res.StatusCode != 204 || res.body != "" {
			t.Errorf("%.40q %v: %d %q, want 204", body, header, res.StatusCode, res.body)
		}
	}
	good := token + "|web"
	want := map[string]int64{}
	for _, test := range []struct {
		reason, path, body string
		header             []string
	}{
		{reads.ReasonSize, path, good + strings.Repeat("x", 600), nil},
		{reads.ReasonSize, path, good + strings.Repeat("x", 100_000), nil},
		{reads.ReasonSize, path, strings.Repeat("\x00", 1<<20), nil},
		{reads.ReasonToken, path, "", nil},
		{reads.ReasonToken, path, "forged12345|web", nil},
		{reads.ReasonToken, path, token, nil},
		{reads.ReasonToken, other, good, nil},
		{reads.ReasonToken, "/a/-5", good, nil},
		{reads.ReasonSite, path, good, []string{"Sec-Fetch-Site", "cross-site"}},
		{reads.ReasonPrefetch, path, good, []string{"Sec-Purpose", "prefetch"}},
		{reads.ReasonRobot, path, good, []string{"User-Agent", "curl/8"}},
	} {
		send(test.path, test.body, test.header...)
		want[test.reason]++
	}
	h.wait(4 * 24 * time.Hour)
	send(path, good)
	if got := h.filtered(); len(got) != 1 || got[reads.ReasonToken] != 1 {
		t.Errorf("a token of four days ago: %v, want one for its token", got)
	}
	h.wait(-4 * 24 * time.Hour)
	if got := h.filtered(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("filtered %v, want %v", got, want)
	}
	send(path, good)
	if n := h.flush(); n != 1 {
		t.Errorf("%d reads of the good one, want 1", n)
	}
}

func TestALongBeaconFromElsewhereIsFilteredForItsSize(t *testing.T) {
	h := openElsewhere(t)
	for i, size := range []int{3000, 100_000, 1 << 20} {
		if res := h.readElsewhere("https://wire.example/"+strings.Repeat("x", size), "https://wire.example", i); res.StatusCode != 204 || res.body != "" {
			t.Errorf("%d bytes: %d %q, want 204", size, res.StatusCode, res.body)
		}
	}
	if got := h.filtered(); len(got) != 1 || got[reads.ReasonSize] != 3 {
		t.Errorf("filtered %v, want three for their size", got)
	}
}

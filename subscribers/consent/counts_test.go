package consent_test

import (
	"cmp"
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/db/dbtest"
	"vestnik/subscribers/consent"
)

func TestTalliesCountLinesByQuartersOfAnHour(t *testing.T) {
	d := dbtest.Open(t)
	quarter := now.Truncate(15 * time.Minute)
	inTx(t, d, func(tx *sql.Tx) error {
		var lines []consent.Line
		for _, l := range []struct {
			at   time.Time
			verb string
		}{{quarter, "join"}, {quarter.Add(14 * time.Minute), "join"}, {quarter.Add(time.Minute), "leave"}, {quarter.Add(15 * time.Minute), "join"}, {quarter.Add(-48 * time.Hour), "join"}} {
			lines = append(lines, consent.Line{At: l.at, Subscriber: 1, Digest: "daily", Verb: l.verb})
		}
		return consent.Append(ctx, tx, lines...)
	})
	got, err := consent.Tallies(ctx, d, quarter.Add(-time.Hour), quarter.Add(time.Hour))
	slices.SortFunc(got, func(a, b consent.Tally) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Verb, b.Verb)) })
	want := []consent.Tally{{At: quarter, Verb: "join", N: 2}, {At: quarter, Verb: "leave", N: 1}, {At: quarter.Add(15 * time.Minute), Verb: "join", N: 1}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Tallies = %v, %v; want %v", got, err, want)
	}
	if got, err := consent.Tallies(ctx, d, quarter.Add(-72*time.Hour), quarter); err != nil || len(got) != 4 {
		t.Errorf("Tallies of three days = %v, %v; want four", got, err)
	}
}

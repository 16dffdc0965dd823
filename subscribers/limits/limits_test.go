package limits

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

var (
	ctx = context.Background()
	now = time.Date(2026, 11, 24, 8, 20, 0, 0, time.UTC)
)

// ask looks and, where nothing forbids it, counts, as package subscribers does.
func (l Limits) ask(t *testing.T, d *db.DB, r Request, at time.Time) (reason string) {
	t.Helper()
	err := d.Tx(ctx, func(tx *sql.Tx) (err error) {
		if reason, err = l.Look(ctx, tx, r, at); err != nil || reason != "" {
			return err
		}
		return l.Count(ctx, tx, r, at)
	})
	if err != nil {
		t.Fatal(err)
	}
	return reason
}

func rows(t *testing.T, d *db.DB) (n int64) {
	t.Helper()
	if err := d.QueryRowContext(ctx, `SELECT COUNT(*) FROM join_counts`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnAddressIsAskedForOnceADayForADigestAndThreeTimesInAllAndTenTimesAMonth(t *testing.T) {
	d, l := dbtest.Open(t), Defaults
	const hour = time.Hour
	for _, c := range []struct {
		after  time.Duration
		digest string
		want   string
	}{
		{0, "daily", ""}, {hour, "daily", Address}, {24*hour - time.Second, "daily", Address}, {24 * hour, "daily", ""},
		{25 * hour, "weekly", ""}, {26 * hour, "monthly", ""}, {27 * hour, "extra", Address}, {48 * hour, "extra", ""},
		{72 * hour, "daily", ""}, {73 * hour, "weekly", ""}, {74 * hour, "monthly", ""}, {96 * hour, "daily", ""}, {97 * hour, "weekly", ""},
		{120 * hour, "extra", Address}, {30*24*hour - time.Second, "extra", Address}, {30 * 24 * hour, "extra", ""},
	} {
		if got := l.ask(t, d, Request{Domain: "x.org", Address: "a", Digest: c.digest}, now.Add(c.after)); got != c.want {
			t.Errorf("%s after %v: %q, want %q", c.digest, c.after, got, c.want)
		}
	}
}

func TestASprayFromOneNetworkIsStopped(t *testing.T) {
	d := dbtest.Open(t)
	granted := 0
	for i := range 200 {
		if Defaults.ask(t, d, Request{Network: "203.0.113.0/24", Domain: fmt.Sprintf("d%d.org", i), Address: fmt.Sprint(i), Digest: "daily"}, now) == "" {
			granted++
		}
	}
	if granted != Defaults.Network {
		t.Errorf("%d requests were granted, want %d", granted, Defaults.Network)
	}
	for network, want := range map[string]string{"203.0.113.0/24": Network, "203.0.114.0/24": "", "2001:db8::/48": "", "": ""} {
		if got := Defaults.ask(t, d, Request{Network: network, Domain: "x.org", Address: network, Digest: "daily"}, now); got != want {
			t.Errorf("from %q: %q, want %q", network, got, want)
		}
	}
	if got := Defaults.ask(t, d, Request{Network: "203.0.113.0/24", Domain: "x.org", Address: "z", Digest: "daily"}, now.Add(time.Hour)); got != "" {
		t.Errorf("an hour later: %q", got)
	}
}

func TestASprayFromManyNetworksAtOneDomainIsSlowed(t *testing.T) {
	d, l := dbtest.Open(t), Defaults
	l.Domain, l.All = 20, 50
	got := map[string]int{}
	for i := range 100 {
		got[l.ask(t, d, Request{Network: fmt.Sprintf("10.%d.0.0/24", i), Domain: "victim.example", Address: fmt.Sprint(i), Digest: "daily"}, now)]++
	}
	if want := map[string]int{"": 20, Domain: 80}; !maps.Equal(got, want) {
		t.Errorf("one domain: %v, want %v", got, want)
	}
	clear(got)
	for i := range 100 {
		got[l.ask(t, d, Request{Network: fmt.Sprintf("10.%d.0.0/24", i), Domain: fmt.Sprintf("d%d.org", i), Address: fmt.Sprint("n", i), Digest: "daily"}, now)]++
	}
	if want := map[string]int{"": 30, All: 70}; !maps.Equal(got, want) {
		t.Errorf("all together: %v, want %v", got, want)
	}
}

// What a flood asks for again and again must not use up what others are granted.
func TestRequestsForOneAddressDoNotUseUpItsDomain(t *testing.T) {
	d, l := dbtest.Open(t), Defaults
	l.Domain = 5
	for i := range 50 {
		l.ask(t, d, Request{Network: fmt.Sprintf("10.%d.0.0/24", i), Domain: "big.example", Address: "victim", Digest: "daily"}, now)
	}
	if got := l.ask(t, d, Request{Network: "192.0.2.0/24", Domain: "big.example", Address: "reader", Digest: "daily"}, now); got != "" {
		t.Errorf("another reader of the domain: %q", got)
	}
}

func TestAFloodOfKeysGrowsTheTableNoFurtherThanTheLimitAndHousekeepingEmptiesIt(t *testing.T) {
	d, l := dbtest.Open(t), Defaults
	l.All = 100
	for i := range 2000 {
		l.ask(t, d, Request{Network: fmt.Sprintf("2001:db8:%x::/48", i), Domain: fmt.Sprintf("d%d.org", i), Address: fmt.Sprint(i), Digest: "daily"}, now)
	}
	full := rows(t, d)
	if most := int64(3*l.All + 2); full > most {
		t.Errorf("%d rows after 2000 requests, want at most %d", full, most)
	}
	for _, c := range []struct {
		after time.Duration
		want  int64
	}{{time.Hour, full}, {3 * time.Hour, int64(l.All) + 1}, {31 * 24 * time.Hour, 1}} {
		if err := Housekeep(ctx, d, now.Add(c.after)); err != nil {
			t.Fatal(err)
		}
		if got := rows(t, d); got != c.want {
			t.Errorf("%d rows after %v, want %d", got, c.after, c.want)
		}
	}
}

func TestRequestsAtOnceTakeTurns(t *testing.T) {
	d, l := dbtest.Open(t), Defaults
	l.All = 5
	var granted sync.Map
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if l.ask(t, d, Request{Domain: "x.org", Address: fmt.Sprint(i), Digest: "daily"}, now) == "" {
				granted.Store(i, true)
			}
		})
	}
	group.Wait()
	n := 0
	for range granted.Range {
		n++
	}
	if n != l.All {
		t.Errorf("%d granted, want %d", n, l.All)
	}
}

func TestTheTallyAddsUpOverNodesAndDaysAndKeepsWhatCannotBeWritten(t *testing.T) {
	d := dbtest.Open(t)
	var a, b Tally
	var none *Tally
	none.Add(Network)
	if err := none.Flush(ctx, d, now); err != nil {
		t.Error(err)
	}
	for range 3 {
		a.Add(Network)
	}
	b.Add(Network)
	b.Add(Domain)
	stopped, stop := context.WithCancel(ctx)
	stop()
	if err := a.Flush(stopped, d, now); err == nil {
		t.Error("a flush that was stopped is no error")
	}
	a.Add(Network)
	for _, f := range []*Tally{&a, &b, &a} {
		if err := f.Flush(ctx, d, now); err != nil {
			t.Fatal(err)
		}
	}
	a.Add(Network)
	if err := a.Flush(ctx, d, now.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for since, want := range map[time.Time]map[string]int64{now: {Network: 6, Domain: 1}, now.Add(24 * time.Hour): {Network: 1}} {
		if got, err := Refused(ctx, d, since); err != nil || !maps.Equal(got, want) {
			t.Errorf("since %v: %v (%v), want %v", since, got, err, want)
		}
	}
	if err := Housekeep(ctx, d, now.Add(KeepRefused+24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, _ := Refused(ctx, d, now); !maps.Equal(got, map[string]int64{Network: 1}) {
		t.Errorf("after 401 days: %v, want the second day alone", got)
	}
}

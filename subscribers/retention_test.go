package subscribers

import (
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
	"vestnik/subscribers/consent"
)

func retain(t *testing.T, d *db.DB, v Verbs, r Retention, at time.Time) {
	t.Helper()
	if err := v.Retain(ctx, d, r, at); err != nil {
		t.Fatal(err)
	}
}

func TestWhoNeverConfirmsIsForgottenAndMayComeBack(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	r := Retention{Pending: 30 * 24 * time.Hour}
	mustJoin(t, d, v, "ann@x.org", "daily", now)
	inTx(t, d, func(tx *sql.Tx) error {
		_, err := v.Add(ctx, tx, Adding{Email: "bob@x.org", Digests: []string{"daily"}, Confirmed: true, Basis: "paper"}, now)
		return err
	})
	mustJoin(t, d, v, "bob@x.org", "weekly", now)
	retain(t, d, v, r, now.Add(30*24*time.Hour))
	if _, err := Find(ctx, d, "ann@x.org"); err != nil {
		t.Errorf("forgotten before its time: %v", err)
	}
	late := now.Add(31 * 24 * time.Hour)
	if clocks, err := r.Clocks(ctx, d, late); err != nil || clocks[0].Due != 2 || !clocks[0].Oldest.Equal(now) {
		t.Errorf("clocks %+v, %v", clocks, err)
	}
	retain(t, d, v, r, late)
	if found := linesWith(dump(t, d), "ann@x.org"); len(found) > 0 {
		t.Errorf("still there: %q", found)
	}
	bob, err := Find(ctx, d, "bob@x.org")
	if err != nil || len(bob.Subscriptions) != 1 || bob.Subscription("daily").State != Active {
		t.Errorf("bob is %+v, %v", bob, err)
	}
	if log := consentOf(t, d, "bob@x.org"); !strings.Contains(log, "lapse") {
		t.Errorf("the log says %q", log)
	}
	if verdict, err := consent.Verify(ctx, d, consent.Head{}); err != nil || !verdict.Whole() {
		t.Errorf("the chain: %+v, %v", verdict, err)
	}
	inTx(t, d, func(tx *sql.Tx) error { // a stranger may have typed the address: its owner's paper counts
		_, err := v.Add(ctx, tx, Adding{Email: "ann@x.org", Digests: []string{"daily"}, Confirmed: true, Basis: "paper"}, late)
		return err
	})
}

func TestAnImportOfOldReadersIsNotOverAtOnce(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	file := "email,digests,status,since\nann@x.org,daily,pending,2019-05-03\n"
	if _, err := Import(ctx, d, strings.NewReader(file), "old.csv", ImportOptions{Verbs: v}, now); err != nil {
		t.Fatal(err)
	}
	r := Retention{Pending: 30 * 24 * time.Hour}
	retain(t, d, v, r, now.Add(time.Hour))
	if _, err := Find(ctx, d, "ann@x.org"); err != nil {
		t.Errorf("a reader who was imported an hour ago: %v", err)
	}
	retain(t, d, v, r, now.Add(31*24*time.Hour))
	if _, err := Find(ctx, d, "ann@x.org"); !errors.Is(err, ErrNotFound) {
		t.Errorf("after a month: %v", err)
	}
}

func TestWhoHasLeftEverythingIsErasedWhenTheClockSaysSo(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	for _, email := range []string{"ann@x.org", "bob@x.org"} {
		inTx(t, d, func(tx *sql.Tx) error {
			s, err := v.Add(ctx, tx, Adding{Email: email, Digests: []string{"daily", "weekly"}, Confirmed: true, Basis: "paper"}, now)
			if err != nil {
				return err
			}
			return Leave(ctx, tx, s.ID, map[string]string{"ann@x.org": "", "bob@x.org": "daily"}[email], Origin{}, now)
		})
	}
	late := now.Add(2 * 365 * 24 * time.Hour)
	retain(t, d, v, Retention{}, late)
	if _, err := Find(ctx, d, "ann@x.org"); err != nil {
		t.Errorf("without a clock: %v", err)
	}
	retain(t, d, v, Retention{Left: 365 * 24 * time.Hour}, late)
	if _, err := Find(ctx, d, "ann@x.org"); !errors.Is(err, ErrNotFound) {
		t.Errorf("ann: %v", err)
	}
	if _, err := Find(ctx, d, "bob@x.org"); err != nil {
		t.Errorf("bob, who has not left everything: %v", err)
	}
	report, err := Import(ctx, d, strings.NewReader("email,digests,status\nann@x.org,daily,active\n"), "old.csv", ImportOptions{Verbs: v, Basis: "old"}, late)
	if err != nil || report.Skipped != 1 {
		t.Errorf("revived by an import: %+v, %v", report, err)
	}
}

func TestTheHeadIsMailedOnceAWeekFromAllNodesTogether(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	v.Site.Location = time.FixedZone("Asia/Sakhalin", 11*3600)
	monday := time.Date(2026, 11, 30, 8, 0, 0, 0, v.Site.Location)
	if sent, err := v.MailHead(ctx, d, "editor@kino.example", monday); err != nil || sent {
		t.Errorf("of an empty log: %v, %v", sent, err)
	}
	mustJoin(t, d, v, "ann@x.org", "daily", now)
	for _, c := range []struct {
		at   time.Time
		want int
	}{
		{monday, 1}, {monday.Add(time.Hour), 0}, {monday.Add(7*24*time.Hour - time.Minute), 0}, {monday.Add(7 * 24 * time.Hour), 1},
	} {
		var sent int
		var mu sync.Mutex
		var nodes sync.WaitGroup
		for range 4 {
			nodes.Go(func() {
				fresh, err := v.MailHead(ctx, d, "Editor@kino.example", c.at)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if fresh {
					sent++
				}
			})
		}
		nodes.Wait()
		if sent != c.want {
			t.Errorf("%v: %d letters, want %d", c.at, sent, c.want)
		}
	}
	all, err := mail.List(ctx, d, mail.ListFilter{Kind: mail.KindNotice})
	if err != nil || len(all) != 2 || all[0].Address != "Editor@kino.example" {
		t.Fatalf("%+v, %v", all, err)
	}
	head, err := consent.CurrentHead(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	master, err := mail.GetMaster(ctx, d, all[0].Ref, all[0].Revision, all[0].Variant)
	if err != nil || !strings.Contains(strings.ReplaceAll(string(master.Bytes), "=\r\n", ""), head.String()) {
		t.Errorf("the head %s is not in the letter, %v", head, err)
	}
}

package subscribers

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/db/schema"
	"vestnik/mail"
)

// TestASubscriptionKnowsWhenAndWhereItWasAgreedTo is what letters tell their readers.
func TestASubscriptionKnowsWhenAndWhereItWasAgreedTo(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	later, last := now.Add(time.Hour), now.Add(48*time.Hour)
	mustJoin(t, d, v, "page@x.org", "daily", now)
	if s := find(t, d, "page@x.org").Subscriptions[0]; !s.Agreed.IsZero() || s.Place != "" {
		t.Errorf("nobody has confirmed yet: %v, %q", s.Agreed, s.Place)
	}
	if _, _, err := confirm(t, d, letters(t, d, "page@x.org")[0].Private, later); err != nil {
		t.Fatal(err)
	}
	addActive(t, d, v, "daily", "hand@x.org")
	mustJoin(t, d, v, "asked@x.org", "daily", now)
	file := "email,status,since,digests\nold@x.org,active,2019-03-03,daily\nnew@x.org,active,,daily\nask@x.org,pending,,daily\nhand@x.org,active,2018-01-01,daily\n"
	if _, err := Import(ctx, d, strings.NewReader(file), "r.csv", ImportOptions{Verbs: v, Basis: "forms"}, now); err != nil {
		t.Fatal(err)
	}
	inTx(t, d, func(tx *sql.Tx) error {
		_, err := v.ConfirmByAdmin(ctx, tx, "asked@x.org", "daily", "by phone", later)
		if err == nil {
			err = Choose(ctx, tx, find(t, d, "hand@x.org").ID, Choices{Hour: -1, Digests: []Choice{{Digest: "daily", Wanted: true}, {Digest: "weekly", Wanted: true}}}, Origin{}, later)
		}
		return err
	})
	check := func() {
		t.Helper()
		for email, want := range map[string]struct {
			at    time.Time
			place string
		}{
			"page@x.org": {later, mail.PlacePage}, "hand@x.org": {now, mail.PlaceHand}, "asked@x.org": {later, mail.PlaceHand},
			"old@x.org": {time.Date(2019, 3, 3, 0, 0, 0, 0, time.UTC), mail.PlaceImport}, "new@x.org": {now, mail.PlaceImport}, "ask@x.org": {time.Time{}, ""},
		} {
			if s := find(t, d, email).Subscription("daily"); !s.Agreed.Equal(want.at) || s.Place != want.place {
				t.Errorf("%s: %v, %q; want %+v", email, s.Agreed, s.Place, want)
			}
		}
		if s := find(t, d, "hand@x.org").Subscription("weekly"); !s.Agreed.Equal(later) || s.Place != mail.PlacePage {
			t.Errorf("chosen on the preferences page: %v, %q", s.Agreed, s.Place)
		}
	}
	check()
	inTx(t, d, func(tx *sql.Tx) error { // none of this is a new agreement
		id := find(t, d, "page@x.org").ID
		for _, f := range []func() error{
			func() error { return Pause(ctx, tx, id, "daily", last, Origin{}, later) },
			func() error { return Resume(ctx, tx, id, "daily", Origin{}, last) },
			func() error { return Leave(ctx, tx, id, "daily", Origin{}, last) },
			func() error { _, err := Return(ctx, tx, id, "daily", Origin{}, last); return err },
			func() error {
				return Choose(ctx, tx, id, Choices{Hour: 7, Digests: []Choice{{Digest: "daily", Wanted: true}}}, Origin{}, last)
			},
		} {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	})
	check()
	carryOver(t, d)
	check()
}

// carryOver forgets what subscriptions know, and runs the statements with which an upgrade finds it out from the log of consent.
func carryOver(t *testing.T, d *db.DB) {
	t.Helper()
	if _, err := d.ExecContext(ctx, `UPDATE subscriptions SET agreed = 0, place = ''`); err != nil {
		t.Fatal(err)
	}
	steps, err := schema.Steps()
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, step := range steps {
		for statement := range strings.SplitSeq(step.SQL, ";\n") {
			if at := strings.Index(statement, "UPDATE subscriptions SET agreed"); at >= 0 {
				ran++
				if _, err := d.ExecContext(ctx, statement[at:]); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if ran != 2 {
		t.Fatalf("%d statements, want 2", ran)
	}
}

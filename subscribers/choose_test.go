package subscribers

import (
	"database/sql"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/db/dbtest"
	"vestnik/mail"
)

func TestPreferencesSetWhatWasOffered(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	addActive(t, d, v, "extra", "ann@x.org")
	mustJoin(t, d, v, "ann@x.org", "weekly", now)
	ann := find(t, d, "ann@x.org")
	set := func(want, offered []string) error {
		c := Choices{Hour: -1}
		for _, name := range offered {
			c.Digests = append(c.Digests, Choice{Digest: name, Wanted: slices.Contains(want, name)})
		}
		return d.Tx(ctx, func(tx *sql.Tx) error { return Choose(ctx, tx, ann.ID, c, Origin{}, now.Add(time.Hour)) })
	}
	if err := set([]string{"daily"}, []string{"daily", "weekly", "monthly"}); err != nil || find(t, d, "ann@x.org").Subscription("weekly").State != Pending {
		t.Errorf("saved without a change: %v, weekly is %q, want it to wait still", err, find(t, d, "ann@x.org").Subscription("weekly").State)
	}
	for range 2 {
		if err := set([]string{"weekly", "monthly"}, []string{"daily", "weekly", "monthly"}); err != nil {
			t.Fatal(err)
		}
	}
	want := []Subscription{
		{Digest: "daily", State: Left, Since: now.Add(time.Hour), Before: Active}, {Digest: "extra", State: Active, Since: now},
		{Digest: "monthly", State: Active, Since: now.Add(time.Hour)}, {Digest: "weekly", State: Active, Since: now.Add(time.Hour)},
	}
	got := find(t, d, "ann@x.org").Subscriptions
	for i := range got {
		got[i].Sections, got[i].Agreed, got[i].Place = nil, time.Time{}, ""
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("subscriptions = %+v, want %+v", got, want)
	}
	if got, want := consentOf(t, d, "ann@x.org"), "add daily, add extra, join weekly, leave daily, confirm weekly, join monthly"; got != want {
		t.Errorf("consent = %q, want %q", got, want)
	}
	err := d.Tx(ctx, func(tx *sql.Tx) error { return Choose(ctx, tx, 1, Choices{Hour: -1}, Origin{}, now) })
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v, want ErrNotFound", err)
	}
	for language, ok := range map[string]bool{"en": true, "": true, "tlh": false} {
		err := d.Tx(ctx, func(tx *sql.Tx) error { return SetLanguage(ctx, tx, ann.ID, language, now) })
		if (err == nil) != ok {
			t.Errorf("SetLanguage(%q): %v", language, err)
		}
	}
}

func TestChoicesAreLinesOfConsentOnce(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	ann := find(t, d, "ann@x.org")
	c := Choices{Digests: []Choice{{Digest: "daily", Wanted: true, Sections: []string{"kino", "afisha", "kino"}}}, Language: "en", Timezone: "Asia/Sakhalin", Hour: 7}
	for range 2 {
		inTx(t, d, func(tx *sql.Tx) error { return Choose(ctx, tx, ann.ID, c, Origin{}, now) })
	}
	s := find(t, d, "ann@x.org")
	if s.Language != "en" || s.Timezone != "Asia/Sakhalin" || s.Hour != 7 || !slices.Equal(s.Subscriptions[0].Sections, []string{"afisha", "kino"}) {
		t.Errorf("kept: %+v", s)
	}
	lines, _ := Consent(ctx, d, ann.ID)
	var words []string
	for _, l := range lines {
		words = append(words, l.Verb+" "+l.Digest+": "+l.Basis)
	}
	if got, want := strings.Join(words[1:], "; "), "choose daily: sections afisha, kino; choose : language en, zone Asia/Sakhalin, hour 7"; got != want {
		t.Errorf("consent\n%s\nwant\n%s", got, want)
	}
	for _, bad := range []Choices{{Language: "tlh"}, {Hour: 24}, {Hour: -2}, {Timezone: "Sakhalin"}, {Timezone: "Local"}} {
		if err := d.Tx(ctx, func(tx *sql.Tx) error { return Choose(ctx, tx, ann.ID, bad, Origin{}, now) }); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestAPauseWithdrawsLettersAndEndsByItself(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org", "bob@x.org")
	ann := find(t, d, "ann@x.org")
	until := now.Add(7 * 24 * time.Hour)
	inTx(t, d, func(tx *sql.Tx) error {
		_, err := mail.Enqueue(ctx, tx, mail.Letter{Kind: "digest", Ref: 7, Recipient: ann.ID, Digest: "daily", Variant: "ru", Revision: 1}, now)
		return err
	})
	inTx(t, d, func(tx *sql.Tx) error { return Pause(ctx, tx, ann.ID, "", until, Origin{}, now) })
	if got := find(t, d, "ann@x.org").Subscriptions[0]; got.State != Paused || !got.Until.Equal(until) {
		t.Errorf("paused: %+v", got)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM letters WHERE recipient = $1 AND state = 'suppressed' AND reason = 'paused'`, ann.ID); n != 1 {
		t.Errorf("%d letters are withdrawn, want 1", n)
	}
	for want, at := range []time.Duration{-time.Second, time.Second} {
		if n, err := ResumeDue(ctx, d, until.Add(at)); n != want || err != nil {
			t.Errorf("%s after its end: %d resumed, %v; want %d", at, n, err, want)
		}
	}
	if got := stateIn(t, d, "ann@x.org", "daily"); got != Active {
		t.Errorf("after the pause: %q", got)
	}
	if got := consentOf(t, d, "ann@x.org"); got != "add daily, pause daily, resume daily" {
		t.Errorf("consent = %q", got)
	}
}

func TestLeavingCanBeUndoneForTenMinutes(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	mustJoin(t, d, v, "ann@x.org", "weekly", now)
	ann := find(t, d, "ann@x.org")
	back := func(after time.Duration) (undone bool) {
		inTx(t, d, func(tx *sql.Tx) (err error) {
			undone, err = Return(ctx, tx, ann.ID, "", Origin{}, now.Add(after))
			return err
		})
		return undone
	}
	if back(0) {
		t.Error("there was nothing to undo")
	}
	inTx(t, d, func(tx *sql.Tx) error { return Leave(ctx, tx, ann.ID, "", Origin{}, now) })
	if back(11 * time.Minute) {
		t.Error("undone after eleven minutes")
	}
	if !back(9*time.Minute) || stateIn(t, d, "ann@x.org", "daily") != Active || stateIn(t, d, "ann@x.org", "weekly") != Left {
		t.Errorf("daily is %q and weekly %q; want active, and left: nobody confirmed it", stateIn(t, d, "ann@x.org", "daily"), stateIn(t, d, "ann@x.org", "weekly"))
	}
	if back(9 * time.Minute) {
		t.Error("undone twice")
	}
}

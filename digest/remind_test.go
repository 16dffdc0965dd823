package digest

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/db/schema"
	"vestnik/mail"
)

// held is a newsroom whose edition of 24 November, 08:00, waits until 10:00 for two editors.
func held(t *testing.T, n newsroom) newsroom {
	t.Helper()
	n.Editors = someEditors
	n.daily.Approve, n.daily.ApproveWithin, n.daily.Editors = true, 2*time.Hour, []string{"anna@kino.example", "red@kino.example"}
	return n
}

// notices are the subjects of the letters to editors, each with its address, in the order of their writing.
func (n newsroom) notices() (all []string) {
	n.t.Helper()
	letters, err := mail.List(n.ctx, n.DB, mail.ListFilter{Kind: mail.KindNotice})
	if err != nil {
		n.t.Fatal(err)
	}
	slices.Reverse(letters)
	for _, l := range letters {
		m, err := mail.GetMaster(n.ctx, n.DB, l.Ref, l.Revision, l.Variant)
		if err != nil {
			n.t.Fatal(err)
		}
		all = append(all, l.Address+" "+m.Subject)
	}
	return all
}

// count is how many of the notices begin, behind the address, with these words.
func countOf(notices []string, words string) (n int) {
	for _, one := range notices {
		if _, subject, _ := strings.Cut(one, " "); strings.HasPrefix(subject, words) {
			n++
		}
	}
	return n
}

func expectNotices(t *testing.T, n newsroom, asked, again, end int) {
	t.Helper()
	all := n.notices()
	if a, b, c := countOf(all, "Одобрить до 10:00: Самое читаемое"), countOf(all, "Ещё не одобрен"), countOf(all, "Не отправлен"); a != asked || b != again || c != end || len(all) != asked+again+end {
		t.Errorf("%d ask, %d remind, %d tell of the end, want %d, %d, %d: %q", a, b, c, asked, again, end, all)
	}
}

func TestEditorsAreAskedAndRemindedOnceAndToldOfTheEnd(t *testing.T) {
	n := held(t, open(t))
	n.news()
	n.crowd(3, n.at("2026-11-20 12:00"))
	n.step(n.at("2026-11-23 20:00"))
	wake := n.step(n.at("2026-11-24 08:00"))
	expectNotices(t, n, 2, 0, 0)
	if want := n.at("2026-11-24 09:30"); !wake.Equal(want) {
		t.Errorf("the next step is at %s, want at %s, when a quarter of the time is left", wake, want)
	}
	for _, at := range []string{"08:01", "09:00", "09:29"} {
		n.step(n.at("2026-11-24 " + at))
	}
	expectNotices(t, n, 2, 0, 0)
	n.step(n.at("2026-11-24 09:30"))
	n.step(n.at("2026-11-24 09:31"))
	expectNotices(t, n, 2, 2, 0)
	n.step(n.at("2026-11-24 10:00"))
	n.step(n.at("2026-11-24 10:01"))
	expectNotices(t, n, 2, 2, 2)
	if got := n.letters(); len(got) != 0 {
		t.Errorf("%d letters of an edition that nobody approved", len(got))
	}
}

func TestALetterToAnEditorHoldsALinkOfTheEditorsOwn(t *testing.T) {
	n := held(t, open(t))
	n.news()
	n.step(n.at("2026-11-23 20:00"))
	now := n.at("2026-11-24 08:00")
	n.step(now)
	letters, err := mail.List(n.ctx, n.DB, mail.ListFilter{Kind: mail.KindNotice})
	if err != nil || len(letters) != 2 {
		t.Fatalf("%d letters, %v", len(letters), err)
	}
	for _, l := range letters {
		m, err := mail.GetMaster(n.ctx, n.DB, l.Ref, l.Revision, l.Variant)
		if err != nil {
			t.Fatal(err)
		}
		_, _, text, err := mail.Unmaster(m)
		if err != nil {
			t.Fatal(err)
		}
		_, token, _ := strings.Cut(text, siteURL+"/edit/")
		token, _, _ = strings.Cut(token, "\n")
		edition, editor, err := n.Editors.Parse(strings.TrimSpace(token), now)
		if err != nil || editor != l.Address || edition != n.editions()[0].ID {
			t.Errorf("the letter to %s has a link for %q to %d: %v", l.Address, editor, edition, err)
		}
		if !l.Expires.Equal(n.at("2026-11-24 10:00")) || !strings.Contains(text, "30\u00a0прочтений") {
			t.Errorf("the letter may come until %s, and says:\n%s", l.Expires, text)
		}
	}
}

func TestNobodyIsRemindedOfWhatIsDecided(t *testing.T) {
	for name, decide := range map[string]func(n newsroom, e Edition, now time.Time) error{
		"approved": func(n newsroom, e Edition, now time.Time) error {
			_, err := n.Approve(n.ctx, e.ID, e.Revision, "anna@kino.example", now)
			return err
		},
		"cancelled": func(n newsroom, e Edition, now time.Time) error {
			return n.Cancel(n.ctx, e.ID, "anna@kino.example", "", now)
		},
	} {
		t.Run(name, func(t *testing.T) {
			n := held(t, open(t))
			n.news()
			n.step(n.at("2026-11-23 20:00"))
			n.step(n.at("2026-11-24 08:00"))
			if err := decide(n, n.editions()[0], n.at("2026-11-24 08:30")); err != nil {
				t.Fatal(err)
			}
			for _, at := range []string{"08:31", "09:30", "10:00", "12:00"} {
				n.step(n.at("2026-11-24 " + at))
			}
			expectNotices(t, n, 2, 0, 0)
		})
	}
}

func TestAnApprovalBetweenLookingAndWritingLeavesNoReminder(t *testing.T) {
	n := held(t, open(t))
	n.news()
	n.step(n.at("2026-11-23 20:00"))
	n.step(n.at("2026-11-24 08:00"))
	now := n.at("2026-11-24 09:30")
	waiting, err := n.unreminded(n.ctx, now)
	if err != nil || len(waiting) != 1 {
		t.Fatalf("%d wait, %v", len(waiting), err)
	}
	e := n.editions()[0]
	if _, err := n.Approve(n.ctx, e.ID, e.Revision, "anna@kino.example", now); err != nil {
		t.Fatal(err)
	}
	waiting[0].stage = askedAgain
	if err := n.tell(n.ctx, []Digest{n.daily}, waiting[0], now); err != nil {
		t.Fatal(err)
	}
	expectNotices(t, n, 2, 0, 0)
}

func TestWhoIsAskedLateIsAskedOnce(t *testing.T) {
	n := held(t, open(t))
	n.news()
	n.step(n.at("2026-11-23 20:00"))
	withoutMail := n.daily
	withoutMail.Editors = nil
	n.step(n.at("2026-11-24 08:00"), withoutMail)
	n.tx(func(tx *sql.Tx) error { // as if the daemon had died before it wrote to anybody
		_, err := tx.ExecContext(n.ctx, `UPDATE editions SET reminded = 0`)
		return err
	})
	n.step(n.at("2026-11-24 09:45"))
	n.step(n.at("2026-11-24 09:46"))
	expectNotices(t, n, 0, 2, 0)
}

func TestTwoNodesAskEditorsOnce(t *testing.T) {
	url := dbtest.URL(t)
	var nodes []newsroom
	for range 2 {
		d, err := db.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		if _, _, err := schema.Migrate(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, held(t, newsroomOn(t, d)))
	}
	nodes[0].news()
	nodes[0].step(nodes[0].at("2026-11-23 20:00"))
	for _, at := range []string{"08:00", "09:30", "10:00"} {
		var all sync.WaitGroup
		for i := range 6 {
			n := nodes[i%2]
			all.Go(func() {
				if _, err := n.Step(t.Context(), []Digest{n.daily}, n.at("2026-11-24 "+at)); err != nil {
					t.Errorf("node %d: %v", i, err)
				}
			})
		}
		all.Wait()
		nodes[1].step(nodes[1].at("2026-11-24 " + at)) // what one node decided last, the other may not have seen yet
	}
	expectNotices(t, nodes[0], 2, 2, 2)
}

func TestACrashWhileEditorsAreWrittenToLosesAndDoublesNothing(t *testing.T) {
	for _, where := range []string{"the editors are counted as told", "an editor's master copy", "an editor's letter"} {
		t.Run(where, func(t *testing.T) {
			n := held(t, open(t))
			n.news()
			n.step(n.at("2026-11-23 20:00"))
			now := n.at("2026-11-24 08:00")
			crash := errors.New("the machine goes down")
			func() {
				stopAt = func(name string) {
					if name == where {
						panic(crash)
					}
				}
				defer func() {
					stopAt = nil
					if got := recover(); got != crash {
						t.Fatalf("it did not come to that: %v", got)
					}
				}()
				n.Step(n.ctx, []Digest{n.daily}, now)
			}()
			expectNotices(t, n, 0, 0, 0)
			n.step(now.Add(time.Minute))
			n.step(now.Add(2 * time.Minute))
			expectNotices(t, n, 2, 0, 0)
		})
	}
}

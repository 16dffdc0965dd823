package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
	"vestnik/subscribers/consent"
)

// untilWaiting returns when a transaction waits for another one's row. SQLite has one writer: there the second has to wait anyway.
func untilWaiting(t *testing.T, d *db.DB) {
	t.Helper()
	if d.Engine != "postgres" {
		return
	}
	limit, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for ; ; runtime.Gosched() {
		if n := count(t, d, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`); n > 0 {
			return
		}
		if limit.Err() != nil {
			t.Fatal("nobody waits")
		}
	}
}

// atOnce runs first, and second on another node when first has done all but commit. It returns the second's error.
func atOnce(t *testing.T, d *db.DB, first, second func(tx *sql.Tx) error) error {
	t.Helper()
	begun, done := make(chan struct{}), make(chan error, 1)
	go func() {
		<-begun
		done <- d.Tx(ctx, second)
	}()
	inTx(t, d, func(tx *sql.Tx) error {
		err := first(tx)
		close(begun)
		if err == nil {
			untilWaiting(t, d)
		}
		return err
	})
	return <-done
}

func TestNothingIsWrittenAboutWhoIsErasedAtThatMoment(t *testing.T) {
	for name, verb := range map[string]func(v Verbs, id int64, token string) func(tx *sql.Tx) error{
		"choose": func(_ Verbs, id int64, _ string) func(tx *sql.Tx) error {
			return func(tx *sql.Tx) error {
				return Choose(ctx, tx, id, Choices{Language: "en", Hour: 7, Digests: []Choice{{Digest: "weekly", Wanted: true}}}, Origin{}, now)
			}
		},
		"move": func(v Verbs, _ int64, token string) func(tx *sql.Tx) error {
			return func(tx *sql.Tx) error { _, err := v.Move(ctx, tx, token, Origin{}, now); return err }
		},
		"not me": func(v Verbs, id int64, _ string) func(tx *sql.Tx) error {
			return func(tx *sql.Tx) error {
				_, _, err := v.NotMe(ctx, tx, v.Keys.Token(PurposeNotMe, id, "daily"), Origin{Network: networkNo(1)}, now)
				return err
			}
		},
		"stop": func(_ Verbs, id int64, _ string) func(tx *sql.Tx) error {
			return func(tx *sql.Tx) error { _, err := StopMove(ctx, tx, id, now); return err }
		},
	} {
		d, v := dbtest.Open(t), newVerbs(t)
		addActive(t, d, v, "daily", "ann@x.org")
		ann := find(t, d, "ann@x.org")
		token := askToMove(t, d, v, ann.ID, "new@y.org")
		err := atOnce(t, d, func(tx *sql.Tx) error { return v.Erase(ctx, tx, ann.ID, "asked", Origin{}, now) }, verb(v, ann.ID, token))
		if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
		s, err := Get(ctx, d, ann.ID)
		if err != nil || s.State != stateErased || s.Email != "" || s.Language != "" || s.Hour != -1 || len(s.Subscriptions) > 0 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if found := linesWith(dump(t, d), "ann@x.org", "new@y.org", "11.0.1.0"); len(found) > 0 {
			t.Errorf("%s: %q", name, found)
		}
	}
}

// askToMove asks for a change of address, and returns the token that goes to the new one.
func askToMove(t *testing.T, d *db.DB, v Verbs, id int64, to string) (token string) {
	t.Helper()
	if err := v.AskToMove(ctx, d, id, to, Origin{}, now); err != nil {
		t.Fatal(err)
	}
	err := d.QueryRowContext(ctx, `SELECT private FROM letters WHERE kind = $1 AND recipient = $2 AND address = $3 AND state = 'queued'`, mail.KindMove, id, to).Scan(&token)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestWhoJoinsWhileBeingErasedIsErasedWhole(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	ann := find(t, d, "ann@x.org")
	letter, err := v.confirmLetter("weekly", "")
	if err != nil {
		t.Fatal(err)
	}
	err = atOnce(t, d, func(tx *sql.Tx) error {
		_, err := v.askOnce(ctx, tx, Subscriber{Email: ann.Email, Key: ann.Key}, letter, wish{ann.Email, "weekly", "", "form", Origin{Network: networkNo(1)}}, now)
		return err
	}, func(tx *sql.Tx) error { return v.Erase(ctx, tx, ann.ID, "asked", Origin{}, now) })
	if err != nil {
		t.Fatal(err)
	}
	if s, err := Get(ctx, d, ann.ID); err != nil || s.State != stateErased || len(s.Subscriptions) > 0 || len(letters(t, d, "ann@x.org")) > 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM consent WHERE network <> ''`) + count(t, d, `SELECT COUNT(*) FROM tokens`); n != 0 {
		t.Errorf("%d lines and tokens hold something of the erased", n)
	}
	if verdict, err := consent.Verify(ctx, d, consent.Head{}); err != nil || !verdict.Whole() {
		t.Errorf("the chain: %+v, %v", verdict, err)
	}
}

func TestAMoveThatWasStoppedDoesNotHappen(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	ann := find(t, d, "ann@x.org")
	token := askToMove(t, d, v, ann.ID, "new@y.org")
	err := atOnce(t, d, func(tx *sql.Tx) error {
		stopped, err := StopMove(ctx, tx, ann.ID, now)
		if !stopped {
			t.Error("there was nothing to stop")
		}
		return err
	}, func(tx *sql.Tx) error { _, err := v.Move(ctx, tx, token, Origin{}, now); return err })
	if !errors.Is(err, ErrExpired) || find(t, d, "ann@x.org").ID != ann.ID {
		t.Errorf("the move: %v, want ErrExpired", err)
	}
}

func TestOfTwoMovesToOneAddressOneIsTold(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org", "bob@x.org")
	ann, bob := find(t, d, "ann@x.org"), find(t, d, "bob@x.org")
	move := func(token string) func(tx *sql.Tx) error {
		return func(tx *sql.Tx) error { _, err := v.Move(ctx, tx, token, Origin{}, now); return err }
	}
	first := askToMove(t, d, v, ann.ID, "new@y.org")
	inTx(t, d, func(tx *sql.Tx) error { // else the second request would write no letter: one a day for an address
		_, err := tx.ExecContext(ctx, `DELETE FROM join_counts`)
		return err
	})
	second := askToMove(t, d, v, bob.ID, "new@y.org")
	if err := atOnce(t, d, move(first), move(second)); !errors.Is(err, ErrTaken) {
		t.Errorf("the second: %v, want ErrTaken", err)
	}
	if find(t, d, "new@y.org").ID != ann.ID || find(t, d, "bob@x.org").ID != bob.ID {
		t.Error("the first did not move, or the second did")
	}
	if n := count(t, d, `SELECT COUNT(*) FROM subscribers`); n != 2 {
		t.Errorf("%d subscribers, want 2", n)
	}
}

func TestAPauseThatIsPutOffDoesNotEnd(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	ann := find(t, d, "ann@x.org")
	pause := func(until time.Time) func(tx *sql.Tx) error {
		return func(tx *sql.Tx) error { return Pause(ctx, tx, ann.ID, "", until, Origin{}, now) }
	}
	inTx(t, d, pause(now.Add(time.Hour)))
	ended := make(chan error, 1)
	inTx(t, d, func(tx *sql.Tx) error {
		err := pause(now.Add(240 * time.Hour))(tx)
		go func() {
			_, err := ResumeDue(ctx, d, now.Add(2*time.Hour))
			ended <- err
		}()
		untilWaiting(t, d)
		return err
	})
	if err := <-ended; err != nil || stateIn(t, d, "ann@x.org", "daily") != Paused {
		t.Errorf("it is %q, %v", stateIn(t, d, "ann@x.org", "daily"), err)
	}
}

func TestTwoNodesEndAPauseWithOneLine(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	ann := find(t, d, "ann@x.org")
	inTx(t, d, func(tx *sql.Tx) error { return Pause(ctx, tx, ann.ID, "", now.Add(time.Hour), Origin{}, now) })
	ended := make(chan error, 4)
	for range cap(ended) {
		go func() {
			_, err := ResumeDue(ctx, d, now.Add(2*time.Hour))
			ended <- err
		}()
	}
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if got := consentOf(t, d, "ann@x.org"); strings.Count(got, "resume") != 1 {
		t.Errorf("consent = %q", got)
	}
}

func TestAPauseSurvivesLeavingAndComingBack(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	id, until := find(t, d, "ann@x.org").ID, now.Add(240*time.Hour)
	inTx(t, d, func(tx *sql.Tx) error {
		for range 2 { // the button pressed twice
			if err := Pause(ctx, tx, id, "", until, Origin{}, now); err != nil {
				return err
			}
		}
		return Leave(ctx, tx, id, "", Origin{}, now)
	})
	if u := find(t, d, "ann@x.org").Subscription("daily"); !u.Until.IsZero() {
		t.Errorf("one who has left is paused until %v", u.Until)
	}
	inTx(t, d, func(tx *sql.Tx) error { _, err := Return(ctx, tx, id, "", Origin{}, now.Add(time.Minute)); return err })
	if _, err := ResumeDue(ctx, d, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if u := find(t, d, "ann@x.org").Subscription("daily"); u.State != Paused || !u.Until.Equal(until) {
		t.Errorf("back as %s until %v, want paused until %v", u.State, u.Until, until)
	}
	if got := consentOf(t, d, "ann@x.org"); got != "add daily, pause daily, leave daily, return daily" {
		t.Errorf("consent = %q", got)
	}
}

func TestAStrangersRequestDoesNotUndoThatSomebodyLeft(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	leaveAll(t, d, "ann@x.org")
	later := now.Add(25 * time.Hour)
	for range 2 { // asked for twice
		mustJoin(t, d, v, "ann@x.org", "daily", later)
		later = later.Add(25 * time.Hour)
	}
	comesBack := func(when, want string) {
		file := strings.NewReader("email,digests,status\nann@x.org,daily,active\n")
		report, err := Import(ctx, d, file, when+".csv", ImportOptions{Verbs: v, Basis: "an old list"}, later)
		if err != nil || report.Skipped != 1 || stateIn(t, d, "ann@x.org", "daily") != want {
			t.Errorf("%s: the import made it %q, %+v, %v", when, stateIn(t, d, "ann@x.org", "daily"), report, err)
		}
	}
	comesBack("asked for by a stranger", Pending)
	later = later.Add(30 * 24 * time.Hour)
	retain(t, d, v, Retention{Pending: 7 * 24 * time.Hour}, later)
	comesBack("and nobody confirmed", Left)

	mustJoin(t, d, v, "ann@x.org", "daily", later)
	sent := letters(t, d, "ann@x.org")
	if _, _, err := confirm(t, d, sent[len(sent)-1].Private, later); err != nil {
		t.Fatal(err)
	}
	if u := find(t, d, "ann@x.org").Subscription("daily"); u.State != Active || u.Before != "" {
		t.Errorf("confirmed: %+v", u)
	}
}

func TestSuppressingTwiceIsOneLine(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	inTx(t, d, func(tx *sql.Tx) error {
		for _, email := range []string{"ann@x.org", "ann@x.org", "zoe@x.org"} {
			if err := Suppress(ctx, tx, email, "550 "+email+" is unknown", now); err != nil {
				return err
			}
		}
		return nil
	})
	if got := consentOf(t, d, "ann@x.org"); got != "add daily, suppress " {
		t.Errorf("consent = %q", got)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM consent WHERE subscriber = 0 AND basis = '550 … is unknown'`); n != 1 {
		t.Errorf("%d lines of the address without a subscriber, want 1 that does not name it", n)
	}
}

func TestWordsOfEarlierMovesAreErased(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "first@x.org")
	id, at := find(t, d, "first@x.org").ID, "first@x.org"
	for _, to := range []string{"second@x.org", "third@x.org"} {
		token := askToMove(t, d, v, id, to)
		inTx(t, d, func(tx *sql.Tx) error {
			_, err := v.Move(ctx, tx, token, Origin{Wording: at + " → " + to}, now)
			return err
		})
		at = to
	}
	inTx(t, d, func(tx *sql.Tx) error { return v.Erase(ctx, tx, id, "asked", Origin{}, now) })
	if found := linesWith(dump(t, d), "first@x.org", "second@x.org", "third@x.org"); len(found) > 0 {
		t.Errorf("still there: %q", found)
	}
}

func TestAnAddressToWhichNobodyMovedIsForgotten(t *testing.T) {
	d, v := dbtest.Open(t), newVerbs(t)
	addActive(t, d, v, "daily", "ann@x.org")
	askToMove(t, d, v, find(t, d, "ann@x.org").ID, "new@y.org")
	for _, c := range []struct {
		after time.Duration
		want  int64
	}{{confirmFor - time.Hour, 1}, {confirmFor + time.Hour, 0}} {
		if err := Housekeep(ctx, d, now.Add(c.after)); err != nil {
			t.Fatal(err)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM tokens WHERE detail <> ''`); n != c.want {
			t.Errorf("after %v: %d, want %d", c.after, n, c.want)
		}
	}
}

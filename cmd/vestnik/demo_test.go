package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"vestnik/db/dbtest"
)

// runDemoOnce runs demo --once and returns its exit status and rows.
func runDemoOnce(t *testing.T, sabotage func(*once)) (status int, rows []promise) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{ctx: context.Background(), out: &out, err: &errs, json: true}
	m, err := newDemo(a.ctx, DemoCmd{Listen: "127.0.0.1:0", Database: dbtest.URL(t)}, t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	if err := a.demoOnce(m, sabotage); err != nil {
		status = a.fail(err, exitFailed)
	}
	return status, jsonLines[promise](t, out.String())
}

func TestDemoKeepsEveryPromise(t *testing.T) {
	status, rows := runDemoOnce(t, nil)
	if status != 0 || len(rows) < 13 {
		t.Errorf("status %d with %d rows", status, len(rows))
	}
	for _, r := range rows {
		if !r.Kept {
			t.Errorf("%s: wanted %s, found %s", r.Name, r.Want, r.Got)
		}
	}
}

// TestDemoSaysWhichPromiseIsBroken breaks each promise, in the database or the mailbox, and expects its row and the status 1.
func TestDemoSaysWhichPromiseIsBroken(t *testing.T) {
	if testing.Short() {
		t.Skip("thirteen whole demos are too many for the race detector")
	}
	for name, sabotage := range map[string]func(*once) error{
		"articles are published":         spoil(`UPDATE articles SET state = 'withdrawn' WHERE slug = 'pavilon-nol'`),
		"every article has its page":     spoil(`UPDATE articles SET html = '' WHERE slug = 'pavilon-nol'`),
		"feeds hold what is published":   spoil(`UPDATE articles SET guid = guid || 'x'`),
		"a visitor counts once a day":    spoil(`UPDATE read_hour SET n = n + 1`),
		"what must not count":            spoil(`DELETE FROM read_filtered WHERE reason = 'robot'`),
		"most read is what":              spoil(`UPDATE read_hour SET n = 100 - n`, `UPDATE read_day SET n = 100 - n`),
		"who joined by the form":         spoil(`UPDATE subscriptions SET state = 'pending' WHERE subscriber IN (SELECT id FROM subscribers WHERE email_key LIKE 'new-reader-%')`),
		"a slot makes one edition":       spoil(`UPDATE editions SET digest = 'weekly'`),
		"related news stand":             spoil(`UPDATE edition_bodies SET body = '{}'`),
		"every subscriber got one":       again,
		"letters hold text, HTML":        garbled,
		"who left gets nothing more":     spoil(`UPDATE subscriptions SET state = 'active' WHERE state = 'left'`),
		"the ledger adds up, and agrees": spoil(`DELETE FROM letters WHERE kind = 'digest' AND recipient IN (SELECT MIN(recipient) FROM letters WHERE kind = 'digest')`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, rows := runDemoOnce(t, func(o *once) {
				if err := sabotage(o); err != nil {
					t.Fatal(err)
				}
			})
			if status != exitFailed {
				t.Errorf("status %d, want %d", status, exitFailed)
			}
			for _, r := range rows {
				if strings.HasPrefix(r.Name, name) {
					if r.Kept {
						t.Errorf("%q was broken and is called kept: %s", r.Name, r.Got)
					}
					return
				}
			}
			t.Errorf("there is no row %q", name)
		})
	}
}

func spoil(statements ...string) func(*once) error {
	return func(o *once) error {
		for _, statement := range statements {
			if _, err := o.d.ExecContext(context.Background(), statement); err != nil {
				return err
			}
		}
		return nil
	}
}

// again delivers a letter of the first edition a second time.
func again(o *once) error {
	m := o.digestLetters(o.first.ID)[0]
	return smtp.SendMail(o.box.Addr(), nil, m.From, m.To, m.Data)
}

// garbled delivers a letter of the first edition without its parts.
func garbled(o *once) error {
	m := o.digestLetters(o.first.ID)[0]
	return smtp.SendMail(o.box.Addr(), nil, m.From, m.To, []byte("Subject: x\r\n\r\nnothing\r\n"))
}

func TestSimulatedVisitorsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for i := range 20_000 {
		h := visitor(i)
		key := h.Get("X-Forwarded-For")
		if seen[key] {
			t.Fatalf("visitor %d has the address of another: %s", i, key)
		}
		seen[key] = true
	}
}

// TestEveryLetterOfTheDemoHasAnotherFirstStory has simulated readers come for more than an hour, as often as the demo does.
func TestEveryLetterOfTheDemoHasAnotherFirstStory(t *testing.T) {
	var c crowd
	start := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	last := -1
	for minute := range 80 {
		for i := range 85 * 3 {
			c.next(start.Add(time.Duration(minute)*time.Minute+time.Duration(i/3)*700*time.Millisecond), 40)
		}
		first, read := 0, 0
		for story, n := range c.n {
			if n > c.n[first] {
				first = story
			}
			if n > 0 {
				read++
			}
		}
		if first == last || read < 20 {
			t.Errorf("minute %d: story %d leads after %d, of %d stories that are read", minute, first, last, read)
		}
		last = first
	}
}

func TestMailboxShowsTheOpeningOfALetter(t *testing.T) {
	for text, want := range map[string]string{
		"20 материалов до\r\n08:00.\r\nОткрыть: https://a.example\r\n\r\nДальше": "20 материалов до 08:00.", "Слова.\n\nЕщё": "Слова.", "": "",
	} {
		if got := opening(text); got != want {
			t.Errorf("opening(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestRhythmIsSaidInTheDigestsLanguage(t *testing.T) {
	for schedule, want := range map[string]string{
		"0 8 * * *": "Выходит каждый день в 8:00", "30 7 * * 1-5": "Выходит по будням в 7:30", "0 9 * * 1": "Выходит раз в неделю",
		"@monthly": "Выходит раз в месяц", "0 * * * *": "Выходит каждый час", "* * * * *": "Выходит каждую минуту", "*/7 * * * *": "",
	} {
		if got := rhythm(DigestConfig{Schedule: schedule, Language: "ru"}); got != want {
			t.Errorf("rhythm(%q) = %q, want %q", schedule, got, want)
		}
	}
}

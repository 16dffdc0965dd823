package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers"
)

// YesFlag spares the question.
type YesFlag struct {
	Yes bool `help:"Do not ask. Without a terminal to ask on, changes of many are refused without it."`
}

// sure asks before a change of many, and refuses it where there is nobody to ask.
func (y YesFlag) sure(a *app, question string) error {
	switch {
	case y.Yes:
		return nil
	case !isTerminal(a.err) || !isTerminal(os.Stdin):
		return usageError(question + " Nothing was changed: there is no terminal to ask on, so say --yes.")
	case !a.confirm(question):
		return usageError("nothing was changed; say --yes to do it without asking")
	}
	return nil
}

// changed runs f in a transaction and prints what became of the subscriber.
func (a *app) changed(c *Config, d *db.DB, s subscribers.Subscriber, f func(tx *sql.Tx) error) error {
	if err := d.Tx(a.ctx, func(tx *sql.Tx) (err error) {
		if err := f(tx); err != nil {
			return err
		}
		s, err = subscribers.Get(a.ctx, tx, s.ID)
		return err
	}); err != nil {
		return err
	}
	return a.printSubscribers(c, []subscribers.Subscriber{s})
}

// findSubscription is the subscriber with that address, who must have the digest if one is named.
func (a *app) findSubscription(c *Config, d *db.DB, address, digest string) (subscribers.Subscriber, error) {
	s, err := subscribers.Find(a.ctx, d, address)
	if err == nil && digest != "" && s.Subscription(digest).State == "" {
		has := listOr([]string{digestStates(c.subscriberJSON(s).Subscriptions)}, "none")
		err = fmt.Errorf("%s has no subscription to %s; it has: %s", s.Email, digest, has)
	}
	return s, err
}

// SubscribersPause pauses one.
type SubscribersPause struct {
	Address string `arg:"" name:"addr" help:"E-mail address."`
	Digest  string `help:"Only this digest; default: all." placeholder:"NAME"`
	Until   string `help:"When letters go out again; default: in 30 days." placeholder:"DATE"`
	NowFlag `embed:""`
}

// pauseDays is how long a pause without a date is.
const pauseDays = 30

func (cmd SubscribersPause) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		until, err := c.date("--until", cmd.Until)
		if err != nil {
			return err
		}
		if until.IsZero() {
			until = now.AddDate(0, 0, pauseDays)
		}
		if !until.After(now) {
			return usageError(fmt.Sprintf("--until %q: that is over already", cmd.Until))
		}
		s, err := a.findSubscription(c, d, cmd.Address, cmd.Digest)
		if err != nil {
			return err
		}
		return a.changed(c, d, s, func(tx *sql.Tx) error {
			return subscribers.Pause(a.ctx, tx, s.ID, cmd.Digest, until, subscribers.Origin{}, now)
		})
	})
}

// SubscribersResume ends a pause.
type SubscribersResume struct {
	Address string `arg:"" name:"addr" help:"E-mail address."`
	Digest  string `help:"Only this digest; default: all." placeholder:"NAME"`
	NowFlag `embed:""`
}

func (cmd SubscribersResume) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		s, err := a.findSubscription(c, d, cmd.Address, cmd.Digest)
		if err != nil {
			return err
		}
		return a.changed(c, d, s, func(tx *sql.Tx) error {
			return subscribers.Resume(a.ctx, tx, s.ID, cmd.Digest, subscribers.Origin{}, now)
		})
	})
}

// SubscribersMove asks for a change of address, as the reader would on the preferences page.
type SubscribersMove struct {
	Old     string `arg:"" help:"The address that the reader has."`
	New     string `arg:"" help:"The one to be. Its letter's link makes the change, within 48 hours."`
	NowFlag `embed:""`
}

func (cmd SubscribersMove) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		set, err := c.templates()
		if err != nil {
			return err
		}
		s, err := subscribers.Find(a.ctx, d, cmd.Old)
		if err != nil {
			return err
		}
		verbs := c.verbs(set)
		if err := mayMove(a.ctx, d, verbs, s, cmd.New); err != nil {
			return err
		}
		if err := verbs.AskToMove(a.ctx, d, s.ID, cmd.New, subscribers.Origin{}, now); err != nil {
			return fmt.Errorf("move %s to %s: %w", s.Email, cmd.New, err)
		}
		if a.json {
			return emit(a, []movingJSON{{s.Email, cmd.New}})
		}
		a.say("The change happens by the link in a letter to %s; %s gets a notice with a link that stops it.", cmd.New, s.Email)
		return nil
	})
}

type movingJSON struct {
	Email string `json:"email"`
	To    string `json:"to"` // asked there: the change happens by the letter's link
}

// mayMove tells an admin what a form must not: why no letter would go to the new address.
func mayMove(ctx context.Context, d *db.DB, verbs subscribers.Verbs, s subscribers.Subscriber, to string) error {
	other, err := subscribers.Find(ctx, d, to)
	if err == nil && other.ID != s.ID {
		return fmt.Errorf("move %s to %s: %w", s.Email, other.Email, subscribers.ErrTaken)
	}
	if err != nil && !errors.Is(err, subscribers.ErrNotFound) {
		return err
	}
	_, key, err := subscribers.ParseAddress(to)
	if err != nil {
		return err
	}
	reason, err := mail.Suppressed(ctx, d, key)
	if err != nil {
		return err
	}
	if reason != "" {
		return fmt.Errorf("move %s to %s: %w (%s)", s.Email, key, subscribers.ErrSuppressed, reason)
	}
	blocked, err := verbs.Blocked(ctx, d, key)
	if err == nil && blocked {
		err = fmt.Errorf("move %s to %s: %w", s.Email, key, subscribers.ErrBlocked)
	}
	return err
}

// SubscribersUnsubscribe ends subscriptions.
type SubscribersUnsubscribe struct {
	Address     string `arg:"" optional:"" name:"addr" help:"E-mail address; without one, all whom the flags mean."`
	FilterFlags `embed:""`
	Basis       string `default:"by hand" help:"Why; goes into the log of consent." placeholder:"TEXT"`
	YesFlag     `embed:""`
	NowFlag     `embed:""`
}

func (cmd SubscribersUnsubscribe) Run(a *app) error {
	if (cmd.Address != "") == cmd.chosen() {
		return usageError("name one address, or say by --domain, --section, --search, --state, --since or --until whose subscriptions end")
	}
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		if cmd.Address == "" {
			return cmd.many(a, c, d, now)
		}
		s, err := a.findSubscription(c, d, cmd.Address, cmd.Digest)
		if err != nil {
			return err
		}
		if cmd.Digest == "" && !cmd.Yes && isTerminal(a.err) && !a.confirm("End all subscriptions of "+s.Email+"?") {
			return usageError("nothing was changed; say --yes to do it without asking")
		}
		return a.changed(c, d, s, func(tx *sql.Tx) error {
			return subscribers.LeaveByAdmin(a.ctx, tx, s.ID, cmd.Digest, cmd.Basis, now)
		})
	})
}

func (cmd SubscribersUnsubscribe) many(a *app, c *Config, d *db.DB, now time.Time) error {
	f, err := cmd.filter(a.ctx, c, d)
	if err != nil {
		return err
	}
	switch f.State {
	case "":
		f.State = subscribers.Joined
	case subscribers.Left, subscribers.Suppressed:
		return usageError("--state " + f.State + ": name one that leaving ends: pending, active or paused")
	}
	n, err := subscribers.Matching(a.ctx, d, f)
	if err != nil || n == 0 {
		return firstError(err, func() error { a.say("Nobody is meant."); return nil })
	}
	if err := cmd.sure(a, fmt.Sprintf("End %s of %s?", firstOr(cmd.Digest, "all subscriptions"), count(int(n), "subscriber"))); err != nil {
		return err
	}
	move, end := a.bar("Ending", progress.UnitsDefault)
	done, err := subscribers.LeaveAll(a.ctx, d, f, cmd.Basis, now, func(done int64) { move(done, n) })
	end()
	return firstError(a.sayChanged("Ended the subscriptions of "+count(int(done), "subscriber")+".", done), func() error { return err })
}

type changedJSON struct {
	Changed int64 `json:"changed"`
}

// sayChanged prints how many were changed.
func (a *app) sayChanged(words string, n int64) error {
	if a.json {
		return emit(a, []changedJSON{{n}})
	}
	a.say("%s", words)
	return nil
}

// SubscribersSuppress suppresses addresses.
type SubscribersSuppress struct {
	Address string `arg:"" optional:"" name:"addr" help:"E-mail address."`
	File    string `help:"All addresses of this file, one a line, or of standard input (-). Empty lines and those that begin with # are skipped." placeholder:"FILE"`
	Reason  string `default:"by hand" help:"Why; shown with the address." placeholder:"TEXT"`
	Undo    bool   `help:"Allow the address again."`
	YesFlag `embed:""`
}

func (cmd SubscribersSuppress) Run(a *app) error {
	if (cmd.Address == "") == (cmd.File == "") || cmd.Undo && cmd.File != "" {
		return usageError("name one address, or a file with --file; --undo is for one address")
	}
	return a.with(func(c *Config, d *db.DB) error {
		if cmd.File != "" {
			return cmd.many(a, d)
		}
		return d.Tx(a.ctx, func(tx *sql.Tx) error { return cmd.one(a, tx) })
	})
}

type suppressionJSON struct {
	Email      string `json:"email"`
	Suppressed string `json:"suppressed"` // why; "": it may be mailed
	Changed    bool   `json:"changed"`
}

// one suppresses an address or allows it again. An address that was suppressed keeps its first reason.
func (cmd SubscribersSuppress) one(a *app, tx *sql.Tx) error {
	_, key, err := subscribers.ParseAddress(cmd.Address)
	if err != nil {
		return err
	}
	reason, err := mail.Suppressed(a.ctx, tx, key)
	was := reason != ""
	switch {
	case err != nil:
	case cmd.Undo:
		reason = ""
		was, err = subscribers.Unsuppress(a.ctx, tx, cmd.Address, time.Now())
	case !was:
		reason = cmd.Reason
		err = subscribers.Suppress(a.ctx, tx, cmd.Address, reason, time.Now())
	}
	if err != nil || a.json {
		return firstError(err, func() error { return emit(a, []suppressionJSON{{cmd.Address, reason, cmd.Undo == was}}) })
	}
	a.say("%s %s.", cmd.Address, cmd.words(was, reason))
	return nil
}

// words say what became of an address that was suppressed before, or was not.
func (cmd SubscribersSuppress) words(was bool, reason string) string {
	switch {
	case cmd.Undo && was:
		return "may be mailed again"
	case cmd.Undo:
		return "was not suppressed"
	case was:
		return "was suppressed already: " + reason
	}
	return "is suppressed: " + reason
}

func suppressedWords(fresh, all int) string {
	words := "Suppressed " + addressCount(fresh)
	if fresh < all {
		words += fmt.Sprintf("; %d of the file were already", all-fresh)
	}
	return words + "."
}

func (cmd SubscribersSuppress) many(a *app, d *db.DB) error {
	addresses, err := cmd.read(a)
	if err != nil || len(addresses) == 0 {
		return firstError(err, func() error { a.say("The file names nobody."); return nil })
	}
	if err := cmd.sure(a, fmt.Sprintf("Suppress %s (%q)?", addressCount(len(addresses)), cmd.Reason)); err != nil {
		return err
	}
	move, end := a.bar("Suppressing", progress.UnitsDefault)
	n, err := subscribers.SuppressAll(a.ctx, d, addresses, cmd.Reason, time.Now(), func(done int64) { move(done, int64(len(addresses))) })
	end()
	return firstError(a.sayChanged(suppressedWords(int(n), len(addresses)), n), func() error { return err })
}

func addressCount(n int) string {
	if n == 1 {
		return "1 address"
	}
	return fmt.Sprintf("%d addresses", n)
}

// shownBadLines is how many lines that hold no address are printed.
const shownBadLines = 20

// read returns the addresses of the file. One line that is none, and nothing is changed: it may be the wrong file.
func (cmd SubscribersSuppress) read(a *app) (all []string, err error) {
	var in io.Reader = a.in
	if cmd.File != "-" {
		f, err := os.Open(cmd.File)
		if err != nil {
			return nil, fmt.Errorf("read the addresses: %w", err)
		}
		defer f.Close()
		in = f
	}
	lines, bad := bufio.NewScanner(in), 0
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\uFEFF"))
		if line == "" || line[0] == '#' {
			continue
		}
		if _, _, err := subscribers.ParseAddress(line); err != nil {
			if bad++; bad <= shownBadLines {
				fmt.Fprintf(a.err, "%s:%d: %v\n", cmd.File, n, err)
			}
			continue
		}
		all = append(all, line)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the addresses: %w", err)
	}
	if bad > 0 {
		return nil, fmt.Errorf("%s: %s no address; nothing was changed", cmd.File, holds(bad))
	}
	return all, nil
}

func holds(lines int) string {
	if lines == 1 {
		return "1 line holds"
	}
	return fmt.Sprintf("%d lines hold", lines)
}

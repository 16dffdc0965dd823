package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/digest"
	"vestnik/language"
	"vestnik/mail"
)

// Editions: what there is, what waits for an editor, and what editors do with it.

// LetterFlags name a letter of an edition.
type LetterFlags struct {
	Variant  string `help:"Which of the edition's letters, as ru, en.cards or ru/kino; digest show lists them." placeholder:"VARIANT"`
	Revision int64  `help:"Which revision; default: the present one." placeholder:"N"`
}

func (f LetterFlags) wanted(language string) digest.Wanted {
	return digest.Wanted{Variant: cmp.Or(f.Variant, unlessDefault(language)), Revision: f.Revision}
}

// EditionArgs name an edition, and who acts.
type EditionArgs struct {
	Name    string `arg:"" help:"The digest."`
	Edition string `arg:"" optional:"" help:"The edition, as 2026-11-24T0800; default: the one that the command is about."`
	By      string `help:"Who does it, for the record; default: the user of the system." placeholder:"WHO"`
	NowFlag `embed:""`
}

func (f EditionArgs) who() string {
	if f.By != "" {
		return f.By
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return cmp.Or(os.Getenv("USER"), "somebody at the command line")
}

// find is the edition named, else the one that waits for an editor or, if sent, the newest that came out.
func (f EditionArgs) find(ctx context.Context, c *Config, h db.Handle, sent bool) (digest.Edition, error) {
	if f.Edition != "" {
		return digest.FindEdition(ctx, h, f.Name, f.Edition)
	}
	all, err := digest.Editions(ctx, h, f.Name, 0)
	if err != nil {
		return digest.Edition{}, err
	}
	wanted := slices.DeleteFunc(slices.Clone(all), func(e digest.Edition) bool { return e.Public() != sent || e.State == digest.Cancelled })
	if len(wanted) > 1 && !sent {
		return digest.Edition{}, usageError(fmt.Sprintf("%s has several editions that wait for an editor: name one of %s", f.Name, slotNames(wanted)))
	}
	if len(wanted) > 0 {
		return digest.EditionByID(ctx, h, wanted[0].ID)
	}
	if _, err := c.findDigest(f.Name); err != nil {
		return digest.Edition{}, err
	}
	if sent {
		return digest.Edition{}, fmt.Errorf("no edition of %s has come out yet; `vestnik digest next %s` shows when one comes", f.Name, f.Name)
	}
	return digest.Edition{}, fmt.Errorf("no edition of %s waits for an editor; `vestnik digest hold %s` lets the next one wait, `vestnik digest correct %s` changes one that came out",
		f.Name, f.Name, f.Name)
}

func slotNames(editions []digest.Edition) string {
	var names []string
	for _, e := range editions {
		names = append(names, e.Slot.Name())
	}
	return strings.Join(names, ", ")
}

// waiting says which editions of a digest wait for an editor, and whether the next one will.
func (a *app) waiting(c *Config, h db.Handle, name string) (string, error) {
	held, err := digest.HeldEditions(a.ctx, h, name)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, e := range held {
		parts = append(parts, e.Slot.Name()+" until "+c.stamp(e.ApproveBy))
	}
	by, at, err := digest.HoldAsked(a.ctx, h, name)
	if err == nil && !at.IsZero() {
		parts = append(parts, "the next one will ("+by+")")
	}
	return strings.Join(parts, "; "), err
}

// DigestApprove lets an edition go out.
type DigestApprove struct {
	EditionArgs `embed:""`
	Revision    int64 `help:"The revision that was looked at; default: the present one." placeholder:"N"`
}

func (cmd DigestApprove) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		if err := a.home(d); err != nil {
			return err
		}
		e, err := cmd.find(a.ctx, c, d, false)
		if err != nil {
			return err
		}
		set, err := c.templates()
		if err != nil {
			return err
		}
		p := c.publisher(d, set, a.logger())
		if e, err = p.Approve(a.ctx, e.ID, cmp.Or(cmd.Revision, e.Revision), cmd.who(), now); err != nil {
			return err
		}
		for done := false; !done; {
			if done, err = p.Enqueue(a.ctx, e.ID, now); err != nil {
				return err
			}
		}
		return a.reportSent(d, e, digest.Published)
	})
}

// DigestCancel gives an edition up.
type DigestCancel struct {
	EditionArgs `embed:""`
	Reason      string `help:"Why, for the list of slots." placeholder:"TEXT"`
}

func (cmd DigestCancel) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		e, err := cmd.find(a.ctx, c, d, false)
		if err == nil {
			err = c.publisher(d, nil, a.logger()).Cancel(a.ctx, e.ID, cmd.who(), cmd.Reason, now)
		}
		if err != nil {
			return err
		}
		a.say("%s %s: cancelled. Nobody gets it; the next edition covers its time, and until then `vestnik digest send %s` makes it anew.", e.Digest, e.Slot.Name(), e.Digest)
		return nil
	})
}

// DigestHold lets an edition wait.
type DigestHold struct {
	EditionArgs `embed:""`
	Until       string `help:"Give the edition that waits until then." placeholder:"TIME" xor:"what"`
	Off         bool   `help:"The next edition need not wait any more." xor:"what"`
}

func (cmd DigestHold) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		dg, err := c.findDigest(cmd.Name)
		if err != nil {
			return err
		}
		if cmd.Edition != "" || cmd.Until != "" {
			return cmd.until(a, c, d, dg, now)
		}
		if cmd.Off {
			_, err := digest.Unhold(a.ctx, d, dg.Name)
			if err == nil {
				a.say("The next edition of %s %s.", dg.Name, map[bool]string{true: "waits all the same, as approve = true", false: "goes out by itself"}[dg.Approve])
			}
			return err
		}
		if _, err := digest.Hold(a.ctx, d, dg.Name, cmd.who(), now); err != nil {
			return err
		}
		return cmd.report(a, d, dg, now)
	})
}

// until moves the deadline of an edition that waits.
func (cmd DigestHold) until(a *app, c *Config, d *db.DB, dg digest.Digest, now time.Time) error {
	e, err := cmd.find(a.ctx, c, d, false)
	if err != nil {
		return err
	}
	if e.State == digest.Held && cmd.Until == "" {
		a.say("%s %s waits already, until %s; --until TIME gives it more time.", e.Digest, e.Slot.Name(), c.stamp(e.ApproveBy))
		return nil
	}
	until := now.Add(dg.ApproveWithin)
	if cmd.Until != "" {
		var ok bool
		if until, ok = language.ParseDate(cmd.Until, dg.Location); !ok {
			return usageError(fmt.Sprintf("--until %q: write it as 2026-03-02T08:00:00+11:00 or 2026-03-02 08:00", cmd.Until))
		}
	}
	if e, err = c.publisher(d, nil, a.logger()).HoldUntil(a.ctx, e.ID, until, now); err != nil {
		return err
	}
	a.say("%s %s: waits for an editor until %s.", e.Digest, e.Slot.Name(), c.stamp(e.ApproveBy))
	return nil
}

// report says what will wait, and what will not.
func (cmd DigestHold) report(a *app, d *db.DB, dg digest.Digest, now time.Time) error {
	a.say("The next edition of %s waits for an editor.", dg.Name)
	all, err := digest.Editions(a.ctx, d, dg.Name, 1)
	if err == nil && len(all) > 0 && (all[0].State == digest.Enqueuing || all[0].State == digest.Sending) {
		a.say("%s is being sent and does not wait: `vestnik mail pause digest` stops all letters of digests, `vestnik digest correct %s` changes what is not sent yet.",
			all[0].Slot.Name(), dg.Name)
	}
	return err
}

// ChangeFlags are what can be changed in an edition.
type ChangeFlags struct {
	Order   []string `help:"Articles that come first in their blocks, in this order, by their slugs; the others follow." placeholder:"SLUG"`
	Drop    []string `help:"Articles that go, by their slugs." placeholder:"SLUG"`
	Title   []string `help:"Another headline, as SLUG=HEADLINE." placeholder:"SLUG=HEADLINE" sep:"none"`
	Subject *string  `help:"Another subject; '' for the one that it would have by itself." placeholder:"TEXT"`
}

// change finds the articles by their slugs.
func (f ChangeFlags) change(e digest.Edition, slugs map[string]int64) (digest.Change, error) {
	c := digest.Change{Subject: f.Subject, Titles: map[int64]string{}}
	find := func(slug string) (int64, error) {
		if id, ok := slugs[strings.TrimSpace(slug)]; ok {
			return id, nil
		}
		return 0, usageError(fmt.Sprintf("%s %s has no article %q; `vestnik digest show %s %s` lists them", e.Digest, e.Slot.Name(), slug, e.Digest, e.Slot.Name()))
	}
	for _, slug := range f.Drop {
		id, err := find(slug)
		if err != nil {
			return c, err
		}
		c.Drop = append(c.Drop, id)
	}
	for _, pair := range f.Title {
		slug, title, ok := strings.Cut(pair, "=")
		if !ok {
			return c, usageError(fmt.Sprintf("--title %q: write it as SLUG=HEADLINE", pair))
		}
		id, err := find(slug)
		if err != nil {
			return c, err
		}
		c.Titles[id] = title
	}
	for _, slug := range f.Order {
		id, err := find(slug)
		if err != nil {
			return c, err
		}
		c.Order = append(c.Order, id)
	}
	c.Order = withRest(c.Order, e)
	return c, nil
}

// withRest is an order with the articles that it does not name behind; none stays none.
func withRest(order []int64, e digest.Edition) []int64 {
	for _, i := range e.View.Items {
		if len(order) > 0 && !slices.Contains(order, i.Article) {
			order = append(order, i.Article)
		}
	}
	return order
}

// noteText is the text of --note or --note-file, nil for neither.
func noteText(note *string, file string) (*string, error) {
	if file == "" {
		return note, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--note-file: %w", err)
	}
	return new(string(text)), nil
}

// DigestEdit changes an edition that is held.
type DigestEdit struct {
	EditionArgs `embed:""`
	ChangeFlags `embed:""`
	Note        *string `help:"Words of the editor above the list, plain text; '' for none." placeholder:"TEXT" xor:"note"`
	NoteFile    string  `help:"The same from a file." placeholder:"FILE" xor:"note"`
	Revision    int64   `help:"The revision that was looked at; default: the present one." placeholder:"N"`
}

func (cmd DigestEdit) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		e, err := cmd.find(a.ctx, c, d, false)
		if err != nil {
			return err
		}
		if e.Public() {
			return fmt.Errorf("%s %s has come out: `vestnik digest correct` changes it", e.Digest, e.Slot.Name())
		}
		note, err := noteText(cmd.Note, cmd.NoteFile)
		if err != nil {
			return err
		}
		return cmd.ChangeFlags.revise(a, c, d, e, cmd.EditionArgs, cmp.Or(cmd.Revision, e.Revision), now, func(ch *digest.Change) { ch.Note = note })
	})
}

// DigestCorrect changes an edition that came out.
type DigestCorrect struct {
	EditionArgs `embed:""`
	ChangeFlags `embed:""`
	Note        *string `help:"What was wrong and what is right, for readers: on the edition's page, and by letter to those who got it." placeholder:"TEXT" xor:"note"`
	NoteFile    string  `help:"The same from a file." placeholder:"FILE" xor:"note"`
	NoLetter    bool    `help:"The note stands on the page, and nobody gets a letter about it."`
}

func (cmd DigestCorrect) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		if err := a.home(d); err != nil {
			return err
		}
		e, err := cmd.find(a.ctx, c, d, true)
		if err != nil {
			return err
		}
		if e.State == digest.Held {
			return fmt.Errorf("%s %s waits for an editor, so nobody has got it: `vestnik digest edit` changes it", e.Digest, e.Slot.Name())
		}
		note, err := noteText(cmd.Note, cmd.NoteFile)
		if err != nil {
			return err
		}
		if cmd.NoLetter && note == nil {
			return usageError("--no-letter is about the note; without --note no letter goes out anyway")
		}
		return cmd.ChangeFlags.revise(a, c, d, e, cmd.EditionArgs, e.Revision, now, func(ch *digest.Change) {
			ch.Quiet, ch.Out = cmd.NoLetter, true
			if note != nil {
				ch.Correction = *note
			}
		})
	})
}

// revise makes the next revision and says what it did.
func (f ChangeFlags) revise(a *app, c *Config, d *db.DB, e digest.Edition, who EditionArgs, from int64, now time.Time, also func(*digest.Change)) error {
	slugs, err := digest.Slugs(a.ctx, d, e)
	if err != nil {
		return err
	}
	change, err := f.change(e, slugs)
	if err != nil {
		return err
	}
	also(&change)
	set, err := c.templates()
	if err != nil {
		return err
	}
	after, err := c.publisher(d, set, a.logger()).Revise(a.ctx, e.ID, from, change, who.who(), now)
	if err != nil {
		return err
	}
	all, err := digest.Revisions(a.ctx, d, e.ID)
	if err != nil {
		return err
	}
	if a.json {
		return emit(a, []editionJSON{c.editionJSON(after)})
	}
	newest := all[len(all)-1]
	a.say("%s %s: revision %d (%s).", e.Digest, e.Slot.Name(), newest.Revision, newest.What)
	if after.Public() {
		a.say("%s", lettersOf(all))
	}
	if newest.Correction != 0 {
		a.say("The daemon (vestnik serve) tells those who got an earlier one, and nobody else.")
	}
	return nil
}

// lettersOf says how many letters are of which revision, as "revision 1: 412 sent; revision 2: 88 sent, 500 queued".
func lettersOf(all []digest.Revision) string {
	var parts []string
	for _, r := range all {
		if words := statesOf(r.Letters); words != "" {
			parts = append(parts, fmt.Sprintf("revision %d: %s", r.Revision, words))
		}
	}
	if len(parts) == 0 {
		return "no letters"
	}
	return strings.Join(parts, "; ")
}

// statesOf words how many letters are in which state.
func statesOf(letters map[string]int64) string {
	var parts []string
	for _, state := range []string{mail.StateSent, mail.StateQueued, mail.StateInFlight, mail.StateDeferred, mail.StateInDoubt, mail.StateFailed,
		mail.StateSuppressed, mail.StateExpired} {
		if n := letters[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ReplaceAll(state, "_", " ")))
		}
	}
	return strings.Join(parts, ", ")
}

// DigestRevisions lists what was changed.
type DigestRevisions struct {
	Name    string `arg:"" help:"The digest."`
	Edition string `arg:"" optional:"" help:"The edition, as 2026-11-24T0800; default: the newest."`
}

type revisionJSON struct {
	Revision int64            `json:"revision"`
	Made     string           `json:"made"`
	By       string           `json:"by"`
	What     string           `json:"what"`
	Subject  string           `json:"subject"`
	Note     string           `json:"note"`
	Hash     string           `json:"hash"`
	Letters  map[string]int64 `json:"letters"`
	Notes    map[string]int64 `json:"notes"`
	Told     string           `json:"told"` // when all letters about the note were written down
}

func (c *Config) revisionsJSON(all []digest.Revision) (lines []revisionJSON) {
	for _, r := range all {
		lines = append(lines, revisionJSON{Revision: r.Revision, Made: c.iso(r.Made), By: r.By, What: r.What, Subject: r.Subject, Note: r.Note, Hash: r.Hash,
			Letters: r.Letters, Notes: r.Notes, Told: c.iso(r.Noted)})
	}
	return lines
}

func (cmd DigestRevisions) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		e, err := newestOr(a.ctx, d, cmd.Name, cmd.Edition)
		if err != nil {
			return err
		}
		all, err := digest.Revisions(a.ctx, d, e.ID)
		if err != nil {
			return err
		}
		return emit(a, c.revisionsJSON(all),
			column[revisionJSON]{title: "Revision", value: func(x revisionJSON) any { return x.Revision }, right: true},
			column[revisionJSON]{title: "Made", value: func(x revisionJSON) any { return x.Made }},
			column[revisionJSON]{title: "By", value: func(x revisionJSON) any { return x.By }, width: 30},
			column[revisionJSON]{title: "What", value: func(x revisionJSON) any { return x.What }, width: 60},
			column[revisionJSON]{title: "Letters", value: func(x revisionJSON) any { return statesOf(x.Letters) }},
			column[revisionJSON]{title: "Told of the mistake", value: func(x revisionJSON) any { return statesOf(x.Notes) }},
			column[revisionJSON]{title: "Note", value: func(x revisionJSON) any { return x.Note }, width: 60})
	})
}

// newestOr is the edition of that name, or the digest's newest for "".
func newestOr(ctx context.Context, h db.Handle, name, edition string) (digest.Edition, error) {
	if edition == "" {
		newest, err := digest.Editions(ctx, h, name, 1)
		if err != nil {
			return digest.Edition{}, err
		}
		if len(newest) == 0 {
			return digest.Edition{}, fmt.Errorf("%s has no edition yet; `vestnik digest next %s` shows when one comes", name, name)
		}
		edition = newest[0].Slot.Name()
	}
	return digest.FindEdition(ctx, h, name, edition)
}

func (a *app) reportSent(d *db.DB, e digest.Edition, outcome digest.Outcome) error {
	b, err := mail.BalanceOf(a.ctx, d, mail.KindDigest, e.ID)
	if err != nil {
		return err
	}
	if a.json {
		return emit(a, []balanceJSON{balanceLine(b, e.Slot.Name())})
	}
	if e.State == digest.Held {
		a.say("%s %s: held, it %s.", e.Digest, e.Slot.Name(), e.Reason)
		a.say("`vestnik digest preview %s --slot %s` shows it, `vestnik digest approve %s` lets it go out.", e.Digest, e.Slot.Name(), e.Digest)
		return nil
	}
	a.say("%s %s: %s, %s.", e.Digest, e.Slot.Name(), outcome, count(int(b.Recipients), "letter"))
	if outcome == digest.Published && b.Queued > 0 {
		a.say("The daemon (vestnik serve) sends them; `vestnik mail status` shows how it goes.")
	}
	return nil
}

// DigestEditions lists editions.
type DigestEditions struct {
	Name  string `arg:"" optional:"" help:"The digest; all when none is named."`
	Held  bool   `help:"Only those that wait for an editor."`
	Limit int    `default:"20" help:"At most so many."`
}

type editionJSON struct {
	Digest     string         `json:"digest"`
	Edition    string         `json:"edition"`
	State      string         `json:"state"`
	Revision   int64          `json:"revision"`
	Subject    string         `json:"subject"`
	Recipients int64          `json:"recipients"`
	From       string         `json:"from"`
	To         string         `json:"to"`
	Made       string         `json:"made"`
	ApproveBy  string         `json:"approve_by,omitempty"`
	ApprovedBy string         `json:"approved_by,omitempty"`
	ChangedBy  string         `json:"changed_by,omitempty"`
	Hash       string         `json:"hash,omitempty"`
	Note       string         `json:"note"`
	Variants   []string       `json:"variants,omitempty"`
	Items      []itemJSON     `json:"items,omitempty"`
	Revisions  []revisionJSON `json:"revisions,omitempty"`
}

func (c *Config) editionJSON(e digest.Edition) editionJSON {
	return editionJSON{Digest: e.Digest, Edition: e.Slot.Name(), State: e.State, Revision: e.Revision, Subject: e.Subject, Recipients: e.Recipients,
		From: c.iso(e.Start), To: c.iso(e.Until), Made: c.iso(e.Made), ApproveBy: c.iso(e.ApproveBy), ApprovedBy: e.ApprovedBy, ChangedBy: e.By,
		Hash: e.Hash, Note: e.Reason}
}

func (cmd DigestEditions) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		found, err := digest.Editions(a.ctx, d, cmd.Name, cmd.Limit)
		if cmd.Held {
			found, err = digest.HeldEditions(a.ctx, d, cmd.Name)
		}
		if err != nil {
			return err
		}
		var lines []editionJSON
		for _, e := range found {
			lines = append(lines, c.editionJSON(e))
		}
		return emit(a, lines,
			column[editionJSON]{title: "Digest", value: func(x editionJSON) any { return x.Digest }},
			column[editionJSON]{title: "Edition", value: func(x editionJSON) any { return x.Edition }},
			column[editionJSON]{title: "State", value: func(x editionJSON) any { return x.State }},
			column[editionJSON]{title: "Revision", value: func(x editionJSON) any { return x.Revision }, right: true},
			column[editionJSON]{title: "Recipients", value: func(x editionJSON) any { return x.Recipients }, right: true},
			column[editionJSON]{title: "Subject", value: func(x editionJSON) any { return x.Subject }, width: 70},
			column[editionJSON]{title: "Approved by", value: func(x editionJSON) any { return x.ApprovedBy }, width: 30},
			column[editionJSON]{title: "Note", value: func(x editionJSON) any { return x.Note }, width: 60})
	})
}

// DigestShow shows one edition.
type DigestShow struct {
	Name    string `arg:"" help:"The digest."`
	Edition string `arg:"" optional:"" help:"The edition, as 2026-11-24T0800; default: the newest."`
}

func (cmd DigestShow) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		e, err := newestOr(a.ctx, d, cmd.Name, cmd.Edition)
		if err != nil {
			return err
		}
		line := c.editionJSON(e)
		for _, i := range e.View.Items {
			line.Items = append(line.Items, itemJSON{i.Rank, i.Slug, i.Title, i.Reads, i.Score, i.Reason})
		}
		if line.Variants, err = digest.Variants(a.ctx, d, e, e.Revision); err != nil {
			return err
		}
		revisions, err := digest.Revisions(a.ctx, d, e.ID)
		if err != nil {
			return err
		}
		if line.Revisions = c.revisionsJSON(revisions); a.json {
			return emit(a, []editionJSON{line})
		}
		return a.showEdition(c, d, e, line, revisions)
	})
}

func (a *app) showEdition(c *Config, d *db.DB, e digest.Edition, line editionJSON, revisions []digest.Revision) error {
	fields := [][2]string{{"Digest", line.Digest}, {"Edition", line.Edition}, {"State", line.State}, {"Note", line.Note}, {"Subject", line.Subject},
		{"Reads from", c.stamp(e.Start)}, {"until", c.stamp(e.Until)}, {"Made", c.stamp(e.Made)}, {"Approved by", e.ApprovedBy}, {"Page", e.View.URL},
		{"Letters as", strings.Join(line.Variants, ", ")}, {"Revision", strconv.FormatInt(e.Revision, 10)}}
	if e.State == digest.Held {
		fields = append(fields, [2]string{"Approve by", c.stamp(e.ApproveBy)})
	}
	if len(revisions) > 1 {
		fields = append(fields, [2]string{"Changed by", e.By}, [2]string{"Letters", lettersOf(revisions)})
	}
	for _, r := range revisions {
		if words := statesOf(r.Notes); words != "" {
			fields = append(fields, [2]string{"Corrections", fmt.Sprintf("of what was before revision %d: %s", r.Revision, words)})
		}
	}
	for _, f := range fields {
		if f[1] != "" {
			fmt.Fprintf(a.out, "%-11s %s\n", f[0], f[1])
		}
	}
	fmt.Fprintln(a.out)
	if err := emit(a, line.Items,
		column[itemJSON]{title: "Rank", value: func(x itemJSON) any { return x.Rank }, right: true},
		column[itemJSON]{title: "Reads", value: func(x itemJSON) any { return x.Reads }, right: true},
		column[itemJSON]{title: "Score", value: func(x itemJSON) any { return strconv.FormatFloat(x.Score, 'f', 1, 64) }, right: true},
		column[itemJSON]{title: "Reason", value: func(x itemJSON) any { return x.Reason }},
		column[itemJSON]{title: "Article", value: func(x itemJSON) any { return x.Slug }, width: 40},
		column[itemJSON]{title: "Title", value: func(x itemJSON) any { return x.Title }, width: 80}); err != nil {
		return err
	}
	b, err := mail.BalanceOf(a.ctx, d, mail.KindDigest, e.ID)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	return emit(a, []balanceJSON{balanceLine(b, e.Slot.Name())}, balanceColumns()...)
}

// editionNames are the slot names of all editions by their ids, for tables of letters.
func editionNames(ctx context.Context, h db.Handle) (map[int64]string, error) {
	all, err := digest.Editions(ctx, h, "", 0)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, e := range all {
		names[e.ID] = e.Slot.Name()
	}
	return names, nil
}

// verifyEdition recomputes the balance of an edition's letters and, apart from it, of those that corrected it.
func (a *app) verifyEdition(d *db.DB, name, edition string) error {
	e, err := digest.FindEdition(a.ctx, d, name, edition)
	if err != nil {
		return err
	}
	v, err := mail.Verify(a.ctx, d, e.ID)
	if err != nil {
		return err
	}
	lines := []balanceJSON{balanceLine(v.Balance, edition)}
	refs, err := digest.Corrections(a.ctx, d, e.ID)
	for _, ref := range refs {
		b, balanceErr := mail.BalanceOf(a.ctx, d, mail.KindCorrection, ref)
		if b.Digest == "" {
			b.Digest = e.Digest
		}
		lines, err = append(lines, balanceLine(b, edition+" correction")), errors.Join(err, balanceErr)
	}
	if err == nil {
		err = emit(a, lines, balanceColumns()...)
	}
	if err != nil {
		return err
	}
	if len(v.Problems) > 0 {
		return fmt.Errorf("%s %s: %s", name, edition, strings.Join(v.Problems, "; "))
	}
	a.say("The balance adds up.")
	return nil
}

// Package digest is in charge of the recurring newsletters: which slots are due, what goes into an edition, and
// publishing it once. It writes the tables slots, editions, edition_… and digest_…, and has package mail write the letters.
//
// It promises:
//   - A slot makes one edition, on however many nodes, through crashes, restarts and clock changes: the primary keys
//     (digest, slot) decide who publishes, and there is no leader and no lock.
//   - No slot vanishes silently: each is published, or recorded as skipped or missed with the reason.
//   - An edition exists if and only if its letters do or are being enqueued, by steps that any node can resume.
//   - What was compiled is frozen: pages, previews and letters of an edition are made from the same kept values.
//
// [Publisher.Step] is what a daemon calls again and again; [Publisher.Send] is the same by hand.
package digest

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"vestnik/templates"
)

// What to do when fewer than MinItems articles were read.
const (
	ThinFill = "fill" // the latest articles follow, marked as such
	ThinSkip = "skip" // no edition
	ThinSend = "send" // what there is
)

// ErrNotFound is returned when a digest has no edition for a slot.
var ErrNotFound = errors.New("no such edition")

// Digest is a recurring newsletter as configured. The configuration fills in the defaults, and
// [Digest.Check] finds what is missing or wrong.
type Digest struct {
	Name     string // in addresses, as "daily"
	Title    string
	Schedule string // five cron fields, or @daily and its like, on the wall clock of Location
	Location *time.Location
	Window   time.Duration // of reads, for the first edition; later ones begin where the one before ended
	Rank     string        // RankReads and so on
	Count    int           // the longest list
	Related  int           // headlines in the closing block
	WhenThin string        // ThinFill, ThinSkip or ThinSend
	MinItems int           // fewer articles are thin
	Language string        // of subscribers that chose none, as "ru"
	CatchUp  time.Duration // a slot that was missed by no more is still published
	MaxLate  time.Duration // no letter starts later than this after its slot
	InDoubt  string        // "resend" or "skip", see package mail
	MaxAge   time.Duration // of an article before the window begins

	RepeatAfter time.Duration // what was in an edition as read most stays out for so long; 0: it may come again

	Blocks   []Block  // none: one of Rank and Count
	Sections []string // slugs: only their articles; none: all
	Collapse bool     // one article stands for its whole story
	Layout   string   // of the letters, templates.LayoutList and so on
	Layouts  []string // that readers may choose instead
	Subject  string   // with {title}, {top}, {second}, {count}, {date}; "" is "{title}: {top}"

	Approve       bool          // an edition waits for an editor …
	ApproveWithin time.Duration // … for so long
	Editors       []string      // addresses that are asked

	Grace time.Duration // with Schedule "on-publish": between publishing an article and mailing it
	Text  string        // with "on-publish", and for one article by hand: TextFull or TextSummary
}

// OnPublish is the schedule of a digest that mails each article as it is published.
const OnPublish = "on-publish"

// How much of one article goes by mail.
const (
	TextFull    = "full"
	TextSummary = "summary"
)

// Ranks: what a block is ordered by.
const (
	RankReads    = "reads"    // what was read most
	RankAdjusted = "adjusted" // the same, fair to what came out late in the window, see package reads
	RankLatest   = "latest"   // the newest
	RankEditors  = "editors"  // what the editors pinned, by its place
)

// A Block is one part of a digest's editions, with a heading of its own. An article stands in the first block that takes it.
type Block struct {
	Title   string // "": the section's name, or what the rank is called
	Rank    string
	Section string // slug: only its articles; "*": one such block for each section
	Count   int    // at most so many
	Words   int    // only articles of so many words and more
	Layout  string // "": the digest's
}

var digestName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Check returns what is wrong with dg in one sentence that begins with its name, or nil.
func (dg Digest) Check() error {
	if !digestName.MatchString(dg.Name) {
		return fmt.Errorf(`%q: a digest's name has only the letters a-z, digits and -, as "daily"`, dg.Name)
	}
	if _, err := dg.schedule(); err != nil {
		return err
	}
	for _, key := range []struct {
		name, value string
		allowed     []string
	}{
		{"rank", dg.Rank, ranks},
		{"when_thin", dg.WhenThin, []string{ThinFill, ThinSkip, ThinSend}},
		{"in_doubt", dg.InDoubt, []string{"resend", "skip"}},
		{"language", dg.Language, templates.Languages()},
	} {
		if !slices.Contains(key.allowed, key.value) {
			return fmt.Errorf("%s: %s %q: write one of %q", dg.Name, key.name, key.value, key.allowed)
		}
	}
	if err := dg.checkNumbers(); err != nil {
		return err
	}
	if err := dg.checkChoice(); err != nil {
		return err
	}
	if err := dg.checkEditors(); err != nil {
		return err
	}
	return dg.checkLetters()
}

// checkLetters checks how the letters look, and the rules for one article by mail. What was left out is as it always was.
func (dg Digest) checkLetters() error {
	if err := templates.CheckSubject(dg.Subject); err != nil {
		return fmt.Errorf("%s: %w", dg.Name, err)
	}
	layouts := templates.Layouts()
	if dg.Layout != "" && !slices.Contains(layouts, dg.Layout) {
		return fmt.Errorf("%s: layout %q: write one of %q", dg.Name, dg.Layout, layouts)
	}
	for i, layout := range dg.Layouts {
		switch {
		case !slices.Contains(layouts, layout):
			return fmt.Errorf("%s: layouts %q: write some of %q", dg.Name, layout, layouts)
		case slices.Contains(dg.Layouts[:i], layout):
			return fmt.Errorf("%s: layouts: %q stands in it twice", dg.Name, layout)
		case dg.Follows():
			return fmt.Errorf("%s: layouts: the letters of one article have a layout of their own; leave the key out, or the schedule %q", dg.Name, OnPublish)
		}
	}
	if dg.Text != "" && dg.Text != TextFull && dg.Text != TextSummary {
		return fmt.Errorf("%s: text %q: write one of %q", dg.Name, dg.Text, []string{TextFull, TextSummary})
	}
	if dg.Grace < 0 || dg.Grace > 7*24*time.Hour {
		return fmt.Errorf(`%s: grace %s: it must be from "0s" to "7d"`, dg.Name, dg.Grace)
	}
	return nil
}

func (dg Digest) checkNumbers() error {
	switch {
	case dg.Window < time.Minute:
		return fmt.Errorf(`%s: window %s: it must be a minute or longer, as "24h"`, dg.Name, dg.Window)
	case dg.Count < 1 || dg.Count > 1000:
		return fmt.Errorf("%s: count %d: it must be from 1 to 1000", dg.Name, dg.Count)
	case dg.Related < 0 || dg.Related > 100:
		return fmt.Errorf("%s: related %d: it must be from 0 to 100", dg.Name, dg.Related)
	case dg.MinItems < 0 || dg.MinItems > dg.Count:
		return fmt.Errorf("%s: min_items %d: it must be from 0 to count, which is %d", dg.Name, dg.MinItems, dg.Count)
	case dg.MaxAge <= 0 || dg.CatchUp <= 0 || dg.MaxLate <= 0:
		return fmt.Errorf("%s: max_age, catch_up and max_late must be longer than nothing", dg.Name)
	case dg.CatchUp > dg.MaxLate:
		return fmt.Errorf("%s: catch_up %s is longer than max_late %s: a slot caught up so late would have no time left for its letters", dg.Name, dg.CatchUp, dg.MaxLate)
	}
	return nil
}

// Looks are the layouts that readers can choose from for their letters, the digest's own first; none where there is no choice. One
// article by mail has its own.
func (dg Digest) Looks() []string {
	looks := []string{cmp.Or(dg.Layout, templates.LayoutList)}
	for _, layout := range dg.Layouts {
		if !slices.Contains(looks, layout) {
			looks = append(looks, layout)
		}
	}
	if len(looks) < 2 || dg.Follows() {
		return nil
	}
	return looks
}

// Follows reports whether dg mails each article as it is published, and so has no slots that could be told beforehand.
func (dg Digest) Follows() bool { return dg.Schedule == OnPublish }

func (dg Digest) schedule() (schedule, error) {
	if dg.Follows() && dg.Location != nil {
		return schedule{loc: dg.Location}, nil
	}
	s, err := parseSchedule(dg.Schedule, dg.Location)
	if err != nil {
		return schedule{}, fmt.Errorf("%s: %w", dg.Name, err)
	}
	return s, nil
}

// Next returns the n slots whose instants come after the given one, in their order. Slots that fall into the gap of a
// spring night are among them: their instant is the end of the gap, and only the last of several is published.
func (dg Digest) Next(after time.Time, n int) ([]Slot, error) {
	s, err := dg.schedule()
	if err != nil {
		return nil, err
	}
	wall := s.last(after).Wall
	if wall.IsZero() {
		wall = wallClock(after, dg.Location)
	}
	var slots []Slot
	for len(slots) < n {
		if wall = s.next(wall); wall.IsZero() {
			break
		}
		slots = append(slots, s.slot(wall))
	}
	return slots, nil
}

// Last returns the newest slot whose instant is not after now: the one that [Publisher.Send] publishes.
func (dg Digest) Last(now time.Time) (Slot, error) {
	s, err := dg.schedule()
	if err != nil {
		return Slot{}, err
	}
	slot := s.last(now)
	if dg.Follows() {
		return Slot{}, fmt.Errorf("%s has no slots of its own, as it mails articles when they are published: name an article, as in --article SLUG, or an edition", dg.Name)
	}
	if slot.IsZero() {
		return Slot{}, fmt.Errorf("%s: schedule %q had no slot in the last eight years", dg.Name, dg.Schedule)
	}
	return slot, nil
}

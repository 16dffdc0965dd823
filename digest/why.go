package digest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/reads"
)

// An Explanation says how an edition came to be what it is, in words.
type Explanation struct {
	Edition  Edition // its ID is 0 where the slot has none, and Head says why
	Head     []string
	Articles int64 // that were read in the window, as far as that is known now
	Reads    int64 // all of theirs, without those that came from letters
	Parts    []ExplainedPart
}

// An ExplainedPart is a block of an edition.
type ExplainedPart struct {
	Title  string
	Items  []Explained
	Absent []Explained // that nearly were in it
}

// An Explained is an article and why it is in an edition, or is not.
type Explained struct {
	Article int64
	Place   int // in its block, or where it would stand; 0: nowhere
	Title   string
	Reads   int64
	Score   float64
	Reason  string // a word: ReasonReads … or AbsentRepeated …
	Text    string // the same as a sentence
	Other   int64  // the article or edition that the reason is about; 0: none
	Value   float64
}

// Explain says why the edition of a slot is what it is, or why there is none.
func Explain(ctx context.Context, h db.Handle, dg Digest, slotName string) (Explanation, error) {
	w, err := openWhy(ctx, h, dg, slotName)
	if errors.Is(err, ErrNotFound) {
		return whyNone(ctx, h, dg, slotName)
	}
	if err == nil {
		err = w.explain(ctx)
	}
	if err != nil {
		return Explanation{}, fmt.Errorf("why %s of %s: %w", dg.Name, slotName, err)
	}
	return w.Explanation, nil
}

// A why is an explanation at work.
type why struct {
	Explanation
	h        db.Handle
	dg       Digest
	zone     *time.Location
	items    []blockItem
	absent   []Absent
	titles   map[int64]string // of articles that reasons are about
	editions map[int64]string // the days of editions that reasons are about
}

// A blockItem is an item with its place in its block.
type blockItem struct {
	Item
	place int
	date  time.Time
}

func openWhy(ctx context.Context, h db.Handle, dg Digest, slotName string) (*why, error) {
	e, err := FindEdition(ctx, h, dg.Name, slotName)
	if err != nil {
		return nil, err
	}
	w := &why{h: h, dg: dg, zone: dg.Location}
	w.Edition = e
	if zone, err := time.LoadLocation(e.zone); err == nil && e.zone != "" {
		w.zone = zone
	}
	return w, w.load(ctx)
}

// load reads what is kept of the choice.
func (w *why) load(ctx context.Context) error {
	items, err := Items(ctx, w.h, w.Edition.ID)
	if err == nil {
		w.absent, err = AbsentOf(ctx, w.h, w.Edition.ID)
	}
	if err == nil && w.Edition.Revision > 1 {
		err = w.addDropped(ctx)
	}
	if err != nil {
		return err
	}
	dates, places := map[int64]time.Time{}, map[int]int{}
	for _, i := range w.Edition.View.Items {
		dates[i.Article] = i.Date
	}
	for _, i := range items {
		places[i.Block]++
		w.items = append(w.items, blockItem{i, places[i.Block], dates[i.Article]})
	}
	return w.name(ctx)
}

// addDropped puts before what is absent what editors took out of the edition: what was in its first revision and is not in the present one.
func (w *why) addDropped(ctx context.Context) error {
	first, err := bodyOf(ctx, w.h, w.Edition.ID, 1, "")
	if err != nil {
		return err
	}
	there, places := map[int64]bool{}, map[int]int{}
	for _, i := range w.Edition.View.Items {
		there[i.Article] = true
	}
	var dropped []Absent
	for _, i := range first.Items {
		if places[i.Block]++; !there[i.Article] {
			dropped = append(dropped, Absent{Block: i.Block, Article: i.Article, Pos: places[i.Block], Title: i.Title, Reads: i.Reads, Score: i.Score, Reason: AbsentDropped})
		}
	}
	w.absent = append(dropped, w.absent...)
	return nil
}

// name finds the names of what reasons are about.
func (w *why) name(ctx context.Context) error {
	var others []int64
	for _, a := range w.absent {
		if a.Other != 0 {
			others = append(others, a.Other)
		}
	}
	titles, err := articleTitles(ctx, w.h, others)
	if err != nil {
		return err
	}
	w.titles, w.editions = map[int64]string{}, map[int64]string{}
	for id, l := range titles {
		w.titles[id] = l.Name
	}
	for _, i := range w.items {
		w.titles[i.Article] = i.Title
	}
	w.editions, err = editionDays(ctx, w.h, others, w.zone)
	return err
}

// query is the edition's window as it was counted.
func (w *why) query() reads.Query {
	q := reads.Query{From: w.Edition.Start, To: w.Edition.Until, Whole: true, WithoutSources: []string{"email"}}
	if s, err := w.dg.schedule(); err == nil {
		q.Whole = s.spec != nil && s.whole(w.Edition.Slot)
	}
	return q
}

func (w *why) explain(ctx context.Context) (err error) {
	if w.Articles, w.Reads, err = reads.Total(ctx, w.h, w.query()); err != nil {
		return err
	}
	w.Head = w.head()
	blocks := w.Edition.View.Parts()
	for number, b := range w.blocks() {
		part := ExplainedPart{Title: b}
		for _, i := range w.items {
			if i.Block == number {
				part.Items = append(part.Items, w.item(i))
			}
		}
		for _, a := range w.absent {
			if a.Block == number {
				part.Absent = append(part.Absent, w.missing(a))
			}
		}
		if len(part.Items)+len(part.Absent) > 0 || len(blocks) == 0 {
			w.Parts = append(w.Parts, part)
		}
	}
	return nil
}

// blocks are the headings of the blocks.
func (w *why) blocks() (all []string) {
	for _, b := range w.Edition.View.Blocks {
		all = append(all, headingOf(b.Rank, b.Title))
	}
	if len(all) == 0 {
		all = []string{headingOf(RankReads, "")} // an edition of old
	}
	return all
}

func headingOf(rank, title string) string {
	heading := map[string]string{RankReads: "Read most", RankAdjusted: "Read most, fair to what came late", RankLatest: "The latest",
		RankEditors: "The editors' choice", rankFill: "The latest, to fill it up"}[rank]
	switch {
	case heading == "":
		heading = rank
	case title != "":
		heading = strings.ToLower(heading[:1]) + heading[1:]
	}
	if title != "" {
		return title + " (" + heading + ")"
	}
	return heading
}

// head says what the edition is, when it covers, and how much was read in that time.
func (w *why) head() []string {
	e := w.Edition
	lines := []string{fmt.Sprintf("%s, the edition of %s: %s.", e.Digest, w.moment(e.Slot.At), w.fate())}
	if e.Article != 0 {
		return append(lines, "It brings one article.")
	}
	lines = append(lines, fmt.Sprintf("It covers what was read from %s until %s (%s): %s, %s, not counting those who came from a letter.",
		w.moment(e.Start), w.moment(e.Until), w.zone, counted(w.Articles, "article"), counted(w.Reads, "read")))
	if e.Revision > 1 {
		lines = append(lines, fmt.Sprintf("An editor changed it since it was chosen (revision %d%s): what follows says why its articles were chosen, not their order now.",
			e.Revision, byWhom(e.By)))
	}
	return lines
}

func byWhom(name string) string {
	if name == "" {
		return ""
	}
	return ", by " + name
}

// fate is what became of the edition.
func (w *why) fate() string {
	e := w.Edition
	reason := ""
	if e.Reason != "" {
		reason = ": " + e.Reason
	}
	switch e.State {
	case Held:
		return "it is held" + reason
	case Cancelled:
		return "it was cancelled, nobody got it" + reason
	case Finished:
		return "it was sent to " + counted(e.Recipients, "subscriber") + reason
	}
	return "it is being sent" + reason
}

// moment is a time in the digest's zone, as "24 November 2026, 08:00".
func (w *why) moment(t time.Time) string { return t.In(w.zone).Format("2 January 2006, 15:04") }

// day is a day as "24 November", with its year where that is not the edition's.
func (w *why) day(t time.Time) string { return dayNear(t, w.Edition.Until, w.zone) }

func dayNear(t, near time.Time, zone *time.Location) string {
	if t, near = t.In(zone), near.In(zone); t.Year() != near.Year() {
		return t.Format("2 January 2006")
	}
	return t.Format("2 January")
}

// whyNone says why a slot has no edition.
func whyNone(ctx context.Context, h db.Handle, dg Digest, slotName string) (Explanation, error) {
	slot, err := ParseSlot(slotName, dg.Location)
	if err != nil {
		return Explanation{}, err
	}
	x := Explanation{Edition: Edition{Digest: dg.Name, Slot: slot}}
	said := func(format string, args ...any) (Explanation, error) {
		x.Head = []string{fmt.Sprintf("%s has no edition of %s: ", dg.Name, slot.Wall.Format("2 January 2006, 15:04")) + fmt.Sprintf(format, args...)}
		return x, nil
	}
	all, err := Slots(ctx, h, dg.Name, 0)
	if err != nil {
		return x, err
	}
	for _, d := range all {
		if d.Slot.Wall.Equal(slot.Wall) {
			x.Edition.State, x.Edition.Reason = d.State, d.Reason
			return said("the slot was %s: %s. That was decided on %s.", strings.ReplaceAll(d.State, "_", " "), d.Reason, d.At.In(dg.Location).Format("2 January 2006, 15:04"))
		}
	}
	s, err := dg.schedule()
	if err != nil {
		return x, err
	}
	switch {
	case s.spec == nil || !s.next(slot.Wall.Add(-time.Nanosecond)).Equal(slot.Wall):
		return said("its schedule %q has no such slot; `vestnik digest next %s` shows the coming ones, `vestnik digest slots %s` the past.", dg.Schedule, dg.Name, dg.Name)
	case len(all) == 0 || slot.Wall.After(all[0].Slot.Wall):
		return said("nothing was decided about the slot yet. Either it has not come, or no daemon with the role cron has run since.")
	}
	return said("the slot is older than the first that was decided here.")
}

// editionDays are the days of the editions with the ids.
func editionDays(ctx context.Context, h db.Handle, ids []int64, zone *time.Location) (map[int64]string, error) {
	days := map[int64]string{}
	for _, id := range ids {
		if _, known := days[id]; known {
			continue
		}
		var at int64
		err := h.QueryRowContext(ctx, `SELECT COALESCE(MAX(slot_at), 0) FROM editions WHERE id = $1`, id).Scan(&at)
		if err != nil {
			return nil, err
		}
		if at != 0 {
			days[id] = db.Time(at).In(zone).Format("2 January 2006")
		}
	}
	return days, nil
}

// Names are the slugs of the articles, and the slots of the editions, that an explanation is about.
func Names(ctx context.Context, h db.Handle, x Explanation) (map[int64]string, error) {
	var ids []int64
	for _, part := range x.Parts {
		for _, some := range [][]Explained{part.Items, part.Absent} {
			for _, i := range some {
				ids = append(ids, i.Article)
				if i.Other != 0 {
					ids = append(ids, i.Other)
				}
			}
		}
	}
	labels, err := articleTitles(ctx, h, ids)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for id, l := range labels {
		names[id] = l.Slug
	}
	for _, id := range ids {
		if names[id] != "" {
			continue
		}
		e, err := EditionByID(ctx, h, id)
		if err == nil {
			names[id] = e.Slot.Name()
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	return names, nil
}

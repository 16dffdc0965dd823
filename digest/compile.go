package digest

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/mail"
	"vestnik/reads"
	"vestnik/templates"
)

// Reasons of items: why an article is in an edition.
const (
	ReasonReads   = templates.ReasonReads   // it was read most
	ReasonEditors = templates.ReasonEditors // the editors pinned it
	ReasonLatest  = templates.ReasonLatest  // it is among the latest
	ReasonFill    = templates.ReasonFill    // it is among the latest, as too few were read
	ReasonArticle = templates.ReasonArticle // the edition is this article
)

// Publisher is what publishing needs. Its fields are set once and not changed while it works; several may work on one
// database.
type Publisher struct {
	DB        *db.DB
	Site      templates.Site
	Articles  articles.Site
	Templates *templates.Set
	MostRead  reads.Rules // the house's, but for MaxAge, which is the digest's
	Identity  mail.Identity
	Banner    func(digest string, at time.Time) *templates.Banner // nil: none
	Editors   Editors                                             // signs the links to the editors' page
	Digests   []Digest                                            // as configured: the subject of a revision is made as its digest has it
	Log       *slog.Logger                                        // nil: silent

	chunk int // subscribers a transaction; 0 is 5,000
	first int // candidates that are fetched at first; 0 is some more than are wanted
}

// Skip is the error of an edition that should not be sent, with the reason, as "nothing to send: …".
type Skip string

func (s Skip) Error() string { return string(s) }

// Compile returns what the edition of a slot would be if it were made now; it writes nothing. Its window of reads begins
// where the last edition before the slot ended, at most twice dg.Window back, and ends at the slot. Its blocks are those of dg: what was
// read most in the window, by visits that did not come from a letter, for the last digest must not feed the next; what was published
// in it; what the editors pinned. If that is thin, the latest articles until now follow as dg.WhenThin says.
//
// The error is a [Skip] if the slot should be skipped; the view then holds what there was.
func (p Publisher) Compile(ctx context.Context, dg Digest, slot Slot, now time.Time) (templates.EditionView, error) {
	c, err := p.compiled(ctx, dg, slot, now)
	return c.view, err
}

// compiled is [Publisher.Compile] with what is absent.
func (p Publisher) compiled(ctx context.Context, dg Digest, slot Slot, now time.Time) (compiled, error) {
	m, err := p.making(ctx, dg, slot, now, time.Time{})
	var c compiled
	if err == nil {
		c, err = m.compile(ctx)
	}
	if _, skip := err.(Skip); err != nil && !skip {
		err = fmt.Errorf("%s: compile %s: %w", dg.Name, slot.Name(), err)
	}
	return c, err
}

// A compiled is an edition as it was chosen, and what nearly was in it.
type compiled struct {
	view   templates.EditionView
	absent []Absent
}

// A making is an edition of a slot at work.
type making struct {
	Publisher
	dg     Digest
	slot   Slot
	from   time.Time // the window is [from, slot.At)
	now    time.Time
	asOf   time.Time // zero: articles and pins as they are
	within []string  // sections; none: all
	pool   *pool
	tales  *teller
	pinned []candidate
	places map[int64]int // of pins, by article
	before map[int64]earlier
	taken  []int64 // what stands in the blocks so far
}

// making begins an edition. With a time asOf it is made as it would have been then.
func (p Publisher) making(ctx context.Context, dg Digest, slot Slot, now, asOf time.Time) (*making, error) {
	s, err := dg.schedule()
	if err != nil {
		return nil, err
	}
	m := &making{Publisher: p, dg: dg, slot: slot, now: now, asOf: asOf, within: dg.Sections, places: map[int64]int{}}
	if m.from, err = p.windowStart(ctx, dg, slot); err != nil {
		return nil, err
	}
	q := reads.Query{From: m.from, To: slot.At, Whole: s.whole(slot), WithoutSources: []string{"email"}}
	q.MaxAge = dg.MaxAge
	m.pool = &pool{h: p.DB, query: q, asOf: asOf, first: cmp.Or(p.first, dg.atFirst()), narrow: map[niche]fetched{}}
	m.tales = &teller{h: p.DB, known: map[int64]bool{}}
	if m.before, err = p.earlierOf(ctx, dg, slot); err != nil {
		return nil, err
	}
	return m, m.findPins(ctx)
}

// manyAdjusted is how many candidates are fetched at first where one may be lifted fourfold: to ask a second time costs far more.
const manyAdjusted = 2000

// atFirst is how many candidates are fetched at first: enough for the longest list and what is left out of it.
func (dg Digest) atFirst() int {
	most, adjusted := dg.Count, dg.Rank == RankAdjusted && len(dg.Blocks) == 0
	for _, b := range dg.Blocks {
		most, adjusted = max(most, b.Count), adjusted || b.Rank == RankAdjusted
	}
	if most = 2*most + 60; adjusted {
		most = max(most, manyAdjusted)
	}
	return most
}

// findPins finds what the editors pinned.
func (m *making) findPins(ctx context.Context) error {
	at := m.now
	if !m.asOf.IsZero() {
		at = m.asOf
	}
	pins, err := reads.Pins(ctx, m.DB, at)
	if err != nil || len(pins) == 0 {
		return err
	}
	order := map[int64]int{}
	ids := make([]int64, len(pins))
	for i, pin := range pins {
		m.places[pin.Article], order[pin.Article], ids[i] = pin.Place, i, pin.Article
	}
	found, err := reads.Facts(ctx, m.DB, m.pool.query, ids, m.asOf)
	slices.SortFunc(found, func(a, b reads.Candidate) int { return order[a.Article] - order[b.Article] })
	for _, c := range found {
		m.pinned = append(m.pinned, m.candidate(c))
	}
	return err
}

// candidate adds to what package reads knows of an article what this digest does.
func (m *making) candidate(c reads.Candidate) candidate {
	e := m.before[c.Article]
	return candidate{Candidate: c, place: m.places[c.Article], repeated: e.repeated, filled: e.filled}
}

// compile makes the edition.
func (m *making) compile(ctx context.Context) (compiled, error) {
	view := m.empty()
	lists, blocks, err := m.chooseAll(ctx)
	if err != nil {
		return compiled{view: view}, err
	}
	count := len(m.taken)
	if count < m.dg.MinItems && m.dg.WhenThin == ThinFill {
		fill := Block{Rank: rankFill, Count: m.dg.Count - count}
		c, err := m.fill(ctx, m.rulesOf(fill))
		if err != nil {
			return compiled{view: view}, err
		}
		lists, blocks = append(lists, c), append(blocks, fill)
		m.taken = append(m.taken, idsOf(c.list)...)
	}
	if len(m.taken) == 0 {
		return compiled{view: view}, Skip("nothing to send: no article was read or is new")
	}
	if m.dg.Collapse {
		tellStories(lists)
	}
	if err := m.lay(ctx, &view, lists, blocks); err != nil {
		return compiled{view: view}, err
	}
	c := compiled{view: view}
	if c.absent, err = m.nearly(ctx, lists); err != nil {
		return c, err
	}
	if count < m.dg.MinItems && m.dg.WhenThin == ThinSkip {
		return c, Skip(fmt.Sprintf("thin: articles read: %d, min_items: %d, when_thin: skip", count, m.dg.MinItems))
	}
	return c, nil
}

// empty is the edition without anything in it.
func (m *making) empty() templates.EditionView {
	dg, slot := m.dg, m.slot
	view := templates.EditionView{
		Digest: dg.Name, DigestTitle: dg.Title, Language: dg.Language, Layout: dg.Layout,
		Slot: slot.At.In(dg.Location), From: m.from.In(dg.Location), Until: slot.At.In(dg.Location),
		URL: m.Site.URL + "/digests/" + dg.Name + "/" + slot.Name(),
	}
	if m.Banner != nil {
		view.Banner = m.Banner(dg.Name, slot.At)
	}
	return view
}

// chooseAll chooses what stands in the blocks, the first first.
func (m *making) chooseAll(ctx context.Context) (lists []chosen, blocks []Block, err error) {
	if blocks, err = m.blocks(ctx); err != nil {
		return nil, nil, err
	}
	for _, b := range blocks {
		c, err := m.fill(ctx, m.rulesOf(b))
		if err != nil {
			return nil, nil, err
		}
		lists = append(lists, c)
		m.taken = append(m.taken, idsOf(c.list)...)
	}
	return lists, blocks, nil
}

// windowStart is where the window of a slot begins.
func (p Publisher) windowStart(ctx context.Context, dg Digest, slot Slot) (time.Time, error) {
	// By the instant, not by the wall clock: an extra edition may stand in the second of two equal hours. An edition from
	// the future, made when the machine's clock was wrong, does not count.
	ms, err := lastUntil(ctx, p.DB, dg.Name, slot)
	if err != nil {
		return time.Time{}, err
	}
	if ms == 0 {
		return slot.At.Add(-dg.Window), nil
	}
	return later(db.Time(ms), slot.At.Add(-2*dg.Window)), nil
}

// whole reports whether the edition of a slot leaves the reads of a begun hour to the next one, for reads are kept by the
// hour and none should count twice. An edition of this very minute, extra or of a digest more frequent than hourly, is
// rather about what is read now.
func (s schedule) whole(slot Slot) bool {
	if !s.next(slot.Wall.Add(-time.Nanosecond)).Equal(slot.Wall) {
		return false
	}
	next := s.slot(s.next(slot.Wall))
	return next.IsZero() || next.At.Sub(slot.At) >= time.Hour
}

// An earlier is the editions of the last dg.RepeatAfter that had an article.
type earlier struct {
	repeated int64 // for itself: once is enough
	filled   int64 // as one of the latest: it may come once more as read most
}

// earlierOf are the articles that the digest had of late. Editions that nobody got do not count.
func (p Publisher) earlierOf(ctx context.Context, dg Digest, slot Slot) (map[int64]earlier, error) {
	return p.earlierIn(ctx, dg, slot, `SELECT e.id, i.article, i.reason
		FROM editions AS e
		JOIN edition_items AS i ON i.edition = e.id
		WHERE e.digest = $1 AND e.slot_at > $2 AND e.slot_at < $3 AND`+public+` ORDER BY e.slot_at`)
}

func (p Publisher) earlierIn(ctx context.Context, dg Digest, slot Slot, query string, more ...any) (map[int64]earlier, error) {
	all := map[int64]earlier{}
	if dg.RepeatAfter <= 0 {
		return all, nil
	}
	args := append([]any{dg.Name, db.Milli(slot.At.Add(-dg.RepeatAfter)), db.Milli(slot.At)}, more...)
	_, err := db.Collect(ctx, p.DB, func(row *sql.Rows) (_ struct{}, err error) {
		var edition, article int64
		var reason string
		err = row.Scan(&edition, &article, &reason)
		one := all[article]
		if reason == ReasonFill || reason == ReasonLatest {
			one.filled = edition
		} else {
			one.repeated = edition
		}
		all[article] = one
		return struct{}{}, err
	}, query, args...)
	return all, err
}

// A line is an article of an edition with what is known of its place.
type line struct {
	article articles.Article
	pick    pick
	block   int
}

// lay puts what was chosen into the view, and what is related to it.
func (m *making) lay(ctx context.Context, view *templates.EditionView, lists []chosen, blocks []Block) error {
	found, err := m.chosenArticles(ctx, lists)
	if err != nil {
		return err
	}
	var list []line
	for i, l := range lists {
		b := templates.Block{Title: blocks[i].Title, Rank: blocks[i].Rank, Section: blocks[i].Section, Layout: blocks[i].Layout}
		for _, p := range l.list {
			a, there := found[p.Article]
			if !there {
				continue // removed a moment ago
			}
			if b.Title == "" && b.Section != "" {
				b.Title = a.Section.Name
			}
			list = append(list, line{a, p, i})
			view.Items = append(view.Items, m.item(a, p, i, len(list), found))
			if m.dg.tells(blocks[i]) {
				view.Items[len(view.Items)-1].Opening = templates.Opening(a.Text)
			}
		}
		view.Blocks = append(view.Blocks, b)
	}
	if len(list) == 0 {
		return Skip("nothing to send: no article was read or is new")
	}
	view.Subject = templates.SubjectLine(m.dg.Subject, m.dg.Language, *view)
	return m.relate(ctx, view, list)
}

// chosenArticles are the articles of the lists and of the stories under them.
func (m *making) chosenArticles(ctx context.Context, lists []chosen) (map[int64]articles.Article, error) {
	var ids []int64
	for _, l := range lists {
		for _, p := range l.list {
			ids = append(append(ids, p.Article), p.story...)
		}
	}
	all, err := articles.ByIDs(ctx, m.DB, ids)
	found := make(map[int64]articles.Article, len(all))
	for _, a := range all {
		if a.State != articles.Removed {
			found[a.ID] = a
		}
	}
	return found, err
}

func (m *making) item(a articles.Article, p pick, block, rank int, found map[int64]articles.Article) templates.Item {
	item := templates.Item{
		Rank: rank, Article: a.ID, Slug: a.Slug, Language: otherThan(m.dg.Language, a.Language), Title: a.Title,
		URL: a.Link(m.Articles), Standfirst: a.Standfirst, Section: a.Section.Name, Date: a.Published,
		Reads: p.Reads, Score: p.score, Reason: p.reason, Block: block, Image: a.Image, ImageAlt: a.ImageAlt, Minutes: minutes(a.Text),
	}
	for _, id := range p.story {
		if other, there := found[id]; there {
			item.Story = append(item.Story, m.headline(m.dg, other))
		}
	}
	return item
}

func (p Publisher) headline(dg Digest, a articles.Article) templates.Headline {
	h := templates.Headline{Title: a.Title, Language: otherThan(dg.Language, a.Language), URL: a.Link(p.Articles), Date: a.Published,
		Standfirst: a.Standfirst, Image: a.Image, Brief: a.Kind == articles.KindBrief}
	if a.Section.Slug != "" {
		h.Section = templates.Link{Title: a.Section.Name, URL: p.Site.URL + "/sections/" + a.Section.Slug}
	}
	return h
}

// otherThan is language where it differs from that of the whole, else "".
func otherThan(whole, language string) string {
	if language == whole {
		return ""
	}
	return language
}

package digest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/mail"
	"vestnik/templates"
)

// A Change is what an editor does to an edition. What is nil or empty stays as it is.
type Change struct {
	Subject    *string          // of the letters of the whole edition; those of chosen sections keep their own. "": as it would be by itself
	Note       *string          // above the list: plain text, paragraphs parted by an empty line; "": none
	Order      []int64          // the articles that stay, in this order within their blocks
	Drop       []int64          // the articles that go
	Titles     map[int64]string // headlines, by article
	Correction string           // what readers are told was wrong, of an edition that went out; "": they are told nothing
	Quiet      bool             // Correction stands on the edition's page, and no letter says it
	Out        bool             // the edition is known to have come out; where there is no Correction it is taken for one that is held
}

// Limits of what editors may write, in characters.
const (
	MaxSubject = 200
	MaxTitle   = 300
	MaxNote    = 4000
)

// A Revision is one state of an edition: the first as it was compiled, each of the others as an editor changed it. It never changes.
type Revision struct {
	Revision   int64
	Made       time.Time
	By         string // "" for the daemon
	What       string // in one line, for editors
	Note       string // what readers are told was wrong before; "": nothing
	Correction int64  // the ref of the letters that say so; 0: there are none
	Noted      time.Time
	Subject    string
	Hash       string           // of the content
	Letters    map[string]int64 // that are of this revision, by their states; leased ones are queued
	Notes      map[string]int64 // that say what was wrong before it, by their states
}

// Revise makes the next revision of an edition, of the one that the editor saw: while it is held, what will go out; of one that went
// out, a correction. Then letters that wait take it, those that are sent, in flight or in doubt keep theirs, and who got an earlier one
// is told so by letter, unless c says otherwise. Everything is made anew for each variant of the first revision; one that would be empty
// gets all of the edition.
//
// The error is [ErrStale] where somebody else was faster, and a [Refusal] where c cannot be; then nothing is changed.
func (p Publisher) Revise(ctx context.Context, edition, from int64, c Change, by string, now time.Time) (Edition, error) {
	e, err := EditionByID(ctx, p.DB, edition)
	if err == nil {
		err = e.mayRevise(from, c)
	}
	if err != nil {
		return Edition{}, fmt.Errorf("revise: %w", err)
	}
	next, r, variants, err := p.revision(ctx, e, c, oneLine(by), now)
	if err == nil {
		err = p.writeNext(ctx, e, next, r, variants)
	}
	if err != nil {
		return Edition{}, fmt.Errorf("revise %s: %w", e.label(), err)
	}
	return EditionByID(ctx, p.DB, edition)
}

func (e Edition) mayRevise(from int64, c Change) error {
	switch {
	case e.State == Cancelled:
		return e.notHeld()
	case e.Revision != from:
		return fmt.Errorf("%w: revision %d is there now, by %s, and not %d", ErrStale, e.Revision, named(e.By), from)
	case e.Public() && c.Correction == "" && !c.Out: // it was approved while the editor was still at it
		return fmt.Errorf("%w: %w", ErrStale, e.notHeld())
	case e.State == Held && c.Correction != "":
		return Refusal(e.label() + " is held, so nobody has got it who would have to be told of a mistake")
	}
	return nil
}

// revision makes what Revise writes.
func (p Publisher) revision(ctx context.Context, e Edition, c Change, by string, now time.Time) (Edition, Revision, []variant, error) {
	none := Revision{}
	views, err := bodies(ctx, p.DB, e.ID, e.Revision)
	if err != nil {
		return e, none, nil, err
	}
	first, err := bodies(ctx, p.DB, e.ID, 1)
	if err != nil {
		return e, none, nil, err
	}
	if c, err = c.checked(views); err != nil {
		return e, none, nil, err
	}
	made := now.UTC()
	if e.Public() { // a correction is younger than what it corrects, whatever the clock says
		made = later(made, e.Made.Add(time.Millisecond))
	}
	next := e
	next.Revision++
	changed := map[string]templates.EditionView{}
	for sections, view := range views {
		after := c.apply(view, views[""])
		after.Subject = p.subject(e, sections == "", c, first[sections].Subject, view, after)
		after.Revision = next.Revision
		if c.Correction != "" {
			after.Correction, after.Corrected = strings.TrimSpace(view.Correction+"\n\n"+c.Correction), made.In(view.Slot.Location())
		}
		changed[sections] = after
	}
	if len(changed[""].Items) == 0 {
		return e, none, nil, Refusal("no article would be left in " + e.label() + e.insteadOfEmpty())
	}
	for sections, view := range changed {
		if len(view.Items) == 0 {
			changed[sections] = changed[""]
		}
	}
	next.View, next.Subject, next.Hash, next.By = changed[""], changed[""].Subject, changed[""].Hash(), by
	r := Revision{Revision: next.Revision, Made: made, By: by, What: c.what(views), Note: c.Correction, Subject: next.Subject, Hash: next.Hash}
	if c.Correction != "" && !c.Quiet {
		r.Correction = db.NewID()
	}
	variants, err := p.variantsOf(ctx, e, next, changed)
	return next, r, variants, err
}

func (e Edition) insteadOfEmpty() string {
	if e.State == Held {
		return fmt.Sprintf("; to send nothing, write `vestnik digest cancel %s`", e.Digest)
	}
	return ""
}

// variantsOf composes the letters of the next revision for every variant that there is.
func (p Publisher) variantsOf(ctx context.Context, e, next Edition, views map[string]templates.EditionView) ([]variant, error) {
	names, err := mail.Variants(ctx, p.DB, e.ID, e.Revision)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var all []variant
	for _, name := range names {
		v := parseVariant(name)
		view, ok := views[v.sections]
		if !ok {
			return nil, fmt.Errorf("what is in %s is not kept", name)
		}
		v.view = view
		if v.master, err = p.master(next, v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// writeNext keeps a revision, if the edition is still as it was seen.
func (p Publisher) writeNext(ctx context.Context, e, next Edition, r Revision, variants []variant) error {
	notes, err := p.correctionMasters(next, r)
	if err != nil {
		return err
	}
	return p.DB.Tx(ctx, func(tx *sql.Tx) error {
		// First the edition's row: whoever writes down letters, approves or cancels waits for it, or has been faster.
		states := `state = 'held'`
		if e.Public() {
			states = `state IN ('enqueuing', 'sending', 'finished')`
		}
		done, err := db.Changed(ctx, tx, `UPDATE editions SET revision = $1, subject = $2 WHERE id = $3 AND revision = $4 AND `+states,
			next.Revision, db.Text(next.Subject), e.ID, e.Revision)
		if err != nil {
			return err
		}
		if !done {
			return ErrStale
		}
		if err := next.writeRevision(ctx, tx, r, variants); err != nil {
			return err
		}
		for language, m := range notes {
			if err := mail.PutMaster(ctx, tx, r.Correction, 1, language, m, r.Made); err != nil {
				return err
			}
		}
		if e.Public() {
			_, err = mail.Renew(ctx, tx, mail.KindDigest, e.ID, next.Revision)
		}
		return err
	})
}

// checked returns the change tidied up, or why it cannot be.
func (c Change) checked(views map[string]templates.EditionView) (Change, error) {
	known := map[int64]bool{}
	for _, v := range views {
		for _, i := range v.Items {
			known[i.Article] = true
		}
	}
	titles := map[int64]string{}
	for id, title := range c.Titles {
		if !known[id] {
			return c, Refusal(fmt.Sprintf("article %d is not in the edition, so it has no headline there", id))
		}
		if err := text("the headline", title, MaxTitle, false); err != nil {
			return c, err
		}
		if titles[id] = oneLine(title); titles[id] == "" {
			return c, Refusal("a headline must not be empty; to take the article out, drop it")
		}
	}
	c.Titles = titles
	seen := map[int64]bool{}
	for _, id := range c.Order {
		if !known[id] || seen[id] {
			return c, Refusal(fmt.Sprintf("the order names article %d %s", id, map[bool]string{true: "twice", false: "which is not in the edition"}[seen[id]]))
		}
		seen[id] = true
	}
	if c.Order != nil && len(c.Order) == 0 {
		return c, Refusal("the order names no article: an edition cannot be empty")
	}
	for _, id := range c.Drop {
		if !known[id] {
			return c, Refusal(fmt.Sprintf("article %d is not in the edition, so it cannot be dropped", id))
		}
	}
	return c.words()
}

// words checks what editors wrote for readers.
func (c Change) words() (Change, error) {
	if c.Subject != nil {
		if err := text("the subject", *c.Subject, MaxSubject, false); err != nil {
			return c, err
		}
		c.Subject = new(oneLine(*c.Subject))
	}
	if c.Note != nil {
		if err := text("the note", *c.Note, MaxNote, true); err != nil {
			return c, err
		}
		c.Note = new(tidy(*c.Note))
	}
	if err := text("the correction", c.Correction, MaxNote, true); err != nil {
		return c, err
	}
	c.Correction = tidy(c.Correction)
	if c.Subject == nil && c.Note == nil && c.Order == nil && len(c.Drop)+len(c.Titles) == 0 && c.Correction == "" {
		return c, Refusal("nothing is to be changed: name a subject, a note, an order, an article to drop or a headline")
	}
	return c, nil
}

// text refuses what is too long or holds characters that nobody sees.
func text(what, s string, most int, lines bool) error {
	if n := utf8.RuneCountInString(s); n > most {
		return Refusal(fmt.Sprintf("%s has %d characters; at most %d are allowed", what, n, most))
	}
	if !utf8.ValidString(s) {
		return Refusal(what + " is not valid UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) && !(lines && strings.ContainsRune("\r\n\t", r)) {
			return Refusal(fmt.Sprintf("%s holds a control character (%U); write it in one line of plain text", what, r))
		}
	}
	return nil
}

// tidy is plain text with paragraphs, with line ends of one kind and no space around it.
func tidy(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ").Replace(articles.Visible(s)))
}

// gone are the articles that the change takes out of the edition.
func (c Change) gone(whole templates.EditionView) map[int64]bool {
	gone := map[int64]bool{}
	for _, id := range c.Drop {
		gone[id] = true
	}
	for _, i := range whole.Items {
		if c.Order != nil && !slices.Contains(c.Order, i.Article) {
			gone[i.Article] = true
		}
	}
	return gone
}

// apply changes what a variant shows. Whole is all of the edition, which the order is about: what stands only in the variant keeps its place.
func (c Change) apply(view, whole templates.EditionView) templates.EditionView {
	gone := c.gone(whole)
	titles, away := map[string]string{}, map[string]bool{} // by address, for the headlines beside the list
	var items []templates.Item
	for _, i := range slices.Concat(whole.Items, view.Items) {
		if title := c.Titles[i.Article]; title != "" {
			titles[i.URL] = title
		}
		away[i.URL] = gone[i.Article]
	}
	headlines := func(list []templates.Headline) (kept []templates.Headline) {
		for _, h := range list {
			if title := titles[h.URL]; title != "" {
				h.Title = title
			}
			if !away[h.URL] {
				kept = append(kept, h)
			}
		}
		return kept
	}
	for _, i := range view.Items {
		if gone[i.Article] {
			continue
		}
		if title := c.Titles[i.Article]; title != "" {
			i.Title = title
		}
		i.Related, i.Story = headlines(i.Related), headlines(i.Story)
		items = append(items, i)
	}
	view.Items, view.Related = arrange(items, c.Order), headlines(view.Related)
	if c.Note != nil {
		view.Note = *c.Note
	}
	return view
}

// arrange puts those items that the order names into its order, within their blocks, and numbers all anew.
func arrange(items []templates.Item, order []int64) []templates.Item {
	place := map[int64]int{}
	for i, id := range order {
		place[id] = i
	}
	blocks := map[int][]int{} // where the named ones of each block stand
	for i, item := range items {
		if _, named := place[item.Article]; named {
			blocks[item.Block] = append(blocks[item.Block], i)
		}
	}
	arranged := slices.Clone(items)
	for _, at := range blocks {
		sorted := slices.SortedFunc(slices.Values(at), func(a, b int) int { return place[items[a].Article] - place[items[b].Article] })
		for i, from := range sorted {
			arranged[at[i]] = items[from]
		}
	}
	for i := range arranged {
		arranged[i].Rank = i + 1
	}
	return arranged
}

// subject is that of a variant after a change. Unless an editor wrote it, it goes with the headlines.
func (p Publisher) subject(e Edition, whole bool, c Change, compiled string, before, after templates.EditionView) string {
	line := func(view templates.EditionView) string {
		return templates.SubjectLine(p.subjectOf(e), view.Language, view)
	}
	switch {
	case whole && c.Subject != nil && *c.Subject != "":
		return *c.Subject
	case whole && c.Subject != nil:
		return line(after)
	case line(before) == line(after) || before.Subject != compiled && before.Subject != line(before):
		return before.Subject
	}
	return line(after)
}

// subjectOf is the template for an edition's subject.
func (p Publisher) subjectOf(e Edition) string {
	var dg Digest // one that is no longer configured
	if i := slices.IndexFunc(p.Digests, func(dg Digest) bool { return dg.Name == e.Digest }); i >= 0 {
		dg = p.Digests[i]
	}
	if e.Article != 0 {
		return dg.articleSubject()
	}
	return dg.Subject
}

// what says in one line what the change is.
func (c Change) what(views map[string]templates.EditionView) string {
	slugs := map[int64]string{}
	for _, v := range views {
		for _, i := range v.Items {
			slugs[i.Article] = i.Slug
		}
	}
	var parts []string
	named := func(verb string, ids []int64) {
		var names []string
		for _, id := range ids {
			names = append(names, slugs[id])
		}
		slices.Sort(names)
		if len(names) > 0 {
			parts = append(parts, verb+" "+strings.Join(names, ", "))
		}
	}
	gone := c.gone(views[""])
	named("dropped", slices.Collect(maps.Keys(gone)))
	named("headline of", slices.Collect(maps.Keys(c.Titles)))
	if c.Order != nil && !slices.Equal(c.Order, kept(views[""], gone)) {
		parts = append(parts, "order")
	}
	for _, one := range []struct {
		word string
		is   bool
	}{{"note", c.Note != nil}, {"subject", c.Subject != nil}, {"correction", c.Correction != ""}} {
		if one.is {
			parts = append(parts, one.word)
		}
	}
	if len(parts) == 0 {
		return "the same again"
	}
	return strings.Join(parts, "; ")
}

// kept are the articles of a view without some.
func kept(view templates.EditionView, gone map[int64]bool) (ids []int64) {
	for _, i := range view.Items {
		if !gone[i.Article] {
			ids = append(ids, i.Article)
		}
	}
	return ids
}

// Revisions returns those of an edition, the first one first, with what became of the letters of each.
func Revisions(ctx context.Context, h db.Handle, edition int64) ([]Revision, error) {
	all, err := History(ctx, h, edition)
	if err == nil {
		err = countLetters(ctx, h, edition, all)
	}
	if err != nil {
		return nil, fmt.Errorf("letters of the revisions of edition %d: %w", edition, err)
	}
	return all, nil
}

// History is [Revisions] without what became of the letters, of which there may be a million to count.
func History(ctx context.Context, h db.Handle, edition int64) ([]Revision, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (Revision, error) {
		r := Revision{Letters: map[string]int64{}, Notes: map[string]int64{}}
		var made, noted int64
		err := row.Scan(&r.Revision, &made, &r.By, &r.What, &r.Note, &r.Correction, &noted, &r.Subject, &r.Hash)
		r.Made, r.Noted = db.Time(made), db.Time(noted)
		return r, err
	}, `SELECT revision, made, by_whom, what, note, correction, noted, subject, hash FROM edition_revisions WHERE edition = $1 ORDER BY revision`, edition)
	if err != nil {
		return nil, fmt.Errorf("revisions of edition %d: %w", edition, err)
	}
	return all, nil
}

// countLetters sets how many letters there are of each revision, and about it.
func countLetters(ctx context.Context, h db.Handle, edition int64, all []Revision) error {
	count := func(query string, ref int64, set func(revision int64, state string, n int64)) error {
		_, err := db.Collect(ctx, h, func(row *sql.Rows) (struct{}, error) {
			var revision, n int64
			var state string
			err := row.Scan(&revision, &state, &n)
			if state == mail.StateLeased {
				state = mail.StateQueued
			}
			set(revision, state, n)
			return struct{}{}, err
		}, query, ref)
		return err
	}
	err := count(`SELECT revision, state, COUNT(*) FROM letters WHERE kind = 'digest' AND ref = $1 GROUP BY revision, state`, edition,
		func(revision int64, state string, n int64) {
			for _, r := range all {
				if r.Revision == revision {
					r.Letters[state] += n
				}
			}
		})
	for _, r := range all {
		if err == nil && r.Correction != 0 {
			err = count(`SELECT 0, state, COUNT(*) FROM letters WHERE kind = 'correction' AND ref = $1 GROUP BY state`, r.Correction,
				func(_ int64, state string, n int64) { r.Notes[state] += n })
		}
	}
	return err
}

// Slugs are the articles of an edition's present revision by their slugs, also those that stand only in letters of chosen sections.
func Slugs(ctx context.Context, h db.Handle, e Edition) (map[string]int64, error) {
	views, err := bodies(ctx, h, e.ID, e.Revision)
	slugs := map[string]int64{}
	for _, v := range views {
		for _, i := range v.Items {
			slugs[i.Slug] = i.Article
		}
	}
	return slugs, err
}

// Variants are the names of the letters of an edition's revision, sorted.
func Variants(ctx context.Context, h db.Handle, e Edition, revision int64) ([]string, error) {
	names, err := mail.Variants(ctx, h, e.ID, revision)
	slices.Sort(names)
	return names, err
}

// Letter is what readers of a variant get of an edition's revision (0: the present one), byte for byte, but for the holes where their own
// tokens belong, and the sentence about why they get it, which is the general one. A variant that there is not is a [Refusal].
func (p Publisher) Letter(ctx context.Context, e Edition, revision int64, variant string) (templates.Letter, error) {
	m, err := p.kept(ctx, e, revision, variant)
	if err != nil {
		return templates.Letter{}, err
	}
	return letterOf(m)
}

// letterOf is what is in a master copy.
func letterOf(m mail.Master) (l templates.Letter, err error) {
	if m, err = m.Filled(mail.Holes()); err != nil {
		return l, err
	}
	l.Subject, l.HTML, l.Text, err = mail.Unmaster(m)
	return l, err
}

// kept is the master copy of a variant.
func (p Publisher) kept(ctx context.Context, e Edition, revision int64, variant string) (mail.Master, error) {
	if revision == 0 {
		revision = e.Revision
	}
	if variant == "" {
		variant = e.Language
	}
	m, err := mail.GetMaster(ctx, p.DB, e.ID, revision, variant)
	if !errors.Is(err, mail.ErrNoMaster) {
		return m, err
	}
	if names, listErr := Variants(ctx, p.DB, e, revision); listErr == nil && !slices.Contains(names, variant) {
		if len(names) == 0 {
			return m, Refusal(fmt.Sprintf("%s has no revision %d; the present one is %d", e.label(), revision, e.Revision))
		}
		return m, Refusal(fmt.Sprintf("%s has no letters %q; there are %s", e.label(), variant, strings.Join(names, ", ")))
	}
	return m, err
}

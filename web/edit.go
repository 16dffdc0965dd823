package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vestnik/articles"
	"vestnik/digest"
	"vestnik/mail"
	"vestnik/subscribers"
	"vestnik/templates"
)

// The editors' page of an edition that waits for approval. The token in its address is the key to it, there is no login: GET shows the
// page and the letter as it will go out, POST acts. What is typed is sent along with every button, so moving a headline saves nothing
// and loses nothing. The form bears the revision it was made from; when another editor was faster, nothing is changed.

// maxEdit bounds the form: a digest may have hundreds of headlines.
const maxEdit = 1 << 20

// bodyLimit is how much of a request is read. The editors' page looks at its token before it reads anything.
func bodyLimit(r *http.Request) int64 {
	if strings.HasPrefix(r.URL.Path, "/edit/") {
		return maxEdit
	}
	return maxBody
}

var (
	// editPolicy lets the page show the letter in a frame.
	editPolicy = []string{"default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	// letterPolicy is that of the letter itself, whose styles are its own: no program runs, and only our page frames it.
	letterPolicy = []string{"default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; form-action 'none'; base-uri 'none'; " +
		"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"}
)

// An editDesk is what a request to the editors' page works with.
type editDesk struct {
	*Server
	w       http.ResponseWriter
	r       *http.Request
	edition digest.Edition
	editor  string
	lang    string
	page    templates.EditPage
}

// editDesk opens the edition that the token in the address names.
func (s *Server) editDesk(w http.ResponseWriter, r *http.Request) (*editDesk, error) {
	id, editor, err := s.Publisher.Editors.Parse(r.PathValue("token"), s.Now())
	if err != nil {
		return nil, err
	}
	e, err := digest.EditionByID(r.Context(), s.DB, id)
	if errors.Is(err, digest.ErrNotFound) { // it was cancelled, and made anew
		err = digest.ErrLinkExpired
	}
	return &editDesk{Server: s, w: w, r: r, edition: e, editor: editor, lang: spoken(e.Language, s.Site.Language)}, err
}

func (s *Server) editForm(w http.ResponseWriter, r *http.Request) error {
	d, err := s.editDesk(w, r)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("saved") == strconv.FormatInt(d.edition.Revision, 10) {
		d.page.Saved = true
		if r.URL.Query().Has("approve") {
			d.page.Saved, d.page.Notice = false, d.text("edit_save_first")
		}
	}
	return d.show(http.StatusOK, d.stored())
}

// editLetter is the letter of one variant as it goes out.
func (s *Server) editLetter(w http.ResponseWriter, r *http.Request) error {
	d, err := s.editDesk(w, r)
	if err != nil {
		return err
	}
	letter, err := s.Publisher.Letter(r.Context(), d.edition, d.edition.Revision, r.URL.Query().Get("variant"))
	var no digest.Refusal
	if errors.As(err, &no) { // there is no such variant
		err = errNotFound
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h["Content-Security-Policy"] = letterPolicy
	body := letter.HTML
	h.Set("Content-Type", "text/html; charset=utf-8")
	if r.URL.Query().Get("part") == "text" {
		body = letter.Text
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	reply(w, r, http.StatusOK, []byte(body))
	return nil
}

// edit does what the button says.
func (s *Server) edit(w http.ResponseWriter, r *http.Request) error {
	d, err := s.editDesk(w, r)
	if err == nil {
		err = parseForm(r)
	}
	if err != nil {
		return err
	}
	f, err := d.typed()
	switch {
	case err != nil:
		return err
	case d.edition.State != digest.Held:
		return d.decided()
	case f.revision != d.edition.Revision:
		return d.stale(f)
	}
	switch do := r.PostForm.Get("do"); {
	case r.PostForm.Has("up") || r.PostForm.Has("down"):
		d.page.Moved = true
		return d.show(http.StatusOK, f)
	case do == "save" || do == "approve":
		return d.save(f, do == "approve")
	case do == "cancel":
		return d.after(f, s.Publisher.Cancel(r.Context(), d.edition.ID, d.editor, "", s.Now()), "")
	default:
		return fmt.Errorf("edit: do %.20q: %w", do, errForm)
	}
}

// save makes a new revision of what was changed. Approving is for what the editor has seen: with changes it saves them, and shows
// the letter again.
func (d *editDesk) save(f editing, approve bool) error {
	change, changed := f.change(d.edition)
	if field, sentence := d.refuse(f); field != "" {
		d.page.Wrong, d.page.Error = field, sentence
		return d.show(http.StatusBadRequest, f)
	}
	switch {
	case changed:
		e, err := d.Publisher.Revise(d.r.Context(), d.edition.ID, f.revision, change, d.editor, d.Now())
		query := "?saved=" + strconv.FormatInt(e.Revision, 10)
		if approve {
			query += "&approve"
		}
		return d.after(f, err, query)
	case approve:
		_, err := d.Publisher.Approve(d.r.Context(), d.edition.ID, f.revision, d.editor, d.Now())
		return d.after(f, err, "")
	}
	d.page.Notice = d.text("edit_unchanged")
	return d.show(http.StatusOK, f)
}

// after sends the browser to the page anew, so that loading it again does nothing twice; or says why nothing was done.
func (d *editDesk) after(f editing, err error, query string) error {
	var no digest.Refusal
	var gone digest.Withdrawn
	switch {
	case err == nil:
		d.w.Header().Set("Location", d.action()+query)
		d.w.WriteHeader(http.StatusSeeOther)
		return nil
	case errors.As(err, &gone):
		return d.withdrawn(f, gone)
	case !errors.Is(err, digest.ErrStale) && !errors.As(err, &no):
		return err
	}
	fresh, again := digest.EditionByID(d.r.Context(), d.DB, d.edition.ID)
	if again != nil {
		return again
	}
	d.edition = fresh
	switch {
	case fresh.State != digest.Held:
		return d.decided()
	case fresh.Revision != f.revision:
		return d.stale(f)
	case !fresh.ApproveBy.After(d.Now()):
		d.page.Error = d.text("edit_too_late")
	default:
		d.page.Error = cmp.Or(string(no), d.text("edit_stale"))
	}
	return d.show(http.StatusConflict, f)
}

func (d *editDesk) decided() error {
	d.page.Error = d.text("edit_decided")
	return d.show(http.StatusConflict, d.stored())
}

// stale shows what was typed over what another editor has made of the edition.
func (d *editDesk) stale(f editing) error {
	d.page.Stale = true
	there := map[int64]bool{}
	for _, item := range d.edition.View.Items {
		there[item.Article] = true
	}
	for _, id := range f.order {
		if !there[id] && strings.TrimSpace(f.titles[id]) != "" {
			d.page.Gone = append(d.page.Gone, f.titles[id])
		}
	}
	return d.show(http.StatusConflict, f)
}

// withdrawn says which articles the edition must not go out with. What stands in the list is marked to be dropped; what is only in letters
// of chosen sections the sentence says how to take out.
func (d *editDesk) withdrawn(f editing, gone digest.Withdrawn) error {
	var titles []string
	for _, item := range gone.Items {
		f.dropped[item.Article] = true
		if slices.Contains(f.order, item.Article) {
			titles = append(titles, item.Title)
		}
	}
	d.page.Error = string(gone.Refusal)
	if len(titles) == len(gone.Items) {
		d.page.Error = d.text("edit_withdrawn", strings.Join(titles, "; "))
	}
	return d.show(http.StatusConflict, f)
}

func (d *editDesk) action() string { return "/edit/" + d.r.PathValue("token") }

func (d *editDesk) text(key string, args ...any) string { return templates.Text(d.lang, key, args...) }

// refuse finds what cannot be saved: the field, and a sentence for the editor.
func (d *editDesk) refuse(f editing) (field, sentence string) {
	switch {
	case f.subject != d.edition.Subject && utf8.RuneCountInString(f.subject) > digest.MaxSubject:
		return "subject", d.text("edit_long", digest.MaxSubject)
	case utf8.RuneCountInString(f.note) > digest.MaxNote:
		return "note", d.text("edit_long", digest.MaxNote)
	}
	kept := 0
	for _, item := range d.edition.View.Items {
		if f.dropped[item.Article] {
			continue
		}
		kept++
		switch title := f.titleOf(item); {
		case title == item.Title: // as long as it came
		case title == "":
			return titleField(item.Article), d.text("edit_no_title")
		case utf8.RuneCountInString(title) > digest.MaxTitle:
			return titleField(item.Article), d.text("edit_long", digest.MaxTitle)
		}
	}
	if kept == 0 {
		return "items", d.text("edit_no_items")
	}
	return "", ""
}

func titleField(article int64) string { return "title." + strconv.FormatInt(article, 10) }

// show sends the page as things are, with what was typed.
func (d *editDesk) show(status int, f editing) error {
	if err := d.fill(d.r.Context(), f); err != nil {
		return err
	}
	d.w.Header()["Content-Security-Policy"] = editPolicy
	p := d.barePage(d.lang)
	p.Title, p.NoIndex, p.Feeds, p.Edit = d.edition.Title, true, nil, &d.page
	if d.page.Error != "" || d.page.Stale { // what a screen reader says first
		p.Title = cmp.Or(d.page.Error, d.text("edit_stale"))
	}
	if status != http.StatusOK {
		p.Status = status
	}
	return d.send(d.w, d.r, "edit.html", p)
}

// fill sets the page's fields from what is stored and what was typed.
func (d *editDesk) fill(ctx context.Context, f editing) (err error) {
	e, p := d.edition, &d.page
	zone := e.View.Slot.Location()
	p.Action, p.Letter, p.Editor = d.action(), d.action()+"/letter", d.editor
	p.Edition, p.Revision, p.State = e.View, e.Revision, e.State
	p.Until, p.Now = e.ApproveBy.In(zone), d.Now().In(zone)
	p.Subject, p.Note, p.Parts = f.subject, f.note, d.parts(f)
	if p.Variants, err = d.variants(ctx); err != nil {
		return err
	}
	revisions, err := digest.History(ctx, d.DB, e.ID)
	if err != nil {
		return err
	}
	for _, one := range slices.Backward(revisions) {
		p.History = append(p.History, templates.EditStep{Revision: one.Revision, At: one.Made.In(zone), By: one.By, What: one.What})
	}
	if p.Waits() {
		p.Audience, err = d.audience(ctx)
		return err
	}
	return d.outcome(ctx)
}

// audience is how many would get the edition now.
func (d *editDesk) audience(ctx context.Context) (n int64, err error) {
	totals, err := subscribers.Count(ctx, d.DB)
	for _, t := range totals {
		if t.Digest == d.edition.Digest && t.State == subscribers.Active {
			n = t.N
		}
	}
	return n, err
}

// outcome says what became of an edition that does not wait any more, and which command would mend it.
func (d *editDesk) outcome(ctx context.Context) error {
	e := d.edition
	o := templates.EditOutcome{By: e.ApprovedBy, Reason: e.Reason, Command: "vestnik digest send " + e.Digest}
	if e.State != digest.Cancelled {
		b, err := mail.BalanceOf(ctx, d.DB, mail.KindDigest, e.ID)
		if err != nil {
			return err
		}
		o.Letters, o.Sent = b.Recipients, b.Sent
		o.Command = "vestnik digest correct " + e.Digest + " " + e.Slot.Name() + " --note \"…\""
	}
	d.page.Outcome = o
	return nil
}

// variants are those of the letter: first the digest's own language with all sections, then the other whole ones.
func (d *editDesk) variants(ctx context.Context) ([]templates.Choice, error) {
	names, err := mail.Variants(ctx, d.DB, d.edition.ID, d.edition.Revision)
	if err != nil {
		return nil, err
	}
	weight := func(name string) int {
		look, sections, _ := strings.Cut(name, "/")
		language, layout, _ := strings.Cut(look, ".")
		w := len(sections)
		if layout != "" {
			w += 1 << 12
		}
		if language != d.edition.Language {
			w += 1 << 11
		}
		return w
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(weight(a), weight(b)), strings.Compare(a, b)) })
	var all []templates.Choice
	for _, name := range names {
		all = append(all, templates.Choice{Name: name, Title: d.variantTitle(name)})
	}
	return all, nil
}

// variantTitle words a variant's name, as "ru.cards/kino,teatr": "Русский, с картинками: kino, teatr".
func (d *editDesk) variantTitle(name string) string {
	look, sections, _ := strings.Cut(name, "/")
	language, layout, _ := strings.Cut(look, ".")
	title := templates.LanguageName(language)
	if layout != "" {
		title += ", " + d.text("edit_layout_"+layout)
	}
	if sections != "" {
		title += ": " + strings.ReplaceAll(sections, ",", ", ")
	}
	return title
}

// An editing is what the form says.
type editing struct {
	revision int64
	subject  string
	note     string
	order    []int64 // articles, also those to be dropped
	titles   map[int64]string
	dropped  map[int64]bool
}

// stored is the form as the edition is.
func (d *editDesk) stored() editing {
	f := editing{revision: d.edition.Revision, subject: d.edition.Subject, note: d.edition.View.Note}
	for _, item := range d.edition.View.Items {
		f.order = append(f.order, item.Article)
	}
	return f
}

// typed reads the form: the headlines in the order that the numbers and the pressed button give them.
func (d *editDesk) typed() (f editing, err error) {
	form := d.r.PostForm
	if f.revision, err = strconv.ParseInt(form.Get("revision"), 10, 64); err != nil {
		return f, fmt.Errorf("edit: revision %.20q: %w", form.Get("revision"), errForm)
	}
	f.subject, f.note = sent(form.Get("subject"), d.edition.Subject), lines(form.Get("note"))
	f.titles, f.dropped = map[int64]string{}, map[int64]bool{}
	was := map[int64]string{}
	for _, item := range d.edition.View.Items {
		was[item.Article] = item.Title
	}
	for _, text := range form["item"] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || slices.Contains(f.order, id) {
			return f, fmt.Errorf("edit: item %.20q: %w", text, errForm)
		}
		f.order = append(f.order, id)
		f.titles[id] = sent(form.Get(titleField(id)), was[id])
		f.dropped[id] = slices.Contains(form["drop"], text)
	}
	d.arrange(&f)
	return f, nil
}

// sent is what a field holds, or was itself where the browser has only sent it back: nobody has touched that.
func sent(typed, was string) string {
	if typed = articles.Typed(typed); typed == articles.Typed(was) {
		return was
	}
	return typed
}

// lines is a text of several lines as an editor typed it, without what nobody sees.
func lines(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' || r == utf8.RuneError {
			return -1
		}
		return r
	}, articles.Visible(strings.ReplaceAll(s, "\t", " "))))
}

// arrange puts the headlines of each part in the order that was typed: a number moves its headline before the one that stood
// there, or behind it where it goes down. Then a pressed arrow moves one by one place.
func (d *editDesk) arrange(f *editing) {
	form := d.r.PostForm
	var order []int64
	for _, part := range d.edition.View.Parts() {
		ids := f.in(part)
		place := map[int64]float64{}
		for i, id := range ids {
			place[id] = float64(i + 1)
			if n, err := strconv.Atoi(strings.TrimSpace(form.Get("pos." + strconv.FormatInt(id, 10)))); err == nil && n != i+1 {
				place[id] = float64(n) + map[bool]float64{true: -0.5, false: 0.5}[n < i+1]
			}
		}
		slices.SortStableFunc(ids, func(a, b int64) int { return cmp.Compare(place[a], place[b]) })
		for button, by := range map[string]int{"up": -1, "down": 1} {
			id, _ := strconv.ParseInt(form.Get(button), 10, 64)
			if i := slices.Index(ids, id); i >= 0 && i+by >= 0 && i+by < len(ids) {
				ids[i], ids[i+by] = ids[i+by], ids[i]
			}
		}
		order = append(order, ids...)
	}
	for _, id := range f.order { // those that another editor has dropped
		if !slices.Contains(order, id) {
			order = append(order, id)
		}
	}
	f.order = order
}

// in are the articles of a part in the form's order, and behind them those that the form lacks.
func (f editing) in(part templates.Part) (ids []int64) {
	for _, item := range part.Items {
		ids = append(ids, item.Article)
	}
	slices.SortStableFunc(ids, func(a, b int64) int {
		i, j := slices.Index(f.order, a), slices.Index(f.order, b)
		if i < 0 || j < 0 {
			return cmp.Compare(j, i) // -1, which the form lacks, goes behind
		}
		return cmp.Compare(i, j)
	})
	return ids
}

// titleOf is the headline as typed, or as it is where the form lacks it.
func (f editing) titleOf(item templates.Item) string {
	if title, ok := f.titles[item.Article]; ok {
		return title
	}
	return item.Title
}

// parts are the lines of the form.
func (d *editDesk) parts(f editing) (all []templates.EditPart) {
	for _, part := range d.edition.View.Parts() {
		p := templates.EditPart{Heading: templates.PartHeading(d.lang, part.Block)}
		ids := f.in(part)
		for i, id := range ids {
			item := part.Items[slices.IndexFunc(part.Items, func(item templates.Item) bool { return item.Article == id })]
			item.Date = inZone(item.Date, d.Site.Location)
			p.Items = append(p.Items, templates.EditItem{Item: item, Typed: f.titleOf(item), Number: strconv.Itoa(i + 1), Dropped: f.dropped[id],
				First: i == 0, Last: i == len(ids)-1, Wrong: d.page.Wrong == titleField(id)})
		}
		all = append(all, p)
	}
	return all
}

func inZone(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}

// change is how what was typed differs from the edition.
func (f editing) change(e digest.Edition) (c digest.Change, changed bool) {
	if f.subject != e.Subject {
		c.Subject, changed = &f.subject, true
	}
	if f.note != e.View.Note {
		c.Note, changed = &f.note, true
	}
	var before, kept []int64
	titles := map[int64]string{}
	for _, item := range e.View.Items {
		before = append(before, item.Article)
		if title := f.titleOf(item); title != item.Title && !f.dropped[item.Article] {
			titles[item.Article] = title
		}
	}
	for _, id := range f.order {
		if !f.dropped[id] && slices.Contains(before, id) {
			kept = append(kept, id)
		}
	}
	if len(titles) > 0 {
		c.Titles, changed = titles, true
	}
	if !slices.Equal(before, kept) {
		c.Order, changed = kept, true
	}
	return c, changed
}

package web

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/subscribers"
	"vestnik/templates"
)

// The page of preferences belongs to who holds the link of a letter. GET shows it, and a POST to the same address does what its
// field "do" names: so the address can be opened again whatever was done last.

// A desk is what a request to the page of preferences works with.
type desk struct {
	*Server
	w    http.ResponseWriter
	r    *http.Request
	who  subscribers.Subscriber
	lang string
	page templates.Preferences
}

// acts are what the forms of the page do. Each returns the page's "done".
var acts = map[string]func(d *desk) (done string, err error){
	"": (*desk).save, "save": (*desk).save, "pause": (*desk).pause, "resume": (*desk).resume, "move": (*desk).move, "stop": (*desk).stop,
}

// A refusal is what a form brought that cannot be: the field, and a sentence for the reader.
type refusal struct{ field, sentence string }

func (r refusal) Error() string { return "preferences: " + r.field + ": " + r.sentence }

func (s *Server) preferencesForm(w http.ResponseWriter, r *http.Request) error {
	d, err := s.newDesk(w, r)
	if err != nil {
		return err
	}
	return d.show(http.StatusOK)
}

func (s *Server) preferences(w http.ResponseWriter, r *http.Request) error {
	started := time.Now()
	if err := parseForm(r); err != nil {
		return err
	}
	d, err := s.newDesk(w, r)
	if err != nil {
		return err
	}
	do := r.PostForm.Get("do")
	if do == "data" {
		return d.data()
	}
	act, ok := acts[do]
	if !ok {
		return fmt.Errorf("preferences: do %.20q: %w", do, errForm)
	}
	done, err := act(d)
	var no refusal
	if errors.As(err, &no) {
		d.page.Wrong, d.page.Error = no.field, no.sentence
		return d.show(http.StatusBadRequest)
	}
	if err != nil {
		return err
	}
	if do == "move" {
		s.sameTime(r.Context(), started) // which must not tell whether the new address is known
	}
	if d.who, err = subscribers.Get(r.Context(), s.DB, d.who.ID); err != nil {
		return err
	}
	d.page.Done = done
	return d.show(http.StatusOK)
}

func (s *Server) newDesk(w http.ResponseWriter, r *http.Request) (*desk, error) {
	who, _, err := s.Subscribers.Keys.Open(r.Context(), s.DB, subscribers.PurposePreferences, r.PathValue("token"))
	if err == nil && who.Email == "" { // erased
		err = subscribers.ErrNotFound
	}
	return &desk{Server: s, w: w, r: r, who: who, lang: spoken(s.languageOf(who), s.Site.Language)}, err
}

// tx runs f in a transaction.
func (d *desk) tx(f func(ctx context.Context, tx *sql.Tx) error) error {
	return d.DB.Tx(d.r.Context(), func(tx *sql.Tx) error { return f(d.r.Context(), tx) })
}

// show sends the page as things are now.
func (d *desk) show(status int) error {
	d.lang = spoken(d.languageOf(d.who), d.Site.Language)
	if err := d.fill(); err != nil {
		return err
	}
	p := d.newPage(d.r, d.lang)
	p.Title, p.NoIndex, p.Banner, p.Prefs = templates.Text(d.lang, "preferences_heading"), true, nil, &d.page
	if d.page.Done != "" {
		p.Title = templates.Text(d.lang, "done_"+d.page.Done)
	}
	if status != http.StatusOK {
		p.Status = status
	}
	return d.send(d.w, d.r, "preferences.html", p)
}

// fill sets the page's fields from what is stored, but for those that a form brought and that were refused.
func (d *desk) fill() (err error) {
	now := d.Now()
	p := &d.page
	p.Action, p.Email = "/preferences/"+d.r.PathValue("token"), d.who.Email
	p.Erase = p.Action + "/erase"
	if p.Groups, err = d.groups(); err != nil {
		return err
	}
	if p.Moving, err = subscribers.Moving(d.r.Context(), d.DB, d.who.ID, now); err != nil {
		return err
	}
	for _, l := range append([]string{""}, templates.Languages()...) {
		c := templates.Choice{Name: l, Chosen: l == d.who.Language}
		if l != "" {
			c.Title = templates.LanguageName(l)
		}
		p.Langs = append(p.Langs, c)
	}
	p.Hours, p.Zones = hours(d.who.Hour), d.zones(now)
	for _, u := range d.who.Subscriptions {
		switch u.State {
		case subscribers.Active:
			p.Pausable = true
		case subscribers.Paused:
			p.Paused = append(p.Paused, templates.Headline{Title: d.digestTitle(u.Digest), Date: u.Until.In(d.zone())})
		}
	}
	p.From, p.To = now.In(d.zone()).AddDate(0, 0, 1).Format(time.DateOnly), now.In(d.zone()).AddDate(1, 0, 0).Format(time.DateOnly)
	return nil
}

// zone is the reader's, or the site's.
func (d *desk) zone() *time.Location {
	if loc, err := time.LoadLocation(d.who.Timezone); err == nil && d.who.Timezone != "" {
		return loc
	}
	return d.Site.Location
}

func hours(chosen int) []templates.Choice {
	all := []templates.Choice{{Chosen: chosen < 0}}
	for h := range 24 {
		all = append(all, templates.Choice{Name: strconv.Itoa(h), Title: fmt.Sprintf("%02d:00", h), Chosen: h == chosen})
	}
	return all
}

// zoneNames are the zones of the list, from west to east within a country; any other can be typed.
var zoneNames = strings.Fields(`Europe/Kaliningrad Europe/Moscow Europe/Samara Asia/Yekaterinburg Asia/Omsk Asia/Novosibirsk Asia/Krasnoyarsk
	Asia/Irkutsk Asia/Yakutsk Asia/Vladivostok Asia/Magadan Asia/Sakhalin Asia/Kamchatka Europe/Minsk Asia/Tbilisi Asia/Yerevan Asia/Baku Asia/Tashkent
	Asia/Almaty Europe/Istanbul Asia/Jerusalem Asia/Dubai Asia/Kolkata Asia/Bangkok Asia/Shanghai Asia/Seoul Asia/Tokyo Australia/Sydney Europe/Helsinki
	Europe/Berlin Europe/Paris Europe/London America/Sao_Paulo America/New_York America/Chicago America/Denver America/Los_Angeles UTC`)

func (d *desk) zones(now time.Time) []templates.Choice {
	names := zoneNames
	for _, own := range []string{d.Site.Location.String(), d.who.Timezone} {
		if own != "" && own != "Local" && !slices.Contains(names, own) {
			names = append([]string{own}, names...)
		}
	}
	all := []templates.Choice{{Chosen: d.who.Timezone == ""}}
	for _, name := range names {
		loc, err := time.LoadLocation(name)
		if err != nil {
			continue
		}
		title := name
		if slices.Contains(zoneNames, name) {
			title = templates.Text(d.lang, "zone_"+strings.ReplaceAll(name, "/", "_"))
		}
		all = append(all, templates.Choice{Name: name, Title: title + " (UTC" + now.In(loc).Format("-07:00") + ")", Chosen: name == d.who.Timezone})
	}
	return all
}

// groups are the digests that can be chosen, those of one kind together.
func (d *desk) groups() (all []templates.DigestGroup, err error) {
	sections, err := d.sections()
	if err != nil {
		return nil, err
	}
	for _, family := range d.families() {
		base := family[0]
		u := d.who.Subscription(base.Name)
		g := templates.DigestGroup{Name: base.Name, Title: base.Title, Note: d.note(base), Chosen: wanted(u), Pending: u.State == subscribers.Pending}
		if len(family) > 1 {
			g.Chosen, g.Pending = false, false
			g.Rhythms = d.rhythms(family)
			u = d.who.Subscription(d.taken(family))
		}
		for _, c := range sections {
			c.Chosen = slices.Contains(u.Sections, c.Name)
			g.Sections = append(g.Sections, c)
		}
		g.Layouts = d.layouts(family, u.Layout)
		all = append(all, g)
	}
	return all, nil
}

// layouts are those that the letters of a family can have. Who has chosen none, or one that is not offered any more, has that of the
// first.
func (d *desk) layouts(family []DigestInfo, chosen string) (all []templates.Choice) {
	offered := layoutsOf(family)
	if !slices.Contains(offered, chosen) && len(offered) > 0 {
		chosen = offered[0]
	}
	for _, name := range offered {
		all = append(all, templates.Choice{Name: name, Title: templates.Text(d.lang, "layout_"+name), Chosen: name == chosen})
	}
	return all
}

// layoutsOf are the layouts that readers can choose from in a family, none where there is but one.
func layoutsOf(family []DigestInfo) (all []string) {
	for _, one := range family {
		if len(one.Layouts) < 2 {
			continue
		}
		for _, name := range one.Layouts {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// families are the digests on offer: each alone, or with its calmer rhythms behind it.
func (s *Server) families() (all [][]DigestInfo) {
	for _, base := range s.Digests {
		if base.BestOf != "" {
			continue
		}
		family := []DigestInfo{base}
		for _, other := range s.Digests {
			if other.BestOf == base.Name {
				family = append(family, other)
			}
		}
		all = append(all, family)
	}
	return all
}

// note says when a digest comes, in the page's language.
func (d *desk) note(of DigestInfo) string {
	if of.Language != d.lang {
		return "" // the configuration has words for its own alone
	}
	return of.Rhythm
}

// wanted tells whether a digest comes, or will when its pause is over.
func wanted(u subscribers.Subscription) bool {
	return u.State == subscribers.Active || u.State == subscribers.Paused
}

// coming are those of a family that come.
func (d *desk) coming(family []DigestInfo) (names, titles []string) {
	for _, one := range family {
		if wanted(d.who.Subscription(one.Name)) {
			names, titles = append(names, one.Name), append(titles, one.Title)
		}
	}
	return names, titles
}

// taken is the first of a family that comes, or the family's first.
func (d *desk) taken(family []DigestInfo) string {
	names, _ := d.coming(family)
	return append(names, family[0].Name)[0]
}

// rhythms are the choices of a family. Who gets several of them, which joining allows, may keep it so.
func (d *desk) rhythms(family []DigestInfo) (all []templates.Rhythm) {
	names, titles := d.coming(family)
	if len(names) > 1 {
		all = append(all, templates.Rhythm{Name: allOfThem, Title: strings.Join(titles, ", "), Chosen: true})
	}
	for i, one := range family {
		u := d.who.Subscription(one.Name)
		r := templates.Rhythm{Name: one.Name, Title: one.Title, Note: d.note(one), Chosen: wanted(u) && len(names) == 1, Pending: u.State == subscribers.Pending}
		if i == 0 {
			r.Title = "" // the group's heading says it
		}
		all = append(all, r)
	}
	return append(all, templates.Rhythm{Chosen: len(names) == 0})
}

const allOfThem = "="

// sections are those of the archive and those that the reader has chosen before; none where there is nothing to choose from.
func (d *desk) sections() (all []templates.Choice, err error) {
	counts, err := articles.Counts(d.r.Context(), d.DB, "section")
	if err != nil {
		return nil, err
	}
	for _, c := range counts {
		all = append(all, templates.Choice{Name: c.Slug, Title: c.Name})
	}
	for _, u := range d.who.Subscriptions {
		for _, slug := range u.Sections {
			if !slices.ContainsFunc(all, func(c templates.Choice) bool { return c.Name == slug }) {
				all = append(all, templates.Choice{Name: slug, Title: slug})
			}
		}
	}
	if len(all) < 2 {
		return nil, nil
	}
	return all, nil
}

// save sets digests, sections, language, zone and hour to what the form says.
func (d *desk) save() (done string, err error) {
	if err := d.fill(); err != nil { // what the reader was shown, which is what was agreed to
		return "", err
	}
	words := d.page.Wording(d.lang)
	d.page = templates.Preferences{}
	c, err := d.choices()
	if err != nil {
		return "", err
	}
	return "saved", d.tx(func(ctx context.Context, tx *sql.Tx) error {
		return subscribers.Choose(ctx, tx, d.who.ID, c, d.origin(d.r, words), d.Now())
	})
}

// choices reads the form, in which everything must be that could be chosen.
func (d *desk) choices() (c subscribers.Choices, err error) {
	form := d.r.PostForm
	if !form.Has("language") { // our form always sends one: without it this is no form, and must not be read as "nothing"
		return c, fmt.Errorf("preferences: %w", errForm)
	}
	c = subscribers.Choices{Language: form.Get("language"), Timezone: d.who.Timezone, Hour: d.who.Hour}
	if c.Language != "" && !slices.Contains(templates.Languages(), c.Language) {
		return c, fmt.Errorf("preferences in %.20q: %w", c.Language, errForm)
	}
	if err := d.readHour(&c); err != nil {
		return c, err
	}
	for _, name := range form["digest"] {
		if _, ok := d.digest(name); !ok {
			return c, fmt.Errorf("preferences for %.40q: %w", name, errForm)
		}
	}
	offered, err := d.sections()
	if err != nil {
		return c, err
	}
	for _, family := range d.families() {
		some, err := d.familyChoices(family, offered)
		if err != nil {
			return c, err
		}
		c.Digests = append(c.Digests, some...)
	}
	return c, nil
}

// familyChoices are what the form says of a digest and of its calmer rhythms: taking one leaves the others.
func (d *desk) familyChoices(family []DigestInfo, offered []templates.Choice) (all []subscribers.Choice, err error) {
	base := family[0].Name
	want := d.r.PostForm["digest"]
	if len(family) > 1 {
		rhythm := d.r.PostForm.Get("rhythm." + base)
		want = []string{rhythm}
		known := func(one DigestInfo) bool { return one.Name == rhythm }
		switch {
		case rhythm == allOfThem:
			want, _ = d.coming(family)
		case !d.r.PostForm.Has("rhythm."+base) || rhythm != "" && !slices.ContainsFunc(family, known):
			return nil, fmt.Errorf("preferences: rhythm %.40q of %s: %w", rhythm, base, errForm)
		}
	}
	sections := d.r.PostForm["sections."+base]
	for _, slug := range sections {
		if !slices.ContainsFunc(offered, func(c templates.Choice) bool { return c.Name == slug }) {
			return nil, fmt.Errorf("preferences: section %.40q: %w", slug, errForm)
		}
	}
	if len(sections) == len(offered) {
		sections = nil // all of them, and those still to come
	}
	layout, err := d.readLayout(family)
	if err != nil {
		return nil, err
	}
	for _, one := range family {
		all = append(all, subscribers.Choice{Digest: one.Name, Wanted: slices.Contains(want, one.Name), Sections: sections, Layout: layout(one)})
	}
	return all, nil
}

// readLayout is what the form says of the look of a family's letters, for each of its digests: "" where it is the digest's own, which then
// goes on to be the newsroom's to change. A form of old, without the field, leaves everything as it is.
func (d *desk) readLayout(family []DigestInfo) (func(DigestInfo) string, error) {
	field := "layout." + family[0].Name
	if !d.r.PostForm.Has(field) {
		return func(one DigestInfo) string { return d.who.Subscription(one.Name).Layout }, nil
	}
	name := d.r.PostForm.Get(field)
	if !slices.Contains(layoutsOf(family), name) {
		return nil, fmt.Errorf("preferences: layout %.40q of %s: %w", name, family[0].Name, errForm)
	}
	return func(one DigestInfo) string {
		if len(one.Layouts) < 2 || name == one.Layouts[0] || !slices.Contains(one.Layouts, name) {
			return ""
		}
		return name
	}, nil
}

// readHour reads hour and zone, which forms of old did not have.
func (d *desk) readHour(c *subscribers.Choices) error {
	form := d.r.PostForm
	if form.Has("hour") {
		c.Hour = -1
		if text := form.Get("hour"); text != "" {
			hour, err := strconv.Atoi(text)
			if err != nil || hour < 0 || hour > 23 {
				return fmt.Errorf("preferences: hour %.20q: %w", text, errForm)
			}
			c.Hour = hour
		}
	}
	if form.Has("zone") {
		c.Timezone = form.Get("zone")
	}
	typed := strings.TrimSpace(form.Get("zone_other"))
	if typed != "" {
		c.Timezone = typed
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil || c.Timezone == "Local" || len(c.Timezone) > 64 {
		d.page.Zone = cut(typed)
		return refusal{"zone", templates.Text(d.lang, "error_zone", cut(c.Timezone))}
	}
	return nil
}

// pause stops everything until a day, on which letters come again from midnight on in the reader's zone.
func (d *desk) pause() (done string, err error) {
	today := d.Now().In(d.zone())
	var until time.Time
	switch d.r.PostForm.Get("until") {
	case "week":
		until = today.AddDate(0, 0, 7)
	case "month":
		until = today.AddDate(0, 1, 0)
	case "quarter":
		until = today.AddDate(0, 3, 0)
	case "date":
		d.page.Date = cut(d.r.PostForm.Get("date"))
		until, err = time.ParseInLocation(time.DateOnly, d.page.Date, d.zone())
		if err != nil || !until.After(today) || until.After(today.AddDate(1, 0, 1)) {
			return "", refusal{"date", templates.Text(d.lang, "error_date")}
		}
		d.page.Date = ""
	default:
		return "", fmt.Errorf("preferences: pause until %.20q: %w", d.r.PostForm.Get("until"), errForm)
	}
	until = time.Date(until.Year(), until.Month(), until.Day(), 0, 0, 0, 0, d.zone())
	text := "pause_text"
	if slices.ContainsFunc(d.who.Subscriptions, func(u subscribers.Subscription) bool { return u.State == subscribers.Paused }) {
		text = "pause_other"
	}
	words := templates.WordingOf(d.lang, []string{"pause_heading", text, "pause_button"})
	return "paused", d.tx(func(ctx context.Context, tx *sql.Tx) error {
		return subscribers.Pause(ctx, tx, d.who.ID, "", until, d.origin(d.r, words), d.Now())
	})
}

func (d *desk) resume() (done string, err error) {
	words := templates.WordingOf(d.lang, []string{"pause_heading", "resume_button"})
	return "resumed", d.tx(func(ctx context.Context, tx *sql.Tx) error {
		return subscribers.Resume(ctx, tx, d.who.ID, "", d.origin(d.r, words), d.Now())
	})
}

// move asks for another address. The answer is the same whatever is known of it.
func (d *desk) move() (done string, err error) {
	email := strings.TrimSpace(d.r.PostForm.Get("email"))
	err = d.Subscribers.AskToMove(d.r.Context(), d.DB, d.who.ID, email, d.origin(d.r, ""), d.Now())
	d.page.New = cut(email)
	switch {
	case email == "":
		return "", refusal{"email", templates.Text(d.lang, "error_address_empty")}
	case errors.Is(err, subscribers.ErrAddress):
		return "", refusal{"email", templates.Text(d.lang, "error_address", cut(email))}
	case errors.Is(err, subscribers.ErrSameAddress):
		return "", refusal{"email", templates.Text(d.lang, "error_same")}
	case errors.Is(err, subscribers.ErrTooMany):
		return "", refusal{"email", templates.Text(d.lang, "error_moves")}
	}
	d.page.New = ""
	return "moving", err
}

func (d *desk) stop() (done string, err error) {
	return "stopped", d.tx(func(ctx context.Context, tx *sql.Tx) error {
		_, err := subscribers.StopMove(ctx, tx, d.who.ID, d.Now())
		return err
	})
}

// data sends all that is kept about the reader. It takes a POST, so that a mail scanner that follows links does not fetch it.
func (d *desk) data() error {
	all, err := d.Subscribers.Held(d.r.Context(), d.DB, d.who.ID)
	if err != nil {
		return err
	}
	all.Files = []string{} // paths of the newsroom's own, whoever stands in them
	body, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	h := d.w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="vestnik-`+d.Now().UTC().Format(time.DateOnly)+`.json"`)
	reply(d.w, d.r, http.StatusOK, append(body, '\n'))
	return nil
}

func (s *Server) eraseForm(w http.ResponseWriter, r *http.Request) error {
	d, err := s.newDesk(w, r)
	if err != nil {
		return err
	}
	f := templates.Form{Email: d.who.Email, Back: strings.TrimSuffix(r.URL.Path, "/erase")}
	return s.form(w, r, "erase.html", f, d.lang)
}

func (s *Server) erase(w http.ResponseWriter, r *http.Request) error {
	d, err := s.newDesk(w, r)
	if err != nil {
		return err
	}
	words := templates.WordingOf(d.lang, []string{"erase_heading", "erase_text", "erase_button"})
	err = d.tx(func(ctx context.Context, tx *sql.Tx) error {
		return s.Subscribers.Erase(ctx, tx, d.who.ID, "preferences page", s.origin(r, words), s.Now())
	})
	if err != nil {
		return err
	}
	return s.form(w, r, "erase.html", templates.Form{Done: "erased"}, d.lang)
}

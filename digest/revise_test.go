package digest

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	gomessage "github.com/emersion/go-message/mail"

	"vestnik/mail"
	"vestnik/mail/mailtest"
	"vestnik/mail/wire"
	"vestnik/subscribers"
	"vestnik/templates"
)

// sectioned makes an edition wait that has letters of one section as well: three articles about films, two about the stage.
func sectioned(t *testing.T) (newsroom, Edition) {
	t.Helper()
	n := open(t)
	n.daily.MinItems, n.daily.Count, n.daily.WhenThin = 1, 4, ThinSend
	n.daily.Approve, n.daily.ApproveWithin, n.daily.Layouts = true, 2*time.Hour, []string{templates.LayoutCards}
	for i, title := range []string{"Кино один", "Кино два", "Кино три"} {
		n.in("Кино", title, int64(90-i))
	}
	n.in("Театр", "Театр один", 20)
	n.in("Театр", "Театр два", 10)
	n.subscribe(n.at("2026-11-23 10:00"), "all@example.org", "stage@example.org", "cards@example.org")
	n.choose("stage@example.org", subscribers.Choices{Hour: -1}, "teatr")
	if _, err := n.DB.ExecContext(n.ctx, `UPDATE subscriptions SET layout = 'cards' WHERE subscriber = (SELECT id FROM subscribers WHERE email = 'cards@example.org')`); err != nil {
		t.Fatal(err)
	}
	n.step(n.at("2026-11-23 08:00"))
	n.step(n.at("2026-11-24 08:00"))
	return n, n.edition("2026-11-24T0800")
}

// slugs are the articles of a list in its order.
func slugs(view templates.EditionView) string {
	var all []string
	for _, i := range view.Items {
		all = append(all, i.Slug)
	}
	return strings.Join(all, " ")
}

func (n newsroom) slug(e Edition, slug string) int64 {
	n.t.Helper()
	all, err := Slugs(n.ctx, n.DB, e)
	if err != nil || all[slug] == 0 {
		n.t.Fatalf("no article %s in the edition: %v, %v", slug, all, err)
	}
	return all[slug]
}

func TestAnEditorsChangeIsANewRevisionOfEveryLetter(t *testing.T) {
	n, e := sectioned(t)
	now := n.at("2026-11-24 08:30")
	one, two, stage, second := n.slug(e, "kino-odin"), n.slug(e, "kino-dva"), n.slug(e, "teatr-odin"), n.slug(e, "teatr-dva")
	note := "  Доброе утро!\r\n\r\nСегодня о сцене.  "
	next, err := n.Revise(n.ctx, e.ID, 1, Change{Note: &note, Order: []int64{stage, two, one}, Drop: []int64{second}, Titles: map[int64]string{stage: "Театр\u00a0первый"}}, "ann", now)
	if err != nil {
		t.Fatal(err)
	}
	if next.State != Held || next.Revision != 2 || next.By != "ann" || next.Hash == e.Hash || next.Hash != next.View.Hash() {
		t.Errorf("next %+v", next)
	}
	if got := slugs(next.View); got != "teatr-odin kino-dva kino-odin" || next.View.Items[0].Rank != 1 || next.View.Items[2].Rank != 3 {
		t.Errorf("list %q, ranks %d and %d", got, next.View.Items[0].Rank, next.View.Items[2].Rank)
	}
	if next.View.Note != "Доброе утро!\n\nСегодня о сцене." || next.Subject != "Самое читаемое: Театр первый" {
		t.Errorf("note %q, subject %q", next.View.Note, next.Subject)
	}
	before, err1 := mail.Variants(n.ctx, n.DB, e.ID, 1)
	after, err2 := mail.Variants(n.ctx, n.DB, e.ID, 2)
	slices.Sort(before)
	slices.Sort(after)
	if err := errors.Join(err1, err2); err != nil || !slices.Equal(before, after) || strings.Join(after, " ") != "en en.cards en/teatr ru ru.cards ru/teatr" {
		t.Errorf("letters %q, then %q, error %v", before, after, err)
	}
	part, err := bodyOf(n.ctx, n.DB, e.ID, 2, "teatr")
	if err != nil || slugs(part) != "teatr-odin" || part.Subject != "Самое читаемое: Театр первый" || part.Note != next.View.Note {
		t.Errorf("the letter of a section: %q, subject %q, note %q, error %v", slugs(part), part.Subject, part.Note, err)
	}
	if items, err := Items(n.ctx, n.DB, e.ID); err != nil || len(items) != 3 || items[0].Article != stage || items[0].Title != "Театр\u00a0первый" {
		t.Errorf("items %+v, error %v", items, err)
	}
	all, err := Revisions(n.ctx, n.DB, e.ID)
	if err != nil || len(all) != 2 || all[1].What != "dropped kino-tri, teatr-dva; headline of teatr-odin; order; note" || all[1].By != "ann" {
		t.Errorf("revisions %+v, error %v", all, err)
	}
	old, err := n.Letter(n.ctx, next, 1, "ru")
	if err != nil || !strings.Contains(old.Text, "Кино три") {
		t.Errorf("the first revision is not what it was: %v", err)
	}
	if _, err := n.Approve(n.ctx, e.ID, 1, "bob", now); !errors.Is(err, ErrStale) || !strings.Contains(err.Error(), "revision 2 is there now, by ann, and not 1") {
		t.Errorf("approved what nobody saw: %v", err)
	}
	if _, err := n.Revise(n.ctx, e.ID, 1, Change{Note: &note}, "bob", now); !errors.Is(err, ErrStale) {
		t.Errorf("changed what somebody else had changed: %v", err)
	}
}

func TestASubjectGoesWithTheHeadlinesUnlessAnEditorWroteIt(t *testing.T) {
	n, e := sectioned(t)
	now := n.at("2026-11-24 08:30")
	n.daily.Subject = "{top} — {title}"
	n.Digests = []Digest{n.daily}
	revise := func(c Change) (string, string) {
		t.Helper()
		var err error
		if e, err = n.Revise(n.ctx, e.ID, e.Revision, c, "ann", now); err != nil {
			t.Fatal(err)
		}
		part, err := bodyOf(n.ctx, n.DB, e.ID, e.Revision, "teatr")
		if err != nil {
			t.Fatal(err)
		}
		return e.Subject, part.Subject
	}
	top, own := "Кино первое", "Только сегодня"
	whole, part := revise(Change{Titles: map[int64]string{n.slug(e, "kino-odin"): top}})
	if whole != "Кино первое — Самое читаемое" || part != "Самое читаемое: Театр один" {
		t.Errorf("another headline: %q and %q", whole, part)
	}
	whole, part = revise(Change{Subject: &own})
	if whole != own || part != "Самое читаемое: Театр один" {
		t.Errorf("a subject of the editor's: %q and %q; letters of sections keep their own", whole, part)
	}
	if whole, _ = revise(Change{Drop: []int64{n.slug(e, "kino-odin")}}); whole != own {
		t.Errorf("a subject of the editor's, and the top goes: %q", whole)
	}
	nothing := ""
	if whole, _ = revise(Change{Subject: &nothing}); whole != "Кино два — Самое читаемое" {
		t.Errorf("the editor's subject is taken back: %q", whole)
	}
}

func TestAVariantThatWouldBeEmptyGetsTheWholeEdition(t *testing.T) {
	n, e := sectioned(t)
	now := n.at("2026-11-24 08:30")
	next, err := n.Revise(n.ctx, e.ID, 1, Change{Drop: []int64{n.slug(e, "teatr-odin"), n.slug(e, "teatr-dva")}}, "ann", now)
	if err != nil {
		t.Fatal(err)
	}
	whole, err1 := n.Letter(n.ctx, next, 0, "ru")
	part, err2 := n.Letter(n.ctx, next, 0, "ru/teatr")
	if err1 != nil || err2 != nil || whole != part || slugs(next.View) != "kino-odin kino-dva kino-tri" {
		t.Errorf("the letter of the section is not the whole one: %v, %v, %q", err1, err2, slugs(next.View))
	}
	approved, err := n.Approve(n.ctx, e.ID, 2, "ann", now)
	if err != nil {
		t.Fatal(err)
	}
	n.step(now)
	for _, l := range n.letters() {
		if l.Revision != 2 {
			t.Errorf("letter %s is of revision %d, want 2", l.Name(), l.Revision)
		}
	}
	if revisions, err := PublicRevisions(n.ctx, n.DB, approved); err != nil || !slices.Equal(revisions, []int64{2}) {
		t.Errorf("the public sees revisions %v, error %v; want 2 alone", revisions, err)
	}
}

func TestAChangeThatCannotBeChangesNothing(t *testing.T) {
	n, e := sectioned(t)
	one := n.slug(e, "kino-odin")
	text := func(s string) *string { return &s }
	for _, test := range []struct {
		name, words string
		change      Change
	}{
		{"nothing", "nothing is to be changed", Change{}},
		{"an unknown article", "article 4711 is not in the edition, so it cannot be dropped", Change{Drop: []int64{4711}}},
		{"an unknown headline", "article 4711 is not in the edition", Change{Titles: map[int64]string{4711: "Да"}}},
		{"an unknown order", "the order names article 4711 which is not in the edition", Change{Order: []int64{4711}}},
		{"an order with one twice", "twice", Change{Order: []int64{one, one}}},
		{"an empty order", "an edition cannot be empty", Change{Order: []int64{}}},
		{"no article left", "no article would be left in daily 2026-11-24T0800; to send nothing, write `vestnik digest cancel daily`",
			Change{Drop: []int64{one, n.slug(e, "kino-dva"), n.slug(e, "kino-tri"), n.slug(e, "teatr-odin")}}},
		{"an empty headline", "must not be empty", Change{Titles: map[int64]string{one: " "}}},
		{"a headline with a control character", "control character (U+0007)", Change{Titles: map[int64]string{one: "Да\a"}}},
		{"a headline of two lines", "control character (U+000A)", Change{Titles: map[int64]string{one: "Да\nнет"}}},
		{"a long headline", "the headline has 301 characters; at most 300 are allowed", Change{Titles: map[int64]string{one: strings.Repeat("ы", 301)}}},
		{"a long subject", "the subject has 201 characters", Change{Subject: text(strings.Repeat("ы", 201))}},
		{"a subject with a line end", "control character", Change{Subject: text("Да\r\nBcc: eve@example.org")}},
		{"a long note", "the note has 4001 characters", Change{Note: text(strings.Repeat("ы", 4001))}},
		{"text that is none", "not valid UTF-8", Change{Note: text("\xff")}},
		{"a correction of what nobody got", "is held, so nobody has got it", Change{Correction: "Ошибка"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := n.Revise(n.ctx, e.ID, 1, test.change, "ann", n.at("2026-11-24 08:30"))
			refused(t, err, test.words)
			if after, err := EditionByID(n.ctx, n.DB, e.ID); err != nil || after.Revision != 1 || after.Hash != e.Hash {
				t.Errorf("something changed: %+v, %v", after, err)
			}
		})
	}
	if all, err := Revisions(n.ctx, n.DB, e.ID); err != nil || len(all) != 1 {
		t.Errorf("revisions %v, %v", all, err)
	}
}

func TestArticlesKeepToTheirBlocks(t *testing.T) {
	items := []templates.Item{{Article: 1}, {Article: 2}, {Article: 3, Block: 1}, {Article: 4, Block: 1}, {Article: 5, Block: 1}}
	for _, test := range []struct {
		order []int64
		want  []int64
	}{
		{nil, []int64{1, 2, 3, 4, 5}},
		{[]int64{5, 4, 3, 2, 1}, []int64{2, 1, 5, 4, 3}},
		{[]int64{5, 3}, []int64{1, 2, 5, 4, 3}}, // 4 stands only in this letter, and keeps its place
	} {
		var got []int64
		for i, item := range arrange(items, test.order) {
			if got = append(got, item.Article); item.Rank != i+1 {
				t.Errorf("rank %d at %d", item.Rank, i+1)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("order %v: %v, want %v", test.order, got, test.want)
		}
	}
}

func TestNamesOfVariantsAreReadAsTheyAreWritten(t *testing.T) {
	for _, name := range []string{"ru", "en.cards", "ru/kino,teatr", "en.long/kino"} {
		if got := parseVariant(name).name(); got != name {
			t.Errorf("%q became %q", name, got)
		}
	}
}

// What readers get is, octet for octet of each decoded part, what the preview showed: of every variant, and of every revision.
func TestWhatThePreviewShowsIsWhatGoesOut(t *testing.T) {
	n, e := sectioned(t)
	now := n.at("2026-11-24 08:30")
	note := "Слово редактора: «да» & <нет>"
	if _, err := n.Revise(n.ctx, e.ID, 1, Change{Note: &note}, "ann", now); err != nil {
		t.Fatal(err)
	}
	slot := n.slot("2026-11-24T0800")
	previews := map[string]templates.Letter{}
	for _, name := range []string{"en", "en.cards", "en/teatr", "ru", "ru.cards", "ru/teatr"} {
		_, l, err := n.Preview(n.ctx, n.daily, slot, Wanted{Variant: name}, now)
		if err != nil {
			t.Fatal(err)
		}
		previews[name] = l
	}
	if _, err := n.Approve(n.ctx, e.ID, 2, "ann", now); err != nil {
		t.Fatal(err)
	}
	n.step(now)
	if _, err := n.DB.ExecContext(n.ctx, `UPDATE subscriptions SET agreed = 0`); err != nil { // who agreed when stands in the letter, not in the preview
		t.Fatal(err)
	}
	keys := subscribers.Keys{Secret: []byte("another secret of the tests")}
	box, sent := n.send(now, keys.Personal)
	if len(sent) != 3 {
		t.Fatalf("sent %v", sent)
	}
	for _, l := range n.letters() {
		tokens := keys.Personal(l)
		want := previews[l.Variant]
		fill := strings.NewReplacer(mail.HoleLeave, tokens.Leave, mail.HolePreferences, tokens.Preferences)
		want.HTML, want.Text = fill.Replace(want.HTML), fill.Replace(want.Text)
		if got := received(t, box, l.Address); got != want {
			t.Errorf("the letter %s to %s is not what was previewed:\n%s\nwant\n%s", l.Variant, l.Address, got.Text, want.Text)
		}
		delete(previews, l.Variant)
	}
	if len(previews) != 3 { // nobody reads English
		t.Errorf("%d variants were not sent", len(previews))
	}
}

func TestATestLetterIsMadeOfTheSameMasterCopy(t *testing.T) {
	n, e := sectioned(t)
	now := n.at("2026-11-24 08:30")
	want, err := n.Letter(n.ctx, e, 1, "ru/teatr")
	if err != nil {
		t.Fatal(err)
	}
	set := n.Templates // whatever the templates have become since then
	n.Templates = nil
	l, err := n.Test(n.ctx, n.daily, n.slot("2026-11-24T0800"), Wanted{Variant: "ru/teatr"}, "editor@example.org", now)
	n.Templates = set
	if err != nil || l.Variant != "ru/teatr" {
		t.Fatalf("letter %+v, error %v", l, err)
	}
	box, _ := n.send(now, func(mail.Letter) mail.Tokens { return mail.Tokens{} })
	fill := strings.NewReplacer(mail.HoleLeave, testToken, mail.HolePreferences, testToken)
	want.HTML, want.Text = fill.Replace(want.HTML), fill.Replace(want.Text)
	if got := received(t, box, "editor@example.org"); got != want {
		t.Errorf("the test letter is another:\n%s\nwant\n%s", got.Text, want.Text)
	}
	_, _, err = n.Preview(n.ctx, n.daily, n.slot("2026-11-24T0800"), Wanted{Variant: "ru/cirk"}, now)
	refused(t, err, `has no letters "ru/cirk"; there are en, en.cards, en/teatr, ru, ru.cards, ru/teatr`)
	_, _, err = n.Preview(n.ctx, n.daily, n.slot("2026-11-24T0800"), Wanted{Revision: 7}, now)
	refused(t, err, "has no revision 7; the present one is 1")
}

// What is not made yet is previewed as it would be made, letters of chosen sections too.
func TestThePreviewOfAnEditionToComeIsThatOfTheEdition(t *testing.T) {
	n, e := sectioned(t)
	if err := n.Cancel(n.ctx, e.ID, "ann", "", n.at("2026-11-24 08:30")); err != nil {
		t.Fatal(err)
	}
	now, slot := n.at("2026-11-25 08:00"), n.slot("2026-11-25T0800")
	before := map[string]templates.Letter{}
	for _, name := range []string{"ru", "ru.cards", "en/teatr"} {
		_, l, err := n.Preview(n.ctx, n.daily, slot, Wanted{Variant: name}, now)
		if err != nil {
			t.Fatal(err)
		}
		before[name] = l
	}
	_, _, err := n.Preview(n.ctx, n.daily, slot, Wanted{Variant: "ru/cirk"}, now)
	refused(t, err, "nobody chose just these")
	_, _, err = n.Preview(n.ctx, n.daily, slot, Wanted{Variant: "de"}, now)
	refused(t, err, `has no letters "de"; languages are`)
	next, _, err := n.Publish(n.ctx, n.daily, slot, now)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range before {
		if got, err := n.Letter(n.ctx, next, 0, name); err != nil || got != want {
			t.Errorf("%s is another than was previewed: %v", name, err)
		}
	}
}

// send sends all that is due to a mailbox and returns it with the addresses that got something.
func (n newsroom) send(now time.Time, personal func(mail.Letter) mail.Tokens) (*mailtest.Server, []string) {
	n.t.Helper()
	box, s := n.sender(personal)
	if _, err := s.Round(n.ctx, now); err != nil {
		n.t.Fatal(err)
	}
	if _, err := s.Round(n.ctx, now); err != nil {
		n.t.Fatal(err)
	}
	var to []string
	for _, m := range box.Messages() {
		to = append(to, m.To...)
	}
	return box, to
}

// sender is one with a mailbox of its own.
func (n newsroom) sender(personal func(mail.Letter) mail.Tokens) (*mailtest.Server, *mail.Sender) {
	n.t.Helper()
	box, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { box.Close() })
	relay, err := wire.ParseRelay(box.URL(), 2)
	if err != nil {
		n.t.Fatal(err)
	}
	s := mail.NewSender(mail.Options{DB: n.DB, Identity: n.Identity, Relays: []wire.Relay{relay}, Personal: personal, Zone: n.Site.Location})
	n.t.Cleanup(s.Close)
	return box, s
}

// received is what an address got, decoded by another library than composed it.
func received(t *testing.T, box *mailtest.Server, address string) (l templates.Letter) {
	t.Helper()
	for _, m := range box.Messages() {
		if slices.Contains(m.To, address) {
			return decoded(t, m.Data)
		}
	}
	t.Errorf("%s got nothing", address)
	return l
}

func decoded(t *testing.T, data []byte) (l templates.Letter) {
	t.Helper()
	r, err := gomessage.CreateReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if l.Subject, err = r.Header.Subject(); err != nil {
		t.Fatal(err)
	}
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return l
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(body), "\r\n", "\n")
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.HTML = text
			continue
		}
		l.Text = text
	}
}

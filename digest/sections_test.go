package digest

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/mail"
	"vestnik/subscribers"
)

// in publishes an article of a section that was read so often before the first slot.
func (n newsroom) in(section, title string, count int64) {
	n.t.Helper()
	published := n.at("2026-11-23 12:00")
	var a articles.Article
	n.tx(func(tx *sql.Tx) (err error) {
		a, _, err = articles.Put(n.ctx, tx, n.Articles, articles.Input{Title: title, HTML: "<p>" + title + "</p>", Section: section, Published: published, Hash: title}, published)
		return err
	})
	if count > 0 {
		n.read(a.ID, count, "web", n.at("2026-11-23 15:00"))
	}
}

// choose sets what a subscriber of the daily digest wants.
func (n newsroom) choose(email string, c subscribers.Choices, sections ...string) {
	n.t.Helper()
	c.Digests = []subscribers.Choice{{Digest: "daily", Wanted: true, Sections: sections}}
	n.tx(func(tx *sql.Tx) error {
		s, err := subscribers.Find(n.ctx, tx, email)
		if err != nil {
			return err
		}
		return subscribers.Choose(n.ctx, tx, s.ID, c, subscribers.Origin{}, n.at("2026-11-23 12:00"))
	})
}

// variants are the variants of the letters there are, by address.
func (n newsroom) variants() map[string]string {
	n.t.Helper()
	all := map[string]string{}
	for _, l := range n.letters() {
		all[l.Address] = l.Variant
	}
	return all
}

func TestWhoChoseSectionsGetsALetterOfTheseAlone(t *testing.T) {
	n := open(t)
	n.daily.MinItems, n.daily.Count = 2, 2
	for i, title := range []string{"Кино один", "Кино два", "Кино три"} {
		n.in("Кино", title, int64(90-i))
	}
	n.in("Театр", "Театр один", 20)
	n.in("Театр", "Театр два", 0) // fills up
	n.in("Цирк", "Цирк один", 10)
	n.subscribe(n.at("2026-11-23 10:00"), "all@example.org", "stage@example.org", "stage.too@example.org", "circus@example.org")
	n.choose("stage@example.org", subscribers.Choices{Hour: -1, Language: "en"}, "teatr")
	n.choose("stage.too@example.org", subscribers.Choices{Hour: -1}, "teatr")
	n.choose("circus@example.org", subscribers.Choices{Hour: -1}, "cirk")
	n.step(n.at("2026-11-23 08:00"))
	n.step(n.at("2026-11-24 08:00"))
	want := map[string]string{"all@example.org": "ru", "stage@example.org": "en/teatr", "stage.too@example.org": "ru/teatr", "circus@example.org": "ru"}
	if got := n.variants(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("variants: %v, want %v: one article of a section is too thin, and its readers get all", got, want)
	}
	e, err := FindEdition(n.ctx, n.DB, "daily", "2026-11-24T0800")
	if err != nil || len(e.View.Items) != 2 || e.View.Items[0].Title != "Кино один" {
		t.Errorf("the edition's page: %+v, %v; want the whole edition", e.View.Items, err)
	}
	master, err := mail.GetMaster(n.ctx, n.DB, e.ID, 1, "ru/teatr")
	if err != nil || master.Subject != "Самое читаемое: Театр один" {
		t.Errorf("the letter: %q, %v", master.Subject, err)
	}
	names, err := mail.Variants(n.ctx, n.DB, e.ID, 1)
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "en en/teatr ru ru/teatr" || err != nil {
		t.Errorf("master copies: %s, %v", got, err)
	}
}

func TestALetterOfSectionsDoesNotRepeatWhatTheLastOneHad(t *testing.T) {
	n := open(t)
	n.daily.MinItems, n.daily.Count, n.daily.WhenThin, n.daily.RepeatAfter = 1, 1, ThinSend, 30*24*time.Hour
	n.in("Кино", "Кино один", 90)
	n.in("Театр", "Театр один", 20)
	n.in("Театр", "Театр два", 10)
	n.subscribe(n.at("2026-11-23 10:00"), "stage@example.org")
	n.choose("stage@example.org", subscribers.Choices{Hour: -1}, "teatr")
	n.step(n.at("2026-11-23 08:00"))
	n.step(n.at("2026-11-24 08:00"))
	all, err := articles.List(n.ctx, n.DB, articles.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		n.read(a.ID, int64(len(all)), "web", n.at("2026-11-24 12:00"))
	}
	n.in("Кино", "Кино два", 0)
	n.step(n.at("2026-11-25 08:00"))
	var subjects []string
	for _, l := range n.letters() {
		m, err := mail.GetMaster(n.ctx, n.DB, l.Ref, 1, l.Variant)
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, m.Subject)
	}
	if got := strings.Join(subjects, "; "); got != "Самое читаемое: Театр два; Самое читаемое: Театр один" { // the newest first
		t.Errorf("subjects: %s", got)
	}
}

func TestLettersWaitForTheirReadersHour(t *testing.T) {
	n := open(t)
	n.news()
	n.subscribe(n.at("2026-11-23 10:00"), "now@example.org", "evening@example.org", "moscow@example.org")
	n.choose("evening@example.org", subscribers.Choices{Hour: 21})
	n.choose("moscow@example.org", subscribers.Choices{Hour: 7, Timezone: "Europe/Moscow"})
	n.step(n.at("2026-11-23 08:00"))
	n.step(n.at("2026-11-24 08:00"))
	for _, l := range n.letters() {
		got := l.Due.In(n.daily.Location).Format("15:04") + " to " + l.Expires.In(n.daily.Location).Format("02 15:04")
		want := map[string]string{"now@example.org": "08:00 to 24 20:00", "evening@example.org": "21:00 to 25 09:00", "moscow@example.org": "15:00 to 25 03:00"}[l.Address]
		if got != want {
			t.Errorf("%s gets the letter from %s, want %s", l.Address, got, want)
		}
	}
}

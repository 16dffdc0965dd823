package digest

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/mail"
	"vestnik/reads"
	"vestnik/subscribers"
	"vestnik/templates"
)

// A newsroom is what the tests of this package work with: a database, a publisher, and one daily digest.
type newsroom struct {
	Publisher
	t     testing.TB
	ctx   context.Context
	daily Digest
}

const siteURL = "https://kino.example"

// set is parsed once for all tests: it does not change.
var set = sync.OnceValues(func() (*templates.Set, error) { return templates.New(templates.Options{}) })

// open makes a newsroom on a fresh database.
func open(t testing.TB) newsroom {
	t.Helper()
	return newsroomOn(t, dbtest.Open(t))
}

func newsroomOn(t testing.TB, d *db.DB) newsroom {
	t.Helper()
	set, err := set()
	if err != nil {
		t.Fatal(err)
	}
	loc := zone(t, "Asia/Sakhalin")
	return newsroom{
		t: t, ctx: context.Background(),
		Publisher: Publisher{
			DB: d, Templates: set,
			Site:     templates.Site{Title: "Вестник кино", URL: siteURL, Language: "ru", Location: loc},
			Articles: articles.Site{URL: siteURL, Language: "ru", Location: loc},
			Identity: mail.Identity{FromName: "Вестник кино", FromAddress: "digest@kino.example", Domain: "kino.example",
				SiteURL: siteURL, Publisher: "Вестник кино", Secret: []byte("a secret of the tests, long enough")},
			Banner: func(string, time.Time) *templates.Banner {
				return &templates.Banner{Image: siteURL + "/b.png", Link: "https://sponsor.example", Label: "Реклама"}
			},
		},
		daily: Digest{
			Name: "daily", Title: "Самое читаемое", Schedule: "0 8 * * *", Location: loc, Window: 24 * time.Hour, Rank: "reads",
			Count: 20, Related: 5, WhenThin: ThinFill, MinItems: 3, Language: "ru", CatchUp: 6 * time.Hour, MaxLate: 12 * time.Hour,
			InDoubt: "resend", MaxAge: 72 * time.Hour,
		},
	}
}

// at is a moment on the newsroom's wall clock.
func (n newsroom) at(text string) time.Time {
	n.t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04", text, n.daily.Location)
	if err != nil {
		n.t.Fatal(err)
	}
	return when
}

func (n newsroom) slot(name string) Slot {
	n.t.Helper()
	slot, err := ParseSlot(name, n.daily.Location)
	if err != nil {
		n.t.Fatal(err)
	}
	return slot
}

func (n newsroom) tx(f func(tx *sql.Tx) error) {
	n.t.Helper()
	if err := n.DB.Tx(n.ctx, f); err != nil {
		n.t.Fatal(err)
	}
}

// article publishes an article and returns it.
func (n newsroom) article(title string, published time.Time) articles.Article {
	n.t.Helper()
	var a articles.Article
	n.tx(func(tx *sql.Tx) (err error) {
		a, _, err = articles.Put(n.ctx, tx, n.Articles, articles.Input{
			Title: title, HTML: "<p>" + title + " на острове: подробности в номере.</p>", Standfirst: "Коротко: " + title,
			Section: "Новости", Published: published, Hash: title,
		}, published)
		return err
	})
	return a
}

// read records reads of an article in the hour of a moment.
func (n newsroom) read(article int64, count int64, source string, when time.Time) {
	n.t.Helper()
	n.tx(func(tx *sql.Tx) error {
		return reads.Add(n.ctx, tx, []reads.Hour{{Article: article, Start: when, Source: source, N: count}})
	})
}

// subscribe adds confirmed subscribers to the daily digest.
func (n newsroom) subscribe(when time.Time, emails ...string) {
	n.t.Helper()
	for i, email := range emails {
		language := []string{"", "en", "ru"}[i%3]
		n.tx(func(tx *sql.Tx) error {
			_, err := n.verbs().Add(n.ctx, tx, subscribers.Adding{Email: email, Language: language, Digests: []string{"daily"}, Confirmed: true, Basis: "a test"}, when)
			return err
		})
	}
}

func (n newsroom) verbs() subscribers.Verbs {
	return subscribers.Verbs{Identity: n.Identity, Templates: n.Templates, Site: n.Site, Keys: subscribers.Keys{Secret: []byte("another secret of the tests")},
		Digests: map[string]subscribers.DigestInfo{"daily": {Title: n.daily.Title, Language: "ru"}}}
}

// crowd subscribes count people.
func (n newsroom) crowd(count int, when time.Time) {
	n.t.Helper()
	var emails []string
	for i := range count {
		emails = append(emails, fmt.Sprintf("reader%d@example.org", i))
	}
	n.subscribe(when, emails...)
}

// news publishes three articles that were read before the first slot, 24 November 2026, 08:00.
func (n newsroom) news() []articles.Article {
	n.t.Helper()
	var all []articles.Article
	for i, title := range []string{"Премьера в Корсакове", "Фестиваль открылся", "Касса недели"} {
		a := n.article(title, n.at("2026-11-23 12:00"))
		n.read(a.ID, int64(30-i), "web", n.at("2026-11-23 15:00"))
		all = append(all, a)
	}
	return all
}

// step runs a step that must succeed.
func (n newsroom) step(now time.Time, digests ...Digest) time.Time {
	n.t.Helper()
	if len(digests) == 0 {
		digests = []Digest{n.daily}
	}
	next, err := n.Step(n.ctx, digests, now)
	if err != nil {
		n.t.Fatal(err)
	}
	return next
}

// letters are the digest letters there are.
func (n newsroom) letters() []mail.Letter {
	n.t.Helper()
	all, err := mail.List(n.ctx, n.DB, mail.ListFilter{Kind: mail.KindDigest, Limit: 10000})
	if err != nil {
		n.t.Fatal(err)
	}
	return all
}

func (n newsroom) editions() []Edition {
	n.t.Helper()
	all, err := Editions(n.ctx, n.DB, "daily", 0)
	if err != nil {
		n.t.Fatal(err)
	}
	return all
}

// slots are the digest's slots as "name state", oldest first.
func (n newsroom) slots() []string {
	n.t.Helper()
	all, err := Slots(n.ctx, n.DB, "daily", 0)
	if err != nil {
		n.t.Fatal(err)
	}
	var names []string
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].State != SlotSent && all[i].Reason == "" {
			n.t.Errorf("slot %s is %s without a reason", all[i].Slot.Name(), all[i].State)
		}
		names = append(names, all[i].Slot.Name()+" "+all[i].State)
	}
	return names
}

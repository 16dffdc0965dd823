package digest

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/mail"
	"vestnik/subscribers"
)

// long publishes an article of the film section with everything that one can have.
func (n newsroom) long(published time.Time) articles.Article {
	n.t.Helper()
	var a articles.Article
	n.tx(func(tx *sql.Tx) (err error) {
		a, _, err = articles.Put(n.ctx, tx, n.Articles, articles.Input{
			Title: "Как снимали «Остров»", Standfirst: "Три года и две зимы.", Section: "Кино", Authors: []string{"Анна Ли", "Пётр Ким"}, Published: published,
			HTML:  `<p>Первый абзац, <a href="/articles/prezhde">о чём мы писали</a>.</p><p>` + strings.Repeat("слово ", 400) + `</p><p><img src="/kadr.jpg"></p>`,
			Image: siteURL + "/kadr.jpg", Hash: "long",
		}, published)
		return err
	})
	return a
}

func TestOneArticleIsSentByHandOnce(t *testing.T) {
	n := open(t)
	n.crowd(3, n.at("2026-11-20 12:00"))
	a := n.long(n.at("2026-11-24 09:00"))
	e, outcome, err := n.SendArticle(n.ctx, n.daily, OneArticle{Slug: a.Slug}, n.at("2026-11-24 10:17"))
	if err != nil || outcome != Published || e.Slot.Name() != "2026-11-24T1017" || e.Article != a.ID || e.Subject != "Как снимали «Остров»" {
		t.Fatalf("sent: %+v %s, %v", e, outcome, err)
	}
	n.step(n.at("2026-11-24 10:18"))
	if got := len(n.letters()); got != 3 {
		t.Errorf("%d letters, want 3", got)
	}
	again, outcome, err := n.SendArticle(n.ctx, n.daily, OneArticle{Slug: a.Slug}, n.at("2026-11-24 11:00"))
	if err != nil || outcome != Already || again.ID != e.ID {
		t.Errorf("again: %+v %s, %v; want the first edition, already published", again, outcome, err)
	}
	extra, outcome, err := n.SendArticle(n.ctx, n.daily, OneArticle{Slug: a.Slug, Extra: true, Text: TextSummary}, n.at("2026-11-24 11:00"))
	if err != nil || outcome != Published || extra.ID == e.ID || extra.View.Article.HTML != "" {
		t.Errorf("extra: %+v %s, %v; want another, with the standfirst alone", extra, outcome, err)
	}
	for slug, want := range map[string]error{"no-such": articles.ErrNotFound, "kak-snimali-ostrov-2": articles.ErrNotFound} {
		if _, _, err := n.SendArticle(n.ctx, n.daily, OneArticle{Slug: slug}, n.at("2026-11-24 11:00")); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", slug, err, want)
		}
	}
	n.withdraw(a.Slug, n.at("2026-11-24 12:00"))
	if _, _, err := n.SendArticle(n.ctx, n.daily, OneArticle{Slug: a.Slug, Extra: true}, n.at("2026-11-24 12:00")); err == nil || !strings.Contains(err.Error(), "its state is withdrawn") {
		t.Errorf("a withdrawn one: %v", err)
	}
}

func TestAnArticleByMailIsWholeOrItsStandfirst(t *testing.T) {
	n := open(t)
	n.daily.Subject = "{title}, {count}"
	a := n.long(n.at("2026-11-24 09:00"))
	other := n.article("Как снимали «Остров»: продолжение", n.at("2026-11-24 09:30"))
	n.tx(func(tx *sql.Tx) error {
		return articles.SetRelated(n.ctx, tx, a.ID, []int64{other.ID}, n.at("2026-11-24 09:31"))
	})
	now := n.at("2026-11-24 10:17")
	view, letter, err := n.PreviewArticle(n.ctx, n.daily, OneArticle{Slug: a.Slug}, "", now)
	if err != nil || letter.Subject != "Как снимали «Остров»" || view.Article.Minutes != 3 || !slices.Equal(view.Article.Authors, []string{"Анна Ли", "Пётр Ким"}) ||
		len(view.Related) == 0 || view.Related[0].Title != other.Title || view.Items[0].Image != "" {
		t.Errorf("the view: %+v, %q, %v", view, letter.Subject, err)
	}
	for _, part := range []string{letter.HTML, letter.Text} {
		for _, want := range []string{"Первый абзац", "Анна Ли", siteURL + "/articles/prezhde", "Как снимали «Остров»: продолжение", "Три года и две зимы."} {
			if !strings.Contains(part, want) {
				t.Errorf("the letter has no %q:\n%s", want, part)
			}
		}
	}
	_, letter, err = n.PreviewArticle(n.ctx, n.daily, OneArticle{Slug: a.Slug, Text: TextSummary}, "en", now)
	if err != nil || strings.Contains(letter.HTML, "Первый абзац") || !strings.Contains(letter.HTML, "Три года и две зимы.") || !strings.Contains(letter.Text, siteURL+"/articles/"+a.Slug) {
		t.Errorf("the standfirst alone: %v\n%s", err, letter.Text)
	}
	if len(n.letters())+len(n.editions()) != 0 {
		t.Error("a preview wrote something")
	}
	n.daily.Schedule = OnPublish
	if view, _, err := n.PreviewArticle(n.ctx, n.daily, OneArticle{Slug: a.Slug}, "", now); err != nil || view.Subject != "Самое читаемое, 1" {
		t.Errorf("the subject of a digest of articles: %q, %v", view.Subject, err)
	}
	l, err := n.TestArticle(n.ctx, n.daily, OneArticle{Slug: a.Slug}, "", "editor@example.org", now)
	if err != nil || l.Kind != mail.KindTest || l.Address != "editor@example.org" {
		t.Errorf("a test letter: %+v, %v", l, err)
	}
}

func TestAnArticleByHandLeavesTheListAlone(t *testing.T) {
	n := open(t)
	news := n.news()
	n.crowd(1, n.at("2026-11-20 12:00"))
	n.step(n.at("2026-11-23 08:00"))
	// The slot of 8:00 is due, and nobody has looked yet: one article sent then neither takes its minute nor makes it a missed one.
	n.daily.RepeatAfter = 7 * 24 * time.Hour
	e, _, err := n.SendArticle(n.ctx, n.daily, OneArticle{Slug: news[0].Slug}, n.at("2026-11-24 08:00"))
	if err != nil || e.Slot.Name() != "2026-11-24T0801" {
		t.Fatalf("an article at the list's minute: %s, %v", e.Slot.Name(), err)
	}
	n.step(n.at("2026-11-24 08:05"))
	list, err := FindEdition(n.ctx, n.DB, "daily", "2026-11-24T0800")
	if err != nil || list.Article != 0 || !list.Start.Equal(n.at("2026-11-23 08:00")) || list.View.Items[0].Article != news[0].ID {
		t.Errorf("the list: %+v, %v; want its whole window, and the article in it that was sent by itself", list, err)
	}
	e, _, err = n.SendArticle(n.ctx, n.daily, OneArticle{Slug: news[1].Slug}, n.at("2026-11-24 20:00"))
	if err != nil {
		t.Fatal(err)
	}
	n.read(news[1].ID, 50, "web", n.at("2026-11-24 12:00"))
	n.daily.RepeatAfter = 0
	n.step(n.at("2026-11-25 08:00"))
	if list, err := FindEdition(n.ctx, n.DB, "daily", "2026-11-25T0800"); err != nil || !list.Start.Equal(n.at("2026-11-24 08:00")) || len(list.View.Items) == 0 {
		t.Errorf("the next list: %+v, %v; want it to begin where the last list ended", list, err)
	}
}

func TestAListThatIsHeldIsNotSupersededByAnArticle(t *testing.T) {
	n := open(t)
	news := n.news()
	n.crowd(1, n.at("2026-11-20 12:00"))
	n.step(n.at("2026-11-23 08:00"))
	n.daily.Approve, n.daily.ApproveWithin = true, 3*time.Hour
	n.step(n.at("2026-11-24 08:00"))
	if _, outcome, err := n.SendArticle(n.ctx, n.daily, OneArticle{Slug: news[0].Slug}, n.at("2026-11-24 09:00")); err != nil || outcome != Waiting {
		t.Fatalf("the article: %s, %v; want it held, too", outcome, err)
	}
	for _, e := range n.editions() {
		if e.State != Held {
			t.Errorf("%s is %s, want both held", e.Slot.Name(), e.State)
		}
	}
}

func TestWhoChoseSectionsGetsArticlesOfTheseAlone(t *testing.T) {
	n := atOnce(t)
	n.subscribe(n.at("2026-11-20 12:00"), "all@example.org", "kino@example.org", "teatr@example.org")
	n.choose("kino@example.org", subscribers.Choices{Hour: -1, Language: "en"}, "kino")
	n.choose("teatr@example.org", subscribers.Choices{Hour: -1}, "teatr")
	n.long(n.at("2026-11-24 12:01"))
	n.step(n.at("2026-11-24 12:02"))
	n.step(n.at("2026-11-24 12:12"))
	got := n.variants()
	if len(got) != 2 || got["all@example.org"] != "ru" || got["kino@example.org"] != "en" {
		t.Errorf("letters %v, want one for who wants everything and one for who wants films", got)
	}
}

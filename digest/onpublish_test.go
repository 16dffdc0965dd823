package digest

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/subscribers"
)

// atOnce makes the newsroom's digest one that mails articles as they are published, and has it look for the first time at noon.
func atOnce(t testing.TB) newsroom {
	n := open(t)
	n.daily.Schedule, n.daily.Grace, n.daily.Text = OnPublish, 10*time.Minute, TextFull
	if err := n.daily.Check(); err != nil {
		t.Fatal(err)
	}
	n.step(n.at("2026-11-24 12:00"))
	return n
}

// mailings are what became of the articles, as "title: state reason", the oldest first.
func (n newsroom) mailings() []string {
	n.t.Helper()
	found, err := Mailings(n.ctx, n.DB, "daily", 0)
	if err != nil {
		n.t.Fatal(err)
	}
	var lines []string
	for _, m := range slices.Backward(found) {
		if m.State == ArticleSkipped && m.Reason == "" {
			n.t.Errorf("%s was skipped without a reason", m.Title)
		}
		lines = append(lines, strings.TrimSpace(m.Title+": "+m.State+" "+m.Reason))
	}
	return lines
}

func (n newsroom) withdraw(slug string, now time.Time) {
	n.t.Helper()
	n.tx(func(tx *sql.Tx) error { _, _, err := articles.Withdraw(n.ctx, tx, slug, now); return err })
}

func (n newsroom) publishAgain(slug string, now time.Time) {
	n.t.Helper()
	n.tx(func(tx *sql.Tx) error { _, _, err := articles.Publish(n.ctx, tx, slug, now); return err })
}

func TestAnArticleIsMailedOnceWhenItsGraceIsOver(t *testing.T) {
	n := open(t)
	n.daily.Schedule, n.daily.Grace = OnPublish, 10*time.Minute
	n.crowd(3, n.at("2026-11-20 12:00"))
	n.article("Раньше", n.at("2026-11-24 11:50"))
	n.step(n.at("2026-11-24 12:00"))
	a := n.article("Премьера", n.at("2026-11-24 12:01"))
	if next := n.step(n.at("2026-11-24 12:05")); next.After(n.at("2026-11-24 12:06")) {
		t.Errorf("next step at %s: what is published must be seen soon", next)
	}
	if got, want := n.mailings(), []string{"Премьера: waiting"}; !slices.Equal(got, want) || len(n.letters()) != 0 {
		t.Errorf("within the grace: %q and %d letters, want %q: what was there before is not mailed", got, len(n.letters()), want)
	}
	n.tx(func(tx *sql.Tx) error {
		_, _, err := articles.Put(n.ctx, tx, n.Articles, articles.Input{ID: a.ID, Title: "Премьера отложена", HTML: "<p>Премьеры сегодня не будет.</p>",
			Standfirst: "Коротко", Section: "Новости", Published: a.Published, Hash: "2"}, n.at("2026-11-24 12:08"))
		return err
	})
	for _, at := range []string{"2026-11-24 12:11", "2026-11-24 12:12", "2026-11-24 15:00"} {
		n.step(n.at(at))
	}
	e := n.editions()
	if len(e) != 1 || e[0].Slot.Name() != "2026-11-24T1211" || e[0].Article != a.ID || e[0].Subject != "Премьера отложена" || e[0].Reason != "" {
		t.Fatalf("editions %+v, want one of 12:11 with the headline as it was edited", e)
	}
	whole, err := FindEdition(n.ctx, n.DB, "daily", "2026-11-24T1211")
	if err != nil || whole.View.Article == nil || !strings.Contains(string(whole.View.Article.HTML), "Премьеры сегодня не будет") || whole.View.Items[0].Reason != "article" {
		t.Errorf("the edition: %+v, %v", whole.View, err)
	}
	if got, want := n.mailings(), []string{"Премьера отложена: sent 2026-11-24T1211"}; !slices.Equal(got, want) || len(n.letters()) != 3 {
		t.Errorf("%q and %d letters, want %q and 3", got, len(n.letters()), want)
	}
	if want := n.at("2026-11-24 12:11").Add(n.daily.MaxLate); !e[0].Expires.Equal(want) {
		t.Errorf("letters expire at %s, want %s", e[0].Expires, want)
	}
	// Neither a new text nor publishing it again is a reason to mail it once more.
	n.withdraw(a.Slug, n.at("2026-11-24 16:00"))
	n.publishAgain(a.Slug, n.at("2026-11-24 16:01"))
	n.step(n.at("2026-11-24 16:05"))
	n.step(n.at("2026-11-24 16:30"))
	if got := len(n.letters()); got != 3 {
		t.Errorf("after it was published again: %d letters, want 3", got)
	}
}

func TestWhatIsWithdrawnWithinItsGraceIsNotMailed(t *testing.T) {
	n := atOnce(t)
	n.crowd(1, n.at("2026-11-20 12:00"))
	a := n.article("Ошибка", n.at("2026-11-24 12:01"))
	n.step(n.at("2026-11-24 12:02"))
	n.withdraw(a.Slug, n.at("2026-11-24 12:05"))
	n.step(n.at("2026-11-24 12:11"))
	if got, want := n.mailings(), []string{"Ошибка: skipped " + reasonWithdrawn}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	n.publishAgain(a.Slug, n.at("2026-11-24 13:00"))
	n.step(n.at("2026-11-24 13:05"))
	if len(n.letters()) != 0 {
		t.Error("mailed before its grace, which begins anew")
	}
	n.step(n.at("2026-11-24 13:10"))
	if got, want := n.mailings(), []string{"Ошибка: sent 2026-11-24T1310"}; !slices.Equal(got, want) || len(n.letters()) != 1 {
		t.Errorf("published at last: %q and %d letters, want %q and one", got, len(n.letters()), want)
	}
}

func TestWhatIsNoNewsIsNotMailed(t *testing.T) {
	n := atOnce(t)
	n.daily.Sections = []string{"novosti"}
	n.crowd(1, n.at("2026-11-20 12:00"))
	now := n.at("2026-11-24 12:01")
	put := func(in articles.Input) {
		in.Hash = in.Title
		n.tx(func(tx *sql.Tx) error { _, _, err := articles.Put(n.ctx, tx, n.Articles, in, now); return err })
	}
	put(articles.Input{Title: "Из архива", HTML: "<p>Давно.</p>", Section: "Новости", Published: now.Add(-25 * time.Hour)})
	put(articles.Input{Title: "Вчерашняя", HTML: "<p>Вчера.</p>", Section: "Новости", Published: now.Add(-23 * time.Hour)})
	put(articles.Input{Title: "Заголовок", Kind: articles.KindBrief, URL: "https://elsewhere.example/1", Section: "Новости", Published: now})
	put(articles.Input{Title: "О театре", HTML: "<p>Театр.</p>", Section: "Театр", Published: now})
	put(articles.Input{Title: "Черновик", HTML: "<p>Потом.</p>", Section: "Новости", Draft: true})
	n.step(now.Add(time.Minute))
	n.step(now.Add(11 * time.Minute))
	got := n.mailings()
	slices.Sort(got)
	want := []string{"Вчерашняя: sent 2026-11-24T1211", "Заголовок: skipped it is a brief and has no text to mail",
		"Из архива: skipped it is dated 2026-11-23T00:01:00Z, more than a day before it was published here"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestALetterFollowsTheDateOfItsArticle(t *testing.T) {
	n := atOnce(t)
	n.crowd(1, n.at("2026-11-20 12:00"))
	put := func(title, date, now string) {
		t.Helper()
		n.tx(func(tx *sql.Tx) error {
			_, _, err := articles.Put(n.ctx, tx, n.Articles, articles.Input{Slug: title, Title: title, HTML: "<p>Текст.</p>", Section: "Новости",
				Published: n.at(date), Hash: title + date}, n.at(now))
			return err
		})
		n.step(n.at(now).Add(time.Second))
	}
	put("Опечатка", "2027-11-25 09:00", "2026-11-24 12:01") // put right the next day
	put("Отложена", "2026-11-24 12:01", "2026-11-24 12:01")
	put("Отложена", "2026-11-24 18:00", "2026-11-24 12:05")
	n.step(n.at("2026-11-24 12:30"))
	put("Опечатка", "2026-11-24 12:01", "2026-11-25 09:00")
	if got, want := n.mailings(), []string{"Опечатка: waiting", "Отложена: skipped nobody looked at it until 14h50m1s later, and catch_up is 6h0m0s"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	put("Опечатка", "2026-11-24 12:02", "2026-11-25 09:05") // no later for that
	n.step(n.at("2026-11-25 09:09"))
	if e := n.editions(); len(e) != 0 {
		t.Errorf("within the grace: %d editions", len(e))
	}
	n.step(n.at("2026-11-25 09:10"))
	if e := n.editions(); len(e) != 1 || e[0].Slot.Name() != "2026-11-25T0910" {
		t.Errorf("editions %+v, want one of 09:10", e)
	}
}

func TestAnImportOfManyMailsNone(t *testing.T) {
	n := atOnce(t)
	n.crowd(1, n.at("2026-11-20 12:00"))
	for i := range 25 { // slowly: the step comes in between, and the first were due before the last came
		at := n.at("2026-11-24 12:01").Add(time.Duration(i) * 20 * time.Second)
		n.article(fmt.Sprintf("Импорт %d", i), at)
		n.step(at)
	}
	n.article("Одна", n.at("2026-11-24 12:40"))
	for at := n.at("2026-11-24 12:10"); at.Before(n.at("2026-11-24 13:00")); at = at.Add(time.Minute) {
		n.step(at)
	}
	if got := n.editions(); len(got) != 1 || got[0].Subject != "Одна" {
		t.Errorf("editions %+v, want only the one that came later by itself", got)
	}
	for _, line := range n.mailings() {
		if !strings.HasPrefix(line, "Одна: sent") && !strings.HasSuffix(line, "skipped "+reasonFlood) {
			t.Errorf("%s, want it to be held back", line)
		}
	}
}

func TestTwentyArticlesOfABusyHourAreMailed(t *testing.T) {
	n := atOnce(t)
	n.crowd(1, n.at("2026-11-20 12:00"))
	for i := range 20 {
		n.article(fmt.Sprintf("Новость %d", i), n.at("2026-11-24 12:01").Add(time.Duration(i)*time.Second))
	}
	n.step(n.at("2026-11-24 12:02"))
	n.step(n.at("2026-11-24 12:12"))
	if got := len(n.editions()); got != 20 {
		t.Errorf("%d editions, want 20", got)
	}
	names := map[string]bool{}
	for _, e := range n.editions() {
		names[e.Slot.Name()] = true
	}
	if len(names) != 20 || !names["2026-11-24T1211"] || !names["2026-11-24T1230"] {
		t.Errorf("their minutes: %v, want 20 different ones from 12:11 on", names)
	}
}

func TestWhatNobodyLookedAtInTimeIsRecorded(t *testing.T) {
	n := atOnce(t)
	n.crowd(1, n.at("2026-11-20 12:00"))
	n.article("Утром", n.at("2026-11-24 12:30"))
	n.article("Днём", n.at("2026-11-24 15:30"))
	n.step(n.at("2026-11-24 20:00")) // asleep since noon; catch_up is six hours
	want := []string{"Утром: skipped nobody looked at it until 7h20m0s later, and catch_up is 6h0m0s", "Днём: sent 2026-11-24T1540"}
	if got := n.mailings(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if e := n.editions(); len(e) != 1 || e[0].Reason != "caught up 4h20m0s late" || !strings.Contains(fmt.Sprint(n.slots()), "caught_up") {
		t.Errorf("editions %+v, slots %q", e, n.slots())
	}
}

func TestAPausedDigestMailsNoArticle(t *testing.T) {
	n := atOnce(t)
	n.crowd(1, n.at("2026-11-20 12:00"))
	if _, err := n.Pause(n.ctx, n.daily, "переезд", n.at("2026-11-24 12:00")); err != nil {
		t.Fatal(err)
	}
	n.article("Премьера", n.at("2026-11-24 12:01"))
	n.step(n.at("2026-11-24 12:12"))
	if got := n.mailings(); len(got) != 1 || !strings.Contains(got[0], "skipped the digest was paused since") || len(n.letters()) != 0 {
		t.Errorf("%q and %d letters", got, len(n.letters()))
	}
}

func TestAnArticleWaitsForAnEditorWhereEditionsDo(t *testing.T) {
	n := atOnce(t)
	n.daily.Approve, n.daily.ApproveWithin = true, 2*time.Hour
	n.crowd(2, n.at("2026-11-20 12:00"))
	n.article("Премьера", n.at("2026-11-24 12:01"))
	n.article("Касса", n.at("2026-11-24 12:02"))
	n.step(n.at("2026-11-24 12:12"))
	e := n.editions()
	if len(e) != 2 || e[0].State != Held || e[1].State != Held || len(n.letters()) != 0 {
		t.Fatalf("editions %+v with %d letters, want two that are held: one does not take the other's place", e, len(n.letters()))
	}
	if _, err := n.Approve(n.ctx, e[1].ID, 1, "ann@kino.example", n.at("2026-11-24 12:30")); err != nil {
		t.Fatal(err)
	}
	n.step(n.at("2026-11-24 12:30"))
	if got := len(n.letters()); got != 2 {
		t.Errorf("%d letters after one was approved, want 2", got)
	}
	n.step(n.at("2026-11-24 14:13"))
	if e, err := EditionByID(n.ctx, n.DB, e[0].ID); err != nil || e.State != Cancelled || len(n.letters()) != 2 {
		t.Errorf("the other is %s with %d letters, %v; want it cancelled", e.State, len(n.letters()), err)
	}
	// Nobody got it, so it can still be sent by hand.
	n.daily.Approve = false
	if e, outcome, err := n.SendArticle(n.ctx, n.daily, OneArticle{Slug: "kassa"}, n.at("2026-11-24 15:00")); err != nil || outcome != Published || e.Slot.Name() != "2026-11-24T1500" {
		t.Errorf("sent by hand: %s %s, %v", e.Slot.Name(), outcome, err)
	}
}

func TestTheReadersHourHoldsForArticlesAlso(t *testing.T) {
	n := atOnce(t)
	n.crowd(1, n.at("2026-11-20 12:00"))
	n.choose("reader0@example.org", subscribers.Choices{Hour: 19})
	n.article("Премьера", n.at("2026-11-24 12:01"))
	n.step(n.at("2026-11-24 12:12"))
	letters := n.letters()
	if len(letters) != 1 || !letters[0].Due.Equal(n.at("2026-11-24 19:00")) || !letters[0].Expires.Equal(n.at("2026-11-25 07:00")) {
		t.Errorf("letters %+v, want one from 19:00 on, for as long as others", letters)
	}
}

// killed is what stopAt panics with.
type killed string

func TestACrashBetweenFollowingAndPublishingLosesOrDoublesNothing(t *testing.T) {
	places := map[string]bool{}
	whole := func(t *testing.T, kill string, time_ int) (met []string) {
		n := atOnce(t)
		n.crowd(2, n.at("2026-11-20 12:00"))
		n.article("Премьера", n.at("2026-11-24 12:01"))
		n.article("Касса", n.at("2026-11-24 12:01"))
		calls := 0
		stopAt = func(name string) {
			if met = append(met, name); name == kill {
				if calls++; calls == time_ {
					panic(killed(name))
				}
			}
		}
		defer func() { stopAt = nil }()
		for at := n.at("2026-11-24 12:02"); !at.After(n.at("2026-11-24 12:30")); at = at.Add(5 * time.Minute) {
			func() {
				defer func() {
					if r := recover(); r != nil && r != any(killed(kill)) {
						panic(r)
					}
				}()
				n.step(at)
			}()
		}
		if got := n.mailings(); len(got) != 2 || !strings.Contains(got[0], ": sent ") || !strings.Contains(got[1], ": sent ") {
			t.Errorf("killed at %q: %q", kill, got)
		}
		if e, l := len(n.editions()), len(n.letters()); e != 2 || l != 4 {
			t.Errorf("killed at %q: %d editions and %d letters, want 2 and 4", kill, e, l)
		}
		return met
	}
	for _, name := range whole(t, "", 0) {
		places[name] = true
	}
	if !places["followed"] {
		t.Fatalf("stopped only at %v", places)
	}
	for name := range places {
		for nth := range 2 {
			whole(t, name, nth+1)
		}
	}
}

func TestTwoDaemonsMailAnArticleOnce(t *testing.T) {
	n := atOnce(t)
	n.crowd(3, n.at("2026-11-20 12:00"))
	for i := range 5 {
		n.article(fmt.Sprintf("Новость %d", i), n.at("2026-11-24 12:01"))
	}
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		wg.Go(func() {
			for _, at := range []string{"2026-11-24 12:02", "2026-11-24 12:12", "2026-11-24 12:13", "2026-11-24 12:14"} {
				_, err := n.Step(n.ctx, []Digest{n.daily}, n.at(at))
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	n.step(n.at("2026-11-24 12:20"))
	if e, l := len(n.editions()), len(n.letters()); e != 5 || l != 15 {
		t.Errorf("%d editions and %d letters, want 5 and 15", e, l)
	}
}

func TestADigestThatMailsArticlesHasNoSlots(t *testing.T) {
	n := atOnce(t)
	if slots, err := n.daily.Next(n.at("2026-11-24 12:00"), 5); err != nil || len(slots) != 0 {
		t.Errorf("next: %v, %v", slots, err)
	}
	_, err := n.daily.Last(n.at("2026-11-24 12:00"))
	if err == nil || !strings.Contains(err.Error(), "--article SLUG") {
		t.Errorf("the slot last due: %v, want what to do instead", err)
	}
	if _, _, err := n.Send(n.ctx, n.daily, n.at("2026-11-24 12:00"), true); err == nil {
		t.Error("an extra edition was made, of what?")
	}
	var due int64
	if err := n.DB.QueryRowContext(n.ctx, `SELECT COUNT(*) FROM slots`).Scan(&due); err != nil || due != 0 {
		t.Errorf("%d slots, %v", due, err)
	}
}

func TestKeysOfArticlesAndLayoutsAreChecked(t *testing.T) {
	n := open(t)
	for want, change := range map[string]func(*Digest){
		"daily: layout \"poster\": write one of": func(d *Digest) { d.Layout = "poster" },
		"daily: layouts \"poster\": write some":  func(d *Digest) { d.Layouts = []string{"cards", "poster"} },
		"daily: layouts: \"cards\" stands in":    func(d *Digest) { d.Layouts = []string{"cards", "cards"} },
		"daily: layouts: the letters of one":     func(d *Digest) { d.Schedule, d.Layouts = OnPublish, []string{"cards"} },
		"daily: text \"some\": write one of":     func(d *Digest) { d.Text = "some" },
		"daily: grace 192h0m0s: it must be":      func(d *Digest) { d.Grace = 8 * 24 * time.Hour },
	} {
		dg := n.daily
		change(&dg)
		if err := dg.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s…", err, want)
		}
	}
	for layouts, want := range map[string]string{"": "[]", "list": "[]", "cards": "[list cards]", "long list cards": "[list long cards]"} {
		dg := n.daily
		dg.Layouts = strings.Fields(layouts)
		if got := fmt.Sprint(dg.Looks()); got != want || dg.Check() != nil {
			t.Errorf("of layouts %q readers choose from %s, want %s; %v", layouts, got, want, dg.Check())
		}
	}
}

func TestArticlesMailedTogetherCanBeToldApartInTheFeed(t *testing.T) {
	n := atOnce(t)
	n.article("Первая", n.at("2026-11-24 12:01"))
	n.article("Вторая", n.at("2026-11-24 12:01"))
	n.step(n.at("2026-11-24 12:05"))
	n.step(n.at("2026-11-24 12:20"))
	past, err := Archive(n.ctx, n.DB, PastQuery{Digest: "daily"})
	if err != nil || len(past) != 2 {
		t.Fatalf("%d editions, %v", len(past), err)
	}
	if past[0].Change() == past[1].Change() {
		t.Error("both have the same number: who has the first would not get the second in a delta")
	}
}

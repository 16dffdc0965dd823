package digest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
	"vestnik/reads"
	"vestnik/templates"
)

// said is an edition as its blocks with the headlines in them.
func said(view templates.EditionView) string {
	var parts []string
	for _, p := range view.Parts() {
		var titles []string
		for _, i := range p.Items {
			titles = append(titles, i.Title)
		}
		parts = append(parts, p.Rank+" "+p.Title+": "+strings.Join(titles, ", "))
	}
	return strings.Join(parts, "; ")
}

func (n newsroom) mustCompile(dg Digest, slot, now string) templates.EditionView {
	n.t.Helper()
	view, err := n.Compile(n.ctx, dg, n.slot(slot), n.at(now))
	if err != nil {
		n.t.Fatal(err)
	}
	return view
}

func TestBlocksFollowOneAnotherAndShareNoArticle(t *testing.T) {
	n := open(t)
	n.in("Кино", "Кино один", 90)
	n.in("Кино", "Кино два", 80)
	n.in("Кино", "Кино три", 70)
	n.in("Театр", "Театр один", 20)
	n.in("Театр", "Театр два", 10)
	n.in("Цирк", "Цирк один", 0)
	pinned := n.article("Выбор редакции", n.at("2026-11-20 12:00"))
	n.tx(func(tx *sql.Tx) error {
		return reads.SetPin(n.ctx, tx, reads.Pin{Article: pinned.ID, Place: 1}, n.at("2026-11-23 12:00"))
	})
	dg := n.daily
	dg.Blocks = []Block{
		{Rank: RankEditors, Count: 3, Title: "Мы советуем"},
		{Rank: RankReads, Count: 2},
		{Rank: RankReads, Count: 1, Section: "*"},
		{Rank: RankLatest, Count: 5},
	}
	want := "editors Мы советуем: Выбор редакции; reads : Кино один, Кино два; reads Кино: Кино три; reads Театр: Театр один; latest : Цирк один, Театр два"
	if got := said(n.mustCompile(dg, "2026-11-24T0800", "2026-11-24 08:00")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	dg.Sections = []string{"teatr"}
	want = "reads Театр: Театр один; reads Театр: Театр два"
	dg.Blocks[1].Count, dg.Blocks[1].Section = 1, "teatr"
	if got := said(n.mustCompile(dg, "2026-11-24T0800", "2026-11-24 08:00")); got != want {
		t.Errorf("of one section: got  %s\nwant %s", got, want)
	}
}

func TestPinsStandAtTheirPlacesInWhatWasReadMost(t *testing.T) {
	n := open(t)
	n.news()
	pinned := n.article("Выбор редакции", n.at("2026-11-20 12:00"))
	n.tx(func(tx *sql.Tx) error {
		return reads.SetPin(n.ctx, tx, reads.Pin{Article: pinned.ID, Place: 2}, n.at("2026-11-23 12:00"))
	})
	view := n.mustCompile(n.daily, "2026-11-24T0800", "2026-11-24 08:00")
	if got := said(view); got != "reads : Премьера в Корсакове, Выбор редакции, Фестиваль открылся, Касса недели" || view.Items[1].Reason != ReasonEditors {
		t.Errorf("%s, the second because of %s", got, view.Items[1].Reason)
	}
}

func TestALongReadHasTheWordsThatABlockWants(t *testing.T) {
	n := open(t)
	n.news()
	n.tx(func(tx *sql.Tx) error {
		a, _, err := articles.Put(n.ctx, tx, n.Articles, articles.Input{Title: "Большой рассказ", HTML: "<p>" + strings.Repeat("слово ", 900) + "</p>",
			Section: "Новости", Published: n.at("2026-11-23 12:00"), Hash: "long"}, n.at("2026-11-23 12:00"))
		if err != nil {
			return err
		}
		return reads.Add(n.ctx, tx, []reads.Hour{{Article: a.ID, Start: n.at("2026-11-23 15:00"), Source: "web", N: 5}})
	})
	dg := n.daily
	dg.Blocks = []Block{{Rank: RankReads, Count: 1, Words: 600, Layout: templates.LayoutLong}, {Rank: RankReads, Count: 2}}
	view := n.mustCompile(dg, "2026-11-24T0800", "2026-11-24 08:00")
	if got := said(view); got != "reads : Большой рассказ; reads : Премьера в Корсакове, Фестиваль открылся" || view.Items[0].Minutes != 5 || view.Blocks[0].Layout != templates.LayoutLong {
		t.Errorf("%s; %d minutes, layout %q", got, view.Items[0].Minutes, view.Blocks[0].Layout)
	}
}

func TestOneArticleStandsForItsStoryAndTheListStaysAsLong(t *testing.T) {
	n := open(t)
	for i, title := range []string{"Касса четверга: «Сто лет вперёд» возглавил прокат", "Касса России: «Сто лет вперёд» возглавил прокат",
		"Ледокол вернулся в порт", "Предварительная касса: «Сто лет вперёд» снова лидер", "Театр открыл сезон", "Хор поёт на площади"} {
		a := n.article(title, n.at("2026-11-23 12:00"))
		n.read(a.ID, int64(60-i), "web", n.at("2026-11-23 15:00"))
	}
	dg := n.daily
	dg.Count, dg.Related = 3, 0
	if got := said(n.mustCompile(dg, "2026-11-24T0800", "2026-11-24 08:00")); !strings.Contains(got, "Касса России") {
		t.Errorf("without collapse: %s", got)
	}
	dg.Collapse = true
	c, err := n.compiled(n.ctx, dg, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00"))
	if err != nil {
		t.Fatal(err)
	}
	if got := said(c.view); got != "reads : Касса четверга: «Сто лет вперёд» возглавил прокат, Ледокол вернулся в порт, Театр открыл сезон" {
		t.Errorf("with collapse: %s", got)
	}
	var story, absent []string
	for _, h := range c.view.Items[0].Story {
		story = append(story, h.Title)
	}
	for _, a := range c.absent {
		if a.Reason == AbsentStory && a.Other == c.view.Items[0].Article {
			absent = append(absent, fmt.Sprint(a.Pos, " ", a.Title))
		}
	}
	if got := strings.Join(story, "; "); got != "Касса России: «Сто лет вперёд» возглавил прокат; Предварительная касса: «Сто лет вперёд» снова лидер" {
		t.Errorf("of its story: %s", got)
	}
	if got := strings.Join(absent, "; "); got != "2 Касса России: «Сто лет вперёд» возглавил прокат; 3 Предварительная касса: «Сто лет вперёд» снова лидер" {
		t.Errorf("absent: %s", got)
	}
}

func TestBlocksAreCheckedAtStart(t *testing.T) {
	good := open(t).daily
	for name, change := range map[string]func(dg *Digest){
		`block 1: rank "luck"`:   func(dg *Digest) { dg.Blocks = []Block{{Rank: "luck", Count: 1}} },
		`block 2: count 0`:       func(dg *Digest) { dg.Blocks = []Block{{Rank: RankReads, Count: 1}, {Rank: RankReads}} },
		`block 1: words -1`:      func(dg *Digest) { dg.Blocks = []Block{{Rank: RankReads, Count: 1, Words: -1}} },
		`block 1: layout "wide"`: func(dg *Digest) { dg.Blocks = []Block{{Rank: RankReads, Count: 1, Layout: "wide"}} },
		`block 1: section "a b"`: func(dg *Digest) { dg.Blocks = []Block{{Rank: RankReads, Count: 1, Section: "a b"}} },
		`block 1: section "kino": the digest`: func(dg *Digest) {
			dg.Sections, dg.Blocks = []string{"teatr"}, []Block{{Rank: RankReads, Count: 1, Section: "kino"}}
		},
		`block 1: title "Всё"`:                  func(dg *Digest) { dg.Blocks = []Block{{Rank: RankReads, Count: 1, Section: "*", Title: "Всё"}} },
		`sections "Кино/": write`:               func(dg *Digest) { dg.Sections = []string{"Кино/"} },
		`sections: "kino" stands in it twice`:   func(dg *Digest) { dg.Sections = []string{"kino", "kino"} },
		`repeat_after -1h0m0s`:                  func(dg *Digest) { dg.RepeatAfter = -time.Hour },
		`31 blocks: write at most 30`:           func(dg *Digest) { dg.Blocks = make([]Block, 31) },
		`rank "trend": write one of ["reads" "`: func(dg *Digest) { dg.Rank = "trend" },
	} {
		dg := good
		if err := dg.Check(); err != nil {
			t.Fatal(err)
		}
		if change(&dg); dg.Check() == nil || !strings.Contains(dg.Check().Error(), name) {
			t.Errorf("%v, want %q in it", dg.Check(), name)
		}
	}
}

func TestWhatFilledAnEditionDoesNotFillTheNext(t *testing.T) {
	n := open(t)
	dg := n.daily
	dg.MaxAge, dg.RepeatAfter, dg.MinItems, dg.Count = 30*24*time.Hour, 7*24*time.Hour, 1, 1
	n.article("Новая", n.at("2026-11-22 12:00"))
	n.article("Другая", n.at("2026-11-22 11:00"))
	for _, want := range []struct{ slot, now, list string }{
		{"2026-11-24T0800", "2026-11-24 08:00", "fill : Новая"},
		{"2026-11-25T0800", "2026-11-25 08:00", "fill : Другая"},
	} {
		e, _, err := n.Publish(n.ctx, dg, n.slot(want.slot), n.at(want.now))
		if err != nil || said(e.View) != want.list {
			t.Errorf("%s: %s, %v; want %s", want.slot, said(e.View), err, want.list)
		}
	}
}

func TestAPastEditionIsReplayedAsItWouldHaveBeen(t *testing.T) {
	n := open(t)
	all := n.news()
	n.tx(func(tx *sql.Tx) error {
		_, _, err := articles.Withdraw(n.ctx, tx, all[0].Slug, n.at("2026-11-26 12:00"))
		return err
	})
	if _, err := reads.Exclude(n.ctx, n.DB, all[1].ID, n.at("2026-11-26 12:00")); err != nil {
		t.Fatal(err)
	}
	late := n.article("Позже", n.at("2026-11-27 12:00"))
	n.tx(func(tx *sql.Tx) error {
		return reads.SetPin(n.ctx, tx, reads.Pin{Article: late.ID, Place: 1}, n.at("2026-11-27 12:00"))
	})
	n.tx(func(tx *sql.Tx) error { // its date was set back later
		_, err := tx.ExecContext(n.ctx, `UPDATE articles SET moment = $1 WHERE id = $2`, n.at("2026-11-23 09:00").UnixMilli(), late.ID)
		return err
	})
	n.read(late.ID, 99, "web", n.at("2026-11-23 15:00"))
	slot, view, err := n.Replay(n.ctx, n.daily, n.at("2026-11-24 10:00"))
	if err != nil || slot.Name() != "2026-11-24T0800" || said(view) != "reads : Премьера в Корсакове, Фестиваль открылся, Касса недели" {
		t.Errorf("%s: %s, %v", slot.Name(), said(view), err)
	}
	if got := said(n.mustCompile(n.daily, "2026-11-24T0800", "2026-11-28 10:00")); got != "reads : Позже, Касса недели" && !strings.HasPrefix(got, "reads : Позже, Касса недели; fill") {
		t.Errorf("as it would be made now: %s", got)
	}
}

// Every reason has its words, and every number its place in them.
func TestEveryReasonIsSaidInASentence(t *testing.T) {
	end := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	w := &why{zone: time.UTC, titles: map[int64]string{7: "Первая"}, editions: map[int64]string{8: "20 November 2026"}}
	w.Edition.Start, w.Edition.Until, w.Edition.Revision = end.Add(-24*time.Hour), end, 1
	w.Edition.View.Blocks = []templates.Block{{Rank: RankReads}, {Rank: RankLatest, Title: "Новое"}}
	w.items = []blockItem{{Item{Article: 7, Title: "Первая", Reads: 90, Reason: ReasonReads, Score: 90}, 1, end}, {Item{Article: 9, Title: "Вторая", Reads: 1204, Reason: ReasonReads, Score: 1204}, 2, end}}
	for reason, want := range map[string]string{
		AbsentWithdrawn: "it had 61 reads and would stand 2nd, but it was not published any more",
		AbsentExcluded:  "it had 61 reads and would stand 2nd, but the editors keep it out of such lists",
		AbsentSection:   "it had 61 reads and would stand 2nd, but it is of another section",
		AbsentOld:       "it had 61 reads and would stand 2nd, but it is too old: nothing from before 1 January 1970 comes in",
		AbsentShort:     "it had 61 reads and would stand 2nd, but it is too short: 8 words are wanted",
		AbsentRepeated:  "it had 61 reads and would stand 2nd, but it was in the edition of 20 November",
		AbsentFew:       "it had 61 reads, and 8 are wanted at least",
		AbsentShare:     "it had 61 reads, and 8 are wanted here, a share of what the first has",
		AbsentStory:     "it had 61 reads and would stand 2nd, but “Первая” tells the same story and stands for it",
		AbsentFull:      "it had 61 reads and would stand 2nd, but 8 of its section stand before it, and no more are wanted",
		AbsentCount:     "it had 61 reads and would stand 2nd, but the list ends with the 2nd place",
		AbsentDropped:   "it had 61 reads and would stand 2nd, but an editor took it out",
	} {
		other := int64(8)
		if reason == AbsentStory {
			other = 7
		}
		if got := w.missing(Absent{Article: 5, Reads: 61, Pos: 2, Reason: reason, Other: other, Value: 8}).Text; got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", reason, got, want)
		}
	}
	w.items = append(w.items, blockItem{Item{Article: 5, Title: "Третья", Reason: ReasonLatest, Block: 1}, 1, end})
	want := "it had 61 reads and would stand 3rd, but the list ends with the 2nd place; it stands 1st under “Новое (the latest)”"
	if got := w.missing(Absent{Article: 5, Reads: 61, Pos: 3, Reason: AbsentCount}).Text; got != want {
		t.Errorf("in another block:\ngot  %s\nwant %s", got, want)
	}
	w.items = w.items[:2]
	w.items[0].Score = 1804
	w.items[0].date = end.Add(-9 * time.Hour)
	for i, want := range []string{
		"90 reads, which weigh as much as 1,804, as it was out for only 9 hours of the time; by reads alone it would stand 2nd",
		"1,204 reads; it would stand 1st by reads alone, but “Первая” had less time to be read",
	} {
		if got := w.item(w.items[i]).Text; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestWhyTellsWhatAnEditorTookOut(t *testing.T) {
	n := open(t)
	all := n.news()
	e, _, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00"))
	if err != nil || len(e.View.Items) < 2 {
		t.Fatal(said(e.View), err)
	}
	gone := e.View.Items[0]
	if _, err := n.Revise(n.ctx, e.ID, 1, Change{Drop: []int64{gone.Article}, Out: true}, "anna", n.at("2026-11-24 09:00")); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("It is not in the list: it had %d reads and would stand 1st, but an editor took it out.", gone.Reads)
	if _, said, err := n.ExplainArticle(n.ctx, n.daily, "2026-11-24T0800", gone.Slug); err != nil || len(said) != 1 || said[0] != want {
		t.Errorf("got  %q, %v\nwant %s", said, err, want)
	}
	x, err := Explain(n.ctx, n.DB, n.daily, "2026-11-24T0800")
	if err != nil || len(x.Parts[0].Absent) == 0 || x.Parts[0].Absent[0].Article != gone.Article || x.Parts[0].Absent[0].Reason != AbsentDropped {
		t.Errorf("%+v, %v", x.Parts, err)
	}
	if _, said, err := n.ExplainArticle(n.ctx, n.daily, "2026-11-24T0800", all[1].Slug); err != nil || !strings.HasPrefix(said[0], "It is in the edition, 1st") {
		t.Errorf("the next one: %q, %v", said, err)
	}
}

func TestWhyTellsOfAnyArticle(t *testing.T) {
	n := open(t)
	all := n.news()
	late := n.article("Вышла позже", n.at("2026-11-24 12:00"))
	mailed := n.article("Из письма", n.at("2026-11-23 12:00"))
	n.read(mailed.ID, 7, "email", n.at("2026-11-23 15:00"))
	old := n.article("Старая", n.at("2026-11-01 12:00"))
	n.read(old.ID, 500, "web", n.at("2026-11-23 15:00"))
	dg := n.daily
	dg.MinItems = 1
	if _, _, err := n.Publish(n.ctx, dg, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00")); err != nil {
		t.Fatal(err)
	}
	for slug, want := range map[string]string{
		all[0].Slug: "It is in the edition, 1st: 30 reads; one that was read more is left out.",
		late.Slug:   "It is not in the edition, and was not near it: it was published on 24 November 2026, 12:00, after the edition's time had ended.",
		mailed.Slug: "It is not in the edition, and was not near it: in its time it had 7 reads from letters alone, and those do not count, so that one letter does not choose the next.",
		old.Slug:    "It is not in the list: it had 500 reads and would stand 1st, but it is too old: nothing from before 20 November comes in.",
	} {
		_, said, err := n.ExplainArticle(n.ctx, dg, "2026-11-24T0800", slug)
		if err != nil || said[0] != want {
			t.Errorf("got  %q, %v\nwant %s", said, err, want)
		}
	}
	x, err := Explain(context.Background(), n.DB, dg, "2026-11-24T0800")
	if err != nil || x.Articles != 4 || x.Reads != 587 || len(x.Parts) != 1 || len(x.Parts[0].Items) != 3 || len(x.Parts[0].Absent) != 1 {
		t.Errorf("%+v, %v", x, err)
	}
	if _, _, err := n.Publish(n.ctx, func() Digest { dg.WhenThin, dg.MinItems = ThinSkip, 5; return dg }(), n.slot("2026-11-25T0800"), n.at("2026-11-25 08:00")); err != nil {
		t.Fatal(err)
	}
	x, err = Explain(n.ctx, n.DB, dg, "2026-11-25T0800")
	if err != nil || len(x.Head) != 1 || !strings.HasPrefix(x.Head[0], "daily has no edition of 25 November 2026, 08:00: the slot was skipped: ") {
		t.Errorf("%q, %v", x.Head, err)
	}
}

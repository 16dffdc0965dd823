package digest

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/reads"
	"vestnik/templates"
)

// A world is what an edition may be made of, known twice: in the database, and here.
type world struct {
	newsroom
	all     []articles.Article
	slot    Slot
	now     time.Time
	from    time.Time
	reads   map[int64]int64 // that count
	moment  map[int64]time.Time
	state   map[int64]string
	out     map[int64]bool
	place   map[int64]int
	earlier map[int64]earlier
}

func newWorld(t *testing.T) *world {
	w := &world{newsroom: open(t)}
	for i := range 24 {
		story := []string{"Мост через Быстрянку закрывают для грузовиков", "Трамвай пойдёт до университета", "Ледокол вернулся из плавания"}[i%3]
		title := fmt.Sprintf("%s: номер %d", story, i)
		if i >= 9 {
			title = fmt.Sprintf("Слово%c%c иное%c", 'а'+rune(i), 'б'+rune(i), 'в'+rune(i))
		}
		in := articles.Input{Title: title, HTML: "<p>" + strings.Repeat("текст ", i*3) + "</p>", Hash: title, Section: []string{"", "Кино", "Театр"}[i/3%3], Published: w.at("2026-11-23 12:00")}
		if i%8 == 7 {
			in.Kind, in.HTML = articles.KindBrief, ""
		}
		w.tx(func(tx *sql.Tx) error {
			a, _, err := articles.Put(w.ctx, tx, w.Articles, in, w.at("2026-11-23 12:00"))
			w.all = append(w.all, a)
			return err
		})
	}
	w.slot, w.now = w.newsroom.slot("2026-11-24T0800"), w.at("2026-11-24 08:00")
	return w
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.DB.ExecContext(w.ctx, query, args...); err != nil {
		w.t.Fatal(err)
	}
}

// draw makes the world anew.
func (w *world) draw(t *rapid.T) {
	for _, table := range []string{"read_hour", "read_day", "read_pins", "read_excluded", "edition_items", "edition_revisions", "editions"} {
		w.exec(`DELETE FROM ` + table)
	}
	w.from = w.slot.At.Add(-48 * time.Hour) // at most twice the window back, whatever came before
	w.reads, w.moment, w.state = map[int64]int64{}, map[int64]time.Time{}, map[int64]string{}
	w.out, w.place, w.earlier = map[int64]bool{}, map[int64]int{}, map[int64]earlier{}
	w.drawEarlier(t)
	var hours []reads.Hour
	for _, a := range w.all {
		w.moment[a.ID] = w.slot.At.Add(-time.Duration(rapid.IntRange(-1, 120).Draw(t, "hours old")) * time.Hour)
		w.state[a.ID] = rapid.SampledFrom([]string{"published", "published", "published", "withdrawn"}).Draw(t, "state")
		w.exec(`UPDATE articles SET moment = $1, state = $2 WHERE id = $3`, db.Milli(w.moment[a.ID]), w.state[a.ID], a.ID)
		n := rapid.Int64Range(0, 9).Draw(t, "reads")
		if n > 0 {
			w.reads[a.ID] = n
			hours = append(hours, reads.Hour{Article: a.ID, Start: w.from.Add(time.Duration(n) * time.Hour), Source: "web", N: n},
				reads.Hour{Article: a.ID, Start: w.from, Source: "email", N: 50}, reads.Hour{Article: a.ID, Start: w.slot.At, Source: "web", N: 50})
		}
		if w.out[a.ID] = rapid.IntRange(0, 7).Draw(t, "excluded") == 0; w.out[a.ID] {
			w.exec(`INSERT INTO read_excluded (article, made) VALUES ($1, 1)`, a.ID)
		}
		if rapid.IntRange(0, 6).Draw(t, "pinned") == 0 {
			w.place[a.ID] = rapid.IntRange(1, 6).Draw(t, "place")
			w.exec(`INSERT INTO read_pins (article, place, until, made) VALUES ($1, $2, 0, 1)`, a.ID, int64(w.place[a.ID]))
		}
	}
	w.tx(func(tx *sql.Tx) error { return reads.Add(w.ctx, tx, hours) })
}

// drawEarlier draws two editions before this one. One that nobody got does not count.
func (w *world) drawEarlier(t *rapid.T) {
	for day := range 2 {
		at := w.slot.At.Add(-time.Duration(48+24*day) * time.Hour)
		e := Edition{ID: db.NewID(), Digest: "daily", Slot: Slot{Wall: wallClock(at, w.daily.Location), At: at}, Start: at, Until: at, Language: "ru", Revision: 1,
			State: rapid.SampledFrom([]string{Finished, Finished, Held, Cancelled}).Draw(t, "state of the edition")}
		for i, a := range rapid.SliceOfNDistinct(rapid.SampledFrom(w.all), 0, 6, func(a articles.Article) int64 { return a.ID }).Draw(t, "earlier") {
			reason := rapid.SampledFrom([]string{ReasonReads, ReasonEditors, ReasonFill, ReasonLatest}).Draw(t, "reason")
			e.View.Items = append(e.View.Items, templates.Item{Rank: i + 1, Article: a.ID, Reason: reason})
			if !e.Public() {
				continue
			}
			one := w.earlier[a.ID]
			if reason == ReasonFill || reason == ReasonLatest {
				one.filled = max(one.filled, 1)
			} else {
				one.repeated = max(one.repeated, 1)
			}
			w.earlier[a.ID] = one
		}
		w.tx(func(tx *sql.Tx) error { return e.write(w.ctx, tx, nil) })
	}
}

func anyDigest(dg Digest) *rapid.Generator[Digest] {
	block := rapid.Custom(func(t *rapid.T) Block {
		return Block{Rank: rapid.SampledFrom(ranks).Draw(t, "rank"), Count: rapid.IntRange(1, 6).Draw(t, "count"),
			Section: rapid.SampledFrom([]string{"", "", "kino", "teatr", "*"}).Draw(t, "section"), Words: rapid.SampledFrom([]int{0, 0, 20}).Draw(t, "words")}
	})
	return rapid.Custom(func(t *rapid.T) Digest {
		dg := dg
		dg.Rank, dg.Count = rapid.SampledFrom(ranks).Draw(t, "rank"), rapid.IntRange(1, 10).Draw(t, "count")
		dg.MinItems, dg.WhenThin = rapid.IntRange(0, dg.Count).Draw(t, "min items"), rapid.SampledFrom([]string{ThinFill, ThinSend}).Draw(t, "when thin")
		dg.Blocks = rapid.SliceOfN(block, 0, 3).Draw(t, "blocks")
		dg.Sections = rapid.SampledFrom([][]string{nil, nil, {"kino"}, {"kino", "teatr"}}).Draw(t, "sections")
		dg.Collapse, dg.Related = rapid.Bool().Draw(t, "collapse"), 0
		dg.RepeatAfter = rapid.SampledFrom([]time.Duration{0, 240 * time.Hour}).Draw(t, "repeat after")
		return dg
	})
}

// Whatever the reads, pins, exclusions, earlier editions and blocks are: what comes out of the database, a few at a time, is what comes
// out of a list of everything. No article stands in an edition twice.
func TestTheDatabaseGivesWhatAListOfEverythingGives(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w.draw(t)
		dg := anyDigest(w.daily).Draw(t, "digest")
		w.MostRead = reads.Rules{Least: rapid.Int64Range(0, 3).Draw(t, "least"), LeastShare: rapid.SampledFrom([]float64{0, 0.4}).Draw(t, "share"),
			PerSection: rapid.IntRange(0, 3).Draw(t, "per section")}
		w.first = 0
		whole := w.compileAs(t, dg)
		if want := w.naive(t, dg); whole != want {
			t.Errorf("from the database:\n%s\nfrom a list of everything:\n%s", whole, want)
		}
		w.first = rapid.IntRange(1, 4).Draw(t, "fetched at first")
		few, _, _ := strings.Cut(w.compileAs(t, dg), "absent")
		if want, _, _ := strings.Cut(whole, "absent"); few != want {
			t.Errorf("fetched %d at first:\n%s\nfetched all at once:\n%s", w.first, few, want)
		}
	})
}

// compileAs is the edition in words.
func (w *world) compileAs(t *rapid.T, dg Digest) string {
	m, err := w.making(w.ctx, dg, w.slot, w.now, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.compile(w.ctx)
	if _, skip := err.(Skip); err != nil && !skip {
		t.Fatal(err)
	}
	var b strings.Builder
	seen := map[int64]bool{}
	for _, i := range c.view.Items {
		fmt.Fprintf(&b, "%d %s %d %d %.2f %d\n", i.Block, i.Title, i.Reads, i.Rank, i.Score, len(i.Story))
		if seen[i.Article] {
			t.Errorf("%q stands in it twice", i.Title)
		}
		seen[i.Article] = true
	}
	b.WriteString("absent\n")
	for _, a := range c.absent {
		fmt.Fprintf(&b, "%d %s %d %.2f %d %s\n", a.Block, a.Title, a.Reads, a.Score, a.Pos, a.Reason)
	}
	return b.String()
}

// naive is the edition in words, made of all articles as they are known here.
func (w *world) naive(t *rapid.T, dg Digest) string {
	m, err := w.making(w.ctx, dg, w.slot, w.now, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := m.blocks(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var lists []chosen
	choose1 := func(b Block) {
		r := m.rulesOf(b)
		all := w.candidatesOf(dg, b.Rank)
		if b.Section != "" {
			all = slices.DeleteFunc(all, func(c candidate) bool { return c.Section != b.Section })
		}
		if b.Rank == RankLatest || b.Rank == rankFill { // the newest are looked for among those alone
			all = slices.DeleteFunc(all, func(c candidate) bool {
				return c.Words < r.words || r.newestOf() != nil && !slices.Contains(r.newestOf(), c.Section)
			})
		}
		if dg.Collapse {
			m.tales.meet(w.ctx, append(r.first(all), r.taken...)...)
			r.same = m.tales.same(w.ctx)
		}
		c := choose(all, r)
		lists = append(lists, c)
		m.taken = append(m.taken, idsOf(c.list)...)
	}
	for _, b := range blocks {
		choose1(b)
	}
	if n := len(m.taken); n < dg.MinItems && dg.WhenThin == ThinFill {
		choose1(Block{Rank: rankFill, Count: dg.Count - n})
	}
	return w.said(t, m, lists)
}

func (w *world) said(t *rapid.T, m *making, lists []chosen) string {
	if m.dg.Collapse {
		tellStories(lists)
	}
	titles := map[int64]string{}
	for _, a := range w.all {
		titles[a.ID] = a.Title
	}
	var b strings.Builder
	rank := 0
	for block, l := range lists {
		for _, p := range l.list {
			rank++
			fmt.Fprintf(&b, "%d %s %d %d %.2f %d\n", block, titles[p.Article], p.Reads, rank, p.score, len(p.story))
		}
	}
	b.WriteString("absent\n")
	if rank == 0 {
		return b.String() // then nothing is kept either
	}
	near, err := m.nearly(w.ctx, lists)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range near {
		fmt.Fprintf(&b, "%d %s %d %.2f %d %s\n", a.Block, a.Title, a.Reads, a.Score, a.Pos, a.Reason)
	}
	return b.String()
}

// candidatesOf are all articles that a block of the rank may have.
func (w *world) candidatesOf(dg Digest, rank string) (all []candidate) {
	q := reads.Query{From: w.from, To: w.slot.At}
	for _, a := range w.all {
		c := candidate{place: w.place[a.ID]}
		c.Article, c.Reads, c.Published, c.Section = a.ID, w.reads[a.ID], w.moment[a.ID], a.Section.Slug
		c.Brief, c.State, c.Excluded = a.Kind == articles.KindBrief, w.state[a.ID], w.out[a.ID]
		c.Words = len(strings.Fields(a.Title + " " + a.Text))
		share := come(w.slot.At.Sub(c.Published)) - come(w.from.Sub(c.Published))
		c.Adjusted = float64(c.Reads) / max(share, 0.25)
		if dg.RepeatAfter > 0 {
			c.repeated, c.filled = w.earlier[a.ID].repeated, w.earlier[a.ID].filled
		}
		since := w.from
		if rank == rankFill {
			since = w.from.Add(-dg.MaxAge)
		}
		fresh := !c.Published.Before(since) && c.Published.Before(q.To)
		if rank == rankFill && c.Published.Equal(q.To) {
			fresh = true
		}
		switch rank {
		case RankReads, RankAdjusted:
			if c.Reads > 0 || c.place > 0 {
				all = append(all, c)
			}
		case RankEditors:
			if c.place > 0 {
				all = append(all, c)
			}
		default:
			if c.Reads = 0; fresh {
				all = append(all, c)
			}
		}
	}
	if rank == RankEditors || rank == RankReads || rank == RankAdjusted { // of one place the lower id first, as all were pinned at once
		slices.SortFunc(all, func(a, b candidate) int { return int(a.Article>>1) - int(b.Article>>1) })
		slices.SortStableFunc(all, func(a, b candidate) int { return a.place - b.place })
	}
	return all
}

// come is the share of readers that have come after so long, once more.
func come(age time.Duration) float64 {
	if age < 0 {
		return 0
	}
	return age.Hours() / (age.Hours() + 36)
}

package digest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"vestnik/mail"
	"vestnik/subscribers"
)

// inhabit subscribes people of whom each chose language, sections and layout by lot, some of them nothing, and returns the choices that there are.
func (n newsroom) inhabit(people int, draw *rand.Rand) map[string]int {
	n.t.Helper()
	choices := map[string]int{}
	sections := [][]string{nil, nil, {"kino"}, {"teatr"}, {"kino", "teatr"}, {"cirk"}}
	n.tx(func(tx *sql.Tx) error {
		for i := range people {
			email := fmt.Sprintf("reader%d@example.org", i)
			s, err := n.verbs().Add(n.ctx, tx, subscribers.Adding{Email: email, Digests: []string{"daily"}, Confirmed: true, Basis: "a test"}, n.at("2026-11-20 12:00"))
			if err != nil {
				return err
			}
			c := subscribers.Choice{Digest: "daily", Wanted: true, Sections: sections[draw.IntN(len(sections))], Layout: []string{"", "", "cards", "long"}[draw.IntN(4)]}
			all := subscribers.Choices{Digests: []subscribers.Choice{c}, Language: []string{"", "ru", "en"}[draw.IntN(3)], Hour: draw.IntN(25) - 1}
			if err := subscribers.Choose(n.ctx, tx, s.ID, all, subscribers.Origin{}, n.at("2026-11-20 12:00")); err != nil {
				return err
			}
			choices[c.Layout+"/"+strings.Join(c.Sections, ",")]++
		}
		return nil
	})
	return choices
}

// masters counts the master copies of an edition.
func (n newsroom) masters(edition int64) (count int) {
	n.t.Helper()
	if err := n.DB.QueryRowContext(n.ctx, `SELECT COUNT(*) FROM masters WHERE ref = $1`, edition).Scan(&count); err != nil {
		n.t.Fatal(err)
	}
	return count
}

func TestAnEditionIsCompiledOnceForEachChoiceAndNeverForAReader(t *testing.T) {
	n := open(t)
	n.daily.MinItems, n.daily.Layouts = 1, []string{"cards", "long"}
	for _, section := range []string{"Кино", "Театр"} {
		for i := range 3 {
			n.in(section, fmt.Sprintf("%s %d", section, i), int64(30-i))
		}
	}
	const people = 1000
	choices := n.inhabit(people, rand.New(rand.NewPCG(6, 4)))
	if len(choices) != 15 { // three layouts by five choices of sections
		t.Fatalf("choices by lot: %v", choices)
	}
	n.step(n.at("2026-11-23 08:00"))
	n.step(n.at("2026-11-24 08:00"))
	n.step(n.at("2026-11-24 08:01"))
	e := n.editions()[0]
	// Two languages by three layouts by: the whole, kino, teatr, both. The circus has no news, and who wants it gets the whole.
	if got := n.masters(e.ID); got != 2*3*4 {
		t.Errorf("%d master copies for %d readers, want 24", got, people)
	}
	got := map[string]int{}
	for _, v := range n.variants() {
		_, name, _ := strings.Cut(v, ".")
		if !strings.Contains(v, ".") {
			_, sections, _ := strings.Cut(v, "/")
			name = "/" + sections
		} else if !strings.Contains(name, "/") {
			name += "/"
		}
		got[name]++
	}
	want := map[string]int{}
	for name, count := range choices {
		want[strings.Replace(name, "cirk", "", 1)] += count
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("letters by choice %v, want %v", got, want)
	}
}

func TestALayoutThatNobodyChoseIsNotMade(t *testing.T) {
	n := open(t)
	n.news()
	n.daily.Layouts = []string{"cards", "long"}
	n.crowd(2, n.at("2026-11-20 12:00"))
	n.choose("reader0@example.org", subscribers.Choices{Hour: -1})
	n.step(n.at("2026-11-23 08:00"))
	n.step(n.at("2026-11-24 08:00"))
	if names, err := mail.Variants(n.ctx, n.DB, n.editions()[0].ID, 1); err != nil || len(names) != 2 {
		t.Errorf("variants %q, %v; want one for each language", names, err)
	}
}

func TestADayAWeekAndAMonthAreEditionsOfTheirOwn(t *testing.T) {
	n := open(t)
	weekly, monthly := n.daily, n.daily
	weekly.Name, weekly.Title, weekly.Schedule, weekly.Window, weekly.MaxAge = "weekly", "Неделя в кино", "0 9 * * 5", 7*24*time.Hour, 10*24*time.Hour
	monthly.Name, monthly.Title, monthly.Schedule, monthly.Window, monthly.MaxAge = "monthly", "Месяц в кино", "0 10 1 * *", 30*24*time.Hour, 40*24*time.Hour
	all := []Digest{n.daily, weekly, monthly}
	verbs := n.verbs()
	for _, dg := range all {
		verbs.Digests[dg.Name] = subscribers.DigestInfo{Title: dg.Title, Language: "ru"}
	}
	for i, dg := range all {
		n.tx(func(tx *sql.Tx) error {
			_, err := verbs.Add(n.ctx, tx, subscribers.Adding{Email: fmt.Sprintf("r%d@example.org", i), Digests: []string{dg.Name}, Confirmed: true, Basis: "a test"}, n.at("2026-11-01 00:00"))
			return err
		})
	}
	n.step(n.at("2026-11-22 12:00"), all...)
	for day := n.at("2026-11-22 12:00"); day.Before(n.at("2026-12-01 12:00")); day = day.Add(24 * time.Hour) {
		a := n.article("Новость от "+day.Format("02.01"), day)
		n.read(a.ID, int64(day.Day()), "web", day.Add(time.Hour))
		for _, hour := range []time.Duration{20, 21, 22} { // 08:00, 09:00 and 10:00 of the next day
			n.step(day.Add(hour*time.Hour), all...)
		}
	}
	items := map[string]int{}
	for name, want := range map[string]int{"daily": 9, "weekly": 1, "monthly": 1} {
		editions, err := Editions(n.ctx, n.DB, name, 0)
		if err != nil || len(editions) != want {
			t.Fatalf("%s: %d editions, %v, want %d", name, len(editions), err, want)
		}
		newest, err := FindEdition(n.ctx, n.DB, name, editions[0].Slot.Name())
		if err != nil {
			t.Fatal(err)
		}
		items[name] = len(newest.View.Read())
		if top := newest.View.Items[0].Title; name == "weekly" && top != "Новость от 26.11" || name == "monthly" && top != "Новость от 30.11" {
			t.Errorf("%s begins with %q", name, top)
		}
	}
	if items["daily"] != 1 || items["weekly"] != 5 || items["monthly"] != 9 {
		t.Errorf("articles read most in the newest of each: %v, want those of its own time", items)
	}
	got := map[string]int{}
	for _, l := range n.letters() {
		got[l.Address+" "+l.Digest]++
	}
	if len(got) != 3 || got["r0@example.org daily"] != 9 || got["r1@example.org weekly"] != 1 || got["r2@example.org monthly"] != 1 {
		t.Errorf("letters %v, want to each their own rhythm alone", got)
	}
}

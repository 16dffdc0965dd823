package reads

import (
	"fmt"
	"testing"
	"time"

	"vestnik/db/dbtest"
)

func TestCandidatesAreBoundedAndSayWhatIsLeft(t *testing.T) {
	d := dbtest.Open(t)
	for id := int64(1); id <= 6; id++ {
		addArticle(t, d, sampleArticle{id: id, published: day.Add(-time.Duration(id) * time.Hour), section: []string{"kino", "teatr"}[id%2]})
		addReads(t, d, id, day.Add(time.Hour), "web", 10*id)
		addReads(t, d, id, day.Add(time.Hour), "email", 1000)
	}
	addArticle(t, d, sampleArticle{id: 7, published: day, state: "withdrawn", section: "teatr"})
	addReads(t, d, 7, day.Add(time.Hour), "web", 90)
	addReads(t, d, 8, day.Add(time.Hour), "web", 95) // of an article that is not there
	if _, err := Exclude(ctx, d, 6, day.Add(30*time.Hour)); err != nil {
		t.Fatal(err)
	}
	q := Query{From: day, To: day.Add(24 * time.Hour), WithoutSources: []string{"email"}}
	for _, c := range []struct {
		name string
		f    Fetch
		want string
		left map[string]int64
	}{
		{"the first, whatever they are", Fetch{Limit: 4}, "7=90 withdrawn, 6=60 published excluded, 5=50 published", map[string]int64{"": 50}},
		{"those that may be ranked", Fetch{Limit: 2, Eligible: true}, "5=50 published, 4=40 published", map[string]int64{"": 40}},
		{"all of them", Fetch{Limit: 9, Eligible: true, Sections: []string{"teatr"}}, "5=50 published, 3=30 published, 1=10 published", map[string]int64{"": -1}},
		{"of each section", Fetch{Limit: 2, Eligible: true, Each: true}, "5=50 published, 4=40 published, 3=30 published, 2=20 published", map[string]int64{"teatr": 30, "kino": 20}},
		{"read so often", Fetch{Limit: 9, Least: 50}, "7=90 withdrawn, 6=60 published excluded, 5=50 published", map[string]int64{"": 49}},
		{"as it was before", Fetch{Limit: 4, AsOf: day.Add(25 * time.Hour)}, "7=90 draft, 6=60 draft, 5=50 draft", map[string]int64{"": 50}}, // no change of theirs was logged
	} {
		all, below, err := Candidates(ctx, d, q, c.f)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for i, a := range all {
			if i > 0 {
				got += ", "
			}
			got += fmt.Sprintf("%d=%d %s", a.Article, a.Reads, a.State)
			if a.Excluded {
				got += " excluded"
			}
		}
		if got != c.want || fmt.Sprint(below) != fmt.Sprint(c.left) {
			t.Errorf("%s: %s, left %v; want %s, left %v", c.name, got, below, c.want, c.left)
		}
	}
	facts, err := Facts(ctx, d, q, []int64{4, 99}, time.Time{})
	if err != nil || len(facts) != 1 || facts[0].Reads != 40 || facts[0].Section != "kino" || facts[0].Adjusted <= 40 {
		t.Errorf("facts %+v, %v", facts, err)
	}
	if articles, reads, err := Total(ctx, d, q); articles != 8 || reads != 395 || err != nil {
		t.Errorf("%d articles, %d reads, %v", articles, reads, err)
	}
}

func TestPinsOfAMoment(t *testing.T) {
	d := dbtest.Open(t)
	for i, p := range []Pin{{Article: 1, Place: 3}, {Article: 2, Place: 1, Until: day.Add(2 * time.Hour)}, {Article: 3, Place: 2}} {
		if err := SetPin(ctx, d, p, day.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for hours, want := range map[int]string{0: "[1]", 1: "[2 1]", 3: "[3 1]"} {
		pins, err := Pins(ctx, d, day.Add(time.Duration(hours)*time.Hour))
		var got []int64
		for _, p := range pins {
			got = append(got, p.Article)
		}
		if fmt.Sprint(got) != want || err != nil {
			t.Errorf("after %d hours: %v, %v; want %s", hours, got, err, want)
		}
	}
}

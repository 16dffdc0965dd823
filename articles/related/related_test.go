package related

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestTermsWeighWhereAWordStands(t *testing.T) {
	got := map[string]int64{}
	for _, term := range termsOf(Text{Language: "en", Title: "Harbour cinema", Standfirst: "Cinema", Tags: []string{"harbour"}, Body: "cinemas, a harbour and a lighthouse"}) {
		got[term.word] = term.weight
	}
	for word, want := range map[string]int64{
		"harbour": titleWeight + tagWeight + bodyWeight, "cinema": titleWeight + standfirstWeight + bodyWeight, "lighthous": bodyWeight,
	} {
		if got[word] != want {
			t.Errorf("%s weighs %d, want %d; all: %v", word, got[word], want, got)
		}
	}
}

func TestTermsKeepTheHeaviest(t *testing.T) {
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, "%dword%d ", i, i)
	}
	all := termsOf(Text{Language: "en", Title: "lighthouse", Body: b.String()})
	isTitle := func(t term) bool { return t.word == "lighthous" }
	beginnings := 0
	for _, t := range all {
		if isBeginning(t.word) {
			beginnings++
		}
	}
	if len(all)-beginnings != maxTerms || beginnings != maxBeginnings || !slices.ContainsFunc(all, isTitle) {
		t.Errorf("%d terms and %d beginnings, with that of the title: %v; want %d, %d and true",
			len(all)-beginnings, beginnings, slices.ContainsFunc(all, isTitle), maxTerms, maxBeginnings)
	}
	if !slices.IsSortedFunc(all, func(a, b term) int { return strings.Compare(a.word, b.word) }) {
		t.Error("they are not in the order of the words")
	}
}

func TestAWordIsTooCommonByTheSizeOfTheCollection(t *testing.T) {
	for n, want := range map[int64]int64{0: 2, 1: 2, 8: 4, 12: 6, 30: 6, 100: 20, 1000: 200, 10_000: 400} {
		if got := widest(n); got != want {
			t.Errorf("of %d articles: %d, want %d", n, got, want)
		}
	}
}

// vectorOf is a vector of equal weights.
func vectorOf(words ...string) vector {
	slices.Sort(words)
	var v vector
	for _, word := range words {
		v = append(v, dimension{word, 1 / math.Sqrt(float64(len(words)))})
	}
	return v
}

func TestCosine(t *testing.T) {
	for _, c := range []struct {
		a, b   vector
		want   float64
		common int
	}{
		{vectorOf("a", "b"), vectorOf("a", "b"), 1, 2},
		{vectorOf("a", "b", "c", "d"), vectorOf("c", "d", "e", "f"), 0.5, 2},
		{vectorOf("a"), vectorOf("b"), 0, 0},
		{vectorOf("a"), nil, 0, 0},
	} {
		if got, common := c.a.cosine(c.b); math.Abs(got-c.want) > 1e-12 || common != c.common {
			t.Errorf("%v, %v: %v of %d, want %v of %d", c.a, c.b, got, common, c.want, c.common)
		}
	}
}

func TestChoose(t *testing.T) {
	const day = 86_400_000
	about := func(words ...string) profile { return profile{vectorOf(words...), vectorOf(words...)} }
	own := about("a", "b", "c", "d")
	near := about("a", "b", "c", "x")
	all := []candidate{
		{id: 1, moment: 0, about: near},
		{id: 2, moment: 1, about: own},                                  // the same story on the same day
		{id: 3, moment: 500 * day, about: about("b", "c", "d", "y")},    // as near, but older
		{id: 4, moment: 0, about: about("a", "p", "q", "r"), shared: 9}, // a little near, with common tags
		{id: 5, moment: 0, about: about(append(strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40"), "a")...)}, // not near enough
		{id: 6, moment: 0, about: about("c", "d", "s", "t")},
	}
	for _, c := range []struct {
		name string
		seen []profile
		n    int
		want []int64
	}{
		{"by nearness in words, tags and time", nil, 9, []int64{1, 6, 3, 4}},
		{"no more than asked", nil, 2, []int64{1, 6}},
		{"none that says what one before says", []profile{near}, 9, []int64{6, 3, 4}},
	} {
		if got := choose(own, 0, all, c.seen, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestWordsOfOneBeginningHaveATermInCommon(t *testing.T) {
	for word, want := range map[string]string{"сахалин": "~сахал", "сахалинск": "~сахал", "театр": "~театр", "кин": "", "": ""} {
		if got := beginning(word); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func TestBeginningsDoNotCrowdOutWords(t *testing.T) {
	v := vector{{"~aaaaa", 9}, {"~bbbbb", 8}, {"x", 7}, {"y", 6}, {"z", 5}}
	if got, want := mostOfEach(v, 2, 1), (vector{{"~aaaaa", 9}, {"x", 7}, {"y", 6}}); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

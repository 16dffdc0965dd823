package related

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"vestnik/articles/words"
)

func TestTheHeaviestWordsOfAnArticleAreKeptAndAllBeginnings(t *testing.T) {
	terms := []words.Term{{Word: "~begin", Body: 1}}
	for i := range 2 * mostWords {
		terms = append(terms, words.Term{Word: fmt.Sprintf("word%03d", i), Body: int64(1 + i%2)})
	}
	kept := heaviest(terms)
	if len(kept) != mostWords+1 || slices.ContainsFunc(kept, func(t words.Term) bool { return !words.IsBeginning(t.Word) && t.Body != 2 }) {
		t.Errorf("%v", kept)
	}
}

func TestAWordIsTooCommonByTheSizeOfTheCollection(t *testing.T) {
	for n, want := range map[int64]int64{0: 2, 1: 2, 8: 4, 12: 6, 30: 6, 100: 20, 1000: 200, 100_000: 20_000} {
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
		if got := idsOf(choose(own, 0, all, c.seen, c.n)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func idsOf(found []Found) (ids []int64) {
	for _, f := range found {
		ids = append(ids, f.Article)
	}
	return ids
}

func TestBeginningsDoNotCrowdOutWords(t *testing.T) {
	v := vector{{"~aaaaa", 9}, {"~bbbbb", 8}, {"x", 7}, {"y", 6}, {"z", 5}}
	if got, want := mostOfEach(v, 2, 1), (vector{{"~aaaaa", 9}, {"x", 7}, {"y", 6}}); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

package words

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTermsSayWhereAWordStands(t *testing.T) {
	d := documentOf(1, Text{Language: "en", Title: "Harbour cinema", Standfirst: "Cinema", Tags: []string{"harbour"}, Body: "cinemas, a harbour and a lighthouse"})
	for _, want := range []Term{
		{Word: "harbour", Title: 1, Tags: 1, Body: 1}, {Word: "cinema", Title: 1, Standfirst: 1, Body: 1}, {Word: "lighthous", Body: 1},
		{Word: "~cinem", Title: 1, Standfirst: 1, Body: 1}, {}, // one that there is not
	} {
		if got := d.Term(cmp.Or(want.Word, "other")); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if d.Length != 8 {
		t.Errorf("%d words, want 8: those of one letter are none", d.Length)
	}
	if got := (Term{Title: 1, Standfirst: 10, Tags: 100, Body: 1000}).Weight(); got != 1423 {
		t.Errorf("weight %d", got)
	}
}

func TestPartsOfACompoundAreFoundButAreNoWordsOfTheText(t *testing.T) {
	d := documentOf(1, Text{Language: "ru", Title: "Кинокластер"})
	if d.Length != 1 || d.Term("кин").Title != 1 || d.Term("кластер").Title != 1 || d.Term("~класт").Word != "" {
		t.Errorf("%+v", d)
	}
}

func TestWordsOfOneBeginningHaveATermInCommon(t *testing.T) {
	for word, want := range map[string]string{"сахалин": "~сахал", "сахалинск": "~сахал", "театр": "~театр", "кин": "", "": ""} {
		if got := beginning(word); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

func TestOfALongTextTheHeaviestTermsAreKept(t *testing.T) {
	var b strings.Builder
	for i := range 2 * mostWords {
		fmt.Fprintf(&b, "%dword%d ", i, i)
	}
	d := documentOf(1, Text{Language: "en", Title: "lighthouse", Body: b.String()})
	beginnings := 0
	for _, t := range d.Terms {
		if IsBeginning(t.Word) {
			beginnings++
		}
	}
	if len(d.Terms)-beginnings != mostWords || beginnings != mostBeginnings || d.Term("lighthous").Title != 1 {
		t.Errorf("%d words and %d beginnings; want %d and %d, with that of the title", len(d.Terms)-beginnings, beginnings, mostWords, mostBeginnings)
	}
	if d.Length != 2*mostWords+1 {
		t.Errorf("%d words are counted, want all %d", d.Length, 2*mostWords+1)
	}
	if !slices.IsSortedFunc(d.Terms, func(a, b Term) int { return strings.Compare(a.Word, b.Word) }) {
		t.Error("they are not in the order of the words")
	}
}

// PostgreSQL takes a megabyte of an article.
func TestTokensOfAnArticleAreBoundedInBytes(t *testing.T) {
	var b strings.Builder
	for i := range mostWords {
		fmt.Fprintf(&b, "a%s%d ", strings.Repeat("\U000E0041", 34), i) // marks that are written by their numbers
	}
	bytes := 0
	for _, t := range documentOf(1, Text{Language: "en", Body: b.String()}).Terms {
		bytes += len(token(t.Word)) + 1
	}
	if bytes < mostBytes/2 || bytes > 2*mostBytes {
		t.Errorf("%d bytes, want some %d", bytes, mostBytes)
	}
}

func TestTokensHaveNothingThatAnEngineCutsAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		if (a == b) != (token(a) == token(b)) {
			t.Errorf("%q and %q become %q and %q", a, b, token(a), token(b))
		}
		for _, r := range token(a) {
			if r < 0x80 && needsEscape(r) {
				t.Errorf("%q has %q", token(a), r)
			}
		}
	})
}

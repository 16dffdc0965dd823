package words

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestTheBlobKeepsEveryTerm(t *testing.T) {
	word := rapid.StringOfN(rapid.RuneFrom([]rune("абвг~'.ab漢\u0301")), 1, 40, -1)
	count := rapid.Int64Range(0, 1000)
	term := rapid.Custom(func(t *rapid.T) Term {
		return Term{word.Draw(t, "word"), count.Draw(t, "title"), count.Draw(t, "standfirst"), count.Draw(t, "tags"), count.Draw(t, "body")}
	})
	rapid.Check(t, func(t *rapid.T) {
		terms := rapid.SliceOf(term).Draw(t, "terms")
		got, err := decode(encode(terms))
		if err != nil || !slices.Equal(got, terms) {
			t.Errorf("%v became %v, %v", terms, got, err)
		}
	})
}

func TestAWordOftenCostsFewBytes(t *testing.T) {
	terms := []Term{{Word: "кинокластер", Body: 1}, {Word: "кинокомпан", Body: 3}}
	if got, want := len(encode(terms)), 1+(2+22+1)+(2+20-11+1); got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 1})
	f.Add(encode([]Term{{Word: "don't", Title: 1, Body: 2}, {Word: "доступ", Tags: 1}, {Word: "~досту", Body: 300}}))
	f.Fuzz(func(t *testing.T, blob []byte) {
		terms, err := decode(blob)
		if err != nil {
			return
		}
		again, err := decode(encode(terms))
		if err != nil || !reflect.DeepEqual(again, terms) && len(terms) > 0 {
			t.Errorf("%v became %v, %v", terms, again, err)
		}
	})
}

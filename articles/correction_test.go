package articles

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func correct(t testing.TB, d *db.DB, slug, note string, now time.Time) (a Article, outcome Outcome, err error) {
	t.Helper()
	err = d.Tx(context.Background(), func(tx *sql.Tx) error {
		a, outcome, err = Correct(context.Background(), tx, slug, note, now)
		return err
	})
	return a, outcome, err
}

func TestACorrectionMovesTheUpdateAndIsLoggedOnce(t *testing.T) {
	d := dbtest.Open(t)
	first, _ := put(t, d, Input{Title: "a", HTML: "<p>a</p>", Path: "/a", Hash: "1", Published: testNow.Add(-time.Hour)}, testNow)
	later := testNow.Add(time.Hour)
	a, outcome, err := correct(t, d, first.Slug, " Фамилия <b>исправлена</b>. \r\n \t\r\n\r\nИ дата.\x00 ", later)
	if err != nil || outcome != Changed {
		t.Fatal(outcome, err)
	}
	if want := "Фамилия исправлена.\n\nИ дата."; a.Correction != want || !a.Corrected.Equal(later) || !a.Updated.Equal(later) || a.Change != first.Change+1 {
		t.Errorf("%q of %v, updated %v, change %d", a.Correction, a.Corrected, a.Updated, a.Change)
	}
	if !a.Published.Equal(first.Published) || a.GUID != first.GUID {
		t.Errorf("published %v, guid %s; want those of %+v", a.Published, a.GUID, first)
	}
	if stored := get(t, d, a.ID); stored.Correction != a.Correction || !stored.Corrected.Equal(later) {
		t.Errorf("stored %+v", stored)
	}
	if _, outcome, err := correct(t, d, first.Slug, "Фамилия исправлена.\n\n\nИ дата.", later.Add(time.Hour)); err != nil || outcome != Unchanged {
		t.Errorf("the same note again: %s, %v", outcome, err)
	}
	if got := verbs(t, d); got != "[publish correct]" {
		t.Error(got)
	}
}

func TestCorrectRefusesWhatReadersCannotSee(t *testing.T) {
	d := dbtest.Open(t)
	put(t, d, Input{Title: "a", Slug: "public", Path: "/a"}, testNow)
	put(t, d, Input{Title: "b", Slug: "draft", Path: "/b", Draft: true}, testNow)
	put(t, d, Input{Title: "c", Slug: "removed", Path: "/c"}, testNow)
	turnTo(t, d, Remove, "removed", testNow)
	before := currentChange(t, d)
	for _, test := range []struct{ slug, note, want string }{
		{"public", " \n\n <i></i> ", "article public: correction: it is empty; say"},
		{"public", strings.Repeat("я", 3001), "correction: 3001 characters are too long; at most 3000"},
		{"draft", "x", "article draft: correction: it is a draft"},
		{"removed", "x", ErrRemoved.Error()},
		{"none", "x", ErrNotFound.Error()},
	} {
		if _, _, err := correct(t, d, test.slug, test.note, testNow); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.slug, err, test.want)
		}
	}
	if currentChange(t, d) != before {
		t.Error("the change number moved")
	}
}

func TestACorrectionInAFileIsAVisibleChange(t *testing.T) {
	d := dbtest.Open(t)
	in := Input{Title: "a", HTML: "<p>a</p>", Path: "/a", Hash: "1"}
	first, _ := put(t, d, in, testNow)
	day := func(n int) time.Time { return testNow.Add(time.Duration(n) * 24 * time.Hour) }
	in.Correction, in.Hash = "Дата исправлена.", "2"
	a, outcome := put(t, d, in, day(1))
	if outcome != Changed || a.Correction != in.Correction || !a.Corrected.Equal(day(1)) || !a.Updated.Equal(day(1)) || a.Change != first.Change+1 {
		t.Errorf("%s: %+v", outcome, a)
	}
	in.HTML, in.Hash = "<p>b</p>", "3" // another change of the same corrected text
	a, _ = put(t, d, in, day(2))
	if !a.Corrected.Equal(day(1)) || !a.Updated.Equal(day(2)) {
		t.Errorf("the same correction is dated anew: corrected %v, updated %v", a.Corrected, a.Updated)
	}
	in.Correction, in.Hash, in.Updated = "Дата и место исправлены.", "4", day(3)
	if a, _ = put(t, d, in, day(4)); !a.Corrected.Equal(day(3)) || !a.Updated.Equal(day(3)) {
		t.Errorf("corrected %v, updated %v; want the update that the file tells of", a.Corrected, a.Updated)
	}
	if got := verbs(t, d); got != "[publish update update update]" {
		t.Error(got)
	}
}

func TestAFileWithoutACorrectionDoesNotTakeItBack(t *testing.T) {
	d := dbtest.Open(t)
	in := Input{Title: "a", HTML: "<p>a</p>", Path: "/a", Hash: "1", Correction: "Первая."}
	a, _ := put(t, d, in, testNow)
	later := testNow.Add(time.Hour)
	if _, _, err := correct(t, d, a.Slug, "Вторая.", later); err != nil {
		t.Fatal(err)
	}
	if got, outcome := put(t, d, in, later); outcome != Unchanged || got.Correction != "Вторая." {
		t.Errorf("the unchanged file: %s, %q", outcome, got.Correction)
	}
	in.Correction, in.HTML, in.Hash = "", "<p>b</p>", "2"
	got, outcome := put(t, d, in, later.Add(time.Hour))
	if outcome != Changed || got.Correction != "Вторая." || !got.Corrected.Equal(later) {
		t.Errorf("a changed file without the key: %s, %q of %v", outcome, got.Correction, got.Corrected)
	}
}

func TestAnEnclosureIsKeptWhole(t *testing.T) {
	d := dbtest.Open(t)
	in := Input{Title: "a", Path: "/a", Hash: "1", Enclosure: &Enclosure{"/audio/1.mp3", "Audio/MPEG; charset=binary", 5_000_000_000}}
	a, _ := put(t, d, in, testNow)
	want := Enclosure{"https://kino.example/audio/1.mp3", "audio/mpeg", 5_000_000_000}
	if stored := get(t, d, a.ID).Enclosure; a.Enclosure == nil || *a.Enclosure != want || stored == nil || *stored != want {
		t.Errorf("returned %+v, stored %+v; want %+v", a.Enclosure, stored, want)
	}
	if _, outcome := put(t, d, in, testNow); outcome != Unchanged || currentChange(t, d) != 1 {
		t.Errorf("again: %s, change %d", outcome, currentChange(t, d))
	}
	in.Enclosure, in.Hash = nil, "2"
	if got, _ := put(t, d, in, testNow); got.Enclosure != nil || got.Change != 2 {
		t.Errorf("taken out: %+v, change %d", got.Enclosure, got.Change)
	}
}

func TestHalfAnEnclosureIsRefused(t *testing.T) {
	base := &url.URL{Scheme: "https", Host: "kino.example", Path: "/articles/a"}
	for _, test := range []struct {
		e           Enclosure
		field, want string
	}{
		{Enclosure{"", "audio/mpeg", 1}, "enclosure", `"" is no address`},
		{Enclosure{"javascript:x", "audio/mpeg", 1}, "enclosure", `"javascript:x" is no address`},
		{Enclosure{"https://kino.example/\x00", "audio/mpeg", 1}, "enclosure", "is no address"},
		{Enclosure{"a.mp3", " ", 1}, "enclosure", "enclosure_type: audio/mpeg"},
		{Enclosure{"a.mp3", "mp3", 1}, "enclosure_type", `"mp3" is no media type`},
		{Enclosure{"a.mp3", "audio/mpeg", 0}, "enclosure", "enclosure_length: 12345678"},
		{Enclosure{"a.mp3", "audio/mpeg", -1}, "enclosure_length", "-1 is no size"},
	} {
		_, err := CleanEnclosure(base, test.e)
		var field *FieldError
		if !errors.As(err, &field) || field.Field != test.field || !strings.Contains(field.Problem, test.want) {
			t.Errorf("%+v: %v, want %s: %s", test.e, err, test.field, test.want)
		}
	}
}

func TestRemovedArticleLosesItsCorrectionAndRecording(t *testing.T) {
	d := dbtest.Open(t)
	a, _ := put(t, d, Input{Title: "a", Path: "/a", Correction: "x", Enclosure: &Enclosure{"https://kino.example/1.mp3", "audio/mpeg", 1}}, testNow)
	turnTo(t, d, Remove, a.Slug, testNow)
	if got := get(t, d, a.ID); got.Correction != "" || !got.Corrected.IsZero() || got.Enclosure != nil {
		t.Errorf("%q, %v, %+v", got.Correction, got.Corrected, got.Enclosure)
	}
}

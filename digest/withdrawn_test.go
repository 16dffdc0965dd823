package digest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"vestnik/templates"
)

// What was taken down while an edition waited for its editor is named, and the edition goes out only without it.
func TestAnEditionIsNotApprovedWithWhatWasWithdrawnMeanwhile(t *testing.T) {
	n, e := sectioned(t)
	now := n.at("2026-11-24 08:30")
	n.withdraw("kino-dva", now)
	n.withdraw("teatr-dva", now) // only in letters of that section
	_, err := n.Approve(n.ctx, e.ID, 1, "ann", now)
	refused(t, err, "daily 2026-11-24T0800 holds what was withdrawn after it was compiled, kino-dva, teatr-dva: `vestnik digest edit daily 2026-11-24T0800 --drop kino-dva,teatr-dva`")
	var gone Withdrawn
	if !errors.As(err, &gone) || len(gone.Items) != 2 {
		t.Errorf("the error names %+v", gone.Items)
	}
	e, err = n.Revise(n.ctx, e.ID, 1, Change{Drop: []int64{n.slug(e, "kino-dva"), n.slug(e, "teatr-dva")}}, "ann", now)
	if err != nil {
		t.Fatal(err)
	}
	if e, err = n.Approve(n.ctx, e.ID, 2, "ann", now); err != nil || e.State != Enqueuing {
		t.Errorf("without them: %s, %v", e.State, err)
	}
}

func TestAnArticleWithdrawnWhileItsEditionWaitsIsNotMailed(t *testing.T) {
	n := atOnce(t)
	n.daily.Approve = true
	n.daily.ApproveWithin = 2 * time.Hour
	n.crowd(2, n.at("2026-11-20 12:00"))
	n.article("Премьера", n.at("2026-11-24 12:01"))
	n.step(n.at("2026-11-24 12:12"))
	n.withdraw("premera", n.at("2026-11-24 12:20"))
	e := n.editions()[0]
	_, err := n.Approve(n.ctx, e.ID, 1, "ann", n.at("2026-11-24 12:30"))
	refused(t, err, "`vestnik digest cancel daily 2026-11-24T1211` gives the edition up")
}

// The subject of one article by mail is its headline, also after an editor has changed that; what the subject of the list says is about a list.
func TestAnotherHeadlineOfOneArticleDoesNotMakeItsSubjectThatOfAList(t *testing.T) {
	n := open(t)
	n.daily.Subject = "Самое читаемое: {top}"
	n.daily.Approve, n.daily.ApproveWithin = true, 2*time.Hour
	n.Digests = []Digest{n.daily}
	a := n.long(n.at("2026-11-24 09:00"))
	e, _, err := n.SendArticle(n.ctx, n.daily, OneArticle{Slug: a.Slug}, n.at("2026-11-24 10:17"))
	if err != nil {
		t.Fatal(err)
	}
	if e, err = n.Revise(n.ctx, e.ID, 1, Change{Titles: map[int64]string{a.ID: "Как сняли «Остров»"}}, "ann", n.at("2026-11-24 10:20")); err != nil || e.Subject != "Как сняли «Остров»" {
		t.Errorf("the subject is %q, %v", e.Subject, err)
	}
}

// Every letter names the content of the whole edition, as its page does: also one that brings some sections alone.
func TestLettersOfSectionsNameTheContentThatThePageNames(t *testing.T) {
	n, e := sectioned(t)
	check := func(what string, view templates.EditionView, l templates.Letter) {
		t.Helper()
		if mark := view.Hash()[:12]; !strings.Contains(l.HTML, mark) || !strings.Contains(l.Text, mark) {
			t.Errorf("%s does not name %s:\n%s", what, mark, l.Text)
		}
	}
	revise := Change{Titles: map[int64]string{n.slug(e, "kino-odin"): "Кино первое"}}
	next, err := n.Revise(n.ctx, e.ID, 1, revise, "ann", n.at("2026-11-24 08:30"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ru", "en.cards", "ru/teatr"} {
		for revision, e := range map[int64]Edition{1: e, 2: next} {
			l, err := n.Letter(n.ctx, e, revision, name)
			if err != nil {
				t.Fatal(err)
			}
			check(name, e.View, l)
		}
	}
}

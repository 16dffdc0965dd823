package templates

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func approveLetter(lang, stage string) ApproveLetter {
	return ApproveLetter{Site: site(), Language: lang, Stage: stage, Edition: edition(20), Now: morning, Until: morning.Add(2 * time.Hour),
		Link: "https://kino.example/edit/" + strings.Repeat("editeditedited", 6)}
}

func correctionLetter(lang string) CorrectionLetter {
	e := edition(20)
	e.Revision = 2
	return CorrectionLetter{Site: site(), Language: lang, Edition: e,
		Text:        "В материале о кассе уикенда мы написали, что картину посмотрели 620 тысяч человек.\n\nПосмотрели её 260 тысяч. Просим прощения у читателей и прокатчика.",
		Leave:       "https://kino.example/unsubscribe/LeaveLeaveLeaveLeaveLeaveLeaveLeaveLeave0",
		Preferences: "https://kino.example/preferences/PreferencesPreferencesPreferencesPrefere0"}
}

// editorsLetters are all letters about held and corrected editions.
func editorsLetters(t *testing.T, s *Set, lang string) map[string]Letter {
	t.Helper()
	all := map[string]Letter{}
	for _, stage := range []string{AskToApprove, AskAgain, NotApproved} {
		v := approveLetter(lang, stage)
		if stage == AskAgain {
			v.Now = v.Until.Add(-30 * time.Minute)
		}
		if stage == NotApproved {
			v.Now = v.Until
		}
		l, err := s.ApproveLetter(v)
		if err != nil {
			t.Fatal(err)
		}
		all["approve-"+stage] = l
	}
	l, err := s.CorrectionLetter(correctionLetter(lang))
	if err != nil {
		t.Fatal(err)
	}
	all["correction"] = l
	return all
}

func TestLettersAboutHeldAndCorrectedEditionsAreAsApproved(t *testing.T) {
	for _, lang := range Languages() {
		for name, l := range editorsLetters(t, newSet(t), lang) {
			golden(t, name+"-"+lang, l)
		}
	}
}

func TestTheSubjectOfALetterToEditorsNamesDigestSlotAndDeadline(t *testing.T) {
	s := newSet(t)
	for lang, want := range map[string]string{"ru": "Одобрить до 10:00: Самое читаемое, 24 ноября 2026, 08:00", "en": "Approve by 10:00: Самое читаемое, 24 November 2026, 08:00"} {
		l, err := s.ApproveLetter(approveLetter(lang, AskToApprove))
		if err != nil {
			t.Fatal(err)
		}
		if l.Subject != want {
			t.Errorf("%s: subject %q, want %q", lang, l.Subject, want)
		}
	}
	v := approveLetter("ru", AskToApprove)
	v.Until = morning.Add(20 * time.Hour).UTC() // the next day, given on another clock
	l, err := s.ApproveLetter(v)
	if err != nil {
		t.Fatal(err)
	}
	if want := "до 25 ноября 2026, 04:00"; !strings.Contains(l.Subject, want) {
		t.Errorf("subject %q, want %q in it", l.Subject, want)
	}
}

func TestWhoMayNotActAnyMoreGetsNoLink(t *testing.T) {
	l := editorsLetters(t, newSet(t), "ru")["approve-cancelled"]
	if strings.Contains(l.HTML+l.Text, "/edit/") || !strings.Contains(l.Text, "vestnik digest send daily") {
		t.Errorf("the letter about an edition that was cancelled:\n%s", l.Text)
	}
}

func TestTimeLeftIsWordedInTheUnitsOfAnEditor(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Minute: "Времени не осталось.", 20 * time.Second: "Времени не осталось.", time.Minute: "Осталась 1\u00a0минута.", 47 * time.Minute: "Осталось 47\u00a0минут.",
		59*time.Minute + 40*time.Second: "Остался 1\u00a0час.", 83 * time.Minute: "Осталось 1\u00a0ч 23\u00a0мин.", 2 * time.Hour: "Осталось 2\u00a0часа.", 25*time.Hour + time.Minute: "Осталось 25\u00a0часов.",
	} {
		if got := TimeLeft("ru", d); got != want {
			t.Errorf("TimeLeft(%s) = %q, want %q", d, got, want)
		}
	}
}

func editPage(lang, state string) *EditPage {
	e := edition(6)
	p := &EditPage{Action: "/edit/x", Letter: "letter-digest-" + lang + ".html", Editor: "red@kino.example", Edition: e, Revision: 1, State: state, Audience: 12345,
		Until: morning.Add(2 * time.Hour), Now: morning.Add(37 * time.Minute), Subject: e.Subject, Note: "Сегодня говорим о море.",
		Variants: []Choice{{"ru", "Русский", false}, {"en", "English", false}, {"ru.cards", "Русский, с картинками", false}, {"ru/prokat", "Русский: prokat", false}},
		History:  []EditStep{{1, morning, "", "compiled"}}}
	part := EditPart{Heading: PartHeading(lang, Block{Rank: "reads"})}
	for i, item := range e.Items {
		part.Items = append(part.Items, EditItem{Item: item, Typed: item.Title, Number: string(rune('1' + i)), First: i == 0, Last: i == 5, Dropped: i == 4})
	}
	p.Parts = []EditPart{part}
	return p
}

// editPictures are the editors' page in each of its states.
func editPictures(lang string) map[string]Page {
	in := func(state string, change func(*EditPage)) Page {
		p := page(lang)
		p.Title, p.NoIndex, p.Edit = "Самое читаемое", true, editPage(lang, state)
		change(p.Edit)
		return p
	}
	steps := []EditStep{{3, morning.Add(20 * time.Minute), "anna.lee@kino.example", "dropped novost-c; headline of novost-a; order"},
		{2, morning.Add(9 * time.Minute), "red@kino.example", "note, subject"}, {1, morning, "", "compiled"}}
	return map[string]Page{
		"edit": in("held", func(*EditPage) {}),
		"edit_saved": in("held", func(p *EditPage) {
			p.Saved, p.Revision, p.History = true, 3, steps
		}),
		"edit_stale": in("held", func(p *EditPage) {
			p.Stale, p.Revision, p.History, p.Gone = true, 3, steps, []string{"Заголовок, над которым работали"}
		}),
		"edit_wrong": in("held", func(p *EditPage) {
			p.Wrong, p.Error = "title.2", Text(lang, "edit_no_title")
			p.Parts[0].Items[1].Typed, p.Parts[0].Items[1].Wrong = "", true
		}),
		"edit_sending": in("sending", func(p *EditPage) {
			p.Outcome = EditOutcome{By: "red@kino.example", Letters: 12345, Sent: 4021, Command: `vestnik digest correct daily 2026-11-24T0800 --note "…"`}
		}),
		"edit_cancelled": in("cancelled", func(p *EditPage) {
			p.Outcome = EditOutcome{Reason: "not approved by 2026-11-24T10:00:00+11:00", Command: "vestnik digest send daily"}
		}),
	}
}

func TestEveryFieldAndButtonOfTheEditorsPageHasAName(t *testing.T) {
	d := parse(t, render(t, newSet(t), "edit", editPictures("ru")["edit"]))
	labels := map[string]bool{}
	for _, l := range d.all("label") {
		labels[attr(l, "for")] = true
	}
	for _, n := range d.all("textarea") {
		if !labels[attr(n, "id")] {
			t.Errorf("no label for %s", attr(n, "name"))
		}
	}
	names := map[string]bool{}
	for _, n := range d.all("button") {
		name := attr(n, "aria-label")
		if name == "" {
			continue // it has words
		}
		if names[name] {
			t.Errorf("two buttons are called %q", name)
		}
		names[name] = true
	}
	if len(names) != 12 {
		t.Errorf("%d arrows, want two for each of 6 headlines", len(names))
	}
}

func TestAnEditionThatWentOutCannotBeChangedOnItsPage(t *testing.T) {
	for _, name := range []string{"edit_sending", "edit_cancelled"} {
		d := parse(t, render(t, newSet(t), "edit", editPictures("en")[name]))
		if n := len(d.all("form")) + len(d.all("button")); n > 0 {
			t.Errorf("%s: %d forms and buttons", name, n)
		}
		if got := d.text(); !strings.Contains(got, "vestnik digest") {
			t.Errorf("%s names no command: %s", name, got)
		}
	}
}

func TestTheFirstButtonOfTheEditorsFormSavesWhenEnterIsPressed(t *testing.T) {
	d := parse(t, render(t, newSet(t), "edit", editPictures("ru")["edit"]))
	if b := d.all("button")[0]; attr(b, "value") != "save" {
		t.Errorf("the first button says %q", attr(b, "value"))
	}
}

func TestACorrectionNamesTheRevisionAndLeadsToThePage(t *testing.T) {
	for _, lang := range Languages() {
		l := editorsLetters(t, newSet(t), lang)["correction"]
		for _, want := range []string{"https://kino.example/digests/daily/2026-11-24T0800", "260 тысяч", Text(lang, "correction_page", int64(2))} {
			if !strings.Contains(l.HTML, want) || !slices.Contains(strings.Fields(l.Text), strings.Fields(want)[0]) {
				t.Errorf("%s: the letter lacks %q:\n%s", lang, want, l.Text)
			}
		}
	}
}

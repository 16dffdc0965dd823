package digest

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/articles"
)

func TestANewDigestMailsNothingForThePast(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(2, n.at("2026-11-20 12:00"))
	next := n.step(n.at("2026-11-24 08:10"))
	if want := n.at("2026-11-25 08:00"); !next.Equal(want) {
		t.Errorf("next step at %s, want %s", next, want)
	}
	if got, want := n.slots(), []string{"2026-11-24T0800 skipped"}; !slices.Equal(got, want) {
		t.Errorf("slots %q, want %q", got, want)
	}
	n.step(n.at("2026-11-24 12:00"))
	if got := n.letters(); len(got) != 0 {
		t.Errorf("letters = %d, want none", len(got))
	}
	n.step(n.at("2026-11-25 08:00"))
	if got, want := n.slots(), []string{"2026-11-24T0800 skipped", "2026-11-25T0800 sent"}; !slices.Equal(got, want) {
		t.Errorf("slots %q, want %q", got, want)
	}
}

func TestMissedSlotsAreCaughtUpOrRecorded(t *testing.T) {
	for _, test := range []struct {
		name, wake string
		want       []string
		note       string
	}{
		{"within the limit", "2026-11-26 13:30",
			[]string{"2026-11-23T0800 skipped", "2026-11-24T0800 missed", "2026-11-25T0800 missed", "2026-11-26T0800 caught_up"}, "caught up 5h30m0s late"},
		{"too late", "2026-11-26 14:30",
			[]string{"2026-11-23T0800 skipped", "2026-11-24T0800 missed", "2026-11-25T0800 missed", "2026-11-26T0800 missed"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := open(t)
			n.article("Новость", n.at("2026-11-26 07:00"))
			n.crowd(2, n.at("2026-11-20 12:00"))
			n.step(n.at("2026-11-23 09:00"))
			n.step(n.at(test.wake)) // asleep since the day before yesterday
			n.step(n.at(test.wake).Add(time.Minute))
			if got := n.slots(); !slices.Equal(got, test.want) {
				t.Errorf("slots %q, want %q", got, test.want)
			}
			if e := n.editions(); test.note != "" && (len(e) != 1 || e[0].Reason != test.note) {
				t.Errorf("editions %+v, want one with the note %q", e, test.note)
			}
		})
	}
}

func TestAClockThatWasWrongStopsNothing(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(2, n.at("2026-11-20 12:00"))
	dg := n.daily
	dg.MaxAge = 20 * 365 * 24 * time.Hour
	n.step(n.at("2026-11-23 09:00"), dg)
	n.step(n.at("2036-11-23 09:00"), dg) // for a minute the machine believed in another decade
	n.step(n.at("2026-11-24 08:00"), dg)
	n.step(n.at("2026-11-23 20:00"), dg) // and then it was put back a little
	n.step(n.at("2026-11-24 08:00"), dg)
	e, err := FindEdition(n.ctx, n.DB, "daily", "2026-11-24T0800")
	if err != nil {
		t.Fatal(err)
	}
	if want := n.at("2026-11-23 08:00"); !e.Start.Equal(want) {
		t.Errorf("window from %s, want from %s, whatever there is in the future", e.Start, want)
	}
	if got := len(n.letters()); got != 4 {
		t.Errorf("letters = %d, want 2 of each edition", got)
	}
}

func TestTheRepeatedHourOfAutumnFiresOnce(t *testing.T) {
	n := open(t)
	hourly := n.daily
	hourly.Name, hourly.Schedule, hourly.Location = "daily", "0,30 * * * *", zone(t, "Europe/Berlin")
	hourly.WhenThin, hourly.MaxAge = ThinFill, 400*24*time.Hour
	n.article("Новость", time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC))
	from := time.Date(2026, 10, 24, 23, 10, 0, 0, time.UTC) // 01:10 in summer time
	for now := from; now.Before(from.Add(5 * time.Hour)); now = now.Add(10 * time.Minute) {
		n.step(now, hourly)
	}
	want := []string{"2026-10-25T0100 skipped", "2026-10-25T0130 sent", "2026-10-25T0200 sent", "2026-10-25T0230 sent",
		"2026-10-25T0300 sent", "2026-10-25T0330 sent", "2026-10-25T0400 sent", "2026-10-25T0430 sent", "2026-10-25T0500 sent"}
	if got := n.slots(); !slices.Equal(got, want) {
		t.Errorf("slots\n %q, want\n %q", got, want)
	}
	e, err := FindEdition(n.ctx, n.DB, "daily", "2026-10-25T0300")
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC); !e.Start.Equal(want) || !e.Until.Equal(time.Date(2026, 10, 25, 2, 0, 0, 0, time.UTC)) {
		t.Errorf("window %s to %s, want it to begin at the slot before, %s", e.Start, e.Until, want)
	}
}

func TestLettersExpireWhenTheNextEditionIsDue(t *testing.T) {
	n := open(t)
	n.news()
	minutely := n.daily
	minutely.Schedule = "* * * * *"
	now := n.at("2026-11-24 08:00").Add(5 * time.Second)
	e, _, err := n.Publish(n.ctx, minutely, n.slot("2026-11-24T0800"), now)
	if err != nil {
		t.Fatal(err)
	}
	if want := n.at("2026-11-24 08:01"); !e.Expires.Equal(want) {
		t.Errorf("expires %s, want %s", e.Expires, want)
	}
}

func TestAFailingDigestDoesNotStopTheOthers(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(1, n.at("2026-11-20 12:00"))
	broken := n.daily
	broken.Name, broken.Schedule = "broken", "0 0 31 2 *"
	n.step(n.at("2026-11-23 09:00"))
	now := n.at("2026-11-24 08:00")
	_, err := n.Step(n.ctx, []Digest{broken, n.daily}, now)
	if err == nil || !strings.HasPrefix(err.Error(), "digest broken: ") {
		t.Errorf("error %v, want one that begins with the digest", err)
	}
	if got := len(n.letters()); got != 1 {
		t.Errorf("letters = %d, want 1", got)
	}
	n = open(t) // without an edition that is being sent
	if next, _ := n.Step(n.ctx, []Digest{broken}, now); !next.Equal(now.Add(retryAfter)) {
		t.Errorf("next step at %s, want %s later", next, retryAfter)
	}
}

func TestAStepLooksAtTheClockBetweenManyLetters(t *testing.T) {
	n := open(t)
	n.chunk = 1
	n.news()
	n.crowd(chunksAStep+5, n.at("2026-11-20 12:00"))
	n.step(n.at("2026-11-23 09:00"))
	now := n.at("2026-11-24 08:00")
	if next := n.step(now); !next.Equal(now) || len(n.letters()) != chunksAStep {
		t.Errorf("next step at %s after %d letters, want at once after %d", next, len(n.letters()), chunksAStep)
	}
	if next := n.step(now); next.Equal(now) || len(n.letters()) != chunksAStep+5 {
		t.Errorf("next step at %s after %d letters, want later, and all", next, len(n.letters()))
	}
}

func TestThinEditions(t *testing.T) {
	for _, test := range []struct {
		name, whenThin string
		read, fresh    int
		want           string // slot's state
		reasons        []string
	}{
		{"enough", ThinSkip, 3, 2, SlotSent, []string{"reads", "reads", "reads"}},
		{"filled", ThinFill, 1, 2, SlotSent, []string{"reads", "fill", "fill"}},
		{"filled from nothing", ThinFill, 0, 2, SlotSent, []string{"fill", "fill"}},
		{"sent thin", ThinSend, 1, 2, SlotSent, []string{"reads"}},
		{"skipped", ThinSkip, 2, 2, SlotSkipped, nil},
		{"nothing at all", ThinFill, 0, 0, SlotSkipped, nil},
		{"nothing read", ThinSend, 0, 2, SlotSkipped, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := open(t)
			dg := n.daily
			dg.WhenThin = test.whenThin
			n.article("Слишком старая", n.at("2026-11-01 12:00"))
			for i := range test.read {
				a := n.article("Читают "+strings.Repeat("очень ", i), n.at("2026-11-23 10:00"))
				n.read(a.ID, int64(50-i), "web", n.at("2026-11-23 15:00"))
				n.read(a.ID, 1000, "email", n.at("2026-11-23 15:00")) // the last letter must not feed the next
			}
			for i := range test.fresh {
				n.article("Свежая "+strings.Repeat("весьма ", i), n.at("2026-11-23 20:00"))
			}
			n.step(n.at("2026-11-23 09:00"), dg)
			n.step(n.at("2026-11-24 08:00"), dg)
			if got, want := n.slots()[1], "2026-11-24T0800 "+test.want; got != want {
				t.Fatalf("slot %q, want %q", got, want)
			}
			if test.want == SlotSkipped {
				if len(n.editions()) != 0 {
					t.Error("a skipped slot has an edition")
				}
				return
			}
			items, err := Items(n.ctx, n.DB, n.editions()[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			var reasons []string
			for _, i := range items {
				reasons = append(reasons, i.Reason)
				if (i.Reason == ReasonReads) != (i.Reads > 0) || i.Reads > 50 {
					t.Errorf("item %+v", i)
				}
			}
			if !slices.Equal(reasons, test.reasons) {
				t.Errorf("reasons %q, want %q", reasons, test.reasons)
			}
		})
	}
}

func TestWindowsAdjoin(t *testing.T) {
	n := open(t)
	n.article("Новость", n.at("2026-11-23 12:00"))
	dg := n.daily
	dg.MaxAge = 400 * 24 * time.Hour
	n.step(n.at("2026-11-23 09:00"), dg)
	for _, when := range []string{"2026-11-24 08:00", "2026-11-25 10:00", "2026-11-28 08:00"} { // on time, late, after two missed
		n.step(n.at(when), dg)
	}
	if _, _, err := n.Send(n.ctx, dg, n.at("2026-11-28 11:17"), true); err != nil {
		t.Fatal(err)
	}
	n.step(n.at("2026-11-29 08:00"), dg)
	want := []string{
		"2026-11-29T0800: 2026-11-28T1117 to 2026-11-29T0800",
		"2026-11-28T1117: 2026-11-28T0800 to 2026-11-28T1117",
		"2026-11-28T0800: 2026-11-26T0800 to 2026-11-28T0800", // at most twice 24 h back
		"2026-11-25T0800: 2026-11-24T0800 to 2026-11-25T0800",
		"2026-11-24T0800: 2026-11-23T0800 to 2026-11-24T0800",
	}
	var got []string
	for _, e := range n.editions() {
		got = append(got, e.Slot.Name()+": "+e.Start.In(dg.Location).Format(slotName)+" to "+e.Until.In(dg.Location).Format(slotName))
	}
	if !slices.Equal(got, want) {
		t.Errorf("windows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSendByHand(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(2, n.at("2026-11-20 12:00"))
	now := n.at("2026-11-24 21:00")
	e, outcome, err := n.Send(n.ctx, n.daily, now, false)
	if err != nil || outcome != Published || e.Slot.Name() != "2026-11-24T0800" {
		t.Fatalf("sent %s, outcome %q, error %v", e.Slot.Name(), outcome, err)
	}
	if e.Reason != "sent by hand" {
		t.Errorf("reason %q", e.Reason)
	}
	if !e.Expires.Equal(now.Add(n.daily.MaxLate)) {
		t.Errorf("expires %s, want max_late from now", e.Expires)
	}
	if again, outcome, err := n.Send(n.ctx, n.daily, now, false); err != nil || outcome != Already || again.ID != e.ID {
		t.Errorf("again: outcome %q, error %v; want already published", outcome, err)
	}
	extra, outcome, err := n.Send(n.ctx, n.daily, now.Add(30*time.Second), true)
	if err != nil || outcome != Published || extra.Slot.Name() != "2026-11-24T2100" || extra.ID == e.ID {
		t.Errorf("extra: %s, outcome %q, error %v", extra.Slot.Name(), outcome, err)
	}
	if _, outcome, err := n.Send(n.ctx, n.daily, now.Add(40*time.Second), true); err != nil || outcome != Already {
		t.Errorf("a second extra edition in one minute: outcome %q, error %v", outcome, err)
	}
	next := n.step(now.Add(time.Minute))
	if got := len(n.letters()); got != 4 {
		t.Errorf("letters = %d, want 2 of each edition", got)
	}
	if next.After(n.at("2026-11-25 08:00")) {
		t.Errorf("next step at %s, want no later than the next slot", next)
	}
}

func TestSendByHandTakesOverASlotThatWasMissed(t *testing.T) {
	n := open(t)
	n.news()
	n.step(n.at("2026-11-23 09:00"))
	n.step(n.at("2026-11-24 20:00"))
	if got := n.slots()[1]; got != "2026-11-24T0800 missed" {
		t.Fatalf("slot %q, want missed", got)
	}
	if _, outcome, err := n.Publish(n.ctx, n.daily, n.slot("2026-11-24T0800"), n.at("2026-11-24 20:30")); err != nil || outcome != Already {
		t.Errorf("publish: outcome %q, error %v; only by hand is a missed slot published", outcome, err)
	}
	for _, want := range []Outcome{Published, Already} {
		if _, outcome, err := n.Send(n.ctx, n.daily, n.at("2026-11-24 21:00"), false); err != nil || outcome != want {
			t.Errorf("outcome %q, error %v; want %q", outcome, err, want)
		}
	}
	if got := n.slots()[1]; got != "2026-11-24T0800 late" {
		t.Errorf("slot %q, want sent late", got)
	}
}

func TestAnExtraEditionHidesNoMissedSlot(t *testing.T) {
	n := open(t)
	n.news()
	n.step(n.at("2026-11-22 09:00"))
	if _, outcome, err := n.Send(n.ctx, n.daily, n.at("2026-11-24 09:00"), true); err != nil || outcome != Published {
		t.Fatalf("outcome %q, error %v", outcome, err)
	}
	n.step(n.at("2026-11-24 09:05"))
	want := []string{"2026-11-22T0800 skipped", "2026-11-23T0800 missed", "2026-11-24T0800 missed", "2026-11-24T0900 sent"}
	if got := n.slots(); !slices.Equal(got, want) {
		t.Errorf("slots %q, want %q", got, want)
	}
}

func TestNothingToSendByHandCanBeSentLater(t *testing.T) {
	n := open(t)
	e, outcome, err := n.Send(n.ctx, n.daily, n.at("2026-11-24 09:00"), false)
	if err != nil || outcome != Skipped || !strings.HasPrefix(e.Reason, "nothing to send") {
		t.Fatalf("outcome %q, reason %q, error %v", outcome, e.Reason, err)
	}
	if _, _, err := n.Preview(n.ctx, n.daily, n.slot("2026-11-24T0800"), Wanted{}, n.at("2026-11-24 09:00")); err == nil || !strings.HasPrefix(err.Error(), "nothing to send") {
		t.Errorf("preview: %v, want nothing to send", err)
	}
	n.article("Новость после слота", n.at("2026-11-24 09:10"))
	if _, outcome, err := n.Send(n.ctx, n.daily, n.at("2026-11-24 09:11"), false); err != nil || outcome != Published {
		t.Errorf("outcome %q, error %v; want published with the latest", outcome, err)
	}
}

func TestRelatedHeadlinesStandInAnEditionOnce(t *testing.T) {
	n := open(t)
	list := n.news()
	var others []articles.Article
	for _, title := range []string{"Раз", "Два", "Три", "Четыре", "Пять", "Шесть", "Семь", "Восемь", "Девять"} {
		others = append(others, n.article(title, n.at("2026-11-01 12:00")))
	}
	ids := func(all ...articles.Article) (ids []int64) {
		for _, a := range all {
			ids = append(ids, a.ID)
		}
		return ids
	}
	n.tx(func(tx *sql.Tx) error {
		if err := articles.SetRelated(n.ctx, tx, list[0].ID, ids(list[1], others[0], others[1], others[2], others[3]), n.at("2026-11-01 12:00")); err != nil {
			return err
		}
		if err := articles.SetRelated(n.ctx, tx, list[1].ID, ids(others[0], others[4], others[5], others[6]), n.at("2026-11-01 12:00")); err != nil {
			return err
		}
		return articles.SetRelated(n.ctx, tx, list[2].ID, ids(others[4], others[7], others[8]), n.at("2026-11-01 12:00"))
	})
	view, err := n.Compile(n.ctx, n.daily, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00"))
	if err != nil {
		t.Fatal(err)
	}
	var lines, closing []string
	for _, item := range view.Items {
		for _, h := range item.Related {
			lines = append(lines, h.Title)
		}
	}
	for _, h := range view.Related {
		closing = append(closing, h.Title)
		if !strings.HasPrefix(h.URL, siteURL+"/articles/") || h.Section.URL == "" {
			t.Errorf("headline %+v", h)
		}
	}
	none := n.daily
	none.Related = 0
	bare, err := n.Compile(n.ctx, none, n.slot("2026-11-24T0800"), n.at("2026-11-24 08:00"))
	if err != nil || len(bare.Related) != 0 || len(bare.Items[0].Related) != 0 {
		t.Errorf("related = 0: %v, %v, error %v; want no related headlines", bare.Related, bare.Items[0].Related, err)
	}
	// One line each of items 1, 2 and 3; then round by round 1, 2, 3, 1, 2.
	if want := []string{"Раз", "Пять", "Восемь"}; !slices.Equal(lines, want) {
		t.Errorf("related lines %q, want %q", lines, want)
	}
	if want := []string{"Два", "Шесть", "Девять", "Три", "Семь"}; !slices.Equal(closing, want) {
		t.Errorf("closing block %q, want %q", closing, want)
	}
}

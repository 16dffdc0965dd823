package mail

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vestnik/language"
	"vestnik/mail/mailtest"
	"vestnik/mail/wire"
)

// sentences writes one for each place, the day in all but the last, and returns what a reader with the given place gets.
func sentences(m Marks, words func(what string) string) (all string, want func(place, day string) string) {
	told := map[string][2]string{}
	for _, place := range places {
		pair := [2]string{words("before the day"), words("behind it")}
		told[place] = pair
		all += m.Before(place) + pair[0]
		if place != PlaceOther {
			all += m.Day() + pair[1]
		}
	}
	return all + m.End(), func(place, day string) string {
		if place == PlaceOther {
			return told[place][0]
		}
		return told[place][0] + day + told[place][1]
	}
}

// TestEachReaderGetsTheirOwnReason is the proof that sentences are cut out rightly, whatever text stands around them and wherever soft
// line breaks fall: what a reader decodes has one sentence, no line is too long, and SMTP's dots are stuffed as they must be.
func TestEachReaderGetsTheirOwnReason(t *testing.T) {
	words := rapid.StringOf(rapid.RuneFrom([]rune("abc .=\nйцуё<>&")))
	rapid.Check(t, func(t *rapid.T) {
		marks := NewMarks()
		say := func(what string) string { return words.Draw(t, what) }
		var text strings.Builder
		var parts []func(place, day string) string
		for range rapid.IntRange(0, 3).Draw(t, "groups") {
			plain := say("text") + " https://kino.example/u/" + HoleLeave + say("text")
			all, want := sentences(marks, say)
			text.WriteString(plain + all)
			parts = append(parts, func(place, day string) string { return plain + want(place, day) })
		}
		end := say("end") + "."
		m := digestMessage()
		m.Marks, m.Text, m.HTML = marks, "t"+text.String()+end, "h"+text.String()+end
		m.Language = rapid.SampledFrom([]string{"ru", "en"}).Draw(t, "language")
		master, err := Compose(testIdentity(), m)
		if err != nil {
			t.Fatal(err)
		}

		l := Letter{Recipient: 1, Agreed: time.Date(2026, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), 3, 22, 0, 0, 0, time.UTC),
			Place: rapid.SampledFrom(places[:]).Draw(t, "place")}
		zone := time.FixedZone("", 11*3600)
		day := language.Date(m.Language, l.Agreed.In(zone))
		want := ""
		for _, part := range parts {
			want += part(l.Place, day)
		}
		want = strings.ReplaceAll(want+end, HoleLeave, personal(l).Leave)

		fast, stuffed := cut(master.Bytes), cut(wire.Stuff(master.Bytes))
		got := fast.fill(nil, personal(l), fast.why(l, zone))
		if !bytes.Equal(stuffed.fill(nil, personal(l), stuffed.why(l, zone)), wire.Stuff(got)) {
			t.Error("filling a dot-stuffed master is not dot-stuffing a filled one")
		}
		if err := checkOctets(got); err != nil {
			t.Error(err)
		}
		for line := range bytes.Lines(got) {
			if len(line) > 76+2 {
				t.Errorf("a line of %d octets: %q", len(line)-2, line)
			}
		}
		letter, err := mailtest.Message{Data: got}.Parse()
		want = strings.ReplaceAll(want, "\n", "\r\n")
		if err != nil || letter.Text != "t"+want || letter.HTML != "h"+want {
			t.Errorf("decoded to\n%q\n%q, %v\nwant\n%q", letter.Text, letter.HTML, err, want)
		}
	})
}

// reasoned is a message that tells a reader why they get it.
func reasoned() Message {
	m := digestMessage()
	m.Marks = NewMarks()
	all := m.Marks.Before(PlacePage) + "Вы подписались " + m.Marks.Day() + ".\n" + m.Marks.Before(PlaceImport) + "Вы в списке с " + m.Marks.Day() + ".\n" +
		m.Marks.Before(PlaceHand) + "Вас внесли " + m.Marks.Day() + ".\n" + m.Marks.Before(PlaceOther) + "Вы подписаны.\n" + m.Marks.End()
	m.HTML, m.Text = m.HTML+all, m.Text+all
	return m
}

func TestMarksLeaveNoTraceInTheMaster(t *testing.T) {
	one, two := reasoned(), reasoned()
	a, b := mustCompose(t, one), mustCompose(t, two)
	if a.Hash() != b.Hash() {
		t.Error("the same letter with other marks is another master")
	}
	_, html, text, err := Unmaster(a)
	if err != nil || !strings.HasSuffix(text, "\nВы подписаны.\n") || strings.Count(html, "Вы") != 1 {
		t.Errorf("the preview reads %q, %v", text, err)
	}
}

// The article is from a foreign feed, and the sentences of a master are known from the source code.
func TestForeignTextCannotBearAReadersDay(t *testing.T) {
	for _, foreign := range []string{
		"https://evil.example/?" + whyPrefix + markNames[markDay],
		whyPrefix[:20] + whyPrefix + whyPrefix[20:] + markNames[markDay],
		whyPrefix[:20] + HoleLeave + whyPrefix[20:] + markNames[markEnd],
	} {
		m := reasoned()
		m.Subject, m.HTML, m.Text = foreign, foreign+"\n"+m.HTML, foreign+"\n"+m.Text
		f := cut(mustCompose(t, m).Bytes)
		l := Letter{Agreed: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC), Place: PlacePage}
		letter, err := mailtest.Message{Data: f.fill(nil, personal(l), f.why(l, time.UTC))}.Parse()
		if err != nil || strings.Count(letter.HTML, "3 марта 2026") != 1 || !strings.HasSuffix(letter.Text, "Вы подписались 3 марта 2026.\r\n") {
			t.Errorf("%q made the letter\n%q, %v", foreign, letter.HTML, err)
		}
		if letter.Subject != foreign {
			t.Errorf("the subject became %q", letter.Subject)
		}
	}
}

func TestBrokenGroupsOfSentencesAreRefused(t *testing.T) {
	m := NewMarks()
	for _, text := range []string{m.Day(), m.End(), m.Before(PlaceImport), m.Before(PlacePage) + "x" + m.End(), m.Before(PlacePage) + m.Before(PlacePage), m.prefix} {
		message := digestMessage()
		message.Marks, message.HTML = m, message.HTML+text
		if _, err := Compose(testIdentity(), message); err == nil || !strings.Contains(err.Error(), "not whole") && !strings.Contains(err.Error(), "no end") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestLettersNameTheDayAndPlaceOfConsent(t *testing.T) {
	w := newWorld(t, mailtest.Options{})
	w.join(5)
	w.exec(`DELETE FROM masters`)
	if err := PutMaster(w.ctx, w.db, w.edition, 1, "ru", mustCompose(t, reasoned()), w.now); err != nil {
		t.Fatal(err)
	}
	const evening = 1772564400000 // 3 March 2026, 19:00 UTC
	for id, place := range map[int]string{1: PlacePage, 2: PlaceImport, 3: PlaceHand, 4: "elsewhere"} {
		w.exec(`UPDATE subscriptions SET agreed = $1, place = $2 WHERE subscriber = $3`, int64(evening), place, id)
	}
	w.fill(time.Time{})
	w.box.CutAfterDot(address(1))
	s := w.sender(func(o *Options) { o.Zone = time.FixedZone("Asia/Sakhalin", 11*3600) })
	w.rounds(s, w.now)
	w.rounds(s, w.now.Add(6*time.Minute))
	w.wantBalance(Balance{Recipients: 5, Sent: 5})
	copies := map[string][]byte{}
	for _, m := range w.box.Messages() {
		to := m.To[0]
		if before, again := copies[to]; again && !bytes.Equal(before, m.Data) {
			t.Error("the second copy of a letter in doubt is another")
		}
		copies[to] = m.Data
		letter, err := m.Parse()
		want := map[string]string{address(1): "Вы подписались 4 марта 2026.", address(2): "Вы в списке с 4 марта 2026.", address(3): "Вас внесли 4 марта 2026.",
			address(4): "Вы подписаны.", address(5): "Вы подписаны."}[to]
		if err != nil || strings.Count(letter.Text, "Вы") != strings.Count(want, "Вы") || !strings.HasSuffix(letter.Text, "\r\n"+want+"\r\n") {
			t.Errorf("%s reads %q, %v", to, letter.Text, err)
		}
	}
}

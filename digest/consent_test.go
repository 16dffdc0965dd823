package digest

import (
	"strings"
	"testing"
	"time"

	"vestnik/mail"
	"vestnik/mail/mailtest"
	"vestnik/mail/wire"
)

func TestALetterTellsItsReaderSinceWhenItComes(t *testing.T) {
	n := open(t)
	n.news()
	n.crowd(2, n.at("2026-03-03 12:00"))
	if _, err := n.DB.ExecContext(n.ctx, `UPDATE subscriptions SET place = 'page' WHERE subscriber = (SELECT MAX(id) FROM subscribers)`); err != nil {
		t.Fatal(err)
	}
	now := n.at("2026-11-24 08:00")
	n.step(now.Add(-time.Hour))
	n.step(now)
	box, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	relay, err := wire.ParseRelay(box.URL(), 1)
	if err != nil {
		t.Fatal(err)
	}
	s := mail.NewSender(mail.Options{DB: n.DB, Identity: n.Identity, Relays: []wire.Relay{relay}, Personal: n.verbs().Keys.Personal, Zone: n.Site.Location})
	defer s.Close()
	if sent, err := s.Round(n.ctx, now); err != nil || sent != 2 {
		t.Fatalf("%d letters sent, %v", sent, err)
	}
	for _, m := range box.Messages() {
		letter, err := m.Parse()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"reader0@example.org": "потому что 3 марта 2026 года редакция сайта kino.example внесла ваш адрес в список рассылки «Самое читаемое».",
			"reader1@example.org": "on 3 March 2026 you subscribed to “Самое читаемое” on a page of kino.example.",
		}[m.To[0]]
		text, html := strings.Join(strings.Fields(letter.Text), " "), strings.Join(strings.Fields(letter.HTML), " ")
		for part, words := range map[string]string{"text": text, "HTML": html} {
			if !strings.Contains(words, want) || strings.Contains(words, "VESTNIKx") || strings.Count(words, "2026 года ")+strings.Count(words, "3 March 2026") != 1 {
				t.Errorf("%s: its %s lacks %q, or has more of the kind:\n%s", m.To[0], part, want, words)
			}
		}
	}
}

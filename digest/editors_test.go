package digest

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var someEditors = Editors{Secret: []byte("a secret of the editors' links")}

func TestALinkNamesItsEditionAndEditorUntilItExpires(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	token := someEditors.Token(4711, "anna.lee@kino.example", now.Add(time.Hour))
	for _, text := range []string{token, strings.ToUpper(token)} { // a mail program may change the case
		edition, editor, err := someEditors.Parse(text, now)
		if err != nil || edition != 4711 || editor != "anna.lee@kino.example" {
			t.Errorf("Parse = %d, %q, %v", edition, editor, err)
		}
	}
	if _, _, err := someEditors.Parse(token, now.Add(time.Hour)); !errors.Is(err, ErrLinkExpired) {
		t.Errorf("at its expiry: %v", err)
	}
}

func TestALinkThatWasTouchedIsNoneOfOurs(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	token := someEditors.Token(4711, "anna@kino.example", now.Add(time.Hour))
	for i := range token {
		other := byte('a')
		if token[i] == 'a' {
			other = 'q' // another value in every bit that counts
		}
		touched := token[:i] + string(other) + token[i+1:]
		if _, _, err := someEditors.Parse(touched, now); err == nil && linkBytes(touched) != linkBytes(token) {
			t.Errorf("with another character %d it is still good", i)
		}
	}
	for _, text := range []string{"", "x", token[:len(token)-1], token + "aa", strings.Repeat("a", 10_000), "töken", token + "\x00"} {
		if _, _, err := someEditors.Parse(text, now); !errors.Is(err, ErrLink) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	for _, other := range []Editors{{Secret: []byte("another secret")}, {}} {
		if _, _, err := other.Parse(token, now); !errors.Is(err, ErrLink) {
			t.Errorf("with the secret %q: %v", other.Secret, err)
		}
	}
}

// linkBytes are what a token says: the last character may have bits that say nothing.
func linkBytes(token string) string {
	b, _ := linkText.DecodeString(token)
	return string(b)
}

func TestADigestThatWaitsForNobodyIsRefused(t *testing.T) {
	n := newsroom{t: t}
	n.daily = Digest{Name: "daily", Approve: true, ApproveWithin: 2 * time.Hour, MaxLate: 12 * time.Hour, Editors: []string{"red@kino.example"}}
	if err := n.daily.checkEditors(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Digest){
		"daily: approve = true, and nobody is asked": func(dg *Digest) { dg.Editors = nil },
		"daily: editors:":               func(dg *Digest) { dg.Editors = []string{"red"} },
		"must be a minute or longer":    func(dg *Digest) { dg.ApproveWithin = time.Second },
		"must be shorter than max_late": func(dg *Digest) { dg.ApproveWithin = 12 * time.Hour },
	} {
		dg := n.daily
		change(&dg)
		if err := dg.checkEditors(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

func FuzzEditorsParse(f *testing.F) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	f.Add(someEditors.Token(1, "a@b.example", now.Add(time.Hour)))
	f.Add("")
	f.Add(strings.Repeat("a", linkLimit))
	f.Fuzz(func(t *testing.T, token string) {
		edition, editor, err := someEditors.Parse(token, now)
		if err != nil {
			return
		}
		for until := range 2 { // whatever is read can be written, with the expiry of the seed
			if again := someEditors.Token(edition, editor, now.Add(time.Duration(until+1)*time.Hour)); linkBytes(strings.ToLower(token)) == linkBytes(again) {
				return
			}
		}
		t.Errorf("%q was read as %d of %q, which we never signed", token, edition, editor)
	})
}

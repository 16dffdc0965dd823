package mail

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestTokenNamesItsLetter(t *testing.T) {
	id := testIdentity()
	for _, k := range []Key{{KindDigest, 1, 2}, {KindConfirm, math.MaxInt64, 0}, {KindTest, 0, math.MaxInt64}} {
		token := id.Token(k)
		if len(token) != 40 || strings.Trim(token, "abcdefghijklmnopqrstuvwxyz234567") != "" {
			t.Errorf("token %q", token)
		}
		for _, spelling := range []string{token, strings.ToUpper(token)} {
			if got, err := ReadToken(id, spelling); got != k || err != nil {
				t.Errorf("ReadToken(%q) = %v, %v; want %v", spelling, got, err, k)
			}
		}
		if again := id.Token(k); again != token {
			t.Error("a letter has two tokens")
		}
		if got, err := ParseKey(k.String()); got != k || err != nil {
			t.Errorf("ParseKey(%q) = %v, %v", k.String(), got, err)
		}
	}
	if len("b+"+id.Token(Key{KindDigest, 1, 2})) > 64 {
		t.Error("the envelope sender's local part is longer than 64")
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	id, other := testIdentity(), testIdentity()
	other.Secret = []byte("another secret")
	token := id.Token(Key{KindDigest, 123, 456})
	for name, forged := range map[string]string{
		"another site's": other.Token(Key{KindDigest, 123, 456}), "short": token[1:], "long": token + "a", "empty": "",
		"not base32": strings.Repeat("1", 40), "another letter": token[:10] + "b" + token[11:], "another seal": token[:39] + "b",
	} {
		if forged == token {
			forged = token[:39] + "c"
		}
		if _, err := ReadToken(id, forged); !errors.Is(err, ErrToken) {
			t.Errorf("%s token: %v", name, err)
		}
	}
}

func FuzzReadToken(f *testing.F) {
	id := testIdentity()
	f.Add(id.Token(Key{KindDigest, 1, 2}))
	f.Add("b+x@y")
	f.Fuzz(func(t *testing.T, token string) {
		if k, err := ReadToken(id, token); err == nil && id.Token(k) != strings.ToLower(token) {
			t.Errorf("%q reads as %v, whose token is %q", token, k, id.Token(k))
		}
	})
}

func TestParseKeyRefusesOtherNames(t *testing.T) {
	for _, name := range []string{"", "digest", "digest-1", "digest-1-2-3", "letter-1-2", "digest-x-2", "digest-1-", "digest--1-2"} {
		if k, err := ParseKey(name); err == nil {
			t.Errorf("ParseKey(%q) = %v", name, k)
		}
	}
}

package subscribers

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
)

var keys = Keys{Secret: []byte("a secret of thirty-two characters")}

func TestTokensAreFortyCharactersAndReadBack(t *testing.T) {
	form := regexp.MustCompile(`^[a-z2-7]{40}$`)
	for _, id := range []int64{0, 1, 123456789012345, math.MaxInt64} {
		for _, digest := range []string{"", "daily", "weekly"} {
			token := keys.Token(PurposeLeave, id, digest)
			if !form.MatchString(token) {
				t.Errorf("token %q is not 40 characters of base 32", token)
			}
			for _, written := range []string{token, strings.ToUpper(token)} {
				got, hash, err := keys.Read(PurposeLeave, written)
				name, ok := matchDigest(hash, []string{"weekly", "daily"})
				if err != nil || got != id || !ok || name != digest {
					t.Errorf("Read(%q) = %d, %q, %v; want %d, %q", written, got, name, err, id, digest)
				}
			}
		}
	}
}

func TestTokensOfOthersAreRefused(t *testing.T) {
	token := keys.Token(PurposeLeave, 42, "daily")
	other := Keys{Secret: []byte("another secret")}
	bad := map[string]string{
		"other secret":  other.Token(PurposeLeave, 42, "daily"),
		"other purpose": keys.Token(PurposePreferences, 42, "daily"),
		"short":         token[:39],
		"long":          token + "a",
		"empty":         "",
		"line ends":     token[:20] + "\r\n" + token[20:38],
		"padding":       token[:39] + "=",
		"random":        newToken(),
		"letters":       strings.Repeat("1", 40),
		"Kelvin sign":   strings.Repeat("\u212a", 14)[:40], // lower case of K, in another length
	}
	for i := range token { // any one character changed
		c := byte('a')
		if token[i] == 'a' {
			c = 'b'
		}
		bad["changed "+token[:i]] = token[:i] + string(c) + token[i+1:]
	}
	for what, written := range bad {
		if id, _, err := keys.Read(PurposeLeave, written); !errors.Is(err, ErrToken) || id != 0 {
			t.Errorf("%s: Read(%q) = %d, %v; want ErrToken", what, written, id, err)
		}
	}
	if _, _, err := (Keys{}).Read(PurposeLeave, token); !errors.Is(err, ErrToken) {
		t.Errorf("Read without a secret: %v, want ErrToken", err)
	}
	if _, ok := matchDigest(digestHashOf("daily"), []string{"weekly"}); ok {
		t.Error("the hash of one digest matched another")
	}
}

func FuzzReadToken(f *testing.F) {
	f.Add(keys.Token(PurposeLeave, 42, "daily"))
	f.Add("")
	f.Add(strings.Repeat("\u212a", 14))
	f.Fuzz(func(t *testing.T, token string) {
		id, hash, err := keys.Read(PurposeLeave, token)
		if err != nil {
			return
		}
		digest, _ := matchDigest(hash, []string{"daily"})
		if keys.Token(PurposeLeave, id, digest) != strings.ToLower(token) {
			t.Fatalf("Read took %q for %d, %q", token, id, digest)
		}
	})
}

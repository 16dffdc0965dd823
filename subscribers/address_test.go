package subscribers

import (
	"errors"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"vestnik/mail"
)

func TestAddressesAreKeptAsTypedWithAnASCIIDomain(t *testing.T) {
	for _, c := range []struct{ in, email, key string }{
		{"ann@example.org", "ann@example.org", "ann@example.org"},
		{"  Ann.Lee+news@Example.ORG \n", "Ann.Lee+news@example.org", "ann.lee+news@example.org"},
		{"ivan@пример.рф", "ivan@xn--e1afmkfd.xn--p1ai", "ivan@xn--e1afmkfd.xn--p1ai"},
		{"ivan@ПРИМЕР.РФ", "ivan@xn--e1afmkfd.xn--p1ai", "ivan@xn--e1afmkfd.xn--p1ai"},
		{"ivan@XN--E1AFMKFD.xn--p1ai", "ivan@xn--e1afmkfd.xn--p1ai", "ivan@xn--e1afmkfd.xn--p1ai"},
		{"x@kafe\u0301.example.org", "x@xn--kaf-dma.example.org", "x@xn--kaf-dma.example.org"},
		{"x@例え.jp", "x@xn--r8jz45g.jp", "x@xn--r8jz45g.jp"},
		{"x@kino-фест.рф", "", ""},
		{"o'neil_{}|~!#$%&*/=?^`@example.org", "o'neil_{}|~!#$%&*/=?^`@example.org", "o'neil_{}|~!#$%&*/=?^`@example.org"},
		{strings.Repeat("a", 64) + "@example.org", strings.Repeat("a", 64) + "@example.org", strings.Repeat("a", 64) + "@example.org"},
	} {
		email, key, err := ParseAddress(c.in)
		if c.email == "" {
			if err == nil {
				t.Errorf("ParseAddress(%q) = %q, want an error", c.in, email)
			}
			continue
		}
		if err != nil || email != c.email || key != c.key {
			t.Errorf("ParseAddress(%q) = %q, %q, %v; want %q, %q", c.in, email, key, err, c.email, c.key)
		}
	}
}

func TestBadAddressesGetASentence(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      "empty",
		"ann":                                   "no @",
		"@example.org":                          "before the @",
		"ann@":                                  "after the @",
		"Ann <ann@example.org>":                 "brackets",
		"ann@example.org (Ann)":                 "brackets",
		"ann@example.org, bob@example.org":      "commas",
		"ann lee@example.org":                   "space",
		"ann\u00a0lee@example.org":              "space",
		"\"ann lee\"@example.org":               "quoted",
		"a\\b@example.org":                      "quoted",
		"ann\r\nRCPT TO:x@example.org":          "space",
		"ann\x00@example.org":                   "invisible",
		"ann\u202e@example.org":                 "invisible",
		"ann\u200b@example.org":                 "invisible",
		"ann\xff@example.org":                   "UTF-8",
		"иван@пример.рф":                        "Latin letters",
		"ann☺@example.org":                      "before the @",
		".ann@example.org":                      "dot",
		"a..b@example.org":                      "dot",
		"a@b@example.org":                       "before the @",
		"ann@[192.0.2.1]":                       "domain name",
		"ann@192.0.2.1":                         "whole domain",
		"ann@localhost":                         "whole domain",
		"ann@example..org":                      "dots",
		"ann@example.org.":                      "dots",
		"ann@ex_ample.org":                      "domain name",
		"ann@-example.org":                      "domain name",
		"ann@p\u0430ypal.com":                   "mixes",
		"ann@αpple.com":                         "mixes",
		"ann@xn--pypal-4ve.com":                 "mixes",
		"ann@xn--999999999.org":                 "domain name",
		strings.Repeat("a", 65) + "@x.org":      "64",
		"a@" + strings.Repeat("a", 64) + ".org": "over-long",
		"a@" + strings.Repeat(strings.Repeat("a", 60)+".", 5) + "org": "254",
		strings.Repeat("щ", 5000):                                     "254",
	} {
		_, _, err := ParseAddress(in)
		if !errors.Is(err, ErrAddress) {
			t.Errorf("ParseAddress(%q): error %v, want ErrAddress", cut(in), err)
		} else if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("ParseAddress(%q): %q does not say %q", cut(in), err, want)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"ann@example.org", "Иван@пример.рф", "a@b.c\r\nDATA", "\"a b\"@c.de", "<a@b.cd>", "a,b@c.de",
		"a@xn--e1afmkfd.xn--p1ai", "a@b。de", "İ@İ.org", "a@ﬁ.org", "ﬁ@b.org", "a\u0301@b.org", "a@b.cd\u200e", "a@xn--a.org", "ẞ@ẞ.de", "a\x00b@c.de", "a@b\x00.cd", "\u202ea@b.cd", "\"\"@b.cd", "a@p\u0430ypal.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		email, key, err := ParseAddress(in)
		if err != nil {
			if !errors.Is(err, ErrAddress) {
				t.Fatalf("ParseAddress(%q): %v is not ErrAddress", in, err)
			}
			return
		}
		for _, s := range []string{email, key} {
			if strings.ContainsAny(s, "\r\n\x00 <>,;\"\\()") || strings.ContainsFunc(s, unicode.IsControl) || strings.ContainsFunc(s, unicode.IsSpace) {
				t.Fatalf("ParseAddress(%q) = %q, which holds a forbidden character", in, s)
			}
			if len(s) > 2*maxAddress || !norm.NFC.IsNormalString(s) || strings.Count(s, "@") != 1 {
				t.Fatalf("ParseAddress(%q) = %q: long, not NFC, or not one @", in, s)
			}
		}
		again, key2, err := ParseAddress(email)
		if err != nil || again != email || key2 != key {
			t.Fatalf("ParseAddress(%q) = %q, but that gives %q, %q, %v; key was %q", in, email, again, key2, err, key)
		}
		if _, key3, err := ParseAddress(key); err != nil || key3 != key {
			t.Fatalf("key %q of %q gives the key %q, %v", key, in, key3, err)
		}
		if mailed, err := mail.Address(email); err != nil || mailed != email {
			t.Fatalf("ParseAddress(%q) = %q, which package mail makes %q, %v", in, email, mailed, err)
		}
		domain := email[strings.LastIndexByte(email, '@')+1:]
		for i := range len(domain) {
			if c := domain[i]; c >= 0x80 || c >= 'A' && c <= 'Z' {
				t.Fatalf("ParseAddress(%q): the domain %q is not lower-case ASCII", in, domain)
			}
		}
	})
}

package files

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzDecode reads any bytes as a text: what comes out is clean UTF-8, or a fault in a line that there is.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"Заголовок\n\nТекст\n", "\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0", "\xff\xfeA\x00\n\x00", "\xfe\xff\xd8", "\xef\xbb\xbfx", "\x00", "", " \r\r\n", "abc\xffdef", "%PDF-1.4\x01\x02"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		text, _, err := decode(raw)
		if !bytes.Equal(raw, before) {
			t.Fatal("the bytes were changed")
		}
		if err != nil {
			if text != "" {
				t.Errorf("%v, and %q", err, text)
			}
			return
		}
		control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
		if !utf8.ValidString(text) || strings.ContainsFunc(text, control) || strings.TrimSpace(text) == "" {
			t.Errorf("%q was read as %q", raw, text)
		}
	})
}

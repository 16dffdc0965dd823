package files

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	enc "golang.org/x/text/encoding/unicode"
)

func encoded(t *testing.T, e encoding.Encoding, text string) []byte {
	t.Helper()
	raw, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestDecodeReadsTheEncodingsOfNewsrooms(t *testing.T) {
	const text = "Кинорынок «Сахалин» — 2018\n\nТекст на двух языках, mixed.\n"
	for _, c := range []struct {
		name string
		raw  []byte
		want string
		note string
	}{
		{"UTF-8", []byte(text), text, ""},
		{"UTF-8 with a byte order mark", []byte("\ufeff" + text), text, ""},
		{"UTF-16 little endian", encoded(t, enc.UTF16(enc.LittleEndian, enc.UseBOM), text), text, "was read as UTF-16"},
		{"UTF-16 big endian", encoded(t, enc.UTF16(enc.BigEndian, enc.UseBOM), text), text, "was read as UTF-16"},
		{"windows-1251", encoded(t, charmap.Windows1251, text), text, "was read as windows-1251"},
		{"windows-1251, one word in English", encoded(t, charmap.Windows1251, strings.Repeat("English text. ", 200)+"кино"), strings.Repeat("English text. ", 200) + "кино", "was read as windows-1251"},
		{"line ends of Windows and old Macs", []byte("a\r\nb\rc\u2028d"), "a\nb\nc\nd", ""},
		{"control characters", []byte("a\x07b" + strings.Repeat("c", 200)), "ab" + strings.Repeat("c", 200), ""},
		{"a broken byte", []byte(text + "\nки\xffно\n"), text + "\nкино\n", "1 bytes that are not UTF-8 were left out, the first in line 5"},
	} {
		got, note, err := decode(c.raw)
		if err != nil || got != c.want || !strings.HasPrefix(note, c.note) || (note == "") != (c.note == "") {
			t.Errorf("%s: got %q, %q, %v; want %q, %q", c.name, got, note, err, c.want, c.note)
		}
	}
}

func TestDecodeRefusesWhatItWouldGarble(t *testing.T) {
	const text = "Кинорынок «Сахалин» — 2018\n\nТекст на двух языках, mixed.\n"
	for name, raw := range map[string][]byte{
		"KOI8-R":                  encoded(t, charmap.KOI8R, "Кинорынок Сахалин: Текст на двух языках"),
		"Latin-1":                 encoded(t, charmap.ISO8859_1, "Une soirée très animée à Évian, où le cinéma a été fêté"),
		"UTF-16 without its mark": encoded(t, enc.UTF16(enc.LittleEndian, enc.IgnoreBOM), text),
		"a picture":               []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
		"noise":                   []byte("\x80\x91\xfe\xe3\x12\x05\xff\xc3\x28\xa0\xb1"),
	} {
		if got, _, err := decode(raw); err == nil {
			t.Errorf("%s: got %q, want an error", name, got)
		}
	}
}

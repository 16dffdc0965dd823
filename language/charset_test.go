package language

import (
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

func TestTheOldEncodingsOfRussianAreToldApart(t *testing.T) {
	for name, e := range map[string]encoding.Encoding{"windows-1251": charmap.Windows1251, "koi8-r": charmap.KOI8R} {
		for _, text := range []string{"Ёлки", "Кинокластер на острове построят за два года", "В МИД РФ сообщили о встрече"} {
			old, err := e.NewEncoder().String(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := RussianCharset([]byte(old)); got != name {
				t.Errorf("%q in %s is taken for %s", text, name, got)
			}
		}
	}
}

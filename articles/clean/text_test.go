package clean

import "testing"

func TestWhatIsTypedIsOneVisibleLine(t *testing.T) {
	for typed, want := range map[string]string{
		" a\t\r\nb ": "a b", "214\u00a0млн": "214\u00a0млн", "\u00a0 ": "", "<b> & &amp;": "<b> & &amp;", "x\u202ey\u200bz\x00": "xyz", "\xff": "",
	} {
		if got := Typed(typed); got != want {
			t.Errorf("%q becomes %q, want %q", typed, got, want)
		}
	}
}

package language

// RussianCharset tells the two old encodings of Russian apart, for text that is no UTF-8 and does not say what it is:
// windows-1251 or koi8-r. What are small letters in one are capitals in the other, and text has more small letters.
func RussianCharset(text []byte) string {
	var low, high int // 0xC0–0xDF, 0xE0–0xFF
	for _, b := range text {
		switch {
		case b >= 0xE0:
			high++
		case b >= 0xC0:
			low++
		}
	}
	if low > high {
		return "koi8-r"
	}
	return "windows-1251"
}

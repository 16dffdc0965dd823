package language

import (
	"strings"

	"github.com/clipperhouse/uax29/v2/words"
	"github.com/gosimple/slug"
)

// maxSlug is how long a slug may be, in bytes: long enough to be read, short enough for a letter's line.
const maxSlug = 80

// Slug is title in the letters of an address: "Съезд объявил" is "sezd-obiavil". Letters of the wrong alphabet are
// repaired first ("Cбербанк" with a Latin C is "sberbank"). It has only a-z, 0-9 and inner dashes, is at most 80
// bytes long and cut at a dash if it has one, and is "" if nothing of the title can be written so (only emoji, say):
// the caller then takes something else, such as the id. A slug is its own slug.
func Slug(title string) string {
	if len(title) > 20*maxSlug { // enough for any slug, and an endless line costs nothing
		title = title[:20*maxSlug]
	}
	title = silent.Replace(repairAll(clean(title)))
	parts := strings.FieldsFunc(slug.Make(title), func(r rune) bool { return r == '-' || r == '_' })
	return cut(strings.Join(parts, "-"))
}

// silent drops the two letters that transliteration would turn into quotes and so into dashes ("s-ezd"), writes ё as
// addresses write it ("luneva", not "luniova"), and sets the ampersand apart. It is done here because slug's own
// substitutions are a variable of the whole process.
var silent = strings.NewReplacer("ъ", "", "ь", "", "Ъ", "", "Ь", "", "ё", "е", "Ё", "Е", "&", " & ")

func repairAll(text string) string {
	cyrillic := MostlyCyrillic(text)
	var b strings.Builder
	tokens := words.FromString(text)
	for tokens.Next() {
		b.WriteString(repair(tokens.Value(), cyrillic))
	}
	return b.String()
}

func cut(s string) string {
	if len(s) <= maxSlug {
		return s
	}
	if s[maxSlug] == '-' { // a word ends just there
		return s[:maxSlug]
	}
	if i := strings.LastIndexByte(s[:maxSlug], '-'); i > 0 {
		return s[:i]
	}
	return s[:maxSlug]
}

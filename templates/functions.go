package templates

import (
	html "html/template"
	"net/url"
	"regexp"
	"strings"
	"time"

	"vestnik/language"
)

// functions are what a template may call beside the fields of its data, worded in one language.
func functions(lang string) map[string]any {
	return map[string]any{
		"lang":      func() string { return lang },
		"dir":       func() string { return Text(lang, "dir") },
		"facts":     func(i LaidItem) string { return facts(lang, i) },
		"indent":    indent,
		"t":         func(key string, args ...any) (string, error) { return phrase(lang, key, args...) },
		"date":      func(t time.Time) string { return date(lang, t) },
		"datetime":  func(t time.Time) string { return datetime(lang, t) },
		"month":     func(t time.Time) string { return language.Month(lang, t) },
		"bound":     bound,
		"moment":    func(t time.Time) string { return moment(lang, t) },
		"clock":     func(t time.Time) string { return t.Format("15:04") },
		"iso":       func(t time.Time) string { return t.Format(time.RFC3339) },
		"other":     func(l string) string { return otherLanguage(lang, l) },
		"names":     linkNames,
		"host":      host,
		"here":      here,
		"picture":   picture,
		"initial":   initial,
		"wrap":      wrap,
		"upper":     strings.ToUpper,
		"outlook":   outlook,
		"linked":    linked,
		"group":     func(kind string) string { return wordOr(lang, "feeds_group_"+kind, kind) },
		"groupText": func(kind string) string { return wordOr(lang, "feeds_text_"+kind, "") },
	}
}

// wordOr is the message of that key, or other words where there is none.
func wordOr(lang, key, other string) string {
	s, err := phrase(lang, key)
	if err != nil {
		return other
	}
	return s
}

// otherLanguage is l where it differs from the language around it: the value of a lang attribute, "" for none.
func otherLanguage(around, l string) string {
	if l == around {
		return ""
	}
	return l
}

// moment is the date with the time of day; midnight stands for a time that nobody gave.
func moment(lang string, t time.Time) string {
	if t.Hour() == 0 && t.Minute() == 0 {
		return date(lang, t)
	}
	return datetime(lang, t)
}

// bound keeps the day and its month on one line, for a headline that may break elsewhere in the date.
func bound(date string) string { return strings.Replace(date, " ", "\u00a0", 1) }

func linkNames(links []Link) string {
	names := make([]string, len(links))
	for i, l := range links {
		names[i] = l.Title
	}
	return strings.Join(names, ", ")
}

// host is what a reader calls a site: "kino.example" for "https://www.kino.example/news".
func host(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return rawURL
	}
	return strings.TrimPrefix(u.Host, "www.")
}

// here tells whether link leads to the page whose canonical address is given; either may be without the site's name.
func here(link, canonical string) bool {
	return link != "" && canonical != "" && strings.TrimSuffix(link, "/") != "" &&
		strings.HasSuffix(strings.TrimSuffix(canonical, "/"), strings.TrimSuffix(link, "/"))
}

var webAddress = regexp.MustCompile(`https?://[^\s<>"«»]*[^\s<>"«».,;:!?)]`)

// linked parts a sentence into its words and the addresses in it: a piece with a URL is to be a link.
func linked(s string) (pieces []Link) {
	at := 0
	for _, m := range webAddress.FindAllStringIndex(s, -1) {
		if m[0] > at {
			pieces = append(pieces, Link{Title: s[at:m[0]]})
		}
		pieces = append(pieces, Link{Title: s[m[0]:m[1]], URL: s[m[0]:m[1]]})
		at = m[1]
	}
	if at < len(s) {
		pieces = append(pieces, Link{Title: s[at:]})
	}
	return pieces
}

// picture lets a data: address of a picture through, which html/template takes for a program. Others it checks itself.
func picture(address string) any {
	if strings.HasPrefix(address, "data:image/") {
		return html.URL(address)
	}
	return address
}

// initial is the first letter of a name, in upper case, for the round mark beside a sender.
func initial(s string) string {
	for _, r := range s {
		if strings.ContainsRune(" \"'<«“", r) {
			continue
		}
		return strings.ToUpper(string(r))
	}
	return ""
}

// wrap breaks s at spaces into lines of at most 72 runes, each after the first indented by that many spaces. A longer
// word, as an address, keeps a line to itself.
func wrap(indent int, s string) string {
	var b strings.Builder
	width := indent
	for i, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\r\n", r) }) { // not at no-break spaces
		n := len([]rune(w))
		switch {
		case i == 0:
		case width+1+n > 72:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			width = indent
		default:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(w)
		width += n
	}
	return b.String()
}

// facts are what is known of a story beside its section: when it came out, who chose it, how long it takes, how often it was read.
func facts(lang string, i LaidItem) string {
	var list []string
	if !i.Date.IsZero() {
		list = append(list, date(lang, i.Date))
	}
	if i.Editors {
		list = append(list, Text(lang, "editors_choice"))
	}
	if i.Minutes > 1 { // a minute is nothing to plan for
		list = append(list, Text(lang, "minutes", i.Minutes))
	}
	if i.Reads > 0 {
		list = append(list, Text(lang, "reads", i.Reads))
	}
	return strings.Join(list, " ·\u00a0") // a line ends before the dot
}

// indent puts that many spaces before each line of s that is not empty.
func indent(n int, s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(" ", n) + line
		}
	}
	return strings.Join(lines, "\n")
}

// outlook wraps markup in a comment that only Outlook for Windows reads: it knows no max-width. html/template would
// drop the comment. The markup is the template's own, never data.
func outlook(markup string) html.HTML {
	return html.HTML("<!--[if mso]>" + markup + "<![endif]-->")
}

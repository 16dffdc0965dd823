// Package check judges documents that feed readers and search engines poll: RSS 2.0, RSS 1.0, Atom 1.0, JSON Feed,
// OPML, sitemaps, news sitemaps, and RSS as Yandex wants it. It is in charge of every rule that Vestnik knows about them
// ([Rules]), writes no table and reads none.
//
// It works on anybody's documents, of any quality and in the old character sets too: after a fault it goes on with
// what can still be read. It promises that every finding names the line, the rule and the mending, that a clean
// document has no finding, that it never panics, and that it ends in time that grows with the length of the document
// and no faster.
package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// MaxSize is how many bytes of a document are checked. A longer one is not read.
const MaxSize = 20 << 20

const (
	maxDepth    = 200       // of elements or values in each other
	maxNodes    = 1_000_000 // elements or values
	maxFindings = 1000      // in a report
)

// Options are what is known of a document beside its bytes.
type Options struct {
	Type    string    // media type from HTTP, with its charset; "" unknown
	Flavour string    // what it should be: general | yandex | news-sitemap | sitemap | opml; "" finds out
	URL     string    // where it came from; "" unknown
	Now     time.Time // dates after it are future; zero: no date is
}

// A Severity says how bad a finding is.
type Severity string

const (
	Error   Severity = "error"   // readers fail or lose something
	Warning Severity = "warning" // works, but not as it should
)

// A Finding is one fault of a document.
type Finding struct {
	Line     int // from 1
	Severity Severity
	Rule     string // the ID of one of [Rules]
	Text     string // what is wrong, with the value
	Mend     string // what to do
}

// A Report is what was found out about a document. Findings are in the order of lines, at most 1,000 and a last one that
// says how many more there are.
type Report struct {
	Kind     string // rss | atom | json | rdf | opml | sitemap | news-sitemap | unknown
	Version  string // as the document says it: "2.0", "1.1"; "index" for a sitemap index; "" unknown
	Items    int    // items, entries, outlines or addresses
	Findings []Finding
}

// Check judges a document. It fails in no way: what cannot be read is a finding.
func Check(doc []byte, o Options) Report {
	c := &checker{o: o, report: Report{Kind: "unknown"}, declared: map[string]bool{}, once: map[string]bool{}, ids: map[string]int{}}
	if len(doc) > MaxSize {
		c.found(1, "too-large", "")
		return c.finish()
	}
	text := c.decode(doc)
	switch {
	case len(c.errors) > 0 && text == "": // it could not be made text of
	case strings.TrimSpace(text) == "":
		c.found(1, "empty-document", "")
	case strings.HasPrefix(strings.TrimSpace(text), "{"), strings.HasPrefix(strings.TrimSpace(text), "["):
		c.json(text)
	default:
		c.xml(text)
	}
	c.mediaType()
	c.flavour()
	return c.finish()
}

// checker gathers the findings about one document.
type checker struct {
	o        Options
	report   Report
	errors   []Finding
	warnings []Finding
	hidden   int             // findings that there was no room for
	place    string          // the item that is looked at, "" outside
	ns       string          // the namespace of the format's own elements
	yandex   bool            // it is meant for Yandex
	declared map[string]bool // namespaces
	once     map[string]bool // what is said once only
	ids      map[string]int  // of items, with their lines
}

// found writes a fault down. detail is the value that is wrong, "" where the rule says all.
func (c *checker) found(line int, rule, detail string, args ...any) {
	r := ruleNamed(rule)
	list := &c.warnings
	if r.Severity == Error {
		list = &c.errors
	}
	if len(*list) == maxFindings {
		c.hidden++
		return
	}
	text := r.What
	if detail != "" {
		text += ": " + fmt.Sprintf(detail, args...)
	}
	if c.place != "" {
		text += " (" + c.place + ")"
	}
	*list = append(*list, Finding{Line: line, Severity: r.Severity, Rule: r.ID, Text: text, Mend: r.Mend})
}

// foundOnce is found for what would be said again and again: key tells the cases apart.
func (c *checker) foundOnce(key string, line int, rule, detail string, args ...any) {
	if key = rule + " " + key; !c.once[key] {
		c.once[key] = true
		c.found(line, rule, detail, args...)
	}
}

// finish puts the findings in order; if there are too many, warnings give way to errors.
func (c *checker) finish() Report {
	room := maxFindings - len(c.errors)
	if len(c.warnings) > room {
		c.hidden += len(c.warnings) - room
		c.warnings = c.warnings[:room]
	}
	all := append(c.errors, c.warnings...)
	slices.SortFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Text, b.Text))
	})
	all = slices.Compact(all)
	if c.hidden > 0 {
		r := ruleNamed("too-many-findings")
		last := Finding{Severity: r.Severity, Rule: r.ID, Text: fmt.Sprintf("%s: %d more", r.What, c.hidden), Mend: r.Mend}
		last.Line = all[len(all)-1].Line
		all = append(all, last)
	}
	c.report.Findings = all
	return c.report
}

// kind says what the document turned out to be.
func (c *checker) kind(kind, version string) {
	c.report.Kind, c.report.Version = kind, short(version)
}

// item counts one more item and makes it the place of what is found next.
func (c *checker) item(what string) {
	c.report.Items++
	c.at(what, c.report.Items)
}

// at makes the nth item the place of what is found next.
func (c *checker) at(what string, n int) { c.place = fmt.Sprintf("%s %d", what, n) }

// id remembers the id of an item, which no other may have.
func (c *checker) id(line int, id, shown string) {
	if first, twice := c.ids[id]; twice {
		c.found(line, "duplicate-id", "%q, as on line %d", short(shown), first)
		return
	}
	c.ids[id] = line
}

// short is a value fit for a sentence on a terminal: one line, at most 60 characters, all of them visible.
func short(s string) string {
	s = strings.TrimSpace(s)
	s = strings.Map(visible, strings.ToValidUTF8(s[:min(len(s), 300)], ""))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

func visible(r rune) rune {
	if unicode.IsPrint(r) || unicode.IsSpace(r) {
		return r
	}
	return -1
}

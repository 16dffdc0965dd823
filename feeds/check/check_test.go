package check

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

var testNow = time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)

var good = map[string]string{"RSS": goodRSS, "Atom": goodAtom, "JSON": goodJSON, "JSON 1.0": goodJSON10, "Yandex": goodYandex, "sitemap": goodSitemap,
	"sitemap index": goodIndex, "news sitemap": goodNews, "empty news sitemap": emptyNews, "OPML": goodOPML}

func TestAGoodDocumentHasNoFinding(t *testing.T) {
	for name, doc := range good {
		if r := Check([]byte(doc), Options{Now: testNow}); len(r.Findings) > 0 {
			t.Errorf("%s:\n%s", name, list(r.Findings))
		}
		crlf := strings.ReplaceAll(doc, "\n", "\r\n")
		if r := Check([]byte(crlf), Options{Now: testNow}); len(r.Findings) > 0 {
			t.Errorf("%s with Windows line ends:\n%s", name, list(r.Findings))
		}
	}
}

func TestAReportSaysWhatTheDocumentIs(t *testing.T) {
	tests := []struct {
		doc, kind, version string
		items              int
	}{
		{goodRSS, "rss", "2.0", 2}, {goodAtom, "atom", "1.0", 3}, {goodJSON, "json", "1.1", 2}, {goodJSON10, "json", "1", 0}, {goodRDF, "rdf", "1.0", 1},
		{goodYandex, "rss", "2.0", 1}, {goodSitemap, "sitemap", "0.9", 2}, {goodIndex, "sitemap", "index", 1},
		{goodNews, "news-sitemap", "0.9", 1}, {emptyNews, "news-sitemap", "0.9", 0}, {goodOPML, "opml", "2.0", 2}, {"Hello", "unknown", "", 0},
	}
	for _, test := range tests {
		r := Check([]byte(test.doc), Options{Now: testNow})
		if r.Kind != test.kind || r.Version != test.version || r.Items != test.items {
			t.Errorf("got %s %q with %d items, want %s %q with %d", r.Kind, r.Version, r.Items, test.kind, test.version, test.items)
		}
	}
}

func TestTheMediaTypesOfEveryFormatAreAccepted(t *testing.T) {
	for name, doc := range good {
		kind := Check([]byte(doc), Options{Now: testNow}).Kind
		for _, mediaType := range mediaTypes[kind] {
			if r := Check([]byte(doc), Options{Now: testNow, Type: mediaType + "; charset=UTF-8"}); len(r.Findings) > 0 {
				t.Errorf("%s as %s:\n%s", name, mediaType, list(r.Findings))
			}
		}
	}
}

func TestEveryRuleIsFoundOnItsLine(t *testing.T) {
	shown := map[string]bool{}
	for _, e := range examples() {
		shown[e.rule] = true
		t.Run(e.rule, func(t *testing.T) {
			doc, line := e.document(t)
			e.o.Now = testNow
			findings := Check([]byte(doc), e.o).Findings
			if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Rule == e.rule && f.Line == line }) {
				t.Errorf("%s is not found on line %d, but:\n%s", e.rule, line, list(findings))
			}
			want := map[string]bool{e.rule: true}
			for _, rule := range strings.Fields(e.also) {
				want[rule] = true
			}
			if e.base == goodRDF {
				want["rdf-old"] = true
			}
			got := map[string]bool{}
			for _, f := range findings {
				got[f.Rule] = true
			}
			if !maps.Equal(got, want) {
				t.Errorf("rules = %v, want %v:\n%s", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)), list(findings))
			}
		})
	}
	for _, r := range Rules() {
		if !shown[r.ID] {
			t.Errorf("no example breaks the rule %s", r.ID)
		}
	}
}

// document is the example's document and the line of its fault.
func (e example) document(t *testing.T) (string, int) {
	if e.old != "" && !strings.Contains(e.base, e.old) {
		t.Fatalf("the document does not contain %q", e.old)
	}
	doc := e.new
	if e.base != "" {
		doc = strings.Replace(e.base, e.old, e.new, 1)
	}
	mark := cmp.Or(e.at, "¶")
	before, _, found := strings.Cut(doc, mark)
	if !found && e.at != "" {
		t.Fatalf("the document does not contain %q", e.at)
	}
	line := 1
	if found {
		line += strings.Count(before, "\n")
	}
	return strings.ReplaceAll(doc, "¶", ""), line
}

func TestRulesAreWordedForPeople(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules() {
		switch {
		case seen[r.ID]:
			t.Errorf("%s stands twice", r.ID)
		case r.ID != strings.ToLower(r.ID) || strings.ContainsAny(r.ID, " _"):
			t.Errorf("%s is not in kebab-case", r.ID)
		case r.Severity != Error && r.Severity != Warning:
			t.Errorf("%s has the severity %q", r.ID, r.Severity)
		case r.What == "" || strings.HasSuffix(r.What, "."):
			t.Errorf("%s: %q should be a sentence without a full stop: the value follows it", r.ID, r.What)
		case !strings.HasSuffix(r.Mend, "."):
			t.Errorf("%s: %q should be a sentence", r.ID, r.Mend)
		}
		seen[r.ID] = true
	}
}

func TestOldEncodingsAreReadAndCheckedOn(t *testing.T) {
	encode := func(e encoding.Encoding, s string) string {
		out, err := encoding.ReplaceUnsupported(e.NewEncoder()).String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	broken := func(name string) string {
		doc := strings.Replace(goodYandex, "message", "слух", 1)
		return strings.Replace(doc, `encoding="utf-8"`, `encoding="`+name+`"`, 1)
	}
	tests := []struct{ name, doc, mediaType, want string }{
		{"windows-1251 declared", encode(charmap.Windows1251, broken("windows-1251")), "", "not-utf8 yandex-genre"},
		{"koi8-r declared", encode(charmap.KOI8R, broken("KOI8-R")), "", "not-utf8 yandex-genre"},
		{"windows-1251 in HTTP", encode(charmap.Windows1251, broken("windows-1251")), "text/xml; charset=windows-1251", "not-utf8 yandex-genre"},
		{"HTTP wins over the declaration", encode(charmap.KOI8R, broken("windows-1251")), "text/xml; charset=koi8-r", "charset-conflict not-utf8 yandex-genre"},
		{"declared UTF-8, but windows-1251", encode(charmap.Windows1251, broken("utf-8")), "", "invalid-bytes not-utf8 yandex-genre"},
		{"declared UTF-8, but koi8-r", encode(charmap.KOI8R, broken("utf-8")), "", "invalid-bytes not-utf8 yandex-genre"},
		{"UTF-16", encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), broken("utf-16")), "", "not-utf8 yandex-genre"},
		{"UTF-16 without a mark", encode(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), broken("utf-16")), "", "not-utf8 yandex-genre"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			findings := Check([]byte(test.doc), Options{Now: testNow, Type: test.mediaType}).Findings
			var rules []string
			for _, f := range findings {
				rules = append(rules, f.Rule)
			}
			slices.Sort(rules)
			if got := strings.Join(rules, " "); got != test.want {
				t.Errorf("rules = %q, want %q:\n%s", got, test.want, list(findings))
			}
			if !strings.Contains(list(findings), "слух") {
				t.Errorf("the value is not readable:\n%s", list(findings))
			}
		})
	}
}

func TestAfterAFaultTheRestIsCheckedToo(t *testing.T) {
	doc := strings.Replace(goodRSS, "Тихий &lt;", "Маша & Медведь &nbsp; <b>x</i> 5 < 6 <a href=x/y>z</a>", 1)
	doc = strings.Replace(doc, secondDate, "вчера", 1)
	findings := Check([]byte(doc), Options{Now: testNow}).Findings
	for _, want := range []string{"bare-ampersand", "undefined-entity", "mismatched-tag", "markup-error", "attribute-syntax", "rfc822-date"} {
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Rule == want }) {
			t.Errorf("%s is not found:\n%s", want, list(findings))
		}
	}
}

func TestACutDocumentIsNotBlamedForWhatIsMissing(t *testing.T) {
	for name, doc := range good {
		for cut := len(doc) - 3; cut > len(doc)-120 && cut > 40; cut -= 7 {
			r := Check([]byte(doc[:cut]), Options{Now: testNow})
			for _, f := range r.Findings {
				switch f.Rule {
				case "unclosed-tag", "markup-error", "json-syntax", "invalid-bytes", "too-many-findings", "bare-ampersand":
				default:
					t.Errorf("%s cut at %d: %s", name, cut, list(r.Findings))
				}
			}
		}
	}
}

func TestErrorsAreNotHiddenByWarnings(t *testing.T) {
	doc := "<opml version=\"2.0\"><head/><body>" + strings.Repeat("\n<outline text=\"a\" xmlUrl=\"https://kino.example/\"/>", 2000) + "\n<outline/></body></opml>"
	r := Check([]byte(doc), Options{})
	if len(r.Findings) != maxFindings+1 {
		t.Errorf("findings = %d, want %d", len(r.Findings), maxFindings+1)
	}
	if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Rule == "opml-text" && f.Line == 2002 }) {
		t.Error("the error on line 2002 is hidden")
	}
	last := r.Findings[len(r.Findings)-1]
	if last.Rule != "too-many-findings" || !strings.HasSuffix(last.Text, ": 1001 more") {
		t.Errorf("last finding = %+v", last)
	}
}

func TestFindingsAreTheSameEveryTime(t *testing.T) {
	doc := []byte(strings.NewReplacer("<title>", "<x>", "</title>", "</y>", "https://", "/").Replace(goodRSS))
	first := list(Check(doc, Options{Now: testNow}).Findings)
	for range 10 {
		if again := list(Check(doc, Options{Now: testNow}).Findings); again != first {
			t.Fatalf("first:\n%s\nthen:\n%s", first, again)
		}
	}
}

func list(findings []Finding) string {
	var b strings.Builder
	for _, f := range findings[:min(len(findings), 20)] {
		fmt.Fprintf(&b, "%d: %s %s: %s\n", f.Line, f.Severity, f.Rule, f.Text)
	}
	return b.String()
}

// TestFaultsAreFoundByRulesThatExist reads the package itself: a rule's name that is written wrongly would have no wording.
func TestFaultsAreFoundByRulesThatExist(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	place := map[string]int{"found": 1, "foundOnce": 2, "skip": 2} // which argument is the rule
	calls := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || place[method.Sel.Name] == 0 || len(call.Args) <= place[method.Sel.Name] {
				return true
			}
			if literal, ok := call.Args[place[method.Sel.Name]].(*ast.BasicLit); ok {
				calls++
				if id, err := strconv.Unquote(literal.Value); err != nil || ruleNamed(id).Mend == "" {
					t.Errorf("%s: there is no rule %s", name, literal.Value)
				}
			}
			return true
		})
	}
	if calls < 100 {
		t.Errorf("only %d calls were looked at", calls)
	}
}

package check

import (
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// fragments are put into good documents to break them, or not.
var fragments = []string{"<", ">", "&", "\"", "'", "/", "]]>", "<!--", "-->", "--", "<![CDATA[", "&amp;", "&nbsp;", "&#1;", "&#x41;", "=",
	" a=b ", " a=\"b\"", "</title>", "<b>", "<br/>", "\x01", "\xff", "?>", "<?x y?>", "<?xml version='1.0'?>", "<!DOCTYPE a>", " ", "\n", "#", ";",
	"é", "-", "<a b='c'd='e'/>", "<1>", "<é/>", "&é;", "&#xD800;", "{", "}", "[", "]", ",", ":", "null", "\\", "\\u12", "1e5", "\t"}

// broken is a document with one or two small changes.
func broken(random *rand.Rand, doc string) string {
	for range 1 + random.IntN(2) {
		at, gone := random.IntN(len(doc)), 0
		if random.IntN(3) == 0 {
			gone = random.IntN(8)
		}
		doc = doc[:at] + fragments[random.IntN(len(fragments))] + doc[min(len(doc), at+gone):]
	}
	return doc
}

// illFormed are the rules that a document breaks which is no XML.
var illFormed = set(`charset-unknown charset-conflict invalid-bytes illegal-character illegal-reference late-declaration xml-version
	undefined-entity bare-ampersand cdata-end markup-error attribute-syntax duplicate-attribute mismatched-tag unclosed-tag
	outside-root not-a-feed html-page undeclared-prefix`)

func TestXMLLintFindsFaultsWhereWeDo(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	random := rand.New(rand.NewPCG(1, 2))
	docs := []string{goodRSS, goodAtom, goodOPML, goodNews, goodYandex}
	for range 200 {
		doc := broken(random, docs[random.IntN(len(docs))])
		lint := exec.Command(xmllint, "--noout", "--nonet", "-")
		lint.Stdin = strings.NewReader(doc)
		said, err := lint.CombinedOutput()
		bad := err != nil && strings.Contains(string(said), "parser error")
		findings := slices.DeleteFunc(Check([]byte(doc), Options{Now: testNow}).Findings, func(f Finding) bool { return !illFormed[f.Rule] })
		if bad && len(findings) == 0 {
			t.Errorf("xmllint alone finds:\n%s", said)
		}
		if !bad && len(findings) > 0 && !strings.Contains(string(said), "namespace error") {
			t.Errorf("xmllint does not find:\n%s", list(findings))
		}
	}
}

func TestWhatIsNoJSONIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		doc := broken(random, goodJSON)
		if !strings.HasPrefix(doc, "{") {
			continue
		}
		findings := Check([]byte(doc), Options{Now: testNow}).Findings
		found := slices.ContainsFunc(findings, func(f Finding) bool { return f.Rule == "json-syntax" || f.Rule == "charset-conflict" })
		if found == json.Valid([]byte(doc)) {
			t.Errorf("valid = %t, but:\n%s%s", !found, list(findings), doc)
		}
	}
}

package feeds

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os/exec"
	"testing"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"
)

// judge fails the test unless the document is well-formed to the last byte.
func judge(t *testing.T, f Format, doc []byte) {
	t.Helper()
	if !utf8.Valid(doc) {
		t.Errorf("%s is not valid UTF-8", f.Name)
	}
	if f.Name == "json" {
		if !json.Valid(doc) {
			t.Errorf("not valid JSON:\n%s", doc)
		}
		return
	}
	d := xml.NewDecoder(bytes.NewReader(doc))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, doc)
		}
	}
}

// filled is the sample with these texts wherever a text can be.
func filled(title, html string) Feed {
	f := sample()
	f.Title, f.Description, f.Copyright, f.Author, f.Hub, f.Styles, f.Image = title, title, html, title, html, html, title
	f.Prev = &Place{Under: title, Query: html}
	f.Deleted[0].ID = title
	i := &f.Items[0]
	i.Title, i.Summary, i.HTML, i.Text, i.Genre = title, html, html, html, title
	i.Image, i.ImageAlt = title, html
	i.Authors = []Person{{title, html}}
	i.Categories = []Category{{html, title}}
	i.Enclosure = &Enclosure{title, html, 1}
	return f
}

func TestXMLLintFindsNothing(t *testing.T) {
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed (Debian: libxml2-utils)")
	}
	nasty := filled("a\x00\x0b\uFFFE\uFFFF\x80 ]]> &nbsp; <![CDATA[ ?> --> \"'", "<p>\x08 ]]> ]]]]>> \xed\xa0\x80 \u0085 &amp; \U0001FFFE</p>")
	for name, feed := range map[string]Feed{"sample": sample(), "archive": archive(), "summaries": summaries(), "nasty": nasty} {
		for _, f := range all() {
			if f.Name == "json" {
				continue
			}
			doc, err := f.Render(feed)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(lint, "--noout", "--nonet", "-")
			cmd.Stdin = bytes.NewReader(doc)
			if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s, %s: %v %s", f.Name, name, err, out)
			}
		}
	}
}

func FuzzAnyTextGivesWellFormedDocuments(f *testing.F) {
	for _, s := range []string{"", "Кино", "]]>", "\x00\x1f\x7f", "\uFFFE\uFFFF", "\xff\xfe", "<b>&nbsp;</b>", "\u2028", "a\r\nb", "\xed\xa0\x80", "]]\x01>", "?>", "\"'>"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, title, html string) {
		feed := filled(title, html)
		for _, format := range all() {
			doc, err := format.Render(feed)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, format, doc)
			if format.Name == "yandex" {
				continue // it leaves out what has no text
			}
			if got, err := gofeed.NewParser().Parse(bytes.NewReader(doc)); err != nil {
				t.Fatalf("%s: %v", format.Name, err)
			} else if len(got.Items) != 2 || got.Items[0].GUID != feed.Items[0].ID {
				t.Fatalf("%s: %d items, first %v", format.Name, len(got.Items), got.Items)
			}
		}
	})
}

func TestTheLastLookFindsWhatIsIllFormed(t *testing.T) {
	for _, doc := range []string{"", "x", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "<a>\x01</a>", "<a>\xff</a>", "<a>&nbsp;</a>", "<a>]]></a>", "<a><![CDATA[\x0b]]></a>", "<item><pubDate>yesterday</pubDate></item>", "<entry><updated>2018</updated></entry>", "<entry><updated></updated></entry>"} {
		if checkXML([]byte(doc)) == nil {
			t.Errorf("%q passes", doc)
		}
	}
	for _, doc := range []string{"", "{", "{}{}", `{"date_published":"2018"}`, `{"date_modified":1}`} {
		if checkJSON([]byte(doc)) == nil {
			t.Errorf("%q passes", doc)
		}
	}
}

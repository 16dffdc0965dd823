package digest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestnik/templates"
)

var update = flag.Bool("update", false, "write testdata/letters anew from what the letters are now")

// goldenEdition is always the same, to the ids of its articles, of which its fingerprint is made.
func (n newsroom) goldenEdition(layout string) templates.EditionView {
	at := n.at("2026-11-24 08:00")
	item := func(id int64, block int, slug, title, reason string, reads int64) templates.Item {
		return templates.Item{Rank: int(id), Article: id, Slug: slug, Title: title, URL: siteURL + "/articles/" + slug, Standfirst: "О чём это: «коротко».",
			Section: "Прокат", Date: at, Reads: reads, Score: float64(reads), Reason: reason, Block: block, Image: siteURL + "/" + slug + ".jpg", ImageAlt: "Зал",
			Opening: "Так начинается текст.", Minutes: 3}
	}
	view := templates.EditionView{
		Digest: "daily", DigestTitle: "Самое читаемое", Subject: "Самое читаемое: Премьера в Корсакове", Slot: at, From: at.AddDate(0, 0, -1), Until: at,
		Language: "ru", Layout: layout, Note: "Доброе утро!", URL: siteURL + "/digests/daily/2026-11-24T0800", Revision: 1,
		Blocks: []templates.Block{{Rank: RankReads}, {Rank: RankLatest, Title: "Новое"}},
		Items: []templates.Item{item(1, 0, "premera", "Премьера в Корсакове", ReasonReads, 1204), item(2, 0, "kassa", "Касса недели", ReasonEditors, 7),
			item(3, 1, "festival", "A festival opens", ReasonLatest, 0)},
		Related: []templates.Headline{{Title: "Кинотеатр открылся", URL: siteURL + "/articles/kinoteatr", Date: at}},
		Banner:  n.Banner("daily", at),
	}
	view.Items[0].Related = []templates.Headline{{Title: "Как снимали", URL: siteURL + "/articles/kak", Date: at}}
	return view
}

// The words and the HTML of letters have golden files in package templates; here it is the bytes that all of an edition's letters are made
// of, with their fields, parts and encodings. The files have line feeds alone.
func TestTheBytesOfLettersAreTheGoldenOnes(t *testing.T) {
	n := open(t)
	for _, layout := range templates.Layouts() {
		for _, language := range []string{"ru", "en"} {
			view := n.goldenEdition(layout)
			m, err := n.draft(n.daily, variant{language: language, view: view}, view)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(strings.TrimSuffix(string(m.Bytes), "\r\n"), "\r\n") {
				if strings.ContainsAny(line, "\r\n") || len(line) > 998 { // RFC 5322, 2.1.1 and 2.3
					t.Errorf("%s-%s: line %q", layout, language, line)
				}
			}
			got, file := bytes.ReplaceAll(m.Bytes, []byte("\r\n"), []byte("\n")), filepath.Join("testdata", "letters", layout+"-"+language+".eml")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is not what the letter is now, error %v; look at it with -update, and at the difference", file, err)
			}
		}
	}
}

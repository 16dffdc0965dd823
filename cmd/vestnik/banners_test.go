package main

import (
	"strings"
	"testing"
	"time"
)

const sponsored = small + `
[[digest]]
name = "weekly"
schedule = "0 9 * * 5"
`

func TestABannerOfSomeDigestsIsInTheirLettersAndOnPagesAboutThem(t *testing.T) {
	c, err := parseConfig("x.toml", t.TempDir(), sponsored+`
[[banner]]
name = "film"
image = "https://x.example/a.png"
link = "https://x.example"
place = ["page", "letter"]
digests = ["weekly"]
[[banner]]
image = "https://x.example/b.png"
link = "https://x.example"
place = ["letter"]
`, bare)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ place, digest, want string }{
		{"letter", "weekly", "film"}, {"letter", "daily", "banner-2"}, {"page", "weekly", "film"}, {"page", "", "film"}, {"page", "daily", ""},
	} {
		name := ""
		if b := c.banner(x.place, x.digest, time.Now()); b != nil {
			name = b.Name
			if b.Label != "Реклама" {
				t.Errorf("%s is labelled %q", b.Name, b.Label)
			}
		}
		if name != x.want {
			t.Errorf("banner(%s, %s) = %q, want %q", x.place, x.digest, name, x.want)
		}
	}
}

func TestMistakesInABannerAreOneSentence(t *testing.T) {
	whole := "\n[[banner]]\nimage = \"https://x.example/a.png\"\nlink = \"https://x.example\"\nplace = [\"page\"]\n"
	for rest, want := range map[string]string{
		"erid = \"2VtzqwP7nAb\"\n":                        "[[banner]] number 1: name",
		"name = \"Film\"\n":                               "[[banner]] number 1: name \"Film\"",
		"name = \"film\"\n" + whole + "name = \"film\"\n": "[[banner]] number 2: name \"film\"",
		"name = \"banner-2\"\n" + whole:                   "[[banner]] number 2: name \"banner-2\"",
		"name = \"film\"\nerid = \"https://x.example\"\n": "[[banner]] number 1 (film): erid",
		"name = \"film\"\nerid = \"2VtzqwP7nAb\"\n":       "[[banner]] number 1 (film): advertiser",
		"name = \"film\"\nerid = \"2VtzqwP7nAb\"\nlabel = \"Партнёр\"\nadvertiser = \"ООО\"\n": "[[banner]] number 1 (film): label",
		"name = \"film\"\ndigests = [\"nosuch\"]\n":                                            "[[banner]] number 1 (film): digests \"nosuch\"",
		"name = \"film\"\nadvertiser = \"a\\nb\"\n":                                            "one line",
	} {
		_, err := parseConfig("x.toml", t.TempDir(), small+whole+rest, bare)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want one line with %q", err, want)
		}
	}
	if _, err := parseConfig("x.toml", t.TempDir(), small+whole+"name = \"film\"\nerid = \"2VtzqwP7nAb\"\nadvertiser = \"ООО «Плёнка»\"\n", bare); err != nil {
		t.Error(err)
	}
}

package templates

import (
	"slices"
	"time"
)

// SearchView is the page of a search.
type SearchView struct {
	Text    string // what was typed; "" for the bare form
	Asked   bool   // it has a word to search for
	Some    bool   // no article has all the words: these have some of them
	Full    bool   // only the newest were looked at, and there may be more
	Total   int    // how many were found
	Hits    []SearchHit
	Page    int    // from 1
	Pages   int    // 0 where nothing was found
	Better  string // address of the page before this one, "" for none
	Further string // address of the page after it, "" for none
}

// A SearchHit is an article that was found.
type SearchHit struct {
	Headline        // without its title and standfirst
	Marked   []Mark // the title
	Snippet  []Mark // a passage of its text
}

// A Mark is a piece of plain text; Hit says that it is a word that was searched for.
type Mark struct {
	Text string
	Hit  bool
}

// SearchText is what the search field holds.
func (p Page) SearchText() string {
	if p.Search == nil {
		return ""
	}
	return p.Search.Text
}

func localSearch(loc *time.Location, v *SearchView) *SearchView {
	if v == nil {
		return nil
	}
	shown := *v
	shown.Hits = slices.Clone(v.Hits)
	for i := range shown.Hits {
		shown.Hits[i].Date = in(loc, shown.Hits[i].Date)
	}
	return &shown
}

func sampleSearch() *SearchView {
	hit := SearchHit{Headline: sampleHeadlines(2)[0], Marked: []Mark{{"Касса ", false}, {"кино", true}}, Snippet: []Mark{{"… о ", false}, {"кино", true}}}
	return &SearchView{Text: "кино", Asked: true, Some: true, Full: true, Total: 1000, Hits: []SearchHit{hit, {}}, Page: 2, Pages: 50,
		Better: "/search?q=x", Further: "/search?q=x&page=3"}
}

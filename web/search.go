package web

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"vestnik/articles"
	"vestnik/templates"
)

// searchPage is how many articles stand on a page of what was found.
const searchPage = 20

// search answers a query: ?q= is what was typed, ?page= which page of the answer. Without a word to search for it is the bare form.
func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	number, err := pageNumber(query.Get("page"))
	if err != nil {
		return err
	}
	f, err := s.lookFor(r, query.Get("q"), number)
	if err != nil {
		return err
	}
	if number > 1 && len(f.Found) == 0 {
		return errNotFound
	}
	p := s.newPage(r, s.Site.Language)
	p.Title, p.Canonical, p.NoIndex = templates.Text(p.Language, "search"), s.Site.URL+"/search", true
	if f.Text != "" {
		p.Title, p.Canonical = templates.Text(p.Language, "search_for", f.Text), s.Site.URL+searchAddress(f.Text, 1)
	}
	p.Search = s.searchView(f, number)
	var shown []templates.Headline
	for _, hit := range p.Search.Hits {
		shown = append(shown, hit.Headline)
	}
	s.addMostRead(r, &p, shown...)
	return s.send(w, r, "search.html", p)
}

// lookFor searches when it is this request's turn: a search costs more than any other page, and shall not keep those from being answered.
func (s *Server) lookFor(r *http.Request, text string, number int) (articles.Findings, error) {
	select {
	case s.searches <- struct{}{}:
		defer func() { <-s.searches }()
	case <-r.Context().Done():
		return articles.Findings{}, r.Context().Err()
	}
	return articles.Search(r.Context(), s.DB, articles.SearchQuery{Text: text, Language: s.Site.Language,
		Offset: (number - 1) * searchPage, Limit: searchPage}, s.Now())
}

// maxSearches is how many searches run at once; others wait.
const maxSearches = 4

// pageNumber reads which page of an answer is asked for.
func pageNumber(value string) (int, error) {
	if value == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("page of a search %.20q: %w", value, errForm)
	}
	return min(n, articles.SearchMost), nil
}

func searchAddress(text string, number int) string {
	query := url.Values{"q": {text}}
	if number > 1 {
		query.Set("page", strconv.Itoa(number))
	}
	return "/search?" + query.Encode()
}

func (s *Server) searchView(f articles.Findings, number int) *templates.SearchView {
	v := &templates.SearchView{Text: f.Text, Asked: f.Asked, Some: f.Some, Full: f.Full, Total: f.Total,
		Page: number, Pages: (f.Total + searchPage - 1) / searchPage}
	for _, found := range f.Found {
		v.Hits = append(v.Hits, templates.SearchHit{Headline: s.headline(found.Article), Marked: marks(found.Headline), Snippet: marks(found.Snippet)})
	}
	if number > 1 {
		v.Better = searchAddress(f.Text, number-1)
	}
	if number < v.Pages {
		v.Further = searchAddress(f.Text, number+1)
	}
	return v
}

func marks(parts []articles.Part) []templates.Mark {
	all := make([]templates.Mark, len(parts))
	for i, p := range parts {
		all[i] = templates.Mark(p)
	}
	return all
}

// openSearch tells browsers how to search the site (OpenSearch 1.1, draft 6).
type openSearch struct {
	XMLName     xml.Name      `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
	ShortName   string        // at most 16 characters
	LongName    string        // at most 48
	Description string        // at most 1024
	URL         []openAddress `xml:"Url"`
	Image       openPicture   // of the site
	Language    string        // BCP 47
	Input       string        `xml:"InputEncoding"`
	Output      string        `xml:"OutputEncoding"`
}

type openAddress struct {
	Type     string `xml:"type,attr"`
	Rel      string `xml:"rel,attr,omitempty"`
	Template string `xml:"template,attr"`
}

type openPicture struct {
	Type    string `xml:"type,attr"`
	Address string `xml:",chardata"`
}

const openSearchType = "application/opensearchdescription+xml"

// openSearch answers with the document for browsers.
func (s *Server) openSearch(w http.ResponseWriter, r *http.Request) error {
	body, err := xml.MarshalIndent(openSearch{
		ShortName: atMost(16, s.Site.Title), LongName: atMost(48, s.Site.Title),
		Description: atMost(1024, templates.Text(s.Site.Language, "search_of", s.Site.Title)),
		URL: []openAddress{
			{Type: "text/html", Template: s.Site.URL + "/search?q={searchTerms}"},
			{Type: openSearchType, Rel: "self", Template: s.Site.URL + "/opensearch.xml"},
		},
		Image:    openPicture{"image/svg+xml", s.Site.URL + "/assets/favicon.svg"},
		Language: s.Site.Language, Input: "UTF-8", Output: "UTF-8",
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("describe the search: %w", err)
	}
	w.Header().Set("Content-Type", openSearchType)
	w.Header().Set("Cache-Control", "public, max-age=86400")
	reply(w, r, http.StatusOK, append([]byte(xml.Header), append(body, '\n')...))
	return nil
}

// atMost cuts a text to so many characters, at the end of a word if it has several.
func atMost(n int, text string) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	text = string(runes[:n])
	if i := strings.LastIndexByte(text, ' '); i > 0 && runes[n] != ' ' {
		text = text[:i]
	}
	return strings.TrimSpace(text)
}

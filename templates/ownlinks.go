package templates

import (
	html "html/template"
	"strings"

	nethtml "golang.org/x/net/html"
)

// taggedHTML is the text of an article with utm parameters in its links to the site's own pages, like those of the stories: a visit that a
// letter led to counts as one, or the letter would raise what it tells of. Links to other sites are theirs and stay.
func taggedHTML(body html.HTML, site, mark string) html.HTML {
	if site == "" {
		return body
	}
	var b strings.Builder
	for z := nethtml.NewTokenizer(strings.NewReader(string(body))); z.Next() != nethtml.ErrorToken; {
		raw := string(z.Raw())
		token := z.Token()
		if token.Data != "a" || token.Type != nethtml.StartTagToken {
			b.WriteString(raw)
			continue
		}
		for i, a := range token.Attr {
			if a.Key == "href" && (a.Val == site || strings.HasPrefix(a.Val, site+"/")) {
				token.Attr[i].Val = withQuery(a.Val, mark)
			}
		}
		b.WriteString(token.String())
	}
	return html.HTML(b.String()) // clean as it was: only addresses became longer
}

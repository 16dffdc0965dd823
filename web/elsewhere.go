package web

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vestnik/articles"
	"vestnik/reads"
	"vestnik/templates"
)

// What a newsroom whose site lives elsewhere puts into its pages (docs/elsewhere.md): a script that reports reads, and the box of
// the most read, as a fragment of HTML, as JSON, and as a script that puts the fragment in its place.

// elsewhereScript reports reads of pages that are not ours. It holds a token of the day, and may lie in a cache for an hour.
func (s *Server) elsewhereScript(w http.ResponseWriter, r *http.Request) error {
	if !s.counts() {
		return errNotFound
	}
	script := s.Reads.ScriptElsewhere(s.Site.URL+"/r", s.Now())
	if script == nil {
		return errNotFound
	}
	return serveElsewhere(w, r, newAsset("r.js", script))
}

// serveElsewhere lets pages of other sites load a script, whatever policy they have on what they embed.
func serveElsewhere(w http.ResponseWriter, r *http.Request, script asset) error {
	w.Header()["Access-Control-Allow-Origin"] = anyOrigin
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	return script.serve(w, r)
}

// beaconElsewhere takes a report that a page elsewhere was read. As with [Server.beacon], the answer is always the same.
func (s *Server) beaconElsewhere(w http.ResponseWriter, r *http.Request) error {
	if !s.counts() || !s.Reads.CountsElsewhere() {
		return errNotFound
	}
	hit := s.hit(r, 0)
	hit.Elsewhere = true
	return s.takeBeacon(w, r, hit, func(hit *reads.Hit, body []byte) {
		hit.Token, hit.Source, hit.Page, _ = reads.ParseElsewhere(body)
	})
}

//go:embed box.js
var boxScriptSource string

// boxScript puts the box in its place.
func (s *Server) boxScript(w http.ResponseWriter, r *http.Request) error {
	return serveElsewhere(w, r, s.boxAsset)
}

func newBoxScript(site string) asset {
	var b strings.Builder
	for line := range strings.Lines(boxScriptSource) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "//") {
			b.WriteString(line)
		}
	}
	address := strconv.Quote(site + "/most-read/box.html?")
	return newAsset("box.js", []byte(strings.Replace(b.String(), `"ADDRESS?"`, address, 1)))
}

// defaultBox is how many lines a box has that asks for no number.
const defaultBox = 10

// A boxQuery is what a box is asked for.
type boxQuery struct {
	window  string
	count   int
	section articles.Label // of no slug: the whole site
}

// errBox says what is wrong with the parameters of a box.
var errBox = errors.New("most-read box")

// parseBox reads the parameters. An error is one sentence for whoever put the box into a page.
func (s *Server) parseBox(ctx context.Context, query url.Values) (q boxQuery, err error) {
	q.window = cmp.Or(query.Get("window"), windows[0].name)
	if _, ok := windowNamed(q.window); !ok {
		return q, fmt.Errorf("%w: window %.20q: write 24h, 7d or 30d", errBox, q.window)
	}
	count := cmp.Or(query.Get("count"), strconv.Itoa(defaultBox))
	if q.count, err = strconv.Atoi(count); err != nil || q.count < 1 || q.count > mostReadBox {
		return q, fmt.Errorf("%w: count %.20q: write a number from 1 to %d", errBox, count, mostReadBox)
	}
	slug := query.Get("section")
	if slug == "" {
		return q, nil
	}
	q.section, err = s.sectionNamed(ctx, slug)
	if isNotFound(err) {
		err = fmt.Errorf("%w: section %.60q: no article is in it; write the last part of the address of a section's page", errBox, slug)
	}
	return q, err
}

// box answers with the box, as write makes it: exactly what was read most, and the editors' choice, which is called so. It is never
// filled up, and no numbers are in it: so its entity tag stays as long as the list does.
func (s *Server) box(kind string, write func(*bytes.Buffer, boxQuery, []templates.Headline) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header()["Access-Control-Allow-Origin"] = anyOrigin
		q, err := s.parseBox(r.Context(), r.URL.Query())
		if errors.Is(err, errBox) {
			w.Header().Set("Cache-Control", "no-store")
			return text(w, r, http.StatusBadRequest, err.Error())
		}
		if err != nil {
			return err
		}
		m, err := s.mostRead(r.Context(), readList{q.window, q.section.Slug, reads.ByReads})
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := write(&b, q, s.absolute(m.ranked[:min(q.count, len(m.ranked))])); err != nil {
			return err
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "public, max-age=60, stale-while-revalidate=600, stale-if-error=86400")
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		w.Header().Set("X-Robots-Tag", "noindex")      // it is a part of other pages
		w.Header()["Content-Security-Policy"] = policy // for who opens it by itself
		reply(w, r, http.StatusOK, b.Bytes())
		return nil
	}
}

// absolute is a list with addresses that hold on any site, and without the numbers of reads.
func (s *Server) absolute(list []templates.Headline) []templates.Headline {
	all := make([]templates.Headline, len(list))
	for i, h := range list {
		if strings.HasPrefix(h.URL, "/") {
			h.URL = s.Site.URL + h.URL
		}
		h.Reads = 0
		all[i] = h
	}
	return all
}

// boxPage is what the templates make a box of.
func (s *Server) boxPage(q boxQuery, list []templates.Headline) templates.Page {
	address := s.Site.URL + "/most-read?window=" + q.window
	p := templates.Page{Site: s.Site, Language: s.Site.Language, MostRead: list}
	if q.section.Slug != "" {
		address += "&section=" + url.QueryEscape(q.section.Slug)
		p.MostReadOf = link(s.Site.URL+"/sections/", q.section)
	}
	p.MostReadURL = address
	return p
}

func (s *Server) boxHTML(b *bytes.Buffer, q boxQuery, list []templates.Headline) error {
	return s.Templates.Page(b, "box.html", s.boxPage(q, list))
}

type boxJSON struct {
	Title    string    `json:"title"`
	Language string    `json:"language"`
	URL      string    `json:"url"`
	Window   string    `json:"window"`
	Section  string    `json:"section,omitempty"` // slug
	Items    []boxItem `json:"items"`
}

type boxItem struct {
	Title         string    `json:"title"`
	URL           string    `json:"url"`
	Language      string    `json:"language"`
	Section       string    `json:"section,omitempty"` // name
	Image         string    `json:"image,omitempty"`
	Published     time.Time `json:"published,omitzero"`
	EditorsChoice bool      `json:"editors_choice"`
}

func (s *Server) boxJSON(b *bytes.Buffer, q boxQuery, list []templates.Headline) error {
	p := s.boxPage(q, list)
	out := boxJSON{Title: p.MostReadHeading(), Language: p.Language, URL: p.MostReadURL, Window: q.window, Section: q.section.Slug, Items: []boxItem{}}
	for _, h := range list {
		out.Items = append(out.Items, boxItem{Title: h.Title, URL: h.URL, Language: h.Language, Section: h.Section.Title, Image: h.Image,
			Published: h.Date, EditorsChoice: h.Pinned})
	}
	return json.NewEncoder(b).Encode(out)
}

package web

import (
	"net/http"

	"vestnik/templates"
)

// framed is the policy of the one page that other sites may show in a frame. There is nothing on it that a reader signed in could
// be tricked into, for nobody signs in here.
var framed = []string{"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors *"}

func embeddable(h http.Header) { h["Content-Security-Policy"] = framed }

// formPage is the form of a digest and nothing else, for a frame on another site.
func (s *Server) formPage(w http.ResponseWriter, r *http.Request) error {
	d, ok := s.digest(r.PathValue("digest"))
	if !ok {
		return errNotFound
	}
	p, err := s.formView(r, d)
	if err != nil {
		return err
	}
	s.speak(&p, d, r.URL.Query().Get("language"))
	embeddable(w.Header())
	return s.send(w, r, "form.html", p)
}

// speak words a digest's page in the language asked for, if there are words in it. What is worded in the digest's own is left out then.
func (s *Server) speak(p *templates.Page, d DigestInfo, language string) {
	if p.Language = spoken(language, d.Language, s.Site.Language); p.Language != d.Language {
		p.Digest.Rhythm = ""
	}
}

// formView is a fresh form without a page around it.
func (s *Server) formView(_ *http.Request, d DigestInfo) (templates.Page, error) {
	p := s.barePage(spoken(d.Language, s.Site.Language))
	p.Title, p.NoIndex, p.Feeds = d.Title, true, nil
	p.Digest = s.formOf(d)
	p.Digest.Framed, p.Digest.Address = true, s.Site.URL+"/digests/"+d.Name
	return p, nil
}

// formOf is a digest with a fresh form.
func (s *Server) formOf(d DigestInfo) *templates.DigestAbout {
	return &templates.DigestAbout{Name: d.Name, Title: d.Title, Rhythm: d.Rhythm, Trap: trap, Stamp: s.stamp(s.Now())}
}

package web

import (
	"database/sql"
	"net/http"
	"strings"

	"vestnik/subscribers"
	"vestnik/templates"
)

// What links in letters lead to: GET shows a form, POST acts. Mail scanners open every link, some with a real browser,
// and none of them presses a button.

// form sends the page of a token in the reader's language.
func (s *Server) form(w http.ResponseWriter, r *http.Request, name string, f templates.Form, languages ...string) error {
	p := s.newPage(r, spoken(append(languages, s.Site.Language)...))
	p.Title, p.NoIndex, p.Banner = templates.Text(p.Language, formTitle(name, f)), true, nil
	f.Action = r.URL.Path
	p.Form = &f
	return s.send(w, r, name, p)
}

// formTitle is the key of a page's title: what it asks or, afterwards, what has happened, which a screen reader says first.
func formTitle(name string, f templates.Form) string {
	if f.Done != "" {
		return f.Done + "_heading"
	}
	if name == "move.html" && f.New == "" {
		return "stop_heading"
	}
	return strings.ReplaceAll(strings.TrimSuffix(name, ".html"), "-", "_") + "_heading"
}

// digestLanguage is the language of a digest that is still offered, else "".
func (s *Server) digestLanguage(name string) string {
	d, _ := s.digest(name)
	return d.Language
}

func (s *Server) confirmForm(w http.ResponseWriter, r *http.Request) error {
	who, digest, err := subscribers.Peek(r.Context(), s.DB, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	f := templates.Form{Digest: s.digestTitle(digest), Email: who.Email}
	return s.form(w, r, "confirm.html", f, who.Language, s.digestLanguage(digest))
}

func (s *Server) confirm(w http.ResponseWriter, r *http.Request) error {
	var who subscribers.Subscriber
	var digest string
	err := s.DB.Tx(r.Context(), func(tx *sql.Tx) (err error) {
		if who, digest, err = subscribers.Peek(r.Context(), tx, r.PathValue("token"), s.Now()); err != nil {
			return err
		}
		o := s.origin(r, templates.ConfirmWording(s.tokenLanguage(who, digest), s.digestTitle(digest)))
		who, digest, err = s.Subscribers.Confirm(r.Context(), tx, r.PathValue("token"), o, s.Now())
		return err
	})
	if err != nil {
		return err
	}
	f := templates.Form{Digest: s.digestTitle(digest), Email: who.Email, Done: "confirmed"}
	return s.form(w, r, "confirm.html", f, who.Language, s.digestLanguage(digest))
}

package web

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"vestnik/subscribers"
	"vestnik/templates"
)

// What links in letters lead to: GET shows a form, POST acts. Mail scanners open every link, some with a real browser,
// and none of them presses a button.

// form sends the page of a token in the reader's language.
func (s *Server) form(w http.ResponseWriter, r *http.Request, name string, f templates.Form, languages ...string) error {
	p := s.newPage(r, spoken(append(languages, s.Site.Language)...))
	key := map[string]string{"confirm.html": "confirm_heading", "unsubscribe.html": "unsubscribe_heading", "preferences.html": "preferences_heading"}[name]
	p.Title, p.NoIndex, p.Banner = templates.Text(p.Language, key), true, nil
	f.Action = r.URL.Path
	p.Form = &f
	return s.send(w, r, name, p)
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
		who, digest, err = subscribers.Confirm(r.Context(), tx, r.PathValue("token"), s.origin(r, ""), s.Now())
		return err
	})
	if err != nil {
		return err
	}
	f := templates.Form{Digest: s.digestTitle(digest), Email: who.Email, Done: "confirmed"}
	return s.form(w, r, "confirm.html", f, who.Language, s.digestLanguage(digest))
}

func (s *Server) unsubscribeForm(w http.ResponseWriter, r *http.Request) error {
	who, digest, err := s.Subscribers.Keys.Open(r.Context(), s.DB, subscribers.PurposeLeave, r.PathValue("token"))
	if err != nil {
		return err
	}
	f := templates.Form{Digest: s.leaving(digest), Email: who.Email}
	return s.form(w, r, "unsubscribe.html", f, who.Language, s.digestLanguage(digest))
}

// leaving is what a reader leaves, in words.
func (s *Server) leaving(digest string) string {
	if digest == "" {
		return s.Site.Title
	}
	return s.digestTitle(digest)
}

// unsubscribe ends a subscription, for the button of our page and for a mail provider's one click (RFC 8058). The latter
// gets a plain 200, whatever the token: nothing is told about it, and there is nothing that it could do better.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	var tooLarge *http.MaxBytesError
	if err := parseForm(r); errors.As(err, &tooLarge) {
		return err // any other body will do, even none: the token says it all
	}
	oneClick := r.PostForm.Get("List-Unsubscribe") == "One-Click" || !strings.Contains(r.Header.Get("Accept"), "text/html")
	var who subscribers.Subscriber
	var digest string
	err := s.DB.Tx(r.Context(), func(tx *sql.Tx) (err error) {
		who, digest, err = s.Subscribers.Keys.Open(r.Context(), tx, subscribers.PurposeLeave, r.PathValue("token"))
		if err != nil {
			return err
		}
		return subscribers.Leave(r.Context(), tx, who.ID, digest, s.origin(r, ""), s.Now())
	})
	unknown := errors.Is(err, subscribers.ErrToken) || errors.Is(err, subscribers.ErrNotFound)
	switch {
	case oneClick && (err == nil || unknown):
		return text(w, r, http.StatusOK, "unsubscribed")
	case err != nil:
		return err
	}
	f := templates.Form{Digest: s.leaving(digest), Email: who.Email, Done: "left"}
	return s.form(w, r, "unsubscribe.html", f, who.Language, s.digestLanguage(digest))
}

func (s *Server) preferencesForm(w http.ResponseWriter, r *http.Request) error {
	who, _, err := s.Subscribers.Keys.Open(r.Context(), s.DB, subscribers.PurposePreferences, r.PathValue("token"))
	if err != nil {
		return err
	}
	return s.preferencesPage(w, r, who, "")
}

func (s *Server) preferencesPage(w http.ResponseWriter, r *http.Request, who subscribers.Subscriber, done string) error {
	f := templates.Form{Email: who.Email, Lang: who.Language, Done: done}
	for _, d := range s.Digests {
		state := who.Subscription(d.Name).State
		f.Digests = append(f.Digests, templates.Choice{
			Name: d.Name, Title: d.Title, Chosen: state == subscribers.Active, Pending: state == subscribers.Pending,
		})
	}
	for _, l := range append([]string{""}, templates.Languages()...) {
		c := templates.Choice{Name: l, Chosen: l == who.Language}
		if l != "" {
			c.Title = templates.Text(l, "language_"+l)
		}
		f.Langs = append(f.Langs, c)
	}
	return s.form(w, r, "preferences.html", f, who.Language)
}

// preferences sets a reader's digests and language to what the form says.
func (s *Server) preferences(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	want, language := r.PostForm["digest"], r.PostForm.Get("language")
	if !r.PostForm.Has("language") { // our form always sends one: without it this is no form, and must not be read as "nothing"
		return fmt.Errorf("preferences: %w", errForm)
	}
	if language != "" && !slices.Contains(templates.Languages(), language) {
		return fmt.Errorf("preferences in %.20q: %w", language, errForm)
	}
	for _, name := range want {
		if _, ok := s.digest(name); !ok {
			return fmt.Errorf("preferences for %.40q: %w", name, errForm)
		}
	}
	choices := subscribers.Choices{Language: language}
	for _, d := range s.Digests {
		choices.Digests = append(choices.Digests, subscribers.Choice{Digest: d.Name, Wanted: slices.Contains(want, d.Name)})
	}
	var who subscribers.Subscriber
	err := s.DB.Tx(r.Context(), func(tx *sql.Tx) (err error) {
		who, _, err = s.Subscribers.Keys.Open(r.Context(), tx, subscribers.PurposePreferences, r.PathValue("token"))
		if err != nil {
			return err
		}
		choices.Timezone, choices.Hour = who.Timezone, who.Hour
		if err := subscribers.Choose(r.Context(), tx, who.ID, choices, s.origin(r, ""), s.Now()); err != nil {
			return err
		}
		who, err = subscribers.Get(r.Context(), tx, who.ID)
		return err
	})
	if err != nil {
		return err
	}
	return s.preferencesPage(w, r, who, "saved")
}

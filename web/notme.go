package web

import (
	"database/sql"
	"net/http"

	"vestnik/subscribers"
	"vestnik/templates"
)

// notMeForm asks who found a confirmation letter that nobody asked for.
func (s *Server) notMeForm(w http.ResponseWriter, r *http.Request) error {
	who, digest, err := s.Subscribers.Keys.Open(r.Context(), s.DB, subscribers.PurposeNotMe, r.PathValue("token"))
	if err != nil {
		return err
	}
	return s.notMePage(w, r, who, digest, "")
}

// notMe sends no more confirmation letters to the address, or takes that back.
func (s *Server) notMe(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	var who subscribers.Subscriber
	var digest string
	done := "blocked"
	err := s.DB.Tx(r.Context(), func(tx *sql.Tx) (err error) {
		who, digest, err = s.Subscribers.Keys.Open(r.Context(), tx, subscribers.PurposeNotMe, r.PathValue("token"))
		switch {
		case err != nil:
			return err
		case r.PostForm.Get("undo") != "":
			done = "unblocked"
			o := s.origin(r, templates.WordingOf(s.tokenLanguage(who, digest), []string{"blocked_undo", "blocked_undo_button"}))
			_, err = s.Subscribers.Unblock(r.Context(), tx, who.Email, o, s.Now())
			return err
		}
		o := s.origin(r, templates.NotMeWording(s.tokenLanguage(who, digest), s.digestTitle(digest)))
		_, _, err = s.Subscribers.NotMe(r.Context(), tx, r.PathValue("token"), o, s.Now())
		return err
	})
	if err != nil {
		return err
	}
	return s.notMePage(w, r, who, digest, done)
}

func (s *Server) notMePage(w http.ResponseWriter, r *http.Request, who subscribers.Subscriber, digest, done string) error {
	f := templates.Form{Digest: s.digestTitle(digest), Email: who.Email, Done: done}
	return s.form(w, r, "not-me.html", f, who.Language, s.digestLanguage(digest))
}

// tokenLanguage is that of the page a token of that subscriber and digest leads to.
func (s *Server) tokenLanguage(who subscribers.Subscriber, digest string) string {
	return spoken(who.Language, s.digestLanguage(digest), s.Site.Language)
}

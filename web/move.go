package web

import (
	"database/sql"
	"errors"
	"net/http"

	"vestnik/subscribers"
	"vestnik/templates"
)

// Links of the two letters about a change of address.

func (s *Server) moveForm(w http.ResponseWriter, r *http.Request) error {
	who, to, err := subscribers.PeekMove(r.Context(), s.DB, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	f := templates.Form{Email: who.Email, New: to}
	if who.Email == to {
		f.Done = "moved"
	}
	return s.form(w, r, "move.html", f, s.languageOf(who))
}

// move changes the address: the only thing that does.
func (s *Server) move(w http.ResponseWriter, r *http.Request) error {
	was, to, err := subscribers.PeekMove(r.Context(), s.DB, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	f := templates.Form{Done: "moved"}
	language := spoken(s.languageOf(was), s.Site.Language)
	words := templates.WordingOf(language, []string{"move_heading", "move_text", "move_from"}) + ": " + was.Email + "\n" +
		templates.Text(language, "move_to") + ": " + to + "\n" + templates.Text(language, "move_button")
	err = s.DB.Tx(r.Context(), func(tx *sql.Tx) error {
		who, err := s.Subscribers.Move(r.Context(), tx, r.PathValue("token"), s.origin(r, words), s.Now())
		f.Email = who.Email
		return err
	})
	switch {
	case errors.Is(err, subscribers.ErrTaken):
		f.Done, err = "move_taken", nil
	case errors.Is(err, subscribers.ErrSuppressed):
		f.Done, err = "move_barred", nil
	}
	if err != nil {
		return err
	}
	return s.form(w, r, "move.html", f, language)
}

func (s *Server) stopForm(w http.ResponseWriter, r *http.Request) error {
	who, moving, err := s.Subscribers.PeekStop(r.Context(), s.DB, r.PathValue("token"), s.Now())
	if err != nil {
		return err
	}
	f := templates.Form{Email: who.Email}
	if !moving {
		f.Done = "move_none"
	}
	return s.form(w, r, "move.html", f, s.languageOf(who))
}

func (s *Server) stopMove(w http.ResponseWriter, r *http.Request) error {
	f := templates.Form{Done: "move_none"}
	var who subscribers.Subscriber
	err := s.DB.Tx(r.Context(), func(tx *sql.Tx) (err error) {
		if who, _, err = s.Subscribers.PeekStop(r.Context(), tx, r.PathValue("token"), s.Now()); err != nil {
			return err
		}
		stopped, err := subscribers.StopMove(r.Context(), tx, who.ID, s.Now())
		if stopped {
			f.Done = "move_stopped"
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.form(w, r, "move.html", f, s.languageOf(who))
}

// languageOf is a reader's language, or that of the first digest that comes.
func (s *Server) languageOf(who subscribers.Subscriber) string {
	if who.Language != "" {
		return who.Language
	}
	for _, u := range who.Subscriptions {
		if u.State != subscribers.Left && s.digestLanguage(u.Digest) != "" {
			return s.digestLanguage(u.Digest)
		}
	}
	return s.Site.Language
}

package web

import (
	"database/sql"
	"errors"
	"net/http"
	"strings"

	"vestnik/subscribers"
	"vestnik/templates"
)

// newLeaver gathers the leaves of all requests.
func (s *Server) newLeaver() *subscribers.Leaver {
	return &subscribers.Leaver{DB: s.DB, Keys: s.Subscribers.Keys}
}

func (s *Server) unsubscribeForm(w http.ResponseWriter, r *http.Request) error {
	who, digest, err := s.Subscribers.Keys.Open(r.Context(), s.DB, subscribers.PurposeLeave, r.PathValue("token"))
	if err != nil {
		return err
	}
	return s.leavePage(w, r, who, digest, "")
}

func (s *Server) leavePage(w http.ResponseWriter, r *http.Request, who subscribers.Subscriber, digest, done string) error {
	f := templates.Form{Email: who.Email, Done: done}
	if digest != "" {
		f.Digest = s.digestTitle(digest)
	}
	for _, u := range who.Subscriptions {
		f.Undo = f.Undo || (digest == "" || u.Digest == digest) && u.CanReturn(s.Now())
	}
	return s.form(w, r, "unsubscribe.html", f, who.Language, s.digestLanguage(digest))
}

// unsubscribe ends a subscription, for the button of our page and for a mail provider's one click (RFC 8058). The latter
// gets a plain 200, whatever the token: nothing is told about it, and there is nothing that it could do better.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	var tooLarge *http.MaxBytesError
	if err := parseForm(r); errors.As(err, &tooLarge) {
		return err // any other body will do, even none: the token says it all
	}
	oneClick := r.PostForm.Get("List-Unsubscribe") == "One-Click" || r.PostForm.Get("do") == "" && !strings.Contains(r.Header.Get("Accept"), "text/html")
	if r.PostForm.Get("do") == "undo" && !oneClick {
		return s.undo(w, r)
	}
	o := s.origin(r, "")
	if !oneClick {
		o.Wording = s.leaveWording(r)
	}
	who, digest, err := s.leaver.Leave(r.Context(), r.PathValue("token"), o, s.Now())
	unknown := errors.Is(err, subscribers.ErrToken) || errors.Is(err, subscribers.ErrNotFound)
	switch {
	case oneClick && (err == nil || unknown):
		return text(w, r, http.StatusOK, "unsubscribed")
	case err != nil:
		return err
	}
	if who, err = subscribers.Get(r.Context(), s.DB, who.ID); err != nil {
		return err
	}
	return s.leavePage(w, r, who, digest, "left")
}

// leaveWording is what the page says beside its button.
func (s *Server) leaveWording(r *http.Request) string {
	who, digest, err := s.Subscribers.Keys.Open(r.Context(), s.DB, subscribers.PurposeLeave, r.PathValue("token"))
	if err != nil {
		return "" // and leaving says so
	}
	keys := []string{"unsubscribe_heading", "unsubscribe_text", "unsubscribe_button"}
	if digest == "" {
		keys[1] = "unsubscribe_all_text"
	}
	return templates.WordingOf(s.tokenLanguage(who, digest), keys, s.digestTitle(digest))
}

// undo puts back who left within the last ten minutes.
func (s *Server) undo(w http.ResponseWriter, r *http.Request) error {
	var who subscribers.Subscriber
	var digest string
	undone := false
	err := s.DB.Tx(r.Context(), func(tx *sql.Tx) (err error) {
		who, digest, err = s.Subscribers.Keys.Open(r.Context(), tx, subscribers.PurposeLeave, r.PathValue("token"))
		if err != nil {
			return err
		}
		o := s.origin(r, templates.WordingOf(s.tokenLanguage(who, digest), []string{"undo_text", "undo_button"}))
		undone, err = subscribers.Return(r.Context(), tx, who.ID, digest, o, s.Now())
		return err
	})
	if err != nil {
		return err
	}
	done := "returned"
	if !undone && !comes(who, digest) { // a button pressed twice
		done = "undo_late"
	}
	return s.leavePage(w, r, who, digest, done)
}

// comes tells whether the subscriber gets the digest, "" for any.
func comes(who subscribers.Subscriber, digest string) bool {
	for _, u := range who.Subscriptions {
		if (digest == "" || u.Digest == digest) && (u.State == subscribers.Active || u.State == subscribers.Paused) {
			return true
		}
	}
	return false
}

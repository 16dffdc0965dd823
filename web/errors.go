package web

import (
	"context"
	"errors"
	"net/http"

	"vestnik/articles"
	"vestnik/digest"
	"vestnik/feeds"
	"vestnik/mail"
	"vestnik/subscribers"
	"vestnik/templates"
)

// Errors of this package's own.
var (
	errNotFound = errors.New("no such page")
	errGone     = errors.New("withdrawn")
	errMethod   = errors.New("method not allowed")
	errForm     = errors.New("the form or address is incomplete")
)

// statuses is the one table from what went wrong to what the visitor is told; everything else is our fault: 500.
var statuses = []struct {
	err    error
	status int
	words  string // key of the sentence, "" for the status's own
}{
	{errNotFound, http.StatusNotFound, ""},
	{articles.ErrNotFound, http.StatusNotFound, ""},
	{digest.ErrNotFound, http.StatusNotFound, ""},
	{feeds.ErrNoFeed, http.StatusNotFound, ""},
	{feeds.ErrEnded, http.StatusGone, ""},
	{errGone, http.StatusGone, ""},
	{subscribers.ErrToken, http.StatusNotFound, "error_token"},
	{subscribers.ErrNotFound, http.StatusNotFound, "error_token"},
	{subscribers.ErrExpired, http.StatusGone, "error_token"},
	{digest.ErrLink, http.StatusNotFound, "error_edit"},
	{digest.ErrLinkExpired, http.StatusGone, "error_edit_expired"},
	{subscribers.ErrDigest, http.StatusBadRequest, ""},
	{errForm, http.StatusBadRequest, ""},
	{errMethod, http.StatusMethodNotAllowed, ""},
}

// statusOf looks an error up in the table.
func statusOf(err error) (status int, words string) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge, ""
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status, s.words
		}
	}
	return http.StatusInternalServerError, ""
}

func isNotFound(err error) bool {
	status, _ := statusOf(err)
	return status == http.StatusNotFound
}

// fail answers with the page for an error, and logs those that are ours.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // nobody waits for the answer
	}
	status, words := statusOf(err)
	if status >= 500 {
		// The pattern and not the path, which may hold a token. Nobody who is erased must stand in a log.
		s.Log.Error("a request failed", "route", r.Pattern, "error", mail.WithoutAddresses(err.Error()))
	}
	w.Header().Set("Cache-Control", "no-store")
	if isFeedFile(r.URL.Path) && r.Header.Get("Sec-Fetch-Dest") != "document" { // a person gets the page, with its links
		s.failPlainly(w, r, status)
		return
	}
	var p templates.Page
	if status >= 500 {
		p = s.barePage(s.Site.Language) // what failed might fail again
	} else {
		p = s.newPage(r, s.Site.Language)
	}
	if words == "" && (status == http.StatusNotFound || status == http.StatusGone) {
		s.addMostRead(r, &p)
	}
	p.Status, p.NoIndex = status, true
	if words != "" {
		p.Heading = templates.Text(p.Language, "error_token_heading")
		p.Message = templates.Text(p.Language, words)
	}
	p.Title = p.MessageHeading()
	s.send(w, r, "message.html", p)
}

// failPlainly answers for a document: who asks for one is a program, whose owner may look into what it got.
func (s *Server) failPlainly(w http.ResponseWriter, r *http.Request, status int) {
	words := http.StatusText(status)
	switch status {
	case http.StatusGone:
		words = templates.Text(s.Site.Language, "feed_gone", s.Site.URL+"/feeds")
		w.Header().Set("Cache-Control", "public, max-age=86400") // it has ended for good, and many will ask for years
	case http.StatusNotFound:
		words = templates.Text(s.Site.Language, "feed_unknown", s.Site.URL+"/feeds")
	}
	w.Header()["Access-Control-Allow-Origin"] = anyOrigin
	text(w, r, status, words)
}

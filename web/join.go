package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"vestnik/subscribers"
	"vestnik/templates"
)

// trap is a field that people do not see and programs fill in.
const trap = "topic"

// A form that is sent sooner after it was made was filled in by a program; one that is older was copied by one.
const (
	stampMin = 2 * time.Second
	stampMax = 7 * 24 * time.Hour
)

// subscribe takes a join form, also one that stands on another site. For every address that could be one it answers with
// the same page; what differs, differs in the letter.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	if err := parseForm(r); err != nil {
		return err
	}
	d, ok := s.digest(r.PostForm.Get("digest"))
	if !ok {
		return fmt.Errorf("join %.40q: %w", r.PostForm.Get("digest"), subscribers.ErrDigest)
	}
	language := spoken(r.PostForm.Get("language"), d.Language, s.Site.Language)
	email := strings.TrimSpace(r.PostForm.Get("email"))
	p, err := s.digestView(r, d)
	if err != nil {
		return err
	}
	p.Language, p.NoIndex = language, true
	about := p.Digest
	switch {
	case r.PostForm.Get(trap) != "":
		about.Joined = true // let the program believe it
	case email == "":
		p.Status, about.Error = http.StatusBadRequest, templates.Text(language, "error_address_empty")
	case !s.stampFits(r.PostForm.Get("stamp")):
		// A person has only to press the button of this page once more: it carries a fresh stamp.
		p.Status, about.Error, about.Email = http.StatusTooManyRequests, templates.Text(language, "error_429_text"), cut(email)
	default:
		err := s.Subscribers.Join(r.Context(), s.DB, email, d.Name, language, s.Now())
		switch {
		case errors.Is(err, subscribers.ErrAddress):
			p.Status, about.Email = http.StatusBadRequest, cut(email)
			about.Error = templates.Text(language, "error_address", cut(email))
		case err != nil:
			return err
		default:
			about.Joined = true
		}
	}
	return s.send(w, r, "digest.html", p)
}

// cut shortens what a form brought before it is shown again.
func cut(s string) string {
	if runes := []rune(s); len(runes) > 254 {
		return string(runes[:254])
	}
	return s
}

// spoken is the first of the languages that pages are written in; the last stands if none is.
func spoken(languages ...string) string {
	for _, l := range languages {
		if slices.Contains(templates.Languages(), l) {
			return l
		}
	}
	return languages[len(languages)-1]
}

// parseForm reads a form in either encoding into r.PostForm.
func parseForm(r *http.Request) error {
	var err error
	if strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/") {
		err = r.ParseMultipartForm(maxBody)
	} else {
		err = r.ParseForm()
	}
	var tooLarge *http.MaxBytesError
	if err == nil || errors.As(err, &tooLarge) {
		return err
	}
	return fmt.Errorf("%w: %v", errForm, err)
}

// stamp is the time at which a form was made, signed, so that it cannot be made by who fills it in.
func (s *Server) stamp(now time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli()))
	return base64.RawURLEncoding.EncodeToString(append(b, s.sign(b)...))
}

func (s *Server) sign(b []byte) []byte {
	h := hmac.New(sha256.New, s.Subscribers.Keys.Secret)
	h.Write([]byte("vestnik join form\x00"))
	h.Write(b)
	return h.Sum(nil)[:16]
}

// stampFits reports whether a form with this stamp was made long enough ago, and not too long.
func (s *Server) stampFits(stamp string) bool {
	b, err := base64.RawURLEncoding.DecodeString(stamp)
	if err != nil || len(b) != 24 || !hmac.Equal(b[8:], s.sign(b[:8])) {
		return false
	}
	age := s.Now().Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(b))))
	return age >= stampMin && age <= stampMax
}

package web

import (
	"context"
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

	"vestnik/reads"
	"vestnik/subscribers"
	"vestnik/templates"
)

const trap = subscribers.Trap

// A form that is sent sooner after it was made was filled in by a program; one that is older was copied by one.
const (
	stampMin = 2 * time.Second
	stampMax = 7 * 24 * time.Hour
)

// subscribe takes a join form, also one that stands on another site. For every address that could be one it answers with
// the same page, after the same time; what differs, differs in the letter.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) error {
	started := time.Now()
	w.Header().Set("Cache-Control", "no-store")
	if err := parseForm(r); err != nil {
		return err
	}
	d, ok := s.digest(r.PostForm.Get("digest"))
	if !ok {
		return fmt.Errorf("join %.40q: %w", r.PostForm.Get("digest"), subscribers.ErrDigest)
	}
	name, view := "digest.html", s.digestView
	if r.PostForm.Has("framed") {
		name, view = "form.html", s.formView
		embeddable(w.Header())
	}
	p, err := view(r, d)
	if err != nil {
		return err
	}
	s.speak(&p, d, r.PostForm.Get("language"))
	p.NoIndex = true
	if p.Status, err = s.join(r, p.Language, p.Digest); err != nil {
		return err
	}
	if p.Digest.Joined {
		s.sameTime(r.Context(), started)
	}
	return s.send(w, r, name, p)
}

// join does what a form asks for, puts into about what the reader is told, and returns the answer's status.
func (s *Server) join(r *http.Request, language string, about *templates.DigestAbout) (status int, err error) {
	email := strings.TrimSpace(r.PostForm.Get("email"))
	about.Email = cut(email)
	refuse := func(status int, key string, args ...any) (int, error) {
		about.Error = templates.Text(language, key, args...)
		return status, nil
	}
	wrong := s.stampWrong(r.PostForm.Get("stamp"))
	switch {
	case r.PostForm.Get(trap) != "": // let the program believe it
		s.Subscribers.Refused(subscribers.RefusedTrap)
	case email == "":
		return refuse(http.StatusBadRequest, "error_address_empty")
	case !r.PostForm.Has("stamp"):
		// A form that bears no stamp, a small one of ours or another site's: the button of this page does.
		if _, _, err := subscribers.ParseAddress(email); err != nil {
			return refuse(http.StatusBadRequest, "error_address", cut(email))
		}
		about.Check = true
		return http.StatusOK, nil
	case wrong != "":
		// A person has only to press the button of this page once more: it carries a fresh stamp.
		s.Subscribers.Refused(wrong)
		return refuse(http.StatusTooManyRequests, "join_once_more")
	default:
		o := s.origin(r, templates.JoinWording(language, about.Title))
		err = s.Subscribers.Join(r.Context(), s.DB, email, about.Name, language, o, s.Now())
	}
	switch {
	case errors.Is(err, subscribers.ErrAddress):
		return refuse(http.StatusBadRequest, "error_address", cut(email))
	case errors.Is(err, subscribers.ErrTooMany):
		return refuse(http.StatusTooManyRequests, "join_many")
	case err != nil:
		return 0, err
	}
	about.Joined, about.Email = true, ""
	return http.StatusOK, nil
}

// origin is what the log of consent keeps of a form: the words that stood beside its button, and the reader's network.
func (s *Server) origin(r *http.Request, wording string) subscribers.Origin {
	return subscribers.Origin{Wording: wording, Network: reads.Network(clientAddress(r, s.TrustedProxies))}
}

// sameTime waits until JoinTime, or a whole multiple of it, has passed since the form came: a new address is written
// down and one known or suppressed is not, which a clock would tell.
func (s *Server) sameTime(ctx context.Context, started time.Time) {
	rest := time.NewTimer(s.JoinTime - time.Since(started)%s.JoinTime)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
	}
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

// stampWrong says why a form with this stamp is not taken, "" if it is: it was made long enough ago, and not too long.
func (s *Server) stampWrong(stamp string) (reason string) {
	b, err := base64.RawURLEncoding.DecodeString(stamp)
	if err != nil || len(b) != 24 || !hmac.Equal(b[8:], s.sign(b[:8])) {
		return subscribers.RefusedStale
	}
	switch age := s.Now().Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(b)))); {
	case age < stampMin:
		return subscribers.RefusedFast
	case age > stampMax:
		return subscribers.RefusedStale
	}
	return ""
}

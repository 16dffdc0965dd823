package websub

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"vestnik/fetch"
)

const (
	maxForm     = 64 << 10 // bytes of a request
	maxTopic    = 1000     // bytes; with maxCallback it fits the key of an index
	maxCallback = 1500
	maxSecret   = 199 // "less than 200 bytes in length" (section 5.1)
)

const (
	modeSubscribe   = "subscribe"
	modeUnsubscribe = "unsubscribe"
	modeDenied      = "denied"
	modePublish     = "publish"
)

// A request is what a form asks for, checked as far as it can be without looking anything up.
type request struct {
	mode     string
	topic    string
	callback string
	host     string // of the callback, lower case
	secret   string // base64: HMAC keys may be any bytes, and the database takes text only
	lease    time.Duration
	topics   []string // of a publish
}

// A refusal is an answer other than 202.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

func bad(format string, args ...any) error {
	return refusal{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

// ServeHTTP takes the requests of subscribers (section 5.1): 202 when what was asked for will be verified, else a status and one
// sentence. It never waits for a callback.
//
// hub.mode=publish is answered 204 for our own topics, and nothing is done: the hub follows the publication itself and is always
// ahead of a ping, so a publishing tool that pings has what it wants, and nobody can set off a fan-out from outside.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve(w, r, time.Now()) }

func (h *Hub) serve(w http.ResponseWriter, r *http.Request, now time.Time) {
	status, err := h.answer(w, r, now)
	w.Header().Set("Cache-Control", "no-store")
	if err == nil && status == http.StatusNoContent {
		w.WriteHeader(status)
		return
	}
	text := "Accepted. The callback will be asked to confirm it."
	var no refusal
	switch {
	case errors.As(err, &no):
		status, text = no.status, no.text
	case err != nil:
		h.log.Error("hub request", "error", err)
		status, text = http.StatusInternalServerError, "Something went wrong here; try again later."
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "600")
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text+"\n")
}

func (h *Hub) answer(w http.ResponseWriter, r *http.Request, now time.Time) (int, error) {
	if r.Method != http.MethodPost {
		return 0, refusal{http.StatusMethodNotAllowed, "This is the WebSub hub of our own feeds: subscribe to one with a POST."}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return 0, refusal{http.StatusUnsupportedMediaType, "The request must be a form: application/x-www-form-urlencoded."}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return 0, bad("The form could not be read, or is longer than %d bytes.", maxForm)
	}
	q, err := h.parse(string(body))
	if err != nil {
		return 0, err
	}
	if q.mode == modePublish {
		return http.StatusNoContent, h.checkTopics(r.Context(), q.topics)
	}
	return http.StatusAccepted, h.accept(r.Context(), q, now)
}

// parse reads a form. Parameters that it does not know are ignored, and of several of one name the first counts.
func (h *Hub) parse(form string) (request, error) {
	values, err := url.ParseQuery(form)
	if err != nil {
		return request{}, bad("The form could not be read: a %% or ; in it is not encoded.")
	}
	switch mode := values.Get("hub.mode"); mode {
	case modePublish:
		return request{mode: mode, topics: append(values["hub.url"], values["hub.topic"]...)}, nil
	case modeSubscribe, modeUnsubscribe:
		return h.parseSubscriber(mode, values)
	}
	return request{}, bad("hub.mode must be subscribe or unsubscribe.")
}

func (h *Hub) parseSubscriber(mode string, values url.Values) (q request, err error) {
	q = request{mode: mode, topic: values.Get("hub.topic"), callback: values.Get("hub.callback")}
	if q.topic == "" || len(q.topic) > maxTopic || !utf8.ValidString(q.topic) || strings.Contains(q.topic, "\x00") {
		return q, bad("hub.topic must be the address of one of our feeds.")
	}
	if q.host, err = h.callbackHost(q.callback); err != nil || mode == modeUnsubscribe {
		return q, err // a lease must be ignored here
	}
	if len(values.Get("hub.secret")) > maxSecret {
		return q, bad("hub.secret must be shorter than 200 bytes.")
	}
	q.secret = base64.StdEncoding.EncodeToString([]byte(values.Get("hub.secret")))
	q.lease, err = h.parseLease(values.Get("hub.lease_seconds"))
	return q, err
}

// callbackHost checks a callback as far as that goes without asking anybody.
func (h *Hub) callbackHost(callback string) (string, error) {
	u, err := url.Parse(callback)
	switch {
	case err != nil || u.Host == "" || !utf8.ValidString(callback):
		return "", bad("hub.callback must be an absolute http or https address.")
	case len(callback) > maxCallback:
		return "", bad("hub.callback must not be longer than %d bytes.", maxCallback)
	case strings.Contains(callback, "#"):
		return "", bad("hub.callback must not have a fragment (#).")
	}
	if err := h.o.Client.Check(callback); err != nil {
		return "", bad("hub.callback is not called: %s.", strings.TrimPrefix(err.Error(), fetch.ErrForbidden.Error()+": "))
	}
	return oneSpelling(u.Hostname()), nil
}

// oneSpelling is a host as its limits know it: the many ways of writing one address or name must not each have limits of their own.
func oneSpelling(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String()
	}
	host = strings.TrimSuffix(host, ".")
	if ascii, err := idna.Lookup.ToASCII(host); err == nil { // as net/http does before it looks the name up
		host = ascii
	}
	return strings.ToLower(host)
}

// parseLease reads a number of seconds; none, and 0, is the hub's own lease.
func (h *Hub) parseLease(s string) (time.Duration, error) {
	if strings.Trim(s, "0123456789") != "" {
		return 0, bad("hub.lease_seconds must be a number of seconds.")
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && s != "" { // digits alone: too many of them
		return longestLease, nil
	}
	return bounded(time.Duration(min(n, int64(longestLease/time.Second)))*time.Second, h.o.Lease), nil
}

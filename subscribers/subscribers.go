// Package subscribers is in charge of who gets what: joining, confirming, changing, leaving, import and export. It
// writes the tables subscribers, subscriptions, tokens and those of its heading in db/schema. What was agreed to is written down
// by package [consent].
//
// It promises: nobody gets a digest who did not confirm by a letter or whom an admin did not add on a written basis; who
// left or is suppressed is never revived by an import; leaving withdraws the letters under way in the same transaction; every
// change of a subscription leaves a line of consent; a stranger cannot learn from [Verbs.Join] whether an address is known.
// Verbs that take a *sql.Tx join their caller's transaction. The web's forms, the admin's commands and the digests call it.
package subscribers

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"vestnik/mail"
	"vestnik/subscribers/limits"
	"vestnik/templates"
)

// States of a subscription: pending → active ⇄ paused → left.
const (
	Pending = "pending" // asked for, not yet confirmed: gets nothing but the confirmation letter
	Active  = "active"
	Paused  = "paused" // active again at its Until, or when the reader says so
	Left    = "left"
)

// States of a subscriber. One is active though all its subscriptions are left or pending.
const (
	stateActive = "active"
	stateErased = "erased"
)

// Verbs of consent lines.
const (
	verbJoin       = "join"    // asked by a form or on the preferences page
	verbConfirm    = "confirm" // by the letter's link, or by an admin on a basis
	verbLeave      = "leave"
	verbReturn     = "return" // leaving undone within ten minutes
	verbPause      = "pause"
	verbResume     = "resume" // by the reader, or because the pause is over
	verbChoose     = "choose" // language, sections, layout, hour, zone
	verbMove       = "move"   // to another address
	verbImport     = "import"
	verbAdd        = "add"
	verbSuppress   = "suppress"
	verbUnsuppress = "unsuppress"
	verbErase      = "erase"
	verbLapse      = "lapse" // asked for and never confirmed
	verbBlock      = "block" // no more confirmation letters: "this was not me"
	verbUnblock    = "unblock"
)

// An Origin says where an agreement came from, as far as a form knows it.
type Origin struct {
	Wording string       // the exact text that stood beside the button
	Network netip.Prefix // of the reader's address, a /24 or /48; the zero value: not known
}

// confirmFor is how long the link of a confirmation letter is valid, and no attempt to send the letter starts later.
const confirmFor = 48 * time.Hour

// Errors that callers may tell apart. Each is the end of a sentence that names the address, digest or link.
var (
	ErrAddress    = errors.New("not a usable e-mail address")
	ErrDigest     = errors.New("no such digest")
	ErrNotFound   = errors.New("no such subscriber")
	ErrToken      = errors.New("this link is not valid")
	ErrExpired    = errors.New("this link has expired; join again to get a new one")
	ErrSuppressed = errors.New("the address must not be mailed")
	ErrBasis      = errors.New("a basis is needed: say in a few words how and when the reader agreed, as in --basis \"paper form of 3 May\"")
	ErrTooMany    = errors.New("too many requests at once; try again in an hour")
	ErrBlocked    = errors.New("its owner wants no confirmation letters (\"this was not me\"); lift that with `vestnik subscribers block --undo`")
	ErrErased     = errors.New("it was erased, and only its owner can bring it back, by a form and the letter that follows; without --confirmed that letter is sent")
	ErrLeft       = errors.New("the subscriber has left; add the address again, with the basis of the new consent")
)

// A Subscriber is one address and what it gets.
type Subscriber struct {
	ID            int64
	Email         string // local part as typed, domain in lower-case A-labels
	Key           string // the same in lower case: one subscriber per key
	Name          string
	Language      string // "" is the digest's
	Timezone      string // IANA; "" is the digest's
	Hour          int    // of delivery by the clock of Timezone, 0 to 23; -1: with the edition
	UUID          string // by which letters of another program know the subscriber
	State         string // active | erased
	Since         time.Time
	Subscriptions []Subscription // by the digest's name

	// Set by [List]: why the address must not be mailed, and since when; "" if it may be.
	Suppressed   string
	SuppressedAt time.Time
}

// A Subscription is one digest of a subscriber.
type Subscription struct {
	Digest string
	State  string // Pending, Active, Paused or Left
	Since  time.Time
	Until  time.Time // of a pause: when it ends
	Before string    // of one left: the state that leaving ended

	Sections []string // slugs; none for all
	Layout   string   // of the letters, as "cards"; "": the digest's

	Agreed time.Time // when the reader agreed, or came in with a list; zero: not yet, or not known
	Place  string    // where: [mail.PlacePage] and so on
}

// Subscription returns the subscriber's subscription to a digest, with the state "" when there is none.
func (s Subscriber) Subscription(digest string) Subscription {
	for _, one := range s.Subscriptions {
		if one.Digest == digest {
			return one
		}
	}
	return Subscription{Digest: digest}
}

// DigestInfo is what joining needs to know of a digest.
type DigestInfo struct {
	Title    string
	Language string
}

// Verbs is what the verbs that write letters need. Digests are those of the configuration, by name.
type Verbs struct {
	Identity  mail.Identity
	Templates *templates.Set
	Site      templates.Site
	Keys      Keys
	Digests   map[string]DigestInfo
	Limits    limits.Limits // of requests to join; the zero value: the defaults
	Tally     *limits.Tally // counts those that are refused; nil: nobody does
}

// checkDigests refuses names that are not configured.
func (v Verbs) checkDigests(names ...string) error {
	for _, name := range names {
		if _, ok := v.Digests[name]; !ok {
			return fmt.Errorf("digest %q: %w; configured: %s", cut(name), ErrDigest, sortedNames(v.Digests))
		}
	}
	return nil
}

// maxName is the longest name kept, in characters.
const maxName = 200

// cleanName makes a foreign name one line of plain text: valid UTF-8, NFC, no control and no direction characters.
func cleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r), r == '\uFEFF':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	runes := []rune(norm.NFC.String(strings.Join(strings.Fields(s), " ")))
	if len(runes) > maxName {
		runes = runes[:maxName]
	}
	return strings.TrimSpace(string(runes))
}

// cut shortens a foreign text for a message.
func cut(s string) string {
	if runes := []rune(s); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return s
}

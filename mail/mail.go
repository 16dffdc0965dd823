// Package mail is in charge of every letter that leaves the building: composing it once, writing it down, sending it,
// and knowing what became of it. It writes the tables masters, letters, nodes, mail_pause, mail_scrubbed and suppressions.
//
// A letter is written down before it is sent, under a key (kind, ref, recipient) that can exist once, and its state
// advances on proof only: sent means that the relay's 250 is recorded. Before the relay sees a letter, the mark
// in_flight is durable; what a crash finds in flight is in doubt, is counted, and goes out again (or not) by the
// digest's policy with the same bytes and Message-ID. For every edition, at any moment:
//
//	recipients = queued + in flight + sent + deferred + failed + suppressed + expired + in doubt
//
// go-mail composes the master copy of a letter; what differs between two recipients is put into its holes here. The
// conversation with the relays is package wire's.
package mail

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The kinds of letters. A digest's ref is its edition; the others' is an id of their own.
const (
	KindDigest     = "digest"
	KindConfirm    = "confirm"
	KindTest       = "test"
	KindMove       = "move"       // about a change of address, to the new one and to the old one
	KindNotice     = "notice"     // to the newsroom's own people
	KindCorrection = "correction" // to those who got an edition with a mistake; its ref is the revision's own
)

var kinds = []string{KindDigest, KindConfirm, KindTest, KindMove, KindNotice, KindCorrection}

// toList reports whether letters of the kind go to a digest's subscribers: they can be left, and they stop when one leaves.
func toList(kind string) bool { return kind == KindDigest || kind == KindCorrection }

// The lanes. Confirmations, and all other letters that are of no edition, never wait behind an edition of a million letters.
const (
	LaneConfirm = "confirm"
	LaneDigest  = "digest"
)

// Letters' states. Queued, leased and deferred are still to be sent; in doubt may be, by policy; the rest are final.
const (
	StateQueued     = "queued"
	StateLeased     = "leased"
	StateInFlight   = "in_flight"
	StateSent       = "sent"
	StateFailed     = "failed"
	StateDeferred   = "deferred"
	StateInDoubt    = "in_doubt"
	StateSuppressed = "suppressed"
	StateExpired    = "expired"
)

// ErrNotFound is returned for a letter that does not exist.
var ErrNotFound = errors.New("no such letter")

// Identity is who sends: what the headers, the envelope and the tokens are made of.
type Identity struct {
	FromName    string
	FromAddress string
	Domain      string // of Message-IDs, List-Ids and envelope senders; "" for FromAddress's own
	SiteURL     string // without a trailing slash
	Publisher   string
	Secret      []byte // signs the letters' tokens
}

// Check returns the identity with its domains as A-labels, or one sentence about what is wrong with it.
func (id Identity) Check() (Identity, error) {
	address, err := Address(id.FromAddress)
	if err != nil {
		return id, fmt.Errorf("mail: the sender's address: %w", err)
	}
	id.FromAddress = address
	if id.Domain == "" {
		id.Domain = address[strings.LastIndexByte(address, '@')+1:]
	}
	if id.Domain, err = domain(id.Domain); err != nil {
		return id, fmt.Errorf("mail: the sender's domain: %w", err)
	}
	if _, err := headerValue(id.FromName); err != nil {
		return id, fmt.Errorf("mail: the sender's name: %w", err)
	}
	id.SiteURL = strings.TrimRight(id.SiteURL, "/")
	if err := headerURL(id.SiteURL); err != nil {
		return id, fmt.Errorf("mail: the site's address: %w", err)
	}
	if len(id.Secret) == 0 {
		return id, errors.New("mail: the site has no secret to sign tokens with; vestnik init writes one")
	}
	return id, nil
}

// A Letter is one mail to one recipient. Kind, Ref and Recipient are its key. The fields from State on are what became
// of it: set when it is read back, ignored when it is enqueued.
type Letter struct {
	Kind      string
	Ref       int64
	Recipient int64 // the subscriber; 0 for a bare address
	Digest    string
	Variant   string
	Revision  int64
	Address   string // "": the subscriber's own at the time of sending
	Private   string // a confirmation token that the letter carries; erased once it is sent
	NotBefore time.Time
	Expires   time.Time // no attempt starts after this; zero: never

	State   string
	Reason  string
	Due     time.Time // the next attempt; zero when there is none
	Attempt int64
	Agreed  time.Time // when and where the reader agreed to the digest; only of a letter on its way out, and zero where it is not known
	Place   string    // see [PlacePage]
	Doubts  int64     // how often its end was ambiguous
	Reply   string    // the relay's last answer: the receipt of a sent letter
	Made    time.Time
	Flown   time.Time
	Done    time.Time

	fence int64
}

// Name is the letter's key as commands spell it: kind-ref-recipient.
func (l Letter) Name() string { return l.key().String() }

func (l Letter) key() Key { return Key{l.Kind, l.Ref, l.Recipient} }

func (l Letter) lane() string { return laneOf(l.Kind) }

func laneOf(kind string) string {
	if toList(kind) {
		return LaneDigest
	}
	return LaneConfirm
}

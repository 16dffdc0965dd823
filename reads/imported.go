package reads

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"vestnik/db"
)

// What an import of reads from elsewhere shares with a [Counter]: the same rules, the same keys of visitors, and the same
// memory of who was seen.

// NetworkLimit is how many reads of one article in a day count from one network, see [Network].
const NetworkLimit = readLimit

// IsRobot reports whether a request with these headers is no reader's, by its User-Agent.
func IsRobot(h http.Header) bool { return isRobot(h) }

// IsPrefetch reports whether a request with these headers fetches ahead what perhaps nobody sees.
func IsPrefetch(h http.Header) bool { return isPrefetch(h) }

// Network is the /24 of an IPv4 address and the /48 of an IPv6 address.
func Network(address netip.Addr) netip.Prefix { return prefixOf(address) }

// A Salt makes the keys of visitors. It is safe for many goroutines.
type Salt struct{ hashes *sync.Pool }

// SaltOf returns the salt that all nodes share for the UTC day of now, and makes it where there is none yet. It is to be asked for
// today's and yesterday's only: older ones are gone for good.
func SaltOf(ctx context.Context, d *db.DB, now time.Time) (*Salt, error) {
	salt, err := saltOf(ctx, d, dayOf(now))
	if err != nil {
		return nil, fmt.Errorf("salt of the day: %w", err)
	}
	return newSalt(salt), nil
}

// FreshSalt returns a salt that is stored nowhere: keys made with it mean nothing when the program has ended.
func FreshSalt() *Salt {
	salt := make([]byte, 32)
	rand.Read(salt)
	return newSalt(salt)
}

func newSalt(salt []byte) *Salt {
	return &Salt{&sync.Pool{New: func() any { return hmac.New(sha256.New, salt) }}}
}

// A Reading is a visitor's read of an article.
type Reading struct {
	Article int64 // or a negative number for what is no article yet
	Visitor int64 // by the [Salt] of the day of At
	At      time.Time
	Source  string
}

// Unseen notes readings of today and yesterday and returns those whose visitor nobody, on any node, had noted for that article on
// that day; of several here, the first.
func Unseen(ctx context.Context, tx *sql.Tx, all []Reading) ([]Reading, error) {
	keys, first := make(map[read]moment, len(all)), make(map[read]Reading, len(all))
	for _, r := range all {
		key := read{dayOf(r.At), r.Article, r.Visitor}
		if _, ok := first[key]; !ok {
			keys[key], first[key] = moment{}, r
		}
	}
	fresh, err := writeSeen(ctx, tx, keys)
	if err != nil {
		return nil, fmt.Errorf("note %d readings: %w", len(keys), err)
	}
	unseen := make([]Reading, len(fresh))
	for i, key := range fresh {
		unseen[i] = first[key]
	}
	return unseen, nil
}

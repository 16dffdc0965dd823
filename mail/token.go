package mail

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A Key names one letter.
type Key struct {
	Kind      string
	Ref       int64
	Recipient int64
}

// String is kind-ref-recipient.
func (k Key) String() string { return fmt.Sprintf("%s-%d-%d", k.Kind, k.Ref, k.Recipient) }

// ParseKey reads what [Key.String] wrote.
func ParseKey(name string) (Key, error) {
	parts := strings.Split(name, "-")
	if len(parts) != 3 || kindCode(parts[0]) == 0 {
		return Key{}, fmt.Errorf("%q is not a letter's name; it looks like digest-123-456", clip(name, 80))
	}
	ref, err1 := strconv.ParseInt(parts[1], 10, 64)
	recipient, err2 := strconv.ParseInt(parts[2], 10, 64)
	if err1 != nil || err2 != nil {
		return Key{}, fmt.Errorf("%q is not a letter's name; it looks like digest-123-456", clip(name, 80))
	}
	return Key{parts[0], ref, recipient}, nil
}

// ErrToken is returned for a letter token that this site did not make.
var ErrToken = errors.New("not a token of ours")

// tokenLength is the length of every token that a letter carries.
const tokenLength = 40

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func kindCode(kind string) byte {
	switch kind {
	case KindDigest:
		return 1
	case KindConfirm:
		return 2
	case KindTest:
		return 3
	case KindMove:
		return 4
	case KindNotice:
		return 5
	case KindCorrection:
		return 6
	}
	return 0
}

// Token is the letter's name to the world: its key and 64 bits of HMAC as 40 characters of base32, which survive mail
// servers that change the case. It stands in the Message-ID and in the envelope sender, so that a bounce, or a
// complaint from which the address was removed, tells which letter it is about. It is the same for every attempt.
func (id Identity) Token(k Key) string {
	var b [25]byte
	b[0] = kindCode(k.Kind)
	binary.BigEndian.PutUint64(b[1:], uint64(k.Ref))
	binary.BigEndian.PutUint64(b[9:], uint64(k.Recipient))
	copy(b[17:], id.sign(b[:17]))
	return base32Lower.EncodeToString(b[:])
}

func (id Identity) sign(key []byte) []byte {
	mac := hmac.New(sha256.New, id.Secret)
	mac.Write([]byte("vestnik letter\x00"))
	mac.Write(key)
	return mac.Sum(nil)[:8]
}

// ReadToken returns the key of the letter whose [Identity.Token] this is, in upper or lower case, or [ErrToken].
func ReadToken(id Identity, token string) (Key, error) {
	if len(token) != tokenLength {
		return Key{}, ErrToken
	}
	b, err := base32Lower.DecodeString(strings.ToLower(token))
	if err != nil || !hmac.Equal(b[17:], id.sign(b[:17])) {
		return Key{}, ErrToken
	}
	k := Key{"", int64(binary.BigEndian.Uint64(b[1:])), int64(binary.BigEndian.Uint64(b[9:]))}
	for _, kind := range kinds {
		if kindCode(kind) == b[0] {
			k.Kind = kind
			return k, nil
		}
	}
	return Key{}, ErrToken
}

// Sender is the envelope sender of the letter (VERP): where its bounce comes back to.
func (id Identity) Sender(k Key) string { return "b+" + id.Token(k) + "@" + id.Domain }

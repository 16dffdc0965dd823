package subscribers

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"

	"vestnik/db"
	"vestnik/mail"
)

// Purposes of tokens. A token of one purpose is worthless for another.
const (
	PurposeLeave       = "leave"
	PurposePreferences = "preferences"
	PurposeNotMe       = "not me"
	purposeConfirm     = "confirm"
)

// tokenLength is the length of every token in characters: the holes that package mail leaves for them have it too.
const tokenLength = 40

// tokenBytes is what 40 characters of base 32 hold: 8 of id, 4 of digest, 13 (104 bits) of HMAC.
const tokenBytes = 25

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Keys makes and reads the tokens that stand in every letter. They are computed, stored nowhere, and valid as long as
// the secret is: a link in an old letter must still let its reader leave.
type Keys struct {
	Secret []byte // at least 16 bytes of chance, the same on every node
}

// Token returns the 40 characters [a-z2-7] that let their holder do one thing (a purpose) for one subscriber and digest;
// the digest "" means all of them. It panics when there is no secret, since such tokens anybody could make.
func (k Keys) Token(purpose string, subscriber int64, digest string) string {
	if len(k.Secret) == 0 {
		panic("subscribers: Keys without a secret")
	}
	b := make([]byte, 12, tokenBytes)
	binary.BigEndian.PutUint64(b, uint64(subscriber))
	binary.BigEndian.PutUint32(b[8:], digestHashOf(digest))
	return base32Lower.EncodeToString(append(b, k.mac(purpose, b)...))
}

// mac is bound to the purpose and to what the token says. The length byte keeps purpose and rest apart.
func (k Keys) mac(purpose string, said []byte) []byte {
	h := hmac.New(sha256.New, k.Secret)
	h.Write([]byte("vestnik subscriber token\x00"))
	h.Write([]byte{byte(len(purpose))})
	h.Write([]byte(purpose))
	h.Write(said)
	return h.Sum(nil)[:tokenBytes-12]
}

// Read returns the subscriber and the hash of the digest's name (see [digestHashOf]) of a token made for this purpose.
// Upper and lower case are the same, since mail programs and people change it. Anything else gives [ErrToken].
func (k Keys) Read(purpose, token string) (subscriber int64, digestHash uint32, err error) {
	b, err := base32Lower.DecodeString(strings.ToLower(token))
	if err != nil || len(token) != tokenLength || len(b) != tokenBytes || len(k.Secret) == 0 {
		return 0, 0, ErrToken
	}
	if !hmac.Equal(b[12:], k.mac(purpose, b[:12])) {
		return 0, 0, ErrToken
	}
	return int64(binary.BigEndian.Uint64(b)), binary.BigEndian.Uint32(b[8:]), nil
}

// digestHashOf is what a token holds of a digest's name.
func digestHashOf(digest string) uint32 {
	sum := sha256.Sum256([]byte(digest))
	return binary.BigEndian.Uint32(sum[:])
}

// matchDigest returns the name whose hash a token holds. "" (all digests) always counts as one of the names.
func matchDigest(digestHash uint32, names []string) (digest string, ok bool) {
	if digestHash == digestHashOf("") {
		return "", true
	}
	for _, name := range names {
		if digestHashOf(name) == digestHash {
			return name, true
		}
	}
	return "", false
}

// Open reads a token and returns its subscriber and digest ("" for all). The digest is looked for among the subscriber's
// own, so that a letter's link works after the digest has left the configuration. Errors are [ErrToken] and [ErrNotFound].
func (k Keys) Open(ctx context.Context, h db.Handle, purpose, token string) (Subscriber, string, error) {
	id, hash, err := k.Read(purpose, token)
	if err != nil {
		return Subscriber{}, "", err
	}
	s, err := Get(ctx, h, id)
	if err == nil && s.State == stateErased {
		err = fmt.Errorf("subscriber %d was erased: %w", id, ErrNotFound)
	}
	if err != nil {
		return Subscriber{}, "", err
	}
	var names []string
	for _, one := range s.Subscriptions {
		names = append(names, one.Digest)
	}
	digest, ok := matchDigest(hash, names)
	if !ok {
		return Subscriber{}, "", ErrToken
	}
	return s, digest, nil
}

// Personal is what the sender puts into the holes of one letter.
func (k Keys) Personal(l mail.Letter) mail.Tokens {
	if l.Recipient == 0 { // a test letter to a bare address: nobody's links
		return mail.Tokens{}
	}
	return mail.Tokens{
		Leave:       k.Token(PurposeLeave, l.Recipient, l.Digest),
		Preferences: k.Token(PurposePreferences, l.Recipient, ""),
		Confirm:     l.Private,
		NotMe:       k.Token(PurposeNotMe, l.Recipient, l.Digest),
	}
}

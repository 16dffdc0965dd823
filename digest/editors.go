package digest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"vestnik/mail"
)

// Errors of the links that editors get.
var (
	ErrLink        = errors.New("not a link of ours")
	ErrLinkExpired = errors.New("the link has expired")
)

// Editors makes and reads the tokens in the addresses of the editors' page. Who holds one may change, approve and cancel that
// edition, in the name of the editor it was made for. Nothing is stored: a token says all itself, and bears a signature.
type Editors struct {
	Secret []byte // bound to this use alone
}

// linkFor is how long after its deadline an edition's link still shows what became of it.
const linkFor = 7 * 24 * time.Hour

const (
	linkHead  = 8 + 8 // edition, expiry in milliseconds
	linkSeal  = 16
	linkLimit = 512 // characters: the longest address makes some 460
)

var linkText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// LinkExpires is when the links to a held edition end.
func LinkExpires(approveBy time.Time) time.Time { return approveBy.Add(linkFor) }

// Token is the last part of the page's address: the edition, the expiry, the editor's address and 128 bits of HMAC, in
// characters that survive every mail program, also one that changes their case.
func (e Editors) Token(edition int64, editor string, expires time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(edition))
	b = binary.BigEndian.AppendUint64(b, uint64(expires.UnixMilli()))
	b = append(b, editor...)
	return linkText.EncodeToString(append(b, e.sign(b)...))
}

// Parse reads what [Editors.Token] wrote. It asks no database, so whoever tries tokens costs nothing.
func (e Editors) Parse(token string, now time.Time) (edition int64, editor string, err error) {
	if len(token) > linkLimit {
		return 0, "", ErrLink
	}
	b, err := linkText.DecodeString(strings.ToLower(token))
	if err != nil || len(b) <= linkHead+linkSeal || len(e.Secret) == 0 {
		return 0, "", ErrLink
	}
	body, seal := b[:len(b)-linkSeal], b[len(b)-linkSeal:]
	if !hmac.Equal(seal, e.sign(body)) {
		return 0, "", ErrLink
	}
	edition, editor = int64(binary.BigEndian.Uint64(body)), string(body[linkHead:])
	if expires := time.UnixMilli(int64(binary.BigEndian.Uint64(body[8:]))); !now.Before(expires) {
		return 0, "", fmt.Errorf("%w: it was good until %s", ErrLinkExpired, expires.UTC().Format(time.RFC3339))
	}
	return edition, editor, nil
}

func (e Editors) sign(b []byte) []byte {
	mac := hmac.New(sha256.New, e.Secret)
	mac.Write([]byte("vestnik editor\x00"))
	mac.Write(b)
	return mac.Sum(nil)[:linkSeal]
}

// EditorLink is the address of the page on which that editor may change, approve or cancel the edition.
func (p Publisher) EditorLink(edition int64, editor string, expires time.Time) string {
	return p.Site.URL + "/edit/" + p.Editors.Token(edition, editor, expires)
}

// checkEditors finds what would leave an edition waiting for nobody.
func (dg Digest) checkEditors() error {
	for _, address := range dg.Editors {
		if _, err := mail.Address(address); err != nil {
			return fmt.Errorf("%s: editors: %w", dg.Name, err)
		}
	}
	switch {
	case !dg.Approve:
		return nil
	case len(dg.Editors) == 0:
		return fmt.Errorf(`%s: approve = true, and nobody is asked: write editors = ["editor@kino.example"], or an admin in [site]`, dg.Name)
	case dg.ApproveWithin < time.Minute:
		return fmt.Errorf(`%s: approve_within %s: it must be a minute or longer, as "2h"`, dg.Name, dg.ApproveWithin)
	case dg.ApproveWithin >= dg.MaxLate:
		return fmt.Errorf("%s: approve_within %s must be shorter than max_late %s: what is approved later could not be sent any more", dg.Name, dg.ApproveWithin, dg.MaxLate)
	}
	return nil
}

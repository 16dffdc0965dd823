package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"vestnik/db"
)

// A Message is what a master copy is composed of.
type Message struct {
	Kind      string
	Digest    string // name; the first label of the List-Id
	ListTitle string // the digest's title
	Language  string
	Subject   string
	HTML      string
	Text      string
	Marks     Marks // around the sentences about why a reader gets the letter; the zero value: there are none
}

// A Master is a composed letter with holes where the recipients' tokens belong, and without the fields that are
// personal: Date, Message-ID, To and List-Unsubscribe. Its lines end in CRLF, are no longer than 998 octets and hold
// nothing but ASCII, so no relay has to change a byte of it.
type Master struct {
	Subject string
	Bytes   []byte
}

// Hash names the master by its content.
func (m Master) Hash() string {
	sum := sha256.Sum256(m.Bytes)
	return hex.EncodeToString(sum[:])
}

// Compose makes the master copy of m with go-mail. Equal input gives equal bytes.
func Compose(id Identity, m Message) (Master, error) {
	id, err := id.Check()
	if err != nil {
		return Master{}, err
	}
	if m.HTML, err = m.Marks.settle(ownHoles(id.SiteURL, m.HTML)); err == nil {
		m.Text, err = m.Marks.settle(ownHoles(id.SiteURL, m.Text))
	}
	if err != nil {
		return Master{}, fmt.Errorf("compose letter %q: %w", clip(m.Subject, 80), err)
	}
	return compose(id, m, boundary(m))
}

// boundary is made from the content, because a random one would make every rendering another letter.
func boundary(m Message) string {
	h := sha256.New()
	for _, s := range []string{m.Kind, m.Digest, m.Subject, m.HTML, m.Text} {
		fmt.Fprintf(h, "%d\x00%s", len(s), s)
	}
	return "vestnik-" + hex.EncodeToString(h.Sum(nil)[:16])
}

func compose(id Identity, m Message, boundary string) (Master, error) {
	if m.HTML == "" || m.Text == "" {
		return Master{}, errors.New("compose letter: it needs both a text and an HTML part")
	}
	// The message's encoding decides how headers are encoded: base64 is half as long for Cyrillic. Parts name theirs.
	msg := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingB64),
		gomail.WithNoDefaultUserAgent(), gomail.WithBoundary(boundary))
	if err := setHeaders(msg, id, m); err != nil {
		return Master{}, err
	}
	quoted := gomail.WithPartEncoding(gomail.EncodingQP)
	msg.SetBodyString(gomail.TypeTextPlain, m.Text, quoted)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML, quoted)
	// go-mail invents what is not there; these two are cut off again.
	msg.SetDateWithValue(time.Unix(0, 0).UTC())
	msg.SetMessageIDWithValue("cut@invalid")

	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return Master{}, fmt.Errorf("compose letter %q: %w", clip(m.Subject, 80), err)
	}
	master := Master{Subject: m.Subject, Bytes: without(b.Bytes(), "Date", "Message-ID", "To")}
	if err := checkOctets(master.Bytes); err != nil {
		return Master{}, fmt.Errorf("compose letter %q: %w", clip(m.Subject, 80), err)
	}
	return master, nil
}

func setHeaders(msg *gomail.Msg, id Identity, m Message) error {
	for what, value := range map[string]string{"subject": m.Subject, "title": m.ListTitle, "language": m.Language} {
		if _, err := headerValue(value); err != nil {
			return fmt.Errorf("compose letter: its %s: %w", what, err)
		}
	}
	// Not by go-mail's From: it would encode the name by characters, and break it into more words than it needs.
	from := "<" + id.FromAddress + ">"
	if id.FromName != "" {
		from = phrase(id.FromName) + " " + from
	}
	msg.SetGenHeader("From", from)
	// A space that go-mail folds at may be lost when it is not alone.
	msg.Subject(encodeText(strings.Join(strings.FieldsFunc(m.Subject, func(r rune) bool { return r == ' ' }), " ")))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Language != "" {
		msg.SetGenHeader(gomail.HeaderContentLang, encodeText(m.Language))
	}
	if !toList(m.Kind) {
		return nil // a confirmation that called itself bulk would land among the bulk
	}
	msg.SetBulk()
	label, err := domain(m.Digest)
	if err != nil || strings.Contains(label, ".") {
		return fmt.Errorf("compose letter: the digest's name %q may have only letters, digits and dashes", clip(m.Digest, 80))
	}
	page := id.SiteURL + "/digests/" + label
	msg.SetGenHeader("List-Id", phrase(m.ListTitle)+" <"+label+"."+id.Domain+">")
	msg.SetGenHeader("List-Archive", "<"+page+">")
	msg.SetGenHeader("List-Subscribe", "<"+page+">")
	msg.SetGenHeader("List-Post", "NO")
	return nil
}

// without returns a message without the named header fields.
func without(b []byte, names ...string) []byte {
	out := make([]byte, 0, len(b))
	dropping := false
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\r\n"))
		if len(line) == 0 {
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			dropping = false
			for _, unwanted := range names {
				dropping = dropping || strings.EqualFold(string(name), unwanted)
			}
		}
		if !dropping {
			out = append(append(out, line...), "\r\n"...)
		}
		b = rest
	}
	return append(out, b...)
}

// checkOctets reports what a relay would have to repair, and thereby break: a bare CR or LF, an octet that is not
// ASCII, a line longer than 998.
func checkOctets(b []byte) error {
	start := 0
	for i, c := range b {
		switch {
		case c == '\n' && (i == 0 || b[i-1] != '\r'), c == '\r' && (i+1 == len(b) || b[i+1] != '\n'):
			return fmt.Errorf("a bare line end at byte %d", i)
		case c == 0 || c >= 0x80:
			return fmt.Errorf("octet %#x at byte %d", c, i)
		case c == '\n':
			if i-1-start > maxLine {
				return fmt.Errorf("a line of %d octets: at most %d are allowed; is there a word without a space?", i-1-start, maxLine)
			}
			start = i + 1
		}
	}
	return nil
}

// PutMaster keeps m as the revision and variant of ref. A master copy never changes: the same one again is no error,
// another one is.
func PutMaster(ctx context.Context, h db.Handle, ref, revision int64, variant string, m Master, now time.Time) error {
	changed, err := db.Changed(ctx, h, `
		INSERT INTO masters (ref, revision, variant, subject, bytes, hash, made) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (ref, revision, variant) DO NOTHING`,
		ref, revision, variant, db.Text(m.Subject), m.Bytes, m.Hash(), db.Milli(now))
	if err != nil || changed {
		return wrap(err, "keep master copy %d/%d/%s", ref, revision, variant)
	}
	var hash string
	err = h.QueryRowContext(ctx, `SELECT hash FROM masters WHERE ref = $1 AND revision = $2 AND variant = $3`,
		ref, revision, variant).Scan(&hash)
	if err == nil && hash != m.Hash() {
		err = errors.New("there is another one already; a correction needs a revision of its own")
	}
	return wrap(err, "keep master copy %d/%d/%s", ref, revision, variant)
}

// ErrNoMaster is returned for a master copy that does not exist, or not any more as it was.
var ErrNoMaster = errors.New("no such master copy")

// GetMaster returns the revision and variant of ref, and refuses one whose bytes are not those that were put.
func GetMaster(ctx context.Context, h db.Handle, ref, revision int64, variant string) (Master, error) {
	var m Master
	var hash string
	err := h.QueryRowContext(ctx, `SELECT subject, bytes, hash FROM masters WHERE ref = $1 AND revision = $2 AND variant = $3`,
		ref, revision, variant).Scan(&m.Subject, &m.Bytes, &hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		err = ErrNoMaster
	case err == nil && hash != m.Hash():
		err = fmt.Errorf("%w: its bytes are damaged", ErrNoMaster)
	}
	return m, wrap(err, "master copy %d/%d/%s", ref, revision, variant)
}

// Variants returns the names of the master copies of a revision of ref, in no order.
func Variants(ctx context.Context, h db.Handle, ref, revision int64) ([]string, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (name string, err error) { return name, row.Scan(&name) },
		`SELECT variant FROM masters WHERE ref = $1 AND revision = $2`, ref, revision)
	return all, wrap(err, "master copies of %d/%d", ref, revision)
}

// wrap says what was being done, if anything went wrong.
func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

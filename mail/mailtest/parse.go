package mailtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // decoders for windows-1251, koi8-r and others
	"github.com/emersion/go-message/mail"
)

// Parsed is a message as a mail client shows it: everything decoded to UTF-8.
type Parsed struct {
	Subject     string
	From        string // "Вестник кино <digest@kino.example>"
	To          string
	MessageID   string // without < and >
	Date        time.Time
	Header      mail.Header // Get("List-Unsubscribe"), Values("Received") …: unfolded, as sent
	Fields      []Field     // the whole header in order, decoded
	Text        string      // the text/plain part
	HTML        string      // the text/html part
	Attachments []Attachment
}

// A Field is one line of the header.
type Field struct {
	Name  string
	Value string
}

// An Attachment is any other part.
type Attachment struct {
	Type     string // media type
	Filename string
	Data     []byte
}

// Parse decodes the message. A part in an unknown charset is given as it is.
func (m Message) Parse() (Parsed, error) {
	r, err := mail.CreateReader(bytes.NewReader(m.Data))
	if err != nil && !message.IsUnknownCharset(err) {
		return Parsed{}, fmt.Errorf("parse message %d: %w", m.ID, err)
	}
	p := parseHeader(r.Header)
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil && !message.IsUnknownCharset(err) {
			return p, fmt.Errorf("parse message %d: %w", m.ID, err)
		}
		if err := p.take(part); err != nil {
			return p, fmt.Errorf("parse message %d: %w", m.ID, err)
		}
	}
}

func parseHeader(h mail.Header) Parsed {
	p := Parsed{Header: h, From: addresses(h, "From"), To: addresses(h, "To")}
	p.Subject, _ = h.Subject() // a subject that cannot be decoded is given as it is
	p.MessageID, _ = h.MessageID()
	p.Date, _ = h.Date()
	for f := h.Fields(); f.Next(); {
		value, err := f.Text()
		if err != nil {
			value = f.Value()
		}
		p.Fields = append(p.Fields, Field{f.Key(), value})
	}
	return p
}

// addresses writes an address list as people read it.
func addresses(h mail.Header, key string) string {
	list, err := h.AddressList(key)
	if err != nil {
		return h.Get(key)
	}
	var names []string
	for _, a := range list {
		if a.Name == "" {
			names = append(names, a.Address)
			continue
		}
		names = append(names, a.Name+" <"+a.Address+">")
	}
	return strings.Join(names, ", ")
}

// take puts a part where it belongs: the first text and the first HTML are the letter, the rest is attached.
func (p *Parsed) take(part *mail.Part) error {
	data, err := io.ReadAll(part.Body)
	if err != nil {
		return err
	}
	var kind, name string
	inline := false
	switch h := part.Header.(type) {
	case *mail.InlineHeader:
		kind, _, _ = h.ContentType()
		inline = true
	case *mail.AttachmentHeader:
		kind, _, _ = h.ContentType()
		name, _ = h.Filename()
	}
	switch {
	case inline && p.Text == "" && (kind == "text/plain" || kind == ""):
		p.Text = string(data)
	case inline && p.HTML == "" && kind == "text/html":
		p.HTML = string(data)
	default:
		p.Attachments = append(p.Attachments, Attachment{kind, name, data})
	}
	return nil
}

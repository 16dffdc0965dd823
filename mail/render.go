package mail

import (
	"context"
	"errors"
	"time"

	"vestnik/mail/wire"
)

// formKey names a master copy.
type formKey struct {
	ref, revision int64
	variant       string
}

// maxForms is how many cut masters a sender keeps. An edition has one for each language, and for each choice of sections.
const maxForms = 160

// form returns the letter's master copy, cut and dot-stuffed.
func (s *Sender) form(ctx context.Context, l Letter) (*form, error) {
	k := formKey{l.Ref, l.Revision, l.Variant}
	s.mu.Lock()
	f := s.forms[k]
	s.mu.Unlock()
	if f != nil {
		return f, nil
	}
	m, err := GetMaster(ctx, s.db, l.Ref, l.Revision, l.Variant)
	if err != nil {
		return nil, err
	}
	made := cut(wire.Stuff(m.Bytes))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.forms) >= maxForms {
		clear(s.forms)
	}
	s.forms[k] = &made
	return &made, nil
}

// prepare gathers everything that can go wrong with a letter before it is marked. A verdict with a class says what is
// wrong with the letter, an error that the ledger could not be read.
func (s *Sender) prepare(ctx context.Context, l Letter) (flight, wire.Verdict, error) {
	to, err := Address(l.Address)
	if err != nil {
		return flight{}, wire.Verdict{Class: wire.ByRecipient, Final: true, Reason: err.Error()}, nil
	}
	f := flight{letter: l, from: s.id.Sender(l.key()), to: to}
	if f.form, err = s.form(ctx, l); err != nil {
		if errors.Is(err, ErrNoMaster) {
			return f, wire.Verdict{Class: wire.Infrastructure, Reason: err.Error()}, nil
		}
		return f, wire.Verdict{}, err
	}
	if s.personal != nil {
		f.tokens = s.personal(l)
	}
	if f.tokens.Confirm == "" {
		f.tokens.Confirm = l.Private
	}
	if err = f.form.check(f.tokens); err == nil && toList(l.Kind) && f.tokens.Leave == "" {
		err = errors.New("a letter to a digest's subscribers needs a token to leave with")
	}
	if err != nil {
		return f, wire.Verdict{Class: wire.Infrastructure, Reason: err.Error()}, nil
	}
	return f, wire.Verdict{}, nil
}

// render appends the letter as it goes over the wire: its personal fields, and the master copy with its tokens.
// Equal letters give equal bytes, so a letter sent again after an end in doubt is recognised as the same.
func (s *Sender) render(dst []byte, f flight) []byte {
	dst = s.id.appendPersonal(dst, f.letter, f.to, f.tokens)
	return f.form.fill(dst, f.tokens, f.form.why(f.letter, s.zone))
}

// appendPersonal appends the header fields that the master copy lacks. One-click leaving (RFC 8058) is for letters
// to subscribers only: a confirmation cannot be left.
func (id Identity) appendPersonal(dst []byte, l Letter, to string, t Tokens) []byte {
	dst = append(dst, "Date: "...)
	dst = l.Made.UTC().AppendFormat(dst, time.RFC1123Z)
	dst = append(dst, "\r\nMessage-ID: <"...)
	dst = append(dst, id.Token(l.key())...)
	dst = append(dst, '@')
	dst = append(dst, id.Domain...)
	dst = append(dst, ">\r\nTo: <"...)
	dst = append(dst, to...)
	dst = append(dst, ">\r\n"...)
	if !toList(l.Kind) {
		return dst
	}
	dst = append(dst, "List-Unsubscribe: <"...)
	dst = append(dst, id.SiteURL...)
	dst = append(dst, "/unsubscribe/"...)
	dst = append(dst, t.Leave...)
	return append(dst, ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
}

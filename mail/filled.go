package mail

import "time"

// Filled returns a master copy with tokens in its holes and, of the sentences about why a reader gets it, the one that names neither
// place nor day: a letter that is made of the same octets as everybody's, and is nobody's. The tokens may be the holes themselves.
func (m Master) Filled(t Tokens) (Master, error) {
	f := cut(m.Bytes)
	if err := f.check(t); err != nil {
		return Master{}, err
	}
	return Master{Subject: m.Subject, Bytes: f.fill(make([]byte, 0, f.size+256), t, f.why(Letter{}, time.UTC))}, nil
}

// Holes are the holes themselves, as tokens.
func Holes() Tokens {
	return Tokens{Leave: HoleLeave, Preferences: HolePreferences, Confirm: HoleConfirm, NotMe: HoleNotMe}
}

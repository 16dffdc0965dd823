package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/subscribers"
	"vestnik/subscribers/consent"
)

// Proof of who agreed to what, and the rights of the people in it.

// SubscribersConsent prints what one subscriber agreed to.
type SubscribersConsent struct {
	Address string `arg:"" name:"addr" help:"E-mail address."`
}

type proofJSON struct {
	At      string `json:"at"`
	Verb    string `json:"verb"`
	Digest  string `json:"digest"`
	Basis   string `json:"basis"`
	Wording string `json:"wording"`
	Network string `json:"network"`
	N       int64  `json:"n"`
	Link    string `json:"link"`
}

func (cmd SubscribersConsent) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		s, err := subscribers.Find(a.ctx, d, cmd.Address)
		if err != nil {
			return err
		}
		if _, err := consent.Seal(a.ctx, d, time.Now()); err != nil {
			return err
		}
		lines, err := subscribers.Consent(a.ctx, d, s.ID)
		if err != nil {
			return err
		}
		var all []proofJSON
		for _, l := range lines {
			all = append(all, proofJSON{c.iso(l.At), l.Verb, l.Digest, l.Basis, l.Wording, l.Network, l.N, l.Link})
		}
		if a.json {
			return emit(a, all)
		}
		fmt.Fprintf(a.out, "%s: %s of consent\n", s.Email, count(len(all), "line"))
		for _, p := range all {
			a.showProof(p)
		}
		return nil
	})
}

// showProof prints one line whole: a proof is not cut.
func (a *app) showProof(p proofJSON) {
	fmt.Fprintf(a.out, "\n%s  %s\n", p.At, strings.TrimSpace(p.Verb+" "+p.Digest))
	for _, f := range [][2]string{{"Basis", p.Basis}, {"Shown", p.Wording}, {"Network", p.Network}, {"Chain", fmt.Sprintf("line %d, link %s", p.N, p.Link)}} {
		if f[1] != "" {
			fmt.Fprintf(a.out, "  %-9s %s\n", f[0], strings.ReplaceAll(f[1], "\n", "\n            "))
		}
	}
}

// SubscribersVerifyLog checks the chain.
type SubscribersVerifyLog struct {
	Head string `help:"A head that backup printed, or that was mailed: tells also whether the whole log was rewritten since." placeholder:"N-HEX"`
}

type verdictJSON struct {
	Whole    bool     `json:"whole"`
	Head     string   `json:"head"`
	Lines    int64    `json:"lines"`
	Erased   int64    `json:"erased"`
	Open     int64    `json:"open"`
	Problems []string `json:"problems"`
}

func (cmd SubscribersVerifyLog) Run(a *app) error {
	var earlier consent.Head
	if cmd.Head != "" {
		var err error
		if earlier, err = consent.ParseHead(cmd.Head); err != nil {
			return usageError(err.Error())
		}
	}
	return a.with(func(c *Config, d *db.DB) error {
		if _, err := consent.Seal(a.ctx, d, time.Now()); err != nil {
			return err
		}
		v, err := consent.Verify(a.ctx, d, earlier)
		if err != nil {
			return err
		}
		a.showVerdict(v, cmd.Head != "")
		if a.json {
			err = emit(a, []verdictJSON{{v.Whole(), headOr(v.Head, ""), v.Lines, v.Erased, v.Open, append([]string{}, v.Problems...)}})
		}
		if err == nil && !v.Whole() {
			err = errReported
		}
		return err
	})
}

func (a *app) showVerdict(v consent.Verdict, against bool) {
	for _, p := range v.Problems {
		fmt.Fprintln(a.err, "broken:", p)
	}
	a.say("Head:   %s", headOr(v.Head, emptyLog))
	a.say("Lines:  %d, of these %d of readers who were erased; %d not sealed yet", v.Lines, v.Erased, v.Open)
	switch {
	case !v.Whole():
		a.say("The log is broken.")
	case against:
		a.say("The log is whole, and up to the head given it is what it was.")
	default:
		a.say("The log is whole.")
	}
}

// SubscribersErase erases one.
type SubscribersErase struct {
	Address string `arg:"" name:"addr" help:"E-mail address."`
	Reason  string `required:"" help:"How and when it was asked for; it is erased with the rest." placeholder:"TEXT"`
	Yes     bool   `help:"Do not ask."`
	NowFlag `embed:""`
}

func (SubscribersErase) Help() string {
	return "Nothing personal remains: address, name, choices, links, the address and receipt of every letter, the words in the log of consent, and the lines of files of rejects that hold the " +
		"address. What remains is a keyed hash, so that no import brings the address back (the owner can, by the form and the letter that follows, unless it was suppressed), and links of the chain that " +
		"nobody can read any more. Backups made before hold the address until you let them go. There is no undo."
}

type erasedJSON struct {
	Subscriber bool     `json:"subscriber"` // whether there was one
	Lines      int      `json:"lines"`      // taken out of files of rejects
	Files      []string `json:"files"`
	Missing    []string `json:"missing"`
	Unreadable []string `json:"unreadable"`
}

func (cmd SubscribersErase) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		if _, _, err := subscribers.ParseAddress(cmd.Address); err != nil {
			return err
		}
		if !cmd.Yes && isTerminal(a.err) && !a.confirm("Erase everything about "+cmd.Address+"? It cannot be undone.") {
			return usageError("nothing was changed; say --yes to do it without asking")
		}
		v := c.verbs(nil)
		var known bool
		if err := d.Tx(a.ctx, func(tx *sql.Tx) (err error) {
			known, err = v.EraseAddress(a.ctx, tx, cmd.Address, cmd.Reason, now)
			return err
		}); err != nil {
			return err
		}
		files, err := v.EraseFromFiles(a.ctx, d, cmd.Address)
		if err != nil {
			return fmt.Errorf("erased in the database, and not yet in the files of rejected lines: %w", err)
		}
		return a.reportErased(known, files)
	})
}

func (a *app) reportErased(known bool, s subscribers.Scrubbed) error {
	if a.json {
		return emit(a, []erasedJSON{{known, s.Lines, append([]string{}, s.Files...), append([]string{}, s.Missing...), append([]string{}, s.Unreadable...)}})
	}
	if known {
		a.say("Erased. Of the address a keyed hash is kept, so that no import brings it back.")
	} else {
		a.say("There is no such subscriber; what else was held about the address is erased, and a keyed hash is kept, so that no import brings it in.")
	}
	if s.Lines > 0 {
		a.say("%s taken out of %s.", count(s.Lines, "line"), strings.Join(s.Files, ", "))
	}
	for _, path := range s.Missing {
		a.say("Not there any more: %s, where an import put rejected lines. If you moved it, look there yourself.", path)
	}
	for _, path := range s.Unreadable {
		a.say("Could not be read or written: %s, where an import put rejected lines. Look there yourself.", path)
	}
	return nil
}

// printHeld prints everything that is held about an address as one JSON document; compact on one line.
func printHeld(ctx context.Context, c *Config, d *db.DB, w io.Writer, address string, compact bool) error {
	held, err := c.verbs(nil).HeldOf(ctx, d, address)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if !compact {
		enc.SetIndent("", "  ")
	}
	return enc.Encode(held)
}

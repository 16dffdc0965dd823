package main

import (
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/digest"
	"vestnik/mail"
)

// DigestLink prints the address of the editors' page.
type DigestLink struct {
	Name    string `arg:"" help:"The digest."`
	Edition string `arg:"" optional:"" help:"The edition, as 2026-11-24T0800; default: the one that waits."`
	For     string `required:"" help:"Whose name changes and approval are to bear." placeholder:"ADDRESS"`
	NowFlag `embed:""`
}

type linkForJSON struct {
	Digest  string `json:"digest"`
	Edition string `json:"edition"`
	For     string `json:"for"`
	Link    string `json:"link"`
	Expires string `json:"expires"`
}

func (cmd DigestLink) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		editor, err := mail.Address(cmd.For)
		if err != nil {
			return usageError("--for: " + err.Error())
		}
		if _, err := c.findDigest(cmd.Name); err != nil {
			return err
		}
		e, err := cmd.find(a, d)
		if err != nil {
			return err
		}
		expires := digest.LinkExpires(e.ApproveBy)
		if !expires.After(now) { // of one that went out long ago
			expires = digest.LinkExpires(now)
		}
		link := digest.Publisher{Site: c.site(), Editors: c.editors()}.EditorLink(e.ID, editor, expires)
		if a.json {
			return emit(a, []linkForJSON{{e.Digest, e.Slot.Name(), editor, link, c.iso(expires)}})
		}
		fmt.Fprintln(a.out, link)
		fmt.Fprintf(a.err, "Good until %s. Whoever opens it may change, approve and cancel %s %s in the name of %s.\n", c.stamp(expires), e.Digest, e.Slot.Name(), editor)
		return nil
	})
}

// find is the edition named, or the newest of the digest that waits for an editor.
func (cmd DigestLink) find(a *app, d *db.DB) (digest.Edition, error) {
	if cmd.Edition != "" {
		return digest.FindEdition(a.ctx, d, cmd.Name, cmd.Edition)
	}
	held, err := digest.HeldEditions(a.ctx, d, cmd.Name)
	if err == nil && len(held) == 0 {
		err = fmt.Errorf("no edition of %s waits for an editor; name one, as `vestnik digest editions %s` lists them", cmd.Name, cmd.Name)
	}
	if err != nil {
		return digest.Edition{}, err
	}
	return held[len(held)-1], nil
}

package main

import (
	"database/sql"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/digest"
	"vestnik/mail"
)

// MailCmd groups the verbs on letters.
type MailCmd struct {
	Status MailStatus `cmd:"" help:"What became of the letters of each edition."`
	List   MailList   `cmd:"" help:"List letters."`
	Show   MailShow   `cmd:"" help:"Show one letter's story, with the relay's answer."`
	Retry  MailRetry  `cmd:"" help:"Queue a failed or doubtful letter again."`
	Pause  MailPause  `cmd:"" help:"Stop sending; letters wait."`
	Resume MailResume `cmd:"" help:"Send again."`
	Verify MailVerify `cmd:"" help:"Recompute an edition's balance: recipients = the sum of all states."`
}

// MailStatus prints a balance per edition.
type MailStatus struct {
	Digest string `help:"Only of this digest." placeholder:"NAME"`
	All    bool   `help:"Also confirmation and test letters."`
}

type balanceJSON struct {
	Kind       string `json:"kind"`
	Digest     string `json:"digest"`
	Edition    string `json:"edition"`
	Recipients int64  `json:"recipients"`
	Queued     int64  `json:"queued"`
	InFlight   int64  `json:"in_flight"`
	Sent       int64  `json:"sent"`
	Deferred   int64  `json:"deferred"`
	Failed     int64  `json:"failed"`
	Suppressed int64  `json:"suppressed"`
	Expired    int64  `json:"expired"`
	InDoubt    int64  `json:"in_doubt"`
}

func (cmd MailStatus) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		balances, err := mail.Balances(a.ctx, d)
		if err != nil {
			return err
		}
		if cmd.All {
			others, err := mail.OtherBalances(a.ctx, d)
			if err != nil {
				return err
			}
			balances = append(balances, others...)
		}
		names, err := editionNames(a.ctx, d)
		if err != nil {
			return err
		}
		var lines []balanceJSON
		for _, b := range balances {
			if cmd.Digest == "" || b.Digest == cmd.Digest {
				lines = append(lines, balanceLine(b, names[b.Ref]))
			}
		}
		if paused, err := mail.Paused(a.ctx, d); err != nil {
			return err
		} else if len(paused) > 0 {
			for _, p := range paused {
				fmt.Fprintf(a.err, "paused since %s (%s): %s; go on with `vestnik mail resume`\n", c.stamp(p.Since), p.Lane, p.Reason)
			}
		}
		return emit(a, lines, balanceColumns()...)
	})
}

func balanceLine(b mail.Balance, edition string) balanceJSON {
	return balanceJSON{Kind: b.Kind, Digest: b.Digest, Edition: edition, Recipients: b.Recipients, Queued: b.Queued, InFlight: b.InFlight,
		Sent: b.Sent, Deferred: b.Deferred, Failed: b.Failed, Suppressed: b.Suppressed, Expired: b.Expired, InDoubt: b.InDoubt}
}

func balanceColumns() []column[balanceJSON] {
	number := func(title string, value func(balanceJSON) int64) column[balanceJSON] {
		return column[balanceJSON]{title: title, value: func(b balanceJSON) any { return value(b) }, right: true}
	}
	return []column[balanceJSON]{
		{title: "Digest", value: func(b balanceJSON) any { return firstOr(b.Digest, "("+b.Kind+")") }},
		{title: "Edition", value: func(b balanceJSON) any { return b.Edition }},
		number("Recipients", func(b balanceJSON) int64 { return b.Recipients }),
		number("Queued", func(b balanceJSON) int64 { return b.Queued }),
		number("In flight", func(b balanceJSON) int64 { return b.InFlight }),
		number("Sent", func(b balanceJSON) int64 { return b.Sent }),
		number("Deferred", func(b balanceJSON) int64 { return b.Deferred }),
		number("Failed", func(b balanceJSON) int64 { return b.Failed }),
		number("Suppressed", func(b balanceJSON) int64 { return b.Suppressed }),
		number("Expired", func(b balanceJSON) int64 { return b.Expired }),
		number("In doubt", func(b balanceJSON) int64 { return b.InDoubt }),
	}
}

// MailList lists letters.
type MailList struct {
	State  string `help:"Only in this state: ${enum}; in_doubt also lists those that were." enum:"any,queued,in_flight,sent,deferred,failed,suppressed,expired,in_doubt" default:"any" placeholder:"STATE"`
	Kind   string `help:"Only of this kind: ${enum}." enum:"any,digest,confirm,test,move,notice,correction" default:"any" placeholder:"KIND"`
	Digest string `help:"Only of this digest." placeholder:"NAME"`
	Limit  int    `default:"100" help:"At most so many."`
}

type letterJSON struct {
	Letter    string `json:"letter"`
	Kind      string `json:"kind"`
	Digest    string `json:"digest"`
	Address   string `json:"address"`
	State     string `json:"state"`
	Reason    string `json:"reason"`
	Variant   string `json:"variant"`
	Revision  int64  `json:"revision"`
	NotBefore string `json:"not_before"`
	Attempt   int64  `json:"attempt"`
	Doubts    int64  `json:"doubts"`
	Due       string `json:"due"`
	Reply     string `json:"reply"`
	Made      string `json:"made"`
	Done      string `json:"done"`
}

func (c *Config) letterJSON(l mail.Letter) letterJSON {
	state := l.State
	if state == mail.StateLeased { // a lease is the sender's own business
		state = mail.StateQueued
	}
	return letterJSON{Letter: l.Name(), Kind: l.Kind, Digest: l.Digest, Address: l.Address, State: state, Reason: l.Reason, Variant: l.Variant,
		Revision: l.Revision, NotBefore: c.iso(l.NotBefore), Attempt: l.Attempt, Doubts: l.Doubts, Due: c.iso(l.Due), Reply: l.Reply, Made: c.iso(l.Made), Done: c.iso(l.Done)}
}

func (cmd MailList) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		found, err := mail.List(a.ctx, d, mail.ListFilter{State: unlessAny(cmd.State), Kind: unlessAny(cmd.Kind), Digest: cmd.Digest, Limit: cmd.Limit})
		if err != nil {
			return err
		}
		var lines []letterJSON
		for _, l := range found {
			lines = append(lines, c.letterJSON(l))
		}
		return emit(a, lines,
			column[letterJSON]{title: "Letter", value: func(l letterJSON) any { return l.Letter }},
			column[letterJSON]{title: "Address", value: func(l letterJSON) any { return l.Address }, width: 40},
			column[letterJSON]{title: "State", value: func(l letterJSON) any { return l.State }},
			column[letterJSON]{title: "Attempt", value: func(l letterJSON) any { return l.Attempt }, right: true},
			column[letterJSON]{title: "Reason", value: func(l letterJSON) any { return l.Reason }, width: 60})
	})
}

// MailShow shows one letter.
type MailShow struct {
	Letter string `arg:"" help:"Its name, as mail list prints it."`
}

func (cmd MailShow) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		l, err := mail.Show(a.ctx, d, cmd.Letter)
		if err != nil {
			return err
		}
		line := c.letterJSON(l)
		if a.json {
			return emit(a, []letterJSON{line})
		}
		for _, f := range [][2]string{
			{"Letter", line.Letter}, {"Kind", line.Kind}, {"Digest", line.Digest}, {"Address", line.Address}, {"State", line.State},
			{"Reason", line.Reason}, {"Variant", line.Variant}, {"Revision", fmt.Sprint(l.Revision)}, {"Not before", c.stamp(l.NotBefore)},
			{"Attempts", fmt.Sprint(line.Attempt)}, {"Doubts", fmt.Sprint(line.Doubts)},
			{"Made", c.stamp(l.Made)}, {"In flight", precise(c, l.Flown)}, {"Settled", precise(c, l.Done)}, {"Next try", c.stamp(l.Due)},
			{"Relay said", line.Reply},
		} {
			if f[1] != "" {
				fmt.Fprintf(a.out, "%-11s %s\n", f[0], f[1])
			}
		}
		return nil
	})
}

func precise(c *Config, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(c.Site.location).Format("2006-01-02 15:04:05.000")
}

// MailRetry queues letters again.
type MailRetry struct {
	Letters []string `arg:"" name:"letter" help:"Names, as mail list prints them."`
	NowFlag `embed:""`
}

func (cmd MailRetry) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		if err := a.home(d); err != nil {
			return err
		}
		for _, name := range cmd.Letters {
			err := d.Tx(a.ctx, func(tx *sql.Tx) error {
				if k, err := mail.ParseKey(name); err == nil && k.Kind == mail.KindDigest {
					if err := digest.Reopen(a.ctx, tx, k.Ref); err != nil {
						return err
					}
				}
				return mail.Retry(a.ctx, tx, name, now)
			})
			if err != nil {
				return err
			}
			a.say("%s: queued again", name)
		}
		return nil
	})
}

// MailPause stops the sender.
type MailPause struct {
	Lane   string `arg:"" optional:"" default:"all" enum:"all,confirm,digest" help:"all, confirm or digest."`
	Reason string `default:"paused by hand" help:"Shown by mail status."`
}

func (cmd MailPause) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		changed, err := mail.Pause(a.ctx, d, cmd.Lane, cmd.Reason, time.Now())
		if err != nil {
			return err
		}
		if !changed {
			a.say("Was paused already: %s.", cmd.Lane)
			return nil
		}
		a.say("Paused: %s. Letters wait; `vestnik mail resume` sends them.", cmd.Lane)
		return nil
	})
}

// MailResume lets the sender go on.
type MailResume struct {
	Lane string `arg:"" optional:"" default:"all" enum:"all,confirm,digest" help:"all, confirm or digest."`
}

func (cmd MailResume) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		changed, err := mail.Resume(a.ctx, d, cmd.Lane)
		if err != nil {
			return err
		}
		if !changed {
			a.say("Was not paused: %s.", cmd.Lane)
			return nil
		}
		a.say("Sending again: %s.", cmd.Lane)
		return nil
	})
}

// MailVerify recomputes balances.
type MailVerify struct {
	Digest  string `arg:"" help:"The digest."`
	Edition string `arg:"" help:"The edition, as 2026-11-24T0800."`
}

func (cmd MailVerify) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		return a.verifyEdition(d, cmd.Digest, cmd.Edition)
	})
}

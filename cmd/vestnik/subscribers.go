package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers"
)

// SubscribersCmd groups the verbs on subscribers.
type SubscribersCmd struct {
	Add         SubscribersAdd         `cmd:"" help:"Add an address: it gets a letter to confirm, unless --confirmed on a written basis."`
	List        SubscribersList        `cmd:"" help:"List subscribers."`
	Show        SubscribersShow        `cmd:"" help:"Show one subscriber, with what was agreed to and when."`
	Import      SubscribersImport      `cmd:"" help:"Import a CSV with the columns email,name,digests,status."`
	Export      SubscribersExport      `cmd:"" help:"Export a CSV with the same columns."`
	Confirm     SubscribersConfirm     `cmd:"" help:"Confirm a pending subscription without the letter, on a written basis."`
	Unsubscribe SubscribersUnsubscribe `cmd:"" help:"End subscriptions; letters under way are withdrawn."`
	Suppress    SubscribersSuppress    `cmd:"" help:"Never mail an address again."`
	Stats       SubscribersStats       `cmd:"" help:"How many subscriptions are in which state."`
}

// SubscribersAdd adds one.
type SubscribersAdd struct {
	Address   string   `arg:"" name:"addr" help:"E-mail address."`
	Digest    []string `help:"Digest to subscribe to; may be repeated." required:"" placeholder:"NAME"`
	Name      string   `help:"Name, for To headers."`
	Language  string   `help:"Language of letters: ${enum}; default is the digest's." enum:"default,ru,en" default:"default" placeholder:"LANGUAGE"`
	Confirmed bool     `help:"Active at once, without a letter; needs --basis."`
	Basis     string   `help:"How and when the reader agreed." placeholder:"TEXT"`
	NowFlag   `embed:""`
}

func (cmd SubscribersAdd) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		set, err := c.templates()
		if err != nil {
			return err
		}
		verbs := c.verbs(set)
		var s subscribers.Subscriber
		err = d.Tx(a.ctx, func(tx *sql.Tx) (err error) {
			s, err = verbs.Add(a.ctx, tx, subscribers.Adding{Email: cmd.Address, Name: cmd.Name, Language: unlessDefault(cmd.Language), Digests: cmd.Digest,
				Confirmed: cmd.Confirmed, Basis: cmd.Basis}, now)
			return err
		})
		if err != nil {
			return err
		}
		return a.printSubscribers(c, []subscribers.Subscriber{s})
	})
}

type subscriberJSON struct {
	Email         string             `json:"email"`
	Name          string             `json:"name"`
	Language      string             `json:"language"`
	Since         string             `json:"since"`
	Subscriptions []subscriptionJSON `json:"subscriptions"`
	Suppressed    string             `json:"suppressed,omitempty"`
	Consent       []consentJSON      `json:"consent,omitempty"`
}

type subscriptionJSON struct {
	Digest string `json:"digest"`
	State  string `json:"state"`
	Since  string `json:"since"`
}

type consentJSON struct {
	At     string `json:"at"`
	Digest string `json:"digest"`
	Verb   string `json:"verb"`
	Basis  string `json:"basis"`
}

func (c *Config) subscriberJSON(s subscribers.Subscriber) subscriberJSON {
	line := subscriberJSON{Email: s.Email, Name: s.Name, Language: s.Language, Since: c.iso(s.Since), Subscriptions: []subscriptionJSON{}}
	for _, one := range s.Subscriptions {
		line.Subscriptions = append(line.Subscriptions, subscriptionJSON{one.Digest, one.State, c.iso(one.Since)})
	}
	return line
}

func (a *app) printSubscribers(c *Config, found []subscribers.Subscriber) error {
	var lines []subscriberJSON
	for _, s := range found {
		lines = append(lines, c.subscriberJSON(s))
	}
	return emit(a, lines,
		column[subscriberJSON]{title: "Address", value: func(s subscriberJSON) any { return s.Email }},
		column[subscriberJSON]{title: "Name", value: func(s subscriberJSON) any { return s.Name }, width: 40},
		column[subscriberJSON]{title: "Digests", value: func(s subscriberJSON) any { return digestStates(s.Subscriptions) }},
		column[subscriberJSON]{title: "Since", value: func(s subscriberJSON) any { return day(s.Since) }})
}

func digestStates(all []subscriptionJSON) string {
	var parts []string
	for _, s := range all {
		parts = append(parts, s.Digest+": "+s.State)
	}
	return strings.Join(parts, ", ")
}

// FilterFlags choose subscribers.
type FilterFlags struct {
	Digest string `help:"Only of this digest." placeholder:"NAME"`
	State  string `help:"Only in this state: ${enum}." enum:"any,pending,active,left" default:"any" placeholder:"STATE"`
}

// SubscribersList lists them.
type SubscribersList struct {
	FilterFlags `embed:""`
	Limit       int `default:"1000" help:"At most so many."`
}

func (cmd SubscribersList) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		found, err := subscribers.List(a.ctx, d, subscribers.ListFilter{Digest: cmd.Digest, State: unlessAny(cmd.State), Limit: cmd.Limit})
		if err != nil {
			return err
		}
		return a.printSubscribers(c, found)
	})
}

// SubscribersShow shows one.
type SubscribersShow struct {
	Address string `arg:"" name:"addr" help:"E-mail address."`
}

func (cmd SubscribersShow) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		s, err := subscribers.Find(a.ctx, d, cmd.Address)
		if err != nil {
			return err
		}
		consent, err := subscribers.Consent(a.ctx, d, s.ID)
		if err != nil {
			return err
		}
		line := c.subscriberJSON(s)
		if line.Suppressed, err = mail.Suppressed(a.ctx, d, s.Key); err != nil {
			return err
		}
		for _, x := range consent {
			line.Consent = append(line.Consent, consentJSON{c.iso(x.At), x.Digest, x.Verb, x.Basis})
		}
		if a.json {
			return emit(a, []subscriberJSON{line})
		}
		a.showSubscriber(line)
		return nil
	})
}

func (a *app) showSubscriber(s subscriberJSON) {
	for _, f := range [][2]string{{"Address", s.Email}, {"Name", s.Name}, {"Language", s.Language}, {"Since", s.Since}, {"Suppressed", s.Suppressed}} {
		if f[1] != "" {
			fmt.Fprintf(a.out, "%-11s %s\n", f[0], f[1])
		}
	}
	for _, x := range s.Subscriptions {
		fmt.Fprintf(a.out, "%-11s %s: %s since %s\n", "Digest", x.Digest, x.State, x.Since)
	}
	for _, x := range s.Consent {
		fmt.Fprintf(a.out, "%-11s %s %s %s %s\n", "Consent", x.At, x.Verb, x.Digest, x.Basis)
	}
}

// SubscribersImport imports a CSV.
type SubscribersImport struct {
	File    string `arg:"" help:"CSV, or - for standard input."`
	Basis   string `required:"" help:"How and when these readers agreed." placeholder:"TEXT"`
	Yes     bool   `help:"Do not ask."`
	Confirm bool   `name:"send-confirmations" negatable:"" default:"true" help:"Write a confirmation letter to everybody who becomes pending (the default)."`
	NowFlag `embed:""`
}

type importJSON struct {
	Lines     int        `json:"lines"`
	Added     int        `json:"added"`
	Updated   int        `json:"updated"`
	Unchanged int        `json:"unchanged"`
	Skipped   int        `json:"skipped"`
	Failed    int        `json:"failed"`
	Pending   int        `json:"pending"`
	Letters   int        `json:"letters"`
	Problems  []noteJSON `json:"problems"`
	Skips     []noteJSON `json:"skips"`
}

type noteJSON struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
}

func (cmd SubscribersImport) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		f, err := a.openInput(cmd.File)
		if err != nil {
			return err
		}
		defer f.Close()
		if isTerminal(a.err) && !cmd.Yes && !a.confirm(fmt.Sprintf("Import %s on the basis %q?", cmd.File, cmd.Basis)) {
			return usageError("nothing was imported; say --yes to do it without asking")
		}
		set, err := c.templates()
		if err != nil {
			return err
		}
		move, end := a.bar("Importing", progress.UnitsBytes)
		total := sizeOf(f)
		report, err := subscribers.ImportCSV(a.ctx, d, f, cmd.File, subscribers.ImportOptions{Verbs: c.verbs(set), Basis: cmd.Basis,
			SendConfirmations: cmd.Confirm, Progress: func(read int64) { move(read, total) }}, now)
		end()
		if printErr := a.reportSubscribers(cmd.File, report); printErr != nil {
			return printErr
		}
		if err == nil && report.Failed > 0 {
			return errReported
		}
		return err
	})
}

func (a *app) openInput(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(a.in), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read the list: %w", err)
	}
	return f, nil
}

func sizeOf(r io.Reader) int64 {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil {
			return info.Size()
		}
	}
	return 0
}

func (a *app) reportSubscribers(file string, r subscribers.Report) error {
	if a.json {
		line := importJSON{Lines: r.Lines, Added: r.Added, Updated: r.Updated, Unchanged: r.Unchanged, Skipped: r.Skipped, Failed: r.Failed,
			Pending: r.Pending, Letters: r.Letters, Problems: []noteJSON{}, Skips: []noteJSON{}}
		for _, p := range r.Problems {
			line.Problems = append(line.Problems, noteJSON(p))
		}
		for _, s := range r.Skips {
			line.Skips = append(line.Skips, noteJSON(s))
		}
		return emit(a, []importJSON{line})
	}
	for _, p := range r.Problems {
		fmt.Fprintf(a.err, "%s:%d: %s\n", file, p.Line, p.Message)
	}
	if !a.quiet {
		for _, s := range r.Skips {
			fmt.Fprintf(a.err, "%s:%d: skipped: %s\n", file, s.Line, s.Message)
		}
	}
	a.say("%s: %d added, %d updated, %d unchanged, %d skipped, %d failed. %d pending, %s to confirm.", count(r.Lines, "line"),
		r.Added, r.Updated, r.Unchanged, r.Skipped, r.Failed, r.Pending, count(r.Letters, "letter"))
	return nil
}

// SubscribersExport exports a CSV.
type SubscribersExport struct {
	FilterFlags `embed:""`
	Output      string `short:"o" help:"File to write; default: standard output." placeholder:"FILE"`
}

func (cmd SubscribersExport) Run(a *app) (err error) {
	return a.with(func(c *Config, d *db.DB) (err error) {
		w := a.out
		if cmd.Output != "" {
			f, err := os.OpenFile(cmd.Output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // addresses are for the owner's eyes
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			w = f
		}
		n, err := subscribers.ExportCSV(a.ctx, d, w, subscribers.ListFilter{Digest: cmd.Digest, State: unlessAny(cmd.State)})
		if err == nil && cmd.Output != "" {
			a.say("Exported %s to %s.", count(n, "subscriber"), cmd.Output)
		}
		return err
	})
}

// SubscribersConfirm confirms one.
type SubscribersConfirm struct {
	Address string `arg:"" name:"addr" help:"E-mail address."`
	Digest  string `help:"Only this digest; default: every pending one."`
	Basis   string `required:"" help:"How and when the reader agreed." placeholder:"TEXT"`
	NowFlag `embed:""`
}

func (cmd SubscribersConfirm) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		var s subscribers.Subscriber
		if err := d.Tx(a.ctx, func(tx *sql.Tx) (err error) {
			s, err = subscribers.ConfirmByAdmin(a.ctx, tx, cmd.Address, cmd.Digest, cmd.Basis, now)
			return err
		}); err != nil {
			return err
		}
		return a.printSubscribers(c, []subscribers.Subscriber{s})
	})
}

// SubscribersUnsubscribe ends subscriptions.
type SubscribersUnsubscribe struct {
	Address string `arg:"" name:"addr" help:"E-mail address."`
	Digest  string `help:"Only this digest; default: all."`
	Yes     bool   `help:"Do not ask before ending all."`
	NowFlag `embed:""`
}

func (cmd SubscribersUnsubscribe) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		s, err := subscribers.Find(a.ctx, d, cmd.Address)
		if err != nil {
			return err
		}
		if cmd.Digest != "" && s.Subscription(cmd.Digest).State == "" {
			return fmt.Errorf("%s has no subscription to %s; it has: %s", s.Email, cmd.Digest, digestStates(c.subscriberJSON(s).Subscriptions))
		}
		if cmd.Digest == "" && !cmd.Yes && isTerminal(a.err) && !a.confirm("End all subscriptions of "+s.Email+"?") {
			return usageError("nothing was changed; say --yes to do it without asking")
		}
		if err := d.Tx(a.ctx, func(tx *sql.Tx) (err error) {
			if err := subscribers.Leave(a.ctx, tx, s.ID, cmd.Digest, subscribers.Origin{}, now); err != nil {
				return err
			}
			s, err = subscribers.Get(a.ctx, tx, s.ID)
			return err
		}); err != nil {
			return err
		}
		return a.printSubscribers(c, []subscribers.Subscriber{s})
	})
}

// SubscribersSuppress suppresses an address.
type SubscribersSuppress struct {
	Address string `arg:"" name:"addr" help:"E-mail address."`
	Reason  string `default:"by hand" help:"Why; shown with the address."`
	Undo    bool   `help:"Allow the address again."`
}

func (cmd SubscribersSuppress) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		return d.Tx(a.ctx, func(tx *sql.Tx) error {
			if cmd.Undo {
				was, err := subscribers.Unsuppress(a.ctx, tx, cmd.Address, time.Now())
				if err == nil && !was {
					a.say("%s was not suppressed.", cmd.Address)
				} else if err == nil {
					a.say("%s may be mailed again.", cmd.Address)
				}
				return err
			}
			if err := subscribers.Suppress(a.ctx, tx, cmd.Address, cmd.Reason, time.Now()); err != nil {
				return err
			}
			a.say("%s is suppressed: %s.", cmd.Address, cmd.Reason)
			return nil
		})
	})
}

// SubscribersStats counts subscriptions.
type SubscribersStats struct{}

type statsJSON struct {
	Digest string `json:"digest"`
	State  string `json:"state"`
	N      int64  `json:"n"`
}

func (SubscribersStats) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		totals, err := subscribers.Count(a.ctx, d)
		if err != nil {
			return err
		}
		var lines []statsJSON
		for _, t := range totals {
			lines = append(lines, statsJSON(t))
		}
		return emit(a, lines,
			column[statsJSON]{title: "Digest", value: func(s statsJSON) any { return s.Digest }},
			column[statsJSON]{title: "State", value: func(s statsJSON) any { return s.State }},
			column[statsJSON]{title: "Subscriptions", value: func(s statsJSON) any { return s.N }, right: true})
	})
}

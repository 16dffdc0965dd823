package main

import (
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/mail"
	"vestnik/subscribers"
)

// SubscribersCmd groups the verbs on subscribers.
type SubscribersCmd struct {
	Add         SubscribersAdd         `cmd:"" help:"Add an address: it gets a letter to confirm, unless --confirmed on a written basis."`
	List        SubscribersList        `cmd:"" help:"List or count subscribers: by state, digest, section, domain, date."`
	Show        SubscribersShow        `cmd:"" help:"Show one subscriber, with what was agreed to and when; with --json everything that is held about the address."`
	Import      SubscribersImport      `cmd:"" help:"Import readers: our own files, exports of listmonk, Mailchimp, Ghost and Substack, any other CSV."`
	Export      SubscribersExport      `cmd:"" help:"Export readers as CSV or JSON lines, with the columns that import reads; with an address, everything that is held about one person."`
	Confirm     SubscribersConfirm     `cmd:"" help:"Confirm a pending subscription without the letter, on a written basis."`
	Pause       SubscribersPause       `cmd:"" help:"Stop letters to one reader until a date."`
	Resume      SubscribersResume      `cmd:"" help:"End a pause before its date."`
	Move        SubscribersMove        `cmd:"" help:"Change a reader's address, once the new one has answered a letter."`
	Unsubscribe SubscribersUnsubscribe `cmd:"" help:"End the subscriptions of one reader, or of all whom the filters mean; letters under way are withdrawn."`
	Suppress    SubscribersSuppress    `cmd:"" help:"Never mail an address again, or all of a file."`
	Block       SubscribersBlock       `cmd:"" help:"Send no more confirmation letters to an address, as its owner does by \"this was not me\"."`
	Consent     SubscribersConsent     `cmd:"" help:"Print the proof of what one subscriber agreed to, with the exact words that were shown."`
	VerifyLog   SubscribersVerifyLog   `cmd:"" help:"Check that the log of consent was not rewritten; exit status 1, and the broken link, if it was."`
	Erase       SubscribersErase       `cmd:"" help:"Erase everything personal about an address, for ever."`
	Stats       SubscribersStats       `cmd:"" help:"How many subscriptions are in which state, who came and left in the last 30 days, and requests to join that got no letter."`
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

// subscriberJSON is a line of a list; its names stay.
type subscriberJSON struct {
	Email         string             `json:"email"`
	Name          string             `json:"name"`
	Language      string             `json:"language"`
	Timezone      string             `json:"timezone"`
	Hour          int                `json:"hour"`
	Since         string             `json:"since"`
	Subscriptions []subscriptionJSON `json:"subscriptions"`
	Suppressed    string             `json:"suppressed"`
	After         string             `json:"after"` // for --after, to go on behind this line
	Consent       []consentJSON      `json:"consent,omitempty"`
}

type subscriptionJSON struct {
	Digest   string   `json:"digest"`
	State    string   `json:"state"`
	Since    string   `json:"since"`
	Until    string   `json:"until"`
	Sections []string `json:"sections"`
	Layout   string   `json:"layout,omitempty"`
}

type consentJSON struct {
	At     string `json:"at"`
	Digest string `json:"digest"`
	Verb   string `json:"verb"`
	Basis  string `json:"basis"`
}

func (c *Config) subscriberJSON(s subscribers.Subscriber) subscriberJSON {
	line := subscriberJSON{Email: s.Email, Name: s.Name, Language: s.Language, Timezone: s.Timezone, Hour: s.Hour, Since: c.iso(s.Since),
		Subscriptions: []subscriptionJSON{}, Suppressed: s.Suppressed, After: strconv.FormatInt(s.ID, 10)}
	for _, one := range s.Subscriptions {
		line.Subscriptions = append(line.Subscriptions, subscriptionJSON{one.Digest, one.State, c.iso(one.Since), c.iso(one.Until), append([]string{}, one.Sections...), one.Layout})
	}
	return line
}

func (a *app) printSubscribers(c *Config, found []subscribers.Subscriber) error {
	var lines []subscriberJSON
	for _, s := range found {
		lines = append(lines, c.subscriberJSON(s))
	}
	return a.printLines(lines)
}

func (a *app) printLines(lines []subscriberJSON) error {
	return emit(a, lines,
		column[subscriberJSON]{title: "Address", value: func(s subscriberJSON) any { return s.Email }},
		column[subscriberJSON]{title: "Name", value: func(s subscriberJSON) any { return s.Name }, width: 40},
		column[subscriberJSON]{title: "Digests", value: func(s subscriberJSON) any { return s.states() }},
		column[subscriberJSON]{title: "Since", value: func(s subscriberJSON) any { return day(s.Since) }})
}

// states are the states of a subscriber's digests for people, and whether the address may be mailed.
func (s subscriberJSON) states() string {
	states := digestStates(s.Subscriptions)
	if s.Suppressed == "" {
		return states
	}
	return strings.TrimPrefix(states+", suppressed: "+s.Suppressed, ", ")
}

func digestStates(all []subscriptionJSON) string {
	var parts []string
	for _, s := range all {
		parts = append(parts, s.Digest+": "+s.words())
	}
	return strings.Join(parts, ", ")
}

func (s subscriptionJSON) words() string {
	words := s.State
	if s.Until != "" {
		words += " until " + day(s.Until)
	}
	if len(s.Sections) > 0 {
		words += " (" + strings.Join(s.Sections, " ") + ")"
	}
	if s.Layout != "" {
		words += " in the layout " + s.Layout
	}
	return words
}

// SubscribersShow shows one.
type SubscribersShow struct {
	Address string `arg:"" name:"addr" help:"E-mail address."`
}

func (cmd SubscribersShow) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		if a.json {
			return printHeld(a.ctx, c, d, a.out, cmd.Address, true)
		}
		s, err := subscribers.Find(a.ctx, d, cmd.Address)
		if err != nil {
			return a.orSuppressed(d, cmd.Address, err)
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
		a.showSubscriber(line)
		return nil
	})
}

// orSuppressed adds to the error that an address is no subscriber's why it must not be mailed, if it must not.
func (a *app) orSuppressed(d *db.DB, address string, err error) error {
	_, key, bad := subscribers.ParseAddress(address)
	if bad != nil || !errors.Is(err, subscribers.ErrNotFound) {
		return err
	}
	reason, failed := mail.Suppressed(a.ctx, d, key)
	if failed != nil || reason == "" {
		return errors.Join(err, failed)
	}
	return fmt.Errorf("%w; the address is suppressed: %s", err, reason)
}

func (a *app) showSubscriber(s subscriberJSON) {
	hour := ""
	if s.Hour >= 0 {
		hour = fmt.Sprintf("%d:00", s.Hour)
	}
	for _, f := range [][2]string{{"Address", s.Email}, {"Name", s.Name}, {"Language", s.Language}, {"Timezone", s.Timezone}, {"Hour", hour},
		{"Since", s.Since}, {"Suppressed", s.Suppressed}} {
		if f[1] != "" {
			fmt.Fprintf(a.out, "%-11s %s\n", f[0], f[1])
		}
	}
	for _, x := range s.Subscriptions {
		fmt.Fprintf(a.out, "%-11s %s: %s since %s\n", "Digest", x.Digest, x.words(), x.Since)
	}
	for _, x := range s.Consent {
		fmt.Fprintf(a.out, "%-11s %s  %s\n", "Consent", x.At, x.words())
	}
}

// words are what was done to which digest, and on what basis: "add daily: paper form".
func (x consentJSON) words() string {
	words := strings.TrimSpace(x.Verb + " " + x.Digest)
	if x.Basis != "" {
		words += ": " + x.Basis
	}
	return words
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
			s, err = c.verbs(nil).ConfirmByAdmin(a.ctx, tx, cmd.Address, cmd.Digest, cmd.Basis, now)
			return err
		}); err != nil {
			return err
		}
		return a.printSubscribers(c, []subscribers.Subscriber{s})
	})
}

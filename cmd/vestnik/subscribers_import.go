package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"vestnik/db"
	"vestnik/db/schema"
	"vestnik/subscribers"
)

// SubscribersImport imports a file of readers.
type SubscribersImport struct {
	File     string            `arg:"" help:"CSV or JSON lines, or - for standard input. Exports of listmonk, Mailchimp, Ghost and Substack are known by their columns; separator and encoding of any file by its text."`
	Basis    string            `required:"" help:"How and when these readers agreed; goes into the log of consent." placeholder:"TEXT"`
	Digest   []string          `help:"Digest for lines that name none, as in files of other programs; may be repeated." placeholder:"NAME"`
	Map      map[string]string `help:"Which column is which, in a file that is not known: email=Адрес,name=Имя." mapsep:"," placeholder:"OURS=THEIRS"`
	Status   string            `help:"What lines without a status are: pending (they get a letter to confirm) or active." enum:"pending,active" default:"pending"`
	Suppress bool              `help:"Keep who must not be mailed: addresses that the file calls blocklisted, cleaned or bounced are suppressed, unsubscribed ones recorded as having left. Without it they are skipped. What is active here never ends by it."`
	Encoding string            `help:"Encoding of the file, as windows-1251, if it is not recognised." placeholder:"NAME"`
	DryRun   bool              `help:"Print the same report and change nothing."`
	Rejects  string            `help:"Where lines that cannot be used go, with what is wrong, to be mended and imported; default: FILE.rejects.csv." placeholder:"FILE"`
	Yes      bool              `help:"Do not ask."`
	Confirm  bool              `name:"send-confirmations" negatable:"" default:"true" help:"Write a confirmation letter to everybody who becomes pending (the default)."`
	NowFlag  `embed:""`
}

type importJSON struct {
	File       string     `json:"file"`
	Kind       string     `json:"kind"`
	Encoding   string     `json:"encoding"`
	DryRun     bool       `json:"dry_run"`
	Earlier    int        `json:"earlier"`
	Lines      int        `json:"lines"`
	Added      int        `json:"added"`
	Updated    int        `json:"updated"`
	Unchanged  int        `json:"unchanged"`
	Skipped    int        `json:"skipped"`
	Failed     int        `json:"failed"`
	Pending    int        `json:"pending"`
	Letters    int        `json:"letters"`
	Suppressed int        `json:"suppressed"`
	Rejects    string     `json:"rejects"`
	Problems   []noteJSON `json:"problems"`
	Skips      []noteJSON `json:"skips"`
}

type noteJSON struct {
	Line    int    `json:"line"`
	Message string `json:"message"`
}

func (cmd SubscribersImport) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		if err := cmd.check(a, c); err != nil {
			return err
		}
		f, size, err := a.openInput(cmd.File)
		if err != nil {
			return err
		}
		defer f.Close()
		o, done, err := cmd.options(a.ctx, c)
		if err != nil {
			return err
		}
		defer done()
		debug.SetGCPercent(50) // little is alive beside the batches
		move, end := a.bar("Importing", progress.UnitsBytes)
		o.Progress = func(read int64) { move(read, size) }
		report, err := subscribers.Import(a.ctx, d, f, cmd.File, o, now)
		end()
		if err != nil && report.Kind == "" { // no line was looked at
			return err
		}
		if printErr := a.reportSubscribers(cmd, report); printErr != nil {
			return printErr
		}
		if err == nil && report.Failed > 0 {
			return errReported
		}
		return err
	})
}

// check looks at the flags, and asks.
func (cmd SubscribersImport) check(a *app, c *Config) error {
	for _, name := range cmd.Digest {
		if !slices.Contains(c.digestNames(), name) {
			return usageError(fmt.Sprintf("--digest %q: no such digest; configured: %s", name, strings.Join(c.digestNames(), ", ")))
		}
	}
	if strings.TrimSpace(cmd.Basis) == "" {
		return usageError("--basis is blank: say in a few words how and when these readers agreed")
	}
	if isTerminal(a.err) && !cmd.Yes && !cmd.DryRun && !a.confirm(fmt.Sprintf("Import %s on the basis %q?", cmd.File, cmd.Basis)) {
		return usageError("nothing was imported; say --yes to do it without asking")
	}
	return nil
}

// options are the import's; done removes what a rehearsal needs.
func (cmd SubscribersImport) options(ctx context.Context, c *Config) (o subscribers.ImportOptions, done func(), err error) {
	set, err := c.templates()
	if err != nil {
		return o, nil, err
	}
	o = subscribers.ImportOptions{Verbs: c.verbs(set), Basis: cmd.Basis, SendConfirmations: cmd.Confirm, Digests: cmd.Digest, Status: cmd.Status,
		Suppress: cmd.Suppress, Map: cmd.Map, Encoding: cmd.Encoding, Rejects: cmd.rejects()}
	if !cmd.DryRun {
		return o, func() {}, nil
	}
	o.Scratch, done, err = scratch(ctx)
	return o, done, err
}

func (cmd SubscribersImport) rejects() string {
	switch {
	case cmd.Rejects != "":
		return cmd.Rejects
	case cmd.File == "-":
		return "subscribers.rejects.csv"
	}
	return cmd.File + ".rejects.csv"
}

// scratch makes an empty database that only its owner can read, and says how to remove it.
func scratch(ctx context.Context) (d *db.DB, remove func(), err error) {
	dir, err := os.MkdirTemp("", "vestnik-rehearsal-")
	if err != nil {
		return nil, nil, err
	}
	if d, err = db.Open(ctx, "sqlite:"+filepath.Join(dir, "scratch.db")); err == nil {
		_, _, err = schema.Migrate(ctx, d)
	}
	remove = func() {
		if d != nil {
			d.Close()
		}
		os.RemoveAll(dir)
	}
	if err != nil {
		remove()
		return nil, nil, fmt.Errorf("a place for the rehearsal: %w", err)
	}
	return d, remove, nil
}

// openInput opens a file that is read twice. Standard input is kept in a file that has no name.
func (a *app) openInput(name string) (f *os.File, size int64, err error) {
	if name == "-" {
		f, err = a.keepInput()
	} else {
		f, err = os.Open(name)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the list: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("read the list: %w", err)
	}
	return f, info.Size(), nil
}

func (a *app) keepInput() (*os.File, error) {
	f, err := os.CreateTemp("", "vestnik-import-")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name())
	if _, err := io.Copy(f, a.in); err != nil {
		f.Close()
		return nil, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

func (a *app) reportSubscribers(cmd SubscribersImport, r subscribers.Report) error {
	if a.json {
		line := importJSON{File: cmd.File, Kind: r.Kind, Encoding: r.Encoding, DryRun: cmd.DryRun, Earlier: r.Earlier, Lines: r.Lines, Added: r.Added,
			Updated: r.Updated, Unchanged: r.Unchanged, Skipped: r.Skipped, Failed: r.Failed, Pending: r.Pending, Letters: r.Letters,
			Suppressed: r.Suppressed, Rejects: r.Rejects, Problems: []noteJSON{}, Skips: []noteJSON{}}
		for _, p := range r.Problems {
			line.Problems = append(line.Problems, noteJSON(p))
		}
		for _, s := range r.Skips {
			line.Skips = append(line.Skips, noteJSON(s))
		}
		return emit(a, []importJSON{line})
	}
	for _, p := range r.Problems {
		fmt.Fprintf(a.err, "%s:%d: %s\n", cmd.File, p.Line, p.Message)
	}
	if !a.quiet {
		for _, s := range r.Skips {
			fmt.Fprintf(a.err, "%s:%d: skipped: %s\n", cmd.File, s.Line, s.Message)
		}
	}
	a.sayImported(cmd, r)
	return nil
}

// sayImported sums an import up for people.
func (a *app) sayImported(cmd SubscribersImport, r subscribers.Report) {
	if r.Kind != "" && r.Kind != "vestnik" || r.Encoding != "" && r.Encoding != "utf-8" {
		a.say("%s: a file of %s, in %s.", cmd.File, kindWords(r.Kind), r.Encoding)
	}
	if r.Earlier > 0 {
		a.say("Going on after %s that an interrupted import had brought in.", count(r.Earlier, "line"))
	}
	a.say("%s: %d added, %d updated, %d unchanged, %d skipped, %d failed. %d pending, %s to confirm.", count(r.Lines, "line"),
		r.Added, r.Updated, r.Unchanged, r.Skipped, r.Failed, r.Pending, count(r.Letters, "letter"))
	if r.Suppressed > 0 {
		a.say("Addresses suppressed: %d.", r.Suppressed)
	}
	if r.Rejects != "" {
		a.say("What failed is in %s, each line with its problem: mend it there and import that file.", r.Rejects)
	}
	if cmd.DryRun {
		a.say("This was a rehearsal: nothing has been changed.")
	}
}

func kindWords(kind string) string {
	words := map[string]string{"vestnik": "our own columns", "listmonk": "listmonk", "mailchimp": "Mailchimp", "ghost": "Ghost", "substack": "Substack", "mapped": "mapped columns"}
	return words[kind]
}

// SubscribersExport exports readers.
type SubscribersExport struct {
	Address     string `arg:"" optional:"" name:"addr" help:"Everything that is held about this address, as one JSON document for its owner."`
	FilterFlags `embed:""`
	Format      string `help:"csv or json (one object a line); default: by the name of --output, else csv." enum:"auto,csv,json" default:"auto" placeholder:"FORMAT"`
	Output      string `short:"o" help:"File to write, readable by you alone; default: standard output." placeholder:"FILE"`
}

func (cmd SubscribersExport) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		filter, err := cmd.filter(a.ctx, c, d)
		if err != nil {
			return err
		}
		switch {
		case cmd.Address != "" && (cmd.Digest != "" || cmd.chosen() || cmd.Format == "csv"):
			return usageError("what is held about one address is exported whole, and as JSON: leave --digest, --state and --format out")
		case filter.State == subscribers.Suppressed:
			return usageError("suppressed addresses are not exported, since another program would mail them; `subscribers list --state suppressed` prints them")
		case cmd.Address != "":
			return cmd.one(a, c, d)
		}
		people, lines := 0, 0
		err = cmd.into(a, func(w io.Writer) (err error) {
			people, lines, err = subscribers.Export(a.ctx, d, w, cmd.format(a.json), filter)
			return err
		})
		if err == nil && cmd.Output != "" {
			a.say("Exported %s on %s to %s.", count(people, "subscriber"), count(lines, "line"), cmd.Output)
		}
		return err
	})
}

// one exports what is held about one person. An address of which nothing is held makes no file.
func (cmd SubscribersExport) one(a *app, c *Config, d *db.DB) error {
	var all bytes.Buffer
	if err := printHeld(a.ctx, c, d, &all, cmd.Address, false); err != nil {
		return err
	}
	return cmd.into(a, func(w io.Writer) error {
		_, err := all.WriteTo(w)
		return err
	})
}

// into writes to --output or else to standard output.
func (cmd SubscribersExport) into(a *app, write func(w io.Writer) error) error {
	if cmd.Output == "" {
		return write(a.out)
	}
	f, err := os.OpenFile(cmd.Output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if info, statErr := f.Stat(); statErr == nil && info.Mode().IsRegular() {
		err = f.Chmod(0o600) // one that was there, too: addresses are for the owner's eyes
	}
	if err == nil {
		err = write(f)
	}
	return errors.Join(err, f.Close())
}

func (cmd SubscribersExport) format(json bool) string {
	ending := strings.ToLower(filepath.Ext(cmd.Output))
	if cmd.Format == "json" || cmd.Format == "auto" && (json || ending == ".json" || ending == ".jsonl" || ending == ".ndjson") {
		return subscribers.FormatJSON
	}
	return subscribers.FormatCSV
}

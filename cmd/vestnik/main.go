// Vestnik is a newsletter and RSS syndication daemon for a newsroom: articles in; pages, feeds and "most read" digests
// by mail out. This package is the program: flags, configuration and wiring, one file for each noun of the command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // zones also where the machine has none

	"github.com/alecthomas/kong"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/db/schema"
	"vestnik/language"
)

// Exit statuses.
const (
	exitFailed = 1
	exitUsage  = 2
)

// CLI is the whole command line.
type CLI struct {
	Config  string `short:"c" help:"Configuration file." default:"vestnik.toml" env:"VESTNIK_CONFIG" placeholder:"FILE"`
	JSON    bool   `help:"Print one JSON object per line instead of a table."`
	Quiet   bool   `short:"q" help:"Print errors only."`
	Verbose bool   `short:"v" help:"Log more."`

	Demo    DemoCmd    `cmd:"" help:"Run everything at once on sample data, with a mailbox to look into; nothing to set up."`
	Init    InitCmd    `cmd:"" help:"Write a commented vestnik.toml with a secret, and make the database."`
	Serve   ServeCmd   `cmd:"" help:"Run the daemon: pages and feeds, the digests' schedule, the sender, the sources."`
	Migrate MigrateCmd `cmd:"" help:"Bring the database to this program's schema, and the words of its articles to this program's analyzer; serve does it, too."`

	Articles    ArticlesCmd    `cmd:"" help:"What is published."`
	Feeds       FeedsCmd       `cmd:"" help:"RSS, Atom and JSON Feed: what readers poll, and the hub that tells them."`
	Sources     SourcesCmd     `cmd:"" help:"Feeds of other sites that articles are pulled from."`
	Reads       ReadsCmd       `cmd:"" help:"What is read."`
	Digest      DigestCmd      `cmd:"" help:"The digests, their slots and editions."`
	Subscribers SubscribersCmd `cmd:"" help:"Who gets what."`
	Mail        MailCmd        `cmd:"" help:"The ledger of letters."`
	Backup      BackupCmd      `cmd:"" help:"Copy the database while the daemon runs, check the copy, and print the head of the consent log."`
	Adopt       AdoptCmd       `cmd:"" help:"Make this place the home of a database that was copied or restored, so that it publishes and sends again."`
	Retention   RetentionCmd   `cmd:"" help:"What is kept how long, since when, and what is due to be forgotten."`
	Completion  CompletionCmd  `cmd:"" help:"Print the script for tab completion in bash, zsh or fish."`
	Complete    CompleteCmd    `cmd:"" hidden:"" help:"What the scripts for tab completion ask."`
	Version     VersionCmd     `cmd:"" help:"Print the version."`
}

// app is what every command gets: where to read and print, and how.
type app struct {
	ctx     context.Context
	in      io.Reader
	out     io.Writer
	err     io.Writer
	config  string
	json    bool
	quiet   bool
	verbose bool
}

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr}
	return a.run(os.Args[1:])
}

// exitCode carries kong's wish to exit (after --help) out of its callbacks.
type exitCode int

func (a *app) run(args []string) (status int) {
	var cli CLI
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exitCode:
			status = int(r)
		default:
			panic(r)
		}
	}()
	parser, err := kong.New(&cli,
		kong.Name("vestnik"),
		kong.Description("Vestnik: a newsletter and RSS daemon for a newsroom. Start with `vestnik demo`, or `vestnik init` and `vestnik serve`."),
		kong.Writers(a.out, a.err),
		kong.Exit(func(code int) { panic(exitCode(code)) }),
		kong.ValueFormatter(helpOfValue),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 110}),
	)
	if err != nil {
		return a.fail(err, exitFailed)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		a.fail(err, exitUsage)
		fmt.Fprintln(a.err, "Try the same with --help.")
		return exitUsage
	}
	a.config, a.json, a.quiet, a.verbose = cli.Config, cli.JSON, cli.Quiet, cli.Verbose
	if err := parsed.Run(a); err != nil {
		var usage usageError
		if errors.As(err, &usage) {
			return a.fail(err, exitUsage)
		}
		if errors.Is(err, errReported) {
			return exitFailed
		}
		return a.fail(err, exitFailed)
	}
	return 0
}

// helpOfValue is the help of a flag or argument, whose ${enum} kong writes without spaces.
func helpOfValue(v *kong.Value) string {
	if kong.HasInterpolatedVar(v.OrigHelp, "enum") {
		spaced := *v
		spaced.Help = strings.Replace(v.Help, v.Enum, strings.Join(v.EnumSlice(), ", "), 1)
		v = &spaced
	}
	return kong.DefaultHelpValueFormatter(v)
}

// usageError is an error in how the command was called.
type usageError string

func (e usageError) Error() string { return string(e) }

// errReported ends a command with status 1 when it has already printed what went wrong.
var errReported = errors.New("reported")

func (a *app) fail(err error, status int) int {
	fmt.Fprintln(a.err, "vestnik:", err)
	return status
}

// say prints progress and results meant for people, not with --quiet or --json.
func (a *app) say(format string, args ...any) {
	if !a.quiet && !a.json {
		fmt.Fprintf(a.out, format+"\n", args...)
	}
}

// open loads the configuration and opens its database, migrated.
func (a *app) open() (*Config, *db.DB, error) {
	c, err := LoadConfig(a.config)
	if err != nil {
		return nil, nil, err
	}
	d, err := db.Open(a.ctx, c.databaseURL())
	if err != nil {
		return nil, nil, err
	}
	if d.Engine != "sqlite" {
		d.Witness = witnessOf(a.config)
	}
	if _, _, err := schema.Migrate(a.ctx, d); err != nil {
		d.Close()
		return nil, nil, err
	}
	return c, d, nil
}

// with runs f on the opened database.
func (a *app) with(f func(c *Config, d *db.DB) error) error {
	c, d, err := a.open()
	if err != nil {
		return err
	}
	defer d.Close()
	return f(c, d)
}

// NowFlag is the --now of commands where time matters.
type NowFlag struct {
	Now string `help:"Act as if it were this time (RFC 3339, or a date in the site's zone)." placeholder:"TIME"`
}

func (n NowFlag) time(c *Config) (time.Time, error) {
	if n.Now == "" {
		return time.Now(), nil
	}
	t, ok := language.ParseDate(n.Now, c.Site.location)
	if !ok {
		return time.Time{}, usageError(fmt.Sprintf("--now %q: write it as 2026-03-02T08:00:00+11:00 or 2026-03-02 08:00", n.Now))
	}
	return t, nil
}

// withNow runs f on the opened database at the time that the flag says.
func (a *app) withNow(flag NowFlag, f func(c *Config, d *db.DB, now time.Time) error) error {
	return a.with(func(c *Config, d *db.DB) error {
		now, err := flag.time(c)
		if err != nil {
			return err
		}
		return f(c, d, now)
	})
}

// VersionCmd prints the version.
type VersionCmd struct{}

func (VersionCmd) Run(a *app) error {
	_, err := fmt.Fprintln(a.out, "vestnik", version())
	return err
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return info.Main.Version
}

// MigrateCmd brings the schema up to date.
type MigrateCmd struct{}

func (MigrateCmd) Run(a *app) error {
	c, err := LoadConfig(a.config)
	if err != nil {
		return err
	}
	d, err := db.Open(a.ctx, c.databaseURL())
	if err != nil {
		return err
	}
	defer d.Close()
	from, to, err := schema.Migrate(a.ctx, d)
	if err != nil {
		return err
	}
	if from == to {
		a.say("The database is up to date (schema %d).", to)
	} else {
		a.say("Migrated from schema %d to %d.", from, to)
	}
	n, err := articles.Reindex(a.ctx, d)
	if n > 0 {
		a.say("Made the words of %s anew, for search and related articles.", count(n, "article"))
	}
	return err
}

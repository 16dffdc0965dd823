package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"text/template"
	"time"

	"vestnik/articles/files"
	"vestnik/db"
	"vestnik/db/schema"
	"vestnik/language"
	"vestnik/mail/mailtest"
	"vestnik/subscribers"
)

//go:embed demo.toml.tmpl
var demoConfig string

//go:embed sample
var sampleFiles embed.FS

// DemoCmd runs everything on sample data.
type DemoCmd struct {
	Once     bool   `help:"Run the loop once without waiting, print what happened and whether every promise held."`
	Listen   string `default:"127.0.0.1:8080" help:"Address of the pages; another port is taken if it is in use." placeholder:"ADDR"`
	Database string `help:"An empty database to use instead of a temporary one: sqlite:FILE or postgres://…" placeholder:"URL"`
}

func (cmd DemoCmd) Run(a *app) error {
	dir, err := os.MkdirTemp("", "vestnik-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer os.RemoveAll(dir)
	level := slog.LevelWarn
	if a.verbose {
		level = slog.LevelDebug
	}
	m, err := newDemo(a.ctx, cmd, dir, slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level})))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer m.close()
	if cmd.Once {
		return a.demoOnce(m, nil)
	}
	return a.demoForever(m)
}

// A demo is a whole newsroom on loopback: a database, the daemon, and a mail server whose mailbox it shows.
type demo struct {
	*daemon
	dir   string
	box   *mailtest.Server
	files int // sample articles
}

func newDemo(ctx context.Context, cmd DemoCmd, dir string, log *slog.Logger) (*demo, error) {
	box, err := mailtest.Start(mailtest.Options{Keep: 2000})
	if err != nil {
		return nil, err
	}
	m := &demo{dir: dir, box: box}
	if err := m.start(ctx, cmd, log); err != nil {
		box.Close()
		return nil, err
	}
	if err := m.fill(ctx); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *demo) start(ctx context.Context, cmd DemoCmd, log *slog.Logger) error {
	listener, err := net.Listen("tcp", cmd.Listen)
	if err != nil { // somebody else's port: any other will do
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	c, err := demoConfiguration(m.dir, cmd.Database, listener.Addr().String(), m.box.URL())
	if err != nil {
		listener.Close()
		return err
	}
	d, err := db.Open(ctx, c.databaseURL())
	if err != nil {
		listener.Close()
		return err
	}
	if _, _, err = schema.Migrate(ctx, d); err == nil {
		err = emptyDatabase(ctx, d)
	}
	if err == nil {
		c.Node.Roles = []string{"cron", "send"} // the listener is ours already
		m.daemon, err = newDaemon(c, d, log)
	}
	if err != nil {
		listener.Close()
		d.Close()
		return err
	}
	c.Node.Roles = []string{"web", "cron", "send"}
	m.listener, m.flush = listener, time.Second
	m.handler = m.withMailbox(m.handler)
	return nil
}

// emptyDatabase refuses a database that is somebody's.
func emptyDatabase(ctx context.Context, d *db.DB) error {
	var n int
	if err := d.QueryRowContext(ctx, `SELECT (SELECT COUNT(*) FROM articles) + (SELECT COUNT(*) FROM subscribers)`).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		return errors.New("the database is not empty; the demo fills one and must not touch yours")
	}
	return nil
}

func demoConfiguration(dir, database, listen, relay string) (*Config, error) {
	if database == "" {
		database = "sqlite:demo.db"
	}
	t, err := template.New("demo.toml").Parse(demoConfig)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, map[string]string{"URL": "http://" + listen, "Listen": listen, "Database": database, "Relay": relay,
		"Secret": rand.Text() + rand.Text()}); err != nil {
		return nil, err
	}
	noEnvironment := func(string) (string, bool) { return "", false } // the demo must never reach a real database or relay
	return parseConfig("demo.toml", dir, b.String(), noEnvironment)
}

func (m *demo) close() {
	m.sender.Close()
	m.listener.Close()
	m.d.Close()
	m.box.Close()
}

// fill imports the sample articles and subscribers.
func (m *demo) fill(ctx context.Context) error {
	folder := filepath.Join(m.dir, "articles")
	var err error
	if m.files, err = writeSamples(folder, time.Now()); err != nil {
		return err
	}
	results, err := files.Importer{Site: m.c.articlesSite()}.Import(ctx, m.d, []string{folder}, time.Now())
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.Err != nil {
			return r.Err
		}
	}
	list, err := sampleFiles.ReadFile("sample/subscribers.csv")
	if err != nil {
		return err
	}
	_, err = subscribers.Import(ctx, m.d, bytes.NewReader(list), "subscribers.csv", subscribers.ImportOptions{Verbs: m.verbs(), Basis: "invented for the demo"}, time.Now())
	if err != nil {
		return err
	}
	return m.readEnglish(ctx)
}

func (m *demo) verbs() subscribers.Verbs { return m.c.verbs(m.publisher.Templates) }

// readEnglish gives every fifth subscriber English letters.
func (m *demo) readEnglish(ctx context.Context) error {
	all, err := subscribers.List(ctx, m.d, subscribers.ListFilter{State: subscribers.Active})
	if err != nil {
		return err
	}
	return m.d.Tx(ctx, func(tx *sql.Tx) error {
		for i, s := range all {
			if i%5 == 4 {
				if err := subscribers.SetLanguage(ctx, tx, s.ID, "en", time.Now()); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

var dateLine = regexp.MustCompile(`(?m)^(date|updated): *(.+)$`)

// writeSamples writes the sample articles as files, their dates moved so that the newest is of two hours ago.
func writeSamples(folder string, now time.Time) (n int, err error) {
	names, err := fs.Glob(sampleFiles, "sample/*.md")
	if err != nil {
		return 0, err
	}
	texts := map[string]string{}
	var newest time.Time
	for _, name := range names {
		data, err := sampleFiles.ReadFile(name)
		if err != nil {
			return 0, err
		}
		texts[name] = string(data)
		for _, m := range dateLine.FindAllStringSubmatch(string(data), -1) {
			if t, ok := language.ParseDate(m[2], time.UTC); ok && t.After(newest) {
				newest = t
			}
		}
	}
	shift := now.Add(-2 * time.Hour).Sub(newest)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return 0, err
	}
	for name, text := range texts {
		moved := dateLine.ReplaceAllStringFunc(text, func(line string) string {
			m := dateLine.FindStringSubmatch(line)
			t, _ := language.ParseDate(m[2], time.UTC)
			return m[1] + ": " + t.Add(shift).Format(time.RFC3339)
		})
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(name)), []byte(moved), 0o644); err != nil {
			return 0, err
		}
	}
	return len(texts), nil
}

// demoForever shows the addresses and keeps simulated readers coming until it is interrupted.
func (a *app) demoForever(m *demo) error {
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	visitors, err := m.readBefore(ctx, time.Now())
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.run(ctx) }()
	a.say("Vestnik's demo newsroom is open; nothing leaves this machine, and all of it is gone when you stop it (Ctrl-C).\n")
	for _, line := range [][2]string{
		{"The front page", "/"}, {"What is read most", "/most-read"}, {"All feeds", "/feeds"},
		{"Join the digest", "/digests/daily"}, {"The mailbox, which gets every letter", "/demo/mailbox"},
	} {
		a.say("  %-38s %s%s", line[0], m.c.Site.URL, line[1])
	}
	a.say("\nA digest goes out every minute; the first one in %s.", count(60-time.Now().Second(), "second"))
	go m.keepReading(ctx, visitors)
	select {
	case err := <-ended:
		return err
	case <-a.ctx.Done():
		return <-ended
	}
}

// withMailbox puts the demo's own pages before the site's.
func (m *demo) withMailbox(site http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", site)
	mux.HandleFunc("GET /demo/banner.png", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, sampleFiles, "sample/banner.png") })
	mux.HandleFunc("GET /demo/pictures/{name}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, sampleFiles, "sample/pictures/"+r.PathValue("name"))
	})
	mux.HandleFunc("GET /demo/sponsor", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "An invented sponsor's page.\n") })
	mux.HandleFunc("GET /demo/mailbox", m.mailbox)
	mux.HandleFunc("GET /demo/mailbox/{id}", m.letter)
	mux.HandleFunc("GET /demo/mailbox/{id}/{part}", m.letterPart)
	return mux
}

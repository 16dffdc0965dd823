package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/digest"
	"vestnik/fetch"
	"vestnik/mail"
	"vestnik/reads"
	"vestnik/sources"
	"vestnik/subscribers/consent"
	"vestnik/templates"
	"vestnik/web"
	"vestnik/websub"
)

// flushEvery is how often counted reads are written: kill -9 costs at most this much of them.
const flushEvery = 10 * time.Second

// ServeCmd runs the daemon.
type ServeCmd struct{}

func (ServeCmd) Run(a *app) error {
	c, d, err := a.open()
	if err != nil {
		return err
	}
	defer d.Close()
	unlock, err := lockDaemon(d)
	if err != nil {
		return err
	}
	defer unlock()
	s, err := newDaemon(c, d, a.logger())
	if err != nil {
		return err
	}
	go boundMemory(a.ctx)
	return s.run(a.ctx)
}

// A daemon is everything that serve runs, under one context.
type daemon struct {
	c         *Config
	d         *db.DB
	log       *slog.Logger
	counter   *reads.Counter
	publisher digest.Publisher
	digests   []digest.Digest
	sender    *mail.Sender
	fetcher   *fetch.Client
	handler   http.Handler
	server    *web.Server
	hub       *websub.Hub // nil: none
	listener  net.Listener
	flush     time.Duration
	clock     clock // of the pages
}

func newDaemon(c *Config, d *db.DB, log *slog.Logger) (*daemon, error) {
	if c.hasRole("send") && len(c.Mail.Relays) == 0 {
		return nil, errors.New("no SMTP server takes our letters: add a [[mail.relay]] with its url, or leave \"send\" out of [node] roles")
	}
	set, err := c.templates()
	if err != nil {
		return nil, err
	}
	for _, sentence := range templates.Lacking() {
		log.Warn(sentence)
	}
	s := &daemon{c: c, d: d, log: log, counter: c.counter(), publisher: c.publisher(d, set, log), digests: c.digests(), fetcher: c.fetchClient(), flush: flushEvery}
	if s.sender, err = c.sender(d, log); err != nil {
		return nil, err
	}
	options := c.webOptions(d, set, s.counter, log)
	options.Now = s.clock.now
	if *c.Feeds.Hub {
		s.hub = s.newHub()
		options.Hub = s.hub
	}
	if s.server, err = web.New(options); err != nil {
		return nil, err
	}
	s.handler = s.server.Handler()
	if c.hasRole("web") {
		if s.listener, err = net.Listen("tcp", c.HTTP.Listen); err != nil {
			return nil, fmt.Errorf("listen on %s ([http] listen): %w", c.HTTP.Listen, err)
		}
	}
	return s, nil
}

// run runs the node's roles until ctx ends or one of them fails, then stops them: no new requests, no new editions, the
// letters in flight are finished, the reads written.
func (s *daemon) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	start := func(role string, loop func(context.Context) error) {
		wg.Go(func() {
			if err := loop(ctx); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("%s: %w", role, err))
			}
		})
	}
	for role, loop := range map[string]func(context.Context) error{"web": s.runWeb, "poll": s.runSources} {
		if s.c.hasRole(role) {
			start(role, loop)
		}
	}
	wg.Go(func() {
		if s.awaitHome(ctx) {
			s.startAtHome(start)
		}
	})
	wg.Go(func() { s.sealConsent(ctx) })
	wg.Go(func() { s.runKeeping(ctx) })
	if s.c.hasRole("web") || s.c.hasRole("cron") {
		wg.Go(func() { s.runRelated(ctx) })
	}
	s.log.Info("vestnik is running", "version", version(), "site", s.c.Site.URL, "roles", s.c.Node.Roles, "database", s.d.Engine)
	<-ctx.Done()
	s.log.Info("stopping")
	wg.Wait()
	s.sender.Close()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	s.log.Info("stopped")
	return nil
}

// startAtHome starts what only the one place may do where the database is at home: publishing, sending, and telling other sites.
func (s *daemon) startAtHome(start func(role string, loop func(context.Context) error)) {
	start("home", s.keepHome)
	if s.c.hasRole("cron") {
		start("cron", s.runDigests)
	}
	if s.c.hasRole("send") {
		start("send", s.runSender)
	}
	if s.c.hasRole("web") && s.hub != nil {
		start("hub", s.hub.Run)
	}
}

// runSender sends. On SQLite the lock on the file says that no other daemon lives: what an earlier one left leased is free.
func (s *daemon) runSender(ctx context.Context) error {
	if s.d.Engine == "sqlite" {
		if _, err := s.sender.TakeOver(ctx, time.Now()); err != nil {
			return err
		}
	}
	return s.sender.Run(ctx)
}

// relateEvery is how long a list of related articles waits for its making after a change.
const relateEvery = 5 * time.Second

// runRelated makes the lists of related articles that are owed, beside all other work, until ctx ends. At first and each
// hour it also makes the words of articles anew that an older vestnik made, be it one that still runs elsewhere.
func (s *daemon) runRelated(ctx context.Context) {
	for next := time.Now(); ctx.Err() == nil; sleep(ctx, relateEvery) {
		if now := time.Now(); !now.Before(next) {
			next = now.Add(time.Hour)
			n, err := articles.Housekeep(ctx, s.d)
			if n > 0 {
				s.log.Info("words of articles made anew", "articles", n)
			}
			s.logFailure(ctx, "words of articles", err)
		}
		n, err := articles.Relate(ctx, s.d)
		if n > 0 {
			s.log.Debug("lists of related articles made", "lists", n)
		}
		s.logFailure(ctx, "lists of related articles", err)
	}
}

// logFailure says what failed and is tried again.
func (s *daemon) logFailure(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		s.log.Error(what, "error", err)
	}
}

// sealEvery is how long a line of consent may stand outside the chain.
const sealEvery = time.Second

// sealConsent chains what was agreed to, until ctx ends.
func (s *daemon) sealConsent(ctx context.Context) {
	for ctx.Err() == nil {
		if _, err := consent.Seal(ctx, s.d, time.Now()); err != nil && ctx.Err() == nil {
			s.log.Error("the log of consent is not sealed", "error", err)
		}
		sleep(ctx, sealEvery)
	}
}

// newHub makes the hub of our own feeds. A site on this machine tells only readers on this machine: trials and the demo never
// leave it.
func (s *daemon) newHub() *websub.Hub {
	return websub.New(websub.Options{
		DB: s.d, URL: s.c.Site.URL + "/hub", Log: s.log,
		Client: fetch.New(fetch.Options{UserAgent: s.c.userAgent(), OnlyLoopback: isLoopback(s.c.Site.URL), KeepAlive: 4, MaxBytes: 64 << 10}),
		Topic:  func(ctx context.Context, topic string) (bool, error) { return s.server.Topic(ctx, topic) },
		Content: func(ctx context.Context, topic string, since int64) (websub.Content, error) {
			d, err := s.server.Content(ctx, topic, since)
			return websub.Content(d), err
		},
	})
}

// runWeb answers requests and keeps the feeds fresh, until ctx ends or one of them fails.
func (s *daemon) runWeb(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	loops := []func(context.Context) error{s.serveHTTP, s.server.Follow}
	var wg sync.WaitGroup
	for _, loop := range loops {
		wg.Go(func() { cancel(loop(ctx)) })
	}
	wg.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// httpServer has limits on slow clients. Requests are small, so their head and the whole may take the same time: each deadline
// that differs is set anew with every request.
func httpServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 20 * time.Second, ReadTimeout: 20 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
}

// serveHTTP answers requests and writes the counted reads, until ctx ends.
func (s *daemon) serveHTTP(ctx context.Context) error {
	server := httpServer(s.handler)
	server.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(s.listener) }()
	err := s.flushUntil(ctx, failed)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	server.Shutdown(grace)
	if _, flushErr := s.counter.Flush(grace, s.d, time.Now()); flushErr != nil {
		s.log.Error("the last reads were not written", "error", flushErr)
	}
	if flushErr := s.server.Subscribers.Tally.Flush(grace, s.d, time.Now()); flushErr != nil {
		s.log.Error("what was refused last was not written", "error", flushErr)
	}
	return err
}

// flushUntil writes the reads every s.flush, or when many have gathered, and does the hourly housekeeping, until ctx ends or the server fails.
func (s *daemon) flushUntil(ctx context.Context, failed <-chan error) error {
	ticker, hourly := time.NewTicker(s.flush), time.NewTicker(time.Hour)
	defer ticker.Stop()
	defer hourly.Stop()
	kept := time.Now() // when the house was last kept
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case now := <-ticker.C:
			s.flushReads(ctx, now)
		case <-s.counter.Filling():
			s.flushReads(ctx, time.Now())
		case now := <-hourly.C:
			if err := errors.Join(reads.Housekeep(ctx, s.d, kept, now), reads.HousekeepUnknown(ctx, s.d, s.c.Site.URL, now), websub.Housekeep(ctx, s.d, now)); err != nil {
				s.log.Error("housekeeping", "error", err)
			}
			kept = now
		}
	}
}

func (s *daemon) flushReads(ctx context.Context, now time.Time) {
	if _, err := s.counter.Flush(ctx, s.d, now); err != nil && ctx.Err() == nil {
		s.log.Error("reads are kept in memory until the next try", "error", err)
	}
	if err := s.server.Subscribers.Tally.Flush(ctx, s.d, now); err != nil && ctx.Err() == nil {
		s.log.Error("what was refused is kept in memory until the next try", "error", err)
	}
	if err := s.counter.Learn(ctx, s.d, now); err != nil && ctx.Err() == nil {
		s.log.Error("addresses of pages elsewhere are those of the last time", "error", err)
	}
}

// runDigests publishes what is due and sleeps until the next slot; every few seconds it also looks for editions that
// another process made.
func (s *daemon) runDigests(ctx context.Context) error {
	for ctx.Err() == nil {
		next, err := s.publisher.Step(ctx, s.digests, time.Now())
		if err != nil && ctx.Err() == nil {
			s.log.Error("digests", "error", err)
		}
		pause := 5 * time.Second
		if until := time.Until(next); !next.IsZero() && until < pause {
			pause = max(until, 5*time.Millisecond) // there are letters to write down: others have had their turns between two transactions
		}
		sleep(ctx, pause)
	}
	return nil
}

// runSources polls the sources that are due.
func (s *daemon) runSources(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := sources.Due(ctx, s.d, s.c.sources(), time.Now())
		if err != nil && ctx.Err() == nil {
			s.log.Error("sources", "error", err)
		}
		for _, src := range due {
			report, err := sources.Poll(ctx, s.d, s.fetcher, s.c.articlesSite(), src, time.Now())
			if err != nil {
				s.log.Warn("source", "name", src.Name, "error", err)
			} else if report.Added+report.Updated > 0 {
				s.log.Info("source", "name", src.Name, "added", report.Added, "updated", report.Updated)
			}
		}
		sleep(ctx, 10*time.Second)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// isLoopback reports whether the address is of this machine.
func isLoopback(rawURL string) bool {
	host := hostOf(rawURL)
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

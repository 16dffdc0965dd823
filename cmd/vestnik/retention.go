package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vestnik/db"
	"vestnik/reads"
	"vestnik/reads/addresses"
	"vestnik/subscribers"
	"vestnik/websub"
)

// RetentionCmd prints the clocks.
type RetentionCmd struct {
	NowFlag `embed:""`
}

func (RetentionCmd) Help() string {
	return "The daemon runs the clocks once an hour; what is due here it will forget next. The lengths are in [retention]; those of tables without anything personal are fixed. The log of consent, suppressions " +
		"and the hashes of erased addresses are kept for ever: they are what the law wants shown."
}

type clockJSON struct {
	Table  string `json:"table"`
	What   string `json:"what"`
	After  string `json:"after"`
	Oldest string `json:"oldest"`
	Due    int64  `json:"due"`
}

func (cmd RetentionCmd) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		clocks, err := c.retention().Clocks(a.ctx, d, now)
		if err == nil {
			clocks, err = addClocks(a.ctx, d, clocks, now)
		}
		if err != nil {
			return err
		}
		var lines []clockJSON
		for _, k := range clocks {
			lines = append(lines, clockJSON{k.Table, k.What, length(k.After), c.iso(k.Oldest), k.Due})
		}
		return emit(a, lines,
			column[clockJSON]{title: "Table", value: func(k clockJSON) any { return k.Table }},
			column[clockJSON]{title: "What", value: func(k clockJSON) any { return k.What }, width: 60},
			column[clockJSON]{title: "Kept for", value: func(k clockJSON) any { return k.After }, right: true},
			column[clockJSON]{title: "Oldest", value: func(k clockJSON) any { return day(k.Oldest) }},
			column[clockJSON]{title: "Due", value: func(k clockJSON) any { return k.Due }, right: true})
	})
}

// retention is what the configuration says.
func (c *Config) retention() subscribers.Retention {
	return subscribers.Retention{Pending: time.Duration(*c.Keep.Pending), Left: time.Duration(*c.Keep.Left), Letters: time.Duration(*c.Keep.Letters), Imports: time.Duration(*c.Keep.Imports)}
}

// length is a clock's, for people.
func length(d time.Duration) string {
	switch {
	case d == 0:
		return "ever"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return d.String()
}

// addClocks adds those of tables that package subscribers does not know.
func addClocks(ctx context.Context, d *db.DB, all []subscribers.Clock, now time.Time) ([]subscribers.Clock, error) {
	const aDay = 24 * time.Hour
	for _, c := range []struct {
		clock       subscribers.Clock
		oldest, due string
	}{
		{subscribers.Clock{Table: "read_seen", What: "visitors of an article, as hashes under a day's salt", After: 2 * aDay},
			`SELECT COALESCE(MIN(day), 0) * 86400000 FROM read_seen`, `SELECT COUNT(*) FROM read_seen WHERE day <= CAST($1 AS BIGINT) / 86400000`},
		{subscribers.Clock{Table: "read_hour", What: "reads by hour; the sums of days stay", After: reads.KeepHours * aDay},
			`SELECT COALESCE(MIN(hour), 0) * 3600000 FROM read_hour`, `SELECT COUNT(*) FROM read_hour WHERE hour < CAST($1 AS BIGINT) / 86400000 * 24`},
		{subscribers.Clock{Table: "read_filtered", What: "hits that were no reads, by reason", After: reads.KeepFiltered * aDay},
			`SELECT COALESCE(MIN(day), 0) * 86400000 FROM read_filtered`, `SELECT COUNT(*) FROM read_filtered WHERE day < CAST($1 AS BIGINT) / 86400000`},
		{subscribers.Clock{Table: "read_unknown", What: "reads of addresses that are no article's", After: addresses.KeepUnknown},
			`SELECT COALESCE(MIN(noted), 0) FROM read_unknown`, `SELECT COUNT(*) FROM read_unknown WHERE noted < $1`},
		{subscribers.Clock{Table: "hub_pushes", What: "what the hub told whom", After: websub.LogFor},
			`SELECT COALESCE(MIN(at), 0) FROM hub_pushes`, `SELECT COUNT(*) FROM hub_pushes WHERE at <= $1`},
	} {
		clock, err := subscribers.ReadClock(ctx, d, c.clock, c.oldest, c.due, now)
		if err != nil {
			return nil, err
		}
		all = append(all, clock)
	}
	return all, nil
}

// runKeeping forgets what is over its time, on every node once an hour, and mails the head of the log of consent once a week.
func (s *daemon) runKeeping(ctx context.Context) {
	swept := time.Time{} // nothing: what was erased while no daemon ran is looked for at the start
	verbs := s.c.verbs(s.publisher.Templates)
	for ctx.Err() == nil {
		now := time.Now()
		err := verbs.Retain(ctx, s.d, s.c.retention(), now)
		files, sweepErr := verbs.SweepFiles(ctx, s.d, swept)
		if sweepErr == nil {
			swept = now.Add(-time.Minute) // clocks of nodes differ
		}
		if err = errors.Join(err, sweepErr, s.mailHead(ctx, verbs, now)); err != nil && ctx.Err() == nil {
			s.log.Error("retention", "error", err)
		}
		if files.Lines > 0 {
			s.log.Info("erased addresses taken out of files of rejected lines", "lines", files.Lines)
		}
		sleep(ctx, time.Hour)
	}
}

func (s *daemon) mailHead(ctx context.Context, verbs subscribers.Verbs, now time.Time) error {
	if s.c.Site.Admin == "" {
		return nil
	}
	written, err := verbs.MailHead(ctx, s.d, s.c.Site.Admin, now)
	if written {
		s.log.Info("the head of the log of consent goes to the admin")
	}
	return err
}

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"vestnik/db"
	"vestnik/reads"
	"vestnik/reads/addresses"
	"vestnik/reads/logs"
)

// LogVerbs are the verbs on reads that access logs tell of.
type LogVerbs struct {
	Import  ReadsImport  `cmd:"" help:"Count reads from access logs: combined, or JSON of Caddy or nginx; plain or gzipped."`
	Unknown ReadsUnknown `cmd:"" help:"Addresses in logs, and on sites that live elsewhere, that are no article's, with their reads, kept for later."`
	Map     ReadsMap     `cmd:"" help:"Say whose article an address is, and bring in its reads."`
}

// ReadsImport imports access logs.
type ReadsImport struct {
	Logs    []string `arg:"" name:"log" help:"Access logs, plain or gzipped; - for standard input. A log that has grown goes on where it stopped, and a rotated or packed copy is known again. Days older than yesterday have their visitors forgotten: give logs of one such day together. Pages that report reads themselves must not be imported as well: they would count twice."`
	Site    string   `help:"Site that wrote the logs, where it is not this one or lines name another host than readers see." placeholder:"URL"`
	NowFlag `embed:""`
}

type logJSON struct {
	File    string           `json:"file"`
	Earlier int64            `json:"earlier"` // bytes
	Lines   int64            `json:"lines"`
	Reads   int64            `json:"reads"`
	Unknown int64            `json:"unknown"`
	Dropped map[string]int64 `json:"dropped"`
	Torn    bool             `json:"torn"`
	Broken  string           `json:"broken"`
	Error   string           `json:"error"`
}

func (cmd ReadsImport) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		if cmd.Site != "" {
			if err := absoluteURL(cmd.Site); err != nil {
				return usageError(fmt.Sprintf("--site %q: %v", cmd.Site, err))
			}
		}
		files, total := a.logs(cmd.Logs)
		move, end := a.bar("Importing", progress.UnitsBytes)
		before, last := int64(0), int64(0) // bytes of the files before, and of this one
		im, err := logs.New(a.ctx, d, logs.Options{Site: c.Site.URL, Log: cmd.Site, RespectGPC: *c.Reads.RespectGPC, Proxies: c.HTTP.proxies,
			Progress: func(n int64) { last = n; move(before+n, total) }}, now, files...)
		if err != nil {
			end()
			return err
		}
		var lines []logJSON
		failed := false
		for _, f := range files {
			line := importLog(a, im, f)
			failed = failed || line.Broken != "" || line.Error != ""
			lines = append(lines, line)
			before, last = before+last, 0
		}
		end()
		if err := a.reportLogs(lines); err != nil || !failed {
			return err
		}
		return errReported
	})
}

// logs are the files to import, the oldest first, and how many bytes they have together.
func (a *app) logs(names []string) (all []logs.Source, total int64) {
	changed := map[string]time.Time{}
	for _, name := range names {
		if name == "-" {
			all = append(all, logs.Source{Name: "standard input", Once: true, Open: func() (io.ReadCloser, error) { return io.NopCloser(a.in), nil }})
			changed["standard input"] = time.Now()
			continue
		}
		all = append(all, logs.Source{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(name) }})
		if info, err := os.Stat(name); err == nil {
			total += info.Size()
			changed[name] = info.ModTime()
		}
	}
	slices.SortStableFunc(all, func(x, y logs.Source) int { return changed[x.Name].Compare(changed[y.Name]) })
	return all, total
}

func importLog(a *app, im *logs.Importer, f logs.Source) logJSON {
	r, err := im.Import(a.ctx, f)
	line := logJSON{File: f.Name, Earlier: r.Earlier, Lines: r.Lines, Reads: r.Reads, Unknown: r.Unknown, Dropped: r.Dropped, Torn: r.Torn, Broken: r.Broken}
	if r.Broken != "" {
		fmt.Fprintf(a.err, "vestnik: import %s: it cannot be read to its end: %s; what came before is imported\n", f.Name, r.Broken)
	}
	if err != nil {
		line.Error = err.Error()
		fmt.Fprintln(a.err, "vestnik:", err)
	}
	return line
}

// reportLogs prints what the logs brought, and for people, why lines were no reads.
func (a *app) reportLogs(lines []logJSON) error {
	number := func(title string, value func(x logJSON) any) column[logJSON] {
		return column[logJSON]{title: title, value: value, right: true}
	}
	err := emit(a, lines,
		column[logJSON]{title: "Log", value: func(x logJSON) any { return x.File }, width: 60},
		number("Lines", func(x logJSON) any { return x.Lines }),
		number("Reads", func(x logJSON) any { return x.Reads }),
		number("Unknown", func(x logJSON) any { return x.Unknown }),
		number("No reads", func(x logJSON) any { return x.Lines - x.Reads - x.Unknown }),
		column[logJSON]{title: "Remarks", value: logRemarks})
	if err != nil || a.json || a.quiet {
		return err
	}
	if dropped := sumDropped(lines); len(dropped) > 0 {
		a.say("")
		return emit(a, dropped,
			column[filteredJSON]{title: "Reason", value: func(x filteredJSON) any { return x.Reason }},
			column[filteredJSON]{title: "Lines", value: func(x filteredJSON) any { return x.N }, right: true})
	}
	return nil
}

func logRemarks(x logJSON) any {
	switch {
	case x.Error != "":
		return "failed"
	case x.Broken != "":
		return "damaged"
	case x.Lines == 0 && x.Earlier > 0:
		return "nothing new"
	case x.Lines > 0 && x.Dropped[logs.ReasonMalformed] == x.Lines:
		return "no access log of a known format"
	case x.Torn:
		return "the last line has no end yet"
	case x.Earlier > 0:
		return "goes on where it stopped"
	}
	return ""
}

func sumDropped(lines []logJSON) (all []filteredJSON) {
	sums := map[string]int64{}
	for _, x := range lines {
		for reason, n := range x.Dropped {
			sums[reason] += n
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(sums)) {
		all = append(all, filteredJSON{Reason: reason, N: sums[reason]})
	}
	slices.SortStableFunc(all, func(x, y filteredJSON) int { return cmp.Compare(y.N, x.N) })
	return all
}

// ReadsUnknown lists addresses that are no article's.
type ReadsUnknown struct {
	Limit int `default:"50" help:"At most so many; 0 for all."`
}

type unknownJSON struct {
	URL   string `json:"url"`
	Reads int64  `json:"reads"`
	First string `json:"first"`
	Last  string `json:"last"`
}

func (cmd ReadsUnknown) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		all, err := addresses.List(a.ctx, d)
		if err != nil {
			return err
		}
		if cmd.Limit > 0 {
			all = all[:min(len(all), cmd.Limit)]
		}
		var lines []unknownJSON
		for _, u := range all {
			lines = append(lines, unknownJSON{u.URL, u.N, c.iso(u.First), c.iso(u.Last)})
		}
		return emit(a, lines,
			column[unknownJSON]{title: "Address", value: func(x unknownJSON) any { return x.URL }, width: 100},
			column[unknownJSON]{title: "Reads", value: func(x unknownJSON) any { return x.Reads }, right: true},
			column[unknownJSON]{title: "First", value: func(x unknownJSON) any { return x.First }},
			column[unknownJSON]{title: "Last", value: func(x unknownJSON) any { return x.Last }})
	})
}

// ReadsMap maps an address to an article.
type ReadsMap struct {
	URL  string `arg:"" name:"url" help:"Address, as reads unknown has it, or any other."`
	Slug string `arg:"" help:"Slug of the article."`
}

type mappedJSON struct {
	URL   string `json:"url"`
	Slug  string `json:"slug"`
	Reads int64  `json:"reads"`
}

func (cmd ReadsMap) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		n, err := reads.Map(a.ctx, d, c.Site.URL, cmd.URL, cmd.Slug, time.Now())
		if err != nil {
			return err
		}
		if a.json {
			return emit(a, []mappedJSON{{cmd.URL, cmd.Slug, n}})
		}
		a.say("%s is an address of %s now; reads brought in: %d.", cmd.URL, cmd.Slug, n)
		return nil
	})
}

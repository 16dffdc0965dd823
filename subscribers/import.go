package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/subscribers/consent"
)

// maxNotes is how many problems, and how many skipped lines, a [Report] names; it counts them all.
const maxNotes = 1000

// batchLines is how many lines are imported in one transaction.
const batchLines = 1000

// ImportOptions say how to import.
type ImportOptions struct {
	Verbs Verbs
	Basis string // how and when those with the status active agreed; without it such lines are refused
	// SendConfirmations writes a confirmation letter to everybody who becomes pending by the import, which is the only way
	// they can ever confirm. Without it they stay pending until they join by a form or an admin confirms them.
	SendConfirmations bool
	Progress          func(read int64) // called after each batch with the bytes read so far; may be nil
}

// A LineNote says something of one line of a file, as a sentence.
type LineNote struct {
	Line    int
	Message string
}

// A Report says what an import did. Lines = Added + Updated + Unchanged + Skipped + Failed.
type Report struct {
	Lines     int // lines that are not blank, without the header
	Added     int // made a new subscriber
	Updated   int // changed one: a further digest, active in place of pending, another name
	Unchanged int // said what was known already, here or earlier in the file
	Skipped   int // would have revived somebody who left, or is suppressed or erased
	Failed    int // could not be used

	Pending int // subscriptions that became pending
	Letters int // confirmation letters written to them

	Problems []LineNote // why lines failed; at most 1,000
	Skips    []LineNote // what was skipped; at most 1,000; a line can be in part skipped and in part updated
}

func (r *Report) fail(line int, message string) {
	r.Lines++
	r.Failed++
	r.Problems = note(r.Problems, line, message)
}

func (r *Report) skip(line int, message string) { r.Skips = note(r.Skips, line, message) }

func note(notes []LineNote, line int, message string) []LineNote {
	if len(notes) == maxNotes {
		return notes
	}
	return append(notes, LineNote{line, message})
}

func (r *Report) add(part Report) {
	r.Lines += part.Lines
	r.Added += part.Added
	r.Updated += part.Updated
	r.Unchanged += part.Unchanged
	r.Skipped += part.Skipped
	r.Pending += part.Pending
	r.Letters += part.Letters
	for _, n := range part.Skips {
		r.skip(n.Line, n.Message)
	}
}

// ImportCSV reads a file with the columns email,name,digests,status (see [ExportCSV]) into the database. The status is active
// or pending, and pending where none is given; digests are parted by spaces. A line that cannot be used is reported, and
// the others go in. Nobody who has left, is suppressed or was erased is revived; who is active stays so; the same address on
// several lines is one subscriber, active where any line says so. Lines go in by the thousand, each thousand in one
// transaction, and to import the same file again changes nothing: after an error or a crash simply begin anew.
// The name is the file's, for the lines of consent. An error means that nothing after the report's lines was read.
func ImportCSV(ctx context.Context, d *db.DB, r io.Reader, name string, o ImportOptions, now time.Time) (Report, error) {
	var report Report
	s, err := openSheet(r)
	if err != nil {
		return report, fmt.Errorf("import %s: %w", name, err)
	}
	o.Basis = strings.TrimSpace(cleanName(o.Basis))
	im := importer{options: o, file: cleanName(filepath.Base(name)), now: now, masters: map[string]*importMaster{}}
	for done := false; !done; {
		var entries []entry
		if entries, done, err = readBatch(s, o, &report); err == nil {
			err = im.batch(ctx, d, entries, &report)
		}
		if err != nil {
			return report, fmt.Errorf("import %s: after line %d: %w", name, s.line, err)
		}
		if o.Progress != nil {
			o.Progress(s.csv.InputOffset())
		}
	}
	return report, nil
}

// readBatch returns the usable lines of the next batch, and puts the others into the report.
func readBatch(s *sheet, o ImportOptions, report *Report) (entries []entry, done bool, err error) {
	for range batchLines {
		err := s.next()
		var bad sheetError
		switch {
		case errors.Is(err, io.EOF):
			return entries, true, nil
		case errors.As(err, &bad):
			report.fail(s.line, bad.problem)
			continue
		case err != nil:
			return entries, true, err
		}
		e, err := s.entry(o.Verbs, o.Basis)
		if err != nil {
			report.fail(s.line, err.Error())
			continue
		}
		entries = append(entries, e)
	}
	return entries, false, nil
}

// An importMaster is the one copy of a confirmation letter that all letters of an import about a digest share.
type importMaster struct {
	ref    int64
	letter confirmLetter
	stored bool // by a batch that is committed
}

type importer struct {
	options ImportOptions
	file    string
	now     time.Time
	masters map[string]*importMaster // by digest
}

func (im importer) batch(ctx context.Context, d *db.DB, entries []entry, report *Report) error {
	if len(entries) == 0 {
		return nil
	}
	if im.options.SendConfirmations {
		if err := im.prepareMasters(entries); err != nil {
			return err
		}
	}
	var part Report
	var used []string
	err := d.Tx(ctx, func(tx *sql.Tx) error {
		part = Report{Lines: len(entries)} // anew, since a deadlock makes PostgreSQL run it again
		members, err := im.members(ctx, tx, entries)
		if err != nil {
			return err
		}
		changes := members.apply(entries, &part)
		used, err = im.write(ctx, tx, changes, &part)
		return err
	})
	if err != nil {
		return err
	}
	for _, digest := range used {
		im.masters[digest].stored = true
	}
	report.add(part)
	return nil
}

// prepareMasters composes the letters that the batch may need; they are written with the first letter that does.
func (im importer) prepareMasters(entries []entry) error {
	for _, e := range entries {
		for _, digest := range e.digests {
			if im.masters[digest] != nil || e.state != Pending {
				continue
			}
			letter, err := im.options.Verbs.confirmLetter(digest, "")
			if err != nil {
				return err
			}
			im.masters[digest] = &importMaster{ref: db.NewID(), letter: letter}
		}
	}
	return nil
}

// A member is a subscriber whom a batch is about.
type member struct {
	id      int64
	key     string
	name    string
	fresh   bool   // made by this batch
	closed  string // why nothing may be done, as "is suppressed"
	renamed bool
	states  map[string]string // by digest
	changed map[string]bool
}

type members map[string]*member // by key

// members finds or creates the subscribers of a batch. Creating comes first: on PostgreSQL another import may be at
// the same addresses, and whoever inserts a key first decides its id.
func (im importer) members(ctx context.Context, tx *sql.Tx, entries []entry) (members, error) {
	all := make(members, len(entries))
	var keys []any
	minted := map[int64]bool{}
	for _, e := range entries {
		if all[e.key] == nil {
			all[e.key] = &member{key: e.key, states: map[string]string{}, changed: map[string]bool{}}
			keys = append(keys, e.key)
		}
	}
	if err := all.markSuppressed(ctx, tx, keys); err != nil {
		return nil, err
	}
	rows := bulk{shared: []any{stateActive, db.Milli(im.now)}, width: 6}
	seen := map[string]bool{}
	for _, e := range entries {
		if all[e.key].closed == "" && !seen[e.key] {
			seen[e.key] = true
			id := db.NewID()
			minted[id] = true
			rows.add(id, e.email, e.key, domainOf(e.key), e.name, consent.NewSalt())
		}
	}
	if err := rows.insert(ctx, tx,
		`INSERT INTO subscribers (id, email, email_key, domain, name, salt, language, timezone, state, since)`, `(%s, '', '', $1, $2)`,
		`ON CONFLICT (email_key) DO NOTHING`); err != nil {
		return nil, err
	}
	return all, all.load(ctx, tx, keys, minted)
}

func (all members) markSuppressed(ctx context.Context, tx *sql.Tx, keys []any) error {
	suppressed, err := collectIn(ctx, tx, scanText, `SELECT email_key FROM suppressions WHERE email_key IN (%s)`, keys)
	for _, key := range suppressed {
		all[key].closed = "is suppressed and must not be mailed"
	}
	return err
}

// load fills in ids, names and subscriptions.
func (all members) load(ctx context.Context, tx *sql.Tx, keys []any, minted map[int64]bool) error {
	scan := func(row *sql.Rows) (Subscriber, error) { return scanSubscriber(row) }
	found, err := collectIn(ctx, tx, scan, `SELECT `+subscriberColumns+` FROM subscribers WHERE email_key IN (%s)`, keys)
	if err != nil {
		return err
	}
	byID := map[int64]*member{}
	var known []any
	for _, s := range found {
		m := all[s.Key]
		m.id, m.name, m.fresh = s.ID, s.Name, minted[s.ID]
		if s.State != stateActive {
			m.closed = "was erased"
		}
		byID[s.ID] = m
		if !m.fresh {
			known = append(known, s.ID)
		}
	}
	subscriptions, err := subscriptionsOf(ctx, tx, known)
	for _, u := range subscriptions {
		byID[u.subscriber].states[u.Digest] = u.State
	}
	return err
}

// A change is a subscription that a batch makes or turns active, or a name that it changes.
type change struct {
	member *member
	digest string // "" for the name
	state  string
}

// apply goes through the lines in order, so that duplicates in a file come out the same wherever a batch ends, and returns
// the changes that remain to be written.
func (all members) apply(entries []entry, report *Report) []change {
	touched := map[string]bool{}
	var order []*member
	for _, e := range entries {
		m := all[e.key]
		if m.closed != "" {
			report.Skipped++
			report.skip(e.line, e.key+" "+m.closed)
			continue
		}
		if !touched[e.key] {
			order = append(order, m)
		}
		m.applyLine(e, m.fresh && !touched[e.key], report)
		touched[e.key] = true
	}
	var changes []change
	for _, m := range order {
		if m.renamed {
			changes = append(changes, change{m, "", m.name})
		}
		for _, digest := range slices.Sorted(maps.Keys(m.changed)) {
			changes = append(changes, change{m, digest, m.states[digest]})
		}
	}
	return changes
}

func (m *member) applyLine(e entry, first bool, report *Report) {
	updated, skipped := false, false
	for _, digest := range e.digests {
		switch state := m.states[digest]; {
		case state == Left:
			skipped = true
			report.skip(e.line, fmt.Sprintf("%s has left %s", e.key, digest))
		case state == "", state == Pending && e.state == Active:
			m.states[digest], m.changed[digest] = e.state, true
			updated = true
		}
	}
	if e.name != "" && e.name != m.name && (updated || !skipped) {
		m.name, m.renamed, updated = e.name, true, true
	}
	switch {
	case first:
		report.Added++
	case updated:
		report.Updated++
	case skipped:
		report.Skipped++
	default:
		report.Unchanged++
	}
}

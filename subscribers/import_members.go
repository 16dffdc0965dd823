package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/subscribers/sheets"
)

// errRaced means that somebody else wrote what a batch was about between its reading and its writing.
var errRaced = errors.New("the same addresses are being written by others all the time; start the import again")

func (im *importer) batch(ctx context.Context, entries []entry, lines int, report *Report) (err error) {
	if im.options.SendConfirmations {
		if err := im.prepareMasters(entries); err != nil {
			return err
		}
	}
	var part Report
	var used []string
	for attempt := 1; attempt <= 5; attempt++ {
		err = im.target.Tx(ctx, func(tx *sql.Tx) error {
			part = Report{Lines: len(entries)} // anew, since a deadlock makes PostgreSQL run it again
			members, err := im.members(ctx, tx, entries)
			if err == nil {
				members.apply(entries, im.options.Suppress, &part)
				used, err = im.write(ctx, tx, members, &part)
			}
			if err == nil {
				err = im.trail.move(ctx, tx, lines, db.Milli(im.now))
			}
			return err
		})
		if !errors.Is(err, errRaced) {
			break
		}
	}
	if err != nil {
		return err
	}
	im.trail.taken += lines
	for _, digest := range used {
		im.masters[digest].stored = true
	}
	report.add(part)
	return nil
}

// prepareMasters composes the letters that the batch may need; they are written with the first letter that does.
func (im *importer) prepareMasters(entries []entry) error {
	for _, e := range entries {
		if e.state != Pending {
			continue
		}
		for _, digest := range e.digests {
			if im.masters[digest] != nil {
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
	Subscriber        // as it will be; without subscriptions
	id         int64  // 0 until there is one
	fresh      bool   // made by this batch
	closed     string // why nothing may be done, as "is suppressed"
	blocked    bool   // its owner wants no confirmation letters
	filled     bool   // a known one that gets another name or a uuid
	suppress   string // why it becomes suppressed
	held       []held
}

// held is a subscription of a member.
type held struct {
	digest, state string
	by            *entry // what made or changed it in this batch; nil for one that stays as it is
}

// members are those of a batch, in the order of their first lines.
type members struct {
	all   []*member
	byKey map[string]*member
}

// members finds what is known of the addresses of a batch.
func (im *importer) members(ctx context.Context, tx *sql.Tx, entries []entry) (*members, error) {
	m := &members{byKey: make(map[string]*member, len(entries))}
	keys := make([]any, 0, len(entries))
	several := make([]member, len(entries))
	for i, e := range entries {
		if m.byKey[e.key] == nil {
			one := &several[i]
			one.Key = e.key
			m.byKey[e.key] = one
			m.all = append(m.all, one)
			keys = append(keys, e.key)
		}
	}
	slices.SortFunc(keys, func(a, b any) int { return strings.Compare(a.(string), b.(string)) }) // page after page of the index
	if im.target != im.d {
		if err := im.mirror(ctx, tx, keys); err != nil {
			return nil, err
		}
	}
	if err := m.load(ctx, tx, keys); err != nil {
		return nil, err
	}
	return m, m.close(ctx, tx, im.options.Verbs.Keys, keys)
}

// load fills in what is known of each.
func (m *members) load(ctx context.Context, tx *sql.Tx, keys []any) error {
	scan := func(row *sql.Rows) (Subscriber, error) { return scanSubscriber(row) }
	found, err := lookUp(ctx, tx, scan, `SELECT `+subscriberColumns+` FROM subscribers WHERE email_key IN (%s)`, keys)
	if err != nil {
		return err
	}
	byID := map[int64]*member{}
	var ids []any
	for _, s := range found {
		one := m.byKey[s.Key]
		one.Subscriber, one.id = s, s.ID
		if s.State != stateActive {
			one.closed = "was erased"
		}
		byID[s.ID] = one
		ids = append(ids, s.ID)
	}
	scanOwned := func(row *sql.Rows) (owned, error) {
		var u owned
		err := row.Scan(&u.subscriber, &u.Digest, &u.State)
		return u, err
	}
	subscriptions, err := lookUp(ctx, tx, scanOwned, `SELECT subscriber, digest, CASE WHEN before = 'left' THEN before ELSE state END FROM subscriptions WHERE subscriber IN (%s)`, ids)
	for _, u := range subscriptions {
		one := byID[u.subscriber]
		one.held = append(one.held, held{digest: u.Digest, state: u.State})
	}
	return err
}

// close finds out with whom nothing may be done.
func (m *members) close(ctx context.Context, tx *sql.Tx, k Keys, keys []any) error {
	var some int64
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM suppressions LIMIT 1) AS x`).Scan(&some)
	if err != nil {
		return err
	}
	if some == 0 { // as on a new site, whose first import is its largest
		return m.closeHashed(ctx, tx, k)
	}
	suppressed, err := lookUp(ctx, tx, scanText, `SELECT email_key FROM suppressions WHERE email_key IN (%s)`, keys)
	if err != nil {
		return err
	}
	for _, key := range suppressed {
		m.byKey[key].closed = "is suppressed and must not be mailed"
	}
	return m.closeHashed(ctx, tx, k)
}

// closeHashed looks for those who are known by a hash alone: the forgotten, and those who said "this was not me".
func (m *members) closeHashed(ctx context.Context, tx *sql.Tx, k Keys) error {
	var some int64
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT hash FROM forgotten UNION ALL SELECT hash FROM join_blocks LIMIT 1) AS h`).Scan(&some)
	if err != nil || some == 0 {
		return err
	}
	byHash := make(map[string]*member, len(m.all))
	hashes := make([]any, 0, len(m.all))
	for _, one := range m.all {
		hash := k.hash(one.Key)
		byHash[hash] = one
		hashes = append(hashes, hash)
	}
	forgotten, err := lookUp(ctx, tx, scanText, `SELECT hash FROM forgotten WHERE hash IN (%s)`, hashes)
	if err != nil {
		return err
	}
	for _, hash := range forgotten {
		if one := byHash[hash]; one.closed == "" { // who has joined again and confirmed is forgotten no more
			one.closed = "was erased and must not come back"
		}
	}
	blocked, err := lookUp(ctx, tx, scanText, `SELECT hash FROM join_blocks WHERE hash IN (%s)`, hashes)
	for _, hash := range blocked {
		byHash[hash].blocked = true
	}
	return err
}

// apply goes through the lines in order, so that duplicates in a file come out the same wherever a batch ends.
func (m *members) apply(entries []entry, suppress bool, report *Report) {
	for i := range entries {
		e := &entries[i]
		one := m.byKey[e.key]
		before := one.id
		updated, why := one.apply(e, suppress)
		for _, words := range why {
			report.skip(e.line, e.key+" "+words)
		}
		switch {
		case before == 0 && one.id != 0:
			report.Added++
		case updated:
			report.Updated++
		case len(why) > 0:
			report.Skipped++
		default:
			report.Unchanged++
		}
		if one.suppress != "" && updated {
			report.Suppressed++
		}
	}
}

// apply brings in one line, and says what of it was skipped and why.
func (m *member) apply(e *entry, suppress bool) (updated bool, skipped []string) {
	switch {
	case m.closed != "":
		return false, []string{m.closed}
	case e.state == sheets.Idle, e.unwanted() && !suppress:
		return false, []string{fmt.Sprintf("is no reader, says the file (%s)", cut(e.why))}
	case e.state == sheets.Barred:
		if slices.ContainsFunc(m.held, func(h held) bool { return h.state == Active || h.state == Paused }) {
			return false, []string{fmt.Sprintf("is %s in the file and active here: decide by hand, with subscribers suppress", cut(e.why))}
		}
		m.suppress, m.closed = cut(e.why), "is suppressed and must not be mailed"
		return true, nil
	}
	for _, digest := range e.digests {
		took, why := m.take(digest, e)
		updated = updated || took
		if why != "" {
			skipped = append(skipped, why)
		}
	}
	if m.describe(e, updated || len(skipped) == 0) {
		updated = true
	}
	return updated, skipped
}

// take subscribes to a digest, or says why not.
func (m *member) take(digest string, e *entry) (took bool, why string) {
	i := slices.IndexFunc(m.held, func(h held) bool { return h.digest == digest })
	state := ""
	if i >= 0 {
		state = m.held[i].state
	}
	switch {
	case state == Left && e.state != Left:
		return false, "has left " + digest
	case e.state == Left && state != "" && state != Left:
		return false, fmt.Sprintf("has left in the file, and is %s here in %s", state, digest)
	case e.state == Pending && state == "" && m.blocked:
		return false, "wants no confirmation letters"
	case state == "":
		m.make(e)
		m.held = append(m.held, held{digest, e.state, e})
		return true, ""
	case state == Pending && (e.state == Active || e.state == Paused):
		m.held[i].state, m.held[i].by = e.state, e
		return true, ""
	}
	return false, ""
}

// make makes the subscriber, by its first line, if there is none.
func (m *member) make(e *entry) {
	if m.id != 0 {
		return
	}
	m.id, m.fresh = db.NewID(), true
	m.Email, m.Name, m.Language, m.Timezone, m.Hour, m.UUID, m.Since = e.email, e.name, e.language, e.timezone, e.hour, e.uuid, e.since
}

// describe takes name and uuid over. What readers choose themselves is taken for a new subscriber only: of one who is known
// it is what they chose here.
func (m *member) describe(e *entry, rename bool) (changed bool) {
	if m.id == 0 {
		return false
	}
	if rename && e.name != "" && e.name != m.Name {
		m.Name, changed = e.name, true
	}
	if m.UUID == "" && e.uuid != "" {
		m.UUID, changed = e.uuid, true
	}
	m.filled = m.filled || changed
	return changed
}

// mirror copies into the scratch of a rehearsal what the database knows of these addresses.
func (im *importer) mirror(ctx context.Context, tx *sql.Tx, keys []any) error {
	known, err := lookUp(ctx, tx, scanText, `SELECT email_key FROM subscribers WHERE email_key IN (%s)`, keys)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, key := range known {
		there[key] = true
	}
	unknown := slices.DeleteFunc(slices.Clone(keys), func(key any) bool { return there[key.(string)] })
	scan := func(row *sql.Rows) (Subscriber, error) { return scanSubscriber(row) }
	found, err := collectIn(ctx, im.d, scan, `SELECT `+subscriberColumns+` FROM subscribers WHERE email_key IN (%s)`, unknown)
	if err == nil {
		err = addSubscriptions(ctx, im.d, found)
	}
	if err != nil {
		return err
	}
	people := bulk{width: 10}
	subscriptions := bulk{width: 4}
	for _, s := range found {
		people.add(s.ID, s.Email, s.Key, s.Name, s.Language, s.Timezone, int64(s.Hour), s.UUID, s.State, db.Milli(s.Since))
		for _, one := range s.Subscriptions {
			subscriptions.add(s.ID, one.Digest, one.State, db.Milli(one.Since))
		}
	}
	if _, err := people.insert(ctx, tx, `INSERT INTO subscribers (`+subscriberColumns+`)`, `(%s)`, ``); err != nil {
		return err
	}
	if _, err := subscriptions.insert(ctx, tx, `INSERT INTO subscriptions (subscriber, digest, state, since)`, `(%s)`, ``); err != nil {
		return err
	}
	return im.mirrorClosed(ctx, tx, keys)
}

// mirrorClosed copies what closes addresses.
func (im *importer) mirrorClosed(ctx context.Context, tx *sql.Tx, keys []any) error {
	hashes := make([]any, len(keys))
	for i, key := range keys {
		hashes[i] = im.options.Verbs.Keys.hash(key.(string))
	}
	for _, t := range []struct {
		from, into string
		keys       []any
	}{
		{`SELECT email_key FROM suppressions WHERE email_key IN (%s)`, `INSERT INTO suppressions (email_key, reason, since)`, keys},
		{`SELECT hash FROM forgotten WHERE hash IN (%s)`, `INSERT INTO forgotten (hash, reason, since)`, hashes},
	} {
		found, err := collectIn(ctx, im.d, scanText, t.from, t.keys)
		if err != nil {
			return err
		}
		rows := bulk{shared: []any{"as in the database", int64(0)}, width: 1}
		for _, key := range found {
			rows.add(key)
		}
		if _, err := rows.insert(ctx, tx, t.into, `(%s, $1, $2)`, `ON CONFLICT DO NOTHING`); err != nil {
			return err
		}
	}
	blocked, err := collectIn(ctx, im.d, scanText, `SELECT hash FROM join_blocks WHERE hash IN (%s)`, hashes)
	if err != nil {
		return err
	}
	rows := bulk{shared: []any{int64(0)}, width: 1}
	for _, hash := range blocked {
		rows.add(hash)
	}
	_, err = rows.insert(ctx, tx, `INSERT INTO join_blocks (hash, since)`, `(%s, $1)`, `ON CONFLICT DO NOTHING`)
	return err
}

// basis says in words on what ground a subscription came in.
func (im *importer) basis(e *entry) string {
	words := make([]string, 0, 3)
	if e.state == Active || e.state == Paused {
		words = append(words, im.options.Basis)
	}
	file := "file " + im.file
	if e.state == Left {
		file += ": " + e.why
	}
	words = append(words, file)
	if !e.since.IsZero() {
		words = append(words, "since "+e.since.UTC().Format(time.DateOnly))
	}
	return strings.Join(words, "; ")
}

package subscribers

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/db"
)

// States that a [ListFilter] knows beside those of a subscription.
const (
	Suppressed = "suppressed" // the address must not be mailed
	Joined     = "joined"     // pending, active or paused: what leaving ends
)

// ListFilter says which subscribers are meant. The zero value means the first 1,000 of all. Digest, State and Section must hold for one
// and the same subscription.
type ListFilter struct {
	Digest  string // "" for any
	State   string // of the subscription: Pending, Active, Paused, Left or Joined; Suppressed: of the address; "" for any
	Section string // slug, of those who chose it; who gets all sections did not
	Domain  string // of the address, exactly; "" for any
	Search  string // what the address begins with, in any case

	// Since and Until, which is not included, are times from which the subscriber is in the State, or, with none, is known.
	Since, Until time.Time

	WithoutSuppressed bool

	Limit        int    // 0: 1,000
	After        int64  // the last id of the page before
	AfterAddress string // the last Key of the page before, with the State Suppressed alone
}

const pageSize = 1000

// List returns subscribers in the order of their ids, which is that of joining, each with all its subscriptions and whether it is
// suppressed. The next page is asked for with After = the last id.
//
// With the State [Suppressed] it returns addresses that must not be mailed, in the order of the database's index; those that
// are no subscriber's have the ID 0. The next page is asked for with AfterAddress = the last Key.
func List(ctx context.Context, h db.Handle, f ListFilter) ([]Subscriber, error) {
	q, err := f.selection()
	if err != nil {
		return nil, fmt.Errorf("list subscribers: %w", err)
	}
	query, args := q.page(f)
	all, err := db.Collect(ctx, h, scanListed, query, args...)
	if err == nil {
		err = addSubscriptions(ctx, h, all)
	}
	if err != nil {
		return nil, fmt.Errorf("list subscribers: %w", err)
	}
	return all, nil
}

// Matching returns how many subscribers a filter means, whatever its limit and page.
func Matching(ctx context.Context, h db.Handle, f ListFilter) (n int64, err error) {
	q, err := f.selection()
	if err == nil {
		err = h.QueryRowContext(ctx, q.count(), q.args...).Scan(&n)
	}
	if err != nil {
		return 0, fmt.Errorf("count subscribers: %w", err)
	}
	return n, nil
}

// listColumns are subscriberColumns of s, before what its suppression is.
const (
	listColumns       = `s.id, s.email, s.email_key, s.name, s.language, s.timezone, s.hour, s.uuid, s.state, s.since, `
	noSuppression     = `'', 0`
	suppressionOfThis = `COALESCE((SELECT x.reason FROM suppressions x WHERE x.email_key = s.email_key), ''),
	COALESCE((SELECT x.since FROM suppressions x WHERE x.email_key = s.email_key), 0)`
)

func scanListed(row *sql.Rows) (s Subscriber, err error) {
	var since, suppressed int64
	err = row.Scan(&s.ID, &s.Email, &s.Key, &s.Name, &s.Language, &s.Timezone, &s.Hour, &s.UUID, &s.State, &since, &s.Suppressed, &suppressed)
	s.Since, s.SuppressedAt = db.Time(since), db.Time(suppressed)
	return s, err
}

// A selection is what follows FROM, with its arguments. Its tables are s, the subscribers, and as the case may be u, the subscriptions,
// or x, the suppressions.
type selection struct {
	tables  string
	where   []string
	args    []any
	columns string
	key     string // by which it is in order, and pages go
	alone   string // the table that is enough for a count; "" for all
}

func (q *selection) add(condition string, args ...any) {
	for _, a := range args {
		q.args = append(q.args, a)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(q.args)), 1)
	}
	q.where = append(q.where, condition)
}

func (q selection) from() string {
	return ` FROM ` + q.tables + ` WHERE ` + strings.Join(q.where, ` AND `)
}

func (q selection) count() string {
	if q.alone != "" {
		q.tables, q.where = q.alone, q.where[1:]
	}
	return `SELECT COUNT(*)` + q.from()
}

// page is the statement for a page.
func (q selection) page(f ListFilter) (query string, args []any) {
	q.where = append([]string(nil), q.where...)
	q.args = append([]any(nil), q.args...)
	switch {
	case f.State == Suppressed && f.AfterAddress != "":
		q.add(q.key+` > ?`, strings.ToLower(f.AfterAddress))
	case f.State != Suppressed:
		q.add(q.key+` > ?`, f.After)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = pageSize
	}
	q.args = append(q.args, int64(limit))
	return `SELECT ` + q.columns + q.from() + fmt.Sprintf(` ORDER BY %s LIMIT $%d`, q.key, len(q.args)), q.args
}

func (f ListFilter) selection() (q selection, err error) {
	if f.Domain != "" {
		if f.Domain, err = asciiDomain(strings.TrimPrefix(f.Domain, "@")); err != nil {
			return q, fmt.Errorf("domain: %w", err)
		}
	}
	f.Search = strings.ToLower(f.Search)
	switch f.State {
	case Suppressed:
		return f.ofSuppressions(), nil
	case "", Pending, Active, Paused, Left, Joined:
		return f.ofSubscribers(), nil
	}
	return q, fmt.Errorf("no state is called %q", cut(f.State))
}

// ofSubscribers goes through the subscribers, but where a digest and a state are named, through the index of subscriptions, which has
// these in the order of ids.
func (f ListFilter) ofSubscribers() selection {
	q := selection{tables: `subscribers s`, columns: listColumns + suppressionOfThis, key: `s.id`}
	if f.WithoutSuppressed {
		q.columns = listColumns + noSuppression
	}
	switch {
	case f.Digest != "" && f.State != "" && f.State != Joined && f.Domain == "":
		q.tables, q.key = `subscriptions u CROSS JOIN subscribers s`, `u.subscriber` // SQLite keeps this order of the two
		q.add(`s.id = u.subscriber`)
		f.ofSubscription(&q)
		if f.Search == "" && !f.WithoutSuppressed {
			q.alone = `subscriptions u` // who is erased has no subscriptions
			return q
		}
	case f.Digest != "" || f.State != "" || f.Section != "":
		inner := selection{tables: `subscriptions u`, args: q.args}
		inner.add(`u.subscriber = s.id`)
		f.ofSubscription(&inner)
		q.args = inner.args
		q.add(`EXISTS (SELECT 1` + inner.from() + `)`)
	}
	q.add(`s.state = '` + stateActive + `'`)
	if f.Domain != "" {
		q.add(`s.domain = ?`, f.Domain)
	}
	f.ofAddress(&q, `s.email_key`)
	if f.State == "" {
		f.ofTime(&q, `s.since`)
	}
	if f.WithoutSuppressed {
		q.add(`NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.email_key = s.email_key)`)
	}
	return q
}

// ofSubscription adds what must hold for one subscription. States stand in the text, so that SQLite sees which of its indexes, made for
// a part of the rows, fit.
func (f ListFilter) ofSubscription(q *selection) {
	if f.Digest != "" {
		q.add(`u.digest = ?`, f.Digest)
	}
	switch f.State {
	case "", Suppressed:
	case Joined:
		q.add(`u.state IN ('` + Pending + `', '` + Active + `', '` + Paused + `')`)
	default:
		q.add(`u.state = '` + f.State + `'`)
	}
	if f.State != "" && f.State != Suppressed {
		f.ofTime(q, `u.since`)
	}
	if f.Section != "" { // one of words parted by spaces
		q.add(`u.sections <> ''`)
		q.add(`REPLACE(' ' || u.sections || ' ', ?, '') <> ' ' || u.sections || ' '`, " "+f.Section+" ")
	}
}

// means reports whether a subscription of a subscriber whom the filter means is one for which it does.
func (f ListFilter) means(one Subscription) bool {
	state := f.State == "" || f.State == one.State || f.State == Joined && one.State != Left
	if f.State != "" && (one.Since.Before(f.Since) || !f.Until.IsZero() && !one.Since.Before(f.Until)) {
		return false
	}
	return state && (f.Digest == "" || f.Digest == one.Digest) && (f.Section == "" || slices.Contains(one.Sections, f.Section))
}

func (f ListFilter) ofTime(q *selection, column string) {
	if !f.Since.IsZero() {
		q.add(column+` >= ?`, db.Milli(f.Since))
	}
	if !f.Until.IsZero() {
		q.add(column+` < ?`, db.Milli(f.Until))
	}
}

// ofAddress compares the beginning itself: where it would stand in an index depends on the database's collation.
func (f ListFilter) ofAddress(q *selection, column string) {
	if f.Search != "" {
		q.add(fmt.Sprintf(`SUBSTR(%s, 1, %d) = ?`, column, len([]rune(f.Search))), f.Search)
	}
}

func (f ListFilter) ofSuppressions() selection {
	q := selection{tables: `suppressions x LEFT JOIN subscribers s ON s.email_key = x.email_key`, key: `x.email_key`, columns: `COALESCE(s.id, 0),
		COALESCE(s.email, x.email_key), x.email_key, COALESCE(s.name, ''), COALESCE(s.language, ''), COALESCE(s.timezone, ''), COALESCE(s.hour, -1),
		COALESCE(s.uuid, ''), COALESCE(s.state, ''), COALESCE(s.since, 0), x.reason, x.since`}
	q.add(`x.email_key <> ''`)
	if f.WithoutSuppressed {
		q.add(`1 = 0`) // nobody is both
	}
	if f.Digest != "" || f.Section != "" {
		inner := selection{tables: `subscriptions u`, args: q.args}
		inner.add(`u.subscriber = s.id`)
		f.ofSubscription(&inner)
		q.args = inner.args
		q.add(`EXISTS (SELECT 1` + inner.from() + `)`)
	}
	if f.Domain != "" { // addresses that are no subscriber's are in no index by domain
		q.add(fmt.Sprintf(`SUBSTR(x.email_key, LENGTH(x.email_key) - %d) = ?`, len(f.Domain)), "@"+f.Domain)
	}
	f.ofAddress(&q, `x.email_key`)
	f.ofTime(&q, `x.since`)
	return q
}

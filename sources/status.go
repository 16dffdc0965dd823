package sources

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"vestnik/db"
)

// Status is a configured source with what its last polls found.
type Status struct {
	Source
	Polled   time.Time // zero: never
	Changed  time.Time // the last poll that brought something
	Next     time.Time // zero: paused after 410 Gone
	Failures int64     // in a row
	Message  string    // the last failure, or what the admin should change; "" when all is well
	Articles int64     // taken from it so far
}

// Paused reports whether the source is not polled any more until its address changes or somebody polls it by hand.
func (s Status) Paused() bool { return s.Next.IsZero() }

// Due returns those of all that should be polled at now, the longest overdue first: never polled ones, those whose
// address changed, and those whose time has come; none that a node has at this moment.
func Due(ctx context.Context, h db.Handle, all []Source, now time.Time) ([]Source, error) {
	rows, err := remembered(ctx, h)
	if err != nil {
		return nil, err
	}
	var due []Source
	for _, s := range all {
		r, known := rows[s.Name]
		if known && (r.lease > db.Milli(now) || r.url == s.URL && (r.due == 0 || r.due > db.Milli(now))) {
			continue
		}
		if !known {
			r.due = unknown
		}
		s.due = &r.due
		due = append(due, s)
	}
	slices.SortStableFunc(due, func(a, b Source) int { return cmp.Compare(*a.due, *b.due) })
	return due, nil
}

// List returns the state of all, in their order.
func List(ctx context.Context, h db.Handle, all []Source) ([]Status, error) {
	rows, err := remembered(ctx, h)
	if err != nil {
		return nil, err
	}
	var list []Status
	for _, s := range all {
		st := Status{Source: s}
		if r, known := rows[s.Name]; known {
			st.Polled, st.Changed, st.Next = db.Time(r.polled), db.Time(r.changed), db.Time(r.due)
			st.Failures, st.Message, st.Articles = r.failures, r.message, r.articles
			if r.url != s.URL {
				st.Next, st.Failures, st.Message = db.Time(r.polled), 0, "" // the new address is due at once
			}
		}
		list = append(list, st)
	}
	return list, nil
}

type remembrance struct {
	name, url, message          string
	due, polled, changed, lease int64
	failures, articles          int64
}

func remembered(ctx context.Context, h db.Handle) (map[string]remembrance, error) {
	list, err := db.Collect(ctx, h, func(rows *sql.Rows) (remembrance, error) {
		var r remembrance
		err := rows.Scan(&r.name, &r.url, &r.due, &r.polled, &r.changed, &r.failures, &r.lease, &r.message, &r.articles)
		return r, err
	}, `
		SELECT s.name, s.url, s.due, s.polled, s.changed, s.failures, s.lease_until, s.error,
			(SELECT COUNT(DISTINCT i.article) FROM source_items i WHERE i.source = s.name)
		FROM sources s`)
	if err != nil {
		return nil, fmt.Errorf("look up the sources: %w", err)
	}
	all := map[string]remembrance{}
	for _, r := range list {
		all[r.name] = r
	}
	return all, nil
}

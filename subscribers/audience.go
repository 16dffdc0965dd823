package subscribers

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"vestnik/db"
)

// An Audience is those who get an edition, or a part of them.
type Audience struct {
	Digest   string
	Variants []string  // of the letter, as "ru" and, for those who chose sections, "ru/kino,teatr"
	Fallback string    // the variant of who chose none of these languages
	Until    time.Time // subscribed at this moment or before
	After    int64     // the id after which to begin
	Limit    int       // how many at most; 0: all
}

// An Hour is when some of an audience want their letters: at the hour 0 to 23 by the clock of a zone, "" for the digest's.
type Hour struct {
	Timezone string
	Hour     int
}

// A Delivery is when a letter may start for those of an [Hour], and until when.
type Delivery struct {
	Hour
	NotBefore time.Time
	Expires   time.Time
}

// Crowd is the size of a part of an audience, the last id in it, and the hours that its members want, without those who want none.
type Crowd struct {
	Size  int64
	Last  int64
	Hours []Hour
}

// Crowd counts the audience in one pass.
func (a Audience) Crowd(ctx context.Context, h db.Handle) (c Crowd, err error) {
	query, args := a.members(nil)
	_, err = db.Collect(ctx, h, func(row *sql.Rows) (struct{}, error) {
		var hour Hour
		var n, last int64
		err := row.Scan(&hour.Timezone, &hour.Hour, &n, &last)
		if c.Size, c.Last = c.Size+n, max(c.Last, last); hour.Hour >= 0 {
			c.Hours = append(c.Hours, hour)
		}
		return struct{}{}, err
	}, `SELECT CASE WHEN a.hour < 0 THEN '' ELSE a.timezone END AS zone, a.hour, COUNT(*), MAX(a.subscriber)
		FROM (`+query+`) AS a
		GROUP BY CASE WHEN a.hour < 0 THEN '' ELSE a.timezone END, a.hour`, args...)
	if err != nil {
		return Crowd{}, fmt.Errorf("audience of %s: %w", a.Digest, err)
	}
	return c, nil
}

// Select returns a SELECT and its arguments ($1 to $len(args)) for mail.Fill: the columns subscriber, variant, not_before and
// expires, the last two in milliseconds and 0 for those whose hour is not among the deliveries, by id. The variant is the
// subscriber's language where it is one of those of the audience, else the fallback, with the sections chosen where there is a
// letter of just these. Suppressed addresses are in it: mail decides about them when it sends, so that the ledger names them.
func (a Audience) Select(deliveries []Delivery) (query string, args []any) {
	return a.members(deliveries)
}

func (a Audience) members(deliveries []Delivery) (query string, args []any) {
	args = []any{a.Digest, Active, db.Milli(a.Until), a.After, stateActive, a.Fallback}
	variant := a.variant(&args)
	times, join := `CAST(0 AS BIGINT) AS not_before, CAST(0 AS BIGINT) AS expires`, ""
	if len(deliveries) > 0 {
		times = `COALESCE(v.column3, 0) AS not_before, COALESCE(v.column4, 0) AS expires`
		join = `
		LEFT JOIN (VALUES ` + waits(deliveries, &args) + `) AS v ON v.column1 = s.timezone AND v.column2 = s.hour`
	}
	query = `
		SELECT u.subscriber AS subscriber, ` + variant + ` AS variant, s.timezone AS timezone, s.hour AS hour, ` + times + `
		FROM subscriptions u
		JOIN subscribers s ON s.id = u.subscriber` + join + `
		WHERE u.digest = $1 AND u.state = $2 AND u.since <= $3 AND u.subscriber > $4 AND s.state = $5
		ORDER BY u.subscriber`
	if a.Limit > 0 {
		args = append(args, int64(a.Limit))
		query += fmt.Sprintf(` LIMIT $%d`, len(args))
	}
	return query, args
}

// variant is the expression for a member's variant; $6 is the fallback, and what it compares with goes to the arguments.
func (a Audience) variant(args *[]any) string {
	list := func(values []string) string {
		*args = append(*args, db.Args(values)...)
		return db.Placeholders(len(*args)-len(values)+1, len(values))
	}
	var plain, cut []string
	for _, v := range a.Variants {
		if strings.Contains(v, "/") {
			cut = append(cut, v)
			continue
		}
		plain = append(plain, v)
	}
	variant := `CAST($6 AS TEXT)`
	if len(plain) > 0 {
		variant = `CASE WHEN s.language IN (` + list(plain) + `) THEN s.language ELSE CAST($6 AS TEXT) END`
	}
	if len(cut) > 0 {
		chosen := `(` + variant + `) || '/' || REPLACE(u.sections, ' ', ',')`
		variant = `CASE WHEN u.sections <> '' AND ` + chosen + ` IN (` + list(cut) + `) THEN ` + chosen + ` ELSE ` + variant + ` END`
	}
	return variant
}

// waits writes deliveries as rows of VALUES.
func waits(deliveries []Delivery, args *[]any) string {
	rows := make([]string, len(deliveries))
	for i, d := range deliveries {
		n := len(*args)
		rows[i] = fmt.Sprintf(`(CAST($%d AS TEXT), CAST($%d AS BIGINT), CAST($%d AS BIGINT), CAST($%d AS BIGINT))`, n+1, n+2, n+3, n+4)
		*args = append(*args, d.Timezone, int64(d.Hour.Hour), db.Milli(d.NotBefore), db.Milli(d.Expires))
	}
	return strings.Join(rows, ", ")
}

// Deliver returns when the letters of an edition, which may start from start until expires, may do so for those who want an hour: at
// the next such hour, which is within about a day, and for as long as all others. But never is a letter late for the one after it:
// next is the start of the next edition, or zero. Where that would come at the very same hour, as with an edition every
// hour, the later one will do, and this one has no time at all: its Expires is its NotBefore. An hour of a zone that is not known is left out.
func Deliver(hours []Hour, zone *time.Location, start, expires, next time.Time) []Delivery {
	var all []Delivery
	for _, h := range hours {
		loc := zone
		if h.Timezone != "" {
			var err error
			if loc, err = time.LoadLocation(h.Timezone); err != nil {
				continue
			}
		}
		d := Delivery{Hour: h, NotBefore: nextHour(start, loc, h.Hour)}
		d.Expires = expires.Add(d.NotBefore.Sub(start))
		if !next.IsZero() && next.After(start) {
			if due := nextHour(next, loc, h.Hour); due.Before(d.Expires) {
				d.Expires = due
			}
		}
		all = append(all, d)
	}
	return all
}

// nextHour is the first moment at or after t at which a clock in the zone shows the full hour, 0 to 23. Where the clock is put forward
// over it, that is the moment when the clock has passed it; where it is put back, the hour comes twice.
func nextHour(t time.Time, zone *time.Location, hour int) time.Time {
	local := t.In(zone)
	for day := -1; ; day++ {
		wall := time.Date(local.Year(), local.Month(), local.Day()+day, hour, 0, 0, 0, time.UTC)
		for _, at := range shown(wall, zone) {
			if !at.Before(t) {
				return at
			}
		}
	}
}

// shown are the moments at which a clock in the zone shows wall, which is read as UTC, in their order: one, or two where it was put
// back, or the end of the gap where it was put forward over wall.
func shown(wall time.Time, zone *time.Location) (all []time.Time) {
	var gap time.Time
	for at := wall.Add(-26 * time.Hour).In(zone); ; { // no zone is further from UTC
		_, offset := at.Zone()
		start, end := at.ZoneBounds()
		t := wall.Add(-time.Duration(offset) * time.Second)
		switch {
		case t.Before(start):
			gap = start
		case end.IsZero() || t.Before(end):
			all = append(all, t.UTC())
		}
		if end.IsZero() || end.After(wall.Add(26*time.Hour)) {
			break
		}
		at = end.In(zone)
	}
	if all == nil {
		all = append(all, gap.UTC())
	}
	return all
}

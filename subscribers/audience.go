package subscribers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"vestnik/db"
)

// An Audience is those who get an edition, or a part of them.
type Audience struct {
	Digest   string
	Variants []string  // of the letter: language[.layout][/sections], as "ru", "ru.cards" and, for those who chose sections, "ru/kino,teatr"
	Fallback string    // the variant of who chose none of these languages
	Until    time.Time // subscribed at this moment or before
	After    int64     // the id after which to begin
	Last     int64     // the id with which to end; 0: no matter
	Limit    int       // how many at most; 0: all

	About   bool   // the letters are about one article, and who chose sections gets it only if it is of one of them
	Section string // of that article, by its slug; "": it has none
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

// A Part is what one transaction takes of an audience: those after one id and up to another, and the hours that they may want.
type Part struct {
	Audience
	More  bool // some may come after it
	Hours []Hour
}

// Part cuts off the next part of the audience, of at most Limit subscriptions. It reads no more than two indexes, for all that is
// asked about each member belongs into the statement that writes the letters. The part keeps its limit, though its ends say as much: with one,
// SQLite works each column of a member out once, and not where the statement around it names it (measured: a tenth of the whole).
func (a Audience) Part(ctx context.Context, h db.Handle) (p Part, err error) {
	p.Audience, p.Last = a, math.MaxInt64
	if a.Limit > 0 {
		err = h.QueryRowContext(ctx, partQuery, a.Digest, Active, a.After, int64(a.Limit-1)).Scan(&p.Last)
		switch {
		case err == nil:
			p.More = true
		case errors.Is(err, sql.ErrNoRows):
			p.Last = math.MaxInt64
		default:
			return Part{}, fmt.Errorf("audience of %s: %w", a.Digest, err)
		}
	}
	p.Hours, err = db.Collect(ctx, h, func(row *sql.Rows) (hour Hour, err error) {
		return hour, row.Scan(&hour.Timezone, &hour.Hour)
	}, hoursQuery, a.After, p.Last)
	if err != nil {
		return Part{}, fmt.Errorf("hours of the audience of %s: %w", a.Digest, err)
	}
	return p, nil
}

const (
	partQuery  = `SELECT subscriber FROM subscriptions WHERE digest = $1 AND state = $2 AND subscriber > $3 ORDER BY subscriber LIMIT 1 OFFSET $4`
	hoursQuery = `SELECT DISTINCT timezone, hour FROM subscribers WHERE hour >= 0 AND id > $1 AND id <= $2`
)

// Select returns a SELECT and its arguments ($1 to $len(args)) for mail.Fill: the columns subscriber, variant, not_before and
// expires, the last two in milliseconds and 0 for those whose hour is not among the deliveries, by id. The variant is the
// subscriber's language where it is one of those of the audience, else the fallback, with the sections and the layout chosen where there is
// a letter of just these; where there is none of both together, the sections count for more. Suppressed addresses are in it: mail decides
// about them when it sends, so that the ledger names them.
func (a Audience) Select(deliveries []Delivery) (query string, args []any) {
	args = []any{a.Digest, Active, db.Milli(a.Until), a.After, stateActive, a.Fallback}
	variant := a.variant(&args)
	times := `CAST(0 AS BIGINT) AS not_before, CAST(0 AS BIGINT) AS expires`
	with := ""
	if len(deliveries) > 0 { // not by a join, which would look through them all for those, too, who want no hour
		with = `WITH v AS MATERIALIZED (VALUES ` + waits(deliveries, &args) + `)`
		of := func(column string) string {
			return `CASE WHEN s.hour < 0 THEN 0 ELSE COALESCE((SELECT v.` + column + ` FROM v WHERE v.column1 = s.timezone AND v.column2 = s.hour), 0) END`
		}
		times = of("column3") + ` AS not_before, ` + of("column4") + ` AS expires`
	}
	end := ""
	if a.Last > 0 {
		args = append(args, a.Last)
		end = fmt.Sprintf(` AND u.subscriber <= $%d`, len(args))
	}
	about := ""
	if a.About {
		about = a.about(&args)
	}
	query = with + `
		SELECT u.subscriber AS subscriber, ` + variant + ` AS variant, ` + times + `
		FROM subscriptions u
		JOIN subscribers s ON s.id = u.subscriber
		WHERE u.digest = $1 AND u.state = $2 AND u.since <= $3 AND u.subscriber > $4 AND s.state = $5` + end + about + `
		ORDER BY u.subscriber`
	if a.Limit > 0 {
		args = append(args, int64(a.Limit))
		query += fmt.Sprintf(` LIMIT $%d`, len(args))
	}
	return query, args
}

// about is the condition that a member wants articles of the section. Sections are slugs parted by one space.
func (a Audience) about(args *[]any) string {
	if a.Section == "" {
		return ` AND u.sections = ''`
	}
	*args = append(*args, " "+a.Section+" ")
	padded := `(' ' || u.sections || ' ')`
	return fmt.Sprintf(` AND (u.sections = '' OR REPLACE(%s, CAST($%d AS TEXT), '') <> %s)`, padded, len(*args), padded)
}

// variant is the expression for a member's variant; $6 is the fallback, and what it compares with goes to the arguments.
func (a Audience) variant(args *[]any) string {
	sorts := map[string][]string{}
	for _, v := range a.Variants {
		look, sections, cut := strings.Cut(v, "/")
		sort := ""
		if strings.Contains(look, ".") {
			sort += "."
		}
		if cut && sections != "" {
			sort += "/"
		}
		sorts[sort] = append(sorts[sort], v)
	}
	list := func(sort string) string {
		*args = append(*args, db.Args(sorts[sort])...)
		return db.Placeholders(len(*args)-len(sorts[sort])+1, len(sorts[sort]))
	}
	language := `CAST($6 AS TEXT)`
	if len(sorts[""]) > 0 {
		language = `CASE WHEN s.language IN (` + list("") + `) THEN s.language ELSE CAST($6 AS TEXT) END`
	}
	look, sections := `(`+language+`) || '.' || u.layout`, ` || '/' || REPLACE(u.sections, ' ', ',')`
	cases := ""
	for _, one := range []struct{ sort, wanted, name string }{
		{"./", `u.layout <> '' AND u.sections <> ''`, look + sections},
		{"/", `u.sections <> ''`, `(` + language + `)` + sections},
		{".", `u.layout <> ''`, look},
	} {
		if len(sorts[one.sort]) > 0 {
			cases += ` WHEN ` + one.wanted + ` AND ` + one.name + ` IN (` + list(one.sort) + `) THEN ` + one.name
		}
	}
	if cases == "" {
		return language
	}
	return `CASE` + cases + ` ELSE ` + language + ` END`
}

// waits writes deliveries as rows of VALUES. Their numbers stand in the text: SQLite looks every $n up by its name, one after the other.
func waits(deliveries []Delivery, args *[]any) string {
	rows := make([]string, len(deliveries))
	for i, d := range deliveries {
		*args = append(*args, d.Timezone)
		rows[i] = fmt.Sprintf(`(CAST($%d AS TEXT), CAST(%d AS BIGINT), CAST(%d AS BIGINT), CAST(%d AS BIGINT))`,
			len(*args), d.Hour.Hour, db.Milli(d.NotBefore), db.Milli(d.Expires))
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

package reads

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"vestnik/db"
)

// Ways to rank.
const (
	ByReads    = "reads"    // what the name "most read" says
	ByAdjusted = "adjusted" // fair to stories published late in the window
	ByTrend    = "trend"    // what is read now: an hour weighs half of the one twelve hours later
)

// ReasonEditors is the reason of a pinned article: it is the editors' choice, and not to be called most read.
const ReasonEditors = "editors"

// Rules say which articles may be in a list of the most read. They are applied before the limit.
type Rules struct {
	Least      int64         // fewer reads are none worth ranking
	LeastShare float64       // nor fewer than this share of what the first has, as 0.02
	MaxAge     time.Duration // only articles published at most so long before the window; 0: of any age
	PerSection int           // at most so many of one section; 0: any number. What is in no section is not bounded, nor a list of one section.
}

// A Query says which reads to rank, and how.
//
// Reads are kept by the hour, so a window [From, To) is one of whole hours. It begins with the hour in which From lies. Without
// Whole it ends with the hour in which To lies, of which it has what was read so far: that is for lists shown now, and for digests
// more frequent than hourly. With Whole it ends before the hour in which To lies. Then the windows of consecutive digests,
// each beginning where the last one ended, share no hour and leave none out: what was read in a begun hour is counted by
// the next digest, once, when the hour is over. A window within one hour has no whole one, and Whole then counts that hour as
// it stands; digests that often repeat reads, by design.
//
// Hours are kept for 400 days. Of a window that begins before them, the day in which it begins is left out unless it is whole.
type Query struct {
	Rules
	From           time.Time
	To             time.Time
	Whole          bool
	By             string   // ByReads, ByAdjusted or ByTrend; "" is ByReads
	WithoutSources []string // as "email", so that the last digest does not feed the next
	Language       string   // "" is any
	Section        string   // slug; "" is any
	Sections       []string // slugs, an article of one of them will do; none is any
	Exclude        []int64  // articles
	Limit          int      // 0: all
}

// Ranked is one line of a list of the most read.
type Ranked struct {
	Article int64
	Reads   int64   // in the window, without the left out sources
	Score   float64 // what the rank goes by
	Reason  string  // "reads", "adjusted", "trend"; or "editors" in what [List] returns
}

// candidate is an article that the query may rank.
type candidate struct {
	Ranked
	published time.Time
	section   string
}

// Top ranks the published articles read in the window that no editor excluded, the highest score first; of equals the newer, then
// the higher id. Everything that a query leaves out is left out before the limit, so a list is only short if there is no more.
func Top(ctx context.Context, h db.Handle, q Query) ([]Ranked, error) {
	q.By = cmp.Or(q.By, ByReads)
	if q.By != ByReads && q.By != ByAdjusted && q.By != ByTrend {
		return nil, fmt.Errorf("rank reads by %q: only %s, %s and %s are known", q.By, ByReads, ByAdjusted, ByTrend)
	}
	all, err := q.candidates(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("most read: %w", err)
	}
	return q.choose(all), nil
}

// candidates are the articles that may be ranked, the most reads first, with their scores.
func (q Query) candidates(ctx context.Context, h db.Handle) ([]candidate, error) {
	query, args := q.sql()
	return db.Collect(ctx, h, func(rows *sql.Rows) (c candidate, err error) {
		var published int64
		err = rows.Scan(&c.Article, &c.Reads, &c.Score, &published, &c.section)
		c.published, c.Reason = db.Time(published), q.By
		if q.By != ByTrend {
			c.Score = q.score(c.Reads, c.published)
		}
		return c, err
	}, query, args...)
}

// choose applies the rules that need the others' reads, and the limit.
func (q Query) choose(all []candidate) (top []Ranked) {
	if len(all) == 0 {
		return nil
	}
	least := q.LeastReads(all[0].Reads)
	slices.SortFunc(all, func(a, b candidate) int {
		return Standing{a.Score, a.published, a.Article}.Compare(Standing{b.Score, b.published, b.Article})
	})
	sections := map[string]int{}
	for _, c := range all {
		if c.Reads < least || q.Limit > 0 && len(top) == q.Limit {
			continue
		}
		if sections[c.section]++; q.boundsSections() && c.section != "" && sections[c.section] > q.PerSection {
			continue
		}
		top = append(top, c.Ranked)
	}
	return top
}

func (q Query) boundsSections() bool { return q.PerSection > 0 && q.Section == "" }

// LeastReads is how many reads an article must have where the first has so many.
func (r Rules) LeastReads(first int64) int64 {
	return max(r.Least, int64(math.Ceil(r.LeastShare*float64(first))))
}

// hours of the window: first up to before end.
func (q Query) hours() (first, end int64) {
	first, end = hourOf(q.From), hourOf(q.To)
	onTheHour := q.To.Equal(time.Unix(end*3600, 0))
	if q.Whole && end > first || !q.Whole && onTheHour && end > first {
		return first, end
	}
	return first, end + 1
}

// arguments are those of a statement that grows.
type arguments []any

// list adds values and returns their placeholders.
func (a *arguments) list(values ...any) string {
	*a = append(*a, values...)
	return db.Placeholders(len(*a)-len(values)+1, len(values))
}

// sql is the one statement of a query: reads by article, joined with the articles that may be ranked. Where the rank is by reads
// alone, the database sorts and cuts off what cannot be in the list.
func (q Query) sql() (string, []any) {
	var args arguments
	counts, score, trend := q.counts(&args), "0.0", ""
	if q.By == ByTrend {
		score, trend = "COALESCE(t.score, 0.0)", ` LEFT JOIN (`+q.trend(&args)+`) AS t ON t.article = r.article`
	}
	query := `SELECT r.article, r.n, ` + score + `, a.moment, a.section
		FROM (SELECT article, CAST(SUM(n) AS BIGINT) AS n FROM (` + counts + `) AS c GROUP BY article) AS r
		JOIN articles AS a ON a.id = r.article` + trend + `
		WHERE r.n >= ` + args.list(q.Least) + ` AND a.state = 'published' AND NOT EXISTS (SELECT 1 FROM read_excluded AS e WHERE e.article = a.id)` +
		q.eligible(&args) + `
		ORDER BY r.n DESC, a.moment DESC, r.article DESC`
	if q.By == ByReads && q.Limit > 0 && !q.boundsSections() {
		query += ` LIMIT ` + args.list(int64(q.Limit))
	}
	return query, args
}

// counts are the rows to add up: whole days (UTC) by the day, what is before and after them by the hour.
func (q Query) counts(args *arguments) string {
	sources := ""
	if len(q.WithoutSources) > 0 {
		sources = ` AND source NOT IN (` + args.list(db.Args(q.WithoutSources)...) + `)`
	}
	part := func(table, column string, first, end int64) string {
		return `SELECT article, n FROM ` + table + ` WHERE ` + column + ` >= ` + args.list(first) + ` AND ` + column + ` < ` + args.list(end) + sources
	}
	first, end := q.hours()
	firstDay, endDay := (first+23)/24, end/24
	if firstDay >= endDay {
		return part("read_hour", "hour", first, end)
	}
	parts := []string{part("read_day", "day", firstDay, endDay)}
	if first < firstDay*24 {
		parts = append(parts, part("read_hour", "hour", first, firstDay*24))
	}
	if endDay*24 < end {
		parts = append(parts, part("read_hour", "hour", endDay*24, end))
	}
	return strings.Join(parts, ` UNION ALL `)
}

// trendHours is how many hours a trend looks back: what is older weighs less than a thousandth of the newest.
const trendHours = 120

// trend adds up what was read in each of the window's last hours, by the hour's weight.
func (q Query) trend(args *arguments) string {
	first, end := q.hours()
	first = max(first, end-trendHours)
	weights := make([]string, 0, trendHours)
	for hour := first; hour < end; hour++ {
		age := max(q.To.Sub(time.Unix(hour*3600, 0)).Hours(), 0)
		weights = append(weights, `(CAST(`+args.list(hour)+` AS BIGINT), CAST(`+args.list(math.Exp2(-age/trendHalf))+` AS DOUBLE PRECISION))`)
	}
	sources := ""
	if len(q.WithoutSources) > 0 {
		sources = ` WHERE r.source NOT IN (` + args.list(db.Args(q.WithoutSources)...) + `)`
	}
	return `SELECT r.article, SUM(r.n * w.column2) AS score
		FROM (VALUES ` + strings.Join(weights, ", ") + `) AS w JOIN read_hour AS r ON r.hour = w.column1` + sources + `
		GROUP BY r.article`
}

// eligible are the conditions on an article that the query makes.
func (q Query) eligible(args *arguments) string {
	var b strings.Builder
	if q.MaxAge > 0 {
		b.WriteString(` AND a.moment >= ` + args.list(q.From.Add(-q.MaxAge).UnixMilli()))
	}
	if q.Language != "" {
		b.WriteString(` AND a.language = ` + args.list(q.Language))
	}
	if q.Section != "" {
		b.WriteString(` AND a.section = ` + args.list(q.Section))
	}
	if len(q.Sections) > 0 {
		b.WriteString(` AND a.section IN (` + args.list(db.Args(q.Sections)...) + `)`)
	}
	if len(q.Exclude) > 0 {
		b.WriteString(` AND a.id NOT IN (` + args.list(db.Args(q.Exclude)...) + `)`)
	}
	return b.String()
}

const (
	halfOfReaders = 36.0 // hours: half of a story's readers come within them (Dezsö, Barabási et al. 2005)
	leastShare    = 0.25 // a story is lifted fourfold at most
	trendHalf     = 12.0 // hours
)

// score ranks by the reads, or by the reads that the article would have if its readers had had the whole time for it.
func (q Query) score(n int64, published time.Time) float64 {
	if q.By == ByReads {
		return float64(n)
	}
	return q.adjusted(n, published)
}

// adjusted is the score of ByAdjusted.
func (q Query) adjusted(n int64, published time.Time) float64 {
	share := come(q.To.Sub(published)) - come(q.From.Sub(published))
	return float64(n) / max(share, leastShare)
}

// come is the share of a story's readers that have come so long after it was published.
func come(age time.Duration) float64 {
	hours := max(age.Hours(), 0)
	return hours / (hours + halfOfReaders)
}

// A Drop is how many hits were not counted for one reason.
type Drop struct {
	Reason string
	N      int64
}

// Filtered returns how many hits were not counted on the days (UTC) from the one of from to the one of to, the most
// frequent reason first.
func Filtered(ctx context.Context, h db.Handle, from, to time.Time) ([]Drop, error) {
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (d Drop, err error) {
		return d, row.Scan(&d.Reason, &d.N)
	}, `SELECT reason, CAST(SUM(n) AS BIGINT)
		FROM read_filtered
		WHERE day >= $1 AND day <= $2
		GROUP BY reason`, dayOf(from), dayOf(to))
	if err != nil {
		return nil, fmt.Errorf("filtered reads: %w", err)
	}
	slices.SortFunc(all, func(a, b Drop) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Reason, b.Reason)) })
	return all, nil
}

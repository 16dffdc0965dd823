package reads

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/db"
)

// Ways to rank.
const (
	ByReads    = "reads"    // what the name "most read" says
	ByAdjusted = "adjusted" // fair to stories published late in the window
)

// A Query says which reads to rank, and how.
//
// Reads are kept by the hour, so a window [From, To) is one of whole hours. It begins with the hour in which From lies. Without
// Whole it ends with the hour in which To lies, of which it has what was read so far: that is for lists shown now, and for digests
// more frequent than hourly. With Whole it ends before the hour in which To lies. Then the windows of consecutive digests,
// each beginning where the last one ended, share no hour and leave none out: what was read in a begun hour is counted by
// the next digest, once, when the hour is over. A window within one hour has no whole one, and Whole then counts that hour as
// it stands; digests that often repeat reads, by design.
type Query struct {
	From           time.Time
	To             time.Time
	Whole          bool
	By             string        // ByReads or ByAdjusted; "" is ByReads
	WithoutSources []string      // as "email", so that the last digest does not feed the next
	MaxAge         time.Duration // only articles published at most so long before From; 0: of any age
	Language       string        // "" is any
	Section        string        // slug; "" is any
	Exclude        []int64       // articles
	Limit          int           // 0: all
}

// Ranked is one line of a list of the most read.
type Ranked struct {
	Article int64
	Reads   int64   // in the window, without the left out sources
	Score   float64 // what the rank goes by
	Reason  string  // "reads" or "adjusted"
}

// Top ranks the published articles read in the window, the highest score first; of equals the newer, then the higher id.
// Everything that a query leaves out is left out before the limit, so a list is only short if there is no more.
func Top(ctx context.Context, h db.Handle, q Query) ([]Ranked, error) {
	q.By = cmp.Or(q.By, ByReads)
	if q.By != ByReads && q.By != ByAdjusted {
		return nil, fmt.Errorf("rank reads by %q: only %s and %s are known", q.By, ByReads, ByAdjusted)
	}
	query, args := q.sql()
	type row struct {
		Ranked
		published time.Time
	}
	all, err := db.Collect(ctx, h, func(rows *sql.Rows) (r row, err error) {
		var published int64
		err = rows.Scan(&r.Article, &r.Reads, &published)
		r.published = db.Time(published)
		r.Reason, r.Score = q.By, q.score(r.Reads, r.published)
		return r, err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("most read: %w", err)
	}
	slices.SortFunc(all, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), b.published.Compare(a.published), cmp.Compare(b.Article, a.Article))
	})
	if q.Limit > 0 {
		all = all[:min(len(all), q.Limit)]
	}
	top := make([]Ranked, len(all))
	for i, r := range all {
		top[i] = r.Ranked
	}
	return top, nil
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

// sql is the one statement of a query: reads by article, joined with the articles that may be ranked.
func (q Query) sql() (string, []any) {
	first, end := q.hours()
	args := []any{first, end}
	list := func(values ...any) string {
		args = append(args, values...)
		return db.Placeholders(len(args)-len(values)+1, len(values))
	}
	var sources, eligible strings.Builder
	if len(q.WithoutSources) > 0 {
		sources.WriteString(` AND source NOT IN (` + list(anys(q.WithoutSources)...) + `)`)
	}
	if q.MaxAge > 0 {
		eligible.WriteString(` AND a.moment >= ` + list(q.From.Add(-q.MaxAge).UnixMilli()))
	}
	if q.Language != "" {
		eligible.WriteString(` AND a.language = ` + list(q.Language))
	}
	if q.Section != "" {
		eligible.WriteString(` AND a.section = ` + list(q.Section))
	}
	if len(q.Exclude) > 0 {
		eligible.WriteString(` AND a.id NOT IN (` + list(anys(q.Exclude)...) + `)`)
	}
	return `SELECT r.article, r.n, a.moment
		FROM (
			SELECT article, CAST(SUM(n) AS BIGINT) AS n
			FROM read_hour
			WHERE hour >= $1 AND hour < $2` + sources.String() + `
			GROUP BY article
		) AS r
		JOIN articles AS a ON a.id = r.article
		WHERE a.state = 'published'` + eligible.String(), args
}

func anys[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}

const (
	halfOfReaders = 36.0 // hours: half of a story's readers come within them (Dezsö, Barabási et al. 2005)
	leastShare    = 0.25 // a story is lifted fourfold at most
)

// score ranks by the reads, or by the reads that the article would have if its readers had had the whole time for it.
func (q Query) score(n int64, published time.Time) float64 {
	if q.By == ByReads {
		return float64(n)
	}
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

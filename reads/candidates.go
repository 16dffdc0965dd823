package reads

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"vestnik/db"
)

// MostLifted is how many times as high as its reads an article's score may be, whatever the rank but ByTrend.
const MostLifted = 1 / leastShare

// A Candidate is an article that somebody may want in a list, with all that decides whether it comes in.
type Candidate struct {
	Article   int64
	Reads     int64     // in the window, without the left out sources
	Adjusted  float64   // the score of ByAdjusted
	Published time.Time // its moment
	Section   string    // slug
	Brief     bool
	Words     int    // that it has, 0 where they were not counted yet
	State     string // as package articles has it
	Excluded  bool   // by the editors, from all rankings
}

// Score is what an article is ranked by.
func (c Candidate) Score(by string) float64 {
	if by == ByAdjusted {
		return c.Adjusted
	}
	return float64(c.Reads)
}

// A Fetch says how many candidates to bring, and which.
type Fetch struct {
	Limit    int       // at most so many; with Each, of each section
	Each     bool      // each section for itself
	Least    int64     // only what was read so often; 0: at all
	Sections []string  // slugs; none: all
	Words    int       // only what has so many and more
	Eligible bool      // only what is published, not excluded, and not too old by MaxAge of the query
	AsOf     time.Time // articles and exclusions as they were then; zero: as they are
}

// Candidates brings what was read most in the window of q, most reads first, of equals the higher id: of the rules of q only MaxAge is looked
// at, and only where f says so. below says of each section of f ("" for all where f.Each is not set) how many reads the articles have at
// most that were not brought: -1 where there are none, f.Least less one where that is all. Sections without any candidate are not in it.
func Candidates(ctx context.Context, h db.Handle, q Query, f Fetch) (all []Candidate, below map[string]int64, err error) {
	query, args := q.candidatesQuery(f)
	count := map[string]int{}
	below = map[string]int64{}
	all, err = db.Collect(ctx, h, func(rows *sql.Rows) (Candidate, error) {
		c, err := q.scanCandidate(rows)
		key := ""
		if f.Each {
			key = c.Section
		}
		if count[key]++; count[key] < f.Limit {
			below[key] = f.Least - 1
		} else {
			below[key] = c.Reads
		}
		return c, err
	}, query, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("what was read: %w", err)
	}
	return slices.DeleteFunc(all, func(c Candidate) bool { return c.State == "" }), below, nil
}

func (q Query) scanCandidate(rows *sql.Rows) (c Candidate, err error) {
	var moment, excluded int64
	var kind string
	err = rows.Scan(&c.Article, &c.Reads, &moment, &c.Section, &kind, &c.State, &excluded, &c.Words)
	c.Published, c.Brief, c.Excluded = db.Time(moment), kind == "brief", excluded > 0
	c.Adjusted = q.adjusted(c.Reads, c.Published)
	return c, err
}

// candidatesQuery is the statement of [Candidates]. Where nothing is asked of the articles the database cuts the list off before it looks
// at any of them.
func (q Query) candidatesQuery(f Fetch) (string, []any) {
	var args arguments
	most := `SELECT article, CAST(SUM(n) AS BIGINT) AS n FROM (` + q.counts(&args) + `) AS c GROUP BY article`
	where := q.wanted(&args, f)
	switch {
	case f.Each:
		most = `SELECT article, n FROM (SELECT m.article, m.n, ROW_NUMBER() OVER (PARTITION BY a.section ORDER BY m.n DESC, m.article DESC) AS place
			FROM (` + most + `) AS m JOIN articles AS a ON a.id = m.article
			WHERE m.n >= ` + args.list(f.Least) + ` AND ` + where + `) AS p WHERE place <= ` + args.list(int64(f.Limit))
	case where == everything:
		if f.Least > 0 {
			most += ` HAVING SUM(n) >= ` + args.list(f.Least)
		}
		most += ` ORDER BY n DESC, article DESC LIMIT ` + args.list(int64(f.Limit))
	default:
		most = `SELECT m.article, m.n FROM (` + most + `) AS m JOIN articles AS a ON a.id = m.article
			WHERE m.n >= ` + args.list(f.Least) + ` AND ` + where + ` ORDER BY m.n DESC, m.article DESC LIMIT ` + args.list(int64(f.Limit))
	}
	return `SELECT r.article, r.n, ` + facts(&args, f.AsOf) + `
		FROM (` + most + `) AS r LEFT JOIN articles AS a ON a.id = r.article LEFT JOIN article_words AS w ON w.article = r.article
		ORDER BY r.n DESC, r.article DESC`, args
}

// facts are the columns of a candidate but for its id and reads. An article that is not there has the empty state.
func facts(args *arguments, asOf time.Time) string {
	return `COALESCE(a.moment, 0), COALESCE(a.section, ''), COALESCE(a.kind, ''), COALESCE(` + stateThen(args, asOf) + `, ''),
		(SELECT COUNT(*) FROM read_excluded AS e WHERE e.article = a.id` + madeThen(args, asOf) + `), COALESCE(w.length, 0)`
}

// stateThen is the state that an article had: what the last change before said. A removed one is gone for good.
func stateThen(args *arguments, asOf time.Time) string {
	if asOf.IsZero() {
		return `a.state`
	}
	return `CASE WHEN a.state = 'removed' OR a.id IS NULL THEN a.state ELSE CASE COALESCE((SELECT c.verb FROM changes AS c
		WHERE c.article = a.id AND c.at <= ` + args.list(db.Milli(asOf)) + ` ORDER BY c.change DESC LIMIT 1), '')
		WHEN '' THEN 'draft' WHEN 'withdraw' THEN 'withdrawn' WHEN 'remove' THEN 'removed' ELSE 'published' END END`
}

func madeThen(args *arguments, asOf time.Time) string {
	if asOf.IsZero() {
		return ""
	}
	return ` AND e.made <= ` + args.list(db.Milli(asOf))
}

// everything is the condition that leaves nothing out.
const everything = `1 = 1`

// wanted are the conditions of f on an article.
func (q Query) wanted(args *arguments, f Fetch) string {
	where := everything
	if f.Eligible {
		where += ` AND ` + stateThen(args, f.AsOf) + ` = 'published'
			AND NOT EXISTS (SELECT 1 FROM read_excluded AS e WHERE e.article = a.id` + madeThen(args, f.AsOf) + `)`
		if q.MaxAge > 0 {
			where += ` AND a.moment >= ` + args.list(db.Milli(q.From.Add(-q.MaxAge)))
		}
	}
	if len(f.Sections) > 0 {
		where += ` AND a.section IN (` + args.list(db.Args(f.Sections)...) + `)`
	}
	if f.Words > 0 {
		where += ` AND EXISTS (SELECT 1 FROM article_words AS l WHERE l.article = a.id AND l.length >= ` + args.list(int64(f.Words)) + `)`
	}
	return where
}

// Newest brings the articles published from since and before until, the newest first, then the higher id, at most f.Limit, without their
// reads. A kind is one of package articles, "" is any.
func Newest(ctx context.Context, h db.Handle, f Fetch, since, until time.Time, kind string) ([]Candidate, error) {
	var args arguments
	where := Query{}.wanted(&args, f)
	if kind != "" {
		where += ` AND a.kind = ` + args.list(kind)
	}
	all, err := db.Collect(ctx, h, Query{}.scanCandidate, `SELECT a.id, CAST(0 AS BIGINT), `+facts(&args, f.AsOf)+`
		FROM articles AS a LEFT JOIN article_words AS w ON w.article = a.id
		WHERE `+where+` AND a.state IN ('published', 'withdrawn')
			AND a.moment >= `+args.list(db.Milli(since))+` AND a.moment < `+args.list(db.Milli(until))+`
		ORDER BY a.moment DESC, a.id DESC LIMIT `+args.list(int64(f.Limit)), args...)
	if err != nil {
		return nil, fmt.Errorf("the newest articles: %w", err)
	}
	return all, nil
}

// Facts brings what decides about these articles, also about those that nobody read; without those that do not exist. They are in the order of
// their ids.
func Facts(ctx context.Context, h db.Handle, q Query, ids []int64, asOf time.Time) ([]Candidate, error) {
	var all []Candidate
	for some := range slices.Chunk(ids, 500) {
		var args arguments
		those := args.list(db.Args(some)...)
		more, err := db.Collect(ctx, h, q.scanCandidate, `SELECT a.id, COALESCE(r.n, 0), `+facts(&args, asOf)+`
			FROM articles AS a LEFT JOIN article_words AS w ON w.article = a.id
			LEFT JOIN (SELECT article, CAST(SUM(n) AS BIGINT) AS n FROM (`+q.counts(&args)+`) AS c WHERE article IN (`+those+`) GROUP BY article) AS r ON r.article = a.id
			WHERE a.id IN (`+those+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("what is known of articles: %w", err)
		}
		all = append(all, more...)
	}
	slices.SortFunc(all, func(a, b Candidate) int { return cmp.Compare(a.Article, b.Article) })
	return all, nil
}

// Total is how many articles were read in the window of q, and how often in all.
func Total(ctx context.Context, h db.Handle, q Query) (articles, reads int64, err error) {
	var args arguments
	err = h.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(CAST(SUM(n) AS BIGINT), 0)
		FROM (SELECT article, CAST(SUM(n) AS BIGINT) AS n FROM (`+q.counts(&args)+`) AS c GROUP BY article) AS r`, args...).Scan(&articles, &reads)
	if err != nil {
		err = fmt.Errorf("how much was read: %w", err)
	}
	return articles, reads, err
}

// Pins are those in force at a moment and made by then, by place; of one place the one made last first. What was taken back since is not known.
func Pins(ctx context.Context, h db.Handle, at time.Time) ([]Pin, error) {
	pins, err := db.Collect(ctx, h, scanPin, `SELECT article, place, until FROM read_pins WHERE (until = 0 OR until > $1) AND made <= $1 ORDER BY place, made DESC, article`, db.Milli(at))
	if err != nil {
		return nil, fmt.Errorf("pinned articles: %w", err)
	}
	return pins, nil
}

// Arrange puts pinned lines, which are in the order of their places, into a list: each at its place from 1, or after it where that is taken,
// or at the end of a shorter list.
func Arrange[T any](list, pinned []T, place func(T) int) []T {
	taken := 0
	for _, p := range pinned {
		at := min(max(place(p)-1, taken), len(list))
		list = slices.Insert(list, at, p)
		taken = at + 1
	}
	return list
}

// A Standing is what the order of a list goes by.
type Standing struct {
	Score     float64
	Published time.Time
	Article   int64
}

// Compare is negative where s stands before the other: the higher score first; of equals the newer, then the higher id.
func (s Standing) Compare(other Standing) int {
	return cmp.Or(cmp.Compare(other.Score, s.Score), other.Published.Compare(s.Published), cmp.Compare(other.Article, s.Article))
}

// Standing is that of the candidate in a ranking.
func (c Candidate) Standing(by string) Standing {
	return Standing{c.Score(by), c.Published, c.Article}
}

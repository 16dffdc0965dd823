package reads

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"vestnik/db"
)

// Hours are an article's reads in [from, to), one for each hour and source that has any, in order. Before the 400 days for which
// hours are kept there are whole days (UTC), each as one Hour that starts at midnight.
func Hours(ctx context.Context, h db.Handle, article int64, from, to, now time.Time) ([]Hour, error) {
	first, end := Query{From: from, To: to}.hours()
	kept := max(first, firstHour(now))
	all, err := db.Collect(ctx, h, func(row *sql.Rows) (Hour, error) {
		one, hour := Hour{Article: article}, int64(0)
		err := row.Scan(&hour, &one.Source, &one.N)
		one.Start = time.Unix(hour*3600, 0).UTC()
		return one, err
	}, `SELECT hour, source, n FROM read_hour WHERE article = $1 AND hour >= $2 AND hour < $3
		UNION ALL
		SELECT day * 24, source, n FROM read_day WHERE article = $1 AND day >= $4 AND day < $5`,
		article, kept, end, (first+23)/24, min(kept, end)/24)
	if err != nil {
		return nil, fmt.Errorf("hours of article %d: %w", article, err)
	}
	slices.SortFunc(all, func(a, b Hour) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Source, b.Source)) })
	return all, nil
}

// Peak is the share of the reads that fell into the busiest hour, 0 if there are none. A high one is worth a look: readers come
// for days.
func Peak(hours []Hour) float64 {
	byHour := map[time.Time]int64{}
	var total, most int64
	for _, h := range hours {
		byHour[h.Start] += h.N
		total, most = total+h.N, max(most, byHour[h.Start])
	}
	return float64(most) / float64(max(total, 1))
}

// A Place is where an article stands in a ranking, and why not higher.
type Place struct {
	Place int   // from 1; 0: it is not in the list
	Of    int   // articles that are ranked
	Reads int64 // in the window
	Score float64
	Why   string // why it is not higher, or not in the list, in a sentence; "" for the first
}

// Explain says where an article stands in what [Top] would return for the query without a limit.
func Explain(ctx context.Context, h db.Handle, q Query, article int64) (Place, error) {
	q.By, q.Limit = cmp.Or(q.By, ByReads), 0
	place, err := q.explain(ctx, h, article)
	if err != nil {
		return Place{}, fmt.Errorf("place of article %d: %w", article, err)
	}
	return place, nil
}

func (q Query) explain(ctx context.Context, h db.Handle, article int64) (p Place, err error) {
	if p.Reads, err = q.reads(ctx, h, article); err != nil {
		return p, err
	}
	every := q
	every.Least = 0
	all, err := every.candidates(ctx, h)
	if err != nil {
		return p, err
	}
	top := q.choose(slices.Clone(all))
	p.Of = len(top)
	if i := slices.IndexFunc(top, func(r Ranked) bool { return r.Article == article }); i >= 0 {
		p.Place, p.Score = i+1, top[i].Score
		if i > 0 {
			p.Why, err = q.behind(ctx, h, top[i-1], top[i])
		}
		return p, err
	}
	if i := slices.IndexFunc(all, func(c candidate) bool { return c.Article == article }); i >= 0 {
		p.Score = all[i].Score
		p.Why = q.ruledOut(all[i], q.LeastReads(all[0].Reads))
		return p, nil
	}
	p.Why, err = q.notEligible(ctx, h, article)
	return p, err
}

// reads are an article's in the window.
func (q Query) reads(ctx context.Context, h db.Handle, article int64) (n int64, err error) {
	var args arguments
	err = h.QueryRowContext(ctx, `SELECT COALESCE(CAST(SUM(n) AS BIGINT), 0) FROM (`+q.counts(&args)+`) AS c WHERE article = `+args.list(article),
		args...).Scan(&n)
	return n, err
}

// behind says why one is behind the other.
func (q Query) behind(ctx context.Context, h db.Handle, before, one Ranked) (string, error) {
	var slug string
	if err := h.QueryRowContext(ctx, `SELECT slug FROM articles WHERE id = $1`, before.Article).Scan(&slug); err != nil {
		return "", err
	}
	switch {
	case before.Score == one.Score:
		return fmt.Sprintf("%s before it has as much, and is newer or was added later", slug), nil
	case q.By == ByReads:
		return fmt.Sprintf("%s before it has %d reads, %d more", slug, before.Reads, before.Reads-one.Reads), nil
	}
	return fmt.Sprintf("%s before it has the score %.1f (%s), and it has %.1f", slug, before.Score, q.By, one.Score), nil
}

// ruledOut says which of the rules that look at the others' reads keeps an article out.
func (q Query) ruledOut(c candidate, least int64) string {
	if c.Reads < least {
		return fmt.Sprintf("it has %d reads, and the list begins at %d (at least %d, and %g %% of the first's)", c.Reads, least, q.Least, 100*q.LeastShare)
	}
	return fmt.Sprintf("the list takes %d of a section, and so many of its section %q stand before it", q.PerSection, c.section)
}

// notEligible says which of the conditions on the article itself keeps it out.
func (q Query) notEligible(ctx context.Context, h db.Handle, article int64) (string, error) {
	var state, language, section string
	var moment, excluded int64
	err := h.QueryRowContext(ctx, `SELECT a.state, a.language, a.section, a.moment, (SELECT COUNT(*) FROM read_excluded AS e WHERE e.article = a.id)
		FROM articles AS a WHERE a.id = $1`, article).Scan(&state, &language, &section, &moment, &excluded)
	oldest := q.From.Add(-q.MaxAge)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "there is no such article", nil
	case err != nil:
		return "", err
	case state != "published":
		return fmt.Sprintf("it is not published: its state is %s", state), nil
	case excluded > 0 || slices.Contains(q.Exclude, article):
		return "the editors excluded it", nil
	case q.Language != "" && q.Language != language:
		return fmt.Sprintf("its language is %q, and the list's %q", language, q.Language), nil
	case q.Section != "" && q.Section != section:
		return fmt.Sprintf("its section is %q, and the list's %q", section, q.Section), nil
	case q.MaxAge > 0 && db.Time(moment).Before(oldest):
		return fmt.Sprintf("it was published on %s, and the list goes back to %s", day10(db.Time(moment)), day10(oldest)), nil
	}
	return "nobody read it in this window", nil
}

func day10(t time.Time) string { return t.UTC().Format("2006-01-02") }

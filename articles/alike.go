package articles

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"vestnik/articles/related"
	"vestnik/db"
)

// The lists of what is about the same as an article are kept, so that a page and a digest need not compute them. Every
// visible change owes a list in its own transaction (article_alike_due); [Relate] makes those lists, and owes one to the
// articles near the changed one, so that the news of today stand on the pages of years ago.
//
// A list is computed outside of any transaction and stored only while it is still owed and knows the change that it is owed
// for: with several nodes one of them wins, and a change that came between leaves the list owed. Change numbers become
// visible in their order, so a list that was computed after number n was current knows every change up to n.
const (
	mostAlike  = 20 // of a list
	relateStep = 16 // lists of one transaction: few, since other writers wait for it
)

// owed is one line of article_alike_due.
type owed struct {
	article, change, refresh int64
}

// A list is one that was computed.
type list struct {
	owed
	published bool
	known     int64 // the change number that was current before
	alike     []related.Found
	near      []int64
}

// Relate makes the lists of related articles that are owed, in steps of a short transaction each, until none is, and
// returns how many it made. Several nodes may do it at once, and one that is stopped leaves nothing half done.
func Relate(ctx context.Context, d *db.DB) (n int, err error) {
	for {
		made, left, err := relateSome(ctx, d)
		n += made
		if err != nil {
			return n, fmt.Errorf("make lists of related articles: %w", err)
		}
		if !left {
			return n, nil
		}
	}
}

// relateSome makes some of the lists that are owed; left is false where none was.
func relateSome(ctx context.Context, d *db.DB) (made int, left bool, err error) {
	all, err := db.Collect(ctx, d, func(row *sql.Rows) (o owed, err error) {
		return o, row.Scan(&o.article, &o.change, &o.refresh)
	}, `SELECT article, change, refresh FROM article_alike_due ORDER BY refresh, change, article LIMIT $1`, int64(4*relateStep))
	if err != nil || len(all) == 0 {
		return 0, false, err
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] }) // another node takes others
	var lists []list
	for _, o := range all[:min(len(all), relateStep)] {
		l, err := makeList(ctx, d, o)
		if err != nil {
			return 0, false, fmt.Errorf("of %d: %w", o.article, err)
		}
		lists = append(lists, l)
	}
	err = d.Tx(ctx, func(tx *sql.Tx) (err error) {
		made, err = storeLists(ctx, tx, lists)
		return err
	})
	return made, true, err
}

// makeList computes the list that is owed.
func makeList(ctx context.Context, h db.Handle, o owed) (l list, err error) {
	l.owed = o
	if l.known, err = CurrentChange(ctx, h); err != nil { // before anything else is read
		return l, err
	}
	a, err := Get(ctx, h, o.article)
	if err != nil || a.State != Published {
		return l, err
	}
	l.published = true
	picked, listed, err := editorsList(ctx, h, a)
	if err != nil {
		return l, err
	}
	q := alikeQuery(a, picked, listed, mostAlike)
	if o.refresh != 0 {
		l.alike, err = related.Similar(ctx, h, q)
		return l, err
	}
	l.alike, l.near, err = related.Lists(ctx, h, q)
	l.near = append(l.near, listed...) // which were left out
	return l, err
}

// storeLists writes those of the lists that are still owed, and returns how many they were. It takes turns with all writers
// of articles: each of them locks several lines of article_alike_due, and in another order.
func storeLists(ctx context.Context, tx *sql.Tx, lists []list) (n int, err error) {
	if err := lockChanges(ctx, tx); err != nil {
		return 0, err
	}
	for _, l := range lists {
		still, err := db.Changed(ctx, tx, `DELETE FROM article_alike_due WHERE article = $1 AND (change = $2 OR change <= $3) AND refresh >= $4`,
			l.article, l.change, l.known, l.refresh)
		if err != nil {
			return 0, err
		}
		if !still {
			continue
		}
		if err := storeList(ctx, tx, l); err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

func storeList(ctx context.Context, tx *sql.Tx, l list) error {
	if l.refresh == 0 { // first, while those are known that hold the article now
		if err := oweNear(ctx, tx, l); err != nil {
			return err
		}
	}
	for _, table := range []string{"article_alike", "article_alike_made"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE article = $1`, l.article); err != nil {
			return err
		}
	}
	if !l.published {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO article_alike_made (article, change) VALUES ($1, $2)`, l.article, l.known)
	if err != nil || len(l.alike) == 0 {
		return err
	}
	var rows []string
	args := []any{l.article}
	for pos, found := range l.alike {
		rows = append(rows, `($1, `+db.Placeholders(len(args)+1, 3)+`)`)
		args = append(args, int64(pos), found.Article, found.Score)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO article_alike (article, pos, other, score) VALUES `+strings.Join(rows, ", "), args...)
	return err
}

// onceOwed keeps one line for each article: of two changes the later, and that it changed itself.
const onceOwed = ` ON CONFLICT (article) DO UPDATE
	SET change = CASE WHEN excluded.change > article_alike_due.change THEN excluded.change ELSE article_alike_due.change END,
		refresh = CASE WHEN excluded.refresh < article_alike_due.refresh THEN excluded.refresh ELSE article_alike_due.refresh END`

// owe says that the list of an article which changed is to be made, in the transaction of the change.
func owe(ctx context.Context, tx *sql.Tx, article, change int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO article_alike_due (article, change, refresh) VALUES ($1, $2, 0)`+onceOwed, article, change)
	return err
}

// oweNear says so of the articles near one that changed, and of those whose lists hold it. A list that knows the change
// is left alone: after an import of thousands each is made once.
func oweNear(ctx context.Context, tx *sql.Tx, l list) error {
	near := slices.Clone(l.near)
	slices.Sort(near)
	args := []any{l.change, l.article}
	for _, id := range near {
		args = append(args, id)
	}
	_, err := tx.ExecContext(ctx, nearQuery(len(near)), args...)
	return err
}

// nearQuery is the statement of [oweNear] for so many near articles. As in words.Candidates, a CROSS JOIN keeps SQLite from going
// through all articles, and so does the UNION, where PostgreSQL would for an OR.
func nearQuery(near int) string {
	those := `SELECT article FROM article_alike WHERE other = $2 UNION SELECT article FROM article_related WHERE other = $2`
	if near > 0 {
		those += ` UNION SELECT id FROM articles WHERE id IN (` + db.Placeholders(3, near) + `)`
	}
	return `INSERT INTO article_alike_due (article, change, refresh)
		WITH those AS MATERIALIZED (` + those + `)
		SELECT a.id, CAST($1 AS BIGINT), 1
		FROM those CROSS JOIN articles AS a
		WHERE a.id = those.article AND a.id <> $2 AND a.state = 'published'
			AND NOT EXISTS (SELECT 1 FROM article_alike_made AS m WHERE m.article = a.id AND m.change >= $1)` + onceOwed
}

// alikeQuery asks for what stands after the picked ones of the editors' list.
func alikeQuery(a Article, picked []Article, exclude []int64, n int) related.Query {
	q := related.Query{Article: a.ID, Language: a.Language, Moment: a.Moment, Exclude: exclude, Limit: n}
	for _, tag := range a.Tags {
		q.Tags = append(q.Tags, tag.Slug)
	}
	for _, p := range picked {
		q.Picked = append(q.Picked, p.ID)
	}
	return q
}

// alikeOf returns the first n of a's list by words that are not in exclude, as it is kept, or as it would be made now. Where so
// many of a full list are left out that others would follow, they are computed.
func alikeOf(ctx context.Context, h db.Handle, a Article, picked []Article, listed, exclude []int64, n int) (all []related.Found, kept bool, err error) {
	all, full, kept, err := keptAlike(ctx, h, a)
	if err == nil && !kept {
		all, err = related.Similar(ctx, h, alikeQuery(a, picked, listed, mostAlike))
		full = len(all) == mostAlike
	}
	all = slices.DeleteFunc(all, func(f related.Found) bool { return slices.Contains(exclude, f.Article) })
	if err == nil && full && len(all) < n {
		all, err = related.Similar(ctx, h, alikeQuery(a, picked, slices.Concat(exclude, listed), n))
		kept = false
	}
	return all[:min(n, len(all))], kept, err
}

// keptAlike returns the articles of a's kept list that are still published; full says that the list ends where it was cut off.
// It is not ok where the list does not know a as it is.
func keptAlike(ctx context.Context, h db.Handle, a Article) (all []related.Found, full, ok bool, err error) {
	made, err := db.Collect(ctx, h, func(row *sql.Rows) (change int64, err error) {
		return change, row.Scan(&change)
	}, `SELECT change FROM article_alike_made WHERE article = $1`, a.ID)
	if err != nil || len(made) == 0 || made[0] < a.Change {
		return nil, false, false, err
	}
	kept := 0
	_, err = db.Collect(ctx, h, func(row *sql.Rows) (_ struct{}, err error) {
		var f related.Found
		var state string
		kept++
		if err = row.Scan(&f.Article, &f.Score, &state); state == Published {
			all = append(all, f)
		}
		return struct{}{}, err
	}, `SELECT other, score, state
		FROM article_alike
		JOIN articles ON articles.id = article_alike.other
		WHERE article_alike.article = $1
		ORDER BY pos`, a.ID)
	return all, kept == mostAlike, true, err
}

// oweOverlooked owes the lists of those articles that a node of an older version changed, which knows nothing of lists.
func oweOverlooked(ctx context.Context, d *db.DB) error {
	const overlooked = `FROM articles
		LEFT JOIN article_alike_made ON article_alike_made.article = articles.id
		WHERE (state = 'published') <> (article_alike_made.article IS NOT NULL) OR article_alike_made.change < articles.change`
	var n int64
	if err := d.QueryRowContext(ctx, `SELECT COUNT(*) `+overlooked).Scan(&n); err != nil || n == 0 {
		return err // without a lock: mostly there is nothing
	}
	return d.Tx(ctx, func(tx *sql.Tx) error {
		if err := lockChanges(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO article_alike_due (article, change, refresh) SELECT id, articles.change, 0 `+overlooked+` ON CONFLICT DO NOTHING`)
		return err
	})
}

// Housekeep does what an older version that runs beside this one leaves behind, or left: it makes words anew ([Reindex]),
// and owes the lists of related articles that were overlooked. [Relate] makes those.
func Housekeep(ctx context.Context, d *db.DB) (reindexed int, err error) {
	if reindexed, err = Reindex(ctx, d); err != nil {
		return reindexed, err
	}
	if err := oweOverlooked(ctx, d); err != nil {
		return reindexed, fmt.Errorf("look for articles without a list of related ones: %w", err)
	}
	return reindexed, nil
}

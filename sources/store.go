package sources

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"vestnik/articles"
	"vestnik/db"
)

// batch is how many items share a transaction, chunk how many a query asks for.
const (
	batch = 50
	chunk = 200
)

// known is the article that an item became.
type known struct {
	article   int64
	hash      string
	state     string
	published int64
	link      string
	byKey     bool // found by the item's key, not only by its link
}

// settled reports whether the article needs nothing from it: the same input as before, or a text that an editor took
// off the site.
func (k known) settled(it item) bool {
	return k.article != 0 && (k.hash == it.input.Hash || k.state == articles.Withdrawn || k.state == articles.Removed)
}

// store takes in what is new or changed. It asks before it writes, so a feed without news costs no write.
func (p *poll) store(ctx context.Context, items []item) error {
	found, err := p.lookUp(ctx, items)
	if err != nil {
		return err
	}
	foreign, err := p.taken(ctx, items, found)
	if err != nil {
		return err
	}
	var work []item
	for _, it := range items {
		k, isKnown := found[it.key]
		switch {
		case !isKnown && foreign[it.input.URL]:
			p.report.Skipped++
		case k.byKey && k.settled(it):
			p.report.Unchanged++
		default:
			work = append(work, it)
		}
	}
	for some := range slices.Chunk(work, batch) {
		if err := p.put(ctx, some, found); err != nil {
			return err
		}
	}
	return nil
}

// lookUp finds the articles that items became, by key, else by link.
func (p *poll) lookUp(ctx context.Context, items []item) (map[string]known, error) {
	var keys, links []string
	for _, it := range items {
		keys = append(keys, db.Text(it.key))
		if it.link != "" {
			links = append(links, db.Text(it.link))
		}
	}
	byKey, err := p.find(ctx, "guid", keys)
	if err != nil {
		return nil, err
	}
	byLink, err := p.find(ctx, "link", links)
	if err != nil {
		return nil, err
	}
	found := map[string]known{}
	for _, it := range items {
		if k, ok := byKey[db.Text(it.key)]; ok {
			k.byKey = true
			found[it.key] = k
		} else if k, ok := byLink[db.Text(it.link)]; ok && it.link != "" {
			found[it.key] = k
		}
	}
	return found, nil
}

// find looks up this source's items by one column, guid or link.
func (p *poll) find(ctx context.Context, column string, values []string) (map[string]known, error) {
	found := map[string]known{}
	for some := range slices.Chunk(values, chunk) {
		args := append([]any{p.source.Name}, db.Args(some)...)
		_, err := db.Collect(ctx, p.d, func(rows *sql.Rows) (struct{}, error) {
			var value string
			var k known
			err := rows.Scan(&value, &k.article, &k.hash, &k.state, &k.published, &k.link)
			found[value] = k
			return struct{}{}, err
		}, `
			SELECT i.`+column+`, a.id, a.hash, a.state, a.published, i.link
			FROM source_items i
			JOIN articles a ON a.id = i.article
			WHERE i.source = $1 AND i.`+column+` IN (`+db.Placeholders(2, len(some))+`)`, args...)
		if err != nil {
			return nil, fmt.Errorf("look up its items: %w", err)
		}
	}
	return found, nil
}

// taken returns those addresses of unknown items that an article from elsewhere has: an import, an editor, another
// source. Who brought it first keeps it; two feeds with the same items would otherwise write it in turns for ever.
func (p *poll) taken(ctx context.Context, items []item, found map[string]known) (map[string]bool, error) {
	var urls []string
	for _, it := range items {
		if _, isKnown := found[it.key]; !isKnown && it.input.URL != "" {
			urls = append(urls, db.Text(it.input.URL))
		}
	}
	taken := map[string]bool{}
	for some := range slices.Chunk(urls, chunk) {
		list, err := db.Collect(ctx, p.d, func(rows *sql.Rows) (u string, err error) { return u, rows.Scan(&u) }, `
			SELECT url FROM articles WHERE url <> '' AND url IN (`+db.Placeholders(1, len(some))+`)`, db.Args(some)...)
		if err != nil {
			return nil, fmt.Errorf("look up the addresses of its items: %w", err)
		}
		for _, u := range list {
			taken[u] = true
		}
	}
	return taken, nil
}

// put writes items in one transaction and counts what became of them.
func (p *poll) put(ctx context.Context, items []item, found map[string]known) error {
	var done []written
	err := p.d.Tx(ctx, func(tx *sql.Tx) error {
		done = done[:0]
		for _, it := range items {
			w, err := p.write(ctx, tx, it, found[it.key])
			if err != nil {
				return fmt.Errorf("store item %q: %w", it.input.Title, err)
			}
			done = append(done, w)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, w := range done {
		p.tally(w)
	}
	return nil
}

// written is what became of an item.
type written struct {
	outcome articles.Outcome
	problem string // why it was not taken, "" if it was
}

// write puts one item's article and notes which it is. k is zero for a new one. An item that articles will not have is
// no error: it is found out before anything is written, so the transaction goes on without it.
func (p *poll) write(ctx context.Context, tx *sql.Tx, it item, k known) (written, error) {
	outcome, article := articles.Unchanged, k.article
	if !k.settled(it) {
		a, o, err := articles.Put(ctx, tx, p.site, p.input(it, k), p.now)
		var field *articles.FieldError
		if errors.As(err, &field) {
			return written{problem: fmt.Sprintf("item %q is not taken: %v", it.input.Title, field)}, nil
		}
		if err != nil {
			return written{}, err
		}
		outcome, article = o, a.ID
	}
	if k.byKey && k.link == it.link {
		return written{outcome: outcome}, nil
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO source_items (source, guid, link, article)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (source, guid) DO UPDATE SET link = excluded.link, article = excluded.article`,
		p.source.Name, db.Text(it.key), db.Text(it.link), article)
	return written{outcome: outcome}, err
}

// input is the item for the article it is known as. A date still ahead of us stays the day it was first clamped to.
func (p *poll) input(it item, k known) articles.Input {
	in := it.input
	in.ID = k.article
	if first := db.Time(k.published); !first.IsZero() && in.Published.Equal(p.now) {
		in.Published = first
	}
	return in
}

func (p *poll) tally(w written) {
	switch {
	case w.problem != "":
		p.report.Skipped++
		p.report.Problems = append(p.report.Problems, w.problem)
	case w.outcome == articles.Added:
		p.report.Added++
	case w.outcome == articles.Changed:
		p.report.Updated++
	default:
		p.report.Unchanged++
	}
}

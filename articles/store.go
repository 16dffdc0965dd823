package articles

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"vestnik/articles/words"
	"vestnik/db"
)

// columns in the order of [scanRecord] and [values].
const columns = `id, slug, guid, kind, title, standfirst, html, text, language, section, section_title, url, image, image_alt,
	published, updated, seen, moment, state, change, path, hash, correction, corrected, enclosure, enclosure_type, enclosure_length`

func values(r record) []any {
	var e Enclosure
	if r.Enclosure != nil {
		e = *r.Enclosure
	}
	return []any{r.ID, r.Slug, r.GUID, r.Kind, r.Title, r.Standfirst, r.HTML, r.Text, r.Language, r.Section.Slug, r.Section.Name,
		r.URL, r.Image, r.ImageAlt, db.Milli(r.Published), db.Milli(r.Updated), db.Milli(r.Seen), db.Milli(r.Moment), r.State,
		r.Change, r.path, r.hash, r.Correction, db.Milli(r.Corrected), e.URL, e.Type, e.Length}
}

func scanRecord(row *sql.Rows) (record, error) {
	var r record
	var published, updated, seen, moment, corrected int64
	var e Enclosure
	err := row.Scan(&r.ID, &r.Slug, &r.GUID, &r.Kind, &r.Title, &r.Standfirst, &r.HTML, &r.Text, &r.Language, &r.Section.Slug,
		&r.Section.Name, &r.URL, &r.Image, &r.ImageAlt, &published, &updated, &seen, &moment, &r.State, &r.Change, &r.path, &r.hash,
		&r.Correction, &corrected, &e.URL, &e.Type, &e.Length)
	r.Published, r.Updated, r.Seen, r.Moment = db.Time(published), db.Time(updated), db.Time(seen), db.Time(moment)
	r.Corrected = db.Time(corrected)
	if e.URL != "" {
		r.Enclosure = &e
	}
	return r, err
}

// storeChange writes next over old, and returns it. Where a reader sees the difference, verb says which: then it raises the
// change counter too.
func storeChange(ctx context.Context, tx *sql.Tx, old, next record, verb string, now time.Time) (_ Article, err error) {
	if verb == "" {
		return next.Article, store(ctx, tx, old, next)
	}
	if next.Change, err = nextChange(ctx, tx); err != nil {
		return next.Article, err
	}
	if err := store(ctx, tx, old, next); err != nil {
		return next.Article, err
	}
	return next.Article, logChange(ctx, tx, next.ID, next.Change, verb, now)
}

// store writes the row of next and those of its labels and words that differ from old's.
func store(ctx context.Context, tx *sql.Tx, old, next record) error {
	query := `INSERT INTO articles (` + columns + `) VALUES (` + db.Placeholders(1, 27) + `)`
	if old.ID != 0 {
		query = `UPDATE articles
			SET slug = $2, guid = $3, kind = $4, title = $5, standfirst = $6, html = $7, text = $8, language = $9, section = $10,
				section_title = $11, url = $12, image = $13, image_alt = $14, published = $15, updated = $16, seen = $17,
				moment = $18, state = $19, change = $20, path = $21, hash = $22, correction = $23, corrected = $24,
				enclosure = $25, enclosure_type = $26, enclosure_length = $27
			WHERE id = $1`
	}
	if _, err := tx.ExecContext(ctx, query, values(next)...); err != nil {
		return err
	}
	moved := !old.Moment.Equal(next.Moment)
	if moved || !slices.Equal(old.Authors, next.Authors) {
		if err := storeLabels(ctx, tx, "article_authors", next, next.Authors); err != nil {
			return err
		}
	}
	if moved || !slices.Equal(old.Tags, next.Tags) {
		if err := storeLabels(ctx, tx, "article_tags", next, next.Tags); err != nil {
			return err
		}
	}
	return storeWords(ctx, tx, old.Article, next.Article)
}

// storeWords says what next is about where that differs from old.
func storeWords(ctx context.Context, tx *sql.Tx, old, next Article) error {
	if old.ID != 0 && old.Title == next.Title && old.Standfirst == next.Standfirst && old.Text == next.Text &&
		old.Language == next.Language && slices.Equal(old.Tags, next.Tags) {
		return nil
	}
	return setWords(ctx, tx, next)
}

// setWords says what an article is about. A removed one has no words.
func setWords(ctx context.Context, tx *sql.Tx, a Article) error {
	if a.State == Removed {
		return words.Forget(ctx, tx, a.ID)
	}
	text := words.Text{Language: a.Language, Title: a.Title, Standfirst: a.Standfirst, Body: a.Text}
	for _, tag := range a.Tags {
		text.Tags = append(text.Tags, tag.Name)
	}
	return words.Add(ctx, tx, a.ID, text)
}

// storeLabels replaces the rows of an article in article_authors or article_tags.
func storeLabels(ctx context.Context, tx *sql.Tx, table string, a record, all []Label) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE article = $1`, a.ID); err != nil || len(all) == 0 {
		return err
	}
	var rows []string
	args := []any{a.ID, db.Milli(a.Moment)}
	for pos, l := range all {
		rows = append(rows, `($1, $2, `+db.Placeholders(len(args)+1, 3)+`)`)
		args = append(args, int64(pos), l.Name, l.Slug)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO `+table+` (article, moment, pos, name, slug) VALUES `+strings.Join(rows, ", "), args...)
	return err
}

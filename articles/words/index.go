package words

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"unicode"

	"vestnik/db"
)

// A Query says which articles [Candidates] finds. Words are stems, as [language.Terms] gives them, or beginnings.
type Query struct {
	Any      []string   // at least one of these, unless there are none
	All      [][]string // and at least one of each group
	Language string
	Limit    int
}

// A Candidate is an article that a [Query] found.
type Candidate struct {
	ID     int64
	Moment int64 // milliseconds
}

// Candidates returns the published articles of the language that meet the query, newest first, of one moment the higher id.
// A query without words finds nothing.
func Candidates(ctx context.Context, h db.Handle, q Query) ([]Candidate, error) {
	expression, possible := q.expression()
	if !possible {
		return nil, nil
	}
	return db.Collect(ctx, h, func(row *sql.Rows) (c Candidate, err error) {
		return c, row.Scan(&c.ID, &c.Moment)
	}, candidatesQuery, expression, q.Language, int64(q.Limit))
}

// SQLite keeps the order of a CROSS JOIN; else it goes through all articles, newest first.
const candidatesQuery = `WITH found AS MATERIALIZED (SELECT rowid AS article FROM word_index($1))
	SELECT a.id, a.moment
	FROM found AS f CROSS JOIN articles AS a
	WHERE a.id = f.article AND a.state = 'published' AND a.language = $2
	ORDER BY a.moment DESC, a.id DESC
	LIMIT $3`

// expression is the query in the words of FTS5, which the function word_index of PostgreSQL understands too.
func (q Query) expression() (_ string, possible bool) {
	groups := q.All
	if len(q.Any) > 0 {
		groups = append([][]string{q.Any}, groups...)
	}
	var all []string
	for _, group := range groups {
		var any []string
		for _, word := range group {
			any = append(any, `"`+token(word)+`"`)
		}
		if len(any) == 0 {
			return "", false // nothing is one of none
		}
		all = append(all, "("+strings.Join(any, " OR ")+")")
	}
	return strings.Join(all, " AND "), len(all) > 0
}

// index makes an article one that is found by the terms of d, and by no others.
func index(ctx context.Context, tx *sql.Tx, d Document, indexed bool) error {
	if indexed {
		if _, err := tx.ExecContext(ctx, `DELETE FROM word_index WHERE rowid = $1`, d.Article); err != nil {
			return err
		}
	}
	if len(d.Terms) == 0 {
		return nil
	}
	tokens := make([]string, len(d.Terms))
	for i, t := range d.Terms {
		tokens[i] = token(t.Word)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO word_index (rowid, words) VALUES ($1, $2)`, d.Article, strings.Join(tokens, " "))
	return err
}

// token is a word as both indexes keep it to the last byte: FTS5 cuts at everything in ASCII that is no letter or digit,
// PostgreSQL at spaces, quotes and colons. Each such character is written as one for private use, which no word has; as
// rare ones beyond ASCII that are no letters, digits or accents are (there are spaces among them) by their number.
func token(word string) string {
	if !strings.ContainsFunc(word, needsEscape) {
		return word
	}
	var b strings.Builder
	for _, r := range word {
		switch {
		case !needsEscape(r):
			b.WriteRune(r)
		case r < 0x80:
			b.WriteRune(0xE000 + r)
		default:
			b.WriteString("\uE080" + strconv.FormatInt(int64(r), 16) + "\uE080")
		}
	}
	return b.String()
}

func needsEscape(r rune) bool {
	if r < 0x80 {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
}

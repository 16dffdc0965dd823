package words_test

import (
	"database/sql"
	"strings"
	"testing"

	"vestnik/articles/words"
	"vestnik/db"
	"vestnik/db/dbtest"
)

// On SQLite a row of an article has all its text in it: candidates are told apart by an index alone.
func TestCandidatesAreFoundWithoutPassingTextsBy(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	plan, err := db.Collect(ctx, d, func(row *sql.Rows) (line string, err error) {
		var id, parent, unused int64
		return line, row.Scan(&id, &parent, &unused, &line)
	}, "EXPLAIN QUERY PLAN "+words.CandidatesQuery, `"a"`, "ru", int64(9))
	if got := strings.Join(plan, "\n"); err != nil || !strings.Contains(got, "COVERING INDEX articles_found (id=? AND language=?)") {
		t.Errorf("%v\n%s", err, got)
	}
}

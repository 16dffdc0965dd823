package schema_test

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"

	"vestnik/db"
	"vestnik/db/dbtest"
	"vestnik/db/schema"
)

var ctx = context.Background()

func TestMigrateIsRepeatableAndSafeForManyNodes(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, _, err := schema.Migrate(ctx, d); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	steps, err := schema.Steps()
	if err != nil {
		t.Fatal(err)
	}
	from, to, err := schema.Migrate(ctx, d)
	if err != nil || from != len(steps) || to != len(steps) {
		t.Errorf("Migrate again = %d, %d, %v; want %d, %d", from, to, err, len(steps), len(steps))
	}
}

func TestMigrateRefusesANewerDatabaseAndLeavesItAlone(t *testing.T) {
	d := dbtest.Open(t)
	if _, err := d.ExecContext(ctx, `INSERT INTO schema_version (version) VALUES (9999)`); err != nil {
		t.Fatal(err)
	}
	_, _, err := schema.Migrate(ctx, d)
	if !errors.Is(err, schema.ErrNewer) || !strings.Contains(err.Error(), "9999") {
		t.Errorf("Migrate = %v, want ErrNewer that names 9999", err)
	}
}

// The rows are those of a database of the first release; a later step must carry them over.
func TestUpgradeFromTheFirstSchemaKeepsItsRows(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	steps, err := schema.Steps()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := schema.MigrateTo(ctx, d, steps[:1]); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO articles (id, slug, guid, kind, title, standfirst, html, text, language, section, section_title, url, image, image_alt,
			published, updated, seen, moment, state, change, path, hash)
		VALUES (1, 'kino', 'tag:kino.example,2018-05-29:1', 'article', 'Кинокластер', '', '<p>а</p>', 'а', 'ru', '', '', '', '', '',
			1527519600000, 1527519600000, 1, 1527519600000, 'published', 1, '', '')`,
		`INSERT INTO article_tags (article, pos, name, slug) VALUES (1, 0, 'Кино', 'kino')`,
		`INSERT INTO article_authors (article, pos, name, slug) VALUES (1, 0, 'Анна', 'anna')`,
		`INSERT INTO article_terms (term, article, weight) VALUES ('=ru', 1, 0), ('кинокластер', 1, 3)`,
		`INSERT INTO changes (change, article, verb, at) VALUES (1, 1, 'publish', 1527519600000)`,
		`INSERT INTO subscribers (id, email, email_key, name, language, timezone, state, since) VALUES (2, 'Ann@example.org', 'ann@example.org', '', '', '', 'active', 1)`,
		`INSERT INTO subscriptions (subscriber, digest, state, since) VALUES (2, 'daily', 'active', 1)`,
		`INSERT INTO read_hour (article, hour, source, n) VALUES (1, 494424, 'web', 2)`,
		`INSERT INTO read_hour (article, hour, source, n) VALUES (1, 494447, 'web', 3)`,
		`INSERT INTO read_hour (article, hour, source, n) VALUES (1, 494448, 'web', 4)`,
		`INSERT INTO suppressions (email_key, reason, since) VALUES ('x@example.org', 'no such address', 1)`,
	} {
		if _, err := d.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if _, _, err := schema.Migrate(ctx, d); err != nil {
		t.Fatal(err)
	}
	var title, email string
	if err := d.QueryRowContext(ctx, `SELECT a.title, s.email FROM articles AS a, subscribers AS s WHERE a.slug = 'kino'`).Scan(&title, &email); err != nil {
		t.Fatal(err)
	}
	if title != "Кинокластер" || email != "Ann@example.org" {
		t.Errorf("after the upgrade: %q, %q", title, email)
	}
	for _, test := range []struct{ query, want string }{
		{`SELECT correction || enclosure || enclosure_type FROM articles WHERE corrected = 0 AND enclosure_length = 0`, ""},
		{`SELECT verb FROM changes WHERE mark = 0`, "publish"},
		{`SELECT name FROM article_tags WHERE slug = 'kino' AND moment = 1527519600000`, "Кино"},
		{`SELECT language FROM article_words WHERE article = 1 AND analyzer = 0`, "ru"},
		{`SELECT CAST(n AS TEXT) FROM read_day WHERE article = 1 AND day = 20601 AND source = 'web'`, "5"},
		{`SELECT CAST(n AS TEXT) FROM read_day WHERE article = 1 AND day = 20602 AND source = 'web'`, "4"},
		{`SELECT name FROM article_authors WHERE slug = 'anna' AND moment = 1527519600000`, "Анна"},
	} {
		var got string
		if err := d.QueryRowContext(ctx, test.query).Scan(&got); err != nil || got != test.want {
			t.Errorf("%s: %q, %v; want %q", test.query, got, err, test.want)
		}
	}
}

func TestABrokenStepChangesNothing(t *testing.T) {
	d := dbtest.OpenEmpty(t)
	broken := schema.Step{Version: 1, Name: "001_broken.sql", SQL: `CREATE TABLE good (a TEXT NOT NULL); CREATE TABLE (;`}
	if _, _, err := schema.MigrateTo(ctx, d, []schema.Step{broken}); err == nil || !strings.Contains(err.Error(), "001_broken.sql") {
		t.Errorf("MigrateTo = %v, want an error that names the step", err)
	}
	if version, err := schema.Version(ctx, d); err != nil || version != 0 {
		t.Errorf("version = %d (%v), want 0", version, err)
	}
	if _, err := d.ExecContext(ctx, `INSERT INTO good (a) VALUES ('x')`); err == nil {
		t.Error("half of the step was kept")
	}
}

func TestPartsOfAStepAreForOneEngine(t *testing.T) {
	s := schema.Step{Version: 1, Name: "001_parts.sql", SQL: "a\n-- only sqlite\nb\n-- only postgres\nc\n-- all engines\nd"}
	for engine, want := range map[string]string{"sqlite": "a\n-- only sqlite\nb\n-- only postgres\n\n-- all engines\nd", "postgres": "a\n-- only sqlite\n\n-- only postgres\nc\n-- all engines\nd"} {
		if got, err := s.For(engine); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", engine, got, err, want)
		}
	}
	s.SQL = "a\n-- only mysql\nb"
	if _, err := s.For("sqlite"); err == nil || !strings.Contains(err.Error(), "001_parts.sql:2") {
		t.Errorf("an unknown engine: %v, want an error that names the line", err)
	}
}

func TestBothEnginesHaveTheSameTablesForTheSameStatements(t *testing.T) {
	d := dbtest.Open(t)
	for _, statement := range []string{
		`INSERT INTO word_index (rowid, words) VALUES (1, 'маяк порт')`,
		`INSERT INTO word_index (rowid, words) VALUES (2, 'маяк скала')`,
		`DELETE FROM word_index WHERE rowid = 1`,
		`INSERT INTO word_df (language, word, n) VALUES ('ru', 'маяк', 2) ON CONFLICT (language, word) DO UPDATE SET n = word_df.n + 1`,
	} {
		if _, err := d.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	got, err := db.Collect(ctx, d, func(row *sql.Rows) (id int64, err error) { return id, row.Scan(&id) },
		`SELECT rowid FROM word_index($1)`, `("маяк" OR "порт") AND ("скала")`)
	if err != nil || len(got) != 1 || got[0] != 2 {
		t.Errorf("found %v, %v; want 2", got, err)
	}
}

func TestSchemaKeepsToTypesThatMeanTheSameOnBothEngines(t *testing.T) {
	forbidden := regexp.MustCompile(`(?i)\b(SERIAL|AUTOINCREMENT|TIMESTAMP|DATETIME|DATE|JSON|JSONB|BOOLEAN|VARCHAR|INTEGER|INT|NULL DEFAULT)\b`)
	added := regexp.MustCompile(`^ALTER TABLE .* ADD COLUMN`)
	column := regexp.MustCompile(`^\s+[a-z_]+\s+(TEXT|BIGINT|BYTEA|DOUBLE PRECISION|TSVECTOR)\b`)
	steps, err := schema.Steps()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		for i, line := range strings.Split(s.SQL, "\n") {
			line, _, _ = strings.Cut(line, "--")
			if strings.HasPrefix(line, "ALTER TABLE") { // a new column needs a value for the rows there are
				line = strings.Replace(line, "NOT NULL DEFAULT", "NOT NULL", 1)
			}
			if word := forbidden.FindString(line); word != "" {
				t.Errorf("%s:%d: %s means different things on the two engines", s.Name, i+1, word)
			}
			if (column.MatchString(line) || added.MatchString(line)) && !strings.Contains(line, "NOT NULL") {
				t.Errorf("%s:%d: a column without NOT NULL", s.Name, i+1)
			}
		}
	}
}

var _ db.Handle = (*db.DB)(nil)

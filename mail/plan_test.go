package mail

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"vestnik/db"
	"vestnik/db/dbtest"
)

// explain returns SQLite's plan for a statement.
func explain(t *testing.T, d *db.DB, query string, args ...any) string {
	t.Helper()
	lines, err := db.Collect(context.Background(), d, func(row *sql.Rows) (string, error) {
		var id, parent, unused int64
		var detail string
		err := row.Scan(&id, &parent, &unused, &detail)
		return detail, err
	}, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// TestStatementsUseTheirIndexes looks at SQLite's plans: without the right one a million letters take hours.
func TestStatementsUseTheirIndexes(t *testing.T) {
	d := dbtest.OpenSQLite(t)
	const byKey = "SEARCH letters USING INDEX sqlite_autoindex_letters_1 (kind=? AND ref=? AND recipient=?)"
	const byOwner = "SEARCH l USING INDEX letters_owned (owner=?)"
	var marks, results []any
	for range 200 {
		marks = append(marks, "digest", 1, 2, 3, "", 5)
		results = append(results, "digest", 1, 2, 3, "", "", "", 5, 6, 7, 8)
	}
	list, args := ListFilter{Kind: "digest", State: "sent", Digest: "daily"}.query(100)
	for _, c := range []struct {
		name, query string
		args        []any
		want        []string
	}{
		{"claim", claimQuery(d.Engine), []any{1, 2, "digest", 4, 5}, []string{byKey, "SEARCH letters USING INDEX letters_due (lane=? AND due>? AND due<?)"}},
		{"one mark", markQuery(1), marks[:6], []string{byKey}},
		{"marks", markQuery(200), marks, []string{byKey}},
		{"one result", resultQuery(1), results[:11], []string{byKey}},
		{"results", resultQuery(200), results, []string{byKey}},
		{"leased", leasedQuery, []any{1, 2}, []string{byOwner, "SEARCH u USING INDEX sqlite_autoindex_subscriptions_1 (subscriber=? AND digest=?)"}},
		{"expire", settleQuery + `expires > 0 AND expires <= $5`, []any{1, 2, "", "", 5}, []string{"letters USING INDEX letters_owned (owner=?)"}},
		{"release", releaseQuery, []any{1, 2, "", 4}, []string{"letters USING INDEX letters_owned (owner=?)"}},
		{"present revision", presentQuery, []any{1, 2}, []string{"letters USING INDEX letters_owned (owner=?)", "SEARCH e USING INDEX sqlite_autoindex_editions_1 (id=?)"}},
		{"renew", renewQuery, []any{2, "digest", 1}, []string{"letters USING INDEX letters_state (kind=? AND state=? AND ref=?)"}},
		{"recall", recallQuery, []any{2, "digest", 1}, []string{"letters USING INDEX letters_state (kind=? AND state=? AND ref=?)"}},
		{"withdraw", withdrawQuery, []any{1, 2, "daily", "left"}, []string{"letters USING INDEX letters_recipient (recipient=?)"}},
		{"orphans", orphansQuery, []any{1}, []string{"letters USING INDEX letters_owned"}},
		{"waiting", waitingQuery, []any{"digest", 2}, []string{"letters USING COVERING INDEX letters_due (lane=? AND due>? AND due<?)"}},
		{"balance", balanceQuery, []any{"digest", 1}, []string{"letters USING COVERING INDEX letters_state (kind=? AND state=? AND ref=?)"}},
		{"balances", balancesQuery, nil, []string{"letters USING COVERING INDEX letters_state (kind=?)"}},
		{"other balances", kindQuery, []any{"test"}, []string{"letters USING COVERING INDEX letters_state (kind=?)"}},
		{"open", openQuery, []any{"digest", 1}, []string{"letters USING COVERING INDEX letters_state (kind=? AND state=? AND ref=?)"}},
		{"verify", verifyQuery(), []any{1}, []string{"letters USING INDEX sqlite_autoindex_letters_1 (kind=? AND ref=?)"}},
		{"list", list, args, []string{"SEARCH l USING INDEX sqlite_autoindex_letters_1 (kind=?)"}},
		{"gone", goneQuery, []any{"", "", 3, 4, "", 6}, []string{"letters USING INDEX letters_recipient (recipient=?)"}},
	} {
		plan := explain(t, d, c.query, c.args...)
		for _, want := range c.want {
			if !strings.Contains(plan, want) {
				t.Errorf("%s: the plan is\n%s\nwant a line %q", c.name, plan, want)
			}
		}
		for line := range strings.SplitSeq(plan, "\n") {
			if line == "SCAN letters" || line == "SCAN l" || c.name == "list" && strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s reads the whole ledger:\n%s", c.name, plan)
			}
		}
	}
}

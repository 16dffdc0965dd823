package mail

import (
	"context"
	"fmt"
	"strings"

	"vestnik/db"
)

// A Verification is a balance recomputed from the letters, and what does not add up.
type Verification struct {
	Balance  Balance
	Problems []string // empty: all is well
}

// checks are what must hold for every letter, at any moment: each is the condition of a letter that breaks it. Of letters whose address
// was taken out ([Scrub]) the answer is gone, too.
var checks = []struct{ sentence, where string }{
	{"in a state that does not exist", `state NOT IN ` + states},
	{"sent without the relay's answer", `state = 'sent' AND (reply = '' AND address <> '' OR done = 0)`},
	{"waiting, but never due", `state IN ('queued', 'deferred') AND due = 0`},
	{"settled, but still due or owned", `state IN ('sent', 'failed', 'in_doubt', 'suppressed', 'expired') AND (due > 0 OR owner > 0)`},
	{"leased or in flight without an owner", `state IN ('leased', 'in_flight') AND (owner = 0 OR fence = 0)`},
	{"sent more often than attempted", `state IN ('sent', 'in_flight') AND attempt = 0`},
	{"sent, but still holding a confirmation token", `state = 'sent' AND private <> ''`},
}

// counted are the states in the order in which verifyQuery counts them.
var counted = [...]string{StateQueued, StateLeased, StateInFlight, StateSent, StateFailed, StateDeferred, StateInDoubt, StateSuppressed, StateExpired}

// verifyQuery reads every letter of edition $1 once. It is one statement, so that a send that goes on meanwhile does not
// look like a mistake.
func verifyQuery() string {
	var q strings.Builder
	q.WriteString(`SELECT COALESCE((SELECT state FROM editions WHERE id = $1), ''), COALESCE((SELECT recipients FROM editions WHERE id = $1), 0),
		COALESCE(MAX(digest), ''), COUNT(*)`)
	for _, state := range counted {
		q.WriteString(`, COUNT(CASE WHEN state = '` + state + `' THEN 1 END)`)
	}
	for _, c := range checks {
		q.WriteString(`, COUNT(CASE WHEN ` + c.where + ` THEN 1 END)`)
	}
	q.WriteString(` FROM letters WHERE kind = 'digest' AND ref = $1`)
	return q.String()
}

// Verify recomputes the balance of an edition and checks every letter of it.
func Verify(ctx context.Context, h db.Handle, ref int64) (Verification, error) {
	v := Verification{Balance: Balance{Kind: KindDigest, Ref: ref}}
	var edition string
	var recipients, letters int64
	n := make([]int64, len(counted)+len(checks))
	into := []any{&edition, &recipients, &v.Balance.Digest, &letters}
	for i := range n {
		into = append(into, &n[i])
	}
	if err := h.QueryRowContext(ctx, verifyQuery(), ref).Scan(into...); err != nil {
		return v, wrap(err, "verify edition %d", ref)
	}
	for i, state := range counted {
		v.Balance.add(state, n[i])
	}
	problem := func(format string, args ...any) { v.Problems = append(v.Problems, fmt.Sprintf(format, args...)) }
	if letters != v.Balance.sum() {
		problem("%d letters, but the states add up to %d", letters, v.Balance.sum())
	}
	if edition != "" && edition != "enqueuing" && recipients != letters {
		problem("%d letters, but the edition has %d recipients", letters, recipients)
	}
	if open := v.Balance.open(); edition == "finished" && open > 0 {
		problem("the edition is finished, but %d letters are still to be sent", open)
	}
	for i, c := range checks {
		if broken := n[len(counted)+i]; broken > 0 {
			problem("%d letters %s", broken, c.sentence)
		}
	}
	return v, nil
}

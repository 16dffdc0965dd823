package subscribers

import (
	"fmt"
	"time"

	"vestnik/db"
)

// Audience returns a SELECT and its arguments ($1 to $len(args)) for mail.Fill and for counting: the columns subscriber and
// variant of those actively subscribed to the digest at or before until, by id and beginning after the id given, at most
// limit (0: all). The variant is the subscriber's language where it is one of languages, else fallback.
// Suppressed addresses are in it: mail decides about them when it sends, so that the ledger names them.
func Audience(digest string, languages []string, fallback string, until time.Time, after int64, limit int) (query string, args []any) {
	args = []any{digest, Active, db.Milli(until), after, stateActive, fallback}
	variant := `CAST($6 AS TEXT)`
	if len(languages) > 0 {
		for _, language := range languages {
			args = append(args, language)
		}
		variant = fmt.Sprintf(`CASE WHEN s.language IN (%s) THEN s.language ELSE CAST($6 AS TEXT) END`, db.Placeholders(7, len(languages)))
	}
	query = `
		SELECT u.subscriber AS subscriber, ` + variant + ` AS variant
		FROM subscriptions u
		JOIN subscribers s ON s.id = u.subscriber
		WHERE u.digest = $1 AND u.state = $2 AND u.since <= $3 AND u.subscriber > $4 AND s.state = $5
		ORDER BY u.subscriber`
	if limit > 0 {
		args = append(args, int64(limit))
		query += fmt.Sprintf(` LIMIT $%d`, len(args))
	}
	return query, args
}

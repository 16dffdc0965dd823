package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"
)

// epoch is where ids begin: 1 January 2024, UTC. 41 bits of milliseconds last until 2093.
const epoch = 1704067200000

var ids struct {
	sync.Mutex
	last int64
}

// NewID returns a new positive id: 41 bits of milliseconds, then 22 bits that are random for every millisecond, so
// ids of one process always grow, and ids of several nodes practically never meet (a primary key catches the rest).
func NewID() int64 {
	var b [4]byte
	rand.Read(b[:])
	random := int64(binary.BigEndian.Uint32(b[:]))
	ids.Lock()
	defer ids.Unlock()
	id := (time.Now().UnixMilli()-epoch)<<22 | random&(1<<22-1)
	if id <= ids.last {
		id = ids.last + 1 + random&1023
	}
	ids.last = id
	return id
}

// FirstID is lower than every id that [NewID] makes from t on, and higher than those before.
func FirstID(t time.Time) int64 { return max(t.UnixMilli()-epoch, 0) << 22 }

// Milli is t as the database keeps it: Unix milliseconds, 0 for the zero time ("never").
func Milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Time is the time of ms, in UTC; the zero time for 0.
func Time(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Text makes foreign text safe for both engines: valid UTF-8 without NUL (PostgreSQL refuses both).
func Text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// Placeholders returns "$from, $from+1, …" with n members, for IN lists and VALUES.
func Placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// Args returns values as the arguments of a statement.
func Args[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}

// Changed runs a conditional write and reports whether it changed any row.
func Changed(ctx context.Context, h Handle, query string, args ...any) (bool, error) {
	n, err := Affected(h.ExecContext(ctx, query, args...))
	return n > 0, err
}

// Affected is the number of rows that a statement changed.
func Affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Collect runs a query and returns what scan makes of each row. The rows are closed when it returns, so the next
// statement may follow inside the same transaction.
func Collect[T any](ctx context.Context, h Handle, scan func(row *sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := h.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

package subscribers

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"vestnik/db"
)

// ExportCSV writes the columns email,name,digests,status as UTF-8 with commas, and returns the number of lines without the
// header. A subscriber has one line for its active digests and one for its pending ones, in the order of joining (of ids:
// the engines sort text differently). The file imported into an empty database, and exported from there, is the same.
//
// Those who left are written only if the filter asks for that state, and no import takes such lines; suppressed and
// erased addresses are never written, since another program would mail them. The filter's Limit is in subscribers, 0 for all.
// A cell that a spreadsheet would take for a formula (it begins with = + - @) has an apostrophe put before it, which the
// import takes away again.
func ExportCSV(ctx context.Context, h db.Handle, w io.Writer, f ListFilter) (int, error) {
	out := csv.NewWriter(w)
	out.Write(columns)
	lines, limit := 0, f.Limit
	f.WithoutSuppressed = true
	for left := limit; ; {
		f.Limit = pageSize
		if limit > 0 {
			f.Limit = min(left, pageSize)
		}
		page, err := List(ctx, h, f)
		if err != nil {
			return lines, fmt.Errorf("export: %w", err)
		}
		for _, s := range page {
			lines += exportOne(out, s, f)
			f.After = s.ID
		}
		out.Flush()
		if err := out.Error(); err != nil {
			return lines, fmt.Errorf("export: write: %w", err)
		}
		left -= len(page)
		if len(page) < f.Limit || limit > 0 && left <= 0 {
			return lines, nil
		}
	}
}

func exportOne(out *csv.Writer, s Subscriber, f ListFilter) (lines int) {
	if s.State != stateActive {
		return 0
	}
	states := []string{Active, Pending}
	if f.State != "" {
		states = []string{f.State}
	}
	for _, state := range states {
		var digests []string
		for _, one := range s.Subscriptions {
			if one.State == state && (f.Digest == "" || f.Digest == one.Digest) {
				digests = append(digests, one.Digest)
			}
		}
		if len(digests) > 0 {
			out.Write([]string{inert(s.Email), inert(s.Name), strings.Join(digests, " "), state})
			lines++
		}
	}
	return lines
}

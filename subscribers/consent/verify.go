package consent

import (
	"context"
	"encoding/hex"
	"fmt"

	"vestnik/db"
)

// A Verdict says what [Verify] found.
type Verdict struct {
	Head     Head
	Lines    int64    // that the chain holds
	Erased   int64    // of these: subscribers' who were erased, whose text is gone and whose hash is still covered
	Open     int64    // lines that are not sealed yet
	Problems []string // what is wrong, each in a sentence; at most 20
}

// Whole reports whether nothing is wrong.
func (v Verdict) Whole() bool { return len(v.Problems) == 0 }

const (
	verifyPage   = 5000
	mostProblems = 20
)

func (v *Verdict) wrong(format string, args ...any) {
	if len(v.Problems) < mostProblems {
		v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
	}
}

// Verify computes the chain anew from its first line, and holds it against what is stored. A head that was printed or mailed earlier
// is looked for in it; the zero head for none. It reads every line once, and keeps none.
func Verify(ctx context.Context, h db.Handle, earlier Head) (Verdict, error) {
	var v Verdict
	var err error
	if v.Head, err = CurrentHead(ctx, h); err != nil {
		return v, err
	}
	if err := h.QueryRowContext(ctx, `SELECT COUNT(*) FROM consent WHERE n = 0`).Scan(&v.Open); err != nil {
		return v, fmt.Errorf("verify the consent log: %w", err)
	}
	c := newChain(Head{})
	met := earlier.N == 0
	for {
		page, err := db.Collect(ctx, h, scanEntry, `SELECT `+entryColumns+` WHERE c.n > $1 AND c.n <= $2 ORDER BY c.n LIMIT $3`, v.Lines, v.Head.N, int64(verifyPage))
		if err != nil {
			return v, fmt.Errorf("verify the consent log after line %d: %w", v.Lines, err)
		}
		for i := range page {
			v.check(c, &page[i])
			if c.n == earlier.N {
				met = true
				if hex.EncodeToString(c.link) != earlier.Link {
					v.wrong("line %d: the chain comes to %s…, and the head given says %s…: the log was rewritten after that head was printed", c.n, hex.EncodeToString(c.link)[:12], earlier.Link[:12])
				}
			}
		}
		if len(page) == 0 {
			break
		}
	}
	v.checkEnd(c, earlier, met)
	return v, nil
}

// checkEnd holds what the chain has come to against its head; met says whether the head given was on the way.
func (v *Verdict) checkEnd(c *chain, earlier Head, met bool) {
	if v.Lines != v.Head.N {
		v.wrong("the log ends with line %d, and its head counts %d: lines at the end are missing", v.Lines, v.Head.N)
	} else if hex.EncodeToString(c.link) != v.Head.Link {
		v.wrong("the chain comes to another link than its head says")
	}
	if !met {
		v.wrong("the log has %d lines, and the head given was of line %d: lines are missing, or it is another database's", v.Lines, earlier.N)
	}
}

// check follows the chain by one line.
func (v *Verdict) check(c *chain, e *entry) {
	if e.n != c.n+1 {
		v.wrong("line %d is missing: line %d follows line %d", c.n+1, e.n, c.n)
		c.n = e.n - 1 // what follows is judged by itself
	}
	v.Lines = e.n
	switch {
	case e.erased:
		v.Erased++
	case hex.EncodeToString(c.hashLine(e)) != e.hash:
		v.wrong("line %d (id %d): it was changed after it was sealed", e.n, e.id)
	}
	c.follow(e.hash)
	if hex.EncodeToString(c.link) != e.link {
		v.wrong("line %d (id %d): the link from line %d is broken", e.n, e.id, e.n-1)
		c.link, _ = hex.DecodeString(e.link)
	}
}

package digest

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"vestnik/db"
	"vestnik/templates"
)

// LettersWith is how many letters with a sponsor's banner in them a relay took on one day.
type LettersWith struct {
	Banner     string    // its name; "" in editions of old
	Advertiser string    // as the letters named it
	Erid       string    // the token of Russian advertising law; "" for none
	Day        time.Time // midnight in the zone asked for
	Letters    int64
}

// quarter is the step in which the moments of letters are counted: no zone's midnight falls between two.
const quarter = 15 * time.Minute

// letterCount is how many letters of one revision of an edition were sent in a quarter of an hour.
type letterCount struct {
	edition, revision, quarter, n int64
}

// BannersSent counts by banner and day the letters that were sent at the first moment or later and before the second. A letter has the
// banner that its edition had in the revision that was sent; those in doubt may not have arrived and are left out.
func BannersSent(ctx context.Context, h db.Handle, from, until time.Time, zone *time.Location) ([]LettersWith, error) {
	counts, err := db.Collect(ctx, h, func(row *sql.Rows) (c letterCount, err error) {
		return c, row.Scan(&c.edition, &c.revision, &c.quarter, &c.n)
	}, `SELECT l.ref, l.revision, l.done / 900000, COUNT(*)
		FROM letters AS l
		WHERE l.kind = 'digest' AND l.state = 'sent' AND l.done >= $1 AND l.done < $2
		      AND l.ref IN (SELECT e.id FROM editions AS e WHERE e.slot_at < $2 AND e.expires >= $3)
		GROUP BY l.ref, l.revision, l.done / 900000`, db.Milli(from), db.Milli(until), db.Milli(from.Add(-24*time.Hour)))
	if err != nil {
		return nil, fmt.Errorf("letters with banners: %w", err)
	}
	banners := map[[2]int64]*templates.Banner{}
	sums := map[LettersWith]int64{}
	for _, c := range counts {
		key := [2]int64{c.edition, c.revision}
		b, known := banners[key]
		if !known {
			if b, err = bannerOf(ctx, h, c.edition, c.revision); err != nil {
				return nil, err
			}
			banners[key] = b
		}
		if b != nil {
			y, m, d := time.UnixMilli(c.quarter * quarter.Milliseconds()).In(zone).Date()
			sums[LettersWith{Banner: b.Name, Advertiser: b.Advertiser, Erid: b.Erid, Day: time.Date(y, m, d, 0, 0, 0, 0, zone)}] += c.n
		}
	}
	var all []LettersWith
	for l, n := range sums {
		l.Letters = n
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b LettersWith) int {
		return cmp.Or(cmp.Compare(a.Banner, b.Banner), a.Day.Compare(b.Day), cmp.Compare(a.Erid, b.Erid), cmp.Compare(a.Advertiser, b.Advertiser))
	})
	return all, nil
}

// bannerOf is the banner of a revision of an edition, nil for none.
func bannerOf(ctx context.Context, h db.Handle, edition, revision int64) (*templates.Banner, error) {
	var body string
	err := h.QueryRowContext(ctx, `SELECT body FROM edition_bodies WHERE edition = $1 AND revision = $2 AND sections = ''`, edition, revision).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	var view struct {
		Banner *templates.Banner `json:"banner"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &view)
	}
	if err != nil {
		return nil, fmt.Errorf("the banner of edition %d: %w", edition, err)
	}
	return view.Banner, nil
}

package related

import (
	"context"

	"vestnik/db"
)

// An Among knows how much any two of some articles say the same.
type Among struct {
	profiles map[int64]profile
}

// Compare makes ready to tell how much any two of the articles, which are all of one language, say the same.
func Compare(ctx context.Context, h db.Handle, lang string, ids []int64) (Among, error) {
	if len(ids) == 0 {
		return Among{}, nil
	}
	l, _, err := newLikeness(ctx, h, ids[0], lang)
	if err != nil {
		return Among{}, err
	}
	profiles, err := l.profiles(ctx, h, ids)
	return Among{profiles}, err
}

// Of is how much two of the articles say the same, from 0 to 1: the cosine of all their words that are not too common, also of those
// that no third one has. Two articles of one subject have little of it, two about one event much.
func (a Among) Of(one, other int64) float64 {
	cosine, _ := a.profiles[one].whole.cosine(a.profiles[other].whole)
	return cosine
}

package web

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"
)

func TestKeptValues(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	computed, broken := 0, error(nil)
	k := &kept[int]{name: "test", age: time.Minute, now: func() time.Time { return now }, log: slog.New(slog.DiscardHandler),
		compute: func(context.Context, time.Time) (int, error) { computed++; return computed, broken }}
	for _, step := range []struct {
		name   string
		wait   time.Duration
		change int64
		broken error
		want   int
	}{
		{"the first", 0, 1, nil, 1},
		{"fresh", 59 * time.Second, 1, nil, 1},
		{"an older number", 0, 0, nil, 1},
		{"too old", time.Second, 1, nil, 2},
		{"the number moved", 0, 2, nil, 3},
		{"broken", time.Minute, 2, errors.New("no database"), 3}, // the fourth computation
		{"not tried again at once", time.Second, 2, nil, 3},
		{"mended", time.Minute, 2, nil, 5},
		{"the clock was put back", -time.Hour, 2, nil, 6},
	} {
		now, broken = now.Add(step.wait), step.broken
		if got, err := k.get(t.Context(), step.change); got != step.want || err != nil {
			t.Errorf("%s: %d, %v, want %d", step.name, got, err, step.want)
		}
	}
	never := &kept[int]{age: time.Minute, now: k.now, log: k.log, compute: func(context.Context, time.Time) (int, error) { return 0, errors.New("no database") }}
	if _, err := never.get(t.Context(), 1); err == nil {
		t.Error("no value and no error")
	}
}

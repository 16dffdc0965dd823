package web

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// kept is a value that is computed again when it is older than its age or the change number it was asked for moved, and
// by one request at a time. While it cannot be computed, the last one stands and the error is logged.
type kept[T any] struct {
	name    string // for the log
	age     time.Duration
	now     func() time.Time
	log     *slog.Logger
	compute func(ctx context.Context, now time.Time) (T, error)

	mu     sync.Mutex
	at     time.Time // zero: never computed
	change int64
	value  T
}

// computing is how long one computation may take.
const computing = 10 * time.Second

// get returns the value; an error only if none was ever computed. A clock that was put back makes it compute again.
func (k *kept[T]) get(ctx context.Context, change int64) (T, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now() // only now: who waited for the lock must not find the value to be from the future
	if age := now.Sub(k.at); !k.at.IsZero() && change <= k.change && age >= 0 && age < k.age {
		return k.value, nil
	}
	// A client that goes away must not leave the others without.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), computing)
	defer cancel()
	value, err := k.compute(ctx, now)
	switch {
	case err == nil:
		k.value, k.at = value, now
	case k.at.IsZero():
		return value, err
	default:
		k.log.Error("an older value is served", "what", k.name, "error", err)
		k.at = k.now() // who waits behind a database that does not answer shall not each try it again
	}
	k.change = change
	return k.value, nil
}

// put replaces the value by one that was computed elsewhere just now.
func (k *kept[T]) put(value T) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.value, k.at = value, k.now()
}

// A shelf holds kept values by what they are of, at most so many: any other one makes room for a new one.
type shelf[K comparable, T any] struct {
	most int

	mu   sync.Mutex
	held map[K]*kept[T]
}

func newShelf[K comparable, T any](most int) *shelf[K, T] {
	return &shelf[K, T]{most: most, held: map[K]*kept[T]{}}
}

// at returns the value of a key, which fresh makes if it is not there.
func (s *shelf[K, T]) at(key K, fresh func() *kept[T]) *kept[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.held[key]
	if k == nil {
		for old := range s.held { // any one: the map's order is as good as chance
			if len(s.held) < s.most {
				break
			}
			delete(s.held, old)
		}
		k = fresh()
		s.held[key] = k
	}
	return k
}

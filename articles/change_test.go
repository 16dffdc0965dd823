package articles

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"vestnik/db"
	"vestnik/db/dbtest"
)

func TestEveryChangeHasAMarkOfItsOwn(t *testing.T) {
	d := dbtest.Open(t)
	for i := range 3 {
		put(t, d, Input{Title: "a", Path: fmt.Sprint(i)}, testNow)
	}
	changes, err := Changes(context.Background(), d, 0, 10)
	if err != nil || len(changes) != 3 {
		t.Fatal(changes, err)
	}
	seen := map[uint32]bool{0: true}
	for _, c := range changes {
		if seen[c.Mark] {
			t.Errorf("change %d has the mark %d, which is 0 or another's", c.Change, c.Mark)
		}
		seen[c.Mark] = true
		mark, at, err := Mark(context.Background(), d, c.Change)
		if err != nil || mark != c.Mark || !at.Equal(testNow) {
			t.Errorf("Mark(%d) = %d, %v, %v; want %d, %v", c.Change, mark, at, err, c.Mark, testNow)
		}
	}
	if _, _, err := Mark(context.Background(), d, 4); !errors.Is(err, ErrNotFound) {
		t.Errorf("a change to come: %v", err)
	}
}

func known(t *testing.T, d *db.DB, change int64, mark uint32) bool {
	t.Helper()
	is, err := Known(context.Background(), d, change, mark)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

// A reader may hold a version that a backup knows nothing of. The numbers go on from the backup's, the marks tell.
func TestARestoredDatabaseKnowsNothingOfTheChangesThatWereLost(t *testing.T) {
	d := dbtest.Open(t)
	kept, _ := put(t, d, Input{Title: "kept", Path: "/1"}, testNow)
	lost, _ := put(t, d, Input{Title: "lost", Path: "/2"}, testNow)
	keptMark, _, err := Mark(context.Background(), d, kept.Change)
	if err != nil {
		t.Fatal(err)
	}
	lostMark, _, err := Mark(context.Background(), d, lost.Change)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{ // what a backup made between the two has not
		`DELETE FROM changes WHERE change > 1`, `DELETE FROM articles WHERE change > 1`, `UPDATE change_counter SET n = 1 WHERE id = 1`,
	} {
		if _, err := d.ExecContext(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if known(t, d, lost.Change, lostMark) {
		t.Error("a lost change is known before its number is given out again")
	}
	other, _ := put(t, d, Input{Title: "other", Path: "/3"}, testNow)
	if other.Change != lost.Change || known(t, d, lost.Change, lostMark) {
		t.Errorf("change %d: a lost change passes for another one of its number", other.Change)
	}
	if !known(t, d, kept.Change, keptMark) || !known(t, d, 0, 0) || known(t, d, 0, 7) || known(t, d, kept.Change, 0) {
		t.Error("what was there before the backup is not known any more, or what never was is")
	}
}

package db

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheFileSystemOfAFileIsThatOfTheLongestMount(t *testing.T) {
	const table = `overlay / overlay rw 0 0
proc /proc proc rw 0 0
/dev/vda /data ext4 rw 0 0
/dev/vdb /data/my\040disk ext4 rw 0 0
//nas/share /data/my\040disk cifs rw 0 0
tmpfs /etc/machine-id tmpfs rw 0 0
broken
`
	for file, want := range map[string]string{
		"/vestnik.db": "overlay", "/data/vestnik.db": "ext4", "/database/vestnik.db": "overlay", "/data/my disk/vestnik.db": "cifs",
		"/etc/machine-id": "tmpfs", "/etc/hosts": "overlay",
	} {
		if got := mounted(table, file); got != want {
			t.Errorf("%s is on %q, want %q", file, got, want)
		}
	}
	if got := mounted("", "/vestnik.db"); got != "" {
		t.Errorf("no table, and yet %q", got)
	}
}

func TestWhatCannotBeToldIsNoOtherPlace(t *testing.T) {
	const here = "file /data/vestnik.db, number 7, born 2026-11-24T12:00:00Z, machine ab"
	for there, same := range map[string]bool{
		here: true,
		"file /data/vestnik.db, number 7, born 2026-11-24T12:00:00Z, machine ?":  true, // from a container
		"file /data/vestnik.db, number 7, born ?, machine ab":                    true, // an older system
		"file /data/vestnik.db, number ?, born ?, machine ?":                     true,
		"file /data/vestnik.db, number 7, born 2026-11-24T12:00:00Z, machine cd": false,
		"file /data/vestnik.db, number 7, born 2026-11-24T12:00:01Z, machine ab": false,
		"file /data/vestnik.db, number 8, born ?, machine ?":                     false,
		"file /copy/vestnik.db, number ?, born ?, machine ?":                     false,
		"PostgreSQL server 7, database vestnik with the number 1, schema public": false,
	} {
		if sameHome(here, there) != same || sameHome(there, here) != same {
			t.Errorf("%s: want same = %v", there, same)
		}
	}
}

func TestASymbolicLinkIsTheFileThatItNames(t *testing.T) {
	real, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	want := filepath.Join(real, "vestnik.db")
	for range 2 { // not there yet, and there
		if got := resolved(filepath.Join(link, "vestnik.db")); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if err := os.WriteFile(want, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := resolved("/nowhere/at all"); got != "/nowhere/at all" {
		t.Errorf("%s", got)
	}
}

package db

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// What tells one place from another must be the same tomorrow: what asks for `vestnik adopt` at every start is soon said by a script.
// So a number that a container or a file system draws anew when it starts does not count.

// unsteady are file systems that number their files anew when they are mounted, or may.
var unsteady = []string{"fuse", "vfat", "msdos", "exfat", "cifs", "smb3", "9p", "virtiofs", "fakeowner"}

// fileMarks are the number that the file system gave the file, and when it was born, each [unknown] where it does not last or is not told.
func fileMarks(file string) (number, born string, err error) {
	number, born, err = marks(file)
	kind := mounted(mounts(), file)
	for _, prefix := range unsteady {
		if strings.HasPrefix(kind, prefix) {
			return unknown, unknown, err
		}
	}
	return number, born, err
}

// machine is the machine's own number, hashed as it is not to be shown (man 5 machine-id). A container has none that lasts, even where it
// has one; neither has a machine that draws it anew when it starts, since nothing that is written to its /etc stays.
func machine() string {
	table := mounts()
	for _, file := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		text, err := os.ReadFile(file)
		id := strings.TrimSpace(string(text))
		if err == nil && len(id) >= 32 && !contained() && !passing(mounted(table, file)) {
			sum := sha256.Sum256([]byte("vestnik\x00" + id))
			return fmt.Sprintf("%x", sum[:6])
		}
	}
	return unknown
}

// contained tells whether this is a container of Docker, Podman or Kubernetes.
func contained() bool {
	for _, file := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(file); err == nil {
			return true
		}
	}
	return os.Getenv("KUBERNETES_SERVICE_HOST") != ""
}

// passing tells whether what is on a file system of that kind may be gone at the next start.
func passing(kind string) bool {
	return kind == "overlay" || kind == "aufs" || kind == "tmpfs" || kind == "ramfs"
}

// mounts is the table of what is mounted where (man 5 proc_pid_mounts); "" on systems without.
func mounts() string {
	text, _ := os.ReadFile("/proc/self/mounts")
	return string(text)
}

// unescape writes a path as it is that stands in the table of mounts.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// mounted is the kind of the file system that a file is on, by the table; "" if it does not tell.
func mounted(table, file string) (kind string) {
	longest := 0
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 3 {
			continue
		}
		at := strings.TrimSuffix(unescape.Replace(f[1]), "/")
		if (file == at || strings.HasPrefix(file, at+"/")) && len(at) >= longest { // of two in one place the later hides the other
			kind, longest = f[2], len(at)
		}
	}
	return kind
}

// resolved is the path without symbolic links, for SQLite keeps its own files beside the real one, and so must we; as it is where it
// cannot be told.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path)) // it is not there yet
	}
	return path
}

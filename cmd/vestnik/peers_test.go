package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/mail/mailtest"
)

// TestThreeConfirmedReadersGetThreeLetters is a daily digest on Sakhalin with three confirmed subscribers, one pending
// and one who left: exactly three letters arrive, once by our own test server and once by a real Postfix, though the slot
// is sent again, the daemon restarted and, on PostgreSQL, a second daemon runs beside it. Two parsers that are not ours
// decode each alike.
func TestThreeConfirmedReadersGetThreeLetters(t *testing.T) {
	t.Run("mailtest", func(t *testing.T) {
		relay, err := mailtest.Start(mailtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { relay.Close() })
		threeLetters(t, relay.URL(), func() map[string][]string {
			got := map[string][]string{}
			for _, m := range relay.Messages() {
				got[m.To[0]] = append(got[m.To[0]], string(m.Data))
			}
			return got
		})
	})
	t.Run("postfix", func(t *testing.T) {
		p := startPostfix(t)
		threeLetters(t, p.url, p.letters)
	})
}

func threeLetters(t *testing.T, relay string, letters func() map[string][]string) {
	n := newNewsroom(t, relay)
	n.write("list.csv", `email,name,digests,status
anna@example.org,Анна Перова,daily,active
boris@example.org,"Борис ""Боб"" Иванов",daily,active
Clara@example.org,,daily,active
dmitry@example.org,,daily,pending
elena@example.org,,daily,active
`)
	n.run("subscribers", "import", "list.csv", "--basis", "test", "--no-send-confirmations")
	n.run("subscribers", "unsubscribe", "elena@example.org", "--yes")
	first := n.serve()
	n.run("digest", "send", "daily")
	n.waitSettled(30 * time.Second)
	if out := n.run("digest", "send", "daily"); !strings.Contains(out, "already published, 3 letters") {
		t.Errorf("sending the slot again: %s", out)
	}
	first.stop()
	n.serve()
	if os.Getenv("VESTNIK_TEST_POSTGRES") != "" {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		n.serve("VESTNIK_HTTP_LISTEN=127.0.0.1:" + port)
	}
	n.run("digest", "send", "daily")
	n.waitSettled(30 * time.Second)
	until(t, 30*time.Second, "the relay has delivered three letters", func() bool { return len(letters()) >= 3 })
	got := letters()
	want := []string{"anna@example.org", "boris@example.org", "clara@example.org"}
	var readers, files []string
	for address, copies := range got {
		readers = append(readers, strings.ToLower(address))
		if len(copies) != 1 {
			t.Errorf("%s got %d copies", address, len(copies))
		}
		file := filepath.Join(t.TempDir(), address+".eml")
		if err := os.WriteFile(file, []byte(copies[0]), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	slices.Sort(readers)
	if !slices.Equal(readers, want) {
		t.Errorf("letters went to %v, want %v", readers, want)
	}
	for _, file := range files {
		compareParsers(t, file)
	}
}

// decoded is what both parsers print of a letter.
type decoded struct {
	Subject, From, To, MessageID, Text, HTML, Type string
}

func compareParsers(t *testing.T, file string) {
	t.Helper()
	python := decode(t, exec.Command("python3", "testdata/decode.py", file))
	if !strings.HasPrefix(python.Type, "multipart/alternative") || python.Text == "" || python.HTML == "" {
		t.Errorf("%s is not text and HTML in a multipart/alternative: %s", file, python.Type)
	}
	if !strings.Contains(python.Text, "Кинокластер") || python.From != "Вестник кино <digest@kino.example>" {
		t.Errorf("%s: decoded to a letter from %q that says %.100q", file, python.From, python.Text)
	}
	modules := filepath.Join(cacheDir(), "vestnik-test-tools", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "mailparser")); err != nil {
		t.Skip("npm's mailparser is not installed: run scripts/install-test-tools.sh")
	}
	cmd := exec.Command("node", "testdata/decode.js", file)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	node := decode(t, cmd)
	for i := range reflect.TypeFor[decoded]().NumField() {
		if a, b := reflect.ValueOf(python).Field(i).String(), reflect.ValueOf(node).Field(i).String(); a != b {
			t.Errorf("%s: in %s Python's email and npm's mailparser differ: %.300q and %.300q", file, reflect.TypeFor[decoded]().Field(i).Name, a, b)
		}
	}
}

func cacheDir() string {
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return dir
	}
	return filepath.Join(os.Getenv("HOME"), ".cache")
}

func decode(t *testing.T, cmd *exec.Cmd) (d decoded) {
	t.Helper()
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	d.Text, d.HTML = tidy(d.Text), tidy(d.HTML)
	return d
}

// tidy evens out what parsers may do to line ends.
func tidy(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// A postfix is a real Postfix with queue and mailboxes of its own, on a free port of loopback.
type postfix struct {
	url  string
	mail string // a Maildir for each reader of example.org
}

func startPostfix(t *testing.T) *postfix {
	t.Helper()
	path, err := exec.LookPath("postfix")
	if err != nil {
		if path = "/usr/sbin/postfix"; !isFile(path) {
			t.Skip("Postfix is not installed: run scripts/install-test-tools.sh")
		}
	}
	owner, err := user.Lookup("postfix")
	if err != nil || os.Getuid() != 0 {
		t.Skip("Postfix can be started by root only")
	}
	dir, err := os.MkdirTemp("", "vestnik-postfix-")
	if err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	writePostfix(t, dir, port, owner)
	postfixCommand := func(verb string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		return exec.CommandContext(ctx, path, "-c", dir+"/etc", verb).CombinedOutput()
	}
	if out, err := postfixCommand("start"); err != nil {
		t.Fatalf("postfix start: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(dir + "/data/log")
			t.Logf("Postfix's log:\n%s", log)
		}
		postfixCommand("abort")
		os.RemoveAll(dir)
	})
	return &postfix{url: "smtp://127.0.0.1:" + port, mail: dir + "/mail"}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func writePostfix(t *testing.T, dir, port string, owner *user.User) {
	t.Helper()
	main := mustReadFile(t, "testdata/postfix/main.cf")
	main = strings.NewReplacer("DIR", dir, "UID", owner.Uid, "GID", owner.Gid).Replace(main)
	master := strings.ReplaceAll(mustReadFile(t, "testdata/postfix/master.cf"), "PORT", port)
	for _, name := range []string{"etc", "queue", "data", "mail"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var mailboxes strings.Builder // also for those who must get nothing
	for _, name := range []string{"anna", "boris", "clara", "dmitry", "elena"} {
		fmt.Fprintf(&mailboxes, "%s@example.org %s/\n", name, name)
	}
	for name, text := range map[string]string{"etc/main.cf": main, "etc/master.cf": master, "etc/mailboxes": mailboxes.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, own := range []string{"data", "mail"} {
		if out, err := exec.Command("chown", owner.Uid+":"+owner.Gid, filepath.Join(dir, own)).CombinedOutput(); err != nil {
			t.Fatalf("chown: %v\n%s", err, out)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

// letters are what lies in the mailboxes, by reader.
func (p *postfix) letters() map[string][]string {
	got := map[string][]string{}
	files, _ := filepath.Glob(p.mail + "/*/new/*")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // delivered this moment
		}
		address := fmt.Sprintf("%s@example.org", filepath.Base(filepath.Dir(filepath.Dir(file))))
		got[address] = append(got[address], string(data))
	}
	return got
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vestnik/db/dbtest"
)

// built is the folder of the program that tests built, "" for none.
var built string

// binary builds the program once: daemons in tests are processes of it, killed by SIGKILL.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vestnik-bin-")
	if err != nil {
		return "", err
	}
	built = dir
	path := filepath.Join(dir, "vestnik")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// A newsroom is an installation in a folder of its own, run by processes.
type newsroom struct {
	t    testing.TB
	dir  string
	bin  string
	env  []string
	site string
}

// newNewsroom makes one with articles and a daily digest on Sakhalin, mailing through the relay.
func newNewsroom(t testing.TB, relay string) *newsroom {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	n := &newsroom{t: t, dir: t.TempDir(), bin: bin, site: "http://127.0.0.1:" + port}
	n.env = append(os.Environ(), "VESTNIK_DATABASE_URL="+dbtest.URL(t), "VESTNIK_SITE_URL="+n.site, "VESTNIK_HTTP_LISTEN=127.0.0.1:"+port,
		"VESTNIK_MAIL_RELAY_0_URL="+relay, "VESTNIK_SITE_TIMEZONE=Asia/Sakhalin", "VESTNIK_MAIL_FROM=Вестник кино <digest@kino.example>")
	n.run("init", ".")
	for i, title := range []string{"Кинокластер на острове построят за два года", "«Северное окно» объявило программу", "Касса недели: премьера удержалась"} {
		n.write(fmt.Sprintf("news/%d.md", i), fmt.Sprintf("---\ntitle: %s\nauthor: Анна Перова\nsection: Прокат\ndate: %s\nstandfirst: Ёлки, «кавычки» — и тире\n---\nТекст новости.\n",
			title, time.Now().Add(-time.Duration(i+2)*time.Hour).Format(time.RFC3339)))
	}
	n.run("articles", "import", "news")
	return n
}

func (n *newsroom) write(name, text string) {
	n.t.Helper()
	path := filepath.Join(n.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		n.t.Fatal(err)
	}
}

func (n *newsroom) command(args ...string) *exec.Cmd {
	cmd := exec.Command(n.bin, args...)
	cmd.Dir, cmd.Env = n.dir, n.env
	return cmd
}

// run runs a command to its end and returns what it printed.
func (n *newsroom) run(args ...string) string {
	n.t.Helper()
	var out, errs bytes.Buffer
	cmd := n.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		n.t.Fatalf("vestnik %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// A process is a running daemon.
type process struct {
	n    *newsroom
	cmd  *exec.Cmd
	errs *bytes.Buffer
	done chan error
}

// serve starts a daemon and waits until it answers. env changes its environment.
func (n *newsroom) serve(env ...string) *process {
	n.t.Helper()
	p := &process{n: n, cmd: n.command("serve"), errs: &bytes.Buffer{}, done: make(chan error, 1)}
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stderr = p.errs
	if err := p.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	n.t.Cleanup(p.kill)
	site := n.site
	for _, e := range env {
		if listen, ok := strings.CutPrefix(e, "VESTNIK_HTTP_LISTEN="); ok {
			site = "http://" + listen
		}
	}
	if err := waitForURL(site + "/healthz"); err != nil {
		n.t.Fatalf("the daemon does not answer: %v", err)
	}
	return p
}

// kill is kill -9.
func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGKILL)
	if _, open := <-p.done; open { // else it was waited for before
		close(p.done)
	}
}

// stop is SIGTERM, and fails the test unless the daemon stops cleanly.
func (p *process) stop() {
	p.n.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	err, open := <-p.done
	if open {
		close(p.done)
	}
	if err != nil {
		p.n.t.Errorf("the daemon did not stop cleanly: %v\n%s", err, p.errs)
	}
}

// until asks cond again and again and fails the test after the limit.
func until(t testing.TB, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !cond(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain until %s", limit, what)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// balances are the lines of mail status --json.
func (n *newsroom) balances() []balanceJSON {
	n.t.Helper()
	return jsonLines[balanceJSON](n.t, n.run("mail", "status", "--json"))
}

func jsonLines[T any](t testing.TB, out string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(out) {
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, one)
	}
	return all
}

// subscribe imports n confirmed subscribers, reader-1@example.org and so on.
func (n *newsroom) subscribe(count int) {
	n.t.Helper()
	var list strings.Builder
	list.WriteString("email,name,digests,status\n")
	for i := range count {
		fmt.Fprintf(&list, "reader-%d@example.org,Читатель %d,daily,active\n", i+1, i+1)
	}
	n.write("list.csv", list.String())
	n.run("subscribers", "import", "list.csv", "--basis", "test")
}

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

func model(t *testing.T) *kong.Node {
	t.Helper()
	parser, err := kong.New(&CLI{}, kong.Name("vestnik"))
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Node
}

func TestCompletionKnowsWhatMayComeNext(t *testing.T) {
	digests := func(config string) []string {
		return []string{"daily\tСамое читаемое", "of-" + firstOr(config, "none")}
	}
	for _, c := range []struct{ words, want string }{
		{"sub", "subscribers"},
		{"subscribers pa", "pause"},
		{"subscribers list --st", "--state"},
		{"subscribers list --state ", "any pending active paused left suppressed"},
		{"subscribers list --state p", "pending paused"},
		{"subscribers list --state=p", "--state=pending --state=paused"},
		{"subscribers list --state = p", "pending paused"}, // as bash parts it
		{"subscribers list --state =", "any pending active paused left suppressed"},
		{"subscribers list --state left --sta", ""}, // one is enough
		{"subscribers add --digest daily --dig", "--digest"},
		{"subscribers list --digest ", "daily of-none"},
		{"--config x.toml subscribers list --digest o", "of-x.toml"},
		{"-c x.toml subscribers list --digest=o", "--digest=of-x.toml"},
		{"--json subscribers list --count --dom", "--domain"},
		{"subscribers import ", ":files"},
		{"subscribers import a.csv ", ""},
		{"subscribers import --rejects x", ":files"},
		{"subscribers suppress --file ", ":files"},
		{"subscribers import --no-send-confirmations --bas", "--basis"},
		{"subscribers show -- --st", ""},
		{"digest send d", "daily"},
		{"mail pause c", "confirm"},
		{"articles import one.md ", ":files"},
		{"completion ", "bash zsh fish"},
	} {
		var got []string
		for _, one := range complete(model(t), strings.Split(c.words, " "), digests) {
			word, _, _ := strings.Cut(one, "\t")
			got = append(got, word)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("after %q comes %q, want %q", c.words, got, c.want)
		}
	}
	all := complete(model(t), nil, digests)
	if !slices.ContainsFunc(all, func(s string) bool { return s == "version\tPrint the version" }) || slices.ContainsFunc(all, func(s string) bool { return strings.HasPrefix(s, "complete\t") }) {
		t.Errorf("at first may come %q: want version with its words, and not complete", all)
	}
}

// TestWhateverTakesAFileCompletesFiles walks the command line: what is called a file there is completed as one.
func TestWhateverTakesAFileCompletesFiles(t *testing.T) {
	var walk func(n *kong.Node, words []string)
	walk = func(n *kong.Node, words []string) {
		for _, f := range n.Flags {
			if f.PlaceHolder == "FILE" {
				if got := complete(model(t), append(words, "--"+f.Name, ""), digestNames); !slices.Equal(got, []string{completeFiles}) {
					t.Errorf("%s --%s completes %q", words, f.Name, got)
				}
			}
		}
		for _, child := range n.Children {
			walk(child, append(slices.Clone(words), child.Name))
		}
	}
	walk(model(t), nil)
}

// completeIn runs a script in a shell in a folder with a configuration and a list, with the program in its path. The
// script of the shell's completion stands between the two that are given.
func completeIn(t *testing.T, shell []string, before, after string) string {
	t.Helper()
	if _, err := exec.LookPath(shell[0]); err != nil {
		t.Skipf("%s is not installed", shell[0])
	}
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(bin, filepath.Join(dir, "vestnik")); err != nil {
		t.Fatal(err)
	}
	source, err := completionScripts.ReadFile("completion/vestnik." + shell[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"list one.csv": "", "script": before + string(source) + after} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run := func(name string, args ...string) string {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir, "TERM=dumb", "VESTNIK_CONFIG="+filepath.Join(dir, "vestnik.toml"))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, stderr.String())
		}
		return string(out)
	}
	run(filepath.Join(dir, "vestnik"), "init", ".")
	return run(shell[0], append(shell[1:], filepath.Join(dir, "script"))...)
}

func TestBashCompletes(t *testing.T) {
	const ask = `
ask() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _vestnik vestnik "${COMP_WORDS[COMP_CWORD]}" ""
    echo "${*:2}: ${COMPREPLY[*]}"
}
complete -p vestnik
ask vestnik subscribers pa
ask vestnik subscribers list --state p
ask vestnik subscribers list --state = p
ask vestnik subscribers list --digest ""
ask vestnik subscribers import li
ask vestnik subscribers suppress --file = li
`
	const want = `complete -F _vestnik vestnik
subscribers pa: pause
subscribers list --state p: pending paused
subscribers list --state = p: pending paused
subscribers list --digest : daily
subscribers import li: list one.csv
subscribers suppress --file = li: list one.csv
`
	if got := completeIn(t, []string{"bash", "--norc", "--noprofile"}, "", ask); got != want {
		t.Errorf("bash says\n%s\nwant\n%s", got, want)
	}
}

func TestFishCompletes(t *testing.T) {
	got := completeIn(t, []string{"fish", "--no-config"}, "", `
complete -C 'vestnik subscribers pa'
complete -C 'vestnik subscribers list --state p'
complete -C 'vestnik subscribers list --state=p'
complete -C 'vestnik subscribers list --digest '
complete -C 'vestnik subscribers import li'
complete -C 'vestnik subscribers suppress --file=li'
`)
	for _, want := range []string{"pause\t", "pending\n", "paused\n", "--state=pending", "daily\t", "list", "--file=list"} {
		if !strings.Contains(got, want) {
			t.Errorf("fish says\n%s\nwithout %q", got, want)
		}
	}
}

// TestZshCompletes has zsh's own machinery replaced by functions that print what it is given: it works only behind a keyboard.
func TestZshCompletes(t *testing.T) {
	got := completeIn(t, []string{"zsh", "-f"}, `
_describe() { print -l -- ${(P)2} }
_files() { print files }
compset() { : }
compdef() { print "compdef $*" }
`, `
ask() { local -a words; words=("$@"); local CURRENT=$# PREFIX="${@[-1]}"; _vestnik }
ask vestnik subscribers pa
ask vestnik subscribers list --state p
ask vestnik subscribers list --state=p
ask vestnik subscribers list --digest ""
ask vestnik subscribers import li
true
`)
	for _, want := range []string{"compdef _vestnik vestnik\n", "pause:Stop letters", "pending:pending\n", "paused:paused\n", "--state=pending:", "daily:", "files\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("zsh says\n%s\nwithout %q", got, want)
		}
	}
}

// TestHelpFitsAnOrdinaryTerminal prints the help of every command for 80 columns.
func TestHelpFitsAnOrdinaryTerminal(t *testing.T) {
	t.Setenv("COLUMNS", "80")
	var walk func(n *kong.Node, words []string)
	walk = func(n *kong.Node, words []string) {
		var out bytes.Buffer
		a := &app{ctx: t.Context(), in: strings.NewReader(""), out: &out, err: &out}
		if status := a.run(append(words, "--help")); status != 0 {
			t.Errorf("%s --help: status %d", words, status)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 && !strings.HasPrefix(line, "Usage:") {
				t.Errorf("%s --help has a line of %d characters: %s", words, n, line)
			}
			if strings.Contains(line, ",any") || strings.Contains(line, "any,") && !strings.Contains(line, "any, ") {
				t.Errorf("%s --help lists values without spaces: %s", words, line)
			}
		}
		for _, child := range n.Children {
			walk(child, append(slices.Clone(words), child.Name))
		}
	}
	walk(model(t), nil)
}

// TestTheHelpOfSubscribersIsEnough looks for every command of the group, state and exit status in its first page.
func TestTheHelpOfSubscribersIsEnough(t *testing.T) {
	var out bytes.Buffer
	a := &app{ctx: t.Context(), in: strings.NewReader(""), out: &out, err: &out}
	a.run([]string{"subscribers", "--help"})
	page := out.String()
	for _, state := range []string{"pending", "active", "paused", "left", "suppressed", "Exit status: 0", "1, ", "2, "} {
		if !strings.Contains(page, state) {
			t.Errorf("the page does not say %q", state)
		}
	}
	for _, words := range examplesIn(SubscribersCmd{}.Help()) { // can be typed as they stand
		parser, err := kong.New(&CLI{}, kong.Name("vestnik"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(words); err != nil {
			t.Errorf("vestnik %q: %v", words, err)
		}
	}
	for _, group := range model(t).Children {
		for _, command := range group.Children {
			if group.Name == "subscribers" && !strings.Contains(page, "vestnik subscribers "+command.Name) {
				t.Errorf("no example shows %q", command.Name)
			}
		}
	}
}

// example is a command in a help text, which may go on in lines that are indented further.
var example = regexp.MustCompile(`(?m)^ .*\bvestnik ([a-z].*(?:\n {20,}[^v\s…].*)*)$`)

var exampleWord = regexp.MustCompile(`"[^"]*"|\S+`)

// examplesIn are the words of each command that a help text shows.
func examplesIn(help string) (all [][]string) {
	for _, found := range example.FindAllStringSubmatch(help, -1) {
		var words []string
		for _, word := range exampleWord.FindAllString(strings.ReplaceAll(found[1], "…", "x"), -1) {
			words = append(words, strings.Trim(word, `"`))
		}
		all = append(all, words)
	}
	return all
}

// TestEveryExampleInTheHelpCanBeTyped reads the commands in the help of every command.
func TestEveryExampleInTheHelpCanBeTyped(t *testing.T) {
	n := 0
	for _, cmd := range []interface{ Help() string }{SubscribersAdd{}, SubscribersList{}, SubscribersConfirm{}, SubscribersPause{}, SubscribersUnsubscribe{},
		SubscribersSuppress{}, SubscribersExport{}} {
		for _, words := range examplesIn(cmd.Help()) {
			n++
			parser, err := kong.New(&CLI{}, kong.Name("vestnik"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(words); err != nil {
				t.Errorf("vestnik %q: %v", words, err)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d examples were found", n)
	}
}

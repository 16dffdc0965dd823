package main

import (
	"embed"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed completion
var completionScripts embed.FS

// CompletionCmd prints a script for a shell. It asks the program for what may come next, so it never has to be made anew.
type CompletionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"${enum}."`
}

func (CompletionCmd) Help() string {
	return `Once for every shell that you start:

    bash    vestnik completion bash >/etc/bash_completion.d/vestnik
            or in ~/.bashrc: source <(vestnik completion bash)
    zsh     vestnik completion zsh >"${fpath[1]}/_vestnik"
            or in ~/.zshrc, after compinit: source <(vestnik completion zsh)
    fish    vestnik completion fish >~/.config/fish/completions/vestnik.fish

Completed are commands, flags, the values of those that have a fixed set, names of digests, and files.`
}

func (cmd CompletionCmd) Run(a *app) error {
	script, err := completionScripts.ReadFile("completion/vestnik." + cmd.Shell)
	if err == nil {
		_, err = a.out.Write(script)
	}
	return err
}

// CompleteCmd is what the scripts ask: the words after the program's name, the last of which is to be completed. It prints one
// candidate a line with a tab and a few words about it, or ":files" for files.
type CompleteCmd struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// completeFiles stands for files, which the shell knows best.
const completeFiles = ":files"

func (cmd CompleteCmd) Run(a *app, k *kong.Kong) error {
	words := cmd.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, one := range complete(k.Model.Node, words, digestNames) {
		if _, err := fmt.Fprintln(a.out, one); err != nil {
			return err
		}
	}
	return nil
}

// digestNames are those of a configuration, "" for the usual one; none where it cannot be read.
func digestNames(config string) (names []string) {
	if config == "" {
		config = firstOr(os.Getenv("VESTNIK_CONFIG"), "vestnik.toml")
	}
	c, err := LoadConfig(config)
	if err != nil {
		return nil
	}
	for _, d := range c.Digests {
		names = append(names, d.Name+"\t"+d.Title)
	}
	return names
}

// A completion is how far the words of a command line lead.
type completion struct {
	node    *kong.Node
	args    int        // positional arguments that are there
	flag    *kong.Flag // whose value comes next; nil: none
	used    []string   // names of flags that are there
	plain   bool       // after "--": no flags
	config  string
	digests func(config string) []string
}

// complete returns what the last word may become.
func complete(root *kong.Node, words []string, digests func(config string) []string) []string {
	words = joinEquals(words)
	if len(words) == 0 {
		words = []string{""}
	}
	c := completion{node: root, digests: digests}
	last := len(words) - 1
	for _, word := range words[:last] {
		c.take(word)
	}
	var found []string
	for _, one := range c.candidates(words[last]) {
		if one == completeFiles || strings.HasPrefix(one, words[last]) {
			found = append(found, one)
		}
	}
	return found
}

// joinEquals takes the words "=" away with which bash parts a flag and its value.
func joinEquals(words []string) (joined []string) {
	for i, word := range words {
		if word == "=" && i > 0 && strings.HasPrefix(words[i-1], "--") {
			if i == len(words)-1 {
				joined = append(joined, "")
			}
			continue
		}
		joined = append(joined, word)
	}
	return joined
}

// take goes on by one whole word.
func (c *completion) take(word string) {
	switch {
	case c.flag != nil:
		if c.flag.Name == "config" {
			c.config = word
		}
		c.flag = nil
	case word == "--" && !c.plain:
		c.plain = true
	case !c.plain && len(word) > 1 && word[0] == '-':
		c.takeFlag(word)
	default:
		c.takeName(word)
	}
}

func (c *completion) takeFlag(word string) {
	name, value, whole := strings.Cut(word, "=")
	f := c.find(name)
	if f == nil {
		return
	}
	c.used = append(c.used, f.Name)
	if whole && f.Name == "config" {
		c.config = value
	}
	if !whole && !f.IsBool() && !f.IsCounter() {
		c.flag = f
	}
}

// find is the flag of that name, "--state" or "-c", among those of the command and the commands above it.
func (c *completion) find(name string) *kong.Flag {
	for f := range c.flags() {
		long := strings.TrimPrefix(name, "--")
		if name == "--"+f.Name || slices.Contains(f.Aliases, long) || f.Short != 0 && name == "-"+string(f.Short) ||
			f.Tag.Negatable != "" && name == "--no-"+f.Name {
			return f
		}
	}
	return nil
}

func (c *completion) flags() func(yield func(*kong.Flag) bool) {
	return func(yield func(*kong.Flag) bool) {
		for _, group := range c.node.AllFlags(true) {
			for _, f := range group {
				if !yield(f) {
					return
				}
			}
		}
	}
}

func (c *completion) takeName(word string) {
	for _, child := range c.node.Children {
		if child.Name == word || slices.Contains(child.Aliases, word) {
			c.node = child
			return
		}
	}
	c.args++
}

// candidates are the words that may stand where the one is, whatever that begins with.
func (c *completion) candidates(word string) []string {
	if c.flag != nil {
		return c.values(c.flag.Value)
	}
	if name, _, whole := strings.Cut(word, "="); whole && !c.plain && strings.HasPrefix(name, "--") {
		return c.valuesAfter(name)
	}
	if !c.plain && strings.HasPrefix(word, "-") {
		return c.flagNames()
	}
	var names []string
	for _, child := range c.node.Children {
		if !child.Hidden {
			names = append(names, child.Name+"\t"+brief(child.Help))
		}
	}
	if len(names) > 0 || len(c.node.Positional) == 0 {
		return names
	}
	at := min(c.args, len(c.node.Positional)-1)
	if at < c.args && !c.node.Positional[at].IsCumulative() {
		return nil
	}
	return c.values(c.node.Positional[at])
}

// valuesAfter are the values of the flag, each as a word with it: "--state=active".
func (c *completion) valuesAfter(name string) []string {
	f := c.find(name)
	if f == nil {
		return nil
	}
	values := c.values(f.Value)
	for i, v := range values {
		if v != completeFiles {
			values[i] = name + "=" + v
		}
	}
	return values
}

func (c *completion) flagNames() (names []string) {
	for f := range c.flags() {
		if !f.Hidden && (!slices.Contains(c.used, f.Name) || f.IsCumulative()) {
			names = append(names, "--"+f.Name+"\t"+brief(f.Help))
		}
	}
	return names
}

// values are those of a flag or argument: a fixed set, digests, or files.
func (c *completion) values(v *kong.Value) []string {
	name := v.Name
	if v.Flag != nil {
		name = v.Flag.PlaceHolder
	}
	group := ""
	if c.node.Parent != nil {
		group = c.node.Parent.Name
	}
	switch {
	case v.Enum != "":
		return v.EnumSlice()
	case v.Name == "digest", group == "digest" && v.Flag == nil && v.Name == "name":
		return c.digests(c.config)
	case slices.ContainsFunc([]string{"file", "path", "log", "dir"}, func(s string) bool { return strings.Contains(strings.ToLower(name), s) }):
		return []string{completeFiles}
	}
	return nil
}

// brief is the first clause of a help text.
func brief(help string) string {
	for _, end := range []string{". ", ": ", "; ", ", "} {
		help, _, _ = strings.Cut(help, end)
	}
	return strings.TrimSuffix(help, ".")
}

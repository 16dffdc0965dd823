package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestEveryCommandHasAScenario walks the command line and looks for each command in the scripts.
func TestEveryCommandHasAScenario(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var scripts strings.Builder
	for _, file := range files {
		scripts.WriteString(mustReadFile(t, file))
	}
	parser, err := kong.New(&CLI{}, kong.Name("vestnik"))
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(true) {
		var words []string
		for n := leaf; n != nil && n.Type == kong.CommandNode; n = n.Parent {
			words = append([]string{n.Name}, words...)
		}
		command := "exec vestnik " + strings.Join(words, " ")
		if !strings.Contains(scripts.String(), command) {
			t.Errorf("no script has %q", command)
		}
		if leaf.Help == "" {
			t.Errorf("%q has no help", command)
		}
	}
}

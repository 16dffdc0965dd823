package main

import (
	"strings"
	"testing"
	"time"
)

func TestTheDaemonKeepsTheListsOfRelatedArticles(t *testing.T) {
	n := newNewsroom(t, "smtp://127.0.0.1:1")
	n.write("news/9.md", "---\ntitle: Кинокластер на острове строят\nslug: building\n---\nО кинокластере на острове.\n")
	n.run("articles", "import", "news")
	computed := func() bool { return strings.Contains(n.run("articles", "related", "building"), "computed just now") }
	if !computed() {
		t.Error("a list is kept though nobody made it")
	}
	daemon := n.serve()
	until(t, time.Minute, "the daemon kept the list", func() bool { return !computed() })
	if out := n.run("articles", "related", "building"); !strings.Contains(out, "by words") || !strings.Contains(out, "за два года") {
		t.Errorf("the kept list: %s", out)
	}
	daemon.stop()
}

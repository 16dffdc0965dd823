package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"vestnik/articles"
	"vestnik/articles/files"
	"vestnik/articles/manuscript"
	"vestnik/db"
	"vestnik/language"
)

// ArticlesLint reports words of mixed and of wrong alphabets.
type ArticlesLint struct {
	Targets []string `arg:"" optional:"" name:"path|slug" help:"Files and folders, or slugs as articles list prints them. Without any, every stored article is looked through."`
	Strict  bool     `help:"End with status 1 if there is such a word."`
}

type lintJSON struct {
	Path       string `json:"path,omitempty"`
	Line       int    `json:"line,omitempty"`
	Slug       string `json:"slug,omitempty"`
	Field      string `json:"field,omitempty"`
	Paragraph  int    `json:"paragraph,omitempty"`
	Word       string `json:"word"`
	Suggestion string `json:"suggestion"`
	Script     string `json:"script"`
	Letters    []int  `json:"letters"`
	Around     string `json:"around,omitempty"`
}

func lintLine(m language.Mixed) lintJSON {
	return lintJSON{Word: m.Word, Suggestion: m.Suggestion, Script: m.Script, Letters: m.Letters, Around: m.Around}
}

// A linter goes through files and articles and keeps the count.
type linter struct {
	a      *app
	looked int
	found  int
	failed int
}

func (cmd ArticlesLint) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		l := &linter{a: a}
		if err := l.look(c, d, cmd.Targets); err != nil {
			return err
		}
		a.say("%s looked through: %s of mixed or wrong alphabets.", count(l.looked, "article"), count(l.found, "word"))
		if l.failed > 0 || cmd.Strict && l.found > 0 {
			return errReported
		}
		return nil
	})
}

func (l *linter) look(c *Config, d *db.DB, targets []string) error {
	article := func(x articles.Article) error { return l.article(d, x) }
	if len(targets) == 0 {
		return articles.Each(l.a.ctx, d, article)
	}
	importer := files.Importer{Site: c.articlesSite(), Labels: c.labels()}
	for _, target := range targets {
		if err := l.target(importer, d, target); err != nil {
			return err
		}
	}
	return nil
}

// target looks through what is named: a file or folder where there is one of that name, else an article.
func (l *linter) target(importer files.Importer, d *db.DB, target string) error {
	if _, err := os.Stat(target); err == nil || strings.ContainsRune(target, filepath.Separator) || filepath.Ext(target) != "" {
		return l.files(importer, d, target)
	}
	x, err := articles.Find(l.a.ctx, d, target)
	if errors.Is(err, articles.ErrNotFound) {
		l.failed++
		fmt.Fprintf(l.a.err, "vestnik: %s: neither a file, a folder nor the slug of an article; articles list prints the slugs\n", target)
		return nil
	}
	if err != nil {
		return err
	}
	return l.article(d, x)
}

func (l *linter) files(importer files.Importer, d *db.DB, path string) error {
	found, read, failed, err := importer.Lint(l.a.ctx, d, []string{path})
	if err != nil {
		return err
	}
	for _, err := range failed {
		fmt.Fprintln(l.a.err, "vestnik:", err)
	}
	l.looked, l.failed = l.looked+read, l.failed+len(failed)
	for _, m := range found {
		line := lintLine(m.Mixed)
		line.Path, line.Line = m.Path, m.Line
		if err := l.report(line, m.String()); err != nil {
			return err
		}
	}
	return nil
}

func (l *linter) article(d *db.DB, x articles.Article) error {
	l.looked++
	found, err := articles.Lint(l.a.ctx, d, x)
	if err != nil {
		return err
	}
	for _, m := range found {
		line := lintLine(m.Mixed)
		line.Slug, line.Field, line.Paragraph = x.Slug, m.Field, m.Paragraph
		place := m.Field
		if m.Paragraph > 0 {
			place = fmt.Sprintf("%s, paragraph %d", m.Field, m.Paragraph)
		}
		if err := l.report(line, fmt.Sprintf("%s: %s: %s", x.Slug, place, manuscript.MixedNote(m.Mixed))); err != nil {
			return err
		}
	}
	return nil
}

// report prints one word: findings are the command's result, so they are printed with --quiet, too.
func (l *linter) report(line lintJSON, sentence string) error {
	l.found++
	if l.a.json {
		return emit(l.a, []lintJSON{line})
	}
	_, err := fmt.Fprintln(l.a.out, sentence)
	return err
}

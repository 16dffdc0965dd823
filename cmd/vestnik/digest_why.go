package main

import (
	"fmt"
	"strings"
	"time"

	"vestnik/db"
	"vestnik/digest"
)

// DigestWhy explains an edition.
type DigestWhy struct {
	Name string   `arg:"" help:"The digest, and after a slash the edition, as daily/2026-11-24T0800; default: the newest."`
	What []string `arg:"" optional:"" name:"edition|article" help:"The edition, where it does not stand after the slash, and the slug of an article: why it is in the edition, or why not."`
}

// Help tells what is explained.
func (DigestWhy) Help() string {
	return `For each article of the edition it says why it is in it and why at this place, and for each that nearly was in it, why it is not: it was in an
edition of late, it tells the story of another one, the editors keep it out, the list was full. Both were kept when the edition was made. Of any other article
it says what is known now: how often it was read in that time, and which rule keeps it out. A slot without an edition has its reason in the ledger of slots.

    vestnik digest why daily
    vestnik digest why daily/2026-11-24T0800
    vestnik digest why daily premera-v-korsakove`
}

// split tells the edition from the article.
func (cmd DigestWhy) split() (name, slot, article string, err error) {
	name, slot, _ = strings.Cut(cmd.Name, "/")
	for _, what := range cmd.What {
		_, wrong := digest.ParseSlot(what, time.UTC)
		switch {
		case wrong == nil && slot == "":
			slot = what
		case wrong != nil && article == "":
			article = what
		default:
			return "", "", "", usageError(fmt.Sprintf("%s: name one edition, as 2026-11-24T0800, and one article by its slug", strings.Join(cmd.What, " ")))
		}
	}
	return name, slot, article, nil
}

func (cmd DigestWhy) Run(a *app) error {
	name, slot, article, err := cmd.split()
	if err != nil {
		return err
	}
	return a.with(func(c *Config, d *db.DB) error {
		dg, err := c.findDigest(name)
		if err != nil {
			return err
		}
		if slot == "" {
			newest, err := digest.Editions(a.ctx, d, name, 1)
			if err != nil {
				return err
			}
			if len(newest) == 0 {
				return fmt.Errorf("%s has no edition yet; `vestnik digest next %s` shows when one comes", name, name)
			}
			slot = newest[0].Slot.Name()
		} else if _, err := digest.ParseSlot(slot, dg.Location); err != nil {
			return usageError(err.Error())
		}
		if article != "" {
			return a.whyArticle(c, d, dg, slot, article)
		}
		x, err := digest.Explain(a.ctx, d, dg, slot)
		if err != nil {
			return err
		}
		return a.printWhy(c, d, x, slot)
	})
}

type whyArticleJSON struct {
	Digest  string   `json:"digest"`
	Edition string   `json:"edition"`
	Slug    string   `json:"slug"`
	Title   string   `json:"title"`
	Text    []string `json:"text"`
}

func (a *app) whyArticle(c *Config, d *db.DB, dg digest.Digest, slot, slug string) error {
	set, err := c.templates()
	if err != nil {
		return err
	}
	found, said, err := c.publisher(d, set, a.logger()).ExplainArticle(a.ctx, dg, slot, slug)
	if err != nil {
		return err
	}
	if a.json {
		return emit(a, []whyArticleJSON{{dg.Name, slot, slug, found.Title, said}})
	}
	fmt.Fprintf(a.out, "%s, %s of %s:\n", digest.Quoted(found.Title), dg.Name, slot)
	for _, sentence := range said {
		fmt.Fprintln(a.out, sentence)
	}
	return nil
}

type editionWhyJSON struct {
	Digest   string        `json:"digest"`
	Edition  string        `json:"edition"`
	State    string        `json:"state"` // of the edition, or of a slot without one
	Reason   string        `json:"reason"`
	From     string        `json:"from"`
	To       string        `json:"to"`
	Articles int64         `json:"articles"`
	Reads    int64         `json:"reads"`
	Text     []string      `json:"text"`
	Items    []whyItemJSON `json:"items"`
	Absent   []whyItemJSON `json:"absent"`
}

type whyItemJSON struct {
	Block  string  `json:"block"`
	Place  int     `json:"place"`
	Slug   string  `json:"slug"`
	Title  string  `json:"title"`
	Reads  int64   `json:"reads"`
	Score  float64 `json:"score"`
	Reason string  `json:"reason"`
	Other  string  `json:"other,omitempty"` // slug of the article, or the edition, that the reason is about
	Value  float64 `json:"value,omitempty"`
	Text   string  `json:"text"`
}

func (a *app) printWhy(c *Config, d *db.DB, x digest.Explanation, slot string) error {
	if a.json {
		line, err := a.editionWhy(c, d, x, slot)
		if err != nil {
			return err
		}
		return emit(a, []editionWhyJSON{line})
	}
	for _, sentence := range x.Head {
		fmt.Fprintln(a.out, sentence)
	}
	for _, part := range x.Parts {
		fmt.Fprintf(a.out, "\n%s\n\n", part.Title)
		for _, i := range part.Items {
			fmt.Fprintf(a.out, "%3d. %s: %s.\n", i.Place, digest.Quoted(i.Title), i.Text)
		}
		if len(part.Items) > 0 && len(part.Absent) > 0 {
			fmt.Fprintln(a.out)
		}
		if len(part.Absent) > 0 {
			fmt.Fprint(a.out, "Not here:\n\n")
		}
		for _, i := range part.Absent {
			fmt.Fprintf(a.out, "  -  %s: %s.\n", digest.Quoted(i.Title), i.Text)
		}
	}
	return nil
}

func (a *app) editionWhy(c *Config, d *db.DB, x digest.Explanation, slot string) (editionWhyJSON, error) {
	e := x.Edition
	line := editionWhyJSON{Digest: e.Digest, Edition: slot, State: e.State, Reason: e.Reason, From: c.iso(e.Start), To: c.iso(e.Until), Articles: x.Articles,
		Reads: x.Reads, Text: x.Head, Items: []whyItemJSON{}, Absent: []whyItemJSON{}}
	names, err := digest.Names(a.ctx, d, x)
	if err != nil {
		return line, err
	}
	for _, part := range x.Parts {
		for _, i := range part.Items {
			line.Items = append(line.Items, whyItem(part.Title, i, names))
		}
		for _, i := range part.Absent {
			line.Absent = append(line.Absent, whyItem(part.Title, i, names))
		}
	}
	return line, nil
}

func whyItem(block string, i digest.Explained, names map[int64]string) whyItemJSON {
	return whyItemJSON{block, i.Place, names[i.Article], i.Title, i.Reads, i.Score, i.Reason, names[i.Other], i.Value, i.Text}
}

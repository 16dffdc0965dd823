package main

import (
	"time"

	"vestnik/db"
	"vestnik/digest"
)

// One article by mail: by hand, and what a digest with the schedule "on-publish" made of each.

// ArticleFlags name one article and how it is mailed.
type ArticleFlags struct {
	Article string `help:"Only this article, by its slug, instead of a list." placeholder:"SLUG"`
	Text    string `help:"How much of the article: ${enum}; default is what the digest has." enum:"default,full,summary" default:"default" placeholder:"WHAT"`
}

func (f ArticleFlags) one(extra bool) digest.OneArticle {
	return digest.OneArticle{Slug: f.Article, Text: unlessDefault(f.Text), Extra: extra}
}

// check refuses what is about an article where none is named.
func (cmd DigestSend) check() error {
	if cmd.Preview || cmd.Text != "default" {
		return usageError("--preview and --text are about one article; name it with --article SLUG. `vestnik digest preview` shows a list")
	}
	return nil
}

// article mails one article, or shows what would be mailed.
func (cmd DigestSend) article(a *app, p digest.Publisher, d *db.DB, dg digest.Digest, now time.Time) error {
	one := cmd.one(cmd.Extra)
	if cmd.Preview {
		view, letter, err := p.PreviewArticle(a.ctx, dg, one, "", now)
		if err != nil {
			return err
		}
		return a.printPreview(dg, view.Slot.Format("2006-01-02T1504"), view, letter, "", false)
	}
	e, outcome, err := p.SendArticle(a.ctx, dg, one, now)
	if err != nil {
		return err
	}
	for done := e.State != digest.Enqueuing; !done; {
		if done, err = p.Enqueue(a.ctx, e.ID, now); err != nil {
			return err
		}
	}
	return a.reportSent(d, e, outcome)
}

// article shows the letter of one article.
func (cmd DigestPreview) article(a *app, c *Config, d *db.DB) error {
	if cmd.Slot != "" {
		return usageError("--slot names an edition and --article an article: give one of them")
	}
	dg, now, err := cmd.digest(c)
	if err != nil {
		return err
	}
	set, err := c.templates()
	if err != nil {
		return err
	}
	view, letter, err := c.publisher(d, set, a.logger()).PreviewArticle(a.ctx, dg, digest.OneArticle{Slug: cmd.Article}, unlessDefault(cmd.Language), now)
	if err != nil {
		return err
	}
	return a.printPreview(dg, view.Slot.Format("2006-01-02T1504"), view, letter, "", cmd.HTML)
}

// DigestArticles lists what became of articles.
type DigestArticles struct {
	Name  string `arg:"" optional:"" help:"The digest; all when none is named."`
	Limit int    `default:"20" help:"At most so many."`
}

func (DigestArticles) Help() string {
	return `A digest with schedule = "on-publish" mails each article once its grace is over. Here is every article that it took up: it waits, was sent (then the reason is the edition that brought it), or was skipped, with the reason. Articles that were mailed by hand ("vestnik digest send NAME --article SLUG") are here too, of any digest.`
}

type mailingJSON struct {
	Digest    string `json:"digest"`
	Slug      string `json:"slug"`
	Title     string `json:"title"`
	State     string `json:"state"`
	Due       string `json:"due,omitempty"`
	Edition   string `json:"edition,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Published string `json:"published"`
}

func (cmd DigestArticles) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		if cmd.Name != "" {
			if _, err := c.findDigest(cmd.Name); err != nil {
				return err
			}
		}
		found, err := digest.Mailings(a.ctx, d, cmd.Name, cmd.Limit)
		if err != nil {
			return err
		}
		var lines []mailingJSON
		for _, m := range found {
			line := mailingJSON{Digest: m.Digest, Slug: m.Slug, Title: m.Title, State: m.State, Reason: m.Reason, Published: c.iso(m.Made)}
			switch m.State {
			case digest.ArticleSent:
				line.Edition, line.Reason = m.Reason, ""
			case digest.ArticleWaiting:
				line.Due = c.iso(m.Due)
			}
			lines = append(lines, line)
		}
		return emit(a, lines,
			column[mailingJSON]{title: "Digest", value: func(x mailingJSON) any { return x.Digest }},
			column[mailingJSON]{title: "Article", value: func(x mailingJSON) any { return x.Slug }, width: 50},
			column[mailingJSON]{title: "State", value: func(x mailingJSON) any { return x.State }},
			column[mailingJSON]{title: "Due", value: func(x mailingJSON) any { return x.Due }},
			column[mailingJSON]{title: "Edition", value: func(x mailingJSON) any { return x.Edition }},
			column[mailingJSON]{title: "Reason", value: func(x mailingJSON) any { return x.Reason }, width: 80})
	})
}

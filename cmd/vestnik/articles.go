package main

import (
	"database/sql"
	"fmt"
	"os"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"vestnik/articles"
	"vestnik/articles/files"
	"vestnik/articles/pages"
	"vestnik/db"
)

// ArticlesCmd groups the verbs on articles.
type ArticlesCmd struct {
	Import   ArticlesImport   `cmd:"" help:"Put in files and folders: Markdown with front matter, or pages saved as text."`
	List     ArticlesList     `cmd:"" help:"List articles, newest first."`
	Show     ArticlesShow     `cmd:"" help:"Show one article whole."`
	Search   ArticlesSearch   `cmd:"" help:"Search what is published, by words in any of their forms; the best and newest first."`
	Related  ArticlesRelated  `cmd:"" help:"Say what is related to an article: whom editors chose, what words say, and how much."`
	Lint     ArticlesLint     `cmd:"" help:"Report words that mix look-alike Latin and Cyrillic letters, or may be written in the wrong ones; changes nothing."`
	Publish  ArticlesPublish  `cmd:"" help:"Publish a draft or a withdrawn article."`
	Correct  ArticlesCorrect  `cmd:"" help:"Say on an article what was corrected in it; readers of feeds get it again."`
	Withdraw ArticlesWithdraw `cmd:"" help:"Take an article back: its page says so, lists and feeds drop it."`
	Pin      ArticlesPin      `cmd:"" help:"Put an article at a place of the pages' lists of the most read, marked as the editors' choice."`
	Exclude  ArticlesExclude  `cmd:"" help:"Keep an article out of every list of the most read: pages, feeds and digests."`
	Remove   ArticlesRemove   `cmd:"" help:"Withdraw an article and forget its text."`
}

// ArticlesImport puts files in.
type ArticlesImport struct {
	Paths         []string `arg:"" name:"path" help:"Files (.md, .txt) and folders."`
	WithHeadlines bool     `help:"Also take the headlines in a page's boxes, as briefs and as its related list."`
	NowFlag       `embed:""`
}

type importedJSON struct {
	Path     string   `json:"path"`
	Slug     string   `json:"slug"`
	Outcome  string   `json:"outcome"`
	Briefs   int      `json:"briefs"`
	Warnings []string `json:"warnings"`
	Error    string   `json:"error"`
}

func (cmd ArticlesImport) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		move, end := a.bar("Importing", progress.UnitsDefault)
		importer := files.Importer{Site: c.articlesSite(), Labels: c.labels(), WithHeadlines: cmd.WithHeadlines,
			Progress: func(done, total int) { move(int64(done), int64(total)) }}
		results, err := importer.Import(a.ctx, d, cmd.Paths, now)
		end()
		if err != nil {
			return err
		}
		return a.reportImport(results)
	})
}

// labels are the built-in ones with those of the configuration before them.
func (c *Config) labels() map[string]pages.Labels {
	all := pages.DefaultLabels()
	for language, own := range c.Labels {
		l := all[language]
		l.Author = append(own.Author, l.Author...)
		l.Date = append(own.Date, l.Date...)
		l.MostRead = append(own.MostRead, l.MostRead...)
		l.Related = append(own.Related, l.Related...)
		l.More = append(own.More, l.More...)
		l.Leftovers = append(own.Leftovers, l.Leftovers...)
		all[language] = l
	}
	return all
}

func (a *app) reportImport(results []files.FileResult) error {
	var lines []importedJSON
	counts := map[articles.Outcome]int{}
	briefs, failed := 0, 0
	for _, r := range results {
		line := importedJSON{Path: r.Path, Slug: r.Slug, Outcome: string(r.Outcome), Briefs: r.Briefs, Warnings: append([]string{}, r.Warnings...)}
		if r.Err != nil {
			failed++
			line.Outcome, line.Error = "failed", r.Err.Error()
			fmt.Fprintln(a.err, "vestnik:", r.Err)
		} else {
			counts[r.Outcome]++
			briefs += r.Briefs
		}
		for _, w := range r.Warnings {
			if !a.json && !a.quiet {
				fmt.Fprintln(a.err, "note:", w)
			}
		}
		lines = append(lines, line)
	}
	if a.json {
		if err := emit(a, lines); err != nil {
			return err
		}
	}
	total := counts[articles.Added] + counts[articles.Changed] + counts[articles.Unchanged]
	a.say("%s: %d added, %d updated, %d unchanged. %s. %d failed.", count(total, "article"),
		counts[articles.Added], counts[articles.Changed], counts[articles.Unchanged], count(briefs, "brief"), failed)
	if failed > 0 {
		return errReported
	}
	return nil
}

// count is "1 article", "2 articles".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// ArticlesList lists articles.
type ArticlesList struct {
	Kind    string `help:"Only of this kind: ${enum}." enum:"any,article,brief" default:"any" placeholder:"KIND"`
	State   string `help:"In this state: ${enum}." enum:"published,draft,withdrawn,removed" default:"published" placeholder:"STATE"`
	Section string `help:"Only of this section (its slug)." placeholder:"SLUG"`
	Tag     string `help:"Only with this tag (its slug)." placeholder:"SLUG"`
	Limit   int    `help:"At most so many." default:"50"`
}

type articleJSON struct {
	Slug       string   `json:"slug"`
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	Title      string   `json:"title"`
	Authors    []string `json:"authors"`
	Published  string   `json:"published"`
	Updated    string   `json:"updated"`
	Section    string   `json:"section"`
	Tags       []string `json:"tags"`
	Standfirst string   `json:"standfirst"`
	URL        string   `json:"url"`
	State      string   `json:"state"`
	Language   string   `json:"language"`
	Correction string   `json:"correction,omitempty"`
	Corrected  string   `json:"corrected,omitempty"`
	Enclosure  string   `json:"enclosure,omitempty"`
	HTML       *string  `json:"html,omitempty"`
	Text       *string  `json:"text,omitempty"`
	Related    []string `json:"related,omitempty"`
}

func (c *Config) articleJSON(x articles.Article) articleJSON {
	line := articleJSON{Slug: x.Slug, ID: x.GUID, Kind: x.Kind, Title: x.Title, Authors: names(x.Authors), Published: c.iso(x.Published),
		Updated: c.iso(x.Updated), Section: x.Section.Slug, Tags: names(x.Tags), Standfirst: x.Standfirst,
		URL: x.Link(c.articlesSite()), State: x.State, Language: x.Language, Correction: x.Correction, Corrected: c.iso(x.Corrected)}
	if x.Enclosure != nil {
		line.Enclosure = x.Enclosure.URL
	}
	return line
}

func names(labels []articles.Label) []string {
	all := []string{}
	for _, l := range labels {
		all = append(all, l.Name)
	}
	return all
}

func (cmd ArticlesList) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		found, err := articles.List(a.ctx, d, articles.Filter{State: cmd.State, Kind: unlessAny(cmd.Kind), Section: cmd.Section, Tag: cmd.Tag, Limit: cmd.Limit})
		if err != nil {
			return err
		}
		var lines []articleJSON
		for _, x := range found {
			lines = append(lines, c.articleJSON(x))
		}
		return emit(a, lines,
			column[articleJSON]{title: "Published", value: func(x articleJSON) any { return day(x.Published) }},
			column[articleJSON]{title: "Kind", value: func(x articleJSON) any { return x.Kind }},
			column[articleJSON]{title: "Section", value: func(x articleJSON) any { return x.Section }},
			column[articleJSON]{title: "Title", value: func(x articleJSON) any { return x.Title }, width: 70},
			column[articleJSON]{title: "Slug", value: func(x articleJSON) any { return x.Slug }})
	})
}

func day(iso string) string {
	if len(iso) < 10 {
		return ""
	}
	return iso[:10]
}

// ArticlesShow shows one article.
type ArticlesShow struct {
	Slug string `arg:"" help:"Its slug, as articles list prints it."`
}

func (cmd ArticlesShow) Run(a *app) error {
	return a.with(func(c *Config, d *db.DB) error {
		x, err := articles.Find(a.ctx, d, cmd.Slug)
		if err != nil {
			return err
		}
		related, err := articles.Related(a.ctx, d, x, 5, nil)
		if err != nil {
			return err
		}
		line := c.articleJSON(x)
		line.HTML, line.Text, line.Related = &x.HTML, &x.Text, []string{}
		for _, r := range related {
			line.Related = append(line.Related, r.Slug)
		}
		if a.json {
			return emit(a, []articleJSON{line})
		}
		a.showArticle(c, x, related)
		return nil
	})
}

func (a *app) showArticle(c *Config, x articles.Article, related []articles.Article) {
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(a.out, "%-11s %s\n", name, value)
		}
	}
	field("Title", x.Title)
	field("Kind", x.Kind+", "+x.State)
	field("Slug", x.Slug)
	field("Id", x.GUID)
	field("Address", x.Link(c.articlesSite()))
	field("Authors", listOr(names(x.Authors), ""))
	field("Published", c.stamp(x.Published))
	field("Updated", c.stamp(x.Updated))
	field("Section", x.Section.Name)
	field("Tags", listOr(names(x.Tags), ""))
	field("Standfirst", x.Standfirst)
	field("Correction", x.Correction)
	for _, r := range related {
		field("Related", r.Title)
	}
	if x.Text != "" {
		fmt.Fprintf(a.out, "\n%s\n", x.Text)
	}
}

// stateVerb runs one of publish, withdraw, remove on each slug.
func (a *app) stateVerb(slugs []string, n NowFlag, verb func(tx *sql.Tx, slug string, c *Config) (articles.Article, articles.Outcome, error), done string) error {
	return a.with(func(c *Config, d *db.DB) error {
		failed := false
		for _, slug := range slugs {
			err := d.Tx(a.ctx, func(tx *sql.Tx) error {
				x, outcome, err := verb(tx, slug, c)
				if err == nil && outcome == articles.Unchanged {
					a.say("%s: was %s already", x.Slug, done)
				} else if err == nil {
					a.say("%s: %s", x.Slug, done)
				}
				return err
			})
			if err != nil {
				failed = true
				fmt.Fprintf(a.err, "vestnik: %s: %v\n", slug, err)
			}
		}
		if failed {
			return errReported
		}
		return nil
	})
}

// ArticlesPublish publishes.
type ArticlesPublish struct {
	Slugs   []string `arg:"" name:"slug" help:"As articles list prints them."`
	NowFlag `embed:""`
}

func (cmd ArticlesPublish) Run(a *app) error {
	return a.stateVerb(cmd.Slugs, cmd.NowFlag, func(tx *sql.Tx, slug string, c *Config) (articles.Article, articles.Outcome, error) {
		now, err := cmd.time(c)
		if err != nil {
			return articles.Article{}, "", err
		}
		return articles.Publish(a.ctx, tx, slug, now)
	}, "published")
}

// ArticlesCorrect notes a correction.
type ArticlesCorrect struct {
	Slug    string `arg:"" help:"As articles list prints it."`
	Note    string `arg:"" help:"What was corrected, in a sentence for readers; it takes the place of an earlier note."`
	NowFlag `embed:""`
}

func (cmd ArticlesCorrect) Run(a *app) error {
	return a.withNow(cmd.NowFlag, func(c *Config, d *db.DB, now time.Time) error {
		return d.Tx(a.ctx, func(tx *sql.Tx) error {
			x, outcome, err := articles.Correct(a.ctx, tx, cmd.Slug, cmd.Note, now)
			switch {
			case err != nil:
				return err
			case outcome == articles.Unchanged:
				a.say("%s: said so already", x.Slug)
			default:
				a.say("%s: corrected", x.Slug)
			}
			return nil
		})
	})
}

// ArticlesWithdraw withdraws.
type ArticlesWithdraw struct {
	Slugs   []string `arg:"" name:"slug" help:"As articles list prints them."`
	NowFlag `embed:""`
}

func (cmd ArticlesWithdraw) Run(a *app) error {
	return a.stateVerb(cmd.Slugs, cmd.NowFlag, func(tx *sql.Tx, slug string, c *Config) (articles.Article, articles.Outcome, error) {
		now, err := cmd.time(c)
		if err != nil {
			return articles.Article{}, "", err
		}
		return articles.Withdraw(a.ctx, tx, slug, now)
	}, "withdrawn")
}

// ArticlesRemove removes.
type ArticlesRemove struct {
	Slugs   []string `arg:"" name:"slug" help:"As articles list prints them."`
	Yes     bool     `help:"Do not ask."`
	NowFlag `embed:""`
}

func (cmd ArticlesRemove) Run(a *app) error {
	if !cmd.Yes && !a.confirm(fmt.Sprintf("Forget the text of %s for good?", count(len(cmd.Slugs), "article"))) {
		return usageError("nothing was removed; say --yes to do it without asking")
	}
	return a.stateVerb(cmd.Slugs, cmd.NowFlag, func(tx *sql.Tx, slug string, c *Config) (articles.Article, articles.Outcome, error) {
		now, err := cmd.time(c)
		if err != nil {
			return articles.Article{}, "", err
		}
		return articles.Remove(a.ctx, tx, slug, now)
	}, "removed")
}

// confirm asks on a terminal; elsewhere the answer is no.
func (a *app) confirm(question string) bool {
	if !isTerminal(a.err) || !isTerminal(os.Stdin) {
		return false
	}
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	var answer string
	fmt.Fscanln(a.in, &answer)
	return answer == "y" || answer == "yes" || answer == "да"
}

// Package articles is in charge of what is published: articles taken in, kept, listed, published and withdrawn, and what
// is related to what. It writes the tables articles, article_authors, article_tags, article_related, article_alike and its two
// neighbours, change_counter and changes; its package words writes what it keeps of their words.
//
// Everything foreign is cleaned once, on the way in ([Put]); whoever reads an [Article] may show its HTML as it is.
// Every visible change raises the one change counter, whose row lock makes the numbers grow in commit order; feeds and
// caches follow it.
package articles

import (
	"errors"
	"time"
)

// Kinds of article. A brief is a headline with a link and no body.
const (
	KindArticle = "article"
	KindBrief   = "brief"
)

// States of an article. Only published ones are shown, listed, fed and mailed.
const (
	Draft     = "draft"
	Published = "published"
	Withdrawn = "withdrawn" // its page says 410 Gone
	Removed   = "removed"   // forgotten: title and text are erased, the slug stays taken
)

// ErrNotFound is returned when no article has the slug or id.
var ErrNotFound = errors.New("no such article")

// Site is what articles need to know of the publication they belong to.
type Site struct {
	URL      string         // public address without a trailing slash, as "https://kino.example"
	Language string         // the language of articles that do not name one, as "ru"
	Location *time.Location // where a bare date is midnight
}

// A Label is a section, tag or author: the name as written and the slug in addresses.
type Label struct {
	Slug string
	Name string
}

// An Article as it is kept.
type Article struct {
	ID         int64
	Slug       string
	GUID       string // permanent tag: URI
	Kind       string // KindArticle or KindBrief
	Title      string // plain text
	Standfirst string // plain text
	HTML       string // sanitised, addresses absolute; "" for a brief
	Text       string // the same as plain text, paragraphs parted by "\n\n"
	Language   string
	Section    Label // zero: none
	Authors    []Label
	Tags       []Label
	URL        string // original address elsewhere; "" when the article's page is ours
	Image      string
	ImageAlt   string
	Correction string    // what was corrected, as plain text, paragraphs parted by "\n\n"; "" for nothing
	Corrected  time.Time // when that was said; zero where Correction is ""
	Enclosure  *Enclosure
	Published  time.Time // zero: unknown, show no date
	Updated    time.Time // last change a reader should see
	Seen       time.Time // when we first had it
	Moment     time.Time // Published, or Seen where that is unknown: order and windows go by it
	State      string
	Change     int64
}

// An Enclosure is a recording or another file that belongs to an article and lies elsewhere. It is never changed, so
// articles may share one.
type Enclosure struct {
	URL    string // absolute, http or https
	Type   string // media type, as "audio/mpeg"
	Length int64  // bytes
}

// Link is the article's one address: the original's where it came from elsewhere, else its page on the site.
func (a Article) Link(site Site) string {
	if a.URL != "" {
		return a.URL
	}
	return site.URL + "/articles/" + a.Slug
}

// Input is an article as it arrives, not yet clean: from a file, a source, a form.
type Input struct {
	ID         int64  // the article it updates, where the caller knows; else 0 and it is looked up by Slug, URL, Path, Hash in this order
	Slug       string // "" to derive one from the title
	Kind       string // "" is KindArticle
	Title      string
	Standfirst string
	HTML       string // any HTML; relative addresses are resolved against BaseURL
	BaseURL    string // "" is the article's own address
	Language   string
	Section    string
	Authors    []string
	Tags       []string
	URL        string
	Image      string
	ImageAlt   string
	Correction string     // plain text, paragraphs parted by an empty line; "" leaves the one there is
	Enclosure  *Enclosure // whole: readers of feeds need the true type and length; nil for none
	Published  time.Time
	Updated    time.Time
	Draft      bool
	Path       string // absolute path of the file, "" for none
	Hash       string // of the bytes it was made from
}

// Outcome says what [Put] did.
type Outcome string

const (
	Added     Outcome = "added"
	Changed   Outcome = "updated"
	Unchanged Outcome = "unchanged"
)

package templates

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"time"
)

// Site is what every page and letter knows of the publication.
type Site struct {
	Title    string
	URL      string // without a trailing slash
	Language string
	Location *time.Location
	Imprint  Imprint

	HideReads bool // nobody is told how often an article was read
}

// Imprint stands at the foot of pages and letters. Empty fields are left out.
type Imprint struct {
	Publisher string
	Address   string
	Email     string
	Age       string // age mark, as "16+"
	Notice    string
}

// A Banner is a sponsor's picture with the label that the law asks for.
type Banner struct {
	Image string
	Link  string
	Label string // "Реклама"
	Alt   string
	Name  string `json:",omitempty"` // for the sponsor's report
	Erid  string `json:",omitempty"` // the token that Russian law asks for beside the label

	Advertiser string `json:",omitempty"` // who pays, by name: the same law
}

// A Link is a name with an address.
type Link struct {
	Title string
	URL   string
}

// A FeedLink is one document of a feed, for <link rel="alternate"> and the page's foot.
type FeedLink struct {
	Title string
	Type  string // application/rss+xml …
	URL   string
}

// A Headline is one line of a list or box.
type Headline struct {
	Title      string
	Language   string // of the title, "" for the page's
	URL        string
	Date       time.Time // zero: none is shown
	Section    Link
	Standfirst string
	Image      string
	Reads      int64 // 0: not shown
	Pinned     bool  // in a list of the most read by the editors' choice: it says so, and not that it was read
	Brief      bool
	Corrected  bool `json:"-"` // of a past edition: readers were told what had been wrong in it
}

// Article is the body of an article's page.
type Article struct {
	Title      string
	Standfirst string
	Authors    []Link
	Date       time.Time // zero: none
	Updated    time.Time // zero or equal to Date: not shown
	Section    Link
	Tags       []Link
	Image      string
	ImageAlt   string
	HTML       template.HTML
	Language   string
	Original   string // address elsewhere, "" for ours
	Beacon     string // address of the read beacon, "" when reads are not counted
	Token      string
	Correction []string  // paragraphs of plain text, none for an article that needed no correction
	Corrected  time.Time // zero: the note bears no date
}

// FeedCatalogue is the page for people about the site's feeds.
type FeedCatalogue struct {
	OPML   string      // address of the list of all feeds, for moving them into a reader at once; "" for none
	Groups []FeedGroup // in the order of the page; one without feeds is left out
}

// A FeedGroup is the feeds of one kind.
type FeedGroup struct {
	Kind  string // site | sections | most_read | digests | authors | tags
	Feeds []FeedEntry
}

// A FeedEntry is one feed, whatever the number of its formats.
type FeedEntry struct {
	Title    string
	Home     string     // address of the page for people
	Links    []FeedLink // absolute addresses, as they go into a feed reader; the first is the one for most readers
	Readers  []Link     // pages of feed readers on the web that join this feed, by the name of the reader
	Articles int64      // how many there are; 0: not shown
	Updated  time.Time  // of the newest article; zero: not shown
	Preview  []Headline // the newest, about three
	Text     string     // a sentence about the feed, "" for none
}

// Page is the data of every page; each template uses what it needs. Times may carry any zone: pages and letters
// show them in the site's, but an edition's slot in its own.
type Page struct {
	Site        Site
	Now         time.Time // today's date in the masthead; zero: none
	Language    string    // of the page's own words
	Title       string
	Description string
	Canonical   string // absolute address
	Sections    []Link // the navigation
	Feeds       []FeedLink
	Digests     []Link // digests that can be joined
	Banner      *Banner
	NoIndex     bool
	Hub         string // absolute address of the WebSub hub, "" for none
	Self        string // absolute address by which the hub knows the page's feed, "" for none

	Article  *Article   // article.html
	List     []Headline // home.html, list.html: newest first
	Heading  string     // list.html, message.html
	MostRead []Headline // the box, and most-read.html: what was read most, with the editors' choice at its places
	Latest   []Headline // below it, under a heading of its own: what fills up a thin list
	Related  []Headline // the box of 5
	ReadNow  bool       // MostRead goes by what is read now, and is called so
	Window   string     // most-read.html: 24h | 7d | 30d
	Windows  []Link     // most-read.html: the choices, each with a window as its title; the page words it
	Older    string     // address of the next page of a list, "" for none

	MostReadURL string // where the heading of the box leads, "" for nowhere
	MostReadOf  Link   // the section that MostRead is of, empty for the whole site

	Digest  *DigestAbout // digest.html, form.html, snippet.html
	Shelves *Shelves     // digests.html
	Edition *EditionView // edition.html
	Beside  EditionFrame // edition.html: what stands around it
	Form    *Form        // confirm.html, not-me.html, unsubscribe.html, move.html, erase.html
	Prefs   *Preferences // preferences.html
	Message string       // message.html: one plain sentence
	Status  int          // message.html: HTTP status, 0 for 200; words the page where Heading and Message are empty

	Catalogue *FeedCatalogue // feeds.html

	Search *SearchView // search.html

	Edit *EditPage // edit.html

	Mailbox *Mailbox       // mailbox.html, and beside the open letter in letter.html
	Letter  *MailboxLetter // letter.html
}

// DigestAbout is a digest's own page: what it is, the join form, past editions, newest first and each in the digest's own zone.
type DigestAbout struct {
	Name     string
	Title    string
	Rhythm   string // when it comes, in the page's language
	Editions []Headline
	Joined   bool   // true after the form was sent: "look into your mailbox"
	Check    bool   // the form came from a page that is not ours: it takes one more press of the button
	Framed   bool   // the form stands in a frame of another site, and what answers it does
	Address  string // of the page of the digest, absolute: form.html
	Query    string // language to ask for in the address of a frame, "" for the digest's: snippet.html
	Height   int    // of a frame in pixels: snippet.html
	Email    string
	Error    string // a sentence about a wrong address
	Trap     string // name of the honeypot field
	Stamp    string // opaque time of the form, sent back with it

	Older string // address of the page with earlier editions, "" for none
	Paged bool   // this is such a page
	Ended bool   // the digest is no longer configured: what came out stands here
}

// An EditionFrame is what stands around an edition on its page.
type EditionFrame struct {
	Hash    string    // of the content, 64 hex digits: the letters carry the same
	Number  int64     // of the revision shown
	Present string    // address of the present revision where an earlier one is shown, else ""
	Earlier []Link    // revisions that came out before the present one, by their numbers
	Older   *Headline // of the same digest, nil where there is none
	Newer   *Headline
}

// Shelves is the page of all digests.
type Shelves struct {
	Current []DigestShelf
	Ended   []DigestShelf // no longer configured, with what came out
}

// A DigestShelf is a digest in the list of all.
type DigestShelf struct {
	Link
	Language string // of the digest
	Rhythm   string // when it comes, in that language
	BestOf   string // title of the digest whose calmer rhythm it is, "" for none
	Editions int64
	Newest   *Headline // nil: none came out yet
}

// Form is a page that asks before it acts: GET shows it, POST acts.
type Form struct {
	Action string // address to POST to
	Digest string // title; "" for all
	Email  string
	New    string // the address to move to: move.html
	Back   string // address of the page to go back to instead: erase.html
	Undo   bool   // what was done can be taken back with one more button: unsubscribe.html
	Done   string // "", "confirmed", "left", "returned", "blocked", "moved" …: what has just happened
}

// Preferences are a reader's: everything that can be set without a login.
type Preferences struct {
	Action   string // address to POST to
	Erase    string // address of the page that erases
	Email    string
	Done     string // "", "saved", "paused", "resumed", "moving", "stopped": what has just happened
	Wrong    string // "", "date", "zone", "email": the field that was refused
	Error    string // and why, a sentence
	Groups   []DigestGroup
	Langs    []Choice   // Name "" is the digest's own
	Hours    []Choice   // Name "" is with the edition
	Zones    []Choice   // Name "" is the digest's own
	Zone     string     // one typed
	Pausable bool       // something comes that could be paused
	Paused   []Headline // of digests that are paused: their titles, and the day on which they come again
	From     string     // the first day, 2006-01-02, to which a pause may last, and the last
	To       string
	Date     string // one typed
	New      string // an address typed
	Moving   string // the address that has yet to be confirmed, "" for none
}

// A DigestGroup is a digest that may be ticked or, with Rhythms, one of several of which a reader takes one or none.
type DigestGroup struct {
	Name     string
	Title    string
	Note     string // when it comes
	Chosen   bool
	Pending  bool
	Rhythms  []Rhythm
	Sections []Choice // those that can be chosen; none of them means all
	Layouts  []Choice // that its letters can have: one of them is chosen; none: there is no choice
}

// A Rhythm is how often a digest comes: a digest of its own. Name is "" for none of the group, and "=" for all that come now.
type Rhythm struct {
	Name    string
	Title   string
	Note    string
	Chosen  bool
	Pending bool
}

// A Choice is one box to tick.
type Choice struct {
	Name   string
	Title  string
	Chosen bool
}

// EditionView is a compiled edition: the letter and the page are made from the same values. It is kept as JSON with
// the edition, so it must hold everything and never change afterwards. A correction is another view, of the next revision.
type EditionView struct {
	Digest      string     `json:"digest"` // name
	DigestTitle string     `json:"digest_title"`
	Subject     string     `json:"subject"`
	Slot        time.Time  `json:"slot"` // in the digest's zone
	From        time.Time  `json:"from"`
	Until       time.Time  `json:"until"`
	Language    string     `json:"language"`          // the digest's own
	Layout      string     `json:"layout,omitempty"`  // LayoutList and so on; "" is LayoutList
	Note        string     `json:"note,omitempty"`    // the editor's, above the list: plain text, paragraphs parted by an empty line
	Blocks      []Block    `json:"blocks,omitempty"`  // none in editions of old: see [EditionView.Parts]
	Items       []Item     `json:"items"`             // of all blocks, in the order of the blocks
	Article     *LongRead  `json:"article,omitempty"` // the one that the edition brings instead of a list
	Related     []Headline `json:"related"`           // «Новости по теме», at most five
	Banner      *Banner    `json:"banner,omitempty"`
	URL         string     `json:"url"` // the edition's page

	Revision   int64     `json:"revision,omitempty"`   // 0 in editions of old, which stands for 1
	Correction string    `json:"correction,omitempty"` // what was wrong in an earlier revision that was sent, for readers
	Corrected  time.Time `json:"corrected,omitzero"`

	mark string // see [EditionView.Mark]
}

// Layouts of editions and of their blocks.
const (
	LayoutList  = "list"  // headlines one below the other
	LayoutCards = "cards" // with pictures
	LayoutLong  = "long"  // one story told at length: its picture, standfirst and beginning, or all of it
)

// Layouts are all of them.
func Layouts() []string { return []string{LayoutList, LayoutCards, LayoutLong} }

// A Block is a part of an edition with a heading of its own.
type Block struct {
	Title   string `json:"title,omitempty"`   // as configured, or a section's name; "": the heading that its Rank has, or none for the first
	Rank    string `json:"rank"`              // reads | adjusted | latest | editors | fill
	Section string `json:"section,omitempty"` // slug, of a block about one section
	Layout  string `json:"layout,omitempty"`  // "" is the edition's
}

// A LongRead is one article by mail.
type LongRead struct {
	Authors []string      `json:"authors,omitempty"`
	HTML    template.HTML `json:"html,omitempty"` // all of it, or "" where the letter has the standfirst alone
	Text    string        `json:"text,omitempty"` // the same as plain text
	Minutes int           `json:"minutes"`        // that it takes to read
}

// A Part is a block with its items.
type Part struct {
	Block
	Items []Item
}

// Parts are the edition's blocks with their items, without those that are empty. An edition of old has what was read most and, where that
// was little, what filled it up.
func (e EditionView) Parts() (parts []Part) {
	if len(e.Blocks) == 0 {
		parts = append(parts, Part{Block{Rank: "reads"}, e.Read()}, Part{Block{Rank: ReasonFill}, e.Fill()})
	}
	for i, b := range e.Blocks {
		p := Part{Block: b}
		for _, item := range e.Items {
			if item.Block == i {
				p.Items = append(p.Items, item)
			}
		}
		parts = append(parts, p)
	}
	return slices.DeleteFunc(parts, func(p Part) bool { return len(p.Items) == 0 })
}

// Hash identifies the content: the edition's page and its letters carry the same. It is of everything that a reader gets to see, so that it
// changes with every revision.
func (e EditionView) Hash() string {
	body, err := json.Marshal(e)
	if err != nil {
		return "" // nothing in it can fail
	}
	return fmt.Sprintf("%x", sha256.Sum256(body))
}

// Read are the items that are in the edition for themselves, not to fill it up.
func (e EditionView) Read() []Item {
	return e.because(func(i Item) bool { return i.Reason != ReasonFill })
}

// Fill are the latest articles that fill up a thin edition; they stand under a heading of their own, without numbers.
func (e EditionView) Fill() []Item {
	return e.because(func(i Item) bool { return i.Reason == ReasonFill })
}

func (e EditionView) because(is func(Item) bool) (some []Item) {
	for _, i := range e.Items {
		if is(i) {
			some = append(some, i)
		}
	}
	return some
}

// Reasons of items: why an article is in an edition.
const (
	ReasonReads   = "reads"   // it was read most
	ReasonEditors = "editors" // the editors chose it
	ReasonLatest  = "latest"  // it is among the latest, in a block of those
	ReasonFill    = "fill"    // it is among the latest, as too few were read
	ReasonArticle = "article" // the edition is this article
)

// An Item is one line of an edition.
type Item struct {
	Rank       int        `json:"rank"`
	Article    int64      `json:"article"`
	Slug       string     `json:"slug"`
	Language   string     `json:"language,omitempty"` // of the headline, "" for the edition's
	Title      string     `json:"title"`
	URL        string     `json:"url"` // the article's own address, without utm parameters
	Standfirst string     `json:"standfirst"`
	Section    string     `json:"section"`
	Date       time.Time  `json:"date"`
	Reads      int64      `json:"reads"`
	Score      float64    `json:"score"`
	Reason     string     `json:"reason"` // ReasonReads and so on
	Related    []Headline `json:"related"`
	Block      int        `json:"block,omitempty"` // its place in Blocks
	Image      string     `json:"image,omitempty"`
	ImageAlt   string     `json:"image_alt,omitempty"`
	Minutes    int        `json:"minutes,omitempty"` // that it takes to read; 0: not known
	Story      []Headline `json:"story,omitempty"`   // others of the same story, for which it stands
	Opening    string     `json:"opening,omitempty"` // how its text begins, where it is told at length: see [Opening]
}

// DigestLetter is what the letter's template gets.
type DigestLetter struct {
	Site        Site
	Language    string // the variant
	Layout      string // that the reader chose; "" is the edition's
	Edition     EditionView
	Hash        string // of the whole edition, where Edition holds some sections alone; "": Edition's own
	Leave       string // address of the unsubscribe page; a hole of package mail in a master copy
	Preferences string
	Consent     ConsentMarks
}

// ConfirmLetter is what the confirmation letter's template gets. It holds nothing that the requester typed.
type ConfirmLetter struct {
	Site     Site
	Language string
	Digest   string // title
	Confirm  string // address of the confirm page
	NotMe    string // address of the page for who did not ask for it
	Hours    int    // how long it is valid
}

// MoveLetter is what the letters about a change of address get. They hold neither address.
type MoveLetter struct {
	Site     Site
	Language string
	Notice   bool   // to the old address, with a link that stops it; else to the new one, with the link that does it
	Link     string // address of the page
	Hours    int    // how long the change can be confirmed
}

// SealLetter is what the admin's weekly letter with the head of the log of consent gets.
type SealLetter struct {
	Site     Site
	Language string
	Head     string    // what the chain comes to
	Lines    int64     // of the log
	At       time.Time // when the last of them was sealed
	Command  string    // that checks the log against the head
}

// Letter is a rendered letter.
type Letter struct {
	Subject   string
	Preheader string
	HTML      string
	Text      string
}

// Mailbox is the list of letters that the demo's mail server has received, newest first.
type Mailbox struct {
	Letters []MailboxLetter
	Total   int    // how many there are, also of those not listed
	To      string // the only recipient whose letters are listed, "" for all
}

// MailboxLetter is a received letter. In the list only the envelope is needed: ID to At and Preheader.
type MailboxLetter struct {
	ID        int
	URL       string // the letter's page
	ToURL     string // the mailbox of its recipient alone
	From      string
	To        string
	Subject   string
	At        time.Time
	Preheader string
	HTMLURL   string // the HTML part alone, shown in a sandboxed frame; "" when the letter has none
	TextURL   string // the text part alone
	SourceURL string // the letter as it came over the wire, as text/plain
	Headers   []Link // name and value, in the letter's order
	Text      string // the text part
}

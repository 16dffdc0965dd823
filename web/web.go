// Package web is in charge of HTTP: pages, feeds, forms, the read beacon. It writes no table of its own; what a form
// does is done by the package whose noun it is (subscribers.Confirm, reads.Count …) and translated here.
//
// There is one list of routes (routes.go) and one table from errors to statuses (errors.go). It promises: GET and HEAD
// change nothing, however often a mail scanner opens a link (in the server mode of counting, where an article's GET is
// the read, that is all it does); no cookie is set; pages carry no inline script or style and load nothing from
// elsewhere but pictures; a link in a letter works for years; whether an address is known can be told by no answer.
package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"vestnik/articles"
	"vestnik/db"
	"vestnik/digest"
	"vestnik/feeds"
	"vestnik/reads"
	"vestnik/subscribers"
	"vestnik/templates"
)

// Options are what a [Server] works with. Banner, Reads and TrustedProxies may be left out.
type Options struct {
	DB             *db.DB
	Templates      *templates.Set
	Site           templates.Site
	Articles       articles.Site
	Reads          *reads.Counter    // nil: reads are not counted
	ReadsMode      string            // script | server | off; "" is script
	MostRead       reads.Rules       // of the lists of the most read
	BoxBy          string            // reads.ByReads or reads.ByTrend: what the most-read box goes by; "" is reads
	Subscribers    subscribers.Verbs // its Keys sign the join forms, too
	Digests        []DigestInfo      // in the order in which they are offered
	Publisher      digest.Publisher  // of the editors' page; its Editors sign the links to it
	TrustedProxies []netip.Prefix    // whose X-Forwarded-For is believed
	Feeds          FeedOptions
	Hub            http.Handler     // takes subscriptions to feeds (WebSub); nil: there is none
	Fresh          time.Duration    // how old the most-read box may be; 0: a minute
	JoinTime       time.Duration    // how long the answer to a join form takes at least; 0: 200 ms
	Now            func() time.Time // nil: time.Now
	Log            *slog.Logger     // nil: slog.Default

	// Banner is the sponsor's of pages at a time; of those about a digest by its name, else "". nil: there is none.
	Banner func(digest string, at time.Time) *templates.Banner
}

// A DigestInfo is what the site tells of a digest.
type DigestInfo struct {
	Name     string
	Title    string
	Language string         // of its pages
	Location *time.Location // in which its editions are dated
	Rhythm   string         // when it comes, in its language: "Каждый день в 8:00"
	Layouts  []string       // that its letters can have, its own first; fewer than two: readers have no choice
	BestOf   string         // the digest that it is a calmer rhythm of; "" for one that stands alone
	NoIndex  bool           // search engines are asked to leave its editions out
}

// A Server answers the publication's requests. It is safe for concurrent use; [Server.Handler] is the way in.
type Server struct {
	Options
	mux       *http.ServeMux
	feeds     *feeds.Cache
	rules     map[string]FeedRule                   // by the keys of lists
	face      string                                // of the configuration, as far as archives show it
	watched   atomic.Int64                          // the change number that Follow keeps fresh; -1: nobody does
	known     atomic.Pointer[map[string]*knownFeed] // by their addresses
	learning  sync.Mutex                            // held while known is replaced
	lists     sync.Map                              // of *listState, by the keys of lists
	listed    atomic.Int64                          // how many they are
	log       newsLog
	marks     *shelf[int64, mark]
	archives  *shelf[string, bounds]
	documents *shelf[string, document]
	assets    map[string]asset
	script    asset
	boxAsset  asset // the script that puts the box into pages elsewhere
	boxes     *boxes
	leaver    *subscribers.Leaver
	asked     *shelf[string, articles.Label] // sections that were asked for lately by their slugs
	searches  chan struct{}                  // one for each search that runs
}

// feedMemory bounds the rendered feeds kept, compressed: about 200 of 50 full articles each, with what it takes to make them anew.
const feedMemory = 16 << 20

// New makes a server. It fails when something it cannot do without is missing, or an asset cannot be read.
func New(o Options) (*Server, error) {
	if err := o.fill(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s := &Server{Options: o, mux: http.NewServeMux()}
	if err := s.furnish(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	assets, err := readAssets(o.Templates.Assets())
	if err != nil {
		return nil, fmt.Errorf("web: read the assets: %w", err)
	}
	s.assets = assets
	if s.beacons() {
		s.script = newAsset("a.js", o.Reads.Script())
	}
	for _, r := range s.routes() {
		s.mux.Handle(r.pattern, s.answer(r.handle))
	}
	return s, nil
}

// furnish makes what the server keeps in memory.
func (s *Server) furnish() error {
	if err := s.readRules(); err != nil {
		return err
	}
	s.face = fmt.Sprintf("%q", []any{s.Site.Title, s.Site.URL, s.Site.Language, s.Site.Imprint.Publisher, s.Site.Location.String(), s.Hub != nil, s.Feeds})
	s.watched.Store(-1)
	s.known.Store(&map[string]*knownFeed{})
	s.marks, s.archives = newShelf[int64, mark](4096), newShelf[string, bounds](1024)
	s.documents = newShelf[string, document](64)
	s.searches = make(chan struct{}, maxSearches)
	s.boxes = s.newBoxes()
	s.leaver = s.newLeaver()
	s.asked = newShelf[string, articles.Label](maxReadLists)
	s.boxAsset = newBoxScript(s.Site.URL)
	s.feeds = feeds.NewCache(s.loader(), feedMemory, s.Log)
	return nil
}

// fill checks the options and puts in the defaults.
func (o *Options) fill() error {
	switch {
	case o.DB == nil, o.Templates == nil:
		return errors.New("a database and templates are needed")
	case !strings.HasPrefix(o.Site.URL, "http://") && !strings.HasPrefix(o.Site.URL, "https://"):
		return fmt.Errorf("the site's address %q must begin with http:// or https://", o.Site.URL)
	case len(o.Subscribers.Keys.Secret) == 0:
		return errors.New("a secret is needed for the links in letters")
	}
	o.Site.URL = strings.TrimSuffix(o.Site.URL, "/")
	if o.Banner == nil {
		o.Banner = func(string, time.Time) *templates.Banner { return nil }
	}
	if o.Fresh == 0 {
		o.Fresh = time.Minute
	}
	if o.JoinTime <= 0 {
		o.JoinTime = 200 * time.Millisecond
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Site.Location == nil {
		o.Site.Location = time.UTC
	}
	return nil
}

// counts reports whether reads are counted at all.
func (s *Server) counts() bool { return s.Reads != nil && s.ReadsMode != "off" }

// beacons reports whether it is the page's script that reports them.
func (s *Server) beacons() bool { return s.counts() && s.ReadsMode != "server" }

// digest finds a digest that is offered.
func (s *Server) digest(name string) (DigestInfo, bool) {
	for _, d := range s.Digests {
		if d.Name == name {
			return d, true
		}
	}
	return DigestInfo{}, false
}

// digestTitle is the title of a digest, its name if it is no longer configured: a link in an old letter still works.
func (s *Server) digestTitle(name string) string {
	if d, ok := s.digest(name); ok {
		return d.Title
	}
	return name
}

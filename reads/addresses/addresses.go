// Package addresses is in charge of whose article an address is: for access logs and for sites that live elsewhere. It writes the
// tables read_addresses (what editors mapped) and read_unknown (reads of addresses that are no article's yet). Reads that were
// kept apart are taken out by package reads, which adds them to the article's.
package addresses

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"vestnik/db"
)

// Reasons for which an address can be no article's, now or later.
const (
	ReasonHost = "host" // of a site that no article is from
	ReasonFile = "file" // a static file, a feed, an entrance for programs
	ReasonPage = "page" // a page that is no article: the front page, lists
)

// An Index finds articles by address. Scheme, case of the host, the port that need not be said, a slash at the end, the fragment and
// how the path is escaped make no difference; a query makes one only where an article's own address has it, and then it
// may have more in it, as utm_source. It is safe for many goroutines once it is made.
type Index struct {
	places map[string]place
	hosts  map[string]bool // of our own site, and of those that articles came from
	site   []byte          // host of our own site
	ours   []byte          // key of the folder of our own articles
}

// A place is what is known of a host and path.
type place struct {
	article int64                // 0: none without a query
	queries map[string][]variant // by the parameter that fewest others have: all articles of a site may differ in ?p= alone
}

type variant struct {
	pairs   []string
	article int64
}

// Load makes the index of all public articles, by their own addresses, by /articles/SLUG on the site, and by what editors mapped. It
// keeps about 150 bytes for each. Hosts of the other sites are known, too, though no article is from there yet.
func Load(ctx context.Context, h db.Handle, site string, others ...string) (*Index, error) {
	x := &Index{places: map[string]place{}, hosts: map[string]bool{}}
	for _, address := range append([]string{site}, others...) {
		host, err := Host(address)
		if err != nil {
			return nil, err
		}
		x.hosts[string(host)] = true
	}
	x.site, _ = Host(site)
	folder, _, _ := Normal(site + "/articles")
	x.ours = []byte(folder + "/")
	return x, Each(ctx, h, site, x.add)
}

// Each calls f with every address of every public article. Where two articles have one address, the later call holds.
func Each(ctx context.Context, h db.Handle, site string, f func(address string, article int64)) error {
	type nothing struct{} // rows are not kept
	_, err := db.Collect(ctx, h, func(row *sql.Rows) (n nothing, err error) {
		var id int64
		var slug, url string
		if err = row.Scan(&id, &slug, &url); err == nil {
			f(site+"/articles/"+slug, id)
			f(url, id)
		}
		return n, err
	}, `SELECT id, slug, url FROM articles WHERE state = 'published' OR state = 'withdrawn' ORDER BY id`)
	if err != nil {
		return fmt.Errorf("addresses of articles: %w", err)
	}
	_, err = db.Collect(ctx, h, func(row *sql.Rows) (n nothing, err error) {
		var id int64
		var url string
		if err = row.Scan(&url, &id); err == nil {
			f(url, id)
		}
		return n, err
	}, `SELECT url, article FROM read_addresses`)
	if err != nil {
		return fmt.Errorf("mapped addresses: %w", err)
	}
	return nil
}

// add makes the article found by the address. The latest holds.
func (x *Index) add(address string, article int64) {
	key, query, ok := Normal(address)
	if !ok {
		return
	}
	host, _, _ := strings.Cut(key, "/")
	x.hosts[host] = true
	p := x.places[key]
	if query == "" {
		p.article = article
	} else {
		p.add(strings.Split(query, "&"), article)
	}
	x.places[key] = p
}

func (p *place) add(pairs []string, article int64) {
	if p.queries == nil {
		p.queries = map[string][]variant{}
	}
	rarest := pairs[0]
	for _, pair := range pairs {
		for i, v := range p.queries[pair] {
			if slices.Equal(v.pairs, pairs) {
				p.queries[pair][i].article = article
				return
			}
		}
		if len(p.queries[pair]) < len(p.queries[rarest]) {
			rarest = pair
		}
	}
	p.queries[rarest] = append(p.queries[rarest], variant{pairs, article})
}

// find returns the article whose parameters the query has; of several the one with the most.
func (p place) find(query string) int64 {
	best := variant{article: p.article}
	pairs := strings.Split(query, "&")
	for _, pair := range pairs {
		for _, v := range p.queries[pair] {
			if len(v.pairs) > len(best.pairs) && hasAll(pairs, v.pairs) {
				best = v
			}
		}
	}
	return best.article
}

func hasAll(pairs, wanted []string) bool {
	return !slices.ContainsFunc(wanted, func(pair string) bool { return !slices.Contains(pairs, pair) })
}

// Find returns the article of a key, of whose bytes the first hostLength are the host, and a query. It returns 0 without a reason
// for what may become an article's, and a reason for what cannot.
func (x *Index) Find(key []byte, hostLength int, query []byte) (article int64, reason string) {
	if article = x.find(key, query); article != 0 {
		return article, ""
	}
	switch host, path := key[:hostLength], key[hostLength:]; {
	case isFile(path):
		return 0, ReasonFile
	case !x.hosts[string(host)]:
		return 0, ReasonHost
	case len(path) == 0, bytes.Equal(host, x.site) && !bytes.HasPrefix(key, x.ours):
		return 0, ReasonPage
	}
	return 0, ""
}

// FindAddress is [Index.Find] of an absolute address. It returns its key, too.
func (x *Index) FindAddress(address string) (article int64, key, reason string) {
	key, query, ok := Normal(address)
	if !ok {
		return 0, "", ReasonHost
	}
	host, _, _ := strings.Cut(key, "/")
	article, reason = x.Find([]byte(key), len(host), []byte(query))
	return article, key, reason
}

// Of returns the article of a key without a query, 0 for none.
func (x *Index) Of(key string) int64 { return x.places[key].article }

func (x *Index) find(key, query []byte) int64 {
	p := x.places[string(key)]
	if len(p.queries) == 0 || len(query) == 0 {
		return p.article
	}
	return p.find(string(query))
}

// Normal returns the key of an absolute address, "host/path", and its query without the campaign: feeds put their own into the
// addresses of articles.
func Normal(address string) (key, query string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", "", false
	}
	b := AppendHost(nil, hostOf(u))
	return string(AppendPath(b, []byte(u.EscapedPath()))), withoutCampaign(u.RawQuery), true
}

func withoutCampaign(query string) string {
	if !strings.Contains(query, "utm_") {
		return query
	}
	pairs := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool { return strings.HasPrefix(pair, "utm_") })
	return strings.Join(pairs, "&")
}

// Host is the host of an address, as keys have it.
func Host(address string) ([]byte, error) {
	key, _, ok := Normal(address)
	if !ok {
		return nil, fmt.Errorf("%q is no address of a site: write it as https://kino.example", address)
	}
	host, _, _ := strings.Cut(key, "/")
	return []byte(host), nil
}

// hostOf is the host and port, with names as they stand in requests.
func hostOf(u *url.URL) []byte {
	host := u.Hostname()
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.Port() != "" {
		host += ":" + u.Port()
	}
	return []byte(host)
}

// AppendHost appends the host in lower case without a port that need not be said, and without the dot that may end it.
func AppendHost(b, host []byte) []byte {
	host = bytes.TrimSuffix(bytes.TrimSuffix(host, []byte(":80")), []byte(":443"))
	for _, c := range bytes.TrimSuffix(host, []byte(".")) {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// AppendPath appends the path without slashes at its end. Letters and digits that are escaped without need, and all that is not ASCII,
// are written as they are, other escapes with capitals: /%D0%BA, /%d0%ba and /к are one path.
func AppendPath(b, path []byte) []byte {
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c != '%' || i+2 >= len(path) || nibble(path[i+1]) > 15 || nibble(path[i+2]) > 15 {
			b = append(b, c)
			continue
		}
		c = nibble(path[i+1])<<4 | nibble(path[i+2])
		if isPlain(c) {
			b = append(b, c)
		} else {
			const capitals = "0123456789ABCDEF"
			b = append(b, '%', capitals[c>>4], capitals[c&15])
		}
		i += 2
	}
	return bytes.TrimRight(b, "/")
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' || c >= utf8.RuneSelf
}

// isKeepable reports whether a key can be kept apart and shown.
func isKeepable(key []byte) bool {
	if len(key) > 500 || !utf8.Valid(key) {
		return false
	}
	return !bytes.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// files are endings of what no reader opens as a page.
var files = set(`7z aac apk atom avi avif bin bmp bz2 cfg class css csv cur dat dll doc docx eot epub exe flac flv gif gz ico ics
	img iso jar jpeg jpg js json jsonld log m3u8 m4a m4v map md mjs mkv mov mp3 mp4 mpeg mpg msi odp ods odt ogg ogv opml opus otf
	pdf png ppt pptx psd rar rdf rss rtf sql svg swf tar tgz tif tiff torrent ts tsv ttf txt wasm wav webm webmanifest webp wma wmv
	woff woff2 xls xlsx xml xsl yaml yml zip`)

// folders and last parts of paths that are no pages either.
var (
	machineFolders = set(`.well-known api assets cdn-cgi static wp-admin wp-content wp-includes wp-json`)
	machinePages   = set(`atom feed rss wp-cron.php wp-login.php xmlrpc.php`)
)

func set(words string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(words) {
		all[w] = true
	}
	return all
}

// isFile reports whether a path, as in a key, is that of a static file, a feed or an entrance for programs.
func isFile(path []byte) bool {
	path = bytes.TrimPrefix(path, []byte("/"))
	folder, _, _ := bytes.Cut(path, []byte("/"))
	if machineFolders[string(folder)] {
		return true
	}
	last := path[bytes.LastIndexByte(path, '/')+1:]
	if machinePages[string(last)] {
		return true
	}
	dot := bytes.LastIndexByte(last, '.')
	return dot >= 0 && len(last)-dot < 14 && files[string(bytes.ToLower(last[dot+1:]))]
}

// nibble is the value of a hexadecimal digit, 16 for anything else.
func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

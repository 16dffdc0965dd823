package logs

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

// An index finds articles by address. Scheme, case of the host, the port that need not be said, a slash at the end, the fragment and
// how the path is escaped make no difference; a query makes one only where an article's own address has it, and then it
// may have more in it, as utm_source.
type index struct {
	places map[string]place
	hosts  map[string]bool // of our own site, and of those that articles came from
}

// A place is what is known of a host and path.
type place struct {
	article int64     // 0: none without a query
	queries []variant // those of more parameters first
}

type variant struct {
	pairs   []string
	article int64
}

// load makes the index of all public articles, by their own addresses, by /articles/SLUG on the site, and by what editors mapped. It
// keeps about 150 bytes for each.
func load(ctx context.Context, h db.Handle, site string) (*index, error) {
	x := &index{places: map[string]place{}, hosts: map[string]bool{}}
	x.know(site)
	return x, addresses(ctx, h, site, x.add)
}

// addresses calls f with every address of every public article. Where two articles have one address, the later call holds.
func addresses(ctx context.Context, h db.Handle, site string, f func(address string, article int64)) error {
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

// know makes the host of an address one of ours.
func (x *index) know(address string) {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		x.hosts[string(appendHost(nil, hostOf(u)))] = true
	}
}

// add makes the article found by the address. The latest holds.
func (x *index) add(address string, article int64) {
	key, query, ok := normal(address)
	if !ok {
		return
	}
	host, _, _ := strings.Cut(key, "/")
	x.hosts[host] = true
	p := x.places[key]
	if query == "" {
		p.article = article
	} else {
		pairs := strings.Split(query, "&")
		p.queries = slices.DeleteFunc(p.queries, func(v variant) bool { return slices.Equal(v.pairs, pairs) })
		p.queries = append(p.queries, variant{pairs, article})
		slices.SortStableFunc(p.queries, func(a, b variant) int { return len(b.pairs) - len(a.pairs) })
	}
	x.places[key] = p
}

// find returns the article of a key and query, 0 for none.
func (x *index) find(key, query []byte) int64 {
	p, ok := x.places[string(key)]
	if !ok {
		return 0
	}
	for _, v := range p.queries {
		if hasAll(query, v.pairs) {
			return v.article
		}
	}
	return p.article
}

func hasAll(query []byte, pairs []string) bool {
	for _, pair := range pairs {
		if !slices.ContainsFunc(bytes.Split(query, []byte("&")), func(b []byte) bool { return string(b) == pair }) {
			return false
		}
	}
	return true
}

// normal returns the key of an absolute address, "host/path", and its query.
func normal(address string) (key, query string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", "", false
	}
	b := appendHost(nil, hostOf(u))
	return string(appendPath(b, []byte(u.EscapedPath()))), u.RawQuery, true
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

// appendHost appends the host in lower case without a port that need not be said, and without the dot that may end it.
func appendHost(b, host []byte) []byte {
	host = bytes.TrimSuffix(bytes.TrimSuffix(host, []byte(":80")), []byte(":443"))
	for _, c := range bytes.TrimSuffix(host, []byte(".")) {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// appendPath appends the path without slashes at its end. Letters and digits that are escaped without need, and all that is not ASCII,
// are written as they are, other escapes with capitals: /%D0%BA, /%d0%ba and /к are one path.
func appendPath(b, path []byte) []byte {
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

// isKeepable reports whether a key of a log can be kept apart and shown.
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

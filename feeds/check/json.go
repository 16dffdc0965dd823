package check

import (
	"slices"
	"strings"
	"time"
)

// The JSON Feed versions (jsonfeed.org/version/1 and /1.1).
const (
	json10 = "https://jsonfeed.org/version/1"
	json11 = "https://jsonfeed.org/version/1.1"
)

// A key says what stands under a key of JSON Feed.
type key struct {
	kind  string // string | number | bool | array | object
	need  string // the rule that its absence breaks
	since string // the version that it came with, "" the first
	check func(c *checker, name string, v *value)
}

func (k key) rule() string { return k.need }

var (
	jsonFeed = map[string]key{
		"version":       {kind: "string", need: "json-version", check: (*checker).jsonVersion},
		"title":         {kind: "string", need: "json-title", check: (*checker).jsonTitle},
		"home_page_url": {kind: "string", check: (*checker).jsonAddress},
		"feed_url":      {kind: "string", check: (*checker).jsonAddress},
		"description":   {kind: "string"},
		"user_comment":  {kind: "string"},
		"next_url":      {kind: "string", check: (*checker).jsonAddress},
		"icon":          {kind: "string", check: (*checker).jsonAddress},
		"favicon":       {kind: "string", check: (*checker).jsonAddress},
		"author":        {kind: "object", check: (*checker).jsonAuthor},
		"authors":       {kind: "array", since: json11, check: (*checker).jsonAuthors},
		"language":      {kind: "string", since: json11, check: (*checker).jsonLanguage},
		"expired":       {kind: "bool"},
		"hubs":          {kind: "array", check: (*checker).jsonHubs},
		"items":         {kind: "array", need: "json-items"}, // judged one by one
	}
	jsonItem = map[string]key{
		"id":             {kind: "string", need: "json-item-id"},
		"url":            {kind: "string", check: (*checker).jsonAddress},
		"external_url":   {kind: "string", check: (*checker).jsonAddress},
		"title":          {kind: "string", check: (*checker).jsonTitle},
		"content_html":   {kind: "string", check: (*checker).jsonHTML},
		"content_text":   {kind: "string", check: (*checker).jsonText},
		"summary":        {kind: "string", check: (*checker).jsonSummary},
		"image":          {kind: "string", check: (*checker).jsonAddress},
		"banner_image":   {kind: "string", check: (*checker).jsonAddress},
		"date_published": {kind: "string", check: (*checker).jsonDate},
		"date_modified":  {kind: "string", check: (*checker).jsonDate},
		"author":         {kind: "object", check: (*checker).jsonAuthor},
		"authors":        {kind: "array", since: json11, check: (*checker).jsonAuthors},
		"tags":           {kind: "array", check: (*checker).jsonTags},
		"language":       {kind: "string", since: json11, check: (*checker).jsonLanguage},
		"attachments":    {kind: "array", check: (*checker).jsonAttachments},
	}
	jsonAuthor = map[string]key{
		"name":   {kind: "string"},
		"url":    {kind: "string", check: (*checker).jsonAuthorAddress},
		"avatar": {kind: "string", check: (*checker).jsonAddress},
	}
	jsonHub = map[string]key{
		"type": {kind: "string", need: "json-hub"},
		"url":  {kind: "string", need: "json-hub", check: (*checker).jsonAddress},
	}
	jsonAttachment = map[string]key{
		"url":                 {kind: "string", need: "json-attachment", check: (*checker).jsonAddress},
		"mime_type":           {kind: "string", need: "json-attachment", check: (*checker).jsonFileType},
		"title":               {kind: "string"},
		"size_in_bytes":       {kind: "number"},
		"duration_in_seconds": {kind: "number"},
	}
)

// json judges JSON Feed 1.0 and 1.1.
func (c *checker) json(text string) {
	root := c.values(text)
	if root == nil {
		return // told as a fault of the syntax
	}
	version := root.get("version")
	if root.kind != "object" || !root.open && version == nil && root.get("items") == nil {
		c.found(root.line, "not-a-feed", "it is JSON without version and items")
		return
	}
	c.kind("json", "")
	if version != nil {
		c.kind("json", strings.TrimPrefix(strings.TrimPrefix(version.text, "https://jsonfeed.org/version/"), "http://jsonfeed.org/version/"))
	}
	c.keys(root, jsonFeed)
	c.jsonSelf(root)
	c.jsonItems(root)
}

func (c *checker) jsonSelf(root *value) {
	line, self := root.line, root.get("feed_url")
	if self == nil {
		if !root.open {
			c.self(line, "", false)
		}
		return
	}
	if self.kind == "string" {
		c.self(self.line, strings.TrimSpace(self.text), false)
	}
	if next := root.get("next_url"); next != nil && next.text == self.text && next.text != "" {
		c.found(next.line, "link-to-itself", "next_url")
	}
}

func (c *checker) jsonItems(root *value) {
	items := root.get("items")
	if items == nil || items.kind != "array" {
		return
	}
	var dates []dating
	for _, item := range items.kids {
		c.item("item")
		if item.kind != "object" {
			c.found(item.line, "json-value-type", "items: %s instead of object", item.kind)
			continue
		}
		dates = append(dates, c.jsonItem(item))
	}
	c.place = ""
	c.order(dates)
}

func (c *checker) jsonItem(item *value) dating {
	c.keys(item, jsonItem)
	if id := item.get("id"); id != nil && (id.kind == "string" || id.kind == "number") {
		if id.text == "" {
			c.found(id.line, "json-item-id", "it is empty")
		} else {
			c.id(id.line, id.text, id.text)
		}
	}
	if item.get("content_html") == nil && item.get("content_text") == nil && !item.open {
		c.found(item.line, "json-content", "")
	}
	if date := item.get("date_published"); date != nil {
		if t, err := time.Parse(time.RFC3339, date.text); err == nil {
			return dating{t, date.line}
		}
	}
	return dating{}
}

// keys judges an object by the table of its keys.
func (c *checker) keys(v *value, table map[string]key) {
	seen := map[string]bool{}
	for i, kid := range v.kids {
		name := v.names[i]
		if seen[name] {
			c.found(kid.keyLine, "json-duplicate-key", "%q", short(name))
		}
		seen[name] = true
		k, known := table[name]
		switch {
		case strings.HasPrefix(name, "_"): // an extension
		case !known:
			c.unknownKey(kid.keyLine, name, table)
		default:
			c.keyed(name, kid, k)
		}
	}
	for name, k := range table {
		if k.need != "" && !seen[name] && !v.open {
			c.lacks(v.line, k.need, name, several(table, k.need))
		}
	}
}

func (c *checker) keyed(name string, v *value, k key) {
	switch {
	case v.kind == "null":
		c.found(v.line, "json-null", "%q", name)
	case name == "id" && v.kind == "number":
		c.found(v.line, "json-id-number", "%s", short(v.text))
	case v.kind != k.kind:
		c.found(v.line, "json-value-type", "%s: %s instead of %s", name, v.kind, k.kind)
	case k.since != "" && c.report.Version == "1":
		c.found(v.keyLine, "json-newer-key", "%q", name)
	case k.check != nil:
		k.check(c, name, v)
	}
}

// meant are the keys that people write for another.
var meant = map[string]string{"banner_": "banner_image", "size": "size_in_bytes", "length": "size_in_bytes", "content": "content_html",
	"html": "content_html", "text": "content_text", "link": "url", "permalink": "url", "guid": "id", "published": "date_published",
	"pubDate": "date_published", "date": "date_published", "updated": "date_modified", "modified": "date_modified",
	"description": "summary", "excerpt": "summary", "duration": "duration_in_seconds", "type": "mime_type", "categories": "tags",
	"home_page": "home_page_url", "homepage_url": "home_page_url", "next": "next_url", "lang": "language", "hub": "hubs",
	"entries": "items", "enclosures": "attachments"}

func (c *checker) unknownKey(line int, name string, table map[string]key) {
	guess := meant[name]
	if _, ok := table[guess]; !ok {
		plain := plainKey(name)
		guess = ""
		for known := range table {
			if plainKey(known) == plain {
				guess = max(guess, known)
			}
		}
	}
	if guess == "" {
		c.found(line, "json-unknown-key", "%q", short(name))
		return
	}
	c.found(line, "json-misspelt-key", "%q instead of %q", short(name), guess)
}

// plainKey is a key without what people vary in it: capitals, underscores, and an s at the end.
func plainKey(name string) string {
	return strings.TrimSuffix(strings.ToLower(strings.ReplaceAll(name[:min(len(name), 40)], "_", "")), "s")
}

func (c *checker) jsonVersion(_ string, v *value) {
	if v.text != json10 && v.text != json11 {
		c.found(v.line, "json-version", "%q", short(v.text))
	}
}

func (c *checker) jsonTitle(name string, v *value) {
	if strings.TrimSpace(v.text) == "" {
		c.found(v.line, "blank-element", "%s", name)
	}
	c.title(v.line, v.text)
}

func (c *checker) jsonAddress(name string, v *value) { c.address(v.line, name, v.text, uri, false) }

func (c *checker) jsonAuthorAddress(name string, v *value) {
	if !strings.HasPrefix(v.text, "mailto:") {
		c.jsonAddress(name, v)
	}
}

func (c *checker) jsonLanguage(name string, v *value) { c.language(v.line, name, v.text) }
func (c *checker) jsonFileType(name string, v *value) { c.fileType(v.line, name, v.text) }
func (c *checker) jsonDate(name string, v *value)     { c.date3339(v.line, name, v.text) }
func (c *checker) jsonHTML(_ string, v *value)        { c.html(passage{text: v.text, line: v.line}, false) }
func (c *checker) jsonText(_ string, v *value)        { c.plain(passage{text: v.text, line: v.line}) }
func (c *checker) jsonHubs(name string, v *value)     { c.objects(name, v, jsonHub) }
func (c *checker) jsonAttachments(n string, v *value) { c.objects(n, v, jsonAttachment) }

func (c *checker) jsonSummary(_ string, v *value) {
	if m := markup(v.text); m != "" {
		c.found(v.line, "json-summary-markup", "%q", short(m))
	}
}

// objects judges an array of objects, each by the same table.
func (c *checker) objects(name string, v *value, table map[string]key) {
	for _, kid := range v.kids {
		if kid.kind != "object" {
			c.found(kid.line, "json-value-type", "%s: %s instead of object", name, kid.kind)
			continue
		}
		c.keys(kid, table)
	}
}

func (c *checker) jsonAuthor(name string, v *value) {
	if c.report.Version != "1" {
		c.found(v.keyLine, "json-author", "")
	}
	c.jsonPerson(name, v)
}

func (c *checker) jsonAuthors(name string, v *value) {
	c.objects(name, v, jsonAuthor)
	for _, kid := range v.kids {
		if kid.kind == "object" {
			c.nameless(kid)
		}
	}
}

func (c *checker) jsonPerson(_ string, v *value) {
	c.keys(v, jsonAuthor)
	c.nameless(v)
}

// nameless tells of an author of whom nothing is said.
func (c *checker) nameless(v *value) {
	said := func(name string) bool { return slices.Contains([]string{"name", "url", "avatar"}, name) }
	if !slices.ContainsFunc(v.names, said) && !v.open {
		c.found(v.line, "json-author-empty", "")
	}
}

func (c *checker) jsonTags(_ string, v *value) {
	for _, kid := range v.kids {
		switch {
		case kid.kind != "string":
			c.found(kid.line, "json-value-type", "tags: %s instead of string", kid.kind)
		case strings.TrimSpace(kid.text) == "":
			c.found(kid.line, "blank-element", "a tag")
		}
	}
}

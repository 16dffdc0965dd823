package check

import "slices"

// A Rule is one thing that is asked of a document.
type Rule struct {
	ID       string // never changes: people write it down
	Severity Severity
	What     string // what is wrong where it is broken
	Mend     string // what to do
}

// Rules returns all rules in the order of documentation: those of every document first, then those of each format.
func Rules() []Rule { return slices.Clone(rules) }

var numbered = func() map[string]int {
	all := map[string]int{}
	for i, r := range rules {
		all[r.ID] = i
	}
	return all
}()

func ruleNamed(id string) Rule {
	i, ok := numbered[id]
	if !ok {
		return Rule{ID: id, Severity: Error, What: id}
	}
	return rules[i]
}

// rules is the one place of wording.
var rules = []Rule{
	// What it is, and how it travels.
	{"empty-document", Error, "The document is empty", "Publish the feed with its items; an empty feed still has a root element."},
	{"too-large", Error, "The document is larger than 20 MB, and was not read", "Publish the newest 20 to 50 items and put the rest into archives (RFC 5005)."},
	{"compressed", Error, "The document is gzip data", "Send it with Content-Encoding: gzip, or as plain text; for a file, unpack it first."},
	{"html-page", Error, "This is an HTML page, not a feed", "Give the address of the feed itself; a page names it in <link rel=\"alternate\">."},
	{"not-a-feed", Error, "This is no document that we know", "Publish RSS 2.0, Atom 1.0, JSON Feed 1.1, OPML 2.0 or a sitemap."},
	{"wrong-flavour", Error, "The document is of another kind than was asked for", "Give the address of the right document, or check it without a flavour."},
	{"media-type-html", Error, "The server says that the document is an HTML page: readers look for feeds in it instead of reading it", "Send the media type of the format in Content-Type."},
	{"media-type", Warning, "The server gives a media type that is not of this format", "Send the media type of the format in Content-Type."},
	{"too-many-findings", Warning, "There are more findings than are shown", "Mend what is shown and check again."},

	// Characters.
	{"byte-order-mark", Warning, "The document begins with a byte order mark, which some readers stumble over", "Write UTF-8 without a byte order mark."},
	{"not-utf8", Warning, "The document is not in UTF-8", "Write UTF-8: every reader knows it, and it holds every letter."},
	{"charset-unknown", Error, "The character set has a name that nobody knows", "Write UTF-8 and say encoding=\"utf-8\"."},
	{"charset-conflict", Error, "The document is said to be in two character sets: some readers will show broken letters", "Write UTF-8 and say so in HTTP and in the XML declaration, or say it nowhere."},
	{"invalid-bytes", Error, "There are bytes that are no characters of the document's character set", "Write the whole document in one character set; cut text between characters, not in them."},
	{"illegal-character", Error, "There is a character that no XML document may hold: readers refuse the whole document", "Remove control characters, U+FFFE and U+FFFF from texts before they are written."},
	{"control-character", Warning, "There is a control character that is shown nowhere, usually of a text in windows-1252", "Convert the text from its real character set, or remove the character."},
	{"replacement-character", Warning, "There is a replacement character: the text was damaged before it came here", "Find where the text was converted wrongly, and convert it anew."},
	{"illegal-reference", Error, "There is a reference to a character that no document may hold: readers refuse the whole document", "Remove the reference, and the character that it was made from."},

	// XML.
	{"late-declaration", Error, "The XML declaration is not the very first thing in the document", "Remove the empty lines and spaces before <?xml."},
	{"xml-version", Error, "The document is not XML 1.0: most parsers refuse it", "Write version=\"1.0\"."},
	{"doctype", Warning, "There is a DOCTYPE, which feeds do not need and some readers refuse", "Remove the DOCTYPE."},
	{"entity-declaration", Error, "The document declares an entity, which readers do not expand or refuse for safety", "Write the text itself instead of the entity."},
	{"undefined-entity", Error, "There is an entity that XML does not know: readers refuse the whole document", "Write the character itself or its number, as &#160; for &nbsp;."},
	{"bare-ampersand", Error, "There is an & that begins no reference", "Write &amp; for it, also in addresses."},
	{"cdata-end", Error, "There is ]]> in text", "Write ]]&gt; for it."},
	{"markup-error", Error, "The document is not well-formed: readers refuse it", "Let an XML library write the document instead of joining strings."},
	{"attribute-syntax", Error, "An attribute is not written as name=\"value\"", "Put the value into quotes, with &lt; and &amp; for < and & in it."},
	{"duplicate-attribute", Error, "A tag has the same attribute twice", "Leave one of them."},
	{"mismatched-tag", Error, "An end tag does not belong to the element that is open", "Close elements in the reverse of the order in which they were opened; write HTML as CDATA or escaped."},
	{"unclosed-tag", Error, "The document ends before an element is closed", "Write the whole document; a text that was cut off is no feed."},
	{"outside-root", Error, "There is something before or after the root element", "Leave only the root element; often this is a message of a program that went wrong."},
	{"undeclared-prefix", Error, "A prefix is used without a namespace: readers refuse the whole document", "Declare it in the root element with xmlns:prefix=\"…\"."},
	{"misspelt-namespace", Error, "A namespace is written wrongly: readers do not find its elements", "Write the namespace letter for letter."},
	{"unknown-namespace", Warning, "A namespace is known to no reader that we know of", "Leave its elements out unless somebody waits for them."},
	{"too-deep", Error, "Elements or values are nested more than 200 deep; what follows was not read", "Close elements where they end."},
	{"too-many-elements", Error, "There are more than a million elements or values; what follows was not read", "Split the document."},
	{"xslt", Warning, "The document names an XSLT stylesheet, which browsers no longer run", "Use a CSS stylesheet, and an HTML page for people."},

	// Elements of all formats.
	{"unknown-element", Warning, "There is an element that the format does not have", "Remove it, or use an extension with a namespace."},
	{"misspelt-element", Error, "An element's name is written with wrong capitals: readers do not find it", "Write the name as the format has it."},
	{"unknown-extension", Warning, "There is an element that its namespace does not have", "Write the name as the extension has it, or remove the element."},
	{"repeated-element", Error, "An element stands more than once where one is allowed: readers take one of them", "Leave one of them."},
	{"blank-element", Warning, "There is nothing in it", "Leave it out, or say something."},
	{"stray-text", Warning, "There is text beside the elements, which nobody shows", "Put the text into an element, or remove it."},
	{"element-in-text", Error, "There are elements where only text belongs: readers lose them or the text", "Escape the markup or put it into CDATA."},
	{"title-markup", Warning, "There is markup in a title, which is plain text: readers show it as it stands", "Write the title without tags and entities; escape & and < once."},
	{"duplicate-id", Error, "Two items have the same id: readers show only one of them", "Give every item an id of its own that never changes."},

	// Addresses, names and values.
	{"relative-address", Error, "An address is relative: readers do not know where it begins", "Write the whole address with https://."},
	{"bad-address", Error, "An address cannot be followed", "Write a whole address, with %20 for spaces and no < > \" in it."},
	{"unescaped-address", Warning, "There are letters in an address that not every reader can follow", "Write them percent-encoded, and a host in its xn-- form."},
	{"file-type", Error, "A media type is not written as one", "Write it as audio/mpeg or image/jpeg."},
	{"language-code", Warning, "The language is not a code of BCP 47", "Write ru, en or en-GB."},
	{"contact-form", Warning, "A contact is not an address of mail with a name in brackets", "Write editor@example.org (Name), or use dc:creator for a name alone."},
	{"self-link", Warning, "The feed does not say its own address: pushes and moves do not find it", "Add <atom:link rel=\"self\" href=\"…\" type=\"application/rss+xml\"/>, in Atom <link rel=\"self\" …/>, in JSON feed_url."},
	{"self-link-differs", Warning, "The feed says another address than it came from", "Write the address under which the feed is to be polled, letter for letter."},
	{"link-to-itself", Error, "A link to another part of the history leads to this document: readers that follow it run in a circle", "Write the address of the other document, or leave the link out."},
	{"link-rel", Warning, "A link has a relation that is not registered", "Use a registered relation, or the address of one of your own."},

	// Dates.
	{"rfc822-date", Error, "A date is not in the form of RFC 822: readers give the item no date, or today's", "Write it as Tue, 24 Nov 2026 08:00:00 +0300."},
	{"rfc3339-date", Error, "A date is not in the form of RFC 3339: readers give the item no date, or today's", "Write it as 2026-11-24T08:00:00+03:00."},
	{"w3c-date", Error, "A date is not in the form of the W3C", "Write it as 2026-11-24 or 2026-11-24T08:00:00+03:00."},
	{"two-digit-year", Warning, "A year has two digits", "Write all four digits."},
	{"wrong-weekday", Warning, "The weekday is not that of the date", "Let a program write the date, or leave the weekday out."},
	{"date-zone", Warning, "A time zone is not one of RFC 822: readers take it for GMT", "Write it as a number, +0300 for Moscow."},
	{"future-date", Warning, "A date is in the future: readers hide the item or keep it on top", "Write when it was really published, and in the right time zone."},
	{"old-date", Warning, "A date is older than feeds are", "Write the real date, or leave it out."},
	{"oldest-first", Warning, "The oldest items stand first: readers that take only the first ones miss the news", "Put the newest item first."},
	{"feed-date-old", Warning, "The feed's date is older than that of an item: readers may believe that nothing has changed", "Write the date of the newest change among the items."},

	// HTML in items.
	{"html-element", Warning, "There is an element in the text that readers take out", "Leave it out; for an embedded player put a link with a picture."},
	{"html-handler", Warning, "There is an event handler in the text, which readers take out", "Leave on… attributes out."},
	{"html-unsafe-address", Warning, "There is an address in the text that readers take out for safety", "Use https addresses only."},
	{"html-relative-address", Error, "There is a relative address in the text: readers do not find the picture or page", "Write whole addresses in href, src, srcset and poster."},
	{"double-escaped", Warning, "The text is escaped twice: readers show tags instead of text", "Escape the HTML once, or put it into CDATA as it is."},
	{"markup-as-text", Warning, "There is markup in what is said to be plain text: readers show it as it stands", "Say that it is HTML (type=\"html\", content_html), or remove the tags."},

	// RSS.
	{"rss-root", Error, "The root element is not <rss>", "Put <rss version=\"2.0\"> around the channel."},
	{"rss-version", Error, "The version of RSS is missing or unknown", "Write <rss version=\"2.0\">."},
	{"rss-old-version", Warning, "The version of RSS is of the last century", "Write RSS 2.0: what is valid in the old versions is valid in it."},
	{"rss-namespace", Error, "The elements of RSS are in a namespace: strict readers do not find them", "Remove xmlns=\"…\" from <rss>; RSS has no namespace."},
	{"rss-channel", Error, "There is not exactly one channel", "Put one <channel> into the root, with all items in it."},
	{"channel-title", Error, "The channel has no title", "Add the name of the publication as <title>."},
	{"channel-link", Error, "The channel has no link", "Add the address of the page that the feed belongs to as <link>."},
	{"channel-description", Error, "The channel has no description", "Add a sentence about the feed as <description>."},
	{"item-outside-channel", Error, "An item stands beside the channel: readers of RSS 2.0 do not find it", "Put the items into <channel>."},
	{"item-empty", Error, "An item has neither a title nor a description", "Give it one of them, better both."},
	{"item-link", Warning, "An item has no link: readers cannot open it", "Add the address of the article as <link>."},
	{"item-guid", Warning, "An item has no guid: readers show it again when its link or title changes", "Add a <guid isPermaLink=\"false\"> that never changes."},
	{"guid-blank", Error, "A guid is empty: readers take all such items for one", "Write an id that never changes."},
	{"guid-not-address", Error, "A guid is said to be an address and is none: readers open nothing", "Add isPermaLink=\"false\" to it."},
	{"guid-permalink-value", Warning, "isPermaLink is neither true nor false", "Write isPermaLink=\"false\"."},
	{"description-missing", Warning, "An item has content:encoded and no description: older readers show nothing", "Add a summary as <description> before it."},
	{"description-order", Warning, "A description stands after content:encoded: some readers let it replace the text", "Put <description> first."},
	{"enclosure-url", Error, "An enclosure has no url", "Add the address of the file, or leave the enclosure out."},
	{"enclosure-type", Error, "An enclosure has no type: players do not know what it is", "Add its media type, as audio/mpeg."},
	{"enclosure-length", Error, "An enclosure's length is no number of bytes", "Write the size of the file in bytes."},
	{"enclosure-length-zero", Warning, "An enclosure's length is 0", "Write the size of the file in bytes."},
	{"several-enclosures", Warning, "An item has several enclosures: most readers take one of them", "Leave one, and link to the others in the text or in media:group."},
	{"source-url", Error, "A source does not say its feed's address", "Add url=\"…\" to it, or leave it out."},
	{"rss-ttl", Warning, "ttl is no number of minutes", "Write a whole number of minutes, or leave it out."},
	{"image-parts", Error, "The image lacks a part", "Give it url, title and link."},
	{"image-differs", Warning, "The image's title or link is not the channel's", "Write the same in both."},
	{"image-size", Warning, "The image's size is no number, or larger than RSS allows", "Write width up to 144 and height up to 400, or leave them out."},
	{"cloud-parts", Warning, "The cloud lacks a part, or has a value that is none", "Give it domain, port, path, registerProcedure and protocol, or use WebSub."},
	{"text-input", Warning, "The text input lacks a part", "Give it title, description, name and link, or leave it out: nobody shows it."},
	{"skip-hours", Warning, "skipHours holds something that is no hour, or one twice", "Write <hour> from 0 to 23, each once."},
	{"skip-days", Warning, "skipDays holds something that is no day, or one twice", "Write <day> from Monday to Sunday, each once."},
	{"rdf-old", Warning, "RSS 1.0 and older are not developed any more", "Publish RSS 2.0 or Atom."},
	{"rdf-about", Error, "An element of RSS 1.0 has no rdf:about", "Add the address of what it describes."},
	{"rdf-item", Error, "An item of RSS 1.0 lacks a part", "Give it title and link."},

	// Extensions.
	{"media-url", Error, "A picture or recording has no url", "Add its address, or leave the element out."},
	{"media-value", Warning, "A value of media: is none that it knows", "Write medium=\"image\" or the like, and numbers of pixels and bytes."},
	{"itunes-value", Warning, "A value of itunes: is none that it knows", "See Apple's list of podcast tags."},
	{"sy-value", Warning, "A value of sy: is none that it knows", "Write a period from hourly to yearly, and how often in it."},
	{"archive-current", Warning, "An archive does not name the feed that it belongs to", "Add a link rel=\"current\" with the feed's address (RFC 5005)."},
	{"history-both", Warning, "The feed says that it is complete, and that there is more", "Leave fh:complete out where there are archives (RFC 5005)."},

	// Atom.
	{"atom-namespace", Error, "The elements are not in Atom's namespace: readers do not find them", "Write <feed xmlns=\"http://www.w3.org/2005/Atom\">."},
	{"atom-entry-document", Warning, "The document is a single entry: few readers take it", "Put the entry into a <feed>."},
	{"atom-id", Error, "A feed or entry has no id", "Add an id that never changes, as tag:example.org,2026:1."},
	{"atom-id-iri", Error, "An id is no absolute IRI", "Write it as tag:example.org,2026:1 or as an address with https://."},
	{"atom-title", Error, "A feed or entry has no title", "Add a <title>."},
	{"atom-updated", Error, "A feed or entry does not say when it was updated", "Add <updated> with the last change that a reader should see."},
	{"atom-author", Error, "An entry has no author, and neither has the feed", "Add an <author> with a <name> to the feed or to the entry."},
	{"atom-person-name", Error, "A person has no name", "Add a <name>."},
	{"atom-entry-link", Error, "An entry has neither content nor a link to its page", "Add a link rel=\"alternate\", or the content."},
	{"atom-link-href", Error, "A link has no href", "Add the address, or leave the link out."},
	{"atom-alternate-repeated", Error, "Two links lead to the page in the same type and language", "Leave one, or tell them apart by type and hreflang."},
	{"atom-category-term", Error, "A category has no term", "Write <category term=\"…\"/>; the name for people goes into label."},
	{"atom-text-type", Error, "A text has a type that is none", "Write type=\"text\", \"html\" or \"xhtml\"."},
	{"atom-xhtml-div", Error, "XHTML does not stand in one div", "Put it into <div xmlns=\"http://www.w3.org/1999/xhtml\">."},
	{"atom-content-type", Error, "Content has a type that is none, or that nothing can be shown of", "Write type=\"html\", \"xhtml\", \"text\" or a media type."},
	{"atom-content-base64", Error, "Content of this type must be in Base64 and is not", "Encode it, or write type=\"html\" for HTML."},
	{"atom-content-src", Error, "Content that stands elsewhere is written wrongly", "Leave it empty, with src and a media type."},
	{"atom-summary", Error, "An entry whose content is elsewhere or in Base64 has no summary", "Add a <summary>."},
	{"tombstone-ref", Error, "A deleted entry does not say which", "Add ref=\"…\" with the id of the entry (RFC 6721)."},
	{"tombstone-when", Error, "A deleted entry does not say when", "Add when=\"…\" with the time of the deletion (RFC 6721)."},

	// JSON Feed.
	{"json-syntax", Error, "The document is no valid JSON: readers refuse it", "Let a JSON library write the document."},
	{"json-duplicate-key", Error, "A key stands twice in one object: readers take one of the values", "Leave one of them."},
	{"json-value-type", Error, "A value is of the wrong type", "Write the type that JSON Feed asks for."},
	{"json-null", Warning, "A value is null", "Leave the key out."},
	{"json-unknown-key", Warning, "There is a key that JSON Feed does not have", "Leave it out, or begin it with an underscore for an extension."},
	{"json-misspelt-key", Error, "A key is written wrongly: readers do not find it", "Write the key as JSON Feed has it."},
	{"json-newer-key", Warning, "A key is of version 1.1, the document says 1", "Write https://jsonfeed.org/version/1.1."},
	{"json-version", Error, "The version is missing or unknown", "Write \"version\": \"https://jsonfeed.org/version/1.1\"."},
	{"json-title", Error, "The feed has no title", "Add \"title\" with the name of the publication."},
	{"json-items", Error, "The feed has no items", "Add \"items\", an empty array if there are none."},
	{"json-item-id", Error, "An item has no id: readers discard it", "Add \"id\", a string that never changes."},
	{"json-id-number", Warning, "An id is a number", "Write it as a string."},
	{"json-content", Error, "An item has neither content_html nor content_text", "Add one of them."},
	{"json-summary-markup", Warning, "There is markup in a summary, which is plain text", "Remove the tags and entities."},
	{"json-author", Warning, "The key author is of version 1", "Write \"authors\", an array."},
	{"json-author-empty", Error, "An author has neither name, url nor avatar", "Add one of them, or leave the author out."},
	{"json-hub", Error, "A hub lacks a part", "Give it \"type\": \"WebSub\" and its \"url\"."},
	{"json-attachment", Error, "An attachment lacks a part", "Give it \"url\" and \"mime_type\"."},

	// Yandex.
	{"yandex-item", Error, "An item lacks what Yandex asks for", "Give it title, link and pubDate."},
	{"yandex-full-text", Error, "An item has no yandex:full-text: Yandex does not take it", "Add the whole text of the article."},
	{"yandex-markup", Warning, "There is markup in yandex:full-text, which is plain text", "Remove the tags; leave advertising and contacts out too."},
	{"yandex-genre", Warning, "An item has no genre that Yandex knows", "Write yandex:genre: message, article or interview."},
	{"yandex-https", Warning, "A link for Yandex is not https", "Link to the page as Yandex indexes it, with https://."},
	{"yandex-host", Warning, "A link leads to another host than the channel's", "Publish only articles of the site itself."},
	{"yandex-mixed", Warning, "Elements for Yandex and for readers stand in one feed", "Publish a feed of its own for Yandex, without content:encoded."},

	// Sitemaps.
	{"sitemap-namespace", Error, "The elements are not in the namespace of sitemaps", "Write xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"."},
	{"sitemap-loc", Error, "There is no address", "Add <loc> with the address of the page."},
	{"sitemap-loc-long", Error, "An address has more than 2,048 characters", "Leave it out."},
	{"sitemap-host", Warning, "An address is on another host than the sitemap", "List only addresses of the host itself, or name the sitemap in the other's robots.txt."},
	{"sitemap-repeated", Warning, "An address stands twice", "Leave one of them."},
	{"sitemap-many", Error, "There are more than 50,000 addresses: search engines refuse the sitemap", "Split it, and list the parts in a sitemap index."},
	{"sitemap-empty", Warning, "The sitemap is empty", "List at least the front page, or leave the sitemap out of the index."},
	{"sitemap-changefreq", Warning, "changefreq is no value that sitemaps have", "Write daily or the like, or leave it out: search engines do not look at it."},
	{"sitemap-priority", Warning, "priority is no number from 0.0 to 1.0", "Write 0.5 or the like, or leave it out: search engines do not look at it."},
	{"news-missing", Error, "An address has no news:news: it is no news to Google", "Add <news:news> with publication, publication_date and title."},
	{"news-publication", Error, "A publication lacks its name or its language", "Add <news:publication> with <news:name> and <news:language>."},
	{"news-language", Error, "A publication's language is not a code of ISO 639", "Write ru or en; zh-cn or zh-tw for Chinese."},
	{"news-date", Error, "An article has no publication_date", "Add when it was first published."},
	{"news-title", Error, "An article has no title", "Add <news:title>."},
	{"news-old", Warning, "An article is older than two days: Google does not take it any more", "List only articles of the last two days."},
	{"news-many", Error, "There are more than 1,000 addresses in a news sitemap", "List the newest 1,000 only."},

	// OPML.
	{"opml-version", Warning, "The version of OPML is not 2.0", "Write <opml version=\"2.0\">."},
	{"opml-head", Error, "There is no head", "Add <head> with a <title>."},
	{"opml-body", Error, "There is no body with outlines", "Add <body> with an <outline> for every feed."},
	{"opml-text", Error, "An outline has no text: readers show nothing for it", "Add text=\"…\" with the feed's title."},
	{"opml-xmlurl", Error, "An outline of type rss has no xmlUrl: readers cannot subscribe to it", "Add xmlUrl=\"…\" with the feed's address."},
	{"opml-type", Warning, "An outline with a feed is not of type rss: some readers pass over it", "Write type=\"rss\", for Atom and JSON Feed too."},
	{"opml-attribute-case", Error, "An attribute is written with wrong capitals: readers do not find it", "Write text, type, xmlUrl and htmlUrl."},
}

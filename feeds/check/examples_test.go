package check

import (
	"strconv"
	"strings"
)

// An example breaks a rule: base with the first old replaced by new. The fault is on the line where "¶" stands, which is
// taken out, or where at stands first; without both on line 1. also are the rules that cannot but break with it.
type example struct {
	rule, base, old, new, at string
	o                        Options
	also                     string
}

const (
	itemStart  = "<item>\n\t\t<title>Второй</title>"
	secondItem = "\t<item>\n\t\t<title>Второй</title>\n\t\t<guid>https://kino.example/articles/vtoroy</guid>"
	secondGUID = "<guid>https://kino.example/articles/vtoroy</guid>"
	secondDate = "Mon, 23 Nov 2026 10:00 GMT"
	encodedEnd = `alt=""></p>]]>`
	atomThird  = "<title>Третий</title>"
	jsonSecond = `"content_text": "Текст, 5 < 6"`
)

func examples() []example {
	var all []example
	for _, some := range [][]example{characterExamples, xmlExamples, elementExamples, dateExamples, htmlExamples, rssExamples,
		extensionExamples, atomExamples, jsonExamples, yandexExamples, sitemapExamples, opmlExamples, largeExamples()} {
		all = append(all, some...)
	}
	return all
}

var characterExamples = []example{
	{rule: "empty-document", new: " \n"},
	{rule: "compressed", new: "\x1F\x8B\x08\x00"},
	{rule: "html-page", new: "<!-- x -->\n¶<!DOCTYPE html>\n<html><head><title>Вестник</title><link rel=\"alternate\" type=\"application/rss+xml\" href=\"/feed.xml\"></head></html>"},
	{rule: "html-page", new: "<html lang=ru><body>Hello</body></html>"},
	{rule: "not-a-feed", new: "<?xml version=\"1.0\"?>\n¶<note><to>you</to></note>"},
	{rule: "not-a-feed", new: "Not found"},
	{rule: "not-a-feed", new: "{\"error\": 404}"},
	{rule: "not-a-feed", new: "[]"},
	{rule: "not-a-feed", new: "<!-- nothing -->"},
	{rule: "wrong-flavour", base: goodOPML, o: Options{Flavour: "general"}},
	{rule: "wrong-flavour", base: goodAtom, o: Options{Flavour: "yandex"}},
	{rule: "wrong-flavour", base: goodSitemap, o: Options{Flavour: "opml"}},
	{rule: "media-type-html", base: goodAtom, o: Options{Type: "text/html; charset=utf-8"}},
	{rule: "media-type", base: goodRSS, o: Options{Type: "text/plain"}},
	{rule: "media-type", base: goodJSON, o: Options{Type: "application/xml"}},
	{rule: "media-type", base: goodAtom, o: Options{Type: ";;"}},

	{rule: "byte-order-mark", base: goodRSS, old: "<?xml ", new: "\uFEFF<?xml "},
	{rule: "byte-order-mark", base: goodJSON, old: "{", new: "\uFEFF{"},
	{rule: "not-utf8", base: goodJSON10, o: Options{Type: "application/json; charset=windows-1251"}},
	{rule: "charset-unknown", base: goodRSS, old: `encoding="utf-8"`, new: `encoding="klingon"`},
	{rule: "charset-unknown", base: goodRSS, o: Options{Type: "text/xml; charset=klingon"}},
	{rule: "charset-conflict", base: goodRSS, old: `encoding="utf-8"`, new: `encoding="windows-1251"`},
	{rule: "charset-conflict", base: goodRSS, o: Options{Type: "application/rss+xml; charset=windows-1251"}},
	{rule: "charset-conflict", base: goodRSS, old: `encoding="utf-8"`, new: `encoding="utf-16"`},
	{rule: "invalid-bytes", base: goodRSS, old: secondItem, new: strings.Replace(secondItem, "Второй", "Второй\xD0¶", 1)},
	{rule: "invalid-bytes", base: goodOPML, old: "Ленты Вестника", new: strings.Repeat("¶\xD0\xE5", 300), also: "not-utf8"},
	{rule: "illegal-character", base: goodRSS, old: "<p>Полный", new: "<p>Пол\x0Bный¶"},
	{rule: "illegal-character", base: goodAtom, old: atomThird, new: "<title>\uFFFE¶Третий</title>"},
	{rule: "control-character", base: goodRSS, old: "Второй", new: "Вто\u0092рой¶"},
	{rule: "control-character", base: goodRSS, old: "Второй", new: "Вто&#146;рой¶"},
	{rule: "replacement-character", base: goodRSS, old: "Второй", new: "Вто\uFFFDрой¶"},
	{rule: "illegal-reference", base: goodRSS, old: "Второй", new: "Вто&#x1F;рой¶"},
	{rule: "illegal-reference", base: goodRSS, old: "Второй", new: "Второй&#55296;¶"},
	{rule: "illegal-reference", base: goodAtom, old: `label="Кино"`, new: `label="Кино&#1;"¶`},
	{rule: "illegal-reference", base: goodJSON, old: "Коротко", new: `\ud800¶Коротко`},
	{rule: "illegal-reference", base: goodJSON, old: "Коротко", new: `\u0000¶Коротко`},
}

var xmlExamples = []example{
	{rule: "late-declaration", base: goodRSS, old: "<?xml ", new: "\n¶<?xml "},
	{rule: "xml-version", base: goodRSS, old: `version="1.0"`, new: `version="1.1"`},
	{rule: "doctype", base: goodOPML, old: "<opml", new: "¶<!DOCTYPE opml SYSTEM \"opml.dtd\">\n<opml"},
	{rule: "entity-declaration", base: goodOPML, old: "<opml", new: "<!DOCTYPE opml [\n¶<!ENTITY v \"2.0\">\n]>\n<opml", also: "doctype"},
	{rule: "undefined-entity", base: goodRSS, old: "<title>Второй</title>", new: "<title>\n¶Второй&nbsp;&lt;</title>"},
	{rule: "undefined-entity", base: goodOPML, old: `text="Кино"`, new: `text="¶Кино&hellip;"`},
	{rule: "bare-ampersand", base: goodRSS, old: "Второй", new: "Маша & Медведь¶"},
	{rule: "bare-ampersand", base: goodRSS, old: "/a.mp3\"", new: "/a.mp3?b=1&copy=2\"¶"},
	{rule: "cdata-end", base: goodRSS, old: "Второй", new: "Вто\n]]>¶рой"},
	{rule: "markup-error", base: goodRSS, old: secondItem, new: "<!-- a -- b¶ -->" + secondItem},
	{rule: "markup-error", base: goodRSS, old: "Второй", new: "5 < 6¶"},
	{rule: "markup-error", new: goodOPML[:len(goodOPML)-9] + "¶<!-- never closed"},
	{rule: "markup-error", new: goodOPML[:len(goodOPML)-9] + "¶<![CDATA[ never closed"},
	{rule: "markup-error", base: goodOPML, old: "</head>", new: "</head x>¶"},
	{rule: "markup-error", base: goodOPML, old: "<opml", new: "<?a!b?>¶<opml"},
	{rule: "markup-error", base: goodOPML, old: `<?xml version="1.0"`, new: `<?xml`},
	{rule: "markup-error", base: goodOPML, old: "<head>", new: "<!DOCTYPE head>¶<head>"},
	{rule: "illegal-reference", base: goodOPML, old: "</head>", new: "</head&#1;>¶"},
	{rule: "attribute-syntax", base: goodRSS, old: `isPermaLink="false"`, new: "isPermaLink=false¶"},
	{rule: "attribute-syntax", base: goodRSS, old: `<enclosure url="https://kino.example/a.mp3"`, new: `<enclosure ¶url=https://kino.example/a.mp3`, also: "enclosure-length enclosure-type enclosure-url"},
	{rule: "attribute-syntax", base: goodRSS, old: `medium="image"`, new: `medium="image"expression="full"¶`},
	{rule: "duplicate-attribute", base: goodOPML, old: `text="Кино"`, new: `text="Кино" ¶text="Кино"`},
	{rule: "mismatched-tag", base: goodRSS, old: "Второй</title>", new: "Второй</Title>¶", also: "element-in-text item-guid item-link"},
	{rule: "mismatched-tag", base: goodRSS, old: secondItem, new: "</b>¶" + secondItem},
	{rule: "mismatched-tag", base: goodRSS, old: "\t</item>\n\t<item>\n\t\t<title>Второй", new: "\t<guidance><b></guidance>¶</item>\n\t<item>\n\t\t<title>Второй", also: "unknown-element"},
	{rule: "unclosed-tag", new: goodRSS[:strings.Index(goodRSS, "Второй")] + "¶"},
	{rule: "outside-root", base: goodRSS, old: "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n", new: "\n¶Warning: mysql_connect()\n"},
	{rule: "outside-root", base: goodRSS, old: "</rss>\n", new: "</rss>\n\n¶<script>x</script>"},
	{rule: "undeclared-prefix", base: goodRSS, old: secondDate, new: secondDate + "</pubDate><georss:point>1 2</georss:point>¶<pubDate>" + secondDate, also: "repeated-element"},
	{rule: "undeclared-prefix", base: goodRSS, old: ` xmlns:media="http://search.yahoo.com/mrss/"`, at: "<media:content"},
	{rule: "misspelt-namespace", base: goodRSS, old: "modules/content/\"", new: "modules/content\"¶"},
	{rule: "misspelt-namespace", base: goodOPML, old: `<opml`, new: `<opml xmlns:dc="https://purl.org/dc/elements/1.1/"¶`},
	{rule: "misspelt-namespace", base: goodRSS, old: "http://purl.org/dc/elements/1.1/", new: "http://purl.org/metadata/dublin_core#", at: "<rss"},
	{rule: "unknown-namespace", base: goodRSS, old: secondGUID, new: secondGUID + "\n¶<x:y xmlns:x=\"https://x.example/\">z</x:y>"},
	{rule: "xslt", base: goodOPML, old: `<?xml version="1.0" encoding="UTF-8"?>`, new: `<?xml-stylesheet type="text/xsl" href="/opml.xsl"?>`},
	{rule: "xslt", base: goodRSS, old: "<?xml-stylesheet type=\"text/css\" href=\"/feed.css\"?>", new: "¶<?xml-stylesheet type=\"text/xsl\" href=\"/feed.xsl\"?>"},
}

var elementExamples = []example{
	{rule: "unknown-element", base: goodRSS, old: secondGUID, new: secondGUID + "<author2>x</author2>¶"},
	{rule: "unknown-element", base: goodAtom, old: atomThird, new: atomThird + "<pubDate>x</pubDate>¶"},
	{rule: "misspelt-element", base: goodRSS, old: secondGUID, new: secondGUID + "<pubdate>x</pubdate>¶"},
	{rule: "misspelt-element", base: goodSitemap, old: "<changefreq>daily</changefreq>", new: "<changeFreq>daily</changeFreq>¶"},
	{rule: "unknown-extension", base: goodRSS, old: secondGUID, new: secondGUID + "<dc:author>x</dc:author>¶"},
	{rule: "repeated-element", base: goodRSS, old: secondGUID, new: secondGUID + "\n<guid isPermaLink=\"false\">2</guid>¶"},
	{rule: "repeated-element", base: goodAtom, old: atomThird, new: atomThird + "\n" + atomThird + "¶"},
	{rule: "blank-element", base: goodRSS, old: "<description>Новости кино</description>", new: "<description> </description>¶"},
	{rule: "blank-element", base: goodRSS, old: "<dc:creator>Ирина Ли</dc:creator>", new: "<dc:creator/>¶"},
	{rule: "blank-element", base: goodJSON, old: `"title": "Тихий < громкий \ud83c\udfac"`, new: `"title": "¶ "`},
	{rule: "blank-element", base: goodJSON, old: `"tags": ["кино", "театр"]`, new: `"tags": ["кино", ¶""]`},
	{rule: "stray-text", base: goodRSS, old: secondItem, new: "\t¶<item>and\n\t\t<title>Второй</title>\n\t\t" + secondGUID},
	{rule: "element-in-text", base: goodRSS, old: "<description>Коротко &amp;amp; ясно", new: "<description>Коротко\n¶<b>и</b> ясно"},
	{rule: "element-in-text", base: goodRSS, old: "<![CDATA[<p>Полный", new: "¶<p/><![CDATA[<p>Полный"},
	{rule: "element-in-text", base: goodAtom, old: atomThird, new: "<title>Тре<b>тий¶</b></title>"},
	{rule: "element-in-text", base: goodAtom, old: `<content type="image/png">iVBORw0KGgo=`, new: `<content type="text/plain"><b/>¶x`},
	{rule: "title-markup", base: goodRSS, old: "Второй", new: "&lt;b>Второй&lt;/b>¶"},
	{rule: "title-markup", base: goodRSS, old: "Второй", new: "Маша &amp;amp; Медведь¶"},
	{rule: "title-markup", base: goodAtom, old: atomThird, new: "<title>&lt;i>Третий&lt;/i></title>¶"},
	{rule: "title-markup", base: goodJSON, old: `"title": "Вестник кино"`, new: `"title": "Вестник&nbsp;кино"¶`},
	{rule: "duplicate-id", base: goodRSS, old: secondGUID, new: `¶<guid isPermaLink="false">tag:kino.example,2026-11-24:1</guid>`, also: "item-link"},
	{rule: "duplicate-id", base: goodAtom, old: "<id>tag:kino.example,2026:3</id>\n\t\t<title>Третий</title>\n\t\t<updated>2026-11-22T07:00:00Z</updated>",
		new: "¶<id>tag:kino.example,2026:1</id>" + atomThird + "<updated>2026-11-24T07:00:00+00:00</updated>"},
	{rule: "duplicate-id", base: goodJSON, old: `"id": "tag:kino.example,2026:2"`, new: `¶"id": "tag:kino.example,2026:1"`},

	{rule: "relative-address", base: goodRSS, old: "<link>https://kino.example/articles/tikhiy", new: "¶<link>/articles/tikhiy"},
	{rule: "relative-address", base: goodRSS, old: `<atom:link href="https://kino.example/feed.xml"`, new: `¶<atom:link href="feed.xml"`},
	{rule: "relative-address", base: goodJSON, old: `"url": "https://kino.example/articles/tikhiy"`, new: `¶"url": "articles/tikhiy"`},
	{rule: "relative-address", base: goodAtom, old: ` xml:base="https://kino.example/"`, at: `<link href="articles/vtoroy"/>`, also: "html-relative-address"},
	{rule: "bad-address", base: goodRSS, old: "<link>https://kino.example/articles/tikhiy", new: "¶<link>https://kino.example/a b"},
	{rule: "bad-address", base: goodRSS, old: "<link>https://kino.example/articles/tikhiy", new: "¶<link>https:///tikhiy"},
	{rule: "bad-address", base: goodAtom, old: "<link href=\"https://kino.example/\"/>", new: "<link href=\"javascript:void(0)\"/>¶"},
	{rule: "bad-address", base: goodJSON, old: `"url": "https://kino.example/articles/tikhiy"`, new: `¶"url": ""`},
	{rule: "unescaped-address", base: goodRSS, old: "<link>https://kino.example/articles/tikhiy", new: "¶<link>https://kino.example/тихий"},
	{rule: "file-type", base: goodRSS, old: `type="audio/mpeg"`, new: `type="mp3"¶`},
	{rule: "file-type", base: goodJSON, old: `"audio/mpeg"`, new: `¶"audio/*"`},
	{rule: "language-code", base: goodRSS, old: "<language>ru<", new: "¶<language>русский<"},
	{rule: "language-code", base: goodAtom, old: `xml:lang="ru"`, new: `xml:lang="ru_RUSSIA"¶`},
	{rule: "language-code", base: goodAtom, old: `hreflang="en"`, new: `hreflang="e"¶`},
	{rule: "language-code", base: goodJSON, old: `"language": "ru",`, new: `"language": "",¶`},
	{rule: "contact-form", base: goodRSS, old: "<author>irina@kino.example (Ирина Ли)", new: "¶<author>Ирина Ли"},
	{rule: "contact-form", base: goodRSS, old: "<webMaster>web@kino.example", new: "¶<webMaster>web@kino.example Name"},
	{rule: "contact-form", base: goodAtom, old: "<email>red@kino.example", new: "¶<email>red"},
	{rule: "self-link", base: goodRSS, old: `<atom:link href="https://kino.example/feed.xml" rel="self" type="application/rss+xml"/>`, at: "<channel>"},
	{rule: "self-link", base: goodJSON, old: "\t\"feed_url\": \"https://kino.example/feed.json\",\n"},
	{rule: "self-link-differs", base: goodRSS, old: `<atom:link href="https://kino.example/feed.xml"`, new: `¶<atom:link href="https://kino.example/feed"`, o: Options{URL: "https://kino.example/feed.xml"}},
	{rule: "self-link-differs", base: goodJSON, old: `"feed_url"`, new: `¶"feed_url"`, o: Options{URL: "https://kino.example/feed.xml"}},
	{rule: "link-to-itself", base: goodAtom, old: "https://kino.example/archive/2026-10/feed.atom", new: "¶https://kino.example/feed.atom"},
	{rule: "link-to-itself", base: goodJSON, old: `"next_url": "https://kino.example/archive/2026-10/feed.json"`, new: `¶"next_url": "https://kino.example/feed.json"`},
	{rule: "link-rel", base: goodAtom, old: `rel="enclosure"`, new: `¶rel="podcast"`},
}

var dateExamples = []example{
	{rule: "rfc822-date", base: goodRSS, old: secondDate, new: "2026-11-23T10:00:00Z¶"},
	{rule: "rfc822-date", base: goodRSS, old: secondDate, new: "Mon, 23 ноя 2026 10:00:00 +0300¶"},
	{rule: "rfc822-date", base: goodRSS, old: secondDate, new: "Mon, 31 Feb 2026 10:00:00 GMT¶"},
	{rule: "rfc822-date", base: goodRSS, old: secondDate, new: "Mon, 23 Nov 2026 24:00:00 GMT¶"},
	{rule: "rfc822-date", base: goodRSS, old: secondDate, new: "Monday, 23 Nov 2026 10:00:00 GMT¶"},
	{rule: "rfc822-date", base: goodRSS, old: secondDate, new: "Mon, 23 Nov 2026 10:00:00¶"},
	{rule: "rfc822-date", base: goodOPML, old: "Tue, 24 Nov 2026 07:00:00 GMT", new: "24.11.2026¶"},
	{rule: "rfc3339-date", base: goodAtom, old: "2026-11-22T07:00:00Z", new: "2026-11-22 07:00:00Z¶"},
	{rule: "rfc3339-date", base: goodAtom, old: "2026-11-24T06:00:00.5Z", new: "2026-11-31T06:00:00Z¶"},
	{rule: "rfc3339-date", base: goodJSON, old: "2026-11-24T06:00:00Z", new: "2026-11-24T06:00:00+0300¶"},
	{rule: "w3c-date", base: goodSitemap, old: "<lastmod>2026-11-24<", new: "<lastmod>24.11.2026¶<"},
	{rule: "w3c-date", base: goodRSS, old: "<dc:date>2026-11-24T07:00:00Z", new: "<dc:date>today¶"},
	{rule: "two-digit-year", base: goodRSS, old: secondDate, new: "Mon, 23 Nov 26 10:00:00 GMT¶"},
	{rule: "wrong-weekday", base: goodRSS, old: secondDate, new: "Sun, 23 Nov 2026 10:00:00 GMT¶"},
	{rule: "date-zone", base: goodRSS, old: secondDate, new: "Mon, 23 Nov 2026 10:00:00 MSK¶"},
	{rule: "future-date", base: goodRSS, old: secondDate, new: "24 Nov 2026 11:11:00 +0300¶", also: "feed-date-old"},
	{rule: "future-date", base: goodJSON, old: "2026-11-24T06:00:00Z", new: "2027-11-24T06:00:00Z¶"},
	{rule: "future-date", base: goodSitemap, old: "<lastmod>2026-11-24<", new: "<lastmod>2026-11-25¶<"},
	{rule: "old-date", base: goodRSS, old: secondDate, new: "Thu, 01 Jan 1970 00:00:00 GMT¶"},
	{rule: "feed-date-old", base: goodRSS, old: "<lastBuildDate>Tue, 24 Nov 2026 07:30", new: "¶<lastBuildDate>Tue, 24 Nov 2026 06:30"},
	{rule: "feed-date-old", base: goodAtom, old: "<updated>2026-11-24T07:30", new: "¶<updated>2026-11-24T06:30"},
	{rule: "oldest-first", new: `<rss version="2.0" xmlns:a="http://www.w3.org/2005/Atom"><channel><title>T</title><link>https://kino.example/</link>
<description>D</description><a:link rel="self" href="https://kino.example/feed.xml"/>
<item><title>1</title><guid>https://kino.example/1</guid><pubDate>¶20 Nov 2026 10:00 GMT</pubDate></item>
<item><title>2</title><guid>https://kino.example/2</guid><pubDate>21 Nov 2026 10:00 GMT</pubDate></item>
<item><title>3</title><guid>https://kino.example/3</guid><pubDate>22 Nov 2026 10:00 GMT</pubDate></item>
<item><title>4</title><guid>https://kino.example/4</guid><pubDate>22 Nov 2026 10:00 GMT</pubDate></item>
<item><title>5</title><guid>https://kino.example/5</guid><pubDate>23 Nov 2026 10:00 GMT</pubDate></item></channel></rss>`},
}

var htmlExamples = []example{
	{rule: "html-element", base: goodRSS, old: encodedEnd, new: "alt=\"\">\n¶<script>alert(1)</script></p>]]>"},
	{rule: "html-element", base: goodAtom, old: "<p>Текст", new: "<iframe src=\"https://kino.example/\"/>¶<p>Текст"},
	{rule: "html-handler", base: goodRSS, old: encodedEnd, new: "alt=\"\">\n¶<b onclick=\"x()\">a</b></p>]]>"},
	{rule: "html-unsafe-address", base: goodRSS, old: encodedEnd, new: "alt=\"\">\n<a¶\n href=\"java\nscript:x()\">a</a></p>]]>"},
	{rule: "html-unsafe-address", base: goodRSS, old: "mailto:red@kino.example\">", new: "data:text/html,x\">¶"},
	{rule: "html-relative-address", base: goodRSS, old: "https://kino.example/b.jpg 2x", new: "/b.jpg 2x¶"},
	{rule: "html-relative-address", base: goodRSS, old: `src="https://kino.example/a.jpg"`, new: `src="//kino.example/a.jpg"¶`},
	{rule: "html-relative-address", base: goodAtom, old: `&lt;a href="https://kino.example/"`, new: `¶&lt;a href="/"`},
	{rule: "html-relative-address", base: goodJSON, old: `<a href=\"https://kino.example/\"`, new: `¶<a href=\"/\"`},
	{rule: "double-escaped", base: goodRSS, old: "Коротко &amp;amp; ясно", new: "Коротко\n&amp;lt;p&amp;gt;ясно¶&amp;lt;/p&amp;gt;"},
	{rule: "markup-as-text", base: goodAtom, old: "<summary>Файл", new: "<summary>Фай\n¶&lt;b>л&lt;/b>"},
	{rule: "markup-as-text", base: goodJSON, old: jsonSecond, new: `"content_text": "¶<p>Текст</p>"`},
}

var rssExamples = []example{
	{rule: "rss-root", new: "<channel>¶<title>T</title><link>https://kino.example/</link><description>D</description></channel>", also: "self-link"},
	{rule: "rss-root", base: "<RSS version=\"2.0\"" + goodRSS[strings.Index(goodRSS, " xmlns:atom"):], old: "</rss>", new: "</RSS>"},
	{rule: "rss-version", base: goodRSS, old: "<rss version=\"2.0\"", new: "¶<rss"},
	{rule: "rss-version", base: goodRSS, old: "<rss version=\"2.0\"", new: "¶<rss version=\"3.0\""},
	{rule: "rss-old-version", base: goodRSS, old: "<rss version=\"2.0\"", new: "¶<rss version=\"0.92\""},
	{rule: "rss-namespace", base: goodRSS, old: "<rss version=\"2.0\"", new: "¶<rss version=\"2.0\" xmlns=\"http://purl.org/rss/1.0/\""},
	{rule: "rss-channel", new: "<rss version=\"2.0\"></rss>"},
	{rule: "rss-channel", base: goodRSS, old: "</rss>", new: "¶<channel><title>T</title></channel></rss>"},
	{rule: "channel-title", base: goodRSS, old: "<channel>\n\t<title>Вестник кино &amp; театра</title>", new: "¶<channel>"},
	{rule: "channel-title", base: goodRSS, old: "<title>Вестник кино &amp; театра</title>", new: "<title/>¶", also: "image-differs"},
	{rule: "channel-link", base: goodYandex, old: "<link>https://kino.example/</link>", at: "<channel>"},
	{rule: "channel-link", base: goodRSS, old: "<link>https://kino.example/</link>", new: "<link> </link>¶", also: "image-differs"},
	{rule: "channel-description", base: goodRSS, old: "<description>Новости кино</description>", at: "<channel>"},
	{rule: "item-outside-channel", base: goodRSS, old: "</rss>", new: "¶<item><title>T</title><guid>https://kino.example/3</guid></item></rss>"},
	{rule: "item-empty", base: goodRSS, old: itemStart, new: "<item>¶"},
	{rule: "item-empty", base: goodRSS, old: secondItem, new: "<item/>¶" + secondItem},
	{rule: "item-link", base: goodRSS, old: secondGUID, new: `<guid isPermaLink="false">2</guid>`, at: itemStart},
	{rule: "item-link", base: goodRSS, old: "<link>https://kino.example/articles/tikhiy</link>", new: "<link/>¶"},
	{rule: "item-guid", base: goodRSS, old: secondItem, new: "\n¶<item><title>Второй</title><link>https://kino.example/2</link>"},
	{rule: "guid-blank", base: goodRSS, old: secondGUID, new: "<guid></guid>¶"},
	{rule: "guid-not-address", base: goodRSS, old: secondGUID, new: "<guid>2</guid>¶"},
	{rule: "guid-not-address", base: goodRSS, old: secondGUID, new: "<guid isPermaLink=\"true\">urn:2</guid>¶"},
	{rule: "guid-permalink-value", base: goodRSS, old: "<guid>", new: "¶<guid isPermaLink=\"no\">"},
	{rule: "description-missing", base: goodRSS, old: secondItem, new: "\n¶<item><content:encoded>x</content:encoded><title>Второй</title>" + secondGUID},
	{rule: "description-order", base: goodRSS, old: secondGUID, new: secondGUID + "<content:encoded>x</content:encoded>\n<description>x</description>¶"},
	{rule: "enclosure-url", base: goodRSS, old: `<enclosure url="https://kino.example/a.mp3"`, new: `¶<enclosure`},
	{rule: "enclosure-type", base: goodRSS, old: ` type="audio/mpeg"`, new: `¶`},
	{rule: "enclosure-length", base: goodRSS, old: ` length="12345"`, new: `¶`},
	{rule: "enclosure-length", base: goodRSS, old: `length="12345"`, new: `¶length="12 KB"`},
	{rule: "enclosure-length", base: goodAtom, old: `length="123"`, new: `¶length="-1"`},
	{rule: "enclosure-length-zero", base: goodRSS, old: `length="12345"`, new: `¶length="0"`},
	{rule: "several-enclosures", base: goodRSS, old: "<comments>", new: "<enclosure url=\"https://kino.example/b.mp3\" length=\"1\" type=\"audio/mpeg\"/>\n<comments>", at: `<enclosure url="https://kino.example/a.mp3"`},
	{rule: "source-url", base: goodRSS, old: `<source url="https://wire.example/feed">`, new: `¶<source>`},
	{rule: "rss-ttl", base: goodRSS, old: "<ttl>60", new: "¶<ttl>1h"},
	{rule: "image-parts", base: goodRSS, old: "<image>\n\t\t<url>https://kino.example/logo.png</url>", new: "¶<image>"},
	{rule: "image-parts", base: goodRSS, old: "<url>https://kino.example/logo.png</url>", new: "¶<url/>"},
	{rule: "image-differs", base: goodRSS, old: "<link>https://kino.example/</link>\n\t\t<width>", new: "¶<link>https://kino.example/logo</link><width>"},
	{rule: "image-size", base: goodRSS, old: "<width>88", new: "¶<width>145"},
	{rule: "image-size", base: goodRSS, old: "<height>31", new: "¶<height>31px"},
	{rule: "cloud-parts", base: goodRSS, old: `protocol="http-post"`, new: `protocol="ftp"¶`},
	{rule: "cloud-parts", base: goodRSS, old: `path="/rpc"`, new: `¶`},
	{rule: "text-input", base: goodRSS, old: "<name>q</name>", new: "¶"},
	{rule: "skip-hours", base: goodRSS, old: "<hour>23", new: "¶<hour>24"},
	{rule: "skip-hours", base: goodRSS, old: "<hour>23", new: "¶<hour>0"},
	{rule: "skip-days", base: goodRSS, old: "<day>Sunday", new: "¶<day>Sun"},
	{rule: "rdf-old", base: goodRDF, old: "<rdf:RDF", new: "¶<rdf:RDF"},
	{rule: "rdf-about", base: goodRDF, old: `<item rdf:about="https://kino.example/1">`, new: "¶<item>"},
	{rule: "rdf-item", base: goodRDF, old: "<link>https://kino.example/1</link>", new: "<link/>¶"},
}

var extensionExamples = []example{
	{rule: "media-url", base: goodRSS, old: `<media:thumbnail url="https://kino.example/t.jpg"`, new: "¶<media:thumbnail"},
	{rule: "media-url", base: goodRSS, old: `<media:content url="https://kino.example/a.jpg"`, new: "¶<media:content"},
	{rule: "media-value", base: goodRSS, old: `medium="image"`, new: `¶medium="photo"`},
	{rule: "media-value", base: goodRSS, old: `width="800"`, new: `¶width="800px"`},
	{rule: "itunes-value", base: goodRSS, old: "<itunes:explicit>false", new: "¶<itunes:explicit>none"},
	{rule: "itunes-value", base: goodRSS, old: "<itunes:duration>1:02:03", new: "¶<itunes:duration>1h"},
	{rule: "itunes-value", base: goodRSS, old: `<itunes:category text="News"/>`, new: "¶<itunes:category>News</itunes:category>"},
	{rule: "sy-value", base: goodRSS, old: "<sy:updatePeriod>hourly", new: "¶<sy:updatePeriod>minutely"},
	{rule: "sy-value", base: goodRSS, old: "<sy:updateFrequency>2", new: "¶<sy:updateFrequency>0"},
	{rule: "archive-current", base: goodRSS, old: "<ttl>", new: "<fh:archive/>¶<ttl>"},
	{rule: "history-both", base: goodAtom, old: "<icon>", new: "<fh:complete/>¶<icon>"},
}

var atomExamples = []example{
	{rule: "atom-namespace", base: goodAtom, old: "xmlns=\"http://www.w3.org/2005/Atom\"", new: "¶"},
	{rule: "atom-namespace", base: goodAtom, old: "xmlns=\"http://www.w3.org/2005/Atom\"", new: "¶xmlns=\"http://purl.org/atom/ns#\""},
	{rule: "atom-entry-document", new: `<entry xmlns="http://www.w3.org/2005/Atom"><id>urn:1</id><title>T</title><updated>2026-11-24T07:00:00Z</updated><author><name>N</name></author><content>x</content></entry>`},
	{rule: "atom-id", base: goodAtom, old: "<entry>\n\t\t<id>tag:kino.example,2026:1</id>", new: "¶<entry>"},
	{rule: "atom-id", base: goodAtom, old: "<id>tag:kino.example,2026:feed</id>", new: "<id/>¶"},
	{rule: "atom-id-iri", base: goodAtom, old: "<id>tag:kino.example,2026:1</id>", new: "¶<id>1</id>"},
	{rule: "atom-title", base: goodAtom, old: "<entry>\n\t\t<id>tag:kino.example,2026:3</id>\n\t\t<title>Третий</title>", new: "¶<entry><id>urn:3</id>"},
	{rule: "atom-updated", base: goodAtom, old: "<updated>2026-11-24T07:30:00Z</updated>", new: "<updated/>¶"},
	{rule: "atom-updated", base: goodAtom, old: "<entry>\n\t\t<id>tag:kino.example,2026:1</id>\n\t\t<title>Тихий &lt; громкий</title>\n\t\t<updated>2026-11-24T07:00:00+00:00</updated>", new: "¶<entry><id>urn:1</id><title>T</title>"},
	{rule: "atom-author", base: goodAtom, old: "<author>\n\t\t<name>Редакция</name>\n\t\t<uri>https://kino.example/о-нас</uri>\n\t\t<email>red@kino.example</email>\n\t</author>", at: "<entry>"},
	{rule: "atom-person-name", base: goodAtom, old: "<author><name>Ирина Ли</name></author>", new: "<author><uri>https://kino.example/</uri></author>¶"},
	{rule: "atom-person-name", base: goodAtom, old: "<author><name>Ирина Ли</name></author>", new: "<author/>¶"},
	{rule: "atom-entry-link", base: goodAtom, old: `<content type="image/png">iVBORw0KGgo=</content>`, at: "<entry>\n\t\t<id>tag:kino.example,2026:3"},
	{rule: "atom-link-href", base: goodAtom, old: "<link href=\"https://kino.example/\"/>", new: "<link/>¶"},
	{rule: "atom-link-href", base: goodRSS, old: "<atom:link href=\"https://kino.example/hub\"", new: "<atom:link¶"},
	{rule: "atom-alternate-repeated", base: goodAtom, old: `hreflang="en"`, new: `¶hreflang="ru"`},
	{rule: "atom-category-term", base: goodAtom, old: `<category term="kino" label="Кино"/>`, new: `<category>Кино</category>¶`},
	{rule: "atom-text-type", base: goodAtom, old: atomThird, new: `<title type="text/html">Третий</title>¶`},
	{rule: "atom-xhtml-div", base: goodAtom, old: `<div xmlns="http://www.w3.org/1999/xhtml">Второй <em>текст</em></div>`, new: `¶<p xmlns="http://www.w3.org/1999/xhtml">Второй</p>`},
	{rule: "atom-content-type", base: goodAtom, old: `<content type="image/png">`, new: `¶<content type="picture">`},
	{rule: "atom-content-type", base: goodAtom, old: `<content type="image/png">`, new: `¶<content type="multipart/mixed">`},
	{rule: "atom-content-base64", base: goodAtom, old: "iVBORw0KGgo=", new: "¶not base64!"},
	{rule: "atom-content-src", base: goodAtom, old: `<content type="image/png">`, new: `¶<content type="image/png" src="https://kino.example/a.png">`},
	{rule: "atom-content-src", base: goodAtom, old: `<content type="image/png">iVBORw0KGgo=`, new: `¶<content type="html" src="https://kino.example/a">`},
	{rule: "atom-summary", base: goodAtom, old: "<entry>\n\t\t<id>tag:kino.example,2026:3</id>\n\t\t<title>Третий</title>\n\t\t<updated>2026-11-22T07:00:00Z</updated>\n\t\t<summary>Файл</summary>",
		new: "¶<entry><id>urn:3</id><title>T</title><updated>2026-11-22T07:00:00Z</updated>"},
	{rule: "tombstone-ref", base: goodAtom, old: ` ref="tag:kino.example,2026:9"`, new: "¶"},
	{rule: "tombstone-when", base: goodAtom, old: ` when="2026-11-24T05:00:00Z"`, new: "¶"},
	{rule: "rfc3339-date", base: goodAtom, old: `when="2026-11-24T05:00:00Z"`, new: `when="yesterday"¶`},
}

var jsonExamples = []example{
	{rule: "json-syntax", base: goodJSON, old: `"title": "Вестник кино",`, new: "\"title\": \"Вестник кино\"", at: `"home_page_url"`},
	{rule: "json-syntax", new: "{\"version\": \"https://jsonfeed.org/version/1.1\",\n\"title\": \"T\",\n\"items\": [{\"id\": \"1\",\n¶"},
	{rule: "json-syntax", new: "{\"version\": \"https://jsonfeed.org/version/1.1\",\n\"title\":\n¶'T'}"},
	{rule: "json-syntax", new: goodJSON + "¶{}"},
	{rule: "json-duplicate-key", base: goodJSON, old: `"icon"`, new: "\"title\": \"Вестник кино\",¶\n\"icon\""},
	{rule: "json-value-type", base: goodJSON, old: `"size_in_bytes": 123`, new: `¶"size_in_bytes": "123"`},
	{rule: "json-value-type", base: goodJSON, old: `"tags": ["кино", "театр"]`, new: `¶"tags": "кино"`},
	{rule: "json-value-type", base: goodJSON, old: `[{"name": "Ирина Ли"}]`, new: `¶["Ирина Ли"]`},
	{rule: "json-null", base: goodJSON, old: `"banner_image": "https://kino.example/a.jpg"`, new: `¶"banner_image": null`},
	{rule: "json-unknown-key", base: goodJSON, old: jsonSecond, new: `¶"rating": 5, ` + jsonSecond},
	{rule: "json-misspelt-key", base: goodJSON, old: `"banner_image"`, new: `¶"banner_"`},
	{rule: "json-misspelt-key", base: goodJSON, old: `"size_in_bytes"`, new: `¶"size"`},
	{rule: "json-misspelt-key", base: goodJSON, old: `"date_published"`, new: `¶"datePublished"`},
	{rule: "json-newer-key", base: goodJSON10, old: `"feed_url"`, new: "¶\"language\": \"ru\", \"feed_url\""},
	{rule: "json-version", base: goodJSON, old: `"https://jsonfeed.org/version/1.1"`, new: `"1.1"¶`},
	{rule: "json-version", base: goodJSON, old: "\t\"version\": \"https://jsonfeed.org/version/1.1\",\n"},
	{rule: "json-title", base: goodJSON, old: "\t\"title\": \"Вестник кино\",\n"},
	{rule: "json-items", base: goodJSON10, old: ",\n\t\"items\": []"},
	{rule: "json-item-id", base: goodJSON, old: "{\n\t\t\t\"id\": \"tag:kino.example,2026:2\",", new: "¶{"},
	{rule: "json-item-id", base: goodJSON, old: `"id": "tag:kino.example,2026:2"`, new: `¶"id": ""`},
	{rule: "json-id-number", base: goodJSON, old: `"id": "tag:kino.example,2026:2"`, new: `¶"id": 2`},
	{rule: "json-content", base: goodJSON, old: "{\n\t\t\t\"id\": \"tag:kino.example,2026:2\",\n\t\t\t" + jsonSecond, new: `¶{"id": "2"`},
	{rule: "json-summary-markup", base: goodJSON, old: `"summary": "`, new: `¶"summary": "<b>Очень</b> `},
	{rule: "json-author", base: goodJSON, old: `"authors": [{"name": "Ирина Ли"}]`, new: `¶"author": {"name": "Ирина Ли"}`},
	{rule: "json-author-empty", base: goodJSON, old: `[{"name": "Ирина Ли"}]`, new: `¶[{}]`},
	{rule: "json-hub", base: goodJSON, old: `"type": "WebSub", `, new: `¶`},
	{rule: "json-attachment", base: goodJSON, old: `"mime_type": "audio/mpeg", `, new: `¶`},
}

var yandexExamples = []example{
	{rule: "yandex-item", base: goodYandex, old: "<pubDate>Tue, 24 Nov 2026 10:00:00 +0300</pubDate>", at: "<item>"},
	{rule: "yandex-full-text", base: goodYandex, old: "<yandex:full-text>Весь текст: 5 &lt; 6,\nвторой абзац.</yandex:full-text>", at: "<item>"},
	{rule: "yandex-full-text", base: goodRSS, at: "<item>", o: Options{Flavour: "yandex"}, also: "yandex-genre yandex-item yandex-mixed"},
	{rule: "yandex-markup", base: goodYandex, old: "второй абзац", new: "¶&lt;p>второй&lt;/p> абзац"},
	{rule: "yandex-markup", base: goodYandex, old: "второй абзац", new: "¶<b>второй</b> абзац"},
	{rule: "yandex-genre", base: goodYandex, old: "<yandex:genre>message", new: "¶<yandex:genre>gossip"},
	{rule: "yandex-genre", base: goodYandex, old: "<yandex:genre>message</yandex:genre>", at: "<item>"},
	{rule: "yandex-https", base: goodYandex, old: "<link>https://kino.example/articles/tikhiy", new: "¶<link>http://www.kino.example/articles/tikhiy"},
	{rule: "yandex-host", base: goodYandex, old: "<link>https://kino.example/articles/tikhiy", new: "¶<link>https://other.example/tikhiy"},
	{rule: "yandex-mixed", base: goodYandex, old: "<yandex:genre>", new: "<content:encoded xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">x</content:encoded>¶<yandex:genre>"},
	{rule: "yandex-mixed", base: goodYandex, old: "<channel>", new: "¶<channel>", o: Options{Flavour: "general"}},
}

var sitemapExamples = []example{
	{rule: "sitemap-namespace", base: goodSitemap, old: `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"`, new: "¶<urlset"},
	{rule: "sitemap-loc", base: goodSitemap, old: "<url>\n\t\t<loc>https://kino.example/</loc>", new: "¶<url>"},
	{rule: "sitemap-loc", base: goodIndex, old: "<loc>https://kino.example/sitemaps/2026-11.xml</loc>", new: "<loc/>¶"},
	{rule: "sitemap-loc-long", base: goodSitemap, old: "<loc>https://kino.example/articles/tikhiy", new: "¶<loc>https://kino.example/" + strings.Repeat("a", 2048)},
	{rule: "sitemap-host", base: goodSitemap, old: "<loc>https://kino.example/articles/tikhiy", new: "¶<loc>https://other.example/"},
	{rule: "sitemap-host", base: goodIndex, old: "<loc>", new: "¶<loc>", o: Options{URL: "https://other.example/sitemap.xml"}},
	{rule: "sitemap-repeated", base: goodSitemap, old: "<loc>https://kino.example/articles/tikhiy", new: "¶<loc>https://kino.example/"},
	{rule: "sitemap-empty", new: `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"/>`},
	{rule: "sitemap-changefreq", base: goodSitemap, old: "<changefreq>daily", new: "¶<changefreq>often"},
	{rule: "sitemap-priority", base: goodSitemap, old: "<priority>0.8", new: "¶<priority>8"},
	{rule: "unknown-element", base: goodIndex, old: "<lastmod>", new: "<priority>1</priority>¶<lastmod>"},
	{rule: "news-missing", base: goodNews, old: "</urlset>", new: "¶<url><loc>https://kino.example/2</loc></url></urlset>"},
	{rule: "news-publication", base: goodNews, old: "<news:publication>\n\t\t\t\t<news:name>Вестник кино</news:name>", new: "¶<news:publication>"},
	{rule: "news-publication", base: goodNews, old: "<news:language>ru</news:language>", new: "¶<news:language/>"},
	{rule: "news-language", base: goodNews, old: "<news:language>ru", new: "¶<news:language>Russian"},
	{rule: "news-date", base: goodNews, old: "<news:publication_date>2026-11-23T10:00:00+03:00</news:publication_date>", new: "¶<news:publication_date/>"},
	{rule: "news-title", base: goodNews, old: "<news:title>Тихий</news:title>", new: "¶<news:title/>"},
	{rule: "news-old", base: goodNews, old: "<news:publication_date>2026-11-23T10", new: "¶<news:publication_date>2026-11-22T05"},
}

var opmlExamples = []example{
	{rule: "opml-version", base: goodOPML, old: `<opml version="2.0">`, new: `¶<opml version="1.0">`},
	{rule: "opml-head", new: "<opml version=\"2.0\"><body><outline text=\"T\"/></body></opml>"},
	{rule: "opml-body", new: "<opml version=\"2.0\"><head/></opml>"},
	{rule: "opml-body", new: "<opml version=\"2.0\"><head/>\n¶<body/></opml>"},
	{rule: "opml-text", base: goodOPML, old: `<outline text="Кино"`, new: `¶<outline`},
	{rule: "opml-xmlurl", base: goodOPML, old: ` xmlUrl="https://kino.example/sections/kino/feed.xml"`, new: "¶"},
	{rule: "opml-type", base: goodOPML, old: ` type="rss"`, new: ` type="atom"¶`},
	{rule: "opml-attribute-case", base: goodOPML, old: ` xmlUrl=`, new: ` xmlurl=¶`, also: "opml-xmlurl"},
	{rule: "relative-address", base: goodOPML, old: ` xmlUrl="https://kino.example`, new: ` xmlUrl="¶`},
}

// largeExamples are documents that are too much of something.
func largeExamples() []example {
	url := "<url><loc>https://kino.example/</loc></url>"
	news := goodNews[strings.Index(goodNews, "\t<url>"):strings.Index(goodNews, "</urlset>")]
	head := goodNews[:strings.Index(goodNews, "\t<url>")]
	numbered := func(n int, s, address string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Replace(s, address, address+strconv.Itoa(i), 1))
		}
		return b.String()
	}
	return []example{
		{rule: "too-large", new: strings.Repeat(" ", MaxSize+1)},
		{rule: "too-deep", new: "<opml version=\"2.0\"><head/><body>\n" + strings.Repeat("<outline text=\"a\">", 198) + "\n¶<outline text=\"b\">"},
		{rule: "too-deep", new: "{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\": \"T\", \"feed_url\": \"https://kino.example/feed.json\", \"_x\":\n¶" + strings.Repeat("[", 300)},
		{rule: "too-many-elements", new: "<opml version=\"2.0\"><head/><body>\n¶" + strings.Repeat("<x:a/>", maxNodes+1), also: "undeclared-prefix"},
		{rule: "too-many-findings", new: "<opml version=\"2.0\"><head/><body>" + strings.Repeat("\n<outline/>", 1000) + "¶" + strings.Repeat("\n<outline/>", 10) + "</body></opml>", also: "opml-text"},
		{rule: "sitemap-many", new: `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + numbered(50_000, url, "kino.example/") + "\n¶<url><loc>https://kino.example/</loc></url></urlset>"},
		{rule: "news-many", new: head + numbered(1000, news, "articles/tikhiy") + "¶" + news + "</urlset>"},
	}
}

package check

// Documents without a fault, one of each kind. The examples of the rules are made of them by small changes.

const goodRSS = `<?xml version="1.0" encoding="utf-8"?>
<?xml-stylesheet type="text/css" href="/feed.css"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:fh="http://purl.org/syndication/history/1.0"
	xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">
<channel>
	<title>Вестник кино &amp; театра</title>
	<link>https://kino.example/</link>
	<description>Новости кино</description>
	<language>ru</language>
	<copyright>© Вестник</copyright>
	<managingEditor>red@kino.example (Редакция)</managingEditor>
	<webMaster>web@kino.example</webMaster>
	<pubDate>Tue, 24 Nov 2026 07:00:00 GMT</pubDate>
	<lastBuildDate>Tue, 24 Nov 2026 07:30:00 GMT</lastBuildDate>
	<category>Кино</category>
	<category domain="https://kino.example/d">Театр</category>
	<generator>Vestnik</generator>
	<docs>https://www.rssboard.org/rss-specification</docs>
	<cloud domain="kino.example" port="80" path="/rpc" registerProcedure="notify" protocol="http-post"/>
	<ttl>60</ttl>
	<image>
		<url>https://kino.example/logo.png</url>
		<title>Вестник кино &amp; театра</title>
		<link>https://kino.example/</link>
		<width>88</width>
		<height>31</height>
	</image>
	<textInput><title>Поиск</title><description>Ищет</description><name>q</name><link>https://kino.example/search</link></textInput>
	<skipHours>
		<hour>0</hour>
		<hour>23</hour>
	</skipHours>
	<skipDays>
		<day>Sunday</day>
	</skipDays>
	<atom:link href="https://kino.example/feed.xml" rel="self" type="application/rss+xml"/>
	<atom:link href="https://kino.example/hub" rel="hub"/>
	<atom:link href="https://kino.example/archive/2026-10/feed.xml" rel="prev-archive" type="application/rss+xml"/>
	<sy:updatePeriod>hourly</sy:updatePeriod>
	<sy:updateFrequency>2</sy:updateFrequency>
	<itunes:explicit>false</itunes:explicit>
	<itunes:image href="https://kino.example/cover.jpg"/>
	<itunes:category text="News"/>
	<item>
		<title>Тихий &lt; громкий: "кавычки", ]]&gt; и тег &lt;b&gt;</title>
		<link>https://kino.example/articles/tikhiy</link>
		<description>Коротко &amp;amp; ясно</description>
		<content:encoded><![CDATA[<p>Полный <a href="https://kino.example/a?b=1&amp;c=2">текст</a>
<img src="https://kino.example/a.jpg" srcset="https://kino.example/a.jpg 1x, https://kino.example/b.jpg 2x" alt="">
<a href="#note">1</a> <a href="mailto:red@kino.example">почта</a> <img src="data:image/png;base64,AA==" alt=""></p>]]></content:encoded>
		<dc:creator>Ирина Ли</dc:creator>
		<dc:date>2026-11-24T07:00:00Z</dc:date>
		<author>irina@kino.example (Ирина Ли)</author>
		<category>Кино</category>
		<comments>https://kino.example/articles/tikhiy#comments</comments>
		<enclosure url="https://kino.example/a.mp3" length="12345" type="audio/mpeg"/>
		<guid isPermaLink="false">tag:kino.example,2026-11-24:1</guid>
		<pubDate>Tue, 24 Nov 2026 10:00:00 +0300</pubDate>
		<source url="https://wire.example/feed">Лента</source>
		<media:content url="https://kino.example/a.jpg" medium="image" type="image/jpeg" width="800" height="600">
			<media:description>Кадр</media:description>
			<media:thumbnail url="https://kino.example/t.jpg" width="80"/>
		</media:content>
		<itunes:duration>1:02:03</itunes:duration>
		<itunes:episodeType>full</itunes:episodeType>
		<itunes:season>2</itunes:season>
	</item>
	<item>
		<title>Второй</title>
		<guid>https://kino.example/articles/vtoroy</guid>
		<pubDate>Mon, 23 Nov 2026 10:00 GMT</pubDate>
	</item>
</channel>
</rss>
`

const goodAtom = `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns:fh="http://purl.org/syndication/history/1.0" xml:lang="ru">
	<id>tag:kino.example,2026:feed</id>
	<title>Вестник кино</title>
	<subtitle type="html">Новости &lt;b&gt;кино&lt;/b&gt;</subtitle>
	<updated>2026-11-24T07:30:00Z</updated>
	<author>
		<name>Редакция</name>
		<uri>https://kino.example/о-нас</uri>
		<email>red@kino.example</email>
	</author>
	<link href="https://kino.example/"/>
	<link rel="self" href="https://kino.example/feed.atom" type="application/atom+xml"/>
	<link rel="prev-archive" href="https://kino.example/archive/2026-10/feed.atom"/>
	<category term="kino" label="Кино"/>
	<generator uri="https://kino.example/" version="1">Vestnik</generator>
	<icon>https://kino.example/favicon.ico</icon>
	<logo>https://kino.example/logo.png</logo>
	<rights>© Вестник</rights>
	<at:deleted-entry ref="tag:kino.example,2026:9" when="2026-11-24T05:00:00Z">
		<at:comment>Withdrawn</at:comment>
	</at:deleted-entry>
	<entry>
		<id>tag:kino.example,2026:1</id>
		<title>Тихий &lt; громкий</title>
		<updated>2026-11-24T07:00:00+00:00</updated>
		<published>2026-11-24T06:00:00.5Z</published>
		<link rel="alternate" href="https://kino.example/articles/tikhiy" hreflang="ru" type="text/html"/>
		<link rel="alternate" href="https://kino.example/en/tikhiy" hreflang="en" type="text/html"/>
		<link rel="enclosure" href="https://kino.example/a.mp3" length="123" type="audio/mpeg"/>
		<category term="kino"/>
		<summary>Коротко</summary>
		<content type="html">&lt;p&gt;Полный
&lt;a href="https://kino.example/"&gt;текст&lt;/a&gt;&lt;/p&gt;</content>
	</entry>
	<entry xml:base="https://kino.example/">
		<id>urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a</id>
		<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Второй <em>текст</em></div></title>
		<updated>2026-11-23T07:00:00Z</updated>
		<author><name>Ирина Ли</name></author>
		<link href="articles/vtoroy"/>
		<content type="xhtml">
			<div xmlns="http://www.w3.org/1999/xhtml"><p>Текст <img src="a.jpg" alt=""/></p></div>
		</content>
	</entry>
	<entry>
		<id>tag:kino.example,2026:3</id>
		<title>Третий</title>
		<updated>2026-11-22T07:00:00Z</updated>
		<summary>Файл</summary>
		<content type="image/png">iVBORw0KGgo=</content>
	</entry>
</feed>
`

const goodJSON = `{
	"version": "https://jsonfeed.org/version/1.1",
	"title": "Вестник кино",
	"home_page_url": "https://kino.example/",
	"feed_url": "https://kino.example/feed.json",
	"next_url": "https://kino.example/archive/2026-10/feed.json",
	"description": "Новости",
	"icon": "https://kino.example/icon.png",
	"authors": [{"name": "Редакция", "url": "mailto:red@kino.example"}],
	"language": "ru",
	"hubs": [{"type": "WebSub", "url": "https://kino.example/hub"}],
	"_extension": {"about": "https://kino.example/"},
	"items": [
		{
			"id": "tag:kino.example,2026:1",
			"url": "https://kino.example/articles/tikhiy",
			"title": "Тихий < громкий \ud83c\udfac",
			"content_html": "<p>Полный\n<a href=\"https://kino.example/\">текст</a></p>",
			"summary": "Коротко & ясно",
			"image": "https://kino.example/a.jpg",
			"banner_image": "https://kino.example/a.jpg",
			"date_published": "2026-11-24T06:00:00Z",
			"date_modified": "2026-11-24T10:00:00+03:00",
			"authors": [{"name": "Ирина Ли"}],
			"tags": ["кино", "театр"],
			"language": "ru",
			"attachments": [{"url": "https://kino.example/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 123, "duration_in_seconds": 1.5}]
		},
		{
			"id": "tag:kino.example,2026:2",
			"content_text": "Текст, 5 < 6"
		}
	]
}
`

const goodJSON10 = `{
	"version": "https://jsonfeed.org/version/1",
	"title": "Kino",
	"feed_url": "https://kino.example/feed.json",
	"author": {"name": "Staff"},
	"items": []
}
`

const goodYandex = `<?xml version="1.0" encoding="utf-8"?>
<rss xmlns:yandex="http://news.yandex.ru" xmlns:media="http://search.yahoo.com/mrss/" version="2.0">
<channel>
	<title>Вестник кино</title>
	<link>https://kino.example/</link>
	<description>Новости</description>
	<item>
		<title>Тихий</title>
		<link>https://kino.example/articles/tikhiy</link>
		<pubDate>Tue, 24 Nov 2026 10:00:00 +0300</pubDate>
		<enclosure url="https://kino.example/a.jpg" type="image/jpeg"/>
		<enclosure url="https://kino.example/b.jpg" type="image/jpeg"/>
		<author>Ирина Ли</author>
		<yandex:genre>message</yandex:genre>
		<yandex:full-text>Весь текст: 5 &lt; 6,
второй абзац.</yandex:full-text>
	</item>
</channel>
</rss>
`

const goodSitemap = `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
	<url>
		<loc>https://kino.example/</loc>
		<lastmod>2026-11-24T07:00:00+00:00</lastmod>
		<changefreq>daily</changefreq>
		<priority>0.8</priority>
	</url>
	<url>
		<loc>https://kino.example/articles/tikhiy</loc>
		<lastmod>2026-11-24</lastmod>
		<image:image><image:loc>https://kino.example/a.jpg</image:loc></image:image>
	</url>
</urlset>
`

const goodIndex = `<?xml version="1.0" encoding="UTF-8"?>
<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
	<sitemap>
		<loc>https://kino.example/sitemaps/2026-11.xml</loc>
		<lastmod>2026-11-24T07:00:00Z</lastmod>
	</sitemap>
</sitemapindex>
`

const goodNews = `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
	<url>
		<loc>https://kino.example/articles/tikhiy</loc>
		<news:news>
			<news:publication>
				<news:name>Вестник кино</news:name>
				<news:language>ru</news:language>
			</news:publication>
			<news:publication_date>2026-11-23T10:00:00+03:00</news:publication_date>
			<news:title>Тихий</news:title>
		</news:news>
	</url>
</urlset>
`

const emptyNews = `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"></urlset>`

const goodOPML = `<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
	<head>
		<title>Ленты Вестника</title>
		<dateCreated>Tue, 24 Nov 2026 07:00:00 GMT</dateCreated>
		<ownerEmail>red@kino.example</ownerEmail>
	</head>
	<body>
		<outline text="Разделы">
			<outline text="Кино" type="rss" xmlUrl="https://kino.example/sections/kino/feed.xml" htmlUrl="https://kino.example/sections/kino"/>
		</outline>
	</body>
</opml>
`

// goodRDF is as good as RSS 1.0 can be: that it is old is told of it always.
const goodRDF = `<?xml version="1.0" encoding="utf-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
	<channel rdf:about="https://kino.example/feed.rdf">
		<title>Вестник кино</title>
		<link>https://kino.example/</link>
		<description>Новости</description>
		<items><rdf:Seq><rdf:li rdf:resource="https://kino.example/1"/></rdf:Seq></items>
	</channel>
	<item rdf:about="https://kino.example/1">
		<title>Тихий</title>
		<link>https://kino.example/1</link>
		<dc:date>2026-11-24</dc:date>
	</item>
</rdf:RDF>
`

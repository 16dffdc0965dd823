package templates

import (
	"html/template"
	"net/url"
	"strings"
	"time"
)

// The news in these fixtures is made up; the lengths of its headlines are those of real ones.

var sakhalin = time.FixedZone("Asia/Sakhalin", 11*3600)

var morning = time.Date(2026, 11, 24, 8, 0, 0, 0, sakhalin)

var titles = []string{
	"Касса уикенда: «Северный ветер» стартовал выше прогнозов и обошёл семейные премьеры",
	"На Курилах построят павильон для съёмок моря",
	"Прокатчики договорились о единых датах цифровых премьер",
	"Гильдия звукорежиссёров назвала номинантов ежегодной премии",
	"Якутская драма «Наледь» соберёт полный зал в двенадцати странах: права проданы на рынке в Пусане",
	"Кинотеатры попросили продлить льготу по налогу на имущество до конца следующего года",
	"Обзор изменений графика релизов на неделе 16–22 ноября 2026 года",
	"Фестиваль короткого метра во Владивостоке перенесли на март",
	"«Мосты» стали самым кассовым документальным фильмом года",
	"Сценаристы и платформы подписали соглашение об отчислениях",
	"Предпродажи: «Тихая гавань» вдвое опережает первую часть",
	"Студия «Маяк» открыла школу операторов-подводников",
	"Международная касса: два хоррора поделили первую строчку",
	"Реставраторы нашли полную версию «Острова птиц» 1929 года",
	"Региональные кинокомиссии впервые обменялись базой локаций",
	"Зрители стали чаще ходить в кино по будням: исследование за третий квартал",
	"Онлайн-кинотеатр «Волна» закрывает бесплатный тариф",
	"Аниматоры из Хабаровска получили заказ на полный метр",
	"Деловая программа форума: от рибейтов до страхования трюков",
	"Кинопарк на Сахалине принял первую съёмочную группу",
}

var standfirsts = []string{
	"За четыре дня картину посмотрели 620 тысяч человек; средняя наработка на копию — лучшая с начала осени",
	"Бассейн с генератором волн обойдётся в 1,4 млрд рублей и сможет принимать четыре проекта в год",
	"Окно между кинотеатром и платформой составит не меньше 45 дней",
	"",
	"Переговоры заняли два дня, а дубляж закажут сразу на пяти языках",
}

func headlines(from, n int) []Headline {
	sections := []Link{{"Прокат", "/sections/prokat"}, {"Производство", "/sections/proizvodstvo"}, {"Фестивали", "/sections/festivali"}}
	list := make([]Headline, n)
	for i := range list {
		k := (from + i) % len(titles)
		list[i] = Headline{Title: titles[k], URL: "https://kino.example/articles/" + slugOf(k), Language: "ru", Section: sections[k%3],
			Date: morning.Add(-time.Duration(k) * 90 * time.Minute), Standfirst: standfirsts[k%5]}
	}
	return list
}

func slugOf(k int) string { return "novost-" + string(rune('a'+k)) }

func chart(n int) []Headline {
	list := headlines(0, n)
	for i := range list {
		list[i].Reads = int64(1204 - i*57)
	}
	return list
}

func site() Site {
	return Site{Title: "Вестник кино", URL: "https://kino.example", Language: "ru", Location: sakhalin,
		Imprint: Imprint{Publisher: "ООО «Вестник кино»", Address: "693000, Южно-Сахалинск, ул. Ленина, 1", Email: "red@kino.example",
			Age: "16+", Notice: "Перепечатка — с активной ссылкой на источник."}}
}

func banner() *Banner {
	return &Banner{Image: "https://kino.example/assets/banner.png", Link: "https://sponsor.example/forum?from=vestnik&place=top",
		Label: "Реклама", Alt: "Форум кинопроизводства в Южно-Сахалинске, 3–5 декабря"}
}

func page(lang string) Page {
	p := Page{Site: site(), Now: morning, Language: lang, Description: "Новости кинопроката и производства.",
		Canonical: "https://kino.example/",
		Sections: []Link{{"Прокат", "/sections/prokat"}, {"Производство", "/sections/proizvodstvo"}, {"Фестивали", "/sections/festivali"},
			{"Платформы", "/sections/platformy"}},
		Feeds: []FeedLink{{"RSS", "application/rss+xml", "/feed.xml"}, {"Atom", "application/atom+xml", "/feed.atom"},
			{"JSON Feed", "application/feed+json", "/feed.json"}},
		Digests: []Link{{"Самое читаемое", "/digests/daily"}, {"Неделя в кино", "/digests/weekly"}},
		Banner:  banner(), MostRead: headlines(3, 20), MostReadURL: "/most-read"}
	return p
}

func article() *Article {
	return &Article{
		Title: "На Курилах построят павильон для съёмок моря", Standfirst: standfirsts[1] + ", считают в областном правительстве",
		Authors: []Link{{"Марина Осокина", "/authors/marina-osokina"}}, Date: time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC),
		Updated: time.Date(2026, 11, 23, 20, 30, 0, 0, time.UTC), Section: Link{"Производство", "/sections/proizvodstvo"},
		Tags:  []Link{{"Сахалин", "/tags/sahalin"}, {"рибейты", "/tags/ribejty"}, {"павильоны", "/tags/pavilony"}},
		Image: "https://kino.example/assets/photo.png", ImageAlt: "Берег океана в тумане, на камнях камера на штативе", Language: "ru",
		Beacon: "/a/7", Token: "t0ken",
		HTML: template.HTML(`<p>Областное правительство, фонд развития территорий и студия «Маяк» подписали соглашение о строительстве на острове Итуруп павильона с открытым бассейном. Снимать в нём можно будет круглый год: зимой площадку закроет раздвижная крыша, а воду подогреет геотермальная станция в двух километрах от берега.</p>
<p>«До сих пор за морем ездили на <a href="https://example.org/malta">Мальту</a> или в Прибалтику, — говорит директор студии Пётр Лагутин. — У нас есть и настоящее море, и туман, который не надо заказывать. Не хватало места, где волну можно остановить по команде».</p>
<h2>Кто будет снимать</h2>
<p>Первой въедет картина «Тихая гавань. Возвращение»: режиссёру нужны двадцать дней штормовых сцен. О бронировании уже договорились две корейские группы; возврат части расходов для них составит до тридцати процентов.</p>
<blockquote><p>Мы считаем не павильоны, а съёмочные дни. Сто двадцать дней в год — и проект окупает себя за шесть лет.</p></blockquote>
<ul><li>бассейн 60 на 40 метров, глубина до шести;</li><li>генератор волн высотой до двух с половиной метров;</li><li>мастерские, водолазная служба, гостиница на восемьдесят мест.</li></ul>
<p>Строить начнут в мае. Подробности проекта участники обещают раскрыть на деловой программе форума в декабре.</p>`),
	}
}

func edition(n int) EditionView {
	e := EditionView{Digest: "daily", DigestTitle: "Самое читаемое", Subject: subjectOf("ru", "Самое читаемое", titles[0]), Slot: morning,
		From: morning.Add(-24 * time.Hour), Until: morning, Language: "ru", Related: headlines(12, 5), Banner: banner(),
		URL: "https://kino.example/digests/daily/2026-11-24T0800"}
	for i, h := range chart(n) {
		e.Items = append(e.Items, Item{Rank: i + 1, Article: int64(i + 1), Slug: slugOf(i), Title: h.Title, URL: h.URL,
			Standfirst: h.Standfirst, Section: h.Section.Title, Date: h.Date, Reads: h.Reads, Score: float64(h.Reads), Reason: "reads",
			Related: headlines(i+7, 1+i%2)})
	}
	return e
}

// thinEdition has two stories that were read and four that fill it up.
func thinEdition() EditionView {
	e := edition(6)
	for i := range e.Items[2:] {
		e.Items[2+i].Reads, e.Items[2+i].Reason = 0, ReasonFill
	}
	return e
}

func digestLetter(lang string, n int) DigestLetter {
	return DigestLetter{Site: site(), Language: lang, Edition: edition(n),
		Leave:       "https://kino.example/unsubscribe/LeaveLeaveLeaveLeaveLeaveLeaveLeaveLeave0",
		Preferences: "https://kino.example/preferences/PreferencesPreferencesPreferencesPrefere0"}
}

func confirmLetter(lang string) ConfirmLetter {
	return ConfirmLetter{Site: site(), Language: lang, Digest: "Самое читаемое", Hours: 48,
		Confirm: "https://kino.example/confirm/ConfirmConfirmConfirmConfirmConfirmConfir",
		NotMe:   "https://kino.example/not-me/NotMeNotMeNotMeNotMeNotMeNotMeNotMeNotMe"}
}

func mailbox(lang string, open int) Page {
	p := page(lang)
	from := "Вестник кино <digest@kino.example>"
	lead := edition(20).Lead(lang)
	for i, to := range []string{"anna@example.org", "boris@example.org", "claire@example.net", "dmitri@example.com"} {
		p.Mailbox = &Mailbox{Letters: append(p.Letters(), MailboxLetter{ID: i + 1, URL: "/demo/mailbox/" + string(rune('1'+i)), From: from, To: to,
			Subject: subjectOf(lang, "Самое читаемое", titles[i]), At: morning.Add(time.Duration(-i) * 5 * time.Hour), Preheader: lead})}
	}
	if open > 0 {
		l := p.Mailbox.Letters[open-1]
		l.HTMLURL, l.TextURL, l.SourceURL = "letter-digest-"+lang+".html", "letter-digest-"+lang+".txt", "letter-digest-"+lang+".txt"
		l.Headers = []Link{{"From", from}, {"To", l.To}, {"Subject", l.Subject}, {"Message-ID", "<digest-7-1@kino.example>"},
			{"List-Unsubscribe", "<https://kino.example/unsubscribe/abcdefghijklmnopqrstuvwxyz234567abcdefgh>"},
			{"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"}, {"Auto-Submitted", "auto-generated"}}
		l.Text = "Самое читаемое\n\n 1. Заголовок\n"
		p.Letter = &l
	}
	return p
}

// feedEntry is a feed under that address with the headlines from there on.
func feedEntry(title, path string, from int, articles int64) FeedEntry {
	base := "https://kino.example" + path
	e := FeedEntry{Title: title, Home: path, Articles: articles, Updated: morning.Add(-time.Duration(from) * time.Hour), Preview: headlines(from, 3)}
	if path == "" {
		e.Home = "/"
	}
	for _, f := range [][3]string{{"RSS", "application/rss+xml", "feed.xml"}, {"Atom", "application/atom+xml", "feed.atom"},
		{"JSON Feed", "application/feed+json", "feed.json"}} {
		e.Links = append(e.Links, FeedLink{Title: f[0], Type: f[1], URL: base + "/" + f[2]})
	}
	for _, r := range []string{"Feedly", "Inoreader", "NewsBlur", "The Old Reader", "Feedbin"} {
		e.Readers = append(e.Readers, Link{r, "https://" + slug(r) + ".example/?add=" + url.QueryEscape(base+"/feed.xml")})
	}
	return e
}

func slug(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }

// catalogue holds a feed of each kind, and hundreds of tags.
func catalogue(lang string) *FeedCatalogue {
	read := feedEntry(Text(lang, "feed_most_read_7d"), "/most-read", 2, 0)
	read.Updated = time.Time{}
	old := feedEntry("Архив журнала", "/sections/arhiv", 9, 1)
	old.Text, old.Preview, old.Readers = Text(lang, "feed_ends"), nil, nil
	c := &FeedCatalogue{OPML: "/opml.xml", Groups: []FeedGroup{
		{"site", []FeedEntry{feedEntry("Вестник кино", "", 0, 10431)}},
		{"sections", []FeedEntry{feedEntry("Прокат", "/sections/prokat", 3, 4122), feedEntry("Производство", "/sections/proizvodstvo", 6, 1021), old}},
		{"most_read", []FeedEntry{feedEntry(Text(lang, "feed_most_read_24h"), "/most-read", 4, 20), read}},
		{"digests", []FeedEntry{feedEntry("Самое читаемое", "/digests/daily", 1, 30), feedEntry("Неделя в кино", "/digests/weekly", 7, 3)}},
		{"authors", []FeedEntry{feedEntry("Марина Осокина", "/authors/marina-osokina", 1, 212), feedEntry("Пётр Лагутин", "/authors/petr-lagutin", 1, 1)}},
		{Kind: "tags"}}}
	for i, title := range titles {
		c.Groups[5].Feeds = append(c.Groups[5].Feeds, feedEntry(string([]rune(title)[:6+i]), "/tags/"+slugOf(i), i, int64(40-i)))
	}
	return c
}

var english = []string{
	"A pavilion for filming the sea will rise on the Kurils",
	"“Northern Wind” opens above forecasts and overtakes both family premieres",
	"Sound editors name the nominees for their yearly award",
	"The Yakut drama “Ice Crust” sells to twelve countries in two days of talks at the Busan market",
	"Cinemas ask to keep their property-tax relief until the end of next year",
	"Restorers find the whole of “Bird Island”, lost since 1929",
	"Animators from Khabarovsk win their first feature",
	"Short-film festival in Vladivostok moves to March",
	"Screenwriters and platforms agree on residuals",
	"A school for underwater camera operators opens its doors",
}

var englishStandfirsts = []string{
	"The pool with its wave machine will cost 1.4 billion roubles and take four productions a year",
	"620,000 people saw it in four days; the average per print is the best since autumn began",
	"",
	"Negotiations took two days, and dubbing is ordered in five languages at once",
}

// richEdition has everything that an edition can have, in a layout and a language.
func richEdition(lang, layout string) EditionView {
	e := edition(0)
	e.Language, e.Layout, e.Related = lang, layout, headlines(12, 4)
	e.DigestTitle = map[string]string{"ru": "Самое читаемое", "en": "Most read"}[lang]
	e.Note = map[string]string{
		"ru": "Вчера все говорили о море, которого ещё нет: павильон на Итурупе обсуждали даже те, кто никогда не снимал воду.\n\nМы собрали, что известно о стройке, и отдельно рассказываем о находке реставраторов.",
		"en": "Yesterday everybody talked about a sea that does not exist yet: the pavilion on Iturup was discussed even by people who have never filmed water.\n\nWe have gathered what is known of the building, and tell the restorers’ find apart."}[lang]
	e.Blocks = []Block{{Rank: "reads"}, {Rank: "editors"}, {Rank: "latest", Title: map[string]string{"ru": "Прокат", "en": "Distribution"}[lang], Section: "prokat"}, {Rank: "fill"}}
	pictures := []string{"pavilon-nol", "gagara-prikvel", "zarevoy-pervyy-pavilon", "kinobus-talnikovskiy", "plyonka-vozvraschaetsya", "cartographers-daughter-wins"}
	for i := range 12 {
		h := headlines(i, 1)[0]
		if i == 0 || i == 1 { // the pavilion leads
			h = headlines(1-i, 1)[0]
		}
		if lang == "en" {
			h.Title, h.Standfirst, h.Section.Title = english[i%10], englishStandfirsts[i%4], []string{"Production", "Distribution", "Festivals"}[i%3]
		}
		it := Item{Rank: i + 1, Article: int64(i + 1), Slug: slugOf(i), Title: h.Title, URL: h.URL, Standfirst: h.Standfirst, Section: h.Section.Title,
			Date: h.Date, Minutes: 2 + i%5, Reason: ReasonReads, Reads: int64(1204 - i*97), Block: []int{0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3}[i]}
		if i%3 != 2 {
			it.Image, it.ImageAlt = "https://kino.example/pictures/"+pictures[i%6]+".jpg", map[string]string{"ru": "Рисунок к материалу", "en": "Drawing"}[lang]
		}
		if i%4 == 0 {
			it.Related = related(lang, i+3, 2)
		}
		if i == 1 {
			it.Story = related(lang, 6, 2)
		}
		switch it.Block {
		case 1:
			it.Reason, it.Reads = ReasonEditors, 0
		case 2:
			it.Reason, it.Reads = ReasonLatest, 0
		case 3:
			it.Reason, it.Reads = ReasonFill, 0
		}
		e.Items = append(e.Items, it)
	}
	e.Items[2].Reason, e.Items[2].Reads = ReasonEditors, 0 // pinned among the most read
	e.Items[0].Opening = Opening(map[string]string{
		"ru": "Областное правительство, фонд развития территорий и студия «Маяк» подписали соглашение о строительстве на острове Итуруп павильона с открытым бассейном. Снимать в нём можно будет круглый год: зимой площадку закроет раздвижная крыша, а воду подогреет геотермальная станция в двух километрах от берега.\n\n«До сих пор за морем ездили на Мальту или в Прибалтику, — говорит директор студии Пётр Лагутин. — У нас есть и настоящее море, и туман, который не надо заказывать. Не хватало места, где волну можно остановить по команде».",
		"en": "The regional government, the development fund and the studio Mayak have signed an agreement to build a pavilion with an open pool on the island of Iturup. It can be used all the year round: in winter a sliding roof closes over the stage, and a geothermal station two kilometres from the shore warms the water.\n\n“Until now people went to Malta or the Baltic for a sea,” says the studio’s head, Pyotr Lagutin. “We have a real one, and fog that nobody needs to order. What was missing was a place where a wave stops on command.”"}[lang])
	e.Related = related(lang, 3, 4)
	e.Subject = SubjectLine("", lang, e)
	return e
}

func related(lang string, from, n int) []Headline {
	list := headlines(from, n)
	for i := range list {
		list[i].Language = lang
		if lang == "en" {
			list[i].Title = english[(from+i)%10]
		}
	}
	return list
}

// correctedEdition is the second revision of another.
func correctedEdition(e EditionView) EditionView {
	e.Revision, e.Corrected = 2, morning.Add(95*time.Minute)
	e.Correction = map[string]string{"ru": "В первой версии письма говорилось, что генератор волн стоит 1,4 млрд рублей. Столько стоит весь бассейн.",
		"en": "The first version of this letter said that the wave machine costs 1.4 billion roubles. That is the price of the whole pool."}[e.Language]
	return e
}

// oneArticle is an edition that brings one article.
func oneArticle(lang string, full bool) EditionView {
	e := richEdition(lang, LayoutLong)
	e.Note, e.Blocks, e.Items, e.Related, e.Banner = "", nil, e.Items[:1], related(lang, 4, 3), nil
	e.Items[0].Reason, e.Items[0].Reads, e.Items[0].Related, e.Items[0].Minutes = ReasonArticle, 0, nil, 4
	e.Article = &LongRead{Authors: []string{map[string]string{"ru": "Марина Осокина", "en": "Marina Osokina"}[lang]}, Minutes: 4}
	if full {
		e.Article.HTML = article().HTML
		if lang == "en" {
			e.Article.HTML = template.HTML(`<p>The regional government, the development fund and the studio Mayak have signed an agreement to build a pavilion with an open pool on the island of Iturup. It can be used all the year round: in winter a sliding roof closes over the stage.</p>
<p>“Until now people went to <a href="https://example.org/malta">Malta</a> or the Baltic for a sea,” says the studio’s head, Pyotr Lagutin. “We have a real one, and fog that nobody needs to order.”</p>
<h2>Who will film there</h2>
<p>The first to move in is “Quiet Harbour. The Return”: its director needs twenty days of storms. Two Korean crews have <a href="/articles/korea">booked already</a>.</p>
<blockquote><p>We do not count pavilions, we count days of filming. A hundred and twenty a year, and it pays for itself in six.</p></blockquote>
<ul><li>a pool of 60 by 40 metres, up to six deep;</li><li>waves of up to two and a half metres;</li><li>workshops, divers, rooms for eighty.</li></ul>
<p>Building begins in May.</p>`)
		}
		e.Article.HTML += template.HTML(`<figure><img src="/pictures/zarevoy-pervyy-pavilon.jpg" alt="` + e.Items[0].ImageAlt + `"><figcaption>` + e.Items[0].Title + `</figcaption></figure>`)
	}
	e.Subject = SubjectLine("", lang, e)
	return e
}

// subjectOf is [SubjectLine] where no template is given.
func subjectOf(lang, digestTitle, topHeadline string) string {
	return SubjectLine("", lang, EditionView{DigestTitle: digestTitle, Items: []Item{{Title: topHeadline}}[:min(1, len(topHeadline))]})
}

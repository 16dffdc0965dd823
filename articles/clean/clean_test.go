package clean

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

func address(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestHTML(t *testing.T) {
	base := address(t, "https://kino.example/articles/klaster")
	for _, test := range []struct{ name, in, want string }{
		{"relative link", `<p><a href="../about">x</a></p>`, `<p><a href="https://kino.example/about">x</a></p>`},
		{"own fragment", `<p><a href="#n1">1</a></p><p id="n1">y</p>`, `<p><a href="https://kino.example/articles/klaster#a-n1">1</a></p><p id="a-n1">y</p>`},
		{"mailto", `<a href="mailto:red@kino.example">x</a>`, `<a href="mailto:red@kino.example">x</a>`},
		{"script link", `<a href="javascript:alert(1)">x</a>`, `x`},
		{"script link with a line break", "<a href=\"java\nscript:alert(1)\">x</a>", `x`},
		{"script link by entities", `<a href="&#106;avascript&colon;alert(1)">x</a>`, `x`},
		{"data link", `<a href="data:text/html,x">x</a>`, `x`},
		{"misleading user", `<a href="https://bank.example@evil.example/">x</a>`, `<a href="https://evil.example/">x</a>`},
		{"domain in Cyrillic", `<a href="https://кино.рф/новости">x</a>`, `<a href="https://xn--h1adke.xn--p1ai/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8">x</a>`},
		{"target and rel", `<a href="https://a.example/" target="_blank" rel="noopener sponsored" onclick="x()">x</a>`, `<a href="https://a.example/" rel="sponsored">x</a>`},
		{"picture", `<img src="/i/1.jpg" alt="Кадр" width="640" height="360" onerror="x()" style="x">`, `<img src="https://kino.example/i/1.jpg" alt="Кадр" width="640" height="360" loading="lazy"/>`},
		{"picture set", `<img src="a.jpg" srcset="a.jpg 1x, b,c.jpg 2x, javascript:x 3x" sizes="100vw">`,
			`<img src="https://kino.example/articles/a.jpg" alt="" srcset="https://kino.example/articles/a.jpg 1x, https://kino.example/articles/b,c.jpg 2x" sizes="100vw" loading="lazy"/>`},
		{"lazy picture", `<img src="data:image/gif;base64,R0lG" data-src="/real.jpg">`, `<img src="https://kino.example/real.jpg" alt="" loading="lazy"/>`},
		{"picture without script", `<noscript><img src="/real.jpg"></noscript>`, `<img src="https://kino.example/real.jpg" alt="" loading="lazy"/>`},
		{"picture element", `<picture><source srcset="x.webp"><img src="x.jpg"></picture>`, `<img src="https://kino.example/articles/x.jpg" alt="" loading="lazy"/>`},
		{"tracking pixel", `<p>a<img src="https://t.example/p.gif" width="1" height="1"></p>`, `<p>a</p>`},
		{"figure", `<figure><img src="/1.jpg" alt="a"><figcaption>Кадр</figcaption></figure>`, `<figure><img src="https://kino.example/1.jpg" alt="a" loading="lazy"/><figcaption>Кадр</figcaption></figure>`},
		{"youtube", `<iframe src="//www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0" title="Трейлер"></iframe>`, `<p><a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ">▶ Трейлер</a></p>`},
		{"other frame", `<p>a <iframe src="https://maps.example/x"></iframe></p>`, `<p>a <a href="https://maps.example/x">▶ maps.example</a></p>`},
		{"video", `<video poster="/p.jpg" controls><source src="/v.mp4">old</video>`, `<p><a href="https://kino.example/v.mp4"><img src="https://kino.example/p.jpg" alt="" loading="lazy"/></a></p>`},
		{"object", `<object><p>fallback</p></object>`, `<p>fallback</p>`},
		{"form", `<form action="/x"><p>a</p><input name="p"><button>b</button></form>`, `<div><p>a</p></div>`},
		{"script, style, comment", `<!-- c --><style>p{}</style><script>x()</script><p style="color:red" class="x">a</p>`, `<p>a</p>`},
		{"svg", `<svg><script>x()</script><a xlink:href="javascript:x()">y</a></svg><p>a</p>`, `<p>a</p>`},
		{"headings", `<h1>a</h1><h2>b</h2>`, `<h2>a</h2><h2>b</h2>`},
		{"sections", `<section>a</section><section>b</section><span>c</span>`, `<div>a</div><div>b</div>c`},
		{"empty paragraphs", `<p>a</p><p>&nbsp;</p><p><span></span></p><p><img src="/1.jpg"></p>`, `<p>a</p><p><img src="https://kino.example/1.jpg" alt="" loading="lazy"/></p>`},
		{"table", `<table border=1><tr><th scope=col>a<td colspan=2 onclick=x>b</table>`, `<table><tbody><tr><th scope="col">a</th><td colspan="2">b</td></tr></tbody></table>`},
		{"list", `<ol start="3"><li value=5>a</ol>`, `<ol start="3"><li value="5">a</li></ol>`},
		{"code", "<pre><code>if a &lt; b {\n\tx\n}</code></pre>", "<pre><code>if a &lt; b {\n\tx\n}</code></pre>"},
		{"unclosed", `<p>a<b>b`, `<p>a<b>b</b></p>`},
		{"control characters", "<p>a\x00b\x0bc&#1;d&#xFFFF;e\xffё</p>", `<p>abcdeё</p>`},
		{"lone surrogates", "<p>a\xed\xa0\x80b&#xD800;c&#0;d</p>", "<p>abcd</p>"},
		{"quote", `<blockquote cite="/src">a</blockquote>`, `<blockquote cite="https://kino.example/src">a</blockquote>`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := HTML(test.in, base, true)
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// Readers of feeds show the text far from its page: no address in it may be relative, whatever the attribute.
func TestEveryAddressIsAbsolute(t *testing.T) {
	base := address(t, "https://kino.example/articles/klaster")
	for in, want := range map[string]string{
		`<a href="//cdn.example/x">x</a>`:                                `<a href="https://cdn.example/x">x</a>`,
		`<a href="?p=2">x</a>`:                                           `<a href="https://kino.example/articles/klaster?p=2">x</a>`,
		`<base href="https://evil.example/"><a href="y" ping="/t">x</a>`: `<a href="https://kino.example/articles/y">x</a>`,
		`<a href="https:/x">x</a><a href="tel:+7">y</a>`:                 `xy`,
		`<img srcset="/a.webp 320w, //b.example/b.webp 640w">`: `<img src="https://kino.example/a.webp" alt="" ` +
			`srcset="https://kino.example/a.webp 320w, https://b.example/b.webp 640w" loading="lazy"/>`,
		`<img src="a.jpg" longdesc="/x" usemap="#m" lowsrc="/y">`: `<img src="https://kino.example/articles/a.jpg" alt="" loading="lazy"/>`,
		`<object data="/film.pdf"><p>Film</p></object>`:           `<p><a href="https://kino.example/film.pdf">▶ kino.example</a></p>`,
		`<object><embed src="/f.mp4"></object>`:                   `<p><a href="https://kino.example/f.mp4">▶ kino.example</a></p>`,
		`<audio><source src="a.mp3"></audio>`:                     `<p><a href="https://kino.example/articles/a.mp3">▶ kino.example</a></p>`,
		`<iframe src="/map/1"></iframe>`:                          `<p><a href="https://kino.example/map/1">▶ kino.example</a></p>`,
		`<iframe data-src="//maps.example/1"></iframe>`:           `<p><a href="https://maps.example/1">▶ maps.example</a></p>`,
		`<q cite="/a">x</q><del cite="b">y</del><ins cite="mailto:a@b">z</ins>`: `<q cite="https://kino.example/a">x</q>` +
			`<del cite="https://kino.example/articles/b">y</del><ins>z</ins>`,
		`<table background="/x.gif"><tr><td background="y">a</td></tr></table>`: `<table><tbody><tr><td>a</td></tr></tbody></table>`,
		`<map><area href="/x"></map><form action="/x">a</form>`:                 `<div>a</div>`,
	} {
		if got, err := HTML(in, base, true); err != nil || got != want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", in, err, got, want)
		}
	}
}

func TestHTMLOfAForeignArticleLinksIntoItsOriginal(t *testing.T) {
	got, err := HTML(`<p id="x"><a href="#n1">1</a></p>`, address(t, "https://wire.example/a/b"), false)
	if want := `<p><a href="https://wire.example/a/b#n1">1</a></p>`; err != nil || got != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

func TestHTMLRefusesEndlessNesting(t *testing.T) {
	if _, err := HTML(strings.Repeat("<div>", 100_000), nil, false); err == nil {
		t.Error("100,000 nested elements were taken")
	}
}

func TestTextOf(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"paragraphs", "<p>a\n  b</p>\n\n<p>c</p>", "a b\n\nc"},
		{"line break", "<p>a<br>b</p>", "a\nb"},
		{"inline elements", "<p>Кино<b>танц</b> и <a href='x'>др</a>.</p>", "Кинотанц и др."},
		{"list", "<p>a</p><ul><li>b</li><li><p>c</p><p>d</p><ul><li>e</li></ul></li></ul><p>f</p>", "a\n\n• b\n• c\nd\n• e\n\nf"},
		{"table", "<table><tr><td>a</td><td><p>b</p></td></tr><tr><td>c</td></tr></table>", "a · b\nc"},
		{"pre", "<p>x</p><pre>a\n  b\n</pre><p>y</p>", "x\n\na\n  b\n\ny"},
		{"no-break space", "<p>№&nbsp;5</p>", "№\u00a05"},
		{"figure", "<figure><img src=x alt=y><figcaption>Кадр</figcaption></figure><p>a</p>", "Кадр\n\na"},
		{"entities", "<p>a &lt;b&gt; &amp;amp;</p>", "a <b> &amp;"},
		{"nothing", "<hr><img src=x>", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := TextOf(test.in); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"  На Сахалине\n\tзапустят\u00a0кинокластер ": "На Сахалине запустят\u00a0кинокластер",
		"собрал 214\u00a0млн\u202fрублей\u00a0":       "собрал 214\u00a0млн\u202fрублей",
		"AT&amp;T и &laquo;Кинотавр&raquo;":           "AT&T и «Кинотавр»",
		"<b>Касса</b> четверга<br>итоги":              "Касса четверга итоги",
		"5 < 6 и 7 > 3":                         "5 < 6 и 7 > 3",
		"О <Забытых богах>":                     "О <Забытых богах>",
		"abc\u202Egpj.exe\u2066":                "abcgpj.exe",
		"Мой и\u0306од\u00AD \u200Bздесь\uFEFF": "Мой йод здесь",
		"a\x00b\x07c\xff\uFFFE":                 "abc",
		"x &#1; y":                              "x y",
		"<script>alert(1)</script>":             "",
		"👩‍👩‍👧 семейное кино":                   "👩‍👩‍👧 семейное кино",
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

var allowedAddress = regexp.MustCompile(`^(?:https?://[^\s/]|mailto:)`)

// checkClean walks the sanitised HTML as a browser would parse it, not as we wrote it.
func checkClean(t *testing.T, clean string) {
	t.Helper()
	if !utf8.ValidString(clean) || Text(clean) != clean {
		t.Fatalf("invalid or control characters in %q", clean)
	}
	root, err := parseFragment(clean)
	if err != nil {
		t.Fatalf("the result cannot be parsed: %v", err)
	}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			t.Fatalf("comment in %q", clean)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if !keptSet[n.Data] || n.Namespace != "" {
			t.Fatalf("element %q in %q", n.Data, clean)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "class" {
				t.Fatalf("attribute %s in %q", a.Key, clean)
			}
			if (a.Key == "href" || a.Key == "src" || a.Key == "cite") && !allowedAddress.MatchString(a.Val) {
				t.Fatalf("address %q in %q", a.Val, clean)
			}
			if a.Key == "srcset" && !pictureSet.MatchString(a.Val) {
				t.Fatalf("addresses %q in %q", a.Val, clean)
			}
		}
	}
}

func FuzzHTML(f *testing.F) {
	for _, seed := range []string{
		`<p>a<b>b</i></p>`, `<a href="javascript:x">x</a>`, `<svg><style><img src=x onerror=y></style></svg>`,
		`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
		`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<xmp><script>x</script></xmp>`, `<plaintext><b>`,
		`<form><form><table><td><a><a>`, `<iframe srcdoc="<script>x</script>">`, `<img srcset=", ,a 1x,,b,c 2x (,)">`,
		`<video><source src=//x><p>`, `<select><template><td>`, "<p>\x00&#0;&#xFFFF;", `<pre>` + "\n\n" + `x`, `<textarea></p><b>`,
	} {
		f.Add(seed)
	}
	base := address(f, "https://kino.example/articles/x")
	f.Fuzz(func(t *testing.T, source string) {
		once, err := HTML(source, base, true)
		if err != nil {
			return
		}
		checkClean(t, once)
		twice, err := HTML(once, base, true)
		if err != nil {
			t.Fatalf("the result cannot be sanitised again: %v", err)
		}
		checkClean(t, twice)
		Line(source)
	})
}

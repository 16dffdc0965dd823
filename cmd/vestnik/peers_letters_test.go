//go:build peers

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vestnik/mail/mailtest"
)

// letterDigests is a digest in each layout, in parts, and with a sponsor whose law asks for a mark.
const letterDigests = `
[[digest.block]]
rank = "reads"
count = 20
[[digest.block]]
section = "*"
rank = "latest"
count = 5

[[digest]]
name = "cards"
title = "Кино в картинках"
schedule = "0 8 * * *"
layout = "cards"
min_items = 2

[[digest]]
name = "long"
title = "Длинное чтение"
schedule = "0 8 * * *"
layout = "long"

[[digest]]
name = "film"
title = "Film notes"
schedule = "0 8 * * *"
language = "en"
approve = true
editors = ["editor@example.org"]

[[banner]]
name = "sponsor"
image = "https://kino.example/b.png"
link = "https://sponsor.example/?from=kino"
label = "Реклама"
erid = "2VtzqxKino1"
advertiser = "ООО «Киноплёнка»"
alt = "Киноплёнка оптом и в розницу"
place = ["page", "letter"]

[imprint]
publisher = "ООО «Киновестник»"
address = "693000, Южно-Сахалинск, ул. Ленина, 1"
email = "red@kino.example"
age = "16+"
notice = "На сайте применяются рекомендательные технологии: https://kino.example/rules"
`

// TestPeersJudgeTheLetters sends a newsroom's letters, digests in every layout, one article, a confirmation and what editors are asked, in
// Russian and English, and has programs that are not ours judge the bytes that arrived: two parsers, a filter of spam, a validator of HTML, the
// tables of what mail programs support, axe-core in Chromium, and lynx.
func TestPeersJudgeTheLetters(t *testing.T) {
	files := arrivedLetters(t)
	if len(files) < 12 {
		t.Fatalf("only %d letters arrived: %v", len(files), files)
	}
	html := map[string]string{}
	for name, file := range files {
		t.Run(name, func(t *testing.T) {
			comparePeerParsers(t, file)
			python := decode(t, exec.Command("python3", "testdata/decode.py", file))
			raw := filepath.Join(filepath.Dir(file), name+".html")
			if err := os.WriteFile(raw, []byte(python.HTML), 0o644); err != nil {
				t.Fatal(err)
			}
			html[name] = raw
			judgeSize(t, file, python.HTML)
			judgeSpam(t, file, python.HTML)
			judgeLinks(t, raw, python)
		})
	}
	judgeHTML(t, html)
	judgeBarriers(t, html)
}

// arrivedLetters are the letters of the newsroom as they came over the wire, by the name of their kind and language.
func arrivedLetters(t *testing.T) map[string]string {
	relay, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { relay.Close() })
	n := newNewsroom(t, relay.URL())
	n.env = append(n.env, "VESTNIK_READS_LEAST=1")
	config, err := os.ReadFile(filepath.Join(n.dir, "vestnik.toml"))
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(config), "# [[digest]]")
	rest = regexp.MustCompile(`(?m)^\[imprint\][^\[]*`).ReplaceAllString(rest, "")
	n.write("vestnik.toml", head+letterDigests+"\n# [[digest]]"+rest)
	n.articlesForLetters()
	n.write("list.csv", "email,name,language,digests,status\nru@example.org,,ru,daily cards long,active\nen@example.org,,en,daily cards long,active\n")
	n.run("subscribers", "import", "list.csv", "--basis", "test")
	n.serve()
	for _, digest := range []string{"daily", "cards", "long"} {
		n.run("digest", "send", digest)
	}
	n.run("digest", "send", "daily", "--article", "bolshoi-razgovor")
	n.run("digest", "send", "film", "--extra") // waits for an editor, who is asked by mail
	n.run("subscribers", "add", "new@example.org", "--digest", "daily")
	n.run("subscribers", "add", "new@example.org", "--digest", "film")
	const letters = 2*4 + 2 + 1
	until(t, 90*time.Second, "the letters arrive", func() bool { return relay.Received() >= letters })
	n.run("digest", "correct", "cards", "--note", "В заголовке была ошибка: премьера 5 декабря.", "--title", "novost-1=Премьера перенесена на 5 декабря")
	until(t, 90*time.Second, "the letters about the correction arrive", func() bool { return relay.Received() >= letters+2 })
	files := map[string]string{}
	dir := t.TempDir()
	for _, m := range relay.Messages() {
		name := letterName(m)
		for files[name] != "" {
			name += "+"
		}
		files[name] = filepath.Join(dir, name+".eml")
		if err := os.WriteFile(files[name], m.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// letterName says what a letter is: its digest, or "post", and who got it.
func letterName(m mailtest.Message) string {
	kind := "post"
	if id := regexp.MustCompile(`(?si)\r\nList-Id: [^<]*<([a-z-]+)\.`).FindSubmatch(m.Data); id != nil {
		kind = string(id[1])
	}
	to, _, _ := strings.Cut(m.To[0], "@")
	return kind + "-" + to
}

// articlesForLetters brings in what the digests are made of: many stories in three sections, with pictures, one of them long.
func (n *newsroom) articlesForLetters() {
	for i := range 24 {
		section := []string{"Прокат", "Фестивали", "Индустрия"}[i%3]
		n.write(fmt.Sprintf("more/novost-%d.md", i), fmt.Sprintf("---\nslug: novost-%d\ntitle: Новость номер %d о том, что сняли на острове\nsection: %s\nimage: https://kino.example/p/%d.jpg\nimage_alt: Кадр %d\ndate: %s\nstandfirst: Съёмки заняли %d дней, и группа «Севера» вернулась домой.\n---\nТекст новости номер %d.\n",
			i, i, section, i, i, time.Now().Add(-time.Duration(i+1)*30*time.Minute).Format(time.RFC3339), i+2, i))
	}
	text := strings.Repeat("Разговор шёл о том, как снимать кино вдали от столиц, и кому оно там нужно. ", 12) + "\n\n"
	n.write("more/bolshoi-razgovor.md", fmt.Sprintf("---\nslug: bolshoi-razgovor\ntitle: Большой разговор с оператором\nauthor: Анна Перова\nsection: Индустрия\nimage: https://kino.example/p/r.jpg\nimage_alt: Оператор за камерой\ndate: %s\nstandfirst: О свете, ветре и терпении.\n---\n%s\n> Свет здесь другой.\n\n- первое\n- второе\n\n## О ветре\n\n%s",
		time.Now().Add(-20*time.Minute).Format(time.RFC3339), strings.Repeat(text, 6), strings.Repeat(text, 6)))
	n.run("articles", "import", "more")
}

// comparePeerParsers has two parsers read a letter, Python's by its strict policy.
func comparePeerParsers(t *testing.T, file string) {
	t.Helper()
	strict := exec.Command("python3", "-c", `
import email, email.policy, sys
m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.strict + email.policy.SMTP)
assert m.is_multipart() and not m.defects, m.defects
for part in m.walk():
    assert not part.defects, part.defects
    if not part.is_multipart(): part.get_content()
for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version"):
    assert len(m.get_all(name)) == 1, name
for line in open(sys.argv[1], "rb").read().split(b"\r\n"):
    assert len(line) <= 998 and all(c < 128 for c in line), line[:80]
`, file)
	if out, err := strict.CombinedOutput(); err != nil {
		t.Errorf("Python's email by its strict policy: %v\n%s", err, out)
	}
	python := decode(t, exec.Command("python3", "testdata/decode.py", file))
	node := exec.Command("node", "testdata/decode.js", file)
	node.Env = append(os.Environ(), "NODE_PATH="+peerModules())
	other := decode(t, node)
	if python.Subject != other.Subject || python.Text != other.Text || python.HTML != other.HTML {
		t.Errorf("Python's email and npm's mailparser differ: %.200q and %.200q", python.Subject+python.Text, other.Subject+other.Text)
	}
}

func peerModules() string { return filepath.Join(cacheDir(), "vestnik-test-tools", "node_modules") }

// clip is where Gmail cuts a letter off, less a reserve.
const clip = 90 << 10

func judgeSize(t *testing.T, file, html string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(html) > clip {
		t.Errorf("the HTML has %d bytes, more than %d", len(html), clip)
	}
	t.Logf("%d bytes of HTML, the letter %d", len(html), len(raw))
}

var spamScore = regexp.MustCompile(`(?m)^X-Spam-Status: .*?score=(-?[0-9.]+)`)

// judgeSpam has SpamAssassin judge a letter by its own rules alone, without the network.
func judgeSpam(t *testing.T, file, html string) {
	t.Helper()
	letter, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer letter.Close()
	cmd := exec.Command("spamassassin", "-L", "-t")
	cmd.Stdin = letter
	out, err := cmd.Output()
	score := spamScore.FindSubmatch(out)
	if err != nil || score == nil {
		t.Fatalf("spamassassin: %v\n%.300s", err, out)
	}
	limit := 1.0
	if strings.Contains(html, `lang="ru"`) {
		limit = 2
	}
	if points, _ := strconv.ParseFloat(string(score[1]), 64); points >= limit {
		t.Errorf("SpamAssassin gives %s points, and fewer than %v are wanted:\n%.1500s", score[1], limit, out[max(0, len(out)-1500):])
	}
}

var textLink = regexp.MustCompile(`(?:https?://|mailto:)[^\s<>»"]+`)

// judgeLinks compares the links that lynx finds in the HTML with those of the text part, which has them in the same order. The text has the
// sponsor's and the site's in words, and an address of the imprint may stand in it as a word.
func judgeLinks(t *testing.T, html string, d decoded) {
	t.Helper()
	out, err := exec.Command("lynx", "-dump", "-listonly", "-nonumbers", "-hiddenlinks=ignore", "-display_charset=utf-8", "-assume_charset=utf-8", html).Output()
	if err != nil {
		t.Fatalf("lynx: %v", err)
	}
	once := func(found []string) (links []string) {
		for _, link := range found {
			link = strings.TrimRight(link, ".,;:)")
			if !slices.Contains(links, link) && !strings.HasPrefix(link, "mailto:") {
				links = append(links, link)
			}
		}
		return links
	}
	want, got := once(textLink.FindAllString(string(out), -1)), once(textLink.FindAllString(d.Text, -1))
	for i := range want {
		want[i] = strings.TrimSuffix(want[i], "/")
	}
	for i := range got {
		got[i] = strings.TrimSuffix(got[i], "/")
	}
	if len(want) < 2 || !slices.Equal(want, got) {
		t.Errorf("the links of the HTML by lynx:\n%s\nand of the text:\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// judgeHTML has html-validate and the tables of caniemail.com judge the HTML parts.
func judgeHTML(t *testing.T, html map[string]string) {
	var files []string
	for _, file := range html {
		files = append(files, file)
	}
	cmd := exec.Command("node", append([]string{"testdata/peers/letters.mjs"}, files...)...)
	cmd.Env, cmd.Stderr = append(os.Environ(), "MODULES="+peerModules()), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("letters.mjs: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		var report struct {
			File   string
			Faults []string
			Score  float64
			Worst  []any
		}
		if err := json.Unmarshal([]byte(line), &report); err != nil {
			t.Fatal(err)
		}
		if len(report.Faults) > 0 {
			t.Errorf("%s: html-validate: %s", filepath.Base(report.File), strings.Join(report.Faults, "\n"))
		}
		if report.Score < 95 {
			t.Errorf("%s: mail programs support %.1f %% of it, and 95 are wanted; the worst: %v", filepath.Base(report.File), report.Score, report.Worst)
		}
		t.Logf("%s: caniemail %.1f", filepath.Base(report.File), report.Score)
	}
}

// judgeBarriers opens each HTML part in Chromium, light and dark, wide and narrow, and has axe-core look at it.
func judgeBarriers(t *testing.T, html map[string]string) {
	script, err := os.ReadFile(filepath.Join(peerModules(), "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("npm's axe-core is not installed: run scripts/install-peers.sh: %v", err)
	}
	v := newGuest(t, true, false)
	for name, file := range html {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) }))
		v.open(server.URL)
		v.audit(string(script), "letter "+name)
		server.Close()
	}
}

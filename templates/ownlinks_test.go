package templates

import (
	"html/template"
	"testing"
)

func TestLinksOfAMailedTextToTheSiteSayWhereAVisitComesFrom(t *testing.T) {
	for body, want := range map[string]string{
		`<p>Ту <a href="https://kino.example/articles/a">статью</a> &amp; <b>эту</b></p>`: `<p>Ту <a href="https://kino.example/articles/a?utm_medium=email">статью</a> &amp; <b>эту</b></p>`,
		`<a href="https://kino.example/search?q=1#x">x</a>`:                               `<a href="https://kino.example/search?q=1&amp;utm_medium=email#x">x</a>`,
		`<a href="https://kino.example.org/a">x</a><a href="mailto:a@kino.example">y</a>`: `<a href="https://kino.example.org/a">x</a><a href="mailto:a@kino.example">y</a>`,
		`<img src="https://kino.example/a.jpg" alt="&lt;a href=">`:                        `<img src="https://kino.example/a.jpg" alt="&lt;a href=">`,
	} {
		if got := string(taggedHTML(template.HTML(body), "https://kino.example", "utm_medium=email")); got != want {
			t.Errorf("%s\n  becomes %s\n  want    %s", body, got, want)
		}
	}
}

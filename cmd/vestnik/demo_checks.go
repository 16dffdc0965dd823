package main

import (
	"context"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"

	"vestnik/articles"
	"vestnik/digest"
	"vestnik/mail"
	"vestnik/mail/mailtest"
	"vestnik/reads"
)

// A promise is one row of demo --once: what must be, and what the database, the pages and the mailbox say.
type promise struct {
	Name string `json:"promise"`
	Want string `json:"want"`
	Got  string `json:"got"`
	Kept bool   `json:"kept"`
}

// check makes the rows. A check that cannot be made is a promise not kept.
func (o *once) check(ctx context.Context) []promise {
	var rows []promise
	for _, c := range []struct {
		name string
		make func(context.Context) (want, got string, err error)
	}{
		{"articles are published", o.checkArticles},
		{"every article has its page", o.checkPages},
		{"feeds hold what is published, and cost nothing twice", o.checkFeeds},
		{"a visitor counts once a day", o.checkReads},
		{"what must not count is filtered, by reason", o.checkFiltered},
		{"most read is what was read most", o.checkMostRead},
		{"who joined by the form has confirmed", o.checkJoined},
		{"a slot makes one edition", o.checkEditions},
		{"related news stand in the edition", o.checkRelated},
		{"every subscriber got one letter, nobody else any", o.checkLetters},
		{"letters hold text, HTML and one-click headers", o.checkParts},
		{"who left gets nothing more", o.checkLeft},
		{"the ledger adds up, and agrees with the mailbox", o.checkBalance},
	} {
		want, got, err := c.make(ctx)
		if err != nil {
			got = err.Error()
		}
		rows = append(rows, promise{c.name, want, got, err == nil && want == got})
	}
	return rows
}

func (a *app) printChecks(rows []promise) error {
	failed := 0
	for _, r := range rows {
		if !r.Kept {
			failed++
		}
	}
	err := emit(a, rows,
		column[promise]{title: "", value: func(p promise) any { return map[bool]string{true: "✓", false: "✗"}[p.Kept] }},
		column[promise]{title: "Promise", value: func(p promise) any { return p.Name }},
		column[promise]{title: "Wanted", value: func(p promise) any { return p.Want }, width: 60},
		column[promise]{title: "Found", value: func(p promise) any { return p.Got }, width: 60})
	if err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%s of %d not kept", count(failed, "promise"), len(rows))
	}
	a.say("\nAll %d promises kept.", len(rows))
	return nil
}

func (o *once) checkArticles(ctx context.Context) (want, got string, err error) {
	all, err := o.published(ctx)
	return count(o.files, "article"), count(len(all), "article"), err
}

func (o *once) published(ctx context.Context) ([]articles.Article, error) {
	return articles.List(ctx, o.d, articles.Filter{Kind: articles.KindArticle, Limit: 1000})
}

var tags = regexp.MustCompile(`<[^>]*>`)

func (o *once) checkPages(ctx context.Context) (want, got string, err error) {
	all, err := o.published(ctx)
	if err != nil {
		return "", "", err
	}
	good := 0
	for _, x := range all {
		status, body, err := o.http(ctx, http.MethodGet, "/articles/"+url.PathEscape(x.Slug), nil)
		if err != nil {
			return "", "", err
		}
		body = html.UnescapeString(tags.ReplaceAllString(body, ""))
		opening := string([]rune(x.Text)[:min(30, utf8.RuneCountInString(x.Text))])
		if status == http.StatusOK && opening != "" && strings.Contains(body, x.Title) && strings.Contains(body, opening) {
			good++
		}
	}
	return count(len(all), "page"), count(good, "page"), nil
}

// checkFeeds polls each feed again: what it holds must be published under the same ids, and with the validator of the run,
// since when nothing was published, it must cost no body.
func (o *once) checkFeeds(ctx context.Context) (want, got string, err error) {
	all, err := articles.List(ctx, o.d, articles.Filter{Limit: 1000})
	if err != nil {
		return "", "", err
	}
	ids := map[string]bool{}
	for _, x := range all {
		ids[x.GUID] = true
	}
	good, unchanged := 0, 0
	for path, tag := range o.tags {
		_, items, err := o.poll(ctx, path, "")
		if err != nil {
			return "", "", err
		}
		if len(items) > 0 && !slices.ContainsFunc(items, func(i *gofeed.Item) bool { return !ids[i.GUID] }) {
			good++
		}
		if _, items, err := o.poll(ctx, path, tag); err == nil && items == nil {
			unchanged++
		}
	}
	return "3 right, 3 unchanged", fmt.Sprintf("%d right, %d unchanged", good, unchanged), nil
}

// poll fetches a feed; the items are nil when it was not modified.
func (o *once) poll(ctx context.Context, path, etag string) (newTag string, items []*gofeed.Item, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.c.Site.URL+path, nil)
	if err != nil {
		return "", nil, err
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	resp, err := readers.Do(req)
	if err != nil {
		return "", nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified {
		return etag, nil, nil
	}
	feed, err := gofeed.NewParser().Parse(resp.Body)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", path, err)
	}
	return resp.Header.Get("ETag"), feed.Items, nil
}

func (o *once) checkReads(ctx context.Context) (want, got string, err error) {
	planned := 0
	for _, n := range o.visits {
		planned += n
	}
	var counted int
	err = o.d.QueryRowContext(ctx, `SELECT COALESCE(CAST(SUM(n) AS BIGINT), 0) FROM read_hour`).Scan(&counted)
	return count(planned, "read"), count(counted, "read"), err
}

func (o *once) checkFiltered(ctx context.Context) (want, got string, err error) {
	now := time.Now()
	found, err := reads.Filtered(ctx, o.d, now.Add(-48*time.Hour), now.Add(time.Hour))
	counted := map[string]int{}
	for _, f := range found {
		counted[f.Reason] = int(f.N)
	}
	return reasons(o.filtered), reasons(counted), err
}

func reasons(n map[string]int) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, fmt.Sprintf("%s %d", reason, n[reason]))
	}
	return strings.Join(parts, ", ")
}

func (o *once) checkMostRead(ctx context.Context) (want, got string, err error) {
	slugs := slices.SortedFunc(maps.Keys(o.visits), func(a, b string) int { return o.visits[b] - o.visits[a] })
	var top []string
	for _, i := range o.first.View.Items[:min(5, len(o.first.View.Items))] {
		top = append(top, i.Slug)
	}
	now := time.Now()
	ranked, err := reads.Top(ctx, o.d, reads.Query{From: now.Add(-24 * time.Hour), To: now, By: "reads", Limit: 5})
	if err != nil {
		return "", "", err
	}
	var found []string
	for _, r := range ranked {
		x, err := articles.Get(ctx, o.d, r.Article)
		if err != nil {
			return "", "", err
		}
		found = append(found, x.Slug)
	}
	if !slices.Equal(top, found) {
		return strings.Join(top, ", "), strings.Join(found, ", "), nil
	}
	return strings.Join(slugs[:5], ", "), strings.Join(found, ", "), nil
}

func (o *once) checkJoined(ctx context.Context) (want, got string, err error) {
	active, err := o.audience(ctx)
	confirmed := 0
	for _, address := range o.joined {
		if active[address] || address == o.left {
			confirmed++
		}
	}
	return fmt.Sprintf("%d confirmed", len(o.joined)), fmt.Sprintf("%d confirmed", confirmed), err
}

func (o *once) checkEditions(ctx context.Context) (want, got string, err error) {
	all, err := digest.Editions(ctx, o.d, "daily", 0)
	slots := map[string]int{}
	for _, e := range all {
		slots[e.Slot.Name()]++
	}
	return "2 editions of 2 slots, again: already published", fmt.Sprintf("%d editions of %d slots, again: %s", len(all), len(slots), o.secondly), err
}

func (o *once) checkRelated(ctx context.Context) (want, got string, err error) {
	e, err := digest.FindEdition(ctx, o.d, "daily", o.first.Slot.Name())
	return "5 headlines", count(len(e.View.Related), "headline"), err
}

// checkLetters compares the mailbox with the subscribers of today and who left since.
func (o *once) checkLetters(ctx context.Context) (want, got string, err error) {
	active, err := o.audience(ctx)
	if err != nil {
		return "", "", err
	}
	active[o.left] = true
	copies := map[string]int{}
	for _, msg := range o.digestLetters(o.first.ID) {
		copies[strings.ToLower(msg.To[0])]++
	}
	right, wrong := 0, 0
	for address, n := range copies {
		if active[address] && n == 1 {
			right++
		} else {
			wrong++
		}
	}
	return fmt.Sprintf("%s, 0 wrong", count(len(active), "letter")), fmt.Sprintf("%s, %d wrong", count(right, "letter"), wrong), nil
}

func (o *once) checkParts(ctx context.Context) (want, got string, err error) {
	all := o.digestLetters(o.first.ID)
	good := 0
	for _, msg := range all {
		p, err := msg.Parse()
		if err != nil {
			return "", "", err
		}
		top := o.first.View.Items[0].Title
		oneClick := strings.HasPrefix(p.Header.Get("List-Unsubscribe"), "<http") && p.Header.Get("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
		if oneClick && strings.Contains(p.Text, top) && strings.Contains(html.UnescapeString(p.HTML), top) {
			good++
		}
	}
	return count(max(len(all), 1), "letter"), count(good, "letter"), nil
}

func (o *once) checkLeft(ctx context.Context) (want, got string, err error) {
	active, err := o.audience(ctx)
	if err != nil {
		return "", "", err
	}
	state := "left"
	if active[o.left] {
		state = "subscribed"
	}
	letters := 0
	for _, msg := range o.digestLetters(o.second.ID) {
		if strings.EqualFold(msg.To[0], o.left) {
			letters++
		}
	}
	return "left, 0 letters", fmt.Sprintf("%s, %s", state, count(letters, "letter")), nil
}

func (o *once) checkBalance(ctx context.Context) (want, got string, err error) {
	var wanted, found []string
	for _, edition := range []int64{o.first.ID, o.second.ID} {
		v, err := mail.Verify(ctx, o.d, edition)
		if err != nil {
			return "", "", err
		}
		var recipients int64
		if err := o.d.QueryRowContext(ctx, `SELECT recipients FROM editions WHERE id = $1`, edition).Scan(&recipients); err != nil {
			return "", "", err
		}
		wanted = append(wanted, fmt.Sprintf("%d = %d sent, %d arrived", recipients, recipients, recipients))
		found = append(found, fmt.Sprintf("%d = %d sent, %d arrived", v.Balance.Recipients, v.Balance.Sent, len(o.digestLetters(edition))))
		if len(v.Problems) > 0 {
			return "", "", fmt.Errorf("%s", strings.Join(v.Problems, "; "))
		}
	}
	return strings.Join(wanted, "; "), strings.Join(found, "; "), nil
}

// keyOf tells which letter a message is, by the token in its envelope's sender.
func (o *once) keyOf(msg mailtest.Message) (mail.Key, bool) {
	local, _, _ := strings.Cut(msg.From, "@")
	key, err := mail.ReadToken(o.c.identity(), strings.TrimPrefix(local, "b+"))
	return key, err == nil
}

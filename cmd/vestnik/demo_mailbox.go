package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"vestnik/mail/mailtest"
	"vestnik/templates"
)

// The mailbox shows the letters that arrived by SMTP, as a mail client would: the newest first, each with its HTML part in
// a frame without scripts, its text part, and its source.

func (m *demo) mailbox(w http.ResponseWriter, r *http.Request) {
	page := m.mailboxPage("Почта")
	page.Mailbox = m.letters(r.FormValue("to"))
	if page.Mailbox.Total == 0 {
		w.Header().Set("Refresh", "5") // until the first letter comes; after that, a page that changes under its reader is a nuisance
	}
	m.show(w, "mailbox.html", page)
}

func (m *demo) letter(w http.ResponseWriter, r *http.Request) {
	msg, parsed, ok := m.find(w, r)
	if !ok {
		return
	}
	page := m.mailboxPage(parsed.Subject)
	page.Mailbox = m.letters(r.FormValue("to"))
	l := letterView(msg, parsed)
	for _, f := range parsed.Fields {
		l.Headers = append(l.Headers, templates.Link{Title: f.Name, URL: f.Value})
	}
	l.Text = parsed.Text
	page.Letter = &l
	m.show(w, "letter.html", page)
}

func (m *demo) letterPart(w http.ResponseWriter, r *http.Request) {
	msg, parsed, ok := m.find(w, r)
	if !ok {
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	switch r.PathValue("part") {
	case "html":
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation")
		fmt.Fprint(w, strings.Replace(parsed.HTML, "<head>", `<head><base target="_blank">`, 1)) // links leave the frame
	case "text":
		fmt.Fprint(w, parsed.Text)
	case "source":
		w.Write(msg.Data)
	default:
		http.NotFound(w, r)
	}
}

func (m *demo) mailboxPage(title string) templates.Page {
	site := m.c.site()
	return templates.Page{Site: site, Now: time.Now(), Language: site.Language, Title: title, Canonical: site.URL + "/demo/mailbox", NoIndex: true}
}

func (m *demo) show(w http.ResponseWriter, name string, page templates.Page) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	if err := m.publisher.Templates.Page(w, name, page); err != nil {
		m.log.Error("mailbox", "error", err)
	}
}

// listed is how many letters the mailbox lists.
const listed = 100

// letters are the newest letters, those to one recipient alone where one is given.
func (m *demo) letters(to string) *templates.Mailbox {
	box := &templates.Mailbox{To: to}
	all := m.box.Messages()
	slices.Reverse(all)
	for _, msg := range all {
		if to != "" && !slices.ContainsFunc(msg.To, func(a string) bool { return strings.EqualFold(a, to) }) {
			continue
		}
		if box.Total++; box.Total > listed {
			continue
		}
		parsed, err := msg.Parse()
		if err != nil {
			parsed.Subject = err.Error()
		}
		l := letterView(msg, parsed)
		if to != "" {
			l.URL += "?to=" + url.QueryEscape(to)
		}
		box.Letters = append(box.Letters, l)
	}
	return box
}

func letterView(msg mailtest.Message, p mailtest.Parsed) templates.MailboxLetter {
	page := fmt.Sprintf("/demo/mailbox/%d", msg.ID)
	l := templates.MailboxLetter{ID: msg.ID, URL: page, From: p.From, To: p.To, Subject: p.Subject, At: msg.Received,
		Preheader: opening(p.Text), TextURL: page + "/text", SourceURL: page + "/source"}
	if p.HTML != "" {
		l.HTMLURL = page + "/html"
	}
	if len(msg.To) == 1 {
		l.ToURL = "/demo/mailbox?to=" + url.QueryEscape(msg.To[0])
	}
	return l
}

// opening is the first paragraph of a letter's text, without addresses: what a mail client shows beside the subject.
func opening(text string) string {
	var words []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		if strings.TrimSpace(line) == "" || strings.Contains(line, "://") {
			break
		}
		words = append(words, strings.Fields(line)...)
	}
	return strings.Join(words, " ")
}

func (m *demo) find(w http.ResponseWriter, r *http.Request) (mailtest.Message, mailtest.Parsed, bool) {
	id, err := strconv.Atoi(r.PathValue("id"))
	msg, found := m.box.Message(id)
	if err != nil || !found {
		http.NotFound(w, r)
		return msg, mailtest.Parsed{}, false
	}
	parsed, err := msg.Parse()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return msg, parsed, false
	}
	return msg, parsed, true
}

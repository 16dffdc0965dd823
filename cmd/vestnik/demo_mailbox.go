package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"vestnik/mail/mailtest"
	"vestnik/templates"
)

// The mailbox shows the letters that arrived by SMTP, as a mail client would: the newest first, each with its HTML part in
// a frame without scripts, its text part, and its source.

func (m *demo) mailbox(w http.ResponseWriter, r *http.Request) {
	page := m.mailboxPage("Почта")
	page.Mailbox = m.letters()
	m.show(w, "mailbox.html", page)
}

func (m *demo) letter(w http.ResponseWriter, r *http.Request) {
	msg, parsed, ok := m.find(w, r)
	if !ok {
		return
	}
	page := m.mailboxPage(parsed.Subject)
	page.Mailbox = m.letters()
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
	return templates.Page{Site: site, Language: site.Language, Title: title, Canonical: site.URL + "/demo/mailbox", NoIndex: true}
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

// letters are the newest letters, at most 100.
func (m *demo) letters() *templates.Mailbox {
	box := &templates.Mailbox{}
	all := m.box.Messages()
	slices.Reverse(all)
	for _, msg := range all[:min(len(all), 100)] {
		parsed, err := msg.Parse()
		if err != nil {
			parsed.Subject = err.Error()
		}
		box.Letters = append(box.Letters, letterView(msg, parsed))
	}
	return box
}

func letterView(msg mailtest.Message, p mailtest.Parsed) templates.MailboxLetter {
	url := fmt.Sprintf("/demo/mailbox/%d", msg.ID)
	first, _, _ := strings.Cut(strings.TrimSpace(p.Text), "\n")
	l := templates.MailboxLetter{ID: msg.ID, URL: url, From: p.From, To: p.To, Subject: p.Subject, At: msg.Received, Preheader: first,
		TextURL: url + "/text", SourceURL: url + "/source"}
	if p.HTML != "" {
		l.HTMLURL = url + "/html"
	}
	return l
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

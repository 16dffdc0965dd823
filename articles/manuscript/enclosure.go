package manuscript

import (
	"cmp"
	"net/url"
	"path"
	"strconv"
	"strings"

	"vestnik/articles"
)

// mediaTypes are those of the files that readers of feeds play or open. Opus lies in Ogg (RFC 7845, section 9).
var mediaTypes = map[string]string{".mp3": "audio/mpeg", ".m4a": "audio/mp4", ".aac": "audio/aac", ".ogg": "audio/ogg", ".oga": "audio/ogg",
	".opus": "audio/ogg", ".flac": "audio/flac", ".wav": "audio/wav", ".weba": "audio/webm", ".mp4": "video/mp4", ".m4v": "video/mp4",
	".webm": "video/webm", ".ogv": "video/ogg", ".mov": "video/quicktime", ".pdf": "application/pdf", ".epub": "application/epub+zip"}

// setEnclosure takes over one of the keys of the file that belongs to the article.
func (m *Manuscript) setEnclosure(key, value string, line int) error {
	if m.Input.Enclosure == nil {
		m.Input.Enclosure = &articles.Enclosure{}
	}
	switch key {
	case "enclosure":
		m.Input.Enclosure.URL = value
	case "enclosure_type":
		m.Input.Enclosure.Type = value
	case "enclosure_length":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n <= 0 {
			return Faultf(line, "enclosure_length: %s is no size of a file; write it in bytes, as 12345678", Quote(value))
		}
		m.Input.Enclosure.Length = n
	}
	return nil
}

// settleEnclosure derives the type of the file where only its name says it. What is still missing articles.Put refuses.
func (m *Manuscript) settleEnclosure() error {
	e := m.Input.Enclosure
	switch {
	case e == nil:
	case e.URL == "":
		line := cmp.Or(m.Lines["enclosure_type"], m.Lines["enclosure_length"])
		return Faultf(line, "there is no enclosure that this belongs to; write its address, as enclosure: https://example.org/talk.mp3")
	case e.Type == "":
		if u, err := url.Parse(e.URL); err == nil {
			e.Type = mediaTypes[strings.ToLower(path.Ext(u.Path))]
		}
	}
	return nil
}

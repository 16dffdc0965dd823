package feeds

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// checkXML judges a document or one item of it: well-formed to the last byte, one root, and dates that are dates. It is
// the last look at what our own code made, so it shares nothing with it.
func checkXML(doc []byte) error {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var seen outlook
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = seen.take(token)
		}
		if err != nil {
			return fmt.Errorf("it is not well-formed: %w", err)
		}
	}
	if seen.roots != 1 {
		return fmt.Errorf("it has %d roots, want 1", seen.roots)
	}
	return nil
}

// outlook is what was seen of a document so far.
type outlook struct {
	depth, roots int
	text         []byte // since the last tag
}

func (o *outlook) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		if o.depth == 0 {
			o.roots++
		}
		o.depth++
		o.text = o.text[:0]
	case xml.EndElement:
		o.depth--
		text := o.text
		o.text = o.text[:0]
		return checkDate(t.Name.Local, text)
	case xml.CharData:
		if o.depth == 0 && len(bytes.TrimSpace(t)) > 0 {
			return fmt.Errorf("text stands outside the root: %.40q", t)
		}
		o.text = append(o.text, t...)
	}
	return nil
}

// checkDate refuses in an element of dates what no reader takes for one.
func checkDate(element string, text []byte) error {
	layout := ""
	switch element {
	case "pubDate", "lastBuildDate":
		layout = http.TimeFormat
	case "published", "updated":
		layout = time.RFC3339
	default:
		return nil
	}
	if _, err := time.Parse(layout, string(text)); err != nil {
		return fmt.Errorf("<%s> holds no date: %w", element, err)
	}
	return nil
}

// checkJSON is checkXML for JSON Feed.
func checkJSON(doc []byte) error {
	var dates struct {
		Published *time.Time `json:"date_published"`
		Modified  *time.Time `json:"date_modified"`
	}
	if err := json.Unmarshal(doc, &dates); err != nil {
		return fmt.Errorf("it is not valid JSON, or a date is none: %w", err)
	}
	return nil
}

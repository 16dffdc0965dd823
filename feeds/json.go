package feeds

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/gorilla/feeds"
)

// jsonFeed is feeds.JSONFeed whose items are ours and always there: an empty feed has an empty list of them.
type jsonFeed struct {
	feeds.JSONFeed
	Items []*jsonItem `json:"items"`
}

// jsonItem is feeds.JSONItem with the keys that gorilla misspells ("banner_", "size") as JSON Feed 1.1 has them.
type jsonItem struct {
	feeds.JSONItem
	BannerImage string           `json:"banner_image,omitempty"`
	Language    string           `json:"language,omitempty"`
	Attachments []jsonAttachment `json:"attachments,omitempty"`
}

type jsonAttachment struct {
	URL  string `json:"url"`
	Type string `json:"mime_type"`
	Size int64  `json:"size_in_bytes,omitempty"`
}

// JSON renders f as JSON Feed 1.1.
func JSON(f Feed) ([]byte, error) {
	f, err := f.tidy()
	if err != nil {
		return nil, err
	}
	format, _ := FormatNamed("json")
	out := jsonFeed{JSONFeed: *(&feeds.JSON{Feed: f.mapped()}).JSONFeed(), Items: []*jsonItem{}}
	out.FeedUrl = f.Self(format)
	out.Language = f.Language
	out.Icon = f.Image
	out.Authors = []*feeds.JSONAuthor{{Name: f.Author}}
	for n, item := range out.JSONFeed.Items {
		out.Items = append(out.Items, newJSONItem(item, f.Items[n], f.Language))
	}
	out.JSONFeed.Items = nil

	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		return nil, fmt.Errorf("render JSON feed of %q: %w", f.Title, err)
	}
	return b.Bytes(), nil
}

func newJSONItem(item *feeds.JSONItem, i Item, language string) *jsonItem {
	out := &jsonItem{JSONItem: *item, BannerImage: i.Image}
	out.Image = i.Image
	if i.Language != language {
		out.Language = i.Language
	}
	if out.ContentHTML == "" { // one of the two must be there
		if out.ContentText = i.Summary; out.ContentText == "" {
			out.ContentText = i.Title
		}
	}
	for _, p := range i.Authors {
		out.Authors = append(out.Authors, &feeds.JSONAuthor{Name: p.Name, Url: p.URL})
	}
	for _, c := range i.Categories {
		out.Tags = append(out.Tags, c.Name)
	}
	if e := i.Enclosure; e != nil {
		out.Attachments = []jsonAttachment{{URL: e.URL, Type: e.Type, Size: e.Size}}
	}
	return out
}

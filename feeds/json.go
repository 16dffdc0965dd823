package feeds

import (
	"bytes"
	"encoding/json"

	"github.com/gorilla/feeds"
)

const jsonFoot = "]}\n"

// jsonFeed is feeds.JSONFeed whose items are always there, and last: an empty feed has an empty list of them.
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
	Size int64  `json:"size_in_bytes"`
}

func jsonHead(h header) ([]byte, error) {
	out := jsonFeed{JSONFeed: *(&feeds.JSON{Feed: h.mapped()}).JSONFeed(), Items: []*jsonItem{}}
	out.FeedUrl = h.Self(h.format)
	out.Language = h.Language
	out.Icon = h.Image
	out.Authors = []*feeds.JSONAuthor{{Name: h.Author}}
	if h.Prev != nil {
		out.NextUrl = line(h.Prev.Document(h.format)) // the next page of a reader who goes back in time
	}
	if h.Expired {
		out.Expired = &h.Expired
	}
	if h.Hub != "" {
		out.Hubs = []*feeds.JSONHub{{Type: "WebSub", Url: h.Hub}}
	}
	return encodeJSON(out)
}

func jsonFragment(i Item, _ setting) ([]byte, error) {
	out := jsonItem{JSONItem: *(&feeds.JSON{Feed: i.mapped()}).JSONFeed().Items[0], BannerImage: i.Image, Language: i.Language}
	out.Image = i.Image
	if out.ContentHTML == "" { // one of the two must be there
		out.ContentText = i.Summary
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
	body, err := encodeJSON(out)
	return bytes.TrimSuffix(body, []byte("\n")), err
}

// encodeJSON leaves < and & as they are: "\u003c" for each tag makes a document larger and no safer.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

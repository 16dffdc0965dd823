package web

import (
	"bytes"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"time"
)

// An asset is a file that pages load: read once, served from memory.
type asset struct {
	name string
	kind string // media type
	etag string
	body []byte
}

func newAsset(name string, body []byte) asset {
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // what the machine's own tables may miss or mistake
	case ".js":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	case ".woff2":
		kind = "font/woff2"
	case "":
		kind = "application/octet-stream"
	}
	return asset{name: name, kind: kind, etag: etag(body), body: body}
}

func readAssets(files fs.FS) (map[string]asset, error) {
	all := map[string]asset{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		all[name] = newAsset(name, body)
		return err
	})
	return all, err
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) error {
	if a.body == nil {
		return errNotFound
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("ETag", a.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
	return nil
}

func (s *Server) asset(w http.ResponseWriter, r *http.Request) error {
	return s.assets[r.PathValue("path")].serve(w, r)
}

// pageScript is what reports a read; it does not exist where reads are not counted by it.
func (s *Server) pageScript(w http.ResponseWriter, r *http.Request) error {
	return s.script.serve(w, r)
}

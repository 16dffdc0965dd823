package web

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"vestnik/articles"
	"vestnik/reads"
)

// longestBeacon is how much of a beacon is read, in bytes: more than counts, so that one of any length is filtered for its size.
const longestBeacon = 4 << 10

// beacon takes a page script's report that an article was read. The answer is the same whether it counts or not: what is
// not counted, and why, the newsroom sees in `reads filtered`, and nobody else.
func (s *Server) beacon(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("article"), 10, 64)
	if err != nil || !s.beacons() {
		return fmt.Errorf("beacon: %w", errNotFound)
	}
	return s.takeBeacon(w, r, s.hit(r, id), func(hit *reads.Hit, body []byte) {
		hit.Token, hit.Source, _ = reads.ParseBody(body)
	})
}

// takeBeacon counts what a beacon reports. A body that cannot be read has no token, and does not count for that.
func (s *Server) takeBeacon(w http.ResponseWriter, r *http.Request, hit reads.Hit, read func(hit *reads.Hit, body []byte)) error {
	body, err := io.ReadAll(io.LimitReader(r.Body, longestBeacon))
	if err != nil {
		return fmt.Errorf("beacon: %w: %w", errForm, err)
	}
	hit.Size = int64(len(body))
	read(&hit, body)
	s.count(r, hit)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// countPage counts the opening of a page where that is the read: in the server mode, for sites without JavaScript.
func (s *Server) countPage(r *http.Request, a articles.Article) {
	if !s.counts() || s.ReadsMode != "server" || r.Method != http.MethodGet {
		return
	}
	hit := s.hit(r, a.ID)
	hit.Token = s.Reads.Token(a.ID, s.Now())
	hit.Source = r.URL.Query().Get("utm_medium")
	s.count(r, hit)
}

func (s *Server) hit(r *http.Request, article int64) reads.Hit {
	return reads.Hit{Article: article, Address: clientAddress(r, s.TrustedProxies), Host: r.Host, Header: r.Header}
}

func (s *Server) count(r *http.Request, hit reads.Hit) {
	if _, err := s.Reads.Count(r.Context(), s.DB, hit, s.Now()); err != nil && r.Context().Err() == nil {
		s.Log.Error("a read was not counted", "article", hit.Article, "error", err)
	}
}

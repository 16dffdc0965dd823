package web

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"vestnik/articles"
	"vestnik/reads"
)

// beacon takes a page script's report that an article was read. The answer is the same whether it counts or not: what is
// not counted, and why, the newsroom sees in `reads filtered`, and nobody else.
func (s *Server) beacon(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("article"), 10, 64)
	if err != nil || !s.counts() {
		return fmt.Errorf("beacon: %w", errNotFound)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("beacon: %w: %w", errForm, err)
	}
	hit := s.hit(r, id)
	hit.Size = int64(len(body))
	hit.Token, hit.Source, _ = reads.ParseBody(body) // a wrong body has no token, and does not count for that
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
	hit.Source = source(r.URL.Query().Get("utm_medium"))
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

// source is the kind of place that a visitor comes from, by the medium that its link names.
func source(medium string) string {
	switch medium {
	case "":
		return "web"
	case "email", "feed":
		return medium
	}
	return "other"
}

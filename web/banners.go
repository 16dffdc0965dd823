package web

import (
	"net/http"
	"strings"

	"vestnik/reads"
	"vestnik/templates"
)

// showBanner counts for its sponsor's report the banner of a page that is about to be answered whole, under the entity tag that it has.
func (s *Server) showBanner(r *http.Request, p templates.Page, tag string) {
	if s.Reads == nil || p.Banner == nil || !deliveredWhole(r, tag) {
		return
	}
	place := reads.OnPage
	if p.Edition != nil {
		place = reads.OnEdition
	}
	s.Reads.Show(reads.Showing{Banner: p.Banner.Name, Place: place, Address: clientAddress(r, s.TrustedProxies), Header: r.Header}, s.Now())
}

// deliveredWhole reports whether the answer has the page in it: neither its head alone, nor a part, nor a 304.
func deliveredWhole(r *http.Request, tag string) bool {
	if r.Method != http.MethodGet || r.Header["Range"] != nil {
		return false
	}
	for _, have := range r.Header["If-None-Match"] {
		if strings.Contains(have, tag) || strings.TrimSpace(have) == "*" {
			return false
		}
	}
	return true
}

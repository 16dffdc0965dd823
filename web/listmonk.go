package web

import (
	"errors"
	"net/http"

	"vestnik/subscribers"
)

// listmonk lets links of letters that listmonk sent go on working for readers imported from there: /subscription/CAMPAIGN/SUBSCRIBER,
// two UUIDs, is at once its page for leaving and its one-click address (RFC 8058). The campaign means nothing here, so the link is
// as one of ours for leaving all digests. A UUID that nobody has is answered as a token that nobody has.
func (s *Server) listmonk(leaving handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !subscribers.IsUUID(r.PathValue("campaign")) { // listmonk's other addresses: optin, export, wipe
			return errNotFound
		}
		token := ""
		who, err := subscribers.ByUUID(r.Context(), s.DB, r.PathValue("subscriber"))
		if err == nil {
			token = s.Subscribers.Keys.Token(subscribers.PurposeLeave, who.ID, "")
		} else if !errors.Is(err, subscribers.ErrNotFound) {
			return err
		}
		r.SetPathValue("token", token)
		return leaving(w, r)
	}
}

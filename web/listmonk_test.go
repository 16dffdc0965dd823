package web

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"vestnik/subscribers"
)

const (
	someCampaign = "5b0f2c1e-7f53-4d0e-9c4e-6a3f0d0c1b2a"
	annsUUID     = "0c9f3a52-11aa-4bb2-8cc3-dd44ee55ff66"
)

// fromListmonk makes the address an active subscriber whom listmonk's letters know by a UUID.
func (h *house) fromListmonk(email, uuid string, digests ...string) {
	h.t.Helper()
	id := h.subscriber(email, digests...)
	h.tx(func(tx *sql.Tx) error {
		_, err := tx.ExecContext(context.Background(), `UPDATE subscribers SET uuid = $1 WHERE id = $2`, uuid, id)
		return err
	})
}

func TestLinksOfListmonksLettersGoOnWorking(t *testing.T) {
	h := openFurnished(t)
	h.fromListmonk("ann@example.org", annsUUID, "daily", "weekly")
	h.subscriber("bob@example.org", "daily")
	path := "/subscription/" + someCampaign + "/" + annsUUID
	before := contents(t, h.DB)
	page := h.get(path, "Accept", browser)
	if page.StatusCode != 200 || !strings.Contains(page.body, "<form") {
		t.Errorf("GET = %d\n%s", page.StatusCode, page.body)
	}
	if res := h.do("HEAD", path, ""); res.StatusCode != 200 || contents(t, h.DB) != before {
		t.Errorf("HEAD = %d; looking at the link must change nothing", res.StatusCode)
	}
	res := h.post(path, fields(t, page.body), "Accept", browser)
	if res.StatusCode != 200 || h.state("ann@example.org", "daily") != subscribers.Left || h.state("ann@example.org", "weekly") != subscribers.Left {
		t.Errorf("the page's button = %d, daily is %q, weekly %q", res.StatusCode, h.state("ann@example.org", "daily"), h.state("ann@example.org", "weekly"))
	}
	if h.state("bob@example.org", "daily") != subscribers.Active {
		t.Error("somebody without a UUID left")
	}
}

func TestListmonksLinksAreOneClick(t *testing.T) {
	h := openFurnished(t)
	h.fromListmonk("ann@example.org", annsUUID, "daily")
	path := "/subscription/" + someCampaign + "/" + strings.ToUpper(annsUUID)
	for range 2 {
		res := h.do("POST", path, "List-Unsubscribe=One-Click", "Content-Type", "application/x-www-form-urlencoded")
		if res.StatusCode != 200 || res.Header.Get("Set-Cookie") != "" || res.Header.Get("Location") != "" || h.state("ann@example.org", "daily") != subscribers.Left {
			t.Errorf("POST = %d %v, state %q", res.StatusCode, res.Header, h.state("ann@example.org", "daily"))
		}
	}
}

func TestAListmonkLinkThatNobodyHasChangesNothing(t *testing.T) {
	h := openFurnished(t)
	h.fromListmonk("ann@example.org", annsUUID, "daily")
	h.subscriber("bob@example.org", "daily") // has no UUID: an empty one must not find him
	before := contents(t, h.DB)
	ours := h.do("POST", "/unsubscribe/abc", "List-Unsubscribe=One-Click")
	for _, who := range []string{"11111111-2222-3333-4444-555555555555", "abc", "00000000-0000-0000-0000-000000000000"} {
		if res := h.do("POST", "/subscription/"+someCampaign+"/"+who, "List-Unsubscribe=One-Click"); res.StatusCode != ours.StatusCode || res.body != ours.body {
			t.Errorf("%s = %d %q, want what an unknown token of ours gets: %d %q", who, res.StatusCode, res.body, ours.StatusCode, ours.body)
		}
	}
	for _, other := range []string{"/subscription/optin/" + annsUUID, "/subscription/export/" + annsUUID, "/subscription/wipe/" + annsUUID} {
		if res := h.do("POST", other, ""); res.StatusCode != 404 {
			t.Errorf("%s, another page of listmonk's, = %d, want 404", other, res.StatusCode)
		}
	}
	if contents(t, h.DB) != before {
		t.Error("a link that nobody has changed something")
	}
}

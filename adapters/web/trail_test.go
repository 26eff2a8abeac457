package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestTrailIsDownloadedByAdminsAsAPageAndAsLines(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Refund", "Charged <script>alert(1)</script> twice")
	ada := w.as("ada@example.org")
	has(t, "the audit trail", ada.get("/tickets/1/audit").body, `href="/tickets/1/export?as=html"`, `href="/tickets/1/export"`)

	page := ada.get("/tickets/1/export?as=html")
	has(t, "the page", page.body, "Audit trail of #1", "every entry followed from the one before", "Charged &lt;script&gt;")
	hasNot(t, "the page", page.body, "<script", "src=", "href=\"/")
	if got := page.header.Get("Content-Disposition"); !strings.Contains(got, `attachment; filename="ticket-1.html"`) {
		t.Errorf("the page is sent as %q", got)
	}
	lines := ada.get("/tickets/1/export")
	var tickets int64
	_, _, err := bridge.Import(strings.NewReader(lines.body), func(st *bridge.State) error {
		tickets++
		return nil
	})
	if err != nil || tickets != 1 || ticket != 1 {
		t.Errorf("the lines: %d tickets, %v", tickets, err)
	}
	if got := ada.get("/tickets/99/export"); got.status != http.StatusNotFound {
		t.Errorf("a ticket that is not there: %d", got.status)
	}
	if got := w.as("bob@example.org").get("/tickets/1/export"); got.status != http.StatusForbidden {
		t.Errorf("an agent's download: %d", got.status)
	}
	hasNot(t, "an agent's audit trail", w.as("bob@example.org").get("/tickets/1/audit").body, "/export")
}

package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// B6: the assignee changes, the trail has the note, and who had the ticket stays with it.
func TestTakingOverKeepsTheFormerAssignee(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	w.must(&bridge.ChangeTicket{Actor: w.bobActs(), Ticket: ticket, Assignee: &w.ada, AssigneeName: "Ada Admin"})
	b := w.as("bob@example.org")
	path := "/c/" + conv.String() + "/take-over"
	if got := b.post(path, url.Values{"note": {"Ada is ill."}}); got.status != http.StatusSeeOther {
		t.Fatalf("take over: %d %s", got.status, got.body)
	}
	has(t, "the trail", b.get(fmt.Sprintf("/tickets/%d/audit", ticket)).body, "took the ticket: taken over", "Ada is ill.", "added Ada Admin to side conversation")
	again := b.post(path, url.Values{"note": {"Once more."}})
	if again.status != http.StatusConflict {
		t.Errorf("taking what one has: %d", again.status)
	}
	has(t, "the page", again.body, "ou have the ticket already")
}

package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestEveryPageIsShown(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "I was billed *twice*.")
	conv, mirror := w.talk(ticket, "Billed twice?", "Can you look?")
	m := w.must(w.answer(conv, "100.1", "I see it")).ID
	w.must(&bridge.Park{Key: bridge.DeliveryKey{Mirror: mirror}, Reason: "is_archived", Remedy: "Unarchive the channel."})
	admin := w.as("ada@example.org")
	for path, want := range map[string]string{
		"/tickets":                               "Wrong invoice",
		"/tickets?show=all":                      "Wrong invoice",
		"/tickets?show=mine":                     "No tickets here",
		"/tickets/new":                           "What they wrote",
		fmt.Sprintf("/tickets/%d", ticket):       "<em>twice</em>",
		fmt.Sprintf("/tickets/%d/audit", ticket): "started side conversation",
		"/m/" + m.String() + "/history":          "I see it",
		"/account":                               "ada@example.org",
		"/admin/people":                          "Anders Expert",
		"/admin/mapping":                         "Slack #billing",
		"/admin/rules/new":                       "New rule",
		"/admin/rules/r1":                        "slack/T1/C1",
		"/admin/tokens":                          "Make a token",
		"/admin/health":                          "Unarchive the channel.",
		"/admin/channels?q=bil":                  "slack/T1/C1",
		"/static/app.css":                        "--side",
		"/static/app.js":                         "EventSource",
	} {
		got := admin.get(path)
		if got.status != http.StatusOK {
			t.Errorf("GET %s: %d %s", path, got.status, got.body)
		}
		has(t, path, got.body, want)
	}
	if got := admin.get("/nothing"); got.status != http.StatusNotFound {
		t.Errorf("a page that is not there: %d", got.status)
	}
	if strings.Contains(w.logs.String(), "level=WARN") || strings.Contains(w.logs.String(), "level=ERROR") {
		t.Errorf("the log has %s", w.logs)
	}
}

func TestLinksLeadToTheConversationAndMessage(t *testing.T) {
	w := newWorld(t)
	b := w.as("bob@example.org")
	for path, want := range map[string]string{"/c/12-30": "/tickets/12#c30", "/m/12-34": "/tickets/12?at=34#m34"} {
		if got := b.get(path); got.status != http.StatusSeeOther || got.to() != want {
			t.Errorf("%s leads to %d %q, want %q", path, got.status, got.to(), want)
		}
	}
	for _, path := range []string{"/c/12", "/m/x-1", "/m/1-0"} {
		if got := b.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, got.status)
		}
	}
}

func TestATicketIsMadeAnsweredAndSolvedWithoutAScript(t *testing.T) {
	w := newWorld(t)
	b := w.as("bob@example.org")
	got := b.post("/tickets", url.Values{
		"subject": {"Wrong invoice"}, "requester": {"Carl"}, "email": {"carl@example.org"}, "body": {"I was billed twice."}, "tags": {"vip, Refund"}, "key": {"k"},
	})
	if got.status != http.StatusSeeOther || got.to() != "/tickets/1" {
		t.Fatalf("create: %d to %q: %s", got.status, got.to(), got.body)
	}
	if got := b.post("/tickets/1/reply", url.Values{"body": {"We look into it."}, "key": {"k1"}}); got.status != http.StatusSeeOther {
		t.Errorf("reply: %d %s", got.status, got.body)
	}
	if got := b.post("/tickets/1/note", url.Values{"body": {"Carl is a VIP."}, "key": {"k2"}}); got.status != http.StatusSeeOther {
		t.Errorf("note: %d %s", got.status, got.body)
	}
	got = b.post("/tickets/1/change", url.Values{
		"status": {"solved"}, "status_was": {"new"}, "assignee": {w.bob}, "assignee_was": {""}, "tags": {"vip, urgent"}, "tags_were": {"refund, vip"},
	})
	if got.status != http.StatusSeeOther {
		t.Errorf("change: %d %s", got.status, got.body)
	}
	page := b.get("/tickets/1").body
	has(t, "the ticket", page, "We look into it.", "Carl is a VIP.", "status-solved", "Bob Agent", "urgent")
	c := w.last(1, bridge.TicketChanged).Facts
	if c.Status != "solved" || *c.Assignee != w.bob || fmt.Sprint(c.Tags, c.Untag) != "[urgent] [refund]" {
		t.Errorf("the change is %+v", c)
	}
}

func TestAFormThatIsSentTwiceIsAcceptedOnce(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	b := w.as("bob@example.org")
	path := fmt.Sprintf("/tickets/%d/reply", ticket)
	for _, body := range []string{"one", "one", "two"} {
		if got := b.post(path, url.Values{"body": {body}, "key": {"same"}}); got.status != http.StatusSeeOther {
			t.Fatalf("reply: %d %s", got.status, got.body)
		}
	}
	var bodies []string
	for _, e := range w.entries(ticket) {
		if e.Kind == bridge.CustomerReply {
			bodies = append(bodies, e.Words.Body)
		}
	}
	if fmt.Sprint(bodies) != "[one two]" {
		t.Errorf("replies %v, want the first once, and the second, which differs", bodies)
	}
}

func TestARefusedFormKeepsWhatWasTyped(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	w.must(&bridge.SetState{Actor: w.bobActs(), Conversation: conv})
	b := w.as("bob@example.org")
	got := b.post("/c/"+conv.String()+"/messages", url.Values{"body": {"my long thoughts"}})
	if got.status != http.StatusConflict {
		t.Errorf("a message in a closed conversation: %d", got.status)
	}
	has(t, "the page", got.body, "my long thoughts", "reopen it first")
	got = b.post(fmt.Sprintf("/tickets/%d/conversations", ticket), url.Values{"to": {"group:gone"}, "subject": {"My subject"}, "body": {"My words"}})
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("a conversation with nobody: %d", got.status)
	}
	has(t, "the page", got.body, "My subject", "My words", "That group is gone")
	got = b.post("/tickets", url.Values{"subject": {""}, "requester": {"Carl"}, "body": {"typed words"}})
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("a ticket without a subject: %d", got.status)
	}
	has(t, "the page", got.body, "typed words", "The subject is empty")
}

func TestAnOldPageUndoesNothing(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	b := w.as("bob@example.org")
	path := fmt.Sprintf("/tickets/%d/change", ticket)
	b.post(path, url.Values{"status": {"pending"}, "status_was": {"new"}, "tags": {"one"}, "tags_were": {""}})
	// This page was loaded before that change, and changes the priority and a tag.
	got := b.post(path, url.Values{
		"status": {"new"}, "status_was": {"new"}, "priority": {"high"}, "priority_was": {"normal"}, "tags": {"two"}, "tags_were": {""},
	})
	if got.status != http.StatusSeeOther {
		t.Fatalf("change: %d %s", got.status, got.body)
	}
	st, err := w.store.TicketPage(t.Context(), bridge.SeesAll, ticket)
	if err != nil {
		t.Fatal(err)
	}
	row := st.Tickets[ticket]
	if row.Status != "pending" || row.Priority != "high" || fmt.Sprint(row.Tags) != "[one two]" {
		t.Errorf("the ticket is %s, %s, %v", row.Status, row.Priority, row.Tags)
	}
}

func TestTheListOfTicketsIsFilteredAndPaged(t *testing.T) {
	w := newWorld(t)
	for i := range 53 {
		w.ticket(fmt.Sprintf("Question %02d", i), "?")
	}
	w.must(&bridge.ChangeTicket{Actor: w.bobActs(), Ticket: 7, Status: "solved", Assignee: &w.bob})
	w.must(&bridge.ChangeTicket{Actor: w.bobActs(), Ticket: 8, Status: "open", Assignee: &w.bob})
	w.talk(8, "Q", "?")
	b := w.as("bob@example.org")
	first := b.get("/tickets").body
	if n := strings.Count(first, `<tr id="t`); n != 50 {
		t.Errorf("the first page has %d rows", n)
	}
	has(t, "the first page", first, "1 open", "Question 07")
	hasNot(t, "the first page", first, "Question 06", "Newest")
	_, rest, _ := strings.Cut(first, `href="/tickets?before=`)
	rest, _, _ = strings.Cut(rest, `"`)
	second := b.get("/tickets?before=" + strings.ReplaceAll(rest, "&amp;", "&")).body
	has(t, "the second page", second, "Question 00", "Newest")
	if n := strings.Count(second, `<tr id="t`); n != 2 {
		t.Errorf("the second page has %d rows", n)
	}
	for show, want := range map[string]string{"mine": "Question 07", "solved": "Question 06", "all": "Question 06"} {
		has(t, show, b.get("/tickets?show="+show).body, want)
	}
	hasNot(t, "mine", b.get("/tickets?show=mine").body, "Question 06", "Question 08")
	if got := b.get("/"); got.to() != "/tickets" {
		t.Errorf("the first page leads to %q", got.to())
	}
}

func TestATicketIsGivenOnlyToWhoWorksAtTheDesk(t *testing.T) {
	w := newWorld(t)
	path := fmt.Sprintf("/tickets/%d/change", w.ticket("S", "b"))
	b := w.as("bob@example.org")
	for who, want := range map[string]int{w.anders: http.StatusUnprocessableEntity, "nobody": http.StatusNotFound, w.ada: http.StatusSeeOther, "": http.StatusSeeOther} {
		if got := b.post(path, url.Values{"assignee": {who}, "assignee_was": {"another"}}); got.status != want {
			t.Errorf("assign to %q: %d, want %d", who, got.status, want)
		}
	}
}

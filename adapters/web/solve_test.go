package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/bridge"
)

// B5: one press closes the conversation and solves the ticket, and the trail says both.
func TestCloseAndSolveIsOnePress(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	conv, _ := w.talk(ticket, "Q", "?")
	before := w.head(ticket)
	b := w.as("bob@example.org")
	if got := b.post("/c/"+conv.String()+"/close-and-solve", nil); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if head := w.head(ticket); head != before+2 {
		t.Errorf("the log grew by %d entries", head-before)
	}
	has(t, "the page", b.get(fmt.Sprintf("/tickets/%d", ticket)).body, "status-solved", "talk-closed", "closed by Bob Agent")
	has(t, "the trail", b.get(fmt.Sprintf("/tickets/%d/audit", ticket)).body, "set the status to solved", "closed side conversation")
	if got := w.browser().post("/c/"+conv.String()+"/close-and-solve", nil); got.status != http.StatusSeeOther || got.to() == "" || w.head(ticket) != before+2 {
		t.Errorf("somebody who is not signed in: %d to %q", got.status, got.to())
	}
}

func TestAProgramClosesAndSolves(t *testing.T) {
	w := newWorld(t)
	conv, _ := w.talk(w.ticket("Wrong invoice", "Billed twice."), "Q", "?")
	p := w.program()
	for range 2 {
		got, body := p.json("/api/v1/conversations/"+conv.String()+"/close-and-solve", "", "")
		if got.status != http.StatusOK || body["state"] != "closed" || body["status"] != "solved" {
			t.Errorf("%d %v", got.status, body)
		}
	}
	if e := w.last(conv.Ticket, bridge.TicketChanged); e == nil || e.Facts.Status != bridge.StatusSolved || e.Facts.Account.Surface != "api" {
		t.Errorf("recorded %+v", e)
	}
	if got, _ := p.json("/api/v1/conversations/9-9/close-and-solve", "", ""); got.status != http.StatusNotFound {
		t.Errorf("an unknown conversation: %d", got.status)
	}
}

func TestBrowserClosesAndSolvesByKeyboard(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	conv, _ := w.talk(ticket, "Q", "?")
	b := w.chromium("bob@example.org")
	b.open(fmt.Sprintf("/tickets/%d", ticket))
	b.tabTo(fmt.Sprintf(`form[action="/c/%s/close-and-solve"] button`, conv))
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`document.querySelector("#props .status-solved") && document.querySelector(".talk-closed")`)
}

// tabTo presses Tab until what the selector names has the focus.
func (b *tab) tabTo(selector string) {
	b.w.t.Helper()
	for range 200 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if b.js(fmt.Sprintf("document.activeElement.matches(%q)", selector)) == "true" {
			return
		}
	}
	b.w.t.Fatalf("Tab does not lead to %s", selector)
}

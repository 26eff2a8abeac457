package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/bridge"
)

// B7 on the pages: asked by one agent, answered by another, refused to everybody else.
func TestApprovalIsAskedAndAnsweredOnThePage(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	conv, _ := w.talk(ticket, "Refund?", "?")
	bob, ada := w.as("bob@example.org"), w.as("ada@example.org")
	form := "/c/" + conv.String() + "/approval"
	page := fmt.Sprintf("/tickets/%d", ticket)
	has(t, "the form", bob.get(form).body, "Anders Expert", "Ada Admin", "Refund?")
	hasNot(t, "the form", bob.get(form).body, `value="`+w.bob+`"`)
	for name, values := range map[string]url.Values{
		"nobody":     {"body": {"Refund <b>900</b>?"}},
		"a stranger": {"body": {"?"}, "others": {"Nobody Known"}},
		"oneself":    {"body": {"?"}, "others": {"bob@example.org"}},
		"nothing":    {"body": {" "}, "approver": {w.ada}},
	} {
		if got := bob.post(form, values); got.status < 400 || got.status > 499 {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	asked := bob.post(form, url.Values{"body": {"Refund **900** <script>alert(1)</script>?"}, "approver": {w.anders}, "others": {"ADA admin"}, "key": {"k"}})
	e := w.last(ticket, bridge.ApprovalAsked)
	if asked.status != http.StatusSeeOther || e == nil || len(e.Facts.People) != 2 {
		t.Fatalf("%d %s", asked.status, asked.body)
	}
	path := "/a/" + e.ID().String()
	has(t, "the page", ada.get(page).body, `class="approval"`, "Refund <strong>900</strong>", "has not answered yet", `action="`+path+`/approve"`)
	hasNot(t, "Bob's page", bob.get(page).body, `action="`+path+`/approve"`, "<script>alert")
	if got := bob.post(path+"/approve", nil); got.status != http.StatusForbidden {
		t.Errorf("who is not named: %d", got.status)
	}
	before := w.head(ticket)
	if got := ada.script(path+"/approve", url.Values{"note": {"He is right."}}, before); got.status != http.StatusOK {
		t.Fatalf("approve: %d %s", got.status, got.body)
	} else {
		has(t, "the piece", got.body, fmt.Sprintf(`id="a%d"`, e.Seq), "He is right.", "Think again", "Pending")
	}
	w.must(&bridge.AnswerApproval{Actor: w.actor(w.anders, "Anders Expert", bridge.RoleExpert), Approval: e.ID(), Approve: true})
	got := bob.get(page).body
	has(t, "the page", got, "Approved", "He is right.")
	hasNot(t, "the page", got, "has not answered yet", path+"/withdraw")
	has(t, "the trail", bob.get(page+"/audit").body, "asked Anders Expert, Ada Admin for approval", fmt.Sprintf("approved request %d", e.Seq), "He is right.")
	if got := ada.post(path+"/refuse", nil); got.status != http.StatusConflict {
		t.Errorf("after the end: %d", got.status)
	}
}

func TestARequestIsWithdrawn(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	id := w.must(&bridge.AskApproval{Actor: w.bobActs(), Conversation: conv, Body: "?", Approvers: []bridge.Known{{Person: w.ada, Name: "Ada Admin"}}}).ID
	b := w.as("bob@example.org")
	if got := b.post("/a/"+id.String()+"/withdraw", nil); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, "the page", b.get(fmt.Sprintf("/tickets/%d", ticket)).body, "Withdrawn", "by Bob Agent")
	if got := b.post("/a/9-9/withdraw", nil); got.status != http.StatusNotFound {
		t.Errorf("none: %d", got.status)
	}
}

func TestBrowserAsksAndAnswersByKeyboard(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	conv, _ := w.talk(ticket, "Refund?", "?")
	bob, ada := w.chromium("bob@example.org"), w.chromium("ada@example.org")
	ada.open(fmt.Sprintf("/tickets/%d", ticket))
	ada.wait(`document.querySelector("[data-live-state]").textContent === "Live"`)
	bob.open(fmt.Sprintf("/tickets/%d", ticket))
	bob.tabTo(fmt.Sprintf(`a[href="/c/%s/approval"]`, conv))
	bob.do(chromedp.KeyEvent(kb.Enter))
	bob.do(chromedp.WaitVisible(chromedp.CSS(".people-choice")))
	bob.tabTo("textarea[name=body]")
	bob.do(chromedp.KeyEvent("Refund 900?"))
	bob.tabTo(fmt.Sprintf("input[value=%q]", w.ada))
	bob.do(chromedp.KeyEvent(" "))
	bob.tabTo("form[action$='/approval'] button")
	bob.do(chromedp.KeyEvent(kb.Enter))
	bob.do(chromedp.WaitVisible(chromedp.CSS(".approval .answers"))) // the page changes meanwhile
	// It comes up on the page that Ada has open, and she answers there.
	ada.wait(`document.querySelector(".approval form[action$='/approve']")`)
	ada.tabTo(".approval input[name=note]")
	ada.do(chromedp.KeyEvent("He is right."), chromedp.KeyEvent(kb.Enter))
	bob.wait(`document.querySelector(".approval .pill").innerText === "Approved"`)
	if e := w.last(ticket, bridge.ApprovalGiven); e == nil || e.Facts.Who != w.ada || e.Words.Note != "He is right." {
		t.Errorf("recorded %+v", e)
	}
}

package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/bridge"
)

// B11: chosen comments, of any length, become one message that names them; a note needs
// the warning, and what was quoted is not edited.
func TestCommentsAreSharedFromThePage(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "first")
	conv, _ := w.talk(ticket, "Q", "?")
	b := w.as("bob@example.org")
	long := strings.TrimSpace(strings.Repeat("word æ ", 60_000/7))
	wrote := w.must(&bridge.CustomerMessage{Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carl"}, Ticket: ticket, Body: long}).ID
	note := w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: "SECRET note"}).ID
	has(t, "the choice", b.get(fmt.Sprintf("/tickets/%d/share", ticket)).body, "Carl", "word æ word", "SECRET note", "share_notes", "Everybody who reads the thread")
	has(t, "the page", b.get("/c/"+conv.String()+"/share").body, "Share from the ticket", "Carl")
	path := "/c/" + conv.String() + "/messages"
	form := url.Values{"share": {fmt.Sprint(wrote.Seq), fmt.Sprint(note.Seq)}, "body": {"Look"}, "key": {"k"}}
	if got := b.post(path, form); got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest {
		t.Errorf("a note without the warning: %d", got.status)
	} else {
		has(t, "the refusal", got.body, "internal notes among the comments", "Look")
	}
	form.Set("share_notes", "1")
	if got := b.post(path, form); got.status != http.StatusSeeOther {
		t.Fatalf("%d %.300s", got.status, got.body)
	}
	e := w.last(ticket, bridge.MessagePosted)
	if fmt.Sprint(e.Facts.Shared) != fmt.Sprint([]int64{wrote.Seq, note.Seq}) || !strings.Contains(e.Words.Body, long) || !strings.HasPrefix(e.Words.Body, "Look\n\n**Customer** (Carl)") {
		t.Errorf("shared %v: %.200q", e.Facts.Shared, e.Words.Body)
	}
	page := b.get(fmt.Sprintf("/tickets/%d", ticket)).body
	if strings.Contains(page, fmt.Sprintf(`action="/m/%s/edit"`, e.ID())) || !strings.Contains(page, fmt.Sprintf(`action="/m/%s/delete"`, e.ID())) {
		t.Error("a quotation can be edited, or not be deleted")
	}
	has(t, "the trail", b.get(fmt.Sprintf("/tickets/%d/audit", ticket)).body, fmt.Sprintf("which quotes 2 comments of the ticket: %d, %d", wrote.Seq, note.Seq))
}

func TestBrowserSharesCommentsByKeyboard(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice.")
	conv, _ := w.talk(ticket, "Refund?", "?")
	b := w.chromium("bob@example.org")
	b.open(fmt.Sprintf("/tickets/%d", ticket))
	b.wait(`document.querySelector("[data-live-state]").textContent === "Live"`)
	// What comes while the page is open can be shared, too.
	wrote := w.must(&bridge.CustomerMessage{Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carl"}, Ticket: ticket, Body: "And now thrice."}).ID
	composer := fmt.Sprintf(`form[action="/c/%s/messages"]`, conv)
	b.tabTo(composer + " .share > summary")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(fmt.Sprintf("document.querySelectorAll('%s .share-list input').length === 2", composer))
	b.tabTo(fmt.Sprintf("%s input[value=%q]", composer, fmt.Sprint(wrote.Seq)))
	b.do(chromedp.KeyEvent(" "))
	b.tabTo(composer + " button:not([type=button])")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`[...document.querySelectorAll(".talk .msg .body blockquote")].some((q) => q.innerText === "And now thrice.")`)
	b.wait(fmt.Sprintf("!document.querySelector('%s .share').open", composer))
	if e := w.last(ticket, bridge.MessagePosted); len(e.Facts.Shared) != 1 || e.Facts.Shared[0] != wrote.Seq {
		t.Errorf("shared %v", e.Facts.Shared)
	}
}

func TestSharingLooksRight(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "Billed twice. "+strings.Repeat("It is a long story. ", 20))
	conv, _ := w.talk(ticket, "Refund?", "Can we?")
	w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: "He is a **key** customer."})
	wrote := w.must(&bridge.CustomerMessage{Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carl"}, Ticket: ticket, Body: "And now thrice.\n\n- once\n- twice"}).ID
	w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "See what he says:", Share: bridge.Share{Comments: []int64{wrote.Seq}}})
	b := w.chromium("bob@example.org")
	b.lookAt("share", func(string) { b.open("/c/" + conv.String() + "/share") })
	b.lookAt("sharing", func(string) {
		b.open(fmt.Sprintf("/tickets/%d", ticket))
		b.do(chromedp.Click(chromedp.CSS(".talk .share > summary")))
		b.wait(`document.querySelector(".talk .share-list.notes")`)
	})
}

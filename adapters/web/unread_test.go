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

func TestAReplyWhileSignedOutIsUnreadAtTheNextSignInUntilItIsRead(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	conv, _ := w.talk(ticket, "Billed twice?", "Can you look?")
	b := w.as("bob@example.org")
	hasNot(t, "the list before", b.get("/tickets").body, "unread-count")
	b.post("/sign-out", nil)
	posted := w.must(w.answer(conv, "1.2", "Yes, it was.")).ID

	b = w.as("bob@example.org")
	has(t, "the list", b.get("/tickets").body, `<span class="unread-count">1 unread</span>`, `Unread <span class="count">1</span>`, `Waiting for me <span class="count">1</span>`)
	has(t, "the unread tickets", b.get("/tickets?show=unread").body, "Wrong invoice", "Mark all as read")
	page := fmt.Sprintf("/tickets/%d", ticket)
	has(t, "the ticket", b.get(page).body, `<span class="unread-count">1 unread</span>`, `class="msg side unread" id="m`+fmt.Sprint(posted.Seq))
	hasNot(t, "another's list", w.as("ada@example.org").get("/tickets").body, "unread-count")
	has(t, "the list once more", b.get("/tickets").body, "1 unread") // a page without a script shows nothing to the server

	got := b.post("/c/"+conv.String()+"/read", url.Values{"upto": {fmt.Sprint(posted.Seq)}})
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.to(), page) {
		t.Errorf("mark as read: %d to %q", got.status, got.to())
	}
	hasNot(t, "the list after", b.get("/tickets").body, "unread-count")
	has(t, "the ticket after", b.get(page).body, `data-read-all hidden`)

	b.post("/m/"+posted.String()+"/unread", nil)
	has(t, "the list after marking it unread", b.get("/tickets").body, "1 unread")
	b.post("/tickets/read", nil)
	hasNot(t, "the list after reading all", b.get("/tickets").body, "unread-count")
	for path, form := range map[string]url.Values{
		"/c/" + conv.String() + "/read": {"upto": {"x"}}, "/c/9-9/read": {"upto": {"1"}}, "/m/9-9/unread": nil,
	} {
		if got := b.post(path, form); got.status < 400 || got.status >= 500 {
			t.Errorf("%s with %v: %d", path, form, got.status)
		}
	}
}

func TestAnUnreadMessageIsShownHoweverLongTheConversationIs(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	first := w.must(w.answer(conv, "1.0002", "The first answer")).ID
	for i := range 120 {
		w.must(w.answer(conv, fmt.Sprintf("2.%04d", i), "More"))
	}
	b := w.as("bob@example.org")
	has(t, "the ticket", b.get(fmt.Sprintf("/tickets/%d", ticket)).body, "The first answer", fmt.Sprintf("%d unread", bridge.MaxUnread))
	b.post("/c/"+conv.String()+"/read", url.Values{"upto": {fmt.Sprint(first.Seq + 110)}})
	hasNot(t, "the ticket, read", b.get(fmt.Sprintf("/tickets/%d", ticket)).body, "The first answer")
}

func TestBrowserReadsWhatWasInViewAndNothingElse(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	conv, _ := w.talk(ticket, "Billed twice?", "Can you look?")
	for i := range 40 {
		w.must(w.answer(conv, fmt.Sprintf("1.%04d", i+2), fmt.Sprintf("Line %d of an answer\n\nthat goes on for a while", i+1)))
	}
	b := w.chromium("bob@example.org")
	page := fmt.Sprintf("/tickets/%d", ticket)
	b.open(page)
	b.wait(`parseInt(document.querySelector(".talk .unread-count").textContent) < 40`)
	if b.text(".talk .unread-line") == "" || b.js(`document.querySelector(".talk .msg.unread:last-child") !== null`) != "true" {
		t.Errorf("what was not in view is read: %s", b.text(".talk .unread-line"))
	}
	b.js(`document.querySelector(".talk .log").scrollIntoView({block: "center"})`) // the whole box can be seen
	const allSeen = `(() => {
		const log = document.querySelector(".talk .log"), box = log.getBoundingClientRect();
		return [...log.querySelectorAll(".msg.unread")].every((m) => {
			const r = m.getBoundingClientRect();
			return r.top < box.top || r.bottom > box.bottom;
		});
	})()`
	for range 20 {
		b.wait(allSeen)
		if b.js(`document.querySelector(".talk .unread-line").hidden`) == "true" {
			break
		}
		b.js(`document.querySelector(".talk .log").scrollTop += 300`)
	}
	b.untilUnread(conv, 0)

	// What is put back stays so while the page is open, also when it is in view.
	b.do(chromedp.Focus(chromedp.CSS(".talk .msg:last-child [data-unread] button")), chromedp.KeyEvent(kb.Enter))
	b.wait(`document.querySelector(".talk .unread-count").textContent === "1 unread"`)
	b.untilUnread(conv, 1)
	w.must(w.answer(conv, "2.1", "One thing more"))
	b.wait(`document.querySelector(".talk .unread-count").textContent === "2 unread"`)
	b.do(chromedp.Focus(chromedp.CSS(".talk [data-read-all] button")), chromedp.KeyEvent(kb.Enter))
	b.wait(`document.querySelector(".talk .unread-line").hidden`)
	b.untilUnread(conv, 0)
	b.open("/tickets")
	if b.text(".tickets .unread-count") != "(none)" {
		t.Errorf("the list says %s", b.text(".tickets"))
	}
}

// untilUnread waits until the server says that Bob has so many unread messages.
func (b *tab) untilUnread(conv bridge.ID, want int64) {
	b.w.t.Helper()
	var got int64
	for range 2000 {
		r, err := b.w.store.Readings(b.w.t.Context(), b.w.bob, conv.Ticket)
		if err != nil {
			b.w.t.Fatal(err)
		}
		if got = r[conv].Unread; got == want {
			return
		}
		b.wait("true") // a frame of the page
	}
	b.w.t.Errorf("%d messages are unread, want %d", got, want)
}

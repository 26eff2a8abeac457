package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/adapters/web/webtest"
	"github.com/sidebridge/sidebridge/bridge"
)

// tab is a tab of a real Chromium that shows a world's pages.
type tab struct {
	*webtest.Tab
	w   *world
	ctx context.Context
}

// chromium opens a tab and signs somebody in.
func (w *world) chromium(email string) *tab {
	w.t.Helper()
	b := w.tab()
	b.open("/sign-in")
	b.do(
		chromedp.SendKeys(chromedp.CSS("input[name=email]"), email), chromedp.SendKeys(chromedp.CSS("input[name=password]"), password),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), kb.Enter),
		chromedp.WaitVisible(chromedp.CSS(".who-am-i")),
	)
	return b
}

// tab opens a tab of somebody who is not signed in.
func (w *world) tab() *tab {
	w.t.Helper()
	b := webtest.NewTab(w.t, w.http.URL, nil)
	b.More = func() string { return "the server's log: " + w.logs.String() }
	return &tab{b, w, b.Ctx}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) { b.w.t.Helper(); b.Do(steps...) }
func (b *tab) open(path string)                           { b.w.t.Helper(); b.Open(path) }
func (b *tab) js(expression string) string                { b.w.t.Helper(); return b.JS(expression) }

func (b *tab) text(selector string) string { b.w.t.Helper(); return b.Text(selector) }

func (b *tab) wait(expression string) time.Duration { b.w.t.Helper(); return b.Wait(expression) }

// looked is which routes answered with pages that were looked at.
type looked struct {
	routes *http.ServeMux // of all patterns, to find the one that a path belongs to
	seen   map[string]bool
	webtest.Figures
}

// lookAt has a page shown in every window, and looks at it each time.
func (b *tab) lookAt(name string, show func(look string)) {
	b.w.t.Helper()
	if b.w.looked == nil {
		b.w.looked = &looked{}
	}
	l := b.w.looked
	b.LookAt(name, &l.Figures, func(look webtest.Look) { show(look.Name) })
	if l.routes == nil {
		b.w.t.Log(l.Figures)
		l.Figures = webtest.Figures{}
		return
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		_, pattern := l.routes.Handler(httptest.NewRequest(method, b.js("location.pathname"), nil))
		l.seen[pattern] = true
	}
}

func TestBrowserStartsAConversationAndSeesTheAnswerLive(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	b := w.chromium("bob@example.org")
	b.open(fmt.Sprintf("/tickets/%d", ticket))
	b.wait(`document.querySelector("[data-live-state]").textContent === "Live"`)

	b.do(
		chromedp.Click(chromedp.CSS("#start > summary")), chromedp.WaitVisible(chromedp.CSS("#start select[name=to]")),
		chromedp.SetValue(chromedp.CSS("#start select[name=to]"), "group:"+w.group),
	)
	b.js(`document.querySelector("#start select[name=to]").dispatchEvent(new Event("change", {bubbles: true}))`)
	b.wait(`document.querySelector("#start .preview")?.innerText.includes("Slack #billing")`)
	b.do(
		chromedp.SendKeys(chromedp.CSS("#start input[name=subject]"), "Billed twice?"),
		chromedp.SendKeys(chromedp.CSS("#start textarea"), "Can you look at Carl's invoice?"),
		chromedp.Click(chromedp.CSS("#start form button.side-button")),
	)
	b.wait(`document.querySelector("#talks .talk .msg .body")?.innerText.includes("Carl's invoice")`)
	b.wait(`!document.querySelector("#start").open`)

	conv := w.last(ticket, bridge.ConversationStarted)
	opened := w.last(ticket, bridge.MirrorOpened)
	if conv == nil || opened == nil || *opened.Facts.Place != billing {
		t.Fatalf("the log has %+v and %+v", conv, opened)
	}
	mirror := opened.ID()
	key := bridge.DeliveryKey{Mirror: mirror, Seq: mirror.Seq}
	w.must(&bridge.Begin{Key: key, Token: "r", Call: bridge.Call{Verb: bridge.VerbPost, Root: true, Last: true}})
	w.must(&bridge.Settle{Key: key, Token: "r", Receipt: bridge.Receipt{Ref: "root" + conv.ID().String()}})
	w.must(&bridge.Step{Mirror: mirror, Seq: 1 << 40})
	b.wait(`document.querySelector(".mark.shown") !== null`)

	w.must(w.answer(conv.ID(), "200.1", "Yes: **refunded**."))
	took := b.wait(`[...document.querySelectorAll("#talks .msg .body")].some((e) => e.innerHTML.includes("<strong>refunded</strong>"))`)
	if took > time.Second {
		t.Errorf("the answer took %v to appear, want less than a second", took)
	}
	if got := b.js("location.pathname"); got != fmt.Sprintf("/tickets/%d", ticket) {
		t.Errorf("the page changed to %s", got)
	}
	// A late message with an earlier time stands where people there saw it.
	w.must(w.answer(conv.ID(), "100.1", "An earlier one"))
	b.wait(`[...document.querySelectorAll("#talks .msg .body")].map((e) => e.innerText.trim()).join("|").endsWith("An earlier one|Yes: refunded.")`)
}

func TestBrowserPutsWordsIntoTheReplyAndSendsNothing(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	conv, _ := w.talk(ticket, "Billed twice?", "Can you look?")
	m := w.must(w.answer(conv, "200.1", "[@Bob](mention:slack/T1/U9) it is *refunded* now.")).ID
	b := w.chromium("bob@example.org")
	b.open(fmt.Sprintf("/tickets/%d", ticket))
	b.do(
		chromedp.SendKeys(chromedp.CSS("#reply-body"), "Dear Carl,"),
		chromedp.Click(chromedp.CSS(fmt.Sprintf("#m%d [data-use] button", m.Seq))),
	)
	b.wait(`document.getElementById("reply-body").value.includes("refunded")`)
	if got := b.js(`document.getElementById("reply-body").value`); got != "Dear Carl,\n\nBob it is *refunded* now." {
		t.Errorf("the reply box has %q", got)
	}
	b.do(chromedp.Reload())
	b.wait(`document.getElementById("reply-body").value.includes("refunded")`)
	b.js(`document.getElementById("reply-body").blur()`)
	b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf("#m%d [data-use] button", m.Seq))))
	b.wait(`document.activeElement.id === "reply-body"`)
	if got := b.js(`document.getElementById("reply-body").value`); got != "Dear Carl,\n\nBob it is *refunded* now." {
		t.Errorf("after a reload and a second press the reply box has %q", got)
	}
	if w.last(ticket, bridge.CustomerReply) != nil {
		t.Error("something was sent to the customer")
	}
	if e := w.last(ticket, bridge.WordsTaken); e == nil || e.Facts.Message != m.Seq || e.Facts.Person != w.bob {
		t.Errorf("taking the words is recorded as %+v", e)
	}
	// Control and Enter send it, and the box is empty for the next one.
	b.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait(`document.querySelector(".msg.reply .body")?.innerText.includes("Dear Carl") && document.getElementById("reply-body").value === ""`)
	if e := w.last(ticket, bridge.CustomerReply); e == nil || !strings.Contains(e.Words.Body, "refunded") {
		t.Errorf("the reply is %+v", e)
	}
}

func TestBrowserKeepsWhatSomebodyTypesWhileThePageMoves(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	mine := w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "first words"}).ID
	b := w.chromium("bob@example.org")
	b.open(fmt.Sprintf("/tickets/%d", ticket))
	b.wait(`document.querySelector("[data-live-state]").textContent === "Live"`)
	edit := fmt.Sprintf("#m%d-edit", mine.Seq)
	b.do(
		chromedp.Click(chromedp.CSS(fmt.Sprintf("#m%d details[data-keep=edit] summary", mine.Seq))), chromedp.WaitVisible(chromedp.CSS(edit)),
		chromedp.Focus(chromedp.CSS(edit)), chromedp.KeyEvent(kb.End), chromedp.KeyEvent(" and more"),
	)
	w.must(&bridge.EditMessage{Actor: w.bobActs(), Message: mine, Body: "changed elsewhere"})
	b.wait(fmt.Sprintf(`document.querySelector("#m%d .body").innerText.includes("changed elsewhere")`, mine.Seq))
	if got := b.js(fmt.Sprintf(`document.querySelector(%q).value`, edit)); got != "first words and more" {
		t.Errorf("the form has %q", got)
	}
	if got := b.js("document.activeElement.id"); got != edit[1:] {
		t.Errorf("the focus is on %q", got)
	}
	b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf("#m%d details[data-keep=edit] button", mine.Seq))))
	b.wait(fmt.Sprintf(`document.querySelector("#m%d .error:not([hidden])")?.innerText.includes("edited meanwhile")`, mine.Seq))
}

func TestBrowserWorksByKeyboard(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	b := w.chromium("bob@example.org")
	b.open(fmt.Sprintf("/tickets/%d", ticket))
	b.do(chromedp.KeyEvent(kb.Tab))
	if got := b.js("document.activeElement.className"); got != "skip" {
		t.Errorf("the first stop is %q, want the link that skips to the content", got)
	}
	b.do(chromedp.KeyEvent(kb.Enter))
	reach := func(what, test string) {
		for range 60 {
			if b.js(test) == "true" {
				return
			}
			b.do(chromedp.KeyEvent(kb.Tab))
		}
		t.Fatalf("the Tab key does not reach %s", what)
	}
	reach("the button that adds a conversation", `document.activeElement.matches("#start > summary")`)
	b.do(chromedp.KeyEvent(kb.Enter))
	reach("the choice of whom to ask", `document.activeElement.name === "to"`)
	b.do(chromedp.KeyEvent("B")) // Billing
	b.wait(`document.querySelector("#start .preview") !== null`)
	reach("the subject", `document.activeElement.name === "subject"`)
	b.do(chromedp.KeyEvent("By hand"))
	reach("the message", `document.activeElement.matches("#start textarea")`)
	b.do(chromedp.KeyEvent("No mouse"), chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait(`document.querySelector("#talks .msg .body")?.innerText.includes("No mouse")`)
	b.wait(`document.activeElement.matches("#start > summary")`) // the focus is not lost
	reach("the button that closes the conversation", `document.activeElement.innerText?.trim() === "Close"`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`document.querySelector(".talk-head").dataset.state === "closed"`)
	if got := b.js(`document.activeElement.outerHTML.slice(0, 80)`); !strings.HasPrefix(got, `<section class="talk`) {
		t.Errorf("after the conversation is closed, the focus is on %s", got)
	}
}

// sample makes a ticket that has a little of everything.
func (w *world) sample() int64 {
	w.t.Helper()
	for i, subject := range []string{"How do I change my address?", "Delivery is late", "Where is my refund for order 4711, which I sent back three weeks ago?"} {
		id := w.ticket(subject, "Hello, …")
		w.must(&bridge.ChangeTicket{Actor: w.bobActs(), Ticket: id, Status: []string{"pending", "open", "solved"}[i], Assignee: &w.bob, AssigneeName: "Bob Agent"})
	}
	ticket := w.ticket("Billed twice for the October invoice", "Hello,\n\nI was billed **twice** for October. Here is what my bank says:\n\n> 2 × 49.00 EUR, Example Shop\n\nPlease refund one.")
	w.must(&bridge.ChangeTicket{Actor: w.bobActs(), Ticket: ticket, Status: "open", Priority: "high", Group: w.group, Assignee: &w.bob, AssigneeName: "Bob Agent", Tags: []string{"refund", "vip"}})
	w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: "Carl has been with us since 2014. Be generous."})
	conv, mirror := w.talk(ticket, "Was October charged twice?", "Carl sees two charges of 49 EUR on his statement. Can you check order `4711` in the ledger?")
	w.must(w.answer(conv, "1700000000.000200", "Yes, I see it. The second one is a retry of ours:\n\n- charge 1: 2 Oct, captured\n- charge 2: 2 Oct, captured 4 s later\n\nI have refunded the second one. It takes **3–5 days**."))
	blob, size, err := w.store.PutBlob(w.t.Context(), strings.NewReader("ledger"), 100)
	if err != nil {
		w.t.Fatal(err)
	}
	mine := w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "Thank you! Here is the statement, for your files.", Files: []bridge.FileUpload{{Name: "statement.pdf", MIME: "application/pdf", Size: size, Hash: blob}}}).ID
	key := bridge.DeliveryKey{Mirror: mirror, Seq: mine.Seq}
	w.must(&bridge.Begin{Key: key, Token: "t1", Call: bridge.Call{Verb: bridge.VerbPost, Message: mine.Seq, Last: true}})
	w.must(&bridge.Settle{Key: key, Token: "t1", Receipt: bridge.Receipt{Ref: "1700000000.000300", Print: "p"}})
	edited := w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "Shall I tell him"}).ID
	w.must(&bridge.EditMessage{Actor: w.bobActs(), Message: edited, Body: "Shall I tell him five days?"})
	w.edited = edited
	w.must(w.answer(conv, "1700000000.000400", "wrong channel, sorry"))
	del := w.answer(conv, "1700000000.000400", "")
	del.Kind = bridge.InDelete
	w.must(del)
	w.must(&bridge.ReplyToCustomer{Actor: w.bobActs(), Ticket: ticket, Body: "Dear Carl,\n\nyou are right, and we are sorry. The second charge is refunded and will be on your account in 3–5 days."})
	parked, pm := w.talk(ticket, "May we give a voucher?", "He has waited for two weeks.")
	w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: parked, Body: "10 EUR would do."})
	w.must(&bridge.Park{Key: bridge.DeliveryKey{Mirror: pm, Seq: 1}, Reason: "is_archived", Remedy: "Unarchive #billing in Slack, or map the group to another channel, then press Resume."})
	closed, _ := w.talk(ticket, "Which bank?", "Which bank did he use?")
	w.must(&bridge.SetState{Actor: w.bobActs(), Conversation: closed})
	return ticket
}

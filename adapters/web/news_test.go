package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// listen opens a stream of somebody's.
func (b *browser) listen(path string) *events {
	b.w.t.Helper()
	return b.events(b.request(http.MethodGet, path, nil))
}

func micros() int64 { return bridge.Micros(time.Now()) }

func TestThePersonsStreamTellsWhatCameOnceAndToNobodyElse(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	conv, _ := w.talk(ticket, "Billed twice?", "Can you look?")
	w.must(w.answer(conv, "1.1", "Said before the page was made"))
	bob := w.as("bob@example.org").listen(fmt.Sprintf("/news/stream?after=%d", micros()))
	if name, data := bob.next(); name != "news" || !strings.Contains(data, `{"unread":1}`) {
		t.Fatalf("at first: %s %s", name, data)
	}
	ada := w.as("ada@example.org").listen(fmt.Sprintf("/news/stream?after=%d", micros()))
	if name, data := ada.next(); name != "news" || !strings.Contains(data, `{"unread":0}`) {
		t.Fatalf("another at first: %s %s", name, data)
	}
	first := w.must(w.answer(conv, "1.2", "**Yes**, it was.")).ID
	_, data := bob.next()
	has(t, "the news", data, `"unread":1`, `"id":"`+first.String()+`"`, `Anders Expert in #`, "Wrong invoice", `"text":"Yes, it was."`, `"url":"/m/`+first.String()+`"`, `"page":true`, `"browser":true`)
	hasNot(t, "the news", data, "before the page")
	w.must(w.answer(conv, "1.3", "And more."))
	_, data = bob.next()
	has(t, "the next news", data, "And more.")
	hasNot(t, "the next news", data, "it was")
	w.must(&bridge.ChangeTicket{Actor: w.bobActs(), Ticket: ticket, Assignee: &w.ada})
	w.must(w.answer(conv, "1.4", "Now hers"))
	_, data = ada.next()
	has(t, "the news of who has the ticket now", data, "Now hers")
}

func TestThePersonsStreamKeepsToWhatTheyWish(t *testing.T) {
	w := newWorld(t)
	w.wish(w.bob, func(n *mapping.Notices) { n.Ways, n.Excerpt = []string{mapping.WayPage}, false })
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	conv, _ := w.talk(ticket, "Billed twice?", "Can you look?")
	e := w.as("bob@example.org").listen(fmt.Sprintf("/news/stream?after=%d", micros()))
	e.next()
	w.must(w.answer(conv, "1.2", "A secret"))
	_, data := e.next()
	has(t, "the news", data, `"page":true`, `"text":"Billed twice?"`)
	hasNot(t, "the news", data, "browser", "secret")
	w.wish(w.bob, func(n *mapping.Notices) { n.Occasions = []string{mapping.OccasionMentioned} })
	second := w.must(w.answer(conv, "1.3", "More"))
	other, _ := w.talk(w.ticket("Second", "b"), "Q2", "?")
	w.must(w.answer(other, "2.2", "x"))
	_, data = e.next()
	has(t, "the count goes on", data, `"unread":2`)
	hasNot(t, "the count", data, second.ID.String(), "messages")
}

func (w *world) wish(person string, change func(*mapping.Notices)) {
	w.t.Helper()
	n := mapping.DefaultNotices()
	change(&n)
	text, err := json.Marshal(n)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.SetPreference(w.t.Context(), person, web.PreferenceNotices, string(text)); err != nil {
		w.t.Fatal(err)
	}
}

func TestTheListFollowsWhatChanges(t *testing.T) {
	w := newWorld(t)
	first, second := w.ticket("First", "b"), w.ticket("Second", "b")
	conv, _ := w.talk(first, "Q", "?")
	b := w.as("bob@example.org")
	from := micros()
	e := b.listen(fmt.Sprintf("/tickets/stream?show=active&after=%d", from))
	e.until(`id="filters"`)
	w.must(w.answer(conv, "1.2", "Yes"))
	data := e.until("1 unread")
	has(t, "the line", data, fmt.Sprintf(`<tr id="t%d"`, first), `Unread <span class="count">1</span>`)
	hasNot(t, "the line", data, fmt.Sprintf(`<tr id="t%d"`, second))
	w.must(&bridge.ChangeTicket{Actor: w.bobActs(), Ticket: second, Status: bridge.StatusSolved})
	has(t, "a ticket that is done", e.until("data-gone"), fmt.Sprintf(`<tr id="t%d" data-gone>`, second))

	done := b.listen(fmt.Sprintf("/tickets/stream?show=done&after=%d", from)).until("Second")
	has(t, "what a list missed", done, fmt.Sprintf(`<tr id="t%d" data-gone>`, first))

	got := b.get(fmt.Sprintf("/tickets/lines?show=active&tickets=%d", first))
	has(t, "a line that is asked for", got.body, "1 unread")
	for _, path := range []string{"/tickets/lines?tickets=x", "/tickets/lines", "/tickets/stream?after=x", "/news/stream"} {
		if got := b.get(path); got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestBrowserCountsWhatIsUnreadInTheTabAndTellsOnOnePageOnly(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	conv, _ := w.talk(ticket, "Billed twice?", "Can you look?")
	b := w.chromium("bob@example.org")
	b.open("/account")
	other := b.sibling()
	other.open("/tickets?show=all")
	w.must(w.answer(conv, "1.2", "Yes, it was."))
	for _, tab := range []*tab{b, other} {
		tab.wait(`document.title.startsWith("(1) ")`)
		tab.wait(`document.querySelector("link[rel=icon]").href.includes("icon-unread")`)
		tab.wait(`document.querySelector(".nav-unread .count").textContent === "1"`)
		tab.wait(`document.querySelector(".toast")?.textContent.includes("Yes, it was.")`)
	}
	other.wait(fmt.Sprintf(`document.querySelector("#t%d .unread-count")?.textContent === "1 unread"`, ticket))
	b.do(chromedp.Click(chromedp.CSS(".toast a")))
	b.wait(`document.querySelector(".msg:target, .msg.unread") !== null`)
	for _, tab := range []*tab{b, other} {
		tab.wait(`!document.title.startsWith("(")`)
	}
	other.wait(fmt.Sprintf(`document.querySelector("#t%d .unread-count") === null`, ticket))
	w.must(w.answer(conv, "1.3", "What the page shows"))
	b.wait(`document.querySelector("#talks").textContent.includes("What the page shows")`)
	other.wait(`[...document.querySelectorAll(".toast")].some((el) => el.textContent.includes("What the page shows"))`)
	if b.js(`document.querySelector(".toast") === null`) != "true" {
		t.Error("a page tells what it shows anyway")
	}
}

func TestBrowserNotifiesOnceWhenNobodyLooksAndLeadsToTheMessage(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	conv, _ := w.talk(ticket, "Billed twice?", "Can you look?")
	b := w.chromium("bob@example.org")
	b.open("/account")
	other := b.sibling()
	other.open("/account")
	const fake = `void (window.told = [], window.Notification = class extends EventTarget {
		static permission = "granted";
		constructor(what, options) { super(); window.told.push(what + ": " + options.body); window.last = this; }
		close() {}
	})`
	b.js(fake)
	other.js(fake)
	hidden := func(tab *tab, is bool) {
		tab.js(fmt.Sprintf(`void (Object.defineProperty(document, "hidden", { value: %t, configurable: true }), document.dispatchEvent(new Event("visibilitychange")))`, is))
	}
	hidden(b, true)
	w.must(w.answer(conv, "1.2", "Somebody looks at the other tab"))
	other.wait(`document.querySelector(".toast") !== null`)
	hidden(other, true)
	other.untilHidden(`navigator.locks.query().then((q) => q.held.every((l) => !l.name.startsWith("sidebridge looking")))`)
	posted := w.must(w.answer(conv, "1.3", "Nobody looks")).ID
	b.untilHidden(`window.told.length > 0`)
	w.must(w.answer(conv, "1.4", "Once more"))
	b.untilHidden(`window.told.length > 1`)
	told := b.js(`window.told.concat(["|"]).join("\n")`) + other.js(`window.told.join("\n")`)
	if want := "Anders Expert in #1 Wrong invoice: Nobody looks\nAnders Expert in #1 Wrong invoice: Once more\n|"; told != want {
		t.Errorf("told: %q", told)
	}
	if other.js(`document.querySelectorAll(".toast").length`) != "1" {
		t.Error("a page that nobody looks at has told")
	}
	b.js(`void window.last.dispatchEvent(new Event("click"))`)
	b.do(chromedp.WaitVisible(chromedp.CSS(fmt.Sprintf("#m%d", posted.Seq))))
}

// sibling opens another tab of the same browser.
func (b *tab) sibling() *tab {
	other := b.Sibling()
	return &tab{other, b.w, other.Ctx}
}

// untilHidden waits on a page that nobody looks at, which paints no frames.
func (b *tab) untilHidden(expression string) {
	b.w.t.Helper()
	for range 400 {
		got, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`new Promise((done) => setTimeout(async () => done(await (`+expression+`)), 50))`, chromedp.EvalAwaitPromise))
		if err != nil {
			b.w.t.Fatal(err)
		}
		if got {
			return
		}
	}
	b.w.t.Fatalf("not in time: %s", expression)
}

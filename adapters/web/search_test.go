package web_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestSearchShowsWhereTheWordsWereSaid(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	conv, _ := w.talk(ticket, "Billed twice?", "Can you look?")
	said := w.must(w.answer(conv, "1.2", "The **refund** <b>went</b> out on Monday.")).ID
	b := w.as("bob@example.org")
	got := b.get("/search?q=" + url.QueryEscape("REFUND mon"))
	has(t, "the finds", got.body, `<mark>refund</mark>`, `<mark>Monday</mark>`, `href="/m/`+said.String(), "Wrong invoice", "in “Billed twice?”")
	hasNot(t, "the finds", got.body, "<b>went")
	has(t, "a ticket", b.get("/search?q=carl").body, fmt.Sprintf(`href="/tickets/%d"`, ticket))
	has(t, "a number", b.get("/search?q=%23"+fmt.Sprint(ticket)).body, fmt.Sprintf("Open ticket #%d", ticket))
	has(t, "nothing", b.get("/search?q=unicorn").body, "Nothing was found")
	w.must(&bridge.Inbound{
		Kind: bridge.InDelete, Author: w.answer(conv, "", "").Author, Source: w.answer(conv, "1.2", "").Source,
	})
	has(t, "a deleted message", b.get("/search?q=refund").body, "Nothing was found")
	for _, bad := range []string{`"`, `*`, `' | !`, `\`, `a"b"c NEAR(x)`, "\x00\xff", "AND OR NOT"} {
		if got := b.get("/search?q=" + url.QueryEscape(bad)); got.status != 200 {
			t.Errorf("%q: %d", bad, got.status)
		}
	}
	if got := w.browser().get("/search?q=refund"); got.status == 200 {
		t.Error("a stranger can search")
	}
}

func TestBrowserSearchesAndWalksByKeys(t *testing.T) {
	w := newWorld(t)
	first := w.ticket("Wrong invoice", "I was billed twice.")
	w.ticket("Another invoice", "Where is it?")
	b := w.chromium("bob@example.org")
	b.open("/tickets")
	b.do(chromedp.KeyEvent("/"))
	b.wait(`document.activeElement.matches("[data-search]")`)
	b.do(chromedp.KeyEvent("invoice"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS(".hits")))
	b.wait(`document.querySelectorAll(".hit").length === 2`)
	b.js(`document.activeElement.blur()`)
	b.do(chromedp.KeyEvent("?"))
	b.wait(`document.querySelector("dialog")?.open`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.wait(`document.querySelector("dialog") === null`)
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent("k"), chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS("#ticket")))
	b.wait(fmt.Sprintf(`location.pathname === "/tickets/%d"`, first))
}

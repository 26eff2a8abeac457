package web_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/adapters/web/webtest"
	"github.com/sidebridge/sidebridge/bridge"
)

// everyNth is which share of the hostile texts is tried where not all of them are.
const everyNth = 13

// deskful is how many hostile texts one desk takes: lists of hundreds of people with
// hundreds of groups would only be slow.
const deskful = 20

// TestBrowserRunsNothingThatStrangersWrote puts hostile texts into every field that a
// stranger, an expert or an agent can fill, into addresses, and into forms that are
// refused, and opens all pages that show them in a real Chromium.
func TestBrowserRunsNothingThatStrangersWrote(t *testing.T) {
	all, step := webtest.Hostile(), everyNth
	if webtest.Full() {
		step = 1
	}
	tried, ran := 0, 0
	for from := 0; from < len(all); from += deskful * step {
		t.Run(fmt.Sprint("from ", from), func(t *testing.T) {
			w := newWorld(t)
			tr := w.trap("ada@example.org")
			for i := from; i < min(from+deskful*step, len(all)); i += step {
				tried++
				ran += w.tryHostile(tr, i, all[i])
			}
			ran += lists(t, tr)
		})
	}
	t.Log(webtest.XSSFigures(tried, ran))
}

// tryHostile puts a text everywhere and opens the pages that show it, or, where not all
// texts are tried, the ticket and one page and one form of those.
func (w *world) tryHostile(tr *webtest.Trap, i int, bad string) (ran int) {
	w.t.Helper()
	f := w.fill(i, bad)
	q := url.QueryEscape(bad)
	pages := []string{
		f.path() + "/audit?deliveries=1", "/m/" + f.message.String() + "/history", "/tickets?show=" + q + "&before=" + q, "/search?q=" + q, "/sign-in?next=" + q,
		"/c/" + fmt.Sprint(f.ticket, "-9") + "/approval?x=" + q, "/admin/changes?area=" + q, "/link/" + url.PathEscape(bad),
	}
	forms := []string{f.path() + "/conversations", "/tickets", "/admin/people", "/admin/rules", "/admin/mapping/test", "/sign-in", "/admin/tokens", f.path() + "/note"}
	tr.Open(f.path() + "?take=" + fmt.Sprint(f.message.Seq))
	tr.Unfold()
	ran += tr.Safe(fmt.Sprintf("%q on the ticket", bad))
	for n := range pages {
		if webtest.Full() || n == i%len(pages) {
			tr.Open(pages[n])
			ran += tr.Safe(fmt.Sprintf("%q on %s", bad, pages[n]))
		}
	}
	for n := range forms {
		if webtest.Full() || n == i%len(forms) {
			tr.Submit(forms[n], hostileForm(bad, f.group))
			ran += tr.Safe(fmt.Sprintf("%q in the form of %s", bad, forms[n]))
		}
	}
	return ran
}

// lists opens the pages that show what many texts have filled.
func lists(t *testing.T, tr *webtest.Trap) (ran int) {
	t.Helper()
	for _, p := range []string{"/tickets", "/admin/people", "/admin/mapping", "/admin/rules/r1", "/admin/tokens", "/admin/health", "/admin/permissions"} {
		tr.Open(p)
		tr.Unfold()
		if tr.JS(`document.body.innerHTML.includes("pwned")`) != "true" {
			t.Errorf("%s shows none of the hostile words: the test does not reach it", p)
		}
		ran += tr.Safe("all of them on " + p)
	}
	return ran
}

// TestBrowserRunsNothingThatComesWhileThePageIsOpen: an open page takes pieces from the
// stream, and puts an expert's words into boxes.
func TestBrowserRunsNothingThatComesWhileThePageIsOpen(t *testing.T) {
	w := newWorld(t)
	tr := w.trap("bob@example.org")
	all, step := webtest.Hostile(), everyNth
	if webtest.Full() {
		step = 1
	}
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	tr.Open(fmt.Sprintf("/tickets/%d?all=1", ticket))
	tr.Wait(`document.querySelector("[data-live-state]").textContent === "Live"`)
	tried, ran := 0, 0
	var last bridge.ID
	for i := 0; i < len(all); i += step {
		tried++
		in := w.answer(conv, fmt.Sprintf("%d.1", 300+i), all[i])
		in.AuthorName = all[i]
		last = w.must(in).ID
		w.must(&bridge.WriteNote{Actor: w.actor(w.bob, all[i], bridge.RoleAgent), Ticket: ticket, Body: all[i]})
	}
	tr.Wait(fmt.Sprintf(`document.getElementById("m%d") !== null`, last.Seq))
	ran += tr.Safe("all of them, live")
	use := fmt.Sprintf("#m%d [data-use] button", last.Seq)
	tr.Do(chromedp.Focus(chromedp.CSS(use)), chromedp.KeyEvent(kb.Enter))
	tr.Wait(`document.activeElement.id === "reply-body" && document.activeElement.value.includes("pwned")`)
	ran += tr.Safe("in the reply box")
	t.Log(webtest.XSSFigures(tried, ran))
}

// trap opens a tab that notices what runs, and signs somebody in.
func (w *world) trap(email string) *webtest.Trap {
	w.t.Helper()
	tr := webtest.NewTrap(w.t, w.http.URL)
	tr.More = func() string { return "the server's log: " + w.logs.String() }
	tr.Submit("/sign-in", url.Values{"email": {email}, "password": {password}})
	return tr
}

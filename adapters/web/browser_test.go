package web_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/bridge"
)

// tab is a tab of a real Chromium.
type tab struct {
	w   *world
	ctx context.Context
}

// chromiumProcess starts one browser for all tests; it ends with the tests' process.
var chromiumProcess = sync.OnceValues(func() (context.Context, error) {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.Flag("lang", "en"))
	alloc, _ := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, _ := chromedp.NewContext(alloc)
	return ctx, chromedp.Do(ctx)
})

// chromium opens a tab and signs somebody in.
func (w *world) chromium(email string) *tab {
	w.t.Helper()
	b := w.tab()
	b.do(
		chromedp.Navigate(w.http.URL+"/sign-in"),
		chromedp.SendKeys(chromedp.CSS("input[name=email]"), email), chromedp.SendKeys(chromedp.CSS("input[name=password]"), password),
		chromedp.SendKeys(chromedp.CSS("input[name=password]"), kb.Enter),
		chromedp.WaitVisible(chromedp.CSS(".who-am-i")),
	)
	return b
}

// tab opens a tab of somebody who is not signed in. A machine without Chromium fails the
// test: what a script does cannot be proved without a browser.
func (w *world) tab() *tab {
	w.t.Helper()
	browser, err := chromiumProcess()
	if err != nil {
		w.t.Fatalf("start Chromium (make setup installs it): %v", err)
	}
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext()) // no cookies of another test
	b := &tab{w, ctx}
	b.watch()
	w.t.Cleanup(closeTab)
	b.do(chromedp.EmulateViewport(1280, 900))
	return b
}

// watch fails the test when a page opens a dialog, as an injected script would,
// when a script fails, and when the browser refuses something by the page's policy.
func (b *tab) watch() {
	dialogs := chromedp.Events(b.ctx, page.JavascriptDialogOpening)
	failures := chromedp.Events(b.ctx, runtime.ExceptionThrown)
	refusals := chromedp.Events(b.ctx, log.EntryAdded)
	var wg sync.WaitGroup
	b.w.t.Cleanup(wg.Wait) // runs after the tab is closed, which ends the streams
	wg.Go(func() {
		for ev, err := range dialogs {
			if err == nil {
				b.w.t.Errorf("a page opened a dialog: %s", ev.Message)
				_, _ = chromedp.Call(b.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
			}
		}
	})
	wg.Go(func() {
		for ev, err := range failures {
			if err == nil {
				b.w.t.Errorf("a script failed: %s", ev.ExceptionDetails.Text)
			}
		}
	})
	wg.Go(func() {
		for ev, err := range refusals {
			if err == nil && ev.Entry.Source == "security" {
				b.w.t.Errorf("refused by the policy: %s %s", ev.Entry.Text, ev.Entry.URL)
			}
		}
	})
}

// do runs steps, and fails the test with a picture of words when one takes too long.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.w.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.w.t.Fatalf("%v; the page says: %s; the server's log: %s", err, b.text("body"), b.w.logs)
	}
}

func (b *tab) open(path string) {
	b.w.t.Helper()
	b.do(chromedp.Navigate(b.w.http.URL + path))
}

// js evaluates an expression to a string.
func (b *tab) js(expression string) string {
	b.w.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		b.w.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

func (b *tab) text(selector string) string {
	got, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q)?.innerText ?? '(none)'", selector)))
	return got
}

// wait waits until an expression is true, on the page as it is: it looks at every frame.
func (b *tab) wait(expression string) time.Duration {
	b.w.t.Helper()
	start := time.Now()
	ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`new Promise((done) => {
		const end = performance.now() + 8000;
		const look = () => (`+expression+`) ? done(true) : performance.now() > end ? done(false) : requestAnimationFrame(look);
		look();
	})`, chromedp.EvalAwaitPromise))
	if err != nil || !ok {
		b.w.t.Fatalf("not in time: %s: %v; the page says: %s; the server's log: %s", expression, err, b.text("main"), b.w.logs)
	}
	return time.Since(start)
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

func TestBrowserRunsNothingThatStrangersWrote(t *testing.T) {
	w := newWorld(t)
	b := w.chromium("ada@example.org")
	script := page.AddScriptToEvaluateOnNewDocumentParams{Source: "window.pwned = () => { window.ran = true; }"}
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, script); err != nil {
		t.Fatal(err)
	}
	all := hostile()
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	for i, bad := range all {
		if i%2 == 0 {
			w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: bad})
		} else {
			w.must(&bridge.PostMessage{Actor: w.actor(w.bob, bad, bridge.RoleAgent), Conversation: conv, Body: bad})
		}
	}
	b.open(fmt.Sprintf("/tickets/%d?all=1", ticket))
	b.wait(`document.querySelector("[data-live-state]").textContent === "Live"`)
	w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: strings.Join(all, "\n\n")})
	b.wait(`document.querySelector("#ticket-log > .msg.fresh") !== null`)
	if got := b.js("window.ran"); got != "undefined" {
		t.Error("a script of a stranger ran")
	}
	if got := b.js(`document.querySelectorAll("#main :is(script, iframe, object, embed, style, link, base, meta, form[action^=http])").length`); got != "0" {
		t.Errorf("%s elements that we never write", got)
	}
}

// TestBrowserShowsEveryPage looks at every page, light, dark and on a small phone:
// nothing may be wider than the window, and no element may lack its name. With
// SIDEBRIDGE_SCREENSHOTS it leaves pictures in that folder, for people to look at.
func TestBrowserShowsEveryPage(t *testing.T) {
	w := newWorld(t)
	ticket := w.sample()
	b := w.chromium("ada@example.org")
	if err := w.store.SetPreference(t.Context(), w.ada, "hint-ask", "seen"); err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{
		"tickets": "/tickets", "ticket": fmt.Sprintf("/tickets/%d", ticket), "ticket-new": "/tickets/new", "audit": fmt.Sprintf("/tickets/%d/audit", ticket),
		"account": "/account", "people": "/admin/people", "mapping": "/admin/mapping", "rule": "/admin/rules/r1", "tokens": "/admin/tokens",
		"health": "/admin/health", "error": "/nothing", "history": "/m/" + w.edited.String() + "/history",
		"link": w.link(inDiscord, "ada_in_discord"), "link-bad": "/link/none",
	}
	for name, path := range pages {
		b.lookAt(name, func(look string) {
			b.open(path)
			if name == "ticket" && look != "dark" {
				b.do(chromedp.Click(chromedp.CSS("#start > summary")), chromedp.Click(chromedp.CSS(".change > summary")),
					chromedp.Click(chromedp.CSS("#attach > summary")), chromedp.Click(chromedp.CSS(".react-more > summary")))
			}
		})
	}
}

// lookAt has a page shown light, dark and on a small phone, and looks at it each time.
func (b *tab) lookAt(name string, show func(look string)) {
	t := b.w.t
	t.Helper()
	dir := os.Getenv("SIDEBRIDGE_SCREENSHOTS")
	for _, look := range []struct {
		name   string
		width  int64
		scheme string
	}{{"light", 1280, "light"}, {"dark", 1280, "dark"}, {"phone", 320, "light"}} {
		b.do(chromedp.EmulateViewport(look.width, 900))
		scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}}
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, scheme); err != nil {
			t.Fatal(err)
		}
		show(look.name)
		if got := b.js("document.documentElement.scrollWidth"); got != fmt.Sprint(look.width) && !(got < fmt.Sprint(look.width) && len(got) <= len(fmt.Sprint(look.width))) {
			t.Errorf("%s, %s: the page is %s wide in a window of %d", name, look.name, got, look.width)
		}
		if got := b.js(unnamed); got != "" {
			t.Errorf("%s, %s: without a name: %s", name, look.name, got)
		}
		if got := b.js(faint); got != "" {
			t.Errorf("%s, %s: too faint to read: %s", name, look.name, got)
		}
		if dir == "" {
			continue
		}
		shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+"-"+look.name+".png"), shot, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// unnamed lists controls and links that a screen reader could not name, images
// without a text, ids that are there twice and labels that name nothing.
const unnamed = `(() => {
	const out = [];
	const name = (e) => e.getAttribute("aria-label") || e.innerText?.trim() || [...(e.labels ?? [])].map((l) => l.textContent.trim()).join("") || e.textContent.trim() || e.title;
	for (const e of document.querySelectorAll("a, button, summary, input:not([type=hidden]), select, textarea")) if (!name(e)) out.push(e.outerHTML.slice(0, 120));
	for (const e of document.querySelectorAll("img")) if (!e.alt) out.push(e.outerHTML);
	const seen = new Set();
	for (const e of document.querySelectorAll("[id]")) { if (seen.has(e.id)) out.push("twice: " + e.id); seen.add(e.id); }
	for (const e of document.querySelectorAll("[aria-labelledby]")) if (!document.getElementById(e.getAttribute("aria-labelledby"))) out.push("no label: " + e.outerHTML.slice(0, 80));
	if (document.querySelectorAll("h1").length !== 1) out.push("not one h1");
	if (document.querySelectorAll("main").length !== 1) out.push("not one main");
	return out.join("\n");
})()`

// faint lists texts that stand out from what is behind them by less than WCAG 2.2
// asks for (1.4.3: 4.5 to 1, for large text 3 to 1).
const faint = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const rgba = (color) => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = color;
		canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data];
	};
	const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] / 255 + below[i] * (1 - top[3] / 255));
	const behind = (e) => {
		const layers = [];
		for (; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
		return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
	};
	const light = (c) => c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const out = new Set();
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n = walker.nextNode(); n; n = walker.nextNode()) {
		const e = n.parentElement, style = getComputedStyle(e);
		if (n.data.trim() === "" || !e.checkVisibility() || e.closest(".sr, .skip")) continue;
		const back = behind(e), a = light(over(rgba(style.color), back)), b = light(back);
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) out.add(ratio.toFixed(2) + " " + e.className + ": " + n.data.trim().slice(0, 40));
	}
	return [...out].join("\n");
})()`

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

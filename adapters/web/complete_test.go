package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// callable makes Anders reachable in the conversations' Slack, and adds somebody who is not.
func (w *world) callable() {
	w.t.Helper()
	if err := w.store.TakeAccount(w.t.Context(), bridge.Account{Surface: "slack", Workspace: "T1", ID: "U2"}, "handle_of_anders", w.anders); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.store.CreatePerson(w.t.Context(), bridge.Known{Name: "Andrea <b>Away</b>", Role: bridge.RoleExpert, Account: bridge.Account{ID: "away@example.org"}}, ""); err != nil {
		w.t.Fatal(err)
	}
}

// B3: the names of those who can be called here come first, by name, handle and mail.
func TestComposersOfferWhoCanBeCalledHereFirst(t *testing.T) {
	w := newWorld(t)
	w.callable()
	if err := w.store.PutChannels(t.Context(), []store.Channel{
		{Place: bridge.Place{Surface: "slack", Workspace: "T1", Channel: "C8"}, Name: "and-more"},
		{Place: bridge.Place{Surface: "slack", Workspace: "T1", Channel: "C9"}, Name: "and-secret", Private: true},
	}); err != nil {
		t.Fatal(err)
	}
	conv, _ := w.talk(w.ticket("S", "b"), "Q", "?")
	b := w.as("bob@example.org")
	ask := func(q string) string {
		return b.get("/complete?conversation=" + conv.String() + "&q=" + url.QueryEscape(q)).body
	}
	got := ask("and")
	here, away := strings.Index(got, `data-target="mention:person/`+w.anders), strings.Index(got, "Andrea")
	if here < 0 || away < here {
		t.Errorf("who can be called here does not come first: %s", got)
	}
	has(t, "the list", got, "not in this chat", `data-name="#and-more" data-target="channel:slack/T1/C8"`, `data-name="@Andrea b Away /b"`)
	hasNot(t, "the list", got, "and-secret", "<b>")
	has(t, "by handle", ask("handle_of"), w.anders)
	has(t, "by mail", ask("away@exa"), "Andrea")
	has(t, "a group and its channel", ask("bil"), `data-target="group:desk/`+w.group, `data-target="channel:slack/T1/C1"`)
	if got := b.get("/complete?conversation=9-9&q=and"); got.status != http.StatusNotFound {
		t.Errorf("of a conversation that there is not: %d", got.status)
	}
	if got := w.browser().get("/complete?q=and"); got.status == http.StatusOK {
		t.Errorf("somebody who is not signed in: %d %s", got.status, got.body)
	}
}

func TestNamesThatWereCompletedAreMentionsInTheLog(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	b := w.as("bob@example.org")
	form := url.Values{"body": {"@Anders Expert, `@Anders Expert`?"}, "naming": {"mention:person/" + w.anders + " @Anders Expert", "javascript:x @Anders"}}
	b.post("/c/"+conv.String()+"/messages", form)
	e := w.last(ticket, bridge.MessagePosted)
	want := "[@Anders Expert](mention:person/" + w.anders + "), `@Anders Expert`?"
	if e.Words.Body != want {
		t.Errorf("the log has %q, want %q", e.Words.Body, want)
	}
	page := b.get(fmt.Sprintf("/tickets/%d", ticket)).body
	has(t, "the box that edits it", page, ">@Anders Expert, `@Anders Expert`?</textarea>", `name="naming" value="mention:person/`+w.anders+` @Anders Expert"`)
	has(t, "the preview", b.post("/preview", form).body, `<span class="mention">@Anders Expert</span>, <code>@Anders Expert</code>?`)
	// Taken out by editing, nobody is named any more.
	b.post("/m/"+e.ID().String()+"/edit", url.Values{"body": {"nobody"}, "naming": form["naming"]})
	if e := w.last(ticket, bridge.MessageEdited); e == nil || e.Words.Body != "nobody" {
		t.Errorf("edited to %+v", e)
	}
}

func TestBrowserCompletesNamesByKeyboardAndSendsOnce(t *testing.T) {
	w := newWorld(t)
	w.callable()
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	b := w.chromium("bob@example.org")
	page := fmt.Sprintf("/tickets/%d", ticket)
	b.open(page)
	box := fmt.Sprintf("#c%d-body", conv.Seq)
	value := fmt.Sprintf("document.querySelector(%q).value", box)
	b.do(chromedp.Focus(chromedp.CSS(box)), chromedp.KeyEvent("Hi @and"))
	b.wait(`document.querySelectorAll("#completions:not([hidden]) li").length > 1`)
	if got := b.js(`document.activeElement.getAttribute("aria-activedescendant") + document.activeElement.getAttribute("aria-expanded") + document.querySelector("#completions [aria-selected=true]").innerText`); !strings.HasPrefix(got, "completion-0trueAnders Expert") {
		t.Errorf("a screen reader hears %q", got)
	}
	if dir := os.Getenv("SIDEBRIDGE_SCREENSHOTS"); dir != "" {
		for _, width := range []int64{1280, 320} {
			b.do(chromedp.EmulateViewport(width, 900), chromedp.KeyEvent("x"), chromedp.KeyEvent(kb.Backspace))
			b.wait(`document.querySelectorAll("#completions:not([hidden]) li").length > 1`)
			shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(90))
			if err == nil {
				err = os.WriteFile(fmt.Sprintf("%s/complete-%d.png", dir, width), shot, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	b.do(chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.Escape))
	b.wait(`document.getElementById("completions").hidden`)
	b.do(chromedp.KeyEvent(" @anders"))
	b.wait(`document.querySelectorAll("#completions:not([hidden]) li").length === 1`)
	b.do(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent("look"))
	if got := b.js(value); got != "Hi @and @Anders Expert look" {
		t.Errorf("the box has %q", got)
	}
	// A reload keeps the words and whom they name.
	b.do(chromedp.Reload())
	b.wait(value + ` === "Hi @and @Anders Expert look"`)
	b.do(chromedp.Focus(chromedp.CSS(box)), chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)), chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait(value + ` === "" && document.querySelector(".msg.pending") === null`)
	var sent []string
	for _, e := range w.entries(ticket) {
		if e.Kind == bridge.MessagePosted && e.Words.Body != "?" {
			sent = append(sent, e.Words.Body)
		}
	}
	if len(sent) != 1 || sent[0] != "Hi @and [@Anders Expert](mention:person/"+w.anders+") look" {
		t.Errorf("the log has %q", sent)
	}
	if got := b.js(`Object.keys(localStorage).filter((k) => k.startsWith("draft")).length`); got != "0" {
		t.Errorf("%s drafts are left of what was sent", got)
	}
}

func TestBrowserComposerTakesMarkdownByKeysAndShowsIt(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	b := w.chromium("bob@example.org")
	b.open(fmt.Sprintf("/tickets/%d", ticket))
	box := fmt.Sprintf("#c%d-body", conv.Seq)
	value := fmt.Sprintf("document.querySelector(%q).value", box)
	ctrl := chromedp.KeyModifiers(chromedp.ModifierCtrl)
	b.do(
		chromedp.Focus(chromedp.CSS(box)),
		chromedp.KeyEvent("b", ctrl), chromedp.KeyEvent("loud"), chromedp.KeyEvent(kb.End),
		chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent("- one"), chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent("two"),
		chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent("end"),
	)
	if got := b.js(value); got != "**loud**\n- one\n- two\n\nend" {
		t.Errorf("the box has %q", got)
	}
	b.js(fmt.Sprintf(`document.querySelector(%q).form.querySelector("[data-preview-text]").focus()`, box))
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`document.querySelector(".written strong")?.innerText === "loud" && document.querySelectorAll(".written li").length === 2`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`document.querySelector(".written") === null && document.activeElement.matches("` + box + `")`)

	// Files that are dropped are listed, can be left out, and go along.
	b.js(fmt.Sprintf(`(() => {
		const d = new DataTransfer();
		d.items.add(new File(["one"], "one.txt"));
		d.items.add(new File(["two"], "two.txt"));
		document.querySelector(%q).dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: d }));
	})()`, box))
	b.wait(`document.querySelectorAll(".to-send li").length === 2`)
	b.js(`document.querySelector(".to-send [aria-label='Remove one.txt']").focus()`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`document.querySelector(".to-send").innerText.includes("two.txt") && !document.querySelector(".to-send").innerText.includes("one.txt")`)
	b.do(chromedp.Focus(chromedp.CSS(box)), chromedp.KeyEvent(kb.Enter, ctrl))
	b.wait(value + ` === ""`)
	if e := w.last(ticket, bridge.MessagePosted); strings.Join(e.Words.Files, " ") != "two.txt" {
		t.Errorf("the log has the files %v", e.Words.Files)
	}
}

// A failure keeps the words, says so, and shows nothing as sent.
func TestBrowserShowsNothingAsSentThatTheLogDoesNotHave(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	b := w.chromium("bob@example.org")
	b.open(fmt.Sprintf("/tickets/%d", ticket))
	box := fmt.Sprintf("#c%d-body", conv.Seq)
	b.js(`window.fetch = () => new Promise((_, no) => { window.fail = () => no(new TypeError("no answer")); }), ""`)
	b.do(chromedp.Focus(chromedp.CSS(box)), chromedp.KeyEvent("precious"), chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.wait(`document.querySelector(".msg.pending")?.innerText.includes("Sending")`)
	b.js(`window.fail(), ""`)
	b.wait(`document.querySelector(".msg.pending") === null && document.querySelector("` + box + `").value === "precious"`)
	b.wait(`document.querySelector("` + box + `").form.querySelector("p.error").innerText.includes("still here")`)
	// Somebody else who signs in here does not read it; the same person would.
	if got := b.js(`Object.values(localStorage).join().includes("precious")`); got != "true" {
		t.Error("the draft is not kept")
	}
	b.js(`(() => { const k = Object.keys(localStorage).find((k) => k.startsWith("draft")); localStorage.setItem(k.replace(/^draft \S+/, "draft somebody"), "x"); })()`)
	b.do(chromedp.Reload())
	b.wait(`document.querySelector("` + box + `").value === "precious" && !Object.keys(localStorage).some((k) => k.startsWith("draft somebody"))`)
}

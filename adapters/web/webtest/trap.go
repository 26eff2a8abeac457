package webtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// Trap is a tab that notices when what a stranger wrote has run, was refused by the
// page's policy, which is the second guard and must not be needed, or became elements
// that no page of ours has.
type Trap struct {
	*Tab
	mu     sync.Mutex
	alarms []string
}

// NewTrap opens a tab whose pages have the function that hostile texts call.
func NewTrap(t testing.TB, base string) *Trap {
	t.Helper()
	tr := &Trap{}
	tr.Tab = NewTab(t, base, func(text string) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.alarms = append(tr.alarms, text)
	})
	tr.Before(`
		window.ran = 0;
		window.pwned = () => { if (window === top) window.ran++; else top.postMessage("pwned", "*"); };
		window.alert = window.confirm = window.prompt = window.pwned;
		window.addEventListener("message", (e) => { if (e.data === "pwned") window.ran++; });
		document.addEventListener("securitypolicyviolation", (e) => { (window.refused ??= []).push(e.violatedDirective + " " + e.blockedURI + " " + e.sample); });
	`)
	return tr
}

// Sprung returns what came of the page as it is now: scripts that ran, and all the rest
// that is not as it should be, in words.
func (tr *Trap) Sprung() (ran int, wrong []string) {
	tr.t.Helper()
	got, err := chromedp.Run(tr.Ctx, chromedp.Evaluate[struct {
		Ran   int      `json:"ran"`
		Wrong []string `json:"wrong"`
	}](sprung, chromedp.EvalAwaitPromise))
	if err != nil {
		tr.t.Fatalf("look at what ran: %v", err)
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	wrong = slices.Concat(got.Wrong, tr.alarms)
	tr.alarms = nil
	return got.Ran, wrong
}

// Safe fails the test when anything ran or is not as it should be, and returns how many
// scripts ran.
func (tr *Trap) Safe(what string) int {
	tr.t.Helper()
	ran, wrong := tr.Sprung()
	if ran > 0 || len(wrong) > 0 {
		tr.t.Errorf("%s: %d scripts ran: %s", what, ran, strings.Join(wrong, "\n"))
	}
	return ran
}

// XSSFigures is the line that `make browser` adds up.
func XSSFigures(payloads, ran int) string {
	return fmt.Sprintf("figures: xss_payloads=%d xss_run=%d", payloads, ran)
}

// sprung moves the pointer and the focus over everything first, so that what waits for
// somebody runs as well. Links are not followed: their addresses are looked at.
const sprung = `(async () => {
	const wrong = [...(window.refused ?? [])], safe = ["http:", "https:", "mailto:"];
	window.refused = [];
	for (const e of document.querySelectorAll("main *, dialog *")) {
		for (const type of ["mouseover", "mouseenter", "pointerover"]) e.dispatchEvent(new MouseEvent(type));
		e.dispatchEvent(new FocusEvent("focus"));
	}
	for (const e of document.querySelectorAll("*")) {
		for (const a of e.attributes) {
			if (/^on/i.test(a.name) || a.name === "style" || a.name === "srcdoc") wrong.push("attribute " + a.name + " of " + e.outerHTML.slice(0, 100));
			if (["href", "src", "action", "formaction", "data", "xlink:href", "poster", "background", "ping"].includes(a.name)) {
				const to = new URL(a.value, document.baseURI);
				if (!safe.includes(to.protocol)) wrong.push("address " + a.value);
				if (to.origin !== location.origin && e.localName !== "a") wrong.push("foreign " + e.localName + " " + a.value);
			}
		}
		if (["iframe", "frame", "object", "embed", "style", "base", "applet", "math", "marquee"].includes(e.localName)) wrong.push("element " + e.localName);
		if (e.localName === "script" && (e.text !== "" || !e.src.startsWith(location.origin + "/static/"))) wrong.push("script " + e.outerHTML.slice(0, 100));
		if (["meta", "link"].includes(e.localName) && e.parentElement !== document.head) wrong.push("element " + e.localName + " in the page");
	}
	if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
	await new Promise((done) => setTimeout(done));
	return {ran: window.ran, wrong};
})()`

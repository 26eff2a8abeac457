package webtest

import (
	"fmt"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// farthest is how often Tab is pressed to reach something.
const farthest = 250

// Reach presses Tab until the focus is where an expression says; "it" is what has the focus.
func (b *Tab) Reach(what, expression string) {
	b.t.Helper()
	for range farthest {
		if b.JS(fmt.Sprintf("((it) => %s)(document.activeElement)", expression)) == "true" {
			return
		}
		b.Do(chromedp.KeyEvent(kb.Tab))
	}
	b.t.Fatalf("the Tab key does not reach %s; the focus is on %s", what, b.Focus())
}

// ReachSelector presses Tab until what a selector names has the focus.
func (b *Tab) ReachSelector(selector string) {
	b.t.Helper()
	b.Reach(selector, fmt.Sprintf("it.matches(%q)", selector))
}

// ReachButton presses Tab until the control with these words has the focus.
func (b *Tab) ReachButton(words string) {
	b.t.Helper()
	b.Reach(fmt.Sprintf("%q", words), fmt.Sprintf(`it.matches("button, a, summary, [role=button]") && it.innerText.trim().startsWith(%q)`, words))
}

// Type types words where the focus is.
func (b *Tab) Type(words string) {
	b.t.Helper()
	b.Do(chromedp.KeyEvent(words))
}

// Press presses keys one after the other, where the focus is.
func (b *Tab) Press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.Do(chromedp.KeyEvent(k))
	}
}

// Enter presses Enter.
func (b *Tab) Enter() { b.t.Helper(); b.Press(kb.Enter) }

// Send presses Control and Enter, which sends what was written.
func (b *Tab) Send() {
	b.t.Helper()
	b.Do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
}

// Focus says in words what has the focus.
func (b *Tab) Focus() string {
	return b.JS("document.activeElement.outerHTML.slice(0, 160)")
}

// HasFocus fails the test when the focus is elsewhere than on what a selector names.
func (b *Tab) HasFocus(selector string) {
	b.t.Helper()
	if b.JS(fmt.Sprintf("document.activeElement.matches(%q)", selector)) != "true" {
		b.t.Errorf("the focus is on %s, want %s", b.Focus(), selector)
	}
}

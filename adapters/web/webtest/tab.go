// Package webtest opens pages in a real Chromium, for the tests of every package that
// serves some. A Tab fails its test when a page does what none of ours does: opens a
// dialog, runs into an error in a script, or has something refused by its own policy.
// Its keys are those of somebody without a mouse; Axe asks axe-core, which is fetched
// from npm once, what a page keeps from people; Hostile makes what strangers write where
// they hope for a script to run.
package webtest

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// stepTime is how long a step may take, and waitTime how long a page may take to become
// what a test waits for, on a machine that runs other tests at the same time.
const (
	stepTime = 30 * time.Second
	waitTime = 15 * time.Second
)

// Tab is a tab of a real Chromium with cookies of its own.
type Tab struct {
	t testing.TB
	// Ctx is the tab, for what chromedp alone can do.
	Ctx context.Context
	// Base is the address that the paths of Open are below.
	Base string
	// More says more when a step fails, such as the server's log; nil: nothing.
	More func() string
}

// process starts one browser for all tests of a package; it ends with them.
var process = sync.OnceValues(func() (context.Context, error) {
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.Flag("lang", "en"))
	alloc, _ := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, _ := chromedp.NewContext(alloc)
	return ctx, chromedp.Do(ctx)
})

// NewTab opens a tab that is closed when the test ends. A machine without Chromium fails
// the test: what a page does cannot be proved without a browser. alarm hears of what no
// page of ours does; nil fails the test.
func NewTab(t testing.TB, base string, alarm func(text string)) *Tab {
	t.Helper()
	browser, err := process()
	if err != nil {
		t.Fatalf("start Chromium (make setup installs it): %v", err)
	}
	if alarm == nil {
		alarm = func(text string) { t.Error(text) }
	}
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext()) // no cookies of another test
	b := &Tab{t: t, Ctx: ctx, Base: base}
	b.watch(alarm)
	t.Cleanup(closeTab)
	b.Do(chromedp.EmulateViewport(1280, 900))
	return b
}

// Sibling opens another tab of the same browser: of whoever is signed in there.
func (b *Tab) Sibling() *Tab {
	b.t.Helper()
	ctx, closeTab := chromedp.NewContext(b.Ctx)
	other := &Tab{t: b.t, Ctx: ctx, Base: b.Base, More: b.More}
	other.watch(func(text string) { b.t.Error(text) })
	b.t.Cleanup(closeTab)
	other.Do(chromedp.EmulateViewport(1280, 900))
	return other
}

func (b *Tab) watch(alarm func(string)) {
	dialogs := chromedp.Events(b.Ctx, page.JavascriptDialogOpening)
	failures := chromedp.Events(b.Ctx, runtime.ExceptionThrown)
	refusals := chromedp.Events(b.Ctx, log.EntryAdded)
	var wg sync.WaitGroup
	b.t.Cleanup(wg.Wait) // runs after the tab is closed, which ends the streams
	wg.Go(func() {
		for ev, err := range dialogs {
			if err == nil {
				alarm("a page opened a dialog: " + ev.Message)
				_, _ = chromedp.Call(b.Ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
			}
		}
	})
	wg.Go(func() {
		for ev, err := range failures {
			if err == nil {
				alarm("a script failed: " + ev.ExceptionDetails.Text)
			}
		}
	})
	wg.Go(func() {
		for ev, err := range refusals {
			if err == nil && ev.Entry.Source == "security" {
				alarm("refused by the policy: " + ev.Entry.Text + " " + ev.Entry.URL)
			}
		}
	})
}

// Do runs steps, and fails the test with the page's words when one takes too long.
func (b *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Ctx, stepTime)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%v; the page says: %s%s", err, b.Text("body"), b.more())
	}
}

func (b *Tab) more() string {
	if b.More == nil {
		return ""
	}
	return "; " + b.More()
}

// Open goes to a path.
func (b *Tab) Open(path string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(b.Base + path))
}

// Submit posts a form as the page would, and waits for the page that answers.
func (b *Tab) Submit(path string, form url.Values) {
	b.t.Helper()
	if b.JS("location.origin") != b.Base {
		b.Open("/sign-in") // some page of ours
	}
	ctx, cancel := context.WithTimeout(b.Ctx, stepTime)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[bool](fmt.Sprintf(submit, path, form.Encode()))(ctx, target)
		return chromedp.Void{}, err
	})
	if err != nil {
		b.t.Fatalf("post to %s: %v; the page says: %s%s", path, err, b.Text("body"), b.more())
	}
}

const submit = `(() => {
	const form = document.createElement("form");
	form.method = "post";
	form.action = %q;
	for (const [name, value] of new URLSearchParams(%q)) {
		const field = document.createElement("textarea");
		field.name = name;
		field.value = value;
		form.append(field);
	}
	document.body.append(form);
	HTMLFormElement.prototype.submit.call(form);
	return true;
})()`

// Unfold opens everything on the page that is folded.
func (b *Tab) Unfold() {
	b.t.Helper()
	b.JS(`document.querySelectorAll("main details").forEach((d) => { d.open = true; })`)
}

// JS evaluates an expression to a string.
func (b *Tab) JS(expression string) string {
	b.t.Helper()
	got, err := chromedp.Run(b.Ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// Text returns the words of the first element that a selector names.
func (b *Tab) Text(selector string) string {
	got, _ := chromedp.Run(b.Ctx, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q)?.innerText ?? '(none)'", selector)))
	return got
}

// Wait waits until an expression is true on the page as it is: it looks at every frame,
// and goes on when another page takes the place of this one.
func (b *Tab) Wait(expression string) time.Duration {
	b.t.Helper()
	start := time.Now()
	look := fmt.Sprintf(`new Promise((done) => {
		const end = performance.now() + %d;
		const look = () => (%s) ? done(true) : performance.now() > end ? done(false) : requestAnimationFrame(look);
		look();
	})`, waitTime.Milliseconds(), expression)
	ok, err := chromedp.Run(b.Ctx, chromedp.Evaluate[bool](look, chromedp.EvalAwaitPromise))
	for err != nil && time.Since(start) < waitTime && b.Ctx.Err() == nil {
		b.Do(chromedp.WaitReady(chromedp.CSS("body")))
		ok, err = chromedp.Run(b.Ctx, chromedp.Evaluate[bool](look, chromedp.EvalAwaitPromise))
	}
	if err != nil || !ok {
		b.t.Fatalf("not in time: %s: %v; the page says: %s%s", expression, err, b.Text("main"), b.more())
	}
	return time.Since(start)
}

// Before has a script run in every page that the tab opens, before the page's own.
func (b *Tab) Before(source string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.Ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source}); err != nil {
		b.t.Fatal(err)
	}
}

package discordsim

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tab is a tab of a real Chromium. A machine without one fails the test: what a script
// does cannot be proved without a browser.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// chromiumProcess starts one browser for all tests; it ends with the tests' process.
var chromiumProcess = sync.OnceValues(func() (context.Context, error) {
	alloc, _ := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)...)
	ctx, _ := chromedp.NewContext(alloc)
	return ctx, chromedp.Do(ctx)
})

func chromium(t *testing.T) *tab {
	t.Helper()
	browser, err := chromiumProcess()
	if err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	ctx, closeTab := chromedp.NewContext(browser)
	var watching sync.WaitGroup
	t.Cleanup(func() { closeTab(); watching.Wait() })
	b := &tab{t, ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900)); err != nil { // opens it, for as long as ctx lives
		t.Fatalf("open a tab: %v", err)
	}
	failures, refusals := chromedp.Events(ctx, runtime.ExceptionThrown), chromedp.Events(ctx, log.EntryAdded)
	watching.Go(func() {
		for ev, err := range failures {
			if err == nil {
				t.Errorf("a script failed: %s", ev.ExceptionDetails.Text)
			}
		}
	})
	watching.Go(func() {
		for ev, err := range refusals {
			if err == nil && ev.Entry.Source == "security" {
				t.Errorf("refused by the policy: %s %s", ev.Entry.Text, ev.Entry.URL)
			}
		}
	})
	return b
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 20*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// wait waits until an expression is true on the page as it is.
func (b *tab) wait(expression string) {
	b.t.Helper()
	ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`new Promise((done) => {
		const end = performance.now() + 8000;
		const look = () => (`+expression+`) ? done(true) : performance.now() > end ? done(false) : setTimeout(look, 20);
		look();
	})`, chromedp.EvalAwaitPromise))
	if err != nil || !ok {
		text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
		b.t.Fatalf("not in time: %s: %v; the page says: %s", expression, err, text)
	}
}

func says(part, words string) string {
	return `document.querySelector("` + part + `")?.innerText.includes("` + words + `")`
}

func TestBrowserWritesPressesAndSeesOthersLive(t *testing.T) {
	r := quiet(t)
	bo := r.AddUser(UserSpec{Name: "bo"})
	card := r.card()
	mine := r.must(r.anna.Say(card, "a first word"))
	b := chromium(t)
	b.do(chromedp.Navigate(r.BaseURL() + "/channels/" + r.GuildID() + "/" + card))
	b.wait(`document.documentElement.classList.contains("js") && performance.timeOrigin && (window.sameLoad = true)`)

	b.do(chromedp.SendKeys(chromedp.CSS("#thread-write textarea[name=text]"), "typed here"+kb.Enter))
	b.wait(says("#thread", "typed here"))
	b.wait(`document.activeElement.name === "text" && document.activeElement.value === ""`)

	b.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("#m-` + mine + ` .tools details summary").click()`))
	b.do(chromedp.SendKeys(chromedp.CSS("#m-"+mine+" .tools textarea"), " changed"))
	r.must(bo.Say(r.ch, "said by Bo"))
	b.wait(says("#messages", "said by Bo"))
	b.wait(`document.querySelector("#m-` + mine + ` details[open] textarea").value.includes("changed")`) // what is being written stays
	b.do(chromedp.Click(chromedp.CSS("#m-" + mine + " .tools details[open] button[value=edit]")))
	b.wait(says("#thread", "changed") + ` && !document.querySelector("#m-` + mine + ` details[open]")`)

	b.do(chromedp.Click(chromedp.CSS("#t-" + card + " button[value=press]")))
	r.check(r.WaitFor(r.ctx(), func() bool { r.Sim.mu.Lock(); defer r.Sim.mu.Unlock(); return len(r.inters) > 0 }))
	r.answer(9, fields{"custom_id": "f", "title": "A form", "components": []fields{{"type": 1, "components": []fields{
		{"type": 4, "style": 1, "custom_id": "subject", "label": "Subject"},
	}}}})
	b.wait(`document.activeElement.name === "value:subject"`)
	b.do(chromedp.SendKeys(chromedp.CSS("dialog input[name='value:subject']"), "Refund"+kb.Enter))
	b.wait(`!document.querySelector("dialog")`)
	r.answer(4, fields{"content": "only for her", "flags": 64})
	b.wait(says("#thread", "only for her") + ` && window.sameLoad`) // it was one page all the time
	if said := r.Channel(card); !strings.HasSuffix(said[len(said)-1].Content, "typed here") {
		t.Errorf("said %+v", said)
	}
}

func TestBrowserFitsThePageOnAPhoneInTheDark(t *testing.T) {
	r := quiet(t)
	card := r.card()
	r.must(r.anna.Say(card, "https://example.com/"+strings.Repeat("long", 60)))
	forum := r.AddChannel(ChannelSpec{Name: "a-forum-with-a-rather-long-name", Forum: true})
	r.must(r.anna.PostInForum(forum, strings.Repeat("W", 100), "text"))
	b := chromium(t)
	b.do(chromedp.EmulateViewport(320, 700))
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []place{{Channel: r.ch}, {Channel: r.ch, Thread: card}, {Channel: forum}} {
		b.do(chromedp.Navigate(r.BaseURL() + at.URL()))
		b.wait(`document.documentElement.scrollWidth <= 320 && getComputedStyle(document.body).backgroundColor === "rgb(28, 29, 34)"`)
	}
}

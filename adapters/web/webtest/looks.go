package webtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Variables that the tests of pages read.
const (
	// EnvFull has the tests look at every page in every look and put all hostile words
	// everywhere, which takes minutes; without it they do the share that each change needs.
	EnvFull = "SIDEBRIDGE_BROWSER_FULL"
	// EnvScreenshots is a folder that takes a picture of every look at every page.
	EnvScreenshots = "SIDEBRIDGE_SCREENSHOTS"
)

// Full reports whether the tests do everything.
func Full() bool { return os.Getenv(EnvFull) != "" }

// Look is a window that somebody has.
type Look struct {
	Name   string
	Width  int64
	Scheme string // "light" or "dark"
	// Axe says whether axe-core looks, too.
	Axe bool
}

// looks are all windows; the names are those of the pictures.
func looks() []Look {
	all := []Look{{"light", 1280, "light", true}, {"dark", 1280, "dark", true}, {"phone", 320, "light", true}, {"phone-dark", 320, "dark", true}}
	if Full() {
		return all
	}
	all[1].Axe, all[2].Axe = false, false // its rules take most of the time
	return all[:3]
}

// Figures counts what was looked at.
type Figures struct{ Pages, Looks, Violations int }

// String is the line that `make browser` adds up.
func (f Figures) String() string {
	return fmt.Sprintf("figures: pages=%d looks=%d axe_violations=%d", f.Pages, f.Looks, f.Violations)
}

// LookAt has a page shown in every window, and looks at it each time: axe-core finds
// nothing, no text is too faint, nothing lacks its name, and nothing is wider than the
// window. With EnvScreenshots it leaves pictures for people.
func (b *Tab) LookAt(name string, f *Figures, show func(Look)) {
	b.t.Helper()
	f.Pages++
	for _, look := range looks() {
		f.Looks++
		b.resize(look)
		show(look)
		b.tooWide(name, look)
		for what, script := range map[string]string{"without a name": unnamed, "too faint to read": faint} {
			if got := b.JS(script); got != "" {
				b.t.Errorf("%s, %s: %s: %s", name, look.Name, what, got)
			}
		}
		if look.Axe {
			found := b.Axe()
			f.Violations += len(found)
			for _, v := range found {
				b.t.Errorf("%s, %s: axe: %s", name, look.Name, v)
			}
		}
		b.picture(name + "-" + look.Name)
	}
}

func (b *Tab) resize(look Look) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(look.Width, 900))
	scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.Scheme}}}
	if _, err := chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, scheme); err != nil {
		b.t.Fatal(err)
	}
}

// tooWide finds pages that have to be scrolled sideways (WCAG 1.4.10).
func (b *Tab) tooWide(name string, look Look) {
	b.t.Helper()
	if got, err := strconv.ParseInt(b.JS("document.documentElement.scrollWidth"), 10, 64); err != nil || got > look.Width {
		b.t.Errorf("%s, %s: the page is %d wide in a window of %d: %s", name, look.Name, got, look.Width, b.JS(sticksOut))
	}
}

func (b *Tab) picture(name string) {
	b.t.Helper()
	dir := os.Getenv(EnvScreenshots)
	if dir == "" {
		return
	}
	shot, err := chromedp.Run(b.Ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// sticksOut names the innermost elements that reach over the window's right edge.
const sticksOut = `[...document.querySelectorAll("body *")]
	.filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
	.filter((e, i, all) => !all.some((o) => o !== e && e.contains(o)))
	.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)).join("\n")`

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

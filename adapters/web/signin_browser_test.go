package web_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/adapters/web/sso/ssotest"
)

// reach presses Tab until the focus is where an expression says.
func (b *tab) reach(what, test string) {
	b.w.t.Helper()
	for range 40 {
		if b.js(test) == "true" {
			return
		}
		b.do(chromedp.KeyEvent(kb.Tab))
	}
	b.w.t.Fatalf("the Tab key does not reach %s", what)
}

// The provider is another site to the browser, so that the cookie's SameSite and the
// page's policy are those of a real sign-in.
func TestBrowserSignsInOnTheProvidersLoginPageByKeyboard(t *testing.T) {
	w, _ := ssoWorld(t, nil)
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	b := w.tab()
	b.open(fmt.Sprintf("/tickets/%d", ticket)) // a link in a chat
	b.wait(`location.pathname === "/sign-in"`)
	b.reach("the provider's button", `document.activeElement.innerText?.trim() === "Sign in with Example Login"`)
	b.do(
		chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS("#username")),
		chromedp.SendKeys(chromedp.CSS("#username"), "bob.agent"), chromedp.SendKeys(chromedp.CSS("#password"), ssotest.Password+kb.Enter),
		chromedp.WaitVisible(chromedp.CSS(".who-am-i")),
	)
	if got := b.js("location.href"); got != fmt.Sprintf("%s/tickets/%d", w.http.URL, ticket) {
		t.Errorf("after the sign-in the browser is at %s", got)
	}
	if got := b.text(".who-am-i"); !strings.Contains(got, "Bob Agent") {
		t.Errorf("signed in as %q", got)
	}
	// Signed out here, one is still known there: the way back is one press.
	b.do(chromedp.Click(chromedp.CSS("form[action='/sign-out'] button")), chromedp.WaitVisible(chromedp.CSS(".sso")))
}

func TestBrowserSetsUpTwoFactorAndSignsInWithACodeByKeyboard(t *testing.T) {
	p := newPhone(t)
	w := newWorldWith(t, func(o *web.Options) { o.Now, o.TwoFactor = p.clock, web.TwoFactorAdmins })
	b := w.chromium("ada@example.org")
	b.wait(`location.pathname === "/account/two-factor"`)
	b.reach("the button that sets it up", `document.activeElement.innerText?.trim() === "Set it up"`)
	b.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS("svg.qr")))
	p.secret = strings.ReplaceAll(b.text("code.secret"), " ", "")
	b.reach("the code", `document.activeElement.name === "code"`)
	b.do(chromedp.KeyEvent(p.code(0)), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(password), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS(".recovery")))
	if got := b.js(`document.querySelectorAll(".recovery code").length`); got != "10" {
		t.Errorf("%s recovery codes", got)
	}
	b.reach("the way on", `document.activeElement.innerText?.trim() === "I have kept them"`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.wait(`location.pathname === "/tickets"`)

	p.later(time.Minute)
	b.do(chromedp.Click(chromedp.CSS("form[action='/sign-out'] button")), chromedp.WaitVisible(chromedp.CSS("input[name=email]")))
	b.wait(`document.activeElement.name === "email"`)
	b.do(chromedp.KeyEvent("ada@example.org"), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(password), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS("input[name=code]")))
	b.wait(`document.activeElement.name === "code"`)
	b.do(chromedp.KeyEvent("000000"), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS(".error[role=alert]")))
	b.wait(`document.activeElement.name === "code"`)
	b.do(chromedp.KeyEvent(p.code(0)), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(chromedp.CSS(".who-am-i")))
}

package web_test

import (
	"errors"
	"fmt"
	"image/color"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/boombuler/barcode/qr"
	"github.com/pquerna/otp/totp"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

// phone is an authenticator app with one key, and the clock of everybody.
type phone struct {
	t      testing.TB
	mu     sync.Mutex
	now    time.Time
	secret string
}

func newPhone(t testing.TB) *phone {
	return &phone{t: t, now: time.Now().Truncate(30 * time.Second)}
}

func (p *phone) clock() time.Time { p.mu.Lock(); defer p.mu.Unlock(); return p.now }

// later is some time after; codes and attempts are new then.
func (p *phone) later(d time.Duration) { p.mu.Lock(); defer p.mu.Unlock(); p.now = p.now.Add(d) }

// code is what the app shows, at a time from now.
func (p *phone) code(from time.Duration) string {
	p.t.Helper()
	code, err := totp.GenerateCode(p.secret, p.clock().Add(from))
	if err != nil {
		p.t.Fatal(err)
	}
	return code
}

var (
	shownSecret   = regexp.MustCompile(`<code class="secret">([A-Z2-7 ]+)</code>`)
	shownRecovery = regexp.MustCompile(`<li><code>([a-z2-7-]{19})</code></li>`)
)

// enrol switches two-factor sign-in on and returns the recovery codes.
func (p *phone) enrol(b *browser) []string {
	p.t.Helper()
	if got := b.post("/account/two-factor/begin", nil); got.to() != "/account/two-factor" {
		p.t.Fatalf("begin: %d %s", got.status, got.body)
	}
	page := b.get("/account/two-factor").body
	found := shownSecret.FindStringSubmatch(page)
	if found == nil {
		p.t.Fatalf("no key on the page: %s", page)
	}
	p.secret = strings.ReplaceAll(found[1], " ", "")
	has(p.t, "the page", page, `<svg class="qr"`, `aria-label="QR code`)
	got := b.post("/account/two-factor/confirm", url.Values{"code": {p.code(0)}, "password": {password}})
	var codes []string
	for _, m := range shownRecovery.FindAllStringSubmatch(got.body, -1) {
		codes = append(codes, m[1])
	}
	if got.status != http.StatusOK || len(codes) != 10 {
		p.t.Fatalf("confirm: %d with %d recovery codes: %s", got.status, len(codes), got.body)
	}
	return codes
}

// withPassword gives the password and stops at the question for the code.
func (p *phone) withPassword(w *world, email, next string) *browser {
	p.t.Helper()
	b := w.browser()
	got := b.post("/sign-in", url.Values{"email": {email}, "password": {password}, "next": {next}})
	if got.status != http.StatusSeeOther || got.to() != "/sign-in/code" {
		p.t.Fatalf("the password: %d to %q: %s", got.status, got.to(), got.body)
	}
	return b
}

func enter(b *browser, code string) answered {
	return b.post("/sign-in/code", url.Values{"code": {code}})
}

func signedIn(b *browser) bool { return b.get("/account").status == http.StatusOK }

func TestAPasswordNeedsACodeOnceTwoFactorIsOn(t *testing.T) {
	p := newPhone(t)
	w := newWorldWith(t, func(o *web.Options) { o.Now = p.clock })
	elsewhere, b := w.as("bob@example.org"), w.as("bob@example.org")
	codes := p.enrol(b)
	if signedIn(elsewhere) || !signedIn(b) {
		t.Error("a browser that signed in without a code is still signed in, or this one is not")
	}
	if got := b.get("/account/two-factor"); strings.Contains(got.body, p.secret[:4]+" "+p.secret[4:8]) || strings.Contains(got.body, codes[0]) {
		t.Error("the key or the recovery codes are shown again")
	}
	has(t, "the account page", b.get("/account").body, "10 recovery codes are left")

	p.later(time.Minute)
	next := p.withPassword(w, "bob@example.org", "/tickets?status=open")
	if signedIn(next) {
		t.Fatal("the password alone signs in")
	}
	has(t, "the page", next.get("/sign-in/code").body, "Enter your code", `autocomplete="one-time-code"`)
	for _, wrong := range []string{"", "000", "12345a", "aaaa-bbbb-cccc-dddd", p.code(-5 * time.Minute)} {
		got := enter(next, wrong)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("the code %q: %d", wrong, got.status)
		}
		has(t, "the page", got.body, `role="alert"`)
	}
	p.later(5 * time.Minute)
	if got := enter(next, p.code(0)); got.to() != "/tickets?status=open" {
		t.Errorf("the right code leads to %q: %d %s", got.to(), got.status, got.body)
	}
	if !signedIn(next) {
		t.Error("not signed in")
	}
}

func TestACodeIsGoodOnceAndHalfAMinuteOff(t *testing.T) {
	p := newPhone(t)
	w := newWorldWith(t, func(o *web.Options) { o.Now = p.clock })
	p.enrol(w.as("bob@example.org"))
	// The one that confirmed it is used.
	b := p.withPassword(w, "bob@example.org", "")
	got := enter(b, p.code(0))
	if got.status != http.StatusConflict {
		t.Errorf("the code that was used to switch it on: %d", got.status)
	}
	has(t, "the page", got.body, "used already")
	for _, off := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
		p.later(3 * time.Minute)
		if got := enter(p.withPassword(w, "bob@example.org", ""), p.code(off)); got.status != http.StatusSeeOther {
			t.Errorf("a phone that is %v off: %d %s", off, got.status, got.body)
		}
		// Watched over a shoulder, or sent twice.
		if got := enter(p.withPassword(w, "bob@example.org", ""), p.code(off)); got.status != http.StatusConflict {
			t.Errorf("the same code again: %d", got.status)
		}
	}
	p.later(3 * time.Minute)
	for _, off := range []time.Duration{-time.Minute, time.Minute} {
		if got := enter(p.withPassword(w, "bob@example.org", ""), p.code(off)); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a phone that is %v off: %d", off, got.status)
		}
	}
}

func TestARecoveryCodeIsGoodOnceAndInAnySpelling(t *testing.T) {
	p := newPhone(t)
	w := newWorldWith(t, func(o *web.Options) { o.Now = p.clock })
	codes := p.enrol(w.as("bob@example.org"))
	got := enter(p.withPassword(w, "bob@example.org", "/tickets"), " "+strings.ToUpper(strings.ReplaceAll(codes[3], "-", " ")))
	if got.to() != "/account/two-factor" {
		t.Fatalf("a recovery code leads to %q: %s", got.to(), got.body)
	}
	if got := enter(p.withPassword(w, "bob@example.org", ""), codes[3]); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the same again: %d", got.status)
	}
	b := p.withPassword(w, "bob@example.org", "")
	if got := enter(b, codes[4]); got.status != http.StatusSeeOther {
		t.Fatalf("another: %d", got.status)
	}
	has(t, "the page", b.get("/account/two-factor").body, "You used a recovery code", "8 recovery codes are left")
	// New ones replace the old ones.
	p.later(time.Minute)
	fresh := b.post("/account/two-factor/codes", url.Values{"code": {p.code(0)}})
	if n := len(shownRecovery.FindAllString(fresh.body, -1)); n != 10 || strings.Contains(fresh.body, codes[5]) {
		t.Errorf("%d new codes: %s", n, fresh.body)
	}
	p.later(5 * time.Minute)
	if got := enter(p.withPassword(w, "bob@example.org", ""), codes[5]); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a code that was replaced: %d", got.status)
	}
	// Neither they nor the database hold a code in clear.
	var text string
	if err := w.raw().QueryRowContext(t.Context(), `SELECT group_concat(hash) FROM recovery_codes`).Scan(&text); err != nil || strings.Contains(text, codes[5][:4]+codes[5][5:9]) {
		t.Errorf("kept as %s, %v", text, err)
	}
	hasNot(t, "the log", w.logs.String(), codes[3], codes[4], p.secret)
}

func TestCodesCannotBeGuessed(t *testing.T) {
	p := newPhone(t)
	w := newWorldWith(t, func(o *web.Options) { o.Now = p.clock })
	p.enrol(w.as("bob@example.org"))
	p.later(10 * time.Minute)
	// From as many browsers as one likes, and with a code of an app, of a recovery code,
	// and on the pages of the account: they count together.
	for i := range 5 {
		if got := enter(p.withPassword(w, "bob@example.org", ""), "000000"); got.status != http.StatusUnprocessableEntity {
			t.Fatalf("attempt %d: %d", i, got.status)
		}
	}
	b := p.withPassword(w, "bob@example.org", "")
	for _, code := range []string{p.code(0), "aaaa-bbbb-cccc-dddd"} {
		got := enter(b, code)
		if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
			t.Errorf("after five attempts: %d", got.status)
		}
		has(t, "the page", got.body, "Too many attempts")
	}
	p.later(2 * time.Minute)
	if got := enter(b, p.code(0)); got.status != http.StatusSeeOther {
		t.Errorf("two minutes later: %d %s", got.status, got.body)
	}
}

func TestTheQuestionForTheCodeIsTheirsAndEnds(t *testing.T) {
	p := newPhone(t)
	w := newWorldWith(t, func(o *web.Options) { o.Now = p.clock })
	p.enrol(w.as("bob@example.org"))
	p.later(time.Minute)
	stranger := w.browser()
	if got := stranger.get("/sign-in/code"); got.to() != "/sign-in" {
		t.Errorf("without a password: %d to %q", got.status, got.to())
	}
	if got := enter(stranger, p.code(0)); got.to() != "/sign-in" || signedIn(stranger) {
		t.Errorf("a code without a password: %d to %q", got.status, got.to())
	}
	slow := p.withPassword(w, "bob@example.org", "")
	p.later(11 * time.Minute)
	if got := enter(slow, p.code(0)); got.to() != "/sign-in" || signedIn(slow) {
		t.Errorf("after eleven minutes: %d to %q", got.status, got.to())
	}
	for what, change := range map[string]func() error{
		"a new password": func() error { return w.store.SetPassword(t.Context(), w.bob, "$other") },
		"disabled":       func() error { return w.store.SetDisabled(t.Context(), w.bob, true) },
	} {
		if err := w.store.SetDisabled(t.Context(), w.bob, false); err != nil {
			t.Fatal(err)
		}
		if err := w.store.SetPassword(t.Context(), w.bob, cheapHash(password)); err != nil {
			t.Fatal(err)
		}
		p.later(5 * time.Minute)
		b := p.withPassword(w, "bob@example.org", "")
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if got := enter(b, p.code(0)); got.to() != "/sign-in" || signedIn(b) {
			t.Errorf("%s: %d to %q", what, got.status, got.to())
		}
	}
	// The session from before the code is worth nothing after it.
	if err := errors.Join(w.store.SetDisabled(t.Context(), w.bob, false), w.store.SetPassword(t.Context(), w.bob, cheapHash(password))); err != nil {
		t.Fatal(err)
	}
	p.later(5 * time.Minute)
	b := p.withPassword(w, "bob@example.org", "//evil.example")
	at := ok(url.Parse(w.http.URL))
	before := b.client.Jar.Cookies(at)
	if got := enter(b, p.code(0)); got.to() != "/" {
		t.Errorf("leads to %q", got.to())
	}
	thief := w.browser()
	thief.client.Jar.SetCookies(at, before)
	if signedIn(thief) {
		t.Error("the cookie from before the code is signed in")
	}
}

func TestSwitchingTwoFactorOnTakesThePasswordAndOffTakesACode(t *testing.T) {
	p := newPhone(t)
	w := newWorldWith(t, func(o *web.Options) { o.Now = p.clock })
	b := w.as("bob@example.org")
	if got := b.get("/account/two-factor"); strings.Contains(got.body, "qr") {
		t.Error("looking at the page makes a key")
	}
	b.post("/account/two-factor/begin", nil)
	p.secret = strings.ReplaceAll(shownSecret.FindStringSubmatch(b.get("/account/two-factor").body)[1], " ", "")
	for _, form := range []url.Values{{"code": {p.code(0)}, "password": {"not the password"}}, {"code": {"000000"}, "password": {password}}} {
		if got := b.post("/account/two-factor/confirm", form); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", form, got.status)
		}
	}
	w.as("bob@example.org") // it is not on yet
	p.enrol(b)
	if got := b.post("/account/two-factor/confirm", url.Values{"code": {p.code(30 * time.Second)}, "password": {password}}); got.status != http.StatusConflict {
		t.Errorf("switched on twice: %d", got.status)
	}
	if got := b.post("/account/two-factor/off", url.Values{"code": {"000000"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("off with a wrong code: %d", got.status)
	}
	p.later(5 * time.Minute)
	if got := b.post("/account/two-factor/off", url.Values{"code": {p.code(0)}}); got.status != http.StatusSeeOther {
		t.Fatalf("off: %d %s", got.status, got.body)
	}
	w.as("bob@example.org")
}

func TestAdminsMustEnrolWhereItIsRequired(t *testing.T) {
	p := newPhone(t)
	w := newWorldWith(t, func(o *web.Options) { o.Now, o.TwoFactor = p.clock, web.TwoFactorAdmins })
	w.as("bob@example.org").get("/tickets") // an agent need not
	ada := w.as("ada@example.org")
	for _, path := range []string{"/tickets", "/admin/people", "/account"} {
		if got := ada.get(path); got.to() != "/account/two-factor" {
			t.Errorf("%s: %d to %q, want to be asked to set it up", path, got.status, got.to())
		}
	}
	if got := ada.post("/admin/people", url.Values{"name": {"X"}, "role": {"expert"}}); got.status != http.StatusForbidden {
		t.Errorf("a form: %d", got.status)
	}
	if got := ada.get("/tickets/1/stream?after=0"); got.status != http.StatusForbidden {
		t.Errorf("a stream: %d", got.status)
	}
	has(t, "the page", ada.get("/account/two-factor").body, "Everybody with your role needs it")
	p.enrol(ada)
	if got := ada.get("/admin/people"); got.status != http.StatusOK {
		t.Errorf("after it is on: %d", got.status)
	}
	hasNot(t, "the page", ada.get("/account/two-factor").body, `action="/account/two-factor/off"`)
	// Who becomes admin has to set it up from then on.
	bob := w.as("bob@example.org")
	if err := w.store.SetRole(t.Context(), w.bob, bridge.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	if got := bob.get("/tickets"); got.to() != "/account/two-factor" {
		t.Errorf("a new admin: %d to %q", got.status, got.to())
	}
}

func TestWhereItIsRequiredItCannotBeSwitchedOff(t *testing.T) {
	p := newPhone(t)
	w := newWorldWith(t, func(o *web.Options) { o.Now, o.TwoFactor = p.clock, web.TwoFactorAll })
	b := w.as("bob@example.org")
	p.enrol(b)
	p.later(time.Minute)
	if got := b.post("/account/two-factor/off", url.Values{"code": {p.code(0)}}); got.status != http.StatusForbidden {
		t.Errorf("off: %d", got.status)
	}
	if got := p.withPassword(w, "bob@example.org", ""); signedIn(got) {
		t.Error("it is off")
	}
}

func TestAnAdminResetsSomebodyElsesTwoFactorAndNotTheirOwn(t *testing.T) {
	p := newPhone(t)
	w := newWorldWith(t, func(o *web.Options) { o.Now = p.clock })
	bob, ada := w.as("bob@example.org"), w.as("ada@example.org")
	p.enrol(bob)
	has(t, "the page of people", ada.get("/admin/people").body, "two-factor</span>", "Reset two-factor sign-in")
	if got := bob.post("/admin/people/"+w.bob, url.Values{"do": {"two-factor"}}); got.status != http.StatusForbidden {
		t.Errorf("an agent: %d", got.status)
	}
	if got := ada.post("/admin/people/"+w.bob, url.Values{"do": {"two-factor"}}); got.status != http.StatusSeeOther {
		t.Fatalf("reset: %d %s", got.status, got.body)
	}
	if signedIn(bob) {
		t.Error("Bob is still signed in")
	}
	w.as("bob@example.org")
	p.enrol(ada)
	if got := ada.post("/admin/people/"+w.ada, url.Values{"do": {"two-factor"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("their own: %d", got.status)
	}
	hasNot(t, "the page of people", ada.get("/admin/people").body, "Reset two-factor sign-in")
}

func TestNoOtherSiteChangesHowSomebodySignsIn(t *testing.T) {
	w := newWorld(t)
	b := w.as("bob@example.org")
	for _, path := range []string{
		"/account/two-factor/begin", "/account/two-factor/confirm", "/account/two-factor/codes", "/account/two-factor/off",
		"/account/sign-ins/end-others", "/account/sign-ins/x/end", "/sign-in/code", "/sign-out",
	} {
		r := b.request(http.MethodPost, path, strings.NewReader("code=1"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if got := b.do(r); got.status != http.StatusForbidden {
			t.Errorf("%s from another site: %d, want 403", path, got.status)
		}
		if got := b.get(path); got.status == http.StatusOK {
			t.Errorf("GET %s does something", path)
		}
	}
	if !signedIn(b) {
		t.Error("another site signed Bob out")
	}
}

// The vectors of RFC 6238, appendix B, for SHA-1: the last six of their eight digits.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // 12345678901234567890
	for at, code := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if step, ok := web.MatchCode(secret, code, time.Unix(at, 0)); !ok || step != at/30 {
			t.Errorf("at %d the code %s is of step %d, %v", at, code, step, ok)
		}
	}
	if _, ok := web.MatchCode("", "287082", time.Unix(59, 0)); ok {
		t.Error("without a key a code is right")
	}
	if _, ok := web.MatchCode("not base32!", "", time.Unix(59, 0)); ok {
		t.Error("nothing is right for a broken key")
	}
}

// The drawing has each dark module of the code once, and a margin of four.
func TestTheQRCodeIsDrawnWhole(t *testing.T) {
	const text = "otpauth://totp/Sidebridge:bob@example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sidebridge"
	svg, err := web.QRSVG(text)
	if err != nil {
		t.Fatal(err)
	}
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	size := code.Bounds().Dx()
	has(t, "the drawing", string(svg), fmt.Sprintf(`viewBox="0 0 %d %d"`, size+8, size+8), `fill="#fff"`)
	for y := range size {
		for x := range size {
			dark := code.At(x, y) == color.Color(color.Black) || code.At(x, y) == color.Color(color.Gray16{})
			if strings.Contains(string(svg), fmt.Sprintf("M%d %dh1", x+4, y+4)) != dark {
				t.Fatalf("the module at %d, %d is drawn wrong", x, y)
			}
		}
	}
}

func FuzzCodesThatSomebodyTypes(f *testing.F) {
	for _, s := range []string{"123456", "123 456", "ABCD-efgh-2345-6789", "１２３４５６", "\x00\xff", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := web.PlainCode(typed)
		if strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789") != "" || len(code) > len(typed) || web.PlainCode(code) != code {
			t.Errorf("%q is read as %q", typed, code)
		}
		web.MatchCode("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", code, time.Unix(59, 0))
	})
}

package web_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

func TestTheFirstAdminIsMadeOnceByWhoKnowsTheCode(t *testing.T) {
	w := emptyWorld(t, nil)
	b := w.browser()
	if got := b.get("/"); got.to() != "/setup" {
		t.Errorf("the first page leads to %q, want the set-up", got.to())
	}
	form := url.Values{"code": {"guess"}, "name": {"Ada"}, "email": {"ada@example.org"}, "password": {password}}
	got := b.post("/setup", form)
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", got.status)
	}
	has(t, "the page", got.body, "not the code", `value="Ada"`)
	hasNot(t, "the page", got.body, password)
	form.Set("code", " "+setupCode+" ")
	form.Set("password", "short")
	if got := b.post("/setup", form); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a short password: %d", got.status)
	}
	form.Set("password", password)
	if got := b.post("/setup", form); got.status != http.StatusSeeOther {
		t.Fatalf("set-up: %d %s", got.status, got.body)
	}
	if got := b.get("/admin/people"); got.status != http.StatusOK {
		t.Errorf("the first admin sees %d on the page of people", got.status)
	}
	other := w.browser()
	form.Set("email", "eve@example.org")
	if got := other.post("/setup", form); got.status != http.StatusConflict {
		t.Errorf("a second set-up: %d", got.status)
	}
	if got := other.get("/setup"); got.to() != "/sign-in" {
		t.Errorf("the set-up page leads to %q once there is an admin", got.to())
	}
}

func TestNobodySetsUpWithoutACode(t *testing.T) {
	w := emptyWorld(t, func(o *web.Options) { o.SetupCode = "" })
	b := w.browser()
	form := url.Values{"code": {""}, "name": {"Eve"}, "email": {"eve@example.org"}, "password": {password}}
	if got := b.post("/setup", form); got.status != http.StatusConflict {
		t.Errorf("set-up without a code: %d", got.status)
	}
}

func TestWrongPasswordAndUnknownAddressLookAlike(t *testing.T) {
	w := newWorld(t)
	wrong := w.browser().post("/sign-in", url.Values{"email": {"bob@example.org"}, "password": {"not the password"}})
	unknown := w.browser().post("/sign-in", url.Values{"email": {"eve@example.org"}, "password": {"not the password"}})
	if wrong.status != http.StatusUnprocessableEntity || strings.ReplaceAll(wrong.body, "bob@", "eve@") != unknown.body {
		t.Errorf("%d and %d, or their pages differ", wrong.status, unknown.status)
	}
	// Somebody with a name and no password cannot sign in at all.
	if got := w.browser().post("/sign-in", url.Values{"email": {""}, "password": {""}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nobody: %d", got.status)
	}
}

func TestSignInIsLimitedPerAccountAndPerAddress(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	w := emptyWorld(t, func(o *web.Options) {
		o.Now = clock
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	hash := cheapHash(password)
	if _, err := w.store.CreatePerson(t.Context(), bridge.Known{Name: "Bob", Role: bridge.RoleAgent, Account: bridge.Account{ID: "bob@example.org"}}, hash); err != nil {
		t.Fatal(err)
	}
	try := func(email, from, password string) int {
		r := w.browser().request(http.MethodPost, "/sign-in", strings.NewReader(url.Values{"email": {email}, "password": {password}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Forwarded-For", from)
		return w.browser().do(r).status
	}
	for i := range 10 {
		if got := try("bob@example.org", "192.0.2."+string(rune('1'+i%9)), "wrong"); got != http.StatusUnprocessableEntity {
			t.Fatalf("attempt %d: %d", i, got)
		}
	}
	if got := try("BOB@example.org", "192.0.2.99", password); got != http.StatusTooManyRequests {
		t.Errorf("the account after ten attempts from many addresses: %d, want 429", got)
	}
	for range 10 {
		try(strings.Repeat("x", 3)+"@example.org", "198.51.100.7", "wrong")
	}
	if got := try("other@example.org", "203.0.113.1, 198.51.100.7", "wrong"); got != http.StatusTooManyRequests {
		t.Errorf("the address after ten attempts on many accounts: %d, want 429; a forged hop in front of it shall not help", got)
	}
	// Whoever has one address of IPv6 has a whole network of them.
	for i := range 10 {
		try(fmt.Sprintf("y%d@example.org", i), fmt.Sprintf("2001:db8:1:2::%x", i+1), "wrong")
	}
	if got := try("other@example.org", "2001:db8:1:2:ffff::9", "wrong"); got != http.StatusTooManyRequests {
		t.Errorf("the network after ten attempts from ten of its addresses: %d, want 429", got)
	}
	if got := try("other@example.org", "2001:db8:1:3::9", "wrong"); got != http.StatusUnprocessableEntity {
		t.Errorf("another network: %d", got)
	}
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	if got := try("bob@example.org", "192.0.2.99", password); got != http.StatusSeeOther {
		t.Errorf("a minute later: %d, want to be let in", got)
	}
}

func TestRolesOpenTheirPagesAndNoOthers(t *testing.T) {
	w := newWorld(t)
	agent, nobody := w.as("bob@example.org"), w.browser()
	for _, path := range []string{"/admin/people", "/admin/mapping", "/admin/tokens", "/admin/health", "/admin/rules/new", "/admin/channels"} {
		if got := agent.get(path); got.status != http.StatusForbidden {
			t.Errorf("an agent gets %d from %s, want 403", got.status, path)
		}
	}
	for _, path := range []string{"/admin/people", "/admin/groups", "/admin/rules", "/admin/tokens", "/admin/accounts", "/admin/mirrors/1-2/resume", "/admin/rules/r1/delete"} {
		if got := agent.post(path, url.Values{"name": {"x"}}); got.status != http.StatusForbidden {
			t.Errorf("an agent who posts to %s gets %d, want 403", path, got.status)
		}
	}
	for _, path := range []string{"/tickets", "/tickets/1", "/tickets/1/audit", "/files/1/2/0", "/admin/people", "/m/1-2", "/c/1-2"} {
		if got := nobody.get(path); got.status != http.StatusSeeOther || !strings.HasPrefix(got.to(), "/sign-in") {
			t.Errorf("nobody gets %d to %q from %s, want to be asked to sign in", got.status, got.to(), path)
		}
	}
	if got := nobody.get("/tickets/1/stream?after=0"); got.status != http.StatusUnauthorized {
		t.Errorf("nobody's stream: %d, want 401", got.status)
	}
	if got := nobody.post("/tickets", url.Values{"subject": {"x"}, "requester": {"x"}, "body": {"x"}}); got.status != http.StatusSeeOther {
		t.Errorf("nobody's ticket: %d", got.status)
	}
	if st, _, err := w.store.Inbox(t.Context(), bridge.InboxQuery{Limit: 9}); err != nil || len(st.Tickets) != 0 {
		t.Errorf("nobody made %v, %v", st.Tickets, err)
	}
}

func TestSignInLeadsBackButNeverElsewhere(t *testing.T) {
	w := newWorld(t)
	for next, want := range map[string]string{
		"/tickets/7?all=1": "/tickets/7?all=1", "": "/", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example/": "/", "/\t/evil.example": "/",
	} {
		got := w.browser().post("/sign-in", url.Values{"email": {"bob@example.org"}, "password": {password}, "next": {next}})
		if got.to() != want {
			t.Errorf("next %q leads to %q, want %q", next, got.to(), want)
		}
	}
}

func TestASessionEndsWithSignOutDisablingAndANewPassword(t *testing.T) {
	w := newWorld(t)
	in := func(b *browser) bool { return b.get("/tickets").status == http.StatusOK }
	b := w.as("bob@example.org")
	stolen := *b.client.Jar.(interface{ Cookies(*url.URL) []*http.Cookie }).Cookies(ok(url.Parse(w.http.URL)))[0]
	if got := b.post("/sign-out", nil); got.status != http.StatusSeeOther || in(b) {
		t.Error("signed in after signing out")
	}
	thief := w.browser()
	thief.client.Jar.SetCookies(ok(url.Parse(w.http.URL)), []*http.Cookie{&stolen})
	if in(thief) {
		t.Error("the cookie of a session that was signed out still works")
	}
	here, there := w.as("bob@example.org"), w.as("bob@example.org")
	if got := here.post("/account/password", url.Values{"old": {"wrong"}, "new": {"another long password"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a new password without the old one: %d", got.status)
	}
	if got := here.post("/account/password", url.Values{"old": {password}, "new": {"another long password"}}); got.status != http.StatusSeeOther {
		t.Fatalf("a new password: %d %s", got.status, got.body)
	}
	if !in(here) || in(there) {
		t.Errorf("after a new password: here %v, elsewhere %v", in(here), in(there))
	}
	if err := w.store.SetDisabled(t.Context(), w.bob, true); err != nil {
		t.Fatal(err)
	}
	if in(here) {
		t.Error("somebody disabled is still signed in")
	}
}

func ok[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestTheCookieIsBoundAndUnreadable(t *testing.T) {
	for scheme, want := range map[string]string{"http": "sidebridge", "https": "__Host-sidebridge"} {
		w := emptyWorld(t, func(o *web.Options) { o.PublicURL = scheme + "://desk.example.org" })
		b := w.browser()
		got := b.post("/setup", url.Values{"code": {setupCode}, "name": {"Ada"}, "email": {"a@example.org"}, "password": {password}})
		cookies := (&http.Response{Header: got.header}).Cookies()
		if len(cookies) != 1 {
			t.Fatalf("%d cookies", len(cookies))
		}
		c := cookies[0]
		if c.Name != want || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure != (scheme == "https") {
			t.Errorf("%s: %+v", scheme, c)
		}
		if hsts := got.header.Get("Strict-Transport-Security"); (hsts != "") != (scheme == "https") {
			t.Errorf("%s: Strict-Transport-Security %q", scheme, hsts)
		}
	}
}

func TestNoOtherSiteCanSendAForm(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	b := w.as("bob@example.org")
	for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r := b.request(http.MethodPost, "/tickets/1/reply", strings.NewReader("body=forged"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(header, value)
		if got := b.do(r); got.status != http.StatusForbidden {
			t.Errorf("%s %s: %d, want 403", header, value, got.status)
		}
	}
	if e := w.last(ticket, bridge.CustomerReply); e != nil {
		t.Error("a forged reply was accepted")
	}
	r := b.request(http.MethodPost, "/tickets/1/reply", strings.NewReader("body=mine"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", w.http.URL)
	if got := b.do(r); got.status != http.StatusSeeOther {
		t.Errorf("our own form: %d %s", got.status, got.body)
	}
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	w := newWorld(t)
	b := w.as("bob@example.org")
	for _, path := range []string{"/tickets", "/nothing", "/static/app.js", "/api/v1/tickets", "/sign-in"} {
		h := b.get(path).header
		csp := h.Get("Content-Security-Policy")
		has(t, path, csp, "default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'")
		hasNot(t, path, csp, "unsafe")
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestPeopleAreAddedAndChangedByAdmins(t *testing.T) {
	w := newWorld(t)
	b := w.as("ada@example.org")
	add := url.Values{"name": {"Sanne"}, "email": {"sanne@example.org"}, "role": {"agent"}, "password": {password}}
	if got := b.post("/admin/people", add); got.status != http.StatusSeeOther {
		t.Fatalf("add: %d %s", got.status, got.body)
	}
	has(t, "the page", b.get("/admin/people").body, "Sanne is added.")
	if got := b.post("/admin/people", add); got.status != http.StatusConflict {
		t.Errorf("the same address again: %d", got.status)
	}
	if got := b.post("/admin/people", url.Values{"name": {"Peter"}, "role": {"expert"}}); got.status != http.StatusSeeOther {
		t.Errorf("an expert without an address: %d %s", got.status, got.body)
	}
	for _, bad := range []url.Values{
		{"name": {"X"}, "email": {"no address"}, "role": {"agent"}, "password": {password}},
		{"name": {"X"}, "email": {"x@example.org"}, "role": {"agent"}, "password": {"short"}},
		{"name": {"X"}, "email": {"x@example.org"}, "role": {"boss"}, "password": {password}},
		{"name": {" "}, "email": {"x@example.org"}, "role": {"agent"}, "password": {password}},
	} {
		if got := b.post("/admin/people", bad); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", bad, got.status)
		}
	}
	if got := b.post("/admin/people/"+w.ada, url.Values{"do": {"role"}, "role": {"agent"}}); got.status != http.StatusConflict {
		t.Errorf("the last admin steps down: %d", got.status)
	}
	for _, change := range []url.Values{{"do": {"password"}, "password": {"another long password"}}, {"do": {"disable"}}, {"do": {"enable"}}, {"do": {"role"}, "role": {"admin"}}} {
		if got := b.post("/admin/people/"+w.bob, change); got.status != http.StatusSeeOther {
			t.Errorf("%v: %d %s", change, got.status, got.body)
		}
	}
	bob, _, err := w.store.Person(t.Context(), w.bob)
	if err != nil || bob.Role != bridge.RoleAdmin {
		t.Errorf("Bob is %+v, %v", bob, err)
	}
	if got := b.post("/admin/people/"+w.bob, url.Values{"do": {"nothing"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing to change: %d", got.status)
	}
}

package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/adapters/web/sso"
	"github.com/sidebridge/sidebridge/adapters/web/sso/ssotest"
	"github.com/sidebridge/sidebridge/bridge"
)

// providerUsers are who has an account at the provider: some of them are known here.
func providerUsers() []ssotest.User {
	return []ssotest.User{
		{Name: "ada.admin", Email: "ada@example.org", Verified: true},
		{Name: "bob.agent", Email: "Bob@Example.org", Verified: true},
		{Name: "sanne.new", Email: "sanne@example.org", Verified: true},
		{Name: "eve.unverified", Email: "ada@example.org"},
		{Name: "mallory.outside", Email: "mallory@example.net", Verified: true},
		{Name: "no.address", Verified: true},
		{Name: "anders.expert", Email: "anders@example.org", Verified: true},
	}
}

// ssoWorld is a world whose people sign in by a real provider.
func ssoWorld(t testing.TB, change func(*web.Options)) (*world, *ssotest.Provider) {
	t.Helper()
	p := ssotest.Start(t, providerUsers()...)
	w := newWorldWith(t, func(o *web.Options) {
		redirect := o.PublicURL + web.CallbackPath
		p.Register(redirect)
		provider, err := sso.New(sso.Options{
			Issuer: p.Issuer, ClientID: ssotest.ClientID, ClientSecret: ssotest.ClientSecret, Redirect: redirect, Claims: []string{"groups"},
			Now: func() time.Time {
				if o.Now != nil {
					return o.Now()
				}
				return time.Now()
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		o.SSO = &web.SSO{Provider: provider, Name: "Example Login", Domains: []string{"example.org"}, NewPeople: bridge.RoleAgent}
		if change != nil {
			change(o)
		}
	})
	return w, p
}

// follow gets an address, at whatever server, and returns where it leads.
func (b *browser) follow(address string) answered {
	b.w.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.w.http.URL + address
	}
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.do(r)
}

// atProvider begins a sign-in, signs somebody in at the provider's own login page, and
// returns the address that the provider sends the browser back to.
func (b *browser) atProvider(p *ssotest.Provider, name, next string, change func(url.Values)) string {
	b.w.t.Helper()
	begun := b.get("/sign-in/oidc?next=" + url.QueryEscape(next))
	to, err := url.Parse(begun.to())
	if err != nil || begun.status != http.StatusSeeOther || !strings.HasPrefix(begun.to(), p.Issuer) {
		b.w.t.Fatalf("the sign-in begins with %d to %q, %v", begun.status, begun.to(), err)
	}
	q := to.Query()
	if change != nil {
		change(q)
		to.RawQuery = q.Encode()
	}
	login := b.follow(to.String())
	id := login.to()[strings.LastIndexByte(login.to(), '=')+1:]
	form := url.Values{"id": {id}, "username": {name}, "password": {ssotest.Password}}
	r, err := http.NewRequestWithContext(b.w.t.Context(), http.MethodPost, p.Issuer+"/login/username", strings.NewReader(form.Encode()))
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := b.do(r)
	back := b.follow(p.Issuer + strings.TrimPrefix(got.to(), p.Issuer))
	if !strings.HasPrefix(back.to(), b.w.http.URL+web.CallbackPath) {
		b.w.t.Fatalf("the provider sends %s to %q: %d %s", name, back.to(), back.status, back.body)
	}
	return back.to()
}

// by signs somebody in by the provider.
func (b *browser) by(p *ssotest.Provider, name string) answered {
	b.w.t.Helper()
	return b.follow(b.atProvider(p, name, "/account", nil))
}

func TestPeopleSignInByTheProvider(t *testing.T) {
	for _, inToken := range []bool{false, true} {
		w, p := ssoWorld(t, nil)
		if inToken {
			p.ClaimsInToken()
			for _, name := range []string{"bob.agent", "sanne.new"} {
				p.Change(name, func(u *ssotest.User) { u.Groups = []string{"staff"} })
			}
		}
		page := w.browser().get("/sign-in?next=/tickets/4").body
		has(t, "the sign-in page", page, "Sign in with Example Login", "/sign-in/oidc?next=%2ftickets%2f4", "or with a password")
		b := w.browser()
		if got := b.by(p, "bob.agent"); got.status != http.StatusSeeOther || got.to() != "/account" {
			t.Fatalf("Bob: %d to %q: %s", got.status, got.to(), got.body)
		}
		has(t, "Bob's account", b.get("/account").body, "Bob Agent", "bob@example.org", "by Example Login", "127.0.0.0/24")
		// By the account from now on, whatever the address becomes.
		p.Change("bob.agent", func(u *ssotest.User) { u.Email = "robert@example.org" })
		b = w.browser()
		if got := b.by(p, "bob.agent"); got.status != http.StatusSeeOther {
			t.Errorf("Bob with a new address: %d %s", got.status, got.body)
		}
		has(t, "Bob's account", b.get("/account").body, "Bob Agent")
		asked := strings.Join(p.Asked(), ", ")
		if strings.Contains(asked, "/userinfo") == inToken || strings.Count(asked, "/keys") != 1 || strings.Count(asked, "/.well-known/") != 1 {
			t.Errorf("with claims in the token: %v; the provider was asked %s", inToken, asked)
		}
		// Somebody new is an agent.
		b = w.browser()
		if got := b.by(p, "sanne.new"); got.status != http.StatusSeeOther {
			t.Fatalf("somebody new: %d %s", got.status, got.body)
		}
		has(t, "the new account", b.get("/account").body, "sanne new", "sanne@example.org", "agent")
		if got := b.get("/admin/people"); got.status != http.StatusForbidden {
			t.Errorf("somebody new gets %d from the page of people", got.status)
		}
		// Somebody else's identity is on the page where admins look at them.
		has(t, "the page of people", w.as("ada@example.org").get("/admin/people").body, "Single sign-on", "bob.agent")
	}
}

func TestTheProviderLetsNobodyInWhoMayNot(t *testing.T) {
	w, p := ssoWorld(t, nil)
	if err := w.store.SetDisabled(t.Context(), w.bob, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.CreatePerson(t.Context(), bridge.Known{Name: "Anders", Role: bridge.RoleExpert, Account: bridge.Account{ID: "anders@example.org"}}, ""); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"eve.unverified":  "does not say that it has verified your address",
		"mallory.outside": "Addresses of example.net may not sign in here",
		"no.address":      "did not tell your e-mail address",
		"bob.agent":       "Your account here is disabled: ask an admin",
		"anders.expert":   "known here as an expert",
	} {
		b := w.browser()
		got := b.by(p, name)
		if got.status != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", name, got.status)
		}
		has(t, name, got.body, want, `role="alert"`)
		if in := b.get("/account"); in.status != http.StatusSeeOther {
			t.Errorf("%s is signed in", name)
		}
	}
	if people, err := w.store.People(t.Context(), false); err != nil || len(people) != 3 {
		t.Errorf("the people are %v, %v: nobody was to be added", people, err)
	}
	// The log says who was refused and why, and has no code, token or secret.
	has(t, "the log", w.logs.String(), "sign-in by the provider refused", "disabled")
	hasNot(t, "the log", w.logs.String(), ssotest.ClientSecret, "code=", "eyJ")
}

func TestWhoIsNotInTheDirectoryWaitsForAnAdminIfItIsSetSo(t *testing.T) {
	w, p := ssoWorld(t, func(o *web.Options) { o.SSO.NewPeople, o.SSO.Domains = "", []string{"*"} })
	got := w.browser().by(p, "sanne.new")
	has(t, "the page", got.body, "ask an admin to add you under People")
	b := w.as("ada@example.org")
	has(t, "the page of people", b.get("/admin/people").body, "Who signs in with Example Login needs none")
	add := url.Values{"name": {"Mallory"}, "email": {"mallory@example.net"}, "role": {"agent"}}
	if got := b.post("/admin/people", add); got.status != http.StatusSeeOther {
		t.Fatal(got.body)
	}
	if got := w.browser().by(p, "mallory.outside"); got.status != http.StatusSeeOther {
		t.Errorf("who was added, of any domain: %d %s", got.status, got.body)
	}
	// Without a password there is none to sign in with, and none to protect.
	if got := w.browser().post("/sign-in", url.Values{"email": {"mallory@example.net"}, "password": {""}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an empty password: %d", got.status)
	}
	m := w.browser()
	m.by(p, "mallory.outside")
	if got := m.post("/account/two-factor/begin", nil); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a second factor without a password: %d", got.status)
	}
	has(t, "the page", m.get("/account/two-factor").body, "You sign in with Example Login and have no password here")
}

func TestTheProviderSaysWhoIsAdminWhereItIsAsked(t *testing.T) {
	w, p := ssoWorld(t, func(o *web.Options) { o.SSO.AdminClaim, o.SSO.AdminValues = "groups", []string{"desk-admins"} })
	admin := func(name string) bool {
		b := w.browser()
		if got := b.by(p, name); got.status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", name, got.status, got.body)
		}
		return b.get("/admin/people").status == http.StatusOK
	}
	// Ada is the last admin: somebody must stay one.
	if !admin("ada.admin") {
		t.Error("the last admin is none any more")
	}
	if admin("bob.agent") {
		t.Error("Bob is admin without the group")
	}
	p.Change("bob.agent", func(u *ssotest.User) { u.Groups = []string{"others", "desk-admins"} })
	if !admin("bob.agent") {
		t.Error("Bob is no admin with the group")
	}
	if admin("ada.admin") {
		t.Error("Ada is admin without the group, although there is another admin")
	}
	p.Change("bob.agent", func(u *ssotest.User) { u.Groups = []string{"desk-admins-emeriti"} })
	p.Change("ada.admin", func(u *ssotest.User) { u.Groups = []string{"desk-admins"} })
	if !admin("ada.admin") || admin("bob.agent") {
		t.Error("a role does not follow the group")
	}
}

func TestASignInByTheProviderIsGoodOnceAndInTheBrowserThatBeganIt(t *testing.T) {
	w, p := ssoWorld(t, nil)
	victim, attacker := w.browser(), w.browser()
	// A link with somebody else's sign-in signs nobody in.
	back := attacker.atProvider(p, "sanne.new", "/", nil)
	got := victim.follow(back)
	if got.status != http.StatusForbidden {
		t.Errorf("another browser: %d", got.status)
	}
	has(t, "the page", got.body, "not begun in this browser", "Sign in again")
	victim.get("/sign-in/oidc") // with a sign-in of its own under way neither
	if got := victim.follow(back); got.status != http.StatusForbidden {
		t.Errorf("another browser that has begun one: %d", got.status)
	}
	if got := attacker.follow(back); got.status != http.StatusSeeOther {
		t.Fatalf("the browser that began it: %d %s", got.status, got.body)
	}
	if got := attacker.follow(back); got.status != http.StatusForbidden {
		t.Errorf("a second time: %d", got.status)
	}
	// What was sent on the way is the browser's and cannot be changed on the way.
	for what, change := range map[string]func(url.Values){
		"another nonce":     func(q url.Values) { q.Set("nonce", "planted") },
		"another challenge": func(q url.Values) { q.Set("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") },
		"another state":     func(q url.Values) { q.Set("state", "planted") },
	} {
		b := w.browser()
		if got := b.follow(b.atProvider(p, "sanne.new", "/", change)); got.status != http.StatusForbidden {
			t.Errorf("%s: %d %s", what, got.status, got.to())
		}
		if got := b.get("/account"); got.status != http.StatusSeeOther {
			t.Errorf("%s: signed in", what)
		}
	}
	b := w.browser()
	if got := b.follow(b.atProvider(p, "sanne.new", "/", nil) + "&iss=https%3A%2F%2Fevil.example"); got.status != http.StatusForbidden {
		t.Errorf("another issuer's answer: %d", got.status)
	}
	if err := p.Forge(); err != nil {
		t.Fatal(err)
	}
	if got := w.browser().by(p, "sanne.new"); got.status != http.StatusForbidden {
		t.Errorf("a token with a key of somebody else: %d", got.status)
	}
}

func TestTheSessionIsNewAfterASignInByTheProviderAndLeadsNowhereElse(t *testing.T) {
	w, p := ssoWorld(t, nil)
	for _, next := range []string{"https://evil.example/", "//evil.example", "/\\evil.example"} {
		b := w.browser()
		if got := b.follow(b.atProvider(p, "bob.agent", next, nil)); got.to() != "/" {
			t.Errorf("%q leads to %q", next, got.to())
		}
	}
	b := w.browser()
	back := b.atProvider(p, "bob.agent", "/tickets?status=open", nil)
	at, err := url.Parse(w.http.URL)
	if err != nil {
		t.Fatal(err)
	}
	planted := b.client.Jar.Cookies(at)
	if got := b.follow(back); got.to() != "/tickets?status=open" {
		t.Errorf("leads to %q", got.to())
	}
	thief := w.browser()
	thief.client.Jar.SetCookies(at, planted)
	if got := thief.get("/account"); got.status != http.StatusSeeOther {
		t.Errorf("the cookie from before the sign-in is signed in: %d", got.status)
	}
}

func TestAProviderThatIsDownOrWrongIsExplained(t *testing.T) {
	start := func(change func(*sso.Options), o func(*web.Options)) (*world, *ssotest.Provider) {
		var p *ssotest.Provider
		w := newWorldWith(t, func(wo *web.Options) {
			p = ssotest.Start(t, providerUsers()...)
			redirect := wo.PublicURL + web.CallbackPath
			p.Register(redirect)
			so := sso.Options{Issuer: p.Issuer, ClientID: ssotest.ClientID, ClientSecret: ssotest.ClientSecret, Redirect: redirect}
			change(&so)
			provider, err := sso.New(so)
			if err != nil {
				t.Fatal(err)
			}
			wo.SSO = &web.SSO{Provider: provider, Name: "Example Login", Domains: []string{"*"}, NewPeople: bridge.RoleAgent}
			if o != nil {
				o(wo)
			}
		})
		return w, p
	}
	t.Run("down", func(t *testing.T) {
		w, p := start(func(*sso.Options) {}, func(o *web.Options) { o.Passwords = web.PasswordsAdmins })
		p.Stop()
		got := w.browser().get("/sign-in/oidc")
		if got.status != http.StatusBadGateway {
			t.Errorf("status %d", got.status)
		}
		has(t, "the page", got.body, "The provider does not answer", "Try again in a minute", "Admins can sign in with their password", `name="password"`)
		w.as("ada@example.org")
	})
	t.Run("down on the way back", func(t *testing.T) {
		w, p := start(func(*sso.Options) {}, nil)
		b := w.browser()
		back := b.atProvider(p, "bob.agent", "/", nil)
		p.Stop()
		got := b.follow(back)
		if got.status != http.StatusBadGateway {
			t.Errorf("status %d", got.status)
		}
		has(t, "the page", got.body, "Who has a password here can sign in with it")
	})
	t.Run("clock", func(t *testing.T) {
		for skew, want := range map[time.Duration]bool{2 * time.Hour: false, -time.Hour: false, -4 * time.Minute: true, 30 * time.Minute: true} {
			w, p := start(func(o *sso.Options) { o.Now = func() time.Time { return time.Now().Add(skew) } }, nil)
			got := w.browser().by(p, "bob.agent")
			if in := got.status == http.StatusSeeOther; in != want {
				t.Errorf("a clock that is %v ahead: %d, want to be let in: %v", skew, got.status, want)
			}
			if !want {
				has(t, "the page", got.body, "clocks of this server and of the provider do not agree", "NTP")
			}
		}
	})
	t.Run("secret", func(t *testing.T) {
		w, p := start(func(o *sso.Options) { o.ClientSecret = "wrong" }, nil)
		has(t, "the page", w.browser().by(p, "bob.agent").body, "oidc.client_secret")
		hasNot(t, "the log", w.logs.String(), "wrong\"", ssotest.ClientSecret)
	})
	t.Run("issuer", func(t *testing.T) {
		w, _ := start(func(o *sso.Options) { o.Issuer = strings.Replace(o.Issuer, "localhost", "127.0.0.1", 1) }, nil)
		has(t, "the page", w.browser().get("/sign-in/oidc").body, "set oidc.issuer to", "http://localhost")
	})
	t.Run("refused there", func(t *testing.T) {
		w, _ := start(func(*sso.Options) {}, nil)
		for code, want := range map[string]string{
			"access_denied": "did not let you in", "server_error": "does not answer", "login_required": "wanted to ask you",
			"invalid_scope": "oidc.scopes",
		} {
			b := w.browser()
			to, err := url.Parse(b.get("/sign-in/oidc").to())
			if err != nil {
				t.Fatal(err)
			}
			q := url.Values{"state": {to.Query().Get("state")}, "error": {code}, "error_description": {"call 555-0100 now"}}
			got := b.get(web.CallbackPath + "?" + q.Encode())
			has(t, code, got.body, want)
			hasNot(t, code, got.body, "555-0100")
		}
	})
	t.Run("too often", func(t *testing.T) {
		w, _ := start(func(*sso.Options) {}, nil)
		b, last := w.browser(), 0
		for range 210 {
			last = b.get(web.CallbackPath + "?state=x&code=y").status
		}
		if last != http.StatusTooManyRequests {
			t.Errorf("the 210th answer is %d, want 429", last)
		}
	})
}

func TestPasswordsCanBeLeftToAdminsOrSwitchedOff(t *testing.T) {
	t.Run("admins", func(t *testing.T) {
		w, p := ssoWorld(t, func(o *web.Options) { o.Passwords = web.PasswordsAdmins })
		has(t, "the page", w.browser().get("/sign-in").body, "Sign in as an admin with a password")
		w.as("ada@example.org")
		got := w.browser().post("/sign-in", url.Values{"email": {"bob@example.org"}, "password": {password}})
		if got.status != http.StatusForbidden {
			t.Errorf("an agent with a password: %d", got.status)
		}
		has(t, "the page", got.body, "use Example Login")
		// Only who knows the password learns that it would be right.
		if got := w.browser().post("/sign-in", url.Values{"email": {"bob@example.org"}, "password": {"not the password"}}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("an agent with a wrong password: %d", got.status)
		}
		b := w.browser()
		if got := b.by(p, "bob.agent"); got.status != http.StatusSeeOther {
			t.Errorf("an agent by the provider: %d", got.status)
		}
		hasNot(t, "the agent's account", b.get("/account").body, "Change your password", "Two-factor")
		// An admin who becomes agent is not signed in by their password any more.
		if err := w.store.SetRole(t.Context(), w.bob, bridge.RoleAdmin); err != nil {
			t.Fatal(err)
		}
		local := w.as("bob@example.org")
		if err := w.store.SetRole(t.Context(), w.bob, bridge.RoleAgent); err != nil {
			t.Fatal(err)
		}
		if got := local.get("/account"); got.status != http.StatusSeeOther {
			t.Errorf("signed in by a password that is switched off: %d", got.status)
		}
	})
	t.Run("none", func(t *testing.T) {
		w, p := ssoWorld(t, func(o *web.Options) { o.Passwords = web.PasswordsNone })
		hasNot(t, "the page", w.browser().get("/sign-in").body, `name="password"`)
		if got := w.browser().post("/sign-in", url.Values{"email": {"ada@example.org"}, "password": {password}}); got.status != http.StatusForbidden {
			t.Errorf("an admin with a password: %d", got.status)
		}
		b := w.browser()
		if got := b.by(p, "ada.admin"); got.status != http.StatusSeeOther || b.get("/admin/people").status != http.StatusOK {
			t.Errorf("an admin by the provider: %d", got.status)
		}
	})
	t.Run("no provider", func(t *testing.T) {
		w := newWorld(t)
		for _, path := range []string{"/sign-in/oidc", web.CallbackPath + "?state=a&code=b"} {
			if got := w.browser().get(path); got.status != http.StatusNotFound {
				t.Errorf("%s: %d", path, got.status)
			}
		}
	})
}

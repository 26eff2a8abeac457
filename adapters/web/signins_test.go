package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

// with signs somebody in with a browser of that name.
func (w *world) with(email, agent string) *browser {
	w.t.Helper()
	b := w.browser()
	r := b.request(http.MethodPost, "/sign-in", strings.NewReader(url.Values{"email": {email}, "password": {password}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", agent)
	if got := b.do(r); got.status != http.StatusSeeOther {
		w.t.Fatalf("sign in: %d %s", got.status, got.body)
	}
	return b
}

var endForm = regexp.MustCompile(`action="(/account/sign-ins/[A-Z0-9]+/end)"`)

func TestPeopleSeeWhereTheyAreSignedInAndEndIt(t *testing.T) {
	w := newWorld(t)
	w.with("ada@example.org", "curl/8.0")
	there, here := w.with("bob@example.org", iphone), w.with("bob@example.org", firefox)
	page := here.get("/account").body
	has(t, "the page", page, "Firefox on Linux", "Safari on iPhone", "from 127.0.0.0/24", "with the password", "Sign out everywhere else")
	hasNot(t, "the page", page, "curl", "127.0.0.1")
	if n := strings.Count(page, "this one"); n != 1 {
		t.Errorf("%d are marked as this one", n)
	}
	ends := endForm.FindAllStringSubmatch(page, -1)
	if len(ends) != 1 {
		t.Fatalf("%d can be ended, want the other one", len(ends))
	}
	// Somebody else's browser ends nothing of theirs.
	if w.as("ada@example.org").post(ends[0][1], nil); !signedIn(there) {
		t.Error("Ada ended a sign-in of Bob's by its id")
	}
	if got := here.post(ends[0][1], nil); got.status != http.StatusSeeOther {
		t.Errorf("end: %d %s", got.status, got.body)
	}
	if signedIn(there) || !signedIn(here) {
		t.Error("the wrong one was ended")
	}
	if got := there.get("/tickets"); got.to() != "/sign-in?next=%2Ftickets" {
		t.Errorf("the ended browser gets %d to %q", got.status, got.to())
	}
	a, b := w.with("bob@example.org", firefox), w.with("bob@example.org", iphone)
	here.post("/account/sign-ins/end-others", nil)
	if signedIn(a) || signedIn(b) || !signedIn(here) {
		t.Error("all others were not ended, or this one was")
	}
	hasNot(t, "the page", here.get("/account").body, "Sign out everywhere else")
	here.post("/sign-out", nil)
	if signedIn(here) {
		t.Error("signed in after signing out")
	}
}

func TestASignInEndsWhenAnAdminOrANewPasswordEndsIt(t *testing.T) {
	w := newWorld(t)
	ada := w.as("ada@example.org")
	for what, form := range map[string]url.Values{
		"sign-out": {"do": {"sign-out"}}, "password": {"do": {"password"}, "password": {password}}, "disable": {"do": {"disable"}},
	} {
		if err := w.store.SetDisabled(t.Context(), w.bob, false); err != nil {
			t.Fatal(err)
		}
		bob := w.as("bob@example.org")
		if got := ada.post("/admin/people/"+w.bob, form); got.status != http.StatusSeeOther {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
		if err := w.store.SetDisabled(t.Context(), w.bob, false); err != nil {
			t.Fatal(err)
		}
		if signedIn(bob) {
			t.Errorf("%s: Bob is still signed in", what)
		}
	}
	// An admin who signs themselves out everywhere stays here.
	other := w.as("ada@example.org")
	ada.post("/admin/people/"+w.ada, url.Values{"do": {"sign-out"}})
	if signedIn(other) || !signedIn(ada) {
		t.Error("an admin's own: the wrong one was ended")
	}
	// A new password of one's own ends the others, and takes them off the list.
	here, there := w.as("bob@example.org"), w.as("bob@example.org")
	here.post("/account/password", url.Values{"old": {password}, "new": {"another long password"}})
	if signedIn(there) || !signedIn(here) || strings.Contains(here.get("/account").body, "everywhere else</button>") {
		t.Error("a new password: the wrong one was ended, or the other is still listed")
	}
}

func TestASignInIsReplacedByTheNextInTheSameBrowser(t *testing.T) {
	w := newWorld(t)
	b := w.as("bob@example.org")
	for range 3 {
		b.post("/sign-in", url.Values{"email": {"bob@example.org"}, "password": {password}})
	}
	if n := strings.Count(b.get("/account").body, "signed in with the password"); n != 1 {
		t.Errorf("one browser is listed %d times", n)
	}
}

func TestBrowsersAndNetworksAreNamedAsPeopleKnowThem(t *testing.T) {
	for agent, want := range map[string]string{
		firefox: "Firefox on Linux",
		iphone:  "Safari on iPhone",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36":         "Chrome on macOS",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                  "Chrome on Android",
		"":                "An unknown browser",
		"<b>Firefox/</b>": "Firefox",
	} {
		if got := web.BrowserName(agent); got != want {
			t.Errorf("%q is %q, want %q", agent, got, want)
		}
	}
	for address, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2:3::4": "2001:db8:1::/48", "::ffff:192.0.2.77": "192.0.2.0/24",
		"fe80::1%eth0": "fe80::/48", "nonsense": "", "": "",
	} {
		if got := web.NetworkOf(address); got != want {
			t.Errorf("%q is of %q, want %q", address, got, want)
		}
	}
}

func TestExpertsAndStrangersAreNotSignedInByASessionOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	b := w.as("bob@example.org")
	if err := w.store.SetRole(t.Context(), w.bob, bridge.RoleExpert); err != nil {
		t.Fatal(err)
	}
	if signedIn(b) {
		t.Error("an expert is signed in")
	}
	has(t, "the sign-in page", b.get("/sign-in").body, "Sign in to Sidebridge")
}

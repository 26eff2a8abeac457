package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

var inDiscord = bridge.Account{Surface: "discord", Workspace: "9", ID: "77"}

// link is the path of a link for an account.
func (w *world) link(a bridge.Account, name string) string {
	w.t.Helper()
	address, err := w.web.LinkURL(w.t.Context(), a, name)
	if err != nil {
		w.t.Fatal(err)
	}
	path, ok := strings.CutPrefix(address, w.http.URL)
	if !ok {
		w.t.Fatalf("%q is not below the public address", address)
	}
	return path
}

func (w *world) owner(a bridge.Account) string {
	w.t.Helper()
	k, err := w.store.Identify(w.t.Context(), a)
	if err != nil {
		w.t.Fatal(err)
	}
	return k.Person
}

func TestAPersonTakesTheirAccountByTheLinkThatTheChatShowedThem(t *testing.T) {
	w := newWorldWith(t, func(o *web.Options) {
		o.Workspaces = map[bridge.Place]string{{Surface: "discord", Workspace: "9"}: "acme"}
	})
	path := w.link(inDiscord, "bob <the> agent")
	stranger := w.browser()
	if got := stranger.get(path); got.status != http.StatusSeeOther || !strings.HasPrefix(got.to(), "/sign-in?next=%2Flink%2F") {
		t.Fatalf("who is not signed in: %d %s", got.status, got.to())
	}
	bob := w.as("bob@example.org")
	has(t, "the question", bob.get(path).body, "This is me: bob &lt;the&gt; agent on Discord", "Bob Agent", "77", "only if you asked for this link yourself")
	if w.owner(inDiscord) != "" {
		t.Fatal("looking at the question linked the account")
	}
	if got := bob.post(path, nil); got.status != http.StatusSeeOther || got.to() != "/account" {
		t.Fatalf("confirmed: %d %s", got.status, got.body)
	}
	has(t, "the account page", bob.get("/account").body, "Linked. What you say in Discord")
	if w.owner(inDiscord) != w.bob {
		t.Error("the account is not Bob's")
	}
	// The same link again: for Bob there is nothing to do, and nobody else can have it.
	has(t, "the link used again", bob.get(path).body, "is linked to you already")
	ada := w.as("ada@example.org")
	has(t, "another person's look", ada.get(path).body, "is linked to Bob Agent", "ask an admin")
	if got := ada.post(path, nil); got.status != http.StatusConflict || w.owner(inDiscord) != w.bob {
		t.Errorf("another person took the account: %d", got.status)
	}
	// Discord accounts are on the People page with their surface, name and id.
	has(t, "the People page", ada.get("/admin/people").body, "bob &lt;the&gt; agent", "Discord acme · 77 · linked to Bob Agent")
}

func TestALinkThatIsOldOrForgedSaysWhatToDo(t *testing.T) {
	now := time.Now()
	w := newWorldWith(t, func(o *web.Options) { o.Now = func() time.Time { return now } })
	path := w.link(inDiscord, "bob")
	other := w.link(bridge.Account{Surface: "discord", Workspace: "9", ID: "78"}, "eve")
	bob := w.as("bob@example.org")
	mixed := path[:len(path)-20] + other[len(other)-20:]
	for _, forged := range []string{mixed, path + "A", path[:len(path)-8], "/link/x", "/link/" + strings.Repeat("A", 200)} {
		if got := bob.get(forged); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "ask for a new one in the chat, with /link in Discord") {
			t.Errorf("%s: %d", forged, got.status)
		}
		if got := bob.post(forged, nil); got.status != http.StatusUnprocessableEntity {
			t.Errorf("posting %s: %d", forged, got.status)
		}
	}
	now = now.Add(16 * time.Minute)
	for _, got := range []answered{bob.get(path), bob.post(path, nil)} {
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "too old") {
			t.Errorf("an old link: %d", got.status)
		}
	}
	if w.owner(inDiscord) != "" {
		t.Error("a link that is no good linked the account")
	}
	if _, err := w.web.LinkURL(t.Context(), bridge.Account{}, "nobody"); err == nil {
		t.Error("a link for no account")
	}
}

func FuzzLinkTokensAreRefusedWhateverTheyAre(f *testing.F) {
	f.Add("")
	f.Add("AAAA")
	f.Add(strings.Repeat("_", 300))
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, token string) {
		if err := web.ReadLink(w.web, token); err == nil {
			t.Errorf("a made-up link is taken: %q", token)
		}
	})
}

package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

// noPage are the routes that show no page of their own, and why.
var noPage = map[string]string{
	"GET /{$}":                          "leads to the tickets",
	"GET /c/{id}":                       "leads to the conversation on its ticket",
	"GET /m/{id}":                       "leads to the message on its ticket",
	"GET /sign-in/oidc":                 "leads to the provider",
	"GET /tickets/{ticket}/stream":      "is what an open page listens to",
	"GET /files/{ticket}/{message}/{n}": "is a file that somebody sent",
	"GET /tickets/{ticket}/export":      "is a file that is downloaded",
	"GET /tickets/{ticket}/share":       "is a piece of the ticket's page",
	"GET /admin/access/export":          "is a file that is downloaded",
	"GET /news/stream":                  "is what an open page listens to",
	"GET /news/unread":                  "is a number for the open page",
	"GET /tickets/stream":               "is what an open list listens to",
	"GET /tickets/lines":                "is a piece of the list of tickets",
	"GET /admin/channels":               "is a piece of the rule's page",
	"GET /complete":                     "is a piece of the composers",
	"GET /ask":                          "is a piece of the form that asks",
}

// TestBrowserShowsEveryPage looks at every page in every state that people see it in:
// axe-core finds nothing, nothing is wider than the window, no text is too faint, and no
// element lacks its name. A new route has to be looked at here, or be said to be no page.
func TestBrowserShowsEveryPage(t *testing.T) {
	l := &looked{routes: http.NewServeMux(), seen: map[string]bool{}}
	patterns := web.Patterns(newWorld(t).web)
	for _, p := range patterns {
		l.routes.Handle(p, http.NotFoundHandler())
	}
	parts := []struct {
		name string
		show func(t *testing.T, l *looked)
	}{
		{"before anybody can sign in", setupPages},
		{"signing in", signInPages},
		{"a desk where nothing happened yet", emptyPages},
		{"tickets", ticketPages},
		{"the admin's", adminPages},
		{"trouble", troublePages},
		{"erasing", erasePages},
		{"restricted conversations and the audit", restrictedPages},
	}
	ran := 0
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) {
			part.show(t, l)
			ran++
		})
	}
	t.Log(l.Figures)
	if ran < len(parts) {
		return // -run chose some of them, or one has failed
	}
	for _, p := range patterns {
		if strings.HasPrefix(p, "GET ") && !l.seen[p] && noPage[p] == "" {
			t.Errorf("nobody looked at %s: show it in one of the parts above, or say in noPage why it is no page", p)
		}
		if l.seen[p] && noPage[p] != "" {
			t.Errorf("%s is shown, and noPage says that it %s", p, noPage[p])
		}
	}
}

// looking returns a world whose pages are counted.
func looking(w *world, l *looked) *world {
	w.looked = l
	return w
}

func setupPages(t *testing.T, l *looked) {
	w := looking(emptyWorld(t, nil), l)
	b := w.tab()
	b.lookAt("setup", func(string) { b.open("/setup") })
	b.lookAt("setup-wrong", func(string) {
		b.submit("/setup", url.Values{"code": {"no"}, "name": {"Ada Admin"}, "email": {"ada@example.org"}, "password": {"correct horse battery"}})
	})
}

func signInPages(t *testing.T, l *looked) {
	p := newPhone(t)
	w, provider := ssoWorld(t, func(o *web.Options) { o.Now = p.clock })
	looking(w, l)
	out := w.tab()
	out.lookAt("sign-in", func(string) { out.open("/sign-in?next=/tickets") })
	out.lookAt("sign-in-wrong", func(string) { out.submit("/sign-in", url.Values{"email": {"carl@example.org"}, "password": {"wrong"}}) })
	out.lookAt("sign-in-refused", func(string) { out.open(web.CallbackPath + "?state=x&code=y") })

	if err := w.store.SetRole(t.Context(), w.bob, bridge.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	w.with("ada@example.org", iphone)
	if got := w.browser().by(provider, "ada.admin"); got.status != http.StatusSeeOther {
		t.Fatal(got.body)
	}
	b := w.chromium("ada@example.org")
	b.lookAt("account-sign-ins", func(string) { b.open("/account") })
	b.lookAt("notices-none", func(string) { b.open("/settings/notifications") })
	b.lookAt("notices-wrong", func(string) { b.submit("/settings/notifications", noticesAs(url.Values{"minutes": {"soon"}})) })
	b.lookAt("account-wrong", func(string) { b.submit("/account/password", url.Values{"old": {"no"}, "new": {"a new password"}}) })
	b.lookAt("two-factor-off", func(string) { b.open("/account/two-factor") })
	b.do(chromedp.Click(chromedp.CSS("form[action$='/begin'] button")), chromedp.WaitVisible(chromedp.CSS("svg.qr")))
	p.secret = strings.ReplaceAll(b.text("code.secret"), " ", "")
	b.lookAt("two-factor-new", func(string) { b.open("/account/two-factor") })
	b.do(
		chromedp.SendKeys(chromedp.CSS("input[name=code]"), p.code(0)), chromedp.SendKeys(chromedp.CSS("input[name=password]"), password+kb.Enter),
		chromedp.WaitVisible(chromedp.CSS(".recovery")),
	)
	b.lookAt("two-factor-codes", func(string) {})
	b.lookAt("two-factor-on", func(string) { b.open("/account/two-factor") })
	b.lookAt("account-two-factor", func(string) { b.open("/account") })
	out.open("/sign-in")
	out.do(
		chromedp.SendKeys(chromedp.CSS("input[name=email]"), "ada@example.org"), chromedp.SendKeys(chromedp.CSS("input[name=password]"), password+kb.Enter),
		chromedp.WaitVisible(chromedp.CSS("input[name=code]")),
	)
	out.lookAt("sign-in-code", func(string) { out.open("/sign-in/code") })
	bob := w.chromium("bob@example.org")
	bob.lookAt("people-two-factor", func(string) {
		bob.open("/admin/people")
		bob.do(chromedp.Click(chromedp.CSS(".rows details summary")))
	})
}

func emptyPages(t *testing.T, l *looked) {
	w := looking(newWorld(t), l)
	b := w.chromium("ada@example.org")
	for name, path := range map[string]string{
		"tickets-empty": "/tickets", "search-empty": "/search", "search-nothing": "/search?q=nothing", "health-well": "/admin/health",
		"surfaces-empty": "/admin/surfaces", "changes-empty": "/admin/changes", "tokens-empty": "/admin/tokens", "erased-people-empty": "/admin/erasures",
		"keys": "/keys", "error": "/nothing",
	} {
		b.lookAt(name, func(string) { b.open(path) })
	}
	b.lookAt("ticket-new-wrong", func(string) {
		b.submit("/tickets", url.Values{"requester": {"Carl"}, "email": {"no address"}, "subject": {"Wrong invoice"}, "body": {"I was billed twice."}})
	})
	ticket := w.ticket("Wrong invoice", "I was billed twice.")
	b.lookAt("ticket-fresh", func(string) { b.open(fmt.Sprintf("/tickets/%d", ticket)) })
	bob := w.chromium("bob@example.org")
	bob.lookAt("error-forbidden", func(string) { bob.open("/admin/people") })
}

func ticketPages(t *testing.T, l *looked) {
	w := looking(newWorld(t), l)
	ticket := w.sample()
	b := w.chromium("ada@example.org")
	if err := w.store.SetPreference(t.Context(), w.ada, "hint-ask", "seen"); err != nil {
		t.Fatal(err)
	}
	page := fmt.Sprintf("/tickets/%d", ticket)
	b.lookAt("ticket", func(string) { b.open(page) })
	b.lookAt("ticket-forms", func(string) {
		b.open(page)
		b.unfold()
	})
	b.lookAt("ticket-refused", func(string) {
		b.submit(page+"/conversations", url.Values{"to": {"group:" + w.group}, "subject": {""}, "body": {"Can you look?"}})
	})
	for name, path := range map[string]string{
		"tickets": "/tickets", "tickets-all": "/tickets?show=all", "ticket-new": "/tickets/new", "audit": page + "/audit", "audit-deliveries": page + "/audit?deliveries=1", "search": "/search?q=refund",
		"history": "/m/" + w.edited.String() + "/history",
		"account": "/account", "link": w.link(inDiscord, "ada_in_discord"), "link-bad": "/link/none",
	} {
		b.lookAt(name, func(string) { b.open(path) })
	}
	b.lookAt("history-dialog", func(string) {
		b.open(page)
		b.do(chromedp.Click(chromedp.CSS("a.edited[data-history]")), chromedp.WaitVisible(chromedp.CSS("dialog .versions")))
	})
	b.lookAt("keys-dialog", func(string) {
		b.open(page)
		b.do(chromedp.KeyEvent("?"), chromedp.WaitVisible(chromedp.CSS("dialog")))
	})

	second := w.ticket("Wrong invoice", "Billed twice.")
	conv, _ := w.talk(second, "Refund?", "?")
	id := w.must(&bridge.AskApproval{
		Actor: w.bobActs(), Conversation: conv, Body: "Refund **900** to Carl?",
		Approvers: []bridge.Known{{Person: w.ada, Name: "Ada Admin"}, {Person: w.anders, Name: "Anders Expert"}},
	}).ID
	w.must(&bridge.AnswerApproval{Actor: w.actor(w.anders, "Anders Expert", bridge.RoleExpert), Approval: id, Approve: true, Note: "Billed twice indeed."})
	w.must(&bridge.AskApproval{Actor: w.bobActs(), Conversation: conv, Body: "And a voucher?", Approvers: []bridge.Known{{Person: w.anders, Name: "Anders Expert"}}})
	b.lookAt("approval", func(string) { b.open("/c/" + conv.String() + "/approval") })
	b.lookAt("share", func(string) { b.open("/c/" + conv.String() + "/share") })
	draft := w.must(&bridge.OfferDraft{Actor: w.bobActs(), Conversation: conv, Body: dear}).ID
	w.must(&bridge.SuggestDraft{Actor: w.actor(w.anders, "Anders Expert", bridge.RoleExpert), Draft: draft, Body: dear + " Today."})
	b.lookAt("draft", func(string) { b.submit(fmt.Sprintf("/tickets/%d/draft", second), url.Values{"body": {dear}}) })
	b.lookAt("approvals", func(string) { b.open(fmt.Sprintf("/tickets/%d", second)) })
}

func adminPages(t *testing.T, l *looked) {
	w := newWorldWith(t, func(o *web.Options) {
		o.Connections = []web.Connection{
			{Surface: "slack", Name: "acme", Check: func(context.Context, []bridge.Place) []web.Finding {
				return []web.Finding{{What: "the bot token works", OK: true}, {What: "the token has its scopes", Remedy: "Add files:write under “OAuth & Permissions” and install the app again."}}
			}},
			{Surface: "discord", Name: "acme", Check: func(context.Context, []bridge.Place) []web.Finding {
				return []web.Finding{{What: "the token works", OK: true}}
			}},
		}
	})
	looking(w, l)
	w.sample()
	w.must(w.answer(w.conversation(), "1.9", "from a chat"))
	b := w.chromium("ada@example.org")
	b.lookAt("tokens-new", func(string) { b.submit("/admin/tokens", url.Values{"name": {"Contact form"}}) })
	for name, path := range map[string]string{
		"people": "/admin/people", "mapping": "/admin/mapping", "rule-new": "/admin/rules/new", "rule": "/admin/rules/r1", "tokens": "/admin/tokens",
		"permissions": "/admin/permissions", "changes": "/admin/changes", "surfaces": "/admin/surfaces", "access": "/admin/access", "erase-person": "/admin/people/" + w.bob + "/erase",
	} {
		b.lookAt(name, func(string) { b.open(path) })
	}
	for name, path := range map[string]string{"people-forms": "/admin/people", "mapping-forms": "/admin/mapping", "permissions-forms": "/admin/permissions", "rule-forms": "/admin/rules/r1"} {
		b.lookAt(name, func(string) {
			b.open(path)
			b.unfold()
		})
	}
	b.lookAt("mapping-tested", func(string) { b.submit("/admin/mapping/test", url.Values{"group": {w.group}, "tags": {"vip"}}) })
	b.lookAt("rule-wrong", func(string) { b.submit("/admin/rules/r1", url.Values{"name": {""}, "channel": {"#billing"}}) })
	b.lookAt("people-wrong", func(string) {
		b.submit("/admin/people", url.Values{"name": {"Bob"}, "email": {"bob@example.org"}, "role": {"agent"}, "password": {"correct horse battery"}})
	})
	b.lookAt("surfaces-checked", func(string) { b.submit("/admin/surfaces/check", nil) })
}

// troublePages are what an admin sees when much is wrong at once.
func troublePages(t *testing.T, l *looked) {
	held := func() map[bridge.Place]time.Time {
		return map[bridge.Place]time.Time{billing: time.Now().Add(time.Minute)}
	}
	w, ticket, _, mirror := stuckWorld(t, func(o *web.Options) { o.Held = held })
	looking(w, l)
	w.must(&bridge.Park{Key: bridge.DeliveryKey{Mirror: mirror}, Reason: "is_archived", Remedy: "Unarchive #billing in Slack, or map the group to another channel, then press Resume."})
	conv, late := w.talk(ticket, "Late?", "?")
	w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "late"})
	w.must(&bridge.Defer{Key: bridge.DeliveryKey{Mirror: late, Seq: 1 << 30}, Until: time.Now().Add(time.Hour), Error: "Slack answered 503"})
	if err := w.store.Block(t.Context(), "slack", "T1", "token_revoked", "Install the Slack app again, put the new token into the configuration, and start the daemon again."); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Quarantine(t.Context(), "slack", "unexpected end of JSON input", []byte("{")); err != nil {
		t.Fatal(err)
	}
	deaf := bridge.Account{Surface: "discord", Workspace: "G1", ID: "77"}
	if err := w.store.TakeAccount(t.Context(), deaf, "ada_in_discord", w.ada); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Unreachable(t.Context(), deaf, "50007", "Discord does not let the bot write to you. Allow direct messages in the privacy settings of a server that you share with the bot."); err != nil {
		t.Fatal(err)
	}
	b := w.chromium("ada@example.org")
	b.lookAt("notices", func(string) { b.open("/settings/notifications") })
	b.lookAt("health", func(string) { b.open("/admin/health") })
	b.lookAt("health-forms", func(string) {
		b.open("/admin/health")
		b.unfold()
	})
	b.lookAt("ticket-stuck", func(string) { b.open(fmt.Sprintf("/tickets/%d", ticket)) })

	// Somebody changes what was recorded behind the store's back.
	raw := w.raw()
	for _, stmt := range []string{"DROP TRIGGER entries_unchanged", fmt.Sprintf("UPDATE entries SET at = at + 1 WHERE ticket = %d AND seq = 1", ticket)} {
		if _, err := raw.ExecContext(t.Context(), stmt); err != nil {
			t.Fatal(err)
		}
	}
	b.lookAt("audit-broken", func(string) { b.open(fmt.Sprintf("/tickets/%d/audit", ticket)) })
}

func erasePages(t *testing.T, l *looked) {
	w := looking(newWorld(t), l)
	ticket := w.ticket("Refund", "Hello")
	conv, _ := w.talk(ticket, "Charged twice?", "Please look")
	said := w.must(w.answer(conv, "1.7", "The card is 4929 0000 0000 0000")).ID
	w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: "From Bob"})
	b := w.chromium("ada@example.org")
	erase := "/m/" + said.String() + "/erase"
	b.lookAt("erase", func(string) { b.open(erase) })
	b.lookAt("erase-wrong", func(string) { b.submit(erase, url.Values{"reason": {" "}}) })
	b.submit(erase, url.Values{"reason": {"The customer asked us to"}})
	b.submit("/admin/people/"+w.bob+"/erase", url.Values{"reason": {"Left, and asked us to"}})
	b.lookAt("erasures", func(string) { b.open(fmt.Sprintf("/tickets/%d/erasures", ticket)) })
	b.lookAt("erased-people", func(string) { b.open("/admin/erasures") })
	b.lookAt("ticket-erased", func(string) { b.open(fmt.Sprintf("/tickets/%d", ticket)) })
}

// conversation returns some conversation that is open in a channel.
func (w *world) conversation() bridge.ID {
	w.t.Helper()
	conv, _ := w.talk(w.ticket("Delivery", "Where is it?"), "Where?", "?")
	return conv
}

func (b *tab) submit(path string, form url.Values) { b.w.t.Helper(); b.Submit(path, form) }

func (b *tab) unfold() { b.w.t.Helper(); b.Unfold() }

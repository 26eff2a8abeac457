package slacksim

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestCallsWithoutAGoodTokenFail(t *testing.T) {
	w := start(t, Options{})
	for token, want := range map[string]string{
		"": "not_authed", "xoxb-wrong": "invalid_auth", w.AppToken(): "not_allowed_token_type",
	} {
		_, body := w.do("chat.postMessage", token, url.Values{"channel": {w.ch}, "text": {"x"}})
		if !strings.Contains(string(body), `"error":"`+want+`"`) {
			t.Errorf("token %q: %s, want %s", token, body, want)
		}
	}
	if _, body := w.do("apps.connections.open", w.BotToken(), nil); !strings.Contains(string(body), "not_allowed_token_type") {
		t.Errorf("bot token on apps.connections.open: %s", body)
	}
	w.refused("unknown_method", "chat.teleport")
	w.RevokeToken()
	w.refused("token_revoked", "auth.test")
	w.RestoreToken()
	a := w.must("auth.test")
	if a.UserID != w.BotUserID() || a.BotID != w.BotID() || a.TeamID != w.TeamID() {
		t.Errorf("auth.test %+v", a)
	}
	w.Uninstall()
	w.refused("account_inactive", "auth.test")
}

func TestMissingScopeNamesWhatIsNeededAndProvided(t *testing.T) {
	w := start(t, Options{Scopes: []string{"chat:write", "channels:history"}})
	a := w.refused("missing_scope", "users.info", "user", w.anna.ID())
	if a.Needed != "users:read" || a.Provided != "channels:history,chat:write" {
		t.Errorf("needed %q, provided %q", a.Needed, a.Provided)
	}
	root := w.post(w.anna, "hello")
	w.must("conversations.replies", "channel", w.ch, "ts", root)
	w.RemoveScope("channels:history")
	w.refused("missing_scope", "conversations.replies", "channel", w.ch, "ts", root)
	w.GrantScope("channels:history")
	w.must("conversations.history", "channel", w.ch)
}

func TestAnswersCarryDateAndScopes(t *testing.T) {
	c := newClock()
	w := start(t, Options{Now: c.Now, Scopes: []string{"chat:write", "users:read"}})
	resp, _ := w.do("auth.test", w.BotToken(), nil)
	if got := resp.Header.Get("Date"); got != c.Now().Format(http.TimeFormat) {
		t.Errorf("Date %q", got)
	}
	if got := resp.Header.Get("X-OAuth-Scopes"); got != "chat:write,users:read" {
		t.Errorf("X-OAuth-Scopes %q", got)
	}
}

func TestJSONBodiesWorkForWritingMethodsOnly(t *testing.T) {
	w := start(t, Options{})
	post := func(method, body string) string {
		req, err := http.NewRequestWithContext(w.ctx(), http.MethodPost, w.APIURL()+method, strings.NewReader(body))
		w.check(err)
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		_, out := w.send(req, w.BotToken())
		return string(out)
	}
	if out := post("chat.postMessage", `{"channel":"`+w.ch+`","text":"x","blocks":[{"type":"divider"}],"unfurl_links":false}`); !strings.Contains(out, `"ok":true`) {
		t.Error(out)
	}
	if out := post("conversations.info", `{"channel":"`+w.ch+`"}`); !strings.Contains(out, "channel_not_found") {
		t.Errorf("a reading method took JSON: %s", out)
	}
	if out := post("chat.postMessage", `{"channel":`); !strings.Contains(out, "invalid_json") {
		t.Error(out)
	}
}

func TestArrivalLogShowsEveryCallInOrder(t *testing.T) {
	w := start(t, Options{})
	root := w.must("chat.postMessage", "channel", w.ch, "text", "root", "metadata", `{"event_type":"a","event_payload":{}}`).TS
	w.must("chat.postMessage", "channel", w.ch, "text", "leak", "thread_ts", "")
	w.refused("channel_not_found", "chat.postMessage", "channel", "C404", "text", "x")
	w.must("chat.delete", "channel", w.ch, "ts", root)
	a := w.Arrivals()
	if len(a) != 4 {
		t.Fatalf("%d arrivals", len(a))
	}
	if a[0].N != 1 || a[0].Method != "chat.postMessage" || a[0].Token != "bot" || a[0].Text != "root" || a[0].Result != root ||
		!a[0].Applied || a[0].Outcome != "ok" || a[0].Metadata == "" || a[0].BlankThread {
		t.Errorf("first %+v", a[0])
	}
	if !a[1].BlankThread {
		t.Error("a blank thread_ts was not flagged")
	}
	if a[2].Outcome != "channel_not_found" || a[2].Applied {
		t.Errorf("third %+v", a[2])
	}
	if a[3].TS != root {
		t.Errorf("fourth %+v", a[3])
	}
}

func TestPostsOverOnePerSecondGetRetryAfter(t *testing.T) {
	c := newClock()
	w := start(t, Options{Now: c.Now, Limits: Limits{Scale: 1, PostBurst: 2}})
	form := url.Values{"channel": {w.ch}, "text": {"x"}}
	for range 2 {
		w.do("chat.postMessage", w.BotToken(), form)
	}
	resp, body := w.do("chat.postMessage", w.BotToken(), form)
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "1" || !strings.Contains(string(body), "ratelimited") {
		t.Fatalf("status %d, Retry-After %q, %s", resp.StatusCode, resp.Header.Get("Retry-After"), body)
	}
	other := w.AddChannel(ChannelSpec{Name: "other"})
	w.must("chat.postMessage", "channel", other, "text", "another channel is free")
	c.advance(time.Second)
	w.must("chat.postMessage", "channel", w.ch, "text", "x")
	if n := len(w.Channel(w.ch)); n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
}

func TestTierLimitsCloseOnlyThatMethod(t *testing.T) {
	c := newClock()
	w := start(t, Options{Now: c.Now, Limits: Limits{Scale: 1}})
	for range tier3 {
		w.must("conversations.info", "channel", w.ch)
	}
	resp, _ := w.do("conversations.info", w.BotToken(), url.Values{"channel": {w.ch}})
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "2" {
		t.Errorf("status %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	w.must("conversations.history", "channel", w.ch)
	c.advance(2 * time.Second)
	w.must("conversations.info", "channel", w.ch)
}

func TestUnlistedAppsGetFifteenMessagesAMinute(t *testing.T) {
	c := newClock()
	w := start(t, Options{Now: c.Now, HistoryPageCap: 15, Limits: Limits{Scale: 1}})
	for range 20 {
		w.post(w.anna, "x")
	}
	if a := w.must("conversations.history", "channel", w.ch, "limit", "200"); len(a.Messages) != 15 || !a.HasMore {
		t.Errorf("%d messages", len(a.Messages))
	}
	resp, _ := w.do("conversations.history", w.BotToken(), url.Values{"channel": {w.ch}})
	if resp.StatusCode != http.StatusTooManyRequests || resp.Header.Get("Retry-After") != "60" {
		t.Errorf("status %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
}

func TestHourlyEventLimitTurnsIntoAppRateLimited(t *testing.T) {
	r := receive(t)
	c := newClock()
	w := start(t, Options{EventsURL: r.URL, Now: c.Now, Limits: Limits{Scale: 0.0001}})
	for range 6 {
		w.post(w.anna, "x")
	}
	w.settle()
	var limited int
	for _, g := range r.all() {
		if g.Body.Type == "app_rate_limited" {
			limited++
		}
	}
	if len(r.of("")) != 3 || limited != 1 {
		t.Errorf("%d events of which %d app_rate_limited", len(r.all()), limited)
	}
}

package slacksim

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestPostOfPersonArrivesAsSignedEventWithTextAndBlocks(t *testing.T) {
	r := receive(t)
	c := newClock()
	w := start(t, Options{EventsURL: r.URL, Now: c.Now})
	ts := w.post(w.anna, "hello *there* @bo")
	w.settle()

	all := r.all()
	if len(all) != 1 {
		t.Fatalf("got %d events, want 1", len(all))
	}
	g := all[0]
	mac := hmac.New(sha256.New, []byte(w.SigningSecret()))
	mac.Write([]byte("v0:" + g.Header.Get("X-Slack-Request-Timestamp") + ":" + string(g.Raw)))
	if want := "v0=" + hex.EncodeToString(mac.Sum(nil)); g.Header.Get("X-Slack-Signature") != want {
		t.Errorf("signature %q, want %q", g.Header.Get("X-Slack-Signature"), want)
	}
	b := g.Body
	if b.Type != "event_callback" || b.TeamID != w.TeamID() || b.APIAppID != w.AppID() || b.EventID[:2] != "Ev" ||
		b.EventTime != c.Now().Unix() || b.EventContext == "" {
		t.Errorf("envelope %+v", b)
	}
	if len(b.Authorizations) != 1 || b.Authorizations[0].UserID != w.BotUserID() || !b.Authorizations[0].IsBot {
		t.Errorf("authorizations %+v", b.Authorizations)
	}
	e := b.Event
	if e.TS != ts || e.User != w.anna.ID() || e.Text != "hello *there* <@"+w.bo.ID()+">" || e.ChannelType != "channel" ||
		e.ClientMsgID == "" || e.EventTS != ts {
		t.Errorf("event %s", g.Raw)
	}
	want := `"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"hello "},` +
		`{"type":"text","style":{"bold":true},"text":"there"},{"type":"text","text":" "},{"type":"user","user_id":"` + w.bo.ID() + `"}]}]`
	if !contains(e.Blocks, want) {
		t.Errorf("blocks %s, want %s", e.Blocks, want)
	}
}

func TestSignatureIsSlacksDocumentedOne(t *testing.T) {
	c := &clock{now: time.Unix(1531420618, 0)}
	s := New(Options{SigningSecret: "8f742231b10e8888abcd99yyyzzz85a5", Now: c.Now})
	defer s.Close()
	body := "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
		"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com" +
		"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	h := http.Header{}
	s.Sign(h, []byte(body))
	want := "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
	if h.Get("X-Slack-Signature") != want {
		t.Errorf("got %s, want %s", h.Get("X-Slack-Signature"), want)
	}
}

func TestFailedEventIsRetriedWithNumberAndReasonThenGivenUp(t *testing.T) {
	r := receive(t)
	r.status = func(int) int { return http.StatusInternalServerError }
	w := start(t, Options{EventsURL: r.URL, RetryDelays: []time.Duration{0, time.Millisecond, 2 * time.Millisecond}})
	w.post(w.anna, "hello")
	w.settle()

	all := r.all()
	if len(all) != 4 {
		t.Fatalf("got %d attempts, want 4", len(all))
	}
	for i, g := range all {
		num, reason := "", ""
		if i > 0 {
			num, reason = string(rune('0'+i)), "http_error"
		}
		if g.Header.Get("X-Slack-Retry-Num") != num || g.Header.Get("X-Slack-Retry-Reason") != reason {
			t.Errorf("attempt %d: num %q reason %q", i, g.Header.Get("X-Slack-Retry-Num"), g.Header.Get("X-Slack-Retry-Reason"))
		}
		if g.Body.EventID != all[0].Body.EventID {
			t.Error("a retry changed the event id")
		}
	}
	if s := w.EventStats(); s.GivenUp != 1 || s.Redelivered != 3 || s.Acked != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestNoRetryHeaderStopsRetries(t *testing.T) {
	var n int
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		w.Header().Set("X-Slack-No-Retry", "1")
		w.WriteHeader(http.StatusTeapot)
	}))
	defer srv.Close()
	w := start(t, Options{EventsURL: srv.URL, RetryDelays: []time.Duration{0, 0}})
	w.post(w.anna, "hello")
	w.settle()
	if n != 1 {
		t.Errorf("got %d attempts, want 1", n)
	}
}

func TestEventsWaitForAReceiverThatIsDownAndForOneThatIsSlow(t *testing.T) {
	r := receive(t)
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	w := start(t, Options{EventsURL: down.URL, RetryDelays: []time.Duration{time.Millisecond, time.Hour}, AckTimeout: 50 * time.Millisecond})
	w.post(w.anna, "hello")
	w.check(w.WaitFor(w.ctx(), func() bool { return w.EventStats().Redelivered == 1 && w.EventStats().InFlight == 0 }))
	if s := w.EventStats(); s.Waiting != 1 {
		t.Fatalf("stats %+v, want one waiting", s)
	}
	if n := w.DropPending(); n != 1 {
		t.Errorf("dropped %d, want 1", n)
	}

	gate := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		if req.Header.Get("X-Slack-Retry-Num") == "" {
			<-gate
			return
		}
		if req.Header.Get("X-Slack-Retry-Reason") != "http_timeout" {
			t.Errorf("reason %q", req.Header.Get("X-Slack-Retry-Reason"))
		}
	}))
	defer slow.Close()
	defer close(gate)
	w.SetEventsURL(slow.URL)
	w.post(w.anna, "again")
	w.settle()
	if s := w.EventStats(); s.Acked != 1 {
		t.Errorf("stats %+v", s)
	}
	_ = r
}

func TestEventsOlderThanTwoHoursAreNotSent(t *testing.T) {
	c := newClock()
	r := receive(t)
	w := start(t, Options{SocketMode: true, Now: c.Now})
	w.post(w.anna, "hello")
	c.advance(3 * time.Hour)
	w.SetEventsURL(r.URL)
	w.SetSocketMode(false)
	w.settle()
	if n := len(r.all()); n != 0 {
		t.Errorf("got %d events, want none", n)
	}
	if s := w.EventStats(); s.GivenUp != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestEventsURLMustAnswerTheChallenge(t *testing.T) {
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer good.Close()
	bad := receive(t)
	w := start(t, Options{EventsURL: good.URL})
	w.check(w.VerifyEventsURL(context.Background()))
	w.SetEventsURL(bad.URL)
	if err := w.VerifyEventsURL(context.Background()); err == nil {
		t.Error("an answer without the challenge passed")
	}
}

func TestEditAndDeleteRaiseChangedAndDeleted(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	ts := w.post(w.anna, "one")
	w.check(w.anna.Edit(w.ch, ts, "two"))
	w.check(w.anna.Delete(w.ch, ts))
	w.settle()
	changed, deleted := r.of("message_changed"), r.of("message_deleted")
	if len(changed) != 1 || len(deleted) != 1 {
		t.Fatalf("%d changed, %d deleted", len(changed), len(deleted))
	}
	e := changed[0]
	if e.Message.Text != "two" || e.Message.Edited == nil || e.Previous.Text != "one" || !e.Hidden || e.TS == ts || e.Message.TS != ts {
		t.Errorf("changed %+v", e)
	}
	if deleted[0].DeletedTS != ts || deleted[0].Previous.Text != "two" {
		t.Errorf("deleted %+v", deleted[0])
	}
}

func TestRepliesRaiseBookkeepingThatIsNoEdit(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL, Workers: 1})
	root := w.post(w.anna, "question")
	w.reply(w.bo, root, "first")
	w.reply(w.bo, root, "second")
	w.check(w.Unfurl(w.ch, root, "https://example.com"))
	w.settle()
	changed := r.of("message_changed")
	if len(changed) != 2 {
		t.Fatalf("%d changed, want the first reply and the unfurl", len(changed))
	}
	for _, e := range changed {
		if e.Message.Edited != nil {
			t.Errorf("bookkeeping looks like an edit: %+v", e.Message)
		}
	}
	var replied *event
	for _, e := range r.of("") {
		if e.Message != nil {
			replied = &e
		}
	}
	if replied == nil || replied.Message.ReplyCount != 2 || replied.Message.TS != root {
		t.Errorf("message_replied without subtype: %+v", replied)
	}
	if m := changed[0].Message; m.ThreadTS != root || m.ReplyCount != 1 {
		t.Errorf("first reply made the parent %+v", m)
	}
}

func TestDeletedParentLeavesATombstoneAndReplaysReplies(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	root := w.post(w.anna, "question")
	a := w.reply(w.bo, root, "first")
	w.check(w.anna.Delete(w.ch, root))
	w.settle()
	var tombs, replays int
	for _, e := range r.of("message_changed") {
		switch {
		case e.Message.Subtype == "tombstone":
			tombs++
			if e.Message.User != "USLACKBOT" || e.Previous.Text != "question" {
				t.Errorf("tombstone %+v", e)
			}
		case e.Message.TS == a && e.Message.Edited == nil:
			replays++
		}
	}
	if tombs != 1 || replays != 1 {
		t.Errorf("%d tombstones, %d replays", tombs, replays)
	}
	got := w.must("chat.postMessage", "channel", w.ch, "text", "late", "thread_ts", root)
	if got.Message.ThreadTS != "" {
		t.Error("a reply to a deleted parent was threaded")
	}
	w.check(w.bo.Delete(w.ch, a))
	if _, there := w.Message(w.ch, root); there {
		t.Error("a tombstone without replies stayed")
	}
}

func TestOwnPostsEchoBeforeDuringAndAfterTheAnswer(t *testing.T) {
	for _, when := range []Echo{EchoDuring, EchoBefore, EchoAfter} {
		r := receive(t)
		w := start(t, Options{EventsURL: r.URL, Echo: when})
		got := w.must("chat.postMessage", "channel", w.ch, "text", "mine",
			"metadata", `{"event_type":"bridge","event_payload":{"d":"x1"}}`)
		seen := len(r.all())
		if when == EchoBefore && seen != 1 {
			t.Errorf("EchoBefore: %d events before the answer", seen)
		}
		w.settle()
		all := r.all()
		if len(all) != 1 {
			t.Fatalf("echo %d: %d events", when, len(all))
		}
		e := all[0].Body.Event
		if e.TS != got.TS || e.AppID != w.AppID() || e.BotID != w.BotID() || e.User != w.BotUserID() ||
			compact(t, e.Metadata.EventPayload) != `{"d":"x1"}` {
			t.Errorf("echo %s", all[0].Raw)
		}
	}
}

func contains(raw []byte, want string) bool {
	return len(want) > 0 && strings.Contains(string(raw), want)
}

package slacksim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// attempt posts and returns what a client sees.
func (w *world) attempt(text string) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(w.ctx(), http.MethodPost, w.APIURL()+"chat.postMessage",
		strings.NewReader(url.Values{"channel": {w.ch}, "text": {text}}.Encode()))
	w.check(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+w.BotToken())
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

func TestFaultsFailWithOrWithoutEffect(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   Fault
		status  int
		body    string
		outcome string
	}{
		{"502", Fault{Status: 502}, 502, "Bad Gateway", "502"},
		{"error code", Fault{Error: "fatal_error"}, 200, `"error":"fatal_error"`, "fatal_error"},
		{"broken json", Fault{BrokenJSON: true}, 200, `{"ok":true,"channel":"C0`, "broken json"},
		{"html", Fault{HTML: true, Status: 503}, 503, "<!DOCTYPE html>", "html"},
		{"rate limit", Fault{Status: 429, RetryAfter: 7}, 429, "ratelimited", "ratelimited"},
		{"closed", Fault{CloseSocket: true}, 0, "", "closed"},
	} {
		for _, apply := range []bool{false, true} {
			w := start(t, Options{})
			c.fault.Apply, c.fault.Times = apply, 1
			w.Inject(c.fault)
			status, body, err := w.attempt("x")
			if (err != nil) != (c.status == 0) || status != c.status || !strings.Contains(body, c.body) {
				t.Errorf("%s: status %d, body %q, error %v", c.name, status, body, err)
			}
			if n := len(w.Channel(w.ch)); (n == 1) != apply {
				t.Errorf("%s with apply %v left %d messages", c.name, apply, n)
			}
			a := w.Arrivals()[0]
			if a.Outcome != c.outcome || a.Applied != apply || !a.Faulted || (a.Result != "") != apply {
				t.Errorf("%s: arrival %+v", c.name, a)
			}
			w.must("chat.postMessage", "channel", w.ch, "text", "the fault is used up")
		}
	}
}

func TestFaultsChooseBySkipTimesChannelAndCursor(t *testing.T) {
	w := start(t, Options{})
	other := w.AddChannel(ChannelSpec{Name: "other"})
	remove := w.Inject(Fault{Method: "chat.postMessage", Channel: w.ch, Skip: 1, Times: 2, Error: "internal_error"})
	var outcomes []bool
	for range 5 {
		outcomes = append(outcomes, w.call("chat.postMessage", "channel", w.ch, "text", "x").OK)
		w.must("chat.postMessage", "channel", other, "text", "x")
	}
	if !slices.Equal(outcomes, []bool{true, false, false, true, true}) {
		t.Errorf("outcomes %v", outcomes)
	}
	remove()
	w.Inject(Fault{Method: "conversations.history", Cursor: true, Error: "invalid_cursor"})
	cursor := w.must("conversations.history", "channel", w.ch, "limit", "1").Meta.Cursor
	w.refused("invalid_cursor", "conversations.history", "channel", w.ch, "limit", "1", "cursor", cursor)
	w.ClearFaults()
	w.must("conversations.history", "channel", w.ch, "limit", "1", "cursor", cursor)
}

func TestProbabilityIsRepeatableBySeed(t *testing.T) {
	run := func(seed uint64) (out []bool) {
		w := start(t, Options{Seed: seed})
		w.Inject(Fault{Method: "auth.test", Probability: 0.5, Error: "internal_error"})
		for range 30 {
			out = append(out, w.call("auth.test").OK)
		}
		return out
	}
	one, again, other := run(1), run(1), run(2)
	if !slices.Equal(one, again) || slices.Equal(one, other) || !slices.Contains(one, true) || !slices.Contains(one, false) {
		t.Errorf("seed 1 %v, again %v, seed 2 %v", one, again, other)
	}
}

func TestDelayedAnswerOutlivesTheClientsPatienceButTheCallTookEffect(t *testing.T) {
	w := start(t, Options{})
	w.Inject(Fault{Method: "chat.postMessage", Apply: true, Delay: time.Minute, Times: 1})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { // ends with the context
		req, _ := http.NewRequestWithContext(ctx, http.MethodPost, w.APIURL()+"chat.postMessage",
			strings.NewReader(url.Values{"channel": {w.ch}, "text": {"x"}}.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "Bearer "+w.BotToken())
		resp, err := w.client.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}()
	w.check(w.WaitFor(w.ctx(), func() bool { return len(w.Channel(w.ch)) == 1 }))
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.settle()
}

func TestUnthreadAndSwallow(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	root := w.post(w.anna, "root")
	w.Inject(Fault{Method: "chat.postMessage", Thread: root, Unthread: true, Times: 1})
	if a := w.must("chat.postMessage", "channel", w.ch, "text", "stray", "thread_ts", root); a.Message.ThreadTS != "" {
		t.Error("the post kept its thread")
	}
	w.Inject(Fault{Method: "chat.postMessage", Swallow: true, Times: 1})
	if a := w.must("chat.postMessage", "channel", w.ch, "text", "lost"); a.TS == "" || len(w.All(w.ch)) != 2 {
		t.Errorf("swallowed %+v, stored %d", a, len(w.All(w.ch)))
	}
	w.settle()
	for _, e := range r.of("") {
		if e.Text == "lost" {
			t.Error("a swallowed message raised an event")
		}
	}
}

func TestEventFaultsDropDuplicateDelayAndReorder(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL, Workers: 1, Seed: 3})
	other := w.AddChannel(ChannelSpec{Name: "other"})
	w.InjectEvent(EventFault{Channel: other, Drop: true})
	_, err := w.anna.Post(other, "dropped")
	w.check(err)
	remove := w.InjectEvent(EventFault{Type: "message", Channel: w.ch, Duplicates: 2, Times: 1})
	w.post(w.anna, "thrice")
	w.settle()
	all := r.all()
	if len(all) != 3 || all[0].Body.EventID != all[2].Body.EventID || string(all[0].Raw) != string(all[2].Raw) {
		t.Fatalf("%d deliveries", len(all))
	}
	if s := w.EventStats(); s.Dropped != 1 || s.Raised != 4 {
		t.Errorf("stats %+v", s)
	}
	remove()
	w.InjectEvent(EventFault{Channel: w.ch, Delay: 20 * time.Millisecond, Times: 1})
	w.post(w.anna, "late")
	w.post(w.anna, "early")
	w.settle()
	if all = r.all()[3:]; all[0].Body.Event.Text != "early" || all[1].Body.Event.Text != "late" {
		t.Error("a delay did not reorder")
	}
	w.ClearFaults()
	w.InjectEvent(EventFault{Channel: w.ch, Hold: 6})
	var sent, seen []string
	for _, word := range strings.Fields("a b c d e f") {
		sent = append(sent, word)
		w.post(w.anna, word)
		if n := len(r.all()); word != "f" && n != 5 {
			t.Fatalf("%d events arrived while held", n-5)
		}
	}
	w.settle()
	for _, g := range r.all()[5:] {
		seen = append(seen, g.Body.Event.Text)
	}
	if slices.Equal(sent, seen) || len(seen) != 6 {
		t.Errorf("held events came as %v", seen)
	}
	w.post(w.anna, "g")
	if w.Idle() || w.EventStats().Held != 1 {
		t.Error("a held event counts as nothing")
	}
	w.ReleaseHeld()
	w.settle()
	if n := len(r.all()); n != 12 {
		t.Errorf("%d events in the end", n)
	}
}

func TestRawEventsPassThrough(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	w.RaiseRaw(w.ch, json.RawMessage(`{"type":"brand_new_thing","x":[1,2]}`))
	w.settle()
	if all := r.all(); len(all) != 1 || !contains(all[0].Raw, `"event":{"type":"brand_new_thing","x":[1,2]}`) {
		t.Errorf("events %v", all)
	}
}

func TestWaitForEndsWithItsContext(t *testing.T) {
	w := start(t, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.WaitFor(ctx, func() bool { return false }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

package slacksim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// frameIn is what a socket receives.
type frameIn struct {
	Type         string
	Reason       string
	EnvelopeID   string `json:"envelope_id"`
	RetryAttempt int    `json:"retry_attempt"`
	RetryReason  string `json:"retry_reason"`
	NumConns     int    `json:"num_connections"`
	Accepts      bool   `json:"accepts_response_payload"`
	Conn         struct {
		AppID string `json:"app_id"`
	} `json:"connection_info"`
	Payload json.RawMessage
}

// app is a client end of Socket Mode.
type app struct {
	t  *testing.T
	ws *websocket.Conn
}

func (w *world) ticketURL() string {
	w.t.Helper()
	_, body := w.do("apps.connections.open", w.AppToken(), url.Values{})
	var a answer
	if err := json.Unmarshal(body, &a); err != nil || !a.OK {
		w.t.Fatalf("apps.connections.open: %s", body)
	}
	return a.URL
}

func (w *world) dial() *app {
	w.t.Helper()
	ws, _, err := websocket.DefaultDialer.DialContext(w.ctx(), w.ticketURL(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = ws.Close() })
	a := &app{t: w.t, ws: ws}
	if f := a.next(); f.Type != "hello" || f.Conn.AppID != w.AppID() || f.NumConns == 0 {
		w.t.Fatalf("first frame %+v, want hello", f)
	}
	return a
}

func (a *app) next() frameIn {
	a.t.Helper()
	f, err := a.read()
	if err != nil {
		a.t.Fatal(err)
	}
	return f
}

func (a *app) read() (frameIn, error) {
	_ = a.ws.SetReadDeadline(time.Now().Add(10 * time.Second))
	var f frameIn
	err := a.ws.ReadJSON(&f)
	return f, err
}

func (a *app) ack(f frameIn) {
	a.t.Helper()
	if err := a.ws.WriteJSON(map[string]string{"envelope_id": f.EnvelopeID}); err != nil {
		a.t.Fatal(err)
	}
}

func TestSocketDeliversAndTakesAcknowledgements(t *testing.T) {
	w := start(t, Options{SocketMode: true})
	a := w.dial()
	w.post(w.anna, "hello")
	f := a.next()
	var g got
	if err := json.Unmarshal(f.Payload, &g.Body); err != nil {
		t.Fatal(err)
	}
	if f.Type != "events_api" || f.EnvelopeID == "" || g.Body.Type != "event_callback" || g.Body.Event.Text != "hello" {
		t.Errorf("frame %+v", f)
	}
	a.ack(f)
	w.settle()
	if s := w.EventStats(); s.Acked != 1 || s.Connections != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestUnacknowledgedEnvelopeComesAgainAfterReconnect(t *testing.T) {
	w := start(t, Options{SocketMode: true})
	a := w.dial()
	w.post(w.anna, "hello")
	first := a.next()
	w.DropConnections(0)
	b := w.dial()
	second := b.next()
	if string(first.Payload) != string(second.Payload) || second.RetryAttempt != 1 || second.RetryReason == "" {
		t.Errorf("second delivery %+v", second)
	}
	b.ack(second)
	w.settle()
}

func TestUnacknowledgedEnvelopeComesAgainAfterTheTimeout(t *testing.T) {
	w := start(t, Options{SocketMode: true, AckTimeout: 20 * time.Millisecond, RetryDelays: []time.Duration{0, time.Millisecond, time.Millisecond}})
	a := w.dial()
	w.post(w.anna, "hello")
	for n := range 4 {
		if f := a.next(); f.RetryAttempt != n {
			t.Errorf("attempt %d, want %d", f.RetryAttempt, n)
		}
	}
	w.settle()
	if s := w.EventStats(); s.GivenUp != 1 {
		t.Errorf("stats %+v", s)
	}
}

func TestEventsAreSpreadOverConnections(t *testing.T) {
	w := start(t, Options{SocketMode: true})
	a, b := w.dial(), w.dial()
	w.post(w.anna, "one")
	w.post(w.anna, "two")
	a.ack(a.next())
	b.ack(b.next())
	w.settle()
}

func TestTicketIsGoodForOneSocket(t *testing.T) {
	w := start(t, Options{SocketMode: true})
	address := w.ticketURL()
	ws, _, err := websocket.DefaultDialer.DialContext(w.ctx(), address, nil)
	w.check(err)
	defer ws.Close()
	_, resp, err := websocket.DefaultDialer.DialContext(w.ctx(), address, nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("the ticket was taken twice: %v", err)
	}
}

func TestEleventhSocketIsTurnedAway(t *testing.T) {
	w := start(t, Options{SocketMode: true})
	for range maxConnections {
		w.dial()
	}
	ws, _, err := websocket.DefaultDialer.DialContext(w.ctx(), w.ticketURL(), nil)
	w.check(err)
	defer ws.Close()
	if f := (&app{t: t, ws: ws}).next(); f.Type != "disconnect" || f.Reason != "too_many_websockets" {
		t.Errorf("frame %+v", f)
	}
}

func TestDisconnectReasons(t *testing.T) {
	w := start(t, Options{SocketMode: true, WarningGrace: time.Millisecond})
	for _, step := range []struct {
		reason string
		do     func()
	}{
		{"refresh_requested", func() { w.RefreshConnections(1) }},
		{"warning", func() { w.WarnConnections(0) }},
		{"link_disabled", func() { w.SetSocketMode(false) }},
	} {
		a := w.dial()
		step.do()
		if f := a.next(); f.Type != "disconnect" || f.Reason != step.reason {
			t.Errorf("frame %+v, want %s", f, step.reason)
		}
		if _, err := a.read(); err == nil {
			t.Errorf("%s: the socket stayed open", step.reason)
		}
		w.check(w.WaitFor(w.ctx(), func() bool { return w.Connections() == 0 }))
	}
	_, body := w.do("apps.connections.open", w.AppToken(), url.Values{})
	if string(body) != `{"error":"forbidden_team","ok":false}` {
		t.Errorf("with Socket Mode off: %s", body)
	}
}

func TestBlackHoleSwallowsEventsUntilTheyTimeOutElsewhere(t *testing.T) {
	w := start(t, Options{SocketMode: true, AckTimeout: 30 * time.Millisecond, PingInterval: 5 * time.Millisecond})
	w.dial()
	w.BlackHole(1)
	b := w.dial()
	w.post(w.anna, "one")
	w.post(w.anna, "two")
	for range 2 {
		b.ack(b.next())
	}
	w.settle()
	if s := w.EventStats(); s.Redelivered != 1 || s.Acked != 2 {
		t.Errorf("stats %+v", s)
	}
}

func TestSocketIsPinged(t *testing.T) {
	w := start(t, Options{SocketMode: true, PingInterval: time.Millisecond})
	a := w.dial()
	pinged := make(chan struct{})
	a.ws.SetPingHandler(func(string) error {
		select {
		case <-pinged:
		default:
			close(pinged)
		}
		return nil
	})
	go func() { _, _ = a.read() }() // ends with the socket
	select {
	case <-pinged:
	case <-w.ctx().Done():
		t.Error("no ping")
	}
}

func TestLargeAnswersAreDroppedSilently(t *testing.T) {
	w := start(t, Options{SocketMode: true, AckTimeout: 20 * time.Millisecond, RetryDelays: []time.Duration{}})
	a := w.dial()
	w.post(w.anna, "hello")
	f := a.next()
	w.check(a.ws.WriteJSON(map[string]any{"envelope_id": f.EnvelopeID, "payload": map[string]string{"x": string(make([]byte, maxAnswer))}}))
	w.settle()
	if s := w.EventStats(); s.Acked != 0 || s.GivenUp != 1 {
		t.Errorf("stats %+v", s)
	}
}

package slacksim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// crowd is a quiet simulator with a person and a channel.
func crowd(b *testing.B, opts Options) (*Sim, *Person, string) {
	opts.Limits.Off = true
	s := New(opts)
	if _, err := s.Start("127.0.0.1:0"); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	p := s.AddUser(UserSpec{Name: "anna"})
	return s, p, s.AddChannel(ChannelSpec{Name: "c"})
}

// deliver has the person post and waits until every event is acknowledged.
func deliver(b *testing.B, s *Sim, p *Person, ch string) {
	b.Helper()
	for b.Loop() {
		if _, err := p.Post(ch, "hello *there*, how is it going?"); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.WaitFor(b.Context(), s.Idle); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkEventsOverHTTP(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer srv.Close()
	s, p, ch := crowd(b, Options{EventsURL: srv.URL})
	deliver(b, s, p, ch)
}

func BenchmarkEventsOverSocket(b *testing.B) {
	s, p, ch := crowd(b, Options{SocketMode: true})
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.APIURL()+"apps.connections.open", strings.NewReader(""))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.AppToken())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	var a answer
	err = json.NewDecoder(resp.Body).Decode(&a)
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if err != nil {
		b.Fatal(err)
	}
	ws, _, err := websocket.DefaultDialer.DialContext(b.Context(), a.URL, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer ws.Close()
	go func() { // ends with the socket
		for {
			var f struct {
				EnvelopeID string `json:"envelope_id"`
			}
			if ws.ReadJSON(&f) != nil {
				return
			}
			if f.EnvelopeID != "" && ws.WriteJSON(map[string]string{"envelope_id": f.EnvelopeID}) != nil {
				return
			}
		}
	}()
	deliver(b, s, p, ch)
}

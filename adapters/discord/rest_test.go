package discord

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

const testToken = "bot-token-which-is-secret"

// recorded is one call as it arrived.
type recorded struct {
	method, path string // the path with its query
	header       http.Header
	body         []byte
}

// api is a REST API of a few lines, for single calls.
type api struct {
	t   *testing.T
	srv *httptest.Server

	mu     sync.Mutex
	calls  []recorded
	answer func(w http.ResponseWriter, r *http.Request)
}

// newAPI returns an API and a bot that calls it and knows who it is.
func newAPI(t *testing.T, answer func(w http.ResponseWriter, r *http.Request), more ...func(*Options)) (*api, *Adapter) {
	t.Helper()
	f := &api{t: t, answer: answer}
	f.srv = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.srv.Close)
	var ticks atomic.Int64 // a clock on which the calls of a test are far apart
	began := time.Now()
	o := Options{Now: func() time.Time { return began.Add(time.Duration(ticks.Add(1)) * 50 * time.Millisecond) }, Token: testToken, Guilds: []string{testGuild}, Inbox: noInbox{}, APIURL: f.srv.URL + "/api/v10"}
	for _, change := range more {
		change(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	a.me = identity{user: testBot, app: testApp, name: "Sidebridge"}
	a.known.Do(func() { close(a.identified) })
	t.Cleanup(a.client.http.CloseIdleConnections)
	return f, a
}

func (f *api) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	f.calls = append(f.calls, recorded{r.Method, strings.TrimPrefix(r.URL.RequestURI(), "/api/v10/"), r.Header.Clone(), body})
	answer := f.answer
	f.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer(w, r)
}

// answers changes what the next calls are answered with.
func (f *api) answers(answer func(w http.ResponseWriter, r *http.Request)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

// seen returns the calls so far as "METHOD path".
func (f *api) seen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, c := range f.calls {
		out = append(out, c.method+" "+c.path)
	}
	return out
}

func (f *api) last() recorded {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[len(f.calls)-1]
}

// says answers every call alike.
func says(status int, body string, headers ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// vanishes closes the connection once the call has arrived.
func vanishes(w http.ResponseWriter, _ *http.Request) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = c.Close()
	}
}

func asError(t *testing.T, err error) *bridge.SurfaceError {
	t.Helper()
	var se *bridge.SurfaceError
	if !errors.As(err, &se) {
		t.Fatalf("error %v is not a surface error", err)
	}
	return se
}

func TestTokenIsInTheHeaderOfOwnCallsOnly(t *testing.T) {
	f, a := newAPI(t, says(200, `{"id": "12"}`))
	var got channel
	if err := a.client.do(t.Context(), request{method: "GET", path: "channels/12"}, &got); err != nil || got.ID != "12" {
		t.Fatalf("got %+v, %v", got, err)
	}
	call := f.last()
	if call.header.Get("Authorization") != "Bot "+testToken || strings.Contains(call.path, testToken) {
		t.Errorf("the token is not where it should be: %v", call)
	}
	if ua := call.header.Get("User-Agent"); !strings.HasPrefix(ua, "DiscordBot (https://github.com/sidebridge/sidebridge, ") {
		t.Errorf("User-Agent %q", ua)
	}
	r := request{method: "POST", path: "webhooks/5/hook-secret", bare: true, body: map[string]string{"content": "hi"}}
	if err := a.client.do(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	if h := f.last().header; h.Get("Authorization") != "" || h.Get("Content-Type") != "application/json" {
		t.Errorf("headers of a webhook's call: %v", h)
	}
}

func TestNoErrorOrLogShowsATokenOrAnAddress(t *testing.T) {
	var log bytes.Buffer
	var counted strings.Builder
	f, a := newAPI(t, nil, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		o.Count = func(name, label string) { fmt.Fprintln(&counted, name, label) }
	})
	r := request{method: "POST", path: "webhooks/5/hook-secret", bare: true, body: map[string]string{"content": "words that were said"}}
	var texts []string
	for _, answer := range []func(http.ResponseWriter, *http.Request){
		says(500, "oops"), says(404, `{"code": 10015, "message": "Unknown Webhook hook-secret"}`), says(429, `{"message": "hook-secret", "retry_after": 0.001}`),
		says(200, "{"), vanishes, says(302, "", "Location", "https://evil.example/hook-secret"),
		says(400, `{"code": 50035, "message": "words that were said", "errors": {"content": {"_errors": [{"code": "TOO_LONG", "message": "words that were said"}]}}}`),
	} {
		f.answers(answer)
		se := asError(t, a.client.do(t.Context(), r, &message{}))
		texts = append(texts, se.Error(), se.Remedy)
	}
	f.srv.Close()
	se := asError(t, a.client.do(t.Context(), r, nil))
	for _, text := range append(texts, se.Error(), log.String(), counted.String()) {
		for _, secret := range []string{"hook-secret", testToken, "127.0.0.1", "words that were said"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows %q", text, secret)
			}
		}
	}
	if !strings.Contains(strings.Join(texts, "\n"), "content TOO_LONG") {
		t.Errorf("the refused field is not named: %q", texts)
	}
}

func TestOnlyWhatMayHaveHadAnEffectIsUncertain(t *testing.T) {
	f, a := newAPI(t, nil)
	body := map[string]string{"content": "hi"}
	for _, c := range []struct {
		name      string
		answer    func(http.ResponseWriter, *http.Request)
		method    string
		uncertain bool
	}{
		{"a post that was written and not answered", vanishes, "POST", true},
		{"a read that was not answered", vanishes, "GET", false},
		{"a post answered with 502", says(502, "bad gateway"), "POST", true},
		{"a read answered with 502", says(502, "bad gateway"), "GET", false},
		{"a post answered with nonsense", says(200, "{"), "POST", true},
		{"a post that broke off in its answer", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		}, "POST", true},
		{"a post that was redirected", says(302, "", "Location", "/elsewhere"), "POST", false},
		{"a post that was refused", says(400, `{"code": 50006, "message": "Cannot send an empty message"}`), "POST", false},
		{"a post that Discord was too busy for", says(500, `{"code": 130000, "message": "overloaded"}`), "POST", true},
	} {
		f.answers(c.answer)
		r := request{method: c.method, path: "channels/12/messages"}
		if c.method == "POST" {
			r.body = body
		}
		if se := asError(t, a.client.do(t.Context(), r, &message{})); se.Uncertain != c.uncertain {
			t.Errorf("%s: uncertain is %v: %v", c.name, se.Uncertain, se)
		}
	}
	if n := len(f.seen()); n != 9 {
		t.Errorf("%d calls arrived, want each once: %q", n, f.seen())
	}
	a.client.http.CloseIdleConnections()
	f.srv.Close()
	if se := asError(t, a.client.do(t.Context(), request{method: "POST", path: "channels/12/messages", body: body}, nil)); se.Uncertain {
		t.Errorf("a call that was never written is uncertain: %v", se)
	}
}

func TestRefusedTokenStopsAllCallsUntilItWorks(t *testing.T) {
	f, a := newAPI(t, says(401, `{"code": 0, "message": "401: Unauthorized"}`))
	for range 20 {
		se := asError(t, a.client.do(t.Context(), request{method: "GET", path: "channels/12"}, nil))
		if se.Class != bridge.Unauthorized || se.Remedy == "" {
			t.Fatalf("class %v, remedy %q", se.Class, se.Remedy)
		}
	}
	if n := len(f.seen()); n != 1 {
		t.Errorf("%d calls were made with a refused token", n)
	}
	f.answers(says(200, `{"id": "1"}`))
	if err := a.client.do(t.Context(), request{method: "GET", path: whoPath}, nil); err != nil {
		t.Fatal(err)
	}
	if err := a.client.do(t.Context(), request{method: "GET", path: "channels/12"}, nil); err != nil {
		t.Errorf("after the token works again: %v", err)
	}
}

func TestTooFastClosesExactlyTheBucketThatDiscordNames(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		body    string
		headers []string
		after   time.Duration
		all     bool
	}{
		{"in the body", `{"message": "slow", "retry_after": 1.25, "global": false}`, []string{"X-RateLimit-Bucket", "b"}, 1250 * time.Millisecond, false},
		{"in a header", `{"message": "slow"}`, []string{"Retry-After", "3", "X-RateLimit-Bucket", "b"}, 3 * time.Second, false},
		{"in the reset", `{"message": "slow"}`, []string{"X-RateLimit-Reset-After", "0.5", "X-RateLimit-Bucket", "b"}, 500 * time.Millisecond, false},
		{"for all calls", `{"message": "slow", "retry_after": 2, "global": true}`, nil, 2 * time.Second, true},
		{"by Cloudflare", "<html>error 1015</html>", []string{"Retry-After", "60"}, time.Minute, true},
		{"without a word", `{"message": "slow"}`, []string{"X-RateLimit-Bucket", "b"}, defaultRetryAfter, false},
	} {
		clock := now
		f, a := newAPI(t, says(429, c.body, c.headers...), func(o *Options) { o.Now = func() time.Time { return clock } })
		one := request{method: "POST", path: "channels/12/messages", body: map[string]string{"content": "hi"}}
		other := one
		other.path = "channels/13/messages"
		se := asError(t, a.client.do(t.Context(), one, nil))
		if se.Class != bridge.RateLimited || se.After != c.after || se.Uncertain {
			t.Errorf("%s: %v after %v, want %v", c.name, se, se.After, c.after)
		}
		f.answers(says(200, `{"id": "1"}`))
		if se := asError(t, a.client.do(t.Context(), one, nil)); se.Code != "budget" || se.After != c.after {
			t.Errorf("%s: the next call was made, or waits %v", c.name, se.After)
		}
		if err := a.client.do(t.Context(), other, nil); (err != nil) != c.all {
			t.Errorf("%s: another channel's call: %v", c.name, err)
		}
		clock = clock.Add(c.after)
		if err := a.client.do(t.Context(), one, nil); err != nil {
			t.Errorf("%s: after the wait: %v", c.name, err)
		}
	}
}

func TestCloudflaresRefusalIsAWaitForAllCalls(t *testing.T) {
	f, a := newAPI(t, says(403, "<!DOCTYPE html><title>Access denied</title>"))
	se := asError(t, a.client.do(t.Context(), request{method: "POST", path: "channels/12/messages", body: 1}, nil))
	if se.Class != bridge.RateLimited || se.After < time.Minute {
		t.Errorf("%v after %v", se, se.After)
	}
	if se := asError(t, a.client.do(t.Context(), request{method: "GET", path: "channels/13"}, nil)); se.Code != "budget" || len(f.seen()) != 1 {
		t.Errorf("the next call: %v, calls %q", se, f.seen())
	}
}

func viewFile(name string, data []byte) bridge.ViewFile {
	return bridge.ViewFile{Name: name, Size: int64(len(data)), Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}
}

func TestFilesAreSentByteForByteUnderTheirNames(t *testing.T) {
	type part struct{ Field, Name, Data string }
	var got []part
	f, a := newAPI(t, func(w http.ResponseWriter, r *http.Request) {
		reader, err := r.MultipartReader()
		if err != nil {
			t.Error(err)
			return
		}
		for {
			p, err := reader.NextPart()
			if err != nil {
				break
			}
			data, _ := io.ReadAll(p)
			got = append(got, part{p.FormName(), p.FileName(), string(data)})
		}
		_, _ = io.WriteString(w, `{"id": "1"}`)
	})
	r := request{method: "POST", path: "channels/12/messages", body: map[string]string{"content": "hi"}, files: []bridge.ViewFile{
		viewFile(`../"evil".txt`, []byte("one\r\n--two")), viewFile("æøå.bin", bytes.Repeat([]byte{0, 255}, 3)),
	}}
	if err := a.client.do(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	want := []part{
		{"payload_json", "", `{"content":"hi"}`}, {"files[0]", "'evil'.txt", "one\r\n--two"}, {"files[1]", "æøå.bin", "\x00\xff\x00\xff\x00\xff"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	if len(f.last().body) == 0 {
		t.Error("nothing arrived")
	}
}

func TestFileThatBreaksOffHadNoEffect(t *testing.T) {
	_, a := newAPI(t, says(200, `{"id": "1"}`))
	short := viewFile("short.bin", make([]byte, 1<<20))
	short.Size = 8 << 20
	for _, file := range []bridge.ViewFile{short, {Name: "gone", Size: 5, Open: func(context.Context) (io.ReadCloser, error) { return nil, errors.New("gone") }}} {
		se := asError(t, a.client.do(t.Context(), request{method: "POST", path: "channels/12/messages", body: 1, files: []bridge.ViewFile{file}}, nil))
		if se.Class != bridge.Transient || se.Uncertain {
			t.Errorf("%s: %v, uncertain %v", file.Name, se, se.Uncertain)
		}
	}
}

func TestReadIsTriedAgainAndAPostIsNot(t *testing.T) {
	n := 0
	f, a := newAPI(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			says(429, `{"message": "slow", "retry_after": 0.001}`, "X-RateLimit-Bucket", "b")(w, r)
			return
		}
		says(200, `{"id": "12"}`)(w, r)
	})
	var c channel
	if err := a.client.read(t.Context(), request{method: "GET", path: "channels/12"}, &c); err != nil || c.ID != "12" {
		t.Fatalf("read: %+v, %v", c, err)
	}
	if want := []string{"GET channels/12", "GET channels/12"}; !slices.Equal(f.seen(), want) {
		t.Errorf("calls %q", f.seen())
	}
}

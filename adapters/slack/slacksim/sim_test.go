package slacksim

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a started simulator with two persons and a channel.
type world struct {
	*Sim
	t      *testing.T
	client *http.Client
	anna   *Person
	bo     *Person
	ch     string
}

// start starts a simulator without rate limits unless the options set them.
func start(t *testing.T, opts Options) *world {
	t.Helper()
	if opts.Limits == (Limits{}) {
		opts.Limits.Off = true
	}
	s := New(opts)
	if _, err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w := &world{Sim: s, t: t, client: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		w.client.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.anna = s.AddUser(UserSpec{Name: "anna", RealName: "Anna Berg", Email: "anna@example.com"})
	w.bo = s.AddUser(UserSpec{Name: "bo", RealName: "Bo Dahl"})
	w.ch = s.AddChannel(ChannelSpec{Name: "billing"})
	return w
}

// ctx returns a context that ends before the test runner's patience.
func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	w.t.Cleanup(cancel)
	return ctx
}

// answer is a decoded API answer.
type answer struct {
	OK       bool
	Error    string
	Needed   string
	Provided string
	Channel  json.RawMessage
	TS       string
	Text     string
	URL      string
	Message  wireMessage
	Messages []wireMessage
	HasMore  bool `json:"has_more"`
	Meta     struct {
		Cursor   string `json:"next_cursor"`
		Messages []string
	} `json:"response_metadata"`
	Members   []json.RawMessage
	Channels  []wireChannel
	User      json.RawMessage
	File      wireFile
	Files     []wireFile
	UploadURL string `json:"upload_url"`
	FileID    string `json:"file_id"`
	MessageTS string `json:"message_ts"`
	Permalink string
	Bot       wireBot
	UserID    string `json:"user_id"`
	BotID     string `json:"bot_id"`
	TeamID    string `json:"team_id"`
}

// do sends a form with a token and returns the response.
func (w *world) do(method, token string, form url.Values) (*http.Response, []byte) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx(), http.MethodPost, w.APIURL()+method, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(req, token)
}

func (w *world) send(req *http.Request, token string) (*http.Response, []byte) {
	w.t.Helper()
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, body
}

// call calls a method with the bot token; args are names and values in turn.
func (w *world) call(method string, args ...string) answer {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	_, body := w.do(method, w.BotToken(), form)
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		w.t.Fatalf("%s answered %s: %v", method, body, err)
	}
	return a
}

// must is call for calls that succeed.
func (w *world) must(method string, args ...string) answer {
	w.t.Helper()
	a := w.call(method, args...)
	if !a.OK {
		w.t.Fatalf("%s: %s %v", method, a.Error, a.Meta.Messages)
	}
	return a
}

// refused is call for calls that fail with a code.
func (w *world) refused(code, method string, args ...string) answer {
	w.t.Helper()
	a := w.call(method, args...)
	if a.OK || a.Error != code {
		w.t.Fatalf("%s: got ok %v error %q, want %q", method, a.OK, a.Error, code)
	}
	return a
}

// post posts as a person and fails the test if that is refused.
func (w *world) post(p *Person, text string) string {
	w.t.Helper()
	ts, err := p.Post(w.ch, text)
	if err != nil {
		w.t.Fatal(err)
	}
	return ts
}

func (w *world) reply(p *Person, parent, text string) string {
	w.t.Helper()
	ts, err := p.Reply(w.ch, parent, text)
	if err != nil {
		w.t.Fatal(err)
	}
	return ts
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// got is an event as the receiver saw it.
type got struct {
	Header http.Header
	Raw    []byte
	Body   struct {
		Type           string
		EventID        string `json:"event_id"`
		EventTime      int64  `json:"event_time"`
		TeamID         string `json:"team_id"`
		APIAppID       string `json:"api_app_id"`
		EventContext   string `json:"event_context"`
		Shared         bool   `json:"is_ext_shared_channel"`
		Authorizations []struct {
			UserID string `json:"user_id"`
			TeamID string `json:"team_id"`
			IsBot  bool   `json:"is_bot"`
		}
		Event event
	}
}

type event struct {
	wireMessage
	Channel     json.RawMessage
	ChannelType string `json:"channel_type"`
	EventTS     string `json:"event_ts"`
	DeletedTS   string `json:"deleted_ts"`
	Message     *wireMessage
	Previous    *wireMessage `json:"previous_message"`
	Reaction    string
	OldID       string `json:"old_channel_id"`
	NewID       string `json:"new_channel_id"`
	Team        string `json:"connected_team_id"`
}

// receiver is an events URL that collects what it gets.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	events []got
	status func(n int) int // of the n-th request; 200 if nil
}

func receive(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	g := got{Header: req.Header.Clone(), Raw: body}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Has("payload") {
		body = []byte(form.Get("payload"))
		g.Raw = body
	}
	_ = json.Unmarshal(body, &g.Body)
	r.mu.Lock()
	r.events = append(r.events, g)
	status := http.StatusOK
	if r.status != nil {
		status = r.status(len(r.events))
	}
	r.mu.Unlock()
	w.WriteHeader(status)
}

func (r *receiver) all() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]got(nil), r.events...)
}

// of returns the message events of a subtype.
func (r *receiver) of(subtype string) []event {
	var out []event
	for _, g := range r.all() {
		if g.Body.Event.Type == "message" && g.Body.Event.Subtype == subtype {
			out = append(out, g.Body.Event)
		}
	}
	return out
}

// settle waits until nothing is under way.
func (w *world) settle() {
	w.t.Helper()
	w.check(w.WaitFor(w.ctx(), w.Idle))
}

func compact(t *testing.T, raw []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return b.String()
}

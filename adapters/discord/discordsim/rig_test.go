package discordsim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// rig is a simulator with a channel, a person and a client that speaks to it.
type rig struct {
	*Sim
	t      *testing.T
	ch     string
	anna   *Person
	client *http.Client

	mu    sync.Mutex
	ahead time.Duration
}

// newRig starts a simulator whose clock pass moves.
func newRig(t *testing.T, o Options) *rig {
	t.Helper()
	r := &rig{t: t, client: &http.Client{Timeout: 20 * time.Second}}
	start := time.Now()
	o.Now = func() time.Time {
		r.mu.Lock()
		defer r.mu.Unlock()
		return start.Add(time.Since(start) + r.ahead)
	}
	r.Sim = New(o)
	if _, err := r.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.client.CloseIdleConnections()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	r.ch = r.AddChannel(ChannelSpec{Name: "billing"})
	r.anna = r.AddUser(UserSpec{Name: "anna", Global: "Anna Berg"})
	return r
}

// quiet is a rig without rate limits and without the updates that are no edits.
func quiet(t *testing.T) *rig {
	t.Helper()
	return newRig(t, Options{Limits: Limits{Off: true}, QuietUpdates: true})
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ahead += d
}

func (r *rig) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// must returns an id unless there was an error.
func (r *rig) must(id string, err error) string {
	r.t.Helper()
	r.check(err)
	return id
}

func (r *rig) ctx() context.Context {
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	r.t.Cleanup(cancel)
	return ctx
}

// reply is an answer of the REST API.
type reply struct {
	Status int
	Header http.Header
	Raw    []byte
	fields
}

func (a reply) code() int {
	n, _ := a.fields["code"].(float64)
	return int(n)
}

func (a reply) text(name string) string {
	s, _ := a.fields[name].(string)
	return s
}

func (a reply) id() string { return a.text("id") }

// list is the answer as a list of objects.
func (a reply) list() (out []fields) {
	_ = json.Unmarshal(a.Raw, &out)
	return out
}

func ids(list []fields) (out []string) {
	for _, f := range list {
		out = append(out, fmt.Sprint(f["id"]))
	}
	return out
}

// call speaks to the REST API as the bot does.
func (r *rig) call(method, path string, body any) reply {
	r.t.Helper()
	var raw io.Reader
	if body != nil {
		raw = bytes.NewReader(encode(body))
	}
	req, err := http.NewRequestWithContext(r.ctx(), method, r.APIURL()+path, raw)
	r.check(err)
	req.Header.Set("Content-Type", "application/json")
	return r.send(req)
}

func (r *rig) send(req *http.Request) reply {
	r.t.Helper()
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "DiscordBot (https://example.com, 1)")
	}
	if req.Header.Get("Authorization") == "" {
		req.Header.Set("Authorization", "Bot "+r.Token())
	}
	resp, err := r.client.Do(req)
	r.check(err)
	defer resp.Body.Close()
	a := reply{Status: resp.StatusCode, Header: resp.Header}
	a.Raw, err = io.ReadAll(resp.Body)
	r.check(err)
	_ = json.Unmarshal(a.Raw, &a.fields)
	return a
}

// want does a call that must succeed.
func (r *rig) want(method, path string, body any) reply {
	r.t.Helper()
	a := r.call(method, path, body)
	if a.Status >= 300 {
		r.t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Raw)
	}
	return a
}

// refused does a call that must be refused with a status and a code.
func (r *rig) refused(status, code int, method, path string, body any) reply {
	r.t.Helper()
	a := r.call(method, path, body)
	if a.Status != status || a.code() != code {
		r.t.Errorf("%s %s: %d %s, want %d and code %d", method, path, a.Status, a.Raw, status, code)
	}
	return a
}

// post lets the bot say something.
func (r *rig) post(channel, text string) string {
	r.t.Helper()
	return r.want("POST", "channels/"+channel+"/messages", fields{"content": text}).id()
}

// upload posts or edits with files.
func (r *rig) upload(method, path string, body any, files ...File) reply {
	r.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	r.check(form.WriteField("payload_json", string(encode(body))))
	for _, f := range files {
		part, err := form.CreateFormFile("files["+f.ID+"]", f.Name)
		r.check(err)
		_, err = part.Write(f.Content)
		r.check(err)
	}
	r.check(form.Close())
	req, err := http.NewRequestWithContext(r.ctx(), method, r.APIURL()+path, &b)
	r.check(err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	return r.send(req)
}

// thread lets the bot start a thread on a message of its own.
func (r *rig) thread() string {
	r.t.Helper()
	root := r.post(r.ch, "root")
	return r.want("POST", "channels/"+r.ch+"/messages/"+root+"/threads", fields{"name": "a thread"}).id()
}

func long(n int) string { return strings.Repeat("ä", n) }

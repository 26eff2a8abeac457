package discordsim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// order sends a control request, as another process does.
func (r *rig) order(verb string, o fields) (id string, ok bool) {
	r.t.Helper()
	resp, err := r.client.Post(r.BaseURL()+"/sim/"+verb, "application/json", bytes.NewReader(encode(o)))
	r.check(err)
	defer resp.Body.Close()
	var out struct {
		OK bool
		ID string
	}
	r.check(json.NewDecoder(resp.Body).Decode(&out))
	return out.ID, out.OK
}

// ordered is an order that must be obeyed.
func (r *rig) ordered(verb string, o fields) string {
	r.t.Helper()
	id, ok := r.order(verb, o)
	if !ok {
		r.t.Fatalf("%s %v was refused", verb, o)
	}
	return id
}

func TestControlPlaysPeopleFromAnotherProcess(t *testing.T) {
	r := quiet(t)
	root := r.ordered("post", fields{"as": "anna", "channel": "billing", "text": "question", "name": "f.txt", "data": []byte("file")})
	th := r.ordered("start-thread", fields{"as": "anna", "channel": r.ch, "message": root, "name": "T"})
	bo := r.ordered("add-user", fields{"name": "bo", "text": "Bo Ek"})
	m := r.ordered("post", fields{"as": bo, "channel": th, "text": "answer"})
	r.ordered("edit", fields{"as": "bo", "channel": th, "message": m, "text": "better answer"})
	r.ordered("react", fields{"as": "anna", "channel": th, "message": m, "emoji": "🎉"})
	r.ordered("archive", fields{"channel": th})
	if _, ok := r.order("edit", fields{"as": "bo", "channel": th, "message": m, "text": "x"}); ok {
		t.Error("an edit in an archived thread")
	}
	if _, ok := r.order("post", fields{"as": "nobody", "channel": r.ch, "text": "x"}); ok {
		t.Error("nobody spoke")
	}
	var state struct {
		Guild    string
		Channels []struct {
			ID, Parent string
			Archived   bool
		}
		Users    []struct{ Name string }
		Messages []Message
		Idle     bool
	}
	_, body := r.get(r.BaseURL() + "/sim/state?channel=" + th)
	r.check(json.Unmarshal([]byte(body), &state))
	if len(state.Messages) != 2 || state.Messages[1].Content != "better answer" || len(state.Messages[1].Reactions["🎉"]) != 1 ||
		string(state.Messages[0].Files[0].Content) != "file" || len(state.Users) != 2 || len(state.Channels) != 2 || !state.Channels[1].Archived || !state.Idle {
		t.Errorf("state %s", body)
	}
	r.ordered("bulk-delete", fields{"as": "anna", "channel": th, "messages": []string{m}})
	if got := r.Channel(th); len(got) != 0 {
		t.Errorf("messages %+v", got)
	}
}

func TestControlScriptsTroubleFromAnotherProcess(t *testing.T) {
	r := quiet(t)
	c := r.ready(allIntents)
	r.ordered("fault", fields{"fault": fields{"route": "users/@me", "status": 503, "times": 1}, "delayMS": 1})
	if a := r.call("GET", "users/@me", nil); a.Status != 503 {
		t.Errorf("status %d", a.Status)
	}
	r.ordered("event-fault", fields{"eventFault": fields{"type": "CHANNEL_CREATE", "drop": true}})
	forum := r.ordered("add-channel", fields{"name": "forum", "forum": true, "tags": 1})
	r.ordered("clear-faults", nil)
	r.ordered("forum-post", fields{"as": "anna", "channel": "forum", "name": "T", "text": "x"})
	c.event("THREAD_CREATE")
	c.event("MESSAGE_CREATE")
	r.ordered("deny", fields{"channel": forum, "perms": ViewChannel})
	r.refused(403, 50001, "GET", "channels/"+forum, nil)
	r.ordered("set-permission", fields{"channel": forum, "id": r.BotID(), "member": true, "allow": ViewChannel})
	r.want("GET", "channels/"+forum, nil)
	r.ordered("close", fields{"code": 4000})
	for {
		p, err := c.read()
		if err != nil {
			break
		}
		if p.Type != nil && *p.Type == "MESSAGE_CREATE" {
			t.Error("something was said")
		}
	}
	r.ordered("revoke-token", nil)
	r.refused(401, 0, "GET", "users/@me", nil)
	_, body := r.get(r.BaseURL() + "/sim/arrivals")
	if !strings.Contains(body, `"Outcome":"503"`) || !strings.Contains(body, `"Route":"channels/:id"`) {
		t.Errorf("arrivals %s", body)
	}
	if _, body = r.get(r.BaseURL() + "/sim/notifications"); !strings.Contains(body, "notifications") {
		t.Errorf("notifications %s", body)
	}
}

func TestEveryVerbIsKnown(t *testing.T) {
	r := quiet(t)
	for _, verb := range []string{
		"add-guild", "lock", "rename-thread", "delete-thread", "delete-channel", "delete-webhooks", "allow", "grant-role", "kick-bot",
		"invite-bot", "restore-token", "reconnect", "heartbeat", "invalidate", "drop-connections", "silence", "half-frame", "outage",
		"guild-outage", "webhook-post", "delete", "unreact", "clear-reactions", "press", "command", "message-command", "submit", "close-modal",
	} {
		_, err := r.obey(verb, order{As: "anna", Guild: r.GuildID()})
		if err != nil && strings.Contains(err.Error(), "do \"") {
			t.Errorf("%s: %v", verb, err)
		}
	}
	if _, err := r.obey("fly", order{As: "anna"}); err == nil {
		t.Error("it can fly")
	}
}

func TestOtherSitesCannotControlIt(t *testing.T) {
	r := quiet(t)
	req, err := http.NewRequestWithContext(r.ctx(), http.MethodPost, r.BaseURL()+"/sim/post", strings.NewReader(`{"as":"anna"}`))
	r.check(err)
	req.Header.Set("Origin", "https://evil.example")
	resp, err := r.client.Do(req)
	r.check(err)
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// FuzzControlAndCalls hands the simulator whatever bytes there are.
func FuzzControlAndCalls(f *testing.F) {
	f.Add("POST", "channels/1/messages", []byte(`{"content":"x","nonce":1,"enforce_nonce":true}`))
	f.Add("PATCH", "channels/1", []byte(`{"archived":null}`))
	f.Add("POST", "webhooks/1/x?wait=true&thread_id=1", []byte(`{"embeds":[{"fields":[{}]}],"components":[{}]}`))
	f.Add("PUT", "channels/1/messages/1/reactions/%F0/@me", []byte{})
	s := New(Options{Limits: Limits{Off: true}, Now: func() time.Time { return time.UnixMilli(epoch + 1) }})
	f.Cleanup(func() { _ = s.Close() })
	handler := s.Handler()
	channel := s.AddChannel(ChannelSpec{Name: "c"})
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://sim/api/v10/"+strings.ReplaceAll(path, "/1", "/"+channel), bytes.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("User-Agent", "DiscordBot (https://example.com, 1)")
		req.Header.Set("Authorization", "Bot "+s.Token())
		w := &discard{header: http.Header{}}
		handler.ServeHTTP(w, req)
		if w.status >= 500 {
			t.Errorf("%s %s: %d", method, path, w.status)
		}
	})
}

// discard keeps only the status of an answer.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

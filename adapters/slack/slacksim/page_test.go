package slacksim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// get loads a page.
func (w *world) get(path string) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx(), http.MethodGet, w.BaseURL()+path, nil)
	w.check(err)
	resp, body := w.send(req, "")
	return resp, string(body)
}

// form submits a form of the page and returns the page that follows.
func (w *world) form(pairs ...string) string {
	w.t.Helper()
	v := url.Values{"as": {w.bo.ID()}, "channel": {w.ch}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	resp, err := w.client.PostForm(w.BaseURL()+"/act", v)
	w.check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	w.check(err)
	return string(body)
}

func TestPagePlaysAPerson(t *testing.T) {
	w := start(t, Options{})
	resp, body := w.get("/")
	if resp.StatusCode != http.StatusOK || !strings.Contains(body, "Simulated Slack") || !strings.Contains(body, "Anna Berg") {
		t.Fatalf("status %d: %s", resp.StatusCode, body)
	}
	if got := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") || strings.Contains(got, "unsafe") {
		t.Errorf("policy %q", got)
	}

	body = w.form("do", "post", "text", "I am *Bo*")
	if !strings.Contains(body, "I am <strong>Bo</strong>") {
		t.Errorf("the post is not shown: %s", body)
	}
	m := w.Channel(w.ch)[0]
	w.form("do", "edit", "ts", m.TS, "text", "edited")
	w.form("do", "react", "ts", m.TS, "emoji", "+1")
	w.form("do", "post", "parent", m.TS, "thread", m.TS, "text", "a reply")
	thread := w.Thread(w.ch, m.TS)
	if len(thread) != 2 || thread[0].Text != "edited" || len(thread[0].Reactions["+1"]) != 1 || thread[1].Text != "a reply" {
		t.Fatalf("thread %+v", thread)
	}
	w.form("do", "react", "ts", m.TS, "emoji", "+1")
	w.form("do", "delete", "ts", thread[1].TS)
	if thread = w.Thread(w.ch, m.TS); len(thread) != 1 || len(thread[0].Reactions) != 0 {
		t.Errorf("thread %+v", thread)
	}
	if body = w.form("do", "edit", "ts", "1.000000", "text", "x"); !strings.Contains(body, "That is not there, or not any more.") {
		t.Error("a problem is not shown")
	}
}

func TestPageShowsTheCardAndPressesItsButtons(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	card := w.must("chat.postMessage", "channel", w.ch, "text", "Ticket 7", "blocks", `[
		{"type":"header","text":{"type":"plain_text","text":"Ticket 7"}},
		{"type":"section","text":{"type":"mrkdwn","text":"_why_ <https://example.com|here>"},"fields":[{"type":"mrkdwn","text":"*Priority*"}]},
		{"type":"actions","elements":[{"type":"button","action_id":"show_ticket","value":"7","style":"primary","text":{"type":"plain_text","text":"Show ticket"}}]},
		{"type":"context","elements":[{"type":"plain_text","text":"small print"}]}]`)
	w.must("chat.postEphemeral", "channel", w.ch, "user", w.bo.ID(), "text", "only for Bo", "thread_ts", card.TS)
	_, body := w.get("/?as=" + w.bo.ID() + "&channel=" + w.ch + "&thread=" + card.TS)
	for _, want := range []string{
		"<h3>Ticket 7</h3>", "<em>why</em>", `<a href="https://example.com" rel="noreferrer noopener" target="_blank">here</a>`,
		"<strong>Priority</strong>", "small print", `value="show_ticket"`, ">Show ticket</button>", "only for Bo", "Only visible to you",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if _, other := w.get("/?as=" + w.anna.ID() + "&channel=" + w.ch + "&thread=" + card.TS); strings.Contains(other, "only for Bo") {
		t.Error("somebody else sees the ephemeral message")
	}
	w.settle()
	before := len(r.all())
	w.form("do", "press", "ts", card.TS, "action", "show_ticket")
	if n := len(r.all()); n != before+1 {
		t.Errorf("%d requests after the press, want %d", n, before+1)
	}
}

func TestPageEscapesWhateverIsPosted(t *testing.T) {
	w := start(t, Options{})
	evil := `<script>alert(1)</script><img src=x onerror=alert(1)>"'` + "`"
	w.must("chat.postMessage", "channel", w.ch, "text", evil, "username", evil)
	w.must("chat.postMessage", "channel", w.ch, "text", "x", "blocks",
		string(encode([]any{fields{"type": "section", "text": fields{"type": "mrkdwn", "text": evil + " <javascript:alert(1)|x>"}}})))
	w.must("chat.postMessage", "channel", w.ch, "text", "x", "blocks", string(encode([]any{fields{"type": "rich_text", "elements": []any{
		fields{"type": "rich_text_section", "elements": []any{fields{"type": "link", "url": "javascript:alert(1)", "text": evil}}},
	}}})))
	mallory := w.AddUser(UserSpec{Name: "mallory", RealName: evil})
	w.check(w.Invite(w.ch, mallory))
	if _, err := mallory.UploadFile(w.ch, "", evil, []byte("x"), evil); err != nil {
		t.Fatal(err)
	}
	w.check(w.Rename(w.ch, evil))
	_, body := w.get("/?as=" + mallory.ID() + "&problem=" + url.QueryEscape(evil))
	scripts := 0
	doc, err := html.Parse(strings.NewReader(body))
	w.check(err)
	for n := range doc.Descendants() {
		if n.Data == "script" && n.Type == html.ElementNode {
			scripts++
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Val, "javascript:") {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
	}
	if scripts != 1 {
		t.Errorf("%d script elements, want the page's own", scripts)
	}
	_, avatar := w.get("/sim/avatar/" + mallory.ID() + ".svg")
	if strings.Contains(avatar, "script") {
		t.Errorf("avatar %s", avatar)
	}
}

func TestPageRefusesOtherSites(t *testing.T) {
	w := start(t, Options{})
	for _, path := range []string{"/act", "/sim/post"} {
		req, err := http.NewRequestWithContext(w.ctx(), http.MethodPost, w.BaseURL()+path, strings.NewReader("do=post"))
		w.check(err)
		req.Header.Set("Origin", "https://evil.example")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if resp, _ := w.send(req, ""); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
	}
}

func TestPermalinkLeadsToTheMessageOnThePage(t *testing.T) {
	w := start(t, Options{})
	root := w.post(w.anna, "question")
	answer := w.reply(w.bo, root, "answer")
	link := w.must("chat.getPermalink", "channel", w.ch, "message_ts", answer).Permalink
	resp, body := w.get(strings.TrimPrefix(link, w.BaseURL()))
	if resp.Request.URL.Fragment != "m-"+answer || !strings.Contains(body, `id="m-`+answer) || !strings.Contains(body, `aria-label="Thread"`) {
		t.Errorf("landed on %s", resp.Request.URL)
	}
}

func TestPageIsToldOfChanges(t *testing.T) {
	w := start(t, Options{})
	req, err := http.NewRequestWithContext(w.ctx(), http.MethodGet, w.BaseURL()+"/sim/live", nil)
	w.check(err)
	resp, err := w.client.Do(req)
	w.check(err)
	defer resp.Body.Close()
	buffer := make([]byte, 100)
	if _, err := resp.Body.Read(buffer); err != nil {
		t.Fatal(err)
	}
	w.post(w.anna, "hello")
	n, err := resp.Body.Read(buffer)
	if err != nil || !strings.Contains(string(buffer[:n]), "data: changed") {
		t.Errorf("got %q, %v", buffer[:n], err)
	}
}

// sim sends an order to the control endpoints.
func (w *world) control(verb string, o fields) (ok bool, ts string) {
	w.t.Helper()
	resp, err := w.client.Post(w.BaseURL()+"/sim/"+verb, "application/json", strings.NewReader(string(encode(o))))
	w.check(err)
	defer resp.Body.Close()
	var out struct {
		OK bool
		TS string
	}
	w.check(json.NewDecoder(resp.Body).Decode(&out))
	return out.OK, out.TS
}

func TestControlMirrorsPersonsAndFaults(t *testing.T) {
	w := start(t, Options{})
	ok, root := w.control("post", fields{"as": "anna", "channel": "billing", "text": "question"})
	if !ok {
		t.Fatal("post refused")
	}
	_, reply := w.control("reply", fields{"as": "bo", "channel": "billing", "thread": root, "text": "answer"})
	w.control("edit", fields{"as": "bo", "channel": w.ch, "ts": reply, "text": "better answer"})
	w.control("react", fields{"as": "anna", "channel": w.ch, "ts": reply, "emoji": "tada"})
	var state struct {
		Messages []Message
		Channels []struct{ Name string }
	}
	_, body := w.get("/sim/state?channel=billing&thread=" + root)
	w.check(json.Unmarshal([]byte(body), &state))
	if len(state.Messages) != 2 || state.Messages[1].Text != "better answer" || state.Channels[0].Name != "billing" {
		t.Errorf("state %s", body)
	}
	w.control("fault", fields{"fault": fields{"method": "auth.test", "error": "internal_error", "times": 1}})
	w.refused("internal_error", "auth.test")
	w.must("auth.test")
	if ok, _ := w.control("delete", fields{"as": "anna", "channel": w.ch, "ts": reply}); ok {
		t.Error("somebody else's message was deleted")
	}
	w.control("archive", fields{"channel": "billing"})
	w.refused("is_archived", "chat.postMessage", "channel", w.ch, "text", "x")
	_, body = w.get("/sim/arrivals")
	if !strings.Contains(body, `"Outcome":"is_archived"`) {
		t.Errorf("arrivals %s", body)
	}
}

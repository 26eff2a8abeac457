package slacksim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const card = `[{"type":"section","block_id":"s","text":{"type":"mrkdwn","text":"Ticket"},
	"accessory":{"type":"button","action_id":"side","text":{"type":"plain_text","text":"Side"}}},
	{"type":"actions","block_id":"b","elements":[
	{"type":"button","action_id":"show","value":"7","text":{"type":"plain_text","text":"Show"}}]}]`

// press is a block_actions payload.
type press struct {
	Type        string
	TriggerID   string `json:"trigger_id"`
	ResponseURL string `json:"response_url"`
	CallbackID  string `json:"callback_id"`
	User        struct {
		ID     string
		TeamID string `json:"team_id"`
	}
	Channel   struct{ ID string }
	Container struct {
		MessageTS string `json:"message_ts"`
		Ephemeral bool   `json:"is_ephemeral"`
	}
	Message *wireMessage
	Actions []struct {
		ActionID string `json:"action_id"`
		BlockID  string `json:"block_id"`
		Value    string
	}
	View struct {
		ID              string
		PrivateMetadata string `json:"private_metadata"`
		State           struct {
			Values map[string]map[string]struct{ Value string }
		}
	}
}

// acting is a world whose interactions go to a receiver.
func acting(t *testing.T, opts Options) (*world, *receiver) {
	r := receive(t)
	opts.EventsURL = r.URL
	return start(t, opts), r
}

// presses returns the interaction payloads so far.
func (r *receiver) presses(t *testing.T) []press {
	var out []press
	for _, g := range r.all() {
		if g.Body.Type == "event_callback" {
			continue
		}
		var p press
		if err := json.Unmarshal(g.Raw, &p); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func (w *world) respond(address, body string) (int, string) {
	w.t.Helper()
	resp, err := w.client.Post(address, "application/json", strings.NewReader(body))
	w.check(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	w.check(err)
	return resp.StatusCode, string(raw)
}

func TestPressedButtonArrivesSignedWithItsMessage(t *testing.T) {
	w, r := acting(t, Options{})
	ts := w.must("chat.postMessage", "channel", w.ch, "text", "Ticket", "blocks", card).TS
	w.check(w.anna.Press(w.ctx(), w.ch, ts, "show"))
	w.check(w.anna.Press(w.ctx(), w.ch, ts, "side"))
	got := r.presses(t)
	if len(got) != 2 {
		t.Fatalf("%d payloads", len(got))
	}
	p := got[0]
	if p.Type != "block_actions" || p.User.ID != w.anna.ID() || p.User.TeamID != w.TeamID() || p.Channel.ID != w.ch ||
		p.Container.MessageTS != ts || p.Message.TS != ts || p.Actions[0].ActionID != "show" || p.Actions[0].BlockID != "b" || p.Actions[0].Value != "7" {
		t.Errorf("payload %+v", p)
	}
	if err := w.anna.Press(w.ctx(), w.ch, ts, "nothing"); !errors.Is(err, ErrNoSuch) {
		t.Errorf("a button that is not there: %v", err)
	}
}

func TestPressFailsWhenTheAppFailsAndIsNotRepeated(t *testing.T) {
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err == nil && r.PostForm.Has("payload") {
			n++
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer srv.Close()
	w := start(t, Options{EventsURL: srv.URL})
	ts := w.must("chat.postMessage", "channel", w.ch, "text", "Ticket", "blocks", card).TS
	if err := w.anna.Press(w.ctx(), w.ch, ts, "show"); !errors.Is(err, ErrNoAnswer) || n != 1 {
		t.Errorf("error %v after %d attempts", err, n)
	}
}

func TestResponseURLAnswersFiveTimesWithinHalfAnHour(t *testing.T) {
	c := newClock()
	w, r := acting(t, Options{Now: c.Now})
	ts := w.must("chat.postMessage", "channel", w.ch, "text", "Ticket", "blocks", card).TS
	w.check(w.anna.Press(w.ctx(), w.ch, ts, "show"))
	address := r.presses(t)[0].ResponseURL
	for _, body := range []string{
		`{"text":"for you"}`, `{"text":"for all","response_type":"in_channel"}`,
		`{"text":"replaced","replace_original":true}`, `{"text":"in thread","response_type":"in_channel","thread_ts":"` + ts + `"}`,
	} {
		if status, out := w.respond(address, body); status != http.StatusOK {
			t.Errorf("%s: %d %s", body, status, out)
		}
	}
	if e := w.Ephemerals(); len(e) != 1 || e[0].User != w.anna.ID() || e[0].Text != "for you" {
		t.Errorf("ephemerals %+v", e)
	}
	if list := w.Channel(w.ch); len(list) != 2 || list[0].Text != "replaced" || list[1].Text != "for all" || len(w.Thread(w.ch, ts)) != 2 {
		t.Errorf("channel %+v", list)
	}
	w.respond(address, `{"text":"fifth"}`)
	if status, out := w.respond(address, `{"text":"sixth"}`); status != http.StatusNotFound || !strings.Contains(out, "used_url") {
		t.Errorf("sixth: %d %s", status, out)
	}
}

func TestResponseURLExpires(t *testing.T) {
	c := newClock()
	w, r := acting(t, Options{Now: c.Now})
	ts := w.must("chat.postMessage", "channel", w.ch, "text", "Ticket", "blocks", card).TS
	w.check(w.anna.Press(w.ctx(), w.ch, ts, "show"))
	c.advance(31 * time.Minute)
	if status, out := w.respond(r.presses(t)[0].ResponseURL, `{"text":"late"}`); status != http.StatusNotFound || !strings.Contains(out, "expired_url") {
		t.Errorf("%d %s", status, out)
	}
}

func TestEphemeralButtonsCanBePressedReplacedAndDeleted(t *testing.T) {
	w, r := acting(t, Options{})
	ts := w.must("chat.postEphemeral", "channel", w.ch, "user", w.bo.ID(), "text", "Ticket", "blocks", card).MessageTS
	if err := w.anna.Press(w.ctx(), w.ch, ts, "show"); !errors.Is(err, ErrNoSuch) {
		t.Errorf("somebody else pressed it: %v", err)
	}
	w.check(w.bo.Press(w.ctx(), w.ch, ts, "show"))
	p := r.presses(t)[0]
	if !p.Container.Ephemeral || p.Message != nil {
		t.Errorf("payload %+v", p)
	}
	w.respond(p.ResponseURL, `{"text":"new","replace_original":true}`)
	if e := w.Ephemerals(); len(e) != 1 || e[0].Text != "new" {
		t.Errorf("ephemerals %+v", e)
	}
	w.respond(p.ResponseURL, `{"delete_original":true}`)
	if e := w.Ephemerals(); len(e) != 0 {
		t.Errorf("ephemerals %+v", e)
	}
}

func TestShortcutCarriesTheMessage(t *testing.T) {
	w, r := acting(t, Options{})
	ts := w.post(w.bo, "send this")
	if _, body := w.get("/?as=" + w.anna.ID() + "&channel=" + w.ch); !strings.Contains(body, ">Attach to ticket</button>") {
		t.Error("the page does not offer the shortcut")
	}
	w.check(w.anna.Shortcut(w.ctx(), w.ch, ts, "send_to_ticket"))
	if p := r.presses(t)[0]; p.Type != "message_action" || p.CallbackID != "send_to_ticket" || p.Message.TS != ts {
		t.Errorf("payload %+v", p)
	}
}

func TestModalIsOpenedOnceByATriggerAndSubmitted(t *testing.T) {
	c := newClock()
	w, r := acting(t, Options{Now: c.Now})
	ts := w.must("chat.postMessage", "channel", w.ch, "text", "Ticket", "blocks", card).TS
	w.check(w.anna.Press(w.ctx(), w.ch, ts, "show"))
	trigger := r.presses(t)[0].TriggerID
	modal := `{"type":"modal","callback_id":"ask","private_metadata":"7","notify_on_close":true,"title":{"type":"plain_text","text":"Ask"},
		"submit":{"type":"plain_text","text":"Go"},"blocks":[{"type":"input","block_id":"q","label":{"type":"plain_text","text":"Question"},
		"element":{"type":"plain_text_input","action_id":"text"}}]}`
	w.refused("invalid_arguments", "views.open", "trigger_id", trigger, "view", `{"type":"modal"}`)
	w.must("views.open", "trigger_id", trigger, "view", modal)
	w.refused("exchanged_trigger_id", "views.open", "trigger_id", trigger, "view", modal)
	w.refused("invalid_trigger_id", "views.open", "trigger_id", "x", "view", modal)
	views := w.Views()
	if len(views) != 1 || views[0].User != w.anna.ID() || views[0].CallbackID != "ask" || views[0].PrivateMetadata != "7" {
		t.Fatalf("views %+v", views)
	}
	_, err := w.anna.SubmitView(w.ctx(), views[0].ID, json.RawMessage(`{"q":{"text":{"type":"plain_text_input","value":"why"}}}`))
	w.check(err)
	p := r.presses(t)[1]
	if p.Type != "view_submission" || p.View.PrivateMetadata != "7" || p.View.State.Values["q"]["text"].Value != "why" || len(w.Views()) != 0 {
		t.Errorf("payload %+v", p)
	}

	w.check(w.anna.Press(w.ctx(), w.ch, ts, "show"))
	trigger = r.presses(t)[2].TriggerID
	w.must("views.open", "trigger_id", trigger, "view", modal)
	_, body := w.get("/?as=" + w.anna.ID() + "&channel=" + w.ch)
	if !strings.Contains(body, `name="value:plain_text_input:q:text"`) {
		t.Error("the page does not show the modal")
	}
	w.check(w.anna.CloseView(w.ctx(), w.Views()[0].ID))
	if p := r.presses(t)[3]; p.Type != "view_closed" {
		t.Errorf("payload %+v", p)
	}
	w.check(w.anna.Press(w.ctx(), w.ch, ts, "show"))
	c.advance(4 * time.Second)
	w.refused("expired_trigger_id", "views.open", "trigger_id", r.presses(t)[4].TriggerID, "view", modal)
}

func TestInteractionsComeOverTheSocketAndTakeAnAnswer(t *testing.T) {
	w := start(t, Options{SocketMode: true})
	a := w.dial()
	ts := w.must("chat.postMessage", "channel", w.ch, "text", "Ticket", "blocks", card).TS
	a.ack(a.next())
	pressed := make(chan error, 1)
	go func() { pressed <- w.anna.Press(w.ctx(), w.ch, ts, "show") }() // ends with the ack below
	f := a.next()
	var p press
	w.check(json.Unmarshal(f.Payload, &p))
	if f.Type != "interactive" || !f.Accepts || p.Actions[0].ActionID != "show" {
		t.Errorf("frame %+v", f)
	}
	a.ack(f)
	w.check(<-pressed)
}

func TestModalStaysOpenWhenTheAppAnswersErrors(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		if strings.Contains(form.Get("payload"), "view_submission") {
			_, _ = io.WriteString(w, `{"response_action":"errors","errors":{"q":"too short"}}`)
		}
	}))
	defer srv.Close()
	w := start(t, Options{EventsURL: srv.URL})
	w.do("auth.test", w.BotToken(), nil)
	var trigger string
	w.Sim.do(func() { trigger = w.anna.interaction(nil, "shortcut")["trigger_id"].(string) })
	w.must("views.open", "trigger_id", trigger, "view",
		`{"type":"modal","title":{"type":"plain_text","text":"Ask"},"blocks":[{"type":"input","block_id":"q",
		"label":{"type":"plain_text","text":"Question"},"element":{"type":"plain_text_input","action_id":"text"}}]}`)
	id := w.Views()[0].ID
	if _, err := w.anna.SubmitView(w.ctx(), id, nil); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("a required input was left empty: %v", err)
	}
	answer, err := w.anna.SubmitView(w.ctx(), id, json.RawMessage(`{"q":{"text":{"type":"plain_text_input","value":"typed"}}}`))
	w.check(err)
	if views := w.Views(); !strings.Contains(string(answer), "too short") || len(views) != 1 || views[0].Errors["q"] != "too short" {
		t.Errorf("answer %s, views %+v", answer, views)
	}
	_, body := w.get("/?as=" + w.anna.ID() + "&channel=" + w.ch)
	if !strings.Contains(body, "too short") || !strings.Contains(body, `value="typed"`) {
		t.Error("the page does not show the error beside what was typed")
	}
}

func TestPressWithoutASocketFailsAtOnceAndIsNotKept(t *testing.T) {
	w := start(t, Options{SocketMode: true})
	ts := w.must("chat.postMessage", "channel", w.ch, "text", "Ticket", "blocks", card).TS
	if err := w.anna.Press(w.ctx(), w.ch, ts, "show"); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("got %v", err)
	}
	a := w.dial()
	if f := a.next(); f.Type != "events_api" {
		t.Errorf("frame %+v", f)
	} else {
		a.ack(f)
	}
	w.settle()
}

func TestInteractionsCanHaveAnAddressOfTheirOwn(t *testing.T) {
	events, acts, moved := receive(t), receive(t), receive(t)
	w := start(t, Options{EventsURL: events.URL, InteractivityURL: acts.URL})
	w.SetEventsURL(moved.URL)
	ts := w.must("chat.postMessage", "channel", w.ch, "text", "Ticket", "blocks", card).TS
	w.check(w.anna.Press(w.ctx(), w.ch, ts, "show"))
	w.settle()
	if len(events.all()) != 0 || len(moved.all()) != 1 || len(acts.all()) != 1 {
		t.Errorf("%d, %d, %d", len(events.all()), len(moved.all()), len(acts.all()))
	}
	w.SetInteractivityURL(moved.URL)
	w.check(w.anna.Press(w.ctx(), w.ch, ts, "show"))
	if len(moved.all()) != 2 {
		t.Error("the new address got nothing")
	}
}

package slacksim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// commanded is an app that answers commands over HTTP.
func commanded(t *testing.T, answer string) (*world, func() url.Values) {
	var mu sync.Mutex
	var last url.Values
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if form, _ := url.ParseQuery(string(body)); form.Has("command") {
			mu.Lock()
			last = form
			mu.Unlock()
			_, _ = io.WriteString(w, answer)
		}
	}))
	t.Cleanup(srv.Close)
	w := start(t, Options{EventsURL: srv.URL})
	w.do("auth.test", w.BotToken(), nil)
	return w, func() url.Values {
		mu.Lock()
		defer mu.Unlock()
		return last
	}
}

func TestACommandComesAsAFormAndItsAnswerIsShownToOnePerson(t *testing.T) {
	w, form := commanded(t, `{"response_type":"ephemeral","text":"done"}`)
	w.check(w.anna.Command(w.ctx(), w.ch, "/sidebridge  start 7 ask @bo & co"))
	got := form()
	if got.Get("command") != "/sidebridge" || !strings.HasPrefix(got.Get("text"), "start 7 ask <@"+w.bo.ID()) || !strings.HasSuffix(got.Get("text"), "&amp; co") {
		t.Errorf("form %v", got)
	}
	for key, want := range map[string]string{"user_id": w.anna.ID(), "team_id": w.TeamID(), "channel_id": w.ch, "api_app_id": w.AppID()} {
		if got.Get(key) != want {
			t.Errorf("%s is %q, want %q", key, got.Get(key), want)
		}
	}
	if e := w.Ephemerals(); len(e) != 1 || e[0].User != w.anna.ID() || e[0].Text != "done" {
		t.Errorf("shown %+v", e)
	}
	w.must("views.open", "trigger_id", got.Get("trigger_id"), "view", `{"type":"modal","title":{"type":"plain_text","text":"Ask"},"blocks":[{"type":"divider"}]}`)
	if status, out := w.respond(got.Get("response_url"), `{"text":"later"}`); status != http.StatusOK || len(w.Ephemerals()) != 2 {
		t.Errorf("%d %s", status, out)
	}
	if status, out := w.respond(got.Get("response_url"), `{"text":"x","replace_original":true}`); status != http.StatusNotFound {
		t.Errorf("%d %s", status, out)
	}
}

func TestACommandIsAnsweredInPlainTextForAllOrNotAtAll(t *testing.T) {
	for answer, want := range map[string]string{"": "", "{}": "", "plain words": "plain words"} {
		w, _ := commanded(t, answer)
		w.check(w.anna.Command(w.ctx(), w.ch, "/sidebridge help"))
		if e := w.Ephemerals(); (want == "") != (len(e) == 0) || want != "" && e[0].Text != want {
			t.Errorf("%q shows %+v", answer, e)
		}
	}
	w, _ := commanded(t, `{"response_type":"in_channel","text":"for all"}`)
	w.check(w.anna.Command(w.ctx(), w.ch, "/sidebridge help"))
	if list := w.Channel(w.ch); len(list) != 1 || list[0].Text != "for all" {
		t.Errorf("channel %+v", list)
	}
}

func TestOnlyWhatTheManifestOffersCanBeUsed(t *testing.T) {
	w, _ := commanded(t, "")
	if err := w.anna.Command(w.ctx(), w.ch, "/other x"); !errors.Is(err, ErrNoSuch) {
		t.Errorf("another command: %v", err)
	}
	ts := w.post(w.bo, "hello")
	w.RemoveScope("commands")
	if err := w.anna.Command(w.ctx(), w.ch, "/sidebridge help"); !errors.Is(err, ErrNoSuch) {
		t.Errorf("without the scope: %v", err)
	}
	if err := w.anna.Shortcut(w.ctx(), w.ch, ts, "sidebridge_attach"); !errors.Is(err, ErrNoSuch) {
		t.Errorf("a shortcut without the scope: %v", err)
	}
}

func TestACommandComesOverTheSocketAndTakesItsAnswer(t *testing.T) {
	w := start(t, Options{SocketMode: true})
	if err := w.anna.Command(w.ctx(), w.ch, "/sidebridge help"); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("without a socket: %v", err)
	}
	a := w.dial()
	asked := make(chan error, 1)
	go func() { asked <- w.anna.Command(w.ctx(), w.ch, "/sidebridge help") }() // ends with the ack below
	f := a.next()
	var form map[string]string
	w.check(json.Unmarshal(f.Payload, &form))
	if f.Type != "slash_commands" || !f.Accepts || form["text"] != "help" {
		t.Errorf("frame %+v", f)
	}
	w.check(a.ws.WriteJSON(fields{"envelope_id": f.EnvelopeID, "payload": fields{"text": "this is help"}}))
	w.check(<-asked)
	if e := w.Ephemerals(); len(e) != 1 || e[0].Text != "this is help" {
		t.Errorf("shown %+v", e)
	}
}

func TestThePageTakesACommandForWhatItIs(t *testing.T) {
	w, form := commanded(t, "")
	w.form("do", "post", "text", "/sidebridge help")
	if got := form(); got.Get("user_id") != w.bo.ID() || got.Get("text") != "help" {
		t.Errorf("form %v", got)
	}
	if list := w.Channel(w.ch); len(list) != 0 {
		t.Errorf("it was posted: %+v", list)
	}
}

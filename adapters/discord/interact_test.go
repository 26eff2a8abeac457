package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// clerk is the Requests, Desk and Threads of a test.
type clerk struct {
	mu    sync.Mutex
	asks  []bridge.Ask
	err   error
	no    string   // why nobody may ask for anything
	reads []string // who was shown which mirror's ticket
	slow  chan struct{}
}

func (c *clerk) Ask(_ context.Context, ask bridge.Ask) (bridge.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.no != "" {
		return bridge.Result{Outcome: bridge.Ignored, Why: c.no}, nil
	}
	if !ask.Whether {
		c.asks = append(c.asks, ask)
	}
	return bridge.Result{Outcome: bridge.Accepted, Why: "A side conversation on ticket #12 was started."}, c.err
}

func (c *clerk) LinkURL(_ context.Context, a bridge.Account, name string) (string, error) {
	return "https://desk.example.org/link/" + a.ID, c.err
}

func (c *clerk) Reads(_ context.Context, a bridge.Account, _ string, m bridge.Mirror) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reads = append(c.reads, a.ID+" "+m.ID.String())
	return c.err
}

func (c *clerk) Context(context.Context, int64) (bridge.TicketContext, error) {
	if c.slow != nil {
		<-c.slow
	}
	return bridge.TicketContext{
		ID: 12, Subject: "Charged twice", Status: "open", Requester: "Carla", Email: "carla@example.com",
		Messages: []bridge.TicketMessage{
			{Kind: bridge.CustomerWrote, Name: "Carla", Body: "I was charged twice. @everyone"},
			{Kind: bridge.NoteWritten, Name: "Alice", Body: "an internal note"},
		},
	}, c.err
}

func (c *clerk) MirrorByThread(_ context.Context, place bridge.Place, thread string) (bridge.Mirror, error) {
	if place != testMirror.Place || thread != testThread {
		return bridge.Mirror{}, bridge.ErrNotFound
	}
	return testMirror, nil
}

// desk is a connected adapter whose people press and ask.
type desk struct {
	*scripted
	t     *testing.T
	in    *heardInbox
	clerk *clerk
	log   *warnings
}

// warnings is a log that keeps what somebody who runs the daemon would have to look at.
type warnings struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *warnings) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *warnings) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func newDesk(t *testing.T) *desk {
	d := &desk{scripted: newScripted(t), t: t, in: &heardInbox{}, clerk: &clerk{}, log: &warnings{}}
	o := d.options(d.in)
	o.Log = slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	o.Requests, o.Desk, o.Threads = d.clerk, d.clerk, d.clerk
	o.Policy = func(string) (mapping.Policy, bool) {
		p := mapping.DefaultPolicy()
		p.Subject, p.Requester, p.CustomerMessages = true, false, mapping.LastMessage
		return p, false
	}
	a, _ := d.start(o)
	eventually(t, "it is connected", func() bool { return a.place.now().Seq == 2 })
	return d
}

// interacts has Anders do something.
func (d *desk) interacts(kind int, id, more string) {
	d.append("INTERACTION_CREATE", fmt.Sprintf(
		`{"id":%q,"type":%d,"guild_id":%q,"channel_id":%q,"channel":{"id":%q,"type":11,"parent_id":%q},"token":"secret-token",
		"member":{"nick":"Anders H","user":{"id":%q,"username":"anders"}},%s}`,
		id, kind, testGuild, testThread, testThread, testChannel, testAnders, more))
}

// called returns the calls to a path, with their bodies.
func (d *desk) called(prefix string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	for _, c := range d.calls {
		if strings.HasPrefix(c, prefix) {
			out = append(out, strings.TrimSpace(strings.TrimPrefix(c, prefix)))
		}
	}
	return out
}

// answered waits for an answer and returns its text.
func (d *desk) answered() string {
	d.t.Helper()
	path := "PATCH webhooks/" + testApp + "/secret-token/messages/@original"
	eventually(d.t, "the person was answered", func() bool { return len(d.called(path)) > 0 })
	var body struct {
		Content  string `json:"content"`
		Mentions *struct {
			Parse []string `json:"parse"`
		} `json:"allowed_mentions"`
	}
	if err := json.Unmarshal([]byte(d.called(path)[0]), &body); err != nil {
		d.t.Fatal(err)
	}
	if body.Mentions == nil || body.Mentions.Parse == nil || len(body.Mentions.Parse) != 0 {
		d.t.Errorf("the answer may mention somebody: %+v", body.Mentions)
	}
	return body.Content
}

func press(action string) string {
	return fmt.Sprintf(`"message":{"id":%q},"data":{"component_type":2,"custom_id":"sb:%s:TOKEN"}`, testThread, action)
}

func TestCloseIsAcknowledgedAndCommittedOnce(t *testing.T) {
	d := newDesk(t)
	d.interacts(byComponent, "3000000000000001", press("close"))
	eventually(t, "the close is committed", func() bool { d.in.mu.Lock(); defer d.in.mu.Unlock(); return len(d.in.all) == 1 })
	d.in.look(func() {
		got := d.in.all[0]
		if got.Kind != bridge.InPress || got.Action != bridge.PressClose || got.Source.Thread != testThread || got.Source.Channel != testChannel ||
			got.Author.ID != testAnders || got.AuthorName != "Anders H" || got.Key != "discord/"+testGuild+"/interaction/3000000000000001" {
			t.Errorf("heard %+v", got)
		}
	})
	const path = "POST interactions/3000000000000001/secret-token/callback"
	eventually(t, "it is acknowledged", func() bool { return len(d.called(path)) == 1 })
	if got := d.called(path)[0]; got != `{"type":6}` {
		t.Errorf("acknowledged with %s", got)
	}
}

// Some who look at tickets of a slow desk keep nobody else from being answered.
func TestSlowDeskDelaysNoOtherPress(t *testing.T) {
	d := newDesk(t)
	d.clerk.slow = make(chan struct{})
	defer close(d.clerk.slow)
	for n := range 12 {
		d.interacts(byComponent, fmt.Sprint(3000000000000001+n), press("show"))
	}
	d.interacts(byComponent, "3000000000000100", press("reopen"))
	eventually(t, "the last is acknowledged", func() bool { return len(d.called("POST interactions/3000000000000100/")) == 1 })
}

// Discord waits three seconds; the database may take longer.
func TestPressIsAcknowledgedWhileTheDatabaseIsSlow(t *testing.T) {
	d := newDesk(t)
	release := make(chan struct{})
	d.in.look(func() { d.in.fail = func(bridge.Inbound) error { <-release; return nil } })
	d.say(1)
	d.interacts(byComponent, "3000000000000001", press("reopen"))
	eventually(t, "it is acknowledged", func() bool { return len(d.called("POST interactions/")) == 1 })
	d.in.look(func() {
		if len(d.in.all) != 0 {
			t.Error("the database was not slow")
		}
	})
	close(release)
	eventually(t, "both are committed", func() bool { d.in.mu.Lock(); defer d.in.mu.Unlock(); return len(d.in.all) == 2 })
}

func TestPressOnACardThatOutlivedItsConversationIsTold(t *testing.T) {
	d := newDesk(t)
	d.in.look(func() { d.in.result = bridge.Result{Outcome: bridge.NotOurs} })
	d.interacts(byComponent, "3000000000000001", press("close"))
	eventually(t, "it is told", func() bool {
		calls := d.called("POST webhooks/" + testApp + "/secret-token")
		return len(calls) == 1 && strings.Contains(calls[0], "no conversation behind this card") && strings.Contains(calls[0], `"flags":68`)
	})
}

// Show ticket answers the presser, with what the field policy allows.
func TestShowTicketTellsThePresserWhatThePolicyAllows(t *testing.T) {
	d := newDesk(t)
	d.interacts(byComponent, "3000000000000001", press("show"))
	got := d.answered()
	if calls := d.called("POST interactions/"); len(calls) != 1 || !strings.Contains(calls[0], `"flags":64`) || !strings.Contains(calls[0], `"type":5`) {
		t.Errorf("acknowledged with %q", calls)
	}
	for _, want := range []string{"Ticket #12", "Charged twice", "I was charged twice"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	for _, not := range []string{"carla@example.com", "internal note", "@everyone"} {
		if strings.Contains(got, not) {
			t.Errorf("%q tells %q", got, not)
		}
	}
	d.in.look(func() {
		if len(d.in.all) != 0 {
			t.Errorf("heard %+v", d.in.all)
		}
	})
	d.clerk.mu.Lock()
	defer d.clerk.mu.Unlock()
	if len(d.clerk.reads) != 1 {
		t.Errorf("%q are on record as readers", d.clerk.reads)
	}
}

func TestTakeTicketTellsWhatCameOfIt(t *testing.T) {
	d := newDesk(t)
	d.in.look(func() { d.in.result = bridge.Result{Outcome: bridge.Accepted, Why: "You have ticket #12 now."} })
	d.interacts(byComponent, "3000000000000001", press("take"))
	if got := d.answered(); !strings.Contains(got, "You have ticket") {
		t.Errorf("told %q", got)
	}
	d.in.look(func() {
		if len(d.in.all) != 1 || d.in.all[0].Action != bridge.PressTake {
			t.Errorf("heard %+v", d.in.all)
		}
	})
}

// Whoever's account is linked to nobody reads how they mend it, and only they do: the
// answer is in the place of one that was begun as theirs alone.
func TestAnUnlinkedPresserIsToldHowToLink(t *testing.T) {
	for _, button := range []string{"take", "approve"} {
		d := newDesk(t)
		d.in.look(func() {
			d.in.result = bridge.Result{Outcome: bridge.Ignored, Unlinked: true, Why: "Only an agent can take a ticket."}
		})
		d.interacts(byComponent, "3000000000000001", press(button))
		if got := d.answered(); !strings.Contains(got, "If you can sign in to Sidebridge, write /link and confirm") {
			t.Errorf("%s: told %q", button, got)
		}
		if calls := d.called("POST interactions/"); len(calls) != 1 || !strings.Contains(calls[0], `"flags":64`) {
			t.Errorf("%s: acknowledged with %q", button, calls)
		}
	}
}

func TestSlashCommandStartsAConversation(t *testing.T) {
	d := newDesk(t)
	d.interacts(byCommand, "3000000000000001", `"data":{"name":"side-conversation","options":[
		{"name":"question","type":3,"value":"Was *this* <@1600000000000000> paid?"},{"name":"ticket","type":4,"value":12},{"name":"group","type":3,"value":" Billing "}]}`)
	if got := d.answered(); !strings.Contains(got, "was started") {
		t.Errorf("told %q", got)
	}
	want := bridge.Ask{
		Author: bridge.Account{Surface: Surface, Workspace: testGuild, ID: testAnders}, AuthorName: "Anders H", Place: testMirror.Place,
		Ticket: 12, Group: "Billing", Key: "discord/" + testGuild + "/interaction/3000000000000001",
	}
	d.clerk.mu.Lock()
	defer d.clerk.mu.Unlock()
	got := d.clerk.asks[0]
	if !strings.HasPrefix(got.Body, "Was _this_ ") {
		t.Errorf("asked %q", got.Body)
	}
	got.Body = ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestLinkCommandGivesTheAddressToThePersonOnly(t *testing.T) {
	d := newDesk(t)
	d.interacts(byCommand, "3000000000000001", `"data":{"name":"link"}`)
	if got := d.answered(); !strings.Contains(got, "https://desk.example.org/link/"+testAnders) {
		t.Errorf("told %q", got)
	}
}

// The message command shows a form; what is typed there attaches the message's thread.
func TestMessageCommandAttachesAThread(t *testing.T) {
	d := newDesk(t)
	message := "2000000000000077"
	d.interacts(byCommand, "3000000000000001", `"data":{"name":"Attach to ticket","type":3,"target_id":"`+message+`"}`)
	eventually(t, "the form is shown", func() bool { return len(d.called("POST interactions/3000000000000001/")) == 1 })
	form := d.called("POST interactions/3000000000000001/secret-token/callback")[0]
	id := "sb:attach:" + testThread + ":" + message
	if !strings.Contains(form, `"type":9`) || !strings.Contains(form, id) {
		t.Errorf("form %s", form)
	}
	d.look(func() {
		d.rest["GET channels/"+testThread+"/messages/"+message] = map[string]any{"id": message, "content": "look at this", "author": map[string]any{"id": testAnders}}
	})
	d.interacts(byModal, "3000000000000002", `"data":{"custom_id":"`+id+`","components":[
		{"type":1,"components":[{"type":4,"custom_id":"ticket","value":"#12"}]},{"type":18,"component":{"type":4,"custom_id":"subject","value":"Refund"}}]}`)
	if got := d.answered(); !strings.Contains(got, "was started") {
		t.Errorf("told %q", got)
	}
	d.clerk.mu.Lock()
	defer d.clerk.mu.Unlock()
	if got := d.clerk.asks[0]; got.Thread != testThread || got.Ticket != 12 || got.Subject != "Refund" || got.Body != "look at this" || got.Place != testMirror.Place {
		t.Errorf("asked %+v", got)
	}
}

// A message that has no thread gets one; what the person did wrong is said in words.
func TestAttachStartsAThreadWhereThereIsNone(t *testing.T) {
	d := newDesk(t)
	message := "2000000000000077"
	d.look(func() {
		d.rest["GET channels/"+testChannel+"/messages/"+message] = map[string]any{"id": message, "content": "look at @everyone this", "author": map[string]any{"id": testAnders}}
	})
	d.append("INTERACTION_CREATE", fmt.Sprintf(`{"id":"3000000000000002","type":5,"guild_id":%q,"channel_id":%q,"token":"secret-token",
		"member":{"user":{"id":%q,"username":"anders"}},"data":{"custom_id":"sb:attach:%s:%s","components":[]}}`,
		testGuild, testChannel, testAnders, testChannel, message))
	d.answered()
	calls := d.called("POST channels/" + testChannel + "/messages/" + message + "/threads")
	if len(calls) != 1 || !strings.Contains(calls[0], "look at") || strings.Contains(calls[0], "@everyone") {
		t.Errorf("threads were started with %q", calls)
	}
	d.clerk.mu.Lock()
	defer d.clerk.mu.Unlock()
	if got := d.clerk.asks[0]; got.Thread != message || got.Ticket != 0 || got.Place != testMirror.Place {
		t.Errorf("asked %+v", got)
	}
}

// Whoever may not attach anything does not get the bot to start threads for them either.
func TestWhoMayNotAttachGetsNoThread(t *testing.T) {
	d := newDesk(t)
	d.clerk.no = "Only an agent can start a side conversation."
	message := "2000000000000077"
	d.look(func() {
		d.rest["GET channels/"+testChannel+"/messages/"+message] = map[string]any{"id": message, "content": "words", "author": map[string]any{"id": testAnders}}
	})
	d.append("INTERACTION_CREATE", fmt.Sprintf(`{"id":"3000000000000002","type":5,"guild_id":%q,"channel_id":%q,"token":"secret-token",
		"member":{"user":{"id":%q,"username":"anders"}},"data":{"custom_id":"sb:attach:%s:%s","components":[]}}`,
		testGuild, testChannel, testAnders, testChannel, message))
	if got := d.answered(); !strings.Contains(got, "Only an agent") {
		t.Errorf("told %q", got)
	}
	if calls := d.called("POST channels/"); len(calls) != 0 {
		t.Errorf("threads were started: %q", calls)
	}
}

// A form that names another channel than the one it was filled in attaches nothing.
func TestFormOfAnotherChannelIsRefused(t *testing.T) {
	d := newDesk(t)
	d.interacts(byModal, "3000000000000002", `"data":{"custom_id":"sb:attach:`+testChannel+`:2000000000000077","components":[]}`)
	if got := d.answered(); !strings.Contains(got, "not known here") || len(d.clerk.asks) != 0 {
		t.Errorf("told %q, asked %+v", got, d.clerk.asks)
	}
}

func TestPeopleAreToldInPlainWordsWhatWentWrong(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		value string
		want  string
		not   string
	}{
		"theirs":   {fmt.Errorf("%w: there is no group named Biling", bridge.ErrInvalid), "12", "There is no group named Biling", "invalid"},
		"ours":     {errors.New("pq: deadlock detected"), "12", "did not work", "pq"},
		"a number": {nil, "twelve", "digits only", "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.clerk.err = c.err
			d.interacts(byCommand, "3000000000000001", `"data":{"name":"side-conversation","options":[{"name":"question","value":"x"},{"name":"ticket","value":"`+c.value+`"}]}`)
			if got := d.answered(); !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
				t.Errorf("told %q", got)
			}
			// Nobody who runs the daemon can mend what somebody mistyped.
			if warned := strings.Contains(d.log.String(), "an interaction failed"); warned != (name == "ours") {
				t.Errorf("the log has %q", d.log)
			}
		})
	}
}

// The commands are written when they are not there, and not again.
func TestCommandsAreRegisteredWhenTheyChanged(t *testing.T) {
	s, in := newScripted(t), &heardInbox{}
	path := "applications/" + testApp + "/guilds/" + testGuild + "/commands"
	var mu sync.Mutex
	var stored []command
	s.rest["GET "+path] = answerFunc(func() (int, any) { mu.Lock(); defer mu.Unlock(); return 200, stored })
	o := s.options(in)
	_, stop := s.start(o)
	puts := func() (out []string) {
		s.look(func() {
			for _, c := range s.calls {
				if body, ok := strings.CutPrefix(c, "PUT "+path+" "); ok {
					out = append(out, body)
				}
			}
		})
		return out
	}
	eventually(t, "they are written", func() bool { return len(puts()) == 1 })
	stop()
	mu.Lock()
	if err := json.Unmarshal([]byte(puts()[0]), &stored); err != nil {
		t.Fatal(err)
	}
	mu.Unlock()
	for _, want := range []string{commandStart, commandLink, commandAttach} {
		if !strings.Contains(puts()[0], `"name":"`+want+`"`) {
			t.Errorf("%s is missing", want)
		}
	}
	gets := func() (n int) {
		s.look(func() {
			for _, c := range s.calls {
				if strings.HasPrefix(c, "GET "+path) {
					n++
				}
			}
		})
		return n
	}
	o.Sessions = &sharedSessions{saved: map[string]string{}}
	a, _ := s.start(o)
	eventually(t, "they were looked at", func() bool { return gets() == 2 && a.registry.has(testGuild) })
	if len(puts()) != 1 {
		t.Errorf("they were written %d times", len(puts()))
	}
}

func TestButtonIDsAreOursOrNobodys(t *testing.T) {
	for id, want := range map[string]string{
		"sb:close:T": "close T", "sb:reopen:T": "reopen T", "sb:take:T": "take T", "sb:show:T": "show T",
		"sb:close:": "", "sb:close": "", "sb:delete:T": "", "xx:close:T": "", "": "", "sb:attach:1:2": "",
	} {
		action, token, ok := cutButton(id)
		got := ""
		if ok {
			got = action + " " + token
		}
		if got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}

func (*clerk) DraftAt(context.Context, bridge.Place, string) (bridge.DraftText, error) {
	return bridge.DraftText{}, bridge.ErrNotFound
}

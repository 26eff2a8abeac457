package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// typed is what a person fills into a form.
func typed(fields map[string]string) json.RawMessage {
	values := map[string]map[string]map[string]string{}
	for id, value := range fields {
		values[id] = map[string]map[string]string{id: {"type": "plain_text_input", "value": value}}
	}
	raw, _ := json.Marshal(values)
	return raw
}

// form opens the form that the shortcut on a message leads to.
func (w *world) form(ts string) slacksim.View {
	w.t.Helper()
	check(w.t, w.anders.Shortcut(w.ctx(), w.channel, ts, callbackAttach))
	return w.opened()
}

func (w *world) opened() slacksim.View {
	w.t.Helper()
	views := w.sim.Views()
	if len(views) != 1 {
		w.t.Fatalf("%d forms are open", len(views))
	}
	return views[0]
}

// told waits for what one person is told and returns it.
func (w *world) told() slacksim.Ephemeral {
	w.t.Helper()
	w.until("they are told", func() bool { return len(w.sim.Ephemerals()) > 0 })
	all := w.sim.Ephemerals()
	return all[len(all)-1]
}

func TestTheShortcutAttachesTheThreadOfAMessage(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket})
		root, err := w.anders.Post(w.channel, "Who knows about *double* charges?")
		check(t, err)
		reply, err := w.anders.Reply(w.channel, root, "I see two of them & more")
		check(t, err)
		w.asks.answer(bridge.Result{Outcome: bridge.Accepted, Why: "This thread is a side conversation now, on ticket #12"}, nil)
		form := w.form(reply)
		for _, want := range []string{"Attach to ticket", "Ticket number", "Subject"} {
			if !strings.Contains(string(form.JSON), want) {
				t.Errorf("the form lacks %q", want)
			}
		}
		_, err = w.anders.SubmitView(w.ctx(), form.ID, typed(map[string]string{fieldTicket: " #12 ", fieldSubject: "Charges"}))
		check(t, err)
		want := []bridge.Ask{{
			Author: w.a.account(w.anders.ID()), AuthorName: "Anders Holm", Place: w.mirror.Place, Thread: root, Ticket: 12,
			Subject: "Charges", Body: "I see two of them & more", Key: w.sim.TeamID() + "/" + form.ID,
		}}
		if diff := cmp.Diff(want, w.asks.all()); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
		if n := len(w.sim.Views()); n != 0 {
			t.Errorf("%d forms are still open", n)
		}
		if e := w.told(); e.User != w.anders.ID() || e.Text != "This thread is a side conversation now, on ticket #12" || e.ThreadTS != root {
			t.Errorf("told %+v", e)
		}
	})
}

func TestAMessageWithoutAThreadIsAThreadOfItsOwn(t *testing.T) {
	w := newWorld(t, setup{})
	root, err := w.anders.Post(w.channel, "Who knows?")
	check(t, err)
	_, err = w.anders.SubmitView(w.ctx(), w.form(root).ID, nil)
	check(t, err)
	if asks := w.asks.all(); len(asks) != 1 || asks[0].Thread != root || asks[0].Ticket != 0 || asks[0].Body != "Who knows?" {
		t.Errorf("asked %+v", asks)
	}
}

func TestWhatIsWrongIsShownInTheForm(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket})
		root, err := w.anders.Post(w.channel, "Who knows?")
		check(t, err)
		form := w.form(root)
		submit := func(ticket, want string) {
			t.Helper()
			_, err := w.anders.SubmitView(w.ctx(), form.ID, typed(map[string]string{fieldTicket: ticket}))
			check(t, err)
			if got := w.opened().Errors[fieldTicket]; got != want {
				t.Errorf("the form says %q, want %q", got, want)
			}
		}
		submit("twelve", "A ticket's number has digits only, such as 4711")
		submit("-1", "A ticket's number has digits only, such as 4711")
		w.asks.answer(bridge.Result{}, fmt.Errorf("%w: there is no ticket #99", bridge.ErrInvalid))
		submit("99", "There is no ticket #99")
		w.asks.answer(bridge.Result{}, fmt.Errorf("%w: the thread is a conversation already", bridge.ErrConflict))
		submit("12", "The thread is a conversation already")
		w.asks.answer(bridge.Result{Outcome: bridge.Ignored, Unlinked: true, Why: "Only an agent can."}, nil)
		submit("12", "Only an agent can. If you can sign in to Sidebridge, write /sidebridge link and confirm that it is yours; "+
			"otherwise ask an admin to link it under People.")
		w.asks.answer(bridge.Result{}, errors.New("the database at 10.0.0.1 is down"))
		submit("12", "That did not work. Try again in a minute, or do it in the ticket view.")
		check(t, w.sim.KickBot(w.channel))
		submit("12", "Invite the app: write /invite @sidebridge in #billing.")
		check(t, w.sim.InviteBot(w.channel))
		w.asks.answer(bridge.Result{Outcome: bridge.Accepted}, nil)
		_, err = w.anders.SubmitView(w.ctx(), form.ID, typed(map[string]string{fieldTicket: "12"}))
		check(t, err)
		if n := len(w.sim.Views()); n != 0 {
			t.Errorf("%d forms are still open", n)
		}
	})
}

func TestAMessageThatIsGoneIsNotAttached(t *testing.T) {
	w := newWorld(t, setup{})
	root, err := w.anders.Post(w.channel, "Who knows?")
	check(t, err)
	reply, err := w.anders.Reply(w.channel, root, "I do")
	check(t, err)
	form := w.form(reply)
	check(t, w.anders.Delete(w.channel, reply))
	_, err = w.anders.SubmitView(w.ctx(), form.ID, nil)
	check(t, err)
	if got := w.opened().Errors[fieldTicket]; len(w.asks.all()) != 0 || !strings.Contains(got, "The ") {
		t.Errorf("asked %+v, the form says %q", w.asks.all(), got)
	}
}

func TestWhatTakesLongerThanSlackWaitsIsToldAfterwards(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		hold := make(chan struct{})
		w := newWorld(t, setup{socket: socket, tune: func(a *Adapter) { a.prompt = 300 * time.Millisecond }})
		w.asks.hold = hold
		w.asks.answer(bridge.Result{Outcome: bridge.Accepted, Why: "It is done."}, nil)
		root, err := w.anders.Post(w.channel, "Who knows?")
		check(t, err)
		_, err = w.anders.SubmitView(w.ctx(), w.form(root).ID, nil)
		check(t, err)
		if n := len(w.sim.Views()) + len(w.sim.Ephemerals()); n != 0 {
			t.Errorf("%d forms and answers are there too early", n)
		}
		check(t, w.anders.Command(w.ctx(), w.channel, "/sidebridge start 12 why?"))
		if e := w.told(); e.Text != "One moment …" {
			t.Errorf("told %q", e.Text)
		}
		close(hold)
		w.until("both are told", func() bool { return len(w.sim.Ephemerals()) == 3 })
		for _, e := range w.sim.Ephemerals()[1:] {
			if e.User != w.anders.ID() || e.Text != "It is done." {
				t.Errorf("told %+v", e)
			}
		}
	})
}

func TestWhoIsTooLateForTheFormIsTold(t *testing.T) {
	w := newWorld(t, setup{})
	root, err := w.anders.Post(w.channel, "Who knows?")
	check(t, err)
	w.sim.Inject(slacksim.Fault{Method: "views.open", Times: 1, Error: "expired_trigger_id"})
	check(t, w.anders.Shortcut(w.ctx(), w.channel, root, callbackAttach))
	if e := w.told(); !strings.Contains(e.Text, "Try it again") {
		t.Errorf("told %q", e.Text)
	}
}

func TestAnotherOrganisationsMembersAskInVain(t *testing.T) {
	w := newWorld(t, setup{})
	check(t, w.sim.ShareExternally(w.channel, "T0OTHER"))
	stranger := w.sim.AddUser(slacksim.UserSpec{Name: "eve", TeamID: "T0OTHER"})
	check(t, w.sim.Invite(w.channel, stranger))
	root, err := stranger.Post(w.channel, "Who knows?")
	check(t, err)
	check(t, stranger.Shortcut(w.ctx(), w.channel, root, callbackAttach))
	w.until("eve is told", func() bool { return len(w.sim.Ephemerals()) == 1 })
	for _, line := range []string{"start 12 why?", "start", "link", "help"} {
		check(t, stranger.Command(w.ctx(), w.channel, "/sidebridge "+line))
	}
	if n := len(w.sim.Views()); n != 0 || len(w.asks.all()) != 0 {
		t.Errorf("%d forms, asked %+v", n, w.asks.all())
	}
	for _, e := range w.sim.Ephemerals() {
		if e.Text != onlyMembers {
			t.Errorf("told %q", e.Text)
		}
	}
}

func TestTheCommandStartsAConversationInTheChannel(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket})
		w.asks.answer(bridge.Result{Outcome: bridge.Accepted, Why: "The side conversation began in #billing"}, nil)
		check(t, w.anders.Command(w.ctx(), w.channel, "/sidebridge start #4711 Why was *this* charged <twice>?"))
		check(t, w.anders.Command(w.ctx(), w.channel, "/sidebridge START 2 charges, how come?"))
		check(t, w.anders.Command(w.ctx(), w.channel, "/sidebridge start How come?"))
		asks := w.asks.all()
		if len(asks) != 3 {
			t.Fatalf("asked %+v", asks)
		}
		if a := asks[0]; a.Ticket != 4711 || a.Body != "Why was **this** charged \\<twice>?" || a.Place != w.mirror.Place || a.Thread != "" ||
			a.Author.ID != w.anders.ID() || a.AuthorName != "Anders Holm" || a.Key == "" || a.Key == asks[1].Key {
			t.Errorf("asked %+v", a)
		}
		if asks[1].Ticket != 2 || asks[2].Ticket != 0 || asks[2].Body != "How come?" {
			t.Errorf("asked %+v", asks[1:])
		}
		if e := w.told(); e.User != w.anders.ID() || e.Text != "The side conversation began in #billing" {
			t.Errorf("told %+v", e)
		}
		check(t, w.sim.KickBot(w.channel))
		check(t, w.anders.Command(w.ctx(), w.channel, "/sidebridge start 12 why?"))
		if e := w.told(); !strings.Contains(e.Text, "/invite @sidebridge") || len(w.asks.all()) != 3 {
			t.Errorf("told %q", e.Text)
		}
	})
}

func TestTheCommandAloneAsksWhoIsToBeAskedWhat(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket})
		w.asks.answer(bridge.Result{Outcome: bridge.Accepted, Why: "It began."}, nil)
		check(t, w.anders.Command(w.ctx(), w.channel, "/sidebridge start 12"))
		form := w.opened()
		if !strings.Contains(string(form.JSON), `"initial_value":"12"`) {
			t.Errorf("the form has no number: %s", form.JSON)
		}
		_, err := w.anders.SubmitView(w.ctx(), form.ID, typed(map[string]string{
			fieldTicket: "12", fieldGroup: "Billing", fieldSubject: "Charges", fieldQuestion: "Is *this* right <!channel>?",
		}))
		check(t, err)
		asks := w.asks.all()
		if len(asks) != 1 || asks[0].Ticket != 12 || asks[0].Group != "Billing" || asks[0].Subject != "Charges" ||
			asks[0].Body != "Is **this** right \\<!channel>?" {
			t.Errorf("asked %+v", asks)
		}
		if e := w.told(); e.Text != "It began." {
			t.Errorf("told %q", e.Text)
		}
	})
}

func TestTheCommandGivesALinkToWhoAsksForIt(t *testing.T) {
	w := newWorld(t, setup{})
	check(t, w.anders.Command(w.ctx(), w.channel, "/sidebridge link"))
	want := "<https://desk.example.org/link?a=" + w.anders.ID() + "&amp;name=Anders Holm|Sign in here and confirm that this account is yours. " +
		"The address is for you only.>"
	if e := w.told(); e.User != w.anders.ID() || e.Text != want {
		t.Errorf("told %q, want %q", e.Text, want)
	}
	for _, line := range []string{"", "help", "what?"} {
		check(t, w.anders.Command(w.ctx(), w.channel, "/sidebridge "+line))
		if e := w.told(); !strings.Contains(e.Text, "/sidebridge start") {
			t.Errorf("%q is answered with %q", line, e.Text)
		}
	}
}

func TestACommandThatIsNotUnderstoodIsNamedWithTheNearestOne(t *testing.T) {
	w := newWorld(t, setup{})
	for line, want := range map[string]string{
		"":               "*Side conversations",
		"help":           "*Side conversations",
		"lnik":           "“lnik” is not understood here. Did you mean `/sidebridge link`?\n\n*Side conversations",
		"Strat 12 why":   "“Strat” is not understood here. Did you mean `/sidebridge start`?\n\n",
		"hepl":           "“hepl” is not understood here. Did you mean `/sidebridge help`?\n\n",
		"#4711 why":      "“#4711” is not understood here. Did you mean `/sidebridge start 4711`?\n\n",
		"lunch & dinner": "“lunch” is not understood here.\n\n",
		"<!channel>":     "“&lt;!channel&gt;” is not understood here.\n\n",
	} {
		check(t, w.anders.Command(w.ctx(), w.channel, "/sidebridge "+line))
		if e := w.told(); e.User != w.anders.ID() || !strings.HasPrefix(e.Text, want) || !strings.Contains(e.Text, "/sidebridge start 4711 Why") {
			t.Errorf("%q is answered with %q, want %q", line, e.Text, want)
		}
	}
}

func TestInADirectMessageAGroupIsNamed(t *testing.T) {
	w := newWorld(t, setup{})
	p := &payload{Command: "/sidebridge", TeamID: w.sim.TeamID(), UserID: w.anders.ID(), ChannelID: "D0DIRECT", ChannelName: "directmessage"}
	p.Text = "start 12 why?"
	if said := fmt.Sprint(w.a.commanded(w.ctx(), p)); !strings.Contains(said, "name a group") {
		t.Errorf("told %s", said)
	}
	metadata, err := json.Marshal(formPlace{Channel: "D0DIRECT", Direct: true})
	check(t, err)
	s := &payload{User: presser{ID: w.anders.ID(), TeamID: w.sim.TeamID()}, View: view{ID: "V1", Callback: callbackStart, Metadata: string(metadata)}}
	check(t, json.Unmarshal(typed(map[string]string{fieldQuestion: "why?"}), &s.View.State.Values))
	if said := fmt.Sprint(w.a.submitted(w.ctx(), s)); !strings.Contains(said, fieldGroup+":Say whom to ask") {
		t.Errorf("told %s", said)
	}
	check(t, json.Unmarshal(typed(map[string]string{fieldQuestion: "why?", fieldGroup: "Billing"}), &s.View.State.Values))
	w.a.submitted(w.ctx(), s)
	if asks := w.asks.all(); len(asks) != 1 || asks[0].Group != "Billing" {
		t.Errorf("asked %+v", asks)
	}
}

func TestAnUnsignedCommandIsRefused(t *testing.T) {
	a := offline(t)
	body := "command=%2Fsidebridge&text=help&team_id=T1&user_id=U1&channel_id=C1"
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	a.EventsHandler().ServeHTTP(answer, r)
	if answer.Code != http.StatusUnauthorized || strings.Contains(answer.Body.String(), "sidebridge") {
		t.Errorf("answered %d %s", answer.Code, answer.Body)
	}
}

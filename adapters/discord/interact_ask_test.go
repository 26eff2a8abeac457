package discord

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

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

package slack

import (
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// unread is a notice of what two people said.
func unread() bridge.Notice {
	at := time.Unix(1_700_000_000, 0)
	return bridge.Notice{
		News: []bridge.News{
			{ID: bridge.ID{Ticket: 12, Seq: 5}, Conversation: bridge.ID{Ticket: 12, Seq: 2}, Name: "Eve", Subject: "Refund?", TicketSubject: "Invoice", Body: "Yes, <@U4711> and <!here>.", At: at},
			{ID: bridge.ID{Ticket: 12, Seq: 6}, Conversation: bridge.ID{Ticket: 12, Seq: 2}, Name: "Bo", Subject: "Refund?", TicketSubject: "Invoice", Body: "Twice.", At: at},
		},
		Excerpt: true, Link: func(n bridge.News) string { return "https://desk.example.org/m/" + n.ID.String() },
	}
}

func (w *world) account(id string) bridge.Account {
	return bridge.Account{Surface: Surface, Workspace: w.sim.TeamID(), ID: id}
}

// TestSomebodyIsToldInTheirDirectMessage, in one post that calls nobody and has a link to
// each message, and nobody else sees it.
func TestSomebodyIsToldInTheirDirectMessage(t *testing.T) {
	w := newWorld(t, setup{})
	check(t, w.a.Tell(w.ctx(), w.account(w.anders.ID()), unread()))
	got := w.sim.All(w.sim.Direct(w.anders))
	if len(got) != 1 || got[0].ThreadTS != "" && got[0].ThreadTS != got[0].TS {
		t.Fatalf("told %+v", got)
	}
	all := got[0].Text + string(got[0].Blocks)
	for _, want := range []string{"2 messages that you have not read", "https://desk.example.org/m/12-5", "https://desk.example.org/m/12-6", "Twice."} {
		if !strings.Contains(all, want) {
			t.Errorf("%q lacks %q", all, want)
		}
	}
	for _, never := range []string{"<@U4711>", "<!here>"} {
		if strings.Contains(all, never) {
			t.Errorf("%q has %q", all, never)
		}
	}
	if posts := w.sim.All(w.channel); len(posts) != 0 {
		t.Errorf("the channel has %+v", posts)
	}
}

// TestWhoCannotBeToldInSlackGetsARemedy: an account that is not there, and an app without
// the scope, which is no reason to stop the workspace.
func TestWhoCannotBeToldInSlackGetsARemedy(t *testing.T) {
	for name, s := range map[string]setup{
		"no account": {},
		"no scope":   {sim: func(o *slacksim.Options) { o.Scopes = []string{"chat:write", "channels:history", "channels:read"} }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, s)
			to := "U0NOBODY"
			if name == "no scope" {
				to = w.anders.ID()
			}
			e := bridge.AsSurfaceError(w.a.Tell(w.ctx(), w.account(to), unread()))
			if e.Class != bridge.Rejected && e.Class != bridge.Gone || e.Uncertain || e.Remedy == "" {
				t.Errorf("%+v", e)
			}
		})
	}
}

// TestALostAnswerToANoticeIsUncertain once it may have been posted, and certain before.
func TestALostAnswerToANoticeIsUncertain(t *testing.T) {
	w := newWorld(t, setup{})
	for method, uncertain := range map[string]bool{"conversations.open": false, "chat.postMessage": true} {
		w.sim.Inject(slacksim.Fault{Method: method, Times: 1, Apply: true, CloseSocket: true})
		e := bridge.AsSurfaceError(w.a.Tell(w.ctx(), w.account(w.anders.ID()), unread()))
		if e == nil || e.Uncertain != uncertain {
			t.Errorf("%s: %+v", method, e)
		}
	}
}

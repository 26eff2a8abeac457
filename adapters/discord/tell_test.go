package discord

import (
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
)

// unread is a notice of what two people said.
func unread() bridge.Notice {
	at := time.Unix(1_700_000_000, 0)
	return bridge.Notice{
		News: []bridge.News{
			{ID: bridge.ID{Ticket: 12, Seq: 5}, Conversation: bridge.ID{Ticket: 12, Seq: 2}, Name: "Eve @everyone", Subject: "Refund?", TicketSubject: "Invoice", Body: "Yes, <@4711> and @here.", At: at},
			{ID: bridge.ID{Ticket: 12, Seq: 6}, Conversation: bridge.ID{Ticket: 12, Seq: 2}, Name: "Bo", Subject: "Refund?", TicketSubject: "Invoice", Body: "Twice.", At: at},
		},
		Excerpt: true, Link: func(n bridge.News) string { return "https://desk.example.org/m/" + n.ID.String() },
	}
}

// TestSomebodyIsToldInTheirDirectMessage, in one post that calls nobody and has a link to
// each message; the same notice again makes no second post.
func TestSomebodyIsToldInTheirDirectMessage(t *testing.T) {
	w := newWorld(t, worldSetup{})
	for range 2 {
		if err := w.g.Tell(t.Context(), w.g.account(w.anders.ID()), unread()); err != nil {
			t.Fatal(err)
		}
	}
	got := w.anders.Direct()
	if len(got) != 1 || len(got[0].Mentions) != 0 {
		t.Fatalf("told %+v", got)
	}
	for _, want := range []string{"2 messages that you have not read", "https://desk.example.org/m/12-5", "https://desk.example.org/m/12-6", "Twice."} {
		if !strings.Contains(got[0].Content, want) {
			t.Errorf("%q lacks %q", got[0].Content, want)
		}
	}
	for _, never := range []string{"<@4711>", "@everyone", "@here"} {
		if strings.Contains(got[0].Content, never) {
			t.Errorf("%q has %q", got[0].Content, never)
		}
	}
	if other := w.sim.AddUser(discordsim.UserSpec{Name: "eve"}).Direct(); len(other) != 0 {
		t.Errorf("somebody else is told %+v", other)
	}
}

// TestWhoTakesNoDirectMessagesIsNoTrouble of the workspace: the account is refused for
// good, with a remedy, and nobody was told.
func TestWhoTakesNoDirectMessagesIsNoTrouble(t *testing.T) {
	w := newWorld(t, worldSetup{})
	w.anders.CloseDirect(true)
	for _, to := range []string{w.anders.ID(), "4711"} {
		e := bridge.AsSurfaceError(w.g.Tell(t.Context(), w.g.account(to), unread()))
		if e.Class != bridge.Rejected && e.Class != bridge.Gone || e.Uncertain || e.Remedy == "" {
			t.Errorf("to %s: %+v", to, e)
		}
	}
	w.anders.CloseDirect(false)
	if err := w.g.Tell(t.Context(), w.g.account(w.anders.ID()), unread()); err != nil || len(w.anders.Direct()) != 1 {
		t.Errorf("when they take them again: %v, %+v", err, w.anders.Direct())
	}
}

// TestALostAnswerToANoticeIsUncertain once it may have been posted, and certain before.
func TestALostAnswerToANoticeIsUncertain(t *testing.T) {
	w := newWorld(t, worldSetup{})
	for route, uncertain := range map[string]bool{"users/@me/channels": false, "channels/:id/messages": true} {
		w.sim.Inject(discordsim.Fault{Method: "POST", Route: route, Times: 1, Apply: true, CloseSocket: true})
		e := bridge.AsSurfaceError(w.g.Tell(t.Context(), w.g.account(w.anders.ID()), unread()))
		if e == nil || e.Uncertain != uncertain {
			t.Errorf("%s: %+v", route, e)
		}
	}
}

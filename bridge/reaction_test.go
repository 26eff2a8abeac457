package bridge_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// question is the ref of the question that bound has shown.
const question = "1700000000.000002"

func reaction(kind bridge.InboundKind, ref, who, emoji string) *bridge.Inbound {
	in := heard(kind, ref, "", "")
	in.Emoji, in.Source.Thread = emoji, "" // some platforms do not say in which thread
	in.Author.ID, in.AuthorName = who, who
	if who == "" {
		in.Author = bridge.Account{}
	}
	return in
}

// TestAReactionIsRecordedOnce: adding what is there and taking back what is not is no news.
func TestAReactionIsRecordedOnce(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, mirror := bound(t, m)
	said := m.Said(conv)[0].ID
	for i, c := range []struct {
		in   bridge.Command
		want bridge.Outcome
		left string
	}{
		{reaction(bridge.InReact, question, "U1", "👍"), bridge.Accepted, "👍 U1"},
		{reaction(bridge.InReact, question, "U1", "👍"), bridge.Ignored, "👍 U1"},
		{reaction(bridge.InReact, question, "U2", "👍"), bridge.Accepted, "👍 U1, 👍 U2"},
		{&bridge.React{Actor: alice, Message: said, Emoji: ":ours:", On: true}, bridge.Accepted, "👍 U1, 👍 U2, :ours: Alice"},
		{&bridge.React{Actor: alice, Message: said, Emoji: ":ours:", On: true}, bridge.Ignored, "👍 U1, 👍 U2, :ours: Alice"},
		{reaction(bridge.InUnreact, question, "U1", "🎉"), bridge.Ignored, "👍 U1, 👍 U2, :ours: Alice"},
		{reaction(bridge.InUnreact, question, "U1", "👍"), bridge.Accepted, "👍 U2, :ours: Alice"},
		{reaction(bridge.InReact, question, "U1", "two words"), bridge.Ignored, "👍 U2, :ours: Alice"},
		{reaction(bridge.InReact, question, "U1", strings.Repeat("x", 200)), bridge.Ignored, "👍 U2, :ours: Alice"},
		{reaction(bridge.InReact, question, "", "👍"), bridge.Ignored, "👍 U2, :ours: Alice"},
		{reaction(bridge.InReact, "1700000000.000777", "U1", "👍"), bridge.NotOurs, "👍 U2, :ours: Alice"},
		{reaction(bridge.InReact, question, "U3", "🎉"), bridge.Accepted, "👍 U2, :ours: Alice, 🎉 U3"},
		{reaction(bridge.InUnreact, question, "", "🎉"), bridge.Accepted, "👍 U2, :ours: Alice"}, // a moderator cleared one
		{reaction(bridge.InUnreact, question, "", ""), bridge.Accepted, ":ours: Alice"},        // … and all
		{reaction(bridge.InUnreact, question, "", ""), bridge.Ignored, ":ours: Alice"},
		{&bridge.React{Actor: alice, Message: said, Emoji: ":ours:"}, bridge.Accepted, ""},
		{&bridge.DeleteMessage{Actor: alice, Message: said}, bridge.Accepted, ""},
		{reaction(bridge.InReact, question, "U1", "👍"), bridge.Ignored, ""},
	} {
		res := must(t, m, c.in)
		if left := strings.Join(m.Said(conv)[0].Reactions, ", "); res.Outcome != c.want || left != c.left {
			t.Errorf("step %d: %+v leaves %q, want %s and %q", i, res, left, c.want, c.left)
		}
	}
	echo := reaction(bridge.InReact, question, "B", "👍")
	echo.Ours = true
	if res := must(t, m, echo); res.Outcome != bridge.Echo {
		t.Errorf("our own bot's reaction: %+v", res)
	}
	if got := m.Mirrors()[0]; got.ID != mirror.ID || got.Parked != "" {
		t.Errorf("the mirror is %+v", got)
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func TestOnlyAPersonReactsToWhatIsThere(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	said := m.Said(conv)[0].ID
	for want, c := range map[error]bridge.React{
		bridge.ErrForbidden: {Actor: bridge.System(), Message: said, Emoji: "👍", On: true},
		bridge.ErrInvalid:   {Actor: alice, Message: said, Emoji: " ", On: true},
		bridge.ErrNotFound:  {Actor: alice, Message: bridge.ID{Ticket: said.Ticket, Seq: 99}, Emoji: "👍", On: true},
	} {
		if _, err := m.Append(t.Context(), &c); !errors.Is(err, want) {
			t.Errorf("%+v: %v, want %v", c, err, want)
		}
	}
}

// TestAReactionToTheCardIsAGesture of whoever may make it, through the desk that owns the ticket.
func TestAReactionToTheCardIsAGesture(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	agent := reaction(bridge.InReact, root, "U-agent", "").Author
	m.Link(bridge.Known{Account: agent, Person: "bob", Role: bridge.RoleAgent, Name: "Bob"})
	r := &bridge.Receiver{Log: m, Desk: m.Desk(), Directory: m}
	state := func() (assignee string, isOpen bool) {
		m.Look(func(st *bridge.State) {
			assignee, isOpen = st.Tickets[conv.Ticket].Assignee, st.Conversations[conv].Open
		})
		return assignee, isOpen
	}
	for i, c := range []struct {
		in       *bridge.Inbound
		want     bridge.Outcome
		assignee string
		open     bool
	}{
		{reaction(bridge.InReact, root, "U1", "👀"), bridge.Ignored, "", true}, // nobody we know
		{reaction(bridge.InReact, question, "U-agent", "👀"), bridge.Accepted, "", true},
		{reaction(bridge.InReact, root, "U-agent", "👍"), bridge.Ignored, "", true},
		{reaction(bridge.InReact, root, "U-agent", "👀"), bridge.Accepted, "bob", true},
		{reaction(bridge.InReact, root, "U-agent", "👀"), bridge.Ignored, "bob", true}, // heard again
		{reaction(bridge.InUnreact, root, "U-agent", "👀"), bridge.Accepted, "bob", true},
		{reaction(bridge.InUnreact, root, "U-agent", "👍"), bridge.Ignored, "bob", true},
		{reaction(bridge.InReact, root, "U1", "✅\uFE0F"), bridge.Accepted, "bob", false},
		{reaction(bridge.InReact, root, "U1", "✅\uFE0F"), bridge.Ignored, "bob", false},
		{reaction(bridge.InReact, root, "U2", "✅"), bridge.Accepted, "bob", false},
		{reaction(bridge.InUnreact, root, "U2", "✅"), bridge.Accepted, "bob", false},
	} {
		res, err := r.Accept(t.Context(), *c.in)
		if assignee, open := state(); err != nil || res.Outcome != c.want || assignee != c.assignee || open != c.open {
			t.Errorf("step %d: %+v, %v; the ticket is %q's, open %t", i, res, err, assignee, open)
		}
	}
	if n := len(m.Said(conv)[0].Reactions); n != 1 {
		t.Errorf("the question has %d reactions, want 1", n)
	}
	must(t, m, &bridge.SetState{Actor: alice, Conversation: conv, Open: true})
	// A listing tells of the reaction that is still there: it closes nothing again.
	if res := must(t, m, reaction(bridge.InReact, root, "U1", "✅\uFE0F")); res.Outcome != bridge.Ignored {
		t.Errorf("heard again after it was reopened: %+v", res)
	}
	must(t, m, reaction(bridge.InUnreact, root, "", "")) // a moderator clears them all
	must(t, m, reaction(bridge.InReact, root, "U1", "✅\uFE0F"))
	if _, open := state(); open {
		t.Error("given once more, it does not close")
	}
	must(t, m, &bridge.SetState{Actor: alice, Conversation: conv, Open: true})
	m.ReactionRules(false)
	if res := must(t, m, reaction(bridge.InReact, root, "U4", "✅")); res.Outcome != bridge.Ignored {
		t.Errorf("switched off: %+v", res)
	}
	must(t, m, ours(bridge.InDelete, root, "", ""))
	m.ReactionRules(true)
	if res := must(t, m, reaction(bridge.InReact, root, "U4", "✅")); res.Outcome != bridge.Ignored {
		t.Errorf("on a card that is gone: %+v", res)
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestATakeThatWasNotRecordedIsMadeAgain: the platform sends the reaction again, and
// the ticket is taken once.
func TestATakeThatWasNotRecordedIsMadeAgain(t *testing.T) {
	f := &bridgetest.Faults{}
	m := bridgetest.NewMemory(f)
	conv, _ := bound(t, m)
	look := reaction(bridge.InReact, root, "U-agent", "👀")
	look.Key = "event 1"
	m.Link(bridge.Known{Account: look.Author, Person: "bob", Role: bridge.RoleAgent, Name: "Bob"})
	r := &bridge.Receiver{Log: m, Desk: m.Desk(), Directory: m}
	f.Next("append gestureDone", 1, bridgetest.Refused())
	if res, err := r.Accept(t.Context(), *look); err == nil {
		t.Errorf("answered %+v", res)
	}
	for range 2 {
		if _, err := r.Accept(t.Context(), *look); err != nil {
			t.Error(err)
		}
	}
	taken, recorded := 0, 0
	for _, e := range m.Entries(conv.Ticket) {
		switch e.Kind {
		case bridge.TicketChanged:
			taken++
		case bridge.ReactionAdded:
			recorded++
		}
	}
	if taken != 1 || recorded != 1 {
		t.Errorf("taken %d times, recorded %d times", taken, recorded)
	}
}

// viewing notes the views that an adapter is asked to plan, and the tokens it gets.
type viewing struct {
	bridge.Surface
	mu     sync.Mutex
	views  []bridge.View
	tokens []string
}

func (v *viewing) Plan(view bridge.View) []bridge.Call {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.views = append(v.views, view)
	return v.Surface.Plan(view)
}

func (v *viewing) Deliver(ctx context.Context, a bridge.Attempt) (bridge.Receipt, error) {
	v.mu.Lock()
	v.tokens = append(v.tokens, a.Token)
	v.mu.Unlock()
	return v.Surface.Deliver(ctx, a)
}

// bring lets a relay with this surface bring everything forward.
func (v *viewing) bring(t *testing.T, w *bridgetest.World) {
	t.Helper()
	m := w.Memory.Reopen()
	r := bridge.NewRelay(bridge.RelayOptions{Store: m, Desk: m.Desk(), Bell: m.Bell()}, bridge.Port{Surface: v, Workspace: "W1"})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.Run(ctx) })
	if !w.Until(time.Minute, w.Memory.Idle) {
		t.Error("something is left to do")
	}
	cancel()
	wg.Wait()
}

// TestAnAdapterIsToldTheCard: the root, the post in an attached thread, or that there is none.
func TestAnAdapterIsToldTheCard(t *testing.T) {
	in(t, []string{"billing", "legal"}, func(t *testing.T, w *bridgetest.World) {
		chat := w.Chats[0]
		began := chat.Say("Anders", "legal", "", "how it began")
		conv := ask(t, w, "billing", "zero")
		must(t, w.Memory.With(nil), &bridge.AttachThread{
			Actor: alice, Ticket: conv.Ticket, Subject: "s", Target: bridge.Target{Place: chat.Place("legal")}, Thread: began,
		})
		d := w.Start(t.Context())
		w.Until(time.Minute, w.Memory.Idle)
		d.Stop()
		v := &viewing{Surface: chat.Connect(bridgetest.NewLife(), nil)}
		change := func(status string) (cards []string) {
			v.views = nil
			must(t, w.Memory.With(nil), &bridge.ChangeTicket{Actor: alice, Ticket: conv.Ticket, Status: status})
			v.bring(t, w)
			for _, view := range v.views {
				cards = append(cards, view.Card)
			}
			slices.Sort(cards)
			return cards
		}
		root, card := chat.Roots("billing")[0].Ref, ""
		for _, p := range chat.Thread("legal", began) {
			if p.Ours {
				card = p.Ref
			}
		}
		want := []string{root, card}
		slices.Sort(want)
		if got := change(bridge.StatusPending); !slices.Equal(got, want) || card == "" {
			t.Errorf("the cards are %q, want %q", got, want)
		}
		gone := &bridge.Inbound{Kind: bridge.InDelete, Ours: true, ThreadLives: true, Source: bridge.Source{
			Surface: "chat", Workspace: "W1", Channel: "billing", Thread: root, Ref: root,
		}}
		must(t, w.Memory.With(nil), gone)
		if got := change(bridge.StatusSolved); !slices.Equal(got, []string{"", card}) {
			t.Errorf("with the root gone the cards are %q, want only %q", got, card)
		}
	})
}

// TestADeliveryTokenFitsEveryPlatform: 24 characters that are nowhere special.
func TestADeliveryTokenFitsEveryPlatform(t *testing.T) {
	in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
		ask(t, w, "billing", "zero")
		v := &viewing{Surface: w.Chats[0].Connect(bridgetest.NewLife(), nil)}
		v.bring(t, w)
		form := regexp.MustCompile(`^[A-Z2-7]{24}$`)
		for _, token := range v.tokens {
			if !form.MatchString(token) {
				t.Errorf("the token is %q", token)
			}
		}
		if len(v.tokens) != 2 || v.tokens[0] == v.tokens[1] {
			t.Errorf("the tokens are %q", v.tokens)
		}
	})
}

// TestAGuestsReactionToTheCardDoesNothing, while one to a message is one like another.
func TestAGuestsReactionToTheCardDoesNothing(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	for ref, want := range map[string]bridge.Outcome{root: bridge.Ignored, question: bridge.Accepted} {
		in := reaction(bridge.InReact, ref, "U1", "✅")
		in.Guest = true
		if res := must(t, m, in); res.Outcome != want {
			t.Errorf("to %s: %+v", ref, res)
		}
	}
	m.Look(func(st *bridge.State) {
		if !st.Conversations[conv].Open {
			t.Error("a guest closed the conversation")
		}
	})
}

// TestWhatAListingShowsGivesWayToWhatIsRecordedSince: it may be on its way to the log
// while the event that takes a reaction back, or makes it, is recorded.
func TestWhatAListingShowsGivesWayToWhatIsRecordedSince(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	listed := func(kind bridge.InboundKind) *bridge.Inbound {
		in := reaction(kind, question, "U1", "👍")
		in.AsOf = bridge.ID{Ticket: conv.Ticket, Seq: m.Mirrors()[0].Head}
		return in
	}
	must(t, m, reaction(bridge.InReact, question, "U1", "👍"))
	there, notThere := listed(bridge.InReact), listed(bridge.InUnreact)
	must(t, m, reaction(bridge.InUnreact, question, "U1", "👍"))
	if res := must(t, m, there); res.Outcome != bridge.Ignored {
		t.Errorf("one that was taken back since: %+v", res)
	}
	must(t, m, reaction(bridge.InReact, question, "U1", "👍"))
	if res := must(t, m, notThere); res.Outcome != bridge.Ignored {
		t.Errorf("the lack of one that was made since: %+v", res)
	}
	if res := must(t, m, listed(bridge.InUnreact)); res.Outcome != bridge.Accepted {
		t.Errorf("the lack of one that a later listing shows: %+v", res)
	}
	if res := must(t, m, listed(bridge.InReact)); res.Outcome != bridge.Accepted {
		t.Errorf("one that a later listing shows: %+v", res)
	}
}

// TestAReactionTakenBackWhileItIsListedStaysGone.
func TestAReactionTakenBackWhileItIsListedStaysGone(t *testing.T) {
	in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
		d := w.Start(t.Context())
		conv := ask(t, w, "billing", "why?")
		w.Until(time.Minute, w.Memory.Idle)
		chat := w.Chats[0]
		ref := chat.Say("Anders", "billing", w.Memory.Mirrors()[0].Thread, "because")
		chat.React("Anders", ref, "👍", true)
		w.Until(time.Minute, func() bool { s := w.Memory.Said(conv); return len(s) == 2 && len(s[1].Reactions) == 1 })
		chat.Cut()
		w.Faults.Next("list page", 1, bridgetest.Slowly(10*time.Second))
		chat.Join()
		<-time.After(5 * time.Second)
		chat.React("Anders", ref, "👍", false)
		<-time.After(10 * time.Second)
		d.Stop()
		if got := w.Memory.Said(conv)[1].Reactions; len(got) != 0 {
			t.Errorf("the record has %q", got)
		}
	})
}

package bridge_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// TestAnyCommandsLeaveAConsistentLog runs random commands. Whatever they are, every
// chain verifies and every row is what its entries say, no cursor goes back or past
// its head, and a decision needs no other rows than it names.
func TestAnyCommandsLeaveAConsistentLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := bridgetest.NewMemory(nil)
		m.Settings(rapid.Bool().Draw(t, "reopen on reply"), rapid.Bool().Draw(t, "customer webhook"))
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "pick") }
		for i := range rapid.IntRange(1, 80).Draw(t, "commands") {
			var c bridge.Command
			m.Look(func(st *bridge.State) {
				if c = beginning(i, st); c == nil {
					c = randomCommand(pick, st)
				}
			})
			var before *bridge.State
			m.Look(func(st *bridge.State) { before = clone(st) })
			res, err := m.Append(t.Context(), c)
			m.Look(func(st *bridge.State) { checkDecision(t, c, res, err, before, st) })
		}
		if wrong := m.Verify(); len(wrong) > 0 {
			t.Fatal(wrong)
		}
	})
}

// checkDecision checks what one answer promises.
func checkDecision(t *rapid.T, c bridge.Command, res bridge.Result, err error, before, after *bridge.State) {
	switch {
	case err != nil:
		if res != (bridge.Result{}) {
			t.Fatalf("%T failed with %v and answers %+v", c, err, res)
		}
		if diff := cmp.Diff(clone(before), clone(after)); diff != "" {
			t.Fatalf("%T failed with %v and changed something:\n%s", c, err, diff)
		}
	case res.Outcome == bridge.Duplicate, res.Outcome == bridge.NotOurs:
		// A Settle of what an echo settled may find that there are two.
		if heads(before) != heads(after) {
			t.Fatalf("%T is %s (%s) and added an entry", c, res.Outcome, res.Why)
		}
	}
}

func heads(st *bridge.State) string {
	out := map[int64]int64{}
	for id, tk := range st.Tickets {
		out[id] = tk.Head
	}
	return fmt.Sprint(out)
}

// clone copies the rows of a State, not what a transaction adds to them.
func clone(st *bridge.State) *bridge.State {
	out := bridge.NewState(time.Time{})
	out.Tickets, out.Conversations, out.Mirrors = rows(st.Tickets), rows(st.Conversations), rows(st.Mirrors)
	out.Messages, out.Copies, out.Deliveries = rows(st.Messages), rows(st.Copies), rows(st.Deliveries)
	out.Reactions = rows(st.Reactions)
	out.Files, out.Accounts, out.Keys = rows(st.Files), rows(st.Accounts), maps.Clone(st.Keys)
	return out
}

func rows[K comparable, T any](m map[K]*T) map[K]*T {
	out := make(map[K]*T, len(m))
	for k, v := range m {
		c := *v
		out[k] = &c
	}
	return out
}

// TestNothingButAnAgentsReplyReachesTheCustomer tries 10,000 random histories: no
// entry that the customer gets comes from anything but an agent's own reply.
func TestNothingButAnAgentsReplyReachesTheCustomer(t *testing.T) {
	replies := 0
	for seed := range uint64(10_000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		st := bridge.NewState(time.Unix(1_700_000_000, 0))
		st.CustomerWebhook = true
		for i := range 25 {
			c := beginning(i, st)
			if c == nil {
				c = randomCommand(rng.IntN, st)
			}
			if create, ok := c.(*bridge.CreateTicket); ok {
				create.SetTicket(int64(len(st.Tickets) + 1))
			}
			st.Entries = nil
			if _, err := bridge.Decide(st, c); err != nil && len(st.Entries) > 0 {
				t.Fatalf("history %d: %T failed with %v and added %d entries", seed, c, err, len(st.Entries))
			}
			for _, e := range st.Entries {
				if !reachesCustomer(st, e) {
					continue
				}
				reply, ok := c.(*bridge.ReplyToCustomer)
				if !ok || reply.Actor.Role != bridge.RoleAgent && reply.Actor.Role != bridge.RoleAdmin || e.Words.Body == "" && len(e.Facts.Files) == 0 {
					t.Fatalf("history %d: %T made entry %d for the customer: %s %+v", seed, c, e.Seq, e.Kind, e.Facts)
				}
				replies++
			}
		}
	}
	if replies < 300 {
		t.Errorf("only %d replies in all histories: they prove little", replies)
	}
}

// beginning gives a history something to be about: a ticket, a conversation in two
// channels, the thread of one of them with the question in it.
func beginning(i int, st *bridge.State) bridge.Command {
	var mirror *bridge.Mirror
	for _, id := range ids(st.Mirrors) {
		if m := st.Mirrors[id]; m.Conversation != 0 && (mirror == nil || m.Thread != "") {
			mirror = m
		}
	}
	if i > 1 && mirror == nil {
		return nil
	}
	switch i {
	case 0:
		return &bridge.CreateTicket{Actor: bridge.System(), Subject: "Billed twice", Body: "Help"}
	case 1:
		return &bridge.StartConversation{Actor: alice, Ticket: 1, Subject: "s", Body: "b", Targets: []bridge.Target{{Place: places[0]}, {Place: places[1]}}}
	case 2:
		return &bridge.Begin{Key: bridge.DeliveryKey{Mirror: mirror.ID, Seq: mirror.Head}, Token: "root", Call: bridge.Call{Verb: bridge.VerbPost, Root: true}}
	case 3:
		return &bridge.Settle{Key: bridge.DeliveryKey{Mirror: mirror.ID, Seq: mirror.Head}, Token: "root", Receipt: bridge.Receipt{Ref: "1000"}}
	case 4:
		return &bridge.Begin{Key: bridge.DeliveryKey{Mirror: mirror.ID, Seq: mirror.Head, Part: 1}, Token: "first", Call: bridge.Call{Verb: bridge.VerbPost, Message: mirror.Head}}
	case 5:
		return &bridge.Settle{Key: bridge.DeliveryKey{Mirror: mirror.ID, Seq: mirror.Head, Part: 1}, Token: "first", Receipt: bridge.Receipt{Ref: "1011", Print: "p1"}}
	}
	return nil
}

// reachesCustomer reports whether an entry is one that the customer gets: one that
// says so, or one with words that moved the head of the customer's own reader.
func reachesCustomer(st *bridge.State, e *bridge.Entry) bool {
	if e.Kind == bridge.CustomerReply || e.Kind.Reach() == bridge.ReachDesk {
		return true
	}
	for _, m := range st.Mirrors {
		if m.ID.Ticket == e.Ticket && m.Conversation == 0 && m.Head == e.Seq && e.Kind.Reach() != bridge.ReachMirror {
			return true
		}
	}
	return false
}

// TestTheSameRequestTwiceIsOneEntry: every command with a key answers Duplicate the
// second time, with the same ID.
func TestTheSameRequestTwiceIsOneEntry(t *testing.T) {
	commands := func(ticket int64, conv bridge.ID) []bridge.Command {
		return []bridge.Command{
			&bridge.CreateTicket{Actor: alice, Subject: "s", Body: "b", Key: "create"},
			&bridge.CustomerMessage{Actor: alice, Ticket: ticket, Body: "b", Key: "customer"},
			&bridge.ReplyToCustomer{Actor: alice, Ticket: ticket, Body: "b", Key: "reply"},
			&bridge.WriteNote{Actor: alice, Ticket: ticket, Body: "b", Key: "note"},
			&bridge.ChangeTicket{Actor: alice, Ticket: ticket, Status: "pending", Key: "change"},
			&bridge.StartConversation{Actor: alice, Ticket: ticket, Subject: "s", Body: "b", Key: "start"},
			&bridge.PostMessage{Actor: alice, Conversation: conv, Body: "b", Key: "post"},
			&bridge.AttachThread{Actor: alice, Ticket: ticket, Subject: "s", Target: bridge.Target{Place: places[1]}, Thread: "1.5", Key: "attach"},
		}
	}
	m := bridgetest.NewMemory(nil)
	conv := open(t, m)
	for _, c := range commands(conv.Ticket, conv) {
		first, err := m.Append(t.Context(), c)
		if err != nil || first.Outcome != bridge.Accepted {
			t.Fatalf("%T: %+v, %v", c, first, err)
		}
		var before string
		m.Look(func(st *bridge.State) { before = heads(st) })
		again, err := m.Append(t.Context(), c)
		if err != nil || again.Outcome != bridge.Duplicate || again.ID != first.ID {
			t.Errorf("%T again: %+v, %v, want the duplicate of %s", c, again, err, first.ID)
		}
		m.Look(func(st *bridge.State) {
			if got := heads(st); got != before {
				t.Errorf("%T again added an entry: %s, then %s", c, before, got)
			}
		})
	}
}

// open makes a ticket with a conversation mirrored to places[0], without a thread.
func open(t testing.TB, m *bridgetest.Memory) bridge.ID {
	t.Helper()
	ticket := must(t, m, &bridge.CreateTicket{Actor: bridge.System(), Subject: "Billed twice", Requester: "Carl", Body: "Help"}).ID.Ticket
	return must(t, m, &bridge.StartConversation{
		Actor: alice, Ticket: ticket, Subject: "Who knows?", Body: "Can you look?", Targets: []bridge.Target{{Place: places[0]}},
	}).ID
}

func must(t testing.TB, l bridge.Log, c bridge.Command) bridge.Result {
	t.Helper()
	res, err := l.Append(t.Context(), c)
	if err != nil {
		t.Fatalf("%T: %v", c, err)
	}
	return res
}

func TestEveryKindHasAReachAndAName(t *testing.T) {
	if bridge.Kind("odd").Known() || bridge.Kind("odd").Reach() != bridge.ReachNobody {
		t.Error("an unknown kind is known, or reaches somebody")
	}
	if !bridge.MessagePosted.Known() || !reflect.DeepEqual(bridge.MessagePosted.Reach(), bridge.ReachConversation) {
		t.Error("a message does not reach its conversation")
	}
}

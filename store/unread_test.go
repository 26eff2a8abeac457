package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// reader adds a person and returns how the log names them.
func reader(t *testing.T, s *store.Store, name string, role bridge.Role) bridge.Actor {
	t.Helper()
	id, err := s.CreatePerson(t.Context(), bridge.Known{Name: name, Role: role, Account: bridge.Account{Surface: "web", ID: name + "@example.org"}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	return bridge.Actor{Person: id, Role: role, Name: name, Account: bridge.Account{Surface: "web", ID: id}}
}

// asking begins a conversation on a new ticket, whose thread is root.
func asking(t *testing.T, s *store.Store, by bridge.Actor, root string) bridge.ID {
	t.Helper()
	ticket := must(t, s, &bridge.CreateTicket{Subject: "Ticket " + root, Requester: "Carl", Body: "help"}).ID.Ticket
	conv := must(t, s, &bridge.StartConversation{Actor: by, Ticket: ticket, Subject: "Q", Targets: []bridge.Target{{Place: billing}}, Body: "?"}).ID
	key := bridge.DeliveryKey{Mirror: bridge.ID{Ticket: ticket, Seq: conv.Seq + 1}, Seq: conv.Seq + 1}
	must(t, s, &bridge.Begin{Key: key, Token: "root" + root, Call: bridge.Call{Verb: bridge.VerbPost, Root: true, Last: true}})
	must(t, s, &bridge.Settle{Key: key, Token: "root" + root, Receipt: bridge.Receipt{Ref: root}})
	return conv
}

// unread asserts how many messages of a conversation somebody has not read, and that
// their list of unread tickets agrees.
func unread(t *testing.T, s *store.Store, who bridge.Actor, conv bridge.ID, want int64) {
	t.Helper()
	got, err := s.Readings(t.Context(), who.Person, conv.Ticket)
	if err != nil || got[conv].Unread != want {
		t.Errorf("%s has %d unread in %s, want %d; %v", who.Name, got[conv].Unread, conv, want, err)
	}
	st, readings, err := s.Inbox(t.Context(), bridge.InboxQuery{Person: who.Person, View: bridge.InboxUnread, Limit: 50})
	if err != nil || (st.Tickets[conv.Ticket] != nil) != (want > 0) || readings[conv].Unread != want {
		t.Errorf("%s's unread tickets are %v with %v, want %d of %s; %v", who.Name, st.Tickets, readings, want, conv, err)
	}
	n, err := s.Unread(t.Context(), who.Person, 10)
	if err != nil || n != min(int64(len(st.Tickets)), 10) {
		t.Errorf("%d unread tickets are counted, the list has %d; %v", n, len(st.Tickets), err)
	}
}

func TestAReplyIsUnreadForWhoAskedUntilTheyReadIt(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		bob, ada := reader(t, s, "Bob", bridge.RoleAgent), reader(t, s, "Ada", bridge.RoleAdmin)
		conv := asking(t, s, bob, "1.1")
		unread(t, s, bob, conv, 0) // one's own words are read
		first := must(t, s, reply(billing, "1.1", "1.2", "Yes")).ID
		unread(t, s, bob, conv, 1)
		unread(t, s, ada, conv, 0) // it is not hers to follow
		second := must(t, s, reply(billing, "1.1", "1.3", "Twice")).ID
		unread(t, s, bob, conv, 2)
		reads(t, s, bob, conv, first.Seq)
		unread(t, s, bob, conv, 1)
		reads(t, s, bob, conv, first.Seq-1) // a page that comes late takes nothing back
		unread(t, s, bob, conv, 1)
		reads(t, s, bob, conv, 1<<40) // what is not said yet cannot be read
		unread(t, s, bob, conv, 0)
		third := reply(billing, "1.1", "1.4", "And again")
		must(t, s, third)
		unread(t, s, bob, conv, 1)
		third.Kind, third.Body = bridge.InDelete, ""
		must(t, s, third)
		unread(t, s, bob, conv, 0) // a message that is gone waits for nobody
		if err := s.MarkUnread(t.Context(), bob.Person, second); err != nil {
			t.Error(err)
		}
		unread(t, s, bob, conv, 1)
		must(t, s, &bridge.SetState{Actor: ada, Conversation: conv, Open: false})
		unread(t, s, bob, conv, 0) // closing settles it
		must(t, s, reply(billing, "1.1", "1.5", "One thing more"))
		unread(t, s, bob, conv, 2)
	})
}

func reads(t *testing.T, s *store.Store, who bridge.Actor, conv bridge.ID, upto int64) {
	t.Helper()
	if err := s.MarkRead(t.Context(), who.Person, conv, upto); err != nil {
		t.Error(err)
	}
}

func TestWhoeverHasTheTicketOrWroteFollowsTheConversation(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		bob, ada, eve := reader(t, s, "Bob", bridge.RoleAgent), reader(t, s, "Ada", bridge.RoleAdmin), reader(t, s, "Eve", bridge.RoleAgent)
		conv := asking(t, s, bob, "1.1")
		must(t, s, reply(billing, "1.1", "1.2", "Yes"))
		reads(t, s, eve, conv, 1<<40) // she looked
		must(t, s, &bridge.ChangeTicket{Actor: bob, Ticket: conv.Ticket, Assignee: &ada.Person})
		unread(t, s, ada, conv, 2) // also the question
		unread(t, s, eve, conv, 0)
		mine := must(t, s, &bridge.PostMessage{Actor: eve, Conversation: conv, Body: "I can help"}).ID
		reads(t, s, eve, conv, mine.Seq)
		must(t, s, reply(billing, "1.1", "1.3", "Thanks"))
		unread(t, s, eve, conv, 1)
		unread(t, s, ada, conv, 4)
		unread(t, s, bob, conv, 3)
	})
}

func TestMarkAllReadTouchesOnlyWhatIsUnread(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		bob, ada := reader(t, s, "Bob", bridge.RoleAgent), reader(t, s, "Ada", bridge.RoleAdmin)
		one, two := asking(t, s, bob, "1.1"), asking(t, s, ada, "2.1")
		must(t, s, reply(billing, "1.1", "1.2", "Yes"))
		must(t, s, reply(billing, "2.1", "2.2", "No"))
		if err := s.MarkAllRead(t.Context(), bob.Person); err != nil {
			t.Fatal(err)
		}
		unread(t, s, bob, one, 0)
		unread(t, s, ada, two, 1)
		if got, err := s.Readings(t.Context(), bob.Person, two.Ticket); err != nil || got[two].Upto != 0 {
			t.Errorf("another's conversation was touched: %v, %v", got, err)
		}
		must(t, s, reply(billing, "1.1", "1.3", "Really"))
		unread(t, s, bob, one, 1)
	})
}

func TestInboxViewsTellWhoseTurnItIs(t *testing.T) {
	now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	storetest.Both(t, store.Options{Now: func() time.Time { return now }}, func(t *testing.T, s *store.Store) {
		now = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
		bob, ada := reader(t, s, "Bob", bridge.RoleAgent), reader(t, s, "Ada", bridge.RoleAdmin)
		quiet, answered := asking(t, s, bob, "1.1"), asking(t, s, bob, "2.1")
		now = now.Add(72 * time.Hour)
		fresh, hers := asking(t, s, bob, "3.1"), asking(t, s, ada, "4.1")
		must(t, s, reply(billing, "2.1", "2.2", "Yes"))
		must(t, s, reply(billing, "4.1", "4.2", "Yes"))
		closed := asking(t, s, bob, "5.1")
		must(t, s, &bridge.SetState{Actor: bob, Conversation: closed, Open: false})
		for view, want := range map[bridge.InboxView][]int64{
			bridge.InboxForMe:      {answered.Ticket},
			bridge.InboxUnanswered: {quiet.Ticket, fresh.Ticket},
			bridge.InboxStale:      {quiet.Ticket},
			bridge.InboxUnread:     {answered.Ticket},
			"":                     {quiet.Ticket, answered.Ticket, fresh.Ticket, hers.Ticket, closed.Ticket},
		} {
			q := bridge.InboxQuery{Person: bob.Person, View: view, Quiet: now.Add(-48 * time.Hour), Limit: 10}
			st, _, err := s.Inbox(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			got := map[int64]bool{}
			for id := range st.Tickets {
				got[id] = true
			}
			wanted := map[int64]bool{}
			for _, id := range want {
				wanted[id] = true
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("view %q: %s", view, diff)
			}
			if n, err := s.CountInbox(t.Context(), q); err != nil || n != int64(len(want)) {
				t.Errorf("view %q counts %d, want %d; %v", view, n, len(want), err)
			}
		}
		must(t, s, &bridge.PostMessage{Actor: bob, Conversation: answered, Body: "And why?"})
		if n, err := s.CountInbox(t.Context(), bridge.InboxQuery{Person: bob.Person, View: bridge.InboxForMe, Limit: 10}); err != nil || n != 0 {
			t.Errorf("after asking back %d wait for Bob, want 0; %v", n, err)
		}
	})
}

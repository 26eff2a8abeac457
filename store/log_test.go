package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

var (
	alice   = bridge.Actor{Person: "p-alice", Role: bridge.RoleAgent, Account: bridge.Account{Surface: "web", ID: "p-alice"}, Name: "Alice"}
	billing = bridge.Place{Surface: "slack", Workspace: "T1", Channel: "C1"}
)

// must appends a command that is to be accepted.
func must(t *testing.T, s *store.Store, cmd bridge.Command) bridge.Result {
	t.Helper()
	res, err := s.Append(t.Context(), cmd)
	if err != nil {
		t.Fatalf("%T: %v", cmd, err)
	}
	return res
}

// thread makes a ticket with a conversation whose mirror has a thread.
func thread(t *testing.T, s *store.Store, place bridge.Place, root string) (conv, mirror bridge.ID) {
	t.Helper()
	ticket := must(t, s, &bridge.CreateTicket{Subject: "Wrong invoice", Requester: "Carl", Body: "I was billed twice"}).ID
	conv = must(t, s, &bridge.StartConversation{
		Actor: alice, Ticket: ticket.Ticket, Subject: "Billed twice?", Targets: []bridge.Target{{Place: place}}, Body: "Can you look?",
	}).ID
	mirror = bridge.ID{Ticket: conv.Ticket, Seq: conv.Seq + 1}
	key := bridge.DeliveryKey{Mirror: mirror, Seq: mirror.Seq}
	must(t, s, &bridge.Begin{Key: key, Token: "root" + root, Call: bridge.Call{Verb: bridge.VerbPost, Root: true, Last: true}})
	must(t, s, &bridge.Settle{Key: key, Token: "root" + root, Receipt: bridge.Receipt{Ref: root}})
	return conv, mirror
}

func reply(place bridge.Place, root, ref, body string) *bridge.Inbound {
	return &bridge.Inbound{
		Kind: bridge.InPost, Author: bridge.Account{Surface: place.Surface, Workspace: place.Workspace, ID: "U1"}, AuthorName: "Anders", Body: body,
		Source: bridge.Source{Surface: place.Surface, Workspace: place.Workspace, Channel: place.Channel, Thread: root, Ref: ref, Order: ref},
	}
}

func TestReplyInThreadEntersOnceHoweverOftenItComes(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		var wg sync.WaitGroup
		outcomes := make([]bridge.Outcome, 20)
		for i := range outcomes {
			wg.Go(func() {
				res, err := s.Append(context.Background(), reply(billing, "1.1", "1.2", "Yes, it was."))
				if err != nil {
					t.Error(err)
				}
				outcomes[i] = res.Outcome
			})
		}
		wg.Wait()
		count := map[bridge.Outcome]int{}
		for _, o := range outcomes {
			count[o]++
		}
		if diff := cmp.Diff(map[bridge.Outcome]int{bridge.Accepted: 1, bridge.Duplicate: 19}, count); diff != "" {
			t.Error(diff)
		}
		entries, err := s.Entries(t.Context(), bridge.SeesAll, conv.Ticket, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var posts []string
		for _, e := range entries {
			if e.Kind == bridge.MessagePosted {
				posts = append(posts, e.Words.Name+": "+e.Words.Body)
			}
		}
		if diff := cmp.Diff([]string{"Alice: Can you look?", "Anders: Yes, it was."}, posts); diff != "" {
			t.Error(diff)
		}
	})
}

func TestConcurrentAppendsGiveEachTicketAGaplessChain(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		const tickets, posts = 5, 40
		var convs []bridge.ID
		for i := range tickets {
			place := billing
			place.Channel = fmt.Sprint("C", i)
			conv, _ := thread(t, s, place, "1.1")
			convs = append(convs, conv)
		}
		var wg sync.WaitGroup
		for i := range tickets * posts {
			wg.Go(func() {
				_, err := s.Append(context.Background(), &bridge.PostMessage{Actor: alice, Conversation: convs[i%tickets], Body: fmt.Sprint(i)})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, c := range convs {
			entries, err := s.Entries(t.Context(), bridge.SeesAll, c.Ticket, 0, 1000)
			if err != nil {
				t.Fatal(err)
			}
			var prev []byte
			for i, e := range entries {
				if e.Seq != int64(i+1) {
					t.Fatalf("entry %d has seq %d", i+1, e.Seq)
				}
				if diff := cmp.Diff(bridge.ChainHash(e, prev), e.Hash); diff != "" {
					t.Fatalf("hash of %d-%d: %s", e.Ticket, e.Seq, diff)
				}
				prev = e.Hash
			}
			if want := 6 + posts; len(entries) != want {
				t.Errorf("ticket %d has %d entries, want %d", c.Ticket, len(entries), want)
			}
		}
	})
}

func TestTheDatabaseRefusesToChangeAnEntry(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		for _, sql := range []string{
			"UPDATE entries SET kind = 'x' WHERE ticket = ?", "DELETE FROM entries WHERE ticket = ?", "UPDATE contents SET bytes = salt WHERE ticket = ?",
		} {
			if _, err := s.RawExec(t.Context(), sql, conv.Ticket); err == nil {
				t.Errorf("accepted: %s", sql)
			}
		}
	})
}

func TestABadAppendDoesNotFailItsNeighbours(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				cmd := &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "fine"}
				if i%5 == 0 {
					cmd.Conversation.Seq = 9999
				}
				_, err := s.Append(context.Background(), cmd)
				if bad := i%5 == 0; bad != errors.Is(err, bridge.ErrNotFound) || !bad && err != nil {
					t.Errorf("append %d: %v", i, err)
				}
			})
		}
		wg.Wait()
	})
}

// E2, E3: whoever answers needs no seat, no account and no row made for them before.
func TestFiveHundredExpertsAnswerAndEachIsNamed(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		var wg sync.WaitGroup
		for i := range 500 {
			wg.Go(func() {
				in := reply(billing, "1.1", fmt.Sprintf("2.%03d", i), fmt.Sprint("answer ", i))
				in.Author.ID, in.AuthorName = fmt.Sprint("U", i), fmt.Sprint("Expert ", i)
				if res, err := s.Append(context.Background(), in); err != nil || res.Outcome != bridge.Accepted {
					t.Errorf("expert %d: %+v, %v", i, res, err)
				}
			})
		}
		wg.Wait()
		entries, err := s.Entries(t.Context(), bridge.SeesAll, conv.Ticket, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, e := range entries {
			if e.Facts.Source == nil {
				continue
			}
			by := e.Actor()
			if by.Name != "Expert "+by.Account.ID[1:] || by.Role != bridge.RoleExpert || e.Words.Body != "answer "+by.Account.ID[1:] {
				t.Errorf("entry %d is by %+v and says %q", e.Seq, by, e.Words.Body)
			}
			seen[by.Account.ID] = true
		}
		if len(seen) != 500 {
			t.Errorf("%d experts are in the log", len(seen))
		}
	})
}

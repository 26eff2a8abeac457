package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// telling is a notifier with a clock that stands still, and a chat that remembers.
type telling struct {
	t    *testing.T
	s    *store.Store
	n    *bridge.Notifier
	now  *time.Time
	told []string
	fail error // what the next call answers
	wish mapping.Notices
}

var bobsSlack = bridge.Account{Surface: "slack", Workspace: "T1", ID: "UBOB"}

// Tell implements bridge.Teller.
func (w *telling) Tell(_ context.Context, to bridge.Account, n bridge.Notice) error {
	if err := w.fail; err != nil {
		w.fail = nil
		return err
	}
	text := to.ID + ":"
	for _, m := range n.News {
		text += " " + m.Body
	}
	w.told = append(w.told, text)
	return nil
}

func tells(t *testing.T, f func(w *telling, bob bridge.Actor)) {
	t.Helper()
	now := time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)
	storetest.Both(t, store.Options{Now: func() time.Time { return now }}, func(t *testing.T, s *store.Store) {
		now = time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)
		w := &telling{t: t, s: s, now: &now, wish: mapping.DefaultNotices()}
		w.n = &bridge.Notifier{
			Store: s, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }, Link: func(bridge.News) string { return "" },
			Tellers: map[bridge.Place]bridge.Teller{{Surface: "slack", Workspace: "T1"}: w, {Surface: "discord", Workspace: "G1"}: w},
			Wish: func(ctx context.Context, person string) (bridge.Wish, error) {
				out := bridge.Wish{When: w.wish.When, On: func(why []string) bool { return w.wish.On(why) != "" }}
				return out, s.ChatAccounts(ctx, person, func(k bridge.Known, unreachable, _ string, _ time.Time) {
					if unreachable == "" {
						out.Accounts = append(out.Accounts, k.Account)
					}
				})
			},
		}
		bob := reader(t, s, "Bob", bridge.RoleAgent)
		if err := s.TakeAccount(t.Context(), bobsSlack, "bob", bob.Person); err != nil {
			t.Fatal(err)
		}
		f(w, bob)
	})
}

// pass lets time go by and looks once, as the holder of the lease.
func (w *telling) pass(d time.Duration) {
	w.t.Helper()
	*w.now = w.now.Add(d)
	fence, ok, err := w.s.Acquire(w.t.Context(), "notices", time.Minute)
	if err != nil || !ok {
		w.t.Fatalf("the lease: %t, %v", ok, err)
	}
	if _, err := w.n.Once(w.t.Context(), fence); err != nil {
		w.t.Fatal(err)
	}
}

func (w *telling) want(what string, told ...string) {
	w.t.Helper()
	if diff := cmp.Diff(told, w.told); diff != "" {
		w.t.Errorf("%s: %s", what, diff)
	}
}

func TestAReplyWhileNobodyReadsIsToldOnce(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		conv := asking(w.t, w.s, bob, "1.1")
		must(w.t, w.s, reply(billing, "1.1", "1.2", "Yes"))
		w.pass(59 * time.Second)
		w.want("within the grace")
		must(w.t, w.s, reply(billing, "1.1", "1.3", "Twice"))
		w.pass(time.Second)
		w.want("after the grace, one message for both", "UBOB: Yes Twice")
		w.pass(time.Hour)
		w.want("nobody is told twice", "UBOB: Yes Twice")
		last := must(w.t, w.s, reply(billing, "1.1", "1.4", "Read at once"))
		reads(w.t, w.s, bob, conv, last.Seq)
		w.pass(time.Hour)
		w.want("what was read is not told", "UBOB: Yes Twice")
		must(w.t, w.s, &bridge.PostMessage{Actor: bob, Conversation: conv, Body: "My own"})
		w.pass(time.Hour)
		w.want("nobody is told their own words", "UBOB: Yes Twice")
		must(w.t, w.s, reply(billing, "1.1", "1.5", "More"))
		w.pass(time.Hour)
		w.want("what came later is told", "UBOB: Yes Twice", "UBOB: More")
	})
}

func TestQuietHoursEndInOneDigest(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		w.wish.Quiet = &mapping.Hours{From: 10 * 60, To: 12 * 60}
		asking(w.t, w.s, bob, "1.1")
		asking(w.t, w.s, bob, "2.1")
		must(w.t, w.s, reply(billing, "1.1", "1.2", "One"))
		w.pass(10 * time.Minute)
		must(w.t, w.s, reply(billing, "2.1", "2.2", "Two"))
		w.pass(109 * time.Minute)
		w.want("in quiet hours")
		w.pass(time.Minute)
		w.want("at their end", "UBOB: One Two")
		w.pass(time.Hour)
		w.want("later", "UBOB: One Two")
	})
}

func TestADigestWaitsForSilenceOrTheHour(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		w.wish.Digest, w.wish.SilenceMinutes = mapping.DigestSilence, 10
		asking(w.t, w.s, bob, "1.1")
		must(w.t, w.s, reply(billing, "1.1", "1.2", "One"))
		w.pass(8 * time.Minute)
		must(w.t, w.s, reply(billing, "1.1", "1.3", "Two"))
		w.pass(9 * time.Minute)
		w.want("before the silence is long enough")
		w.pass(time.Minute)
		w.want("after it", "UBOB: One Two")
		w.wish.Digest, w.wish.Daily = mapping.DigestDaily, 17*60
		must(w.t, w.s, reply(billing, "1.1", "1.4", "Three"))
		w.pass(6 * time.Hour)
		w.want("before the hour", "UBOB: One Two")
		w.pass(time.Hour)
		w.want("at the hour", "UBOB: One Two", "UBOB: Three")
	})
}

func TestACallOfUnknownOutcomeIsNotMadeAgain(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		asking(w.t, w.s, bob, "1.1")
		must(w.t, w.s, reply(billing, "1.1", "1.2", "Lost"))
		w.fail = &bridge.SurfaceError{Class: bridge.Transient, Uncertain: true, Err: errors.New("reset")}
		w.pass(time.Minute)
		w.pass(time.Hour)
		w.want("after a lost answer")

		// Killed between begin and settle: the next holder leaves it.
		must(w.t, w.s, reply(billing, "1.1", "1.3", "Killed"))
		*w.now = w.now.Add(time.Minute)
		rows, err := w.s.DueParticipants(w.t.Context(), *w.now, 10)
		if err != nil || len(rows) != 1 {
			w.t.Fatalf("due: %v, %v", rows, err)
		}
		untold, err := w.s.Untold(w.t.Context(), bob.Person, 10)
		if err != nil || len(untold) != 1 {
			w.t.Fatalf("untold: %v, %v", untold, err)
		}
		must(w.t, w.s, &bridge.BeginNotice{Key: rows[0].ParticipantKey, Upto: untold[0].ID.Seq, Head: rows[0].Head})
		ctx, stop := context.WithCancel(w.t.Context())
		done := make(chan error, 1)
		go func() { done <- w.n.Run(ctx) }()
		for begun := rows; len(begun) > 0; {
			if begun, err = w.s.BegunParticipants(w.t.Context(), 10); err != nil {
				w.t.Fatal(err)
			}
		}
		stop()
		if err := <-done; err != nil {
			w.t.Fatal(err)
		}
		w.pass(time.Hour)
		w.want("after a crash")
		must(w.t, w.s, reply(billing, "1.1", "1.4", "Next"))
		w.pass(time.Hour)
		w.want("what comes then", "UBOB: Next")
	})
}

func TestACallThatToldNobodyIsMadeAgain(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		asking(w.t, w.s, bob, "1.1")
		must(w.t, w.s, reply(billing, "1.1", "1.2", "Yes"))
		w.fail = &bridge.SurfaceError{Class: bridge.RateLimited, After: 30 * time.Second}
		w.pass(time.Minute)
		w.pass(29 * time.Second)
		w.want("before the platform allows it")
		w.pass(10 * time.Second)
		w.want("afterwards", "UBOB: Yes")
	})
}

func TestWhoCannotBeToldIsToldWhyAndTheNextAccountIsUsed(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		if err := w.s.TakeAccount(w.t.Context(), bridge.Account{Surface: "discord", Workspace: "G1", ID: "77"}, "bob", bob.Person); err != nil {
			w.t.Fatal(err)
		}
		asking(w.t, w.s, bob, "1.1")
		must(w.t, w.s, reply(billing, "1.1", "1.2", "Yes"))
		w.fail = &bridge.SurfaceError{Class: bridge.Rejected, Code: "user_disabled", Remedy: "Link another."}
		w.pass(time.Minute)
		w.want("in the other chat", "77: Yes")
		var troubled []string
		err := w.s.UnreachableAccounts(w.t.Context(), func(k bridge.Known, code, remedy string, _ time.Time) {
			troubled = append(troubled, fmt.Sprint(k.Account.ID, code, remedy))
		})
		if want := []string{"UBOBuser_disabledLink another."}; err != nil || !slices.Equal(troubled, want) {
			w.t.Errorf("who cannot be told: %v, %v", troubled, err)
		}
	})
}

func TestWhoIsInTheThreadIsToldByTheirChatAlone(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		asking(w.t, w.s, bob, "1.1")
		own := reply(billing, "1.1", "1.2", "I write from Slack")
		own.Author, own.AuthorName = bobsSlack, "bob"
		must(w.t, w.s, own)
		must(w.t, w.s, reply(billing, "1.1", "1.3", "Yes"))
		w.pass(time.Hour)
		w.want("who writes in the thread")
		rows, err := w.s.DueParticipants(w.t.Context(), *w.now, 10)
		if err != nil || len(rows) > 0 {
			w.t.Errorf("still due: %v, %v", rows, err)
		}
	})
}

func TestWhoHasTheTicketIsToldAndWhoIsAskedForApprovalAtOnce(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		ada := reader(w.t, w.s, "Ada", bridge.RoleAdmin)
		conv := asking(w.t, w.s, ada, "1.1")
		must(w.t, w.s, &bridge.ChangeTicket{Actor: ada, Ticket: conv.Ticket, Assignee: &bob.Person})
		must(w.t, w.s, reply(billing, "1.1", "1.2", "Yes"))
		w.wish.Occasions = []string{mapping.OccasionMentioned}
		w.pass(time.Hour)
		w.want("on no occasion of theirs")
		w.wish.Occasions = mapping.Occasions()
		must(w.t, w.s, reply(billing, "1.1", "1.3", "Twice"))
		w.pass(time.Minute)
		w.want("who has the ticket", "UBOB: Twice")

		other := must(w.t, w.s, &bridge.StartConversation{Actor: ada, Ticket: conv.Ticket, Subject: "On the pages alone", Body: "?"}).ID
		w.told = nil
		w.pass(time.Minute)
		w.told = nil
		must(w.t, w.s, &bridge.AskApproval{Actor: ada, Conversation: other, Body: "Refund?", Approvers: []bridge.Known{{Person: bob.Person, Name: "Bob"}}})
		w.pass(0)
		w.want("who is asked", "UBOB: Refund?")
		w.pass(time.Hour)
		w.want("who is asked, later", "UBOB: Refund?")
	})
}

package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// attach makes a ticket and attaches a thread to it.
func attach(t *testing.T, s *store.Store, place bridge.Place, thread string) bridge.Result {
	t.Helper()
	ticket := must(t, s, &bridge.CreateTicket{Subject: "Wrong invoice", Requester: "Carl", Body: "I was billed twice"}).ID.Ticket
	return must(t, s, &bridge.AttachThread{Actor: alice, Ticket: ticket, Subject: "Billed twice?", Target: bridge.Target{Place: place}, Thread: thread})
}

// TestAThreadOfThreeHundredRepliesComesInWithItsTimes, once, also when it is listed again.
func TestAThreadOfThreeHundredRepliesComesInWithItsTimes(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		res := attach(t, s, billing, "1000")
		if got, err := s.Unlisted(t.Context(), billing.Surface, billing.Workspace, 10); err != nil || len(got) != 1 || got[0].ID != res.Mirror {
			t.Fatalf("to be listed: %v, %v", ids(got), err)
		}
		began := time.Now().Add(-48 * time.Hour).UnixMicro()
		cmds := make([]bridge.Command, 301)
		for i := range cmds {
			in := reply(billing, "1000", fmt.Sprint(1000+i), fmt.Sprintf("reply %d", i))
			in.Source.SentAt = began + int64(i)*1_000_000
			cmds[i] = in
		}
		for range 2 {
			if _, err := s.AppendAll(t.Context(), cmds); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := s.Entries(t.Context(), bridge.SeesAll, res.ID.Ticket, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range entries {
			if e.Kind != bridge.MessagePosted {
				continue
			}
			if want := fmt.Sprintf("reply %d", n); e.Words.Body != want || e.Facts.Source.SentAt != began+int64(n)*1_000_000 {
				t.Fatalf("message %d is %q of %d", n, e.Words.Body, e.Facts.Source.SentAt)
			}
			n++
		}
		if n != 301 {
			t.Errorf("%d messages came in", n)
		}
		r, err := s.Record(t.Context(), res.ID.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range bridge.Verify(r) {
			t.Error(f)
		}
	})
}

// TestOneThatIsRefusedHoldsUpNoneOfItsGroup, and is what AppendAll answers.
func TestOneThatIsRefusedHoldsUpNoneOfItsGroup(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, mirror := thread(t, s, billing, "1.1")
		_, err := s.AppendAll(t.Context(), []bridge.Command{
			reply(billing, "1.1", "1.2", "one"),
			&bridge.PostMessage{Actor: alice, Conversation: bridge.ID{Ticket: conv.Ticket, Seq: 999}, Body: "nowhere"},
			reply(billing, "1.1", "1.3", "two"),
		})
		if !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("answered %v", err)
		}
		copies, err := s.MirrorCopies(t.Context(), mirror)
		if err != nil || len(copies) != 3 {
			t.Errorf("%d copies, want the root and two replies (%v)", len(copies), err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.AppendAll(gone, []bridge.Command{reply(billing, "1.1", "1.4", "three")}); !errors.Is(err, context.Canceled) {
			t.Errorf("for somebody who has gone away: %v", err)
		}
	})
}

// TestTwoWhoAttachTheSameThreadAtOnce: one of them is told where it is.
func TestTwoWhoAttachTheSameThreadAtOnce(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		daemons := []*store.Store{s, s}
		if s.Options().Driver == "postgres" {
			daemons[1] = storetest.Again(t, s, "other")
		}
		for i := range 10 {
			var cmds []*bridge.AttachThread
			for range 4 {
				ticket := must(t, s, &bridge.CreateTicket{Subject: "s", Requester: "Carl", Body: "b"}).ID.Ticket
				cmds = append(cmds, &bridge.AttachThread{Actor: alice, Ticket: ticket, Subject: "s", Target: bridge.Target{Place: billing}, Thread: fmt.Sprint(2000 + i)})
			}
			var wg sync.WaitGroup
			errs := make([]error, len(cmds))
			for j, c := range cmds {
				wg.Go(func() { _, errs[j] = daemons[j%2].Append(context.Background(), c) })
			}
			wg.Wait()
			attached := 0
			for _, err := range errs {
				switch {
				case err == nil:
					attached++
				case !errors.Is(err, bridge.ErrConflict):
					t.Errorf("thread %d: %v", i, err)
				}
			}
			if attached != 1 {
				t.Errorf("thread %d was attached %d times", i, attached)
			}
		}
	})
}

func TestAThreadIsFoundWithoutItsChannel(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		_, mirror := thread(t, s, billing, "1.1")
		attach(t, s, bridge.Place{Surface: "slack", Workspace: "T1", Channel: "C2"}, "1.2")
		for place, want := range map[bridge.Place]bool{
			billing: true, {Surface: "slack", Workspace: "T1"}: true,
			{Surface: "slack", Workspace: "T1", Channel: "C2"}: false, {Surface: "slack", Workspace: "T2"}: false, {Surface: "chat", Workspace: "T1"}: false,
		} {
			got, err := s.MirrorByThread(t.Context(), place, "1.1")
			if want && (err != nil || got.ID != mirror) || !want && !errors.Is(err, bridge.ErrNotFound) {
				t.Errorf("in %s: %v, %v", place, got.ID, err)
			}
		}
		if got, err := s.MirrorByThread(t.Context(), bridge.Place{Surface: "slack", Workspace: "T1"}, ""); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("no thread: %v, %v", got.ID, err)
		}
	})
}

// TestReactionsAreKeptAndTakenAway, and are what workers, pages and auditors read.
func TestReactionsAreKeptAndTakenAway(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, mirror := thread(t, s, billing, "1.1")
		must(t, s, reply(billing, "1.1", "1.2", "Yes."))
		react := func(kind bridge.InboundKind, who, emoji string) bridge.Outcome {
			in := reply(billing, "", "1.2", "")
			in.Kind, in.Emoji, in.Author.ID, in.AuthorName = kind, emoji, who, who
			return must(t, s, in).Outcome
		}
		said := lastPost(t, s, conv)
		for _, c := range []struct{ got, want bridge.Outcome }{
			{react(bridge.InReact, "U1", "👍"), bridge.Accepted},
			{react(bridge.InReact, "U2", "👍"), bridge.Accepted},
			{react(bridge.InReact, "U1", "👍"), bridge.Ignored},
			{must(t, s, &bridge.React{Actor: alice, Message: said, Emoji: ":ours:", On: true}).Outcome, bridge.Accepted},
			{react(bridge.InUnreact, "U1", "👍"), bridge.Accepted},
			{react(bridge.InUnreact, "U1", "👍"), bridge.Ignored},
		} {
			if c.got != c.want {
				t.Errorf("it is %s, want %s", c.got, c.want)
			}
		}
		want := []string{"👍 slack U2", ":ours: web p-alice"}
		r, err := s.Record(t.Context(), conv.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, named(r.Reactions)); diff != "" {
			t.Errorf("record: %s", diff)
		}
		if found := bridge.Verify(r); len(found) > 0 {
			t.Error(found)
		}
		w, err := s.Work(t.Context(), mirror, 100)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, named(w.Reactions[said.Seq])); diff != "" {
			t.Errorf("work: %s", diff)
		}
		page, err := s.TicketPage(t.Context(), bridge.SeesAll, conv.Ticket)
		if err != nil || len(page.Reactions) != 2 {
			t.Errorf("page: %v, %v", page.Reactions, err)
		}
		clear := reply(billing, "1.1", "1.2", "")
		clear.Kind, clear.Author = bridge.InUnreact, bridge.Account{}
		must(t, s, clear) // only what was made there
		if r, err = s.Record(t.Context(), conv.Ticket); err != nil || !cmp.Equal(want[1:], named(r.Reactions)) {
			t.Errorf("cleared there, %v are left (%v)", named(r.Reactions), err)
		}
	})
}

// TestAForgedReactionIsFound: one that no entry made, and one that was taken away.
func TestAForgedReactionIsFound(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		said := lastPost(t, s, conv)
		must(t, s, &bridge.React{Actor: alice, Message: said, Emoji: "👍", On: true})
		forge := func(query string) {
			t.Helper()
			if _, err := s.RawExec(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		found := func() int {
			t.Helper()
			r, err := s.Record(t.Context(), conv.Ticket)
			if err != nil {
				t.Fatal(err)
			}
			return len(bridge.Verify(r))
		}
		if n := found(); n != 0 {
			t.Fatalf("%d findings at first", n)
		}
		forge("UPDATE reactions SET account = 'p-eve'")
		if n := found(); n != 2 {
			t.Errorf("%d findings about a changed reaction, want that one is missing and one is too many", n)
		}
		forge("DELETE FROM reactions")
		if n := found(); n != 1 {
			t.Errorf("%d findings about a removed reaction", n)
		}
	})
}

// TestAListedReactionGivesWayToItsRemoval that was recorded since the listing began.
func TestAListedReactionGivesWayToItsRemoval(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		said := must(t, s, reply(billing, "1.1", "1.2", "yes"))
		in := reply(billing, "1.1", "1.2", "")
		in.Kind, in.Emoji = bridge.InReact, "👍"
		must(t, s, in)
		listed := *in
		listed.AsOf = bridge.ID{Ticket: conv.Ticket, Seq: said.Seq}
		taken := *in
		taken.Kind = bridge.InUnreact
		gone := must(t, s, &taken)
		if res := must(t, s, &listed); res.Outcome != bridge.Ignored {
			t.Errorf("it came back: %+v", res)
		}
		listed.AsOf.Seq = gone.Seq
		if res := must(t, s, &listed); res.Outcome != bridge.Accepted {
			t.Errorf("a later listing shows it: %+v", res)
		}
	})
}

// lastPost returns the last message of a conversation.
func lastPost(t *testing.T, s *store.Store, conv bridge.ID) (id bridge.ID) {
	t.Helper()
	entries, err := s.Entries(t.Context(), bridge.SeesAll, conv.Ticket, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == bridge.MessagePosted && e.Facts.Conversation == conv.Seq {
			id = e.ID()
		}
	}
	return id
}

// named lists reactions in the order in which they were made.
func named(reactions []bridge.Reaction) (out []string) {
	slices.SortFunc(reactions, func(a, b bridge.Reaction) int { return int(a.Seq - b.Seq) })
	for _, r := range reactions {
		out = append(out, r.Emoji+" "+r.Account.Surface+" "+r.Account.ID)
	}
	return out
}

package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

func TestBehindFindsWhatMaySendNowAndNothingElse(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		_, behind := thread(t, s, benchPlace(1), "1.1")
		_, shown := thread(t, s, benchPlace(2), "1.1")
		must(t, s, &bridge.Step{Mirror: shown, Seq: shown.Seq + 1})
		_, deferred := thread(t, s, benchPlace(3), "1.1")
		must(t, s, &bridge.Defer{Key: bridge.DeliveryKey{Mirror: deferred, Seq: deferred.Seq + 1}, Until: time.Now().Add(time.Hour)})
		_, parked := thread(t, s, benchPlace(4), "1.1")
		must(t, s, &bridge.Park{Key: bridge.DeliveryKey{Mirror: parked, Seq: parked.Seq + 1}, Reason: "is_archived", Remedy: "Unarchive it."})

		got, err := s.Behind(t.Context(), "slack", "T1", 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]bridge.ID{behind}, ids(got)); diff != "" {
			t.Error(diff)
		}
		if got, err = s.Behind(t.Context(), "slack", "T2", 10); err != nil || len(got) != 0 {
			t.Errorf("another workspace has %v, %v", got, err)
		}
		if got, err = s.Parked(t.Context(), "slack", "T1", ""); err != nil || len(got) != 1 || got[0].Remedy != "Unarchive it." {
			t.Errorf("parked: %+v, %v", got, err)
		}
		must(t, s, &bridge.Resume{Actor: alice, Mirror: parked})
		if got, err = s.Behind(t.Context(), "slack", "T1", 10); err != nil || len(got) != 2 {
			t.Errorf("after resuming: %v, %v", ids(got), err)
		}
	})
}

func ids(mirrors []bridge.Mirror) (out []bridge.ID) {
	for _, m := range mirrors {
		out = append(out, m.ID)
	}
	return out
}

func TestWorkHasWhatAWorkerNeeds(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, mirror := thread(t, s, billing, "1.1")
		post := must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "More"}).ID
		must(t, s, &bridge.DeleteMessage{Actor: alice, Message: post})
		w, err := s.Work(t.Context(), mirror, 10)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []bridge.Kind
		for _, e := range w.Entries {
			if e.Kind.Reach() == bridge.ReachConversation {
				kinds = append(kinds, e.Kind)
			}
		}
		if diff := cmp.Diff([]bridge.Kind{bridge.MessagePosted, bridge.MessagePosted, bridge.MessageDeleted}, kinds); diff != "" {
			t.Error(diff)
		}
		if w.Subject != "Billed twice?" || w.StarterName != "Alice" || w.Question != "Can you look?" {
			t.Errorf("got subject %q by %q, question %q", w.Subject, w.StarterName, w.Question)
		}
		if w.Messages[post.Seq].DeletedSeq == 0 {
			t.Error("the deleted message is not marked so")
		}
		if len(w.Copies) != 1 || !w.Copies[0].Ours() || w.Mirror.Thread != "1.1" {
			t.Errorf("thread %q, copies %+v", w.Mirror.Thread, w.Copies)
		}
	})
}

func TestAStaleFenceSendsAndSettlesNothing(t *testing.T) {
	clock := time.Now()
	o := store.Options{Now: func() time.Time { return clock }}
	storetest.Both(t, o, func(t *testing.T, s *store.Store) {
		_, mirror := thread(t, s, billing, "1.1")
		old, ok, err := s.Acquire(t.Context(), "slack/T1", time.Second)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		key := bridge.DeliveryKey{Mirror: mirror, Seq: mirror.Seq + 1}
		must(t, s, &bridge.Begin{Fence: old, Key: key, Token: "t1", Call: bridge.Call{Verb: bridge.VerbPost, Last: true}})

		if err := s.FreeLeases(t.Context()); err != nil { // as after a crash of this daemon
			t.Fatal(err)
		}
		fresh, ok, err := s.Acquire(t.Context(), "slack/T1", time.Second)
		if err != nil || !ok || fresh.Number <= old.Number {
			t.Fatalf("the new life has fence %+v, the old one had %+v (%v)", fresh, old, err)
		}
		for _, cmd := range []bridge.Command{
			&bridge.Begin{Fence: old, Key: key, Token: "t2"},
			&bridge.Settle{Fence: old, Key: key, Token: "t1", Receipt: bridge.Receipt{Ref: "1.9"}},
			&bridge.Step{Fence: old, Mirror: mirror, Seq: key.Seq},
			&bridge.Park{Fence: old, Key: key, Reason: "x"},
		} {
			if _, err := s.Append(t.Context(), cmd); !errors.Is(err, bridge.ErrFenced) {
				t.Errorf("%T under a stale fence: %v", cmd, err)
			}
		}
		must(t, s, &bridge.Settle{Fence: fresh, Key: key, Token: "t1", Receipt: bridge.Receipt{Ref: "1.9"}})
	})
}

func TestALeaseIsHeldByOneUntilItRunsOut(t *testing.T) {
	for _, driver := range []string{"sqlite", "postgres"} {
		t.Run(driver, func(t *testing.T) {
			clock := time.Now()
			o := store.Options{Now: func() time.Time { return clock }, Holder: "a"}
			a := storetest.Open(t, driver, o)
			b := storetest.Again(t, a, "b")
			if _, ok, err := a.Acquire(t.Context(), "slack/T1", time.Minute); err != nil || !ok {
				t.Fatal(ok, err)
			}
			if _, ok, err := b.Acquire(t.Context(), "slack/T1", time.Minute); err != nil || ok {
				t.Fatalf("two daemons hold one lease (%v)", err)
			}
			clock = clock.Add(2 * time.Minute)
			f, ok, err := b.Acquire(t.Context(), "slack/T1", time.Minute)
			if err != nil || !ok || f.Number != 2 {
				t.Fatalf("the lease that ran out was not taken: %+v %v %v", f, ok, err)
			}
			if _, ok, err := a.Acquire(t.Context(), "slack/T1", time.Minute); err != nil || ok {
				t.Fatalf("the old holder has it still (%v)", err)
			}
		})
	}
}

func TestWhatOneDaemonCommitsRingsTheOther(t *testing.T) {
	a := storetest.Open(t, "postgres", store.Options{})
	b := storetest.Again(t, a, "b")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Listen(ctx) }() // waited for below
	deadline := time.After(20 * time.Second)
	for i := 0; ; i++ {
		rung := b.Bell().Any()
		must(t, a, &bridge.CreateTicket{Subject: fmt.Sprint(i), Requester: "r", Body: "b"})
		select {
		case <-rung:
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
			return
		case <-time.After(200 * time.Millisecond): // the connection is still being made
		case <-deadline:
			t.Fatal("the other daemon heard nothing")
		}
	}
}

func TestFilesComeBackAsTheyWere(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		for _, size := range []int{0, 1, 1 << 20, 3<<20 + 17} {
			data := make([]byte, size)
			rand.Read(data)
			hash, n, err := s.PutBlob(t.Context(), bytes.NewReader(data), 4<<20)
			if err != nil || n != int64(size) {
				t.Fatalf("size %d: %d, %v", size, n, err)
			}
			again, _, err := s.PutBlob(t.Context(), bytes.NewReader(data), 4<<20)
			if err != nil || again != hash {
				t.Fatalf("the same bytes have hash %s and %s (%v)", hash, again, err)
			}
			r, err := s.OpenBlob(t.Context(), hash)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("size %d: %d bytes came back (%v)", size, len(got), err)
			}
		}
		if _, _, err := s.PutBlob(t.Context(), bytes.NewReader(make([]byte, 11)), 10); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("a file above the limit: %v", err)
		}
		if _, err := s.OpenBlob(t.Context(), "00"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("an unknown file: %v", err)
		}
	})
}

func TestAHalfWrittenFileIsWrittenAgain(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		data := make([]byte, 2<<20)
		rand.Read(data)
		hash, _, err := s.PutBlob(t.Context(), bytes.NewReader(data), 4<<20)
		if err != nil {
			t.Fatal(err)
		}
		// As if the daemon had died before the last chunk.
		if _, err := s.RawExec(t.Context(), "DELETE FROM blobs WHERE hash = ? AND n = 1", hash); err != nil {
			t.Fatal(err)
		}
		if _, err := s.OpenBlob(t.Context(), hash); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("a half file opened: %v", err)
		}
		if _, _, err := s.PutBlob(t.Context(), bytes.NewReader(data), 4<<20); err != nil {
			t.Fatal(err)
		}
		r, err := s.OpenBlob(t.Context(), hash)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back (%v)", len(got), err)
		}
	})
}

func TestABlockedWorkspaceSaysWhyAndWhatToDo(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		if err := s.Block(t.Context(), "slack", "T1", "token_revoked", "Reinstall the app."); err != nil {
			t.Fatal(err)
		}
		reason, remedy, err := s.Blocked(t.Context(), "slack", "T1")
		if err != nil || reason != "token_revoked" || remedy != "Reinstall the app." {
			t.Error(reason, remedy, err)
		}
		if err := s.Block(t.Context(), "slack", "T1", "", ""); err != nil {
			t.Fatal(err)
		}
		if reason, _, err := s.Blocked(t.Context(), "slack", "T1"); err != nil || reason != "" {
			t.Error(reason, err)
		}
	})
}

func TestOnlyThreadsThatMayHaveNewsAreListed(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		_, open := thread(t, s, benchPlace(1), "1.1")
		conv, closed := thread(t, s, benchPlace(2), "1.1")
		must(t, s, &bridge.SetState{Actor: alice, Conversation: conv, Open: false})
		recent, err := s.Threads(t.Context(), "slack", "T1", time.Now().Add(-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]bridge.ID{open, closed}, ids(recent)); diff != "" {
			t.Error("with those closed lately:", diff)
		}
		only, err := s.Threads(t.Context(), "slack", "T1", time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]bridge.ID{open}, ids(only)); diff != "" {
			t.Error("open ones:", diff)
		}
		must(t, s, &bridge.MarkSeen{Mirror: open, Seen: "1.5"})
		if got, err := s.Unlisted(t.Context(), "slack", "T1", 10); err != nil || len(got) != 1 || got[0].ID != closed {
			t.Errorf("unlisted: %v, %v", ids(got), err)
		}
	})
}

// F21: a channel that gets another id keeps its threads, with all that is in them.
func TestAMirrorFollowsItsChannelToAnotherID(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		_, mirror := thread(t, s, billing, "1.1")
		must(t, s, reply(billing, "1.1", "1.2", "Before"))
		_, other := thread(t, s, benchPlace(2), "1.1")
		moved := billing
		moved.Channel = "C1NEW"
		must(t, s, &bridge.MoveMirror{Mirror: mirror, To: moved})

		again := reply(moved, "1.1", "1.2", "Before")
		if res := must(t, s, again); res.Outcome != bridge.Duplicate {
			t.Errorf("the old answer under the new id: %s", res.Outcome)
		}
		edit := reply(moved, "1.1", "1.2", "Before, corrected")
		edit.Kind, edit.Source.Rev = bridge.InEdit, "1.25"
		if res := must(t, s, edit); res.Outcome != bridge.Accepted {
			t.Errorf("its edit: %s", res.Outcome)
		}
		if res := must(t, s, reply(moved, "1.1", "1.3", "After")); res.Outcome != bridge.Accepted || res.Mirror != mirror {
			t.Errorf("a new answer: %+v", res)
		}
		if res := must(t, s, reply(benchPlace(2), "1.1", "1.3", "Elsewhere")); res.Mirror != other {
			t.Errorf("an answer in another channel: %+v", res)
		}
		if got, err := s.MirrorsIn(t.Context(), billing); err != nil || len(got) != 0 {
			t.Errorf("left behind: %v, %v", ids(got), err)
		}
		if got := findings(t, s, store.VerifyOptions{}); got != "" {
			t.Error(got)
		}
	})
}

package bridge_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

func press(account, action, thread string) bridge.Inbound {
	p := places[0]
	return bridge.Inbound{
		Kind: bridge.InPress, Action: action, AuthorName: "Whoever",
		Author: bridge.Account{Surface: p.Surface, Workspace: p.Workspace, ID: account},
		Source: bridge.Source{Surface: p.Surface, Workspace: p.Workspace, Channel: p.Channel, Thread: thread},
	}
}

// brokenDesk changes nothing.
type brokenDesk struct{ bridge.Desk }

func (brokenDesk) Change(context.Context, *bridge.ChangeTicket) (bridge.Result, error) {
	return bridge.Result{}, errors.New("no answer")
}

// TestReactionThatTheDeskDoesNotFollowIsTheDesksFailure, so that whoever receives need
// not hold everything up for it.
func TestReactionThatTheDeskDoesNotFollowIsTheDesksFailure(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	bound(t, m)
	p := places[0]
	in := bridge.Inbound{
		Kind: bridge.InReact, Emoji: "👀", Author: bridge.Account{Surface: p.Surface, Workspace: p.Workspace, ID: "U-agent"},
		Source: bridge.Source{Surface: p.Surface, Workspace: p.Workspace, Channel: p.Channel, Thread: root, Ref: root},
	}
	m.Link(bridge.Known{Account: in.Author, Person: "bob", Role: bridge.RoleAgent, Name: "Bob"})
	r := &bridge.Receiver{Log: m, Desk: brokenDesk{m.Desk()}, Directory: m}
	if _, err := r.Accept(t.Context(), in); !errors.Is(err, bridge.ErrDesk) {
		t.Errorf("the error is %v", err)
	}
}

// TestOnlyAnAgentTakesATicketFromAChat: who presses counts, not what they are called.
func TestOnlyAnAgentTakesATicketFromAChat(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	account := func(id string) bridge.Account {
		return bridge.Account{Surface: places[0].Surface, Workspace: places[0].Workspace, ID: id}
	}
	m.Link(bridge.Known{Account: account("U-agent"), Person: "bob", Role: bridge.RoleAgent, Name: "Bob"})
	m.Link(bridge.Known{Account: account("U-nameless"), Person: "eve", Role: bridge.RoleAdmin})
	m.Link(bridge.Known{Account: account("U-expert"), Person: "anders", Role: bridge.RoleExpert, Name: "Anders"})
	var outcomes []bridge.Outcome
	r := &bridge.Receiver{Log: m, Desk: m.Desk(), Directory: m, Count: func(o bridge.Outcome, _ string) { outcomes = append(outcomes, o) }}
	for _, c := range []struct {
		account, thread string
		want            bridge.Outcome
		assignee, why   string
	}{
		{"U-stranger", root, bridge.Ignored, "", "not linked"},
		{"U-expert", root, bridge.Ignored, "", "linked to an expert"},
		{"U-agent", "other", bridge.NotOurs, "", "no conversation"},
		{"U-agent", root, bridge.Accepted, "bob", "You have ticket #1"},
		{"U-nameless", root, bridge.Accepted, "eve", "You have ticket #1"},
	} {
		res, err := r.Accept(t.Context(), press(c.account, bridge.PressTake, c.thread))
		if err != nil || res.Outcome != c.want || !strings.Contains(res.Why, c.why) {
			t.Errorf("%s in %s: %+v, %v", c.account, c.thread, res, err)
		}
		if res.Unlinked != (c.account == "U-stranger") {
			t.Errorf("%s counts as unlinked: %v", c.account, res.Unlinked)
		}
		if got := m.Record(conv.Ticket).Ticket.Assignee; got != c.assignee {
			t.Errorf("after %s the ticket is %q's", c.account, got)
		}
	}
	if _, err := r.Accept(t.Context(), press("U-stranger", bridge.PressClose, root)); err != nil {
		t.Error(err)
	}
	if !slices.Equal(outcomes, []bridge.Outcome{bridge.Accepted}) {
		t.Errorf("counted %v", outcomes)
	}
}

// TestNothingIsAcknowledgedThatIsNotCommitted: every failing read or write is an error.
func TestNothingIsAcknowledgedThatIsNotCommitted(t *testing.T) {
	f := &bridgetest.Faults{}
	m := bridgetest.NewMemory(f)
	bound(t, m)
	r := &bridge.Receiver{Log: m, Desk: m.Desk(), Directory: m}
	m.Link(bridge.Known{Account: press("U-agent", "", "").Author, Person: "bob", Role: bridge.RoleAgent, Name: "Bob"})
	for _, fail := range []func(){
		func() { f.Next("read", 1, bridgetest.Refused()) },
		func() { f.Next("read", 1, bridgetest.Fault{}); f.Next("read", 1, bridgetest.Refused()) },
		func() { f.Next("append", 1, bridgetest.Refused()) },
	} {
		f.Clear()
		fail()
		if res, err := r.Accept(t.Context(), press("U-agent", bridge.PressTake, root)); err == nil {
			t.Errorf("answered %+v", res)
		}
	}
	f.Clear()
	f.Next("append", 1, bridgetest.Refused())
	if res, err := r.Accept(t.Context(), *heard(bridge.InPost, "1700000000.000020", "", "hello")); err == nil {
		t.Errorf("answered %+v", res)
	}
}

// TestARecoveredChannelIsProbedAtOnce: an event of the platform need not wait for
// the next round of probes.
func TestARecoveredChannelIsProbedAtOnce(t *testing.T) {
	in(t, []string{"billing", "legal"}, func(t *testing.T, w *bridgetest.World) {
		d := w.Start(t.Context())
		w.Chats[0].Archive("billing")
		ask(t, w, "billing", "zero")
		<-time.After(5 * time.Second)
		w.Chats[0].Unarchive("billing")
		d.Relay.Recovered(w.Chats[0].Place("legal"))
		d.Relay.Recovered(bridge.Place{Surface: "unknown"})
		<-time.After(5 * time.Second)
		if n := shown(w, "zero"); n != 0 {
			t.Error("another channel's event resumed it")
		}
		for range 100 {
			d.Relay.Recovered(w.Chats[0].Place("billing")) // never blocks
		}
		<-time.After(5 * time.Second)
		if n := shown(w, "zero"); n != 1 {
			t.Errorf("the question is there %d times", n)
		}
		d.Stop()
	})
}

// TestAFileThatCannotBeHadIsGivenUpWithAReason, after a while that is long enough.
func TestAFileThatCannotBeHadIsGivenUpWithAReason(t *testing.T) {
	for name, what := range map[string]bridgetest.Fault{"unavailable": bridgetest.Refused(), "is_archived": bridgetest.Archived()} {
		in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
			d := w.Start(t.Context())
			conv := ask(t, w, "billing", "zero")
			w.Until(time.Minute, w.Memory.Idle)
			w.Faults.Next("fetch", -1, what)
			w.Chats[0].Say("Anders", "billing", w.Memory.Mirrors()[0].Thread, "look", bridgetest.Attachment{Name: "a.txt", Data: []byte("x")})
			synctest.Wait()
			w.Until(24*time.Hour, w.Memory.Idle)
			d.Stop()
			entries := w.Memory.Entries(conv.Ticket)
			if last := entries[len(entries)-1]; last.Kind != bridge.FileFailed || last.Facts.Reason != name {
				t.Errorf("the last entry is %s: %q", last.Kind, last.Facts.Reason)
			}
		})
	}
}

// TestAFileThatIsTooLargeIsNotStored: the limit holds whatever the platform said.
func TestAFileThatIsTooLargeIsNotStored(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	if _, _, err := m.PutBlob(context.Background(), strings.NewReader("12345"), 4); err == nil {
		t.Error("five bytes went into four")
	}
	if _, err := m.OpenBlob(t.Context(), "none"); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("a missing file: %v", err)
	}
}

// TestAFileLargerThanTheLimitIsFetchedAtMostOnce, also when the platform lied about it.
func TestAFileLargerThanTheLimitIsFetchedAtMostOnce(t *testing.T) {
	for name, c := range map[string]struct {
		size    int64 // what the platform says
		fetches int
	}{"honest": {1000, 0}, "lying": {1, 1}} {
		in(t, []string{"billing"}, func(t *testing.T, w *bridgetest.World) {
			w.Options.MaxFile = 100
			d := w.Start(t.Context())
			conv := ask(t, w, "billing", "zero")
			w.Until(time.Minute, w.Memory.Idle)
			w.Chats[0].Cut() // what the platform says of the post is appended by hand
			ref := w.Chats[0].Say("Anders", "billing", w.Memory.Mirrors()[0].Thread, "look",
				bridgetest.Attachment{Name: "a.txt", Data: make([]byte, 1000)})
			for _, p := range w.Chats[0].Posts() {
				if p.Ref == ref {
					must(t, w.Memory.With(nil), &bridge.Inbound{
						Kind: bridge.InPost, Body: p.Body, Author: p.Author, AuthorName: p.Name,
						Source: bridge.Source{Surface: "chat", Workspace: "W1", Channel: "billing", Thread: p.Thread, Ref: p.Ref},
						Files:  []bridge.InboundFile{{Ref: p.Files[0].ID, Name: "a.txt", Size: c.size}},
					})
				}
			}
			synctest.Wait()
			w.Until(24*time.Hour, w.Memory.Idle)
			d.Stop()
			fetches := 0
			for _, step := range w.Faults.Passed() {
				if step == "fetch" {
					fetches++
				}
			}
			failed := 0
			for _, e := range w.Memory.Entries(conv.Ticket) {
				if e.Kind == bridge.FileFailed && e.Facts.Reason == "too_large" {
					failed++
				}
			}
			if fetches != c.fetches || failed != 1 {
				t.Errorf("%s: fetched %d times, %d entries say that it is too large", name, fetches, failed)
			}
		})
	}
}

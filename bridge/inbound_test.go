package bridge_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

const root = "1700000000.000001"

// bound makes a conversation whose mirror in places[0] has its thread and has shown
// the question as "…0002".
func bound(t testing.TB, m *bridgetest.Memory) (conv bridge.ID, mirror bridge.Mirror) {
	t.Helper()
	conv = open(t, m)
	mirror = m.Mirrors()[0]
	show(t, m, mirror.ID.Seq, bridge.Call{Verb: bridge.VerbPost, Root: true, Last: true}, "root", root, "")
	question := m.Said(conv)[0].ID.Seq
	show(t, m, question, bridge.Call{Verb: bridge.VerbPost, Message: question, Last: true}, "first", "1700000000.000002", "words 1")
	return conv, m.Mirrors()[0]
}

// show makes one call on the first mirror, as a worker does.
func show(t testing.TB, m *bridgetest.Memory, seq int64, c bridge.Call, token, ref, print string) {
	t.Helper()
	key := bridge.DeliveryKey{Mirror: m.Mirrors()[0].ID, Seq: seq}
	must(t, m, &bridge.Begin{Key: key, Token: token, Call: c})
	settle := &bridge.Settle{Key: key, Token: token, Receipt: bridge.Receipt{Ref: ref, Print: print}}
	if c.Ref != "" {
		settle.Target = bridge.CopyKey{Surface: places[0].Surface, Workspace: places[0].Workspace, Channel: places[0].Channel, Ref: c.Ref}
	}
	must(t, m, settle)
}

// heard is something from places[0], in the thread.
func heard(kind bridge.InboundKind, ref, rev, body string) *bridge.Inbound {
	p := places[0]
	return &bridge.Inbound{
		Kind: kind, Body: body, Author: bridge.Account{Surface: p.Surface, Workspace: p.Workspace, ID: "U1"}, AuthorName: "Anders",
		Source: bridge.Source{Surface: p.Surface, Workspace: p.Workspace, Channel: p.Channel, Thread: root, Ref: ref, Rev: rev, Order: ref},
	}
}

// ours is the same from our own account.
func ours(kind bridge.InboundKind, ref, token, print string) *bridge.Inbound {
	in := heard(kind, ref, "", "ours")
	in.Ours, in.Token, in.Print = true, token, print
	return in
}

// visible is the conversation as people must see it.
func visible(m *bridgetest.Memory, conv bridge.ID) []string {
	var out []string
	for _, s := range m.Said(conv) {
		if !s.Deleted {
			out = append(out, s.Name+": "+s.Body)
		}
	}
	return out
}

// TestAnyOrderOfPostEditsAndDeleteEndsTheSame tries every order of a post, two edits
// and a delete, each of which may come twice (F16).
func TestAnyOrderOfPostEditsAndDeleteEndsTheSame(t *testing.T) {
	events := []func() *bridge.Inbound{
		func() *bridge.Inbound { return heard(bridge.InPost, "1700000000.000009", "", "one") },
		func() *bridge.Inbound { return heard(bridge.InEdit, "1700000000.000009", "1700000001.000000", "two") },
		func() *bridge.Inbound { return heard(bridge.InEdit, "1700000000.000009", "1700000002.000000", "three") },
		func() *bridge.Inbound { return heard(bridge.InDelete, "1700000000.000009", "", "") },
	}
	tried := 0
	for _, which := range [][]int{{0, 1}, {0, 1, 2}, {0, 1, 3}, {0, 1, 2, 3}, {0, 0, 1, 1, 3}, {0, 1, 1, 2, 2, 3}} {
		want := "Anders: three"
		switch {
		case slices.Contains(which, 3):
			want = ""
		case !slices.Contains(which, 2):
			want = "Anders: two"
		}
		permute(which, func(order []int) {
			tried++
			m := bridgetest.NewMemory(nil)
			conv, _ := bound(t, m)
			for _, i := range order {
				must(t, m, events[i]())
			}
			got := visible(m, conv)[1:]
			if want == "" && len(got) != 0 || want != "" && !slices.Equal(got, []string{want}) {
				t.Errorf("order %v ends in %q, want %q", order, got, want)
			}
			if wrong := m.Verify(); len(wrong) > 0 {
				t.Errorf("order %v: %v", order, wrong)
			}
		})
	}
	t.Logf("%d orders", tried)
}

// permute calls f with every order of the items, equal ones told apart.
func permute(items []int, f func([]int)) {
	var rec func(int)
	rec = func(k int) {
		if k == len(items) {
			f(slices.Clone(items))
			return
		}
		for i := k; i < len(items); i++ {
			items[k], items[i] = items[i], items[k]
			rec(k + 1)
			items[k], items[i] = items[i], items[k]
		}
	}
	rec(0)
}

func TestWhatIsOursIsAnEcho(t *testing.T) {
	for _, c := range []struct {
		name string
		in   *bridge.Inbound
		want bridge.Outcome
		adds []bridge.Kind
	}{
		{"our post, known by its copy", heard(bridge.InPost, "1700000000.000002", "", "x"), bridge.Echo, nil},
		{"our post, known by our account only", ours(bridge.InPost, "1700000000.000077", "", ""), bridge.Echo, nil},
		{"our post with a token nobody knows", ours(bridge.InPost, "1700000000.000077", "foreign", ""), bridge.Echo, nil},
		{"our edit with the words we sent", ours(bridge.InEdit, "1700000000.000002", "", "words 1"), bridge.Echo, nil},
		{"an edit of the root card", ours(bridge.InEdit, root, "", "anything"), bridge.Echo, nil},
		{"a second post with a known token", ours(bridge.InPost, "1700000000.000078", "first", ""), bridge.Echo, []bridge.Kind{bridge.CopyDoubled}},
		{"somebody's change of our copy", ours(bridge.InEdit, "1700000000.000002", "", "other words"), bridge.Accepted, []bridge.Kind{bridge.CopyChanged}},
		{"somebody's removal of our copy", heard(bridge.InDelete, "1700000000.000002", "", ""), bridge.Accepted, []bridge.Kind{bridge.CopyRemoved}},
		{"a delete of our own post that we do not know", ours(bridge.InDelete, "1700000000.000077", "", ""), bridge.NotOurs, nil},
		{"a post in a thread that is not ours", elsewhere(), bridge.NotOurs, nil},
	} {
		m := bridgetest.NewMemory(nil)
		conv, mirror := bound(t, m)
		before := len(m.Entries(conv.Ticket))
		res := must(t, m, c.in)
		var added []bridge.Kind
		for _, e := range m.Entries(conv.Ticket)[before:] {
			added = append(added, e.Kind)
		}
		if res.Outcome != c.want || !slices.Equal(added, c.adds) {
			t.Errorf("%s: %s and %v, want %s and %v", c.name, res.Outcome, added, c.want, c.adds)
		}
		again := *c.in
		must(t, m, &again)
		if n := len(m.Entries(conv.Ticket)); n != before+len(added) {
			t.Errorf("%s: hearing it again added %d entries", c.name, n-before-len(added))
		}
		for _, other := range m.Mirrors() {
			if other.ID != mirror.ID && other.Behind() {
				t.Errorf("%s: it spreads to mirror %s", c.name, other.ID)
			}
		}
	}
}

func elsewhere() *bridge.Inbound {
	in := heard(bridge.InPost, "1700000000.000079", "", "hello")
	in.Source.Thread = "1690000000.000000"
	return in
}

// TestNoEditLoopSpreads: two sides that answer every edit with another one end at
// once, since neither a same text nor a moderator's change is sent on (F9).
func TestNoEditLoopSpreads(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	head := m.Mirrors()[0].Head
	for i := range 100 {
		must(t, m, ours(bridge.InEdit, "1700000000.000002", "", fmt.Sprintf("words %d", i)))
		if got := m.Mirrors()[0]; got.Head != head || got.Behind() {
			t.Fatalf("change %d of our copy moved the head to %d", i, got.Head)
		}
	}
	if got := visible(m, conv); len(got) != 1 || got[0] != "Alice: Can you look?" {
		t.Errorf("the record says %q", got)
	}
}

// TestAnAnswerCostsTheRelayNothing: the mirror in whose thread something was said
// steps over it at once, so that a bot that answers every message has nothing to
// answer there (F10).
func TestAnAnswerCostsTheRelayNothing(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	bound(t, m)
	for i := range 50 {
		must(t, m, heard(bridge.InPost, fmt.Sprintf("1700000000.0001%02d", i), "", "beep"))
		if got := m.Mirrors()[0]; got.Behind() {
			t.Fatalf("after %d answers the mirror is behind: %d of %d", i, got.Cursor, got.Head)
		}
	}
}

// TestOneGestureUnderTwoRefsIsOneMessage is F4: the platform's own key is the same.
func TestOneGestureUnderTwoRefsIsOneMessage(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	for _, ref := range []string{"1700000000.000011", "1700000021.000012"} {
		in := heard(bridge.InPost, ref, "", "once")
		in.Key = "client-msg-1"
		must(t, m, in)
	}
	if got := visible(m, conv); len(got) != 2 {
		t.Errorf("the record says %q", got)
	}
}

// TestEditsWithoutANewerStampAreNone is F14 and F15.
func TestEditsWithoutANewerStampAreNone(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	must(t, m, heard(bridge.InPost, "1700000000.000011", "", "as it was"))
	for range 50 {
		must(t, m, heard(bridge.InEdit, "1700000000.000011", "", "with a preview"))
	}
	must(t, m, heard(bridge.InEdit, "1700000000.000011", "1700000005.000000", "as it is"))
	must(t, m, heard(bridge.InEdit, "1700000000.000011", "1700000004.000000", "older"))
	edits := 0
	for _, e := range m.Entries(conv.Ticket) {
		if e.Kind == bridge.MessageEdited {
			edits++
		}
	}
	if got := visible(m, conv); edits != 1 || got[1] != "Anders: as it is" {
		t.Errorf("%d edits, the record says %q", edits, got)
	}
}

func TestReplyOnAClosedConversationIsRecordedInAnyCase(t *testing.T) {
	for _, reopen := range []bool{true, false} {
		m := bridgetest.NewMemory(nil)
		m.Settings(reopen, false)
		conv, _ := bound(t, m)
		must(t, m, &bridge.SetState{Actor: alice, Conversation: conv})
		must(t, m, heard(bridge.InPost, "1700000000.000011", "", "one more thing"))
		var isOpen bool
		m.Look(func(st *bridge.State) { isOpen = st.Conversations[conv].Open })
		if got := visible(m, conv); len(got) != 2 || isOpen != reopen {
			t.Errorf("reopen %t: open %t, the record says %q", reopen, isOpen, got)
		}
		_, err := m.Append(t.Context(), &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "hm"})
		if (err == nil) != reopen || err != nil && !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("reopen %t: an agent's post answers %v", reopen, err)
		}
	}
}

// TestMessagesAreChangedByWhoWroteThemWhereTheyWere covers permission to edit and delete.
func TestMessagesAreChangedByWhoWroteThemWhereTheyWere(t *testing.T) {
	bob := bridge.Actor{Person: "bob", Role: bridge.RoleAgent, Name: "Bob"}
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	must(t, m, heard(bridge.InPost, "1700000000.000011", "", "Anders' words"))
	mine, theirs := m.Said(conv)[0].ID, m.Said(conv)[1].ID
	missing := bridge.ID{Ticket: mine.Ticket, Seq: 999}
	for _, c := range []struct {
		name    string
		actor   bridge.Actor
		message bridge.ID
		want    error
	}{
		{"somebody else's", bob, mine, bridge.ErrForbidden},
		{"one from a chat", alice, theirs, bridge.ErrForbidden},
		{"one from a chat, by an admin", admin, theirs, bridge.ErrForbidden},
		{"one that is not there", alice, missing, bridge.ErrNotFound},
		{"an agent's, by an admin", admin, mine, nil},
		{"one's own", alice, mine, nil},
	} {
		if _, err := m.Append(t.Context(), &bridge.EditMessage{Actor: c.actor, Message: c.message, Body: "new " + c.name}); !errors.Is(err, c.want) {
			t.Errorf("editing %s: %v, want %v", c.name, err, c.want)
		}
		if c.want == nil {
			continue
		}
		if _, err := m.Append(t.Context(), &bridge.DeleteMessage{Actor: c.actor, Message: c.message}); !errors.Is(err, c.want) {
			t.Errorf("deleting %s: %v, want %v", c.name, err, c.want)
		}
	}
	if _, err := m.Append(t.Context(), &bridge.EditMessage{Actor: alice, Message: mine, Body: "x", Was: mine.Seq}); !errors.Is(err, bridge.ErrConflict) {
		t.Errorf("editing what was edited meanwhile: %v", err)
	}
	must(t, m, &bridge.DeleteMessage{Actor: alice, Message: mine})
	for _, c := range []bridge.Command{
		&bridge.DeleteMessage{Actor: alice, Message: mine},
		&bridge.EditMessage{Actor: alice, Message: mine, Body: "x"},
		&bridge.TakeWords{Actor: alice, Message: mine},
	} {
		if _, err := m.Append(t.Context(), c); !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("%T of a deleted message: %v", c, err)
		}
	}
}

// TestOnlyAgentsWriteToTheCustomer tries all roles.
func TestOnlyAgentsWriteToTheCustomer(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv := open(t, m)
	for _, role := range []bridge.Role{bridge.RoleExpert, bridge.RoleCustomer, bridge.RoleSystem, "", "agent "} {
		_, err := m.Append(t.Context(), &bridge.ReplyToCustomer{Actor: bridge.Actor{Role: role}, Ticket: conv.Ticket, Body: "hello"})
		if !errors.Is(err, bridge.ErrForbidden) {
			t.Errorf("role %q: %v", role, err)
		}
	}
	for _, actor := range []bridge.Actor{alice, admin} {
		must(t, m, &bridge.ReplyToCustomer{Actor: actor, Ticket: conv.Ticket, Body: "hello"})
	}
}

// TestForeignTextIsMadeStorable: NUL and broken UTF-8 never reach the log.
func TestForeignTextIsMadeStorable(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	in := heard(bridge.InPost, "1700000000.000011", "", "a\x00b\xff")
	in.AuthorName = "An\x00ders\xc3"
	must(t, m, in)
	if got := visible(m, conv)[1]; got != "Anders\uFFFD: ab\uFFFD" {
		t.Errorf("recorded as %q", got)
	}
}

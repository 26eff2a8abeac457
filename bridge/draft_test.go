package bridge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// onPage is somebody who writes on the pages.
func onPage(who bridge.Actor) bridge.Actor {
	who.Account = bridge.Account{Surface: bridge.SurfaceWeb, ID: who.Person}
	return who
}

// offered has Alice offer a draft.
func offered(t *testing.T, m *bridgetest.Memory, conv bridge.ID) bridge.ID {
	t.Helper()
	return must(t, m, &bridge.OfferDraft{Actor: alice, Conversation: conv, Body: "Dear Carla,\n\nwe refund 19 euro."}).ID
}

// reviews are what was said of drafts: "bob approved, eve suggested (older)".
func reviews(m *bridgetest.Memory) string {
	var out []string
	m.Look(func(st *bridge.State) {
		for _, id := range ids(st.Reviews) {
			r := st.Reviews[id]
			line := r.By + " " + r.State
			if st.Messages[bridge.ID{Ticket: id.Ticket, Seq: r.Draft}].BodySeq != r.Text {
				line += " (older)"
			}
			out = append(out, line)
		}
	})
	return strings.Join(out, ", ")
}

// words are an entry's.
func words(t *testing.T, m *bridgetest.Memory, id bridge.ID) string {
	t.Helper()
	return m.Entries(id.Ticket)[id.Seq-1].Words.Body
}

// TestADraftIsReviewedAndWhatWasSuggestedIsTaken (B8): every answer is kept, with the text
// that it is about; what an agent takes is the suggested text, and the history has both.
// Nothing is written to the customer.
func TestADraftIsReviewedAndWhatWasSuggestedIsTaken(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	draft := offered(t, m, conv)
	const better = "Dear Carla,\n\nwe refund 19 euro today."
	first := must(t, m, &bridge.SuggestDraft{Actor: eve, Draft: draft, Body: better}).ID
	must(t, m, &bridge.ApproveDraft{Actor: bob, Draft: draft, Text: draft.Seq})
	if got := reviews(m); got != "eve suggested, bob approved" {
		t.Errorf("after two answers: %s", got)
	}
	if again := must(t, m, &bridge.ApproveDraft{Actor: bob, Draft: draft}); again.Outcome != bridge.Ignored {
		t.Errorf("a second approval of the same text: %+v", again)
	}
	must(t, m, &bridge.EditMessage{Actor: alice, Message: draft, Body: "Dear Carla, you get 19 euro."})
	if _, err := m.Append(t.Context(), &bridge.ApproveDraft{Actor: bob, Draft: draft, Text: draft.Seq}); !errors.Is(err, bridge.ErrConflict) {
		t.Errorf("an approval of the text before: %v", err)
	}
	must(t, m, &bridge.ApproveDraft{Actor: bob, Draft: draft})
	late := must(t, m, &bridge.SuggestDraft{Actor: bob, Draft: draft, Text: draft.Seq, Body: "Hello Carla."}).ID
	if got := reviews(m); got != "eve suggested (older), bob approved (older), bob approved, bob suggested (older)" {
		t.Errorf("after a newer text: %s", got)
	}
	must(t, m, &bridge.TakeDraft{Actor: alice, Suggestion: first})
	must(t, m, &bridge.DismissDraft{Actor: alice, Suggestion: late})
	if res := must(t, m, &bridge.DismissDraft{Actor: alice, Suggestion: first}); res.Outcome != bridge.Ignored {
		t.Errorf("what was taken is dismissed: %+v", res)
	}
	if got := reviews(m); got != "eve taken (older), bob approved (older), bob approved, bob dismissed (older)" {
		t.Errorf("after the agent's decision: %s", got)
	}
	if got := []string{words(t, m, draft), words(t, m, first)}; !cmp.Equal(got, []string{"Dear Carla,\n\nwe refund 19 euro.", better}) {
		t.Errorf("the history has %q", got)
	}
	for _, e := range m.Entries(conv.Ticket) {
		if e.Kind == bridge.CustomerReply {
			t.Errorf("entry %d wrote to the customer", e.Seq)
		}
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func TestWhoMayReviewADraft(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	draft := offered(t, m, conv)
	suggestion := must(t, m, &bridge.SuggestDraft{Actor: eve, Draft: draft, Body: "Hello"}).ID
	question := m.Said(conv)[0].ID
	gone := offered(t, m, conv)
	must(t, m, &bridge.DeleteMessage{Actor: alice, Message: gone})
	deleted := must(t, m, &bridge.SuggestDraft{Actor: onPage(bob), Draft: draft, Body: "Bye"}).ID
	must(t, m, &bridge.DeleteMessage{Actor: admin, Message: deleted})
	for name, c := range map[string]struct {
		c    bridge.Command
		want error
	}{
		"an expert offers":           {&bridge.OfferDraft{Actor: eve, Conversation: conv, Body: "x"}, bridge.ErrForbidden},
		"an empty draft":             {&bridge.OfferDraft{Actor: alice, Conversation: conv, Body: " \n"}, bridge.ErrInvalid},
		"one's own is approved":      {&bridge.ApproveDraft{Actor: alice, Draft: draft}, bridge.ErrForbidden},
		"one's own is suggested for": {&bridge.SuggestDraft{Actor: alice, Draft: draft, Body: "x"}, bridge.ErrForbidden},
		"by nobody":                  {&bridge.ApproveDraft{Draft: draft}, bridge.ErrForbidden},
		"no draft":                   {&bridge.ApproveDraft{Actor: bob, Draft: question}, bridge.ErrNotFound},
		"a suggestion as draft":      {&bridge.SuggestDraft{Actor: bob, Draft: suggestion, Body: "x"}, bridge.ErrNotFound},
		"an empty suggestion":        {&bridge.SuggestDraft{Actor: bob, Draft: draft, Body: "  "}, bridge.ErrInvalid},
		"a withdrawn draft":          {&bridge.ApproveDraft{Actor: bob, Draft: gone}, bridge.ErrConflict},
		"an expert takes":            {&bridge.TakeDraft{Actor: eve, Suggestion: suggestion}, bridge.ErrForbidden},
		"an expert dismisses":        {&bridge.DismissDraft{Actor: eve, Suggestion: suggestion}, bridge.ErrForbidden},
		"the draft itself is taken":  {&bridge.TakeDraft{Actor: alice, Suggestion: draft}, bridge.ErrNotFound},
		"a message is taken":         {&bridge.TakeDraft{Actor: alice, Suggestion: question}, bridge.ErrNotFound},
		"what is deleted is taken":   {&bridge.TakeDraft{Actor: alice, Suggestion: deleted}, bridge.ErrConflict},
	} {
		if res, err := m.Append(t.Context(), c.c); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v", name, res, err)
		}
	}
	must(t, m, &bridge.RestrictConversation{Actor: alice, Conversation: conv})
	stranger := bridge.Actor{Person: "zoe", Role: bridge.RoleAgent, Name: "Zoe"}
	for name, c := range map[string]bridge.Command{
		"offers":   &bridge.OfferDraft{Actor: stranger, Conversation: conv, Body: "x"},
		"approves": &bridge.ApproveDraft{Actor: stranger, Draft: draft},
		"takes":    &bridge.TakeDraft{Actor: stranger, Suggestion: suggestion},
	} {
		if _, err := m.Append(t.Context(), c); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("a stranger %s in a restricted conversation: %v", name, err)
		}
	}
	must(t, m, &bridge.SetState{Actor: alice, Conversation: conv})
	for name, c := range map[string]bridge.Command{
		"offered":   &bridge.OfferDraft{Actor: alice, Conversation: conv, Body: "x"},
		"suggested": &bridge.SuggestDraft{Actor: bob, Draft: draft, Body: "x"},
	} {
		if _, err := m.Append(t.Context(), c); !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("%s in a closed conversation: %v", name, err)
		}
	}
}

// TestADraftIsAnsweredFromAChat: anybody in the thread may, whom the directory does not
// know as their account. Who has not seen the newest text there is asked to read it, what
// was written for an older one is kept, and a suggestion reopens what was closed.
func TestADraftIsAnsweredFromAChat(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, mirror := bound(t, m)
	draft := offered(t, m, conv)
	const post = "1700000000.000050"
	show(t, m, draft.Seq, bridge.Call{Verb: bridge.VerbPost, Last: true}, "review", post, "")
	press := func(action, ref, body string, text int64) bridge.Result {
		in := heard(bridge.InPress, ref, "", body)
		in.Action, in.Text = action, text
		return must(t, m, in)
	}
	if res := press(bridge.PressGood, root, "", 0); res.Outcome != bridge.Ignored || !strings.Contains(res.Why, "There is no draft behind this button") {
		t.Errorf("pressed at another post: %+v", res)
	}
	if res := press(bridge.PressGood, post, "", 0); res.Outcome != bridge.Accepted || res.Mirror != mirror.ID {
		t.Errorf("approved: %+v", res)
	}
	must(t, m, &bridge.EditMessage{Actor: alice, Message: draft, Body: "Shorter."})
	if res := press(bridge.PressGood, post, "", 0); res.Outcome != bridge.Ignored || !strings.Contains(res.Why, "newer text") {
		t.Errorf("approved before the newer text was there: %+v", res)
	}
	must(t, m, &bridge.SetState{Actor: alice, Conversation: conv})
	if res := press(bridge.PressSuggest, post, "Short.", draft.Seq); res.Outcome != bridge.Accepted {
		t.Errorf("suggested: %+v", res)
	}
	if res := press(bridge.PressSuggest, post, " ", draft.Seq); res.Outcome != bridge.Ignored || res.Why == "" {
		t.Errorf("nothing suggested: %+v", res)
	}
	const anders = "chat/W1/U1"
	if got, want := reviews(m), anders+" approved (older), "+anders+" suggested (older)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	m.Look(func(st *bridge.State) {
		if !st.Conversations[conv].Open {
			t.Error("the conversation stayed closed")
		}
	})
	must(t, m, &bridge.DeleteMessage{Actor: alice, Message: draft})
	if res := press(bridge.PressGood, post, "", 0); res.Why != "The draft was withdrawn." {
		t.Errorf("after it was withdrawn: %+v", res)
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestErasingADraftErasesWhatWasSuggestedForIt, every version of both, and takes them off
// every surface; erasing its author does the same. A suggestion is erased alone, too.
func TestErasingADraftErasesWhatWasSuggestedForIt(t *testing.T) {
	for name, c := range map[string]struct {
		erase func(draft, suggestion bridge.ID) bridge.Command
		left  []string
	}{
		"the draft": {func(draft, _ bridge.ID) bridge.Command {
			return &bridge.EraseMessage{Actor: admin, Message: draft, Reason: "asked"}
		}, nil},
		"its author": {func(draft, _ bridge.ID) bridge.Command {
			return &bridge.ErasePerson{Actor: admin, Ticket: draft.Ticket, Person: "bob", Reason: "asked"}
		}, nil},
		"the suggestion": {func(_, suggestion bridge.ID) bridge.Command {
			return &bridge.EraseMessage{Actor: admin, Message: suggestion, Reason: "asked"}
		}, []string{"Secret one", "Secret two"}},
	} {
		m := bridgetest.NewMemory(nil)
		conv, _ := bound(t, m)
		draft := must(t, m, &bridge.OfferDraft{Actor: onPage(bob), Conversation: conv, Body: "Secret one"}).ID
		suggestion := must(t, m, &bridge.SuggestDraft{Actor: onPage(eve), Draft: draft, Body: "Secret three"}).ID
		must(t, m, &bridge.EditMessage{Actor: onPage(bob), Message: draft, Body: "Secret two"})
		must(t, m, &bridge.EditMessage{Actor: onPage(eve), Message: suggestion, Body: "Secret four"})
		must(t, m, c.erase(draft, suggestion))
		var left []string
		for _, e := range m.Entries(conv.Ticket) {
			if strings.Contains(e.Words.Body, "Secret") {
				left = append(left, e.Words.Body)
			}
		}
		if !cmp.Equal(left, c.left) {
			t.Errorf("%s: left are %q", name, left)
		}
		m.Look(func(st *bridge.State) {
			if st.Messages[suggestion].DeletedSeq == 0 || (st.Messages[draft].DeletedSeq == 0) != (c.left != nil) {
				t.Errorf("%s: draft %+v, suggestion %+v", name, st.Messages[draft], st.Messages[suggestion])
			}
		})
		if wrong := m.Verify(); len(wrong) > 0 {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}

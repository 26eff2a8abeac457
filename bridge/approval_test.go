package bridge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

var (
	bob = bridge.Actor{Person: "bob", Role: bridge.RoleAgent, Name: "Bob"}
	eve = bridge.Actor{Person: "eve", Role: bridge.RoleExpert, Name: "Eve"}
)

// asked asks Bob and Eve for approval.
func askBoth(t *testing.T, m *bridgetest.Memory, conv bridge.ID) bridge.ID {
	t.Helper()
	return must(t, m, &bridge.AskApproval{
		Actor: alice, Conversation: conv, Body: "Refund 900?", Approvers: []bridge.Known{{Person: "bob", Name: "Bob"}, {Person: "eve", Name: "Eve"}, {Person: "bob"}},
	}).ID
}

// standing is how a request stands: "pending: bob approved, eve pending".
func standing(m *bridgetest.Memory, id bridge.ID) (out string) {
	m.Look(func(st *bridge.State) {
		var answers []string
		for _, person := range []string{"bob", "eve"} {
			if p := st.Approvers[bridge.ApproverKey{Approval: id, Person: person}]; p != nil {
				answers = append(answers, person+" "+p.State)
			}
		}
		out = st.Approvals[id].State + ": " + strings.Join(answers, ", ")
	})
	return out
}

// TestARequestWaitsForEverybodyAndARefusalEndsIt (B7): one of two is pending, both are
// approved; who has approved may still refuse; what is over stays so.
func TestARequestWaitsForEverybodyAndARefusalEndsIt(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	yes, no := true, false
	for name, steps := range map[string][]struct {
		who     bridge.Actor
		approve *bool // nil withdraws
		want    string
		err     error
	}{
		"both": {
			{bob, &yes, "pending: bob approved, eve pending", nil},
			{bob, &yes, "pending: bob approved, eve pending", nil},
			{eve, &yes, "approved: bob approved, eve approved", nil},
			{eve, &no, "approved: bob approved, eve approved", bridge.ErrConflict},
		},
		"one refuses": {
			{bob, &no, "refused: bob refused, eve pending", nil}, {eve, &yes, "refused: bob refused, eve pending", bridge.ErrConflict},
		},
		"one thinks again": {
			{eve, &yes, "pending: bob pending, eve approved", nil}, {eve, &no, "refused: bob pending, eve refused", nil},
		},
		"withdrawn": {
			{eve, &yes, "pending: bob pending, eve approved", nil},
			{eve, nil, "pending: bob pending, eve approved", bridge.ErrForbidden},
			{alice, nil, "withdrawn: bob pending, eve approved", nil},
			{alice, nil, "withdrawn: bob pending, eve approved", nil},
			{bob, &yes, "withdrawn: bob pending, eve approved", bridge.ErrConflict},
		},
		"somebody else": {
			{alice, &yes, "pending: bob pending, eve pending", bridge.ErrForbidden},
			{admin, &no, "pending: bob pending, eve pending", bridge.ErrForbidden},
			{bridge.Actor{}, &yes, "pending: bob pending, eve pending", bridge.ErrForbidden},
		},
	} {
		id := askBoth(t, m, conv)
		for i, s := range steps {
			var c bridge.Command = &bridge.WithdrawApproval{Actor: s.who, Approval: id}
			if s.approve != nil {
				c = &bridge.AnswerApproval{Actor: s.who, Approval: id, Approve: *s.approve}
			}
			_, err := m.Append(t.Context(), c)
			if got := standing(m, id); got != s.want || !errors.Is(err, s.err) {
				t.Errorf("%s, step %d: %q, %v", name, i, got, err)
			}
		}
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

func TestWhoAndWhatCanBeAsked(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	ok := bridge.AskApproval{Actor: alice, Conversation: conv, Body: "?", Approvers: []bridge.Known{{Person: "bob"}}}
	for name, change := range map[string]func(*bridge.AskApproval){
		"by an expert":  func(c *bridge.AskApproval) { c.Actor = eve },
		"of nobody":     func(c *bridge.AskApproval) { c.Approvers = nil },
		"of oneself":    func(c *bridge.AskApproval) { c.Approvers = []bridge.Known{{Person: "bob"}, {Person: alice.Person}} },
		"of a stranger": func(c *bridge.AskApproval) { c.Approvers = []bridge.Known{{}} },
		"of nothing":    func(c *bridge.AskApproval) { c.Body = " " },
		"at length":     func(c *bridge.AskApproval) { c.Body = strings.Repeat("x", bridge.MaxApprovalText+1) },
		"nowhere":       func(c *bridge.AskApproval) { c.Conversation.Seq = 99 },
	} {
		c := ok
		change(&c)
		if res, err := m.Append(t.Context(), &c); err == nil {
			t.Errorf("%s: %+v", name, res)
		}
	}
	must(t, m, &bridge.SetState{Actor: alice, Conversation: conv})
	if _, err := m.Append(t.Context(), &ok); !errors.Is(err, bridge.ErrConflict) {
		t.Errorf("in a closed conversation: %v", err)
	}
}

// TestOnlyTheApproversAccountsAnswerFromAChat: everybody else is told so, and nothing is
// recorded. The answer concerns all threads, also the one it came from.
func TestOnlyTheApproversAccountsAnswerFromAChat(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, mirror := bound(t, m)
	id := askBoth(t, m, conv)
	const post = "1700000000.000050"
	show(t, m, id.Seq, bridge.Call{Verb: bridge.VerbPost, Last: true}, "request", post, "")
	p := places[0]
	m.Link(bridge.Known{Account: bridge.Account{Surface: p.Surface, Workspace: p.Workspace, ID: "U2"}, Person: "bob", Role: bridge.RoleAgent, Name: "Bob"})
	m.Link(bridge.Known{Account: bridge.Account{Surface: p.Surface, Workspace: p.Workspace, ID: "U3"}, Person: "zoe", Role: bridge.RoleAdmin, Name: "Zoe"})
	press := func(who, action, ref string) bridge.Result {
		in := heard(bridge.InPress, ref, "", "")
		in.Action, in.Author.ID, in.Key = action, who, who+action+ref
		return must(t, m, in)
	}
	head := len(m.Entries(conv.Ticket))
	for _, c := range []struct{ who, action, ref, why string }{
		{"U1", bridge.PressApprove, post, "linked to nobody"},
		{"U3", bridge.PressApprove, post, "Only the people who are named"},
		{"U3", bridge.PressRefuse, post, "Only the people who are named"},
		{"U2", bridge.PressApprove, question, "no request behind this button"},
		{"U2", bridge.PressApprove, "1700000000.000099", "no request behind this button"},
	} {
		if res := press(c.who, c.action, c.ref); res.Outcome != bridge.Ignored || !strings.Contains(res.Why, c.why) {
			t.Errorf("%s presses %s of %s: %+v", c.who, c.action, c.ref, res)
		} else if res.Unlinked != (c.who == "U1") {
			t.Errorf("%s counts as unlinked: %v", c.who, res.Unlinked)
		}
	}
	if n := len(m.Entries(conv.Ticket)); n != head {
		t.Errorf("%d entries came of that", n-head)
	}
	res := press("U2", bridge.PressApprove, post)
	if res.Outcome != bridge.Accepted || res.Why != "You approved this." || standing(m, id) != "pending: bob approved, eve pending" {
		t.Errorf("%+v, %s", res, standing(m, id))
	}
	e := m.Entries(conv.Ticket)[res.Seq-1]
	if e.Kind != bridge.ApprovalGiven || e.Facts.Who != "bob" || e.Facts.Account.ID != "U2" || e.Facts.Mirror != mirror.ID.Seq {
		t.Errorf("recorded %+v", e.Facts)
	}
	if got := m.Mirrors()[0]; got.Head != res.Seq || got.Cursor == got.Head {
		t.Errorf("the thread does not hear of it: %+v", got)
	}
	work, err := m.Work(t.Context(), mirror.ID, 64)
	if err != nil || len(work.Requests) != 1 || len(work.Requests[0].Approvers) != 2 {
		t.Fatalf("%+v, %v", work.Requests, err)
	}
	if diff := cmp.Diff([]string{"Bob", "Eve"}, []string{work.Requests[0].Approvers[0].Name, work.Requests[0].Approvers[1].Name}); diff != "" {
		t.Error(diff)
	}
	must(t, m, &bridge.AnswerApproval{Actor: eve, Approval: id})
	if res := press("U2", bridge.PressRefuse, post); !strings.Contains(res.Why, "over: it was refused") {
		t.Errorf("after the end: %+v", res)
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

package slack

import (
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// B7 in Slack: one post follows the answers, only the approvers' linked accounts can
// press its buttons, and others are told so.
func TestARequestIsAnsweredByItsApproversAndItsPostFollows(t *testing.T) {
	b := newBridged(t, setup{})
	conv, root := b.start("Refund?", "Carla wants 900 back.")
	eve := b.sim.AddUser(slacksim.UserSpec{Name: "eve"})
	check(t, b.sim.Invite(b.channel, eve))
	b.memory.Link(bridge.Known{Account: b.a.account(b.anders.ID()), Person: "p-anders", Role: bridge.RoleExpert, Name: "Anders Holm"})
	b.append(&bridge.AskApproval{
		Actor: alice(), Conversation: conv, Body: "Refund **900**? @channel " + strings.Repeat("long ", 150),
		Approvers: []bridge.Known{{Person: "p-anders", Name: "Anders Holm"}, {Person: "p-bo", Name: "Bo"}},
	})
	b.settled()
	post := func() slacksim.Message {
		thread := b.sim.Thread(b.channel, root)
		i := slices.IndexFunc(thread, func(m slacksim.Message) bool { return strings.Contains(m.Text, "asks for approval") })
		if i < 0 {
			t.Fatalf("no request in %d posts", len(thread))
		}
		return thread[i]
	}
	asked, posts := post(), len(b.sim.Thread(b.channel, root))
	for _, want := range []string{"pending", "Refund", "Anders", "Bo", "not answered yet"} {
		if !strings.Contains(asked.Text, want) {
			t.Errorf("the post lacks %q: %q", want, asked.Text)
		}
	}
	check(t, eve.Press(b.ctx(), b.channel, asked.TS, pressApprove))
	b.until("the other is told", func() bool { return len(b.sim.Ephemerals()) == 1 })
	if e := b.sim.Ephemerals()[0]; e.User != eve.ID() || !strings.Contains(e.Text, "Only the people who are named") || !strings.Contains(e.Text, "write /sidebridge link ") {
		t.Errorf("told %+v", e)
	}
	check(t, b.anders.Press(b.ctx(), b.channel, asked.TS, pressApprove))
	b.until("the post follows", func() bool { return strings.Contains(post().Text, "approved") })
	b.settled()
	if got := post(); got.TS != asked.TS || !strings.Contains(got.Text, "pending") || !strings.Contains(got.Text, "not answered yet") {
		t.Errorf("after one of two: %q", got.Text)
	}
	b.append(&bridge.AnswerApproval{Actor: bridge.Actor{Person: "p-bo", Role: bridge.RoleExpert, Name: "Bo"}, Approval: requestOf(b, conv), Approve: true})
	b.settled()
	if got := post(); !strings.Contains(got.Text, "approval: approved") || strings.Contains(got.Text, "not answered") {
		t.Errorf("after both: %q", got.Text)
	}
	if err := b.anders.Press(b.ctx(), b.channel, asked.TS, pressRefuse); err == nil {
		t.Error("the buttons outlived the request")
	}
	if n := len(b.sim.Thread(b.channel, root)); n != posts {
		t.Errorf("the answers made %d posts more", n-posts)
	}
}

// requestOf is the only request of a conversation.
func requestOf(b *bridged, conv bridge.ID) (id bridge.ID) {
	for _, e := range b.memory.Entries(conv.Ticket) {
		if e.Kind == bridge.ApprovalAsked {
			id = e.ID()
		}
	}
	return id
}

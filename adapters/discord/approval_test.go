package discord

import (
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
)

// B7 in Discord: one post follows the answers, only the approvers' linked accounts can
// press its buttons, and others are told so.
func TestARequestIsAnsweredByItsApproversAndItsPostFollows(t *testing.T) {
	w := newWorld(t, worldSetup{})
	c := w.open("Refund?", "Carla wants 900 back.")
	eve := w.sim.AddUser(discordsim.UserSpec{Name: "eve"})
	w.memory.Link(bridge.Known{Account: w.g.account(w.anders.ID()), Person: "p-anders", Role: bridge.RoleExpert, Name: "Anders Holm"})
	id := w.do(&bridge.AskApproval{
		Actor: agent("Alice"), Conversation: c.id, Body: "Refund **900**? @everyone " + strings.Repeat("long ", 150),
		Approvers: []bridge.Known{{Person: "p-anders", Name: "Anders Holm"}, {Person: "p-bo", Name: "Bo"}},
	}).ID
	w.idle()
	post := func() discordsim.Message {
		all := c.with("asks for approval")
		if len(all) != 1 {
			t.Fatalf("the request has %d posts", len(all))
		}
		return all[0]
	}
	asked, posts := post(), len(c.posts())
	for _, want := range []string{"pending", "Refund", "Bo", "not answered yet"} {
		if !strings.Contains(asked.Content, want) {
			t.Errorf("the post lacks %q: %q", want, asked.Content)
		}
	}
	press := func(who *discordsim.Person, action string) (string, error) {
		interaction, err := who.Press(c.thread, asked.ID, "sb:"+action)
		if err != nil {
			return "", err
		}
		var told string
		w.until("who pressed is answered", func() bool {
			for _, e := range w.sim.Ephemerals() {
				if e.Interaction == interaction {
					told = e.Content
				}
			}
			return told != ""
		})
		return told, nil
	}
	if told, err := press(eve, bridge.PressApprove); err != nil || !strings.Contains(told, "Only the people who are named") {
		t.Errorf("somebody else is told %q, %v", told, err)
	}
	if told, err := press(w.anders, bridge.PressApprove); err != nil || !strings.Contains(told, "You approved this") {
		t.Errorf("the approver is told %q, %v", told, err)
	}
	w.idle()
	if got := post(); got.ID != asked.ID || !strings.Contains(got.Content, "✅ approved") || !strings.Contains(got.Content, "pending") {
		t.Errorf("after one of two: %q", got.Content)
	}
	w.do(&bridge.AnswerApproval{Actor: bridge.Actor{Person: "p-bo", Role: bridge.RoleExpert, Name: "Bo"}, Approval: id})
	w.idle()
	if got := post(); !strings.Contains(got.Content, "approval: refused") {
		t.Errorf("after a refusal: %q", got.Content)
	}
	if told, err := press(w.anders, bridge.PressApprove); err == nil {
		t.Errorf("the buttons outlived the request: %q", told)
	}
	if n := len(c.posts()); n != posts {
		t.Errorf("the answers made %d posts more", n-posts)
	}
}

package bridge

import (
	"errors"
	"testing"
)

// TestWhatNobodyButMembersMayDo: every command about a restricted conversation, by
// somebody who does not take part, finds nothing there; what its members may not do
// either is told to them.
func TestWhatNobodyButMembersMayDo(t *testing.T) {
	s, open, ada := participantState(t)
	conv := mustDecide(t, s, &StartConversation{Actor: ada, Ticket: 1, Subject: "Fraud", Body: "Stolen?", Restricted: true}).ID
	bob := Actor{Person: "bob", Role: RoleAgent, Name: "Bob", Account: Account{Surface: SurfaceWeb, ID: "bob"}}
	message := mustDecide(t, s, &PostMessage{Actor: ada, Conversation: conv, Body: "hush"}).ID
	asked := mustDecide(t, s, &AskApproval{Actor: ada, Conversation: conv, Body: "May we?", Approvers: []Known{{Person: "eve", Name: "Eve"}}}).ID
	draft := mustDecide(t, s, &OfferDraft{Actor: ada, Conversation: conv, Body: "Dear Carla"}).ID
	for _, c := range []Command{
		&PostMessage{Actor: bob, Conversation: conv, Body: "x"},
		&EditMessage{Actor: bob, Message: message, Body: "x"},
		&DeleteMessage{Actor: bob, Message: message},
		&TakeWords{Actor: bob, Message: message},
		&React{Actor: bob, Message: message, Emoji: "👍"},
		&SetState{Actor: bob, Conversation: conv},
		&CloseAndSolve{Actor: bob, Conversation: conv},
		&ChangeTicket{Actor: bob, Ticket: 1, Conversation: conv.Seq, Status: StatusPending},
		&AskApproval{Actor: bob, Conversation: conv, Body: "x", Approvers: []Known{{Person: "eve", Name: "Eve"}}},
		&AnswerApproval{Actor: bob, Approval: asked, Approve: true},
		&WithdrawApproval{Actor: bob, Approval: asked},
		&OfferDraft{Actor: bob, Conversation: conv, Body: "x"},
		&ApproveDraft{Actor: bob, Draft: draft},
		&SuggestDraft{Actor: bob, Draft: draft, Body: "x"},
		&AddParticipants{Actor: bob, Conversation: conv, People: []Known{{Person: "bob", Name: "Bob"}}},
		&RemoveParticipant{Actor: bob, Conversation: conv, Person: "ada"},
		&RestrictConversation{Actor: bob, Conversation: conv, Off: true},
		&EraseMessage{Actor: Actor{Person: "root", Role: RoleAdmin, Name: "Root"}, Message: message, Reason: "x"},
	} {
		if _, err := Decide(s, c); !errors.Is(err, ErrNotFound) {
			t.Errorf("%T by somebody who does not take part: %v", c, err)
		}
	}
	mustDecide(t, s, &PostMessage{Actor: bob, Conversation: open, Body: "so that Bob takes part"})
	for _, c := range []Command{
		&RestrictConversation{Actor: bob, Conversation: open},
		&StartConversation{Actor: bob, Ticket: 1, Subject: "S", Body: "b", Restricted: true},
	} {
		if _, err := Decide(s, c); !errors.Is(err, ErrForbidden) {
			t.Errorf("%T without the right: %v", c, err)
		}
	}
	// Who takes the ticket over does not come to it by that.
	mustDecide(t, s, &ChangeTicket{Actor: bob, Ticket: 1, Assignee: new("bob"), AssigneeName: "Bob"})
	if s.takesPart(conv, "bob") {
		t.Error("the assignee takes part in a restricted conversation that nobody added them to")
	}
}

// TestAConversationThatIsRestrictedNoMoreIsEverybodysAgain: a channel that rested
// because others read it goes on.
func TestAConversationThatIsRestrictedNoMoreIsEverybodysAgain(t *testing.T) {
	s, _, ada := participantState(t)
	place := Place{Surface: "slack", Workspace: "T", Channel: "C"}
	conv := mustDecide(t, s, &StartConversation{
		Actor: ada, Ticket: 1, Subject: "Fraud", Body: "Stolen?", Restricted: true, Targets: []Target{{Place: place}},
	}).ID
	var mirror ID
	for id, m := range s.Mirrors {
		if m.Conversation == conv.Seq {
			mirror = id
		}
	}
	mustDecide(t, s, &Park{Key: DeliveryKey{Mirror: mirror}, Reason: ParkedMembers, Remedy: "others read it", Uncertain: true})
	mustDecide(t, s, &RestrictConversation{Actor: ada, Conversation: conv, Off: true})
	if c := s.Conversations[conv]; c.Restricted != 0 || !c.Open {
		t.Errorf("the conversation is %+v", c)
	}
	if m := s.Mirrors[mirror]; m.Parked != "" {
		t.Errorf("the mirror rests still: %s", m.Parked)
	}
	bob := Actor{Person: "bob", Role: RoleAgent, Name: "Bob", Account: Account{Surface: SurfaceWeb, ID: "bob"}}
	mustDecide(t, s, &PostMessage{Actor: bob, Conversation: conv, Body: "now I see it"})
}

package bridge

import (
	"errors"
	"testing"
	"time"
)

func participantState(t *testing.T) (*State, ID, Actor) {
	t.Helper()
	s := NewState(time.Unix(1, 0))
	create := &CreateTicket{Subject: "A", Body: "a", Requester: "C"}
	create.SetTicket(1)
	agent := Actor{Person: "ada", Role: RoleAgent, Name: "Ada"}
	mustDecide(t, s, create)
	res := mustDecide(t, s, &StartConversation{Actor: agent, Ticket: 1, Subject: "S", Body: "b"})
	return s, res.ID, agent
}

func mustDecide(t *testing.T, s *State, c Command) Result {
	t.Helper()
	res, err := Decide(s, c)
	if err != nil {
		t.Fatalf("%T: %v", c, err)
	}
	return res
}

// TestWhoTakesPartFollowsFromTheLog: starting, speaking, being asked, taking over and
// being added each make somebody take part, and replaying the log gives the same rows.
func TestWhoTakesPartFollowsFromTheLog(t *testing.T) {
	s, conv, ada := participantState(t)
	bo := Actor{Person: "bo", Role: RoleAgent, Name: "Bo"}
	mustDecide(t, s, &PostMessage{Actor: bo, Conversation: conv, Body: "hi"})
	mustDecide(t, s, &AskApproval{Actor: ada, Conversation: conv, Approvers: []Known{{Person: "cy", Name: "Cy"}}, Body: "x"})
	dee := "dee"
	mustDecide(t, s, &ChangeTicket{Actor: ada, Ticket: 1, Assignee: &dee, AssigneeName: "Dee"})
	mustDecide(t, s, &AddParticipants{Actor: ada, Conversation: conv, People: []Known{{Person: "eve", Name: "Eve"}, {Person: "bo", Name: "Bo"}}})
	for _, who := range []string{"ada", "bo", "cy", "dee", "eve"} {
		if !s.takesPart(conv, who) {
			t.Errorf("%s does not take part", who)
		}
	}
	mustDecide(t, s, &RemoveParticipant{Actor: ada, Conversation: conv, Person: "eve", Name: "Eve"})
	if s.takesPart(conv, "eve") {
		t.Error("somebody who was removed takes part")
	}
	replayed := Replay(s.Entries)
	if len(replayed.Participants) != len(s.Participants) {
		t.Fatalf("replaying gives %d participants, the log had %d", len(replayed.Participants), len(s.Participants))
	}
	for key, p := range s.Participants {
		if got := replayed.Participants[key]; got == nil || *got != *p {
			t.Errorf("replaying gives %+v for %v, want %+v", got, key, p)
		}
	}
}

// TestWhoWasRemovedComesBackOnlyByBeingAdded: going on in a chat's thread is not enough,
// and being added again tells from where they missed it.
func TestWhoWasRemovedComesBackOnlyByBeingAdded(t *testing.T) {
	s, conv, ada := participantState(t)
	eve := []Known{{Person: "eve", Name: "Eve"}}
	mustDecide(t, s, &AddParticipants{Actor: ada, Conversation: conv, People: eve})
	removed := mustDecide(t, s, &RemoveParticipant{Actor: ada, Conversation: conv, Person: "eve"})
	s.add(1, MessagePosted, Actor{Person: "eve"}, Facts{Conversation: conv.Seq, Source: &Source{Surface: "slack", Ref: "1"}}, Words{Body: "bye"})
	if s.takesPart(conv, "eve") {
		t.Error("a message in the thread undid the removal")
	}
	again := mustDecide(t, s, &AddParticipants{Actor: ada, Conversation: conv, People: eve})
	p := s.Participants[ParticipantKey{conv, "eve"}]
	if !p.TakesPart() || p.Since != again.Seq || p.Left != removed.Seq {
		t.Errorf("they are %+v, want since %d and left %d", p, again.Seq, removed.Seq)
	}
	if res := mustDecide(t, s, &AddParticipants{Actor: ada, Conversation: conv, People: eve}); res.Outcome != Ignored {
		t.Errorf("adding who takes part already is %s, want ignored", res.Outcome)
	}
}

// TestOnlyAgentsOrTheyThemselvesEndSomebodysPart: an expert may leave, and remove nobody.
func TestOnlyAgentsOrTheyThemselvesEndSomebodysPart(t *testing.T) {
	s, conv, ada := participantState(t)
	mustDecide(t, s, &AddParticipants{Actor: ada, Conversation: conv, People: []Known{{Person: "eve", Name: "Eve"}}})
	eve := Actor{Person: "eve", Role: RoleExpert, Name: "Eve"}
	if _, err := Decide(s, &RemoveParticipant{Actor: eve, Conversation: conv, Person: "ada"}); !errors.Is(err, ErrForbidden) {
		t.Errorf("an expert removed an agent: %v", err)
	}
	if _, err := Decide(s, &RemoveParticipant{Actor: eve, Conversation: conv, Person: "eve"}); err != nil {
		t.Errorf("they cannot leave: %v", err)
	}
	if _, err := Decide(s, &AddParticipants{Actor: Actor{Role: RoleExpert}, Conversation: conv, People: []Known{{Person: "x"}}}); !errors.Is(err, ErrForbidden) {
		t.Errorf("somebody unknown added people: %v", err)
	}
}

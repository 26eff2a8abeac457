package bridge

import (
	"errors"
	"testing"
	"time"
)

func participantState(t *testing.T) (*State, ID, Actor) {
	t.Helper()
	s := NewState(time.Unix(1, 0))
	s.Rights = inviteRights{}
	create := &CreateTicket{Subject: "A", Body: "a", Requester: "C"}
	create.SetTicket(1)
	agent := Actor{Person: "ada", Role: RoleAgent, Name: "Ada", Account: Account{Surface: SurfaceWeb, ID: "ada"}}
	mustDecide(t, s, create)
	res := mustDecide(t, s, &StartConversation{Actor: agent, Ticket: 1, Subject: "S", Body: "b"})
	return s, res.ID, agent
}

// inviteRights let everybody invite everybody but those named, whom only people who take
// part themselves may invite.
type inviteRights map[string]bool

func (r inviteRights) MayInvite(_ Actor, takesPart bool, whom string) (bool, string) {
	return takesPart || !r[whom], "only who takes part may invite " + whom
}

// MayRestrict: only Ada may.
func (inviteRights) MayRestrict(by Actor) (bool, string) {
	return by.Person == "ada", "only Ada may restrict"
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
		if got := replayed.Participants[key]; got == nil || got.ofEntries() != p.ofEntries() {
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

// TestNobodyAddsWhomTheyMayNotInvite: the command asks the permission for each person, and
// whether who asks takes part; it is refused as a whole, and where no permissions were
// read nobody may.
func TestNobodyAddsWhomTheyMayNotInvite(t *testing.T) {
	s, conv, ada := participantState(t)
	s.Rights = inviteRights{"eve": true}
	zoe := Actor{Person: "zoe", Role: RoleAgent, Name: "Zoe"}
	both := []Known{{Person: "bo", Name: "Bo"}, {Person: "eve", Name: "Eve"}}
	if _, err := Decide(s, &AddParticipants{Actor: zoe, Conversation: conv, People: both}); !errors.Is(err, ErrForbidden) {
		t.Errorf("who does not take part added eve: %v", err)
	}
	if s.takesPart(conv, "bo") {
		t.Error("a refused command added somebody")
	}
	mustDecide(t, s, &AddParticipants{Actor: ada, Conversation: conv, People: both}) // she takes part
	s.Rights = nil
	if _, err := Decide(s, &AddParticipants{Actor: ada, Conversation: conv, People: []Known{{Person: "x"}}}); !errors.Is(err, ErrForbidden) {
		t.Errorf("without permissions somebody was added: %v", err)
	}
}

// TestADigestHasTheLastWordsOfEachSide, as they are now, and counts what was said; who
// comes back has only what they missed.
func TestADigestHasTheLastWordsOfEachSide(t *testing.T) {
	s, conv, ada := participantState(t) // which asks "b"
	expert := Actor{Person: "sue", Role: RoleExpert, Name: "Sue", Account: Account{Surface: SurfaceWeb, ID: "sue"}}
	eve := []Known{{Person: "eve", Name: "Eve"}}
	mustDecide(t, s, &AddParticipants{Actor: ada, Conversation: conv, People: eve})
	left := mustDecide(t, s, &RemoveParticipant{Actor: ada, Conversation: conv, Person: "eve", Name: "Eve"})
	say := func(by Actor, body string) ID {
		return mustDecide(t, s, &PostMessage{Actor: by, Conversation: conv, Body: body}).ID
	}
	say(expert, "no idea")
	edited := say(ada, "first")
	gone := say(expert, "wrong")
	mustDecide(t, s, &EditMessage{Actor: ada, Message: edited, Body: "second"})
	mustDecide(t, s, &DeleteMessage{Actor: expert, Message: gone})
	mustDecide(t, s, &AddParticipants{Actor: ada, Conversation: conv, People: append(eve, Known{Person: "new", Name: "New"})})
	n := len(s.Entries)
	back, fresh := s.Entries[n-2], s.Entries[n-1]
	if back.Facts.Who != "eve" || back.Facts.Entry != left.Seq || len(fresh.Facts.People) != 1 {
		t.Fatalf("entries %+v and %+v", back.Facts, fresh.Facts)
	}
	for _, c := range []struct {
		e     *Entry
		count int64
		back  bool
	}{{back, 2, true}, {fresh, 3, false}} {
		d := DigestFor(c.e, s.Entries)
		if d.Messages != c.count || d.Back != c.back || len(d.Last) != 2 ||
			d.Last[0].Words != "no idea" || d.Last[0].Desk || d.Last[1].Words != "second" || !d.Last[1].Desk {
			t.Errorf("digest %+v, want %d messages, back %v", d, c.count, c.back)
		}
	}
}

// TestHowManyMakeACrowdIsASetting: the limit counts all who take part, a whole group is
// one whatever its size, and zero asks nobody to confirm.
func TestHowManyMakeACrowdIsASetting(t *testing.T) {
	for _, c := range []struct {
		limit  int
		people string
		group  string
		warns  bool
	}{
		{5, "bcde", "", false},
		{5, "bcdef", "", true},
		{2, "b", "", false},
		{2, "bc", "", true},
		{5, "bc", "g", true},
		{5, "b", "g", false},
		{0, "bcdefg", "g", false},
	} {
		s, conv, ada := participantState(t)
		s.ManyPeople = c.limit
		add := &AddParticipants{Actor: ada, Conversation: conv, Group: c.group}
		for _, r := range c.people {
			add.People = append(add.People, Known{Person: string(r)})
		}
		if _, err := Decide(s, add); errors.Is(err, ErrUnconfirmed) != c.warns || err != nil && !c.warns {
			t.Errorf("%+v: %v", c, err)
		}
		add.Confirmed = true
		if res := mustDecide(t, s, add); c.warns && res.Outcome != Accepted {
			t.Errorf("%+v, confirmed: %s", c, res.Outcome)
		}
	}
}

// TestAMentionBringsNobodyIntoARestrictedConversation: they would see all that was said.
// Elsewhere a crowd of them is confirmed, and the first message brings in whom it names.
func TestAMentionBringsNobodyIntoARestrictedConversation(t *testing.T) {
	s, conv, ada := participantState(t)
	eve := Mention{Known: Known{Person: "eve", Name: "Eve"}, Mark: "[@Eve](mention:person/eve)", Plain: "@Eve"}
	say := &PostMessage{Actor: ada, Conversation: conv, Body: "Hi " + eve.Mark, Mentions: []Mention{eve}}
	s.ManyPeople = 1
	if _, err := Decide(s, say); !errors.Is(err, ErrUnconfirmed) {
		t.Errorf("a crowd by mentions: %v", err)
	}
	mustDecide(t, s, &RestrictConversation{Actor: ada, Conversation: conv})
	res := mustDecide(t, s, say)
	if last := s.Entries[len(s.Entries)-1]; s.takesPart(conv, "eve") || last.Words.Body != "Hi @Eve" || res.Why == "" {
		t.Errorf("%q, takes part %v: %s", last.Words.Body, s.takesPart(conv, "eve"), res.Why)
	}
	begun := mustDecide(t, s, &StartConversation{Actor: ada, Ticket: 1, Subject: "S", Body: eve.Mark, Mentions: []Mention{eve}, Confirmed: true})
	if !s.takesPart(begun.ID, "eve") {
		t.Error("whom the first message calls does not take part")
	}
	for _, e := range s.Entries {
		if e.Kind == ParticipantAdded && e.Invites() {
			t.Errorf("the thread tells it a second time: %+v", e.Facts)
		}
	}
}

package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// TestWhoTakesPartIsKeptAndVerifies: added, removed and added again, on both databases,
// and the record verifies.
func TestWhoTakesPartIsKeptAndVerifies(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		id, err := s.CreatePerson(t.Context(), bridge.Known{Name: "Eve", Role: bridge.RoleExpert}, "")
		if err != nil {
			t.Fatal(err)
		}
		eve := []bridge.Known{{Person: id, Name: "Eve"}}
		must(t, s, &bridge.AddParticipants{Actor: alice, Conversation: conv, People: eve})
		left := must(t, s, &bridge.RemoveParticipant{Actor: alice, Conversation: conv, Person: id, Name: "Eve"}).Seq
		since := must(t, s, &bridge.AddParticipants{Actor: alice, Conversation: conv, People: eve}).Seq
		st, err := s.TicketPage(t.Context(), bridge.SeesAll, conv.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		p := st.Participants[bridge.ParticipantKey{Conversation: conv, Person: id}]
		if p == nil || p.Since != since || p.Left != left || len(st.ParticipantsOf(conv)) != 2 {
			t.Errorf("they are %+v, want since %d, left %d and two who take part", p, since, left)
		}
		if report, err := s.Verify(t.Context(), store.VerifyOptions{}); err != nil || len(report.Found) > 0 {
			t.Errorf("%v, %v", report.Found, err)
		}
	})
}

// TestAddingPeopleAsksWhatIsSetNow: the permissions, with groups by their ids, and who is
// in the directory are read in the transaction that adds.
func TestAddingPeopleAsksWhatIsSetNow(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		person := func(name string) bridge.Known {
			id, err := s.CreatePerson(t.Context(), bridge.Known{Name: name, Role: bridge.RoleExpert}, "")
			if err != nil {
				t.Fatal(err)
			}
			return bridge.Known{Person: id, Name: name}
		}
		eve, mel := person("Eve"), person("Mel")
		group, err := s.SaveGroup(t.Context(), "", "Billing")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetMembers(t.Context(), group, []string{mel.Person}); err != nil {
			t.Fatal(err)
		}
		only := mapping.Permissions{Invite: []mapping.InviteRule{{
			By: mapping.Who{Groups: []string{group}}, Whom: mapping.Who{Everybody: true},
		}}}
		if err := s.SetSetting(t.Context(), mapping.PermissionsSetting, only); err != nil {
			t.Fatal(err)
		}
		add := func(by bridge.Actor, whom bridge.Known) error {
			_, err := s.Append(t.Context(), &bridge.AddParticipants{Actor: by, Conversation: conv, People: []bridge.Known{whom}})
			return err
		}
		if err := add(alice, eve); !errors.Is(err, bridge.ErrForbidden) || !strings.Contains(err.Error(), `only the group "Billing" may`) {
			t.Errorf("who is not in the group: %v", err)
		}
		member := bridge.Actor{Person: mel.Person, Role: bridge.RoleExpert, Name: "Mel"}
		if err := add(member, bridge.Known{Person: "nobody", Name: "N"}); !errors.Is(err, bridge.ErrForbidden) {
			t.Errorf("somebody who is not in the directory: %v", err)
		}
		if err := add(member, eve); err != nil {
			t.Errorf("a member of the group: %v", err)
		}
	})
}

// TestADigestIsReadWithWhatAWorkerDoes, on both databases, bounded in a long conversation.
func TestADigestIsReadWithWhatAWorkerDoes(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, mirror := thread(t, s, billing, "1.1")
		id, err := s.CreatePerson(t.Context(), bridge.Known{Name: "Eve", Role: bridge.RoleExpert}, "")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 60 {
			must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: fmt.Sprint("words ", i)})
		}
		added := must(t, s, &bridge.AddParticipants{Actor: alice, Conversation: conv, People: []bridge.Known{{Person: id, Name: "Eve"}}})
		w, err := s.Work(t.Context(), mirror, 100)
		if err != nil {
			t.Fatal(err)
		}
		d := w.Digests[added.Seq]
		if d.Messages != 61 || d.Back || len(d.Last) != 1 || d.Last[0].Words != "words 59" {
			t.Errorf("the digest is %+v", d)
		}
	})
}

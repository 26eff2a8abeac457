package store_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/words"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// restricted makes a ticket with an open and a restricted conversation of Alice's.
func restricted(t *testing.T, s *store.Store) (open, closed bridge.ID) {
	t.Helper()
	ticket := must(t, s, &bridge.CreateTicket{Actor: alice, Subject: "Charged twice", Requester: "Carla", Body: "Twice!", Channel: "form"}).ID.Ticket
	open = must(t, s, &bridge.StartConversation{Actor: alice, Ticket: ticket, Subject: "Refund", Body: "May I refund the xylophone?"}).ID
	closed = must(t, s, &bridge.StartConversation{Actor: alice, Ticket: ticket, Subject: "Fraud", Body: "Is the xylophone stolen?", Restricted: true}).ID
	must(t, s, &bridge.PostMessage{Actor: alice, Conversation: closed, Body: "xylophone again"})
	return open, closed
}

// TestOnlyThoseWhoTakePartFindRestrictedConversations by any of the store's reads.
func TestOnlyThoseWhoTakePartFindRestrictedConversations(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		_, conv := restricted(t, s)
		id, err := s.CreatePerson(ctx, person("Carol", "carol@example.org", bridge.RoleAgent), "hash")
		if err != nil {
			t.Fatal(err)
		}
		carol := bridge.Actor{Person: id, Role: bridge.RoleAgent, Name: "Carol"}
		sees := func(who string) (n int) {
			t.Helper()
			st, err := s.TicketPage(ctx, who, conv.Ticket)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range st.Entries {
				n += strings.Count(e.Words.Body, "xylophone")
			}
			if (st.Conversations[conv] != nil) == st.Hidden[conv] {
				t.Errorf("%q: shown %t, hidden %t", who, st.Conversations[conv] != nil, st.Hidden[conv])
			}
			return n
		}
		finds := func(who string) int {
			t.Helper()
			_, found, err := s.Search(ctx, who, words.Parse("xylophone"), 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			page, err := s.SearchEntries(ctx, bridge.AuditQuery{Viewer: who, Kinds: []bridge.Kind{bridge.MessagePosted}, Limit: 10})
			if err != nil || len(page.Found) != len(found) {
				t.Errorf("%q finds %d, and %d in the audit; %v", who, len(found), len(page.Found), err)
			}
			return len(found)
		}
		check := func(when, who string, want int) {
			t.Helper()
			if saw, found := sees(who), finds(who); saw != want || found != want {
				t.Errorf("%s: %s sees %d and finds %d, want %d", when, who, saw, found, want)
			}
		}
		check("at first", alice.Person, 3)
		check("at first", carol.Person, 1)
		check("always", bridge.SeesAll, 3)
		must(t, s, &bridge.AddParticipants{Actor: alice, Conversation: conv, People: []bridge.Known{{Person: carol.Person, Name: "Carol"}}})
		check("when added", carol.Person, 3)
		must(t, s, &bridge.RemoveParticipant{Actor: alice, Conversation: conv, Person: carol.Person, Name: "Carol"})
		check("when removed", carol.Person, 1)
		dana, err := s.CreatePerson(ctx, person("Dana", "dana@example.org", bridge.RoleAgent), "hash")
		if err != nil {
			t.Fatal(err)
		}
		check("before", dana, 1)
		if err := s.SetAuditor(ctx, dana, true); err != nil {
			t.Fatal(err)
		}
		check("as an auditor", dana, 3)
		// Who is given the ticket does not take part by that.
		must(t, s, &bridge.ChangeTicket{Actor: alice, Ticket: conv.Ticket, Assignee: &carol.Person, AssigneeName: "Carol"})
		check("with the ticket", carol.Person, 1)
		if rep, err := s.Verify(ctx, store.VerifyOptions{}); err != nil || len(rep.Found) > 0 {
			t.Errorf("verify: %v, %v", rep.Found, err)
		}
	})
}

// TestRestrictingAConversationLaterHidesWhatWasSaidBefore, and only somebody who takes
// part can do it.
func TestRestrictingAConversationLaterHidesWhatWasSaidBefore(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		conv, _ := restricted(t, s)
		if _, err := s.Append(ctx, &bridge.RestrictConversation{Actor: carol, Conversation: conv}); !errors.Is(err, bridge.ErrForbidden) {
			t.Errorf("by somebody who does not take part: %v", err)
		}
		must(t, s, &bridge.RestrictConversation{Actor: alice, Conversation: conv})
		if _, found, err := s.Search(ctx, carol.Person, words.Parse("xylophone"), 0, 10); err != nil || len(found) != 0 {
			t.Errorf("found %v, %v", found, err)
		}
		if _, err := s.Append(ctx, &bridge.PostMessage{Actor: carol, Conversation: conv, Body: "x"}); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("who does not take part speaks: %v", err)
		}
		if rep, err := s.Verify(ctx, store.VerifyOptions{}); err != nil || len(rep.Found) > 0 {
			t.Errorf("verify: %v, %v", rep.Found, err)
		}
	})
}

// TestAnExportWithholdsWhatItsReaderMayNotSee: the chain of what is there closes over
// the hashes of what is not, and an import says what is missing.
func TestAnExportWithholdsWhatItsReaderMayNotSee(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		_, conv := restricted(t, s)
		var out bytes.Buffer
		if err := s.Export(ctx, &out, carol.Person, conv.Ticket); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if strings.Contains(text, "stolen") || strings.Contains(text, "Fraud") || !strings.Contains(text, "refund the xylophone") || strings.Count(text, `{"withheld":`) < 3 {
			t.Errorf("the export is\n%s", text)
		}
		entries, err := s.Entries(ctx, carol.Person, conv.Ticket, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var prev []byte
		for _, e := range entries {
			if !e.Withheld && !bytes.Equal(bridge.ChainHash(e, prev), e.Hash) {
				t.Errorf("the chain breaks at %d", e.Seq)
			}
			prev = e.Hash
		}
		_, _, err = bridge.Import(&out, func(*bridge.State) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "is not in the file") {
			t.Errorf("an import of it: %v", err)
		}
	})
}

// TestTheAuditIsSearchedByPersonKindTicketAndTime, in pages that follow one another.
func TestTheAuditIsSearchedByPersonKindTicketAndTime(t *testing.T) {
	c := &clock{}
	storetest.Both(t, store.Options{Now: c.now}, func(t *testing.T, s *store.Store) {
		c.at = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
		first := must(t, s, &bridge.CreateTicket{Actor: alice, Subject: "One", Requester: "Carla", Body: "1", Channel: "form"}).ID.Ticket
		c.at = c.at.Add(time.Hour)
		must(t, s, &bridge.WriteNote{Actor: carol, Ticket: first, Body: "a note"})
		second := must(t, s, &bridge.CreateTicket{Actor: alice, Subject: "Two", Requester: "Carla", Body: "2", Channel: "form"}).ID.Ticket
		find := func(q bridge.AuditQuery) (out []string, next string) {
			t.Helper()
			q.Viewer = alice.Person
			if q.Limit == 0 {
				q.Limit = 100
			}
			page, err := s.SearchEntries(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			kinds := map[bridge.ID]bridge.Kind{}
			for _, e := range page.State.Entries {
				kinds[e.ID()] = e.Kind
			}
			for _, id := range page.Found {
				out = append(out, id.String()+" "+string(kinds[id]))
			}
			return out, page.Next
		}
		all, _ := find(bridge.AuditQuery{})
		if len(all) < 5 || !strings.HasPrefix(all[0], "2-") {
			t.Errorf("all: %q", all)
		}
		for what, q := range map[string]bridge.AuditQuery{
			"person": {Person: carol.Person}, "kind": {Kinds: []bridge.Kind{bridge.NoteWritten}}, "time": {From: c.at, Kinds: []bridge.Kind{bridge.NoteWritten}},
			"ticket": {Ticket: first, Person: carol.Person},
		} {
			if got, _ := find(q); len(got) != 1 || !strings.HasSuffix(got[0], "note.written") {
				t.Errorf("by %s: %q", what, got)
			}
		}
		if got, _ := find(bridge.AuditQuery{Until: c.at, Ticket: second}); len(got) != 0 {
			t.Errorf("before: %q", got)
		}
		var paged []string
		for next, n := "", 0; n < 20; n++ {
			var page []string
			page, next = find(bridge.AuditQuery{Limit: 2, Before: next})
			if paged = append(paged, page...); next == "" {
				break
			}
		}
		if strings.Join(paged, "|") != strings.Join(all, "|") {
			t.Errorf("paged %q, want %q", paged, all)
		}
		if _, err := s.SearchEntries(t.Context(), bridge.AuditQuery{Before: "x", Limit: 1}); !errors.Is(err, bridge.ErrInvalid) {
			t.Errorf("a wrong place: %v", err)
		}
	})
}

// TestWhoReadsARestrictedChannelAndTakesNoPartIsFound: whoever is nobody we know, is
// somebody else, or has left; and only mirrors of restricted conversations are looked at.
func TestWhoReadsARestrictedChannelAndTakesNoPartIsFound(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		account := func(id string) bridge.Account { return bridge.Account{Surface: "slack", Workspace: "T1", ID: id} }
		bob, err := s.CreatePerson(ctx, person("Bob", "bob@example.org", bridge.RoleAgent), "hash")
		if err != nil {
			t.Fatal(err)
		}
		dan, err := s.CreatePerson(ctx, person("Dan", "dan@example.org", bridge.RoleAgent), "hash")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.TakeAccount(ctx, account("UBOB"), "Bob", bob); err != nil {
			t.Fatal(err)
		}
		bobActs := bridge.Actor{Person: bob, Role: bridge.RoleAgent, Name: "Bob"}
		ticket := must(t, s, &bridge.CreateTicket{Actor: alice, Subject: "Charged twice", Requester: "Carla", Body: "Twice!", Channel: "form"}).ID.Ticket
		target := []bridge.Target{{Place: billing, Rule: "r"}}
		must(t, s, &bridge.StartConversation{Actor: alice, Ticket: ticket, Subject: "Open", Body: "?", Targets: target})
		conv := must(t, s, &bridge.StartConversation{Actor: bobActs, Ticket: ticket, Subject: "Fraud", Body: "?", Restricted: true, Targets: target}).ID
		find := func(want ...string) {
			t.Helper()
			found, err := s.Outsiders(ctx, conv, []bridge.Account{account("UBOB"), account("UNKNOWN")})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, k := range found {
				got = append(got, k.Account.ID+" "+k.Name)
			}
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("found %q, want %q", got, want)
			}
		}
		find("UNKNOWN ")
		must(t, s, &bridge.AddParticipants{Actor: bobActs, Conversation: conv, People: []bridge.Known{{Person: dan, Name: "Dan"}}})
		must(t, s, &bridge.RemoveParticipant{Actor: bobActs, Conversation: conv, Person: bob, Name: "Bob"})
		find("UBOB Bob", "UNKNOWN ")
		for _, place := range []bridge.Place{billing, {Surface: billing.Surface, Workspace: billing.Workspace}} {
			mirrors, err := s.RestrictedIn(ctx, place)
			if err != nil || len(mirrors) != 1 || mirrors[0].Conversation != conv.Seq {
				t.Errorf("in %s: %+v, %v", place, mirrors, err)
			}
		}
		if mirrors, err := s.RestrictedIn(ctx, bridge.Place{Surface: billing.Surface, Workspace: billing.Workspace, Channel: "elsewhere"}); err != nil || len(mirrors) != 0 {
			t.Errorf("elsewhere: %+v, %v", mirrors, err)
		}
	})
}

// TestWhatWasRestrictedIsSeenByEverybodyAgain, with all that was said meanwhile.
func TestWhatWasRestrictedIsSeenByEverybodyAgain(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		_, conv := restricted(t, s)
		must(t, s, &bridge.RestrictConversation{Actor: alice, Conversation: conv, Off: true})
		if _, found, err := s.Search(ctx, carol.Person, words.Parse("xylophone"), 0, 10); err != nil || len(found) != 3 {
			t.Errorf("found %v, %v", found, err)
		}
		must(t, s, &bridge.PostMessage{Actor: carol, Conversation: conv, Body: "now I see it"})
		if rep, err := s.Verify(ctx, store.VerifyOptions{}); err != nil || len(rep.Found) > 0 {
			t.Errorf("verify: %v, %v", rep.Found, err)
		}
		must(t, s, &bridge.RestrictConversation{Actor: alice, Conversation: conv})
		if rep, err := s.Verify(ctx, store.VerifyOptions{}); err != nil || len(rep.Found) > 0 {
			t.Errorf("verify: %v, %v", rep.Found, err)
		}
	})
}

// TestADraftStaysADraftBesideAConversationThatIsHidden: what is read to hide one
// restricted conversation takes nothing from the messages of another.
func TestADraftStaysADraftBesideAConversationThatIsHidden(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		_, closed := restricted(t, s)
		bob := bridge.Actor{Person: newPerson(t, s, "Bob", ""), Role: bridge.RoleAgent, Name: "Bob"}
		his := must(t, s, &bridge.StartConversation{Actor: bob, Ticket: closed.Ticket, Subject: "Theft", Body: "?", Restricted: true}).ID
		draft := must(t, s, &bridge.OfferDraft{Actor: bob, Conversation: his, Body: "Dear Carla"}).ID
		page, err := s.TicketPage(t.Context(), bob.Person, closed.Ticket)
		if err != nil || !page.Hidden[closed] {
			t.Fatalf("hidden: %v, %v", page.Hidden, err)
		}
		if m := page.Messages[draft]; m == nil || m.Draft != draft.Seq {
			t.Errorf("the draft is read as %+v", m)
		}
	})
}

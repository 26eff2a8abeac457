package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

func TestInboxPagesWithoutGapOrDouble(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) // all tickets change at one moment
	storetest.Both(t, store.Options{Now: func() time.Time { return now }}, func(t *testing.T, s *store.Store) {
		for i := range 7 {
			must(t, s, &bridge.CreateTicket{Subject: fmt.Sprint("Ticket ", i+1), Requester: "Carl", Body: "help"})
		}
		must(t, s, &bridge.StartConversation{Actor: alice, Ticket: 2, Subject: "Q", Body: "?"})
		var ids []int64
		var before time.Time
		var beforeID int64
		for {
			st, _, err := s.Inbox(t.Context(), bridge.InboxQuery{Person: alice.Person, Statuses: []string{bridge.StatusNew}, Before: before, BeforeID: beforeID, Limit: 3})
			if err != nil {
				t.Fatal(err)
			}
			if len(st.Tickets) == 0 {
				break
			}
			if len(st.Entries) != len(st.Tickets) {
				t.Errorf("%d creating entries of %d tickets", len(st.Entries), len(st.Tickets))
			}
			beforeID = 1 << 60
			for id := range st.Tickets {
				ids, beforeID = append(ids, id), min(beforeID, id)
			}
			before = now
			if want := st.Tickets[2] != nil; want != (len(st.Conversations) == 1) {
				t.Errorf("open conversations %v on the page of %v", st.Conversations, ids)
			}
		}
		seen := map[int64]bool{}
		for _, id := range ids {
			seen[id] = true
		}
		if len(ids) != 7 || len(seen) != 7 {
			t.Errorf("pages showed %v", ids)
		}
		st, _, err := s.Inbox(t.Context(), bridge.InboxQuery{Statuses: []string{bridge.StatusSolved}, Limit: 3})
		if err != nil || len(st.Tickets) != 0 {
			t.Errorf("solved tickets: %v, %v", st.Tickets, err)
		}
		st, _, err = s.Inbox(t.Context(), bridge.InboxQuery{Assignee: "nobody", Limit: 3})
		if err != nil || len(st.Tickets) != 0 {
			t.Errorf("tickets of nobody: %v, %v", st.Tickets, err)
		}
	})
}

func TestTicketPageAndWhatCameSince(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		page, err := s.TicketPage(t.Context(), bridge.SeesAll, conv.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Messages) != 1 || len(page.Conversations) != 1 || len(page.Mirrors) != 1 {
			t.Errorf("page has %d messages, %d conversations, %d mirrors", len(page.Messages), len(page.Conversations), len(page.Mirrors))
		}
		head := page.Tickets[conv.Ticket].Head
		since, err := s.TicketSince(t.Context(), bridge.SeesAll, conv.Ticket, head)
		if err != nil || len(since.Mirrors) != 1 || len(since.Messages) != 0 || len(since.Entries) != 1 {
			t.Errorf("without news: %d entries, %d messages, %v", len(since.Entries), len(since.Messages), err)
		}
		posted := must(t, s, reply(billing, "1.1", "1.2", "I see it")).ID
		must(t, s, &bridge.EditMessage{Actor: alice, Message: firstMessage(page), Body: "Can you look, please?"})
		since, err = s.TicketSince(t.Context(), bridge.SeesAll, conv.Ticket, head)
		if err != nil || len(since.Entries) < 2 || len(since.Messages) != 2 {
			t.Fatalf("after two: %d entries, %d messages, %v", len(since.Entries), len(since.Messages), err)
		}
		have := map[int64]string{}
		for _, e := range since.Entries {
			have[e.Seq] = e.Words.Body
		}
		m := since.Messages[firstMessage(page)]
		if have[posted.Seq] != "I see it" || have[m.BodySeq] != "Can you look, please?" || have[m.ID.Seq] != "Can you look?" {
			t.Errorf("words of what came since: %v", have)
		}
		said, err := s.TicketSaid(t.Context(), conv.Ticket)
		if err != nil || len(said.Entries) != 2 || said.Entries[1].Words.Body != "I was billed twice" {
			t.Errorf("said on the ticket: %d entries, %v", len(said.Entries), err)
		}
		if _, err := s.TicketPage(t.Context(), bridge.SeesAll, 99); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("page of no ticket: %v, want ErrNotFound", err)
		}
	})
}

func firstMessage(st *bridge.State) bridge.ID {
	for id := range st.Messages {
		return id
	}
	return bridge.ID{}
}

func TestHistoryHasEveryVersion(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		post := must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "v1"}).ID
		for _, body := range []string{"v2", "v3", "v4"} {
			must(t, s, &bridge.EditMessage{Actor: alice, Message: post, Body: body})
		}
		must(t, s, &bridge.DeleteMessage{Actor: alice, Message: post})
		entries, err := s.History(t.Context(), bridge.SeesAll, post)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, string(e.Kind)+" "+e.Words.Name+" "+e.Words.Body)
		}
		want := []string{
			"message.posted Alice v1", "message.edited Alice v2", "message.edited Alice v3", "message.edited Alice v4", "message.deleted Alice ",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if _, err := s.History(t.Context(), bridge.SeesAll, bridge.ID{Ticket: 9, Seq: 9}); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("history of nothing: %v, want ErrNotFound", err)
		}
	})
}

func TestFilesAreFoundWithTheirNames(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		post := must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Files: []bridge.FileUpload{{Name: "a.txt", MIME: "text/plain", Size: 1, Hash: "aa"}}}).ID
		f, name, in, err := s.MessageFile(t.Context(), bridge.SeesAll, post, 0)
		if err != nil || name != "a.txt" || f.Hash != "aa" || in != conv.Seq || f.State != bridge.FileStoredS {
			t.Errorf("MessageFile = %+v, %q, %v", f, name, err)
		}
		if _, _, _, err := s.MessageFile(t.Context(), bridge.SeesAll, post, 1); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("no such file: %v, want ErrNotFound", err)
		}
	})
}

func TestTroubledShowsParkedAndBehind(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, mirror := thread(t, s, billing, "1.1")
		must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "more"})
		_, other := thread(t, s, billing, "2.1")
		must(t, s, &bridge.Park{Key: bridge.DeliveryKey{Mirror: other}, Reason: "is_archived", Remedy: "Unarchive the channel."})
		st, err := s.Troubled(t.Context(), 10)
		if err != nil || len(st.Mirrors) != 2 || !st.Mirrors[mirror].Behind() || st.Mirrors[other].Remedy != "Unarchive the channel." {
			t.Errorf("Troubled: %v, %v", st.Mirrors, err)
		}
		if err := s.Block(t.Context(), "slack", "T1", "invalid_auth", "Install the app again."); err != nil {
			t.Fatal(err)
		}
		if err := s.Quarantine(t.Context(), "slack", "no such field", []byte("{}")); err != nil {
			t.Fatal(err)
		}
		calls := 0
		err = errors.Join(
			s.BlockedWorkspaces(t.Context(), func(surface, workspace, reason, remedy string, _ time.Time) {
				calls++
				if got := [4]string{surface, workspace, reason, remedy}; got != [4]string{"slack", "T1", "invalid_auth", "Install the app again."} {
					t.Errorf("blocked: %v", got)
				}
			}),
			s.Quarantined(t.Context(), 10, func(_ string, _ time.Time, surface, reason string, size int64) {
				calls++
				if surface != "slack" || reason != "no such field" || size != 2 {
					t.Errorf("quarantined: %s, %s, %d", surface, reason, size)
				}
			}),
		)
		if err != nil || calls != 2 {
			t.Errorf("%d rows, %v", calls, err)
		}
	})
}

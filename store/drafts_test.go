package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// TestADraftHasAllThatWasSaidOfIt (B8), however many answer at the same time: the worker
// and the page read the same, the record verifies, and an export of it can be imported.
func TestADraftHasAllThatWasSaidOfIt(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, mirror := thread(t, s, billing, "1.1")
		draft := must(t, s, &bridge.OfferDraft{Actor: alice, Conversation: conv, Body: "Dear Carla"}).ID
		people := []bridge.Actor{
			{Person: "p-1", Role: bridge.RoleExpert, Name: "One"},
			{Person: "p-2", Role: bridge.RoleExpert, Name: "Two"},
			{Account: bridge.Account{Surface: "slack", Workspace: "T1", ID: "U9"}, Role: bridge.RoleExpert, Name: "Nine"},
		}
		var wg sync.WaitGroup
		for _, who := range append(people, people...) {
			wg.Go(func() {
				if _, err := s.Append(t.Context(), &bridge.ApproveDraft{Actor: who, Draft: draft}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		suggestion := must(t, s, &bridge.SuggestDraft{Actor: people[0], Draft: draft, Body: "Hello Carla"}).ID
		page := func(after int64) *bridge.State {
			st, err := s.TicketSince(t.Context(), bridge.SeesAll, conv.Ticket, after)
			if after == 0 {
				st, err = s.TicketPage(t.Context(), bridge.SeesAll, conv.Ticket)
			}
			if err != nil {
				t.Fatal(err)
			}
			return st
		}
		whole := page(0)
		if len(whole.Reviews) != 4 || whole.Messages[draft].Draft != draft.Seq || whole.Messages[suggestion].Draft != draft.Seq {
			t.Errorf("the page has %d reviews of %+v and %+v", len(whole.Reviews), whole.Messages[draft], whole.Messages[suggestion])
		}
		must(t, s, &bridge.TakeDraft{Actor: alice, Suggestion: suggestion})
		since := page(suggestion.Seq)
		if r := since.Reviews[suggestion]; r == nil || r.State != bridge.ReviewTaken || len(since.Reviews) != 4 {
			t.Errorf("a page hears %+v", since.Reviews)
		}
		has := map[int64]bool{}
		for _, e := range since.Entries {
			has[e.Seq] = true
		}
		if !has[draft.Seq] || !has[suggestion.Seq] {
			t.Errorf("a page has the entries %v, without the draft's and the suggestion's words", has)
		}
		work, err := s.Work(t.Context(), mirror, 64)
		if err != nil || len(work.Reviewed) != 1 || len(work.Reviewed[0].Answers) != 4 || work.Reviewed[0].Answers[3].Name != "One" {
			t.Errorf("the worker has %+v, %v", work.Reviewed, err)
		}
		report, err := s.Verify(t.Context(), store.VerifyOptions{})
		if err != nil || len(report.Found) > 0 {
			t.Errorf("%v, %v", report.Found, err)
		}
		file := exported(t, s)
		empty := storetest.Open(t, s.Options().Driver, store.Options{})
		if _, _, err := empty.Import(t.Context(), strings.NewReader(file)); err != nil {
			t.Fatal(err)
		}
		if exported(t, empty) != file {
			t.Error("the second export differs")
		}
		if st, err := empty.TicketPage(t.Context(), bridge.SeesAll, conv.Ticket); err != nil || len(st.Reviews) != 4 {
			t.Errorf("imported: %v, %v", st, err)
		}
	})
}

// TestVerifyFindsWhatSomebodyMadeOfAReview: a row that was changed, and one that no entry made.
func TestVerifyFindsWhatSomebodyMadeOfAReview(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		draft := must(t, s, &bridge.OfferDraft{Actor: alice, Conversation: conv, Body: "Dear Carla"}).ID
		must(t, s, &bridge.SuggestDraft{Actor: bridge.Actor{Person: "p-1", Role: bridge.RoleExpert}, Draft: draft, Body: "Hello"})
		for _, c := range []struct{ sql, back, want string }{
			{"UPDATE reviews SET state = 'taken'", "UPDATE reviews SET state = 'suggested'", "the review"},
			{"UPDATE messages SET draft = 0 WHERE draft = seq", "UPDATE messages SET draft = seq WHERE seq = (SELECT MIN(draft) FROM reviews)", "the message"},
		} {
			raw(t, s, c.sql)
			report, err := s.Verify(t.Context(), store.VerifyOptions{})
			if err != nil || len(report.Found) != 1 || !strings.Contains(report.Found[0].String(), c.want) {
				t.Errorf("%s: %v, %v", c.sql, report.Found, err)
			}
			raw(t, s, c.back)
		}
	})
}

func raw(t *testing.T, s *store.Store, sql string) {
	t.Helper()
	if n, err := s.RawExec(t.Context(), sql); err != nil || n != 1 {
		t.Fatal(sql, n, err)
	}
}

// TestADraftIsFoundByThePostThatHasItsButtons, with the text that it has now, and no
// more once it was withdrawn.
func TestADraftIsFoundByThePostThatHasItsButtons(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, mirror := thread(t, s, billing, "1.1")
		draft := must(t, s, &bridge.OfferDraft{Actor: alice, Conversation: conv, Body: "Dear Carla"}).ID
		for part, call := range []bridge.Call{{Verb: bridge.VerbPost, Message: draft.Seq}, {Verb: bridge.VerbPost, Last: true}} {
			key, token, ref := bridge.DeliveryKey{Mirror: mirror, Seq: draft.Seq, Part: part}, fmt.Sprint("token", part), fmt.Sprint("2.", part)
			must(t, s, &bridge.Begin{Key: key, Token: token, Call: call})
			must(t, s, &bridge.Settle{Key: key, Token: token, Receipt: bridge.Receipt{Ref: ref, Print: "print"}})
		}
		at := func(ref string) (bridge.DraftText, error) { return s.DraftAt(t.Context(), billing, ref) }
		if got, err := at("2.1"); err != nil || got != (bridge.DraftText{Draft: draft, Text: draft.Seq, Body: "Dear Carla"}) {
			t.Errorf("found %+v, %v", got, err)
		}
		edit := must(t, s, &bridge.EditMessage{Actor: alice, Message: draft, Body: "Hello Carla"})
		if got, err := at("2.1"); err != nil || got != (bridge.DraftText{Draft: draft, Text: edit.Seq, Body: "Hello Carla"}) {
			t.Errorf("after it was changed: %+v, %v", got, err)
		}
		if got, err := at("2.0"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("by the post of its words: %+v, %v", got, err)
		}
		must(t, s, &bridge.DeleteMessage{Actor: alice, Message: draft})
		if got, err := at("2.1"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("after it was withdrawn: %+v, %v", got, err)
		}
	})
}

package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/words"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// found asserts what a search finds, the newest first.
func found(t *testing.T, s *store.Store, query string, want ...bridge.ID) {
	t.Helper()
	_, finds, err := s.Search(t.Context(), alice.Person, words.Parse(query), 0, 50)
	if err != nil {
		t.Fatalf("search for %q: %v", query, err)
	}
	var got []bridge.ID
	for _, f := range finds {
		got = append(got, f.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q: %s", query, diff)
	}
}

func TestSearchFindsThePresentWordsOnly(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		created := bridge.ID{Ticket: conv.Ticket, Seq: 1}
		found(t, s, "wrong INVOICE", created)
		found(t, s, "invo", created)
		found(t, s, `"wrong carl"`)
		post := must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "The *Grüße* are 4711-b; it's 'quoted' \\ & |"}).ID
		found(t, s, "grusse", post)
		found(t, s, `"4711 b"`, post)
		found(t, s, "quot'ed")
		must(t, s, &bridge.EditMessage{Actor: alice, Message: post, Body: "Something else"})
		found(t, s, "grusse")
		found(t, s, "something else", post)
		must(t, s, &bridge.DeleteMessage{Actor: alice, Message: post})
		found(t, s, "something")
		secret := must(t, s, reply(billing, "1.1", "1.2", "A secret name")).ID
		found(t, s, "secret", secret)
		if _, err := s.RawExec(t.Context(), `DELETE FROM contents WHERE ticket = ? AND seq = ?`, secret.Ticket, secret.Seq); err != nil {
			t.Fatal(err)
		}
		found(t, s, "secret")
		_, finds, err := s.Search(t.Context(), "", words.Parse("billed"), 0, 50)
		for _, f := range finds {
			if f.Conversation != 0 {
				t.Errorf("nobody finds %v in a conversation; %v", f, err)
			}
		}
	})
}

func TestSearchPagesWithoutGapOrDouble(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		for range 7 {
			must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "needle"})
		}
		seen, before := map[bridge.ID]bool{}, int64(0)
		for range 4 {
			_, finds, err := s.Search(t.Context(), alice.Person, words.Parse("needle"), before, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range finds {
				if seen[f.ID] {
					t.Errorf("%v was found twice", f.ID)
				}
				seen[f.ID], before = true, f.Position
			}
		}
		if len(seen) != 7 {
			t.Errorf("found %d, want 7", len(seen))
		}
	})
}

func TestTicketsFromBeforeTheSearchAreFoundAfterMigrating(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		for _, q := range []string{`DELETE FROM search_docs`, `INSERT INTO search_todo (ticket) SELECT id FROM tickets`} {
			if _, err := s.RawExec(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		found(t, s, "invoice")
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		found(t, s, "invoice", bridge.ID{Ticket: conv.Ticket, Seq: 1})
	})
}

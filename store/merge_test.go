package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// TestTwoPeopleBecomeOneAndOneBecomesTwo: accounts, groups and the address go over, what
// was said keeps its author, and the last admin stays one.
func TestTwoPeopleBecomeOneAndOneBecomesTwo(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		add := func(name, email string, role bridge.Role) string {
			t.Helper()
			id, err := s.CreatePerson(ctx, bridge.Known{Name: name, Role: role, Account: bridge.Account{Surface: "web", ID: email}}, "hash")
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		ada, twin, anders := add("Ada", "ada@example.org", bridge.RoleAdmin), add("Anders J.", "anders@example.org", bridge.RoleExpert), add("Anders", "", bridge.RoleExpert)
		group, err := s.SaveGroup(ctx, "", "Billing")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetMembers(ctx, group, []string{twin, ada}); err != nil {
			t.Fatal(err)
		}
		conv, _ := thread(t, s, billing, "1.1")
		in := reply(billing, "1.1", "2.1", "hello")
		if _, err := s.Append(ctx, in); err != nil {
			t.Fatal(err)
		}
		unlinked := func() (out []string) {
			t.Helper()
			err := s.Unlinked(ctx, 10, func(a bridge.Account, _ string, seen time.Time) {
				if time.Since(seen) > time.Hour {
					t.Errorf("%s was last seen %s", a.ID, seen)
				}
				out = append(out, a.ID)
			})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		if got := unlinked(); !slices.Equal(got, []string{in.Author.ID}) {
			t.Errorf("unlinked: %q", got)
		}
		if err := s.LinkAccount(ctx, in.Author, twin, ada); err != nil {
			t.Fatal(err)
		}
		said := reply(billing, "1.1", "2.2", "as the twin")
		if _, err := s.Append(ctx, said); err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			from, into string
			want       error
		}{
			"into themselves": {twin, twin, bridge.ErrInvalid}, "into nobody": {twin, "x", bridge.ErrNotFound}, "the last admin": {ada, anders, bridge.ErrConflict},
		} {
			if err := s.MergePeople(ctx, c.from, c.into, ada); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := s.MergePeople(ctx, twin, anders, ada); err != nil {
			t.Fatal(err)
		}
		if k, err := s.Identify(ctx, in.Author); err != nil || k.Person != anders {
			t.Errorf("the account is %+v, %v", k, err)
		}
		if k, _, err := s.SignIn(ctx, "anders@example.org"); err != nil || k.Person != anders || k.Role != bridge.RoleExpert {
			t.Errorf("the address is %+v, %v", k, err)
		}
		if m, err := s.Members(ctx); err != nil || !slices.Contains(m[group], anders) || slices.Contains(m[group], twin) {
			t.Errorf("members %v, %v", m, err)
		}
		if _, _, err := s.Person(ctx, twin); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("who was merged may sign in: %v", err)
		}
		own, err := s.SplitAccount(ctx, in.Author, ada)
		if err != nil {
			t.Fatal(err)
		}
		if k, err := s.Identify(ctx, in.Author); err != nil || k.Person != own || own == anders {
			t.Errorf("after the split the account is %+v, %v", k, err)
		}
		if _, err := s.SplitAccount(ctx, bridge.Account{Surface: "slack", Workspace: "T1", ID: "U404"}, ada); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("an unknown account: %v", err)
		}
		entries, err := s.Entries(ctx, bridge.SeesAll, conv.Ticket, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		if last := entries[len(entries)-1]; last.Words.Body != "as the twin" || last.Facts.Person != twin {
			t.Errorf("what was said is by %q", last.Facts.Person)
		}
	})
}

// TestWhoIsRenamedKeepsTheOldNameOnWhatTheySaid is E6.
func TestWhoIsRenamedKeepsTheOldNameOnWhatTheySaid(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		for i, name := range []string{"Anders", "Anders Berg"} {
			in := reply(billing, "1.1", []string{"2.1", "2.2"}[i], name)
			in.AuthorName = name
			if _, err := s.Append(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := s.Entries(t.Context(), bridge.SeesAll, conv.Ticket, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		names := 0
		for _, e := range entries {
			if e.Facts.Source != nil {
				names++
				if e.Words.Name != e.Words.Body {
					t.Errorf("%q is under the name %q", e.Words.Body, e.Words.Name)
				}
			}
		}
		if names != 2 {
			t.Errorf("%d messages", names)
		}
	})
}

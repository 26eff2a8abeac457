package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

func person(name, email string, role bridge.Role) bridge.Known {
	return bridge.Known{Name: name, Role: role, Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: email}}
}

func TestOnlyOneFirstAdminHoweverManyAskAtOnce(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		if has, err := s.HasAdmin(t.Context()); has || err != nil {
			t.Fatalf("HasAdmin of an empty store = %v, %v", has, err)
		}
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() {
				_, errs[i] = s.CreateFirstAdmin(t.Context(), person("Ada", "ada@example.org", ""), "hash")
			})
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			switch {
			case err == nil:
				made++
			case !errors.Is(err, bridge.ErrConflict):
				t.Errorf("want ErrConflict, got %v", err)
			}
		}
		if made != 1 {
			t.Errorf("%d first admins were made, want 1", made)
		}
		if has, err := s.HasAdmin(t.Context()); !has || err != nil {
			t.Errorf("HasAdmin = %v, %v", has, err)
		}
	})
}

func TestPeopleSignInByAddressInAnyCase(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		id, err := s.CreatePerson(t.Context(), person("Ada", " Ada@Example.org", bridge.RoleAdmin), "hash-1")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.CreatePerson(t.Context(), person("Ada Again", "ada@example.ORG", bridge.RoleAgent), "hash-2")
		if !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("a second account of one address: %v, want ErrConflict", err)
		}
		got, hash, err := s.SignIn(t.Context(), "ADA@example.org")
		want := bridge.Known{Person: id, Name: "Ada", Role: bridge.RoleAdmin, Account: bridge.Account{Surface: "web", ID: "ada@example.org"}}
		if diff := cmp.Diff(want, got); diff != "" || hash != "hash-1" || err != nil {
			t.Errorf("SignIn: %s, %q, %v", diff, hash, err)
		}
		if _, _, err := s.SignIn(t.Context(), ""); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("SignIn without an address: %v, want ErrNotFound", err)
		}
	})
}

func TestTheLastAdminStaysOne(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ada, err := s.CreatePerson(t.Context(), person("Ada", "ada@example.org", bridge.RoleAdmin), "h")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetRole(t.Context(), ada, bridge.RoleAgent); !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("the last admin steps down: %v, want ErrConflict", err)
		}
		if err := s.SetDisabled(t.Context(), ada, true); !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("the last admin is disabled: %v, want ErrConflict", err)
		}
		bob, err := s.CreatePerson(t.Context(), person("Bob", "bob@example.org", bridge.RoleAdmin), "h")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, id := range []string{ada, bob} {
			wg.Go(func() { _ = s.SetRole(t.Context(), id, bridge.RoleAgent) })
		}
		wg.Wait()
		if has, err := s.HasAdmin(t.Context()); !has || err != nil {
			t.Errorf("after both stepped down at once HasAdmin = %v, %v", has, err)
		}
		if err := s.SetRole(t.Context(), "nobody", bridge.RoleAgent); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("the role of nobody: %v, want ErrNotFound", err)
		}
	})
}

func TestSomebodyDisabledIsNotFoundAndKeptOnRecord(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		bob, err := s.CreatePerson(t.Context(), person("Bob", "bob@example.org", bridge.RoleAgent), "h")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetDisabled(t.Context(), bob, true); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Person(t.Context(), bob); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("Person: %v, want ErrNotFound", err)
		}
		if _, _, err := s.SignIn(t.Context(), "bob@example.org"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("SignIn: %v, want ErrNotFound", err)
		}
		gone, err := s.People(t.Context(), true)
		if err != nil || len(gone) != 1 || gone[0].Name != "Bob" {
			t.Errorf("the disabled people are %v, %v", gone, err)
		}
	})
}

func TestPreferencesAreKeptPerPerson(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		bob, err := s.CreatePerson(t.Context(), person("Bob", "bob@example.org", bridge.RoleAgent), "h")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range [][2]string{{"hint", "seen"}, {"other", "1"}} {
			if err := s.SetPreference(t.Context(), bob, p[0], p[1]); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Preference(t.Context(), bob, "hint"); got != "seen" || err != nil {
			t.Errorf("Preference = %q, %v", got, err)
		}
		if got, err := s.Preference(t.Context(), bob, "none"); got != "" || err != nil {
			t.Errorf("Preference never set = %q, %v", got, err)
		}
	})
}

func TestAnAccountSeenInChatIsLinkedToAPerson(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		thread(t, s, billing, "1.1")
		must(t, s, reply(billing, "1.1", "1.2", "hello"))
		bob, err := s.CreatePerson(t.Context(), person("Bob", "", bridge.RoleExpert), "")
		if err != nil {
			t.Fatal(err)
		}
		account := bridge.Account{Surface: "slack", Workspace: "T1", ID: "U1"}
		if err := s.LinkAccount(t.Context(), account, bob, "ada"); err != nil {
			t.Fatal(err)
		}
		got, err := s.Accounts(t.Context(), 10)
		want := []bridge.Known{{Account: account, Person: bob, Role: bridge.RoleExpert, Name: "Anders"}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Accounts: %s, %v", diff, err)
		}
		if err := s.LinkAccount(t.Context(), account, "nobody", "ada"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("link to nobody: %v, want ErrNotFound", err)
		}
		if err := s.LinkAccount(t.Context(), bridge.Account{Surface: "slack", ID: "?"}, bob, "ada"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("link of an unknown account: %v, want ErrNotFound", err)
		}
	})
}

func TestAPersonsAccountInAWorkspaceIsTheOneSeenLast(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		bob := newPerson(t, s, "Bob", "")
		for i, id := range []string{"U2", "U1", "U3"} {
			account := bridge.Account{Surface: "slack", Workspace: "T1", ID: id}
			if err := s.TakeAccount(t.Context(), account, "bob", bob); err != nil {
				t.Fatal(err)
			}
			if _, err := s.RawExec(t.Context(), "UPDATE accounts SET seen_at = ? WHERE id = ?", 3-i%2, id); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct{ person, workspace, want string }{
			{bob, "T1", "U2"}, {bob, "T2", ""}, {"nobody", "T1", ""},
		} {
			if got, err := s.AccountIn(t.Context(), c.person, "slack", c.workspace); got != c.want || err != nil {
				t.Errorf("%s in %s: %q, %v; want %q", c.person, c.workspace, got, err, c.want)
			}
		}
	})
}

func TestGroupsHaveOneNameEachAndMembers(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		id, err := s.SaveGroup(t.Context(), "", "  Billing  team ")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.SaveGroup(t.Context(), "", "billing team"); !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("a second group of that name: %v, want ErrConflict", err)
		}
		if _, err := s.SaveGroup(t.Context(), "nothing", "Else"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("rename of no group: %v, want ErrNotFound", err)
		}
		if _, err := s.SaveGroup(t.Context(), id, "Billing"); err != nil {
			t.Errorf("rename: %v", err)
		}
		groups, err := s.Groups(t.Context())
		if diff := cmp.Diff(map[string]string{id: "Billing"}, groups); diff != "" || err != nil {
			t.Errorf("Groups: %s, %v", diff, err)
		}
		bob, err := s.CreatePerson(t.Context(), person("Bob", "", bridge.RoleExpert), "")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.SetMembers(t.Context(), id, []string{bob, bob}); err != nil {
				t.Fatal(err)
			}
		}
		members, err := s.Members(t.Context())
		if diff := cmp.Diff(map[string][]string{id: {bob}}, members); diff != "" || err != nil {
			t.Errorf("Members: %s, %v", diff, err)
		}
	})
}

func TestSessionsEndAtTheirTime(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	storetest.Both(t, store.Options{Now: func() time.Time { return now }}, func(t *testing.T, s *store.Store) {
		x := s.Sessions()
		for token, expiry := range map[string]time.Time{"a": now.Add(time.Hour), "b": now} {
			if err := x.CommitCtx(t.Context(), token, []byte("data "+token), expiry); err != nil {
				t.Fatal(err)
			}
		}
		if data, found, err := x.FindCtx(t.Context(), "a"); string(data) != "data a" || !found || err != nil {
			t.Errorf("a live session: %q, %v, %v", data, found, err)
		}
		for _, token := range []string{"b", "c"} {
			if _, found, err := x.FindCtx(t.Context(), token); found || err != nil {
				t.Errorf("session %s: found %v, %v", token, found, err)
			}
		}
		if err := x.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := x.DeleteCtx(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if _, found, err := x.Find("a"); found || err != nil {
			t.Errorf("a deleted session: found %v, %v", found, err)
		}
	})
}

func TestTokensAreFoundByHashUntilRevoked(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ada, err := s.CreatePerson(t.Context(), person("Ada", "ada@example.org", bridge.RoleAdmin), "h")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CreateToken(t.Context(), "Shop form", "hash", ada); err != nil {
			t.Fatal(err)
		}
		who, name, err := s.Token(t.Context(), "hash")
		if who.Person != ada || name != "Shop form" || err != nil {
			t.Errorf("Token = %v, %q, %v", who, name, err)
		}
		var id string
		err = s.Tokens(t.Context(), func(i, name, by string, created, used time.Time) {
			id = i
			if name != "Shop form" || by != "Ada" || created.IsZero() || used.IsZero() {
				t.Errorf("token %q by %q, created %v, used %v", name, by, created, used)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteToken(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Token(t.Context(), "hash"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("a revoked token: %v, want ErrNotFound", err)
		}
	})
}

func TestSettingsAreStoredAsJSON(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		got := []string{"default"}
		if err := s.Setting(t.Context(), "list", &got); err != nil || got[0] != "default" {
			t.Errorf("a setting never made: %v, %v", got, err)
		}
		if err := s.SetSetting(t.Context(), "list", []string{"a", "b"}); err != nil {
			t.Fatal(err)
		}
		if err := s.Setting(t.Context(), "list", &got); err != nil || cmp.Diff([]string{"a", "b"}, got) != "" {
			t.Errorf("Setting = %v, %v", got, err)
		}
	})
}

package store_test

import (
	"errors"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// E1: an address that the surface vouches for, an admin and the person themselves
// lead to the same person.
func TestThreeWaysLinkAnAccountToTheSamePerson(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		anders, err := s.CreatePerson(ctx, person("Anders Holm", "anders@example.org", bridge.RoleAgent), "hash")
		if err != nil {
			t.Fatal(err)
		}
		byEmail := bridge.Account{Surface: "slack", Workspace: "T1", ID: "U1"}
		byAdmin := bridge.Account{Surface: "slack", Workspace: "T2", ID: "U2"}
		bySelf := bridge.Account{Surface: "discord", Workspace: "9", ID: "77"}
		err = errors.Join(
			s.SeeAccount(ctx, byEmail, "anders", "Anders@Example.org"),
			s.TakeAccount(ctx, byAdmin, "anders", anders), s.LinkAccount(ctx, byAdmin, "", "admin"), s.LinkAccount(ctx, byAdmin, anders, "admin"),
			s.TakeAccount(ctx, bySelf, "anders_h", anders), s.TakeAccount(ctx, bySelf, "anders_h", anders),
		)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []bridge.Account{byEmail, byAdmin, bySelf} {
			if k, err := s.Identify(ctx, a); err != nil || k.Person != anders || k.Role != bridge.RoleAgent {
				t.Errorf("%v is %+v, %v; want Anders", a, k, err)
			}
		}
	})
}

func TestAnAddressLinksNothingThatAPersonHasDecided(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ids := map[string]string{}
		for _, name := range []string{"ada", "bob"} {
			id, err := s.CreatePerson(ctx, person(name, name+"@example.org", bridge.RoleAgent), "hash")
			if err != nil {
				t.Fatal(err)
			}
			ids[name] = id
		}
		account := bridge.Account{Surface: "slack", Workspace: "T1", ID: "U1"}
		see := func(email, want string) {
			t.Helper()
			if err := s.SeeAccount(ctx, account, "U One", email); err != nil {
				t.Fatal(err)
			}
			if k, err := s.Identify(ctx, account); err != nil || k.Person != ids[want] {
				t.Errorf("after seeing %q: %+v, %v; want %q", email, k, err, want)
			}
		}
		see("", "")
		see("nobody@example.org", "")
		see("ada@example.org", "ada")
		see("bob@example.org", "ada") // it is linked: another address changes nothing
		if err := s.LinkAccount(ctx, account, "", ids["ada"]); err != nil {
			t.Fatal(err)
		}
		see("ada@example.org", "") // an admin has taken the link away
		if err := s.SetDisabled(ctx, ids["bob"], true); err != nil {
			t.Fatal(err)
		}
		account.ID = "U2"
		see("bob@example.org", "") // somebody who left is linked to nothing new
	})
}

func TestNobodyTakesAnAccountThatIsSomebodyElses(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ada, err := s.CreatePerson(ctx, person("Ada", "ada@example.org", bridge.RoleAdmin), "hash")
		if err != nil {
			t.Fatal(err)
		}
		bob, err := s.CreatePerson(ctx, person("Bob", "bob@example.org", bridge.RoleAgent), "hash")
		if err != nil {
			t.Fatal(err)
		}
		account := bridge.Account{Surface: "discord", Workspace: "9", ID: "77"}
		if err := s.TakeAccount(ctx, account, "ada", ada); err != nil {
			t.Fatal(err)
		}
		if err := s.TakeAccount(ctx, account, "ada", bob); !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("Bob takes Ada's account: %v", err)
		}
		if err := s.TakeAccount(ctx, bridge.Account{Surface: "discord", Workspace: "9", ID: "78"}, "x", "nobody"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("nobody takes an account: %v", err)
		}
	})
}

package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

func TestAnIdentityProviderLeadsToOnePersonByAccountThenByAddress(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		ada, err := s.CreatePerson(ctx, person("Ada", "ada@example.org", bridge.RoleAdmin), "hash")
		if err != nil {
			t.Fatal(err)
		}
		sub := func(id string) bridge.Account {
			return bridge.Account{Surface: "oidc", Workspace: "https://login.example.org", ID: id}
		}
		if p, hash, err := s.Admit(ctx, sub("1"), "A. Admin", "ADA@example.org", ""); err != nil || p.Person != ada || p.Role != bridge.RoleAdmin || p.Name != "Ada" || hash != "hash" {
			t.Errorf("by her address: %+v, %q, %v", p, hash, err)
		}
		// Her address changes at the provider: the account counts.
		if p, _, err := s.Admit(ctx, sub("1"), "A. Admin", "ada@new.example.org", bridge.RoleAgent); err != nil || p.Person != ada {
			t.Errorf("by her account: %+v, %v", p, err)
		}
		if _, _, err := s.Admit(ctx, sub("2"), "Eve", "eve@example.org", ""); !errors.Is(err, bridge.ErrForbidden) {
			t.Errorf("somebody unknown who is not to be added: %v, want ErrForbidden", err)
		}
		// Somebody new who signs in twice at once is one person.
		var wg sync.WaitGroup
		ids := make([]string, 4)
		for i := range ids {
			wg.Go(func() {
				p, _, err := s.Admit(ctx, sub("3"), "Sanne", "sanne@example.org", bridge.RoleAgent)
				if err != nil || p.Role != bridge.RoleAgent {
					t.Errorf("somebody new: %+v, %v", p, err)
				}
				ids[i] = p.Person
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id == "" || id != ids[0] {
				t.Fatalf("one account led to %q", ids)
			}
		}
		if _, _, err := s.Admit(ctx, sub("4"), " ", "nameless@example.org", bridge.RoleAgent); !errors.Is(err, bridge.ErrInvalid) {
			t.Errorf("without a name: %v", err)
		}
	})
}

func TestAnIdentityProviderLetsNobodyInWhomAnAdminHasKeptOut(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		account := bridge.Account{Surface: "oidc", Workspace: "https://login.example.org", ID: "1"}
		bob, _, err := s.Admit(ctx, account, "Bob", "bob@example.org", bridge.RoleAgent)
		if err := errors.Join(err, s.SetDisabled(ctx, bob.Person, true)); err != nil {
			t.Fatal(err)
		}
		// Neither by his account, with another address too, nor by another account with his address.
		for _, try := range []struct{ sub, email string }{{"1", "bob@example.org"}, {"1", "bob2@example.org"}, {"2", "bob@example.org"}} {
			account.ID = try.sub
			if _, _, err := s.Admit(ctx, account, "Bob", try.email, bridge.RoleAgent); !errors.Is(err, bridge.ErrForbidden) {
				t.Errorf("%v: %v, want ErrForbidden", try, err)
			}
		}
		account.ID = "1"
		if err := errors.Join(s.SetDisabled(ctx, bob.Person, false), s.LinkAccount(ctx, account, "", "ada")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Admit(ctx, account, "Bob", "bob@example.org", bridge.RoleAgent); !errors.Is(err, bridge.ErrForbidden) {
			t.Errorf("an account that an admin has unlinked: %v, want ErrForbidden", err)
		}
		if people, err := s.People(ctx, false); len(people) != 1 || err != nil {
			t.Errorf("the people are %v, %v: nobody was to be added", people, err)
		}
	})
}

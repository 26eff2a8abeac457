package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// signIns lists a person's sign-ins by their ids.
func signIns(t *testing.T, s *store.Store, person string) (ids []string) {
	t.Helper()
	err := s.SignIns(t.Context(), person, func(id, _, _, _ string, _, _ time.Time) { ids = append(ids, id) })
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestASignInLastsUntilItIsEndedOrExpires(t *testing.T) {
	var now atomic.Pointer[time.Time]
	set := func(at time.Time) { now.Store(&at) }
	start := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	set(start)
	storetest.Both(t, store.Options{Now: func() time.Time { return *now.Load() }}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		set(start)
		bob, err := s.CreatePerson(ctx, person("Bob", "bob@example.org", bridge.RoleAgent), "h")
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range []string{"a", "b", "c", "d"} {
			if err := s.BeginSignIn(ctx, id, bob, "password", "Firefox on Linux", "192.0.2.0/24", start.Add(time.Duration(i+1)*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		set(start.Add(10 * time.Minute))
		p, hash, way, two, err := s.SignedIn(ctx, "b")
		if err != nil || p.Person != bob || hash != "h" || way != "password" || two {
			t.Errorf("SignedIn = %+v, %q, %q, %v, %v", p, hash, way, two, err)
		}
		if diff := cmp.Diff([]string{"b", "a", "c", "d"}, signIns(t, s, bob)); diff != "" {
			t.Errorf("the last used is not first (-want +got):\n%s", diff)
		}
		set(start.Add(90 * time.Minute)) // "a" has expired
		if _, _, _, _, err := s.SignedIn(ctx, "a"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("an expired sign-in: %v, want ErrNotFound", err)
		}
		if err := errors.Join(s.Sessions().Sweep(ctx), s.EndSignIn(ctx, "somebody else", "b"), s.EndSignIn(ctx, bob, "c"), s.EndSignIn(ctx, bob, "c")); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"b", "d"}, signIns(t, s, bob)); diff != "" {
			t.Errorf("after one was ended (-want +got):\n%s", diff)
		}
		if err := s.EndSignIns(ctx, bob, "d"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"d"}, signIns(t, s, bob)); diff != "" {
			t.Errorf("after all others were ended (-want +got):\n%s", diff)
		}
	})
}

func TestWhoIsEnabledAgainMustSignInAgain(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		bob, err := s.CreatePerson(ctx, person("Bob", "bob@example.org", bridge.RoleAgent), "h")
		err = errors.Join(err, s.BeginSignIn(ctx, "x", bob, "oidc", "", "", time.Now().Add(time.Hour)),
			s.SetDisabled(ctx, bob, true), s.SetDisabled(ctx, bob, false))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, _, err := s.SignedIn(ctx, "x"); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("SignedIn: %v, want ErrNotFound", err)
		}
	})
}

func TestASecondFactorIsOnFromItsConfirmationAndEachCodeIsGoodOnce(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		bob, err := s.CreatePerson(ctx, person("Bob", "bob@example.org", bridge.RoleAgent), "h")
		if err != nil {
			t.Fatal(err)
		}
		state := func(wantSecret string, wantOn bool, wantLeft int) {
			t.Helper()
			secret, on, left, err := s.TwoFactor(ctx, bob)
			if err != nil || secret != wantSecret || on != wantOn || left != wantLeft {
				t.Errorf("TwoFactor = %q, %v, %d, %v; want %q, %v, %d", secret, on, left, err, wantSecret, wantOn, wantLeft)
			}
		}
		state("", false, 0)
		if err := errors.Join(s.OfferTwoFactor(ctx, bob, "S1"), s.OfferTwoFactor(ctx, bob, "S2")); err != nil {
			t.Fatal(err)
		}
		state("S1", false, 0)
		if err := s.UseStep(ctx, bob, 5); !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("a code before the confirmation: %v", err)
		}
		if err := s.ConfirmTwoFactor(ctx, bob, "S2", 10, nil); !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("another secret is confirmed: %v", err)
		}
		if err := s.ConfirmTwoFactor(ctx, bob, "S1", 10, []string{"h1", "h2"}); err != nil {
			t.Fatal(err)
		}
		state("S1", true, 2)
		if people, err := s.TwoFactorPeople(ctx); !people[bob] || len(people) != 1 || err != nil {
			t.Errorf("TwoFactorPeople = %v, %v", people, err)
		}
		once(t, "the code of one step", func(ctx context.Context) bool { return s.UseStep(ctx, bob, 11) == nil })
		once(t, "a recovery code", func(ctx context.Context) bool {
			ok, err := s.UseRecoveryCode(ctx, bob, "h1")
			return ok && err == nil
		})
		if err := s.UseStep(ctx, bob, 10); !errors.Is(err, bridge.ErrConflict) {
			t.Errorf("a code of an earlier step: %v, want ErrConflict", err)
		}
		state("S1", true, 1)
		if err := s.SetRecoveryCodes(ctx, bob, []string{"h3", "h4", "h5"}); err != nil {
			t.Fatal(err)
		}
		state("S1", true, 3)
		if err := s.RemoveTwoFactor(ctx, bob); err != nil {
			t.Fatal(err)
		}
		state("", false, 0)
	})
}

// once fails when of several that do the same at once not exactly one succeeds.
func once(t *testing.T, what string, do func(context.Context) bool) {
	t.Helper()
	var wg sync.WaitGroup
	var n atomic.Int32
	for range 8 {
		wg.Go(func() {
			if do(t.Context()) {
				n.Add(1)
			}
		})
	}
	wg.Wait()
	if n.Load() != 1 {
		t.Errorf("%s was taken %d times", what, n.Load())
	}
}

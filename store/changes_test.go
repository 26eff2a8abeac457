package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// TestChangesOfSettingsAreKeptAndFound by area and by person, the newest first.
func TestChangesOfSettingsAreKeptAndFound(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for _, c := range [][4]string{{"group", "Billing", "", "Anders"}, {"rule", "R", "a", "b"}, {"group", "Billing", "Anders", "nobody"}} {
			if err := s.RecordChange(ctx, alice, c[0], c[1], c[2], c[3]); err != nil {
				t.Fatal(err)
			}
		}
		found := func(area, person string, before time.Time, limit int) (out []string, last time.Time) {
			t.Helper()
			err := s.Changes(ctx, area, person, before, limit, func(at time.Time, by, area, subject, was, became string) {
				out, last = append(out, by+" "+area+" "+subject+" "+was+">"+became), at
			})
			if err != nil {
				t.Fatal(err)
			}
			return out, last
		}
		if got, _ := found("group", "", time.Time{}, 10); !slices.Equal(got, []string{"Alice group Billing Anders>nobody", "Alice group Billing >Anders"}) {
			t.Errorf("of groups: %q", got)
		}
		if got, _ := found("", "somebody else", time.Time{}, 10); len(got) != 0 {
			t.Errorf("of somebody else: %q", got)
		}
		first, at := found("", alice.Person, time.Time{}, 1)
		rest, _ := found("", "", at, 10)
		if len(first) != 1 || len(rest) > 2 {
			t.Errorf("pages %q and %q", first, rest)
		}
	})
}

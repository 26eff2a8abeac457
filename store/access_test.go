package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

var carol = bridge.Actor{Person: "p-carol", Role: bridge.RoleAgent, Account: bridge.Account{Surface: "web", ID: "p-carol"}, Name: "Carol"}

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// accesses lists the readings that a query selects, in a few words each.
func accesses(t *testing.T, s *store.Store, q bridge.AccessQuery) (out []string, last string) {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	err := s.Accesses(t.Context(), q, func(a bridge.Access) error {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s %d-%d %s", a.At.UTC().Format("15:04"), strings.TrimPrefix(a.By.Person, "p-"), a.Way, a.Ticket, a.Conversation, a.Item)))
		last = a.Position
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, last
}

// TestReadingIsRecordedOncePerSpan: an open page reads all the time, and its reader
// has one row in each quarter of an hour, whichever daemon they read from.
func TestReadingIsRecordedOncePerSpan(t *testing.T) {
	c := &clock{time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)}
	storetest.Both(t, store.Options{Now: c.now}, func(t *testing.T, s *store.Store) {
		c.at = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
		read := func(by bridge.Actor, way bridge.AccessWay, what ...bridge.Access) {
			t.Helper()
			if err := s.RecordAccess(t.Context(), by, way, what...); err != nil {
				t.Fatal(err)
			}
		}
		talk := bridge.Access{Ticket: 7, Conversation: 3}
		for range 5 {
			read(alice, bridge.AccessPage, bridge.Access{Ticket: 7}, talk)
			c.at = c.at.Add(2 * time.Minute)
		}
		read(alice, bridge.AccessExport, talk)
		c.at = c.at.Add(5 * time.Minute) // 9:15, a new span
		read(alice, bridge.AccessPage, talk)
		read(carol, bridge.AccessPage, bridge.Access{Ticket: 7, Conversation: 3, Item: "file 5/0"})

		got, _ := accesses(t, s, bridge.AccessQuery{Ticket: 7, Conversation: 3})
		want := []string{"09:15 carol page 7-3 file 5/0", "09:15 alice page 7-3", "09:10 alice export 7-3", "09:00 alice page 7-3"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("of the conversation (-want +got):\n%s", d)
		}
		if got, _ := accesses(t, s, bridge.AccessQuery{Person: carol.Person}); len(got) != 1 {
			t.Errorf("by Carol: %q", got)
		}
		if got, _ := accesses(t, s, bridge.AccessQuery{Way: bridge.AccessExport}); len(got) != 1 {
			t.Errorf("by export: %q", got)
		}
		if got, _ := accesses(t, s, bridge.AccessQuery{From: c.at.Add(-6 * time.Minute), Until: c.at}); len(got) != 1 || !strings.Contains(got[0], "export") {
			t.Errorf("between: %q", got)
		}
		var all []string
		for before, n := "", 0; n < 9; n++ {
			page, end := accesses(t, s, bridge.AccessQuery{Before: before, Limit: 2})
			all, before = append(all, page...), end
			if len(page) == 0 {
				break
			}
		}
		if len(all) != 5 {
			t.Errorf("pages of two have %q, want 5 readings", all)
		}
		if err := s.Accesses(t.Context(), bridge.AccessQuery{Before: "x", Limit: 1}, nil); !errors.Is(err, bridge.ErrInvalid) {
			t.Errorf("a wrong position: %v", err)
		}
	})
}

// TestReadingsStayUntilTheirTimeIsOver: nobody changes or removes one, except those
// from before the time since which they are kept, which only moves forward, and that
// some went is on record itself.
func TestReadingsStayUntilTheirTimeIsOver(t *testing.T) {
	c := &clock{}
	storetest.Both(t, store.Options{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		for day := 1; day <= 3; day++ {
			c.at = time.Date(2026, 5, day, 9, 0, 0, 0, time.UTC)
			if err := s.RecordAccess(ctx, alice, bridge.AccessPage, bridge.Access{Ticket: int64(day)}); err != nil {
				t.Fatal(err)
			}
		}
		refused := func(statement string) {
			t.Helper()
			if _, err := s.RawExec(ctx, statement); err == nil {
				t.Errorf("%s was accepted", statement)
			}
		}
		refused("UPDATE accesses SET name = 'somebody else'")
		refused("DELETE FROM accesses")
		second := time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)
		if n, err := s.DropAccesses(ctx, second); err != nil || n != 1 {
			t.Errorf("dropped %d, %v, want the reading of the first day", n, err)
		}
		if got, _ := accesses(t, s, bridge.AccessQuery{}); len(got) != 2 {
			t.Errorf("there are %q, want those of two days", got)
		}
		if since, err := s.AccessesSince(ctx); err != nil || !since.Equal(second) {
			t.Errorf("kept since %v, %v", since, err)
		}
		refused("DELETE FROM accesses")
		refused("UPDATE access_kept SET since = 0")
		refused("DELETE FROM access_kept")
		var changes []string
		err := s.Changes(ctx, "", "", time.Time{}, 10, func(_ time.Time, by, area, _, was, _ string) {
			changes = append(changes, by+" "+area+" "+was)
		})
		if want := []string{"Sidebridge access log 1 readings from before 2 May 2026"}; err != nil || !cmp.Equal(want, changes) {
			t.Errorf("on record: %q, %v", changes, err)
		}
	})
}

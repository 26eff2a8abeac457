package store_test

import (
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// TestHealthKnowsSinceWhenAMirrorWaitsAndWhenAChannelWasActive.
func TestHealthKnowsSinceWhenAMirrorWaitsAndWhenAChannelWasActive(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		before := time.Now().Add(-time.Second)
		conv, mirror := thread(t, s, billing, "1.1")
		if in, out, err := s.Activity(ctx, billing); err != nil || !in.IsZero() || out.Before(before) {
			t.Errorf("in %s, out %s, %v", in, out, err)
		}
		step := &bridge.Step{Mirror: mirror, Seq: 1 << 40}
		message := &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "x"}
		for _, c := range []bridge.Command{step, reply(billing, "1.1", "2.1", "answer"), message} {
			if _, err := s.Append(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		if in, _, err := s.Activity(ctx, billing); err != nil || in.Before(before) {
			t.Errorf("in %s, %v", in, err)
		}
		since, err := s.Waiting(ctx, 10)
		if err != nil || since[mirror].Before(before) {
			t.Errorf("waiting %v, %v", since, err)
		}
		for _, c := range []bridge.Command{step, &bridge.Park{Key: bridge.DeliveryKey{Mirror: mirror}, Reason: "gone", Remedy: "do"}} {
			if _, err := s.Append(ctx, c); err != nil {
				t.Fatal(err)
			}
		}
		if since, err = s.Waiting(ctx, 10); err != nil || since[mirror].Before(before) {
			t.Errorf("parked %v, %v", since, err)
		}
		// A conversation that is moved has another mirror, on either database.
		admin := bridge.Actor{Person: "a", Role: bridge.RoleAdmin, Name: "Ada"}
		to := bridge.Place{Surface: billing.Surface, Workspace: billing.Workspace, Channel: "C9"}
		res, err := s.Append(ctx, &bridge.Rebind{Actor: admin, Mirror: mirror, To: to})
		if err != nil {
			t.Fatal(err)
		}
		if m, err := s.Mirror(ctx, mirror); err != nil || m.Ended == 0 || m.Parked != "" {
			t.Errorf("the old one is %+v, %v", m, err)
		}
		if w, err := s.Work(ctx, res.ID, 10); err != nil || w.Mirror.Place != to || w.Stuck() == nil {
			t.Errorf("the new one: %+v, %v", w.Mirror, err)
		}
	})
}

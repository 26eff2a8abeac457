package store_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

func TestRulesKeepTheirOrderAndNoChangeIsLost(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				err := s.ChangeRules(t.Context(), func(rules []mapping.Rule) ([]mapping.Rule, error) {
					return append(rules, mapping.Rule{ID: fmt.Sprint("r", i), Name: fmt.Sprint(i), Fields: mapping.DefaultPolicy()}), nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		rules, err := s.Rules(t.Context())
		if err != nil || len(rules) != 8 {
			t.Fatalf("%d rules, %v", len(rules), err)
		}
		want := []mapping.Rule{rules[3], rules[0], {
			ID: "all", Name: "Everything else", Default: true, Channels: []mapping.Channel{{Surface: "slack", Workspace: "T1", ID: "C1"}},
		}}
		if err := s.ChangeRules(t.Context(), func([]mapping.Rule) ([]mapping.Rule, error) { return want, nil }); err != nil {
			t.Fatal(err)
		}
		got, err := s.Rules(t.Context())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s, %v", diff, err)
		}
	})
}

func TestChannelsAreFoundByTheBeginningsOfWordsAmongThousands(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		var all []store.Channel
		for i := range 5000 {
			all = append(all, store.Channel{
				Place: bridge.Place{Surface: "slack", Workspace: "T1", Channel: fmt.Sprintf("C%04d", i)}, Name: fmt.Sprintf("team-%04d", i),
			})
		}
		all[7].Name, all[7].External, all[7].Private, all[7].Member = "Billing_eu", true, true, true
		all[8].Name = "billingXeu"
		all[9].Name, all[9].Archived = "billing-old", true
		for range 2 { // hearing of a channel again renames it
			if err := s.PutChannels(t.Context(), all); err != nil {
				t.Fatal(err)
			}
		}
		find := func(prefix string) string {
			var got []string
			err := s.Channels(t.Context(), prefix, 10, func(p bridge.Place, name string, private, external, member bool) {
				got = append(got, fmt.Sprint(p.Channel, " ", name, " ", private, external, member))
			})
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(got, "; ")
		}
		if got := find("#billing_e"); got != "C0007 Billing_eu true true true" {
			t.Errorf("#billing_e found %s", got)
		}
		if got := find("c0008"); got != "C0008 billingXeu false false false" {
			t.Errorf("an id found %s", got)
		}
		if got := find("billing-ol"); got != "" {
			t.Errorf("an archived channel was found: %s", got)
		}
		names, err := s.ChannelNames(t.Context(), []bridge.Place{all[7].Place, {Surface: "discord", Workspace: "1", Channel: "2"}})
		if diff := cmp.Diff(map[bridge.Place]string{all[7].Place: "Billing_eu"}, names); diff != "" || err != nil {
			t.Errorf("%s, %v", diff, err)
		}
		if external, err := s.ChannelExternal(t.Context(), all[7].Place); !external || err != nil {
			t.Errorf("ChannelExternal = %v, %v", external, err)
		}
	})
}

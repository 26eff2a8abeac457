package mapping

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func ticket() Context {
	return Context{
		Subject: "SUBJECT bob@example.com", RequesterName: "REQUESTER Bob", RequesterEmail: "bob@example.com",
		Assignee: "ASSIGNEE Anna", Priority: "PRIORITY", Tags: []string{"TAG", "070-123 45 67"},
		Messages: []Message{
			{Kind: FromCustomer, Author: "REQUESTER Bob", Text: "CUSTOMER1", At: time.Unix(1, 0)},
			{Kind: ToCustomer, Author: "Anna", Text: "REPLY", At: time.Unix(2, 0)},
			{Kind: FromCustomer, Author: "REQUESTER Bob", Text: "CUSTOMER2 4111 1111 1111 1111", At: time.Unix(3, 0)},
			{Kind: Note, Author: "Anna", Text: "NOTE", At: time.Unix(4, 0)},
			{Kind: "unheard of", Text: "OTHER", At: time.Unix(5, 0)},
		},
	}
}

func TestPolicyShowsWhatItNamesAndNothingElse(t *testing.T) {
	all := []string{"SUBJECT", "REQUESTER", "CUSTOMER1", "CUSTOMER2", "REPLY", "NOTE", "TAG", "ASSIGNEE", "PRIORITY", "OTHER"}
	tests := []struct {
		policy Policy
		want   []string
	}{
		{Policy{}, nil},
		{Policy{Subject: true}, []string{"SUBJECT"}},
		{Policy{Requester: true}, []string{"REQUESTER"}},
		{Policy{CustomerMessages: NoMessages}, nil},
		{Policy{CustomerMessages: LastMessage}, []string{"CUSTOMER2"}},
		{Policy{CustomerMessages: AllMessages}, []string{"CUSTOMER1", "CUSTOMER2", "REPLY"}},
		{Policy{CustomerMessages: "everything"}, nil},
		{Policy{Notes: true}, []string{"NOTE"}},
		{Policy{Tags: true}, []string{"TAG"}},
		{Policy{Assignee: true}, []string{"ASSIGNEE"}},
		{Policy{Priority: true}, []string{"PRIORITY"}},
		{DefaultPolicy(), []string{"SUBJECT", "CUSTOMER2", "TAG", "ASSIGNEE", "PRIORITY"}},
	}
	for _, tt := range tests {
		text, err := json.Marshal(tt.policy.Apply(ticket()))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, word := range all {
			if strings.Contains(string(text), word) {
				got = append(got, word)
			}
		}
		if len(got) != len(tt.want) || !containsAll(got, tt.want) {
			t.Errorf("%+v shows %v, want %v", tt.policy, got, tt.want)
		}
	}
}

func containsAll(list, wanted []string) bool {
	for _, w := range wanted {
		if find(list, w) < 0 {
			return false
		}
	}
	return true
}

func TestPolicyMasksPlantedDataWhereverItIs(t *testing.T) {
	show := Policy{Subject: true, Requester: true, CustomerMessages: AllMessages, Notes: true, Tags: true, Assignee: true, Priority: true}
	whole := ticket()
	whole.RequesterName, whole.Assignee = "bob@example.com", "+46701234567"
	for _, mask := range []bool{false, true} {
		show.Mask = mask
		text, err := json.Marshal(show.Apply(whole))
		if err != nil {
			t.Fatal(err)
		}
		for _, planted := range []string{"bob@", "45 67", "1111", "46701234567"} {
			if strings.Contains(string(text), planted) == mask {
				t.Errorf("mask %t, but %q is in %s: %t", mask, planted, text, !mask)
			}
		}
	}
	if diff := cmp.Diff("bob@example.com", whole.RequesterName); diff != "" {
		t.Errorf("the context itself was changed: %s", diff)
	}
}

func TestPolicyAppliedTwiceShowsNoMoreAndNoLess(t *testing.T) {
	flag := rapid.Bool()
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{
			Subject: flag.Draw(t, "subject"), Requester: flag.Draw(t, "requester"), Notes: flag.Draw(t, "notes"),
			Tags: flag.Draw(t, "tags"), Assignee: flag.Draw(t, "assignee"), Priority: flag.Draw(t, "priority"), Mask: flag.Draw(t, "mask"),
			CustomerMessages: rapid.SampledFrom([]CustomerMessages{"", NoMessages, LastMessage, AllMessages}).Draw(t, "messages"),
		}
		once := p.Apply(ticket())
		if diff := cmp.Diff(once, p.Apply(once)); diff != "" {
			t.Fatalf("second application (-first +second):\n%s", diff)
		}
	})
}

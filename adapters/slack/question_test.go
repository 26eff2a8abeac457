package slack

import (
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestTheCardFollowsWhatBecomesOfTheQuestion(t *testing.T) {
	a := &Adapter{}
	a.setDefaults()
	v := bridge.View{
		Entry: &bridge.Entry{Kind: bridge.MessageDeleted, Facts: bridge.Facts{Message: 5}}, Message: 5, Asked: 5,
		Mirror: bridge.Mirror{Thread: "1700000000.000001"}, Card: "1700000000.000001",
		Copies: []bridge.Copy{{CopyKey: bridge.CopyKey{Ref: "1700000000.000002"}, Message: 5, Entry: 5}},
	}
	calls := a.Plan(v)
	if len(calls) != 2 || calls[0].Verb != bridge.VerbDelete || calls[1].Verb != bridge.VerbEdit || calls[1].Ref != v.Mirror.Thread {
		t.Errorf("the deleted question leads to %+v, want its delete and an edit of the card", calls)
	}
	v.Asked = 4
	if calls := a.Plan(v); len(calls) != 1 {
		t.Errorf("another message's delete leads to %+v", calls)
	}
}

package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/mapping"
)

func TestTheSamePeopleAreTheSameDirectMessage(t *testing.T) {
	id := mapping.Direct("U2", "U1", "U2")
	if id != "@U1+U2" || id != mapping.Direct("U1", "U2") {
		t.Errorf("id %s", id)
	}
	who, direct := mapping.DirectTo(id)
	if !direct || !slices.Equal(who, []string{"U1", "U2"}) {
		t.Errorf("with %q", who)
	}
	if who, direct := mapping.DirectTo("C024BE91L"); direct {
		t.Errorf("a channel is with %q", who)
	}
}

func TestARuleCannotHoldConversationsInDirectMessagesWithoutThreads(t *testing.T) {
	nine := make([]string, 9)
	for i := range nine {
		nine[i] = "U" + strings.Repeat("1", i+1)
	}
	for _, c := range []struct{ surface, id, want string }{
		{"slack", mapping.Direct("U1"), ""},
		{"slack", mapping.Direct(nine[:8]...), ""},
		{"slack", mapping.Direct(nine...), "at most 8 people"},
		{"slack", "@", "names nobody"},
		{"discord", "@123", "no threads there"},
		{"discord", "123", ""},
	} {
		rules := []mapping.Rule{{
			ID: "r", Name: "Rule", Fields: mapping.DefaultPolicy(),
			Channels: []mapping.Channel{{Surface: c.surface, Workspace: "W", ID: c.id}},
		}}
		err := mapping.ValidateRules(rules)
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %s: %v, want %q", c.surface, c.id, err, c.want)
		}
	}
}

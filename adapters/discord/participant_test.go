package discord

import (
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// TestWhoIsAddedIsCalledOnceAndBriefed (E5): the thread mentions exactly the people who
// were added and have an account there, and repeats nobody else's mention; who comes back
// is told what they missed, and a removal calls nobody.
func TestWhoIsAddedIsCalledOnceAndBriefed(t *testing.T) {
	var anders string
	w := newWorld(t, worldSetup{opts: func(o *Options) {
		o.Mention = func(_, target string) (string, bool) { return anders, target == "person/p-anders" }
	}})
	anders = w.anders.ID()
	c := w.open("Refund?", "Carla wants 900 back, [@Anders](mention:person/p-anders) @everyone.")
	w.do(&bridge.PostMessage{Actor: agent("Alice"), Conversation: c.id, Body: "Anybody?"})
	who := bridge.Known{Person: "p-anders", Name: "Anders Holm"}
	w.do(&bridge.AddParticipants{Actor: agent("Alice"), Conversation: c.id, People: []bridge.Known{who, {Person: "p-bo", Name: "Bo"}}})
	w.idle()
	added := c.with("so far")
	if len(added) != 1 || !slices.Equal(added[0].Mentions, []string{anders}) || strings.Count(added[0].Content, "<@") != 1 {
		t.Fatalf("added %+v", added)
	}
	for _, want := range []string{"added <@" + anders + "> and @Bo", "2 messages so far", "Asked: Carla wants 900 back", "(agent): Anybody?", "https://desk.example.org/tickets/"} {
		if !strings.Contains(added[0].Content, want) {
			t.Errorf("the digest lacks %q: %q", want, added[0].Content)
		}
	}
	w.do(&bridge.RemoveParticipant{Actor: agent("Alice"), Conversation: c.id, Person: "p-anders", Name: "Anders Holm"})
	w.do(&bridge.AddParticipants{Actor: agent("Alice"), Conversation: c.id, People: []bridge.Known{who}})
	w.idle()
	if gone := c.with("removed Anders Holm"); len(gone) != 1 || len(gone[0].Mentions) != 0 {
		t.Errorf("the removal says %+v", gone)
	}
	if back := c.with("again"); len(back) != 1 || !slices.Equal(back[0].Mentions, []string{anders}) || !strings.Contains(back[0].Content, "Nothing was said since you left") {
		t.Errorf("who comes back is told %+v", back)
	}
}

package slack

import (
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// TestWhoIsAddedIsCalledOnceAndBriefed (E5): the thread mentions exactly the people who
// were added and have an account there, and repeats nobody else's mention; who comes back
// is told what they missed, and a removal calls nobody.
func TestWhoIsAddedIsCalledOnceAndBriefed(t *testing.T) {
	var anders string
	b := newBridged(t, setup{opts: func(o *Options) {
		o.Mention = func(target string) (string, bool) { return anders, target == "person/p-anders" }
		o.TicketURL = func(int64) string { return "https://desk.example.org/tickets/12" }
	}})
	anders = b.anders.ID()
	conv, root := b.start("Refund?", "Carla wants 900 back, [@Anders](mention:person/p-anders) @channel.")
	b.append(&bridge.PostMessage{Actor: alice(), Conversation: conv, Body: "Anybody? [@Anders](mention:person/p-anders)"})
	add := func(people ...bridge.Known) string {
		b.append(&bridge.AddParticipants{Actor: alice(), Conversation: conv, People: people})
		b.settled()
		thread := b.sim.Thread(b.channel, root)
		return thread[len(thread)-1].Text
	}
	who := bridge.Known{Person: "p-anders", Name: "Anders Holm"}
	got := add(who, bridge.Known{Person: "p-bo", Name: "Bo"})
	if n := strings.Count(got, "<@"); n != 1 || !strings.Contains(got, "added <@"+anders+"> and @Bo") || strings.Contains(got, "<!") {
		t.Errorf("%d accounts are called: %q", n, got)
	}
	for _, want := range []string{"Refund?", "2 messages so far", "Asked: Carla wants 900 back", "(agent): Anybody?", "https://desk.example.org/tickets/12"} {
		if !strings.Contains(got, want) {
			t.Errorf("the digest lacks %q: %q", want, got)
		}
	}
	b.append(&bridge.RemoveParticipant{Actor: alice(), Conversation: conv, Person: "p-anders", Name: "Anders Holm"})
	b.settled()
	thread := b.sim.Thread(b.channel, root)
	if last := thread[len(thread)-1].Text; strings.Contains(last, "<@") || !strings.Contains(last, "removed Anders Holm from this conversation") {
		t.Errorf("the removal says %q", last)
	}
	b.append(&bridge.PostMessage{Actor: alice(), Conversation: conv, Body: "He would know."})
	got = add(who)
	if !strings.Contains(got, "added <@"+anders+"> again") || !strings.Contains(got, "1 message since you left") ||
		!strings.Contains(got, "He would know.") || strings.Contains(got, "Anybody?") {
		t.Errorf("who comes back is told %q", got)
	}
}

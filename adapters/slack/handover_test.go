package slack

import (
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// handedOver is a take-over from the world's conversation.
func (w *world) handedOver(note string) bridge.View {
	v := w.view(bridge.TicketChanged, "")
	who := "p-bob"
	v.Entry.Facts.Conversation, v.Entry.Facts.Assignee, v.Entry.Words.Note = v.Mirror.Conversation, &who, note
	return v
}

func TestAHandoverNoteIsSaidInTheThread(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	w.show(w.handedOver(""))
	if n := len(w.sim.Thread(w.channel, root)); n != 1 {
		t.Errorf("without a note the thread has %d posts", n)
	}
	w.show(w.handedOver("The customer is *cross*.\n\n" + strings.Repeat("word ", 1500)))
	thread := w.sim.Thread(w.channel, root)
	var said strings.Builder
	for _, m := range thread[1:] {
		said.WriteString(m.Text)
	}
	for _, want := range []string{"took the ticket over", "The customer is _cross_"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the thread lacks %q: %.200q", want, said.String())
		}
	}
	if got := strings.Count(said.String(), "word"); got != 1500 {
		t.Errorf("%d words of 1500 arrived, in %d posts", got, len(thread)-1)
	}
	v := w.view(bridge.ParticipantAdded, "")
	v.Entry.Facts.Reason = bridge.HandedOver
	if calls := w.a.Plan(v); len(calls) != 0 {
		t.Errorf("it is said twice: %+v", calls)
	}
}

package discord

import (
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
)

// texts are the contents of posts, one after the other.
func texts(posts []discordsim.Message) string {
	var out strings.Builder
	for _, m := range posts {
		out.WriteString(m.Content + "\n")
	}
	return out.String()
}

func TestAHandoverNoteIsSaidInTheThread(t *testing.T) {
	w := newWorld(t, worldSetup{})
	c := w.open("Charged twice", "Can you look?")
	take := func(who, note string) {
		w.do(&bridge.ChangeTicket{
			Actor: agent(who), Ticket: c.id.Ticket, Assignee: &who, AssigneeName: who, Conversation: c.id.Seq, Note: note,
		})
		w.idle()
	}
	before := len(c.posts())
	take("p-zoe", "")
	if n := len(c.posts()); n != before {
		t.Errorf("without a note the thread has %d posts more", n-before)
	}
	take("p-bob", "The customer is **cross**.\n\n"+strings.Repeat("word ", 900))
	said := texts(c.posts()[before:])
	for _, want := range []string{"took the ticket over", "The customer is **cross**"} {
		if !strings.Contains(said, want) {
			t.Errorf("the thread lacks %q: %.300q", want, said)
		}
	}
	if got := strings.Count(said, "word"); got != 900 {
		t.Errorf("%d words of 900 arrived", got)
	}
	if strings.Contains(said, "participant") {
		t.Errorf("it is said twice: %q", said)
	}
}

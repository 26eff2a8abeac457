package web_test

import (
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// Pages that wake together share what they look at, which has a restricted
// conversation in it: who does not take part is sent nothing of it.
func TestPagesThatShareALookSendEachPersonOnlyWhatTheyMaySee(t *testing.T) {
	w := newWorld(t)
	s := w.secret()
	pages := map[string]*events{}
	for _, email := range []string{"bob@example.org", "ada@example.org"} {
		pages[email] = w.as(email).stream(s.ticket, 0, "")
		pages[email].next() // what there was
	}
	w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: s.conv, Body: "A third " + hush})
	w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: s.ticket, Body: "The end of it"})
	for email, member := range map[string]bool{"bob@example.org": true, "ada@example.org": false} {
		seen := ""
		for !strings.Contains(seen, "The end of it") {
			name, data := pages[email].next()
			if name == "end" {
				t.Fatalf("%s: the stream ended", email)
			}
			seen += data
		}
		if strings.Contains(seen, hush) != member {
			t.Errorf("%s takes part: %v, and was sent %s", email, member, seen)
		}
	}
}

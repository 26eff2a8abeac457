package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestReactionsAreShownOnMessagesAndGivenFromThePage(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Refund", "Can we?")
	answer := w.must(w.answer(conv, "100.1", "Yes we can."))
	react := w.answer(conv, "100.1", "")
	react.Kind, react.Emoji = bridge.InReact, "🎉"
	w.must(react)

	b := w.as("bob@example.org")
	path := fmt.Sprintf("/tickets/%d", ticket)
	has(t, "the page", b.get(path).body, `title="Anders Expert. Press to give the same"><span>🎉</span> 1</button>`)
	to := "/m/" + answer.ID.String() + "/react"
	if got := b.post(to, url.Values{"emoji": {"🎉"}}); got.status != http.StatusSeeOther {
		t.Fatalf("react: %d %s", got.status, got.body)
	}
	has(t, "the page", b.get(path).body, `react mine" title="Anders Expert, Bob Agent. Press to take yours back"><span>🎉</span> 2</button>`)
	has(t, "the audit trail", b.get(path+"/audit").body, fmt.Sprintf("reacted to message %d with 🎉", answer.ID.Seq))

	// A page that is open gets the message again, with who reacted before it was opened.
	head := w.last(ticket, bridge.ReactionAdded).Seq
	piece := b.script(to, url.Values{"emoji": {"👀"}}, head)
	has(t, "the open page", piece.body, "<span>👀</span> 1", "Anders Expert, Bob Agent. Press to take yours back")
	if got := b.post(to, url.Values{"emoji": {"🎉"}, "off": {"1"}}); got.status != http.StatusSeeOther {
		t.Fatalf("take back: %d %s", got.status, got.body)
	}
	page := b.get(path).body
	has(t, "the page", page, `title="Anders Expert. Press to give the same"><span>🎉</span> 1`)
	has(t, "the audit trail", b.get(path+"/audit").body, fmt.Sprintf("took the reaction 🎉 to message %d back", answer.ID.Seq))
	if got := b.post(to, url.Values{"emoji": {"no emoji"}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("words for an emoji: %d", got.status)
	}
	// What is only written in the workspace's own name is text like any other.
	react.Emoji = ":<b>:"
	w.must(react)
	if page = b.get(path).body; strings.Contains(page, "<b>:") {
		t.Error("a custom emoji's name is not escaped")
	}
}

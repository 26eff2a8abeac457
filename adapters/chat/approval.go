package chat

import (
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// maxPerson is the most characters of an approver's name that a post shows.
const maxPerson = 40

// Request tells of a request for approval how it stands, as Markdown: who asks, what
// each of the named people has answered, and last, since its end is what may be cut
// off, what is to be approved. The people are mentioned, which calls them when the post
// is new; no chat calls anybody for an edit.
func Request(r *bridge.Request) string {
	var out strings.Builder
	by := markup.CleanName(r.Asked.Words.Name)
	if by == "" {
		by = "Somebody"
	}
	fmt.Fprintf(&out, "**%s asks for approval: %s**\n", Inert(by), r.Approval.State)
	for _, p := range r.Approvers {
		fmt.Fprintf(&out, "\n- %s: %s", mention(p.Name, p.Person), answerWord(p.State))
	}
	body := r.Asked.Words.Body
	if r.Asked.Erased {
		body = "(the words were erased)"
	}
	return out.String() + "\n\n" + markup.Quote(body)
}

func answerWord(state string) string {
	switch state {
	case bridge.ApprovalApproved:
		return "✅ approved"
	case bridge.ApprovalRefusedS:
		return "❌ refused"
	}
	return "⏳ not answered yet"
}

// mention names a person, by the name they had, so that their account is called.
func mention(called, person string) string {
	name := []rune(strings.NewReplacer("[", "", "]", "", `\`, "").Replace(markup.CleanName(called)))
	if len(name) == 0 {
		name = []rune("somebody")
	}
	return "[@" + string(name[:min(len(name), maxPerson)]) + "](mention:person/" + person + ")"
}

// RequestOver reports whether nobody can answer any more.
func RequestOver(r *bridge.Request) bool { return r.Approval.State != bridge.ApprovalPending }

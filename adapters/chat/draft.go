package chat

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// maxAnswers is how many of the answers to a draft its post shows: the last ones.
const maxAnswers = 12

// Reviewed returns an entry as it is shown in a thread: what is the draft of a reply, or
// suggested for one, says so before its words, so that nobody takes it for a message.
func Reviewed(v bridge.View) *bridge.Entry {
	if v.Reviewed == nil || v.Entry.Kind != bridge.MessagePosted && v.Entry.Kind != bridge.MessageEdited {
		return v.Entry
	}
	shown := *v.Entry
	shown.Words.Body = "**Suggested for the draft:**\n\n" + shown.Words.Body
	if v.Message == v.Reviewed.Draft.ID.Seq {
		shown.Words.Body = "**Draft of a reply to the customer, not sent:**\n\n" + v.Entry.Words.Body
	}
	return &shown
}

// Review tells of a draft, as Markdown, how it stands: who finds it good, who suggested
// another text, and what became of that.
func Review(r *bridge.Reviewed) string {
	if ReviewOver(r) {
		return "_The draft was withdrawn._"
	}
	var out strings.Builder
	out.WriteString("**Is this draft good as it is?** Nothing is sent to the customer by your answer.")
	answers := r.Answers
	if skipped := len(answers) - maxAnswers; skipped > 0 {
		fmt.Fprintf(&out, "\n\n%d earlier answers are in the ticket.", skipped)
		answers = answers[skipped:]
	}
	out.WriteString("\n")
	for _, a := range answers {
		name := []rune(markup.CleanName(a.Name))
		if len(name) == 0 {
			name = []rune("Somebody")
		}
		fmt.Fprintf(&out, "\n- %s %s", Inert(string(name[:min(len(name), maxPerson)])), answer(r, a))
	}
	return out.String()
}

func answer(r *bridge.Reviewed, a bridge.NamedReview) string {
	words := map[string]string{
		bridge.ReviewApproved: "✅ finds it good", bridge.ReviewSuggested: "✏️ suggested another text",
		bridge.ReviewTaken: "✏️ suggested another text, which was taken", bridge.ReviewDismissed: "✏️ suggested another text, which was not taken",
	}[a.State]
	if r.Older(a) {
		words += " (as it was before)"
	}
	return words
}

// ReviewOver reports whether nobody can answer any more.
func ReviewOver(r *bridge.Reviewed) bool { return r.Draft.DeletedSeq != 0 }

// TooLong is what somebody is told whose form cannot hold a draft.
const TooLong = "The draft is too long for a form here. Reply in this thread with your text."

// FormParts cuts a text between paragraphs into at most count parts that fields of most
// characters can hold, with room to write more. FormText joins them. It returns none when
// the text does not fit.
func FormParts(text string, most, count int) []string {
	var parts []string
	for _, p := range strings.Split(text, "\n\n") {
		n := len(parts)
		switch {
		case len(utf16.Encode([]rune(p))) > most*3/4:
			return nil
		case n > 0 && len(utf16.Encode([]rune(parts[n-1]+"\n\n"+p))) <= most*3/4:
			parts[n-1] += "\n\n" + p
		default:
			parts = append(parts, p)
		}
	}
	if len(parts) > count {
		return nil
	}
	return parts
}

// FormText joins what was written into the fields that FormParts filled.
func FormText(parts []string) string {
	var out []string
	for _, p := range parts {
		if strings.TrimSpace(p) != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n\n")
}

// FormLabel names the n-th of some fields.
func FormLabel(n, of int) string {
	if of == 1 {
		return "The reply as you would write it"
	}
	return fmt.Sprintf("The reply as you would write it, %d of %d", n+1, of)
}

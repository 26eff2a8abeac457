package chat

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

// TestAFormHasAWholeDraftOrNone: its fields join to the text, each has room to write
// more, and a text that they cannot hold is not cut.
func TestAFormHasAWholeDraftOrNone(t *testing.T) {
	long := strings.Repeat("word ", 140) // 700 characters
	for text, want := range map[string]int{
		"":                               1,
		"Dear Carla,\n\n\n\nyes.":        1,
		long:                             1,
		long + "\n\n" + long:             2,
		long + "\n\n" + long + "\n\nBob": 2,
		strings.Repeat("x", 751):         0,
		strings.Repeat("😀", 376):         0, // two characters each, as platforms count
		strings.Repeat(long+"\n\n", 4):   0,
	} {
		parts := FormParts(text, 1000, 3)
		if len(parts) != want {
			t.Errorf("%.20q… has %d parts, want %d", text, len(parts), want)
		}
		if want > 0 && strings.Join(parts, "\n\n") != text {
			t.Errorf("%.20q… joins to %.40q", text, strings.Join(parts, "\n\n"))
		}
	}
	if got := FormText([]string{"a", " ", "b\n", ""}); got != "a\n\nb\n" {
		t.Errorf("joined %q", got)
	}
}

func TestADraftsPostSaysHowItStands(t *testing.T) {
	r := &bridge.Reviewed{Draft: bridge.Message{ID: bridge.ID{Ticket: 1, Seq: 4}, BodySeq: 6}}
	add := func(name, state string, text int64) {
		r.Answers = append(r.Answers, bridge.NamedReview{Name: name, Review: bridge.Review{State: state, Text: text}})
	}
	add("Sanne", bridge.ReviewApproved, 4)
	add("", bridge.ReviewSuggested, 6)
	add("*Bo*", bridge.ReviewTaken, 6)
	add("Eve", bridge.ReviewDismissed, 6)
	want := "**Is this draft good as it is?** Nothing is sent to the customer by your answer.\n" +
		"\n- Sanne ✅ finds it good (as it was before)\n- Somebody ✏️ suggested another text\n" +
		`- \*Bo\* ✏️ suggested another text, which was taken` + "\n- Eve ✏️ suggested another text, which was not taken"
	if diff := cmp.Diff(want, Review(r)); diff != "" {
		t.Error(diff)
	}
	for range maxAnswers {
		add("Eve", bridge.ReviewApproved, 6)
	}
	if got := Review(r); !strings.Contains(got, "4 earlier answers are in the ticket.") || strings.Contains(got, "Sanne") {
		t.Errorf("many answers: %s", got)
	}
	r.Draft.DeletedSeq = 9
	if got := Review(r); got != "_The draft was withdrawn._" {
		t.Errorf("withdrawn: %s", got)
	}
}

package bridgetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// reviewedOf returns the drafts that the entries are about, each once.
func reviewedOf(st *bridge.State, log []*bridge.Entry, w *bridge.Work) []bridge.Reviewed {
	about := map[int64]bool{}
	for _, e := range w.Entries {
		about[e.DraftOf(w.Messages)] = true
	}
	var out []bridge.Reviewed
	for _, seq := range slices.Sorted(maps.Keys(about)) {
		if m := st.Messages[bridge.ID{Ticket: w.Mirror.ID.Ticket, Seq: seq}]; m != nil {
			out = append(out, bridge.NewReviewed(*m, rowsOf(st.Reviews, func(r bridge.Review) bool { return r.Draft == seq }), log))
		}
	}
	return out
}

// review renders the post with a draft's buttons.
func review(v bridge.View) func() any {
	return func() any {
		var answers []string
		for _, a := range v.Reviewed.Answers {
			answers = append(answers, a.Name+" "+a.State)
		}
		state := "reviewed"
		if v.Reviewed.Draft.DeletedSeq != 0 {
			state = "withdrawn"
		}
		return payload{text: fmt.Sprintf("! %s: %s", state, strings.Join(answers, ", "))}
	}
}

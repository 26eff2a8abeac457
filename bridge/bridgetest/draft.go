package bridgetest

import (
	"context"
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

// DraftAt returns the draft whose buttons a post of ours has.
func (m *Memory) DraftAt(ctx context.Context, place bridge.Place, ref string) (out bridge.DraftText, err error) {
	err = m.read(ctx, func(st *bridge.State) {
		c := st.Copies[bridge.CopyKey{Surface: place.Surface, Workspace: place.Workspace, Channel: place.Channel, Ref: ref}]
		if c == nil || c.Message != 0 {
			return
		}
		if d := st.Messages[bridge.ID{Ticket: c.Ticket, Seq: c.Entry}]; d != nil && d.Draft == d.ID.Seq && d.DeletedSeq == 0 {
			out = bridge.DraftText{Draft: d.ID, Text: d.BodySeq, Body: m.disk.log[c.Ticket][d.BodySeq-1].Words.Body}
		}
	})
	if err == nil && out.Draft.IsZero() {
		err = fmt.Errorf("draft %s: %w", ref, bridge.ErrNotFound)
	}
	return out, err
}

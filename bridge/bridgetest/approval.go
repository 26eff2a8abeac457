package bridgetest

import (
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// requestsOf returns the requests for approval that the entries are about, each once.
func requestsOf(st *bridge.State, log, entries []*bridge.Entry) []bridge.Request {
	var out []bridge.Request
	done := map[int64]bool{}
	for _, e := range entries {
		seq := e.ApprovalOf()
		a := st.Approvals[bridge.ID{Ticket: e.Ticket, Seq: seq}]
		if a == nil || done[seq] {
			continue
		}
		done[seq] = true
		out = append(out, bridge.NewRequest(*a, log[seq-1], rowsOf(st.Approvers, func(p bridge.Approver) bool { return p.Approval == a.ID })))
	}
	return out
}

// request shows a request for approval in one post, which follows its answers.
func request(v bridge.View) []bridge.Call {
	r := v.Request
	if r == nil {
		return nil
	}
	var answers []string
	for _, p := range r.Approvers {
		answers = append(answers, p.Name+" "+p.State)
	}
	p := payload{text: fmt.Sprintf("? %s: %s (%s)", r.Asked.Words.Body, r.Approval.State, strings.Join(answers, ", "))}
	switch {
	case v.Entry.Kind == bridge.ApprovalAsked:
		return []bridge.Call{{Verb: bridge.VerbPost, Payload: p}}
	case r.Post != "":
		return []bridge.Call{{Verb: bridge.VerbEdit, Ref: r.Post, Payload: p}}
	}
	return nil
}

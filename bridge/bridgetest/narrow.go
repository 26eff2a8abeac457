package bridgetest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/sidebridge/sidebridge/bridge"
)

// narrow returns a State with copies of only those rows that a database loads for
// a command, by what its Needs name.
func narrow(st *bridge.State, n bridge.Needs) *bridge.State {
	out := bridge.NewState(st.Now)
	out.ReopenOnReply, out.CustomerWebhook, out.ReactionRules = st.ReopenOnReply, st.CustomerWebhook, st.ReactionRules
	out.Rights, out.ManyPeople = st.Rights, st.ManyPeople
	if id, ok := st.Keys[n.Key]; ok {
		out.Keys[n.Key] = id
	}
	tickets, mirrors, messages := map[int64]bool{n.Ticket: true}, map[bridge.ID]bool{n.Mirror: true}, map[bridge.ID]bool{}
	for _, id := range n.Messages {
		messages[id] = true
	}
	for _, e := range st.Logs[n.Ticket] {
		messages[e.ID()] = true
	}
	out.Logs = st.Logs
	for _, m := range st.Mirrors {
		if n.Thread.Thread != "" && m.Thread == n.Thread.Thread && m.Place == n.Thread.Place {
			tickets[m.ID.Ticket] = true
		}
	}
	for key, c := range st.Copies {
		if n.AllCopies && n.Mirror == (bridge.ID{Ticket: c.Ticket, Seq: c.Mirror}) || slices.Contains(n.Copies, key) || n.Token != "" && c.Token == n.Token {
			clone := *c
			out.Copies[key] = &clone
			tickets[c.Ticket] = true
			messages[bridge.ID{Ticket: c.Ticket, Seq: c.Message}] = true
			messages[bridge.ID{Ticket: c.Ticket, Seq: c.Mirror}] = true // the gestures on its card
			mirrors[bridge.ID{Ticket: c.Ticket, Seq: c.Mirror}] = true
		}
	}
	for key, d := range st.Deliveries {
		if n.Token != "" && d.Token == n.Token {
			tickets[key.Mirror.Ticket] = true
			mirrors[key.Mirror] = true
		}
	}
	pick(out.Tickets, st.Tickets, func(k int64) bool { return tickets[k] })
	for _, t := range out.Tickets {
		t.Tags = slices.Clone(t.Tags)
	}
	pick(out.Conversations, st.Conversations, func(k bridge.ID) bool { return tickets[k.Ticket] })
	pick(out.Mirrors, st.Mirrors, func(k bridge.ID) bool { return tickets[k.Ticket] })
	pick(out.Messages, st.Messages, func(k bridge.ID) bool {
		return messages[k] || n.Reviews && tickets[k.Ticket] && st.Messages[k].Draft == k.Seq
	})
	pick(out.Reactions, st.Reactions, func(k bridge.ReactionKey) bool { return n.Reactions && messages[k.Message] })
	for key, seq := range st.TakenBack {
		if key.Message.Ticket == n.TakenBack.Ticket && seq > n.TakenBack.Seq {
			out.TakenBack[key] = seq
		}
	}
	pick(out.Approvals, st.Approvals, func(k bridge.ID) bool { return n.Approvals && tickets[k.Ticket] })
	pick(out.Approvers, st.Approvers, func(k bridge.ApproverKey) bool { return n.Approvals && tickets[k.Approval.Ticket] })
	pick(out.Reviews, st.Reviews, func(k bridge.ID) bool { return n.Reviews && tickets[k.Ticket] })
	pick(out.Participants, st.Participants, func(k bridge.ParticipantKey) bool { return tickets[k.Conversation.Ticket] })
	pick(out.Files, st.Files, func(k bridge.FileKey) bool { return messages[k.Message] })
	pick(out.Deliveries, st.Deliveries, func(k bridge.DeliveryKey) bool { return mirrors[k.Mirror] })
	pick(out.Accounts, st.Accounts, func(k bridge.Account) bool { return k == n.Account })
	if f, ok := st.Fences[n.Lease]; ok {
		out.Fences[n.Lease] = f
	}
	return out
}

func pick[K comparable, T any](to, from map[K]*T, want func(K) bool) {
	for k, v := range from {
		if want(k) {
			clone := *v
			to[k] = &clone
		}
	}
}

// differ compares a decision on all rows with the same on those that the command's
// Needs name, and says where they part.
func differ(full, less *bridge.State, fullRes, lessRes bridge.Result, fullErr, lessErr error) string {
	if fullRes != lessRes || fmt.Sprint(fullErr) != fmt.Sprint(lessErr) {
		return fmt.Sprintf("it answers %+v, %v instead of %+v, %v", lessRes, lessErr, fullRes, fullErr)
	}
	if len(full.Entries) != len(less.Entries) {
		return fmt.Sprintf("it adds %d entries instead of %d", len(less.Entries), len(full.Entries))
	}
	for i, e := range full.Entries {
		o := less.Entries[i]
		if e.Kind != o.Kind || !reflect.DeepEqual(e.Facts, o.Facts) || !reflect.DeepEqual(e.Words, o.Words) {
			return fmt.Sprintf("it adds %+v instead of %+v", o, e)
		}
	}
	a, b := full.Changed, less.Changed
	for _, what := range []string{
		rowsDiffer("conversation", a.Conversations, b.Conversations, full.Conversations, less.Conversations),
		rowsDiffer("mirror", a.Mirrors, b.Mirrors, full.Mirrors, less.Mirrors),
		rowsDiffer("message", a.Messages, b.Messages, full.Messages, less.Messages),
		rowsDiffer("copy", a.Copies, b.Copies, full.Copies, less.Copies),
		rowsDiffer("reaction", a.Reactions, b.Reactions, full.Reactions, less.Reactions),
		rowsDiffer("approval", a.Approvals, b.Approvals, full.Approvals, less.Approvals),
		rowsDiffer("approver", a.Approvers, b.Approvers, full.Approvers, less.Approvers),
		rowsDiffer("review", a.Reviews, b.Reviews, full.Reviews, less.Reviews),
		rowsDiffer("participant", a.Participants, b.Participants, full.Participants, less.Participants),
		rowsDiffer("delivery", a.Deliveries, b.Deliveries, full.Deliveries, less.Deliveries),
		rowsDiffer("file", a.Files, b.Files, full.Files, less.Files),
		rowsDiffer("account", a.Accounts, b.Accounts, full.Accounts, less.Accounts),
	} {
		if what != "" {
			return what
		}
	}
	return ""
}

func rowsDiffer[K comparable, T any](what string, a, b map[K]bool, full, less map[K]*T) string {
	if !maps.Equal(a, b) {
		return fmt.Sprintf("it changes other rows (%s): %v instead of %v", what, b, a)
	}
	for k := range a {
		if !reflect.DeepEqual(full[k], less[k]) {
			return fmt.Sprintf("%s %v becomes %+v instead of %+v", what, k, less[k], full[k])
		}
	}
	return ""
}

package bridgetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/sidebridge/sidebridge/bridge"
)

// Entries returns a ticket's log.
func (m *Memory) Entries(ticket int64) []*bridge.Entry {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	return slices.Clone(m.disk.log[ticket])
}

// Tickets returns the numbers of all tickets.
func (m *Memory) Tickets() []int64 {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	var out []int64
	for id := range m.disk.log {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Mirrors returns all mirrors as they stand, in order of their ids.
func (m *Memory) Mirrors() []bridge.Mirror {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	var out []bridge.Mirror
	for _, mi := range m.disk.st.Mirrors {
		out = append(out, *mi)
	}
	slices.SortFunc(out, func(a, b bridge.Mirror) int { return compareIDs(a.ID, b.ID) })
	return out
}

// Said is a message as the record has it now.
type Said struct {
	ID      bridge.ID
	Name    string
	Body    string
	Edited  bool
	Deleted bool
	Files   []bridge.File
	// Reactions are who gave it which emoji, such as "👍 Anders", in order.
	Reactions []string
}

// Said returns the messages of a conversation in the order they were accepted.
func (m *Memory) Said(conversation bridge.ID) []Said {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	var out []Said
	for _, e := range m.disk.log[conversation.Ticket] {
		if e.Kind != bridge.MessagePosted || e.Facts.Conversation != conversation.Seq {
			continue
		}
		msg := m.disk.st.Messages[e.ID()]
		out = append(out, Said{
			ID: e.ID(), Name: e.Words.Name, Body: m.disk.entry(e.Ticket, msg.BodySeq).Words.Body,
			Edited: msg.BodySeq != e.Seq, Deleted: msg.DeletedSeq != 0, Files: filesOf(m.disk.st, e.ID()),
			Reactions: m.disk.reactions(e.ID()),
		})
	}
	return out
}

// reactions returns who gave a message which emoji. The caller holds the lock.
func (d *disk) reactions(message bridge.ID) []string {
	var all []*bridge.Reaction
	for key, r := range d.st.Reactions {
		if key.Message == message {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *bridge.Reaction) int { return cmp.Compare(a.Seq, b.Seq) })
	var out []string
	for _, r := range all {
		out = append(out, r.Emoji+" "+d.entry(message.Ticket, r.Seq).Words.Name)
	}
	return out
}

// Blob returns the bytes stored under a hash.
func (m *Memory) Blob(hash string) []byte {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	return m.disk.blobs[hash]
}

// Idle reports whether no mirror has anything left to do but those that are
// parked, no file is to be fetched and no call's outcome is open.
func (m *Memory) Idle() bool {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	for _, mi := range m.disk.st.Mirrors {
		if waiting(mi) {
			return false
		}
	}
	for _, f := range m.disk.st.Files {
		if f.State == bridge.FilePending {
			return false
		}
	}
	for _, d := range m.disk.st.Deliveries {
		if m.disk.st.Mirrors[d.Mirror].Parked == "" {
			return false
		}
	}
	return true
}

// Verify checks every ticket's record and returns everything that is wrong with
// them, and what did not hold after some commit.
func (m *Memory) Verify() []string {
	var out []string
	for _, id := range m.Tickets() {
		for _, f := range bridge.Verify(m.Record(id)) {
			out = append(out, f.String())
		}
	}
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	return append(out, m.disk.broken...)
}

// Look calls f with the rows as they stand; f changes nothing.
func (m *Memory) Look(f func(*bridge.State)) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	f(m.disk.st)
}

// Record returns everything stored about a ticket, as an auditor reads it.
func (m *Memory) Record(id int64) bridge.Record {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	st := m.disk.st
	r := bridge.Record{Ticket: *st.Tickets[id], Entries: slices.Clone(m.disk.log[id])}
	for _, e := range r.Entries {
		r.Columns = append(r.Columns, e.Facts.Conversation)
	}
	r.Conversations = rowsOf(st.Conversations, func(c bridge.Conversation) bool { return c.ID.Ticket == id })
	r.Messages = rowsOf(st.Messages, func(c bridge.Message) bool { return c.ID.Ticket == id })
	r.Mirrors = rowsOf(st.Mirrors, func(c bridge.Mirror) bool { return c.ID.Ticket == id })
	r.Copies = rowsOf(st.Copies, func(c bridge.Copy) bool { return c.Ticket == id })
	r.Reactions = rowsOf(st.Reactions, func(c bridge.Reaction) bool { return c.Message.Ticket == id })
	r.Approvals = rowsOf(st.Approvals, func(a bridge.Approval) bool { return a.ID.Ticket == id })
	r.Approvers = rowsOf(st.Approvers, func(p bridge.Approver) bool { return p.Approval.Ticket == id })
	r.Reviews = rowsOf(st.Reviews, func(x bridge.Review) bool { return x.ID.Ticket == id })
	r.Participants = rowsOf(st.Participants, func(p bridge.Participant) bool { return p.Conversation.Ticket == id })
	r.Files = rowsOf(st.Files, func(c bridge.File) bool { return c.Ticket == id })
	return r
}

func rowsOf[K comparable, T any](rows map[K]*T, of func(T) bool) []T {
	var out []T
	for _, r := range rows {
		if of(*r) {
			out = append(out, *r)
		}
	}
	return out
}

// Desk returns the built-in desk over this store.
func (m *Memory) Desk() bridge.Desk { return desk{m} }

type desk struct{ m *Memory }

// Context implements bridge.Desk.
func (d desk) Context(ctx context.Context, ticket int64) (bridge.TicketContext, error) {
	c := bridge.TicketContext{ID: ticket}
	var found bool
	err := d.m.read(ctx, func(st *bridge.State) {
		t := st.Tickets[ticket]
		if found = t != nil && t.Created != 0; !found {
			return
		}
		created := d.m.disk.entry(ticket, t.Created).Words
		c.Subject, c.Requester, c.Email = created.Subject, created.Requester, created.Email
		c.Status, c.Priority, c.Group, c.Tags, c.Assignee = t.Status, t.Priority, t.Group, slices.Clone(t.Tags), t.Assignee
		for _, e := range d.m.disk.log[ticket] {
			switch e.Kind {
			case bridge.CustomerWrote, bridge.CustomerReply, bridge.NoteWritten:
				c.Messages = append(c.Messages, bridge.TicketMessage{Kind: e.Kind, Name: e.Words.Name, At: e.At, Body: e.Words.Body})
			}
		}
	})
	if err == nil && !found {
		err = fmt.Errorf("ticket %d: %w", ticket, bridge.ErrNotFound)
	}
	return c, err
}

// Change implements bridge.Desk.
func (d desk) Change(ctx context.Context, c *bridge.ChangeTicket) (bridge.Result, error) {
	return d.m.Append(ctx, c)
}

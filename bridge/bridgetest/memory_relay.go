package bridgetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// mirrors returns the mirrors of a workspace that a condition picks, in order of their ids.
func (m *Memory) mirrors(ctx context.Context, surface, workspace string, pick func(*bridge.State, *bridge.Mirror) bool) ([]bridge.Mirror, error) {
	var out []bridge.Mirror
	err := m.read(ctx, func(st *bridge.State) {
		for _, mi := range st.Mirrors {
			if mi.Place.Surface == surface && mi.Place.Workspace == workspace && pick(st, mi) {
				out = append(out, *mi)
			}
		}
	})
	slices.SortFunc(out, func(a, b bridge.Mirror) int { return compareIDs(a.ID, b.ID) })
	return out, err
}

func compareIDs(a, b bridge.ID) int {
	return cmp.Or(cmp.Compare(a.Ticket, b.Ticket), cmp.Compare(a.Seq, b.Seq))
}

func waiting(m *bridge.Mirror) bool { return m.Cursor < m.Head && m.Parked == "" }

// Behind implements bridge.RelayStore.
func (m *Memory) Behind(ctx context.Context, surface, workspace string, limit int) ([]bridge.Mirror, error) {
	out, err := m.mirrors(ctx, surface, workspace, func(_ *bridge.State, mi *bridge.Mirror) bool {
		return waiting(mi) && !mi.Due.After(time.Now())
	})
	slices.SortStableFunc(out, func(a, b bridge.Mirror) int { return a.Due.Compare(b.Due) })
	return out[:min(limit, len(out))], err
}

// NextDue implements bridge.RelayStore.
func (m *Memory) NextDue(ctx context.Context, surface, workspace string) (time.Time, error) {
	var due time.Time
	out, err := m.mirrors(ctx, surface, workspace, func(_ *bridge.State, mi *bridge.Mirror) bool { return waiting(mi) })
	for i, mi := range out {
		if i == 0 || mi.Due.Before(due) {
			due = mi.Due
		}
	}
	return due, err
}

// Parked implements bridge.RelayStore.
func (m *Memory) Parked(ctx context.Context, surface, workspace, channel string) ([]bridge.Mirror, error) {
	return m.mirrors(ctx, surface, workspace, func(_ *bridge.State, mi *bridge.Mirror) bool {
		return mi.Parked != "" && (channel == "" || mi.Place.Channel == channel)
	})
}

// Threads implements bridge.RelayStore.
func (m *Memory) Threads(ctx context.Context, surface, workspace string, closedSince time.Time) ([]bridge.Mirror, error) {
	out, err := m.mirrors(ctx, surface, workspace, func(st *bridge.State, mi *bridge.Mirror) bool {
		c := st.Conversations[bridge.ID{Ticket: mi.ID.Ticket, Seq: mi.Conversation}]
		return mi.Thread != "" && c != nil && (c.Open || !m.disk.entry(mi.ID.Ticket, c.StateSeq).At.Before(closedSince))
	})
	slices.SortStableFunc(out, func(a, b bridge.Mirror) int { return cmp.Compare(a.Seen, b.Seen) })
	return out, err
}

// Unlisted implements bridge.RelayStore.
func (m *Memory) Unlisted(ctx context.Context, surface, workspace string, limit int) ([]bridge.Mirror, error) {
	out, err := m.mirrors(ctx, surface, workspace, func(_ *bridge.State, mi *bridge.Mirror) bool {
		return mi.Thread != "" && mi.Seen == ""
	})
	return out[:min(limit, len(out))], err
}

// MirrorCopies implements bridge.RelayStore.
func (m *Memory) MirrorCopies(ctx context.Context, mirror bridge.ID) (out []bridge.Copy, err error) {
	err = m.read(ctx, func(st *bridge.State) { out = mirrorCopies(st, mirror) })
	return out, err
}

func mirrorCopies(st *bridge.State, mirror bridge.ID) []bridge.Copy {
	var out []bridge.Copy
	for _, c := range st.Copies {
		if c.Ticket == mirror.Ticket && c.Mirror == mirror.Seq {
			out = append(out, *c)
		}
	}
	slices.SortFunc(out, func(a, b bridge.Copy) int {
		return cmp.Or(cmp.Compare(a.Message, b.Message), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Ref, b.Ref))
	})
	return out
}

// Work implements bridge.RelayStore.
func (m *Memory) Work(ctx context.Context, mirror bridge.ID, limit int) (bridge.Work, error) {
	var w bridge.Work
	var found bool
	err := m.read(ctx, func(st *bridge.State) {
		mi := st.Mirrors[mirror]
		if found = mi != nil; !found {
			return
		}
		w.Mirror = *mi
		log := m.disk.log[mirror.Ticket]
		w.Entries = log[mi.Cursor:min(mi.Head, mi.Cursor+int64(limit))]
		if c := st.Conversations[bridge.ID{Ticket: mirror.Ticket, Seq: mi.Conversation}]; c != nil {
			w.Conversation = *c
			started := log[c.ID.Seq-1]
			w.Subject, w.StarterName = started.Words.Subject, started.Words.Name
			w.Asked, w.Question = asked(st, log, c.ID)
		}
		w.Copies = copiesAbout(w.Entries, mirrorCopies(st, mirror))
		w.Reactions = reactionsOf(st, w.Entries)
		w.Requests = requestsOf(st, log, w.Entries)
		w.Digests = map[int64]bridge.Digest{}
		for _, e := range w.Entries {
			if e.Invites() {
				w.Digests[e.Seq] = bridge.DigestFor(e, log)
			}
		}
		for _, d := range st.Deliveries {
			if d.Mirror == mirror {
				w.Deliveries = append(w.Deliveries, *d)
			}
		}
		workMessages(st, log, &w)
		w.Reviewed = reviewedOf(st, log, &w)
	})
	if err == nil && !found {
		err = fmt.Errorf("mirror %s: %w", mirror, bridge.ErrNotFound)
	}
	return w, err
}

// asked returns a conversation's first message and its present text.
func asked(st *bridge.State, log []*bridge.Entry, conversation bridge.ID) (seq int64, text string) {
	for _, e := range log {
		if e.Kind != bridge.MessagePosted || e.Facts.Conversation != conversation.Seq {
			continue
		}
		if m := st.Messages[e.ID()]; m != nil && m.DeletedSeq == 0 {
			text = log[m.BodySeq-1].Words.Body
		}
		return e.Seq, text
	}
	return 0, ""
}

// workMessages adds the messages and files that the entries are about.
// copiesAbout leaves the copies of the messages that entries are about, and of no message.
func copiesAbout(entries []*bridge.Entry, copies []bridge.Copy) []bridge.Copy {
	about := map[int64]bool{0: true}
	for _, e := range entries {
		about[messageOf(e)] = true
	}
	return slices.DeleteFunc(copies, func(c bridge.Copy) bool { return !about[c.Message] })
}

// messageOf is the message that an entry is about, or zero.
func messageOf(e *bridge.Entry) int64 {
	if e.Facts.Message == 0 && (e.Kind == bridge.MessagePosted || e.Kind == bridge.CustomerReply) {
		return e.Seq
	}
	return e.Facts.Message
}

func workMessages(st *bridge.State, log []*bridge.Entry, w *bridge.Work) {
	w.Messages, w.Files, w.Posts = map[int64]bridge.Message{}, map[int64][]bridge.File{}, map[int64]*bridge.Entry{}
	for _, e := range w.Entries {
		seq := messageOf(e)
		if seq == 0 {
			continue
		}
		id := bridge.ID{Ticket: e.Ticket, Seq: seq}
		if m := st.Messages[id]; m != nil {
			w.Messages[seq] = *m
		}
		if files := filesOf(st, id); len(files) > 0 {
			w.Files[seq] = files
		}
		if e.Kind == bridge.FileStored {
			w.Posts[seq] = log[seq-1]
		}
	}
}

func filesOf(st *bridge.State, message bridge.ID) []bridge.File {
	var out []bridge.File
	for key, f := range st.Files {
		if key.Message == message {
			out = append(out, *f)
		}
	}
	slices.SortFunc(out, func(a, b bridge.File) int { return cmp.Compare(a.N, b.N) })
	return out
}

// reactionsOf returns the reactions to the messages whose reactions the entries are about.
func reactionsOf(st *bridge.State, entries []*bridge.Entry) map[int64][]bridge.Reaction {
	out := map[int64][]bridge.Reaction{}
	for _, e := range entries {
		if e.Kind != bridge.ReactionAdded && e.Kind != bridge.ReactionRemoved || out[e.Facts.Message] != nil {
			continue
		}
		for key, r := range st.Reactions {
			if key.Message == (bridge.ID{Ticket: e.Ticket, Seq: e.Facts.Message}) {
				out[e.Facts.Message] = append(out[e.Facts.Message], *r)
			}
		}
		slices.SortFunc(out[e.Facts.Message], func(a, b bridge.Reaction) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	return out
}

// entry returns an entry of the log. The caller holds the lock.
func (d *disk) entry(ticket, seq int64) *bridge.Entry { return d.log[ticket][seq-1] }

// Identify implements bridge.Directory.
func (m *Memory) Identify(ctx context.Context, a bridge.Account) (bridge.Known, error) {
	k := bridge.Known{Account: a, Role: bridge.RoleExpert}
	err := m.read(ctx, func(st *bridge.State) {
		if have := st.Accounts[a]; have != nil {
			k = *have
		}
	})
	return k, err
}

// Link records who an account belongs to, as an admin does.
func (m *Memory) Link(k bridge.Known) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	m.disk.st.Accounts[k.Account] = &k
}

// MirrorByThread implements bridge.Directory.
func (m *Memory) MirrorByThread(ctx context.Context, place bridge.Place, thread string) (bridge.Mirror, error) {
	found, err := m.mirrors(ctx, place.Surface, place.Workspace, func(_ *bridge.State, mi *bridge.Mirror) bool {
		return thread != "" && mi.Thread == thread && (mi.Place == place || place.Channel == "")
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("thread %s: %w", thread, bridge.ErrNotFound)
	}
	if err != nil {
		return bridge.Mirror{}, err
	}
	return found[0], nil
}

// Outsiders implements bridge.RelayStore.
func (m *Memory) Outsiders(ctx context.Context, conversation bridge.ID, accounts []bridge.Account) ([]bridge.Known, error) {
	var out []bridge.Known
	err := m.read(ctx, func(st *bridge.State) {
		for _, a := range accounts {
			known := bridge.Known{Account: a}
			if k := st.Accounts[a]; k != nil {
				known = *k
			}
			part := st.Participants[bridge.ParticipantKey{Conversation: conversation, Person: known.Person}]
			if known.Person == "" || !part.TakesPart() {
				out = append(out, known)
			}
		}
	})
	return out, err
}

// RestrictedIn implements bridge.RelayStore.
func (m *Memory) RestrictedIn(ctx context.Context, place bridge.Place) ([]bridge.Mirror, error) {
	return m.mirrors(ctx, place.Surface, place.Workspace, func(st *bridge.State, mi *bridge.Mirror) bool {
		c := st.Conversations[bridge.ID{Ticket: mi.ID.Ticket, Seq: mi.Conversation}]
		return c != nil && c.Restricted != 0 && mi.Parked == "" && (place.Channel == "" || place.Channel == mi.Place.Channel)
	})
}

package bridge

import (
	"slices"
	"strings"
)

// Digest is what somebody has to know who joins a conversation late, beside its subject
// and its question: how much was said, and the last words of each side.
type Digest struct {
	// Messages counts what was said before they came, or while they were away.
	Messages int64
	// Back: they have taken part before, and the digest is of what they missed.
	Back bool
	// Last are the last message of the desk and the last one of the others, the older
	// first; there may be one or none.
	Last []Said
}

// Said is a message as a digest has it.
type Said struct {
	Seq  int64
	Name string
	// Desk: an agent said it.
	Desk bool
	// Words are its author's own in Markdown, without what they quote of the ticket. They
	// are empty when they were erased, or it has files only.
	Words string
	Files int
}

// Invites reports whether the entry brings people in for whom a thread has a digest: not
// who had the ticket and stays, nor whom the first message names.
func (e *Entry) Invites() bool {
	return e.Kind == ParticipantAdded && e.Facts.Reason != HandedOver && e.Facts.Reason != Asked
}

// Asked is why somebody became a participant: the conversation was begun with them.
const Asked = "asked"

// Joined returns the entries between which a digest for whom the entry brings in counts
// messages: after one, zero for the first, and before the other.
func (e *Entry) Joined() (after, before int64) {
	if e.Facts.Message != 0 {
		return e.Facts.Entry, e.Facts.Message // the message that named them tells itself
	}
	return e.Facts.Entry, e.Seq
}

// DigestFor makes the digest for whom an entry brings into its conversation, of entries
// that posted, edited and deleted the conversation's messages, in order.
func DigestFor(joined *Entry, entries []*Entry) Digest {
	after, before := joined.Joined()
	d := Digest{Back: joined.Facts.Entry != 0}
	said := map[int64]*Said{}
	for _, e := range entries {
		if e.Facts.Conversation != joined.Facts.Conversation {
			continue
		}
		switch e.Kind {
		case MessagePosted:
			if e.Seq <= after || e.Seq >= before {
				continue
			}
			role := e.Facts.Role
			own, _ := e.Quoted()
			said[e.Seq] = &Said{
				Seq: e.Seq, Name: e.Words.Name, Desk: role == RoleAgent || role == RoleAdmin,
				Words: strings.TrimSpace(own), Files: len(e.Facts.Files),
			}
		case MessageEdited:
			if m := said[e.Facts.Message]; m != nil {
				m.Words = strings.TrimSpace(e.Words.Body)
			}
		case MessageDeleted:
			delete(said, e.Facts.Message)
		}
	}
	d.Messages = int64(len(said))
	var last [2]*Said // of the desk, and of the others
	for _, m := range said {
		side := 0
		if !m.Desk {
			side = 1
		}
		if last[side] == nil || m.Seq > last[side].Seq {
			last[side] = m
		}
	}
	for _, m := range last {
		if m != nil {
			d.Last = append(d.Last, *m)
		}
	}
	slices.SortFunc(d.Last, func(a, b Said) int { return int(a.Seq - b.Seq) })
	return d
}

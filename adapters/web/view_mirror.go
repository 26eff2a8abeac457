package web

import (
	"cmp"
	"slices"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// The states of a mirror, or of one message on it, as pages name them.
const (
	stateShown     = "shown"     // everything is there
	stateWaiting   = "waiting"   // on its way
	stateDeferred  = "deferred"  // the next attempt waits for a time
	stateUncertain = "uncertain" // a call was made and its outcome is unknown
	stateParked    = "parked"    // a person is needed
	stateRefused   = "refused"   // it can never be shown there; a note stands in its place
	stateRemoved   = "removed"   // somebody removed it there
)

// uncertainAfter is how long a call may be under way before pages call it uncertain.
const uncertainAfter = 5 * time.Second

// mirror is a channel that a conversation is shown in.
type mirror struct {
	ID      bridge.ID
	Place   string
	Surface string
	State   string
	// Reason and Remedy say why it is not shown and what to do about it.
	Reason string
	Remedy string
	Due    time.Time
	Behind int64
	Cursor int64
	Ticket int64
	Tries  int
}

// mark is how far one message is on one mirror.
type mark struct {
	Mirror int64
	Need   int64 // the entry that the mirror's cursor must have reached
	Place  string
	State  string
	Reason string
}

// mirrors makes the views of a conversation's mirrors.
func (v *view) mirrors(conversation int64) []mirror {
	var out []mirror
	for _, m := range v.allMirrors {
		if m.Conversation == conversation && (m.Ended == 0 || m.Behind()) {
			out = append(out, v.mirror(m))
		}
	}
	return out
}

func sortedMirrors(st *bridge.State) []*bridge.Mirror {
	out := make([]*bridge.Mirror, 0, len(st.Mirrors))
	for _, m := range st.Mirrors {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *bridge.Mirror) int {
		return cmp.Or(cmp.Compare(a.ID.Ticket, b.ID.Ticket), cmp.Compare(a.ID.Seq, b.ID.Seq))
	})
	return out
}

func (v *view) mirror(m *bridge.Mirror) mirror {
	out := mirror{
		ID: m.ID, Place: v.names.place(m.Place), Surface: m.Place.Surface, Ticket: m.ID.Ticket,
		State: v.state(m), Remedy: m.Remedy, Behind: m.Head - m.Cursor, Cursor: m.Cursor, Tries: m.Attempts,
	}
	switch out.State {
	case stateParked:
		out.Reason = m.Parked
	case stateDeferred, stateUncertain:
		out.Reason, out.Due = m.Error, m.Due
	}
	return out
}

func (v *view) state(m *bridge.Mirror) string {
	switch {
	case m.Parked != "":
		return stateParked
	case !m.Behind():
		return stateShown
	case v.doubt(m) != nil:
		return stateUncertain
	case m.Due.After(v.now):
		return stateDeferred
	default:
		return stateWaiting
	}
}

// doubt returns the call on the mirror whose outcome is unknown: it was begun, and
// neither settled nor known to have failed.
func (v *view) doubt(m *bridge.Mirror) *bridge.Delivery {
	for key, d := range v.st.Deliveries {
		if key.Mirror == m.ID && !d.Done && (m.Error != "" || v.now.Sub(d.BegunAt) > uncertainAfter) {
			return d
		}
	}
	return nil
}

// marks says of each mirror of the message's conversation how far the message is
// there. Where it was said, there is nothing to say.
func (v *view) marks(m *bridge.Message) []mark {
	post := v.entries[m.ID.Seq]
	var out []mark
	for _, mirror := range v.allMirrors {
		saidThere := post.Facts.Source != nil && post.Facts.Mirror == mirror.ID.Seq
		elsewhere := mirror.Ended != 0 && m.ID.Seq > mirror.Ended
		if mirror.Conversation != m.Conversation || mirror.ID.Seq > m.ID.Seq || saidThere || elsewhere {
			continue
		}
		// The present words count: an edit is on its way until the cursor has passed it.
		last := max(m.BodySeq, m.DeletedSeq)
		out = append(out, v.mark(m, mirror, last))
	}
	return out
}

func (v *view) mark(m *bridge.Message, mirror *bridge.Mirror, last int64) mark {
	out := mark{Mirror: mirror.ID.Seq, Need: last, Place: v.names.place(mirror.Place)}
	if mirror.Cursor < last {
		out.State = v.state(mirror)
		switch {
		case out.State == stateParked:
			out.Reason = cmp.Or(mirror.Remedy, mirror.Parked)
		case out.State == stateUncertain && v.doubt(mirror).Message != m.ID.Seq:
			out.State = stateWaiting // the doubt is about another one
		}
		return out
	}
	out.State = stateShown
	if reason, refused := v.refused[[2]int64{mirror.ID.Seq, m.ID.Seq}]; refused {
		out.State, out.Reason = stateRefused, reason
		return out
	}
	if m.DeletedSeq != 0 || v.removed(m, mirror) {
		out.State = stateRemoved
	}
	return out
}

// removed reports whether our copies of a message there are all gone.
func (v *view) removed(m *bridge.Message, mirror *bridge.Mirror) bool {
	had := false
	for _, c := range v.copies[m.ID.Seq] {
		if c.Mirror == mirror.ID.Seq {
			had = true
			if !c.Gone {
				return false
			}
		}
	}
	return had
}

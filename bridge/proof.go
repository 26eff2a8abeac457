package bridge

import (
	"cmp"
	"slices"
	"time"
)

// Erasure is the proof of one erasure on a ticket: what was taken out of the record,
// and what became of the copies elsewhere.
type Erasure struct {
	Ticket int64     `json:"ticket"`
	At     time.Time `json:"at"`
	// By is the person who erased, Name the name they had, Reason why.
	By     string `json:"by"`
	Name   string `json:"name,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Message is what was erased; zero for words that belong to none.
	Message int64 `json:"message,omitempty"`
	// Entries are those whose words are gone. Their hashes stay.
	Entries []int64 `json:"entries"`
	// Gone are the copies that are confirmed to be gone, Left those that are not.
	Gone []ErasedCopy `json:"gone"`
	Left []ErasedCopy `json:"left"`
}

// ErasedCopy is a copy of erased words on a surface.
type ErasedCopy struct {
	Place Place  `json:"place"`
	Ref   string `json:"ref"`
	// Ours: we posted it. Who can delete it is said in Who, while it is there.
	Ours bool   `json:"ours"`
	Who  string `json:"who,omitempty"`
}

// ErasedPerson is a person who was erased from the directory and from every ticket.
type ErasedPerson struct {
	Person    string    `json:"person"`
	Pseudonym string    `json:"pseudonym"`
	By        string    `json:"by"`
	Reason    string    `json:"reason"`
	Began     time.Time `json:"began"`
	Done      time.Time `json:"done,omitzero"`
	Tickets   []int64   `json:"tickets"`
}

// Erasures returns the proof of all erasures on a ticket, in order. It says what the
// record knows: a copy is gone when the surface confirmed that we deleted it, or told
// us that somebody did.
func Erasures(r Record) []Erasure {
	type key struct{ message, at int64 }
	at := map[key]int{}
	out := []Erasure{}
	for _, e := range r.Entries {
		if e.Kind != ContentErased {
			continue
		}
		k := key{e.Facts.Message, Micros(e.At)}
		i, there := at[k]
		if !there {
			i = len(out)
			at[k] = i
			out = append(out, Erasure{
				Ticket: e.Ticket, At: e.At.UTC(), By: e.Facts.Person, Name: e.Words.Name, Reason: e.Words.Note,
				Message: e.Facts.Message, Gone: []ErasedCopy{}, Left: []ErasedCopy{},
			})
		}
		out[i].Entries = append(out[i].Entries, e.Facts.Entry)
	}
	for i := range out {
		out[i].copies(r)
	}
	return out
}

func (x *Erasure) copies(r Record) {
	if x.Message == 0 {
		return
	}
	copies := slices.SortedFunc(slices.Values(r.Copies), func(a, b Copy) int {
		return cmp.Or(cmp.Compare(a.Surface, b.Surface), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Ref, b.Ref))
	})
	for _, c := range copies {
		if c.Message != x.Message {
			continue
		}
		e := ErasedCopy{Place: Place{c.Surface, c.Workspace, c.Channel}, Ref: c.Ref, Ours: c.Ours()}
		if c.Gone {
			x.Gone = append(x.Gone, e)
			continue
		}
		e.Who = whoDeletes(c, r.Mirrors)
		x.Left = append(x.Left, e)
	}
}

// whoDeletes says who can take away a copy that is still there.
func whoDeletes(c Copy, mirrors []Mirror) string {
	if !c.Ours() {
		return "who wrote it there, or somebody who may delete messages of others in that channel"
	}
	for _, m := range mirrors {
		switch {
		case m.ID.Seq != c.Mirror:
		case m.Parked != "":
			return "Sidebridge, once an admin resumes the conversation there: it stopped for " + m.Parked
		case m.Behind():
			return "Sidebridge, which is about to"
		}
	}
	return "somebody who may delete messages of others in that channel: Sidebridge could not"
}

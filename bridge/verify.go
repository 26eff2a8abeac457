package bridge

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Finding is something in the record that is not as the log says it must be.
type Finding struct {
	Ticket int64
	// Seq is the first wrong entry, or the entry that a wrong row belongs to; zero when there is none.
	Seq  int64
	What string
}

// String returns "ticket 12, entry 34: …".
func (f Finding) String() string {
	if f.Seq == 0 {
		return fmt.Sprintf("ticket %d: %s", f.Ticket, f.What)
	}
	return fmt.Sprintf("ticket %d, entry %d: %s", f.Ticket, f.Seq, f.What)
}

// Record is everything stored about one ticket, as an auditor reads it.
type Record struct {
	Ticket  Ticket
	Entries []*Entry
	// Columns are what the entries' rows repeat outside the envelope: the conversation.
	Columns       []int64
	Conversations []Conversation
	Messages      []Message
	Mirrors       []Mirror
	Copies        []Copy
	Reactions     []Reaction
	Approvals     []Approval
	Approvers     []Approver
	Reviews       []Review
	Participants  []Participant
	Files         []File
}

// Verify checks a ticket's record: that no entry is missing, that the chain
// closes, that the words are those committed to, and that every current-state
// row is what replaying the entries gives. The first finding about the entries
// is the first wrong one.
func Verify(r Record) []Finding {
	v := verifier{r: r}
	v.chain()
	v.contents()
	v.rows()
	return v.found
}

type verifier struct {
	r     Record
	found []Finding
}

func (v *verifier) add(seq int64, format string, args ...any) {
	v.found = append(v.found, Finding{v.r.Ticket.ID, seq, fmt.Sprintf(format, args...)})
}

func (v *verifier) chain() {
	var prev []byte
	want := int64(1)
	for i, e := range v.r.Entries {
		if e.Seq != want {
			v.add(want, "the entry is missing (the next one there is %d)", e.Seq)
			want = e.Seq
		}
		switch {
		case e.Ticket != v.r.Ticket.ID:
			v.add(e.Seq, "it is an entry of ticket %d", e.Ticket)
		case !bytes.Equal(ChainHash(e, prev), e.Hash):
			v.add(e.Seq, "its hash does not follow from its content and its predecessor")
		case !e.Kind.Known():
			v.add(e.Seq, "its kind %q is unknown to this version", e.Kind)
		case i < len(v.r.Columns) && v.r.Columns[i] != e.Facts.Conversation:
			v.add(e.Seq, "its row names conversation %d, its envelope %d", v.r.Columns[i], e.Facts.Conversation)
		}
		prev = e.Hash
		want++
	}
	t := v.r.Ticket
	if last := want - 1; t.Head != last {
		v.add(0, "its head is %d, but its last entry is %d", t.Head, last)
	} else if !bytes.Equal(t.HeadHash, prev) {
		v.add(t.Head, "the ticket's head has another hash than the entry")
	}
}

func (v *verifier) contents() {
	erased := map[int64]bool{}
	for _, e := range v.r.Entries {
		if e.Kind == ContentErased {
			v.erasure(e, erased)
			erased[e.Facts.Entry] = true
		}
	}
	for _, e := range v.r.Entries {
		has := e.Content != nil || e.Salt != nil
		switch {
		case len(e.Commitment) == 0 && has:
			v.add(e.Seq, "it has words, but committed to none")
		case len(e.Commitment) > 0 && !has && !erased[e.Seq]:
			v.add(e.Seq, "its words are missing, and no entry says that they were erased")
		case has && !bytes.Equal(Commit(e.Salt, e.Content), e.Commitment):
			v.add(e.Seq, "its words are not those that were recorded")
		}
	}
}

// erasure checks what an entry says that it erased: one entry before it, once, by
// somebody who may, and the words are gone.
func (v *verifier) erasure(e *Entry, before map[int64]bool) {
	i, found := slices.BinarySearchFunc(v.r.Entries, e.Facts.Entry, func(e *Entry, seq int64) int { return cmp.Compare(e.Seq, seq) })
	switch {
	case !found || e.Facts.Entry >= e.Seq || len(v.r.Entries[i].Commitment) == 0:
		v.add(e.Seq, "it erased entry %d, which had no words before it", e.Facts.Entry)
	case before[e.Facts.Entry]:
		v.add(e.Seq, "it erased entry %d once more", e.Facts.Entry)
	case e.Facts.Role != RoleAdmin:
		v.add(e.Seq, "it erased entry %d, but not by an admin", e.Facts.Entry)
	case v.r.Entries[i].Content != nil || v.r.Entries[i].Salt != nil:
		v.add(e.Facts.Entry, "its words are there, but entry %d says that they were erased", e.Seq)
	}
}

// rows replays the entries and compares what they give with what is stored.
func (v *verifier) rows() {
	s := Replay(v.r.Entries)
	if want := s.Tickets[v.r.Ticket.ID]; want != nil {
		got := v.r.Ticket
		if len(got.Tags) == 0 && len(want.Tags) == 0 {
			got.Tags, want.Tags = nil, nil
		}
		if got.Head == want.Head && !reflect.DeepEqual(got, *want) {
			v.add(0, "the ticket's row is not what its entries say")
		}
	}
	compareRows(v, "conversation", s.Conversations, v.r.Conversations,
		func(c Conversation) ID { return c.ID }, func(c Conversation) int64 { return c.StateSeq }, same[Conversation])
	compareRows(v, "message", s.Messages, v.r.Messages,
		func(m Message) ID { return m.ID }, func(m Message) int64 { return m.BodySeq }, same[Message])
	compareRows(v, "copy", s.Copies, v.r.Copies,
		func(c Copy) CopyKey { return c.CopyKey }, func(c Copy) int64 { return c.Seq }, same[Copy])
	compareRows(v, "reaction", s.Reactions, v.r.Reactions,
		func(r Reaction) ReactionKey { return r.ReactionKey }, func(r Reaction) int64 { return r.Seq }, same[Reaction])
	compareRows(v, "approval", s.Approvals, v.r.Approvals,
		func(a Approval) ID { return a.ID }, func(a Approval) int64 { return a.StateSeq }, same[Approval])
	compareRows(v, "approver", s.Approvers, v.r.Approvers,
		func(p Approver) ApproverKey { return p.ApproverKey }, func(p Approver) int64 { return p.Seq }, same[Approver])
	compareRows(v, "review", s.Reviews, v.r.Reviews,
		func(r Review) ID { return r.ID }, func(r Review) int64 { return r.StateSeq }, same[Review])
	compareRows(v, "participant", s.Participants, v.participants(),
		func(p Participant) ParticipantKey { return p.ParticipantKey }, func(p Participant) int64 { return max(p.Since, p.Left) }, sameParticipant)
	compareRows(v, "mirror", s.Mirrors, v.r.Mirrors,
		func(m Mirror) ID { return m.ID }, func(m Mirror) int64 { return m.ID.Seq }, v.sameMirror)
	compareRows(v, "file", s.Files, v.r.Files,
		func(f File) FileKey { return FileKey{ID{f.Ticket, f.Message}, f.N} }, func(f File) int64 { return f.Seq }, sameFile)
}

func same[T comparable](a, b T) bool { return a == b }

// participants are the stored rows that entries made: those of people who are only told
// of something are not.
func (v *verifier) participants() []Participant {
	return slices.DeleteFunc(slices.Clone(v.r.Participants), func(p Participant) bool {
		return p.ofEntries() == Participant{ParticipantKey: p.ParticipantKey}
	})
}

func sameParticipant(want, got Participant) bool { return want.ofEntries() == got.ofEntries() }

// sameMirror compares what entries set of a mirror. Its cursor is its own, but
// can be neither ahead of its head nor of the ticket's. That it was imported is in
// no entry either: it would not be the same log.
func (v *verifier) sameMirror(want, got Mirror) bool {
	return want.Conversation == got.Conversation && want.Place == got.Place && want.Rule == got.Rule &&
		want.Thread == got.Thread && (want.Parked == got.Parked || got.Parked == ParkedImported) && want.Ended == got.Ended &&
		got.Cursor <= got.Head && got.Head <= v.r.Ticket.Head
}

// sameFile compares what entries set of a file; attempts to fetch it are no entries.
func sameFile(want, got File) bool {
	got.Attempts, got.Due = want.Attempts, want.Due
	return want == got
}

func compareRows[K comparable, T any](v *verifier, what string, want map[K]*T, got []T, key func(T) K, seq func(T) int64, equal func(a, b T) bool) {
	left := maps.Clone(want)
	for _, g := range got {
		w := left[key(g)]
		delete(left, key(g))
		switch {
		case w == nil:
			v.add(seq(g), "the %s %v is stored, but no entry made it", what, key(g))
		case !equal(*w, g):
			v.add(seq(*w), "the %s %v is not as its entries say", what, key(g))
		}
	}
	var missing []Finding
	for k, w := range left {
		missing = append(missing, Finding{v.r.Ticket.ID, seq(*w), fmt.Sprintf("the %s %v is missing", what, k)})
	}
	slices.SortFunc(missing, func(a, b Finding) int { return int(a.Seq - b.Seq) })
	v.found = append(v.found, missing...)
}

package bridge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// TestSharedCommentsAreQuotedWholeWithWhoAndWhen (B11): one message names the comments in
// the order they were written, has all their words and files, and its own words apart.
func TestSharedCommentsAreQuotedWholeWithWhoAndWhen(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	file, err := m.Upload(t.Context(), "bill.pdf", "application/pdf", []byte("%PDF"))
	if err != nil {
		t.Fatal(err)
	}
	customer := bridge.Actor{Role: bridge.RoleCustomer, Name: "Carla (*\nadmin*)"}
	wrote := must(t, m, &bridge.CustomerMessage{Actor: customer, Ticket: conv.Ticket, Body: "One\n\n**Customer** (Bob) two", Files: []bridge.FileUpload{file}}).ID
	note := must(t, m, &bridge.WriteNote{Actor: alice, Ticket: conv.Ticket, Body: "careful"}).ID
	said := must(t, m, &bridge.PostMessage{
		Actor: alice, Conversation: conv, Body: "Look:",
		Share: bridge.Share{Comments: []int64{note.Seq, wrote.Seq, note.Seq}, Notes: true},
	}).ID

	e := m.Entries(conv.Ticket)[said.Seq-1]
	if diff := cmp.Diff([]int64{wrote.Seq, note.Seq}, e.Facts.Shared); diff != "" {
		t.Error(diff)
	}
	own, quote := e.Quoted()
	at := m.Entries(conv.Ticket)[wrote.Seq-1].At.UTC().Format("2 Jan 2006 15:04")
	want := `**Customer** (Carla \(\*admin\*\)) · ` + at + " UTC\n\n> One\n>\n> **Customer** (Bob) two\n\n**Internal note** (Alice) · " + at + " UTC\n\n> careful"
	want = strings.Replace(want, `\*admin`, `\* admin`, 1)
	if diff := cmp.Diff(want, quote); diff != "" || own != "Look:" || e.Words.Body != own+"\n\n"+quote {
		t.Errorf("%q, %q: %s", e.Words.Body, own, diff)
	}
	if got := bridge.WithoutCustomer(quote); strings.Contains(got, "Carla") || !strings.Contains(got, "> **Customer** (Bob) two") || !strings.Contains(got, "(Alice)") {
		t.Errorf("without the customer: %q", got)
	}
	if len(e.Facts.Files) != 1 || e.Facts.Files[0].Hash != file.Hash || e.Words.Files[0] != "bill.pdf" {
		t.Errorf("files: %+v %v", e.Facts.Files, e.Words.Files)
	}
	if _, err := m.Append(t.Context(), &bridge.EditMessage{Actor: alice, Message: said, Body: "other"}); !errors.Is(err, bridge.ErrForbidden) {
		t.Errorf("a quotation was edited: %v", err)
	}
	if wrong := m.Verify(); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestWhatCannotBeShared: a note needs the warning, and only the ticket's own comments are
// shared, as long as their words are there.
func TestWhatCannotBeShared(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	note := must(t, m, &bridge.WriteNote{Actor: alice, Ticket: conv.Ticket, Body: "careful"}).ID
	gone := must(t, m, &bridge.CustomerMessage{Actor: alice, Ticket: conv.Ticket, Body: "secret"}).ID
	must(t, m, &bridge.EraseMessage{Actor: admin, Message: gone, Reason: "asked to"})
	var many []int64
	for range bridge.MaxShared + 1 {
		many = append(many, must(t, m, &bridge.CustomerMessage{Actor: alice, Ticket: conv.Ticket, Body: "more"}).ID.Seq)
	}
	huge := make([]int64, 9)
	for i := range huge {
		huge[i] = must(t, m, &bridge.CustomerMessage{Actor: alice, Ticket: conv.Ticket, Body: strings.Repeat("x", bridge.MaxBody)}).ID.Seq
	}
	for name, c := range map[string]struct {
		share bridge.Share
		err   error
	}{
		"a note without the warning": {bridge.Share{Comments: []int64{note.Seq}}, bridge.ErrInvalid},
		"what was erased":            {bridge.Share{Comments: []int64{gone.Seq}}, bridge.ErrConflict},
		"a conversation":             {bridge.Share{Comments: []int64{conv.Seq}}, bridge.ErrInvalid},
		"nothing there":              {bridge.Share{Comments: []int64{9999}}, bridge.ErrInvalid},
		"too many":                   {bridge.Share{Comments: many}, bridge.ErrInvalid},
		"too much":                   {bridge.Share{Comments: huge}, bridge.ErrInvalid},
	} {
		for _, cmd := range []bridge.Command{
			&bridge.PostMessage{Actor: alice, Conversation: conv, Body: "Look", Share: c.share},
			&bridge.StartConversation{Actor: alice, Ticket: conv.Ticket, Subject: "S", Body: "Look", Share: c.share},
		} {
			if _, err := m.Append(t.Context(), cmd); !errors.Is(err, c.err) {
				t.Errorf("%s: %T answers %v", name, cmd, err)
			}
		}
	}
	if _, err := m.Append(t.Context(), &bridge.PostMessage{Actor: alice, Conversation: conv, Share: bridge.Share{Comments: huge[:7]}}); err != nil {
		t.Errorf("comments of the greatest length: %v", err)
	}
	attached := must(t, m, &bridge.AttachThread{Actor: alice, Ticket: conv.Ticket, Subject: "A", Target: bridge.Target{Place: m.Mirrors()[0].Place}, Thread: "77.7"}).ID
	if _, err := m.Append(t.Context(), &bridge.PostMessage{Actor: alice, Conversation: attached, Share: bridge.Share{Comments: many[:1]}}); !errors.Is(err, bridge.ErrConflict) {
		t.Errorf("a quotation became the question that the card shows: %v", err)
	}
}

// TestAStartedConversationSharesInAMessageOfItsOwn: what is asked stays the first message.
func TestAStartedConversationSharesInAMessageOfItsOwn(t *testing.T) {
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	wrote := must(t, m, &bridge.CustomerMessage{Actor: alice, Ticket: conv.Ticket, Body: "the words"}).ID
	res := must(t, m, &bridge.StartConversation{Actor: alice, Ticket: conv.Ticket, Subject: "S", Body: "Why?", Share: bridge.Share{Comments: []int64{wrote.Seq}}})
	log := m.Entries(conv.Ticket)
	first, second := log[res.Seq-2], log[res.Seq-1]
	if first.Words.Body != "Why?" || len(first.Facts.Shared) != 0 || !strings.HasSuffix(second.Words.Body, "> the words") || len(second.Facts.Shared) != 1 {
		t.Errorf("%q %v, %q %v", first.Words.Body, first.Facts.Shared, second.Words.Body, second.Facts.Shared)
	}
}

// TestAnErasedCommentIsErasedWhereItWasShared: its words, for good, and the message goes
// from every surface; by the message or with the person who wrote it.
func TestAnErasedCommentIsErasedWhereItWasShared(t *testing.T) {
	for name, erase := range map[string]func(comment bridge.ID) bridge.Command{
		"the comment": func(id bridge.ID) bridge.Command {
			return &bridge.EraseMessage{Actor: admin, Message: id, Reason: "asked to"}
		},
		"the person": func(id bridge.ID) bridge.Command {
			return &bridge.ErasePerson{Actor: admin, Ticket: id.Ticket, Person: "bob", Reason: "asked to"}
		},
	} {
		m := bridgetest.NewMemory(nil)
		conv, _ := bound(t, m)
		comment := must(t, m, &bridge.WriteNote{Actor: bob, Ticket: conv.Ticket, Body: "SECRET words"}).ID
		other := must(t, m, &bridge.WriteNote{Actor: alice, Ticket: conv.Ticket, Body: "harmless"}).ID
		share := func(seqs ...int64) bridge.ID {
			return must(t, m, &bridge.PostMessage{Actor: alice, Conversation: conv, Share: bridge.Share{Comments: seqs, Notes: true}}).ID
		}
		both, kept := share(comment.Seq, other.Seq), share(other.Seq)
		must(t, m, erase(comment))
		for _, e := range m.Entries(conv.Ticket) {
			if strings.Contains(string(e.Content), "SECRET") {
				t.Errorf("%s: entry %d has the words still", name, e.Seq)
			}
		}
		m.Look(func(st *bridge.State) {
			if st.Messages[both].DeletedSeq == 0 || st.Messages[kept].DeletedSeq != 0 {
				t.Errorf("%s: deleted: %d and %d", name, st.Messages[both].DeletedSeq, st.Messages[kept].DeletedSeq)
			}
		})
		if wrong := m.Verify(); len(wrong) > 0 {
			t.Error(wrong)
		}
	}
}

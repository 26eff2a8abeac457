package bridge

import (
	"fmt"
	"slices"
	"strings"
)

// EraseMessage takes the words of a message out of the record for good: every version
// of them, the files' names and the files' bytes that no other message has. So go the
// messages of side conversations that quote it, and what was suggested for it when it is
// a draft. All of them are deleted on every
// surface; entries and hashes stay. Only an admin may.
type EraseMessage struct {
	Actor   Actor
	Message ID
	Reason  string
}

// ErasePerson takes the words of everything that a person did on a ticket out of the
// record for good, and with them the name that they had there. What they said is
// deleted on every surface. What others wrote about them stays.
type ErasePerson struct {
	Actor  Actor
	Ticket int64
	Person string
	// Accounts are the person's accounts on surfaces: what came from there before
	// somebody linked them names the account only.
	Accounts []Account
	Reason   string
}

// Needs implements Command.
func (c *EraseMessage) Needs() Needs { return Needs{Ticket: c.Message.Ticket, Log: true} }

// Needs implements Command.
func (c *ErasePerson) Needs() Needs { return Needs{Ticket: c.Ticket, Log: true} }

func (c *EraseMessage) decide(s *State) (Result, error) {
	if err := s.mayErase(c.Message.Ticket, c.Actor, c.Reason); err != nil {
		return Result{}, err
	}
	if m := s.Messages[c.Message]; m != nil && !s.mayAct(s.Conversations[ID{c.Message.Ticket, m.Conversation}], c.Actor) {
		return Result{}, fmt.Errorf("message %s: %w", c.Message, ErrNotFound)
	}
	said := map[int64]bool{} // the message and those that repeat it
	var words []*Entry
	for _, e := range s.wholeLog(c.Message.Ticket) {
		if e.says() && (e.Seq == c.Message.Seq || e.repeats(said)) {
			said[e.Seq] = true
		}
		if (said[e.Seq] || said[e.Facts.Message]) && e.hasText() {
			words = append(words, e)
		}
	}
	if !said[c.Message.Seq] {
		return Result{}, fmt.Errorf("message %s: %w", c.Message, ErrNotFound)
	}
	of := func(e *Entry) int64 {
		if said[e.Seq] {
			return e.Seq
		}
		return e.Facts.Message
	}
	return s.erase(c.Message, words, of, c.Actor, c.Reason), nil
}

func (c *ErasePerson) decide(s *State) (Result, error) {
	if err := s.mayErase(c.Ticket, c.Actor, c.Reason); err != nil {
		return Result{}, err
	}
	var words []*Entry
	log := s.wholeLog(c.Ticket)
	theirs, repeats := map[int64]bool{}, map[int64]bool{}
	for _, e := range log {
		repeats[e.Seq] = e.repeats(theirs)
		if theirs[e.Seq] = c.concerns(e); theirs[e.Seq] || repeats[e.Seq] || repeats[e.Facts.Message] && e.hasText() {
			words = append(words, e)
		}
	}
	return s.erase(ID{Ticket: c.Ticket}, words, saidBy, c.Actor, c.Reason), nil
}

// concerns reports whether an entry has the person's name or words.
func (c *ErasePerson) concerns(e *Entry) bool {
	f := e.Facts
	return c.Person != "" && (f.Person == c.Person || f.Who == c.Person || slices.Contains(f.People, c.Person) || f.Assignee != nil && *f.Assignee == c.Person) ||
		slices.Contains(c.Accounts, f.Account)
}

func (s *State) mayErase(ticket int64, actor Actor, reason string) error {
	switch _, err := s.ticket(ticket); {
	case err != nil:
		return err
	case actor.Role != RoleAdmin:
		return fmt.Errorf("%w: only an admin may erase", ErrForbidden)
	case strings.TrimSpace(Clean(reason)) == "":
		return fmt.Errorf("%w: an erasure needs its reason", ErrInvalid)
	}
	return nil
}

// wholeLog returns all entries of a ticket, those of this transaction too.
func (s *State) wholeLog(ticket int64) []*Entry {
	all := slices.Clone(s.Logs[ticket])
	for _, e := range s.Entries {
		if e.Ticket == ticket {
			all = append(all, e)
		}
	}
	return all
}

// says reports whether the entry said something, to or about the customer or on the side.
func (e *Entry) says() bool {
	switch e.Kind {
	case MessagePosted, CustomerWrote, CustomerReply, NoteWritten:
		return true
	}
	return false
}

// saidBy returns the message that an entry says, zero when it does something else,
// such as react to what somebody else said.
func saidBy(e *Entry) int64 {
	switch {
	case e.says():
		return e.Seq
	case e.Kind == MessageEdited:
		return e.Facts.Message
	}
	return 0
}

// hasText reports whether the entry has more words than the name of who made it. Why
// something was erased is not part of what was.
func (e *Entry) hasText() bool {
	w := e.Words
	w.Name = ""
	return !w.isZero() && e.Kind != ContentErased
}

// erase removes the words of entries, with an entry for each that says so, and takes
// the messages that they say off every surface.
func (s *State) erase(id ID, words []*Entry, message func(*Entry) int64, actor Actor, reason string) Result {
	res := Result{Outcome: Ignored, ID: id, Why: "there is nothing left to erase"}
	for _, e := range words {
		if len(e.Commitment) == 0 || e.Erased || s.Changed.Erased[e.ID()] {
			continue
		}
		of := message(e)
		s.Changed.Erased[e.ID()] = true
		s.eraseFiles(e)
		erased := s.add(e.Ticket, ContentErased, actor, Facts{
			Conversation: e.Facts.Conversation, Message: of, Entry: e.Seq,
		}, Words{Note: strings.TrimSpace(Clean(reason))})
		res.Outcome, res.Seq, res.Why = Accepted, erased.Seq, ""
		m := s.Messages[ID{e.Ticket, of}]
		if m != nil && m.DeletedSeq == 0 && (e.says() || m.BodySeq == e.Seq) {
			res.Seq = s.add(e.Ticket, MessageDeleted, actor, Facts{
				Conversation: m.Conversation, Message: m.ID.Seq, Reason: reasonErased,
			}, Words{}).Seq
		}
	}
	return res
}

// reasonErased is why a message is deleted that was erased.
const reasonErased = "erased"

// eraseFiles notes the bytes that go with the words, unless another message has them too.
func (s *State) eraseFiles(e *Entry) {
	if !e.says() {
		return
	}
	for key, f := range s.Files {
		if key.Message == e.ID() && f.Hash != "" {
			s.Changed.Blobs[f.Hash] = true
		}
	}
}

// applyErased leaves of a message's files that there were some.
func (s *State) applyErased(e *Entry) {
	if e.Facts.Entry != e.Facts.Message {
		return // it erased an edit, or no message
	}
	for key, f := range s.Files {
		if key.Message == (ID{e.Ticket, e.Facts.Message}) {
			f.State, f.Hash, f.Ref, f.Seq = FileFailedS, "", "", e.Seq
			s.Changed.Files[key] = true
		}
	}
}

// erased reports whether the file went with its message's words. One that could not
// be fetched still has the surface's id.
func (f *File) erased() bool { return f.State == FileFailedS && f.Ref == "" }

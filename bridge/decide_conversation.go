package bridge

import (
	"fmt"
	"slices"
	"strings"
)

// conversation finds a conversation for somebody who wants to do something in it. Who
// may not hear of it does not learn here that it is there.
func (s *State) conversation(id ID, actor Actor) (*Conversation, error) {
	c := s.Conversations[id]
	if c == nil || !s.mayAct(c, actor) {
		return nil, fmt.Errorf("conversation %s: %w", id, ErrNotFound)
	}
	return c, nil
}

// message finds a message for somebody who wants to do something about it.
func (s *State) message(id ID, actor Actor) (*Message, error) {
	m := s.Messages[id]
	if m == nil || !s.mayAct(s.Conversations[ID{id.Ticket, m.Conversation}], actor) {
		return nil, fmt.Errorf("message %s: %w", id, ErrNotFound)
	}
	return m, nil
}

func (c *StartConversation) decide(s *State) (Result, error) {
	if _, err := s.ticket(c.Ticket); err != nil {
		return Result{}, err
	}
	subject, err := cleanSubject(c.Subject)
	if err != nil {
		return Result{}, err
	}
	body, err := cleanBody(c.Body, len(c.Files))
	if err != nil {
		return Result{}, err
	}
	q, err := s.quoted(c.Ticket, c.Share)
	if err != nil {
		return Result{}, err
	}
	if c.Restricted {
		if err := s.mayRestrict(c.Actor); err != nil {
			return Result{}, err
		}
	}
	to, err := s.callFirst(c, body)
	if err != nil {
		return Result{}, err
	}
	started := s.add(c.Ticket, ConversationStarted, c.Actor, Facts{Group: c.Group, Restricted: c.Restricted}, Words{Subject: subject})
	if err := s.bring(started.ID(), c.Actor, c.People, c.Group); err != nil {
		return Result{}, err
	}
	s.admit(started.ID(), c.Actor, to.add, Facts{Reason: Asked})
	for _, target := range c.Targets {
		place := target.Place
		s.add(c.Ticket, MirrorOpened, System(), Facts{
			Conversation: started.Seq, Place: &place, Rule: target.Rule,
		}, Words{})
	}
	e := s.post(started.ID(), c.Actor, to.body, c.Files, shared{named: to.named})
	if q.quote != "" {
		e = s.post(started.ID(), c.Actor, "", nil, q)
	}
	return Result{Outcome: Accepted, ID: started.ID(), Seq: e.Seq, Why: strings.Join(to.not, " ")}, nil
}

func (c *AttachThread) decide(s *State) (Result, error) {
	if _, err := s.ticket(c.Ticket); err != nil {
		return Result{}, err
	}
	subject, err := cleanSubject(c.Subject)
	if err != nil {
		return Result{}, err
	}
	place := c.Target.Place
	if c.Thread == "" || place.Channel == "" {
		return Result{}, fmt.Errorf("%w: the thread and its channel must be named", ErrInvalid)
	}
	for _, m := range s.Mirrors {
		if m.Thread == c.Thread && m.Place == place {
			return Result{}, fmt.Errorf("%w: this thread is a side conversation of ticket #%d already", ErrConflict, m.ID.Ticket)
		}
	}
	started := s.add(c.Ticket, ConversationStarted, c.Actor, Facts{Group: c.Group}, Words{Subject: subject})
	opened := s.add(c.Ticket, MirrorOpened, System(), Facts{
		Conversation: started.Seq, Place: &place, Rule: c.Target.Rule,
	}, Words{})
	m := s.Mirrors[opened.ID()]
	m.Cursor = m.Head // the thread has a root: there is none to be posted
	e := s.add(c.Ticket, ThreadAttached, c.Actor, Facts{
		Conversation: started.Seq, Mirror: opened.Seq, Ref: c.Thread,
	}, Words{})
	return Result{Outcome: Accepted, ID: started.ID(), Seq: e.Seq, Mirror: opened.ID()}, nil
}

func (c *PostMessage) decide(s *State) (Result, error) {
	conv, err := s.conversation(c.Conversation, c.Actor)
	if err != nil {
		return Result{}, err
	}
	if !conv.Open {
		return Result{}, fmt.Errorf("%w: the conversation is closed: reopen it first", ErrConflict)
	}
	q, err := s.quoted(conv.ID.Ticket, c.Share)
	switch {
	case err != nil:
		return Result{}, err
	case q.quote != "" && conv.Messages == 0:
		return Result{}, fmt.Errorf("%w: the thread's own messages are still being read: try again in a minute", ErrConflict)
	}
	body, err := cleanBody(c.Body, len(c.Files)+len(q.seqs))
	if err != nil {
		return Result{}, err
	}
	to, err := s.call(conv, c.Actor, s.takesPart(conv.ID, c.Actor.Person), body, c.Mentions, c.Confirmed)
	if err != nil {
		return Result{}, err
	}
	q.named = to.named
	e := s.post(conv.ID, c.Actor, to.body, c.Files, q)
	s.admit(conv.ID, c.Actor, to.add, Facts{Message: e.Seq, Reason: Mentioned})
	return Result{Outcome: Accepted, ID: e.ID(), Seq: e.Seq, Why: strings.Join(to.not, " ")}, nil
}

// post adds a message from the ticket view: own words and files, and what they quote.
func (s *State) post(conversation ID, actor Actor, body string, files []FileUpload, q shared) *Entry {
	facts, names := uploadFacts(append(slices.Clone(files), q.files...))
	f := Facts{Conversation: conversation.Seq, Files: facts, Shared: q.seqs, People: q.named}
	if q.quote != "" {
		f.Own = len(body)
	}
	return s.add(conversation.Ticket, MessagePosted, actor, f, Words{Body: q.say(body), Files: names})
}

// mayChange checks that a message from the ticket view exists, is not deleted,
// and was written there: what was said on a surface is changed on that surface.
func (s *State) mayChange(id ID, actor Actor) (*Message, error) {
	m, err := s.message(id, actor)
	if err != nil {
		return nil, err
	}
	if m.DeletedSeq != 0 {
		return nil, fmt.Errorf("%w: the message is deleted", ErrConflict)
	}
	if m.Author != actor.Person && actor.Role != RoleAdmin {
		return nil, fmt.Errorf("%w: only who wrote a message, or an admin, may change it", ErrForbidden)
	}
	if m.Surface != SurfaceWeb {
		return nil, fmt.Errorf("%w: the message was written in %s, change it there", ErrForbidden, m.Surface)
	}
	return m, nil
}

func (c *EditMessage) decide(s *State) (Result, error) {
	m, err := s.mayChange(c.Message, c.Actor)
	if err != nil {
		return Result{}, err
	}
	if m.Shares {
		return Result{}, fmt.Errorf("%w: the message quotes the ticket, and a quotation is not changed: delete it and share again", ErrForbidden)
	}
	if c.Was != 0 && c.Was != m.BodySeq {
		return Result{}, fmt.Errorf("%w: the message was edited meanwhile: look at the new text first", ErrConflict)
	}
	body, err := cleanBody(c.Body, 0)
	if err != nil {
		return Result{}, err
	}
	e := s.add(m.ID.Ticket, MessageEdited, c.Actor, Facts{Conversation: m.Conversation, Message: m.ID.Seq}, Words{Body: body})
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq}, nil
}

func (c *DeleteMessage) decide(s *State) (Result, error) {
	m, err := s.mayChange(c.Message, c.Actor)
	if err != nil {
		return Result{}, err
	}
	e := s.add(m.ID.Ticket, MessageDeleted, c.Actor, Facts{Conversation: m.Conversation, Message: m.ID.Seq}, Words{})
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq}, nil
}

func (c *SetState) decide(s *State) (Result, error) {
	conv, err := s.conversation(c.Conversation, c.Actor)
	if err != nil {
		return Result{}, err
	}
	return s.setState(conv, c.Open, c.Actor, ""), nil
}

func (s *State) setState(conv *Conversation, open bool, actor Actor, reason string) Result {
	if conv.Open == open {
		return Result{Outcome: Ignored, ID: conv.ID, Why: "it is so already"}
	}
	kind := ConversationClosed
	if open {
		kind = ConversationReopened
	}
	e := s.add(conv.ID.Ticket, kind, actor, Facts{Conversation: conv.ID.Seq, Reason: reason}, Words{})
	return Result{Outcome: Accepted, ID: conv.ID, Seq: e.Seq}
}

func (c *TakeWords) decide(s *State) (Result, error) {
	m, err := s.message(c.Message, c.Actor)
	if err != nil {
		return Result{}, err
	}
	if m.DeletedSeq != 0 {
		return Result{}, fmt.Errorf("%w: the message is deleted", ErrConflict)
	}
	e := s.add(m.ID.Ticket, WordsTaken, c.Actor, Facts{Conversation: m.Conversation, Message: m.ID.Seq, Entry: m.BodySeq}, Words{})
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq}, nil
}

func (s *State) file(message ID, n int) (*File, error) {
	f := s.Files[FileKey{message, n}]
	if f == nil {
		return nil, fmt.Errorf("file %d of message %s: %w", n, message, ErrNotFound)
	}
	return f, nil
}

func (c *StoreFile) decide(s *State) (Result, error) {
	f, err := s.file(c.Message, c.N)
	if err != nil {
		return Result{}, err
	}
	if f.State == FileStoredS {
		return Result{Outcome: Duplicate, ID: c.Message}, nil
	}
	if f.erased() {
		s.Changed.Blobs[c.Hash] = true // it was on its way
		return Result{Outcome: Ignored, ID: c.Message, Why: "it was erased meanwhile"}, nil
	}
	facts := s.fileFacts(c.Message)
	facts.Files = []FileFacts{{N: c.N, MIME: c.MIME, Size: c.Size, Hash: c.Hash}}
	e := s.add(c.Message.Ticket, FileStored, System(), facts, Words{})
	return Result{Outcome: Accepted, ID: c.Message, Seq: e.Seq}, nil
}

func (c *FailFile) decide(s *State) (Result, error) {
	f, err := s.file(c.Message, c.N)
	if err != nil {
		return Result{}, err
	}
	if f.State != FilePending {
		return Result{Outcome: Duplicate, ID: c.Message}, nil
	}
	facts := s.fileFacts(c.Message)
	facts.Files, facts.Reason = []FileFacts{{N: c.N}}, c.Reason
	e := s.add(c.Message.Ticket, FileFailed, System(), facts, Words{})
	return Result{Outcome: Accepted, ID: c.Message, Seq: e.Seq}, nil
}

func (s *State) fileFacts(message ID) Facts {
	f := Facts{Message: message.Seq}
	if m := s.Messages[message]; m != nil {
		f.Conversation = m.Conversation
	}
	return f
}

func (c *DeferFile) decide(s *State) (Result, error) {
	f, err := s.file(c.Message, c.N)
	if err != nil {
		return Result{}, err
	}
	if !c.Held {
		f.Attempts++
	}
	f.Due = c.Until
	s.Changed.Files[FileKey{c.Message, c.N}] = true
	return Result{Outcome: Accepted, ID: c.Message}, nil
}

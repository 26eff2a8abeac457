package bridge

import (
	"fmt"
	"slices"
	"strings"
)

// Mentioned is why somebody became a participant: a message of the ticket view named them.
const Mentioned = "mentioned"

// Mention is somebody whom a message names so that they are called in their chat. That
// brings them into the conversation, as far as its author may.
type Mention struct {
	Known
	// Mark is what calls them in the body, Plain what it becomes when the author may not.
	Mark, Plain string
}

// callsOf are the people of mentions.
func callsOf(calls []Mention) []Known {
	var out []Known
	for _, c := range calls {
		out = append(out, c.Known)
	}
	return out
}

// called is what mentions come to.
type called struct {
	add []Known
	// body is the message's, in which those who are not brought in are named and not called.
	body string
	// named are those whom it calls, by id: who is brought in, and who takes part already.
	named []string
	// not says who was not called and why, in sentences.
	not []string
}

// call decides on the people whom a message calls. Nobody is brought into a restricted
// conversation by being named: they would see all that was said in it.
func (s *State) call(conv *Conversation, by Actor, takesPart bool, body string, calls []Mention, confirmed bool) (called, error) {
	out := called{body: body}
	for _, c := range calls {
		switch {
		case c.Person == "" || c.Person == by.Person || slices.Contains(out.named, c.Person):
			continue
		case s.takesPart(conv.ID, c.Person):
			out.named = append(out.named, c.Person)
			continue
		}
		err := s.mayInvite(by, takesPart, c.Person)
		if conv.Restricted != 0 {
			err = fmt.Errorf("%w: the conversation is restricted: add them under its name first, if they may see it", ErrForbidden)
		}
		if err == nil {
			out.add, out.named = append(out.add, c.Known), append(out.named, c.Person)
			continue
		}
		_, why, _ := strings.Cut(err.Error(), ": ")
		out.not = append(out.not, Clean(c.Name)+" is named and was not called: "+why+".")
		out.body = strings.ReplaceAll(out.body, c.Mark, c.Plain)
	}
	if len(out.add) > MaxAdded {
		return out, fmt.Errorf("%w: the message calls %d people who do not take part, the most is %d", ErrInvalid, len(out.add), MaxAdded)
	}
	if len(out.add) == 0 || confirmed {
		return out, nil
	}
	return out, s.warnOf(conv.ID, len(out.add))
}

// callFirst decides on the people whom a conversation's first message calls. Nobody takes
// part yet in what has not begun; of whom it is begun with, People has them.
func (s *State) callFirst(c *StartConversation, body string) (called, error) {
	conv := &Conversation{ID: ID{Ticket: c.Ticket}}
	calls := slices.DeleteFunc(slices.Clone(c.Mentions), func(call Mention) bool {
		return slices.ContainsFunc(c.People, func(k Known) bool { return k.Person == call.Person })
	})
	if c.Restricted {
		conv.Restricted = 1
	}
	return s.call(conv, c.Actor, false, body, calls, c.Confirmed)
}

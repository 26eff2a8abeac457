package bridge

import (
	"fmt"
	"slices"
)

// Rights say what people may do, as an admin has set it. They are read in the very
// transaction that asks, for the people whom Needs names.
type Rights interface {
	// MayInvite reports whether somebody may bring a person into a conversation, in which
	// they take part themselves or not, and otherwise why not.
	MayInvite(by Actor, takesPart bool, whom string) (ok bool, why string)
	// MayRestrict reports whether somebody may restrict conversations, and end that, and
	// otherwise why not.
	MayRestrict(by Actor) (ok bool, why string)
}

// mayInvite checks that the actor may bring somebody into a conversation, in which they
// take part or not. Where nobody has said what people may do, they may not.
func (s *State) mayInvite(by Actor, takesPart bool, whom string) error {
	if s.Rights == nil {
		return fmt.Errorf("%w: it is not known who may add people", ErrForbidden)
	}
	if ok, why := s.Rights.MayInvite(by, takesPart, whom); !ok {
		return fmt.Errorf("%w: %s", ErrForbidden, why)
	}
	return nil
}

// mayRestrict checks that the actor may restrict conversations.
func (s *State) mayRestrict(by Actor) error {
	if s.Rights == nil || by.Person == "" {
		return fmt.Errorf("%w: only somebody who is known here restricts a conversation", ErrForbidden)
	}
	if ok, why := s.Rights.MayRestrict(by); !ok {
		return fmt.Errorf("%w: %s", ErrForbidden, why)
	}
	return nil
}

// idsOf are the people whose rights a command asks about: who acts, and whom it is about.
func idsOf(by Actor, people []Known) []string {
	ids := []string{by.Person}
	for _, k := range people {
		ids = append(ids, k.Person)
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == "" })
}

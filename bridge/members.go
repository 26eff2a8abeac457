package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ParkedMembers is why a restricted conversation's mirror rests: somebody can read its
// channel who does not take part in it, or nobody can tell.
const ParkedMembers = "not_only_participants"

// MemberSurface is a Surface that can tell who reads a place. Restricted conversations
// are shown on no other.
type MemberSurface interface {
	// Members returns the accounts of all who can read a place, without our own. It fails
	// for a place that is open to people who are not its members, and where it cannot be
	// sure: a SurfaceError's Remedy says what to do then.
	Members(ctx context.Context, place Place) ([]Account, error)
}

// MemberStore knows who takes part in restricted conversations.
type MemberStore interface {
	// Outsiders returns those of the accounts whose person does not take part in a
	// conversation, or is not known.
	Outsiders(ctx context.Context, conversation ID, accounts []Account) ([]Known, error)
	// RestrictedIn returns the mirrors of restricted conversations that show something in a
	// workspace, or in one channel of it.
	RestrictedIn(ctx context.Context, place Place) ([]Mirror, error)
}

// membersTrusted is how long it is trusted who is in a channel, while messages follow
// one another. Whoever joins a channel can read what was said before in any case.
const membersTrusted = 30 * time.Second

// OnlyParticipants returns nil when everybody who can read a place takes part in the
// conversation, and otherwise an error that says what to do.
func OnlyParticipants(ctx context.Context, s Surface, store MemberStore, conversation ID, place Place) error {
	refuse := func(remedy string, err error) error {
		return &SurfaceError{Class: Gone, Code: ParkedMembers, Remedy: remedy, Err: err}
	}
	lister, can := s.(MemberSurface)
	if !can {
		return refuse("The conversation is restricted, and Sidebridge cannot tell who reads a channel of "+place.Surface+
			". Go on in the ticket view, or in a private channel of another platform.", nil)
	}
	accounts, err := lister.Members(ctx, place)
	var se *SurfaceError
	switch {
	case errors.As(err, &se) && (se.Class == Transient || se.Class == RateLimited):
		return err
	case errors.As(err, &se) && se.Remedy != "":
		return refuse("The conversation is restricted. "+se.Remedy, err)
	case err != nil:
		return refuse("The conversation is restricted, and it cannot be seen who is in the channel. Go on in the ticket view.", err)
	}
	outsiders, err := store.Outsiders(ctx, conversation, accounts)
	if err != nil {
		return &SurfaceError{Class: Transient, Code: "store", Err: err}
	}
	if len(outsiders) == 0 {
		return nil
	}
	return refuse("The conversation is restricted, and people are in the channel who do not take part in it: "+namesOf(outsiders)+
		". Add them to the conversation, or remove them from the channel; it goes on by itself then.", nil)
}

// namesMost is how many people a remedy names.
const namesMost = 5

func namesOf(people []Known) string {
	var names []string
	for _, k := range people[:min(len(people), namesMost)] {
		name := k.Name
		if name == "" {
			name = k.Account.ID
		}
		names = append(names, name)
	}
	out := strings.Join(names, ", ")
	if more := len(people) - len(names); more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}

// guarded checks, before anything of a restricted conversation is shown, who would see
// it. An error stops the turn.
func (t *turn) guarded() error {
	m, conv := t.w.Mirror, t.w.Conversation
	if m.Conversation == 0 || conv.Restricted == 0 {
		return nil
	}
	if t.h.membersKnown(m.ID) {
		return nil
	}
	ctx, cancel := context.WithTimeout(t.h.calls, t.h.r.CallTimeout)
	defer cancel()
	err := OnlyParticipants(ctx, t.h.p.Surface, t.h.r.Store, conv.ID, m.Place)
	if err == nil {
		t.h.knowMembers(m.ID, time.Now())
		return nil
	}
	e := *AsSurfaceError(err)
	e.Uncertain = true // no call was made, so what is known of an earlier one stays
	return t.failed(DeliveryKey{Mirror: m.ID, Seq: t.w.Entries[0].Seq}, &e)
}

func (h *holder) membersKnown(id ID) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Since(h.members[id]) < membersTrusted
}

func (h *holder) knowMembers(id ID, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.members == nil {
		h.members = map[ID]time.Time{}
	}
	h.members[id] = at
}

// CheckMembers looks who is in a channel, or in all channels of a workspace, that show
// restricted conversations, and parks the mirrors that somebody can read who does not
// take part. It is called when the platform says that somebody came, and with every
// periodic listing. Any daemon may do so.
func (r *Relay) CheckMembers(ctx context.Context, place Place) error {
	for _, p := range r.ports {
		if p.Surface.Name() != place.Surface || p.Workspace != place.Workspace {
			continue
		}
		mirrors, err := r.Store.RestrictedIn(ctx, place)
		if err != nil {
			return err
		}
		for _, m := range mirrors {
			if err := r.checkMembers(ctx, p, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Relay) checkMembers(ctx context.Context, p Port, m Mirror) error {
	err := OnlyParticipants(ctx, p.Surface, r.Store, ID{m.ID.Ticket, m.Conversation}, m.Place)
	var se *SurfaceError
	if err == nil || !errors.As(err, &se) || se.Code != ParkedMembers {
		return nil // the next turn, or the next listing, asks again
	}
	_, err = r.Store.Append(ctx, &Park{Key: DeliveryKey{Mirror: m.ID}, Reason: se.Code, Remedy: se.Remedy, Uncertain: true})
	return err
}

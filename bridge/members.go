package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// ParkedMembers is why a restricted conversation's mirror rests: somebody can read its
// channel who does not take part in it, or nobody can tell.
const ParkedMembers = "not_only_participants"

// MemberSurface is a Surface that can tell who reads a place. Restricted conversations
// are shown on no other.
type MemberSurface interface {
	// Members returns the accounts of all who can read a place, without our own, with
	// their names as far as they are known. It fails for a place that is open to people
	// who are not its members, and where it cannot be sure, with a SurfaceError of the
	// code ParkedMembers whose Remedy says what to do then.
	Members(ctx context.Context, place Place) ([]Known, error)
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
	members, err := membersOf(ctx, s, place)
	if err != nil {
		return err
	}
	return onlyParticipants(ctx, store, conversation, members)
}

func refuseMembers(remedy string, err error) error {
	return &SurfaceError{Class: Gone, Code: ParkedMembers, Remedy: remedy, Err: err}
}

// membersOf returns who can read a place, or says why that is not known.
func membersOf(ctx context.Context, s Surface, place Place) ([]Known, error) {
	lister, can := s.(MemberSurface)
	if !can {
		return nil, refuseMembers("The conversation is restricted, and Sidebridge cannot tell who reads a channel of "+place.Surface+
			". Go on in the ticket view, or in a private channel of another platform.", nil)
	}
	members, err := lister.Members(ctx, place)
	var se *SurfaceError
	switch {
	case err == nil:
		return members, nil
	case !errors.As(err, &se) || se.Class == Rejected:
		return nil, refuseMembers("The conversation is restricted, and it cannot be seen who is in the channel. Go on in the ticket view.", err)
	case se.Code == ParkedMembers:
		return nil, refuseMembers("The conversation is restricted. "+se.Remedy, se.Err)
	}
	return nil, err // the same would stop any other call
}

func onlyParticipants(ctx context.Context, store MemberStore, conversation ID, members []Known) error {
	accounts, names := make([]Account, len(members)), map[Account]string{}
	for i, k := range members {
		accounts[i], names[k.Account] = k.Account, k.Name
	}
	outsiders, err := store.Outsiders(ctx, conversation, accounts)
	if err != nil {
		return &SurfaceError{Class: Transient, Code: "store", Err: err}
	}
	if len(outsiders) == 0 {
		return nil
	}
	for i := range outsiders {
		outsiders[i].Name = cmp.Or(outsiders[i].Name, names[outsiders[i].Account])
	}
	return refuseMembers("The conversation is restricted, and people are in the channel who do not take part in it: "+namesOf(outsiders)+
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
	known, asked := t.h.membersKnown(m.ID)
	if known && !slices.ContainsFunc(t.w.Entries, func(e *Entry) bool {
		return e.Kind == ParticipantRemoved || e.Kind == ConversationRestricted
	}) {
		return nil
	}
	ctx, cancel := context.WithTimeout(t.h.calls, t.h.r.CallTimeout)
	defer cancel()
	err := OnlyParticipants(ctx, t.h.p.Surface, t.h.r.Store, conv.ID, m.Place)
	if err == nil {
		t.h.knowMembers(m.ID, asked)
		return nil
	}
	e := *AsSurfaceError(err)
	e.Uncertain = true // no call was made, so what is known of an earlier one stays
	return t.failed(DeliveryKey{Mirror: m.ID, Seq: t.w.Entries[0].Seq}, &e)
}

// trusted are the mirrors of restricted conversations in whose channels only those were
// who take part, and when.
type trusted struct {
	at map[ID]time.Time
	// came counts how often somebody came: what was asked before does not hold after it.
	came int
}

// membersKnown reports whether it is known of a mirror, and what to give knowMembers
// when it is asked now.
func (h *holder) membersKnown(id ID) (known bool, asked int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Since(h.trusted.at[id]) < membersTrusted, h.trusted.came
}

func (h *holder) knowMembers(id ID, asked int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if asked != h.trusted.came {
		return
	}
	if h.trusted.at == nil {
		h.trusted.at = map[ID]time.Time{}
	}
	h.trusted.at[id] = time.Now()
}

func (h *holder) distrust() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.trusted.at)
	h.trusted.came++
}

// MembersChanged tells the relay that others may read a channel than did before, or any
// channel of the workspace when the place names none. Nothing of a restricted conversation
// is shown there any more before it was asked who is in it, and one that rested goes on
// when nobody else is. When another daemon holds the workspace, this one asks at once; that
// one does before it has trusted its last answer for half a minute.
func (r *Relay) MembersChanged(ctx context.Context, p Place) error {
	r.mu.Lock()
	h := r.holders[p.Surface+"/"+p.Workspace]
	r.mu.Unlock()
	if h == nil {
		return r.CheckMembers(ctx, p)
	}
	h.distrust()
	select {
	case h.changed <- p.Channel:
		return nil
	default:
		return r.CheckMembers(ctx, p) // many at once
	}
}

// CheckMembers looks who is in a channel, or in all channels of a workspace, that show
// restricted conversations, and parks the mirrors that somebody can read who does not
// take part. It is done when the platform says that somebody came, and with every
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
		in := map[Place]func() ([]Known, error){}
		for _, m := range mirrors {
			if in[m.Place] == nil {
				in[m.Place] = sync.OnceValues(func() ([]Known, error) {
					ctx, cancel := context.WithTimeoutCause(ctx, r.CallTimeout, errTooLong)
					defer cancel()
					return membersOf(ctx, p.Surface, m.Place)
				})
			}
			members, err := in[m.Place]()
			if err == nil {
				err = onlyParticipants(ctx, r.Store, ID{m.ID.Ticket, m.Conversation}, members)
			}
			if err := r.parkRead(ctx, m, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// parkRead parks a mirror that others can read. Of what could not be asked, the next
// turn, or the next listing, asks again.
func (r *Relay) parkRead(ctx context.Context, m Mirror, err error) error {
	var se *SurfaceError
	if !errors.As(err, &se) || se.Class != Gone {
		return nil
	}
	_, err = r.Store.Append(ctx, &Park{Key: DeliveryKey{Mirror: m.ID}, Reason: parkReason(se), Remedy: parkRemedy(se), Uncertain: true})
	return err
}

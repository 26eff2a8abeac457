package bridge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// maxEmoji is the most bytes of an emoji: the longest sequences of Unicode have some
// forty, the names of workspaces' own ones up to a hundred.
const maxEmoji = 128

// cleanEmoji returns the emoji as it is stored.
func cleanEmoji(emoji string) (string, error) {
	emoji = Clean(emoji)
	if emoji == "" || len(emoji) > maxEmoji || strings.ContainsFunc(emoji, unicode.IsSpace) {
		return "", fmt.Errorf("%w: a reaction is one emoji or its :name: in colons", ErrInvalid)
	}
	return emoji, nil
}

// cardRule says what adding a reaction to a card does, as a press of the button would:
// ✅ closes the conversation, 👀 takes the ticket. Taking a reaction back undoes
// nothing, since by then others may rely on what it did.
func cardRule(emoji string) string {
	switch strings.TrimSuffix(emoji, "\uFE0F") { // with or without the emoji variant selector
	case "✅", ":white_check_mark:":
		return PressClose
	case "👀", ":eyes:":
		return PressTake
	}
	return ""
}

// isCard reports whether a copy of ours is its mirror's card: what MirrorOpened made,
// or ThreadAttached, which is the entry right behind it.
func isCard(m *Mirror, c *Copy) bool {
	return c.Message == 0 && c.Mirror == m.ID.Seq &&
		(c.Entry == m.ID.Seq || c.Entry == m.ID.Seq+1 && c.Part == 0)
}

// cardOf returns the ref of a mirror's card, empty when it is not there.
func cardOf(m *Mirror, copies []Copy) string {
	for i := range copies {
		if !copies[i].Gone && isCard(m, &copies[i]) {
			return copies[i].Ref
		}
	}
	return ""
}

// foreign are the reactions that were not made in the mirror's own thread.
func foreign(reactions []Reaction, m *Mirror) []Reaction {
	return slices.DeleteFunc(slices.Clone(reactions), func(r Reaction) bool { return r.Mirror == m.ID.Seq })
}

// Reaction returns which reaction an entry adds or takes back.
func (e *Entry) Reaction() ReactionKey {
	return ReactionKey{reactedTo(e), e.Facts.Account, e.Facts.Emoji}
}

// reactedTo returns what an entry's reaction is to: a message, or the mirror whose card it is.
func reactedTo(e *Entry) ID { return ID{e.Ticket, cmp.Or(e.Facts.Message, e.Facts.Mirror)} }

func (s *State) applyReaction(e *Entry) {
	key := e.Reaction()
	if e.Kind == ReactionAdded {
		s.Reactions[key] = &Reaction{ReactionKey: key, Seq: e.Seq, Mirror: e.Facts.Mirror}
	} else {
		delete(s.Reactions, key)
		s.TakenBack[key] = e.Seq
	}
	s.Changed.Reactions[key] = true
}

// unmoved is the answer to a reaction that changes nothing.
func unmoved(id ID) Result { return Result{Outcome: Ignored, ID: id, Why: "it is so already"} }

// reacted reports whether an account's reaction is there.
func (s *State) reacted(to ID, a Account, emoji string) bool {
	return s.Reactions[ReactionKey{to, a, emoji}] != nil
}

// react records a reaction that was added or taken back.
func (s *State) react(to ID, on bool, actor Actor, f Facts) Result {
	kind := ReactionAdded
	if !on {
		kind = ReactionRemoved
	}
	e := s.add(to.Ticket, kind, actor, f, Words{})
	return Result{Outcome: Accepted, ID: to, Seq: e.Seq}
}

func (c *React) decide(s *State) (Result, error) {
	m, err := s.message(c.Message, c.Actor)
	if err != nil {
		return Result{}, err
	}
	emoji, err := cleanEmoji(c.Emoji)
	if err != nil {
		return Result{}, err
	}
	if c.Actor.Person == "" {
		return Result{}, fmt.Errorf("%w: only a person reacts", ErrForbidden)
	}
	if m.DeletedSeq != 0 {
		return Result{}, fmt.Errorf("%w: the message is deleted", ErrConflict)
	}
	actor := c.Actor
	actor.Account = Account{Surface: SurfaceWeb, ID: actor.Person}
	if s.reacted(m.ID, actor.Account, emoji) == c.On {
		return unmoved(m.ID), nil
	}
	return s.react(m.ID, c.On, actor, Facts{Conversation: m.Conversation, Message: m.ID.Seq, Emoji: emoji}), nil
}

// gestureDone records a reaction to a card when the Receiver has done what it asks for.
type gestureDone struct{ in Inbound }

// Needs implements Command.
func (c *gestureDone) Needs() Needs { return c.in.Needs() }

func (c *gestureDone) decide(s *State) (Result, error) { return c.in.decideReaction(s, true) }

// decideReaction: a reaction to any part of a message is one to the message. One to
// the card is remembered only when it is a gesture, so that hearing of it again, from a
// redelivery or a listing, does nothing; any other post of ours takes none.
func (in *Inbound) decideReaction(s *State, done bool) (Result, error) {
	c := s.Copies[sourceKey(&in.Source)]
	switch {
	case c == nil:
		return Result{Outcome: NotOurs, Why: "no message of ours"}, nil
	case in.Ours:
		return Result{Outcome: Echo, ID: ID{c.Ticket, c.Message}}, nil
	}
	mirror := s.Mirrors[ID{c.Ticket, c.Mirror}]
	m := s.Messages[ID{c.Ticket, c.Message}]
	if mirror == nil || c.Gone || m == nil && !isCard(mirror, c) || m != nil && m.DeletedSeq != 0 {
		return Result{Outcome: Ignored, Why: "no message that is there"}, nil
	}
	if in.Author != (Account{}) && in.outsider(s, mirror) {
		return Result{Outcome: Ignored, Mirror: mirror.ID, Why: onlyMembers}, nil
	}
	facts := Facts{Conversation: mirror.Conversation, Message: c.Message, Mirror: c.Mirror, Emoji: in.Emoji}
	src := in.Source
	facts.Source = &src
	var res Result
	switch {
	case in.Kind == InUnreact && in.Author == (Account{}):
		res = in.unreactAll(s, ID{c.Ticket, cmp.Or(c.Message, c.Mirror)}, facts)
	default:
		emoji, err := cleanEmoji(in.Emoji)
		if err != nil || in.Author == (Account{}) || m == nil && (in.Guest || !s.ReactionRules || cardRule(emoji) == "") {
			return Result{Outcome: Ignored, Mirror: mirror.ID, Why: "no reaction that counts"}, nil
		}
		facts.Emoji = emoji
		res = in.reactOnce(s, mirror, facts, done)
	}
	res.Mirror = mirror.ID
	return res, nil
}

// reactOnce records one person's reaction and does what it says when it is to the card.
func (in *Inbound) reactOnce(s *State, m *Mirror, f Facts, done bool) Result {
	to, on := ID{m.ID.Ticket, cmp.Or(f.Message, f.Mirror)}, in.Kind == InReact
	if s.reacted(to, in.Author, f.Emoji) == on {
		return unmoved(to)
	}
	if in.overtaken(s, ReactionKey{to, in.Author, f.Emoji}) {
		return Result{Outcome: Ignored, ID: to, Why: "it has changed since that was listed"}
	}
	rule := cardRule(f.Emoji)
	if f.Message == 0 && on && rule == PressTake && !done {
		// Recorded when it is done: if we crash before, it is heard, and done, again.
		return Result{Outcome: Ignored, ID: ID{to.Ticket, m.Conversation}, Action: PressTake, Why: "it takes the ticket"}
	}
	actor := in.actor(s)
	res := s.react(to, on, actor, f)
	if conv := s.Conversations[ID{to.Ticket, m.Conversation}]; f.Message == 0 && on && rule == PressClose && conv != nil {
		if closed := s.setState(conv, false, actor, "reaction"); closed.Outcome == Accepted {
			res = closed
		}
	}
	return res
}

// overtaken reports whether an event about a reaction was recorded while the listing
// that shows it otherwise was on its way here. The next listing shows what holds.
func (in *Inbound) overtaken(s *State, key ReactionKey) bool {
	if in.AsOf == (ID{}) {
		return false
	}
	if in.Kind == InReact {
		return s.TakenBack[key] > in.AsOf.Seq
	}
	return s.Reactions[key].Seq > in.AsOf.Seq
}

// unreactAll takes away what a moderator cleared there: the reactions that were made
// in this thread, in a fixed order.
func (in *Inbound) unreactAll(s *State, to ID, f Facts) Result {
	var gone []Reaction
	for key, r := range s.Reactions {
		if key.Message == to && r.Mirror == f.Mirror && (in.Emoji == "" || key.Emoji == in.Emoji) {
			gone = append(gone, *r)
		}
	}
	slices.SortFunc(gone, func(a, b Reaction) int { return cmp.Compare(a.Seq, b.Seq) })
	res := unmoved(to)
	for _, r := range gone {
		one := f
		one.Emoji, one.Reason = r.Emoji, "cleared there"
		res = s.react(to, false, Actor{Role: RoleExpert, Account: r.Account, Name: "Somebody"}, one)
	}
	return res
}

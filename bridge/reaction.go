package bridge

import (
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
		return "", fmt.Errorf("%w: a reaction is one emoji, or :name:", ErrInvalid)
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

func (s *State) applyReaction(e *Entry) {
	key := ReactionKey{ID{e.Ticket, e.Facts.Message}, e.Facts.Account, e.Facts.Emoji}
	if e.Kind == ReactionAdded {
		s.Reactions[key] = &Reaction{ReactionKey: key, Seq: e.Seq, Mirror: e.Facts.Mirror}
	} else {
		delete(s.Reactions, key)
	}
	s.Changed.Reactions[key] = true
}

// unmoved says why a reaction changes nothing, empty when it does.
func (s *State) unmoved(m *Message, on bool, a Account, emoji string) string {
	have := s.Reactions[ReactionKey{m.ID, a, emoji}] != nil
	switch {
	case m.DeletedSeq != 0:
		return "the message is deleted"
	case have == on:
		return "it is so already"
	}
	return ""
}

// react adds a reaction or takes it back, unless it is so already.
func (s *State) react(m *Message, on bool, actor Actor, f Facts) Result {
	if why := s.unmoved(m, on, actor.Account, f.Emoji); why != "" {
		return Result{Outcome: Ignored, ID: m.ID, Why: why}
	}
	kind := ReactionAdded
	if !on {
		kind = ReactionRemoved
	}
	f.Conversation, f.Message = m.Conversation, m.ID.Seq
	e := s.add(m.ID.Ticket, kind, actor, f, Words{})
	return Result{Outcome: Accepted, ID: m.ID, Seq: e.Seq}
}

func (c *React) decide(s *State) (Result, error) {
	m, err := s.message(c.Message)
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
	actor := c.Actor
	actor.Account = Account{Surface: SurfaceWeb, ID: actor.Person}
	return s.react(m, c.On, actor, Facts{Emoji: emoji}), nil
}

// decideReaction: a reaction to any part of a message is one to the message.
func (in *Inbound) decideReaction(s *State) (Result, error) {
	c := s.Copies[sourceKey(&in.Source)]
	if c == nil {
		return Result{Outcome: NotOurs, Why: "no message of ours"}, nil
	}
	if in.Ours {
		return Result{Outcome: Echo, ID: ID{c.Ticket, c.Message}}, nil
	}
	mirror := s.Mirrors[ID{c.Ticket, c.Mirror}]
	if c.Message == 0 {
		return in.decideOnCard(s, mirror, c), nil
	}
	m := s.Messages[ID{c.Ticket, c.Message}]
	if m == nil || mirror == nil || in.Kind == InReact && in.Author == (Account{}) {
		return Result{Outcome: Ignored, Why: "the message is not there"}, nil
	}
	if in.Kind == InUnreact && in.Author == (Account{}) {
		return in.unreactAll(s, m, mirror), nil
	}
	emoji, err := cleanEmoji(in.Emoji)
	if err != nil {
		return Result{Outcome: Ignored, ID: m.ID, Mirror: mirror.ID, Why: err.Error()}, nil
	}
	on := in.Kind == InReact
	if why := s.unmoved(m, on, in.Author, emoji); why != "" {
		return Result{Outcome: Ignored, ID: m.ID, Mirror: mirror.ID, Why: why}, nil
	}
	src := in.Source
	res := s.react(m, on, in.actor(s), Facts{Mirror: c.Mirror, Source: &src, Emoji: emoji})
	res.Mirror = mirror.ID
	return res, nil
}

// decideOnCard: a reaction to the card may be a gesture; to any other post of ours
// that is no message it means nothing.
func (in *Inbound) decideOnCard(s *State, m *Mirror, c *Copy) Result {
	res := Result{Outcome: Ignored, Why: "a reaction to no message"}
	if m == nil || !s.ReactionRules || in.Kind != InReact || c.Gone || !isCard(m, c) {
		return res
	}
	res.ID, res.Mirror = ID{m.ID.Ticket, m.Conversation}, m.ID
	conv := s.Conversations[res.ID]
	switch cardRule(in.Emoji) {
	case PressClose:
		if conv != nil {
			res = s.setState(conv, false, in.actor(s), "reaction")
			res.Mirror = m.ID
		}
	case PressTake:
		res.Action, res.Why = PressTake, "it takes the ticket"
	}
	return res
}

// unreactAll takes away what a moderator cleared there: reactions that were made in
// this thread, in a fixed order.
func (in *Inbound) unreactAll(s *State, m *Message, mirror *Mirror) Result {
	var gone []Reaction
	for key, r := range s.Reactions {
		if key.Message == m.ID && r.Mirror == mirror.ID.Seq && (in.Emoji == "" || key.Emoji == in.Emoji) {
			gone = append(gone, *r)
		}
	}
	slices.SortFunc(gone, func(a, b Reaction) int { return int(a.Seq - b.Seq) })
	res := Result{Outcome: Ignored, ID: m.ID, Mirror: mirror.ID, Why: "it is so already"}
	for _, r := range gone {
		src := in.Source
		actor := Actor{Role: RoleExpert, Account: r.Account, Name: "Somebody"}
		one := s.react(m, false, actor, Facts{Mirror: r.Mirror, Source: &src, Emoji: r.Emoji, Reason: "cleared there"})
		if one.Outcome == Accepted {
			res = one
			res.Mirror = mirror.ID
		}
	}
	return res
}

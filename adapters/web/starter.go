package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

var _ bridge.Starter = (*Server)(nil)

// beginning is a conversation about to begin, whoever begins it and from where.
type beginning struct {
	actor   bridge.Actor
	ticket  int64
	to      asked
	subject string
	body    string
	files   []bridge.FileUpload
	share   bridge.Share
	key     string
	// restricted: only those who are asked, and who begins it, see it.
	restricted bool
}

// beginTalk checks who begins a conversation with whom, and begins it.
func (s *Server) beginTalk(ctx context.Context, b beginning) (bridge.Result, error) {
	if err := s.mayStart(ctx, b.actor, b.to.group); err != nil {
		return bridge.Result{}, err
	}
	if b.to.person != "" {
		// Nobody takes part yet in what has not begun.
		if err := s.mayInvite(ctx, b.actor, false, b.to.person); err != nil {
			return bridge.Result{}, err
		}
	}
	var people []bridge.Known
	if b.restricted {
		var err error
		if people, err = s.among(ctx, &b); err != nil {
			return bridge.Result{}, err
		}
	}
	body := b.to.mention + b.body // whom it is begun with is called first
	mentions, err := s.mentions(ctx, body)
	if err != nil {
		return bridge.Result{}, err
	}
	return s.log.Append(ctx, &bridge.StartConversation{
		Mentions: mentions, Confirmed: true, // the form shows whom it names
		Restricted: b.restricted, People: people,
		Actor: b.actor, Ticket: b.ticket, Subject: b.subject, Group: b.to.group, Targets: b.to.targets,
		Body: body, Share: b.share, Files: b.files, Key: b.key,
	})
}

// Start implements bridge.Starter: it does what somebody asked for in a chat, where
// they asked, or with a group where the mapping says.
func (s *Server) Start(ctx context.Context, actor bridge.Actor, ask bridge.Ask) (bridge.Result, error) {
	if actor.Person == "" {
		return bridge.Result{}, fmt.Errorf("%w: only people at the desk begin side conversations, and this %s account is linked to nobody: "+
			"link it in the chat, or ask an admin to link it under People", bridge.ErrForbidden, surfaceName(ask.Place.Surface))
	}
	group, err := s.groupNamed(ctx, ask.Group)
	if err != nil {
		return bridge.Result{}, err
	}
	if err := s.mayStart(ctx, actor, group); err != nil { // before a ticket is made for it
		return bridge.Result{}, err
	}
	ask.Subject, ask.Body = strings.TrimSpace(ask.Subject), strings.TrimSpace(ask.Body)
	t, err := s.ticketFor(ctx, actor, &ask)
	if err != nil {
		return bridge.Result{}, err
	}
	to, err := s.whereAsked(ctx, t, ask, group)
	if err != nil {
		return bridge.Result{}, err
	}
	var res bridge.Result
	if ask.Thread != "" {
		res, err = s.attach(ctx, attachment{
			actor: actor, ticket: t.ID, group: group, subject: ask.Subject, place: ask.Place, thread: ask.Thread, key: askKey(ask, "start"),
		})
	} else {
		res, err = s.beginTalk(ctx, beginning{
			actor: actor, ticket: t.ID, to: to, subject: ask.Subject, body: cmp.Or(ask.Body, ask.Subject), key: askKey(ask, "start"),
		})
	}
	if err == nil {
		res.Why = s.startedText(res, ask, to)
	}
	return res, err
}

// askKey is the log's key of one step of a wish.
func askKey(ask bridge.Ask, step string) string {
	if ask.Key == "" {
		return ""
	}
	return "ask:" + ask.Place.Surface + ":" + ask.Key + ":" + step
}

// ticketFor returns the ticket that was named, or makes one of the wish, and gives
// the wish a subject when it has none.
func (s *Server) ticketFor(ctx context.Context, actor bridge.Actor, ask *bridge.Ask) (*bridge.Ticket, error) {
	if ask.Ticket == 0 {
		ask.Subject = cmp.Or(ask.Subject, firstLine(ask.Body), "From "+surfaceName(ask.Place.Surface))
		made, err := s.log.Append(ctx, &bridge.CreateTicket{
			Actor: actor, Subject: ask.Subject, Requester: cmp.Or(ask.AuthorName, actor.Name), Body: cmp.Or(ask.Body, ask.Subject),
			Channel: ask.Place.Surface, Priority: "normal", Key: askKey(*ask, "ticket"),
		})
		if err != nil {
			return nil, err
		}
		return s.ticketRow(ctx, made.ID.Ticket)
	}
	t, err := s.ticketRow(ctx, ask.Ticket)
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, fmt.Errorf("%w: there is no ticket #%d", bridge.ErrInvalid, ask.Ticket)
	}
	if err != nil || ask.Subject != "" {
		return t, err
	}
	if ask.Subject = firstLine(ask.Body); ask.Subject == "" {
		c, err := s.desk.Context(ctx, ask.Ticket)
		if err != nil {
			return nil, err
		}
		ask.Subject = cmp.Or(c.Subject, fmt.Sprintf("Ticket #%d", ask.Ticket))
	}
	return t, nil
}

// subjectLength is the most characters of a subject that we make of a message.
const subjectLength = 80

// firstLine makes a subject of the beginning of a text.
func firstLine(text string) string {
	text = strings.TrimSpace(text)
	line, _, more := strings.Cut(text, "\n")
	line = strings.TrimSpace(strings.TrimLeft(line, "#>*-` "))
	if runes := []rune(line); len(runes) > subjectLength {
		return strings.TrimSpace(string(runes[:subjectLength-1])) + "…"
	}
	if more && line == "" {
		return "Side conversation"
	}
	return line
}

// whereAsked finds the channels of a wish: the group's, or the one it was asked in.
func (s *Server) whereAsked(ctx context.Context, t *bridge.Ticket, ask bridge.Ask, group string) (asked, error) {
	if ask.Thread == "" && group != "" {
		return s.resolve(ctx, t, askGroup+group)
	}
	return s.inPlace(ctx, ask.Place)
}

// inPlace holds a conversation in one channel. The rule that names the channel says
// what is shown there; without one nothing of the ticket is.
func (s *Server) inPlace(ctx context.Context, place bridge.Place) (asked, error) {
	rules, err := s.store.Rules(ctx)
	if err != nil {
		return asked{}, err
	}
	c := mapping.Channel{Surface: place.Surface, Workspace: place.Workspace, ID: place.Channel}
	d := mapping.Decision{Rule: &mapping.Rule{}, Channels: []mapping.Channel{c}}
	if i := slices.IndexFunc(rules, func(r mapping.Rule) bool { return slices.Contains(r.Channels, c) }); i >= 0 {
		d.Rule = &rules[i]
	}
	to, err := s.routed(ctx, "", d)
	if err == nil && len(to.targets) == 0 {
		err = fmt.Errorf("%w: this channel is shared with another organisation, and no rule allows conversations in such a channel", bridge.ErrForbidden)
	}
	return to, err
}

// startedText tells who asked what became of it.
func (s *Server) startedText(res bridge.Result, ask bridge.Ask, to asked) string {
	ticket := fmt.Sprintf("ticket #%d: %s/c/%s", res.ID.Ticket, s.o.PublicURL, res.ID)
	switch {
	case res.Outcome == bridge.Duplicate:
		return "That was done already, on " + ticket
	case ask.Thread != "":
		return "This thread is a side conversation now, on " + ticket
	case len(to.targets) == 0:
		return "The side conversation began, but no channel is mapped to that group, so only the desk sees it. It is on " + ticket
	default:
		return "The side conversation began in " + strings.Join(to.preview.Channels, " and ") + ", on " + ticket
	}
}

package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// LinkReader reads the links of one surface.
type LinkReader interface {
	// ParseLink returns the channel and the thread that a link leads to. A link that is
	// not the surface's is bridge.ErrNotFound.
	ParseLink(ctx context.Context, link string) (place bridge.Place, thread string, err error)
}

// readThread finds the thread that a link leads to, by the first surface that knows it.
func (s *Server) readThread(ctx context.Context, link string) (bridge.Place, string, error) {
	if strings.TrimSpace(link) == "" {
		return bridge.Place{}, "", fmt.Errorf("%w: paste the link of a thread", bridge.ErrInvalid)
	}
	for _, r := range s.o.Links {
		place, thread, err := r.ParseLink(ctx, link)
		var se *bridge.SurfaceError
		switch {
		case errors.Is(err, bridge.ErrNotFound):
			continue
		case errors.As(err, &se):
			s.o.Logger.Warn("a link was not looked up", "error", err)
			return place, "", fmt.Errorf("%w: the chat did not answer just now: try again. %s", bridge.ErrConflict, cmp.Or(se.Remedy, se.Code))
		}
		return place, thread, err
	}
	return bridge.Place{}, "", fmt.Errorf("%w: no connected chat knows this link: paste “Copy link” of a message in Slack, "+
		"or of a thread in Discord, in a workspace that is connected", bridge.ErrInvalid)
}

// attachment is a thread that is to become a side conversation.
type attachment struct {
	actor   bridge.Actor
	ticket  int64
	group   string
	subject string
	place   bridge.Place
	thread  string
	key     string
}

// attach makes a thread a side conversation of a ticket, with all that was said in it.
func (s *Server) attach(ctx context.Context, a attachment) (bridge.Result, error) {
	if err := s.mayStart(ctx, a.actor, a.group); err != nil {
		return bridge.Result{}, err
	}
	to, err := s.inPlace(ctx, a.place)
	if err != nil {
		return bridge.Result{}, err
	}
	return s.log.Append(ctx, &bridge.AttachThread{
		Actor: a.actor, Ticket: a.ticket, Subject: a.subject, Group: a.group, Target: to.targets[0], Thread: a.thread, Key: a.key,
	})
}

// attachLink attaches the thread that a link leads to. Without a subject, the
// conversation has the ticket's.
func (s *Server) attachLink(ctx context.Context, actor bridge.Actor, ticket int64, link, subject, key string) (bridge.Result, error) {
	place, thread, err := s.readThread(ctx, link)
	if err != nil {
		return bridge.Result{}, err
	}
	if subject = strings.TrimSpace(subject); subject == "" {
		c, err := s.desk.Context(ctx, ticket)
		if err != nil {
			return bridge.Result{}, err
		}
		subject = cmp.Or(c.Subject, fmt.Sprintf("Ticket #%d", ticket))
	}
	return s.attach(ctx, attachment{actor: actor, ticket: ticket, subject: subject, place: place, thread: thread, key: key})
}

// attachForm is the form that attaches an existing thread.
type attachForm struct {
	Ticket  int64
	Link    string
	Subject string
	Error   string
	Open    bool // the form is shown unfolded
	Key     string
}

// attachThread attaches an existing thread to the ticket.
func (s *Server) attachThread(w http.ResponseWriter, r *http.Request) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	var link, subject string
	var res bridge.Result
	if err = parseForm(r); err == nil {
		link, subject = r.PostFormValue("thread_url"), r.PostFormValue("subject")
		res, err = s.attachLink(r.Context(), whoIs(r).actor(), ticket, link, subject, formKey(r, "attach", link))
	}
	if err != nil {
		_, _, text := classify(err)
		return s.refuse(w, r, ticket, typed{Form: "attach"}, startForm{Attach: attachForm{Link: link, Subject: subject, Error: text, Open: true}}, err)
	}
	return s.changed(w, r, ticket, conversationAnchor(res.ID.Seq))
}

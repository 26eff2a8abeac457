package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// ticketPage is a ticket with the customer on one side and the side conversations on the other.
type ticketPage struct {
	page
	ID          int64
	Seq         int64 // what the page shows is the log up to this entry
	Subject     string
	Requester   string
	Email       string
	Channel     string
	Created     message // who made it and when
	Props       ticketProps
	Log         []message // the customer, the replies, the notes
	Talks       []conversation
	Hidden      []hiddenTalk
	OpenTalks   int
	Hint        bool
	Shown       span
	Form        typed
	Start       startForm
	ReplyText   string
	ReplyFiles  []fileLink
	Limit       int64 // bytes of a file
	Key         string
	WorksAtDesk []choiceOf // people a ticket can be given to
	Groups      []choiceOf
}

// ticketProps is what is set on a ticket.
type ticketProps struct {
	ID         int64
	Status     string
	Priority   string
	Assignee   string
	AssigneeID string
	GroupID    string
	Group      string
	Tags       []string
	Statuses   []string
	Priorities []string
}

// choiceOf is an option of a choice.
type choiceOf struct {
	Value string
	Label string
	On    bool
}

// typed is what somebody typed into a form that was refused, so that it can be
// shown again with the reason and nothing is lost.
type typed struct {
	Form  string // reply, note, start, change, or the anchor of a conversation or message
	Text  string
	Error string
	// Unconfirmed: it is accepted once whoever typed it confirms it.
	Unconfirmed bool
}

// ErrorIn returns why the form of that name was refused.
func (t typed) ErrorIn(form string) string {
	if t.Form == form {
		return t.Error
	}
	return ""
}

// TextIn returns what was typed into the form of that name.
func (t typed) TextIn(form string) string {
	if t.Form == form {
		return t.Text
	}
	return ""
}

// ticketOf reads the number of a ticket in the request's path.
func ticketOf(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(r.PathValue("ticket"), 10, 64)
	if err != nil || id <= 0 {
		return 0, fmt.Errorf("%w: there is no such ticket", bridge.ErrNotFound)
	}
	return id, nil
}

func (s *Server) ticketPage(w http.ResponseWriter, r *http.Request) error {
	id, err := ticketOf(r)
	if err != nil {
		return err
	}
	return s.showTicket(w, r, id, http.StatusOK, typed{}, startForm{})
}

// showTicket renders a ticket's page, after a refused form with what was typed.
func (s *Server) showTicket(w http.ResponseWriter, r *http.Request, id int64, status int, t typed, start startForm) error {
	ctx := r.Context()
	st, err := s.store.TicketPage(ctx, viewer(r), id)
	if err != nil {
		return err
	}
	n, err := s.namesOf(ctx, st)
	if err != nil {
		return err
	}
	m := whoIs(r)
	if err := s.store.RecordAccess(ctx, m.actor(), cameFrom(r), readAll(st, id, "")...); err != nil {
		return err
	}
	v := newView(st, id, n, m, s.now())
	if v.read, err = s.store.Readings(ctx, m.ID, id); err != nil {
		return err
	}
	p := ticketPage{
		page: s.page(r, "", "tickets"), ID: id, Seq: st.Tickets[id].Head, Form: t, Start: start,
		Shown: readSpan(r), Limit: s.o.MaxFile, Key: newKey(),
	}
	v.fillTicket(&p)
	if p.Hidden, err = s.hiddenTalks(r, st); err != nil {
		return err
	}
	p.Title = fmt.Sprintf("#%d %s", id, p.Subject)
	p.ReplyText = t.TextIn("reply")
	if err := s.takenWords(r, v, &p); err != nil {
		return err
	}
	hint, err := s.store.Preference(ctx, m.ID, hintAsk)
	if err != nil {
		return err
	}
	p.Hint = hint == ""
	if err := s.fillChoices(r, st, &p); err != nil {
		return err
	}
	s.render(w, r, status, "ticket", p)
	return nil
}

// readSpan reads which messages of long conversations are asked for.
func readSpan(r *http.Request) span {
	at, _ := strconv.ParseInt(r.FormValue("at"), 10, 64) // what is no number is no message
	return span{all: r.FormValue("all") != "", at: at}
}

// fillTicket fills what the ticket's own rows and entries say.
func (v *view) fillTicket(p *ticketPage) {
	t := v.st.Tickets[v.ticket]
	p.Props = v.props(t)
	p.Subject = "(erased)"
	if created := v.entries[t.Created]; created != nil {
		p.Subject = cmp.Or(created.Words.Subject, p.Subject)
		p.Requester, p.Email, p.Channel = created.Words.Requester, created.Words.Email, created.Facts.Channel
		p.Created = message{Author: authorOf(created), At: created.At}
	}
	for _, e := range v.st.Entries {
		switch e.Kind {
		case bridge.CustomerWrote, bridge.CustomerReply, bridge.NoteWritten:
			p.Log = append(p.Log, v.said(e))
		}
	}
	p.Talks = v.conversations(p.Shown)
	for _, c := range p.Talks {
		if c.Open {
			p.OpenTalks++
		}
	}
}

func (v *view) props(t *bridge.Ticket) ticketProps {
	return ticketProps{
		ID: t.ID, Status: t.Status, Priority: t.Priority, Assignee: v.names.person(t.Assignee), AssigneeID: t.Assignee,
		GroupID: t.Group, Group: v.names.group(t.Group), Tags: t.Tags,
		Statuses: bridge.Statuses(), Priorities: bridge.Priorities(),
	}
}

// takenWords fills the reply box with the words of the message that ?take= names.
// Nothing is sent or recorded by that: the button that leads here has recorded it.
func (s *Server) takenWords(r *http.Request, v *view, p *ticketPage) error {
	if r.Method != http.MethodGet || r.FormValue("take") == "" {
		return nil
	}
	seq, err := strconv.ParseInt(r.FormValue("take"), 10, 64)
	m := v.st.Messages[bridge.ID{Ticket: v.ticket, Seq: seq}]
	if err != nil || m == nil || m.DeletedSeq != 0 {
		return nil // the link is old: the message is gone
	}
	if shown, ok := v.message(m); ok {
		p.ReplyText = markup.Reply(shown.Body)
		if shown.Review != nil {
			p.ReplyText = shown.Body // it was written for the customer
		}
		p.ReplyFiles = storedOnly(shown.Files)
	}
	return nil
}

func storedOnly(files []fileLink) []fileLink {
	var out []fileLink
	for _, f := range files {
		if f.State == bridge.FileStoredS {
			out = append(out, f)
		}
	}
	return out
}

// fillChoices fills what the page's forms offer.
func (s *Server) fillChoices(r *http.Request, st *bridge.State, p *ticketPage) error {
	people, err := s.store.People(r.Context(), false)
	if err != nil {
		return err
	}
	for _, k := range people {
		if k.Role == bridge.RoleAgent || k.Role == bridge.RoleAdmin {
			p.WorksAtDesk = append(p.WorksAtDesk, choiceOf{Value: k.Person, Label: k.Name, On: k.Person == p.Props.AssigneeID})
		}
	}
	groups, err := s.store.Groups(r.Context())
	if err != nil {
		return err
	}
	for _, id := range sortedNames(groups) {
		p.Groups = append(p.Groups, choiceOf{Value: id, Label: groups[id], On: id == p.Props.GroupID})
	}
	p.Start.Ticket, p.Start.Key, p.Start.Limit = p.ID, p.Key, p.Limit
	p.Start.Attach.Ticket, p.Start.Attach.Key = p.ID, p.Key
	p.Start.To, p.Start.Many, err = s.askable(r.Context(), people, groups, p.Start.Chosen, p.Start.Find)
	p.Start.Many = p.Start.Many || p.Start.Find != ""
	return err
}

// refuse shows the ticket's page again with what was typed and why it was
// refused. For our script the reason alone is enough: it keeps the form.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, ticket int64, t typed, start startForm, err error) error {
	status, _, text := classify(err)
	if status >= 500 || isFragment(r) || errors.Is(err, bridge.ErrNotFound) {
		return err
	}
	t.Error = text
	return s.showTicket(w, r, ticket, status, t, start)
}

// newTicketPage is the form of a new ticket.
type newTicketPage struct {
	page
	Subject, Requester, Email, Body, Error string
	Tags                                   string
	Group, Priority                        string
	Groups                                 []choiceOf
	Priorities                             []string
	Key                                    string
	Limit                                  int64
}

func (s *Server) newTicketPage(w http.ResponseWriter, r *http.Request) error {
	return s.showNewTicket(w, r, http.StatusOK, newTicketPage{Priority: "normal"})
}

func (s *Server) showNewTicket(w http.ResponseWriter, r *http.Request, status int, p newTicketPage) error {
	groups, err := s.store.Groups(r.Context())
	if err != nil {
		return err
	}
	p.page = s.page(r, "New ticket", "tickets")
	p.Priorities, p.Key, p.Limit = bridge.Priorities(), newKey(), s.o.MaxFile
	for _, id := range sortedNames(groups) {
		p.Groups = append(p.Groups, choiceOf{Value: id, Label: groups[id], On: id == p.Group})
	}
	s.render(w, r, status, "ticket_new", p)
	return nil
}

func (s *Server) createTicket(w http.ResponseWriter, r *http.Request) error {
	if err := parseForm(r); err != nil {
		return err
	}
	p := newTicketPage{
		Subject: r.FormValue("subject"), Requester: r.FormValue("requester"), Email: r.FormValue("email"), Body: r.FormValue("body"),
		Tags: r.FormValue("tags"), Group: r.FormValue("group"), Priority: r.FormValue("priority"),
	}
	id, err := s.makeTicket(r, p)
	if err != nil {
		status, _, text := classify(err)
		if status >= 500 || isFragment(r) {
			return err
		}
		p.Error = text
		return s.showNewTicket(w, r, status, p)
	}
	http.Redirect(w, r, fmt.Sprintf("/tickets/%d", id), http.StatusSeeOther)
	return nil
}

func (s *Server) makeTicket(r *http.Request, p newTicketPage) (int64, error) {
	if strings.TrimSpace(p.Requester) == "" {
		return 0, fmt.Errorf("%w: who asks? The requester needs a name", bridge.ErrInvalid)
	}
	files, err := s.uploads(r)
	if err != nil {
		return 0, err
	}
	res, err := s.log.Append(r.Context(), &bridge.CreateTicket{
		Actor: whoIs(r).actor(), Subject: p.Subject, Requester: strings.TrimSpace(p.Requester), Email: strings.TrimSpace(p.Email),
		Body: p.Body, Files: files, Group: p.Group, Priority: p.Priority, Tags: splitTags(p.Tags), Channel: "form",
		Key: formKey(r, p.Subject, p.Body),
	})
	return res.ID.Ticket, err
}

// splitTags reads tags as people write them: apart by commas or blanks.
func splitTags(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
}

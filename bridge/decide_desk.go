package bridge

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxBody is the most bytes that one message may have; a surface's own limits
// are met by splitting, this one protects the log.
const MaxBody = 256 << 10

// MaxSubject is the most characters of a subject.
const MaxSubject = 300

// Clean makes foreign text storable everywhere: valid UTF-8 without NUL, which
// Postgres refuses in text.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.ReplaceAll(s, "\x00", "")
}

func cleanBody(body string, files int) (string, error) {
	body = strings.TrimRight(Clean(body), " \t\r\n")
	body = strings.ReplaceAll(body, "\r\n", "\n")
	if strings.TrimSpace(body) == "" && files == 0 {
		return "", fmt.Errorf("%w: the message is empty: write something or attach a file", ErrInvalid)
	}
	if len(body) > MaxBody {
		return "", fmt.Errorf("%w: the message has %d bytes, the most is %d: attach it as a file", ErrInvalid, len(body), MaxBody)
	}
	return body, nil
}

func cleanSubject(subject string) (string, error) {
	subject = strings.Join(strings.Fields(Clean(subject)), " ")
	if subject == "" {
		return "", fmt.Errorf("%w: the subject is empty", ErrInvalid)
	}
	if utf8.RuneCountInString(subject) > MaxSubject {
		return "", fmt.Errorf("%w: the subject is longer than %d characters", ErrInvalid, MaxSubject)
	}
	return subject, nil
}

func (s *State) ticket(id int64) (*Ticket, error) {
	t := s.Tickets[id]
	if t == nil || t.Created == 0 {
		return nil, fmt.Errorf("ticket %d: %w", id, ErrNotFound)
	}
	return t, nil
}

func (c *CreateTicket) decide(s *State) (Result, error) {
	subject, err := cleanSubject(c.Subject)
	if err != nil {
		return Result{}, err
	}
	body, err := cleanBody(c.Body, len(c.Files))
	if err != nil {
		return Result{}, err
	}
	if err := validPriority(c.Priority); err != nil {
		return Result{}, err
	}
	s.Tickets[c.ticket] = &Ticket{ID: c.ticket}
	desk := c.Desk
	if desk == "" {
		desk = DeskBuiltin
	}
	created := s.add(c.ticket, TicketCreated, c.Actor, Facts{
		Desk: desk, DeskRef: c.DeskRef, Status: StatusNew, Group: c.Group, Priority: c.Priority,
		Tags: cleanTags(c.Tags), Channel: c.Channel,
	}, Words{Subject: subject, Requester: Clean(c.Requester), Email: Clean(c.Email)})
	if s.CustomerWebhook && desk == DeskBuiltin {
		place := Place{Surface: "webhook", Workspace: "customer", Channel: "replies"}
		s.add(c.ticket, MirrorOpened, System(), Facts{Place: &place}, Words{})
	}
	customer := Actor{Role: RoleCustomer, Name: Clean(c.Requester)}
	facts, names := uploadFacts(c.Files)
	e := s.add(c.ticket, CustomerWrote, customer, Facts{Files: facts}, Words{Body: body, Files: names})
	return Result{Outcome: Accepted, ID: created.ID(), Seq: e.Seq}, nil
}

func (c *CustomerMessage) decide(s *State) (Result, error) {
	t, err := s.ticket(c.Ticket)
	if err != nil {
		return Result{}, err
	}
	res, err := s.say(c.Ticket, CustomerWrote, c.Actor, c.Body, c.Files)
	if err == nil && slices.Contains([]string{StatusPending, StatusHold, StatusSolved}, t.Status) {
		// The customer answered, so the ticket needs an agent again, as on every desk.
		res.Seq = s.add(c.Ticket, TicketChanged, System(), Facts{Status: StatusOpen, Reason: "customer wrote"}, Words{}).Seq
	}
	return res, err
}

func (c *ReplyToCustomer) decide(s *State) (Result, error) {
	if !c.Actor.worksAtDesk() {
		return Result{}, fmt.Errorf("%w: only an agent writes to the customer", ErrForbidden)
	}
	return s.say(c.Ticket, CustomerReply, c.Actor, c.Body, c.Files)
}

func (c *WriteNote) decide(s *State) (Result, error) {
	return s.say(c.Ticket, NoteWritten, c.Actor, c.Body, c.Files)
}

// say adds an entry with words on the ticket itself, outside its conversations.
func (s *State) say(ticket int64, kind Kind, actor Actor, body string, files []FileUpload) (Result, error) {
	if _, err := s.ticket(ticket); err != nil {
		return Result{}, err
	}
	body, err := cleanBody(body, len(files))
	if err != nil {
		return Result{}, err
	}
	facts, names := uploadFacts(files)
	e := s.add(ticket, kind, actor, Facts{Files: facts}, Words{Body: body, Files: names})
	return Result{Outcome: Accepted, ID: e.ID(), Seq: e.Seq}, nil
}

// Statuses are the statuses an agent can give a ticket.
func Statuses() []string {
	return []string{StatusNew, StatusOpen, StatusPending, StatusHold, StatusSolved, StatusClosed}
}

// Priorities are the priorities of a ticket, lowest first.
func Priorities() []string { return []string{"low", "normal", "high", "urgent"} }

func validPriority(p string) error {
	if p != "" && !slices.Contains(Priorities(), p) {
		return fmt.Errorf("%w: priority %q: want one of %s", ErrInvalid, p, strings.Join(Priorities(), ", "))
	}
	return nil
}

// cleanTags makes tags what desks accept: lower case words joined by underscores.
func cleanTags(tags []string) []string {
	var out []string
	for _, tag := range tags {
		tag = strings.Join(strings.Fields(strings.ToLower(Clean(tag))), "_")
		if tag != "" && !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out
}

func (c *ChangeTicket) decide(s *State) (Result, error) {
	t, err := s.ticket(c.Ticket)
	if err != nil {
		return Result{}, err
	}
	if c.Status != "" && !slices.Contains(Statuses(), c.Status) {
		return Result{}, fmt.Errorf("%w: status %q: want one of %s", ErrInvalid, c.Status, strings.Join(Statuses(), ", "))
	}
	if err := validPriority(c.Priority); err != nil {
		return Result{}, err
	}
	if from := (ID{c.Ticket, c.Conversation}); c.Conversation != 0 && s.Conversations[from] != nil {
		if _, err := s.conversation(from, c.Actor); err != nil {
			return Result{}, err
		}
	}
	f := Facts{Conversation: c.Conversation, Reason: c.Reason}
	if c.Status != t.Status {
		f.Status = c.Status
	}
	if c.Priority != t.Priority {
		f.Priority = c.Priority
	}
	if c.Group != t.Group {
		f.Group = c.Group
	}
	if c.Assignee != nil && *c.Assignee != t.Assignee {
		f.Assignee = c.Assignee
	}
	has := func(tag string) bool { return slices.Contains(t.Tags, tag) }
	f.Tags = slices.DeleteFunc(cleanTags(c.Tags), has)
	f.Untag = slices.DeleteFunc(cleanTags(c.Untag), func(tag string) bool { return !has(tag) })
	if f.Status == "" && f.Priority == "" && f.Group == "" && f.Assignee == nil && len(f.Tags)+len(f.Untag) == 0 {
		return Result{Outcome: Ignored, ID: ID{c.Ticket, t.Head}, Why: "nothing changes"}, nil
	}
	w := Words{Note: Clean(c.Note)}
	if f.Assignee != nil {
		w.Requester = Clean(c.AssigneeName)
	}
	was := t.Assignee
	e := s.add(c.Ticket, TicketChanged, c.Actor, f, w)
	res := Result{Outcome: Accepted, ID: e.ID(), Seq: e.Seq}
	if f.Assignee != nil {
		if stays := s.handOver(c, was); stays != nil {
			res.Seq = stays.Seq
		}
	}
	return res, nil
}

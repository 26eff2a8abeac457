package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Audits finds entries of all audit trails.
type Audits interface {
	SearchEntries(ctx context.Context, q bridge.AuditQuery) (bridge.AuditPage, error)
}

// auditShown is how many entries a page of the audit shows, and itemAudit what the
// record of who read what calls them.
const (
	auditShown = 100
	itemAudit  = "audit search"
)

// auditSearchPage is the audit of all tickets.
type auditSearchPage struct {
	page
	People, Kinds       []choiceOf
	Ticket, From, Until string
	Trail               int64 // the ticket whose whole trail can be looked at
	Error               string
	Lines               []auditLine
	Older               string
	Reached             time.Time // how far back was looked, where that was not far enough
	Filtered, Later     bool
}

// auditLine is an entry of some ticket.
type auditLine struct {
	trailLine
	Ticket  int64
	Subject string
	URL     string // of its place in its ticket's trail
}

// auditKind is a choice of kinds, as people think of them.
type auditKind struct {
	name, label string
	kinds       []bridge.Kind
}

func auditKinds() []auditKind {
	return []auditKind{
		{"customer", "Customer and replies", []bridge.Kind{bridge.TicketCreated, bridge.CustomerWrote, bridge.CustomerReply, bridge.WordsTaken}},
		{"notes", "Internal notes", []bridge.Kind{bridge.NoteWritten}},
		{"ticket", "Changes of tickets", []bridge.Kind{bridge.TicketCreated, bridge.TicketChanged}},
		{"conversations", "Side conversations begun, closed, reopened", []bridge.Kind{bridge.ConversationStarted, bridge.ConversationClosed, bridge.ConversationReopened, bridge.ConversationRestricted, bridge.ConversationUnrestricted, bridge.ThreadAttached}},
		{"people", "Who takes part", []bridge.Kind{bridge.ParticipantAdded, bridge.ParticipantRemoved, bridge.ConversationRestricted, bridge.ConversationUnrestricted}},
		{"messages", "Messages", []bridge.Kind{bridge.MessagePosted, bridge.MessageEdited, bridge.MessageDeleted, bridge.UnseenDeleted}},
		{"reactions", "Reactions", []bridge.Kind{bridge.ReactionAdded, bridge.ReactionRemoved}},
		{"approvals", "Approvals", []bridge.Kind{bridge.ApprovalAsked, bridge.ApprovalGiven, bridge.ApprovalRefused, bridge.ApprovalWithdrawn}},
		{"drafts", "Draft reviews", []bridge.Kind{bridge.DraftApproved, bridge.DraftTaken, bridge.DraftDismissed}},
		{"files", "Files", []bridge.Kind{bridge.FileStored, bridge.FileFailed}},
		{"delivery", "What was shown where", []bridge.Kind{
			bridge.MirrorOpened, bridge.ThreadOpened, bridge.DeliveryShown, bridge.DeliveryResent, bridge.DeliveryParked, bridge.DeliveryFailed,
			bridge.MirrorResumed, bridge.MirrorMoved, bridge.MirrorEnded, bridge.CopyRemoved, bridge.CopyChanged, bridge.CopyDoubled,
		}},
		{"erasures", "Erasures", []bridge.Kind{bridge.ContentErased}},
	}
}

func (s *Server) auditSearch(w http.ResponseWriter, r *http.Request) error {
	p := auditSearchPage{
		page: s.page(r, "Audit", "audit"), Later: r.FormValue("before") != "",
		Ticket: strings.TrimSpace(r.FormValue("ticket")), From: r.FormValue("from"), Until: r.FormValue("until"),
	}
	q, err := auditQuery(r)
	if err != nil {
		_, _, p.Error = classify(err)
	}
	people := names{people: map[string]string{}}
	if err := people.addPeople(r.Context(), s.store); err != nil {
		return err
	}
	for _, id := range sortedNames(people.people) {
		p.People = append(p.People, choiceOf{Value: id, Label: people.people[id], On: id == q.Person})
	}
	for _, k := range auditKinds() {
		p.Kinds = append(p.Kinds, choiceOf{Value: k.name, Label: k.label, On: k.name == r.FormValue("kind")})
	}
	p.Filtered = q.Person != "" || len(q.Kinds) > 0 || q.Ticket != 0 || !q.From.IsZero() || !q.Until.IsZero()
	if p.Error == "" {
		if err := s.fillAudit(r, q, &p); err != nil {
			return err
		}
	}
	s.render(w, r, http.StatusOK, "audit_search", p)
	return nil
}

// auditQuery reads the form. A kind that we do not know is any.
func auditQuery(r *http.Request) (bridge.AuditQuery, error) {
	q := bridge.AuditQuery{Viewer: viewer(r), Person: r.FormValue("person"), Before: r.FormValue("before"), Limit: auditShown}
	for _, k := range auditKinds() {
		if k.name == r.FormValue("kind") {
			q.Kinds = k.kinds
		}
	}
	var err error
	if text := strings.TrimPrefix(strings.TrimSpace(r.FormValue("ticket")), "#"); text != "" {
		if q.Ticket, err = strconv.ParseInt(text, 10, 64); err != nil || q.Ticket <= 0 {
			return q, fmt.Errorf("%w: a ticket's number has digits only, such as 4711", bridge.ErrInvalid)
		}
	}
	q.From, q.Until, err = days(r.FormValue("from"), r.FormValue("until"))
	return q, err
}

func (s *Server) fillAudit(r *http.Request, q bridge.AuditQuery, p *auditSearchPage) error {
	ctx := r.Context()
	found, err := s.store.SearchEntries(ctx, q)
	if err != nil {
		return err
	}
	st := found.State
	var read []bridge.Access
	entries := map[bridge.ID]*bridge.Entry{}
	for _, e := range st.Entries {
		entries[e.ID()] = e
	}
	for _, id := range found.Found {
		read = append(read, bridge.Access{Ticket: id.Ticket, Conversation: st.ConversationOf(entries[id]), Item: itemAudit})
	}
	if len(read) > 0 {
		if err := s.store.RecordAccess(ctx, whoIs(r).actor(), bridge.AccessPage, read...); err != nil {
			return err
		}
	}
	n, err := s.namesOf(ctx, st)
	if err != nil {
		return err
	}
	of := map[int64]names{}
	for id, t := range st.Tickets {
		mine := n
		mine.subjects = map[int64]string{}
		for conv := range st.Conversations {
			if e := entries[conv]; e != nil && conv.Ticket == id {
				mine.subjects[conv.Seq] = e.Words.Subject
			}
		}
		of[id] = mine
		if q.Ticket == t.ID {
			p.Trail = t.ID
		}
	}
	for _, id := range found.Found {
		line := auditLine{trailLine: of[id.Ticket].trailLine(entries[id], st), Ticket: id.Ticket, URL: trailURL(entries[id])}
		if t := st.Tickets[id.Ticket]; t != nil {
			if e := entries[bridge.ID{Ticket: t.ID, Seq: t.Created}]; e != nil {
				line.Subject = cmp.Or(e.Words.Subject, "(erased)")
			}
		}
		p.Lines = append(p.Lines, line)
	}
	if found.Next != "" {
		p.Older = "/audit?" + withBefore(r, found.Next)
	}
	p.Reached = found.Reached
	return nil
}

// trailURL is an entry's place in its ticket's trail: near the top of the page, after
// what came just before.
func trailURL(e *bridge.Entry) string {
	query := fmt.Sprintf("after=%d", max(e.Seq-10, 0))
	if aboutDelivery(e.Kind) {
		query += "&deliveries=1"
	}
	return fmt.Sprintf("/tickets/%d/audit?%s#e%d", e.Ticket, query, e.Seq)
}

package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// inboxSize is how many tickets a page of the list has.
const inboxSize = 50

// staleAfter is how long nobody has answered in a conversation that is called stale.
const staleAfter = 48 * time.Hour

// inboxCounted is how far the list counts; more than that is told as more.
const inboxCounted = 99

type inboxPage struct {
	page
	Chosen   string
	Filters  []filter // what there is to do
	Statuses []filter
	Tickets  []ticketLine
	Older    string // the address of the next page
	Newer    bool   // this is not the first page
}

// filter is a choice of tickets.
type filter struct {
	Name  string
	Label string
	On    bool
	// Help says what the choice has.
	Help string
	// counted: it costs little to count its tickets; Count is how many, as people read it.
	counted bool
	Count   string
}

// ticketLine is a ticket in the list.
type ticketLine struct {
	ID        int64
	Subject   string
	Requester string
	Status    string
	Priority  string
	Assignee  string
	Group     string
	Open      int64 // side conversations
	Unread    int64 // messages
	UpdatedAt time.Time
}

// At is the place of the line in its list, which has the greatest first.
func (l ticketLine) At() int64 { return bridge.Micros(l.UpdatedAt) }

// filters are the choices that the list offers, the first one by default.
func filters() []filter {
	return []filter{
		{Name: "active", Label: "Active", Help: "Tickets that somebody still works on"},
		{Name: "mine", Label: "Mine", Help: "Active tickets that you have", counted: true},
		{Name: "unread", Label: "Unread", Help: "Somebody said something that you have not read", counted: true},
		{Name: "for-me", Label: "Waiting for me", Help: "Your question was answered", counted: true},
		{Name: "unanswered", Label: "Waiting for an answer", Help: "The desk asked and nobody has answered yet"},
		{Name: "stale", Label: "Stale", Help: "Asked two days ago or earlier, and not answered"},
		{Name: "done", Label: "Done", Help: "Tickets that are solved or closed"},
		{Name: "all", Label: "All", Help: "Every ticket"},
	}
}

// statusFilters are the choices by a ticket's status alone.
func statusFilters() []filter {
	var out []filter
	for _, status := range bridge.Statuses() {
		out = append(out, filter{Name: status, Label: titled(status)})
	}
	return out
}

// active are the statuses of tickets that somebody still works on.
func active() []string {
	return []string{bridge.StatusNew, bridge.StatusOpen, bridge.StatusPending, bridge.StatusHold}
}

// choice turns a filter's name into what the store is asked for.
func (s *Server) choice(name string, m me) bridge.InboxQuery {
	q := bridge.InboxQuery{Person: m.ID, Quiet: s.now().Add(-staleAfter)}
	switch name {
	case "active":
		q.Statuses = active()
	case "mine":
		q.Statuses, q.Assignee = active(), m.ID
	case "unread", "for-me", "unanswered", "stale":
		q.View = bridge.InboxView(name)
	case "done":
		q.Statuses = []string{bridge.StatusSolved, bridge.StatusClosed}
	case "all":
	default:
		q.Statuses = []string{name}
	}
	return q
}

// choose marks the filter of that name, and reports whether there is one.
func choose(filters []filter, name string) bool {
	i := slices.IndexFunc(filters, func(f filter) bool { return f.Name == name })
	if i >= 0 {
		filters[i].On = true
	}
	return i >= 0
}

// countFilters fills in how many tickets the cheap filters have.
func (s *Server) countFilters(ctx context.Context, filters []filter, m me) error {
	for i, f := range filters {
		if !f.counted {
			continue
		}
		q := s.choice(f.Name, m)
		q.Limit = inboxCounted + 1
		n, err := s.store.CountInbox(ctx, q)
		if err != nil {
			return err
		}
		if n > 0 {
			filters[i].Count = counted(n)
		}
	}
	return nil
}

// counted writes a number that was counted so far and no further.
func counted(n int64) string {
	if n > inboxCounted {
		return fmt.Sprintf("%d+", inboxCounted)
	}
	return strconv.FormatInt(n, 10)
}

// chosen is the filter that a request names, the first one where it names none.
func (s *Server) chosen(r *http.Request) string {
	all, name := slices.Concat(filters(), statusFilters()), r.FormValue("show")
	if choose(all, name) {
		return name
	}
	return all[0].Name
}

func (s *Server) inbox(w http.ResponseWriter, r *http.Request) error {
	p := inboxPage{page: s.page(r, "Tickets", "tickets"), Filters: filters(), Statuses: statusFilters(), Chosen: s.chosen(r)}
	choose(p.Filters, p.Chosen)
	choose(p.Statuses, p.Chosen)
	q := s.choice(p.Chosen, p.Me)
	q.Before, q.BeforeID = parseBefore(r.FormValue("before"))
	q.Limit = inboxSize + 1
	p.Newer = !q.Before.IsZero()
	st, readings, err := s.store.Inbox(r.Context(), q)
	if err != nil {
		return err
	}
	n, err := s.namesOf(r.Context(), st)
	if err != nil {
		return err
	}
	if err := s.countFilters(r.Context(), p.Filters, p.Me); err != nil {
		return err
	}
	p.Tickets = ticketLines(st, readings, n)
	if len(p.Tickets) > inboxSize {
		p.Tickets = p.Tickets[:inboxSize]
		last := p.Tickets[inboxSize-1]
		older := url.Values{"show": {p.Chosen}, "before": {fmt.Sprintf("%d.%d", bridge.Micros(last.UpdatedAt), last.ID)}}
		p.Older = "/tickets?" + older.Encode()
	}
	s.render(w, r, http.StatusOK, "inbox", p)
	return nil
}

// parseBefore reads where a page of the list begins; what it cannot read is the start.
func parseBefore(text string) (time.Time, int64) {
	at, id, _ := strings.Cut(text, ".")
	us, err1 := strconv.ParseInt(at, 10, 64)
	ticket, err2 := strconv.ParseInt(id, 10, 64)
	if err1 != nil || err2 != nil || us <= 0 {
		return time.Time{}, 0
	}
	return bridge.FromMicros(us), ticket
}

// ticketLines makes the list of a State's tickets, the last changed first.
func ticketLines(st *bridge.State, readings map[bridge.ID]bridge.Reading, n names) []ticketLine {
	open, unread, created := map[int64]int64{}, map[int64]int64{}, map[int64]*bridge.Entry{}
	for id, r := range readings {
		unread[id.Ticket] += r.Unread
	}
	for id, c := range st.Conversations {
		if c.Open {
			open[id.Ticket]++
		}
	}
	for _, e := range st.Entries {
		created[e.Ticket] = e
	}
	var out []ticketLine
	for id, t := range st.Tickets {
		line := ticketLine{
			ID: id, Subject: "(erased)", Status: t.Status, Priority: t.Priority, Assignee: n.person(t.Assignee),
			Group: n.group(t.Group), Open: open[id], Unread: unread[id], UpdatedAt: t.UpdatedAt,
		}
		if e := created[id]; e != nil && e.Words.Subject != "" {
			line.Subject, line.Requester = e.Words.Subject, e.Words.Requester
		}
		out = append(out, line)
	}
	slices.SortFunc(out, func(a, b ticketLine) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(b.ID, a.ID))
	})
	return out
}

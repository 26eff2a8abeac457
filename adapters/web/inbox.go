package web

import (
	"cmp"
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

type inboxPage struct {
	page
	Filters []filter
	Tickets []ticketLine
	Older   string // the address of the next page
	Newer   bool   // this is not the first page
}

// filter is a choice of tickets.
type filter struct {
	Name  string
	Label string
	On    bool
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
	UpdatedAt time.Time
}

// filters are the choices that the list offers, the first one by default.
func filters() []filter {
	out := []filter{{Name: "active", Label: "Active"}, {Name: "mine", Label: "Mine"}}
	for _, status := range bridge.Statuses() {
		out = append(out, filter{Name: status, Label: titled(status)})
	}
	return append(out, filter{Name: "all", Label: "All"})
}

// active are the statuses of tickets that somebody still works on.
func active() []string {
	return []string{bridge.StatusNew, bridge.StatusOpen, bridge.StatusPending, bridge.StatusHold}
}

// choice turns a filter's name into what the store is asked for.
func choice(name string, m me) (statuses []string, assignee string) {
	switch name {
	case "active":
		return active(), ""
	case "mine":
		return active(), m.ID
	case "all":
		return nil, ""
	default:
		return []string{name}, ""
	}
}

func (s *Server) inbox(w http.ResponseWriter, r *http.Request) error {
	p := inboxPage{page: s.page(r, "Tickets", "tickets"), Filters: filters()}
	chosen := r.FormValue("show")
	if !slices.ContainsFunc(p.Filters, func(f filter) bool { return f.Name == chosen }) {
		chosen = p.Filters[0].Name
	}
	for i := range p.Filters {
		p.Filters[i].On = p.Filters[i].Name == chosen
	}
	before, beforeID := parseBefore(r.FormValue("before"))
	p.Newer = !before.IsZero()
	statuses, assignee := choice(chosen, p.Me)
	st, err := s.store.Inbox(r.Context(), statuses, assignee, before, beforeID, inboxSize+1)
	if err != nil {
		return err
	}
	n, err := s.namesOf(r.Context(), st)
	if err != nil {
		return err
	}
	p.Tickets = ticketLines(st, n)
	if len(p.Tickets) > inboxSize {
		p.Tickets = p.Tickets[:inboxSize]
		last := p.Tickets[inboxSize-1]
		q := url.Values{"show": {chosen}, "before": {fmt.Sprintf("%d.%d", bridge.Micros(last.UpdatedAt), last.ID)}}
		p.Older = "/tickets?" + q.Encode()
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
func ticketLines(st *bridge.State, n names) []ticketLine {
	open, created := map[int64]int64{}, map[int64]*bridge.Entry{}
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
			Group: n.group(t.Group), Open: open[id], UpdatedAt: t.UpdatedAt,
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

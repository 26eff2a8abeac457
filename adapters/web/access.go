package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Accesses is the record of who read what.
type Accesses interface {
	// RecordAccess is called before anything is shown; what fails is not shown.
	RecordAccess(ctx context.Context, by bridge.Actor, way bridge.AccessWay, what ...bridge.Access) error
	Accesses(ctx context.Context, q bridge.AccessQuery, each func(bridge.Access) error) error
	// AccessesSince returns since when all readings are there; zero: from the beginning.
	AccessesSince(ctx context.Context) (time.Time, error)
}

// The sizes of the access log's pages.
const (
	accessShown    = 100
	accessExported = 500 // read at once
)

// The items that the record knows beside the page itself.
const (
	itemTrail = "audit trail"
	itemFind  = "search result"
)

// readAll names a ticket and its conversations, as a page shows them all.
func readAll(st *bridge.State, ticket int64, item string) []bridge.Access {
	what := []bridge.Access{{Ticket: ticket, Item: item}}
	for id := range st.Conversations {
		if id.Ticket == ticket {
			what = append(what, bridge.Access{Ticket: ticket, Conversation: id.Seq, Item: item})
		}
	}
	return what
}

// readNew names the conversations that a page is told of with the entries after one.
func readNew(st *bridge.State, after int64) []bridge.Access {
	seen := map[int64]bool{}
	var what []bridge.Access
	for _, e := range st.Entries {
		conv := e.Facts.Conversation
		if e.Kind == bridge.ConversationStarted {
			conv = e.Seq
		}
		if e.Seq > after && !seen[conv] {
			seen[conv] = true
			what = append(what, bridge.Access{Ticket: e.Ticket, Conversation: conv})
		}
	}
	return what
}

// cameFrom says by which way a page was come to: the links of finds name it.
func cameFrom(r *http.Request) bridge.AccessWay {
	if r.FormValue("from") == string(bridge.AccessSearch) {
		return bridge.AccessSearch
	}
	return bridge.AccessPage
}

// accessPage is who read what, for admins.
type accessPage struct {
	page
	People               []choiceOf
	Ways                 []choiceOf
	Ticket, From, Until  string
	Error                string
	Lines                []accessLine
	Older, Export, Since string
	Filtered, Later      bool
}

// accessLine is a reading as people read it.
type accessLine struct {
	At      time.Time
	Who     string
	Account string // the account it was read from, where no person is known
	Way     string
	Ticket  int64
	Talk    bridge.ID // zero for the ticket itself
	Item    string
}

func (s *Server) accessPage(w http.ResponseWriter, r *http.Request) error {
	p := accessPage{
		page: s.page(r, "Who read what", "settings"), Later: r.FormValue("before") != "",
		Ticket: strings.TrimSpace(r.FormValue("ticket")), From: r.FormValue("from"), Until: r.FormValue("until"),
	}
	n := names{people: map[string]string{}}
	if err := n.addPeople(r.Context(), s.store); err != nil {
		return err
	}
	q, err := accessQuery(r)
	if err != nil {
		_, _, p.Error = classify(err)
	}
	p.Filtered = q.Person != "" || q.Way != "" || q.Ticket != 0 || !q.From.IsZero() || !q.Until.IsZero()
	for _, id := range sortedNames(n.people) {
		p.People = append(p.People, choiceOf{Value: id, Label: n.people[id], On: id == q.Person})
	}
	for _, way := range bridge.AccessWays() {
		p.Ways = append(p.Ways, choiceOf{Value: string(way), Label: titled(string(way)), On: way == q.Way})
	}
	if p.Error == "" {
		if err := s.fillAccesses(r, n, q, &p); err != nil {
			return err
		}
	}
	s.render(w, r, http.StatusOK, "access", p)
	return nil
}

func (s *Server) fillAccesses(r *http.Request, n names, q bridge.AccessQuery, p *accessPage) error {
	q.Limit = accessShown + 1
	last := ""
	err := s.store.Accesses(r.Context(), q, func(a bridge.Access) error {
		if len(p.Lines) == accessShown {
			p.Older = "/admin/access?" + withBefore(r, last)
			return nil
		}
		p.Lines, last = append(p.Lines, n.accessLine(a)), a.Position
		return nil
	})
	if err != nil {
		return err
	}
	since, err := s.store.AccessesSince(r.Context())
	if err != nil {
		return err
	}
	if !since.IsZero() {
		p.Since = since.Format("2 January 2006")
	}
	p.Export = "/admin/access/export?" + withBefore(r, "")
	return nil
}

// withBefore is the request's query with another place to begin at.
func withBefore(r *http.Request, before string) string {
	q := url.Values{}
	for name, values := range r.URL.Query() {
		if name != "before" && strings.Join(values, "") != "" {
			q[name] = values
		}
	}
	if before != "" {
		q.Set("before", before)
	}
	return q.Encode()
}

func (n names) accessLine(a bridge.Access) accessLine {
	line := accessLine{At: a.At, Who: cmp.Or(n.people[a.By.Person], a.By.Name, "somebody"), Way: string(a.Way), Ticket: a.Ticket, Item: a.Item}
	if a.By.Account.Surface == "api" {
		line.Who = a.By.Name + " (" + n.person(a.By.Person) + ")"
	}
	if a.By.Person == "" && a.By.Account.ID != "" {
		line.Account = surfaceName(a.By.Account.Surface) + " " + a.By.Account.ID
	}
	if a.Conversation != 0 {
		line.Talk = bridge.ID{Ticket: a.Ticket, Seq: a.Conversation}
	}
	return line
}

// accessQuery reads the form's fields. Days are whole ones, in UTC.
func accessQuery(r *http.Request) (q bridge.AccessQuery, err error) {
	q = bridge.AccessQuery{Person: r.FormValue("person"), Before: r.FormValue("before")}
	if way := bridge.AccessWay(r.FormValue("way")); slices.Contains(bridge.AccessWays(), way) {
		q.Way = way
	}
	if text := strings.TrimPrefix(strings.TrimSpace(r.FormValue("ticket")), "#"); text != "" {
		if q.Ticket, err = strconv.ParseInt(text, 10, 64); err != nil || q.Ticket <= 0 {
			return q, fmt.Errorf("%w: a ticket's number has digits only, such as 4711", bridge.ErrInvalid)
		}
	}
	q.From, q.Until, err = days(r.FormValue("from"), r.FormValue("until"))
	return q, err
}

// days reads the first and the last day of a time, in UTC; empty is any.
func days(first, last string) (from, until time.Time, err error) {
	for _, day := range []struct {
		text string
		into *time.Time
		add  int
	}{{first, &from, 0}, {last, &until, 1}} {
		if day.text == "" {
			continue
		}
		at, err := time.Parse(time.DateOnly, day.text)
		if err != nil {
			return from, until, fmt.Errorf("%w: write a day as 2026-05-31", bridge.ErrInvalid)
		}
		*day.into = at.AddDate(0, 0, day.add)
	}
	if !from.IsZero() && !until.IsZero() && !from.Before(until) {
		return from, until, fmt.Errorf("%w: the last day is before the first", bridge.ErrInvalid)
	}
	return from, until, nil
}

// exportedAccess is a reading as programs read it.
type exportedAccess struct {
	At           time.Time      `json:"at"`
	Person       string         `json:"person,omitempty"`
	Name         string         `json:"name"`
	Role         bridge.Role    `json:"role,omitempty"`
	Account      bridge.Account `json:"account,omitzero"`
	Way          string         `json:"way"`
	Ticket       int64          `json:"ticket"`
	Conversation int64          `json:"conversation,omitempty"`
	Item         string         `json:"item,omitempty"`
}

// exportAccesses answers with the readings that the form selects, as JSON Lines, the
// newest first.
func (s *Server) exportAccesses(w http.ResponseWriter, r *http.Request) error {
	q, err := accessQuery(r)
	if err != nil {
		return err
	}
	q.Limit = accessExported
	h := w.Header()
	h.Set("Content-Type", "application/jsonl; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="access-log.jsonl"`)
	out := json.NewEncoder(w)
	for n := q.Limit; n == q.Limit; {
		n = 0
		err := s.store.Accesses(r.Context(), q, func(a bridge.Access) error {
			n++
			q.Before = a.Position
			return out.Encode(exportedAccess{
				At: a.At, Person: a.By.Person, Name: a.By.Name, Role: a.By.Role, Account: a.By.Account,
				Way: string(a.Way), Ticket: a.Ticket, Conversation: a.Conversation, Item: a.Item,
			})
		})
		if err != nil {
			// The answer has begun: breaking off is how the reader learns that it is not whole.
			s.o.Logger.Error("export of the access log broke off", "error", err)
			panic(http.ErrAbortHandler)
		}
	}
	return nil
}

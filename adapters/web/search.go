package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
	"github.com/sidebridge/sidebridge/mapping/words"
)

// The sizes of a page of finds.
const (
	searchSize   = 25
	excerptBytes = 240
	maxQuery     = 300
)

type searchPage struct {
	page
	Query string
	Hits  []searchHit
	// Ticket is the ticket whose number was typed, zero when there is none.
	Ticket int64
	Older  string // the address of the next page
	Later  bool   // this is not the first page
}

// searchHit is a find as the page shows it.
type searchHit struct {
	URL     string
	Kind    string // what it is
	Subject string // of the ticket
	Ticket  int64
	Talk    string // the conversation it was said in
	Author  string
	At      time.Time
	Text    []words.Piece
}

// search shows what was found, the newest first. What somebody may not see, the store
// does not find for them.
func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	p := searchPage{page: s.page(r, "Search", "search"), Query: bridge.Clean(strings.TrimSpace(r.FormValue("q")))}
	if len(p.Query) > maxQuery {
		p.Query = strings.ToValidUTF8(p.Query[:maxQuery], "")
	}
	before, _ := strconv.ParseInt(r.FormValue("before"), 10, 64) // what is no number is the start
	p.Later = before > 0
	q := words.Parse(p.Query)
	st, found, err := s.store.Search(r.Context(), p.Me.ID, q, before, searchSize+1)
	if err != nil {
		return err
	}
	if len(found) > searchSize {
		found = found[:searchSize]
		p.Older = "/search?" + url.Values{"q": {p.Query}, "before": {fmt.Sprint(found[searchSize-1].Position)}}.Encode()
	}
	var read []bridge.Access
	for _, f := range found {
		read = append(read, bridge.Access{Ticket: f.ID.Ticket, Conversation: f.Conversation, Item: itemFind})
	}
	if err := s.store.RecordAccess(r.Context(), p.Me.actor(), bridge.AccessSearch, read...); err != nil {
		return err
	}
	p.Hits = searchHits(st, found, q)
	if n, err := strconv.ParseInt(strings.TrimPrefix(p.Query, "#"), 10, 64); err == nil && n > 0 {
		if _, err := s.ticketRow(r.Context(), n); err == nil {
			p.Ticket = n
		}
	}
	s.render(w, r, http.StatusOK, "search", p)
	return nil
}

// searchHits makes the views of finds.
func searchHits(st *bridge.State, found []bridge.Found, q words.Query) []searchHit {
	entries := map[bridge.ID]*bridge.Entry{}
	for _, e := range st.Entries {
		entries[e.ID()] = e
	}
	var out []searchHit
	for _, f := range found {
		t, first, body := st.Tickets[f.ID.Ticket], entries[f.ID], entries[bridge.ID{Ticket: f.ID.Ticket, Seq: f.BodySeq}]
		if t == nil || first == nil || body == nil {
			continue // it is gone by now
		}
		h := searchHit{Ticket: t.ID, At: first.At, Author: authorOf(first).Name, URL: "/m/" + f.ID.String()}
		if e := entries[bridge.ID{Ticket: t.ID, Seq: t.Created}]; e != nil {
			h.Subject = cmp.Or(e.Words.Subject, "(erased)")
		}
		if e := entries[bridge.ID{Ticket: t.ID, Seq: f.Conversation}]; e != nil {
			h.Talk = cmp.Or(e.Words.Subject, "(erased)")
		}
		h.URL += "?from=search"
		h.Text = q.Excerpt(h.describe(f, first, body), excerptBytes)
		out = append(out, h)
	}
	return out
}

// describe says what kind of find it is, and returns the text that has the words.
func (h *searchHit) describe(f bridge.Found, first, body *bridge.Entry) string {
	switch first.Kind {
	case bridge.TicketCreated:
		h.Kind, h.URL = "Ticket", fmt.Sprintf("/tickets/%d", f.ID.Ticket)
		return strings.TrimSpace(first.Words.Subject + " · " + first.Words.Requester + " " + first.Words.Email)
	case bridge.ConversationStarted:
		h.Kind, h.URL = "Side conversation", "/c/"+f.ID.String()
		return first.Words.Subject
	case bridge.CustomerWrote:
		h.Kind = "Customer"
	case bridge.CustomerReply:
		h.Kind = "Reply to customer"
	case bridge.NoteWritten:
		h.Kind = "Internal note"
	default:
		h.Kind = "Message"
	}
	return strings.TrimSpace(markup.Plain(body.Words.Body) + " " + strings.Join(body.Words.Files, " "))
}

// keysPage is the map of the keys.
func (s *Server) keysPage(w http.ResponseWriter, r *http.Request) error {
	if isFragment(r) {
		return s.fragment(w, "key-map", nil)
	}
	s.render(w, r, http.StatusOK, "keys", s.page(r, "Keyboard", ""))
	return nil
}

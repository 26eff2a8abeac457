package web

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// shareChoice is a comment of a ticket that a side conversation can be shown.
type shareChoice struct {
	Seq   int64
	Kind  string // customer, reply, note
	Who   string
	At    time.Time
	Text  string // its beginning
	Files int
}

// shareChoices are a ticket's comments, the newest first, notes apart.
type shareChoices struct {
	Comments []shareChoice
	Notes    []shareChoice
}

// sharePage is the form that shares comments, for browsers without script.
type sharePage struct {
	page
	ID      bridge.ID
	Subject string
	Key     string
	Choices shareChoices
}

// shareLink is where a form's panel gets the choice from, and the page that browsers
// without script go to instead.
type shareLink struct {
	Ticket int64
	Page   string
}

// shareText is how many characters of a comment the choice shows.
const shareText = 90

func (s *Server) shareChoices(r *http.Request, ticket int64) (out shareChoices, err error) {
	st, err := s.store.TicketSaid(r.Context(), ticket)
	if err == nil {
		err = s.store.RecordAccess(r.Context(), whoIs(r).actor(), bridge.AccessPage, bridge.Access{Ticket: ticket})
	}
	if err != nil {
		return out, err
	}
	kinds := map[bridge.Kind]string{bridge.CustomerWrote: "customer", bridge.CustomerReply: "reply", bridge.NoteWritten: "note"}
	for i := len(st.Entries) - 1; i >= 0; i-- {
		e := st.Entries[i]
		if kinds[e.Kind] == "" || e.Erased {
			continue
		}
		text := []rune(strings.Join(strings.Fields(markup.Plain(e.Words.Body)), " "))
		c := shareChoice{Seq: e.Seq, Kind: kinds[e.Kind], Who: authorOf(e).Name, At: e.At, Text: string(text), Files: len(e.Facts.Files)}
		if len(text) > shareText {
			c.Text = string(text[:shareText]) + "…"
		}
		if e.Kind == bridge.NoteWritten {
			out.Notes = append(out.Notes, c)
		} else {
			out.Comments = append(out.Comments, c)
		}
	}
	return out, nil
}

// shareFragment gives our script what a form can share, as it is now.
func (s *Server) shareFragment(w http.ResponseWriter, r *http.Request) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	choices, err := s.shareChoices(r, ticket)
	if err != nil {
		return err
	}
	return s.fragment(w, "share-choices", choices)
}

func (s *Server) sharePage(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	st, err := s.store.TicketSince(r.Context(), viewer(r), id.Ticket, math.MaxInt64)
	if err != nil {
		return err
	}
	if st.Conversations[id] == nil {
		return fmt.Errorf("conversation %s: %w", id, bridge.ErrNotFound)
	}
	p := sharePage{page: s.page(r, "Share from the ticket", "tickets"), ID: id, Key: newKey()}
	for _, e := range st.Entries {
		if e.Seq == id.Seq {
			p.Subject = e.Words.Subject
		}
	}
	if p.Choices, err = s.shareChoices(r, id.Ticket); err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, "share", p)
	return nil
}

// readShare reads which comments a form shares.
func readShare(r *http.Request) (bridge.Share, error) {
	out := bridge.Share{Notes: r.PostFormValue("share_notes") != ""}
	for _, text := range r.PostForm["share"] {
		seq, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return out, fmt.Errorf("%w: comment %q", bridge.ErrInvalid, text)
		}
		out.Comments = append(out.Comments, seq)
	}
	return out, nil
}

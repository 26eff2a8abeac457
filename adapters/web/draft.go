package web

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/diff"
)

// review is what a page shows of a message that is a draft of a reply, or a text that was
// suggested for one.
type review struct {
	// Draft is the draft's message, also of a suggestion.
	Draft bridge.ID
	// Is: the message is the draft itself.
	Is bool
	// State and Older are of a suggestion: it is about a text that the draft no longer has.
	State string
	Older bool
	// Changes are what a suggestion makes of the draft, none when either was erased.
	Changes []diff.Part
	// Goods are those who find a draft good.
	Goods []goodLine
	// May: whoever looks may review the draft; Said: they find this text good already.
	May, Said bool
}

// goodLine is somebody who finds a draft good.
type goodLine struct {
	Name  string
	Where string
	At    time.Time
	Older bool
}

// review makes the view of what is reviewed in a message, nil when nothing is.
func (v *view) review(m *bridge.Message) *review {
	id := bridge.ID{Ticket: m.ID.Ticket, Seq: m.Draft}
	draft := v.st.Messages[id]
	if m.Draft == 0 || draft == nil {
		return nil
	}
	out := &review{Draft: id, Is: id == m.ID, May: m.DeletedSeq == 0 && draft.Author != v.me.ID}
	if !out.Is {
		if r := v.st.Reviews[m.ID]; r != nil {
			out.State, out.Older = r.State, r.Text != draft.BodySeq
			out.Changes = v.suggested(r.Text, m.BodySeq)
		}
		return out
	}
	for _, r := range v.st.Reviews {
		e := v.entries[r.ID.Seq]
		if r.ID.Ticket != id.Ticket || r.Draft != id.Seq || r.State != bridge.ReviewApproved || e == nil {
			continue
		}
		line := goodLine{Name: authorOf(e).Name, Where: v.names.entryPlace(e, v.st), At: e.At, Older: r.Text != draft.BodySeq}
		out.Said = out.Said || !line.Older && r.By == v.me.ID
		out.Goods = append(out.Goods, line)
	}
	slices.SortFunc(out.Goods, func(a, b goodLine) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Name, b.Name)) })
	return out
}

// suggested compares the text that a suggestion is about with the suggestion.
func (v *view) suggested(text, body int64) []diff.Part {
	old, now := v.entries[text], v.entries[body]
	if old == nil || now == nil || old.Erased || now.Erased {
		return nil
	}
	return diff.Words(old.Words.Body, now.Words.Body)
}

// draftPage is the form that offers a draft for review.
type draftPage struct {
	page
	Ticket  int64
	Subject string
	Body    string
	To      []choiceOf
	Error   string
	Key     string
}

// openTalks are a ticket's open conversations, the newest first.
func (s *Server) openTalks(r *http.Request, ticket int64, chosen string) (subject string, out []choiceOf, err error) {
	st, err := s.store.TicketSince(r.Context(), viewer(r), ticket, math.MaxInt64)
	if err != nil {
		return "", nil, err
	}
	names := map[int64]string{}
	for _, e := range st.Entries {
		names[e.Seq] = e.Words.Subject
	}
	var ids []bridge.ID
	for id, c := range st.Conversations {
		if c.Open {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b bridge.ID) int { return cmp.Compare(b.Seq, a.Seq) })
	for _, id := range ids {
		out = append(out, choiceOf{Value: id.String(), Label: cmp.Or(names[id.Seq], "(erased)"), On: id.String() == chosen})
	}
	return names[st.Tickets[ticket].Created], out, nil
}

// draftFragment gives our script the conversations that a draft can be offered in, as
// they are now.
func (s *Server) draftFragment(w http.ResponseWriter, r *http.Request) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	_, to, err := s.openTalks(r, ticket, "")
	if err != nil {
		return err
	}
	return s.fragment(w, "draft-to", draftPage{Ticket: ticket, To: to})
}

// offerDraft offers what is in the reply box. Without a conversation it asks for one,
// for browsers without script. Nothing is sent to the customer, and the box keeps its text.
func (s *Server) offerDraft(w http.ResponseWriter, r *http.Request) error {
	ticket, err := ticketOf(r)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	p := draftPage{Ticket: ticket, Body: r.PostFormValue("body"), Key: newKey()}
	to := r.PostFormValue("to")
	if to == "" {
		return s.showDraftForm(w, r, http.StatusOK, p, to)
	}
	id, err := bridge.ParseID(to)
	var res bridge.Result
	switch {
	case err != nil:
	case id.Ticket != ticket:
		err = fmt.Errorf("%w: the conversation is of another ticket", bridge.ErrInvalid)
	case strings.TrimSpace(p.Body) == "":
		err = fmt.Errorf("%w: the draft is empty: write the reply first", bridge.ErrInvalid)
	default:
		res, err = s.log.Append(r.Context(), &bridge.OfferDraft{
			Actor: whoIs(r).actor(), Conversation: id, Body: p.Body, Key: formKey(r, "draft", to, p.Body),
		})
	}
	switch {
	case err != nil && isFragment(r):
		return err
	case err != nil:
		status, _, text := classify(err)
		if status >= 500 || status == http.StatusNotFound {
			return err
		}
		p.Error = text
		return s.showDraftForm(w, r, status, p, to)
	case !isFragment(r):
		http.Redirect(w, r, fmt.Sprintf("/tickets/%d?take=%d#m%d", ticket, res.ID.Seq, res.ID.Seq), http.StatusSeeOther)
		return nil
	}
	return s.changed(w, r, ticket, "")
}

func (s *Server) showDraftForm(w http.ResponseWriter, r *http.Request, status int, p draftPage, chosen string) error {
	var err error
	if p.Subject, p.To, err = s.openTalks(r, p.Ticket, chosen); err != nil {
		return err
	}
	p.page = s.page(r, "Ask for a review", "tickets")
	s.render(w, r, status, "draft", p)
	return nil
}

// seenText is the entry of the draft's text that the form was made with.
func seenText(r *http.Request) int64 {
	seq, _ := strconv.ParseInt(r.PostFormValue("text"), 10, 64) // without it: the present one
	return seq
}

func (s *Server) approveDraft(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "m", func(id bridge.ID) bridge.Command {
		return &bridge.ApproveDraft{Actor: whoIs(r).actor(), Draft: id, Text: seenText(r)}
	})
}

func (s *Server) suggestDraft(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "m", func(id bridge.ID) bridge.Command {
		body := r.PostFormValue("body")
		return &bridge.SuggestDraft{
			Actor: whoIs(r).actor(), Draft: id, Text: seenText(r), Body: body, Key: formKey(r, "suggest", id.String(), body),
		}
	})
}

func (s *Server) dismissDraft(w http.ResponseWriter, r *http.Request) error {
	return s.act(w, r, "m", func(id bridge.ID) bridge.Command {
		return &bridge.DismissDraft{Actor: whoIs(r).actor(), Suggestion: id}
	})
}

// takeDraft records that a suggested text was taken, and gives it, as it was written, for
// the reply box. It sends nothing to anybody.
func (s *Server) takeDraft(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if _, err := s.log.Append(r.Context(), &bridge.TakeDraft{Actor: whoIs(r).actor(), Suggestion: id}); err != nil {
		return s.refuse(w, r, id.Ticket, typed{Form: fmt.Sprintf("m%d", id.Seq)}, startForm{}, err)
	}
	if !isFragment(r) {
		http.Redirect(w, r, fmt.Sprintf("/tickets/%d?take=%d#reply", id.Ticket, id.Seq), http.StatusSeeOther)
		return nil
	}
	st, err := s.store.TicketPage(r.Context(), viewer(r), id.Ticket)
	if err != nil {
		return err
	}
	v := newView(st, id.Ticket, names{}, whoIs(r), s.now())
	m := st.Messages[id]
	if m == nil || v.entries[m.BodySeq] == nil {
		return fmt.Errorf("message %s: %w", id, bridge.ErrNotFound)
	}
	p := takenPiece{Text: v.entries[m.BodySeq].Words.Body}
	p.Instead = v.textsOf(m.Draft)
	return s.fragment(w, "taken", p)
}

// textsOf are all texts that a draft has had and that were suggested for it: whichever
// of them is in the reply box gives way to the one that is taken.
func (v *view) textsOf(draft int64) []string {
	var out []string
	for _, e := range v.st.Entries {
		m := v.st.Messages[bridge.ID{Ticket: v.ticket, Seq: cmp.Or(e.Facts.Message, e.Seq)}]
		if m == nil || m.Draft != draft || e.Words.Body == "" || slices.Contains(out, e.Words.Body) {
			continue
		}
		out = append(out, e.Words.Body)
	}
	return out
}

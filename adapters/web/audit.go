package web

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// The sizes of the audit trail's page.
const (
	trailSize  = 200  // entries shown
	trailCheck = 5000 // entries verified while a page is made
	longBody   = 600  // bytes of a body that is not folded away
)

// auditPage is the audit trail of a ticket.
type auditPage struct {
	page
	ID         int64
	Subject    string
	Lines      []trailLine
	Deliveries bool // entries about deliveries are shown
	Restricted bool // that there are restricted conversations is told
	Checked    string
	Broken     string // what is wrong with the chain
	Next       int64
	First      bool
}

// trailLine is an entry as a person reads it.
type trailLine struct {
	Seq     int64
	At      time.Time
	Author  author
	System  bool
	Role    bridge.Role
	Text    string
	Place   string
	Body    string
	Long    bool // the body is folded away
	Note    string
	Files   []string
	Erased  bool
	CanGo   bool   // an admin can erase the words
	Short   string // the first digits of the hash
	Hash    string
	Account string // the account it was done from, where no person is known
	// Withheld: it is of a restricted conversation that the reader may not see.
	Withheld bool
}

func (s *Server) auditPage(w http.ResponseWriter, r *http.Request) error {
	id, err := ticketOf(r)
	if err != nil {
		return err
	}
	after, _ := strconv.ParseInt(r.FormValue("after"), 10, 64) // what is no number is the start
	p := auditPage{ID: id, Deliveries: r.FormValue("deliveries") != "", First: after <= 0}
	st, err := s.store.TicketSince(r.Context(), viewer(r), id, math.MaxInt64)
	if err != nil {
		return err
	}
	if err := s.store.RecordAccess(r.Context(), whoIs(r).actor(), bridge.AccessPage, readAll(st, id, itemTrail)...); err != nil {
		return err
	}
	if p.Restricted, err = s.tellsRestricted(r); err != nil {
		return err
	}
	if err := s.fillTrail(r.Context(), viewer(r), st, &p, max(after, 0)); err != nil {
		return err
	}
	if p.Checked, p.Broken, err = s.verify(r.Context(), st.Tickets[id]); err != nil {
		return err
	}
	p.page = s.page(r, fmt.Sprintf("Audit trail of #%d", id), "tickets")
	s.render(w, r, http.StatusOK, "audit", p)
	return nil
}

// fillTrail fills a page's lines. Where entries about deliveries are left out, it
// reads on until the page is full or the log ends.
func (s *Server) fillTrail(ctx context.Context, who string, st *bridge.State, p *auditPage, after int64) error {
	first, err := s.store.Entries(ctx, who, p.ID, 0, 1)
	if err != nil {
		return err
	}
	if len(first) > 0 {
		p.Subject = first[0].Words.Subject
	}
	subjects := map[int64]string{}
	for _, e := range st.Entries {
		if e.Kind == bridge.ConversationStarted {
			subjects[e.Seq] = e.Words.Subject
		}
	}
	for len(p.Lines) < trailSize {
		entries, err := s.store.Entries(ctx, who, p.ID, after, trailSize)
		if err != nil {
			return err
		}
		st.Entries = entries
		n, err := s.namesOf(ctx, st)
		if err != nil {
			return err
		}
		n.subjects = subjects
		for _, e := range entries {
			after = e.Seq
			if e.Withheld && !p.Restricted {
				continue
			}
			if aboutDelivery(e.Kind) && !p.Deliveries {
				continue
			}
			if p.Lines = append(p.Lines, n.trailLine(e, st)); len(p.Lines) == trailSize {
				break
			}
		}
		if len(entries) < trailSize {
			break
		}
	}
	if after < st.Tickets[p.ID].Head {
		p.Next = after
	}
	return nil
}

func (n names) trailLine(e *bridge.Entry, st *bridge.State) trailLine {
	hash := hex.EncodeToString(e.Hash)
	if e.Withheld {
		return trailLine{Seq: e.Seq, System: true, Withheld: true, Short: hash[:min(8, len(hash))], Hash: hash}
	}
	line := trailLine{
		Seq: e.Seq, At: e.At, Author: authorOf(e), System: e.Facts.Role == bridge.RoleSystem, Role: e.Facts.Role,
		Text: n.sentence(e), Place: n.entryPlace(e, st), Body: e.Words.Body, Long: len(e.Words.Body) > longBody, Note: e.Words.Note, Files: e.Words.Files,
		Erased: e.Erased, CanGo: mayErase(e), Short: hash[:min(8, len(hash))], Hash: hash,
	}
	if a := e.Facts.Account; e.Facts.Person == "" && a.ID != "" && deletedIn(e) == "" {
		line.Account = surfaceName(a.Surface) + " " + a.ID
	}
	return line
}

// verify recomputes the chain of a ticket, when it is short enough to do so while
// a page is made, and compares its end with the ticket's row.
func (s *Server) verify(ctx context.Context, t *bridge.Ticket) (checked, broken string, err error) {
	if t.Head > trailCheck {
		return fmt.Sprintf("The trail has %d entries; “sidebridge audit verify” checks one that long.", t.Head), "", nil
	}
	entries, err := s.store.Entries(ctx, bridge.SeesAll, t.ID, 0, trailCheck)
	if err != nil {
		return "", "", err
	}
	var prev []byte
	for i, e := range entries {
		if int64(i)+1 > t.Head {
			break // accepted since the row was read
		}
		if broken = checkEntry(e, int64(i)+1, prev); broken != "" {
			return "", broken, nil
		}
		prev = e.Hash
	}
	if int64(len(entries)) < t.Head || !bytes.Equal(prev, t.HeadHash) {
		return "", "The last entry is not the one that the ticket names as its last.", nil
	}
	return fmt.Sprintf("All %d entries were checked just now: each one follows from the one before.", t.Head), "", nil
}

// checkEntry says what is wrong with an entry, given the hash of the one before.
func checkEntry(e *bridge.Entry, seq int64, prev []byte) string {
	switch {
	case e.Seq != seq:
		return fmt.Sprintf("Entry %d is missing.", seq)
	case !bytes.Equal(bridge.ChainHash(e, prev), e.Hash):
		return fmt.Sprintf("Entry %d does not follow from the one before: it was changed.", seq)
	case len(e.Content) > 0 && !bytes.Equal(bridge.Commit(e.Salt, e.Content), e.Commitment):
		return fmt.Sprintf("The words of entry %d are not those that were recorded.", seq)
	}
	return ""
}

// historyPage is every version of a message.
type historyPage struct {
	page
	ID       bridge.ID
	Versions []trailLine
}

func (s *Server) historyPage(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	entries, err := s.store.History(r.Context(), viewer(r), id)
	if err != nil {
		return err
	}
	read := bridge.Access{Ticket: id.Ticket, Conversation: entries[0].Facts.Conversation, Item: fmt.Sprintf("versions of %d", id.Seq)}
	if err := s.store.RecordAccess(r.Context(), whoIs(r).actor(), bridge.AccessPage, read); err != nil {
		return err
	}
	st := bridge.NewState(s.now())
	st.Entries = entries
	n, err := s.namesOf(r.Context(), st)
	if err != nil {
		return err
	}
	p := historyPage{page: s.page(r, "Versions of a message", "tickets"), ID: id}
	for _, e := range entries {
		line := n.trailLine(e, st)
		line.Text = map[bridge.Kind]string{
			bridge.MessagePosted: "wrote it", bridge.MessageEdited: "edited it", bridge.MessageDeleted: "deleted it",
		}[e.Kind]
		p.Versions = append(p.Versions, line)
	}
	if isFragment(r) {
		return s.fragment(w, "versions", p)
	}
	s.render(w, r, http.StatusOK, "history", p)
	return nil
}

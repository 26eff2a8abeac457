package web

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// approversListed is how many people the form lists; others are named by hand.
const approversListed = 60

// request is a request for approval as a page shows it.
type request struct {
	ID        bridge.ID
	Into      string
	Author    author
	At        time.Time
	Body      string
	Erased    bool
	State     string
	EndedBy   string // who withdrew it
	Approvers []approverLine
	// Mine: whoever looks can answer, or has approved and can still refuse.
	Mine, Given bool
}

// approverLine is what one of the named people has answered.
type approverLine struct {
	Name  string
	State string
	At    time.Time
	Where string // the chat it was answered from
	Note  string
}

// Anchor is the id of the request's element.
func (r request) Anchor() string { return fmt.Sprintf("a%d", r.ID.Seq) }

// Open reports whether the request waits.
func (r request) Open() bool { return r.State == bridge.ApprovalPending }

// requests makes the views of a conversation's requests, the oldest first.
func (v *view) requests(conversation int64) []request {
	var out []request
	for id, a := range v.st.Approvals {
		if a.Conversation != conversation {
			continue
		}
		if shown, ok := v.request(id); ok {
			out = append(out, shown)
		}
	}
	slices.SortFunc(out, func(a, b request) int { return cmp.Compare(a.ID.Seq, b.ID.Seq) })
	return out
}

// request makes the view of one, false when its rows or entries were not read.
func (v *view) request(id bridge.ID) (request, bool) {
	a, asked := v.st.Approvals[id], v.entries[id.Seq]
	if a == nil || asked == nil {
		return request{}, false
	}
	out := request{
		ID: id, Into: conversationAnchor(a.Conversation) + "-approvals", Author: authorOf(asked), At: asked.At,
		Body: asked.Words.Body, Erased: asked.Erased, State: a.State,
	}
	if last := v.entries[a.StateSeq]; last != nil && last.Kind == bridge.ApprovalWithdrawn {
		out.EndedBy = authorOf(last).Name
	}
	var people []bridge.Approver
	for _, p := range v.st.Approvers {
		people = append(people, *p)
	}
	for _, p := range bridge.NewRequest(*a, asked, people).Approvers {
		line := approverLine{Name: cmp.Or(p.Name, v.names.person(p.Person)), State: p.State}
		if e := v.entries[p.Seq]; e != nil && e != asked {
			line.At, line.Note, line.Where = e.At, e.Words.Note, v.names.entryPlace(e, v.st)
		}
		if p.Person == v.me.ID && out.Open() {
			out.Mine, out.Given = true, p.State == bridge.ApprovalApproved
		}
		out.Approvers = append(out.Approvers, line)
	}
	return out, true
}

// approvalPage is the form that asks for approval.
type approvalPage struct {
	page
	ID      bridge.ID
	Subject string
	Body    string
	Others  string
	People  []choiceOf
	Error   string
	Key     string
	Longest int
}

func (s *Server) approvalPage(w http.ResponseWriter, r *http.Request) error {
	return s.showApprovalForm(w, r, http.StatusOK, approvalPage{}, nil)
}

func (s *Server) showApprovalForm(w http.ResponseWriter, r *http.Request, status int, p approvalPage, chosen []string) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	st, err := s.store.TicketSince(r.Context(), viewer(r), id.Ticket, math.MaxInt64)
	if err != nil {
		return err
	}
	conv := st.Conversations[id]
	if conv == nil {
		return fmt.Errorf("conversation %s: %w", id, bridge.ErrNotFound)
	}
	for _, e := range st.Entries {
		if e.Seq == id.Seq {
			p.Subject = e.Words.Subject
		}
	}
	if p.People, err = s.mayApprove(r.Context(), conv.Group, whoIs(r).ID, chosen); err != nil {
		return err
	}
	p.page = s.page(r, "Ask for approval", "tickets")
	p.ID, p.Key, p.Longest = id, newKey(), bridge.MaxApprovalText
	s.render(w, r, status, "approval", p)
	return nil
}

// mayApprove lists who can be asked: the people of the conversation's group first.
func (s *Server) mayApprove(ctx context.Context, group, me string, chosen []string) ([]choiceOf, error) {
	people, err := s.store.People(ctx, false)
	if err != nil {
		return nil, err
	}
	members, err := s.store.Members(ctx)
	if err != nil {
		return nil, err
	}
	first := func(k bridge.Known) bool {
		return slices.Contains(members[group], k.Person) || slices.Contains(chosen, k.Person)
	}
	people = slices.DeleteFunc(people, func(k bridge.Known) bool { return k.Person == me })
	slices.SortStableFunc(people, func(a, b bridge.Known) int {
		switch {
		case first(a) == first(b):
			return 0
		case first(a):
			return -1
		}
		return 1
	})
	var out []choiceOf
	for _, k := range people[:min(len(people), approversListed)] {
		out = append(out, choiceOf{Value: k.Person, Label: k.Name, On: slices.Contains(chosen, k.Person)})
	}
	return out, nil
}

func (s *Server) askApproval(w http.ResponseWriter, r *http.Request) error {
	id, err := idOf(r)
	if err != nil {
		return err
	}
	if err := parseForm(r); err != nil {
		return err
	}
	chosen, others, body := r.PostForm["approver"], r.PostFormValue("others"), r.PostFormValue("body")
	approvers, err := s.approvers(r.Context(), chosen, others)
	var res bridge.Result
	if err == nil {
		res, err = s.log.Append(r.Context(), &bridge.AskApproval{
			Actor: whoIs(r).actor(), Conversation: id, Approvers: approvers, Body: body,
			Key: formKey(r, append([]string{"approval", body, others}, chosen...)...),
		})
	}
	if err != nil {
		status, _, text := classify(err)
		if status >= 500 || status == http.StatusNotFound {
			return err
		}
		return s.showApprovalForm(w, r, status, approvalPage{Body: body, Others: others, Error: text}, chosen)
	}
	http.Redirect(w, r, fmt.Sprintf("/tickets/%d#a%d", id.Ticket, res.ID.Seq), http.StatusSeeOther)
	return nil
}

// approvers finds the people who are ticked and those who are named by hand.
func (s *Server) approvers(ctx context.Context, chosen []string, others string) ([]bridge.Known, error) {
	named := slices.Clone(chosen)
	for _, name := range strings.FieldsFunc(others, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		if name = strings.TrimSpace(name); name != "" {
			named = append(named, name)
		}
	}
	return s.knownBy(ctx, named)
}

// knownBy finds people by their ids, names or e-mail addresses. A name that several have
// must be told apart by the address.
func (s *Server) knownBy(ctx context.Context, named []string) ([]bridge.Known, error) {
	people, err := s.store.People(ctx, false)
	if err != nil {
		return nil, err
	}
	var out []bridge.Known
	for _, what := range named {
		i := slices.IndexFunc(people, func(k bridge.Known) bool { return k.Person == what })
		if i >= 0 {
			out = append(out, people[i])
			continue
		}
		var found []bridge.Known
		for _, k := range people {
			if strings.EqualFold(k.Name, what) || k.Account.ID != "" && strings.EqualFold(k.Account.ID, what) {
				found = append(found, k)
			}
		}
		switch len(found) {
		case 0:
			return nil, fmt.Errorf("%w: nobody we know is called %q", bridge.ErrInvalid, what)
		case 1:
			out = append(out, found[0])
		default:
			return nil, fmt.Errorf("%w: several people are called %q: give the e-mail address", bridge.ErrInvalid, what)
		}
	}
	return out, nil
}

// onRequest runs a command on the request in the path.
func (s *Server) onRequest(command func(*http.Request, bridge.ID) bridge.Command) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := idOf(r)
		if err != nil {
			return err
		}
		anchor := "a" + strconv.FormatInt(id.Seq, 10)
		if err = parseForm(r); err == nil {
			_, err = s.log.Append(r.Context(), command(r, id))
		}
		if err != nil {
			return s.refuse(w, r, id.Ticket, typed{Form: anchor}, startForm{}, err)
		}
		return s.changed(w, r, id.Ticket, anchor)
	}
}

func (s *Server) answerApproval(approve bool) handler {
	return s.onRequest(func(r *http.Request, id bridge.ID) bridge.Command {
		return &bridge.AnswerApproval{Actor: whoIs(r).actor(), Approval: id, Approve: approve, Note: r.PostFormValue("note")}
	})
}

func (s *Server) withdrawApproval() handler {
	return s.onRequest(func(r *http.Request, id bridge.ID) bridge.Command {
		return &bridge.WithdrawApproval{Actor: whoIs(r).actor(), Approval: id}
	})
}

// requests renders the requests for approval that the new entries are about.
func (f *follower) requests(v *view, b *bytes.Buffer) error {
	done := map[int64]bool{}
	for _, e := range v.st.Entries {
		seq := e.ApprovalOf()
		if e.Seq <= f.after || seq == 0 || done[seq] {
			continue
		}
		done[seq] = true
		if shown, ok := v.request(bridge.ID{Ticket: f.ticket, Seq: seq}); ok {
			if err := f.s.pages.piece(b, "approval", shown); err != nil {
				return err
			}
		}
	}
	return nil
}

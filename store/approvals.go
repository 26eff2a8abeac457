package store

import (
	"cmp"
	"context"

	"github.com/sidebridge/sidebridge/bridge"
)

type approvalRow struct {
	Ticket       int64  `db:"ticket"`
	Seq          int64  `db:"seq"`
	Conversation int64  `db:"conversation"`
	State        string `db:"state"`
	StateSeq     int64  `db:"state_seq"`
	By           string `db:"by_person"`
}

var approvalTable = table{name: "approvals", keys: 2, cols: []string{"ticket", "seq", "conversation", "state", "state_seq", "by_person"}}

const approvalCols = `ticket, seq, conversation, state, state_seq, by_person`

func (r approvalRow) approval() *bridge.Approval {
	return &bridge.Approval{
		ID: bridge.ID{Ticket: r.Ticket, Seq: r.Seq}, Conversation: r.Conversation, State: r.State, StateSeq: r.StateSeq, By: r.By,
	}
}

func approvalValues(a *bridge.Approval) []any {
	return []any{a.ID.Ticket, a.ID.Seq, a.Conversation, a.State, a.StateSeq, a.By}
}

type approverRow struct {
	Ticket   int64  `db:"ticket"`
	Approval int64  `db:"approval"`
	Person   string `db:"person"`
	N        int64  `db:"n"`
	State    string `db:"state"`
	Seq      int64  `db:"seq"`
}

var approverTable = table{name: "approvers", keys: 3, cols: []string{"ticket", "approval", "person", "n", "state", "seq"}}

const approverCols = `ticket, approval, person, n, state, seq`

func (r approverRow) approver() *bridge.Approver {
	key := bridge.ApproverKey{Approval: bridge.ID{Ticket: r.Ticket, Seq: r.Approval}, Person: r.Person}
	return &bridge.Approver{ApproverKey: key, N: int(r.N), State: r.State, Seq: r.Seq}
}

func approverValues(p *bridge.Approver) []any {
	return []any{p.Approval.Ticket, p.Approval.Seq, p.Person, int64(p.N), p.State, p.Seq}
}

func compareApprovers(a, b bridge.ApproverKey) int {
	return cmp.Or(compareIDs(a.Approval, b.Approval), cmp.Compare(a.Person, b.Person))
}

// readApprovals reads the tickets' requests for approval, when a command is about one.
func (l *loader) readApprovals(ctx context.Context) error {
	if !l.all.approvals || len(l.all.tickets) == 0 {
		return nil
	}
	var rows []approvalRow
	if err := l.s.build("SELECT "+approvalCols+" FROM approvals WHERE ticket").in(anys(l.all.tickets)).query(ctx, l.tx, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		a := r.approval()
		l.st.Approvals[a.ID] = a
	}
	var people []approverRow
	err := l.s.build("SELECT "+approverCols+" FROM approvers WHERE ticket").in(anys(l.all.tickets)).query(ctx, l.tx, &people)
	for _, r := range people {
		p := r.approver()
		l.st.Approvers[p.ApproverKey] = p
	}
	return err
}

// requests reads the requests for approval that the entries are about.
func (r *workReader) requests(ctx context.Context) error {
	about := map[int64]bool{}
	for _, e := range r.w.Entries {
		set(about, e.ApprovalOf())
	}
	if len(about) == 0 {
		return nil
	}
	var rows []approvalRow
	if err := r.s.build("SELECT "+approvalCols+" FROM approvals WHERE ticket = ? AND seq", r.ticket).in(anys(about)).add(" ORDER BY seq").selectInto(ctx, r.tx, &rows); err != nil {
		return err
	}
	var people []approverRow
	if err := r.s.build("SELECT "+approverCols+" FROM approvers WHERE ticket = ? AND approval", r.ticket).in(anys(about)).selectInto(ctx, r.tx, &people); err != nil {
		return err
	}
	asked, err := r.read(ctx, r.s.build(entryQuery+"WHERE e.ticket = ? AND e.seq", r.ticket).in(anys(about)))
	if err != nil {
		return err
	}
	approvers := convert(people, func(p approverRow) bridge.Approver { return *p.approver() })
	for _, row := range rows {
		for _, e := range asked {
			if e.Seq == row.Seq {
				r.w.Requests = append(r.w.Requests, bridge.NewRequest(*row.approval(), e, approvers))
			}
		}
	}
	return nil
}

// approvals makes a step that reads a ticket's requests for approval, with the entries
// that asked and those that answered.
func (r *pageReader) approvals(ticket int64) step {
	return func(ctx context.Context) error {
		err := r.run(ctx,
			rowsOf(r, r.s.build("SELECT "+approvalCols+" FROM approvals WHERE ticket = ?", ticket), approvalRow.approval,
				func(a *bridge.Approval) { r.st.Approvals[a.ID] = a }),
			rowsOf(r, r.s.build("SELECT "+approverCols+" FROM approvers WHERE ticket = ?", ticket), approverRow.approver,
				func(p *bridge.Approver) { r.st.Approvers[p.ApproverKey] = p }),
		)
		if err != nil || len(r.st.Approvals) == 0 {
			return err
		}
		missing := map[int64]bool{}
		for id, a := range r.st.Approvals {
			missing[id.Seq], missing[a.StateSeq] = true, true
		}
		for _, p := range r.st.Approvers {
			missing[p.Seq] = true
		}
		for _, e := range r.st.Entries {
			delete(missing, e.Seq)
		}
		if len(missing) == 0 {
			return nil
		}
		return r.entries(r.s.build(entryQuery+"WHERE e.ticket = ? AND e.seq IN ", ticket).list(anys(missing)).add(" ORDER BY e.seq"))(ctx)
	}
}

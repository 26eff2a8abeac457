package store

import (
	"context"

	"github.com/sidebridge/sidebridge/bridge"
)

type reviewRow struct {
	Ticket       int64  `db:"ticket"`
	Seq          int64  `db:"seq"`
	Conversation int64  `db:"conversation"`
	Draft        int64  `db:"draft"`
	Text         int64  `db:"text_seq"`
	By           string `db:"by_who"`
	State        string `db:"state"`
	StateSeq     int64  `db:"state_seq"`
}

var reviewTable = table{name: "reviews", keys: 2, cols: []string{
	"ticket", "seq", "conversation", "draft", "text_seq", "by_who", "state", "state_seq",
}}

const reviewCols = `ticket, seq, conversation, draft, text_seq, by_who, state, state_seq`

func (r reviewRow) review() *bridge.Review {
	return &bridge.Review{
		ID: bridge.ID{Ticket: r.Ticket, Seq: r.Seq}, Conversation: r.Conversation, Draft: r.Draft, Text: r.Text,
		By: r.By, State: r.State, StateSeq: r.StateSeq,
	}
}

func reviewValues(r *bridge.Review) []any {
	return []any{r.ID.Ticket, r.ID.Seq, r.Conversation, r.Draft, r.Text, r.By, r.State, r.StateSeq}
}

// readReviews reads the tickets' drafts and what was said of them, when a command is
// about one.
func (l *loader) readReviews(ctx context.Context) error {
	if !l.all.reviews || len(l.all.tickets) == 0 {
		return nil
	}
	ids := anys(l.all.tickets)
	var drafts []messageRow
	if err := l.s.build("SELECT "+messageCols+" FROM messages WHERE draft = seq AND ticket").in(ids).query(ctx, l.tx, &drafts); err != nil {
		return err
	}
	for _, r := range drafts {
		m := r.message()
		l.st.Messages[m.ID] = m
	}
	if len(drafts) == 0 {
		return nil
	}
	var rows []reviewRow
	err := l.s.build("SELECT "+reviewCols+" FROM reviews WHERE ticket").in(ids).query(ctx, l.tx, &rows)
	for _, r := range rows {
		x := r.review()
		l.st.Reviews[x.ID] = x
	}
	return err
}

// reviewed reads the drafts that the entries are about, with what was said of them.
func (r *workReader) reviewed(ctx context.Context) error {
	about := map[int64]bool{}
	for _, e := range r.w.Entries {
		set(about, e.DraftOf(r.w.Messages))
	}
	if len(about) == 0 {
		return nil
	}
	var drafts []messageRow
	if err := r.s.build("SELECT "+messageCols+" FROM messages WHERE ticket = ? AND seq", r.ticket).in(anys(about)).add(" ORDER BY seq").selectInto(ctx, r.tx, &drafts); err != nil {
		return err
	}
	var rows []reviewRow
	if err := r.s.build("SELECT "+reviewCols+" FROM reviews WHERE ticket = ? AND draft", r.ticket).in(anys(about)).selectInto(ctx, r.tx, &rows); err != nil {
		return err
	}
	var said []*bridge.Entry
	if len(rows) > 0 {
		seqs := map[int64]bool{}
		for _, row := range rows {
			seqs[row.Seq] = true
		}
		var err error
		if said, err = r.read(ctx, r.s.build(entryQuery+"WHERE e.ticket = ? AND e.seq", r.ticket).in(anys(seqs))); err != nil {
			return err
		}
	}
	reviews := convert(rows, func(row reviewRow) bridge.Review { return *row.review() })
	for _, d := range drafts {
		r.w.Reviewed = append(r.w.Reviewed, bridge.NewReviewed(*d.message(), reviews, said))
	}
	return nil
}

// reviews makes a step that reads what was said of a ticket's drafts, with the entries
// that said it and those of the texts that it is about.
func (r *pageReader) reviews(ticket int64) step {
	return func(ctx context.Context) error {
		err := r.run(ctx,
			rowsOf(r, r.s.build("SELECT "+reviewCols+" FROM reviews WHERE ticket = ?", ticket), reviewRow.review,
				func(x *bridge.Review) { r.st.Reviews[x.ID] = x }))
		if err != nil || len(r.st.Reviews) == 0 {
			return err
		}
		missing := map[int64]bool{}
		for id, x := range r.st.Reviews {
			missing[id.Seq], missing[x.StateSeq], missing[x.Text] = true, true, true
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

// DraftAt returns the draft whose buttons a post of ours has. One that was withdrawn, or
// another post, is not found.
func (s *Store) DraftAt(ctx context.Context, place bridge.Place, ref string) (bridge.DraftText, error) {
	var out bridge.DraftText
	st, err := s.snapshot(ctx, func(r *pageReader) error {
		b := s.build(entryQuery+`JOIN messages m ON m.ticket = e.ticket AND m.body_seq = e.seq AND m.draft = m.seq AND m.deleted_seq = 0
			JOIN copies p ON p.ticket = m.ticket AND p.entry = m.seq AND p.message = 0
			WHERE p.surface = ? AND p.workspace = ? AND p.channel = ? AND p.ref = ?`, place.Surface, place.Workspace, place.Channel, ref)
		return r.entries(b)(ctx)
	})
	if err != nil || len(st.Entries) == 0 {
		return out, notFound(err, "draft", ref)
	}
	e := st.Entries[0]
	out = bridge.DraftText{Draft: e.ID(), Text: e.Seq, Body: e.Words.Body}
	if e.Facts.Message != 0 {
		out.Draft.Seq = e.Facts.Message
	}
	return out, nil
}

package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/words"
)

// searchDoc is what is found by its words: a subject, or something said.
type searchDoc struct {
	conversation, body int64
	text               string
}

// searchDocs returns what entries, in order, make of what is found: a nil one is gone.
func searchDocs(entries []*bridge.Entry) map[bridge.ID]*searchDoc {
	out := map[bridge.ID]*searchDoc{}
	for _, e := range entries {
		d := &searchDoc{conversation: e.Facts.Conversation, body: e.Seq}
		id := e.ID()
		switch e.Kind {
		case bridge.TicketCreated:
			d.text = strings.Join([]string{e.Words.Subject, e.Words.Requester, e.Words.Email}, " ")
		case bridge.ConversationStarted:
			d.conversation, d.text = e.Seq, e.Words.Subject
		case bridge.CustomerWrote, bridge.CustomerReply, bridge.NoteWritten, bridge.MessagePosted:
			d.text = e.Words.Body + " " + strings.Join(e.Words.Files, " ")
		case bridge.MessageEdited:
			id.Seq, d.text = e.Facts.Message, e.Words.Body
		case bridge.MessageDeleted:
			id.Seq, d = e.Facts.Message, nil
		default:
			continue
		}
		out[id] = d
	}
	return out
}

// putWords keeps what entries are found by. Edits and deletes take the old words away.
func (s *Store) putWords(ctx context.Context, tx *sqlx.Tx, entries []*bridge.Entry) error {
	docs := searchDocs(entries)
	fresh := map[bridge.ID]bool{}
	for _, e := range entries {
		fresh[e.ID()] = true
	}
	var gone, rows [][]any
	for _, id := range sortedIDs(docs) {
		if !fresh[id] {
			gone = append(gone, []any{id.Ticket, id.Seq})
		}
		if d := docs[id]; d != nil && strings.TrimSpace(d.text) != "" {
			rows = append(rows, []any{id.Ticket, id.Seq, d.conversation, d.body, d.text})
		}
	}
	if len(gone) > 0 {
		if err := s.build("DELETE FROM search_docs WHERE (ticket, seq) IN (").tuples(gone).add(")").run(ctx, tx); err != nil {
			return err
		}
	}
	if len(rows) == 0 {
		return nil
	}
	if s.dialect.name == "postgres" {
		return s.putWordsPostgres(ctx, tx, rows)
	}
	return s.putWordsSQLite(ctx, tx, rows)
}

func sortedIDs(docs map[bridge.ID]*searchDoc) []bridge.ID {
	keys := make(map[bridge.ID]bool, len(docs))
	for id := range docs {
		keys[id] = true
	}
	out := make([]bridge.ID, 0, len(docs))
	for _, row := range changed(keys, compareIDs, func(id bridge.ID) []any { return []any{id} }) {
		out = append(out, row[0].(bridge.ID))
	}
	return out
}

func (s *Store) putWordsPostgres(ctx context.Context, tx *sqlx.Tx, rows [][]any) error {
	for _, row := range rows {
		row[4] = words.TSVector(row[4].(string))
	}
	return s.build(`INSERT INTO search_docs (ticket, seq, conversation, body_seq, words)
		SELECT v.column1, v.column2, v.column3, v.column4, CAST(v.column5 AS tsvector) FROM (`).tuples(rows).
		add(") AS v ON CONFLICT (ticket, seq) DO NOTHING").run(ctx, tx)
}

func (s *Store) putWordsSQLite(ctx context.Context, tx *sqlx.Tx, rows [][]any) error {
	doc, err := tx.PreparexContext(ctx, `INSERT INTO search_docs (ticket, seq, conversation, body_seq) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`)
	if err != nil {
		return err
	}
	defer doc.Close()
	text, err := tx.PreparexContext(ctx, `INSERT INTO search_words (rowid, words) VALUES (?, ?)`)
	if err != nil {
		return err
	}
	defer text.Close()
	for _, row := range rows {
		res, err := doc.ExecContext(ctx, row[:4]...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			continue // it is there already
		}
		id, err := res.LastInsertId()
		if err != nil {
			return err
		}
		if _, err := text.ExecContext(ctx, id, strings.Join(words.Split(row[4].(string)), " ")); err != nil {
			return err
		}
	}
	return nil
}

// Search returns up to limit finds of a query that a person may see, the newest first,
// that come before a position (zero: from the start), with the tickets, the
// conversations and the entries that they are about.
func (s *Store) Search(ctx context.Context, person string, q words.Query, before int64, limit int) (*bridge.State, []bridge.Found, error) {
	var found []bridge.Found
	if len(q) == 0 {
		return bridge.NewState(s.now()), nil, nil
	}
	st, err := s.snapshot(ctx, func(r *pageReader) error {
		var b *builder
		if s.dialect.name == "postgres" {
			b = s.build("SELECT d.id, d.ticket, d.seq, d.conversation, d.body_seq FROM search_docs d WHERE d.words @@ CAST(? AS tsquery)", q.TSQuery())
		} else {
			b = s.build(`SELECT d.id, d.ticket, d.seq, d.conversation, d.body_seq FROM search_words w
				JOIN search_docs d ON d.id = w.rowid WHERE search_words MATCH ?`, q.FTS5())
		}
		b.add(` AND (d.conversation = 0 OR EXISTS (SELECT 1 FROM conversations c WHERE c.ticket = d.ticket AND c.seq = d.conversation`).
			visible(person).add("))")
		id := map[bool]string{true: "d.id", false: "w.rowid"}[s.dialect.name == "postgres"]
		if before > 0 {
			b.add(" AND "+id+" < ?", before)
		}
		b.add(" ORDER BY "+id+" DESC LIMIT ?", int64(limit))
		var rows []struct {
			ID           int64 `db:"id"`
			Ticket       int64 `db:"ticket"`
			Seq          int64 `db:"seq"`
			Conversation int64 `db:"conversation"`
			BodySeq      int64 `db:"body_seq"`
		}
		if err := b.selectInto(ctx, r.tx, &rows); err != nil || len(rows) == 0 {
			return err
		}
		tickets, entries := map[int64]bool{}, map[bridge.ID]bool{}
		for _, row := range rows {
			f := bridge.Found{
				ID: bridge.ID{Ticket: row.Ticket, Seq: row.Seq}, Conversation: row.Conversation, BodySeq: row.BodySeq, Position: row.ID,
			}
			found = append(found, f)
			tickets[row.Ticket] = true
			for _, seq := range []int64{row.Seq, row.BodySeq, row.Conversation} {
				if seq > 0 {
					entries[bridge.ID{Ticket: row.Ticket, Seq: seq}] = true
				}
			}
		}
		if err := r.tickets(s.build("SELECT " + ticketCols + " FROM tickets WHERE id").in(anys(tickets)))(ctx); err != nil {
			return err
		}
		for id, t := range r.st.Tickets {
			entries[bridge.ID{Ticket: id, Seq: t.Created}] = true
		}
		return r.entries(s.build(entryQuery + "JOIN (").tuples(idTuples(entries)).add(") AS v ON e.ticket = v.column1 AND e.seq = v.column2"))(ctx)
	})
	return st, found, err
}

// indexBacklog indexes the tickets that are older than the search, each in a
// transaction of its own. Several daemons may do so at once.
func (s *Store) indexBacklog(ctx context.Context) error {
	var tickets []int64
	if err := s.list(ctx, &tickets, `SELECT ticket FROM search_todo ORDER BY ticket`); err != nil {
		return err
	}
	for _, id := range tickets {
		if err := s.within(ctx, func(tx *sqlx.Tx) error { return s.indexTicket(ctx, tx, id) }); err != nil {
			return fmt.Errorf("index the words of ticket %d: %w", id, err)
		}
	}
	return nil
}

func (s *Store) indexTicket(ctx context.Context, tx *sqlx.Tx, id int64) error {
	entries, err := s.lockedLog(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := s.putWords(ctx, tx, entries); err != nil {
		return err
	}
	_, err = s.build("DELETE FROM search_todo WHERE ticket = ?", id).exec(ctx, tx)
	return err
}

// lockedLog reads all entries of a ticket, which gets no others until tx ends.
func (s *Store) lockedLog(ctx context.Context, tx *sqlx.Tx, id int64) ([]*bridge.Entry, error) {
	var head []int64
	if err := s.build("SELECT head FROM tickets WHERE id = ?"+s.dialect.forUpdate, id).selectInto(ctx, tx, &head); err != nil {
		return nil, err
	}
	var rows []entryRow
	if err := s.build(entryQuery+"WHERE e.ticket = ? ORDER BY e.seq", id).selectInto(ctx, tx, &rows); err != nil {
		return nil, err
	}
	entries := make([]*bridge.Entry, 0, len(rows))
	for _, row := range rows {
		e, err := row.entry()
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

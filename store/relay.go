package store

import (
	"context"
	"fmt"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Behind returns the mirrors of a workspace that have something to be shown and
// may be worked on now, longest waiting first.
func (s *Store) Behind(ctx context.Context, surface, workspace string, limit int) ([]bridge.Mirror, error) {
	return s.mirrors(ctx, `WHERE surface = ? AND workspace = ? AND cursor < head AND parked = '' AND due <= ?
		ORDER BY due, ticket, seq LIMIT ?`, surface, workspace, bridge.Micros(s.now()), limit)
}

// NextDue returns when the next deferred mirror of a workspace may be tried, zero when none waits.
func (s *Store) NextDue(ctx context.Context, surface, workspace string) (time.Time, error) {
	var due int64
	err := s.get(ctx, &due, `SELECT COALESCE(MIN(due), 0) FROM mirrors
		WHERE surface = ? AND workspace = ? AND cursor < head AND parked = ''`, surface, workspace)
	return bridge.FromMicros(due), err
}

// Parked returns the parked mirrors of a workspace, or of one channel of it when channel is not empty.
func (s *Store) Parked(ctx context.Context, surface, workspace, channel string) ([]bridge.Mirror, error) {
	return s.mirrors(ctx, `WHERE surface = ? AND workspace = ? AND parked <> '' AND (channel = ? OR ? = '')
		ORDER BY ticket, seq`, surface, workspace, channel, channel)
}

// Threads returns the mirrors of a workspace whose threads are to be listed for
// catch-up: those of open conversations, and those closed since the given time.
func (s *Store) Threads(ctx context.Context, surface, workspace string, closedSince time.Time) ([]bridge.Mirror, error) {
	return s.mirrors(ctx, `m JOIN conversations c ON c.ticket = m.ticket AND c.seq = m.conversation
		JOIN entries e ON e.ticket = c.ticket AND e.seq = c.state_seq
		WHERE m.surface = ? AND m.workspace = ? AND m.thread <> '' AND (c.open = 1 OR e.at >= ?)
		ORDER BY m.seen, m.ticket, m.seq`, surface, workspace, bridge.Micros(closedSince))
}

// Unlisted returns the mirrors whose thread was bound and never listed.
func (s *Store) Unlisted(ctx context.Context, surface, workspace string, limit int) ([]bridge.Mirror, error) {
	return s.mirrors(ctx, "WHERE surface = ? AND workspace = ? AND thread <> '' AND seen = '' ORDER BY ticket, seq LIMIT ?", surface, workspace, limit)
}

// Identify returns what the directory knows of an account.
func (s *Store) Identify(ctx context.Context, a bridge.Account) (bridge.Known, error) {
	var rows []struct {
		Person string `db:"person"`
		Role   string `db:"role"`
		Name   string `db:"name"`
	}
	err := s.list(ctx, &rows, `SELECT COALESCE(p.id, '') AS person, COALESCE(p.role, 'expert') AS role, COALESCE(p.name, a.name) AS name
		FROM accounts a LEFT JOIN people p ON p.id = a.person AND p.disabled = 0
		WHERE a.surface = ? AND a.workspace = ? AND a.id = ?`, a.Surface, a.Workspace, a.ID)
	if err != nil || len(rows) == 0 {
		return bridge.Known{Account: a, Role: bridge.RoleExpert}, err
	}
	return bridge.Known{Account: a, Person: rows[0].Person, Role: bridge.Role(rows[0].Role), Name: rows[0].Name}, nil
}

// Mirror returns one mirror.
func (s *Store) Mirror(ctx context.Context, id bridge.ID) (bridge.Mirror, error) {
	found, err := s.mirrors(ctx, "WHERE ticket = ? AND seq = ?", id.Ticket, id.Seq)
	if err != nil || len(found) == 0 {
		return bridge.Mirror{}, notFound(err, "mirror", id)
	}
	return found[0], nil
}

// MirrorByThread returns the mirror that has a thread.
func (s *Store) MirrorByThread(ctx context.Context, place bridge.Place, thread string) (bridge.Mirror, error) {
	found, err := s.mirrors(ctx, "WHERE surface = ? AND workspace = ? AND channel = ? AND thread = ? AND thread <> ''",
		place.Surface, place.Workspace, place.Channel, thread)
	if err != nil || len(found) == 0 {
		return bridge.Mirror{}, notFound(err, "thread", thread)
	}
	return found[0], nil
}

func notFound(err error, what string, id any) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%s %v: %w", what, id, bridge.ErrNotFound)
}

func (s *Store) mirrors(ctx context.Context, where string, args ...any) ([]bridge.Mirror, error) {
	var rows []mirrorRow
	cols := mirrorCols
	if where[0] == 'm' {
		cols = `m.ticket, m.seq, m.conversation, m.surface, m.workspace, m.channel, m.rule, m.thread, m.cursor, m.head,
			m.seen, m.parked, m.remedy, m.due, m.attempts, m.error, m.delivered_at`
	}
	if err := s.list(ctx, &rows, "SELECT "+cols+" FROM mirrors "+where, args...); err != nil {
		return nil, fmt.Errorf("read mirrors: %w", err)
	}
	out := make([]bridge.Mirror, len(rows))
	for i, r := range rows {
		out[i] = *r.mirror()
	}
	return out, nil
}

// Work reads what a worker needs to bring a mirror forward: at most limit entries after its cursor.
func (s *Store) Work(ctx context.Context, id bridge.ID, limit int) (bridge.Work, error) {
	m, err := s.Mirror(ctx, id)
	if err != nil {
		return bridge.Work{}, err
	}
	w := bridge.Work{Mirror: m}
	if w.Entries, err = s.entries(ctx, "WHERE e.ticket = ? AND e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?",
		id.Ticket, m.Cursor, m.Head, limit); err != nil {
		return w, err
	}
	if err := s.workConversation(ctx, &w); err != nil {
		return w, err
	}
	if w.Copies, err = s.mirrorCopies(ctx, id); err != nil {
		return w, err
	}
	var deliveries []deliveryRow
	if err := s.list(ctx, &deliveries, "SELECT "+deliveryCols+" FROM deliveries WHERE ticket = ? AND mirror = ?", id.Ticket, id.Seq); err != nil {
		return w, fmt.Errorf("read deliveries: %w", err)
	}
	for _, r := range deliveries {
		w.Deliveries = append(w.Deliveries, *r.delivery())
	}
	return w, s.workMessages(ctx, &w)
}

func (s *Store) workConversation(ctx context.Context, w *bridge.Work) error {
	if w.Mirror.Conversation == 0 {
		return nil
	}
	var row conversationRow
	id := w.Mirror.ID
	if err := s.get(ctx, &row, "SELECT "+conversationCols+" FROM conversations WHERE ticket = ? AND seq = ?", id.Ticket, w.Mirror.Conversation); err != nil {
		return fmt.Errorf("read conversation: %w", err)
	}
	w.Conversation = *row.conversation()
	first, err := s.entries(ctx, `WHERE e.ticket = ? AND e.conversation = ? AND e.kind = ? ORDER BY e.seq LIMIT 1`,
		id.Ticket, w.Mirror.Conversation, string(bridge.MessagePosted))
	if err != nil {
		return err
	}
	started, err := s.entries(ctx, "WHERE e.ticket = ? AND e.seq = ?", id.Ticket, w.Mirror.Conversation)
	if err != nil {
		return err
	}
	for _, e := range started {
		w.Subject, w.StarterName = e.Words.Subject, e.Words.Name
	}
	for _, e := range first {
		w.Question = e.Words.Body
	}
	return nil
}

// workMessages reads the present state of the messages that the entries are about.
func (s *Store) workMessages(ctx context.Context, w *bridge.Work) error {
	ids := map[int64]bool{}
	for _, e := range w.Entries {
		switch {
		case e.Facts.Message != 0:
			ids[e.Facts.Message] = true
		case e.Kind == bridge.MessagePosted, e.Kind == bridge.CustomerReply:
			ids[e.Seq] = true
		}
	}
	w.Messages, w.Files = map[int64]bridge.Message{}, map[int64][]bridge.File{}
	if len(ids) == 0 {
		return nil
	}
	var rows []messageRow
	if err := s.build("SELECT "+messageCols+" FROM messages WHERE ticket = ? AND seq IN ", w.Mirror.ID.Ticket).list(anys(ids)).selectInto(ctx, s.read, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		w.Messages[r.Seq] = *r.message()
	}
	var files []fileRow
	if err := s.build("SELECT "+fileCols+" FROM files WHERE ticket = ? AND message IN ", w.Mirror.ID.Ticket).list(anys(ids)).add(" ORDER BY message, n").selectInto(ctx, s.read, &files); err != nil {
		return err
	}
	for _, r := range files {
		w.Files[r.Message] = append(w.Files[r.Message], *r.file())
	}
	return s.fileNames(ctx, w)
}

// fileNames reads the posts whose files are shown by a later entry, for their names.
func (s *Store) fileNames(ctx context.Context, w *bridge.Work) error {
	ids := map[int64]bool{}
	for _, e := range w.Entries {
		if e.Kind == bridge.FileStored {
			ids[e.Facts.Message] = true
		}
	}
	w.Posts = map[int64]*bridge.Entry{}
	if len(ids) == 0 {
		return nil
	}
	var rows []entryRow
	if err := s.build(entryQuery+"WHERE e.ticket = ? AND e.seq IN ", w.Mirror.ID.Ticket).list(anys(ids)).selectInto(ctx, s.read, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		e, err := r.entry()
		if err != nil {
			return err
		}
		w.Posts[e.Seq] = e
	}
	return nil
}

func (s *Store) mirrorCopies(ctx context.Context, id bridge.ID) ([]bridge.Copy, error) {
	var rows []copyRow
	if err := s.list(ctx, &rows, "SELECT "+copyCols+" FROM copies c WHERE c.ticket = ? AND c.mirror = ? ORDER BY c.message, c.part", id.Ticket, id.Seq); err != nil {
		return nil, fmt.Errorf("read copies: %w", err)
	}
	out := make([]bridge.Copy, len(rows))
	for i, r := range rows {
		out[i] = *r.copy()
	}
	return out, nil
}

// MirrorCopies returns all copies that a mirror has, ours and theirs.
func (s *Store) MirrorCopies(ctx context.Context, id bridge.ID) ([]bridge.Copy, error) {
	return s.mirrorCopies(ctx, id)
}

// entries reads entries of the log with their words.
func (s *Store) entries(ctx context.Context, where string, args ...any) ([]*bridge.Entry, error) {
	var rows []entryRow
	if err := s.list(ctx, &rows, entryQuery+where, args...); err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	out := make([]*bridge.Entry, len(rows))
	for i, r := range rows {
		e, err := r.entry()
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

// Entries returns the entries of a ticket after a seq, at most limit.
func (s *Store) Entries(ctx context.Context, ticket, after int64, limit int) ([]*bridge.Entry, error) {
	return s.entries(ctx, "WHERE e.ticket = ? AND e.seq > ? ORDER BY e.seq LIMIT ?", ticket, after, limit)
}

// PendingFiles returns files of a workspace whose bytes are to be fetched now.
func (s *Store) PendingFiles(ctx context.Context, surface, workspace string, limit int) ([]bridge.File, error) {
	var rows []fileRow
	if err := s.list(ctx, &rows, "SELECT "+fileCols+` FROM files WHERE state = 'pending' AND surface = ? AND workspace = ? AND due <= ?
		ORDER BY due LIMIT ?`, surface, workspace, bridge.Micros(s.now()), limit); err != nil {
		return nil, fmt.Errorf("read pending files: %w", err)
	}
	out := make([]bridge.File, len(rows))
	for i, r := range rows {
		out[i] = *r.file()
	}
	return out, nil
}

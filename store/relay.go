package store

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jmoiron/sqlx"

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

// MirrorsIn returns all mirrors in a channel.
func (s *Store) MirrorsIn(ctx context.Context, p bridge.Place) ([]bridge.Mirror, error) {
	return s.mirrors(ctx, "WHERE surface = ? AND workspace = ? AND channel = ? ORDER BY ticket, seq", p.Surface, p.Workspace, p.Channel)
}

// Mirror returns one mirror.
func (s *Store) Mirror(ctx context.Context, id bridge.ID) (bridge.Mirror, error) {
	found, err := s.mirrors(ctx, "WHERE ticket = ? AND seq = ?", id.Ticket, id.Seq)
	if err != nil || len(found) == 0 {
		return bridge.Mirror{}, notFound(err, "mirror", id)
	}
	return found[0], nil
}

// MirrorByThread returns the mirror that has a thread. A place without channel is
// any channel of its workspace.
func (s *Store) MirrorByThread(ctx context.Context, place bridge.Place, thread string) (bridge.Mirror, error) {
	found, err := s.mirrors(ctx, "WHERE surface = ? AND workspace = ? AND thread = ? AND (channel = ? OR ? = '') AND thread <> ''",
		place.Surface, place.Workspace, thread, place.Channel, place.Channel)
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
			m.seen, m.parked, m.remedy, m.due, m.attempts, m.error, m.delivered_at, m.ended`
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

// Work reads what a worker needs to bring a mirror forward, as of one moment: at
// most limit entries after its cursor.
func (s *Store) Work(ctx context.Context, id bridge.ID, limit int) (w bridge.Work, err error) {
	tx, err := s.read.BeginTxx(ctx, snapshot(s.dialect))
	if err != nil {
		return w, fmt.Errorf("read mirror %s: %w", id, err)
	}
	defer tx.Rollback() // nothing was written
	r := workReader{s: s, tx: tx, w: &w, ticket: id.Ticket}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return r.mirror(ctx, id) },
		func(ctx context.Context) error { return r.entries(ctx, limit) },
		r.conversation, r.messages, r.files,
		func(ctx context.Context) error { return r.deliveries(ctx, id) },
		func(ctx context.Context) error { return r.copies(ctx, id) }, r.reactions, r.requests, r.reviewed, r.digests,
	} {
		if err := step(ctx); err != nil {
			return w, err
		}
	}
	return w, nil
}

// workReader reads the parts of a Work in one transaction.
type workReader struct {
	s      *Store
	tx     *sqlx.Tx
	w      *bridge.Work
	ticket int64
	about  map[int64]bool // the messages that the entries are about
}

func (r *workReader) mirror(ctx context.Context, id bridge.ID) error {
	var rows []mirrorRow
	err := r.s.build("SELECT "+mirrorCols+" FROM mirrors WHERE ticket = ? AND seq = ?", id.Ticket, id.Seq).selectInto(ctx, r.tx, &rows)
	if err != nil || len(rows) == 0 {
		return notFound(err, "mirror", id)
	}
	r.w.Mirror = *rows[0].mirror()
	return nil
}

// read reads entries of the ticket.
func (r *workReader) read(ctx context.Context, b *builder) ([]*bridge.Entry, error) {
	var rows []entryRow
	if err := b.selectInto(ctx, r.tx, &rows); err != nil {
		return nil, err
	}
	out := make([]*bridge.Entry, len(rows))
	for i, row := range rows {
		e, err := row.entry()
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

func (r *workReader) entries(ctx context.Context, limit int) (err error) {
	m := r.w.Mirror
	r.w.Entries, err = r.read(ctx, r.s.build(entryQuery+"WHERE e.ticket = ? AND e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?",
		r.ticket, m.Cursor, m.Head, limit))
	r.about = map[int64]bool{}
	for _, e := range r.w.Entries {
		switch {
		case e.Facts.Message != 0:
			r.about[e.Facts.Message] = true
		case e.Kind == bridge.MessagePosted, e.Kind == bridge.CustomerReply:
			r.about[e.Seq] = true
		}
	}
	return err
}

// conversation reads the conversation, who began it, and the present text of its
// first message, which the root card shows.
func (r *workReader) conversation(ctx context.Context) error {
	conv := r.w.Mirror.Conversation
	if conv == 0 {
		return nil
	}
	var rows []conversationRow
	err := r.s.build("SELECT "+conversationCols+" FROM conversations WHERE ticket = ? AND seq = ?", r.ticket, conv).selectInto(ctx, r.tx, &rows)
	if err != nil || len(rows) == 0 {
		return notFound(err, "conversation", conv)
	}
	r.w.Conversation = *rows[0].conversation()
	var first []messageRow
	if err := r.s.build("SELECT "+messageCols+" FROM messages WHERE ticket = ? AND conversation = ? ORDER BY seq LIMIT 1", r.ticket, conv).selectInto(ctx, r.tx, &first); err != nil {
		return err
	}
	seqs := []any{conv}
	if len(first) > 0 {
		r.w.Asked = first[0].Seq
		if first[0].DeletedSeq == 0 {
			seqs = append(seqs, first[0].BodySeq)
		}
	}
	said, err := r.read(ctx, r.s.build(entryQuery+"WHERE e.ticket = ? AND e.seq", r.ticket).in(seqs))
	for _, e := range said {
		if e.Seq == conv {
			r.w.Subject, r.w.StarterName = e.Words.Subject, e.Words.Name
		} else {
			r.w.Question = e.Words.Body
		}
	}
	return err
}

// messages reads the present state of the messages that the entries are about, and
// the posts of those whose files an entry shows, for the files' names.
func (r *workReader) messages(ctx context.Context) error {
	r.w.Messages, r.w.Posts = map[int64]bridge.Message{}, map[int64]*bridge.Entry{}
	if len(r.about) == 0 {
		return nil
	}
	var rows []messageRow
	if err := r.s.build("SELECT "+messageCols+" FROM messages WHERE ticket = ? AND seq", r.ticket).in(anys(r.about)).selectInto(ctx, r.tx, &rows); err != nil {
		return err
	}
	for _, row := range rows {
		r.w.Messages[row.Seq] = *row.message()
	}
	named := map[int64]bool{}
	for _, e := range r.w.Entries {
		if e.Kind == bridge.FileStored {
			named[e.Facts.Message] = true
		}
	}
	if len(named) == 0 {
		return nil
	}
	posts, err := r.read(ctx, r.s.build(entryQuery+"WHERE e.ticket = ? AND e.seq", r.ticket).in(anys(named)))
	for _, e := range posts {
		r.w.Posts[e.Seq] = e
	}
	return err
}

func (r *workReader) files(ctx context.Context) error {
	r.w.Files = map[int64][]bridge.File{}
	if len(r.about) == 0 {
		return nil
	}
	var rows []fileRow
	err := r.s.build("SELECT "+fileCols+" FROM files WHERE ticket = ? AND message", r.ticket).in(anys(r.about)).add(" ORDER BY message, n").selectInto(ctx, r.tx, &rows)
	for _, row := range rows {
		r.w.Files[row.Message] = append(r.w.Files[row.Message], *row.file())
	}
	return err
}

func (r *workReader) deliveries(ctx context.Context, id bridge.ID) error {
	var rows []deliveryRow
	err := r.s.build("SELECT "+deliveryCols+" FROM deliveries WHERE ticket = ? AND mirror = ?", id.Ticket, id.Seq).selectInto(ctx, r.tx, &rows)
	for _, row := range rows {
		r.w.Deliveries = append(r.w.Deliveries, *row.delivery())
	}
	return err
}

// copies reads those of the messages that the entries are about, and those of no message:
// a thread may have thousands, and a turn must cost the same in every one.
func (r *workReader) copies(ctx context.Context, id bridge.ID) error {
	about := map[int64]bool{0: true}
	maps.Copy(about, r.about)
	var rows []copyRow
	err := r.s.build("SELECT "+copyCols+" FROM copies c WHERE c.ticket = ? AND c.mirror = ? AND c.message", id.Ticket, id.Seq).in(anys(about)).
		add(copyOrder("")).selectInto(ctx, r.tx, &rows)
	r.w.Copies = convert(rows, func(row copyRow) bridge.Copy { return *row.copy() })
	return err
}

// reactions reads those of the messages whose reactions the entries are about.
func (r *workReader) reactions(ctx context.Context) error {
	r.w.Reactions = map[int64][]bridge.Reaction{}
	about := map[int64]bool{}
	for _, e := range r.w.Entries {
		if e.Kind == bridge.ReactionAdded || e.Kind == bridge.ReactionRemoved {
			about[e.Facts.Message] = true
		}
	}
	if len(about) == 0 {
		return nil
	}
	var rows []reactionRow
	err := r.s.build("SELECT "+reactionCols+" FROM reactions r WHERE r.ticket = ? AND r.message", r.ticket).in(anys(about)).
		add(" ORDER BY r.message, r.seq").selectInto(ctx, r.tx, &rows)
	for _, row := range rows {
		r.w.Reactions[row.Message] = append(r.w.Reactions[row.Message], *row.reaction())
	}
	return err
}

// copyOrder is the order in which a mirror's copies are always read, so that what
// is planned from them is the same in every life.
func copyOrder(query string) string { return query + " ORDER BY c.message, c.part, c.ref" }

func (s *Store) mirrorCopies(ctx context.Context, id bridge.ID) ([]bridge.Copy, error) {
	var rows []copyRow
	if err := s.list(ctx, &rows, copyOrder("SELECT "+copyCols+" FROM copies c WHERE c.ticket = ? AND c.mirror = ?"), id.Ticket, id.Seq); err != nil {
		return nil, fmt.Errorf("read copies: %w", err)
	}
	return convert(rows, func(row copyRow) bridge.Copy { return *row.copy() }), nil
}

// MirrorCopies returns all copies that a mirror has, ours and theirs.
func (s *Store) MirrorCopies(ctx context.Context, id bridge.ID) ([]bridge.Copy, error) {
	return s.mirrorCopies(ctx, id)
}

// Entries returns the entries of a ticket after a seq, at most limit.
// Those that the viewer may not see are Withheld.
func (s *Store) Entries(ctx context.Context, viewer string, ticket, after int64, limit int) ([]*bridge.Entry, error) {
	st, err := s.snapshot(ctx, func(r *pageReader) error {
		return r.run(ctx,
			r.entries(s.build(entryQuery+"WHERE e.ticket = ? AND e.seq > ? ORDER BY e.seq LIMIT ?", ticket, after, int64(limit))),
			r.withhold(viewer, ticket),
		)
	})
	return st.Entries, err
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

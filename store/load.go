package store

import (
	"context"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// loader reads the working set of one batch.
type loader struct {
	s   *Store
	tx  *sqlx.Tx
	st  *bridge.State
	all wants
}

// wants are the keys that the batch's commands need, each once.
type wants struct {
	keys     map[string]bool
	tickets  map[int64]bool
	threads  map[bridge.Copies]bool
	copies   map[bridge.CopyKey]bool
	tokens   map[string]bool
	messages map[bridge.ID]bool
	mirrors  map[bridge.ID]bool
	moving   map[bridge.ID]bool // mirrors of which all copies are read
	accounts map[bridge.Account]bool
	leases   map[string]bool

	logs      map[int64]bool  // tickets of which all entries are read
	takenBack map[int64]int64 // by ticket: after which entry reactions were taken back

	reactions bool
	approvals bool
	reviews   bool
}

// load fills a State with all rows that the commands may read or change. It
// finds the tickets first, locks them in order, and reads everything else after.
func (s *Store) load(ctx context.Context, tx *sqlx.Tx, cmds []bridge.Command) (*bridge.State, error) {
	l := &loader{s: s, tx: tx, st: bridge.NewState(s.now())}
	if s.opts.NoticeGrace > 0 {
		l.st.NoticeGrace = s.opts.NoticeGrace
	}
	l.st.ReopenOnReply = !s.opts.RecordOnly
	l.st.CustomerWebhook = s.opts.CustomerWebhook
	l.st.ReactionRules = !s.opts.NoReactionRules
	l.collect(cmds)
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return l.draw(ctx, cmds) },
		l.locate, l.lockTickets, l.readKeys, l.readTicketRows, l.readLogs, l.readCopies, l.readMessages,
		l.readReactions, l.readApprovals, l.readReviews, l.readParticipants, l.readDeliveries, l.readAccounts, l.readLeases,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return l.st, nil
}

func (l *loader) collect(cmds []bridge.Command) {
	w := wants{
		map[string]bool{},
		map[int64]bool{},
		map[bridge.Copies]bool{},
		map[bridge.CopyKey]bool{},
		map[string]bool{},
		map[bridge.ID]bool{},
		map[bridge.ID]bool{},
		map[bridge.ID]bool{},
		map[bridge.Account]bool{},
		map[string]bool{},
		map[int64]bool{},
		map[int64]int64{},
		false,
		false,
		false,
	}
	for _, cmd := range cmds {
		n := cmd.Needs()
		set(w.keys, n.Key)
		set(w.tokens, n.Token)
		set(w.leases, n.Lease)
		set(w.mirrors, n.Mirror)
		set(w.accounts, n.Account)
		w.reactions = w.reactions || n.Reactions
		w.approvals = w.approvals || n.Approvals
		w.reviews = w.reviews || n.Reviews
		if id := n.TakenBack; id.Ticket != 0 {
			if after, ok := w.takenBack[id.Ticket]; !ok || id.Seq < after {
				w.takenBack[id.Ticket] = id.Seq
			}
		}
		if n.Log {
			set(w.logs, n.Ticket)
		}
		if n.AllCopies {
			set(w.moving, n.Mirror)
		}
		if !n.Create {
			set(w.tickets, n.Ticket)
		}
		if n.Thread.Thread != "" {
			w.threads[n.Thread] = true
		}
		for _, key := range n.Copies {
			set(w.copies, key)
		}
		for _, id := range n.Messages {
			set(w.messages, id)
		}
	}
	l.all = w
}

// set adds a key that is not zero.
func set[K comparable](m map[K]bool, key K) {
	if key != *new(K) {
		m[key] = true
	}
}

// draw gives the new tickets their numbers.
func (l *loader) draw(ctx context.Context, cmds []bridge.Command) error {
	var creates []*bridge.CreateTicket
	for _, cmd := range cmds {
		if c, ok := cmd.(*bridge.CreateTicket); ok {
			creates = append(creates, c)
		}
	}
	if len(creates) == 0 {
		return nil
	}
	var last []int64
	b := l.s.build(`UPDATE counters SET value = value + ? WHERE name = 'ticket' RETURNING value`, int64(len(creates)))
	if err := b.query(ctx, l.tx, &last); err != nil {
		return err
	}
	for i, c := range creates {
		c.SetTicket(last[0] - int64(len(creates)) + 1 + int64(i))
	}
	return nil
}

func (l *loader) readKeys(ctx context.Context) error {
	if len(l.all.keys) == 0 {
		return nil
	}
	var rows []struct {
		Key    string `db:"key"`
		Ticket int64  `db:"ticket"`
		Seq    int64  `db:"seq"`
	}
	err := l.s.build("SELECT key, ticket, seq FROM keys WHERE key").in(anys(l.all.keys)).query(ctx, l.tx, &rows)
	for _, r := range rows {
		l.st.Keys[r.Key] = bridge.ID{Ticket: r.Ticket, Seq: r.Seq}
	}
	return err
}

// locate finds the tickets of threads, copies and tokens. What it finds may
// change until the tickets are locked; a thread's binding never does.
func (l *loader) locate(ctx context.Context) error {
	b := l.s.build("")
	part := func(sql string, rows [][]any, on string) {
		if len(rows) == 0 {
			return
		}
		if b.text.Len() > 0 {
			b.add(" UNION ")
		}
		b.add(sql).tuples(rows).add(on)
	}
	var threads [][]any
	for t := range l.all.threads {
		threads = append(threads, []any{t.Place.Surface, t.Place.Workspace, t.Place.Channel, t.Thread})
	}
	tokens := columns(l.all.tokens)
	part("SELECT m.ticket FROM (", threads, `) AS v JOIN mirrors m ON m.surface = v.column1 AND m.workspace = v.column2
		AND m.channel = v.column3 AND m.thread = v.column4 AND m.thread <> ''`)
	part("SELECT c.ticket FROM (", l.copyTuples(), `) AS v JOIN copies c ON c.surface = v.column1 AND c.workspace = v.column2
		AND c.channel = v.column3 AND c.ref = v.column4`)
	part("SELECT d.ticket FROM (", tokens, ") AS v JOIN deliveries d ON d.token = v.column1")
	part("SELECT c.ticket FROM (", tokens, ") AS v JOIN copies c ON c.token = v.column1 AND c.token <> ''")
	if b.text.Len() == 0 {
		return nil
	}
	var found []int64
	if err := b.query(ctx, l.tx, &found); err != nil {
		return err
	}
	for _, id := range found {
		l.all.tickets[id] = true
	}
	return nil
}

func (l *loader) copyTuples() [][]any {
	var rows [][]any
	for k := range l.all.copies {
		rows = append(rows, []any{k.Surface, k.Workspace, k.Channel, k.Ref})
	}
	return rows
}

func (l *loader) lockTickets(ctx context.Context) error {
	if len(l.all.tickets) == 0 {
		return nil
	}
	var rows []ticketRow
	b := l.s.build("SELECT " + ticketCols + " FROM tickets WHERE id").in(anys(l.all.tickets)).
		add(" ORDER BY id" + l.s.dialect.forUpdate)
	if err := b.query(ctx, l.tx, &rows); err != nil {
		return err
	}
	clear(l.all.tickets) // what is not there cannot be locked, nor read
	for _, r := range rows {
		t, err := r.ticket()
		if err != nil {
			return err
		}
		l.st.Tickets[t.ID] = t
		l.all.tickets[t.ID] = true
	}
	return nil
}

// readTicketRows reads all conversations, mirrors and listeners of the tickets.
func (l *loader) readTicketRows(ctx context.Context) error {
	if len(l.all.tickets) == 0 {
		return nil
	}
	ids := anys(l.all.tickets)
	var convs []conversationRow
	if err := l.s.build("SELECT "+conversationCols+" FROM conversations WHERE ticket").in(ids).query(ctx, l.tx, &convs); err != nil {
		return err
	}
	for _, r := range convs {
		c := r.conversation()
		l.st.Conversations[c.ID] = c
	}
	var mirrors []mirrorRow
	if err := l.s.build("SELECT "+mirrorCols+" FROM mirrors WHERE ticket").in(ids).query(ctx, l.tx, &mirrors); err != nil {
		return err
	}
	for _, r := range mirrors {
		m := r.mirror()
		l.st.Mirrors[m.ID] = m
	}
	var listeners []listenerRow
	if err := l.s.build("SELECT "+listenerCols+" FROM listeners l WHERE l.ticket").in(ids).query(ctx, l.tx, &listeners); err != nil {
		return err
	}
	for _, r := range listeners {
		row := r.listener()
		l.st.Listeners[row.ListenerKey] = &row
	}
	return nil
}

func (l *loader) readCopies(ctx context.Context) error {
	byKey, byToken := l.copyTuples(), columns(l.all.tokens)
	var rows []copyRow
	if len(byKey) > 0 {
		b := l.s.build("SELECT " + copyCols + " FROM (").tuples(byKey).add(`) AS v JOIN copies c
			ON c.surface = v.column1 AND c.workspace = v.column2 AND c.channel = v.column3 AND c.ref = v.column4`)
		if err := b.query(ctx, l.tx, &rows); err != nil {
			return err
		}
	}
	if len(byToken) > 0 {
		var more []copyRow
		b := l.s.build("SELECT " + copyCols + " FROM (").tuples(byToken).add(") AS v JOIN copies c ON c.token = v.column1 AND c.token <> ''")
		if err := b.query(ctx, l.tx, &more); err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	if len(l.all.moving) > 0 {
		var more []copyRow
		b := l.s.build("SELECT " + copyCols + " FROM (").tuples(idTuples(l.all.moving)).add(") AS v JOIN copies c ON c.ticket = v.column1 AND c.mirror = v.column2")
		if err := b.query(ctx, l.tx, &more); err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	for _, r := range rows {
		c := r.copy()
		if !l.all.tickets[c.Ticket] {
			return errMoved // made while we waited for the locks
		}
		l.st.Copies[c.CopyKey] = c
		if c.Message != 0 {
			l.all.messages[bridge.ID{Ticket: c.Ticket, Seq: c.Message}] = true
		}
		if c.Message == 0 && l.all.reactions { // the gestures on its mirror's card
			l.all.messages[bridge.ID{Ticket: c.Ticket, Seq: c.Mirror}] = true
		}
		// An edit of our copy asks whether a call is under way there.
		l.all.mirrors[bridge.ID{Ticket: c.Ticket, Seq: c.Mirror}] = true
	}
	return nil
}

func (l *loader) readMessages(ctx context.Context) error {
	if len(l.all.messages) == 0 {
		return nil
	}
	tuples := idTuples(l.all.messages)
	var rows []messageRow
	b := l.s.build("SELECT m.ticket, m.seq, m.conversation, m.body_seq, m.deleted_seq, m.author, m.surface, m.ord, m.shares, m.draft FROM (").
		tuples(tuples).add(") AS v JOIN messages m ON m.ticket = v.column1 AND m.seq = v.column2")
	if err := b.query(ctx, l.tx, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		m := r.message()
		l.st.Messages[m.ID] = m
	}
	var files []fileRow
	b = l.s.build("SELECT f.ticket, f.message, f.n, f.state, f.mime, f.size, f.hash, f.ref, f.surface, f.workspace, f.channel, f.seq, f.attempts, f.due FROM (").
		tuples(tuples).add(") AS v JOIN files f ON f.ticket = v.column1 AND f.message = v.column2")
	if err := b.query(ctx, l.tx, &files); err != nil {
		return err
	}
	for _, r := range files {
		f := r.file()
		l.st.Files[bridge.FileKey{Message: bridge.ID{Ticket: f.Ticket, Seq: f.Message}, N: f.N}] = f
	}
	return nil
}

// readReactions reads all reactions to the messages, when a command is about one.
func (l *loader) readReactions(ctx context.Context) error {
	if !l.all.reactions || len(l.all.messages) == 0 {
		return nil
	}
	var rows []reactionRow
	b := l.s.build("SELECT " + reactionCols + " FROM (").tuples(idTuples(l.all.messages)).
		add(") AS v JOIN reactions r ON r.ticket = v.column1 AND r.message = v.column2")
	if err := b.query(ctx, l.tx, &rows); err != nil {
		return err
	}
	for _, row := range rows {
		r := row.reaction()
		l.st.Reactions[r.ReactionKey] = r
	}
	return l.readTakenBack(ctx)
}

func (l *loader) readTakenBack(ctx context.Context) error {
	for ticket, after := range l.all.takenBack {
		var rows []entryRow
		b := l.s.build(entryQuery+"WHERE e.ticket = ? AND e.seq > ? AND e.kind = ? ORDER BY e.seq", ticket, after, string(bridge.ReactionRemoved))
		if err := b.query(ctx, l.tx, &rows); err != nil {
			return err
		}
		for _, row := range rows {
			e, err := row.entry()
			if err != nil {
				return err
			}
			l.st.TakenBack[e.Reaction()] = e.Seq
		}
	}
	return nil
}

func (l *loader) readDeliveries(ctx context.Context) error {
	tokens := columns(l.all.tokens)
	var rows []deliveryRow
	if len(tokens) > 0 {
		b := l.s.build("SELECT d.ticket, d.mirror, d.seq, d.part, d.token, d.begun_at, d.attempts, d.verb, d.root, d.message, d.ref, d.last, d.memo, d.resent, d.done, d.rejected FROM (").
			tuples(tokens).add(") AS v JOIN deliveries d ON d.token = v.column1")
		if err := b.query(ctx, l.tx, &rows); err != nil {
			return err
		}
		for _, r := range rows {
			l.all.mirrors[bridge.ID{Ticket: r.Ticket, Seq: r.Mirror}] = true
		}
	}
	if len(l.all.mirrors) > 0 {
		b := l.s.build("SELECT d.ticket, d.mirror, d.seq, d.part, d.token, d.begun_at, d.attempts, d.verb, d.root, d.message, d.ref, d.last, d.memo, d.resent, d.done, d.rejected FROM (").
			tuples(idTuples(l.all.mirrors)).add(") AS v JOIN deliveries d ON d.ticket = v.column1 AND d.mirror = v.column2")
		if err := b.query(ctx, l.tx, &rows); err != nil {
			return err
		}
	}
	for _, r := range rows {
		d := r.delivery()
		if l.all.tickets[d.Mirror.Ticket] {
			l.st.Deliveries[d.DeliveryKey] = d
		}
	}
	return nil
}

func (l *loader) readAccounts(ctx context.Context) error {
	if len(l.all.accounts) == 0 || len(l.all.tickets) == 0 {
		return nil
	}
	var tuples [][]any
	for a := range l.all.accounts {
		tuples = append(tuples, []any{a.Surface, a.Workspace, a.ID})
	}
	var rows []struct {
		Surface   string `db:"surface"`
		Workspace string `db:"workspace"`
		ID        string `db:"id"`
		Person    string `db:"person"`
		Role      string `db:"role"`
		Name      string `db:"name"`
	}
	b := l.s.build(`SELECT a.surface, a.workspace, a.id, a.name, COALESCE(p.id, '') AS person, COALESCE(p.role, 'expert') AS role FROM (`).
		tuples(tuples).add(`) AS v JOIN accounts a ON a.surface = v.column1 AND a.workspace = v.column2 AND a.id = v.column3
		LEFT JOIN people p ON p.id = a.person AND p.disabled = 0`)
	if err := b.query(ctx, l.tx, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		key := bridge.Account{Surface: r.Surface, Workspace: r.Workspace, ID: r.ID}
		l.st.Accounts[key] = &bridge.Known{Account: key, Person: r.Person, Role: bridge.Role(r.Role), Name: r.Name}
	}
	return nil
}

func (l *loader) readLeases(ctx context.Context) error {
	if len(l.all.leases) == 0 {
		return nil
	}
	var rows []struct {
		Name  string `db:"name"`
		Fence int64  `db:"fence"`
	}
	b := l.s.build("SELECT name, fence FROM leases WHERE name").in(anys(l.all.leases)).add(" ORDER BY name" + l.s.dialect.forShare)
	if err := b.query(ctx, l.tx, &rows); err != nil {
		return err
	}
	for _, r := range rows {
		l.st.Fences[r.Name] = r.Fence
	}
	return nil
}

// anys returns a set's members in order, so that statements are the same for the same set.
func anys[K int64 | string](m map[K]bool) []any {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make([]any, len(keys))
	for i, k := range keys {
		out[i] = k
	}
	return out
}

func columns(m map[string]bool) [][]any {
	var rows [][]any
	for _, v := range anys(m) {
		rows = append(rows, []any{v})
	}
	return rows
}

func idTuples(m map[bridge.ID]bool) [][]any {
	rows := make([][]any, 0, len(m))
	for id := range m {
		rows = append(rows, []any{id.Ticket, id.Seq})
	}
	return rows
}

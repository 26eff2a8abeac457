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

	people map[string]bool // people whose rights are asked about

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
	if s.opts.ManyPeople != 0 {
		l.st.ManyPeople = max(s.opts.ManyPeople, 0)
	}
	l.st.ReopenOnReply = !s.opts.RecordOnly
	l.st.CustomerWebhook = s.opts.CustomerWebhook
	l.st.ReactionRules = !s.opts.NoReactionRules
	l.collect(cmds)
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return l.draw(ctx, cmds) },
		l.locate, l.lockTickets, l.readKeys, l.readTicketRows, l.readLogs, l.readCopies, l.readMessages,
		l.readReactions, l.readApprovals, l.readReviews, l.readDeliveries, l.readAccounts, l.readRights, l.readLeases,
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
		map[string]bool{},
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
		for _, id := range n.People {
			set(w.people, id)
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

// anys returns a set's members in order, so that statements are the same for the same set.
func anys[K int64 | string](m map[K]bool) []any {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return args(keys)
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

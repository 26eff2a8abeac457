package store

import (
	"context"

	"github.com/sidebridge/sidebridge/bridge"
)

// readTicketRows reads all conversations, mirrors and participants of the tickets.
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
	var people []participantRow
	if err := l.s.build("SELECT "+participantCols+" FROM participants l WHERE l.ticket").in(ids).query(ctx, l.tx, &people); err != nil {
		return err
	}
	for _, r := range people {
		p := r.participant()
		l.st.Participants[p.ParticipantKey] = p
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

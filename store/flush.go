package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"github.com/sidebridge/sidebridge/bridge"
)

// flush writes back what a batch changed, each table with one statement, rows in
// order of their keys so that two batches never wait for each other in a circle.
// If we crash before the commit that follows, none of it happened.
func (s *Store) flush(ctx context.Context, tx *sqlx.Tx, st *bridge.State) error {
	var entries, contents [][]any
	for _, e := range st.Entries {
		entries = append(entries, entryValues(e))
		if len(e.Content) > 0 {
			contents = append(contents, []any{e.Ticket, e.Seq, e.Salt, e.Content})
		}
	}
	ch := st.Changed
	writes := []struct {
		t    table
		rows [][]any
	}{
		{ticketTable, changed(ch.Tickets, cmp.Compare[int64], func(k int64) []any { return ticketValues(st.Tickets[k]) })},
		{entryTable, entries},
		{contentTable, contents},
		{conversationTable, changed(ch.Conversations, compareIDs, func(k bridge.ID) []any { return conversationValues(st.Conversations[k]) })},
		{messageTable, changed(ch.Messages, compareIDs, func(k bridge.ID) []any { return messageValues(st.Messages[k]) })},
		{mirrorTable, changed(ch.Mirrors, compareIDs, func(k bridge.ID) []any { return mirrorValues(st.Mirrors[k]) })},
		{copyTable, changed(ch.Copies, compareCopies, func(k bridge.CopyKey) []any {
			if c := st.Copies[k]; c != nil {
				return copyValues(c)
			}
			return nil
		})},
		{reactionTable, changed(ch.Reactions, compareReactions, func(k bridge.ReactionKey) []any {
			if r := st.Reactions[k]; r != nil {
				return reactionValues(r)
			}
			return nil
		})},
		{approvalTable, changed(ch.Approvals, compareIDs, func(k bridge.ID) []any { return approvalValues(st.Approvals[k]) })},
		{approverTable, changed(ch.Approvers, compareApprovers, func(k bridge.ApproverKey) []any { return approverValues(st.Approvers[k]) })},
		{reviewTable, changed(ch.Reviews, compareIDs, func(k bridge.ID) []any { return reviewValues(st.Reviews[k]) })},
		{participantTable, changed(ch.Participants, compareParticipants, func(k bridge.ParticipantKey) []any { return participantValues(st.Participants[k]) })},
		{fileTable, changed(ch.Files, compareFiles, func(k bridge.FileKey) []any { return fileValues(st.Files[k]) })},
		{deliveryTable, changed(ch.Deliveries, compareDeliveries, func(k bridge.DeliveryKey) []any {
			if d := st.Deliveries[k]; d != nil {
				return deliveryValues(d)
			}
			return nil
		})},
		{
			table{name: "keys", keys: 1, final: true, cols: []string{"key", "ticket", "seq"}},
			changed(ch.Keys, cmp.Compare[string], func(k string) []any { return []any{k, st.Keys[k].Ticket, st.Keys[k].Seq} }),
		},
	}
	for _, w := range writes {
		if err := s.put(ctx, tx, w.t, w.rows); err != nil {
			return err
		}
	}
	if err := s.dropMoved(ctx, tx, st); err != nil {
		return err
	}
	if err := s.dropDeliveries(ctx, tx, st); err != nil {
		return err
	}
	if err := s.dropReactions(ctx, tx, st); err != nil {
		return err
	}
	if err := s.putWords(ctx, tx, st.Entries); err != nil {
		return fmt.Errorf("keep the words to search by: %w", err)
	}
	if err := s.dropErased(ctx, tx, st); err != nil {
		return err
	}
	return s.putAccounts(ctx, tx, st)
}

// changed returns the rows of the changed keys in key order, without those that are nil.
func changed[K comparable](keys map[K]bool, order func(a, b K) int, row func(K) []any) [][]any {
	sorted := make([]K, 0, len(keys))
	for k := range keys {
		sorted = append(sorted, k)
	}
	slices.SortFunc(sorted, order)
	rows := make([][]any, 0, len(sorted))
	for _, k := range sorted {
		if r := row(k); r != nil {
			rows = append(rows, r)
		}
	}
	return rows
}

// dropMoved removes the copies whose key is another one now.
func (s *Store) dropMoved(ctx context.Context, tx *sqlx.Tx, st *bridge.State) error {
	gone := changed(st.Changed.Copies, compareCopies, func(k bridge.CopyKey) []any {
		if st.Copies[k] != nil {
			return nil
		}
		return []any{k.Surface, k.Workspace, k.Channel, k.Ref}
	})
	if len(gone) == 0 {
		return nil
	}
	return s.build("DELETE FROM copies WHERE (surface, workspace, channel, ref) IN (").tuples(gone).add(")").run(ctx, tx)
}

func (s *Store) dropDeliveries(ctx context.Context, tx *sqlx.Tx, st *bridge.State) error {
	gone := changed(st.Changed.Deliveries, compareDeliveries, func(k bridge.DeliveryKey) []any {
		if st.Deliveries[k] != nil {
			return nil
		}
		return []any{k.Mirror.Ticket, k.Mirror.Seq, k.Seq, int64(k.Part)}
	})
	if len(gone) == 0 {
		return nil
	}
	return s.build("DELETE FROM deliveries WHERE (ticket, mirror, seq, part) IN (").tuples(gone).add(")").run(ctx, tx)
}

func (s *Store) dropReactions(ctx context.Context, tx *sqlx.Tx, st *bridge.State) error {
	gone := changed(st.Changed.Reactions, compareReactions, func(k bridge.ReactionKey) []any {
		if st.Reactions[k] != nil {
			return nil
		}
		return []any{k.Message.Ticket, k.Message.Seq, k.Account.Surface, k.Account.Workspace, k.Account.ID, k.Emoji}
	})
	if len(gone) == 0 {
		return nil
	}
	return s.build("DELETE FROM reactions WHERE (ticket, message, surface, workspace, account, emoji) IN (").tuples(gone).add(")").run(ctx, tx)
}

// putAccounts records who was seen on a surface, and by what name, without
// touching whom an admin linked them to.
func (s *Store) putAccounts(ctx context.Context, tx *sqlx.Tx, st *bridge.State) error {
	rows := changed(st.Changed.Accounts, compareAccounts, func(a bridge.Account) []any {
		return []any{a.Surface, a.Workspace, a.ID, st.Accounts[a].Name, bridge.Micros(st.Now)}
	})
	t := table{name: "accounts", keys: 3, cols: []string{"surface", "workspace", "id", "name", "seen_at"}, where: " WHERE excluded.name <> ''"}
	if err := s.put(ctx, tx, t, rows); err != nil {
		return fmt.Errorf("record accounts: %w", err)
	}
	return nil
}

func compareIDs(a, b bridge.ID) int {
	return cmp.Or(cmp.Compare(a.Ticket, b.Ticket), cmp.Compare(a.Seq, b.Seq))
}

func compareCopies(a, b bridge.CopyKey) int {
	return cmp.Or(cmp.Compare(a.Surface, b.Surface), cmp.Compare(a.Workspace, b.Workspace),
		cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Ref, b.Ref))
}

func compareReactions(a, b bridge.ReactionKey) int {
	return cmp.Or(compareIDs(a.Message, b.Message), compareAccounts(a.Account, b.Account), cmp.Compare(a.Emoji, b.Emoji))
}

func compareFiles(a, b bridge.FileKey) int {
	return cmp.Or(compareIDs(a.Message, b.Message), cmp.Compare(a.N, b.N))
}

func compareDeliveries(a, b bridge.DeliveryKey) int {
	return cmp.Or(compareIDs(a.Mirror, b.Mirror), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Part, b.Part))
}

func compareAccounts(a, b bridge.Account) int {
	return cmp.Or(cmp.Compare(a.Surface, b.Surface), cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.ID, b.ID))
}

package store

import (
	"context"

	"github.com/sidebridge/sidebridge/bridge"
)

// digestOf is of how many of the last messages a digest is made: those of both sides are
// nearly always among them, and it costs the same however long the conversation is.
const digestOf = 40

// digests makes the digests for those whom the entries bring in.
func (r *workReader) digests(ctx context.Context) error {
	for _, e := range r.w.Entries {
		if !e.Invites() || e.Facts.Conversation != r.w.Conversation.ID.Seq {
			continue
		}
		d, err := r.digest(ctx, e)
		if err != nil {
			return err
		}
		if r.w.Digests == nil {
			r.w.Digests = map[int64]bridge.Digest{}
		}
		r.w.Digests[e.Seq] = d
	}
	return nil
}

func (r *workReader) digest(ctx context.Context, joined *bridge.Entry) (bridge.Digest, error) {
	after, before := joined.Joined()
	const where = " FROM messages WHERE ticket = ? AND conversation = ? AND deleted_seq = 0 AND seq > ? AND seq < ?"
	args := []any{r.ticket, joined.Facts.Conversation, after, before}
	var count []int64
	if err := r.s.build("SELECT COUNT(*)"+where, args...).selectInto(ctx, r.tx, &count); err != nil {
		return bridge.Digest{}, err
	}
	var rows []messageRow
	if err := r.s.build("SELECT "+messageCols+where+" ORDER BY seq DESC LIMIT ?", append(args, int64(digestOf))...).selectInto(ctx, r.tx, &rows); err != nil {
		return bridge.Digest{}, err
	}
	seqs := map[int64]bool{0: true} // nothing has the seq 0; an empty list is no SQL
	for _, row := range rows {
		seqs[row.Seq], seqs[row.BodySeq] = true, true
	}
	said, err := r.read(ctx, r.s.build(entryQuery+"WHERE e.ticket = ? AND e.seq", r.ticket).in(anys(seqs)).add(" ORDER BY e.seq"))
	d := bridge.DigestFor(joined, said)
	d.Messages = count[0]
	return d, err
}

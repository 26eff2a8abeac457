package store

import (
	"context"

	"github.com/sidebridge/sidebridge/bridge"
)

// ConversationPlaces returns the channels that a conversation is shown in, as far as the
// person may see it; one that they may not see, or that there is not, is bridge.ErrNotFound.
func (s *Store) ConversationPlaces(ctx context.Context, person string, id bridge.ID) ([]bridge.Place, error) {
	var seen []int64
	b := s.build("SELECT c.seq FROM conversations c WHERE c.ticket = ? AND c.seq = ?", id.Ticket, id.Seq).visible(person)
	if err := b.selectInto(ctx, s.read, &seen); err != nil || len(seen) == 0 {
		return nil, notFound(err, "conversation", id)
	}
	found, err := s.mirrors(ctx, "WHERE ticket = ? AND conversation = ? ORDER BY seq", id.Ticket, id.Seq)
	out := make([]bridge.Place, len(found))
	for i, m := range found {
		out[i] = m.Place
	}
	return out, err
}

package web

import (
	"cmp"
	"slices"

	"github.com/sidebridge/sidebridge/bridge"
)

// pageOrder returns a conversation's messages as a page shows them: in the order
// of their entries, but messages of one surface in that surface's own order, in
// the places that this surface's messages have among the others. A message that
// reached us late thus stands where people there saw it, and nobody else's moves.
func pageOrder(messages []*bridge.Message) []*bridge.Message {
	out := slices.SortedFunc(slices.Values(messages), func(a, b *bridge.Message) int { return cmp.Compare(a.ID.Seq, b.ID.Seq) })
	slots := map[string][]int{}
	for i, m := range out {
		if m.Order != "" {
			slots[m.Surface] = append(slots[m.Surface], i)
		}
	}
	for _, places := range slots {
		own := make([]*bridge.Message, len(places))
		for i, at := range places {
			own[i] = out[at]
		}
		slices.SortStableFunc(own, func(a, b *bridge.Message) int { return compareOrder(a.Order, b.Order) })
		for i, at := range places {
			out[at] = own[i]
		}
	}
	return out
}

// compareOrder compares two order keys of one surface: decimal numbers of one
// form, of which the longer or the greater is the later.
func compareOrder(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

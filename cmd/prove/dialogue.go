package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// dialogue plays one conversation straight into a store: an agent, an expert in a
// thread, and the deliveries that a relay would make.
type dialogue struct {
	s      *store.Store
	place  bridge.Place
	conv   bridge.ID
	mirror bridge.ID
	root   string
	stamp  int
	mine   []bridge.ID // the agent's messages
	theirs []string    // the expert's refs
}

var proofAgent = bridge.Actor{
	Person: "p-alice", Role: bridge.RoleAgent, Name: "Alice", Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: "p-alice"},
}

func (d *dialogue) append(ctx context.Context, c bridge.Command) (bridge.Result, error) {
	res, err := d.s.Append(ctx, c)
	if err != nil {
		return res, fmt.Errorf("%T: %w", c, err)
	}
	return res, nil
}

// next returns a ref that is later than all before, of Slack's form.
func (d *dialogue) next() string {
	d.stamp++
	return fmt.Sprintf("1700000000.%06d", d.stamp)
}

func (d *dialogue) start(ctx context.Context, subject string) error {
	ticket, err := d.append(ctx, &bridge.CreateTicket{Subject: subject, Requester: "Carl Customer", Email: "carl@example.com", Body: "It does not work.", Tags: []string{"billing"}})
	if err != nil {
		return err
	}
	return d.begin(ctx, ticket.ID.Ticket, subject)
}

// begin starts a conversation on a ticket, with its thread and first message shown.
func (d *dialogue) begin(ctx context.Context, ticket int64, subject string) error {
	conv, err := d.append(ctx, &bridge.StartConversation{
		Actor: proofAgent, Ticket: ticket, Subject: subject, Targets: []bridge.Target{{Place: d.place}}, Body: "Can you look?",
	})
	if err != nil {
		return err
	}
	d.conv, d.mirror = conv.ID, bridge.ID{Ticket: conv.ID.Ticket, Seq: conv.ID.Seq + 1}
	d.root = d.next()
	if err := d.deliver(ctx, d.mirror.Seq, bridge.Call{Verb: bridge.VerbPost, Root: true}, d.root); err != nil {
		return err
	}
	first := d.mirror.Seq + 1
	d.mine = append(d.mine, bridge.ID{Ticket: d.conv.Ticket, Seq: first})
	return d.deliver(ctx, first, bridge.Call{Verb: bridge.VerbPost, Message: first}, d.next())
}

// deliver begins and settles one call, as the relay does around an adapter.
func (d *dialogue) deliver(ctx context.Context, seq int64, c bridge.Call, ref string) error {
	key := bridge.DeliveryKey{Mirror: d.mirror, Seq: seq}
	c.Last = true
	token := fmt.Sprintf("%s-%d", d.mirror, seq)
	if _, err := d.append(ctx, &bridge.Begin{Key: key, Token: token, Call: c}); err != nil {
		return err
	}
	_, err := d.append(ctx, &bridge.Settle{Key: key, Token: token, Receipt: bridge.Receipt{Ref: ref, Print: "print"}})
	return err
}

func (d *dialogue) inbound(kind bridge.InboundKind, ref, rev, body string) *bridge.Inbound {
	return &bridge.Inbound{
		Kind: kind, Author: bridge.Account{Surface: d.place.Surface, Workspace: d.place.Workspace, ID: "U1"}, AuthorName: "Anders", Body: body,
		Source: bridge.Source{
			Surface: d.place.Surface, Workspace: d.place.Workspace, Channel: d.place.Channel,
			Thread: d.root, Ref: ref, Rev: rev, Order: ref,
		},
	}
}

// step does one random thing that happens in conversations.
func (d *dialogue) step(ctx context.Context, rng *rand.Rand) error {
	var err error
	switch rng.IntN(7) {
	case 0, 1:
		var res bridge.Result
		if res, err = d.append(ctx, &bridge.PostMessage{Actor: proofAgent, Conversation: d.conv, Body: fmt.Sprint("Another question ", rng.IntN(1000))}); err == nil {
			d.mine = append(d.mine, res.ID)
			err = d.deliver(ctx, res.ID.Seq, bridge.Call{Verb: bridge.VerbPost, Message: res.ID.Seq}, d.next())
		}
	case 2, 3:
		ref := d.next()
		in := d.inbound(bridge.InPost, ref, "", fmt.Sprint("An answer ", rng.IntN(1000)))
		in.Files = []bridge.InboundFile{{Ref: "F1", Name: "invoice.pdf", MIME: "application/pdf", Size: 10}}
		if _, err = d.append(ctx, in); err == nil {
			d.theirs = append(d.theirs, ref)
		}
	case 4:
		if len(d.theirs) > 0 {
			_, err = d.append(ctx, d.inbound(bridge.InEdit, d.theirs[rng.IntN(len(d.theirs))], d.next(), "An answer, corrected"))
		}
	case 5:
		if len(d.theirs) > 0 && rng.IntN(3) == 0 {
			_, err = d.append(ctx, d.inbound(bridge.InDelete, d.theirs[rng.IntN(len(d.theirs))], "", ""))
		}
	default:
		_, err = d.append(ctx, &bridge.WriteNote{Actor: proofAgent, Ticket: d.conv.Ticket, Body: "A note"})
	}
	return err
}

package store

import (
	"encoding/json"

	"github.com/sidebridge/sidebridge/bridge"
)

// The rows as the tables have them, and their conversion to the bridge's types:
// the stored shape may not change freely, the bridge's may.

type ticketRow struct {
	ID        int64  `db:"id"`
	Head      int64  `db:"head"`
	HeadHash  []byte `db:"head_hash"`
	Desk      string `db:"desk"`
	DeskRef   string `db:"desk_ref"`
	Status    string `db:"status"`
	Assignee  string `db:"assignee"`
	Priority  string `db:"priority"`
	Group     string `db:"grp"`
	Tags      string `db:"tags"`
	Created   int64  `db:"created"`
	UpdatedAt int64  `db:"updated_at"`
}

var ticketTable = table{name: "tickets", keys: 1, cols: []string{
	"id", "head", "head_hash", "desk", "desk_ref", "status", "assignee", "priority", "grp", "tags", "created", "updated_at",
}}

const ticketCols = `id, head, head_hash, desk, desk_ref, status, assignee, priority, grp, tags, created, updated_at`

func (r ticketRow) ticket() (*bridge.Ticket, error) {
	t := &bridge.Ticket{
		ID: r.ID, Head: r.Head, HeadHash: r.HeadHash, Desk: r.Desk, DeskRef: r.DeskRef, Status: r.Status,
		Assignee: r.Assignee, Priority: r.Priority, Group: r.Group, Created: r.Created,
		UpdatedAt: bridge.FromMicros(r.UpdatedAt),
	}
	return t, json.Unmarshal([]byte(r.Tags), &t.Tags)
}

func ticketValues(t *bridge.Ticket) []any {
	tags := t.Tags
	if tags == nil {
		tags = []string{}
	}
	text, _ := json.Marshal(tags) // unreachable error: strings always marshal
	return []any{
		t.ID, t.Head, t.HeadHash, t.Desk, t.DeskRef, t.Status, t.Assignee, t.Priority, t.Group,
		string(text), t.Created, bridge.Micros(t.UpdatedAt),
	}
}

type conversationRow struct {
	Ticket     int64  `db:"ticket"`
	Seq        int64  `db:"seq"`
	Open       int64  `db:"open"`
	Group      string `db:"grp"`
	Starter    string `db:"starter"`
	StateSeq   int64  `db:"state_seq"`
	Messages   int64  `db:"messages"`
	LastSeq    int64  `db:"last_seq"`
	Restricted int64  `db:"restricted"`
	Attached   int64  `db:"attached"`
}

var conversationTable = table{name: "conversations", keys: 2, cols: []string{
	"ticket", "seq", "open", "grp", "starter", "state_seq", "messages", "last_seq", "restricted", "attached",
}}

const conversationCols = `ticket, seq, open, grp, starter, state_seq, messages, last_seq, restricted, attached`

func (r conversationRow) conversation() *bridge.Conversation {
	return &bridge.Conversation{
		ID: bridge.ID{Ticket: r.Ticket, Seq: r.Seq}, Open: r.Open == 1, Group: r.Group, Starter: r.Starter,
		StateSeq: r.StateSeq, Messages: r.Messages, LastSeq: r.LastSeq, Restricted: r.Restricted, Attached: r.Attached,
	}
}

func conversationValues(c *bridge.Conversation) []any {
	return []any{c.ID.Ticket, c.ID.Seq, bit(c.Open), c.Group, c.Starter, c.StateSeq, c.Messages, c.LastSeq, c.Restricted, c.Attached}
}

type messageRow struct {
	Ticket       int64  `db:"ticket"`
	Seq          int64  `db:"seq"`
	Conversation int64  `db:"conversation"`
	BodySeq      int64  `db:"body_seq"`
	DeletedSeq   int64  `db:"deleted_seq"`
	Author       string `db:"author"`
	Surface      string `db:"surface"`
	Order        string `db:"ord"`
	Shares       int64  `db:"shares"`
	Draft        int64  `db:"draft"`
}

var messageTable = table{name: "messages", keys: 2, cols: []string{
	"ticket", "seq", "conversation", "body_seq", "deleted_seq", "author", "surface", "ord", "shares", "draft",
}}

const messageCols = `ticket, seq, conversation, body_seq, deleted_seq, author, surface, ord, shares, draft`

func (r messageRow) message() *bridge.Message {
	return &bridge.Message{
		ID: bridge.ID{Ticket: r.Ticket, Seq: r.Seq}, Conversation: r.Conversation, BodySeq: r.BodySeq,
		DeletedSeq: r.DeletedSeq, Author: r.Author, Surface: r.Surface, Order: r.Order, Shares: r.Shares == 1, Draft: r.Draft,
	}
}

func messageValues(m *bridge.Message) []any {
	return []any{m.ID.Ticket, m.ID.Seq, m.Conversation, m.BodySeq, m.DeletedSeq, m.Author, m.Surface, m.Order, bit(m.Shares), m.Draft}
}

type mirrorRow struct {
	Ticket       int64  `db:"ticket"`
	Seq          int64  `db:"seq"`
	Conversation int64  `db:"conversation"`
	Surface      string `db:"surface"`
	Workspace    string `db:"workspace"`
	Channel      string `db:"channel"`
	Rule         string `db:"rule"`
	Thread       string `db:"thread"`
	Cursor       int64  `db:"cursor"`
	Head         int64  `db:"head"`
	Seen         string `db:"seen"`
	Parked       string `db:"parked"`
	Remedy       string `db:"remedy"`
	Due          int64  `db:"due"`
	Attempts     int64  `db:"attempts"`
	Error        string `db:"error"`
	DeliveredAt  int64  `db:"delivered_at"`
	Ended        int64  `db:"ended"`
}

var mirrorTable = table{name: "mirrors", keys: 2, cols: []string{
	"ticket", "seq", "conversation", "surface", "workspace", "channel", "rule", "thread", "cursor", "head",
	"seen", "parked", "remedy", "due", "attempts", "error", "delivered_at", "ended",
}}

const mirrorCols = `ticket, seq, conversation, surface, workspace, channel, rule, thread, cursor, head,
	seen, parked, remedy, due, attempts, error, delivered_at, ended`

func (r mirrorRow) mirror() *bridge.Mirror {
	return &bridge.Mirror{
		ID: bridge.ID{Ticket: r.Ticket, Seq: r.Seq}, Conversation: r.Conversation,
		Place: bridge.Place{Surface: r.Surface, Workspace: r.Workspace, Channel: r.Channel},
		Rule:  r.Rule, Thread: r.Thread, Cursor: r.Cursor, Head: r.Head, Seen: r.Seen,
		Parked: r.Parked, Remedy: r.Remedy, Due: bridge.FromMicros(r.Due), Attempts: int(r.Attempts),
		Error: r.Error, DeliveredAt: bridge.FromMicros(r.DeliveredAt), Ended: r.Ended,
	}
}

func mirrorValues(m *bridge.Mirror) []any {
	return []any{
		m.ID.Ticket, m.ID.Seq, m.Conversation, m.Place.Surface, m.Place.Workspace, m.Place.Channel,
		m.Rule, m.Thread, m.Cursor, m.Head, m.Seen, m.Parked, m.Remedy, bridge.Micros(m.Due),
		int64(m.Attempts), m.Error, bridge.Micros(m.DeliveredAt), m.Ended,
	}
}

type copyRow struct {
	Surface   string `db:"surface"`
	Workspace string `db:"workspace"`
	Channel   string `db:"channel"`
	Ref       string `db:"ref"`
	Ticket    int64  `db:"ticket"`
	Seq       int64  `db:"seq"`
	Message   int64  `db:"message"`
	Mirror    int64  `db:"mirror"`
	Part      int64  `db:"part"`
	Entry     int64  `db:"entry"`
	Token     string `db:"token"`
	Rev       string `db:"rev"`
	Gone      int64  `db:"gone"`
}

var copyTable = table{name: "copies", keys: 4, cols: []string{
	"surface", "workspace", "channel", "ref", "ticket", "seq", "message", "mirror", "part", "entry", "token", "rev", "gone",
}}

const copyCols = `c.surface, c.workspace, c.channel, c.ref, c.ticket, c.seq, c.message, c.mirror, c.part, c.entry, c.token, c.rev, c.gone`

func (r copyRow) copy() *bridge.Copy {
	return &bridge.Copy{
		CopyKey: bridge.CopyKey{Surface: r.Surface, Workspace: r.Workspace, Channel: r.Channel, Ref: r.Ref},
		Ticket:  r.Ticket, Seq: r.Seq, Message: r.Message, Mirror: r.Mirror, Part: int(r.Part),
		Entry: r.Entry, Token: r.Token, Rev: r.Rev, Gone: r.Gone == 1,
	}
}

func copyValues(c *bridge.Copy) []any {
	return []any{
		c.Surface, c.Workspace, c.Channel, c.Ref, c.Ticket, c.Seq, c.Message, c.Mirror,
		int64(c.Part), c.Entry, c.Token, c.Rev, bit(c.Gone),
	}
}

type reactionRow struct {
	Ticket    int64  `db:"ticket"`
	Message   int64  `db:"message"`
	Surface   string `db:"surface"`
	Workspace string `db:"workspace"`
	Account   string `db:"account"`
	Emoji     string `db:"emoji"`
	Seq       int64  `db:"seq"`
	Mirror    int64  `db:"mirror"`
}

var reactionTable = table{name: "reactions", keys: 6, cols: []string{
	"ticket", "message", "surface", "workspace", "account", "emoji", "seq", "mirror",
}}

const reactionCols = `r.ticket, r.message, r.surface, r.workspace, r.account, r.emoji, r.seq, r.mirror`

func (r reactionRow) reaction() *bridge.Reaction {
	return &bridge.Reaction{
		ReactionKey: bridge.ReactionKey{
			Message: bridge.ID{Ticket: r.Ticket, Seq: r.Message},
			Account: bridge.Account{Surface: r.Surface, Workspace: r.Workspace, ID: r.Account}, Emoji: r.Emoji,
		},
		Seq: r.Seq, Mirror: r.Mirror,
	}
}

func reactionValues(r *bridge.Reaction) []any {
	return []any{
		r.Message.Ticket, r.Message.Seq, r.Account.Surface, r.Account.Workspace, r.Account.ID, r.Emoji, r.Seq, r.Mirror,
	}
}

type deliveryRow struct {
	Ticket   int64  `db:"ticket"`
	Mirror   int64  `db:"mirror"`
	Seq      int64  `db:"seq"`
	Part     int64  `db:"part"`
	Token    string `db:"token"`
	BegunAt  int64  `db:"begun_at"`
	Attempts int64  `db:"attempts"`
	Verb     string `db:"verb"`
	Root     int64  `db:"root"`
	Message  int64  `db:"message"`
	Ref      string `db:"ref"`
	Last     int64  `db:"last"`
	Memo     string `db:"memo"`
	Resent   int64  `db:"resent"`
	Done     int64  `db:"done"`
	Rejected string `db:"rejected"`
}

var deliveryTable = table{name: "deliveries", keys: 4, cols: []string{
	"ticket", "mirror", "seq", "part", "token", "begun_at", "attempts", "verb", "root", "message", "ref",
	"last", "memo", "resent", "done", "rejected",
}}

const deliveryCols = `ticket, mirror, seq, part, token, begun_at, attempts, verb, root, message, ref, last, memo, resent, done, rejected`

func (r deliveryRow) delivery() *bridge.Delivery {
	return &bridge.Delivery{
		DeliveryKey: bridge.DeliveryKey{Mirror: bridge.ID{Ticket: r.Ticket, Seq: r.Mirror}, Seq: r.Seq, Part: int(r.Part)},
		Token:       r.Token, BegunAt: bridge.FromMicros(r.BegunAt), Attempts: int(r.Attempts),
		Verb: bridge.Verb(r.Verb), Root: r.Root == 1, Message: r.Message, Ref: r.Ref, Last: r.Last == 1,
		Memo: r.Memo, Resent: r.Resent == 1, Done: r.Done == 1, Rejected: r.Rejected,
	}
}

func deliveryValues(d *bridge.Delivery) []any {
	return []any{
		d.Mirror.Ticket, d.Mirror.Seq, d.Seq, int64(d.Part), d.Token, bridge.Micros(d.BegunAt), int64(d.Attempts),
		string(d.Verb), bit(d.Root), d.Message, d.Ref, bit(d.Last), d.Memo, bit(d.Resent), bit(d.Done), d.Rejected,
	}
}

type fileRow struct {
	Ticket    int64  `db:"ticket"`
	Message   int64  `db:"message"`
	N         int64  `db:"n"`
	State     string `db:"state"`
	MIME      string `db:"mime"`
	Size      int64  `db:"size"`
	Hash      string `db:"hash"`
	Ref       string `db:"ref"`
	Surface   string `db:"surface"`
	Workspace string `db:"workspace"`
	Channel   string `db:"channel"`
	Seq       int64  `db:"seq"`
	Attempts  int64  `db:"attempts"`
	Due       int64  `db:"due"`
}

var fileTable = table{name: "files", keys: 3, cols: []string{
	"ticket", "message", "n", "state", "mime", "size", "hash", "ref", "surface", "workspace", "channel", "seq", "attempts", "due",
}}

const fileCols = `ticket, message, n, state, mime, size, hash, ref, surface, workspace, channel, seq, attempts, due`

func (r fileRow) file() *bridge.File {
	return &bridge.File{
		Ticket: r.Ticket, Message: r.Message, N: int(r.N), State: r.State, MIME: r.MIME, Size: r.Size,
		Hash: r.Hash, Ref: r.Ref, Place: bridge.Place{Surface: r.Surface, Workspace: r.Workspace, Channel: r.Channel},
		Seq: r.Seq, Attempts: int(r.Attempts), Due: bridge.FromMicros(r.Due),
	}
}

func fileValues(f *bridge.File) []any {
	return []any{
		f.Ticket, f.Message, int64(f.N), f.State, f.MIME, f.Size, f.Hash, f.Ref, f.Place.Surface,
		f.Place.Workspace, f.Place.Channel, f.Seq, int64(f.Attempts), bridge.Micros(f.Due),
	}
}

type entryRow struct {
	Ticket       int64  `db:"ticket"`
	Seq          int64  `db:"seq"`
	Kind         string `db:"kind"`
	At           int64  `db:"at"`
	Conversation int64  `db:"conversation"`
	Envelope     string `db:"envelope"`
	Commitment   []byte `db:"commitment"`
	Hash         []byte `db:"hash"`
	Salt         []byte `db:"salt"`
	Bytes        []byte `db:"bytes"`
}

var (
	entryTable = table{name: "entries", keys: 2, final: true, cols: []string{
		"ticket", "seq", "kind", "at", "conversation", "envelope", "commitment", "hash",
	}}
	contentTable = table{name: "contents", keys: 2, final: true, cols: []string{"ticket", "seq", "salt", "bytes"}}
)

// entryQuery reads entries with their contents; conditions on e follow it.
const entryQuery = `SELECT e.ticket, e.seq, e.kind, e.at, e.conversation, e.envelope, e.commitment, e.hash, c.salt, c.bytes
	FROM entries e LEFT JOIN contents c ON c.ticket = e.ticket AND c.seq = e.seq `

func (r entryRow) entry() (*bridge.Entry, error) {
	e := &bridge.Entry{
		Ticket: r.Ticket, Seq: r.Seq, Kind: bridge.Kind(r.Kind), At: bridge.FromMicros(r.At),
		Envelope: []byte(r.Envelope), Commitment: r.Commitment, Salt: r.Salt, Content: r.Bytes, Hash: r.Hash,
	}
	return e, e.Decode()
}

func entryValues(e *bridge.Entry) []any {
	return []any{
		e.Ticket, e.Seq, string(e.Kind), bridge.Micros(e.At), e.Facts.Conversation, string(e.Envelope), e.Commitment, e.Hash,
	}
}

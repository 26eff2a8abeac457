package bridge_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// choose returns a number from 0 to n-1. What chooses may be rapid, which shrinks,
// or a plain generator, which is quick.
type choose func(n int) int

func oneOf[T any](pick choose, from ...T) T { return from[pick(len(from))] }

var actors = []bridge.Actor{
	alice, admin, bridge.System(),
	{Person: "bob", Role: bridge.RoleAgent, Name: "Bob"},
	{Person: "eve", Role: bridge.RoleExpert, Name: "Eve"},
	{Role: bridge.RoleCustomer, Name: "Carl"},
	{Role: "agent ", Name: "Alice"},
	{},
}

var places = []bridge.Place{
	{Surface: "chat", Workspace: "W1", Channel: "C1"},
	{Surface: "chat", Workspace: "W1", Channel: "C2"},
	{Surface: "talk", Workspace: "W1", Channel: "C1"},
}

// randomCommand makes a command that may fit what is there, or be nonsense.
func randomCommand(pick choose, st *bridge.State) bridge.Command {
	r := random{pick, st}
	kinds := []func() bridge.Command{
		r.createTicket, r.start, r.start, r.attach, r.react, r.reaction, r.reaction, r.post, r.post, r.inbound, r.inbound, r.inbound, r.inbound, r.begin, r.begin, r.begin,
		r.draft, r.draft, r.onTicket, r.approval, r.approval, r.approval, r.settle, r.settle, r.settle, r.onTicket, r.onTicket, r.changeTicket, r.onMessage, r.onMessage, r.onFile, r.sending, r.sending, r.sending,
	}
	return kinds[pick(len(kinds))]()
}

type random struct {
	pick choose
	st   *bridge.State
}

func (r random) body() string {
	return oneOf(r.pick, "Can you look?", "Yes.", "@everyone \x00 <b>", "", "  \r\n")
}

func (r random) actor() bridge.Actor { return oneOf(r.pick, actors...) }

func (r random) key() string { return oneOf(r.pick, "", "", "", "k1", "k2", "k3") }

func (r random) ref() string { return fmt.Sprint(1000 + r.pick(12)) }

func (r random) ticket() int64 { return int64(r.pick(len(r.st.Tickets)+1)) + 1 }

// id picks a key of a map, or one that is in none.
func (r random) id(of []bridge.ID) bridge.ID {
	if len(of) == 0 || r.pick(12) == 0 {
		return bridge.ID{Ticket: 1, Seq: int64(r.pick(9))}
	}
	return oneOf(r.pick, of...)
}

func compareIDs(a, b bridge.ID) int {
	return cmp.Or(cmp.Compare(a.Ticket, b.Ticket), cmp.Compare(a.Seq, b.Seq))
}

func ids[V any](m map[bridge.ID]V) []bridge.ID { return slices.SortedFunc(maps.Keys(m), compareIDs) }

func (r random) files() []bridge.FileUpload {
	if r.pick(5) > 0 {
		return nil
	}
	return []bridge.FileUpload{{Name: "a.txt", MIME: "text/plain", Size: 3, Hash: "abc"}}
}

func (r random) createTicket() bridge.Command {
	return &bridge.CreateTicket{
		Actor: r.actor(), Subject: oneOf(r.pick, "Billed twice", "", "x"), Requester: "Carl", Body: r.body(),
		Priority: oneOf(r.pick, "", "high", "very"), Tags: []string{"A b"}, Files: r.files(), Key: r.key(),
	}
}

func (r random) start() bridge.Command {
	c := &bridge.StartConversation{Actor: r.actor(), Ticket: r.ticket(), Subject: oneOf(r.pick, "Who knows?", ""), Body: r.body(), Files: r.files(), Key: r.key()}
	for range r.pick(3) {
		c.Targets = append(c.Targets, bridge.Target{Place: oneOf(r.pick, places...), Rule: "1"})
	}
	return c
}

func (r random) attach() bridge.Command {
	return &bridge.AttachThread{
		Actor: r.actor(), Ticket: r.ticket(), Subject: oneOf(r.pick, "Who knows?", ""), Thread: oneOf(r.pick, r.ref(), r.ref(), ""),
		Target: bridge.Target{Place: oneOf(r.pick, places...), Rule: "1"}, Key: r.key(),
	}
}

func (r random) emoji() string {
	return oneOf(r.pick, "👍", "✅", "👀", ":ours:", "", "two words")
}

func (r random) react() bridge.Command {
	return &bridge.React{Actor: r.actor(), Message: r.id(ids(r.st.Messages)), Emoji: r.emoji(), On: r.pick(2) == 0}
}

// reaction is one from a chat, mostly to a copy there is.
func (r random) reaction() bridge.Command {
	key, ok := r.copyKey()
	if !ok {
		key = bridge.CopyKey{Surface: places[0].Surface, Workspace: places[0].Workspace, Channel: places[0].Channel, Ref: r.ref()}
	}
	in := &bridge.Inbound{
		Kind: oneOf(r.pick, bridge.InReact, bridge.InReact, bridge.InUnreact), Emoji: r.emoji(), Ours: r.pick(6) == 0, Key: r.key(),
		Source: bridge.Source{Surface: key.Surface, Workspace: key.Workspace, Channel: key.Channel, Ref: key.Ref},
	}
	if r.pick(6) > 0 {
		in.Author = bridge.Account{Surface: key.Surface, Workspace: key.Workspace, ID: oneOf(r.pick, "U1", "U2")}
		in.AuthorName = oneOf(r.pick, "Anders", "")
	}
	return in
}

func (r random) post() bridge.Command {
	return &bridge.PostMessage{Actor: r.actor(), Conversation: r.id(ids(r.st.Conversations)), Body: r.body(), Files: r.files(), Key: r.key()}
}

func (r random) onTicket() bridge.Command {
	a, ticket, body, key := r.actor(), r.ticket(), r.body(), r.key()
	return oneOf[bridge.Command](r.pick,
		&bridge.ReplyToCustomer{Actor: a, Ticket: ticket, Body: body, Files: r.files(), Key: key},
		&bridge.CustomerMessage{Actor: a, Ticket: ticket, Body: body, Key: key},
		&bridge.WriteNote{Actor: a, Ticket: ticket, Body: body, Key: key},
		&bridge.SetState{Actor: a, Conversation: r.id(ids(r.st.Conversations)), Open: r.pick(2) == 0},
		&bridge.CloseAndSolve{Actor: a, Conversation: r.id(ids(r.st.Conversations))})
}

// approval asks for one, answers or withdraws it.
func (r random) approval() bridge.Command {
	a, request := r.actor(), r.id(ids(r.st.Approvals))
	people := []bridge.Known{{Person: "bob", Name: "Bob"}, {Person: "eve", Name: "Eve"}, {Person: "alice", Name: "Alice"}, {}}
	return oneOf[bridge.Command](r.pick,
		&bridge.AskApproval{Actor: a, Conversation: r.id(ids(r.st.Conversations)), Approvers: people[r.pick(3) : 2+r.pick(3)], Body: r.body(), Key: r.key()},
		&bridge.AnswerApproval{Actor: a, Approval: request, Approve: r.pick(3) > 0, Note: oneOf(r.pick, "", "fine")},
		&bridge.AnswerApproval{Actor: oneOf(r.pick, actors[3], actors[4]), Approval: request, Approve: r.pick(4) > 0},
		&bridge.WithdrawApproval{Actor: a, Approval: request})
}

// draft offers one, or says something of one.
func (r random) draft() bridge.Command {
	a, m, text := r.actor(), r.id(ids(r.st.Messages)), int64(r.pick(3)*r.pick(30))
	drafts := slices.DeleteFunc(ids(r.st.Messages), func(id bridge.ID) bool { return r.st.Messages[id].Draft == 0 })
	if len(drafts) > 0 && r.pick(4) > 0 {
		m = oneOf(r.pick, drafts...)
	}
	return oneOf[bridge.Command](r.pick,
		&bridge.OfferDraft{Actor: a, Conversation: r.id(ids(r.st.Conversations)), Body: r.body(), Key: r.key()},
		&bridge.ApproveDraft{Actor: a, Draft: m, Text: text},
		&bridge.SuggestDraft{Actor: a, Draft: m, Text: text, Body: r.body(), Key: r.key()},
		&bridge.TakeDraft{Actor: a, Suggestion: m},
		&bridge.DismissDraft{Actor: a, Suggestion: m})
}

func (r random) changeTicket() bridge.Command {
	who := oneOf(r.pick, "", "alice", "bob")
	c := &bridge.ChangeTicket{
		Actor: r.actor(), Ticket: r.ticket(), Status: oneOf(r.pick, "", "open", "solved", "odd"), Priority: oneOf(r.pick, "", "low", "odd"),
		Group: oneOf(r.pick, "", "billing"), Tags: []string{oneOf(r.pick, "vip", "New One", "")}, Untag: []string{oneOf(r.pick, "vip", "a_b")}, Key: r.key(),
	}
	if r.pick(2) == 0 {
		c.Assignee, c.AssigneeName = &who, who
		c.Conversation = r.id(ids(r.st.Conversations)).Seq
	}
	return c
}

func (r random) onMessage() bridge.Command {
	a, m := r.actor(), r.id(ids(r.st.Messages))
	return oneOf[bridge.Command](r.pick,
		&bridge.EditMessage{Actor: a, Message: m, Body: r.body(), Was: int64(r.pick(3) * r.pick(9))},
		&bridge.DeleteMessage{Actor: a, Message: m},
		&bridge.TakeWords{Actor: a, Message: m})
}

func (r random) onFile() bridge.Command {
	m, n := r.id(ids(r.st.Messages)), r.pick(2)
	return oneOf[bridge.Command](r.pick,
		&bridge.StoreFile{Message: m, N: n, MIME: "image/png", Size: 9, Hash: "def"},
		&bridge.FailFile{Message: m, N: n, Reason: "gone"},
		&bridge.DeferFile{Message: m, N: n, Until: r.st.Now.Add(time.Minute)})
}

func (r random) token() string {
	tokens := []string{"", "foreign"}
	for _, d := range r.st.Deliveries {
		tokens = append(tokens, d.Token)
	}
	for _, c := range r.st.Copies {
		if c.Token != "" {
			tokens = append(tokens, c.Token)
		}
	}
	slices.Sort(tokens)
	return oneOf(r.pick, tokens...)
}

func (r random) inbound() bridge.Command {
	place := oneOf(r.pick, places...)
	thread := r.ref()
	if all := ids(r.st.Mirrors); len(all) > 0 && r.pick(8) > 0 {
		m := r.st.Mirrors[oneOf(r.pick, all...)]
		place, thread = m.Place, m.Thread
	}
	in := &bridge.Inbound{
		Kind:   oneOf(r.pick, bridge.InPost, bridge.InPost, bridge.InPost, bridge.InEdit, bridge.InDelete, bridge.InPress),
		Source: bridge.Source{Surface: place.Surface, Workspace: place.Workspace, Channel: place.Channel, Thread: thread, Ref: r.ref(), Rev: oneOf(r.pick, "", "1", "2", "10")},
		Author: bridge.Account{Surface: place.Surface, Workspace: place.Workspace, ID: oneOf(r.pick, "U1", "U2")}, AuthorName: oneOf(r.pick, "Anders", "", "Alice"),
		Body: r.body(), Print: oneOf(r.pick, "", "p1", "p2"), Action: oneOf(r.pick, "close", "reopen", "take", "approve", "refuse", "good", "suggest", "odd"), Text: int64(r.pick(12)), Key: r.key(),
		ThreadLives: r.pick(3) == 0,
	}
	if key, ok := r.copyKey(); ok {
		in.Source.Surface, in.Source.Workspace, in.Source.Channel, in.Source.Ref = key.Surface, key.Workspace, key.Channel, key.Ref
	}
	if in.Ours = r.pick(4) == 0; in.Ours {
		in.Token = r.token()
	}
	if r.pick(5) == 0 {
		in.Files = []bridge.InboundFile{{Ref: "F1", Name: "b.png", MIME: "image/png", Size: 5}}
	}
	return in
}

// copyKey picks a copy there is, every other time.
func (r random) copyKey() (bridge.CopyKey, bool) {
	keys := slices.SortedFunc(maps.Keys(r.st.Copies), func(a, b bridge.CopyKey) int {
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	if len(keys) == 0 || r.pick(2) == 0 {
		return bridge.CopyKey{}, false
	}
	return oneOf(r.pick, keys...), true
}

func (r random) fence() bridge.Fence {
	return oneOf(r.pick, bridge.Fence{}, bridge.Fence{}, bridge.Fence{}, bridge.Fence{Lease: "chat/W1", Number: 1})
}

// delivery picks a delivery there is, or a key that is likely to be begun next.
func (r random) delivery() (bridge.DeliveryKey, string) {
	keys := slices.SortedFunc(maps.Keys(r.st.Deliveries), func(a, b bridge.DeliveryKey) int {
		return cmp.Or(compareIDs(a.Mirror, b.Mirror), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Part, b.Part))
	})
	if len(keys) > 0 && r.pick(6) > 0 {
		key := oneOf(r.pick, keys...)
		return key, r.st.Deliveries[key].Token
	}
	m := r.id(ids(r.st.Mirrors))
	key := bridge.DeliveryKey{Mirror: m, Seq: 1, Part: r.pick(2)}
	if mirror := r.st.Mirrors[m]; mirror != nil {
		key.Seq = mirror.Cursor + 1 + int64(r.pick(2))
	}
	return key, "foreign"
}

// begin begins a call. A worker has one call under way on a mirror at a time.
func (r random) begin() bridge.Command {
	key, _ := r.delivery()
	for other, d := range r.st.Deliveries {
		if other.Mirror == key.Mirror && !d.Done {
			return &bridge.Begin{Fence: r.fence(), Key: other, Token: "again"}
		}
	}
	call := bridge.Call{Verb: bridge.VerbPost, Last: r.pick(2) == 0}
	if m := r.st.Mirrors[key.Mirror]; m != nil {
		call.Root = m.Thread == "" && m.Conversation != 0
		for _, id := range ids(r.st.Messages) {
			if id.Ticket == m.ID.Ticket && r.st.Messages[id].Conversation == m.Conversation && r.pick(2) == 0 {
				call.Message = id.Seq
			}
		}
		if refs := r.ourRefs(m); len(refs) > 0 && !call.Root && r.pick(2) == 0 {
			call.Verb, call.Ref = oneOf(r.pick, bridge.VerbEdit, bridge.VerbDelete), oneOf(r.pick, refs...)
		}
	}
	return &bridge.Begin{Fence: r.fence(), Key: key, Token: fmt.Sprintf("t%d-%d", len(r.st.Copies), r.pick(1_000_000)), Call: call}
}

// ourRefs are the posts of ours on a mirror, the only ones that we edit or delete.
func (r random) ourRefs(m *bridge.Mirror) []string {
	var refs []string
	for _, c := range r.st.Copies {
		if c.Ticket == m.ID.Ticket && c.Mirror == m.ID.Seq && c.Ours() && !c.Gone {
			refs = append(refs, c.Ref)
		}
	}
	slices.Sort(refs)
	return refs
}

// newRef is a ref that no platform has given before: every settled post adds an entry.
func (r random) newRef() string {
	n := int64(2000)
	for _, t := range r.st.Tickets {
		n += t.Head
	}
	return fmt.Sprint(n)
}

// settle answers a call as the platform does: a post has a ref of its own.
func (r random) settle() bridge.Command {
	key, token := r.delivery()
	c := &bridge.Settle{Fence: r.fence(), Key: key, Token: token, Receipt: bridge.Receipt{Ref: r.newRef(), Print: "p1"}}
	if d, m := r.st.Deliveries[key], r.st.Mirrors[key.Mirror]; d != nil && m != nil && d.Ref != "" {
		c.Receipt.Ref = d.Ref
		c.Target = bridge.CopyKey{Surface: m.Place.Surface, Workspace: m.Place.Workspace, Channel: m.Place.Channel, Ref: d.Ref}
	}
	return c
}

func (r random) sending() bridge.Command {
	key, _ := r.delivery()
	f := r.fence()
	until := r.st.Now.Add(time.Duration(r.pick(100)) * time.Second).Truncate(time.Microsecond)
	return oneOf[bridge.Command](r.pick,
		&bridge.Step{Fence: f, Mirror: key.Mirror, Seq: key.Seq},
		&bridge.Defer{Fence: f, Key: key, Until: until, Error: "x", Uncertain: r.pick(2) == 0, Held: r.pick(2) == 0},
		&bridge.Park{Fence: f, Key: key, Reason: oneOf(r.pick, "is_archived", bridge.ParkedUncertain), Remedy: "do this", Uncertain: r.pick(2) == 0},
		&bridge.Reject{Fence: f, Key: key, Reason: "too_long", Skip: r.pick(3) == 0},
		&bridge.Resend{Fence: f, Key: key},
		&bridge.Remember{Fence: f, Key: key, Memo: "memo"},
		&bridge.Resume{Actor: r.actor(), Mirror: key.Mirror, Reason: "mended"},
		&bridge.Resume{Actor: r.actor(), Mirror: key.Mirror},
		&bridge.MarkSeen{Mirror: key.Mirror, Seen: oneOf(r.pick, "1001", "1002", "999")})
}

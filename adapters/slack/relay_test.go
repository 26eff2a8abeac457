package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// bridged is a world whose inbox is the real receiver on a log in memory, with
// the real relay.
type bridged struct {
	*world
	memory *bridgetest.Memory
	relay  *bridge.Relay
	stop   func()
}

// receiver is the bridge's own, with a quarantine that fails the test.
type receiver struct {
	*bridge.Receiver
	t *testing.T
}

func (r receiver) Quarantine(_ context.Context, _, reason string, _ []byte) error {
	r.t.Errorf("put aside: %s", reason)
	return nil
}

func newBridged(t *testing.T, s setup) *bridged {
	t.Helper()
	memory := bridgetest.NewMemory(nil)
	before := s.opts
	s.opts = func(o *Options) {
		o.Inbox = receiver{&bridge.Receiver{Log: memory, Desk: memory.Desk(), Directory: memory}, t}
		o.Desk, o.Threads = memory.Desk(), memory
		if before != nil {
			before(o)
		}
	}
	b := &bridged{world: newWorld(t, s), memory: memory}
	b.relay = bridge.NewRelay(bridge.RelayOptions{
		Store: memory, Desk: memory.Desk(), Bell: memory.Bell(), Doubt: 300 * time.Millisecond, Poll: 20 * time.Millisecond,
		CallTimeout: 5 * time.Second,
	}, bridge.Port{Surface: b.a, Workspace: b.sim.TeamID(), PerChannel: 8})
	if s.late != nil {
		s.late(b)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = b.relay.Run(ctx) })
	b.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	t.Cleanup(b.stop)
	return b
}

// until waits for something that the log, or the simulator, has to show.
func (b *bridged) until(what string, holds func() bool) {
	b.t.Helper()
	deadline := time.After(patience)
	for {
		rung := b.memory.Bell().Any()
		if holds() {
			return
		}
		select {
		case <-rung:
		case <-time.After(20 * time.Millisecond): // a change of the simulator rings nothing here
		case <-deadline:
			b.t.Fatalf("waiting until %s: mirrors %+v, events %+v", what, b.memory.Mirrors(), b.sim.EventStats())
		}
	}
}

func (b *bridged) append(c bridge.Command) bridge.Result {
	b.t.Helper()
	res, err := b.memory.Append(b.ctx(), c)
	check(b.t, err)
	return res
}

func alice() bridge.Actor {
	return bridge.Actor{Person: "alice", Role: bridge.RoleAgent, Name: "Alice", Account: bridge.Account{Surface: bridge.SurfaceWeb}}
}

// start opens a conversation in the channel and waits for its thread.
func (b *bridged) start(subject, body string) (conversation bridge.ID, root string) {
	b.t.Helper()
	t := b.append(&bridge.CreateTicket{Actor: alice(), Subject: "Charged twice", Requester: "Carla", Body: "help"})
	conversation = b.append(&bridge.StartConversation{
		Actor: alice(), Ticket: t.ID.Ticket, Subject: subject, Body: body,
		Targets: []bridge.Target{{Place: b.mirror.Place, Rule: "billing"}},
	}).ID
	b.until("the thread is open", func() bool {
		for _, m := range b.memory.Mirrors() {
			if m.Conversation == conversation.Seq && m.ID.Ticket == conversation.Ticket {
				root = m.Thread
			}
		}
		return root != ""
	})
	return conversation, root
}

// settled waits until everything was delivered and everything received is in the log.
func (b *bridged) settled() {
	b.t.Helper()
	b.until("everything is delivered", func() bool { return b.memory.Idle() && b.sim.Idle() && b.sim.EventStats().Waiting == 0 })
	for _, wrong := range b.memory.Verify() {
		b.t.Error(wrong)
	}
}

// F1: posts whose answers are lost in every way appear once, in order, and what
// people answer meanwhile is in the log once.
func TestEveryMessageIsInTheThreadOnceWhateverBecomesOfTheAnswers(t *testing.T) {
	b := newBridged(t, setup{socket: true, sim: quick, opts: quickPing})
	for _, f := range []slacksim.Fault{
		{CloseSocket: true, Apply: true},
		{Status: 502, Apply: true},
		{BrokenJSON: true, Apply: true},
		{Error: "internal_error"},
		{Status: 503},
		{Status: 429, RetryAfter: 1},
	} {
		f.Method, f.Probability = "chat.postMessage", 0.04
		b.sim.Inject(f)
	}
	const threads, messages = 4, 15
	var ids []bridge.ID
	var roots []string
	for n := range threads {
		id, root := b.start(fmt.Sprintf("Question %d", n), "first")
		ids, roots = append(ids, id), append(roots, root)
	}
	for m := range messages {
		for n := range threads {
			b.append(&bridge.PostMessage{Actor: alice(), Conversation: ids[n], Body: fmt.Sprintf("from the desk %03d", m)})
			_, err := b.anders.Reply(b.channel, roots[n], fmt.Sprintf("from slack %03d", m))
			check(t, err)
		}
	}
	b.settled()
	for n := range threads {
		var desk, slack []string
		for _, m := range b.sim.Thread(b.channel, roots[n])[1:] {
			if _, words, ours := strings.Cut(m.Text, "\n"); ours && m.AppID != "" {
				desk = append(desk, words)
			}
		}
		for _, said := range b.memory.Said(ids[n]) {
			if strings.HasPrefix(said.Body, "from slack") {
				slack = append(slack, said.Body)
			}
		}
		for m := range messages {
			if want := fmt.Sprintf("from the desk %03d", m); len(desk) <= m+1 || desk[m+1] != want {
				t.Fatalf("thread %d has %q, want %q as number %d", n, desk, want, m+1)
			}
		}
		slices.Sort(slack)
		if len(desk) != messages+1 || len(slack) != messages || slices.Compact(slack)[messages-1] != fmt.Sprintf("from slack %03d", messages-1) {
			t.Errorf("thread %d: %d from the desk, %d from Slack", n, len(desk), len(slack))
		}
	}
}

func TestEditsFilesAndStateGoBothWays(t *testing.T) {
	b := newBridged(t, setup{socket: true, sim: quick, opts: quickPing})
	id, root := b.start("Question", "first")
	data := []byte("file content")
	ts, err := b.anders.UploadFile(b.channel, root, "answer.txt", data, "see the file")
	check(t, err)
	b.until("the file is held", func() bool {
		said := b.memory.Said(id)
		return len(said) == 2 && len(said[1].Files) == 1 && said[1].Files[0].State == bridge.FileStoredS
	})
	said := b.memory.Said(id)
	if got := b.memory.Blob(said[1].Files[0].Hash); string(got) != string(data) {
		t.Errorf("the file is %q", got)
	}
	check(t, b.anders.Edit(b.channel, ts, "see the corrected file"))
	b.until("the edit is in the log", func() bool { return b.memory.Said(id)[1].Body == "see the corrected file" })
	check(t, b.anders.Press(b.ctx(), b.channel, root, pressClose))
	b.until("the card says closed", func() bool {
		card, _ := b.sim.Message(b.channel, root)
		return strings.Contains(string(card.Blocks), "Reopen")
	})
	_, err = b.anders.Reply(b.channel, root, "one more thing")
	check(t, err)
	b.until("the reply reopened it", func() bool {
		card, _ := b.sim.Message(b.channel, root)
		return strings.Contains(string(card.Blocks), `"Close"`)
	})
	file, err := b.memory.Upload(b.ctx(), "reply.bin", "application/octet-stream", []byte{0, 1, 2})
	check(t, err)
	sent := b.append(&bridge.PostMessage{Actor: alice(), Conversation: id, Body: "thanks", Files: []bridge.FileUpload{file}})
	b.settled()
	b.append(&bridge.EditMessage{Actor: alice(), Message: sent.ID, Body: "many thanks"})
	b.settled()
	thread := b.sim.Thread(b.channel, root)
	last := thread[len(thread)-1]
	if !strings.Contains(last.Text, "many thanks") || len(last.Files) != 1 || string(last.Files[0].Content) != "\x00\x01\x02" {
		t.Errorf("the last message is %q with %d files", last.Text, len(last.Files))
	}
	b.append(&bridge.DeleteMessage{Actor: alice(), Message: sent.ID})
	b.settled()
	if _, still := b.sim.Message(b.channel, last.TS); still {
		t.Error("the deleted message is still there")
	}
	check(t, b.anders.Delete(b.channel, ts))
	b.until("the delete is in the log", func() bool { return b.memory.Said(id)[1].Deleted })
}

// F58: an outage longer than Slack's retries; edits and deletes were made in it.
func TestALongOutageIsCaughtUpByListing(t *testing.T) {
	b := newBridged(t, setup{socket: true, sim: func(o *slacksim.Options) { quick(o); o.HistoryPageCap = 15 }, opts: quickPing})
	id, root := b.start("Question", "first")
	ts, err := b.anders.Reply(b.channel, root, "before the outage")
	check(t, err)
	b.settled()
	end := b.sim.InjectEvent(slacksim.EventFault{Drop: true})
	b.replies(root, 0, 40)
	check(t, b.anders.Edit(b.channel, ts, "changed in the outage"))
	end()
	b.sim.DropConnections(0)
	b.until("all is caught up", func() bool { return len(b.memory.Said(id)) == 42 && b.memory.Said(id)[1].Edited })
	for n, said := range b.memory.Said(id)[2:] {
		if said.Body != fmt.Sprintf("reply %d", n) {
			t.Fatalf("number %d is %q", n, said.Body)
		}
	}
	b.settled()
}

// F20: an archived channel keeps its queue, and all of it comes, in order, after
// the channel is back.
func TestAnArchivedChannelLosesNothing(t *testing.T) {
	b := newBridged(t, setup{socket: true, sim: quick, opts: quickPing})
	id, root := b.start("Question", "first")
	b.settled()
	check(t, b.sim.Archive(b.channel))
	for n := range 10 {
		b.append(&bridge.PostMessage{Actor: alice(), Conversation: id, Body: fmt.Sprintf("words %d", n)})
	}
	b.until("the mirror is parked", func() bool { return b.memory.Mirrors()[0].Parked == "is_archived" })
	if m := b.memory.Mirrors()[0]; !strings.Contains(m.Remedy, "Unarchive") {
		t.Errorf("remedy %q", m.Remedy)
	}
	check(t, b.sim.Unarchive(b.channel))
	b.append(&bridge.Resume{Actor: alice(), Mirror: b.memory.Mirrors()[0].ID})
	b.settled()
	thread := b.sim.Thread(b.channel, root)
	if len(thread) != 12 || !strings.Contains(thread[11].Text, "words 9") || !strings.Contains(thread[2].Text, "words 0") {
		t.Errorf("the thread has %d messages", len(thread))
	}
}

// A message with files that was edited before it was shown keeps its files.
func TestAnEditInTheSameTurnLeavesTheFilesAlone(t *testing.T) {
	b := newBridged(t, setup{socket: true, sim: quick, opts: quickPing})
	id, root := b.start("Question", "first")
	b.settled()
	hold := b.sim.Inject(slacksim.Fault{Method: "chat.postMessage", Status: 503})
	file, err := b.memory.Upload(b.ctx(), "plan.pdf", "application/pdf", []byte("pdf"))
	check(t, err)
	sent := b.append(&bridge.PostMessage{
		Actor: alice(), Conversation: id, Body: strings.Repeat("many words ", 500), Files: []bridge.FileUpload{file},
	})
	b.append(&bridge.EditMessage{Actor: alice(), Message: sent.ID, Body: "few words"})
	hold()
	b.settled()
	thread := b.sim.Thread(b.channel, root)[2:]
	if len(thread) != 1 || !strings.Contains(thread[0].Text, "few words") || len(thread[0].Files) != 1 {
		t.Errorf("the thread has %d messages after the first: %+v", len(thread), thread)
	}
}

// A file that was fetched later has a post of its own, which an edit of the words
// leaves alone although all three are shown in one turn.
func TestAnEditInTheSameTurnAsALaterFileChangesTheWordsOnly(t *testing.T) {
	b := newBridged(t, setup{socket: true, sim: quick, opts: quickPing})
	other := bridge.Place{Surface: "other", Workspace: "W", Channel: "C"}
	ticket := b.append(&bridge.CreateTicket{Actor: alice(), Subject: "Charged twice", Requester: "Carla", Body: "help"})
	b.append(&bridge.StartConversation{
		Actor: alice(), Ticket: ticket.ID.Ticket, Subject: "Question", Body: "first",
		Targets: []bridge.Target{{Place: b.mirror.Place, Rule: "billing"}, {Place: other}},
	})
	b.until("the first post is here", func() bool { return len(b.sim.All(b.channel)) == 2 })
	root := b.sim.All(b.channel)[0].TS
	for _, m := range b.memory.Mirrors() {
		if m.Place == other {
			key := bridge.DeliveryKey{Mirror: m.ID, Seq: m.Cursor + 1}
			b.append(&bridge.Begin{Key: key, Token: "root there", Call: bridge.Call{Verb: bridge.VerbPost, Root: true, Last: true}})
			b.append(&bridge.Settle{Key: key, Token: "root there", Receipt: bridge.Receipt{Ref: "1"}})
		}
	}
	hold := b.sim.Inject(slacksim.Fault{Method: "chat.postMessage", Status: 503})
	said := bridge.Inbound{
		Kind: bridge.InPost, Author: bridge.Account{Surface: "other", Workspace: "W", ID: "sanne"}, AuthorName: "Sanne",
		Source: bridge.Source{Surface: "other", Workspace: "W", Channel: "C", Thread: "1", Ref: "2", Order: "2"},
		Body:   "many words", Files: []bridge.InboundFile{{Ref: "f", Name: "plan.pdf", MIME: "application/pdf", Size: 3}},
	}
	post := b.append(&said)
	file, err := b.memory.Upload(b.ctx(), "plan.pdf", "application/pdf", []byte("pdf"))
	check(t, err)
	b.append(&bridge.StoreFile{Message: post.ID, MIME: file.MIME, Size: file.Size, Hash: file.Hash})
	said.Kind, said.Body, said.Source.Rev, said.Files = bridge.InEdit, "few words", "3", nil
	b.append(&said)
	hold()
	b.until("the edit is shown", func() bool {
		thread := b.sim.Thread(b.channel, root)
		return len(thread) == 4 && strings.Contains(thread[2].Text, "few words")
	})
	if file := b.sim.Thread(b.channel, root)[3]; len(file.Files) != 1 || file.Text != "" || file.EditedTS != "" {
		t.Errorf("the file's post is %+v", file)
	}
}

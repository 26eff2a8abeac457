package bridgetest

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Fixture is an adapter on its simulator, as RunSurface uses it. Every call of the
// function given to RunSurface makes a new one.
type Fixture struct {
	// Place is a channel in which the adapter can open threads.
	Place bridge.Place
	// Asked is the place that a conversation's target names when that is not Place, but
	// the people whose channel it is, see bridge.Resolver.
	Asked bridge.Place
	// Connect starts the adapter: it hands what it receives to r until ctx ends,
	// and has stopped when the returned function returns.
	Connect func(ctx context.Context, r *bridge.Receiver) (port bridge.Port, wait func())
	People  People
	Trouble Trouble
	// Fits is how many characters surely fit into one post, and three times as many
	// surely do not. Zero means that the surface has no such limit.
	Fits int
	// Files: the surface carries files.
	Files bool
	// Age makes all that was said so far old enough to be found missing by a
	// listing; nil when that needs no age.
	Age func()
	// CatchUpEvery is how often threads are listed, for a surface that is not told
	// that its line was cut; zero means as often as the relay does by default.
	CatchUpEvery time.Duration
	// Begin lets a person begin a thread of their own in the place, with its first
	// post, and returns the thread; nil when threads there cannot be attached.
	Begin func(body string) (thread string)
	// Reactions let people react; nil when the surface knows no reactions.
	Reactions Reacting
	// Lock lets a moderator lock a thread or unlock it, as people close what is done
	// there; nil when the surface knows no such thing.
	Lock func(thread string, locked bool)
	// Changed returns a channel that is closed at the chat's next change; may be nil.
	Changed func() <-chan struct{}
}

// People act in the simulated chat, in Fixture.Place.
type People interface {
	// Say posts as a person in a thread and returns the post's ref.
	Say(thread, body string, files ...Attachment) (ref string)
	// Edit changes a person's post.
	Edit(ref, body string)
	// Delete removes a post as its author does, one of ours as a moderator does.
	Delete(ref string)
	// See returns what people see in a thread, its root first; of all threads when
	// the thread is empty. Of a Post only Ref, Body, Ours and Files are looked at.
	See(thread string) []Post
}

// Reacting is how people react in the simulated chat.
type Reacting interface {
	// React gives a post an emoji as a person, or takes it back.
	React(ref, emoji string, on bool)
	// OurReactions returns the emoji that our bot has given a post.
	OurReactions(ref string) []string
}

// Mishap is what goes wrong with a call.
type Mishap string

// The mishaps.
const (
	MishapRefused    Mishap = "refused"    // a failure that certainly had no effect
	MishapLost       Mishap = "lost"       // the call never arrives, and nobody can tell
	MishapUnanswered Mishap = "unanswered" // the call takes effect, its answer is lost
	MishapLimited    Mishap = "limited"    // "wait a second"
	MishapUnshowable Mishap = "unshowable" // this text can never be shown
)

// Outage is what is lost until it is mended.
type Outage string

// The outages.
const (
	OutageChannel Outage = "channel" // nobody can write to the channel any more
	OutageToken   Outage = "token"   // our token was taken back
	OutageLine    Outage = "line"    // no events come, and they are not sent again
)

// Trouble makes things go wrong.
type Trouble interface {
	// Next makes the next calls of a step go wrong; steps are "deliver", "find",
	// "list" and "fetch". It reports false when the simulator cannot do that.
	Next(step string, times int, m Mishap) bool
	Break(o Outage)
	Mend(o Outage)
}

// RunSurface is the suite that every surface's adapter passes. It runs in real
// time and waits for what must become true, never for time to pass alone, except
// to see that nothing more comes.
func RunSurface(t *testing.T, fixture func(t *testing.T) Fixture) {
	for _, c := range SurfaceTests() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, fixture(t))
		})
	}
}

// WaitTogether lets more tests run at once than there are processors, since those of the
// suite wait for most of their time. It is for TestMain; go test -parallel has the last word.
func WaitTogether() {
	_ = flag.Set("test.parallel", "8") // unreachable error: the flag is there in every test
}

// SurfaceTest is one test of the suite.
type SurfaceTest struct {
	Name string
	test func(*bench)
}

// Run runs the test on a fixture that nothing else uses.
func (c SurfaceTest) Run(t *testing.T, f Fixture) {
	b := newBench(t, f)
	defer b.stop()
	c.test(b)
	b.stop()
	b.verify()
}

// SurfaceTests are the tests of the suite one by one.
func SurfaceTests() []SurfaceTest {
	return []SurfaceTest{
		{"shows a conversation in order, each message once", testOrder},
		{"shows a long text in parts, and takes spare ones away", testParts},
		{"shows ten thousand characters in order", testLong},
		{"shows edits and deletes", testEdits},
		{"is effectively once whatever happens to a call", testOnce},
		{"takes people's words, edits and deletes", testInbound},
		{"knows its own posts, edits and deletes", testEcho},
		{"records a removed copy and does not spread it", testModerator},
		{"finds what people did while nobody listened", testCatchUp},
		{"takes nothing for deleted after a listing that broke off", testBrokenListing},
		{"takes nothing twice when it starts again", testRestart},
		{"carries files byte for byte", testFiles},
		{"attaches a thread with all that was said in it", testAttach},
		{"carries reactions both ways", testReactions},
		{"takes a reaction to the card for a gesture", testCardReaction},
		{"closes with a lock and reopens without", testLock},
		{"waits when told to", testLimited},
		{"leaves a note for what it cannot show", testUnshowable},
		{"parks with a remedy and goes on by itself", testChannelLost},
		{"stops for a lost token and says what to do", testTokenLost},
	}
}

// patience is how long something that must become true may take.
const patience = 20 * time.Second

// bench is one test of the suite: a store, the adapter and a relay.
type bench struct {
	t      *testing.T
	f      Fixture
	m      *Memory
	doubt  time.Duration
	relay  *bridge.Relay
	cancel context.CancelFunc
	wg     sync.WaitGroup
	wait   func()

	conv   bridge.ID
	thread string
}

func newBench(t *testing.T, f Fixture) *bench {
	b := &bench{t: t, f: f, m: NewMemory(nil), doubt: 400 * time.Millisecond}
	b.start()
	return b
}

func (b *bench) start() {
	b.m = b.m.Reopen()
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	port, wait := b.f.Connect(ctx, &bridge.Receiver{Log: b.m, Desk: b.m.Desk(), Directory: b.m})
	b.wait = wait
	b.relay = bridge.NewRelay(bridge.RelayOptions{
		Store: b.m, Desk: b.m.Desk(), Bell: b.m.Bell(), Doubt: b.doubt, CallTimeout: 2 * time.Second,
		FileTimeout: 5 * time.Second, Poll: 50 * time.Millisecond, ProbeEvery: 200 * time.Millisecond,
		CatchUpEvery: b.f.CatchUpEvery,
	}, port)
	b.wg.Go(func() { _ = b.relay.Run(ctx) })
}

func (b *bench) stop() {
	if b.cancel == nil {
		return
	}
	b.cancel()
	b.wg.Wait()
	if b.wait != nil {
		b.wait()
	}
	b.cancel = nil
}

func (b *bench) verify() {
	for _, what := range b.m.Verify() {
		b.t.Errorf("audit: %s", what)
	}
}

// until waits for what must become true.
func (b *bench) until(what string, holds func() bool) {
	b.t.Helper()
	deadline := time.After(patience)
	for {
		rung, changed := b.m.Bell().Any(), (<-chan struct{})(nil)
		if b.f.Changed != nil {
			changed = b.f.Changed()
		}
		if holds() {
			return
		}
		select {
		case <-rung:
		case <-changed:
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			b.t.Fatalf("it did not come about that %s; people see\n%s\nand the log has\n%s", what, b.picture(), b.log())
		}
	}
}

// calm waits long enough to see that nothing more comes.
func (b *bench) calm() {
	b.until("nothing is left to do", b.m.Idle)
	<-time.After(b.doubt + 200*time.Millisecond)
}

func (b *bench) picture() string {
	var s strings.Builder
	for _, p := range b.f.People.See("") {
		fmt.Fprintf(&s, "  %s ours=%t %q", p.Ref, p.Ours, p.Body)
		for _, f := range p.Files {
			fmt.Fprintf(&s, " + %s", f.Name)
		}
		s.WriteByte('\n')
	}
	return s.String()
}

func (b *bench) log() string {
	var s strings.Builder
	for _, id := range b.m.Tickets() {
		for _, e := range b.m.Entries(id) {
			fmt.Fprintf(&s, "  %d-%d %s %s %s\n", e.Ticket, e.Seq, e.Kind, e.Facts.Reason, e.Words.Body)
		}
	}
	for _, m := range b.m.Mirrors() {
		fmt.Fprintf(&s, "  mirror %s: thread %q cursor %d of %d, parked %q, error %q\n", m.ID, m.Thread, m.Cursor, m.Head, m.Parked, m.Error)
	}
	return s.String()
}

// do appends what an agent does.
func (b *bench) do(c bridge.Command) bridge.Result {
	b.t.Helper()
	res, err := b.m.Append(b.t.Context(), c)
	if err != nil {
		b.t.Fatalf("%T: %v", c, err)
	}
	return res
}

// open starts a conversation without waiting for anything.
func (b *bench) open(question string) {
	b.t.Helper()
	ticket := b.do(&bridge.CreateTicket{Actor: bridge.System(), Subject: "Billed twice", Requester: "Carl", Body: "Please help"}).ID.Ticket
	b.conv = b.do(&bridge.StartConversation{
		Actor: alice, Ticket: ticket, Subject: "Who knows", Body: question, Targets: []bridge.Target{{Place: cmp.Or(b.f.Asked, b.f.Place)}},
	}).ID
}

// begin starts a conversation and waits for its thread and question.
func (b *bench) begin(question string) {
	b.t.Helper()
	b.open(question)
	b.until("the question is shown", func() bool { return b.bind() && b.count(question) == 1 })
}

// bind learns the thread once there is one.
func (b *bench) bind() bool {
	for _, m := range b.m.Mirrors() {
		if m.Conversation == b.conv.Seq {
			b.thread = m.Thread
		}
	}
	return b.thread != ""
}

func (b *bench) say(body string, files ...bridge.FileUpload) bridge.ID {
	b.t.Helper()
	return b.do(&bridge.PostMessage{Actor: alice, Conversation: b.conv, Body: body, Files: files}).ID
}

// see returns the thread without its root.
func (b *bench) see() []Post {
	posts := b.f.People.See(b.thread)
	return slices.DeleteFunc(posts, func(p Post) bool { return p.Ref == b.thread })
}

// count returns how many posts people see, anywhere, that have a text, roots aside.
func (b *bench) count(text string) int {
	n := 0
	for _, p := range b.f.People.See("") {
		if p.Ref != b.thread && strings.Contains(p.Body, text) {
			n++
		}
	}
	return n
}

// ref returns the ref of the post that has a text.
func (b *bench) ref(text string) string {
	b.t.Helper()
	for _, p := range b.see() {
		if strings.Contains(p.Body, text) {
			return p.Ref
		}
	}
	b.t.Fatalf("there is no post %q; people see\n%s", text, b.picture())
	return ""
}

// recorded waits until the record has exactly these messages, in any order.
func (b *bench) recorded(want ...string) {
	b.t.Helper()
	slices.Sort(want)
	b.until(fmt.Sprintf("the record has %q", want), func() bool { return slices.Equal(b.record(), want) })
}

// record returns the bodies of the messages that are not deleted, sorted.
func (b *bench) record() []string {
	var out []string
	for _, m := range b.m.Said(b.conv) {
		if !m.Deleted {
			out = append(out, m.Body)
		}
	}
	slices.Sort(out)
	return out
}

// entries returns how many entries of a kind the log has.
func (b *bench) entries(k bridge.Kind) int {
	n := 0
	for _, e := range b.m.Entries(b.conv.Ticket) {
		if e.Kind == k {
			n++
		}
	}
	return n
}

// inOrder checks that people see the texts, each once and one after the other.
func (b *bench) inOrder(texts ...string) {
	b.t.Helper()
	at := -1
	posts := b.see()
	for _, text := range texts {
		if n := b.count(text); n != 1 {
			b.t.Errorf("%q is there %d times; people see\n%s", text, n, b.picture())
			return
		}
		i := slices.IndexFunc(posts, func(p Post) bool { return strings.Contains(p.Body, text) })
		if i <= at {
			b.t.Errorf("%q is out of order; people see\n%s", text, b.picture())
		}
		at = i
	}
}

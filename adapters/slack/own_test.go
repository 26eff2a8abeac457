package slack

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// before runs something between our look at the channel and the next post.
type before struct {
	*http.Transport
	mu  sync.Mutex
	run func()
}

// RoundTrip implements http.RoundTripper.
func (b *before) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	run := b.run
	if strings.HasSuffix(r.URL.Path, "chat.postMessage") {
		b.run = nil
	} else {
		run = nil
	}
	b.mu.Unlock()
	if run != nil {
		run()
	}
	return b.Transport.RoundTrip(r)
}

func (b *before) next(run func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.run = run
}

func (m *memoryInbox) told() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.quarantined)
}

// F62: another organisation comes in after we looked and before the post is made.
func TestAPostIntoAChannelJustSharedIsTakenBack(t *testing.T) {
	var allowed sync.Map
	transport := &before{Transport: chat.NewTransport()}
	w := newWorld(t, setup{opts: func(o *Options) {
		o.Transport = transport
		o.Policy = func(string) (mapping.Policy, bool) { _, ok := allowed.Load("all"); return mapping.DefaultPolicy(), ok }
	}})
	root := w.open()
	w.quiet()
	transport.next(func() {
		check(t, w.sim.ShareExternally(w.channel, "T0OTHER"))
		w.until("we have heard of it", func() bool { return w.counts.of("received", "channel_shared") == 1 && w.sim.EventStats().InFlight == 0 })
	})
	_, _, err := w.deliver(w.view(bridge.MessagePosted, "internal words"))
	if se := surfaceErr(t, err); se.Class != bridge.Gone || se.Code != codeExternal || se.Uncertain || se.Remedy == "" {
		t.Errorf("%+v", se)
	}
	if thread := w.sim.Thread(w.channel, root); len(thread) != 1 {
		t.Errorf("the other organisation reads %q", thread[len(thread)-1].Text)
	}
	if se := surfaceErr(t, w.a.Probe(w.ctx(), w.mirror.Place)); se.Code != codeExternal {
		t.Errorf("the probe says %+v: the mirror would be resumed to be refused again", se)
	}
	allowed.Store("all", true)
	check(t, w.a.Probe(w.ctx(), w.mirror.Place))
	w.show(w.view(bridge.MessagePosted, "allowed words"))
}

// F62, when Slack tells us late: the echo of the post itself shows it.
func TestAPostIsTakenBackWhenItsEchoShowsTheChannelShared(t *testing.T) {
	w := newWorld(t, setup{sim: func(o *slacksim.Options) { o.Echo = slacksim.EchoAfter }})
	root := w.open()
	w.quiet()
	w.sim.InjectEvent(slacksim.EventFault{Type: "channel_shared", Drop: true})
	check(t, w.sim.ShareExternally(w.channel, "T0OTHER"))
	w.show(w.view(bridge.MessagePosted, "internal words"))
	w.eventually("it is taken back", func() bool { return len(w.sim.Thread(w.channel, root)) == 1 && len(w.in.told()) == 1 })
	if told := w.in.told()[0]; !strings.Contains(told, "#billing") || !strings.Contains(told, "allow_external") {
		t.Errorf("the admin was told %q", told)
	}
	_, _, err := w.deliver(w.view(bridge.MessagePosted, "more internal words"))
	if se := surfaceErr(t, err); se.Code != codeExternal {
		t.Errorf("%+v", se)
	}
}

// F38: Slack says ok to a post and shows it to nobody.
func TestASwallowedPostIsFoundOutAndTold(t *testing.T) {
	w := newWorld(t, setup{opts: func(o *Options) { o.EchoWait = 200 * time.Millisecond }})
	root := w.open()
	w.show(w.view(bridge.MessagePosted, "one"))
	w.sim.Inject(slacksim.Fault{Method: "chat.postMessage", Swallow: true, Times: 1})
	lost := w.show(w.view(bridge.MessagePosted, "two"))[0].Ref
	w.show(w.view(bridge.MessagePosted, "three"))
	w.eventually("it is found out", func() bool { return w.counts.of("swallowed", "") == 1 && len(w.in.told()) == 1 })
	if told := w.in.told()[0]; !strings.Contains(told, "#billing") || !strings.Contains(told, lost) || !strings.Contains(told, "say it again") {
		t.Errorf("the admin was told %q", told)
	}
	var gone []string
	for _, in := range w.in.ours() {
		if in.Kind == bridge.InDelete {
			gone = append(gone, in.Source.Ref)
		}
	}
	if !slices.Equal(gone, []string{lost}) || len(w.sim.Thread(w.channel, root)) != 3 {
		t.Errorf("recorded as gone: %q, want %q", gone, lost)
	}
}

func TestASwallowedRootIsFoundOut(t *testing.T) {
	w := newWorld(t, setup{opts: func(o *Options) { o.EchoWait = 200 * time.Millisecond }})
	w.sim.Inject(slacksim.Fault{Method: "chat.postMessage", Swallow: true, Times: 1})
	root := w.open()
	w.eventually("it is found out", func() bool { return len(w.in.told()) == 1 })
	if told := w.in.told()[0]; !strings.Contains(told, root) || !strings.Contains(told, "Start the conversation again") {
		t.Errorf("the admin was told %q", told)
	}
}

// A post whose echo was lost, or went to another daemon, is there.
func TestAPostWithoutAnEchoIsLookedForAndFound(t *testing.T) {
	w := newWorld(t, setup{opts: func(o *Options) { o.EchoWait = 200 * time.Millisecond }})
	w.away()
	root := w.open()
	for range 5 {
		w.show(w.view(bridge.MessagePosted, "words"))
	}
	w.eventually("the thread was looked into", func() bool {
		return w.counts.of("not echoed", "") > 0 && w.counts.of("call", "conversations.replies") > 0
	})
	w.eventually("nothing is looked for any longer", func() bool { return len(w.a.own.silent(w.a.now())) == 0 })
	if told := w.in.told(); len(told) != 0 || len(w.sim.Thread(w.channel, root)) != 6 {
		t.Errorf("the admin was told %q", told)
	}
	if n := w.counts.of("call", "conversations.replies"); n > 3 {
		t.Errorf("it took %d calls", n)
	}
}

// In the log, a swallowed post is a copy that was removed, once.
func TestTheAuditTrailShowsASwallowedPost(t *testing.T) {
	b := newBridged(t, setup{socket: true, sim: quick, opts: func(o *Options) { quickPing(o); o.EchoWait = 300 * time.Millisecond; o.Inbox = quietly{o.Inbox} }})
	id, _ := b.start("Question", "first")
	b.settled()
	b.sim.Inject(slacksim.Fault{Method: "chat.postMessage", Swallow: true, Times: 1})
	lost := b.append(&bridge.PostMessage{Actor: alice(), Conversation: id, Body: "second"})
	removed := func() (n int) {
		for _, e := range b.memory.Entries(id.Ticket) {
			if e.Kind == bridge.CopyRemoved && e.Facts.Message == lost.ID.Seq {
				n++
			}
		}
		return n
	}
	b.until("the trail shows it", func() bool { return removed() == 1 })
	b.append(&bridge.PostMessage{Actor: alice(), Conversation: id, Body: "third"})
	b.settled()
	if n := removed(); n != 1 {
		t.Errorf("the trail shows it %d times", n)
	}
}

// quietly is an inbox that may be told something for the admin.
type quietly struct{ Inbox }

// Quarantine implements Inbox.
func (quietly) Quarantine(context.Context, string, string, []byte) error { return nil }

func TestOwnPostsAreRememberedForMinutesAndInBounds(t *testing.T) {
	o, now := newOwnPosts(), time.Now()
	m := bridge.Mirror{Thread: rootTS, Place: bridge.Place{Channel: "C1"}}
	for n := range int64(3 * maxOwn) {
		o.made(m, microsTS(n), now)
	}
	if len(o.byKey) != maxOwn || len(o.order) != maxOwn {
		t.Errorf("%d posts are remembered", len(o.byKey))
	}
	for n := range int64(3 * maxOwn) {
		o.showed("C1", microsTS(n), now)
	}
	o.forget("C1", microsTS(1))
	if left := o.silent(now.Add(time.Hour)); len(left) != 0 || len(o.byKey) != 0 || len(o.order) != 0 {
		t.Errorf("%d posts are silent, %d remembered", len(left), len(o.byKey))
	}
}

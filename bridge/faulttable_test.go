package bridge_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// runs is how many histories with several faults are tried.
var runs = flag.Int("runs", 300, "how many runs with several faults")

// waysToFail are what goes wrong with a step.
var waysToFail = []struct {
	name string
	what bridgetest.Fault
}{
	{"failed and not applied", bridgetest.Refused()},
	{"lost, nobody knows", bridgetest.Lost()},
	{"failed but applied", bridgetest.Unanswered()},
	{"crash before", bridgetest.CrashBefore()},
	{"crash after", bridgetest.CrashAfter()},
}

// worlds are how the platforms behave.
var worlds = []struct {
	name string
	make func(w *bridgetest.World)
}{
	{"echoes come with the answers", func(w *bridgetest.World) { setRules(w, bridgetest.EchoDuring, true) }},
	{"echoes come first, events are lost in a crash", func(w *bridgetest.World) { setRules(w, bridgetest.EchoBefore, false) }},
	{"no echoes, and some calls are lost anyway", func(w *bridgetest.World) {
		setRules(w, bridgetest.EchoNever, false)
		w.Faults.Next("deliver root", 1, bridgetest.Unanswered())
		w.Faults.Next("deliver file", 1, bridgetest.Unanswered())
		w.Faults.Next("deliver edit", 1, bridgetest.Lost())
		w.Faults.Next("deliver post", 1, bridgetest.Lost())
	}},
}

// TestEveryOutsideStepMayFailOrCrash runs the same story again and again. In each
// run one outside step goes wrong in one way: the first in the first run, and so on
// until a run has fewer steps than that. After every run, each surface shows each
// entry once and in order, and the log verifies.
func TestEveryOutsideStepMayFailOrCrash(t *testing.T) {
	all := map[string]int{}
	for _, world := range worlds {
		t.Run(world.name, func(t *testing.T) {
			table := map[string]int{}
			for _, f := range waysToFail {
				for n := 1; ; n++ {
					var hit string
					synctest.Test(t, func(t *testing.T) {
						hits := tellStory(t, fmt.Sprintf("%s at step %d", f.name, n), world.make, map[int]bridgetest.Fault{n: f.what})
						hit = strings.Join(hits, ", ")
					})
					if hit == "" || t.Failed() {
						break
					}
					table[hit]++
				}
			}
			logTable(t, table)
			for step, n := range table {
				all[step] += n
			}
		})
	}
	// Which steps come when is chance, so that a world alone may miss a rare one.
	for _, must := range []string{
		"append Begin", "append Settle", "append Inbound post", "append Inbound edit", "append Inbound delete",
		"append StoreFile", "deliver root", "deliver post", "deliver edit", "deliver delete", "deliver file", "deliver reaction",
		"append Inbound react", "list", "list page", "fetch", "resolve", "append MoveMirror",
	} {
		if all[must] == 0 && !t.Failed() {
			t.Errorf("no run had %q go wrong", must)
		}
	}
}

// TestManyStepsMayFailInOneRun lets up to four random steps go wrong in a run.
func TestManyStepsMayFailInOneRun(t *testing.T) {
	for seed := range uint64(*runs) {
		rng := rand.New(rand.NewPCG(seed, 3))
		world := worlds[rng.IntN(len(worlds))]
		faults := map[int]bridgetest.Fault{}
		for range 2 + rng.IntN(3) {
			faults[1+rng.IntN(160)] = waysToFail[rng.IntN(len(waysToFail))].what
		}
		synctest.Test(t, func(t *testing.T) {
			tellStory(t, fmt.Sprintf("run %d, %s", seed, world.name), world.make, faults)
		})
		if t.Failed() {
			return
		}
	}
}

func logTable(t *testing.T, table map[string]int) {
	var lines []string
	total := 0
	for step, n := range table {
		lines = append(lines, fmt.Sprintf("%5d  %s", n, step))
		total += n
	}
	slices.Sort(lines)
	t.Logf("%d runs, each with one step gone wrong:\n%s", total, strings.Join(lines, "\n"))
}

func setRules(w *bridgetest.World, echo bridgetest.Echo, redeliver bool) {
	for _, c := range w.Chats {
		c.Set(func(r *bridgetest.Rules) { r.SplitAt, r.Echo, r.Redeliver = 10, echo, redeliver })
	}
}

var (
	alice = bridge.Actor{Person: "alice", Role: bridge.RoleAgent, Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: "alice"}, Name: "Alice"}
	admin = bridge.Actor{Person: "root", Role: bridge.RoleAdmin, Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: "root"}, Name: "Root"}
)

// story is one run: a conversation in two channels, told by people while a daemon
// that may die and is then started again keeps up with them.
type story struct {
	t     *testing.T
	name  string
	w     *bridgetest.World
	agent *bridgetest.Memory
	conv  bridge.ID
}

// tellStory returns which steps the faults hit, none when the run had fewer.
func tellStory(t *testing.T, name string, prepare func(*bridgetest.World), faults map[int]bridgetest.Fault) []string {
	w := bridgetest.NewWorld("billing")
	w.AddChat("talk", "lounge")
	prepare(w)
	for n, what := range faults {
		w.Faults.At(n, what)
	}
	s := &story{t: t, name: name, w: w, agent: w.Memory.With(nil)}
	d := w.Start(t.Context())
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() { // ended by stop, waited for by done
		defer close(done)
		for {
			select {
			case <-stop:
				d.Stop()
				return
			case <-d.Memory.Life().Dead():
				d.Stop()
				d = w.Start(t.Context())
			}
		}
	}()
	s.tell()
	if !w.Until(10*time.Minute, w.Memory.Idle) {
		t.Errorf("%s: something is never done", name)
	}
	<-time.After(time.Minute)
	close(stop)
	<-done
	s.check()
	return w.Faults.Hit()
}

func (s *story) append(c bridge.Command) bridge.Result {
	res, err := s.agent.Append(s.t.Context(), c)
	if err != nil {
		s.t.Errorf("%s: %T: %v", s.name, c, err)
	}
	<-time.After(5 * time.Second)
	return res
}

func (s *story) post(body string, files ...bridge.FileUpload) bridge.ID {
	return s.append(&bridge.PostMessage{Actor: alice, Conversation: s.conv, Body: body, Files: files}).ID
}

// thread waits for the thread of a mirror and returns it.
func (s *story) thread(channel string) string {
	var thread string
	s.w.Until(5*time.Minute, func() bool {
		for _, m := range s.w.Memory.Mirrors() {
			if m.Place.Channel == channel {
				thread = m.Thread
			}
		}
		return thread != ""
	})
	return thread
}

func (s *story) tell() {
	chat, talk := s.w.Chats[0], s.w.Chats[1]
	ticket := s.append(&bridge.CreateTicket{Actor: bridge.System(), Subject: "Billed twice", Requester: "Carl", Body: "Help"}).ID.Ticket
	s.conv = s.append(&bridge.StartConversation{
		Actor: alice, Ticket: ticket, Subject: "Who knows?", Body: "aaaaaaaaaabbbbbbbbbbcccc",
		Targets: []bridge.Target{{Place: chat.Place("billing")}, {Place: talk.Place("@lounge")}},
	}).ID
	first := s.agent.Said(s.conv)[0].ID
	billing, lounge := s.thread("billing"), s.thread("lounge")
	anders := chat.Say("Anders", "billing", billing, "I know")
	upload, err := s.agent.Upload(s.t.Context(), "in.txt", "text/plain", []byte("invoice"))
	if err != nil {
		s.t.Error(err)
	}
	s.post("look", upload)
	chat.Edit(anders, "I know it")
	s.react("Anders: I know it", "🙏")
	talk.Say("Lena", "lounge", lounge, "see", bridgetest.Attachment{Name: "s.txt", MIME: "text/plain", Data: []byte("scan")})
	s.append(&bridge.EditMessage{Actor: alice, Message: first, Body: "short"})
	s.w.Until(5*time.Minute, func() bool {
		for _, p := range talk.Thread("lounge", lounge) {
			if p.Ours && strings.HasSuffix(p.Body, ": short") {
				talk.React("Lena", p.Ref, "👍", true)
				return true
			}
		}
		return false
	})
	chat.Cut()
	chat.Say("Anders", "billing", billing, "unheard")
	<-time.After(5 * time.Second)
	chat.Join()
	slip := chat.Say("Anders", "billing", billing, "a slip")
	gone := s.post("also a slip")
	s.append(&bridge.DeleteMessage{Actor: alice, Message: gone})
	<-time.After(45 * time.Second)
	chat.Delete(slip)
	s.append(&bridge.SetState{Actor: alice, Conversation: s.conv})
}

// react lets the agent react to a message as soon as the record has it.
func (s *story) react(said, emoji string) {
	s.w.Until(5*time.Minute, func() bool {
		for _, m := range s.agent.Said(s.conv) {
			if m.Name+": "+m.Body == said {
				s.append(&bridge.React{Actor: alice, Message: m.ID, Emoji: emoji, On: true})
				return true
			}
		}
		return false
	})
}

// check compares what people see with what the log says they must.
func (s *story) check() {
	for _, what := range s.w.Memory.Verify() {
		s.t.Errorf("%s: %s", s.name, what)
	}
	var record []string
	for _, m := range s.w.Memory.Said(s.conv) {
		if !m.Deleted {
			record = append(record, strings.Join(append([]string{m.Name + ": " + m.Body}, m.Reactions...), " "))
		}
	}
	slices.Sort(record)
	want := []string{"Alice: look", "Alice: short 👍 Lena", "Anders: I know it 🙏 Alice", "Anders: unheard", "Lena: see"}
	if diff := cmp.Diff(want, record); diff != "" {
		s.t.Errorf("%s: record (-want +got):\n%s", s.name, diff)
	}
	for _, m := range s.w.Memory.Mirrors() {
		s.checkMirror(m)
	}
	if s.t.Failed() {
		s.t.Logf("%s: met %q", s.name, s.w.Faults.Hit())
	}
}

func (s *story) checkMirror(m bridge.Mirror) {
	chat := s.w.Chats[0]
	if m.Place.Surface == "talk" {
		chat = s.w.Chats[1]
	}
	if roots := chat.Roots(m.Place.Channel); len(roots) != 1 || roots[0].Ref != m.Thread {
		s.t.Errorf("%s: %s has %d posts outside of threads", s.name, m.Place.Channel, len(roots))
	}
	var ours, theirs []string
	for _, p := range chat.Thread(m.Place.Channel, m.Thread)[1:] {
		line := p.Body
		for _, f := range p.Files {
			line += "+" + f.Name + " " + string(f.Data)
		}
		if p.Ours {
			ours = append(ours, line)
		} else {
			theirs = append(theirs, p.Name+": "+line)
		}
	}
	s.checkReactions(m, chat.Thread(m.Place.Channel, m.Thread))
	wantOurs, wantTheirs := s.wanted(m)
	if diff := cmp.Diff(wantOurs, ours); diff != "" {
		s.t.Errorf("%s: ours in %s (-want +got):\n%s", s.name, m.Place.Channel, diff)
	}
	if diff := cmp.Diff(wantTheirs, theirs); diff != "" {
		s.t.Errorf("%s: theirs in %s (-want +got):\n%s", s.name, m.Place.Channel, diff)
	}
}

// checkReactions: our bot has reacted where, and only where, somebody elsewhere has.
func (s *story) checkReactions(m bridge.Mirror, posts []bridgetest.Post) {
	copies, err := s.agent.MirrorCopies(s.t.Context(), m.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	first := map[int64]string{}
	for _, c := range copies {
		if first[c.Message] == "" && !c.Gone {
			first[c.Message] = c.Ref
		}
	}
	var want, got []string
	s.w.Memory.Look(func(st *bridge.State) {
		for key, r := range st.Reactions {
			if r.Mirror != m.ID.Seq {
				want = append(want, first[key.Message.Seq]+" "+key.Emoji)
			}
		}
	})
	for _, p := range posts {
		for emoji, who := range p.Reactions {
			if slices.ContainsFunc(who, func(a bridge.Account) bool { return a.ID == "B-ours" }) {
				got = append(got, p.Ref+" "+emoji)
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("%s: our reactions in %s (-want +got):\n%s", s.name, m.Place.Channel, diff)
	}
}

// wanted reads from the log what a mirror must show, in its order.
func (s *story) wanted(m bridge.Mirror) (ours, theirs []string) {
	messages := map[int64]bridgetest.Said{}
	for _, said := range s.w.Memory.Said(s.conv) {
		messages[said.ID.Seq] = said
	}
	file := func(f bridge.File, names []string) string {
		return "+" + names[f.N] + " " + string(s.w.Memory.Blob(f.Hash))
	}
	entries := s.w.Memory.Entries(s.conv.Ticket)
	for _, e := range entries {
		here := e.Facts.Source != nil && e.Facts.Mirror == m.ID.Seq
		said := messages[e.Seq]
		switch e.Kind {
		case bridge.MessagePosted:
			switch {
			case said.Deleted:
			case here:
				line := said.Name + ": " + said.Body
				for _, f := range said.Files {
					line += file(f, e.Words.Files)
				}
				theirs = append(theirs, line)
			default:
				ours = append(ours, said.Name+": "+said.Body)
				for _, f := range said.Files {
					if f.Seq == e.Seq {
						ours = append(ours, file(f, e.Words.Files))
					}
				}
			}
		case bridge.FileStored:
			post := entries[e.Facts.Message-1]
			if post.Facts.Mirror != m.ID.Seq {
				ours = append(ours, file(messages[post.Seq].Files[e.Facts.Files[0].N], post.Words.Files))
			}
		case bridge.ConversationClosed:
			ours = append(ours, "* Alice closed this")
		case bridge.ConversationReopened: // by a reply that was heard late
			ours = append(ours, "* "+e.Words.Name+" reopened this")
		}
	}
	return ours, theirs
}

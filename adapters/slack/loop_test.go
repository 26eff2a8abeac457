package slack

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/chat"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
)

// F10: a bot that answers every message is heard twenty times, then no more for a
// while; people are, and the admin is told what to do.
func TestABotInALoopIsPausedAndPeopleAreNot(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket, sim: func(o *slacksim.Options) { o.Workers = 1 }, opts: func(o *Options) { o.Connections = 1 }})
		robot := w.sim.AddBot("Robot")
		check(t, w.sim.Invite(w.channel, robot))
		root := w.open()
		ts, err := robot.Post(w.channel, "who am I")
		check(t, err)
		m, _ := w.sim.Message(w.channel, ts)
		w.quiet()
		w.a.bots[m.BotID] = true
		for n := range 50 {
			_, err := robot.Reply(w.channel, root, fmt.Sprintf("robot %d", n))
			check(t, err)
		}
		w.replies(root, 0, 30)
		w.quiet()
		got := strings.Join(bodies(w.in.theirs()), "\n")
		if n := strings.Count(got, "robot"); n != chat.LoopMost {
			t.Errorf("%d messages of the robot were taken", n)
		}
		if n := strings.Count(got, "reply"); n != 30 {
			t.Errorf("%d of 30 messages of Anders were taken", n)
		}
		if n := w.counts.of("ignored", skipLoop); n != 30 {
			t.Errorf("%d messages were counted as left out", n)
		}
		w.in.set(func() {
			if len(w.in.quarantined) != 1 || !strings.Contains(w.in.quarantined[0], "allow_bots") || !strings.Contains(w.in.quarantined[0], "#billing") {
				t.Errorf("the admin was told %q", w.in.quarantined)
			}
		})
		// Deleting what was left out is nothing to record either.
		thread := w.sim.Thread(w.channel, root)
		check(t, robot.Delete(w.channel, thread[40].TS))
		check(t, robot.Delete(w.channel, thread[5].TS))
		w.quiet()
		if got := bodies(w.in.theirs()); got[len(got)-1] != "delete "+thread[5].TS || strings.Contains(strings.Join(got, " "), "delete "+thread[40].TS) {
			t.Errorf("of the two deletes came %q", got[len(got)-2:])
		}
		// A listing gives the same messages the same answer, after a restart too.
		for range 2 {
			fed, _ := w.list(w.mirror, w.copies...)
			if n := strings.Count(strings.Join(bodies(fed), "\n"), "robot"); n != chat.LoopMost-1 && n != chat.LoopMost {
				t.Errorf("a listing fed %d messages of the robot", n)
			}
			w.a.breaker = chat.Breaker{}
		}
	})
}

func TestABotsEditsCountToo(t *testing.T) {
	a := offline(t, func(o *Options) { o.Bots = []string{"BOK"} })
	m := &message{TS: replyTS, ThreadTS: rootTS, BotID: "BOK", Text: "x"}
	taken := 0
	for n := range 40 {
		m.Edited = &edited{TS: fmt.Sprintf("1700000010.%06d", n)}
		if _, skip := a.changed(t.Context(), &event{Channel: "C1", Changed: m}); skip == "" {
			taken++
			a.heard("C1", m)
		}
	}
	if taken != chat.LoopMost {
		t.Errorf("%d edits were taken", taken)
	}
}

package slack

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// quick makes pings and redeliveries fit into a test.
func quick(o *slacksim.Options) {
	o.PingInterval = 50 * time.Millisecond
	o.AckTimeout = 300 * time.Millisecond
	o.WarningGrace = 300 * time.Millisecond
	o.RetryDelays = slices.Repeat([]time.Duration{5 * time.Millisecond}, 200)
}

func quickPing(o *Options) { o.PingInterval = 300 * time.Millisecond }

func socketWorld(t *testing.T) (*world, string) {
	t.Helper()
	w := newWorld(t, setup{socket: true, sim: quick, opts: quickPing})
	root := w.open()
	w.quiet()
	return w, root
}

// arrived waits until exactly these replies were accepted, in any number of deliveries.
func (w *world) arrived(want int) []string {
	w.t.Helper()
	distinct := func() []string {
		var out []string
		for _, body := range bodies(w.in.theirs()) {
			if !slices.Contains(out, body) {
				out = append(out, body)
			}
		}
		return out
	}
	w.until(fmt.Sprintf("%d replies have arrived", want), func() bool { return len(distinct()) >= want })
	return distinct()
}

func TestOneThreadsRepliesAreAcceptedInOrderOverOneSocket(t *testing.T) {
	w := newWorld(t, setup{socket: true, opts: func(o *Options) { o.Connections = 1 }})
	root := w.open()
	w.replies(root, 0, 100)
	w.quiet()
	for n, body := range bodies(w.in.theirs()) {
		if body != fmt.Sprintf("reply %d", n) {
			t.Fatalf("reply %d is %q", n, body)
		}
	}
}

func TestAnAnnouncedEndLeavesNoGap(t *testing.T) {
	// The three sockets are there long enough to be seen on a busy machine, and none of
	// them is taken for dead meanwhile.
	w := newWorld(t, setup{socket: true, sim: func(o *slacksim.Options) { quick(o); o.WarningGrace = 3 * time.Second }})
	root := w.open()
	w.quiet()
	before := w.counts.of("connected", "")
	w.sim.WarnConnections(1)
	w.until("the next socket is open before the old one is closed", func() bool { return w.sim.Connections() == 3 })
	w.replies(root, 0, 30)
	w.until("the old socket is closed", func() bool { return w.sim.Connections() == 2 })
	w.replies(root, 30, 40)
	w.arrived(40)
	if n := w.counts.of("connected", "") - before; n != 1 {
		t.Errorf("connected %d times for one warning", n)
	}
}

func TestRefreshAndDropReconnectAndAskForCatchUp(t *testing.T) {
	w, root := socketWorld(t)
	if !w.a.Reconnected() || w.a.Reconnected() {
		t.Error("the first connection is to be told once")
	}
	for n, end := range []func(int){w.sim.RefreshConnections, w.sim.DropConnections} {
		end(0)
		w.replies(root, n*10, n*10+10)
		w.arrived(n*10 + 10)
		w.until("both sockets are back", func() bool { return w.sim.Connections() == 2 })
		if !w.a.Reconnected() {
			t.Error("a new connection was not told")
		}
	}
}

// F25: a socket that has become silent is found dead and nothing is lost.
func TestASilentSocketIsReplaced(t *testing.T) {
	w, root := socketWorld(t)
	before := w.counts.of("connected", "")
	w.sim.BlackHole(0)
	w.replies(root, 0, 10)
	w.arrived(10)
	w.until("both sockets were replaced", func() bool { return w.counts.of("connected", "") >= before+2 })
}

func TestAnEventThatWasNotCommittedComesAgainOnAnySocket(t *testing.T) {
	w, root := socketWorld(t)
	w.in.set(func() {
		w.in.fail = func(bridge.Inbound) error { return errors.New("down") }
		w.in.down = true
	})
	w.replies(root, 0, 3)
	w.until("they were refused", func() bool { return w.counts.of("failed", "message") >= 6 })
	w.sim.DropConnections(1)
	w.in.set(func() { w.in.fail, w.in.down = nil, false })
	w.arrived(3)
}

func TestSocketModeSwitchedOffIsReportedAndHealsByItself(t *testing.T) {
	w := newWorld(t, setup{socket: true, sim: quick, opts: quickPing})
	w.a.rest = 50 * time.Millisecond
	root := w.open()
	w.sim.SetSocketMode(false)
	w.until("it is reported", func() bool { return len(w.watcher.all()) > 0 })
	if line := w.watcher.all()[0]; !strings.Contains(line, NotReceiving) || !strings.Contains(line, "Switch Socket Mode on") {
		t.Errorf("%q", line)
	}
	w.sim.SetSocketMode(true)
	w.until("both sockets are back", func() bool { return w.sim.Connections() == 2 })
	w.replies(root, 0, 1)
	w.arrived(1)
	w.until("the recovery is reported", func() bool { return slices.Contains(w.watcher.all(), "recovered ") })
}

func TestARefusedConnectionIsTriedAgain(t *testing.T) {
	w, root := socketWorld(t)
	w.sim.Inject(slacksim.Fault{Method: "apps.connections.open", Status: 503, Times: 2})
	w.sim.Inject(slacksim.Fault{Method: "apps.connections.open", Error: "internal_error", Times: 1})
	w.sim.DropConnections(0)
	w.until("both sockets are back", func() bool { return w.sim.Connections() == 2 })
	w.replies(root, 0, 1)
	w.arrived(1)
}

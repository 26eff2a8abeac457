package slack

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// lockedBuffer collects a log that many goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// F51: whatever goes wrong, no token, no address that is a key and no words are
// in the log or in an error.
func TestTheLogHasNoSecretsAndNoWords(t *testing.T) {
	var log lockedBuffer
	w := newWorld(t, setup{socket: true, sim: quick, opts: func(o *Options) {
		quickPing(o)
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}})
	root := w.open()
	var errs []string
	note := func(err error) {
		if err != nil {
			errs = append(errs, err.Error())
		}
	}
	w.sim.Inject(slacksim.Fault{Method: "apps.connections.open", Error: "internal_error", Times: 1})
	w.sim.Inject(slacksim.Fault{Method: "apps.connections.open", CloseSocket: true, Times: 1})
	w.sim.Inject(slacksim.Fault{Method: "upload", CloseSocket: true, Times: 1})
	w.sim.Inject(slacksim.Fault{Method: "chat.postMessage", CloseSocket: true, Times: 1})
	w.sim.Inject(slacksim.Fault{Method: "download", CloseSocket: true, Times: 1})
	_, _, err := w.deliver(w.withFiles("confidential words", viewFile("a.txt", []byte("a"))))
	note(err)
	_, _, err = w.deliver(w.view(bridge.MessagePosted, "confidential words"))
	note(err)
	_, err = fetch(w, w.sim.AddFile(w.anders, "b.txt", []byte("b")))
	note(err)
	w.sim.DropConnections(0)
	w.until("both sockets are back", func() bool { return w.sim.Connections() == 2 })
	w.in.set(func() { w.in.fail = func(bridge.Inbound) error { return errors.New("down") } })
	_, err = w.anders.Reply(w.channel, root, "confidential words")
	check(t, err)
	w.until("it was put aside", func() bool { return w.counts.of("quarantined", "") > 0 })
	// A person whose press was not answered in time presses again: Slack does not.
	for range 5 {
		note(w.anders.Press(w.ctx(), w.channel, root, pressTake))
		answered, cancel := context.WithTimeout(w.ctx(), 3*time.Second)
		err := w.sim.WaitFor(answered, func() bool { return len(w.sim.Ephemerals()) > 0 })
		cancel()
		if err == nil {
			break
		}
	}
	w.until("the press was answered", func() bool { return len(w.sim.Ephemerals()) > 0 })
	if len(errs) < 3 {
		t.Errorf("only %d errors", len(errs))
	}
	everything := log.String() + strings.Join(errs, "\n")
	for _, secret := range []string{"xoxb-", "xapp-", "ticket=", "/socket", "/response/", "/upload/", "/files-pri/", "confidential", w.sim.SigningSecret()} {
		if strings.Contains(everything, secret) {
			t.Errorf("%q is in the log or an error", secret)
		}
	}
	if !strings.Contains(everything, "a socket was not connected") || !strings.Contains(everything, "an envelope was put aside") {
		t.Errorf("the log does not tell what happened:\n%s", everything)
	}
}

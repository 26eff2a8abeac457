package bridge_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// headSource gives the heads of a store in memory.
type headSource struct{ *bridgetest.Memory }

func (h headSource) HeadsSince(_ context.Context, since time.Time) ([]bridge.Head, error) {
	var out []bridge.Head
	for _, id := range h.Tickets() {
		if tk := h.Record(id).Ticket; !tk.UpdatedAt.Before(since) {
			out = append(out, bridge.Head{Ticket: id, Seq: tk.Head, Hash: hex.EncodeToString(tk.HeadHash)})
		}
	}
	return out, nil
}

// at returns what the log has, as CheckHeads asks for it.
func (h headSource) at(ticket, seq int64) (string, error) {
	entries := h.Entries(ticket)
	if seq < 1 || seq > int64(len(entries)) {
		return "", nil
	}
	return hex.EncodeToString(entries[seq-1].Hash), nil
}

type checkpoints struct {
	t    *testing.T
	path string
	key  ed25519.PrivateKey
}

func newCheckpoints(t *testing.T) checkpoints {
	dir := t.TempDir()
	key, err := bridge.CheckpointKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	return checkpoints{t, filepath.Join(dir, "checkpoints"), key}
}

func (c checkpoints) writer(m *bridgetest.Memory) *bridge.Checkpointer {
	return &bridge.Checkpointer{Source: headSource{m}, Path: c.path, Key: c.key, Every: time.Minute, Log: slog.New(slog.DiscardHandler)}
}

func (c checkpoints) read() ([]bridge.Checkpoint, []bridge.Finding) {
	data, err := os.ReadFile(c.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		c.t.Fatal(err)
	}
	return bridge.ReadCheckpoints(bytes.NewReader(data), c.key.Public().(ed25519.PublicKey))
}

func (c checkpoints) write(w *bridge.Checkpointer) {
	c.t.Helper()
	if err := w.Write(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

func (c checkpoints) wantGood(lines int, m *bridgetest.Memory) {
	c.t.Helper()
	points, found := c.read()
	if len(points) != lines || len(found) > 0 {
		c.t.Errorf("%d checkpoints, want %d; found %v", len(points), lines, found)
	}
	found, covered, err := bridge.CheckHeads(points, headSource{m}.at)
	if err != nil || len(found) > 0 {
		c.t.Errorf("heads: %v, %v", found, err)
	}
	for _, id := range m.Tickets() {
		if want := m.Record(id).Ticket.Head; covered[id] != want {
			c.t.Errorf("ticket %d is covered up to %d of %d", id, covered[id], want)
		}
	}
}

func TestCheckpointsCoverEveryHeadThatMoved(t *testing.T) {
	c, m := newCheckpoints(t), bridgetest.NewMemory(nil)
	w := c.writer(m)
	c.write(w)
	c.wantGood(0, m)
	conv := open(t, m)
	c.write(w)
	c.write(w)
	c.wantGood(1, m)
	must(t, m, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "more"})
	open(t, m)
	c.write(c.writer(m)) // after a restart
	c.wantGood(2, m)
}

// TestDaemonsThatTakeTurnsWriteOneChain: each goes on where the other ended.
func TestDaemonsThatTakeTurnsWriteOneChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, m := newCheckpoints(t), bridgetest.NewMemory(nil)
		views := []*bridgetest.Memory{m.Reopen(), m.Reopen()}
		ctx, stop := context.WithCancel(t.Context())
		var daemons sync.WaitGroup
		for _, view := range views {
			daemons.Go(func() {
				if err := c.writer(view).Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		for i := range 6 {
			views[i%2].CutOff(false)
			views[1-i%2].CutOff(true)
			<-time.After(4*time.Minute + 10*time.Second) // longer than the lease, and between two checkpoints
			open(t, m)
			<-time.After(2*time.Minute - 10*time.Second)
		}
		stop()
		daemons.Wait()
		c.wantGood(6, m)
	})
}

// TestALineTornByACrashSpoilsNoOther: the next line stands on its own.
func TestALineTornByACrashSpoilsNoOther(t *testing.T) {
	c, m := newCheckpoints(t), bridgetest.NewMemory(nil)
	open(t, m)
	c.write(c.writer(m))
	whole, err := os.ReadFile(c.path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.path, append(whole, whole[:40]...), 0o600); err != nil {
		t.Fatal(err)
	}
	w := c.writer(m)
	open(t, m)
	c.write(w)
	open(t, m)
	c.write(w)
	points, found := c.read()
	if len(points) != 3 || len(found) != 1 || !strings.Contains(found[0].What, "line 2") {
		t.Errorf("%d checkpoints, found %v", len(points), found)
	}
}

// TestEveryForgedCheckpointIsFound takes lines out, turns them round and changes them.
func TestEveryForgedCheckpointIsFound(t *testing.T) {
	c, m := newCheckpoints(t), bridgetest.NewMemory(nil)
	w := c.writer(m)
	for range 4 {
		open(t, m)
		c.write(w)
	}
	data, err := os.ReadFile(c.path)
	if err != nil {
		t.Fatal(err)
	}
	honest := strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, forge := range map[string]func([]string) []string{
		"the first is gone":  func(l []string) []string { return l[1:] },
		"one is gone":        func(l []string) []string { return slices.Delete(l, 1, 2) },
		"two are exchanged":  func(l []string) []string { l[1], l[2] = l[2], l[1]; return l },
		"one is there twice": func(l []string) []string { return slices.Insert(l, 2, l[1]) },
		"one is changed":     func(l []string) []string { l[1] = strings.Replace(l[1], `"seq":`, `"seq":1`, 1); return l },
		"one is by somebody else": func(l []string) []string {
			var p bridge.Checkpoint
			if err := json.Unmarshal([]byte(l[1]), &p); err != nil {
				t.Error(err)
			}
			p.Signature = ""
			line, _ := json.Marshal(p)
			p.Signature = hex.EncodeToString(ed25519.Sign(stranger, line))
			line, _ = json.Marshal(p)
			l[1] = string(line) + "\n"
			return l
		},
		"one is no checkpoint": func(l []string) []string { l[1] = "{\n"; return l },
	} {
		text := strings.Join(forge(slices.Clone(honest)), "")
		if _, found := bridge.ReadCheckpoints(strings.NewReader(text), c.key.Public().(ed25519.PublicKey)); len(found) == 0 {
			t.Errorf("%s, and that is not found", name)
		}
	}
}

// TestARewrittenOrMissingTicketIsFound, and what an acknowledged restore excuses.
func TestARewrittenOrMissingTicketIsFound(t *testing.T) {
	c, m := newCheckpoints(t), bridgetest.NewMemory(nil)
	open(t, m)
	open(t, m)
	c.write(c.writer(m))
	points, _ := c.read()
	other := headSource{bridgetest.NewMemory(nil)}
	open(t, other.Memory) // the same history, but made anew, and only one ticket
	found, _, err := bridge.CheckHeads(points, other.at)
	if err != nil || len(found) != 2 || found[0].Ticket != 1 || found[1].Ticket != 2 {
		t.Errorf("%v, %v", found, err)
	}
	broken := errors.New("broken")
	if _, _, err := bridge.CheckHeads(points, func(int64, int64) (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Errorf("a failing read is answered with %v", err)
	}
	w := c.writer(other.Memory)
	if err := w.AcknowledgeRestore("disk lost, backup of the day before"); err != nil {
		t.Fatal(err)
	}
	points, found = c.read()
	if len(points) != 2 || len(found) > 0 {
		t.Errorf("%d checkpoints, found %v", len(points), found)
	}
	if found, _, err = bridge.CheckHeads(points, other.at); err != nil || len(found) > 0 {
		t.Errorf("after the restore: %v, %v", found, err)
	}
}

func TestCheckpointKeyIsMadeOnceAndKeptPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	one, err := bridge.CheckpointKey(path)
	if err != nil {
		t.Fatal(err)
	}
	two, err := bridge.CheckpointKey(path)
	if err != nil || !one.Equal(two) {
		t.Errorf("another key the second time: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bridge.CheckpointKey(path); !errors.Is(err, bridge.ErrInvalid) {
		t.Errorf("a broken key answers %v", err)
	}
}

// FuzzReadCheckpoints: whatever the file has, reading it ends in findings.
func FuzzReadCheckpoints(f *testing.F) {
	f.Add([]byte(`{"number":1,"at":"2026-01-01T00:00:00Z","prev":"","heads":[{"ticket":1,"seq":2,"hash":"ab"}],"signature":"00"}`))
	f.Add([]byte("\n\n{"))
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	f.Fuzz(func(t *testing.T, data []byte) {
		points, found := bridge.ReadCheckpoints(bytes.NewReader(data), key)
		if len(points) > 0 {
			t.Errorf("somebody signed %q", data)
		}
		if len(bytes.TrimSpace(data)) > 0 && len(found) == 0 {
			t.Errorf("nothing is wrong with %q", data)
		}
	})
}

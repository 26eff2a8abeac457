package store_test

import (
	"crypto/ed25519"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// tamper changes the database as somebody with access to the server could.
func tamper(t *testing.T, s *store.Store, driver string, sql string, args ...any) {
	t.Helper()
	off := []string{"SET session_replication_role = replica"}
	if driver == "sqlite" {
		off = []string{"DROP TRIGGER IF EXISTS entries_unchanged", "DROP TRIGGER IF EXISTS entries_kept", "DROP TRIGGER IF EXISTS contents_unchanged", "PRAGMA foreign_keys = OFF"}
	}
	if err := s.RawScript(t.Context(), append(off, sql), args...); err != nil {
		t.Fatal(err)
	}
}

func findings(t *testing.T, s *store.Store, o store.VerifyOptions) string {
	t.Helper()
	rep, err := s.Verify(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range rep.Found {
		out = append(out, f.String())
	}
	return strings.Join(out, "\n")
}

func TestVerifyNamesTheFirstWrongEntry(t *testing.T) {
	for _, driver := range []string{"sqlite", "postgres"} {
		for name, c := range map[string]struct{ sql, want string }{
			"an envelope":      {"UPDATE entries SET envelope = replace(envelope, 'agent', 'admin') WHERE ticket = 1 AND seq = 3", "ticket 1, entry 3: its hash"},
			"a time":           {"UPDATE entries SET at = at + 1 WHERE ticket = 1 AND seq = 2", "ticket 1, entry 2: its hash"},
			"a missing entry":  {"DELETE FROM entries WHERE ticket = 1 AND seq = 3", "ticket 1, entry 3: the entry is missing"},
			"missing words":    {"DELETE FROM contents WHERE ticket = 1 AND seq = 5", "ticket 1, entry 5: its words are missing"},
			"other words":      {"UPDATE contents SET bytes = salt WHERE ticket = 1 AND seq = 5", "ticket 1, entry 5: its words are not"},
			"a forged state":   {"UPDATE conversations SET open = 0 WHERE ticket = 1", "the conversation 1-3 is not as its entries say"},
			"a removed row":    {"DELETE FROM messages WHERE ticket = 1 AND seq = 5", "ticket 1, entry 5: the message 1-5 is missing"},
			"a moved copy":     {"UPDATE copies SET ref = '9.9' WHERE ticket = 1", "is stored, but no entry made it"},
			"a missing ticket": {"DELETE FROM tickets WHERE id = 1", "ticket 1: the ticket is missing"},
		} {
			t.Run(driver+"/"+name, func(t *testing.T) {
				s := storetest.Open(t, driver, store.Options{})
				thread(t, s, billing, "1.1")
				if got := findings(t, s, store.VerifyOptions{}); got != "" {
					t.Fatal("the untouched record:", got)
				}
				tamper(t, s, driver, c.sql)
				if got := findings(t, s, store.VerifyOptions{}); !strings.Contains(got, c.want) {
					t.Errorf("findings do not say %q:\n%s", c.want, got)
				}
			})
		}
	}
}

func TestCheckpointsFindADeletedTicketAndATruncatedLog(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		driver := strings.TrimPrefix(t.Name(), "TestCheckpointsFindADeletedTicketAndATruncatedLog/")
		conv, _ := thread(t, s, billing, "1.1")
		thread(t, s, benchPlace(2), "1.1")
		dir := t.TempDir()
		key, err := bridge.CheckpointKey(filepath.Join(dir, "key"))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "checkpoints.log")
		c := &bridge.Checkpointer{Source: s, Path: file, Key: key, Every: time.Minute, Log: slog.New(slog.DiscardHandler)}
		if err := c.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
		must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "More"})
		if err := c.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
		o := read(t, file, key)
		if got := findings(t, s, o); got != "" || len(o.Checkpoints) != 2 {
			t.Fatalf("%d checkpoints over an untouched record: %s", len(o.Checkpoints), got)
		}
		for _, table := range []string{"participants", "files", "copies", "deliveries", "messages", "mirrors", "conversations", "contents", "entries", "keys"} {
			tamper(t, s, driver, "DELETE FROM "+table+" WHERE ticket = 2")
		}
		tamper(t, s, driver, "DELETE FROM tickets WHERE id = 2")
		if got := findings(t, s, o); !strings.Contains(got, "ticket 2, entry") || !strings.Contains(got, "but it is not there") {
			t.Errorf("a whole ticket is gone, and the findings are: %s", got)
		}
		if err := c.AcknowledgeRestore("restored last night's backup"); err != nil {
			t.Fatal(err)
		}
		if got := findings(t, s, read(t, file, key)); got != "" {
			t.Errorf("after an acknowledged restore: %s", got)
		}
	})
}

func read(t *testing.T, file string, key ed25519.PrivateKey) store.VerifyOptions {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	points, found := bridge.ReadCheckpoints(f, key.Public().(ed25519.PublicKey))
	return store.VerifyOptions{Checkpoints: points, Problems: found}
}

func TestATamperedCheckpointFileIsFound(t *testing.T) {
	s := storetest.Open(t, "sqlite", store.Options{})
	conv, _ := thread(t, s, billing, "1.1")
	dir := t.TempDir()
	key, err := bridge.CheckpointKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "checkpoints.log")
	c := &bridge.Checkpointer{Source: s, Path: file, Key: key, Every: time.Minute, Log: slog.New(slog.DiscardHandler)}
	for range 3 {
		must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "More"})
		if err := c.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	for name, text := range map[string]string{
		"a line taken out":  lines[0] + lines[2],
		"lines exchanged":   lines[1] + lines[0] + lines[2],
		"a changed hash":    strings.Replace(string(whole), `"seq":`, `"seq":1`, 1),
		"a line cut in two": string(whole[:len(whole)-40]),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if o := read(t, file, key); len(o.Problems) == 0 {
				t.Error("it was not found")
			}
		})
	}
}

func TestCheckpointsGoOnAfterACrashInTheMiddleOfALineAndAnotherDaemonsLines(t *testing.T) {
	s := storetest.Open(t, "sqlite", store.Options{})
	conv, _ := thread(t, s, billing, "1.1")
	dir := t.TempDir()
	key, err := bridge.CheckpointKey(filepath.Join(dir, "key"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "checkpoints.log")
	daemon := func() *bridge.Checkpointer {
		return &bridge.Checkpointer{Source: s, Path: file, Key: key, Every: time.Minute, Log: slog.New(slog.DiscardHandler)}
	}
	write := func(c *bridge.Checkpointer) {
		t.Helper()
		must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "More"})
		if err := c.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	write(daemon())
	write(daemon()) // another daemon goes on behind the first one's line
	if o := read(t, file, key); len(o.Problems) > 0 || len(o.Checkpoints) != 2 {
		t.Fatalf("%d checkpoints, problems %v", len(o.Checkpoints), o.Problems)
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"number":3,"at":`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	write(daemon())
	o := read(t, file, key)
	if len(o.Checkpoints) != 3 || len(o.Problems) != 1 || !strings.Contains(o.Problems[0].What, "cannot be read") {
		t.Errorf("%d checkpoints, problems %v: want three and just the broken line", len(o.Checkpoints), o.Problems)
	}
}

package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
)

// recorded makes a database with a ticket and a checkpoint over it.
func recorded(t *testing.T) (file string, cfg *config.Config) {
	t.Helper()
	file = configured(t, "")
	must(t, "", "migrate", "--config", file)
	cfg = loaded(t, file)
	s, err := openStore(t.Context(), cfg, quietLogger(cfg, &program{stderr: os.Stderr}), "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Append(t.Context(), &bridge.CreateTicket{
		Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carla"}, Subject: "Charged\ttwice", Requester: "Carla", Email: "carla@example.com",
		Body: "My card was\x1b[31m charged <twice> & more.", Channel: "form",
	})
	if err != nil {
		t.Fatal(err)
	}
	checkpoint(t, cfg, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return file, cfg
}

func checkpoint(t *testing.T, cfg *config.Config, s *store.Store) {
	t.Helper()
	a := &app{cfg: cfg, log: quietLogger(cfg, &program{stderr: os.Stderr}), store: s, metrics: newMetrics()}
	if err := a.addKeepers(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the checkpointer writes one more when it ends
	for _, w := range a.keeping {
		if err := w.run(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// tamper changes the database behind everybody's back.
func tamper(t *testing.T, cfg *config.Config, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", cfg.Database.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestVerifyIsContentWithWhatWasRecorded(t *testing.T) {
	file, cfg := recorded(t)
	out := must(t, "", "audit", "verify", "--config", file)
	if !strings.Contains(out, "1 tickets with 2 entries and 1 checkpoints were verified: nothing is wrong.") {
		t.Errorf("verify:\n%s", out)
	}
	if out := must(t, "", "audit", "verify", "--quiet", "--ticket", "1", "--config", file); out != "" {
		t.Errorf("quiet: %q", out)
	}
	if out := must(t, "", "audit", "verify", "--public-key", publicKeyFile(cfg), "--config", file); !strings.Contains(out, "1 checkpoints") {
		t.Errorf("with a public key:\n%s", out)
	}
	if code, _, errs := command(t, "", "audit", "verify", "--public-key", "/nowhere", "--config", file); code == 0 || !strings.Contains(errs, "public key") {
		t.Errorf("with a missing key: %d %q", code, errs)
	}
}

func TestVerifyNamesWhatWasForged(t *testing.T) {
	for name, c := range map[string]struct {
		statements []string
		want       string
	}{
		"words": {[]string{
			`DROP TRIGGER contents_unchanged`, `UPDATE contents SET bytes = CAST(replace(CAST(bytes AS TEXT), 'card', 'bank') AS BLOB) WHERE seq = 2`,
		}, "ticket 1, entry 2"},
		"a status":       {[]string{`UPDATE tickets SET status = 'solved'`}, "ticket 1"},
		"a whole ticket": {[]string{`PRAGMA foreign_keys = OFF`, `DELETE FROM tickets`}, "ticket 1"},
	} {
		file, cfg := recorded(t)
		tamper(t, cfg, c.statements...)
		code, out, _ := command(t, "", "audit", "verify", "--config", file)
		if code != 1 || !strings.Contains(out, "WRONG  "+c.want) {
			t.Errorf("%s: %d\n%s", name, code, out)
		}
	}
}

func TestVerifySaysWhatNoCheckpointCovers(t *testing.T) {
	file, cfg := recorded(t)
	if err := os.Remove(cfg.Audit.CheckpointFile); err != nil {
		t.Fatal(err)
	}
	out := must(t, "", "audit", "verify", "--config", file)
	if !strings.Contains(out, "only the chains were verified") || !strings.Contains(out, "newest 2 entries") {
		t.Errorf("verify:\n%s", out)
	}
}

func TestExportShowsTheTrailAndNothingThatATerminalObeys(t *testing.T) {
	file, _ := recorded(t)
	out := must(t, "", "audit", "export", "1", "--config", file)
	for _, want := range []string{"ticket.created", "customer.wrote", "Carla", "charged <twice> & more."} {
		if !strings.Contains(out, want) {
			t.Errorf("the export lacks %q:\n%s", want, out)
		}
	}
	if strings.ContainsAny(out, "\x1b\t") {
		t.Errorf("the export has control characters: %q", out)
	}
	if code, _, errs := command(t, "", "audit", "export", "#9", "--config", file); code == 0 || !strings.Contains(errs, "not found") {
		t.Errorf("a ticket that is not there: %d %q", code, errs)
	}
}

// People copy a ticket's number as the pages show it.
func TestATicketsNumberMayBeWrittenWithItsSign(t *testing.T) {
	file, _ := recorded(t)
	if plain, signed := must(t, "", "audit", "export", "1", "--config", file), must(t, "", "audit", "export", "#1", "--config", file); plain != signed || plain == "" {
		t.Errorf("1 gives %q, #1 gives %q", plain, signed)
	}
	must(t, "", "audit", "verify", "--ticket", "#1", "--config", file)
	for _, wrong := range []string{"one", "#", "0", "-1"} {
		if code, _, errs := command(t, "", "audit", "export", "--config", file, "--", wrong); code == 0 || !strings.Contains(errs, "is no ticket's number, such as 3") {
			t.Errorf("%s: %d %q", wrong, code, errs)
		}
	}
}

func TestTextExportNamesEmojiGroupsAndAssignees(t *testing.T) {
	assignee := "p1"
	e := &bridge.Entry{Facts: bridge.Facts{Emoji: "🎉", Group: "g1", Assignee: &assignee}, Words: bridge.Words{Name: "Alice", Requester: "Bo"}}
	if got := about(e, map[string]string{"g1": "Billing"}); got != "Alice group Billing emoji 🎉 assignee Bo" {
		t.Errorf("told %q", got)
	}
	assignee, e.Facts.Group = "", "g2"
	e.Words.Requester = ""
	if got := about(e, nil); got != "Alice group g2 emoji 🎉 assignee nobody" {
		t.Errorf("told %q", got)
	}
}

func TestExportedLinesHoldAllThatTheChainIsMadeOf(t *testing.T) {
	file, _ := recorded(t)
	out := must(t, "", "audit", "export", "1", "--format", "jsonl", "--config", file)
	var prev []byte
	entries := 0
	for line := range strings.Lines(out) {
		var l struct {
			Entry *struct {
				Ticket, Seq                               int64
				Kind                                      bridge.Kind
				At                                        time.Time
				Envelope, Content, Salt, Commitment, Hash string
			}
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		x := l.Entry
		if x == nil {
			continue
		}
		entries++
		salt, err := hex.DecodeString(x.Salt)
		if err != nil {
			t.Fatal(err)
		}
		if x.Content != "" {
			sum := sha256.Sum256(append(salt, x.Content...))
			if hex.EncodeToString(sum[:]) != x.Commitment {
				t.Errorf("entry %d: the words are not those that were committed to", x.Seq)
			}
		}
		commitment, err := hex.DecodeString(x.Commitment)
		if err != nil {
			t.Fatal(err)
		}
		e := &bridge.Entry{Ticket: x.Ticket, Seq: x.Seq, Kind: x.Kind, At: x.At, Envelope: []byte(x.Envelope), Commitment: commitment}
		hash := bridge.ChainHash(e, prev)
		if hex.EncodeToString(hash) != x.Hash {
			t.Errorf("entry %d: its hash does not follow", x.Seq)
		}
		prev = hash
	}
	if entries != 2 {
		t.Errorf("%d entries, want 2", entries)
	}
}

func TestImportTakesAnExportIntoAnEmptyServerAndRefusesHalfOfOne(t *testing.T) {
	file, _ := recorded(t)
	out := must(t, "", "audit", "export", "--all", "--format", "jsonl", "--config", file)
	empty := configured(t, "")
	must(t, "", "migrate", "--config", empty)
	if code, _, errs := command(t, out[:len(out)-300], "audit", "import", "-", "--config", empty); code == 0 || !strings.Contains(errs, "the file is not whole: it breaks off after entry") {
		t.Errorf("half of it: %d %q", code, errs)
	}
	if got := must(t, out, "audit", "import", "-", "--config", empty); !strings.Contains(got, "1 tickets with 2 entries were verified and imported") {
		t.Errorf("import: %q", got)
	}
	if again := must(t, "", "audit", "export", "1", "--format", "jsonl", "--config", empty); again != out {
		t.Errorf("the second export differs:\n%s\n%s", out, again)
	}
	if code, _, _ := command(t, "", "audit", "export", "--all", "--config", file); code == 0 {
		t.Error("all tickets are exported as text")
	}
	if code, _, _ := command(t, "", "audit", "import", "/nowhere", "--config", file); code == 0 {
		t.Error("a file that is not there is imported")
	}
}

func TestExportAsAPageIsWholeAndEscaped(t *testing.T) {
	file, _ := recorded(t)
	out := must(t, "", "audit", "export", "1", "--format", "html", "--config", file)
	for _, want := range []string{"<!doctype html>", "charged &lt;twice&gt; &amp; more.", "every entry followed from the one before", "Carla"} {
		if !strings.Contains(out, want) {
			t.Errorf("the page lacks %q:\n%s", want, out)
		}
	}
}

func TestRestoreFromABackupIsFoundUntilItIsAcknowledged(t *testing.T) {
	file, cfg := recorded(t)
	backup, err := os.ReadFile(cfg.Database.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openStore(t.Context(), cfg, quietLogger(cfg, &program{stderr: os.Stderr}), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), &bridge.CustomerMessage{Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carla"}, Ticket: 1, Body: "Hello?"}); err != nil {
		t.Fatal(err)
	}
	checkpoint(t, cfg, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cfg.Database.SQLite, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := command(t, "", "audit", "verify", "--config", file); code == 0 || !strings.Contains(out, "ticket 1, entry 3: checkpoint 2 names it") {
		t.Errorf("before: %d\n%s", code, out)
	}
	if code, _, _ := command(t, "", "audit", "acknowledge-restore", " ", "--config", file); code == 0 {
		t.Error("a restore without a reason is acknowledged")
	}
	must(t, "", "audit", "acknowledge-restore", "disk failed, backup of Monday", "--config", file)
	must(t, "", "audit", "verify", "--config", file)
}

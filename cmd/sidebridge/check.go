package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/webhook"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
)

type checkCmd struct{ configFlag }

// Run checks everything that can be checked without sending anything, and prints a
// remedy for each thing that is wrong. Something wrong gives exit code 1.
func (c *checkCmd) Run(ctx context.Context, p *program) error {
	r := &report{p: p}
	cfg, err := c.load(p)
	if err != nil {
		r.bad("configuration", err.Error(), "Correct what is named above and check again.")
		return r.err()
	}
	r.good("configuration", cmp.Or(c.file(), "defaults, no file"))
	for _, name := range cfg.UnusedEnv {
		r.note("configuration", "the environment variable "+name+" names no key")
	}
	checkFolder(r, cfg)
	checkAudit(r, cfg)
	rules := checkDatabase(ctx, r, cfg, p)
	for _, s := range cfg.Slack {
		if s.Enabled {
			checkSlack(ctx, r, s, rules)
		} else {
			r.note("slack "+s.Name, "it is switched off (enabled = false)")
		}
	}
	for _, d := range cfg.Discord {
		if d.Enabled {
			checkDiscord(ctx, r, d, mappedTo(rules))
		} else {
			r.note("discord "+d.Name, "it is switched off (enabled = false)")
		}
	}
	checkWebhook(ctx, r, cfg)
	checkSSO(ctx, r, cfg)
	r.alone = !connects(cfg)
	return r.err()
}

// report prints what was found and remembers whether anything is wrong. Secrets are
// taken out of what libraries say.
type report struct {
	p    *program
	hide *hider
	bads int
	// alone: no chat is connected.
	alone bool
}

// connects reports whether any chat is connected.
func connects(cfg *config.Config) bool {
	return slices.ContainsFunc(cfg.Slack, func(s config.Slack) bool { return s.Enabled }) ||
		slices.ContainsFunc(cfg.Discord, func(d config.Discord) bool { return d.Enabled })
}

func (r *report) good(what, detail string) { r.line("ok", what, detail) }
func (r *report) note(what, detail string) { r.line("note", what, detail) }

func (r *report) bad(what, problem, remedy string) {
	r.bads++
	r.line("WRONG", what, problem)
	if remedy != "" {
		r.p.print("       → %s\n", r.hidden(remedy))
	}
}

func (r *report) line(mark, what, detail string) {
	if detail != "" {
		what += ": " + strings.ReplaceAll(r.hidden(detail), "\n", "\n       ")
	}
	r.p.print("%-6s %s\n", mark, what)
}

func (r *report) hidden(s string) string {
	if r.hide == nil {
		r.hide = newHider(nil)
	}
	return r.hide.text(s)
}

// failed reports an error of a surface with its own remedy.
func (r *report) failed(what string, err error, remedy string) {
	var se *bridge.SurfaceError
	if errors.As(err, &se) && se.Remedy != "" {
		remedy = se.Remedy
	}
	r.bad(what, err.Error(), remedy)
}

func (r *report) err() error {
	if r.bads == 0 && r.alone {
		r.p.print("Nothing is wrong, but nothing is connected: add a [[slack]] or [[discord]] table to the configuration and check again.\n")
		return nil
	}
	if r.bads == 0 {
		r.p.print("Everything is right.\n")
		return nil
	}
	r.p.print("%d of the checks failed.\n", r.bads)
	return errQuiet
}

func checkFolder(r *report, cfg *config.Config) {
	remedy := "Make the folder " + cfg.DataDir + " writable for the user that runs sidebridge, or set another data_dir."
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		r.bad("data folder", err.Error(), remedy)
		return
	}
	f, err := os.CreateTemp(cfg.DataDir, ".check-")
	if err == nil {
		_, err = f.WriteString("sidebridge check\n")
		err = errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
	}
	if err != nil {
		r.bad("data folder", err.Error(), remedy)
		return
	}
	r.good("data folder", cfg.DataDir)
}

// checkAudit checks that checkpoints can be written and were not tampered with.
func checkAudit(r *report, cfg *config.Config) {
	f, err := os.OpenFile(cfg.Audit.CheckpointFile, os.O_WRONLY|os.O_APPEND, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.good("checkpoints", "the first one makes "+cfg.Audit.CheckpointFile)
		return
	case err != nil:
		r.bad("checkpoints", err.Error(), "Make "+cfg.Audit.CheckpointFile+" writable for the user that runs sidebridge.")
		return
	}
	_ = f.Close() // nothing was written
	points, problems, note, err := readCheckpoints(cfg, "")
	switch {
	case err != nil:
		r.bad("checkpoints", err.Error(), "Restore the key file from a backup.")
	case len(problems) > 0:
		r.bad("checkpoints", problems[0].String(), "Run sidebridge audit verify, and find out who changed the file.")
	default:
		r.good("checkpoints", strings.TrimSpace(fmt.Sprintf("%d in %s. %s", len(points), cfg.Audit.CheckpointFile, note)))
	}
}

// checkDatabase returns the mapping's rules.
func checkDatabase(ctx context.Context, r *report, cfg *config.Config, p *program) []mapping.Rule {
	remedy := "Check that the Postgres server runs and that database.postgres is right."
	if !cfg.Database.Postgres.IsSet() {
		if _, err := os.Stat(cfg.Database.SQLite); errors.Is(err, fs.ErrNotExist) {
			r.good("database", "the first start makes "+cfg.Database.SQLite)
			return nil
		}
		remedy = "Check the file " + cfg.Database.SQLite + " and who may read and write it."
	}
	s, err := openStore(ctx, cfg, quietLogger(cfg, p), "")
	if err != nil {
		r.bad("database", err.Error(), remedy)
		return nil
	}
	defer func() { _ = s.Close() }() // only read
	have, want, err := s.SchemaVersions(ctx)
	switch {
	case err != nil:
		r.bad("database", err.Error(), remedy)
		return nil
	case have > want:
		r.bad("database", fmt.Sprintf("schema version %d, this program knows up to %d", have, want), "Use the newer program that migrated it.")
		return nil
	case have < want:
		r.note("database", fmt.Sprintf("schema version %d; the next start migrates it to %d", have, want))
		return nil
	}
	r.good("database", fmt.Sprintf("schema version %d", have))
	return checkDirectory(ctx, r, s)
}

func checkDirectory(ctx context.Context, r *report, s *store.Store) []mapping.Rule {
	const remedy = "This is a defect, or the database was changed by hand: run sidebridge audit verify."
	has, err := s.HasAdmin(ctx)
	if err != nil {
		r.bad("people", err.Error(), remedy)
		return nil
	}
	if !has {
		r.note("people", "there is no admin yet: start the daemon and open the address that it prints, or run sidebridge user add")
	}
	rules, err := s.Rules(ctx)
	if err != nil {
		r.bad("mapping", err.Error(), remedy)
		return nil
	}
	if len(rules) == 0 {
		r.note("mapping", "no group is mapped to a channel yet: do so under “Groups and channels” in the admin pages")
	} else {
		r.good("mapping", fmt.Sprintf("%d rules", len(rules)))
	}
	return rules
}

// mappedTo returns the places that the rules name.
func mappedTo(rules []mapping.Rule) (places []bridge.Place) {
	for _, rule := range rules {
		for _, c := range rule.Channels {
			places = append(places, bridge.Place{Surface: c.Surface, Workspace: c.Workspace, Channel: c.ID})
		}
	}
	return places
}

// checkWebhook pings the receiver, which is to answer 2xx to that.
func checkWebhook(ctx context.Context, r *report, cfg *config.Config) {
	if cfg.Webhook.URL == "" {
		return
	}
	hook, err := webhook.New(webhookOptions(cfg))
	if err == nil {
		err = hook.Probe(ctx, bridge.Place{Surface: webhook.Surface})
	}
	if err != nil {
		r.failed("customer webhook", err, "Make the receiver answer 2xx to a ping, then check again.")
		return
	}
	r.good("customer webhook", "it answers to a ping")
}

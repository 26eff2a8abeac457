package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/sidebridge/sidebridge/config"
)

type serveCmd struct {
	configFlag
	PrintConfig bool `help:"Print the configuration in force, without secrets, and exit."`
}

// Run runs the daemon until ctx ends.
func (c *serveCmd) Run(ctx context.Context, p *program) (err error) {
	cfg, err := c.load(p)
	if err != nil {
		return err
	}
	if c.PrintConfig {
		text, err := cfg.Redacted()
		if err != nil {
			return err
		}
		p.print("%s", text)
		return nil
	}
	log := newLogger(cfg, p.stderr)
	for _, name := range cfg.UnusedEnv {
		log.Warn("an environment variable names no key of the configuration", "variable", name)
	}
	a, err := newApp(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	if a.setupCode != "" {
		p.print("Nobody can sign in yet. Make the first admin at %s/setup with the code %s\n", cfg.PublicURL, a.setupCode)
	}
	return a.run(ctx)
}

// newLogger returns the daemon's logger: on w, in the configured form, without secrets.
func newLogger(cfg *config.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	// The configuration's words are slog's own, and validated.
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(w, o)
	if cfg.Log.Format == "json" {
		h = slog.NewJSONHandler(w, o)
	}
	return slog.New(newRedactor(h, secretsOf(cfg)...))
}

// secretsOf lists every secret of the configuration.
func secretsOf(cfg *config.Config) []string {
	out := []string{cfg.Webhook.Secret.Reveal(), cfg.Webhook.URL, cfg.Database.Postgres.Reveal(), cfg.OIDC.ClientSecret.Reveal()}
	for _, s := range cfg.Slack {
		out = append(out, s.BotToken.Reveal(), s.AppToken.Reveal())
		for _, secret := range s.SigningSecrets {
			out = append(out, secret.Reveal())
		}
	}
	for _, d := range cfg.Discord {
		out = append(out, d.Token.Reveal())
	}
	return out
}

// quietLogger is the logger of the tools: warnings and errors on standard error.
func quietLogger(cfg *config.Config, p *program) *slog.Logger {
	quiet := *cfg
	quiet.Log.Level = "warn"
	return newLogger(&quiet, p.stderr)
}

// wrapf adds what we were doing to an error, and leaves nil alone.
func wrapf(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
)

// redacted stands in the log for what looked like a secret.
const redacted = "[redacted]"

// redactor is a slog handler that takes secrets out of whatever passes through it.
// Nothing should put one there; this is the net below for errors of libraries,
// which like to quote whole addresses.
type redactor struct {
	next slog.Handler
	hide *hider
}

// newRedactor wraps a handler. known are secrets that are removed wherever they
// turn up, whatever they look like.
func newRedactor(next slog.Handler, known ...string) slog.Handler {
	return redactor{next, newHider(known)}
}

// Enabled implements slog.Handler.
func (r redactor) Enabled(ctx context.Context, level slog.Level) bool {
	return r.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (r redactor) Handle(ctx context.Context, rec slog.Record) error {
	out := slog.NewRecord(rec.Time, rec.Level, r.hide.text(rec.Message), rec.PC)
	rec.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(r.hide.attr(a))
		return true
	})
	return r.next.Handle(ctx, out)
}

// WithAttrs implements slog.Handler.
func (r redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	return redactor{r.next.WithAttrs(r.hide.attrs(attrs)), r.hide}
}

// WithGroup implements slog.Handler.
func (r redactor) WithGroup(name string) slog.Handler {
	return redactor{r.next.WithGroup(name), r.hide}
}

// hider knows what secrets look like.
type hider struct {
	known    *strings.Replacer
	patterns []pattern
	keys     *regexp.Regexp
}

// pattern is a form of a secret; keep is what stays of it.
type pattern struct {
	form *regexp.Regexp
	keep string
}

// leastKnown is the least length of a known secret: a shorter one would also
// take harmless words away, and is too short to be a secret.
const leastKnown = 8

func newHider(known []string) *hider {
	h := &hider{keys: regexp.MustCompile(`(?i)(token|secret|passw|authorization|signature|cookie|dsn|response_url)`)}
	var pairs []string
	known = slices.Clone(known)
	// A longer secret may hold a shorter one.
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) })
	for _, k := range known {
		if len(k) >= leastKnown {
			pairs = append(pairs, k, redacted)
		}
	}
	h.known = strings.NewReplacer(pairs...)
	for _, p := range [][2]string{
		// Slack's tokens (https://docs.slack.dev/authentication/tokens), with rotation's xoxe.xoxb-….
		{`xox[a-z](?:\.xox[a-z])?-[\w.-]+`, redacted},
		{`xapp-[\w-]+`, redacted},
		// A Discord bot's token: its id in Base64, a time, a MAC.
		{`\b[MNO][\w-]{22,}\.[\w-]{5,}\.[\w-]{25,}`, redacted},
		// A credential of eight characters or more has a digit, or is long; a page of
		// Slack's is called "Basic Information".
		{`(?i)\b(Bearer|Basic|Bot) +(?:[a-z.~+/=_-]*[0-9][\w.~+/=-]{4,}|[\w.~+/=-]{4,}[0-9][\w.~+/=-]*|[\w.~+/=-]{24,})`, "$1 " + redacted},
		{`(?i)(Authorization\\*["']?\s*[:=]\s*\\*["']?)[^\s\\"',;}\]]+( +[^\s\\"',;}\]]+)?`, "$1" + redacted},
		// Addresses that let whoever has them post, or take an account.
		{`(/interactions/\d+/)[\w.-]+`, "$1" + redacted},
		{`(/link/)[\w-]{40,}`, "$1" + redacted},
		{`(/webhooks/\d+/)[\w.-]+`, "$1" + redacted},
		{`(hooks\.slack(?:-gov)?\.com)/[^\s"'<>]+`, "$1/" + redacted},
		{`(response_url\\*["']?\s*[:=]\s*\\*["']?)[^\s\\"'<>]+`, "$1" + redacted},
		// Parameters of addresses and forms: Socket Mode's ticket is a password for one connection.
		{`(?i)\b((?:[a-z_]*token|[a-z_]*secret|passw(?:or)?d|signature|sig|code|ticket|api_?key)=)[^\s&"'<>]{6,}`, "$1" + redacted},
		// Signatures of requests, Slack's and ours.
		{`\b(v[01]=)[0-9a-fA-F]{32,}`, "$1" + redacted},
		// The password in a database's address.
		{`(\w+://[^\s:/@]+:)[^\s@/]+@`, "$1" + redacted + "@"},
		// Hashes of passwords.
		{`\$argon2id?\$[^\s"']+`, redacted},
	} {
		h.patterns = append(h.patterns, pattern{regexp.MustCompile(p[0]), p[1]})
	}
	return h
}

func (h *hider) text(s string) string {
	s = h.known.Replace(s)
	for _, p := range h.patterns {
		s = p.form.ReplaceAllString(s, p.keep)
	}
	return s
}

func (h *hider) attrs(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = h.attr(a)
	}
	return out
}

func (h *hider) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(h.attrs(v.Group())...)}
	case slog.KindString, slog.KindAny:
		if h.keys.MatchString(a.Key) {
			return slog.String(a.Key, redacted)
		}
	}
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(h.text(v.String()))
	case slog.KindAny:
		v = h.any(v)
	}
	return slog.Attr{Key: a.Key, Value: v}
}

// any keeps a value in which nothing is to be hidden as it is, so that a handler
// that writes JSON still sees its form.
func (h *hider) any(v slog.Value) slog.Value {
	var text string
	switch x := v.Any().(type) {
	case nil:
		return v
	case error:
		return slog.StringValue(h.text(x.Error()))
	case []byte:
		text = string(x)
	default:
		text = fmt.Sprintf("%+v", x)
	}
	if hidden := h.text(text); hidden != text {
		return slog.StringValue(hidden)
	}
	return v
}

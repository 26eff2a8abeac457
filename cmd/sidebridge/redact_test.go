package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
)

// canaries are secrets in the forms in which they could reach a log; what must not be
// seen has the word in it.
func canaries() []string {
	return []string{
		"xoxb-1234-CANARY", "xoxp-CANARY", "xoxe-1-CANARY", "xoxe.xoxb-1-CANARY", "xapp-1-A1-CANARY",
		"Bot MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.CANARYCANARYCANARYCANARYCAN",
		"MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.CANARYCANARYCANARYCANARYCAN",
		"https://discord.com/api/webhooks/1234567890/CANARY-abc_def",
		"https://discord.com/api/v10/webhooks/1234567890/CANARY-abc_def/messages/2?thread_id=3",
		"https://discord.com/api/v10/interactions/1234567890/aW50ZXJhY3Rpb246CANARY/callback",
		"https://sidebridge.example.com/link/CANARY-" + strings.Repeat("x", 60),
		"https://hooks.slack.com/actions/T1/2/CANARY", "https://hooks.slack-gov.com/services/CANARY/x",
		"wss://wss-primary.slack.com/link/?ticket=CANARY-1&app_id=2",
		"Authorization: Bearer CANARY12345", `{"Authorization": "Basic CANARY123=="}`, "authorization=CANARY",
		`"response_url":"https://example.com/CANARY"`, "response_url=https://example.com/CANARY?x=1",
		"v0=CANARY", "v1=CANARY",
		"postgres://sidebridge:CANARY@db/sidebridge", "https://x/?access_token=CANARY12&b=c", "client_secret=CANARY12",
		"password=CANARY1 host=db", "/webhook/files/abc?name=x&signature=CANARY12",
		"$argon2id$v=19$m=19456,t=2,p=1$CANARY$CANARY",
	}
}

// hexed puts a signature's hex in the place of the word, since signatures are hex.
func hexed(s string) (text, secret string) {
	if strings.HasPrefix(s, "v0=") || strings.HasPrefix(s, "v1=") {
		return s[:3] + strings.Repeat("deadbeef", 8), "deadbeef"
	}
	return s, "CANARY"
}

type holder struct{ Token, Other string }

func TestNoSecretReachesTheLogWhateverWayItComes(t *testing.T) {
	for _, c := range canaries() {
		text, secret := hexed(c)
		var out bytes.Buffer
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			log := slog.New(newRedactor(h))
			wrapped := fmt.Errorf("call: %w", &url.Error{Op: "Post", URL: text, Err: errors.New(text)})
			log.Info("message " + text)
			log.Info("m", "a", text, "e", wrapped, "b", []byte(text), "l", []string{"x", text}, "s", holder{Other: text})
			log.Info("m", slog.Group("g", slog.String("a", text), slog.Group("h", slog.Any("e", wrapped))))
			log.With("w", text).WithGroup("group").Info("m", "v", slog.AnyValue(later{text}))
		}
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q comes through:\n%s", text, out.String())
		}
	}
}

// later is a value that is made when it is logged.
type later struct{ text string }

func (l later) LogValue() slog.Value { return slog.StringValue(l.text) }

func TestKnownSecretsAndSecretKeysAreHiddenWhateverTheyLookLike(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newRedactor(slog.NewTextHandler(&out, nil), "plain words", "https://example.com/in/abc", "short"))
	log.Info("saw plain words at https://example.com/in/abc", "bot_token", "anything", "Password", errors.New("anything"), "short", "short")
	if s := out.String(); strings.Contains(s, "plain words") || strings.Contains(s, "/in/abc") || strings.Contains(s, "anything") {
		t.Errorf("logged %s", s)
	}
	if !strings.Contains(out.String(), "short=short") {
		t.Errorf("a short word was taken for a secret: %s", out.String())
	}
}

func TestHarmlessLogLinesStayAsTheyAre(t *testing.T) {
	var plain, hidden bytes.Buffer
	noTime := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&plain, noTime), newRedactor(slog.NewJSONHandler(&hidden, noTime))} {
		log := slog.New(h).With("surface", "slack", "ticket", 12)
		log.Warn("delivery failed", "seq", 34, "error", errors.New("transient (no_answer): dial tcp 10.0.0.1:443: connection refused"),
			"list", []int{1, 2}, "place", struct{ Channel string }{"C1"}, "nil", nil, "ok", true)
	}
	if plain.String() != hidden.String() {
		t.Errorf("changed\n%s to\n%s", plain.String(), hidden.String())
	}
}

func FuzzRedactorKeepsLinesReadable(f *testing.F) {
	for _, c := range canaries() {
		f.Add(c)
	}
	h := newHider([]string{"a known secret"})
	f.Fuzz(func(t *testing.T, s string) {
		once := h.text(s)
		if strings.Contains(once, "a known secret") {
			t.Errorf("%q keeps a known secret", s)
		}
		var out bytes.Buffer
		slog.New(newRedactor(slog.NewJSONHandler(&out, nil))).LogAttrs(context.Background(), slog.LevelInfo, s, slog.String("k", s))
		if !json.Valid(out.Bytes()) {
			t.Errorf("%q gives %s", s, out.String())
		}
	})
}

func TestAdviceIsNotTakenForACredential(t *testing.T) {
	h := newHider(nil)
	for _, text := range []string{
		"set the app-level token with connections:write (Basic Information page)",
		"give the bot permissions in the channel", "a bot connection", "open Basic information and reset the secret",
	} {
		if got := h.text(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, secret := range []string{"abcd1efg", "1abcdefg", "abcdefg1", "dXNlcjpwYXNzd29yZAbcdefghij"} {
		for _, scheme := range []string{"Bearer ", "basic ", "Bot "} {
			if got := h.text("sent " + scheme + secret); strings.Contains(got, secret) {
				t.Errorf("%q is shown", got)
			}
		}
	}
}

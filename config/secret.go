package config

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted stands for a secret's value wherever it would be shown.
const redacted = "[redacted]"

// Secret is a value that must never be shown: every way of printing, logging
// or encoding it gives "[redacted]", or nothing when it is empty. Only Reveal
// gives the value.
type Secret struct{ value string }

// NewSecret returns a Secret of that value.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value itself, for the one call that needs it.
func (s Secret) Reveal() string { return s.value }

// IsSet says whether there is a value.
func (s Secret) IsSet() bool { return s.value != "" }

// String returns "[redacted]", or "" for an empty secret.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return redacted
}

// Format prints what String returns for every verb: without it, verbs that
// are not for strings, such as %d, would print the field.
func (s Secret) Format(f fmt.State, _ rune) {
	// fmt keeps no error of a writer; neither can we.
	_, _ = io.WriteString(f, s.String())
}

// LogValue logs what String returns.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText encodes what String returns, in JSON and TOML alike.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText sets the value.
func (s *Secret) UnmarshalText(text []byte) error {
	s.value = string(text)
	return nil
}

// Equal says whether two secrets are the same, for comparisons in tests.
func (s Secret) Equal(other Secret) bool { return s.value == other.value }

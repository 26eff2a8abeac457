package config

import (
	"bytes"
	"fmt"
	"net/url"

	"github.com/BurntSushi/toml"
)

// Redacted returns the configuration in force as TOML, for a person to read:
// secrets are "[redacted]", and the outgoing webhook's address has lost the
// parts that may hold a token.
func (c Config) Redacted() (string, error) {
	c.Webhook.URL = redactURL(c.Webhook.URL)
	var text bytes.Buffer
	enc := toml.NewEncoder(&text)
	enc.Indent = ""
	if err := enc.Encode(c); err != nil {
		return "", fmt.Errorf("encode the configuration: %w", err)
	}
	return text.String(), nil
}

// redactURL keeps the scheme and host of an address: a webhook's path and
// query are often the only secret that protects it.
func redactURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return redacted
	}
	if u.User == nil && (u.Path == "" || u.Path == "/") && u.RawQuery == "" {
		return address
	}
	return u.Scheme + "://" + u.Host + "/" + redacted
}

package config

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Example is the annotated example file: every key with its default. It loads
// as it is.
//
//go:embed sidebridge.example.toml
var Example string

// Load reads the file at path, if path is not empty, and then the overriding
// variables among environ, which has the form of os.Environ. It resolves
// relative paths and returns a valid configuration or everything that is wrong
// with it.
func Load(path string, environ []string) (*Config, error) {
	var text []byte
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("read the configuration: %w", err)
		}
	}
	c, err := parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	if err := c.override(environ); err != nil {
		return nil, fmt.Errorf("configuration from the environment: %w", errors.Join(err, c.unused()))
	}
	c.resolve()
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("the configuration is not usable:\n%w", errors.Join(err, c.unused()))
	}
	return c, nil
}

// parse reads a file's text over the defaults.
func parse(text string) (*Config, error) {
	// The first pass counts the workspaces, so that the second finds each
	// with its defaults.
	var count Config
	meta, err := toml.Decode(text, &count)
	if err != nil {
		return nil, explain(err)
	}
	if err := errors.Join(unknownKeys(meta), bareDurations(reflect.ValueOf(count), "")); err != nil {
		return nil, err
	}
	c := Default()
	for range count.Slack {
		c.Slack = append(c.Slack, DefaultSlack(""))
	}
	for range count.Discord {
		c.Discord = append(c.Discord, DefaultDiscord(""))
	}
	if _, err := toml.Decode(text, &c); err != nil {
		return nil, explain(err)
	}
	return &c, nil
}

// unknownKeys names every key of the file that no field has.
func unknownKeys(meta toml.MetaData) error {
	var errs []error
	seen := make(map[string]bool)
	for _, key := range meta.Undecoded() {
		name := key.String()
		if seen[name] || seen[parentOf(name)] {
			seen[name] = true
			continue
		}
		seen[name] = true
		errs = append(errs, fmt.Errorf("unknown key %s: correct its spelling or remove it", name))
	}
	return errors.Join(errs...)
}

// bareDurations names every duration below v that is written as a number alone, which
// the format reads as so many nanoseconds.
func bareDurations(v reflect.Value, prefix string) error {
	var errs []error
	for i := range v.NumField() {
		field, name := v.Field(i), prefix+v.Type().Field(i).Tag.Get("toml")
		switch {
		case field.Type() == reflect.TypeFor[time.Duration]():
			if n := field.Int(); n != 0 && time.Duration(n).Abs() < time.Millisecond {
				errs = append(errs, fmt.Errorf("%s is the number %d: write a unit, as in %q for seconds or %q for minutes", name, n, fmt.Sprint(n, "s"), fmt.Sprint(n, "m")))
			}
		case isTable(field.Type()):
			errs = append(errs, bareDurations(field, name+"."))
		case field.Kind() == reflect.Slice && isTable(field.Type().Elem()):
			for j := range field.Len() {
				errs = append(errs, bareDurations(field.Index(j), name+"."))
			}
		}
	}
	return errors.Join(errs...)
}

func parentOf(key string) string { return key[:max(0, strings.LastIndexByte(key, '.'))] }

// resolve makes relative paths lie in the data folder and fills in the
// address that follows from another.
func (c *Config) resolve() {
	for _, path := range []*string{&c.Database.SQLite, &c.Audit.CheckpointFile, &c.Audit.CheckpointKeyFile} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(c.DataDir, *path)
		}
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + reachable(c.Listen)
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
}

// reachable returns an address under which this machine reaches a listener.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip, err := netip.ParseAddr(host); host == "" || (err == nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

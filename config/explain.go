package config

import (
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// decoderError is how the decoder words what it finds; of a wrong type it has no other form.
var decoderError = regexp.MustCompile(`(?s)^toml: line (\d+)(?: \(last key "([^"]*)"\))?: (.*)$`)

// wrongType is how it words a wrong type.
var wrongType = regexp.MustCompile(`TOML value has type (\S+);|expected table but found (\S+)`)

// explain says in an admin's words what is wrong with a file: in which line, with which
// key, what belongs there, and an example. The line itself is not shown, since it may be
// a secret.
func explain(err error) error {
	m := decoderError.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	line, key, problem := m[1], m[2], m[3]
	where := "line " + line
	if key != "" {
		where += ", key " + key
	}
	typ, known := typeOf(reflect.TypeFor[Config](), key)
	switch found := wrongType.FindStringSubmatch(problem); {
	case known && found != nil:
		return fmt.Errorf("%s: this must be %s, and is %s%s", where, wanted(typ, key), foundWords(found[1]+found[2]), exampleOf(key))
	case known && (strings.HasPrefix(problem, "invalid duration") || strings.HasPrefix(problem, "netip.")):
		return fmt.Errorf("%s: this must be %s%s", where, wanted(typ, key), exampleOf(key))
	case strings.HasPrefix(problem, "expected value but found"):
		return fmt.Errorf("%s: after = there must be a value: a text in quotes, a number, true, false, or a list in [ ]%s", where, exampleOf(key))
	case strings.HasPrefix(problem, "strings cannot contain newlines"):
		return fmt.Errorf("%s: the text has no closing quote%s", where, exampleOf(key))
	case strings.HasSuffix(problem, "has already been defined."):
		return fmt.Errorf("%s: this key is in the file twice: remove one", where)
	}
	return fmt.Errorf("%s: %s", where, problem)
}

// typeOf returns the type of the key at a path such as "slack.post_interval".
func typeOf(table reflect.Type, path string) (reflect.Type, bool) {
	if table.Kind() == reflect.Slice && isTable(table.Elem()) {
		table = table.Elem()
	}
	key, rest, nested := strings.Cut(path, ".")
	if table.Kind() != reflect.Struct {
		return nil, false
	}
	for i := range table.NumField() {
		f := table.Field(i)
		if key == "" || f.Tag.Get("toml") != key {
			continue
		}
		if nested {
			return typeOf(f.Type, rest)
		}
		return f.Type, true
	}
	return nil, false
}

// wanted says what a key's value looks like.
func wanted(t reflect.Type, key string) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a time with its unit, in quotes"
	case reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()), t.Kind() == reflect.String:
		return "a text in quotes"
	case t.Kind() == reflect.Bool:
		return "true or false, without quotes"
	case t.Kind() == reflect.Slice && isTable(t.Elem()):
		return "a table for each, headed [[" + key + "]]"
	case t == reflect.TypeFor[[]netip.Prefix]():
		return "a list of networks, each an address with how many of its bits count"
	case t.Kind() == reflect.Slice:
		return "a list of texts in quotes, in [ ]"
	case t.Kind() == reflect.Struct:
		return "a table, headed [" + key + "]"
	}
	return "a whole number, without quotes"
}

// foundWords says what the file has, given the type that the decoder made of it.
func foundWords(decoded string) string {
	switch decoded {
	case "string":
		return "a text in quotes"
	case "int64", "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "map[string]any":
		return "one table"
	case "[]any", "[]map[string]any":
		return "a list"
	}
	return "something else"
}

// sample is an example of a key that has none in the annotated file, where they are empty.
func sample(key string) string {
	return map[string]string{
		"trusted_proxies": `trusted_proxies = ["10.0.0.5/32"]`,
		"discord.guilds":  `guilds = ["112233445566778899"]`,
		"oidc.domains":    `domains = ["example.com"]`,
		"public_url":      `public_url = "https://sidebridge.example.com"`,
	}[key]
}

// exampleOf shows how a key is written, as the annotated example file has it.
func exampleOf(path string) string {
	example := sample(path)
	section := ""
	for line := range strings.Lines(Example) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "#")
		if name, ok := strings.CutPrefix(line, "["); ok {
			section = strings.Trim(name, "[]") + "."
		}
		key, _, ok := strings.Cut(line, " = ")
		if ok && example == "" && section+key == path {
			example = line
		}
	}
	switch {
	case example == "":
		return ""
	case strings.HasSuffix(example, "= []"):
		example = strings.TrimSuffix(example, "[]") + `["…", "…"]`
	case strings.HasSuffix(example, `= ""`):
		example = strings.TrimSuffix(example, `""`) + `"…"`
	}
	return ", as in:  " + example
}

// unused names the environment variables that name no key: one of them is often what is
// missing.
func (c *Config) unused() error {
	var errs []error
	for _, name := range c.UnusedEnv {
		errs = append(errs, fmt.Errorf("the environment variable %s names no key: correct its spelling, or ignore this if it is another program's", name))
	}
	return errors.Join(errs...)
}

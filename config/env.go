package config

import (
	"encoding"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// envPrefix begins every variable that is read.
const envPrefix = "SIDEBRIDGE_"

// testPrefix begins variables that are the tests' own.
const testPrefix = "SIDEBRIDGE_TEST_"

// override sets the keys that environment variables name. A key's variable is
// its path in upper case: SIDEBRIDGE_LOG_LEVEL for log.level, and
// SIDEBRIDGE_SLACK_ACME_BOT_TOKEN for bot_token of the [[slack]] named "acme";
// [[discord]] tables likewise. With _FILE appended it names a file that holds the value.
func (c *Config) override(environ []string) error {
	fields := make(map[string]reflect.Value)
	collect(reflect.ValueOf(c).Elem(), envPrefix, fields)
	set := make(map[string]bool)
	var errs []error
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, envPrefix) || strings.HasPrefix(name, testPrefix) {
			continue
		}
		field, isKey := fields[name]
		key, isFile := strings.CutSuffix(name, "_FILE")
		if fileField, ok := fields[key]; !isKey && isFile && ok {
			text, err := os.ReadFile(value)
			if err != nil {
				errs = append(errs, fmt.Errorf("read the file that %s names: %w", name, err))
				continue
			}
			field, isKey, value = fileField, true, strings.TrimSpace(string(text))
		} else {
			key = name
		}
		switch {
		case !isKey:
			c.UnusedEnv = append(c.UnusedEnv, name)
			continue
		case set[key]:
			errs = append(errs, fmt.Errorf("both %s and %s_FILE are set: remove one", key, key))
			continue
		}
		set[key] = true
		if err := assign(field, value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	slices.Sort(c.UnusedEnv)
	return errors.Join(errs...)
}

// orVariable says which variables can have a key's value as well, as a part of a
// sentence. A table without a name has none.
func orVariable(key string) string {
	if strings.Contains(key, "[") {
		return ""
	}
	name := envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
	return fmt.Sprintf(" here, or in the variable %s, or in a file that %s_FILE names;", name, name)
}

// collect maps the variable of every key below v to its field.
func collect(v reflect.Value, prefix string, fields map[string]reflect.Value) {
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("toml")
		if key == "-" {
			continue
		}
		field, name := v.Field(i), prefix+strings.ToUpper(key)
		switch {
		case isTable(field.Type()):
			collect(field, name+"_", fields)
		case field.Kind() == reflect.Slice && isTable(field.Type().Elem()):
			for j := range field.Len() {
				workspace := strings.ToUpper(field.Index(j).FieldByName("Name").String())
				collect(field.Index(j), name+"_"+strings.ReplaceAll(workspace, "-", "_")+"_", fields)
			}
		default:
			fields[name] = field
		}
	}
}

// isTable says whether values of that type are tables of keys, rather than
// written as one text.
func isTable(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// assign reads a variable's text into a field. Lists are separated by commas.
func assign(field reflect.Value, text string) error {
	if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		field.SetBool(b)
	case reflect.Int, reflect.Int64:
		return assignInt(field, text)
	case reflect.Slice:
		return assignList(field, text)
	default:
		return fmt.Errorf("a %s cannot be set from the environment", field.Type())
	}
	return nil
}

func assignInt(field reflect.Value, text string) error {
	if field.Type() == reflect.TypeFor[time.Duration]() {
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 30s or 15m", text)
		}
		field.SetInt(int64(d))
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	field.SetInt(n)
	return nil
}

func assignList(field reflect.Value, text string) error {
	list := reflect.MakeSlice(field.Type(), 0, 2)
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		element := reflect.New(field.Type().Elem()).Elem()
		if err := assign(element, item); err != nil {
			return err
		}
		list = reflect.Append(list, element)
	}
	field.Set(list)
	return nil
}

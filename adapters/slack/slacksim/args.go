package slacksim

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxBody is the largest API body that is read.
const maxBody = 4 << 20

// args are the arguments of a call, whatever way they were sent.
type args struct {
	form url.Values
	json map[string]json.RawMessage
}

// readArgs reads query, form or JSON arguments. JSON is only looked at where
// Slack accepts it: methods that read take forms and queries alone.
// https://docs.slack.dev/apis/web-api/
func readArgs(r *http.Request, acceptsJSON bool) (args, error) {
	a := args{form: r.URL.Query()}
	if r.Method == http.MethodGet {
		return a, nil
	}
	if r.Method != http.MethodPost {
		return a, apiError{code: "invalid_post_type"}
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && r.ContentLength != 0 {
		return a, apiError{code: "missing_post_type"}
	}
	switch {
	case kind == "application/json":
		if !acceptsJSON {
			return a, nil
		}
		if err := json.NewDecoder(r.Body).Decode(&a.json); err != nil && !errors.Is(err, io.EOF) {
			return a, apiError{code: "invalid_json"}
		}
	case kind == "application/x-www-form-urlencoded":
		if err := r.ParseForm(); err != nil {
			return a, apiError{code: "invalid_form_data"}
		}
		a.form = r.Form
	case kind == "multipart/form-data":
		if err := r.ParseMultipartForm(maxBody); err != nil {
			return a, apiError{code: "invalid_form_data"}
		}
		a.form = r.Form
	case kind != "":
		return a, apiError{code: "invalid_post_type"}
	}
	return a, nil
}

// has says whether the argument was sent at all, be it empty.
func (a args) has(name string) bool {
	if raw, ok := a.json[name]; ok {
		return string(raw) != "null"
	}
	return a.form.Has(name)
}

// text returns the argument as text; JSON numbers and booleans are accepted.
func (a args) text(name string) string {
	raw, ok := a.json[name]
	if !ok {
		return a.form.Get(name)
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	if string(raw) == "null" {
		return ""
	}
	return string(raw)
}

// raw returns a structured argument, which forms send as JSON text. It is nil
// when missing or empty.
func (a args) raw(name string) json.RawMessage {
	text := strings.TrimSpace(a.text(name))
	if text == "" {
		return nil
	}
	return json.RawMessage(text)
}

func (a args) flag(name string) bool {
	text := a.text(name)
	return text == "1" || strings.EqualFold(text, "true")
}

// number returns an integer argument or its default.
func (a args) number(name string, fallback int) (int, error) {
	text := a.text(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, apiError{code: "invalid_arguments", messages: []string{"[ERROR] invalid value for " + name}}
	}
	return n, nil
}

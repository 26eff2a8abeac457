package web

import (
	"bytes"
	"embed"
	"fmt"
	"hash/fnv"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/sidebridge/sidebridge/mapping/markup"
)

//go:embed templates/*.html static/*
var embedded embed.FS

// views are the pages. Each is base.html, the pieces that pages share, and its own file.
func views() []string {
	return []string{
		"erase", "erasures", "erased",
		"error", "setup", "sign_in", "account", "notices", "inbox", "search", "keys", "ticket_new", "ticket", "history", "audit", "approval", "share", "draft",
		"people", "mapping", "rule", "tokens", "health", "surfaces", "permissions", "changes", "access", "audit_search", "link", "sign_in_code", "two_factor",
	}
}

// templates are all views, parsed at start: a view that is missing or wrong is a failed start.
type templates struct {
	views  map[string]*template.Template
	pieces *template.Template
}

func loadTemplates() (*templates, error) {
	version, err := staticVersion()
	if err != nil {
		return nil, err
	}
	shared, err := template.New("base.html").Funcs(funcs(version)).ParseFS(embedded, "templates/base.html", "templates/pieces*.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	t := &templates{views: map[string]*template.Template{}, pieces: shared}
	for _, name := range views() {
		view, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
		if t.views[name], err = view.ParseFS(embedded, "templates/"+name+".html"); err != nil {
			return nil, fmt.Errorf("template %s: %w", name, err)
		}
	}
	return t, nil
}

// staticVersion names the static files' content, so that a browser never mixes two versions.
func staticVersion() (string, error) {
	h := fnv.New64a()
	err := fs.WalkDir(embedded, "static", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := embedded.ReadFile(path)
		h.Write(text)
		return err
	})
	return strconv.FormatUint(h.Sum64(), 36), err
}

func funcs(version string) template.FuncMap {
	return template.FuncMap{
		"static":   func(name string) string { return "/static/" + name + "?v=" + version },
		"markdown": markup.HTML,
		"editable": editableBody,
		"icon":     icon,
		"when":     func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
		"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"bytes":    func(n int64) string { return humanize.IBytes(uint64(max(n, 0))) },
		"plural":   plural,
		"counted":  counted,
		"unreadIn": func(n int64) string {
			if n == 0 {
				return ""
			}
			return "(" + counted(n) + ") "
		},
		"join":     strings.Join,
		"title":    titled,
		"list":     func(v ...any) []any { return v },
		"initials": initials,
		"int64":    func(n int) int64 { return int64(n) },
		"share":    func(ticket int64, page string) shareLink { return shareLink{ticket, page} },
		"talk": func(c conversation, form typed, key string, limit int64) talk {
			return talk{conversation: c, Form: form, Key: key, Limit: limit}
		},
		"mod8": func(s string) uint32 { h := fnv.New32a(); h.Write([]byte(s)); return h.Sum32() % 8 },
	}
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

// titled makes the first letter of a word of ours a capital.
func titled(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// render writes a view. It is made in a buffer first, so that a failure is a
// whole error page and not half of the one that was asked for.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, view string, data any) {
	var b bytes.Buffer
	if err := s.pages.views[view].Execute(&b, data); err != nil {
		s.o.Logger.Error("page not rendered", "view", view, "route", r.Pattern, "error", err)
		http.Error(w, "Something went wrong on our side.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client may be gone
}

// piece renders a piece of a page. The stream and the page use the same ones.
func (t *templates) piece(b *bytes.Buffer, name string, data any) error {
	if err := t.pieces.ExecuteTemplate(b, name, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return nil
}

// fragment answers our script with a piece.
func (s *Server) fragment(w http.ResponseWriter, name string, data any) error {
	var b bytes.Buffer
	if err := s.pages.piece(&b, name, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the client may be gone
	return nil
}

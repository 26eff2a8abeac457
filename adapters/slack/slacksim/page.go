package slacksim

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat/simpage"
)

//go:embed page/page.html page/page.css page/page.js
var pageFiles embed.FS

// pages serves the page on which a newcomer plays the people of the workspace.
type pages struct {
	sim      *Sim
	template *template.Template
}

func newPages(s *Sim) *pages {
	return &pages{sim: s, template: template.Must(template.ParseFS(pageFiles, "page/page.html"))}
}

func (p *pages) mount(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	mux.HandleFunc("GET /{$}", p.show)
	mux.Handle("POST /act", guard.Handler(http.HandlerFunc(p.act)))
	mux.HandleFunc("GET /archives/{channel}/{message}", p.permalink)
	mux.HandleFunc("GET /files/{user}/{id}/{name}", p.file)
	mux.HandleFunc("GET /sim/page.css", simpage.Static(pageFiles, "page/page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /sim/page.js", simpage.Static(pageFiles, "page/page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /sim/avatar/{name}", p.avatar)
	mux.HandleFunc("GET /sim/bot.svg", p.avatar)
	mux.HandleFunc("GET /sim/live", p.sim.changes.Live(p.sim.ctx.Done()))
}

func (p *pages) show(w http.ResponseWriter, r *http.Request) {
	p.sim.mu.Lock()
	p.sim.noteBase(r)
	view := p.sim.pageView(r.URL.Query())
	p.sim.mu.Unlock()
	simpage.Send(w, p.template, view)
}

// act does what a form of the page asks and shows the page again.
func (p *pages) act(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 32<<20)
	if err := r.ParseMultipartForm(8 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		http.Error(w, "unreadable form", http.StatusBadRequest)
		return
	}
	err := p.perform(r)
	back := url.Values{}
	for _, key := range []string{"as", "channel", "thread"} {
		if v := r.PostForm.Get(key); v != "" {
			back.Set(key, v)
		}
	}
	if err != nil {
		back.Set("problem", problem(err))
	}
	http.Redirect(w, r, "/?"+back.Encode(), http.StatusSeeOther)
}

// problem says what went wrong as the page shows it.
func problem(err error) string {
	switch {
	case errors.Is(err, ErrNoAnswer):
		return "The app did not answer. Is the daemon running?"
	case errors.Is(err, ErrNotMember):
		return "You are not a member of this channel."
	case errors.Is(err, ErrNotAllowed):
		return "That is not allowed here, or something is missing."
	case errors.Is(err, ErrNoSuch):
		return "That is not there, or not any more."
	}
	return err.Error()
}

func (p *pages) perform(r *http.Request) error {
	form := r.PostForm
	person := p.sim.Person(form.Get("as"))
	if person == nil {
		return fmt.Errorf("speak as %q: %w", form.Get("as"), ErrNoSuch)
	}
	channelID, ts := form.Get("channel"), form.Get("ts")
	var err error
	switch form.Get("do") {
	case "post":
		return p.say(r, person)
	case "edit":
		err = person.Edit(channelID, ts, form.Get("text"))
	case "delete":
		err = person.Delete(channelID, ts)
	case "react":
		name := strings.Trim(form.Get("emoji"), ": ")
		err = person.React(channelID, ts, name)
		if err != nil && err.Error() == "already_reacted" {
			err = person.Unreact(channelID, ts, name)
		}
	case "press":
		err = person.Press(r.Context(), channelID, ts, form.Get("action"))
	case "shortcut":
		err = person.Shortcut(r.Context(), channelID, ts, form.Get("callback"))
	case "join":
		err = person.Join(channelID)
	case "direct":
		form.Set("channel", p.sim.Direct(person))
		form.Del("thread")
	case "submit":
		_, err = person.SubmitView(r.Context(), form.Get("view"), formValues(form))
	case "close":
		err = person.CloseView(r.Context(), form.Get("view"))
	default:
		err = fmt.Errorf("do %q: %w", form.Get("do"), ErrNotAllowed)
	}
	return err
}

// say posts text, a file, or both.
func (p *pages) say(r *http.Request, person *Person) error {
	d := Draft{Text: strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n"), ThreadTS: r.PostForm.Get("parent")}
	d.Broadcast = r.PostForm.Get("broadcast") != ""
	if upload, header, err := r.FormFile("file"); err == nil {
		defer upload.Close()
		data, err := io.ReadAll(upload)
		if err != nil {
			return fmt.Errorf("read file: %w", err)
		}
		if len(data) > 0 {
			d.Files = []string{p.sim.AddFile(person, header.Filename, data)}
		}
	}
	if strings.TrimSpace(d.Text) == "" && d.Files == nil {
		return nil
	}
	if strings.HasPrefix(d.Text, "/") && d.ThreadTS == "" && d.Files == nil {
		return person.Command(r.Context(), r.PostForm.Get("channel"), d.Text)
	}
	_, err := person.Send(r.PostForm.Get("channel"), d)
	return err
}

// formValues makes state.values of a modal from form fields named
// value:block_id:action_id.
func formValues(form url.Values) []byte {
	values := map[string]map[string]fields{}
	for key := range form {
		parts := strings.SplitN(key, ":", 4)
		if len(parts) != 4 || parts[0] != "value" {
			continue
		}
		input := fields{"type": parts[1], "value": nil}
		if typed := form.Get(key); typed != "" {
			input.with("value", typed)
		}
		if parts[1] == "static_select" {
			delete(input, "value")
			input.with("selected_option", fields{"value": form.Get(key)})
		}
		if values[parts[2]] == nil {
			values[parts[2]] = map[string]fields{}
		}
		values[parts[2]][parts[3]] = input
	}
	return encode(values)
}

// permalink shows the message a permalink names.
func (p *pages) permalink(w http.ResponseWriter, r *http.Request) {
	digits := strings.TrimPrefix(r.PathValue("message"), "p")
	if len(digits) < 7 {
		http.NotFound(w, r)
		return
	}
	ts := digits[:len(digits)-6] + "." + digits[len(digits)-6:]
	q := url.Values{"channel": {r.PathValue("channel")}, "thread": {ts}}
	if parent := r.URL.Query().Get("thread_ts"); parent != "" {
		q.Set("thread", parent)
	}
	http.Redirect(w, r, "/?"+q.Encode()+"#m-"+ts, http.StatusSeeOther)
}

// file gives a person, who needs no token, a file.
func (p *pages) file(w http.ResponseWriter, r *http.Request) {
	p.sim.mu.Lock()
	f := p.sim.files[r.PathValue("id")]
	there := f != nil && f.uploaded && f.mode == "hosted"
	p.sim.mu.Unlock()
	if !there {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", "attachment")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(f.content)
}

package discordsim

import (
	"bytes"
	embedded "embed"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

//go:embed page/page.html page/page.css page/page.js
var pageFiles embedded.FS

// contentPolicy lets the page load only its own style, script and pictures.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pages serves the page on which a newcomer plays the people of the guilds.
type pages struct {
	sim      *Sim
	template *template.Template

	mu        sync.Mutex
	dismissed map[string]bool // answers for one person that were put away
}

func (s *Sim) mountPage(mux *http.ServeMux) {
	p := &pages{sim: s, template: template.Must(template.ParseFS(pageFiles, "page/page.html")), dismissed: map[string]bool{}}
	guard := http.NewCrossOriginProtection()
	mux.HandleFunc("GET /{$}", p.show)
	mux.Handle("POST /act", guard.Handler(http.HandlerFunc(p.act)))
	mux.HandleFunc("GET /channels/{guild}/{channel}", p.permalink)
	mux.HandleFunc("GET /channels/{guild}/{channel}/{message}", p.permalink)
	mux.HandleFunc("GET /sim/page.css", p.static("page/page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /sim/page.js", p.static("page/page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /sim/avatar", p.avatar)
	mux.HandleFunc("GET /sim/file/{id}/{name}", p.file)
	mux.HandleFunc("GET /sim/live", p.live)
}

func (p *pages) show(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	at := place{As: q.Get("as"), Guild: q.Get("guild"), Channel: q.Get("channel"), Thread: q.Get("thread"), Reply: q.Get("reply")}
	p.mu.Lock()
	p.sim.mu.Lock()
	p.sim.noteBase(r)
	view := p.sim.pageView(at, q.Get("problem"), p.dismissed)
	p.sim.mu.Unlock()
	p.mu.Unlock()
	var b bytes.Buffer
	if err := p.template.ExecuteTemplate(&b, "page", view); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	_, _ = b.WriteTo(w)
}

func (p *pages) static(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		body, err := pageFiles.ReadFile(name)
		if err != nil {
			http.Error(w, "no such file", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(body)
	}
}

// permalink shows the thread and message that an address of Discord's client names,
// https://discord.com/channels/<guild>/<channel>/<message>.
func (p *pages) permalink(w http.ResponseWriter, r *http.Request) {
	id, message := r.PathValue("channel"), r.PathValue("message")
	p.sim.mu.Lock()
	ch := p.sim.channels[id]
	there := ch != nil && !ch.gone && ch.guild.id == r.PathValue("guild")
	at := place{As: r.URL.Query().Get("as"), Channel: id}
	anchor := "#m-" + url.PathEscape(message)
	if there && ch.thread() {
		at.Channel, at.Thread = ch.parent.id, id
		if ch.find(message) == nil {
			anchor = "#t-" + url.PathEscape(message) // the message that it was started from
		}
	}
	p.sim.mu.Unlock()
	if !there {
		http.Error(w, "There is no such channel or thread, or not any more.", http.StatusNotFound)
		return
	}
	if message == "" {
		anchor = ""
	}
	http.Redirect(w, r, at.URL()+anchor, http.StatusSeeOther)
}

// file gives a person, whose client renews addresses by itself, a file.
func (p *pages) file(w http.ResponseWriter, r *http.Request) {
	p.sim.mu.Lock()
	a := p.sim.files[r.PathValue("id")]
	p.sim.mu.Unlock()
	if a == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Type", "application/octet-stream")
	if shownImage(a.kind) {
		h.Set("Content-Type", a.kind)
	} else {
		h.Set("Content-Disposition", "attachment")
	}
	_, _ = w.Write(a.content)
}

// live tells the page that something changed, at most a few times a second.
func (p *pages) live(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	wake, stop := p.sim.watch()
	defer stop()
	pause := time.NewTicker(200 * time.Millisecond)
	defer pause.Stop()
	_, _ = io.WriteString(w, "retry: 1000\n\n")
	for out.Flush() == nil {
		select {
		case <-wake:
		case <-r.Context().Done():
			return
		case <-p.sim.ctx.Done():
			return
		}
		select {
		case <-pause.C:
		case <-r.Context().Done():
			return
		case <-p.sim.ctx.Done():
			return
		}
		if _, err := io.WriteString(w, "data: changed\n\n"); err != nil {
			return
		}
	}
}

package discordsim

import (
	embedded "embed"
	"html/template"
	"net/http"
	"net/url"
	"sync"

	"github.com/sidebridge/sidebridge/adapters/chat/simpage"
)

//go:embed page/page.html page/page.css page/page.js
var pageFiles embedded.FS

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
	mux.HandleFunc("GET /sim/page.css", simpage.Static(pageFiles, "page/page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /sim/page.js", simpage.Static(pageFiles, "page/page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /sim/avatar", p.avatar)
	mux.HandleFunc("GET /sim/file/{id}/{name}", p.file)
	mux.HandleFunc("GET /sim/live", s.changes.Live(s.ctx.Done()))
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
	simpage.Send(w, p.template, view)
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

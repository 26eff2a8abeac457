package web

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// The limits of what a request may send.
const (
	maxForm    = 1 << 20   // a form, or the JSON of the API, without files
	maxFile    = 100 << 20 // a file, where Options do not say otherwise
	maxUpload  = 20        // files of one form
	sessionAge = 7 * 24 * time.Hour
)

// Options are what a Server needs.
type Options struct {
	// Log takes every change of a ticket.
	Log bridge.Log
	// Desk takes the changes of what is set on a ticket; nil means the built-in desk.
	Desk bridge.Desk
	// Store is what pages read and the directory that they change.
	Store Store
	// Sessions keeps sign-ins. It sees the tokens' hashes only.
	Sessions scs.CtxStore
	// Bell rings when a ticket has something new.
	Bell *bridge.Bell
	// Probers ask surfaces, by their names, whether posts would work.
	Probers map[string]Prober
	// Workspaces are what the configuration calls workspaces, by their places without a
	// channel: an id says little to people.
	Workspaces map[bridge.Place]string
	// Connections are checked on the page of surfaces.
	Connections []Connection
	// Held returns the channels whose platform asked us to wait; nil: nobody knows.
	Held func() map[bridge.Place]time.Time
	// Links read the links to threads that people paste, each those of one workspace.
	Links []LinkReader
	// PublicURL is the address of these pages as people's browsers see it. With
	// https, cookies are marked secure.
	PublicURL string
	// SetupCode guards the page that makes the first admin. Empty: there is no such page.
	SetupCode string
	// SSO is the OpenID Connect provider that people sign in with; nil: there is none.
	SSO *SSO
	// Passwords is who may sign in with a password: PasswordsAll, which "" means too,
	// PasswordsAdmins or PasswordsNone.
	Passwords string
	// TwoFactor is who must have a second factor for their password: TwoFactorNone,
	// which "" means too, TwoFactorAdmins or TwoFactorAll.
	TwoFactor string
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// MaxFile is the most bytes of one file; zero means 100 MiB.
	MaxFile int64
	// Notices is how people are told who have chosen nothing; nil: as mapping.DefaultNotices says.
	Notices *mapping.Notices
	// NoDirectMessages: nobody is told anything by a direct message in a chat.
	NoDirectMessages bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger takes what went wrong on our side; nil means nobody hears it.
	Logger *slog.Logger
}

// Server serves the ticket view.
type Server struct {
	o        Options
	store    Store
	log      bridge.Log
	desk     bridge.Desk
	sessions *scs.SessionManager
	pages    *templates
	looks    *looks        // of open pages
	tries    *attempts     // of passwords
	codes    *attempts     // of second factors
	returns  *attempts     // to and from the provider
	hashing  chan struct{} // bounds how many passwords are hashed at once
	changing sync.Mutex    // admins' forms come one after the other, see recorded
	hasAdmin atomic.Bool   // once there is an admin there always is one
	https    bool
	beat     time.Duration
	quit     chan struct{}
	closing  sync.Once
	handler  http.Handler
	now      func() time.Time
}

// New returns a server of the ticket view. It fails when a template or an option is wrong.
func New(o Options) (*Server, error) {
	public, err := url.Parse(o.PublicURL)
	if err != nil || public.Host == "" || (public.Scheme != "http" && public.Scheme != "https") {
		return nil, fmt.Errorf("public URL %q: want http:// or https:// and a host", o.PublicURL)
	}
	o.PublicURL = strings.TrimRight(o.PublicURL, "/")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Notices == nil {
		def := mapping.DefaultNotices()
		o.Notices = &def
	}
	if o.MaxFile == 0 {
		o.MaxFile = maxFile
	}
	s := &Server{
		o: o, store: o.Store, log: o.Log, desk: o.Desk, now: o.Now, https: public.Scheme == "https",
		tries: newAttempts(o.Now, attemptsKnown), codes: newAttemptsAt(o.Now, attemptsKnown, codeBurst, codeEvery),
		returns: newAttemptsAt(o.Now, attemptsKnown, ssoBurst, ssoEvery), hashing: make(chan struct{}, 2),
		quit: make(chan struct{}), beat: streamBeat,
	}
	if s.desk == nil {
		s.desk = &Desk{Tickets: o.Store, Directory: o.Store, Log: o.Log, PublicURL: o.PublicURL}
	}
	if s.pages, err = loadTemplates(); err != nil {
		return nil, err
	}
	s.looks = newLooks(s.store.TicketSince, s.namesOf)
	s.sessions = s.newSessions()
	s.handler, err = s.build(public)
	return s, err
}

// Close ends the streams of open pages, which would otherwise keep an http.Server
// from shutting down. Browsers reconnect by themselves when the server is back.
func (s *Server) Close() { s.closing.Do(func() { close(s.quit) }) }

// Handler returns the handler of all pages, the API and the static files.
func (s *Server) Handler() http.Handler { return s.handler }

func (s *Server) newSessions() *scs.SessionManager {
	m := scs.New()
	m.Store = s.o.Sessions
	m.HashTokenInStore = true
	m.Lifetime = sessionAge
	m.Cookie.Name = "sidebridge"
	if s.https {
		m.Cookie.Name = "__Host-sidebridge" // bound to this host, path and to https
	}
	m.Cookie.Secure = s.https
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		s.o.Logger.Error("session not read or not kept", "error", err)
		http.Error(w, "Something went wrong on our side. Try again.", http.StatusServiceUnavailable)
	}
	return m
}

// build wires the routes behind what every request passes: headers, then the
// session, then the check of the request's origin.
func (s *Server) build(public *url.URL) (http.Handler, error) {
	static, err := fs.Sub(embedded, "static")
	if err != nil {
		return nil, err // unreachable: the folder is embedded
	}
	site := http.NewServeMux()
	s.routes(site.HandleFunc)
	origin := http.NewCrossOriginProtection()
	if err := origin.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, errCrossOrigin) }))

	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", cached(http.FileServerFS(static))))
	mux.HandleFunc("POST /api/v1/tickets", s.api(s.apiCreateTicket))
	mux.HandleFunc("POST /api/v1/tickets/{ticket}/messages", s.api(s.apiAddMessage))
	mux.HandleFunc("GET /api/v1/tickets/{ticket}/conversations", s.api(s.apiConversations))
	mux.HandleFunc("POST /api/v1/tickets/{ticket}/conversations", s.api(s.apiStart))
	mux.HandleFunc("GET /api/v1/explain", s.api(s.apiExplain))
	mux.HandleFunc("GET /api/v1/conversations/{id}/participants", s.api(s.apiParticipants))
	mux.HandleFunc("POST /api/v1/conversations/{id}/participants", s.api(s.apiAddParticipants))
	mux.HandleFunc("DELETE /api/v1/conversations/{id}/participants/{person}", s.api(s.apiRemoveParticipant))
	mux.HandleFunc("POST /api/v1/conversations/{id}/close", s.api(s.apiSetState(false)))
	mux.HandleFunc("POST /api/v1/conversations/{id}/reopen", s.api(s.apiSetState(true)))
	mux.HandleFunc("POST /api/v1/conversations/{id}/close-and-solve", s.api(s.apiCloseAndSolve))
	mux.HandleFunc("/api/", s.api(func(http.ResponseWriter, *http.Request, caller) error {
		return fmt.Errorf("%w: there is no such address", bridge.ErrNotFound)
	}))
	mux.Handle("/", s.sessions.LoadAndSave(origin.Handler(site)))
	return s.secured(mux), nil
}

// routes hands every page and every form to handle, as http.ServeMux.HandleFunc takes them.
func (s *Server) routes(handle func(pattern string, h func(http.ResponseWriter, *http.Request))) {
	open := func(pattern string, h handler) { handle(pattern, s.run(h)) }
	agent := func(pattern string, h handler) { handle(pattern, s.signedIn(bridge.RoleAgent, h)) }
	admin := func(pattern string, h handler) {
		handle(pattern, s.signedIn(bridge.RoleAdmin, s.recorded(pattern, h)))
	}

	open("GET /setup", s.setupPage)
	open("POST /setup", s.setup)
	open("GET /sign-in", s.signInPage)
	open("POST /sign-in", s.signIn)
	open("POST /sign-out", s.signOut)
	open("GET /sign-in/code", s.codePage)
	open("POST /sign-in/code", s.enterCode)
	open("GET /sign-in/oidc", s.startSSO)
	open("GET "+CallbackPath, s.finishSSO)

	agent("GET /{$}", s.home)
	agent("GET /account", s.accountPage)
	agent("POST /account/password", s.changePassword)
	agent("POST /account/hints", s.dismissHint)
	agent("GET /account/two-factor", s.twoFactorPage)
	agent("POST /account/two-factor/begin", s.offerTwoFactor)
	agent("POST /account/two-factor/confirm", s.confirmTwoFactor)
	agent("POST /account/two-factor/codes", s.freshRecoveryCodes)
	agent("POST /account/two-factor/off", s.dropTwoFactor)
	agent("POST /account/sign-ins/end-others", s.endOtherSignIns)
	agent("POST /account/sign-ins/{id}/end", s.endSignIn)

	agent("GET /settings/notifications", s.noticesPage)
	agent("POST /settings/notifications", s.saveNotices)

	agent("GET /link/{token}", s.linkPage)
	agent("POST /link/{token}", s.takeAccount)

	agent("GET /tickets", s.inbox)
	agent("GET /tickets/stream", s.inboxStream)
	agent("GET /tickets/lines", s.inboxLines)
	agent("POST /tickets/read", s.markAllRead)
	agent("GET /news/stream", s.newsStream)
	agent("GET /news/unread", s.unreadCount)
	agent("GET /search", s.search)
	agent("GET /complete", s.complete)
	agent("GET /ask", s.askWhom)
	agent("POST /preview", s.previewText)
	agent("GET /audit", s.auditSearch)
	agent("GET /keys", s.keysPage)
	agent("GET /tickets/new", s.newTicketPage)
	agent("POST /tickets", s.createTicket)
	agent("GET /tickets/{ticket}", s.ticketPage)
	agent("GET /tickets/{ticket}/stream", s.stream)
	agent("GET /tickets/{ticket}/audit", s.auditPage)
	agent("POST /tickets/{ticket}/reply", s.replyToCustomer)
	agent("POST /tickets/{ticket}/note", s.writeNote)
	agent("POST /tickets/{ticket}/change", s.changeTicket)
	agent("POST /tickets/{ticket}/conversations", s.startConversation)
	agent("POST /tickets/{ticket}/preview", s.previewRoute)
	agent("POST /tickets/{ticket}/attach", s.attachThread)
	agent("GET /tickets/{ticket}/share", s.shareFragment)

	agent("GET /tickets/{ticket}/draft", s.draftFragment)
	agent("POST /tickets/{ticket}/draft", s.offerDraft)

	agent("GET /c/{id}", s.conversationLink)
	agent("GET /m/{id}", s.messageLink)
	agent("POST /c/{id}/messages", s.postMessage)
	agent("POST /c/{id}/people", s.addPeople)
	agent("POST /c/{id}/people/remove", s.removePerson)
	agent("POST /c/{id}/close", s.setState(false))
	agent("POST /c/{id}/reopen", s.setState(true))
	agent("POST /c/{id}/restrict", s.restrict)
	admin("POST /c/{id}/join", s.joinRestricted)
	agent("POST /c/{id}/close-and-solve", s.closeAndSolve)
	agent("POST /c/{id}/take-over", s.takeOver)
	agent("GET /c/{id}/share", s.sharePage)
	agent("GET /c/{id}/approval", s.approvalPage)
	agent("POST /c/{id}/approval", s.askApproval)
	agent("POST /a/{id}/approve", s.answerApproval(true))
	agent("POST /a/{id}/refuse", s.answerApproval(false))
	agent("POST /a/{id}/withdraw", s.withdrawApproval())
	agent("POST /c/{id}/read", s.markRead)
	agent("POST /m/{id}/unread", s.markUnread)
	agent("POST /m/{id}/edit", s.editMessage)
	agent("POST /m/{id}/delete", s.deleteMessage)
	agent("POST /m/{id}/react", s.react)
	agent("POST /m/{id}/use", s.useInReply)
	agent("POST /m/{id}/good", s.approveDraft)
	agent("POST /m/{id}/suggest", s.suggestDraft)
	agent("POST /m/{id}/take", s.takeDraft)
	agent("POST /m/{id}/dismiss", s.dismissDraft)
	agent("GET /m/{id}/history", s.historyPage)
	agent("GET /files/{ticket}/{message}/{n}", s.file)

	s.recordRoutes(admin)

	admin("GET /admin/people", s.peoplePage)
	admin("POST /admin/people", s.addPerson)
	admin("POST /admin/people/{person}", s.changePerson)
	admin("POST /admin/accounts", s.linkAccount)
	admin("GET /admin/mapping", s.mappingPage)
	admin("POST /admin/groups", s.saveGroup)
	admin("POST /admin/groups/{group}", s.saveGroup)
	admin("GET /admin/rules/new", s.rulePage)
	admin("GET /admin/rules/{rule}", s.rulePage)
	admin("POST /admin/rules", s.saveRule)
	admin("POST /admin/rules/{rule}", s.saveRule)
	admin("POST /admin/rules/{rule}/move", s.moveRule)
	admin("POST /admin/rules/{rule}/delete", s.deleteRule)
	admin("POST /admin/mapping/test", s.testMapping)
	admin("GET /admin/channels", s.channelOptions)
	admin("GET /admin/tokens", s.tokensPage)
	admin("POST /admin/tokens", s.createToken)
	admin("POST /admin/tokens/{token}/revoke", s.revokeToken)
	s.mendRoutes(admin)

	open("/", func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("%w: there is no such page", bridge.ErrNotFound)
	})
}

// handler answers a request, or says why not.
type handler func(w http.ResponseWriter, r *http.Request) error

func (s *Server) run(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm+maxUpload*s.o.MaxFile)
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

// fail answers with what went wrong: as a line of text where a script asked, as a page otherwise.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, _, text := classify(err)
	if status >= 500 && !errors.Is(err, r.Context().Err()) {
		s.o.Logger.Error("request failed", "method", r.Method, "route", r.Pattern, "error", err)
	}
	if isFragment(r) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text)) // the client may be gone
		return
	}
	title := "Something is wrong"
	switch status {
	case http.StatusNotFound:
		title = "Not found"
	case http.StatusForbidden:
		title = "Not allowed"
	}
	p := s.page(r, title, "")
	s.render(w, r, status, "error", errorPage{page: p, Status: status, Text: text})
}

// errorPage is the page of a request that was refused or went wrong.
type errorPage struct {
	page
	Status int
	Text   string
}

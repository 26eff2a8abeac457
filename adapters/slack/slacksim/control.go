package slacksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// order is the body of a control request; each verb reads the fields it needs.
// As and Channel take ids or names.
type order struct {
	As, Channel, TS, Thread, Text string
	// Emoji, Action, Callback and Scope are what is added, pressed, used, removed.
	Emoji, Action, Callback, Scope string
	// View is submitted with Values, its state.values.
	View   string
	Values json.RawMessage
	// Name and Data are a file's, Data in base64.
	Name string
	Data []byte
	// Team is another organisation.
	Team string
	// Count limits socket verbs to so many sockets.
	Count int
	// Fault and EventFault are as in Go; DelayMS fills their Delay.
	Fault      Fault
	EventFault EventFault
	DelayMS    int
}

// mountControl serves the person and fault functions over HTTP for those who
// run the simulator in another process: POST /sim/<verb> with an order, GET
// /sim/state, /sim/arrivals and /sim/notifications.
func (s *Sim) mountControl(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	mux.Handle("POST /sim/{verb}", guard.Handler(http.HandlerFunc(s.serveControl)))
	mux.HandleFunc("GET /sim/state", s.serveState)
	mux.HandleFunc("GET /sim/arrivals", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, fields{"arrivals": s.Arrivals()})
	})
	mux.HandleFunc("GET /sim/notifications", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, fields{"notifications": s.Notifications(), "ephemerals": s.Ephemerals()})
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(encode(v))
}

func (s *Sim) serveControl(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 32<<20)).Decode(&o); err != nil {
		writeJSON(w, http.StatusBadRequest, fields{"ok": false, "error": "unreadable order"})
		return
	}
	s.resolve(&o)
	ts, err := s.obey(r, r.PathValue("verb"), o)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, fields{"ok": false, "error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, fields{"ok": true, "ts": ts})
}

// resolve replaces names by ids.
func (s *Sim) resolve(o *order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.userByName(o.As); u != nil && s.users[o.As] == nil {
		o.As = u.id
	}
	if ch := s.channelByName(o.Channel); ch != nil && s.channels[o.Channel] == nil {
		o.Channel = ch.id
	}
	o.Fault.Delay = time.Duration(o.DelayMS) * time.Millisecond
	o.EventFault.Delay = o.Fault.Delay
}

func (s *Sim) obey(r *http.Request, verb string, o order) (ts string, err error) {
	if handled, err := s.obeyAdmin(verb, o); handled {
		return "", err
	}
	p := s.Person(o.As)
	if p == nil {
		return "", fmt.Errorf("speak as %q: %w", o.As, ErrNoSuch)
	}
	switch verb {
	case "post":
		return p.Send(o.Channel, Draft{Text: o.Text, ThreadTS: o.Thread})
	case "reply":
		return p.Reply(o.Channel, o.Thread, o.Text)
	case "edit":
		return o.TS, p.Edit(o.Channel, o.TS, o.Text)
	case "delete":
		return o.TS, p.Delete(o.Channel, o.TS)
	case "moderate":
		return o.TS, p.Moderate(o.Channel, o.TS)
	case "react":
		return o.TS, p.React(o.Channel, o.TS, o.Emoji)
	case "unreact":
		return o.TS, p.Unreact(o.Channel, o.TS, o.Emoji)
	case "press":
		return o.TS, p.Press(r.Context(), o.Channel, o.TS, o.Action)
	case "shortcut":
		return o.TS, p.Shortcut(r.Context(), o.Channel, o.TS, o.Callback)
	case "command":
		return "", p.Command(r.Context(), o.Channel, o.Text)
	case "submit":
		_, err := p.SubmitView(r.Context(), o.View, o.Values)
		return "", err
	case "upload":
		return p.UploadFile(o.Channel, o.Thread, o.Name, o.Data, o.Text)
	case "join":
		return "", p.Join(o.Channel)
	case "leave":
		return "", p.Leave(o.Channel)
	}
	return "", fmt.Errorf("do %q: %w", verb, ErrNotAllowed)
}

// obeyAdmin does what needs no person.
func (s *Sim) obeyAdmin(verb string, o order) (handled bool, err error) {
	switch verb {
	case "archive":
		err = s.Archive(o.Channel)
	case "unarchive":
		err = s.Unarchive(o.Channel)
	case "share":
		err = s.ShareExternally(o.Channel, o.Team)
	case "unshare":
		err = s.Unshare(o.Channel, o.Team)
	case "kick-bot":
		err = s.KickBot(o.Channel)
	case "invite-bot":
		err = s.InviteBot(o.Channel)
	case "revoke-token":
		s.RevokeToken()
	case "restore-token":
		s.RestoreToken()
	case "remove-scope":
		s.RemoveScope(o.Scope)
	case "grant-scope":
		s.GrantScope(o.Scope)
	case "fault":
		s.Inject(o.Fault)
	case "event-fault":
		s.InjectEvent(o.EventFault)
	case "clear-faults":
		s.ClearFaults()
	case "release-held":
		s.ReleaseHeld()
	case "drop-pending":
		s.DropPending()
	case "refresh-connections":
		s.RefreshConnections(o.Count)
	case "drop-connections":
		s.DropConnections(o.Count)
	case "black-hole":
		s.BlackHole(o.Count)
	default:
		return false, nil
	}
	return true, err
}

// serveState shows the workspace, and with ?channel= the messages of a channel
// or with &thread= those of a thread.
func (s *Sim) serveState(w http.ResponseWriter, r *http.Request) {
	o := order{Channel: r.URL.Query().Get("channel"), Thread: r.URL.Query().Get("thread")}
	s.resolve(&o)
	s.mu.Lock()
	s.noteBase(r)
	channels, users := []fields{}, []fields{}
	for _, ch := range s.order {
		channels = append(channels, fields{
			"id": ch.id, "name": ch.name, "private": ch.private(), "archived": ch.archived, "deleted": ch.deleted,
			"external": len(ch.external) > 0, "members": append([]string{}, ch.members...),
		})
	}
	for _, u := range s.userOrder {
		users = append(users, fields{"id": u.id, "name": u.name, "real_name": u.realName, "bot": u.isBot, "team": u.teamID})
	}
	s.mu.Unlock()
	state := fields{
		"ok": true, "team": s.TeamID(), "app": s.AppID(), "bot_user": s.BotUserID(), "channels": channels, "users": users,
		"events": s.EventStats(), "idle": s.Idle(),
	}
	switch {
	case o.Thread != "":
		state.with("messages", s.Thread(o.Channel, o.Thread))
	case o.Channel != "":
		state.with("messages", s.Channel(o.Channel))
	}
	writeJSON(w, http.StatusOK, state)
}

package discordsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// order is the body of a control request; each verb reads the fields it needs. As and
// Channel take ids or names.
type order struct {
	As, Channel, Message, Reply, Text, Name string
	Emoji, Button, Command, Interaction     string
	Options                                 map[string]any
	Values                                  map[string]string
	Data                                    []byte
	Guild                                   string
	// Messages are those that are deleted at once.
	Messages []string
	Code     int
	On       bool
	// Perms are denied or allowed; with ID they are a role's or a Member's overwrite.
	Perms, Allow, Deny uint64
	ID                 string
	Member             bool
	// Those of new channels and users.
	Forum, Media, Announcement, RequireTag, Bot bool
	Tags                                        int
	Nick                                        string
	Fault                                       Fault
	EventFault                                  EventFault
	DelayMS                                     int
}

// mountControl serves the person and fault functions over HTTP for those who run the
// simulator in another process: POST /sim/<verb> with an order, GET /sim/state,
// /sim/arrivals and /sim/notifications.
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

func (s *Sim) serveControl(w http.ResponseWriter, r *http.Request) {
	var o order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<20)).Decode(&o); err != nil {
		writeJSON(w, http.StatusBadRequest, fields{"ok": false, "error": "unreadable order"})
		return
	}
	s.resolve(&o)
	id, err := s.obey(r.PathValue("verb"), o)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, fields{"ok": false, "error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, fields{"ok": true, "id": id})
}

// resolve replaces a channel's name by its id.
func (s *Sim) resolve(o *order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.guilds {
		for _, c := range s.inOrder(g) {
			if s.channels[o.Channel] == nil && c.name == o.Channel && !c.thread() {
				o.Channel = c.id
			}
		}
	}
	if o.Guild == "" {
		o.Guild = s.guilds[0].id
	}
	o.Fault.Delay += time.Duration(o.DelayMS) * time.Millisecond
	o.EventFault.Delay += time.Duration(o.DelayMS) * time.Millisecond
}

func (s *Sim) obey(verb string, o order) (string, error) {
	for _, obeys := range []func(string, order) (string, bool, error){s.obeyMaking, s.obeyAdmin, s.obeyTrouble} {
		if id, handled, err := obeys(verb, o); handled {
			return id, err
		}
	}
	p := s.Person(o.As)
	if p == nil {
		return "", fmt.Errorf("speak as %q: %w", o.As, ErrNoSuch)
	}
	switch verb {
	case "post":
		d := Draft{Content: o.Text, Reply: o.Reply}
		if o.Name != "" {
			d.Files = []File{{Name: o.Name, Content: o.Data}}
		}
		return p.Send(o.Channel, d)
	case "edit":
		return o.Message, p.Edit(o.Channel, o.Message, o.Text)
	case "delete":
		return o.Message, p.Delete(o.Channel, o.Message)
	case "bulk-delete":
		return "", p.BulkDelete(o.Channel, o.Messages...)
	case "react":
		return o.Message, p.React(o.Channel, o.Message, o.Emoji)
	case "unreact":
		return o.Message, p.Unreact(o.Channel, o.Message, o.Emoji)
	case "clear-reactions":
		return o.Message, p.ClearReactions(o.Channel, o.Message, o.Emoji)
	case "press":
		return p.Press(o.Channel, o.Message, o.Button)
	case "command":
		return p.Command(o.Channel, o.Command, o.Options)
	case "message-command":
		return p.MessageCommand(o.Channel, o.Message, o.Command)
	case "submit":
		return p.SubmitModal(o.Interaction, o.Values)
	case "close-modal":
		return o.Interaction, p.CloseModal(o.Interaction)
	case "start-thread":
		return p.StartThread(o.Channel, o.Message, o.Name)
	case "avatar": // everywhere, or with on in the guild
		guild := ""
		if o.On {
			guild = o.Guild
		}
		p.SetAvatar(guild, o.Text)
		return "", nil
	case "forum-post":
		return p.PostInForum(o.Channel, o.Name, o.Text)
	}
	return "", fmt.Errorf("do %q: %w", verb, ErrNotAllowed)
}

// serveState shows the service, and with ?channel= the messages of a channel or thread.
func (s *Sim) serveState(w http.ResponseWriter, r *http.Request) {
	o := order{Channel: r.URL.Query().Get("channel")}
	s.resolve(&o)
	s.mu.Lock()
	s.noteBase(r)
	channels, users := []fields{}, []fields{}
	for _, g := range s.guilds {
		for _, c := range s.inOrder(g) {
			f := fields{"id": c.id, "name": c.name, "type": c.kind, "guild": g.id, "archived": c.archived, "locked": c.locked}
			if c.parent != nil {
				f["parent"] = c.parent.id
			}
			channels = append(channels, f)
		}
	}
	for _, u := range s.userOrder {
		users = append(users, fields{"id": u.id, "name": u.name, "global_name": u.global, "bot": u.bot})
	}
	s.mu.Unlock()
	state := fields{
		"ok": true, "guild": s.GuildID(), "app": s.AppID(), "bot": s.BotID(), "channels": channels, "users": users,
		"gateway": s.GatewayStats(), "idle": s.Idle(), "invalid": s.Invalid(),
	}
	if o.Channel != "" {
		state["messages"] = s.Thread(o.Channel)
	}
	writeJSON(w, http.StatusOK, state)
}

package slacksim

import (
	"encoding/json"
	"time"
)

// eventEnvelope is the outside of every event.
// https://docs.slack.dev/apis/events-api/
type eventEnvelope struct {
	Token               string          `json:"token"`
	TeamID              string          `json:"team_id"`
	ContextTeamID       string          `json:"context_team_id"`
	ContextEnterpriseID *string         `json:"context_enterprise_id"`
	APIAppID            string          `json:"api_app_id"`
	Event               any             `json:"event"`
	Type                string          `json:"type"`
	EventID             string          `json:"event_id"`
	EventTime           int64           `json:"event_time"`
	Authorizations      []authorization `json:"authorizations"`
	IsExtSharedChannel  bool            `json:"is_ext_shared_channel"`
	EventContext        string          `json:"event_context"`
}

type authorization struct {
	EnterpriseID        *string `json:"enterprise_id"`
	TeamID              string  `json:"team_id"`
	UserID              string  `json:"user_id"`
	IsBot               bool    `json:"is_bot"`
	IsEnterpriseInstall bool    `json:"is_enterprise_install"`
}

// postedEvent is a message event for something that was posted.
type postedEvent struct {
	*wireMessage
	Channel     string `json:"channel"`
	EventTS     string `json:"event_ts"`
	ChannelType string `json:"channel_type"`
}

// changedEvent is a message event about an earlier message.
type changedEvent struct {
	Type            string       `json:"type"`
	Subtype         string       `json:"subtype,omitempty"`
	Message         *wireMessage `json:"message,omitempty"`
	PreviousMessage *wireMessage `json:"previous_message,omitempty"`
	Channel         string       `json:"channel"`
	Hidden          bool         `json:"hidden"`
	DeletedTS       string       `json:"deleted_ts,omitempty"`
	TS              string       `json:"ts"`
	EventTS         string       `json:"event_ts"`
	ChannelType     string       `json:"channel_type"`
}

// emitPosted raises the event of a new message. The caller holds mu.
func (s *Sim) emitPosted(ch *channel, m *message) {
	w := s.wire(ch, m, true)
	if m.broadcast {
		w.Subtype = "thread_broadcast"
		if parent := ch.byTS[m.threadTS]; parent != nil {
			w.Root = s.wire(ch, parent, true)
		}
	}
	s.emitMessage(ch, w.Subtype, postedEvent{wireMessage: w, Channel: ch.id, EventTS: m.ts, ChannelType: ch.kind})
}

// emitChanged raises message_changed: a real edit if the message carries a new
// edited mark, otherwise bookkeeping. The caller holds mu.
func (s *Sim) emitChanged(ch *channel, m *message, previous *wireMessage) {
	ts := s.nextTS(ch)
	s.emitMessage(ch, "message_changed", changedEvent{
		Type: "message", Subtype: "message_changed", Message: s.wire(ch, m, true), PreviousMessage: previous,
		Channel: ch.id, Hidden: true, TS: ts, EventTS: ts, ChannelType: ch.kind,
	})
}

// emitReplied raises the bookkeeping event for one more reply, which over the
// Events API lacks the subtype its documentation gives it. The caller holds mu.
func (s *Sim) emitReplied(ch *channel, parent *message) {
	ts := s.nextTS(ch)
	s.emitMessage(ch, "message_replied", changedEvent{
		Type: "message", Message: s.wire(ch, parent, true), Channel: ch.id, Hidden: true, TS: ts, EventTS: ts,
		ChannelType: ch.kind,
	})
}

// emitDeleted raises message_deleted. The caller holds mu.
func (s *Sim) emitDeleted(ch *channel, previous *wireMessage) {
	ts := s.nextTS(ch)
	s.emitMessage(ch, "message_deleted", changedEvent{
		Type: "message", Subtype: "message_deleted", PreviousMessage: previous, Channel: ch.id, Hidden: true,
		DeletedTS: previous.TS, TS: ts, EventTS: ts, ChannelType: ch.kind,
	})
}

// emitMessage raises a message event if the app may see it: its bot must be a
// member, with the history scope of the kind of channel. The caller holds mu.
func (s *Sim) emitMessage(ch *channel, subtype string, event any) {
	if !s.scopes[ch.family()+":history"] || !ch.member(s.opts.BotUserID) {
		return
	}
	s.raise(raised{kind: "message", subtype: subtype, channel: ch, event: event})
}

// emitChannel raises an event about a channel that the app may know of. The
// caller holds mu.
func (s *Sim) emitChannel(ch *channel, kind string, event fields) {
	if !s.scopes[ch.family()+":read"] || (ch.private() && !ch.member(s.opts.BotUserID)) {
		return
	}
	s.raise(raised{kind: kind, channel: ch, event: event.with("type", kind).with("event_ts", s.eventTS())})
}

// emitTeam raises an event that belongs to no channel. The caller holds mu.
func (s *Sim) emitTeam(kind string, event fields) {
	s.raise(raised{kind: kind, event: event.with("type", kind).with("event_ts", s.eventTS())})
}

// raised is an event before it is wrapped.
type raised struct {
	kind, subtype string
	channel       *channel
	event         any
}

// raise wraps an event and starts its delivery. The caller holds mu.
func (s *Sim) raise(r raised) {
	if s.uninstalled && r.kind != "app_uninstalled" && r.kind != "tokens_revoked" {
		return
	}
	if s.overHourly() {
		return
	}
	channelID, shared := "", false
	if r.channel != nil {
		channelID, shared = r.channel.id, len(r.channel.external) > 0
	}
	now := s.now()
	d := &delivery{kind: "events_api", id: s.newID("Ev"), born: now}
	d.payload = encode(eventEnvelope{
		Token: "deprecated", TeamID: s.opts.TeamID, ContextTeamID: s.opts.TeamID, APIAppID: s.opts.AppID,
		Event: r.event, Type: "event_callback", EventID: d.id, EventTime: now.Unix(),
		Authorizations:     []authorization{{TeamID: s.opts.TeamID, UserID: s.opts.BotUserID, IsBot: true}},
		IsExtSharedChannel: shared,
		EventContext:       "1-" + r.kind + "-" + s.opts.TeamID + "-" + channelID,
	})
	s.send(r, d)
}

// send passes a wrapped event through the event faults to the queue. The
// caller holds mu.
func (s *Sim) send(r raised, d *delivery) {
	verdict := s.judgeEvent(r)
	s.queue.count(1 + verdict.duplicates)
	if verdict.drop {
		s.queue.countDropped(1)
		return
	}
	for range verdict.duplicates {
		s.launch(verdict, &delivery{kind: d.kind, id: d.id, payload: d.payload, born: d.born})
	}
	s.launch(verdict, d)
}

func (s *Sim) launch(v verdict, d *delivery) {
	switch {
	case v.hold != nil:
		v.hold.keep(s, d)
	case s.capture != nil:
		*s.capture = append(*s.capture, d)
		if s.opts.Echo == EchoBefore {
			d.done = make(chan struct{})
			s.queue.put(d)
		}
	case v.delay > 0:
		s.queue.mu.Lock()
		s.queue.postpone(v.delay, d)
		s.queue.mu.Unlock()
	default:
		s.queue.put(d)
	}
}

// RaiseRaw raises an event with exactly this body, for kinds the simulator does
// not model: unknown types, odd shapes, other teams' ids.
func (s *Sim) RaiseRaw(channelID string, event json.RawMessage) {
	var head struct{ Type, Subtype string }
	_ = json.Unmarshal(event, &head)
	s.do(func() {
		s.raise(raised{kind: head.Type, subtype: head.Subtype, channel: s.channels[channelID], event: event})
	})
}

// eventHour counts events in the present hour and remembers the minute that
// was last reported as rate limited.
type eventHour struct {
	hour, minute int64
	count        int
}

// overHourly says whether Slack would leave out an event because the app got
// 30,000 in this hour; then app_rate_limited follows once a minute.
// https://docs.slack.dev/apis/events-api/ . The caller holds mu.
func (s *Sim) overHourly() bool {
	if s.opts.Limits.Off {
		return false
	}
	now := s.now()
	if hour := now.Unix() / 3600; hour != s.hourly.hour {
		s.hourly = eventHour{hour: hour}
	}
	s.hourly.count++
	if float64(s.hourly.count) <= 30000*s.opts.Limits.Scale {
		return false
	}
	s.queue.count(1)
	s.queue.countDropped(1)
	if minute := now.Truncate(time.Minute).Unix(); minute != s.hourly.minute {
		s.hourly.minute = minute
		s.queue.put(&delivery{kind: "events_api", id: s.newID("Ev"), born: now, payload: encode(fields{
			"token": "deprecated", "type": "app_rate_limited", "team_id": s.opts.TeamID,
			"minute_rate_limited": minute, "api_app_id": s.opts.AppID,
		})})
	}
	return true
}

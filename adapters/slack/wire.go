package slack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// The structs here are ours and not slack-go's: its types lack file_access,
// app_id and user_team, and one block it cannot read rejects a whole event.
// Fields are what the code uses; everything else of an event is skipped.

// frame is what a Socket Mode connection sends.
// https://docs.slack.dev/apis/events-api/using-socket-mode
type frame struct {
	Type       string  `json:"type"`
	EnvelopeID string  `json:"envelope_id"`
	Payload    payload `json:"payload"`
	Reason     string  `json:"reason"`
	Attempt    int     `json:"retry_attempt"`
	Debug      struct {
		Seconds int `json:"approximate_connection_time"`
	} `json:"debug_info"`
}

// payload is the body of an event callback or of an interaction, which come on
// the same socket and the same address.
type payload struct {
	Type string `json:"type"`

	// An event callback. https://docs.slack.dev/apis/events-api/
	TeamID         string          `json:"team_id"`
	AppID          string          `json:"api_app_id"`
	EventID        string          `json:"event_id"`
	Challenge      string          `json:"challenge"`
	Event          event           `json:"event"`
	Authorizations []authorization `json:"authorizations"`
	// External: the channel is shared with another organisation.
	External bool `json:"is_ext_shared_channel"`

	// A press of a button.
	// https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
	User        presser   `json:"user"`
	Team        ident     `json:"team"`
	Channel     ident     `json:"channel"`
	Container   container `json:"container"`
	Message     message   `json:"message"`
	Actions     []action  `json:"actions"`
	TriggerID   string    `json:"trigger_id"`
	ResponseURL string    `json:"response_url"`

	// A shortcut, and the form that it opened.
	// https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
	// https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
	Callback string `json:"callback_id"`
	View     view   `json:"view"`

	// A slash command, whose fields are those of a form.
	// https://docs.slack.dev/interactivity/implementing-slash-commands
	Command     string `json:"command"`
	Text        string `json:"text"`
	UserID      string `json:"user_id"`
	ChannelID   string `json:"channel_id"`
	ChannelName string `json:"channel_name"`
}

// view is a form that somebody has filled in.
type view struct {
	ID       string `json:"id"`
	Callback string `json:"callback_id"`
	Metadata string `json:"private_metadata"`
	State    struct {
		// Values are by block and action; our blocks have one action each.
		Values map[string]map[string]struct {
			Value string `json:"value"`
		} `json:"values"`
	} `json:"state"`
}

// field returns what was typed into a block.
func (v *view) field(block string) string {
	for _, in := range v.State.Values[block] {
		return strings.TrimSpace(in.Value)
	}
	return ""
}

// id names the envelope, however often it is sent.
func (p *payload) id() string { return cmp.Or(p.EventID, p.TriggerID) }

type authorization struct {
	TeamID string `json:"team_id"`
}

type presser struct {
	ID       string `json:"id"`
	TeamID   string `json:"team_id"`
	Name     string `json:"name"`
	Username string `json:"username"`
}

type container struct {
	MessageTS string `json:"message_ts"`
	ThreadTS  string `json:"thread_ts"`
	ChannelID string `json:"channel_id"`
	Ephemeral bool   `json:"is_ephemeral"`
}

type action struct {
	ActionID string `json:"action_id"`
	ActionTS string `json:"action_ts"`
}

// event is the inner event: a message with what only events have.
type event struct {
	message
	Channel ident `json:"channel"`
	// Family is channel, group, im or mpim.
	Family    string   `json:"channel_type"`
	Changed   *message `json:"message"`
	Previous  *message `json:"previous_message"`
	DeletedTS string   `json:"deleted_ts"`
	EventTS   string   `json:"event_ts"`

	// A reaction, without its colons, and what it is to.
	// https://docs.slack.dev/reference/events/reaction_added
	Reaction string `json:"reaction"`
	ItemUser ident  `json:"item_user"`
	Item     struct {
		Type    string `json:"type"`
		Channel ident  `json:"channel"`
		TS      string `json:"ts"`
	} `json:"item"`

	OldChannel string `json:"old_channel_id"`
	NewChannel string `json:"new_channel_id"`
	Tokens     struct {
		Bot []string `json:"bot"`
	} `json:"tokens"`
}

// message is a message as events and listings show it.
type message struct {
	Type        string          `json:"type"`
	Subtype     string          `json:"subtype"`
	TS          string          `json:"ts"`
	ThreadTS    string          `json:"thread_ts"`
	User        ident           `json:"user"`
	BotID       string          `json:"bot_id"`
	AppID       string          `json:"app_id"`
	Username    string          `json:"username"`
	Text        string          `json:"text"`
	Blocks      json.RawMessage `json:"blocks"`
	Files       []file          `json:"files"`
	Attachments []attachment    `json:"attachments"`
	ClientMsgID string          `json:"client_msg_id"`
	Edited      *edited         `json:"edited"`
	Metadata    *metadata       `json:"metadata"`
	Profile     *profile        `json:"user_profile"`
	Reactions   []reactedWith   `json:"reactions"`
	// HiddenByLimit marks a message that a free plan no longer shows.
	HiddenByLimit json.RawMessage `json:"is_hidden_by_limit"`
}

// reactedWith is one emoji that a message has. Of many people not all are named.
type reactedWith struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// attachment is a message that was forwarded, a link's preview, or what another
// app has attached. https://docs.slack.dev/reference/messaging/attachments
type attachment struct {
	Text     string `json:"text"`
	Fallback string `json:"fallback"`
	Author   string `json:"author_name"`
	Share    bool   `json:"is_share"`
}

// hidden reports whether the words are withheld: a stub stands in their place.
func (m *message) hidden() bool {
	switch string(m.HiddenByLimit) {
	case "", "null", "false", "0":
		return false
	}
	return true
}

type edited struct {
	TS   string `json:"ts"`
	User string `json:"user"`
}

type metadata struct {
	EventType string `json:"event_type"`
	Payload   struct {
		Token string `json:"d"`
		Root  bool   `json:"r"`
		Files bool   `json:"f"`
	} `json:"event_payload"`
}

type profile struct {
	Display string `json:"display_name"`
	Real    string `json:"real_name"`
}

// file is a file as messages and files.info show it.
// https://docs.slack.dev/reference/objects/file-object
type file struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	Title    string  `json:"title"`
	MIME     string  `json:"mimetype"`
	Size     int64   `json:"size"`
	Mode     string  `json:"mode"`
	External bool    `json:"is_external"`
	Access   string  `json:"file_access"`
	Private  string  `json:"url_private"`
	Download string  `json:"url_private_download"`
	Shares   *shares `json:"shares"`
}

type shares struct {
	Public  map[string][]share `json:"public"`
	Private map[string][]share `json:"private"`
}

type share struct {
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts"`
}

// ident is an id that some events give as a string and others as an object
// with an id, such as channel in channel_rename and user in user_change.
type ident string

// UnmarshalJSON implements json.Unmarshaler.
func (id *ident) UnmarshalJSON(raw []byte) error {
	switch {
	case len(raw) > 1 && raw[0] == '"':
		if plain := raw[1 : len(raw)-1]; asciiWord(plain) {
			*id = ident(plain)
			return nil
		}
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return fmt.Errorf("read an id: %w", err)
		}
		*id = ident(s)
	case len(raw) > 0 && raw[0] == '{':
		var o struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			return fmt.Errorf("read an object with an id: %w", err)
		}
		*id = ident(o.ID)
	}
	return nil
}

func asciiWord(s []byte) bool {
	for _, b := range s {
		if b < '0' || b > 'z' || b == '\\' {
			return false
		}
	}
	return true
}

package discordsim

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Notification is somebody being called by a post: a user's id, a role's, or
// "everyone" or "here".
type Notification struct {
	Message, Channel string
	// Kind is user, role, everyone or here.
	Kind, Who string
	// Edit: it came with an edit. Discord calls nobody for those, but shows the mention.
	Edit bool
}

var (
	userMention = regexp.MustCompile(`<@!?([0-9]+)>`)
	roleMention = regexp.MustCompile(`<@&([0-9]+)>`)
	allMention  = regexp.MustCompile(`@(everyone|here)`)
)

// allowed is the allowed_mentions object.
// https://docs.discord.com/developers/resources/message#allowed-mentions-object
type allowed struct {
	Parse   *[]string `json:"parse"`
	Users   []string  `json:"users"`
	Roles   []string  `json:"roles"`
	Replied bool      `json:"replied_user"`
}

// badMentions says what is wrong with the object, as the API would.
func (a *allowed) bad() string {
	if a == nil {
		return ""
	}
	if a.Parse != nil {
		for _, p := range *a.Parse {
			if p != "users" && p != "roles" && p != "everyone" {
				return "allowed_mentions.parse"
			}
			if p == "users" && len(a.Users) > 0 || p == "roles" && len(a.Roles) > 0 {
				return "allowed_mentions" // MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE
			}
		}
	}
	if len(a.Users) > 100 || len(a.Roles) > 100 {
		return "allowed_mentions.users"
	}
	return ""
}

func (a *allowed) has(kind, id string, byHook bool) bool {
	if a == nil {
		return !byHook || kind == "users" // the default of webhooks and interactions
	}
	if a.Parse != nil && slices.Contains(*a.Parse, kind) {
		return true
	}
	switch kind {
	case "users":
		return slices.Contains(a.Users, id)
	case "roles":
		return slices.Contains(a.Roles, id)
	}
	return false
}

// mention finds who a message mentions and notes who would be called. Code spans call
// nobody; the simulator reads them generously, so that hiding in code is no defence.
// The caller holds mu.
func (s *Sim) mention(m *message, a *allowed, edit bool) {
	m.mentions, m.roles, m.everyone = nil, nil, false
	byHook := m.webhook != nil || m.interaction
	note := func(kind, who string) {
		s.notifications = append(s.notifications, Notification{Message: m.id, Channel: m.channel.id, Kind: kind, Who: who, Edit: edit})
	}
	for _, hit := range userMention.FindAllStringSubmatch(m.content, -1) {
		if s.users[hit[1]] != nil && !slices.Contains(m.mentions, hit[1]) {
			m.mentions = append(m.mentions, hit[1])
			if a.has("users", hit[1], byHook) {
				note("user", hit[1])
			}
		}
	}
	for _, hit := range roleMention.FindAllStringSubmatch(m.content, -1) {
		if a.has("roles", hit[1], byHook) {
			m.roles = append(m.roles, hit[1])
			note("role", hit[1])
		}
	}
	// A bot without MENTION_EVERYONE calls nobody by it; one that has the permission
	// must still not. The simulator grants it, to be hard.
	if hit := allMention.FindStringSubmatch(strings.ToLower(m.content)); hit != nil && a.has("everyone", "", byHook) {
		m.everyone = true
		note(hit[1], hit[1])
	}
}

// embedText is all text of embeds, where nothing is ever a call.
func embedText(raw json.RawMessage) (total int, ok bool) {
	if len(raw) == 0 {
		return 0, true
	}
	var list []struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Fields      []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"fields"`
		Footer struct {
			Text string `json:"text"`
		} `json:"footer"`
		Author struct {
			Name string `json:"name"`
		} `json:"author"`
	}
	if json.Unmarshal(raw, &list) != nil || len(list) > 10 {
		return 0, false
	}
	for _, e := range list {
		if length(e.Title) > 256 || length(e.Description) > 4096 || length(e.Footer.Text) > 2048 || length(e.Author.Name) > 256 || len(e.Fields) > 25 {
			return 0, false
		}
		total += length(e.Title) + length(e.Description) + length(e.Footer.Text) + length(e.Author.Name)
		for _, f := range e.Fields {
			if f.Name == "" || f.Value == "" || length(f.Name) > 256 || length(f.Value) > 1024 {
				return 0, false
			}
			total += length(f.Name) + length(f.Value)
		}
	}
	return total, total <= 6000
}

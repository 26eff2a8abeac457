package discordsim

import (
	"regexp"
	"slices"
	"strings"
)

// Notification is somebody being called by a post: a user's id, a role's, or
// "everyone" or "here".
type Notification struct {
	Message, Channel string
	// Author is who said it: a user's id or a webhook's.
	Author string
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
	Replied *bool     `json:"replied_user"`
}

// bad says what is wrong with the object, as the API would.
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
	switch {
	case len(a.Users) > 100:
		return "allowed_mentions.users"
	case len(a.Roles) > 100:
		return "allowed_mentions.roles"
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
	author := m.author.id
	if m.webhook != nil {
		author = m.webhook.id
	}
	// Who lacks the permission calls neither everyone nor a role, since none here may be
	// mentioned by all. https://docs.discord.com/developers/topics/permissions
	loud := m.webhook != nil || m.author != s.bot || s.has(m.channel, MentionEveryone)
	note := func(kind, who string) {
		s.notifications = append(s.notifications, Notification{
			Message: m.id, Channel: m.channel.id, Author: author, Kind: kind, Who: who, Edit: edit,
		})
	}
	for _, hit := range userMention.FindAllStringSubmatch(m.content, -1) {
		if s.users[hit[1]] != nil && !slices.Contains(m.mentions, hit[1]) {
			m.mentions = append(m.mentions, hit[1])
			if a.has("users", hit[1], byHook) {
				note("user", hit[1])
			}
		}
	}
	if to := replied(m); to != nil && to.author != m.author && !slices.Contains(m.mentions, to.author.id) && (a == nil || a.Replied != nil && *a.Replied) {
		m.mentions = append(m.mentions, to.author.id)
		note("user", to.author.id)
	}
	for _, hit := range roleMention.FindAllStringSubmatch(m.content, -1) {
		if loud && a.has("roles", hit[1], byHook) {
			m.roles = append(m.roles, hit[1])
			note("role", hit[1])
		}
	}
	// The simulator grants the bot MENTION_EVERYONE, to be hard: it must still call nobody.
	if hit := allMention.FindStringSubmatch(strings.ToLower(m.content)); hit != nil && loud && a.has("everyone", "", byHook) {
		m.everyone = true
		note(hit[1], hit[1])
	}
}

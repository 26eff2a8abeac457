package slacksim

import (
	"slices"
	"strings"
)

// seen finds a channel that the bot may know of. The caller holds mu.
func (s *Sim) seen(id string) (*channel, error) {
	ch := s.channels[id]
	if ch == nil || ch.deleted || (ch.private() && !ch.member(s.opts.BotUserID)) {
		return nil, fail("channel_not_found")
	}
	return ch, nil
}

type wireChannel struct {
	ID                 string    `json:"id"`
	Name               string    `json:"name,omitempty"`
	NameNormalized     string    `json:"name_normalized,omitempty"`
	IsChannel          bool      `json:"is_channel"`
	IsGroup            bool      `json:"is_group"`
	IsIM               bool      `json:"is_im"`
	IsMPIM             bool      `json:"is_mpim"`
	IsPrivate          bool      `json:"is_private"`
	Created            int64     `json:"created"`
	Creator            string    `json:"creator,omitempty"`
	IsArchived         bool      `json:"is_archived"`
	IsGeneral          bool      `json:"is_general"`
	Unlinked           int       `json:"unlinked"`
	IsShared           bool      `json:"is_shared"`
	IsOrgShared        bool      `json:"is_org_shared"`
	IsExtShared        bool      `json:"is_ext_shared"`
	IsPendingExtShared bool      `json:"is_pending_ext_shared"`
	PendingShared      []string  `json:"pending_shared"`
	ContextTeamID      string    `json:"context_team_id"`
	SharedTeamIDs      []string  `json:"shared_team_ids,omitempty"`
	ConnectedTeamIDs   []string  `json:"connected_team_ids,omitempty"`
	InternalTeamIDs    []string  `json:"internal_team_ids,omitempty"`
	HostID             string    `json:"conversation_host_id,omitempty"`
	IsMember           bool      `json:"is_member"`
	IsReadOnly         bool      `json:"is_read_only,omitempty"`
	IsThreadOnly       bool      `json:"is_thread_only,omitempty"`
	IsNonThreadable    bool      `json:"is_non_threadable,omitempty"`
	User               string    `json:"user,omitempty"`
	IsUserDeleted      bool      `json:"is_user_deleted,omitempty"`
	Topic              wireTopic `json:"topic"`
	Purpose            wireTopic `json:"purpose"`
	PreviousNames      []string  `json:"previous_names"`
	NumMembers         *int      `json:"num_members,omitempty"`
	Updated            int64     `json:"updated"`
}

type wireTopic struct {
	Value   string `json:"value"`
	Creator string `json:"creator"`
	LastSet int64  `json:"last_set"`
}

func (s *Sim) wireChannel(ch *channel) *wireChannel {
	w := &wireChannel{
		ID: ch.id, Name: ch.name, NameNormalized: ch.name, IsChannel: ch.kind == "channel" || ch.kind == "group",
		IsGroup: ch.kind == "group" && strings.HasPrefix(ch.id, "G"), IsIM: ch.kind == "im", IsMPIM: ch.kind == "mpim",
		IsPrivate: ch.private(), Created: ch.created, Creator: ch.creator, IsArchived: ch.archived,
		IsGeneral: ch.name == "general", IsShared: len(ch.external) > 0, IsExtShared: len(ch.external) > 0,
		PendingShared: []string{}, ContextTeamID: s.opts.TeamID, IsMember: ch.member(s.opts.BotUserID),
		Topic: wireTopic{Value: ch.topic}, PreviousNames: append([]string{}, ch.previousNames...), Updated: ch.created * 1000,
		IsReadOnly:      ch.policy == "restricted_action_read_only_channel",
		IsThreadOnly:    ch.policy == "restricted_action_thread_only_channel",
		IsNonThreadable: ch.policy == "restricted_action_non_threadable_channel",
	}
	if w.IsExtShared {
		w.SharedTeamIDs = append([]string{s.opts.TeamID}, ch.external...)
		w.ConnectedTeamIDs, w.InternalTeamIDs, w.HostID = ch.external, []string{}, s.opts.TeamID
	}
	if ch.kind == "im" {
		w.Name, w.NameNormalized = "", ""
		w.User = ch.members[0]
		w.IsUserDeleted = s.users[w.User] != nil && s.users[w.User].deleted
	}
	return w
}

func (s *Sim) conversationsInfo(c *call) (any, error) {
	ch, err := s.seen(c.args.text("channel"))
	if err != nil {
		return nil, err
	}
	if err := s.need(ch.family() + ":read"); err != nil {
		return nil, err
	}
	w := s.wireChannel(ch)
	if c.args.flag("include_num_members") {
		n := len(ch.members)
		w.NumMembers = &n
	}
	return ok().with("channel", w), nil
}

func (s *Sim) conversationsMembers(c *call) (any, error) {
	ch, err := s.seen(c.args.text("channel"))
	if err != nil {
		return nil, err
	}
	if err := s.need(ch.family() + ":read"); err != nil {
		return nil, err
	}
	first, last, cursor, err := page(c.args, "members "+ch.id, len(ch.members), 100, 1000)
	if err != nil {
		return nil, err
	}
	return ok().with("members", append([]string{}, ch.members[first:last]...)).next(cursor), nil
}

// conversationsList pages over all channels before it filters, so that a page
// may hold fewer than limit, even none, and still have a next one, as Slack's
// documentation warns.
func (s *Sim) conversationsList(c *call) (any, error) {
	types := strings.Split(c.args.text("types"), ",")
	if c.args.text("types") == "" {
		types = []string{"public_channel"}
	}
	for i, t := range types {
		types[i] = strings.TrimSpace(t)
		scope, known := map[string]string{
			"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read",
		}[types[i]]
		if !known {
			return nil, fail("invalid_types")
		}
		if err := s.need(scope); err != nil {
			return nil, err
		}
	}
	first, last, cursor, err := page(c.args, "list", len(s.order), 100, 1000)
	if err != nil {
		return nil, err
	}
	list := []*wireChannel{}
	for _, ch := range s.order[first:last] {
		if _, err := s.seen(ch.id); err != nil || !slices.Contains(types, listType(ch)) {
			continue
		}
		if ch.archived && c.args.flag("exclude_archived") {
			continue
		}
		w := s.wireChannel(ch)
		n := len(ch.members)
		w.NumMembers = &n
		list = append(list, w)
	}
	return ok().with("channels", list).next(cursor), nil
}

func listType(ch *channel) string {
	switch ch.kind {
	case "channel":
		return "public_channel"
	case "group":
		return "private_channel"
	}
	return ch.kind
}

func (s *Sim) conversationsJoin(c *call) (any, error) {
	ch, err := s.seen(c.args.text("channel"))
	if err != nil {
		return nil, err
	}
	switch {
	case ch.private():
		return nil, fail("method_not_supported_for_channel_type")
	case ch.archived:
		return nil, fail("is_archived")
	case ch.member(s.opts.BotUserID):
		return ok().with("channel", s.wireChannel(ch)).with("warning", "already_in_channel").
			with("response_metadata", fields{"warnings": []string{"already_in_channel"}}), nil
	}
	s.join(ch, s.opts.BotUserID, "")
	return ok().with("channel", s.wireChannel(ch)), nil
}

package slacksim

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

type wireUser struct {
	ID                string      `json:"id"`
	TeamID            string      `json:"team_id"`
	Name              string      `json:"name"`
	Deleted           bool        `json:"deleted"`
	Color             string      `json:"color,omitempty"`
	RealName          string      `json:"real_name,omitempty"`
	TZ                string      `json:"tz,omitempty"`
	TZLabel           string      `json:"tz_label,omitempty"`
	TZOffset          int         `json:"tz_offset,omitempty"`
	Profile           wireProfile `json:"profile"`
	IsAdmin           bool        `json:"is_admin"`
	IsOwner           bool        `json:"is_owner"`
	IsPrimaryOwner    bool        `json:"is_primary_owner"`
	IsRestricted      bool        `json:"is_restricted"`
	IsUltraRestricted bool        `json:"is_ultra_restricted"`
	IsBot             bool        `json:"is_bot"`
	IsAppUser         bool        `json:"is_app_user"`
	IsStranger        bool        `json:"is_stranger,omitempty"`
	Updated           int64       `json:"updated"`
	IsEmailConfirmed  bool        `json:"is_email_confirmed"`
}

type wireProfile struct {
	Title                 string `json:"title"`
	RealName              string `json:"real_name"`
	RealNameNormalized    string `json:"real_name_normalized"`
	DisplayName           string `json:"display_name"`
	DisplayNameNormalized string `json:"display_name_normalized"`
	AvatarHash            string `json:"avatar_hash"`
	IsCustomImage         bool   `json:"is_custom_image,omitempty"`
	Email                 string `json:"email,omitempty"`
	Image24               string `json:"image_24"`
	Image48               string `json:"image_48"`
	Image72               string `json:"image_72"`
	Image192              string `json:"image_192"`
	Team                  string `json:"team"`
	APIAppID              string `json:"api_app_id,omitempty"`
	BotID                 string `json:"bot_id,omitempty"`
	AlwaysActive          bool   `json:"always_active,omitempty"`
}

// wireUser renders an account. The mail address needs a scope of its own and
// is withheld for people of other organisations.
func (s *Sim) wireUser(u *user) *wireUser {
	sum := sha256.Sum256([]byte(u.id))
	w := &wireUser{
		ID: u.id, TeamID: u.teamID, Name: u.name, Deleted: u.deleted, RealName: u.realName,
		IsRestricted: u.restricted, IsBot: u.isBot, IsStranger: u.stranger, Updated: u.updated,
		IsEmailConfirmed: u.email != "",
		Profile: wireProfile{
			RealName: u.realName, RealNameNormalized: u.realName, DisplayName: u.displayName,
			DisplayNameNormalized: u.displayName, AvatarHash: hex.EncodeToString(sum[:6]), IsCustomImage: u.picture != "",
			Image24: pictureOf(u, 24), Image48: pictureOf(u, 48), Image72: pictureOf(u, 72), Image192: pictureOf(u, 192), Team: u.teamID,
		},
	}
	if !u.deleted {
		w.Color, w.TZ, w.TZLabel, w.TZOffset = hex.EncodeToString(sum[:3]), "Europe/Copenhagen", "Central European Time", 3600
	}
	if b := s.bots[u.appBot]; b != nil {
		w.Profile.APIAppID, w.Profile.BotID, w.Profile.AlwaysActive = b.appID, b.id, true
	}
	if s.scopes["users:read.email"] && !u.stranger && !u.deleted {
		w.Profile.Email = u.email
	}
	return w
}

func (s *Sim) usersInfo(c *call) (any, error) {
	u := s.users[c.args.text("user")]
	if u == nil {
		return nil, fail("user_not_found")
	}
	return ok().with("user", s.wireUser(u)), nil
}

func (s *Sim) usersLookupByEmail(c *call) (any, error) {
	if err := s.need("users:read"); err != nil {
		return nil, err
	}
	for _, u := range s.userOrder {
		if u.email != "" && strings.EqualFold(u.email, c.args.text("email")) && !u.deleted && !u.stranger {
			return ok().with("user", s.wireUser(u)), nil
		}
	}
	return nil, fail("users_not_found")
}

func (s *Sim) usersList(c *call) (any, error) {
	first, last, cursor, err := page(c.args, "users", len(s.userOrder), 200, 1000)
	if err != nil {
		return nil, err
	}
	members := []*wireUser{}
	for _, u := range s.userOrder[first:last] {
		members = append(members, s.wireUser(u))
	}
	return ok().with("members", members).with("cache_ts", s.now().Unix()).next(cursor), nil
}

func (s *Sim) usergroupsList(c *call) (any, error) {
	list := []fields{}
	for _, g := range s.groups {
		f := fields{
			"id": g.id, "team_id": s.opts.TeamID, "is_usergroup": true, "name": g.name, "handle": g.handle,
			"description": "", "is_external": false, "date_delete": 0, "user_count": len(g.members),
		}
		if c.args.flag("include_users") {
			f.with("users", g.members)
		}
		list = append(list, f)
	}
	return ok().with("usergroups", list), nil
}

func (s *Sim) userByName(name string) *user {
	for _, u := range s.userOrder {
		if !u.deleted && (strings.EqualFold(u.name, name) || strings.EqualFold(u.displayName, name)) {
			return u
		}
	}
	return nil
}

func (s *Sim) groupByHandle(handle string) *userGroup {
	for _, g := range s.groups {
		if strings.EqualFold(g.handle, handle) {
			return g
		}
	}
	return nil
}

func (s *Sim) channelByName(name string) *channel {
	for _, ch := range s.order {
		if ch.name == name && !ch.deleted {
			return ch
		}
	}
	return nil
}

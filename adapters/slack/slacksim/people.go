package slacksim

import "strings"

// UserSpec describes an account. Only Name is needed.
type UserSpec struct {
	Name, RealName, DisplayName, Email string
	// Picture names a picture that they gave Slack; without one they have a made-up one.
	Picture string
	// TeamID of another organisation makes a Slack Connect stranger.
	TeamID string
	// Guest makes a restricted account, Deleted a deactivated one.
	Guest, Deleted bool
	// ID is chosen by the simulator if empty.
	ID string
}

// AddUser adds an account and returns its person.
func (s *Sim) AddUser(spec UserSpec) *Person {
	p := &Person{sim: s}
	s.do(func() {
		u := &user{
			id: spec.ID, teamID: spec.TeamID, name: spec.Name, realName: spec.RealName, displayName: spec.DisplayName,
			email: spec.Email, picture: spec.Picture, restricted: spec.Guest, deleted: spec.Deleted, updated: s.now().Unix(),
		}
		if u.id == "" {
			u.id = s.newID("U")
		}
		if u.realName == "" {
			u.realName = strings.ToUpper(spec.Name[:1]) + spec.Name[1:]
		}
		if u.teamID == "" {
			u.teamID = s.opts.TeamID
		}
		u.stranger = u.teamID != s.opts.TeamID
		s.addUser(u)
		p.id = u.id
	})
	return p
}

// AddBot adds another app with a bot user, which posts like a person does.
func (s *Sim) AddBot(name string) *Person {
	p := &Person{sim: s}
	s.do(func() {
		b := &bot{id: s.newID("B"), appID: s.newID("A"), userID: s.newID("U"), name: name, updated: s.now().Unix()}
		s.bots[b.id] = b
		s.addUser(&user{
			id: b.userID, teamID: s.opts.TeamID, name: strings.ToLower(name), realName: name, isBot: true, appBot: b.id,
			updated: b.updated,
		})
		p.id = b.userID
	})
	return p
}

// AddGroup adds a user group that can be mentioned by its handle.
func (s *Sim) AddGroup(handle, name string, members ...*Person) (id string) {
	s.do(func() {
		g := &userGroup{id: s.newID("S"), handle: handle, name: name}
		for _, p := range members {
			g.members = append(g.members, p.id)
		}
		s.groups = append(s.groups, g)
		id = g.id
	})
	return id
}

// addApp adds the app under test. The caller holds mu or is New.
func (s *Sim) addApp() {
	updated := s.now().Unix()
	s.bots[s.opts.BotID] = &bot{
		id: s.opts.BotID, appID: s.opts.AppID, userID: s.opts.BotUserID, name: s.opts.AppName, updated: updated,
	}
	s.addUser(&user{
		id: s.opts.BotUserID, teamID: s.opts.TeamID, name: strings.ToLower(s.opts.AppName), realName: s.opts.AppName,
		isBot: true, appBot: s.opts.BotID, updated: updated,
	})
}

func (s *Sim) addUser(u *user) {
	s.users[u.id] = u
	s.userOrder = append(s.userOrder, u)
}

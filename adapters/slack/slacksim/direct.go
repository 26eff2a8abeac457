package slacksim

import (
	"slices"
	"strings"
)

// maxDirect is how many people can be in a group direct message beside the app.
// https://docs.slack.dev/reference/methods/conversations.open
const maxDirect = 8

// conversationsOpen opens the direct message with one person, or with up to eight, or
// returns the one there is: for the same people it is always the same.
// https://docs.slack.dev/reference/methods/conversations.open
func (s *Sim) conversationsOpen(c *call) (any, error) {
	if id := c.args.text("channel"); id != "" {
		ch, err := s.seen(id)
		if err != nil {
			return nil, err
		}
		if ch.kind != "im" && ch.kind != "mpim" {
			return nil, fail("method_not_supported_for_channel_type")
		}
		return s.opened(c, ch, true)
	}
	people, err := s.directTo(c.args.text("users"))
	if err != nil {
		return nil, err
	}
	known := len(s.order)
	var ch *channel
	if len(people) == 1 {
		if err := s.need("im:write"); err != nil {
			return nil, err
		}
		ch = s.direct(people[0])
	} else {
		if err := s.need("mpim:write"); err != nil {
			return nil, err
		}
		ch = s.groupDirect(people)
	}
	return s.opened(c, ch, known == len(s.order))
}

// opened answers with the channel: its id, or all of it.
func (s *Sim) opened(c *call, ch *channel, already bool) (any, error) {
	if err := s.need(ch.kind + ":write"); err != nil {
		return nil, err
	}
	answer := ok()
	if already {
		answer.with("no_op", true).with("already_open", true)
	}
	if c.args.flag("return_im") {
		return answer.with("channel", s.wireChannel(ch)), nil
	}
	return answer.with("channel", fields{"id": ch.id}), nil
}

// directTo finds the people of a list of ids, the app's own left out. The caller holds mu.
func (s *Sim) directTo(list string) ([]*user, error) {
	var people []*user
	for id := range strings.SplitSeq(list, ",") {
		id = strings.TrimSpace(id)
		u := s.users[id]
		switch {
		case id == "" || id == s.opts.BotUserID || slices.Contains(people, u) && u != nil:
			continue
		case u == nil:
			return nil, fail("user_not_found")
		case u.deleted:
			return nil, fail("user_disabled")
		case u.isBot:
			return nil, fail("cannot_dm_bot") // not documented for this method, and met there
		case (u.restricted || u.stranger) && !s.meet(s.opts.BotUserID, u.id):
			return nil, fail("user_not_visible")
		}
		people = append(people, u)
	}
	switch {
	case list == "":
		return nil, fail("users_list_not_supplied")
	case len(people) == 0:
		return nil, fail("not_enough_users")
	case len(people) > maxDirect:
		return nil, fail("too_many_users")
	case !s.strangersMeet(people):
		return nil, fail("invalid_user_combination")
	}
	return people, nil
}

// meet reports whether all of these are in one channel. The caller holds mu.
func (s *Sim) meet(ids ...string) bool {
	return slices.ContainsFunc(s.order, func(ch *channel) bool {
		if ch.kind == "im" || ch.kind == "mpim" || ch.deleted {
			return false
		}
		return !slices.ContainsFunc(ids, func(id string) bool { return !ch.member(id) })
	})
}

// strangersMeet reports whether people of other organisations are all in one channel
// already, without which they cannot be in one group message. The caller holds mu.
func (s *Sim) strangersMeet(people []*user) bool {
	var ids []string
	for _, u := range people {
		if u.stranger {
			ids = append(ids, u.id)
		}
	}
	return len(people) == 1 || len(ids) == 0 || s.meet(ids...)
}

// direct returns the direct message channel of the app with a user. The caller
// holds mu.
func (s *Sim) direct(u *user) *channel {
	for _, ch := range s.order {
		if ch.kind == "im" && ch.members[0] == u.id {
			return ch
		}
	}
	ch := s.newChannel("D", "im", "")
	ch.members = []string{u.id, s.opts.BotUserID}
	if u.stranger {
		ch.external = []string{u.teamID}
	}
	return ch
}

// groupDirect returns the group direct message of the app with exactly these people.
// The caller holds mu.
func (s *Sim) groupDirect(people []*user) *channel {
	var ids, names []string
	for _, u := range people {
		ids, names = append(ids, u.id), append(names, u.name)
	}
	ids = append(ids, s.opts.BotUserID)
	slices.Sort(ids)
	for _, ch := range s.order {
		if ch.kind != "mpim" {
			continue
		}
		if have := slices.Clone(ch.members); slices.Equal(slices.Sorted(slices.Values(have)), ids) {
			return ch
		}
	}
	slices.Sort(names)
	names = append(names, strings.ToLower(s.opts.AppName))
	ch := s.newChannel("G", "mpim", "mpdm-"+strings.Join(names, "--")+"-1")
	ch.members = ids
	for _, u := range people {
		if u.stranger && !slices.Contains(ch.external, u.teamID) {
			ch.external = append(ch.external, u.teamID)
		}
	}
	return ch
}

// Direct returns the id of the app's direct message with the people, which is opened
// if there is none yet: what somebody does who picks the app under "Direct messages".
func (s *Sim) Direct(people ...*Person) (id string) {
	s.do(func() {
		var users []*user
		for _, p := range people {
			users = append(users, s.users[p.id])
		}
		if len(users) == 1 {
			id = s.direct(users[0]).id
		} else {
			id = s.groupDirect(users).id
		}
	})
	return id
}

package discordsim

import "time"

// typeDirect is the type of a direct message's channel.
// https://docs.discord.com/developers/resources/channel#channel-object-channel-types
const typeDirect = 1

var (
	errUser     = refuse(404, 10013, "Unknown User")
	errNoDirect = refuse(403, 50007, "Cannot send messages to this user")
)

// direct is what the bot and one person have with each other alone.
type direct struct {
	id     string
	with   *user
	posts  []*DirectPost
	nonces map[string]*DirectPost
}

// DirectPost is what the bot wrote to one person.
type DirectPost struct {
	ID, Content string
	// Mentions are the people whom the post was allowed to call.
	Mentions []string
	at       time.Time
	nonce    string
}

// openDirect gives the direct message with somebody, always the same one. It is refused
// to nobody: only the post is.
// https://docs.discord.com/developers/resources/user#create-dm
func (c *call) openDirect() (answer, error) {
	var d struct {
		Recipient string `json:"recipient_id"`
	}
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	u := c.s.users[d.Recipient]
	if u == nil {
		return answer{}, errUser
	}
	return answer{body: fields{"id": c.s.directWith(u).id, "type": typeDirect, "recipients": []fields{showUser(u)}}}, nil
}

func (s *Sim) directWith(u *user) *direct {
	for _, d := range s.directs {
		if d.with == u {
			return d
		}
	}
	d := &direct{id: s.newID(), with: u, nonces: map[string]*DirectPost{}}
	s.directs[d.id] = d
	return d
}

// sendDirect posts to one person, unless they take nothing from the bot.
func (c *call) sendDirect(to *direct) (answer, error) {
	var d draft
	if err := c.decode(&d); err != nil {
		return answer{}, err
	}
	switch {
	case to.with.bot || to.with.closed:
		return answer{}, errNoDirect
	case d.Content == nil || *d.Content == "":
		return answer{}, refuse(400, 50006, "Cannot send an empty message")
	}
	if err := c.check(&d, len(c.files)); err != nil {
		return answer{}, err
	}
	old := to.nonces[d.nonce()]
	if d.Enforce && old != nil && c.s.now().Sub(old.at) < c.s.opts.NonceWindow {
		return answer{body: to.show(old)}, nil
	}
	p := &DirectPost{ID: c.s.newID(), Content: *d.Content, at: c.s.now(), nonce: d.nonce()}
	if d.Mentions != nil {
		p.Mentions = d.Mentions.Users
	}
	to.posts = append(to.posts, p)
	if p.nonce != "" {
		to.nonces[p.nonce] = p
	}
	c.arrival.Result = p.ID
	return answer{body: to.show(p)}, nil
}

func (d *direct) show(p *DirectPost) fields {
	return fields{"id": p.ID, "channel_id": d.id, "type": 0, "content": p.Content, "nonce": p.nonce, "timestamp": p.at.UTC().Format(stamp)}
}

// Direct returns what the bot wrote to the person alone, oldest first.
func (p *Person) Direct() (out []DirectPost) {
	p.sim.do(func() {
		for _, post := range p.sim.directWith(p.u).posts {
			out = append(out, *post)
		}
	})
	return out
}

// CloseDirect says whether the person takes no direct messages from the bot.
func (p *Person) CloseDirect(closed bool) {
	p.sim.do(func() { p.u.closed = closed })
}

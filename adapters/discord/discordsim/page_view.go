package discordsim

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// pageView is what the template shows.
type pageView struct {
	At       place
	Problem  string
	Guild    string
	Guilds   []viewPlace
	People   []viewPerson
	Channels []viewPlace
	Channel  *viewPlace
	Posts    []viewPost
	Messages []viewMessage
	Thread   *viewThread
	Modal    *viewModal
	Write    *viewComposer
	Waiting  bool
}

// place is where on the page somebody is, and as whom.
type place struct{ As, Guild, Channel, Thread, Reply string }

// URL returns the page's address for the place.
func (p place) URL() string {
	q := url.Values{}
	for key, v := range map[string]string{"as": p.As, "guild": p.Guild, "channel": p.Channel, "thread": p.Thread, "reply": p.Reply} {
		if v != "" {
			q.Set(key, v)
		}
	}
	return "/?" + q.Encode()
}

func (p place) in(channel, thread string) place {
	return place{As: p.As, Guild: p.Guild, Channel: channel, Thread: thread}
}

type viewPerson struct {
	ID, Name string
	Selected bool
}

type viewPlace struct {
	ID, Name, URL    string
	Forum, Selected  bool
	Archived, Locked bool
	Threads          []viewPlace
	Tags             []string
}

// viewPost is a post in a forum's list.
type viewPost struct {
	viewPlace
	Author, Time, Stamp, Start string
	Count                      string
}

type viewThread struct {
	viewPlace
	CloseURL string
	Messages []viewMessage
	Write    *viewComposer
}

// viewComposer is a box to write in, with the commands that can be used there.
type viewComposer struct {
	At                place
	Key, Label        string
	Channel           string
	Reply             string
	Forum, RequireTag bool
	Refusal           string
	Commands          []viewCommand
}

type viewCommand struct {
	Name, Description string
	Options           []viewOption
}

type viewOption struct {
	Name, Description string
	Number, Required  bool
	MaxLength         int
}

type viewModal struct {
	ID, Title string
	At        place
	Inputs    []viewInput
}

type viewInput struct {
	Name, Label, Value, Hint string
	Multiline, Required      bool
	MinLength, MaxLength     int
}

// pageView gathers what the page shows. The caller holds mu.
func (s *Sim) pageView(at place, problem string, dismissed map[string]bool) *pageView {
	v := &pageView{Problem: problem}
	at.As = s.viewPeople(v, at.As)
	g := s.viewGuild(v, &at)
	ch := s.viewChannels(v, g, &at)
	v.At = at
	if ch == nil {
		return v
	}
	v.Write = s.composer(at, ch, ch.guild)
	if ch.forum() {
		v.Posts = s.viewPosts(at, ch)
	} else {
		v.Messages = s.viewMessages(at, ch, dismissed)
	}
	if th := s.channels[at.Thread]; th != nil {
		v.Thread = s.viewThread(at, th, dismissed)
	}
	v.Modal = s.viewModal(at)
	for _, m := range v.Messages {
		v.Waiting = v.Waiting || m.Waiting
	}
	if v.Thread != nil {
		for _, m := range v.Thread.Messages {
			v.Waiting = v.Waiting || m.Waiting
		}
	}
	return v
}

func (s *Sim) viewPeople(v *pageView, as string) string {
	chosen := ""
	for _, u := range s.userOrder {
		if !u.bot && (chosen == "" || u.id == as) {
			chosen = u.id
		}
	}
	for _, u := range s.userOrder {
		if !u.bot {
			v.People = append(v.People, viewPerson{u.id, s.guilds[0].called(u), u.id == chosen})
		}
	}
	return chosen
}

func (s *Sim) viewGuild(v *pageView, at *place) *guild {
	if ch := s.channels[at.Thread]; ch != nil && ch.thread() && !ch.gone {
		at.Channel = ch.parent.id // an address may name the thread only
	} else {
		at.Thread = ""
	}
	if ch := s.channels[at.Channel]; ch != nil {
		at.Guild = ch.guild.id
	}
	chosen := s.guilds[0]
	for _, g := range s.guilds {
		if g.id == at.Guild {
			chosen = g
		}
	}
	at.Guild, v.Guild = chosen.id, chosen.name
	for _, g := range s.guilds {
		v.Guilds = append(v.Guilds, viewPlace{ID: g.id, Name: g.name, URL: place{As: at.As, Guild: g.id}.URL(), Selected: g == chosen})
	}
	return chosen
}

func (s *Sim) viewChannels(v *pageView, g *guild, at *place) *channel {
	var chosen *channel
	for _, ch := range s.inOrder(g) {
		if !ch.thread() && (chosen == nil || ch.id == at.Channel) {
			chosen = ch
		}
	}
	for _, ch := range s.inOrder(g) {
		if ch.thread() {
			continue
		}
		p := s.viewPlace(*at, ch)
		if ch == chosen {
			at.Channel, p.Selected = ch.id, true
			p.Threads = s.viewThreads(*at, ch)
		}
		v.Channels = append(v.Channels, p)
		if p.Selected {
			v.Channel = &v.Channels[len(v.Channels)-1]
		}
	}
	if v.Channel != nil {
		shown := *v.Channel
		v.Channel = &shown
	}
	return chosen
}

// viewThreads lists a channel's threads, the newest first; the last ones suffice.
func (s *Sim) viewThreads(at place, ch *channel) (out []viewPlace) {
	for _, th := range slices.Backward(s.inOrder(ch.guild)) {
		if th.parent == ch && len(out) < 30 {
			out = append(out, s.viewPlace(at, th))
		}
	}
	return out
}

func (s *Sim) viewPlace(at place, ch *channel) viewPlace {
	v := viewPlace{ID: ch.id, Name: ch.name, Forum: ch.forum(), Archived: ch.archived, Locked: ch.locked, Selected: ch.id == at.Thread}
	if !ch.thread() {
		v.URL = at.in(ch.id, "").URL()
		return v
	}
	v.URL = at.in(ch.parent.id, ch.id).URL()
	for _, id := range ch.applied {
		if i := slices.Index(ch.parent.tags, id); i >= 0 {
			v.Tags = append(v.Tags, fmt.Sprint("tag ", i+1))
		}
	}
	return v
}

func (s *Sim) viewPosts(at place, ch *channel) (out []viewPost) {
	for _, th := range slices.Backward(s.inOrder(ch.guild)) {
		if th.parent != ch || len(out) == 100 {
			continue
		}
		p := viewPost{viewPlace: s.viewPlace(at, th), Time: s.clock(th.id), Stamp: stampOf(th.id), Count: counted(max(0, said(th)-1), "reply", "replies")}
		if u := s.users[th.owner]; u != nil {
			p.Author = ch.guild.called(u)
		}
		if m := th.find(th.id); m != nil {
			p.Start = firstWords(m)
		}
		out = append(out, p)
	}
	return out
}

func (s *Sim) viewThread(at place, th *channel, dismissed map[string]bool) *viewThread {
	v := &viewThread{viewPlace: s.viewPlace(at, th), CloseURL: at.in(at.Channel, "").URL(), Write: s.composer(at, th, th.guild)}
	if m := th.parent.find(th.id); m != nil { // the message that it was started from
		shown := s.viewMessage(at, th.parent, m)
		shown.Anchor, shown.InThread = "t-"+m.id, true
		v.Messages = append(v.Messages, shown)
	}
	for _, m := range s.viewMessages(at, th, dismissed) {
		m.InThread = true
		v.Messages = append(v.Messages, m)
	}
	return v
}

func (s *Sim) composer(at place, ch *channel, g *guild) *viewComposer {
	c := &viewComposer{At: at, Channel: ch.id, Key: "channel", Label: "Message #" + ch.name, Forum: ch.forum(), RequireTag: ch.requireTag}
	if ch.thread() {
		c.Key, c.Label = "thread", "Message "+ch.name
	}
	if at.As == "" {
		c.Refusal = "There is nobody to speak as yet."
	} else if ch.locked {
		c.Refusal = "A moderator has locked this thread. Nobody can write in it."
	}
	if m := ch.find(at.Reply); m != nil {
		c.Reply = s.authorName(m)
	} else {
		c.At.Reply = ""
	}
	var list []registered
	_ = json.Unmarshal(g.commands, &list)
	for _, cmd := range list {
		if max(cmd.Type, 1) != 1 {
			continue
		}
		shown := viewCommand{Name: cmd.Name, Description: cmd.Description}
		for _, o := range cmd.Options {
			shown.Options = append(shown.Options, viewOption{o.Name, o.Description, o.Type == 4 || o.Type == 10, o.Required, o.MaxLength})
		}
		c.Commands = append(c.Commands, shown)
	}
	return c
}

// viewModal is the form that waits for the person, the newest one.
func (s *Sim) viewModal(at place) (v *viewModal) {
	for _, in := range s.inters {
		if in.modal == nil || in.sent || in.user.id != at.As || s.now().Sub(in.madeAt) > mostAnswer || v != nil && compareIDs(in.id, v.ID) < 0 {
			continue
		}
		f, err := readForm(in.modal)
		if err != nil {
			continue
		}
		v = &viewModal{ID: in.id, Title: f.Title, At: at}
		for _, input := range f.inputs() {
			v.Inputs = append(v.Inputs, viewInput{
				Name: input.CustomID, Label: input.Label, Value: input.Value, Hint: input.Placeholder, Multiline: input.Style == 2,
				Required: input.required(), MinLength: input.MinLength, MaxLength: input.MaxLength,
			})
		}
	}
	return v
}

// clock is the time of day at which an id was made, with the day if that is another.
func (s *Sim) clock(id string) string {
	at, now := idTime(id).Local(), s.now().Local()
	if at.YearDay() != now.YearDay() || at.Year() != now.Year() {
		return at.Format("2 Jan 15:04")
	}
	return at.Format("15:04")
}

func stampOf(id string) string { return idTime(id).UTC().Format(time.RFC3339) }

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// moderation is a button for who may manage threads.
type moderation struct {
	Verb, Label, In string
	At              place
}

// Do returns a moderator's button.
func (v *pageView) Do(verb, label, in string) moderation { return moderation{verb, label, in, v.At} }

// Cancel is the address at which nothing is replied to.
func (c *viewComposer) Cancel() string { return c.At.in(c.At.Channel, c.At.Thread).URL() }

// reactWith is a button that reacts to a message.
type reactWith struct {
	Message     viewMessage
	Emoji, Name string
}

// React returns the button for an emoji.
func (m viewMessage) React(emoji, name string) reactWith { return reactWith{m, emoji, name} }

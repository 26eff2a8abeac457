package bridgetest

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// scenarioStep is one kind of line in a play.
type scenarioStep struct {
	pattern *regexp.Regexp
	run     func(s *scenario, args []string, block string)
}

// steps lists all lines that a play may have. Names in lower case are people; the
// agent is Alice. "in CHANNEL" is billing when it is left out.
func steps() []scenarioStep {
	list := []struct {
		pattern string
		run     func(s *scenario, args []string, block string)
	}{
		// The agent, in the ticket view.
		{`agent opens "(.*)": (.*)`, (*scenario).opens},
		{`agent starts "(.*)" in ([a-z, ]+): (.*)`, (*scenario).starts},
		{`agent says: (.*)`, (*scenario).says},
		{`agent attaches (\S+): (.*)`, (*scenario).agentAttaches},
		{`agent edits "(.*)" to "(.*)"`, (*scenario).agentEdits},
		{`agent deletes "(.*)"`, (*scenario).agentDeletes},
		{`agent takes over "(.*)" in ([a-z]+): (.*)`, (*scenario).takesOver},
		{`agent (reacts|takes back) (\S+) (?:to|from) "(.*)"`, (*scenario).agentReacts},
		{`agent (closes|reopens)`, (*scenario).agentSets},
		{`agent sets status (\w+)`, (*scenario).status},
		{`agent replies to the customer: (.*)`, (*scenario).customerReply},
		{`customer writes: (.*)`, (*scenario).customerWrites},
		{`admin resumes ([a-z]+)`, (*scenario).resumes},
		// People in the chats.
		{`([a-z]+) replies(?: in ([a-z]+))?: (.*)`, (*scenario).replies},
		{`([a-z]+) attaches (\S+) in ([a-z]+): (.*)`, (*scenario).attaches},
		{`([a-z]+) (?:edits|changes) "(.*)"(?: in ([a-z]+))? to "(.*)"`, (*scenario).edits},
		{`([a-z]+) (?:deletes|removes) "(.*)"(?: in ([a-z]+))?`, (*scenario).deletes},
		{`([a-z]+) begins in ([a-z]+): (.*)`, (*scenario).begins},
		{`([a-z]+) answers "(.*)" in ([a-z]+): (.*)`, (*scenario).answers},
		{`([a-z]+) (reacts|takes back) (\S+) (?:to|from) "(.*)"(?: in ([a-z]+))?`, (*scenario).reacts},
		{`([a-z]+) presses (\w+)(?: in ([a-z]+))?`, (*scenario).presses},
		// The platform.
		{`(archive|unarchive) ([a-z]+)`, (*scenario).archive},
		{`revoke (\w+)`, func(s *scenario, a []string, _ string) { s.w.Chats[0].Revoke(a[0]) }},
		{`grant`, func(s *scenario, _ []string, _ string) { s.w.Chats[0].Revoke("") }},
		{`cut`, func(s *scenario, _ []string, _ string) { s.w.Chats[0].Cut() }},
		{`join`, func(s *scenario, _ []string, _ string) { s.w.Chats[0].Join() }},
		{`echo (before|during|after|never)`, (*scenario).echo},
		{`events (twice|backwards|in order|lost)`, (*scenario).events},
		{`posts hold (\d+) characters`, (*scenario).hold},
		{`channels take a post every (\S+)`, (*scenario).every},
		// What goes wrong.
		{`fail (append (?:Inbound )?\w+|read|deliver(?: \w+)?|find|list(?: page)?|fetch|probe) ([a-z]+)(?: (\d+[a-z]+))?(?: (\d+|always))?`, (*scenario).fails},
		{`let (.+) pass(?: (\d+))?`, (*scenario).lets},
		{`crash (before|after) (.+)`, (*scenario).crashAt},
		{`crash`, func(s *scenario, _ []string, _ string) { s.d.Crash() }},
		{`stop`, func(s *scenario, _ []string, _ string) { s.stop() }},
		{`restart`, (*scenario).restart},
		{`heal`, func(s *scenario, _ []string, _ string) { s.w.Faults.Clear() }},
		{`wait (\S+)`, func(s *scenario, a []string, _ string) { rest(s.duration(a[0])) }},
		// Settings.
		{`setting: a reply does not reopen`, func(s *scenario, _ []string, _ string) { s.w.Memory.Settings(false, false) }},
		{`setting: reactions are no gestures`, func(s *scenario, _ []string, _ string) { s.w.Memory.ReactionRules(false) }},
		{`setting: uncertain posts wait for a person`, (*scenario).parkUncertain},
		// What must be true.
		{`want record:`, (*scenario).wantRecord},
		{`want audit(?: of (.+))?:`, (*scenario).wantAudit},
		{`want ([a-z]+) parked: (\S+)`, (*scenario).wantParked},
		{`want nothing parked`, (*scenario).wantNotParked},
		{`want blocked: (\S+)`, (*scenario).wantBlocked},
		{`want at most (\d+) of "(.+)"`, (*scenario).wantAtMost},
		{`want ([a-z]+) behind`, (*scenario).wantBehind},
		{`want crashed`, (*scenario).wantCrashed},
		{`want ([a-z]+):`, (*scenario).wantChannel},
	}
	out := make([]scenarioStep, len(list))
	for i, l := range list {
		out[i] = scenarioStep{regexp.MustCompile("^" + l.pattern + "$"), l.run}
	}
	return out
}

var alice = bridge.Actor{Person: "alice", Role: bridge.RoleAgent, Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: "alice"}, Name: "Alice"}

func (s *scenario) opens(a []string, _ string) {
	res := s.append(&bridge.CreateTicket{Actor: bridge.System(), Subject: a[0], Requester: "Carl", Email: "carl@example.com", Body: a[1]})
	s.ticket = res.ID.Ticket
}

func (s *scenario) starts(a []string, _ string) {
	if s.ticket == 0 {
		s.opens([]string{a[0], "Hello, I need help."}, "")
	}
	c := &bridge.StartConversation{Actor: alice, Ticket: s.ticket, Subject: a[0], Body: a[2]}
	for name := range strings.SplitSeq(a[1], ",") {
		name = strings.TrimSpace(name)
		c.Targets = append(c.Targets, bridge.Target{Place: s.channel(name).Place(name)})
	}
	s.conversation = s.append(c).ID
}

func (s *scenario) says(a []string, _ string) {
	s.append(&bridge.PostMessage{Actor: alice, Conversation: s.conversation, Body: a[0]})
}

func (s *scenario) agentAttaches(a []string, _ string) {
	f, err := s.w.Memory.Upload(context.Background(), a[0], "text/plain", s.files[a[0]])
	if err != nil {
		s.fail("upload: %v", err)
	}
	s.append(&bridge.PostMessage{Actor: alice, Conversation: s.conversation, Body: a[1], Files: []bridge.FileUpload{f}})
}

func (s *scenario) agentEdits(a []string, _ string) {
	s.append(&bridge.EditMessage{Actor: alice, Message: s.said(a[0]), Body: a[1]})
}

func (s *scenario) agentDeletes(a []string, _ string) {
	s.append(&bridge.DeleteMessage{Actor: alice, Message: s.said(a[0])})
}

func (s *scenario) agentSets(a []string, _ string) {
	s.append(&bridge.SetState{Actor: alice, Conversation: s.conversation, Open: a[0] == "reopens"})
}

func (s *scenario) status(a []string, _ string) {
	s.append(&bridge.ChangeTicket{Actor: alice, Ticket: s.ticket, Status: a[0]})
}

func (s *scenario) customerReply(a []string, _ string) {
	s.append(&bridge.ReplyToCustomer{Actor: alice, Ticket: s.ticket, Body: a[0]})
}

func (s *scenario) customerWrites(a []string, _ string) {
	s.append(&bridge.CustomerMessage{Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carl"}, Ticket: s.ticket, Body: a[0]})
}

func (s *scenario) resumes(a []string, _ string) {
	for _, m := range s.w.Memory.Mirrors() {
		if m.Place.Channel == a[0] && m.Parked != "" {
			s.append(&bridge.Resume{Actor: bridge.Actor{Person: "root", Role: bridge.RoleAdmin, Name: "Root"}, Mirror: m.ID})
		}
	}
}

func capital(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

func orBilling(channel string) string {
	if channel == "" {
		return "billing"
	}
	return channel
}

func (s *scenario) replies(a []string, _ string) {
	channel := orBilling(a[1])
	s.channel(channel).Say(capital(a[0]), channel, s.thread(channel), a[2])
}

func (s *scenario) attaches(a []string, _ string) {
	f := Attachment{Name: a[1], MIME: "text/plain", Data: s.files[a[1]]}
	s.channel(a[2]).Say(capital(a[0]), a[2], s.thread(a[2]), a[3], f)
}

func (s *scenario) edits(a []string, _ string) {
	channel := orBilling(a[2])
	s.channel(channel).Edit(s.post(channel, a[1]), a[3])
}

func (s *scenario) deletes(a []string, _ string) {
	channel := orBilling(a[2])
	s.channel(channel).Delete(s.post(channel, a[1]))
}

// begins posts in the channel itself, answers in the thread of a post there.
func (s *scenario) begins(a []string, _ string) {
	s.channel(a[1]).Say(capital(a[0]), a[1], "", a[2])
}

func (s *scenario) answers(a []string, _ string) {
	s.channel(a[2]).Say(capital(a[0]), a[2], s.post(a[2], a[1]), a[3])
}

// takesOver makes a side conversation of the thread that a post began.
func (s *scenario) takesOver(a []string, _ string) {
	if s.ticket == 0 {
		s.opens([]string{a[2], "Hello, I need help."}, "")
	}
	s.conversation = s.append(&bridge.AttachThread{
		Actor: alice, Ticket: s.ticket, Subject: a[2], Thread: s.post(a[1], a[0]),
		Target: bridge.Target{Place: s.channel(a[1]).Place(a[1])},
	}).ID
}

func (s *scenario) reacts(a []string, _ string) {
	channel := orBilling(a[4])
	s.channel(channel).React(capital(a[0]), s.post(channel, a[3]), a[2], a[1] == "reacts")
}

func (s *scenario) agentReacts(a []string, _ string) {
	s.append(&bridge.React{Actor: alice, Message: s.said(a[2]), Emoji: a[1], On: a[0] == "reacts"})
}

func (s *scenario) presses(a []string, _ string) {
	channel := orBilling(a[2])
	s.channel(channel).Press(capital(a[0]), channel, s.thread(channel), a[1], "")
}

func (s *scenario) archive(a []string, _ string) {
	c := s.channel(a[1])
	if a[0] == "archive" {
		c.Archive(a[1])
	} else {
		c.Unarchive(a[1])
	}
}

func (s *scenario) everyChat(change func(*Rules)) {
	for _, c := range s.w.Chats {
		c.Set(change)
	}
}

func (s *scenario) echo(a []string, _ string) {
	echo := map[string]Echo{"before": EchoBefore, "during": EchoDuring, "after": EchoAfter, "never": EchoNever}[a[0]]
	s.everyChat(func(r *Rules) { r.Echo = echo })
}

func (s *scenario) events(a []string, _ string) {
	s.everyChat(func(r *Rules) {
		switch a[0] {
		case "twice":
			r.Twice = true
		case "backwards":
			r.Backwards = true
		case "lost":
			r.Redeliver = false
		default:
			r.Twice, r.Backwards = false, false
		}
	})
}

func (s *scenario) hold(a []string, _ string) {
	n, _ := strconv.Atoi(a[0])
	s.everyChat(func(r *Rules) { r.SplitAt = n })
}

// every needs a new connection, as a budget is a property of the adapter.
func (s *scenario) every(a []string, _ string) {
	s.everyChat(func(r *Rules) { r.Every = s.duration(a[0]) })
	s.restart(nil, "")
}

func (s *scenario) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.fail("%v", err)
	}
	return d
}

func (s *scenario) fails(a []string, _ string) {
	var d time.Duration
	if a[2] != "" {
		d = s.duration(a[2])
	}
	times := 1
	if a[3] == "always" {
		times = -1
	} else if a[3] != "" {
		times, _ = strconv.Atoi(a[3])
	}
	what, ok := map[string]Fault{
		"refused": Refused(), "lost": Lost(), "unanswered": Unanswered(), "hangs": Hung(false), "swallows": Hung(true),
		"delayed": Delayed(d), "limited": Limited(d), "unshowable": Unshowable(), "archived": Archived(),
		"revoked": Revoked(), "panics": Panics(),
	}[a[1]]
	if !ok {
		s.fail("no such fault: %s", a[1])
	}
	s.w.Faults.Next(a[0], times, what)
}

// lets makes the rules that follow count only after some passes that go well.
func (s *scenario) lets(a []string, _ string) {
	times := 1
	if a[1] != "" {
		times, _ = strconv.Atoi(a[1])
	}
	s.w.Faults.Next(a[0], times, Fault{})
}

func (s *scenario) crashAt(a []string, _ string) {
	what := CrashBefore()
	if a[0] == "after" {
		what = CrashAfter()
	}
	s.w.Faults.Next(a[1], 1, what)
}

func (s *scenario) restart(_ []string, _ string) {
	s.stop()
	s.start()
}

func (s *scenario) parkUncertain(_ []string, _ string) {
	s.w.Options.ParkUncertain = true
	s.restart(nil, "")
}

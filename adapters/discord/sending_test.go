package discord

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
)

const (
	routePosts = "channels/:id/messages"
	routeHook  = "webhooks/:id/:token"
)

// D2: two agents post under their own names and pictures, and what they said can be
// changed, deleted, and have files.
func TestAgentsHaveTheirOwnNamesAndPicturesAlsoAfterwards(t *testing.T) {
	accounts := accountsOf{}
	w := newWorld(t, worldSetup{opts: func(o *Options) { o.Identity, o.Mention = IdentityAgent, accounts.mention }})
	alice := w.sim.AddUser(discordsim.UserSpec{Name: "alice", Avatar: "a11ce"})
	accounts["alice"] = alice.ID()
	c := w.open("Double charge", "why twice?")
	one := c.say("Alice", "from Alice")
	two := c.say("Bob", "from Bob", w.upload("invoice.pdf", bytes.Repeat([]byte("pdf"), 1000)))
	w.idle()
	a, b := c.with("from Alice"), c.with("from Bob")
	if len(a) != 1 || len(b) != 1 {
		t.Fatalf("people see\n%s", w.picture())
	}
	picture := "https://cdn.discordapp.com/avatars/" + alice.ID() + "/a11ce.png"
	if a[0].Username != "Alice (agent)" || a[0].Avatar != picture || b[0].Username != "Bob (agent)" || b[0].Avatar != "" {
		t.Errorf("people see %+v and %+v", a[0], b[0])
	}
	if len(b[0].Files) != 1 || b[0].Files[0].Name != "invoice.pdf" || !bytes.Equal(b[0].Files[0].Content, bytes.Repeat([]byte("pdf"), 1000)) {
		t.Errorf("the file is not there as it was: %+v", b[0].Files)
	}
	c.newPictureCountsFromNowOn(alice, picture)
	w.do(&bridge.EditMessage{Actor: agent("Bob"), Message: two, Body: "from Bob, corrected"})
	w.do(&bridge.DeleteMessage{Actor: agent("Alice"), Message: one})
	w.idle()
	b = c.with("from Bob, corrected")
	if len(b) != 1 || b[0].Username != "Bob (agent)" || len(b[0].Files) != 1 || len(c.with("from Alice")) != 0 {
		t.Errorf("after the edit and the delete people see\n%s", w.picture())
	}
	if n := c.entries(bridge.DeliveryFailed) + c.entries(bridge.CopyDoubled) + c.entries(bridge.CopyChanged); n > 0 {
		t.Errorf("%d entries say that something went wrong", n)
	}
}

// newPictureCountsFromNowOn: what Alice says in Discord herself shows that she has another
// picture there. What was posted before keeps the old one.
func (c *talk) newPictureCountsFromNowOn(alice *discordsim.Person, old string) {
	c.w.t.Helper()
	alice.SetAvatar(c.w.sim.GuildID(), "a_0b")
	was := c.entries(bridge.MessagePosted)
	_, err := alice.Say(c.thread, "said in Discord")
	check(c.w.t, err)
	c.w.until("her words are heard", func() bool { return c.entries(bridge.MessagePosted) > was })
	c.say("Alice", "with the new picture")
	c.w.idle()
	before, after := c.with("from Alice")[0].Avatar, c.with("with the new picture")[0].Avatar
	want := "https://cdn.discordapp.com/guilds/" + c.w.sim.GuildID() + "/users/" + alice.ID() + "/avatars/a_0b.png"
	if before != old || after != want {
		c.w.t.Errorf("before the change %s, after it %s, want %s", before, after, want)
	}
	if n := len(c.w.arrived("GET", "guilds/:id/members/:id")); n != 1 {
		c.w.t.Errorf("asked %d times for the one account", n)
	}
}

// accountsOf are the Discord accounts of people, who are linked to them.
type accountsOf map[string]string

func (a accountsOf) mention(_, target string) (string, bool) {
	id, ok := a[strings.TrimPrefix(target, "person/")]
	return id, ok
}

// The setting was changed, and the bot's older posts are still ours to change.
func TestPostsFromBeforeTheSettingChangedCanBeChanged(t *testing.T) {
	w := newWorld(t, worldSetup{})
	c := w.open("Double charge", "why twice?")
	one, two := c.say("Alice", "as the bot"), c.say("Alice", "to be deleted")
	w.idle()
	w.a.Identity = IdentityAgent // nothing is under way
	three := c.say("Alice", "as herself")
	w.do(&bridge.EditMessage{Actor: agent("Alice"), Message: one, Body: "as the bot, changed"})
	w.do(&bridge.DeleteMessage{Actor: agent("Alice"), Message: two})
	w.idle()
	if len(c.with("as the bot, changed")) != 1 || len(c.with("to be deleted")) != 0 || c.with("as herself")[0].Username != "Alice (agent)" {
		t.Errorf("people see\n%s", w.picture())
	}
	w.a.Identity = IdentityBot
	w.do(&bridge.EditMessage{Actor: agent("Alice"), Message: three, Body: "as herself, changed"})
	w.idle()
	if len(c.with("as herself, changed")) != 1 {
		t.Errorf("people see\n%s", w.picture())
	}
}

// D3: an agent's reply reaches a thread that Discord has archived; closing locks.
func TestArchivedThreadTakesRepliesAndClosingLocks(t *testing.T) {
	w := newWorld(t, worldSetup{opts: func(o *Options) { o.LockClosed = true }})
	c := w.open("Double charge", "why twice?")
	one := c.say("Alice", "before the archive")
	w.idle()
	check(t, w.sim.ArchiveThread(c.thread))
	w.do(&bridge.EditMessage{Actor: agent("Alice"), Message: one, Body: "changed in the archive"})
	w.until("the edit is shown", func() bool { return len(c.with("changed in the archive")) == 1 })
	check(t, w.sim.ArchiveThread(c.thread))
	c.say("Alice", "a reply into the archive")
	w.until("the reply is shown", func() bool { return len(c.with("a reply into the archive")) == 1 })
	w.do(&bridge.SetState{Actor: agent("Alice"), Conversation: c.id, Open: false})
	w.idle()
	if s, _ := w.sim.State(c.thread); !s.Locked || !s.Archived {
		t.Errorf("after closing the thread is %+v", s)
	}
	if posts := c.posts(); !strings.Contains(w.read(posts[len(posts)-1]), "closed this conversation") {
		t.Errorf("people were not told: %s", w.picture())
	}
	w.do(&bridge.SetState{Actor: agent("Alice"), Conversation: c.id, Open: true})
	c.say("Alice", "open again")
	w.until("the reply is shown", func() bool { return len(c.with("open again")) == 1 })
	w.idle()
	if s, _ := w.sim.State(c.thread); s.Locked || s.Archived {
		t.Errorf("after reopening the thread is %+v", s)
	}
	if closed, opened := c.entries(bridge.ConversationClosed), c.entries(bridge.ConversationReopened); closed != 1 || opened != 1 {
		t.Errorf("our own lock was taken for a moderator's: closed %d times, reopened %d times", closed, opened)
	}
}

// D4: ten thousand characters arrive in order, joined they are the text, and an edit to
// a short one takes the spare posts away.
func TestTenThousandCharactersArriveInOrderAndWhole(t *testing.T) {
	w := newWorld(t, worldSetup{})
	c := w.open("Double charge", "why twice?")
	var text strings.Builder
	for i := 0; text.Len() < 10_000; i++ {
		fmt.Fprintf(&text, "word%04d ", i)
	}
	id := c.say("Alice", text.String())
	w.idle()
	var got []string
	posts := c.with("word")
	for _, m := range posts {
		if units(m.Content) > maxText {
			t.Errorf("a post of %d characters", units(m.Content))
		}
		for _, word := range strings.Fields(w.read(m)) {
			if strings.HasPrefix(word, "word") {
				got = append(got, word)
			}
		}
	}
	want := strings.Fields(text.String())
	if !slices.Equal(got, want) {
		t.Errorf("%d words in %d posts, want %d", len(got), len(posts), len(want))
	}
	w.do(&bridge.EditMessage{Actor: agent("Alice"), Message: id, Body: "short"})
	w.idle()
	if n := len(c.with("word")); n != 0 || len(c.with("short")) != 1 {
		t.Errorf("people see\n%s", w.picture())
	}
}

// D5: whatever is typed by whoever, nobody is called but who is mentioned.
func TestNobodyIsNotifiedByWhatIsTyped(t *testing.T) {
	for _, identity := range []string{IdentityBot, IdentityAgent} {
		w := newWorld(t, worldSetup{opts: func(o *Options) { o.Identity = identity }})
		role := "<@&" + w.sim.GuildID() + ">"
		hostile := "@everyone @here " + role + " <@" + w.anders.ID() + "> `@everyone` [x](https://e.example/@here)"
		c := w.open(hostile, hostile)
		id := c.say("@everyone", hostile, w.upload("@everyone.txt", []byte(hostile)))
		w.do(&bridge.EditMessage{Actor: agent("@everyone"), Message: id, Body: hostile + " again"})
		w.do(&bridge.SetState{Actor: agent(role), Conversation: c.id, Open: false})
		w.do(&bridge.SetState{Actor: agent("@everyone"), Conversation: c.id, Open: true})
		w.idle()
		if told := w.sim.Notifications(); len(told) != 0 {
			t.Errorf("%s: notified %+v\n%s", identity, told, w.picture())
		}
		c.say("Alice", "look, [@Anders](mention:discord/"+w.sim.GuildID()+"/"+w.anders.ID()+")")
		w.idle()
		told := w.sim.Notifications()
		if len(told) != 1 || told[0].Who != w.anders.ID() || told[0].Kind != "user" {
			t.Errorf("%s: who was mentioned was not the one notified: %+v", identity, told)
		}
	}
}

// loseAnswers says something with each fault, and its echo lost too, which would settle
// it as well. In the end it is there once.
func (c *talk) loseAnswers(route string, faults ...discordsim.Fault) {
	c.w.t.Helper()
	for i, f := range faults {
		remove := c.w.sim.InjectEvent(discordsim.EventFault{Type: "MESSAGE_CREATE", Drop: true})
		f.Method, f.Route, f.Times = http.MethodPost, route, 1
		c.w.sim.Inject(f)
		text := fmt.Sprintf("lost answer %d.", i)
		c.say("Alice", text)
		c.w.idle()
		remove()
		if n := len(c.with(text)); n != 1 {
			c.w.t.Errorf("%+v: the message is there %d times", f, n)
		}
	}
}

// Every kind of lost answer to a post of the bot is resolved by its nonce, at once and
// without the record of a second sending.
func TestLostAnswerOfTheBotIsResolvedByItsNonce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldSetup{relay: func(o *bridge.RelayOptions) { o.Doubt = time.Minute }})
	c := w.open("Double charge", "why twice?")
	c.loseAnswers(routePosts,
		discordsim.Fault{CloseSocket: true, Apply: true},
		discordsim.Fault{CloseSocket: true},
		discordsim.Fault{BrokenJSON: true, Apply: true},
		discordsim.Fault{Status: 502, Apply: true},
		discordsim.Fault{Status: 503},
		discordsim.Fault{HTML: true, Apply: true},
	)
	if n := c.entries(bridge.DeliveryResent); n != 0 {
		t.Errorf("%d messages were sent again", n)
	}
}

// After the nonce's window Discord makes a second message of the same nonce, so the
// thread is read.
func TestAfterTheNoncesWindowThePostIsReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldSetup{
		sim:  func(o *discordsim.Options) { o.NonceWindow = time.Nanosecond },
		opts: func(o *Options) { o.NonceWindow = time.Nanosecond },
	})
	c := w.open("Double charge", "why twice?")
	for i := range 3 { // the same words, each time
		remove := w.sim.InjectEvent(discordsim.EventFault{Type: "MESSAGE_CREATE", Drop: true})
		w.sim.Inject(discordsim.Fault{Method: http.MethodPost, Route: routePosts, Times: 1, CloseSocket: true, Apply: true})
		c.say("Alice", "the same words")
		w.idle()
		remove()
		if n := len(c.with("the same words")); n != i+1 {
			t.Fatalf("after %d messages there are %d posts\n%s", i+1, n, w.picture())
		}
	}
	if n := c.entries(bridge.DeliveryResent); n != 0 {
		t.Errorf("%d messages were sent again", n)
	}
}

// A webhook has no nonce: what is not answered is read back, and what never arrived is
// sent again, once, which the audit trail says.
func TestLostAnswerOfAWebhookIsReadBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldSetup{opts: asAgents})
	c := w.open("Double charge", "why twice?")
	c.loseAnswers(routeHook, discordsim.Fault{CloseSocket: true, Apply: true}, discordsim.Fault{Status: 502, Apply: true}, discordsim.Fault{CloseSocket: true})
	if n := c.entries(bridge.DeliveryResent); n != 1 {
		t.Errorf("the audit trail tells of %d messages that were sent again, want 1", n)
	}
}

// A forum's post has no nonce: the token in its buttons says which it is, also among
// posts with the same name.
func TestForumHasEachConversationOnceWhateverBecomesOfTheAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldSetup{forum: true})
	for i, f := range []discordsim.Fault{{CloseSocket: true, Apply: true}, {BrokenJSON: true, Apply: true}, {Status: 502}, {CloseSocket: true}} {
		remove := w.sim.InjectEvent(discordsim.EventFault{Type: "MESSAGE_CREATE", Drop: true})
		f.Method, f.Route, f.Times = http.MethodPost, "channels/:id/threads", 1
		w.sim.Inject(f)
		w.open("the same subject", "why twice?")
		remove()
		if n := len(w.sim.Threads(w.channel)); n != i+1 {
			t.Fatalf("%+v: after %d conversations there are %d posts", f, i+1, n)
		}
	}
}

// One thread's budget, or Discord's refusal, delays no other thread.
func TestOneThreadThatIsTooFastDelaysNoOther(t *testing.T) {
	w := newWorld(t, worldSetup{})
	slow, fast := w.open("Slow", "why twice?"), w.open("Fast", "why twice?")
	w.sim.Inject(discordsim.Fault{Method: http.MethodPost, Route: routePosts, Channel: slow.thread, Times: 1, Status: 429, RetryAfter: 3})
	began := time.Now()
	slow.say("Alice", "has to wait")
	w.until("the refusal came", func() bool {
		return slices.ContainsFunc(w.arrived(http.MethodPost, routePosts), func(a discordsim.Arrival) bool { return a.Status == 429 })
	})
	for i := range 10 {
		fast.say("Alice", fmt.Sprintf("at once %d.", i))
	}
	w.until("the fast thread has all", func() bool { return len(fast.with("at once")) == 10 })
	if took := time.Since(began); took > 2500*time.Millisecond {
		t.Errorf("the other thread waited %v", took)
	}
	if len(slow.with("has to wait")) != 0 {
		t.Error("the slow thread did not wait")
	}
	w.until("the slow thread has it too", func() bool { return len(slow.with("has to wait")) == 1 })
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("the slow thread waited %v of the 3 s that Discord asked for", took)
	}
}

// With Discord's real limits a burst is delivered in order and without one refusal.
func TestBurstKeepsWithinDiscordsBudgets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldSetup{sim: func(o *discordsim.Options) { o.Limits = discordsim.Limits{} }})
	c := w.begin("Double charge", "why twice?")
	w.until("the thread is open", func() bool { c.thread = c.mirror().Thread; return c.thread != "" })
	for i := range 12 {
		c.say("Alice", fmt.Sprintf("burst number %02d", i))
	}
	w.until("all is shown", func() bool { return len(c.with("burst number 11")) == 1 })
	if n := w.sim.Invalid(); n > 0 {
		t.Errorf("%d calls were refused", n)
	}
	for i, m := range c.with("burst number") {
		if want := fmt.Sprintf("burst number %02d", i); !strings.Contains(w.read(m), want) {
			t.Errorf("in place %d stands %q", i, w.read(m))
		}
	}
}

// A permission that is taken away parks the channel's mirrors with what to do, in a few
// calls, and all goes on in order when it is given again.
func TestRevokedPermissionParksWithItsRemedyAndResumesByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, worldSetup{})
	var talks []*talk
	for i := range 8 {
		talks = append(talks, w.open(fmt.Sprintf("Question %d", i), "why twice?"))
	}
	check(t, w.sim.Deny(w.channel, discordsim.SendMessagesInThreads))
	w.idle()
	before := w.sim.Invalid()
	for _, c := range talks {
		c.say("Alice", "first of two")
		c.say("Alice", "second of two")
	}
	want := "In Discord open the settings of #billing, Permissions, and give Sidebridge (or its role): Send Messages in Threads."
	w.until("all mirrors are parked with the remedy", func() bool {
		return !slices.ContainsFunc(talks, func(c *talk) bool { return c.mirror().Parked == "" || c.mirror().Remedy != want })
	})
	if n := w.sim.Invalid() - before; n > 2*len(talks) {
		t.Errorf("%d calls were refused", n)
	}
	check(t, w.sim.Allow(w.channel, discordsim.SendMessagesInThreads))
	w.until("all is shown", func() bool {
		return !slices.ContainsFunc(talks, func(c *talk) bool { return len(c.with("second of two")) == 0 })
	})
	for _, c := range talks {
		posts := c.with("of two")
		if len(posts) != 2 || !strings.Contains(w.read(posts[0]), "first") {
			t.Errorf("the thread has\n%+v", posts)
		}
	}
}

// A right that a role loses and gets back is noticed each time, however often that
// happens in a day.
func TestRightsOfTheRoleGivenBackResumeEachTime(t *testing.T) {
	w := newWorld(t, worldSetup{relay: func(o *bridge.RelayOptions) { o.ProbeEvery = time.Hour }})
	c := w.open("Question", "why twice?")
	for i := range 3 {
		w.sim.GrantRole(w.sim.GuildID(), discordsim.SendMessagesInThreads, false)
		w.idle()
		text := fmt.Sprintf("number %d of three", i)
		c.say("Alice", text)
		w.until("the mirror is parked", func() bool { return c.mirror().Parked != "" })
		w.sim.GrantRole(w.sim.GuildID(), discordsim.SendMessagesInThreads, true)
		w.until("it is shown", func() bool { return len(c.with(text)) == 1 })
	}
}

// Somebody deletes the thread: its mirror is parked for good, the channel's others go on.
func TestDeletedThreadParksItsMirrorAlone(t *testing.T) {
	w := newWorld(t, worldSetup{})
	gone, other := w.open("Gone", "why twice?"), w.open("Other", "why twice?")
	check(t, w.sim.DeleteThread(gone.thread))
	gone.say("Alice", "into the void")
	other.say("Alice", "into the thread")
	w.until("the other has it", func() bool { return len(other.with("into the thread")) == 1 })
	w.until("the mirror is parked", func() bool { return gone.mirror().Parked != "" })
	if m := gone.mirror(); m.Parked != bridge.ParkedThread || m.Remedy == "" {
		t.Errorf("parked %q with the remedy %q", m.Parked, m.Remedy)
	}
	if m := other.mirror(); m.Parked != "" {
		t.Errorf("the other is parked: %q", m.Parked)
	}
}

// Somebody deletes our webhook: the next post makes it anew, and is there once.
func TestDeletedWebhookIsMadeAnew(t *testing.T) {
	w := newWorld(t, worldSetup{opts: asAgents})
	c := w.open("Double charge", "why twice?")
	one := c.say("Alice", "by the first webhook")
	w.idle()
	check(t, w.sim.DeleteWebhooks(w.channel))
	c.say("Bob", "by the second webhook")
	w.idle()
	if p := c.with("by the second webhook"); len(p) != 1 || p[0].Username != "Bob (agent)" {
		t.Errorf("people see\n%s", w.picture())
	}
	w.do(&bridge.EditMessage{Actor: agent("Alice"), Message: one, Body: "changed words"})
	w.idle()
	if p := c.with("changed words"); len(p) != 1 || !strings.Contains(w.read(p[0]), "edited:") {
		t.Errorf("what nobody can edit any more is not said anew\n%s", w.picture())
	}
}

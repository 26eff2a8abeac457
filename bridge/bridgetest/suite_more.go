package bridgetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// long is how many characters the longest text of the suite has.
const long = 10_000

func testLong(b *bench) {
	if b.f.Fits == 0 {
		return
	}
	b.begin("question zero")
	text, words := longText(long)
	b.say(text)
	b.say("after the long one")
	b.until("all of it is shown", func() bool { return b.count(words[len(words)-1]) == 1 && b.count("after the long one") == 1 })
	b.calm()
	var got []string
	for _, p := range b.see() {
		for _, w := range strings.FieldsFunc(p.Body, func(r rune) bool { return r <= ' ' }) {
			if strings.HasPrefix(w, "word") {
				got = append(got, w)
			}
		}
	}
	if !slices.Equal(got, words) {
		b.t.Errorf("the text of %d words came as %d, or in another order", len(words), len(got))
	}
	b.inOrder("question zero", words[0], words[len(words)-1], "after the long one")
}

// testAttach: what was said before comes in as its authors', with its own time.
func testAttach(b *bench) {
	if b.f.Begin == nil {
		return
	}
	b.thread = b.f.Begin("how it began")
	want := []string{"how it began"}
	for i := range 7 {
		want = append(want, fmt.Sprintf("said before-%d", i))
		b.f.People.Say(b.thread, want[i+1])
	}
	b.f.People.Edit(b.ref(want[2]), "said before and changed")
	want[2] = "said before and changed"
	b.f.People.Delete(b.ref(want[7]))
	want = want[:7]
	b.attach()
	b.recorded(slices.Clone(want)...)
	b.until("there is a card", func() bool { return len(b.ours()) == 1 })
	b.calm()
	b.recorded(slices.Clone(want)...)
	b.originals(want)
	b.f.People.Say(b.thread, "said after")
	b.recorded(append(want, "said after")...)
	b.say("ours after")
	b.do(&bridge.ChangeTicket{Actor: alice, Ticket: b.conv.Ticket, Status: bridge.StatusPending})
	b.until("ours is shown", func() bool { return b.count("ours after") == 1 })
	b.calm()
	if n := len(b.ours()); n != 2 {
		b.t.Errorf("we made %d posts in the thread, want the card and one message; people see\n%s", n, b.picture())
	}
	if n := b.entries(bridge.DeliveryFailed) + b.entries(bridge.DeliveryParked); n > 0 {
		b.t.Errorf("something could not be shown:\n%s", b.log())
	}
}

// attach attaches the thread to a new ticket, and tries it again on another one.
func (b *bench) attach() {
	b.t.Helper()
	open := func() int64 {
		return b.do(&bridge.CreateTicket{Actor: bridge.System(), Subject: "Billed twice", Requester: "Carl", Body: "Please help"}).ID.Ticket
	}
	c := bridge.AttachThread{Actor: alice, Ticket: open(), Subject: "Who knows", Target: bridge.Target{Place: b.f.Place}, Thread: b.thread}
	b.conv = b.do(&c).ID
	c.Ticket = open()
	if res, err := b.m.Append(b.t.Context(), &c); err == nil {
		b.t.Errorf("the thread was attached twice: %+v", res)
	}
}

// ours returns our posts in the thread.
func (b *bench) ours() []Post {
	return slices.DeleteFunc(b.f.People.See(b.thread), func(p Post) bool { return !p.Ours })
}

// originals checks that the thread's messages are in the record in the platform's
// order, each with its time and author.
func (b *bench) originals(want []string) {
	said := map[bridge.ID]Said{}
	for _, m := range b.m.Said(b.conv) {
		said[m.ID] = m
	}
	posts := slices.DeleteFunc(b.m.Entries(b.conv.Ticket), func(e *bridge.Entry) bool {
		return e.Kind != bridge.MessagePosted || e.Facts.Source == nil || said[e.ID()].Deleted
	})
	slices.SortFunc(posts, func(x, y *bridge.Entry) int {
		a, b := x.Facts.Source.Order, y.Facts.Source.Order
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	var got []string
	var last int64
	for _, e := range posts {
		got = append(got, said[e.ID()].Body)
		if at := e.Facts.Source.SentAt; at == 0 || at < last || e.Words.Name == "" {
			b.t.Errorf("%q by %q came with the time %d after %d", e.Words.Body, e.Words.Name, at, last)
		}
		last = e.Facts.Source.SentAt
	}
	if !slices.Equal(got, want) {
		b.t.Errorf("the thread came in as %q, want %q", got, want)
	}
}

func testReactions(b *bench) {
	if b.f.Reactions == nil {
		return
	}
	b.begin("question zero")
	theirs := b.f.People.Say(b.thread, "answer one")
	b.recorded("question zero", "answer one")
	question := b.ref("question zero")
	b.f.Reactions.React(question, "👍", true)
	b.until("the reaction is recorded", func() bool { return len(b.reactions("question zero")) == 1 })
	b.react("answer one", "🎉", true)
	b.until("ours stands for the agent's", func() bool { return slices.Equal(b.f.Reactions.OurReactions(theirs), []string{"🎉"}) })
	b.f.Reactions.React(theirs, "🎉", true)
	b.until("theirs is recorded beside it", func() bool { return len(b.reactions("answer one")) == 2 })
	b.react("answer one", "🎉", false)
	b.until("ours is taken back", func() bool { return len(b.f.Reactions.OurReactions(theirs)) == 0 })
	b.f.Reactions.React(question, "👍", false)
	b.until("that is recorded too", func() bool { return len(b.reactions("question zero")) == 0 })
	b.calm()
	if ours := b.f.Reactions.OurReactions(question); len(ours) > 0 {
		b.t.Errorf("their own reaction came back to them: %q", ours)
	}
	if got := b.reactions("answer one"); len(got) != 1 {
		b.t.Errorf("the record has %q, want theirs alone", got)
	}
	if added, removed := b.entries(bridge.ReactionAdded), b.entries(bridge.ReactionRemoved); added != 3 || removed != 2 {
		b.t.Errorf("%d reactions added and %d removed, want 3 and 2:\n%s", added, removed, b.log())
	}
	b.f.People.Say(b.thread, "answer two") // the words were left alone
	b.recorded("question zero", "answer one", "answer two")
}

func (b *bench) react(body, emoji string, on bool) {
	b.t.Helper()
	for _, m := range b.m.Said(b.conv) {
		if m.Body == body {
			b.do(&bridge.React{Actor: alice, Message: m.ID, Emoji: emoji, On: on})
		}
	}
}

// reactions returns the reactions that a message has by the record.
func (b *bench) reactions(body string) []string {
	for _, m := range b.m.Said(b.conv) {
		if m.Body == body {
			return m.Reactions
		}
	}
	return nil
}

func testCardReaction(b *bench) {
	if b.f.Reactions == nil {
		return
	}
	b.begin("question zero")
	b.calm()
	b.f.Reactions.React(b.thread, "✅", true)
	b.until("the conversation is closed", func() bool { return b.entries(bridge.ConversationClosed) == 1 })
	b.f.Reactions.React(b.thread, "✅", false)
	b.calm()
	if closed, opened := b.entries(bridge.ConversationClosed), b.entries(bridge.ConversationReopened); closed != 1 || opened != 0 {
		b.t.Errorf("taking the gesture back did something:\n%s", b.log())
	}
}

func testLock(b *bench) {
	if b.f.Lock == nil {
		return
	}
	b.begin("question zero")
	b.calm()
	b.f.Lock(b.thread, true)
	b.until("the conversation is closed", func() bool { return b.entries(bridge.ConversationClosed) == 1 })
	b.calm()
	b.f.Lock(b.thread, false)
	b.until("the conversation is open again", func() bool { return b.entries(bridge.ConversationReopened) == 1 })
	b.say("ours afterwards")
	b.until("it is shown", func() bool { return b.count("ours afterwards") == 1 })
	b.calm()
	if closed, opened := b.entries(bridge.ConversationClosed), b.entries(bridge.ConversationReopened); closed != 1 || opened != 1 {
		b.t.Errorf("closed %d times and reopened %d times:\n%s", closed, opened, b.log())
	}
}

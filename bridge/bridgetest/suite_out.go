package bridgetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

func testOrder(b *bench) {
	b.begin("question zero")
	want := []string{"question zero"}
	for i := range 8 {
		want = append(want, fmt.Sprintf("message number-%d.", i))
		b.say(want[i+1])
	}
	b.until("the last one is shown", func() bool { return b.count(want[8]) == 1 })
	b.calm()
	b.inOrder(want...)
	if n := len(b.see()); n != len(want) {
		b.t.Errorf("the thread has %d posts, want %d; people see\n%s", n, len(want), b.picture())
	}
}

// longText returns a text of numbered words, about n characters long.
func longText(n int) (text string, words []string) {
	for i := 0; len(text) < n; i++ {
		words = append(words, fmt.Sprintf("word%05d", i))
		text = strings.Join(words, " ")
	}
	return text, words
}

func testParts(b *bench) {
	if b.f.Fits == 0 {
		return
	}
	b.begin("question zero")
	text, words := longText(3 * b.f.Fits)
	id := b.say(text)
	last := words[len(words)-1]
	b.say("after the long one")
	b.until("all of it is shown", func() bool { return b.count(last) == 1 && b.count("after the long one") == 1 })
	b.calm()
	var joined strings.Builder
	parts := 0
	for _, p := range b.see() {
		if strings.Contains(p.Body, "word0") {
			parts++
			joined.WriteString(p.Body + " ")
		}
	}
	got := slices.DeleteFunc(strings.FieldsFunc(joined.String(), func(r rune) bool { return r <= ' ' }),
		func(w string) bool { return !strings.HasPrefix(w, "word") })
	if parts < 2 || !slices.Equal(got, words) {
		b.t.Errorf("the text of %d words came as %d words in %d parts", len(words), len(got), parts)
	}
	b.do(&bridge.EditMessage{Actor: alice, Message: id, Body: "short now"})
	b.until("the spare parts are gone", func() bool { return b.count("short now") == 1 && b.count("word0") == 0 })
	b.calm()
	b.inOrder("question zero", "short now", "after the long one")
}

func testEdits(b *bench) {
	b.begin("question zero")
	one, two := b.say("first text"), b.say("second text")
	b.until("both are shown", func() bool { return b.count("second text") == 1 })
	b.do(&bridge.EditMessage{Actor: alice, Message: one, Body: "changed words"})
	b.do(&bridge.DeleteMessage{Actor: alice, Message: two})
	b.until("both are changed", func() bool {
		return b.count("changed words") == 1 && b.count("first text") == 0 && b.count("second text") == 0
	})
	b.calm()
	b.inOrder("question zero", "changed words")
	if n := len(b.see()); n != 2 {
		b.t.Errorf("the thread has %d posts, want 2; people see\n%s", n, b.picture())
	}
}

// testOnce lets each kind of call go wrong once, in each way.
func testOnce(b *bench) {
	tried := 0
	for _, how := range []Mishap{MishapRefused, MishapLost, MishapUnanswered} {
		if !b.f.Trouble.Next("deliver", 1, how) {
			b.t.Logf("the simulator cannot let a call be %s", how)
			continue
		}
		tried++
		b.thread = ""
		b.begin(fmt.Sprintf("root was %s", how))
		b.calm()
		b.postOnce(how)
	}
	if tried == 0 {
		b.t.Error("nothing was tried: the simulator must be able to let some call go wrong")
	}
}

// postOnce lets a post, an edit and a delete go wrong in one way.
func (b *bench) postOnce(how Mishap) {
	posted, edited, after := fmt.Sprintf("posted, %s", how), fmt.Sprintf("edited, %s", how), fmt.Sprintf("after, %s", how)
	b.f.Trouble.Next("deliver", 1, how)
	id := b.say(posted)
	b.until("the message is shown", func() bool { return b.count(posted) > 0 })
	b.calm()
	b.inOrder("root was "+string(how), posted)
	b.f.Trouble.Next("deliver", 1, how)
	b.do(&bridge.EditMessage{Actor: alice, Message: id, Body: edited})
	b.until("the edit is shown", func() bool { return b.count(edited) == 1 && b.count(posted) == 0 })
	b.f.Trouble.Next("deliver", 1, how)
	b.do(&bridge.DeleteMessage{Actor: alice, Message: id})
	b.until("it is gone", func() bool { return b.count(edited) == 0 })
	b.say(after)
	b.until("the next is shown", func() bool { return b.count(after) > 0 })
	b.calm()
	b.inOrder("root was "+string(how), after)
}

func testLimited(b *bench) {
	b.begin("question zero")
	if !b.f.Trouble.Next("deliver", 1, MishapLimited) {
		b.t.Log("the simulator cannot limit a call")
		return
	}
	asked := time.Now()
	b.say("in good time")
	b.until("it is shown", func() bool { return b.count("in good time") == 1 })
	if waited := time.Since(asked); waited < 900*time.Millisecond {
		b.t.Errorf("the call was made again after %s, the platform said a second", waited)
	}
	b.calm()
	b.inOrder("question zero", "in good time")
	if n := b.entries(bridge.DeliveryResent) + b.entries(bridge.DeliveryParked) + b.entries(bridge.DeliveryFailed); n > 0 {
		b.t.Errorf("waiting was taken for a failure:\n%s", b.log())
	}
}

func testUnshowable(b *bench) {
	b.begin("question zero")
	if !b.f.Trouble.Next("deliver", 1, MishapUnshowable) {
		b.t.Log("the simulator cannot refuse a text for good")
		return
	}
	b.say("what they refuse")
	b.say("what they take")
	b.until("the next one is shown", func() bool { return b.count("what they take") == 1 })
	b.calm()
	if n := len(b.see()); n != 3 || b.count("what they refuse") != 0 {
		b.t.Errorf("there is no note in its place; people see\n%s", b.picture())
	}
	if b.entries(bridge.DeliveryFailed) != 1 {
		b.t.Errorf("the audit trail does not say so:\n%s", b.log())
	}
}

func testChannelLost(b *bench) {
	b.begin("question zero")
	b.calm()
	b.f.Trouble.Break(OutageChannel)
	b.say("first of two")
	b.say("second of two")
	b.until("the mirror is parked with a remedy", func() bool {
		for _, m := range b.m.Mirrors() {
			if m.Parked != "" && m.Remedy != "" {
				return true
			}
		}
		return false
	})
	b.f.Trouble.Mend(OutageChannel)
	b.relay.Recovered(b.f.Place)
	b.until("both are shown", func() bool { return b.count("second of two") == 1 })
	b.calm()
	b.inOrder("question zero", "first of two", "second of two")
}

func testTokenLost(b *bench) {
	b.begin("question zero")
	b.calm()
	b.f.Trouble.Break(OutageToken)
	b.say("first of two")
	b.say("second of two")
	b.until("the workspace is blocked with a remedy", func() bool {
		reason, remedy, err := b.m.Blocked(b.t.Context(), b.f.Place.Surface, b.f.Place.Workspace)
		return err == nil && reason != "" && remedy != ""
	})
	b.stop()
	b.f.Trouble.Mend(OutageToken)
	b.start() // an admin put a new token into the settings
	b.until("both are shown", func() bool { return b.count("second of two") == 1 })
	b.calm()
	b.inOrder("question zero", "first of two", "second of two")
}

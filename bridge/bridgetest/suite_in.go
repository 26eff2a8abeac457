package bridgetest

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

func testInbound(b *bench) {
	b.begin("question zero")
	one := b.f.People.Say(b.thread, "answer one")
	two := b.f.People.Say(b.thread, "answer two")
	b.recorded("question zero", "answer one", "answer two")
	b.f.People.Edit(one, "answer one, better")
	b.f.People.Delete(two)
	b.recorded("question zero", "answer one, better")
	b.f.People.Say(b.thread, "answer three")
	b.recorded("question zero", "answer one, better", "answer three")
	b.calm()
	b.recorded("question zero", "answer one, better", "answer three")
	if n := len(b.see()); n != 3 {
		b.t.Errorf("the thread has %d posts, want 3; people see\n%s", n, b.picture())
	}
	for _, m := range b.m.Said(b.conv) {
		if m.Name == "" {
			b.t.Errorf("nobody is said to have said %q", m.Body)
		}
	}
}

func testEcho(b *bench) {
	b.begin("question zero")
	one, two := b.say("ours one"), b.say("ours two")
	b.until("both are shown", func() bool { return b.count("ours two") == 1 })
	b.do(&bridge.EditMessage{Actor: alice, Message: one, Body: "ours one again"})
	b.do(&bridge.DeleteMessage{Actor: alice, Message: two})
	b.do(&bridge.ChangeTicket{Actor: alice, Ticket: b.conv.Ticket, Status: bridge.StatusOpen})
	b.do(&bridge.SetState{Actor: alice, Conversation: b.conv})
	b.until("the edit is shown", func() bool { return b.count("ours one again") == 1 && b.count("ours two") == 0 })
	b.calm()
	b.recorded("question zero", "ours one again")
	for _, e := range b.m.Entries(b.conv.Ticket) {
		switch e.Kind {
		case bridge.CopyChanged, bridge.CopyDoubled, bridge.UnseenDeleted, bridge.ConversationReopened, bridge.DeliveryResent:
			b.t.Errorf("entry %d is %s: an echo was taken for news\n%s", e.Seq, e.Kind, b.log())
		case bridge.CopyRemoved:
			if e.Facts.Reason != "we removed it" {
				b.t.Errorf("entry %d says that somebody else removed our copy", e.Seq)
			}
		}
	}
}

func testModerator(b *bench) {
	b.begin("question zero")
	b.say("ours one")
	b.until("it is shown", func() bool { return b.count("ours one") == 1 })
	b.calm()
	b.f.People.Delete(b.ref("ours one"))
	b.until("that is recorded", func() bool { return b.entries(bridge.CopyRemoved) == 1 })
	b.calm()
	b.recorded("question zero", "ours one")
	if n := b.count("ours one"); n != 0 {
		b.t.Errorf("the copy came back; people see\n%s", b.picture())
	}
}

func testCatchUp(b *bench) {
	b.begin("question zero")
	kept := b.f.People.Say(b.thread, "answer kept")
	lost := b.f.People.Say(b.thread, "answer lost")
	b.recorded("question zero", "answer kept", "answer lost")
	b.say("ours meanwhile")
	b.until("it is shown", func() bool { return b.count("ours meanwhile") == 1 })
	b.calm()
	b.age()
	b.f.Trouble.Break(OutageLine)
	b.f.People.Edit(kept, "answer kept and changed")
	b.f.People.Delete(lost)
	for i := range 5 {
		b.f.People.Say(b.thread, fmt.Sprintf("answer missed-%d", i))
	}
	b.f.Trouble.Mend(OutageLine)
	b.recorded("question zero", "answer kept and changed", "ours meanwhile",
		"answer missed-0", "answer missed-1", "answer missed-2", "answer missed-3", "answer missed-4")
	b.calm()
	if n := b.entries(bridge.MessagePosted); n != 9 {
		b.t.Errorf("the log has %d posts, want 9:\n%s", n, b.log())
	}
	for _, m := range b.m.Mirrors() {
		if m.Seen == "" {
			b.t.Errorf("mirror %s: a complete listing moved no position", m.ID)
		}
	}
}

func (b *bench) age() {
	if b.f.Age != nil {
		b.f.Age()
	}
}

func testBrokenListing(b *bench) {
	b.begin("question zero")
	var want []string
	for i := range 4 {
		want = append(want, fmt.Sprintf("answer number-%d", i))
		b.f.People.Say(b.thread, want[i])
	}
	b.recorded(append(want, "question zero")...)
	b.calm()
	before := b.m.Mirrors()[0].Seen
	b.age()
	b.f.Trouble.Break(OutageLine)
	b.f.People.Say(b.thread, "answer missed")
	if !b.f.Trouble.Next("list", 2, MishapRefused) {
		b.t.Log("the simulator cannot break off a listing")
	}
	b.f.Trouble.Mend(OutageLine)
	b.recorded(append(want, "question zero", "answer missed")...)
	b.until("the position moved", func() bool { return b.m.Mirrors()[0].Seen != before })
	b.calm()
	if n := b.entries(bridge.MessageDeleted) + b.entries(bridge.CopyRemoved); n != 0 {
		b.t.Errorf("something was taken for deleted:\n%s", b.log())
	}
}

func testRestart(b *bench) {
	b.begin("question zero")
	b.f.People.Say(b.thread, "answer one")
	b.say("ours one")
	b.recorded("question zero", "answer one", "ours one")
	b.until("all is shown", func() bool { return b.count("ours one") == 1 })
	b.calm()
	for i := range 2 {
		b.stop()
		b.start()
		b.say(fmt.Sprintf("ours after start-%d", i))
		b.until("it is shown", func() bool { return b.count(fmt.Sprintf("start-%d", i)) == 1 })
		b.calm()
	}
	b.recorded("question zero", "answer one", "ours one", "ours after start-0", "ours after start-1")
	if n := len(b.see()); n != 5 {
		b.t.Errorf("the thread has %d posts, want 5; people see\n%s", n, b.picture())
	}
}

func testFiles(b *bench) {
	if !b.f.Files {
		return
	}
	b.begin("question zero")
	data := []byte("first line\nsecond \x00\xff line\n" + strings.Repeat("0123456789abcdef", 4096))
	upload, err := b.m.Upload(b.t.Context(), "ours.bin", "application/octet-stream", data)
	if err != nil {
		b.t.Fatal(err)
	}
	b.say("ours with a file", upload)
	b.until("our file is there as it was", func() bool { return b.sees("ours.bin", data) == 1 })
	b.f.People.Say(b.thread, "theirs with a file", Attachment{Name: "theirs.bin", MIME: "application/octet-stream", Data: data})
	b.recorded("question zero", "ours with a file", "theirs with a file")
	b.until("their file is stored as it was", func() bool { return b.stores("theirs with a file", data) })
	b.calm()
	if ours, theirs := b.sees("ours.bin", data), b.sees("theirs.bin", data); ours != 1 || theirs != 1 {
		b.t.Errorf("the files are there %d and %d times; people see\n%s", ours, theirs, b.picture())
	}
	if !b.f.Trouble.Next("fetch", 1, MishapRefused) {
		return
	}
	b.f.People.Say(b.thread, "theirs once more", Attachment{Name: "again.bin", MIME: "application/octet-stream", Data: data[:100]})
	b.until("the second file is stored too", func() bool { return b.stores("theirs once more", data[:100]) })
	b.calm()
}

// sees counts the files that people see with a name and the right bytes.
func (b *bench) sees(name string, data []byte) int {
	n := 0
	for _, p := range b.f.People.See(b.thread) {
		for _, f := range p.Files {
			if f.Name == name && bytes.Equal(f.Data, data) {
				n++
			}
		}
	}
	return n
}

func (b *bench) stores(body string, data []byte) bool {
	for _, m := range b.m.Said(b.conv) {
		if m.Body == body && len(m.Files) == 1 && m.Files[0].State == bridge.FileStoredS {
			return bytes.Equal(b.m.Blob(m.Files[0].Hash), data)
		}
	}
	return false
}

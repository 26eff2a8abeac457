package slack

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// C13: an app that was deleted and made anew has other ids. People's answers in the
// old threads land where they did, and what the old app posted is no answer.
func TestAReinstalledAppGoesOnInTheOldThreads(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	w.show(w.view(bridge.MessagePosted, "Why was the customer charged twice?"))
	w.quiet()
	w.a.mu.Lock()
	w.a.me = identity{user: "U0NEWBOT01", bot: "B0NEWBOT01", app: "A0NEWAPP01", name: "sidebridge"}
	w.a.mu.Unlock()

	ts, err := w.anders.Reply(w.channel, root, "A retry of ours.")
	check(t, err)
	w.quiet()
	got := w.in.theirs()
	if len(got) != 1 || got[0].Source.Thread != root || got[0].Source.Ref != ts || got[0].Body != "A retry of ours." {
		t.Fatalf("accepted %+v", got)
	}
	fed, _ := w.list(w.mirror, w.copies...)
	if len(fed) != 1 || fed[0].Source.Ref != ts {
		t.Errorf("the listing feeds %+v, want just the person's answer", fed)
	}
}

// C3: from one byte to the limit of 100 MB, both ways.
func TestTwentyFilesUpToTheLimitKeepTheirBytes(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	const most = 100 << 20
	for i := range 20 {
		size := max(1, most>>(19-i)) // 1, 1, …, 100 MiB
		if size > 16<<20 && i < 19 {
			size = 1<<20 + i // the last one is large enough for all
		}
		data := bytes.Repeat([]byte{byte(i), 0, 0xff, byte(size)}, size/4+1)[:size]
		sum := sha256.Sum256(data)

		ref := w.show(w.withFiles(fmt.Sprint("file ", i), viewFile("data.bin", data)))[0].Ref
		m, found := w.sim.Message(w.channel, ref)
		if !found || len(m.Files) != 1 || sha256.Sum256(m.Files[0].Content) != sum {
			t.Fatalf("a file of %d bytes did not arrive as it was", size)
		}
		_, err := w.anders.UploadFile(w.channel, root, "data.bin", data, "here")
		check(t, err)
		w.quiet()
		got := w.in.theirs()
		fetched, err := fetch(w, got[len(got)-1].Files[0].Ref)
		if err != nil || sha256.Sum256(fetched) != sum {
			t.Fatalf("a person's file of %d bytes came as %d, %v", size, len(fetched), err)
		}
	}
}

package store_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// worked makes two tickets on which something of every sort has happened, and returns
// the first one's mirror.
func worked(t *testing.T, s *store.Store) bridge.ID {
	t.Helper()
	conv, mirror := thread(t, s, billing, "1.1")
	said := must(t, s, reply(billing, "1.1", "1.2", "Yes, \u2028 <it> was & is.")).ID
	edit := reply(billing, "1.1", "1.2", "Yes, it was twice.")
	edit.Kind, edit.Source.Rev = bridge.InEdit, "9"
	must(t, s, edit)
	must(t, s, &bridge.React{Actor: alice, Message: said, Emoji: "👍", On: true})
	must(t, s, &bridge.PostMessage{
		Actor: alice, Conversation: conv, Body: "With a file",
		Files: []bridge.FileUpload{{Name: "a.txt", MIME: "text/plain", Size: 1, Hash: strings.Repeat("a", 64)}},
	})
	must(t, s, &bridge.ChangeTicket{Actor: alice, Ticket: conv.Ticket, Priority: "high", Tags: []string{"vip"}})
	must(t, s, &bridge.MarkSeen{Mirror: mirror, Seen: "1.2"})
	must(t, s, &bridge.SetState{Actor: alice, Conversation: conv})
	thread(t, s, benchPlace(7), "3.3")
	return mirror
}

func exported(t *testing.T, s *store.Store, tickets ...int64) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Export(t.Context(), &b, bridge.SeesAll, tickets...); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExportComesOutOfAnImportByteForByte(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		driver := s.Options().Driver
		worked(t, s)
		for name, tickets := range map[string][]int64{"all": nil, "one": {2}} {
			file := exported(t, s, tickets...)
			empty := storetest.Open(t, driver, store.Options{})
			if _, _, err := empty.Import(t.Context(), strings.NewReader(file)); err != nil {
				t.Fatal(name, err)
			}
			if diff := cmp.Diff(file, exported(t, empty)); diff != "" {
				t.Errorf("%s: the second export differs (-first +second):\n%s", name, diff)
			}
			if got := findings(t, empty, store.VerifyOptions{}); got != "" {
				t.Errorf("%s: the imported record: %s", name, got)
			}
			if next := must(t, empty, &bridge.CreateTicket{Subject: "New", Requester: "Eve", Body: "Hello"}).ID.Ticket; next != 3 {
				t.Errorf("%s: the next ticket is %d, want 3", name, next)
			}
		}
	})
}

func TestImportedServerPostsNothingBeforeAnAdminResumes(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		mirror := worked(t, s)
		empty := storetest.Open(t, s.Options().Driver, store.Options{})
		if _, _, err := empty.Import(t.Context(), strings.NewReader(exported(t, s))); err != nil {
			t.Fatal(err)
		}
		behind := func() int {
			m, err := empty.Behind(t.Context(), billing.Surface, billing.Workspace, 100)
			if err != nil {
				t.Fatal(err)
			}
			return len(m)
		}
		if n := behind(); n != 0 {
			t.Errorf("%d mirrors would be written", n)
		}
		must(t, empty, &bridge.Resume{Actor: alice, Mirror: mirror, Reason: "the old server is gone"})
		if n := behind(); n != 1 {
			t.Errorf("after resuming one, %d mirrors would be written", n)
		}
		if got := findings(t, empty, store.VerifyOptions{}); got != "" {
			t.Errorf("after resuming: %s", got)
		}
	})
}

func TestImportRefusesWhatWasTamperedWithAndCommitsNothing(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		worked(t, s)
		file := exported(t, s)
		lines := strings.SplitAfter(file, "\n")
		replace := func(from, to string) string { return strings.Replace(file, from, to, 1) }
		empty := storetest.Open(t, s.Options().Driver, store.Options{})
		for name, c := range map[string]struct{ file, want string }{
			"other words":         {replace(`twice\"}`, `thrice\"}`), "ticket 1, entry 2: its words are not"},
			"other shown words":   {replace(`"body":"I was billed twice"`, `"body":"I was billed once"`), "ticket 1, entry 2: what its line shows"},
			"an erased word":      {replace(`,"salt"`, `,"x":1,"salt"`), "cannot be read"},
			"another envelope":    {replace(`\"role\":\"customer\"`, `\"role\":\"agent\"`), "ticket 1, entry 2: its hash does not follow"},
			"a missing entry":     {strings.Join(append(append([]string{}, lines[:4]...), lines[5:]...), ""), "ticket 1, entry 3: the entry is missing"},
			"entries in disorder": {strings.Join(append(append([]string{}, lines[0], lines[1], lines[3], lines[2]), lines[4:]...), ""), "ticket 1, entry 1: the entry is missing"},
			"half a line":         {file[:len(file)-len(lines[len(lines)-2])-3], "the file is not whole"},
			"half a file":         {strings.Join(lines[:6], ""), "breaks off after entry 4 of ticket 1"},
			"no end":              {strings.Join(lines[:len(lines)-2], ""), "the file is not whole"},
			"a missing mirror":    {replace(`{"mirror":{"ticket":1,`, `{"mirror":{"ticket":2,`), "stands where it cannot"},
			"nothing":             {"", "breaks off before its first ticket"},
			"something else":      {"{}\n", "does not begin with the format"},
			"something after":     {file + lines[0], "something follows the end"},
		} {
			_, _, err := empty.Import(t.Context(), strings.NewReader(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
			if got := strings.Count(exported(t, empty), "\n"); got != 2 {
				t.Fatalf("%s: something was imported: %d lines", name, got)
			}
		}
		if _, _, err := s.Import(t.Context(), strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), "has tickets already") {
			t.Errorf("into a server with tickets: %v", err)
		}
	})
}

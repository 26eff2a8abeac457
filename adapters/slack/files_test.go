package slack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

func viewFile(name string, data []byte) bridge.ViewFile {
	return bridge.ViewFile{
		Name: name, Size: int64(len(data)), MIME: "application/octet-stream",
		Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	}
}

func (w *world) withFiles(body string, files ...bridge.ViewFile) bridge.View {
	v := w.view(bridge.MessagePosted, body)
	for _, f := range files {
		v.Entry.Words.Files = append(v.Entry.Words.Files, f.Name)
	}
	v.Files = files
	return v
}

func TestFilesComeByteForByteInTheSameMessageAsTheWords(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	a, b := bytes.Repeat([]byte{0, 1, 0xff}, 40_000), []byte("x")
	ref := w.show(w.withFiles("see both", viewFile("contract.pdf", a), viewFile("one.txt", b)))[0].Ref
	thread := w.sim.Thread(w.channel, root)
	if len(thread) != 2 || thread[1].TS != ref {
		t.Fatalf("%d messages", len(thread))
	}
	m := thread[1]
	if !strings.Contains(m.Text, "*Alice (agent)*\nsee both") || len(m.Files) != 2 {
		t.Fatalf("text %q, %d files", m.Text, len(m.Files))
	}
	if !bytes.Equal(m.Files[0].Content, a) || !bytes.Equal(m.Files[1].Content, b) || m.Files[0].Name != "contract.pdf" {
		t.Error("the files are not what was sent")
	}
}

func TestEmptyAndTooLargeFilesBecomeALink(t *testing.T) {
	w := newWorld(t, setup{opts: func(o *Options) { o.MaxFile = 10 }})
	root := w.open()
	w.show(w.withFiles("", viewFile("empty.txt", nil), viewFile("big.bin", make([]byte, 11))))
	m := w.sim.Thread(w.channel, root)[1]
	for _, want := range []string{"File empty.txt is empty", "File big.bin is too large", "https://desk.example.org/tickets/12"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("%q lacks %q", m.Text, want)
		}
	}
}

func TestAnEditOfALongTextLeavesTheFilesAlone(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	post := w.withFiles(strings.Repeat("many words ", 500), viewFile("a.txt", []byte("a")))
	w.show(post)
	thread := w.sim.Thread(w.channel, root)
	if len(thread) != 3 || len(thread[1].Files) != 1 || !strings.HasPrefix(thread[1].Text, "*Alice (agent)*") {
		t.Fatalf("%d messages, the first is %q", len(thread), thread[1].Text)
	}
	stored := w.about(w.view(bridge.FileStored, ""), post.Message)
	stored.Files = []bridge.ViewFile{viewFile("later.txt", []byte("here"))}
	w.show(stored)
	w.show(w.about(w.view(bridge.MessageEdited, "short"), post.Message))
	thread = w.sim.Thread(w.channel, root)
	if len(thread) != 3 || len(thread[1].Files) != 1 || len(thread[2].Files) != 1 || !strings.Contains(thread[1].Text, "short") {
		t.Errorf("after the edit: %d messages, the first is %q", len(thread), thread[1].Text)
	}
	w.show(w.about(w.view(bridge.MessageDeleted, ""), post.Message))
	if n := len(w.sim.Thread(w.channel, root)); n != 1 {
		t.Errorf("after the delete %d messages are left", n)
	}
}

func TestAFileFromAnotherSurfaceFollowsItsMessage(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	post := w.view(bridge.MessagePosted, "")
	post.Entry.Words.Files = []string{"later.txt"}
	w.show(post)
	if m := w.sim.Thread(w.channel, root)[1]; !strings.Contains(m.Text, "File later.txt follows") {
		t.Errorf("%q", m.Text)
	}
	stored := w.about(w.view(bridge.FileStored, ""), post.Message)
	stored.Files = []bridge.ViewFile{viewFile("later.txt", []byte("here"))}
	w.show(stored)
	thread := w.sim.Thread(w.channel, root)
	if len(thread) != 3 || string(thread[2].Files[0].Content) != "here" {
		t.Errorf("%d messages", len(thread))
	}
	said := w.view(bridge.FileStored, "")
	said.Copies, said.Files = []bridge.Copy{w.theirCopy(rootTS, "")}, stored.Files
	if calls := w.a.Plan(said); len(calls) != 0 {
		t.Error("a file that was said here is uploaded here")
	}
}

func TestAnUncertainUploadIsFoundByItsFiles(t *testing.T) {
	for _, applied := range []bool{true, false} {
		w := newWorld(t, setup{})
		w.open()
		w.quiet()
		w.sim.Inject(slacksim.Fault{Method: "files.completeUploadExternal", Apply: applied, CloseSocket: true, Times: 1})
		v := w.withFiles("see", viewFile("a.txt", []byte("a")))
		at := w.attempt(w.a.Plan(v)[0], "token")
		at.Remember = func(_ context.Context, memo string) error {
			at.Memo = memo
			return nil
		}
		_, err := w.a.Deliver(w.ctx(), at)
		if se := surfaceErr(t, err); !se.Uncertain || at.Memo == "" {
			t.Fatalf("%+v, memo %q", se, at.Memo)
		}
		w.quiet()
		r, found := w.find(at)
		if found != applied {
			t.Fatalf("applied %v: found %v", applied, found)
		}
		if m, ok := w.sim.Message(w.channel, r.Ref); found && (!ok || len(m.Files) != 1) {
			t.Errorf("found %q", r.Ref)
		}
	}
}

func TestAnUploadIsNotSharedBeforeItsFilesAreRemembered(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	at := w.attempt(w.a.Plan(w.withFiles("see", viewFile("a.txt", []byte("a"))))[0], "token")
	at.Remember = func(context.Context, string) error { return errors.New("the database is down") }
	_, err := w.a.Deliver(w.ctx(), at)
	if se := surfaceErr(t, err); se.Class != bridge.Transient || se.Uncertain {
		t.Errorf("%+v", se)
	}
	if n := len(w.sim.Thread(w.channel, root)); n != 1 {
		t.Errorf("the thread has %d messages", n)
	}
}

func TestTheEchoOfAnUploadCarriesItsToken(t *testing.T) {
	w := newWorld(t, setup{sim: func(o *slacksim.Options) { o.Echo = slacksim.EchoBefore }})
	w.open()
	ref := w.show(w.withFiles("see", viewFile("a.txt", []byte("a"))))[0].Ref
	w.quiet()
	ours := w.in.ours()
	i := slices.IndexFunc(ours, func(in bridge.Inbound) bool { return in.Source.Ref == ref })
	if i < 0 || ours[i].Token == "" {
		t.Errorf("%+v", ours)
	}
}

func fetch(w *world, ref string) ([]byte, error) {
	body, err := w.a.Fetch(w.ctx(), w.mirror.Place, ref)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return io.ReadAll(body)
}

func TestAPersonsFileIsFetchedByteForByte(t *testing.T) {
	w := newWorld(t, setup{})
	root := w.open()
	for _, data := range [][]byte{[]byte("x"), bytes.Repeat([]byte("<html>"), 30_000), bytes.Repeat([]byte{0xff, 0}, 300_000)} {
		_, err := w.anders.UploadFile(w.channel, root, "data.bin", data, "have a look")
		check(t, err)
		w.quiet()
		got := w.in.theirs()
		in := got[len(got)-1]
		if in.Body != "have a look" || len(in.Files) != 1 || in.Files[0].Size != int64(len(data)) {
			t.Fatalf("%+v", in)
		}
		fetched, err := fetch(w, in.Files[0].Ref)
		if bytes.HasPrefix(data, []byte("<html>")) {
			if err == nil {
				t.Error("a page was taken for a file that is no page")
			}
			continue
		}
		if err != nil || !bytes.Equal(fetched, data) {
			t.Errorf("%d bytes of %d, err %v", len(fetched), len(data), err)
		}
	}
}

func TestAFileThatIsNotReadyIsTriedAgainAndOneThatIsGoneIsNot(t *testing.T) {
	var leaked atomic.Int32
	canary := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { leaked.Add(1) }))
	defer canary.Close()
	w := newWorld(t, setup{opts: func(o *Options) { o.MaxFile = 100 }})
	id := w.sim.AddFile(w.anders, "a.txt", []byte("a"))
	big := w.sim.AddFile(w.anders, "big.txt", make([]byte, 101))
	check(t, w.sim.SetFile(id, slacksim.FileState{Mode: "hosted", NotReady: 1}))
	_, err := fetch(w, id)
	if se := surfaceErr(t, err); se.Class != bridge.Transient {
		t.Errorf("not ready: %+v", se)
	}
	if got, err := fetch(w, id); err != nil || string(got) != "a" {
		t.Errorf("ready: %q, %v", got, err)
	}
	for _, state := range []slacksim.FileState{
		{Mode: "tombstone"},
		{Mode: "hidden_by_limit"},
		{Mode: "external", ExternalURL: canary.URL + "/x"},
		{Mode: "file_access", Access: "access_denied"},
	} {
		check(t, w.sim.SetFile(id, state))
		_, err := fetch(w, id)
		if se := surfaceErr(t, err); se.Class != bridge.Rejected || se.Code == "" {
			t.Errorf("%s: %+v", state.Mode, se)
		}
	}
	for _, ref := range []string{big, "F0NOTTHERE"} {
		if _, err := fetch(w, ref); surfaceErr(t, err).Class != bridge.Rejected {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if leaked.Load() != 0 {
		t.Error("the token went to another host")
	}
}

// F46, F47: the token goes to Slack only.
func TestOnlySlacksHostsAreTrusted(t *testing.T) {
	a := offline(t, func(o *Options) { o.APIURL = "https://slack.com/api/" })
	for address, want := range map[string]bool{
		"https://files.slack.com/a": true, "https://slack.com/a": true, "https://a.slack-gov.com/x": true, "https://files.slack.com:443/a": true,
		"http://files.slack.com/a": false, "https://evil.example/files.slack.com": false, "https://files.slack.com.evil.example/": false,
		"https://notslack.com/": false, "https://slack.com@evil.example/": false, "https://u@files.slack.com/": false,
		"https://files.slack.com:8080/": false, "https://127.0.0.1/": false, "https://[::1]/": false, "file:///etc/passwd": false,
		"gopher://files.slack.com/": false, "//files.slack.com/": false, "": false, "https://ﬁles.slack.com.\u3002evil/": false,
	} {
		if got := a.trustedAddress(address); got != want {
			t.Errorf("%q trusted: %v, want %v", address, got, want)
		}
	}
}

func TestRefusedFilesBecomeLinksAndTheWordsStay(t *testing.T) {
	for _, code := range []string{"file_type_not_allowed", "file_uploads_disabled", "storage_limit_reached"} {
		w := newWorld(t, setup{})
		root := w.open()
		w.sim.Inject(slacksim.Fault{Method: "files.completeUploadExternal", Error: code})
		v := w.withFiles("the words", viewFile("a.exe", []byte("a")))
		_, _, err := w.deliver(v)
		se := surfaceErr(t, err)
		if se.Class != bridge.Rejected {
			t.Fatalf("%s: %+v", code, se)
		}
		v.Rejected = se.Code
		w.show(v)
		m := w.sim.Thread(w.channel, root)[1]
		if !strings.Contains(m.Text, "the words") || !strings.Contains(m.Text, "File a.exe was refused by Slack") || !strings.Contains(m.Text, "/tickets/12") {
			t.Errorf("%s: %q", code, m.Text)
		}
	}
}

// A note in a file's place is no part of the message's words, even when its echo,
// or Find, settles it before the call's own answer does.
func TestANoteInAFilesPlaceIsKnownForOneByItsEcho(t *testing.T) {
	w := newWorld(t, setup{opts: func(o *Options) { o.MaxFile = 10 }})
	root := w.open()
	post := w.view(bridge.MessagePosted, "words")
	w.show(post)
	stored := w.about(w.view(bridge.FileStored, ""), post.Message)
	stored.Files = []bridge.ViewFile{viewFile("big.bin", make([]byte, 11))}
	at, receipt, err := w.deliver(stored)
	check(t, err)
	w.quiet()
	if found, ok := w.find(at); !ok || found.Print != receipt.Print {
		t.Errorf("found with the print %q, delivered with %q", found.Print, receipt.Print)
	}
	for _, in := range w.in.ours() {
		if in.Source.Ref == receipt.Ref && in.Print != receipt.Print {
			t.Errorf("the echo has the print %q, the answer %q", in.Print, receipt.Print)
		}
	}
	if n := len(w.sim.Thread(w.channel, root)); n != 3 {
		t.Errorf("the thread has %d messages", n)
	}
}

// An upload cannot carry another name, so it never carries words that need one.
func TestUnderAnAgentsNameFilesComeAfterTheWordsAndOutliveEdits(t *testing.T) {
	w := newWorld(t, setup{opts: func(o *Options) { o.Identity = IdentityAgent }})
	root := w.open()
	post := w.withFiles("see the plan", viewFile("plan.txt", []byte("a")))
	w.show(post)
	w.show(w.about(w.view(bridge.MessageEdited, "see the new plan"), post.Message))
	thread := w.sim.Thread(w.channel, root)[1:]
	if len(thread) != 2 || thread[0].Username != "Alice (agent)" || thread[0].Text != "see the new plan" || len(thread[1].Files) != 1 || thread[1].Text != "" {
		t.Errorf("the thread shows %+v", thread)
	}
	w.show(w.withFiles("", viewFile("bare.txt", []byte("b"))))
	if thread = w.sim.Thread(w.channel, root)[3:]; len(thread) != 1 || !strings.Contains(thread[0].Text, "Alice (agent)") || len(thread[0].Files) != 1 {
		t.Errorf("files without words come as %+v", thread)
	}
	hidden := w.about(w.view(bridge.MessageEdited, "<!-- nothing to see -->"), post.Message)
	w.show(hidden)
	if m := w.sim.Thread(w.channel, root)[1]; m.Text == "see the new plan" {
		t.Errorf("an edit that shows nothing left %q", m.Text)
	}
	if n := len(w.sim.Thread(w.channel, root)); n != 4 {
		t.Errorf("an edit that shows nothing left %d posts", n)
	}
}

package web_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// events reads a stream.
type events struct {
	t      testing.TB
	res    *http.Response
	lines  *bufio.Scanner
	cancel context.CancelFunc
	LastID int64
}

func (b *browser) stream(ticket, after int64, last string) *events {
	b.w.t.Helper()
	r := b.request(http.MethodGet, fmt.Sprintf("/tickets/%d/stream?after=%d", ticket, after), nil)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	return b.events(r)
}

// events opens the stream that a request asks for.
func (b *browser) events(r *http.Request) *events {
	b.w.t.Helper()
	ctx, cancel := context.WithTimeout(b.w.t.Context(), 20*time.Second)
	res, err := b.client.Do(r.WithContext(ctx))
	if err != nil {
		b.w.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		b.w.t.Fatalf("stream: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	e := &events{t: b.w.t, res: res, lines: bufio.NewScanner(res.Body), cancel: cancel}
	e.lines.Buffer(nil, 1<<20)
	b.w.t.Cleanup(e.close)
	return e
}

func (e *events) close() {
	e.cancel()
	_ = e.res.Body.Close()
}

// next returns the name and data of the next event, "end" when the stream ended.
func (e *events) next() (name, data string) {
	e.t.Helper()
	for e.lines.Scan() {
		switch line := e.lines.Text(); {
		case strings.HasPrefix(line, "event: "):
			name = line[7:]
		case strings.HasPrefix(line, "id: "):
			e.LastID, _ = strconv.ParseInt(line[4:], 10, 64)
		case strings.HasPrefix(line, "data:"):
			data += strings.TrimPrefix(line[5:], " ") + "\n"
		case line == "" && name != "":
			return name, data
		}
	}
	if err := e.lines.Err(); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		e.t.Fatalf("stream: %v", err)
	}
	return "end", data
}

// until reads updates until one has the text.
func (e *events) until(text string) string {
	e.t.Helper()
	for {
		name, data := e.next()
		if name != "update" {
			e.t.Fatalf("%s event before %q", name, text)
		}
		if strings.Contains(data, text) {
			return data
		}
	}
}

func (w *world) head(ticket int64) int64 {
	entries := w.entries(ticket)
	return entries[len(entries)-1].Seq
}

func TestAStreamShowsWhatComesAndGoesOnWhereItWas(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	before := w.head(ticket)
	b := w.as("bob@example.org")
	e := b.stream(ticket, before, "")
	e.until("props")
	w.must(w.answer(conv, "100.1", "the first answer"))
	data := e.until("the first answer")
	has(t, "the piece", data, `data-into="c`+fmt.Sprint(conv.Seq)+`-log"`, "in Slack #billing", "Anders Expert")
	at := e.LastID
	e.close()
	w.must(w.answer(conv, "100.2", "the second answer"))
	w.must(&bridge.CustomerMessage{Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carl"}, Ticket: ticket, Body: "still waiting"})
	e = b.stream(ticket, before, fmt.Sprint(at))
	data = e.until("the second answer")
	hasNot(t, "what came since", data, "the first answer")
	has(t, "what came since", data, "still waiting")
	w.must(&bridge.SetState{Actor: w.bobActs(), Conversation: conv})
	has(t, "the closed conversation", e.until("closed"), `data-state="closed"`, "closed by Bob Agent")
	w.must(w.answer(conv, "99.9", "an early one that came late"))
	has(t, "a late message", e.until("came late"), "data-order=")
}

func TestAStreamShowsNewConversationsEditsDeletesAndFiles(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	b := w.as("bob@example.org")
	e := b.stream(ticket, w.head(ticket), "")
	conv, mirror := w.talk(ticket, "A new question", "the question's words")
	has(t, "the new conversation", e.until("A new question"), "data-once", "composer")
	in := w.answer(conv, "100.1", "first words")
	in.Files = []bridge.InboundFile{{Ref: "F1", Name: "scan.pdf", MIME: "application/pdf"}}
	m := w.must(in).ID
	has(t, "the file", e.until("scan.pdf"), "being fetched")
	w.must(&bridge.StoreFile{Message: m, N: 0, MIME: "application/pdf", Size: 2048, Hash: "aa"})
	has(t, "the fetched file", e.until("2.0 KiB"), fmt.Sprintf("/files/%d/%d/0", ticket, m.Seq))
	edit := w.answer(conv, "100.1", "second words")
	edit.Kind, edit.Source.Rev = bridge.InEdit, "1"
	w.must(edit)
	has(t, "the edit", e.until("second words"), "edited")
	del := w.answer(conv, "100.1", "")
	del.Kind = bridge.InDelete
	del.Author.ID, del.AuthorName = "USLACKBOT", "Slack" // which does not tell who did it
	w.must(del)
	data := e.until("Deleted in Slack")
	hasNot(t, "the deleted message", data, "second words")
	for _, page := range []string{"/m/" + m.String() + "/history", fmt.Sprintf("/tickets/%d/audit", ticket)} {
		body := b.get(page).body
		has(t, page, body, "Somebody in Slack")
		hasNot(t, page, body, "USLACKBOT")
	}
	w.must(&bridge.Park{Key: bridge.DeliveryKey{Mirror: mirror}, Reason: "is_archived", Remedy: "Unarchive the channel."})
	e.until("Unarchive the channel.")
	w.must(&bridge.Resume{Actor: w.bobActs(), Mirror: mirror})
	has(t, "the mirror", e.until("data-state-of"), "Slack #billing")
}

func TestAStreamEndsWithTheServer(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	e := w.as("bob@example.org").stream(ticket, 0, "")
	e.until("props")
	w.web.Close()
	for {
		if name, _ := e.next(); name == "end" {
			return
		}
	}
}

func TestAStreamEndsWhenItsPersonSignsOut(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	w.web.SetBeat(50 * time.Millisecond)
	for what, end := range map[string]func(b *browser){
		"sign-out": func(b *browser) { b.post("/sign-out", nil) },
		"disabled": func(*browser) {
			if err := w.store.SetDisabled(t.Context(), w.bob, true); err != nil {
				t.Fatal(err)
			}
		},
	} {
		if err := w.store.SetDisabled(t.Context(), w.bob, false); err != nil {
			t.Fatal(err)
		}
		b := w.as("bob@example.org")
		e := b.stream(ticket, w.head(ticket), "")
		e.until("props")
		end(b)
		for name := ""; name != "signed-out"; {
			if name, _ = e.next(); name == "end" {
				t.Fatalf("%s: the stream ended without a word", what)
			}
		}
	}
}

func TestAPageThatIsFarBehindIsLoadedAgain(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	var wg sync.WaitGroup
	for i := range 1010 {
		wg.Go(func() {
			if _, err := w.store.Append(t.Context(), &bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: fmt.Sprint("m", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	b := w.as("bob@example.org")
	if name, _ := b.stream(ticket, 1, "").next(); name != "reload" {
		t.Errorf("event %q, want reload", name)
	}
	page := b.get(fmt.Sprintf("/tickets/%d", ticket)).body
	if n := strings.Count(page, `class="msg side"`); n != 100 {
		t.Errorf("the page shows %d messages of a long conversation, want the last 100", n)
	}
	has(t, "the page", page, "Show 911 earlier messages")
	old := w.entries(ticket)[60]
	linked := b.get(fmt.Sprintf("/tickets/%d?at=%d", ticket, old.Seq)).body
	if n := strings.Count(linked, `class="msg side"`); old.Kind != bridge.MessagePosted || n < 960 || n > 1000 || !strings.Contains(linked, fmt.Sprintf(`id="m%d"`, old.Seq)) {
		t.Errorf("a link to an old message shows %d, or not that one", n)
	}
	if n := strings.Count(b.get(fmt.Sprintf("/tickets/%d?all=1", ticket)).body, `class="msg side"`); n != 1011 {
		t.Errorf("with all=1 it shows %d", n)
	}
}

func TestAStreamIsRefusedWhereThereIsNothingToShow(t *testing.T) {
	w := newWorld(t)
	b := w.as("bob@example.org")
	for path, want := range map[string]int{
		"/tickets/9/stream?after=0": http.StatusNotFound, "/tickets/1/stream": http.StatusUnprocessableEntity, "/tickets/1/stream?after=-1": http.StatusUnprocessableEntity,
	} {
		if got := b.get(path); got.status != want {
			t.Errorf("%s: %d, want %d", path, got.status, want)
		}
	}
}

func TestTheScriptGetsThePiecesItsFormMade(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	b := w.as("bob@example.org")
	got := b.script("/c/"+conv.String()+"/messages", url.Values{"body": {"by script"}, "key": {"k"}}, w.head(ticket))
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, "the answer", got.body, "by script", `class="msg side"`)
	got = b.script("/c/"+conv.String()+"/messages", url.Values{"body": {" "}}, 0)
	if got.status != http.StatusUnprocessableEntity || !strings.HasPrefix(got.body, "The message is empty") {
		t.Errorf("an empty message: %d %q", got.status, got.body)
	}
	r := b.request(http.MethodPost, "/c/"+conv.String()+"/close", nil)
	r.Header.Set("Sidebridge-Fragment", "1")
	if got := b.do(r); got.status != http.StatusUnprocessableEntity {
		t.Errorf("without a position: %d", got.status)
	}
}

func TestFiftyPagesSeeAnAnswerSoon(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	b := w.as("bob@example.org")
	head := w.head(ticket)
	var open []*events
	for range 50 {
		e := b.stream(ticket, head, "")
		e.until("props")
		open = append(open, e)
	}
	start := time.Now()
	w.must(w.answer(conv, "100.1", "now"))
	var wg sync.WaitGroup
	for _, e := range open {
		wg.Go(func() { e.until("<p>now</p>") })
	}
	wg.Wait()
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %v until all pages had it", took)
	}
}

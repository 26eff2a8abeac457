package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

// shelf is a thread's messages as GET messages gives them.
type shelf struct {
	mu    sync.Mutex
	all   []map[string]any
	asked []string
	blind bool // Read Message History is missing
}

// page answers as Discord does: those that follow, the newest of them first.
func (s *shelf) page(r *http.Request) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	after, limit := r.URL.Query().Get("after"), r.URL.Query().Get("limit")
	s.asked = append(s.asked, after)
	most, _ := strconv.Atoi(limit)
	out := []map[string]any{}
	if s.blind {
		return out
	}
	for _, m := range s.all {
		if laterID(m["id"].(string), after) && len(out) < most {
			out = append(out, m)
		}
	}
	slices.Reverse(out)
	return out
}

func (s *shelf) put(id, words string) {
	s.all = append(s.all, map[string]any{
		"id": id, "channel_id": testThread, "content": words,
		"author": map[string]any{"id": testAnders, "username": "anders"},
	})
}

// at is the id of something that was said so many minutes after the thread began.
func at(minutes int) string {
	return idAt(time.UnixMicro(idMicros(testThread)).Add(time.Duration(minutes) * time.Minute))
}

// newLister returns a guild whose thread has what is on the shelf.
func newLister(t *testing.T) (*Guild, *shelf, *scripted) {
	s, sh := newScripted(t), &shelf{}
	s.rest["GET channels/"+testThread+"/messages"] = pageFunc(sh.page)
	s.rest["GET channels/"+testChannel+"/messages/"+testThread] = answerFunc(func() (int, any) {
		return 404, map[string]any{"code": 10008, "message": "Unknown Message"}
	})
	s.rest["GET guilds/"+testGuild+"/roles"] = []map[string]any{{"id": testGuild, "permissions": "66560"}, {"id": "55", "permissions": "8"}}
	s.rest["GET guilds/"+testGuild+"/members/"+testBot] = map[string]any{"roles": []string{}}
	g := newDeaf(t, &heardInbox{}, func(o *Options) { o.APIURL, o.Transport = s.srv.URL+"/api/v10/", nil })
	t.Cleanup(g.client.http.CloseIdleConnections)
	return g, sh, s
}

var testMirror = bridge.Mirror{
	ID: bridge.ID{Ticket: 12, Seq: 3}, Conversation: 2, Thread: testThread,
	Place: bridge.Place{Surface: Surface, Workspace: testGuild, Channel: testChannel},
}

// list catches up and returns what it fed, as text, and the position it reached.
func list(t *testing.T, g *Guild, m bridge.Mirror, known ...bridge.Copy) ([]string, string) {
	t.Helper()
	fed, seen, err := listOnce(t.Context(), g, m, known)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	return fed, seen
}

func listOnce(ctx context.Context, g *Guild, m bridge.Mirror, known []bridge.Copy) (fed []string, seen string, err error) {
	seen, err = g.List(ctx, m, known, func(_ context.Context, in bridge.Inbound) error {
		fed = append(fed, fmt.Sprintf("%s %s %s", in.Kind, in.Source.Ref, in.Body))
		return nil
	})
	return fed, seen, err
}

func theirs(ref, rev string) bridge.Copy {
	return bridge.Copy{CopyKey: bridge.CopyKey{Surface: Surface, Workspace: testGuild, Channel: testChannel, Ref: ref}, Message: 9, Rev: rev}
}

// All of a long thread is shown once, oldest first, however many pages it takes.
func TestListingShowsEverythingOldestFirst(t *testing.T) {
	g, sh, _ := newLister(t)
	var want []string
	for n := 1; n <= 250; n++ {
		sh.put(at(n), fmt.Sprint("m", n))
		want = append(want, fmt.Sprintf("post %s m%d", at(n), n))
	}
	fed, seen := list(t, g, testMirror)
	if diff := cmp.Diff(want, fed); diff != "" {
		t.Errorf("fed (-want +got):\n%s", diff)
	}
	if seen != at(250) || len(sh.asked) != 3 {
		t.Errorf("seen %s after %d pages", seen, len(sh.asked))
	}
}

// A fresh thread has a position too, so that it is not listed from its start for ever.
func TestListingOfAnEmptyThreadReturnsAPosition(t *testing.T) {
	g, _, _ := newLister(t)
	if fed, seen := list(t, g, testMirror); len(fed) != 0 || seen != testThread {
		t.Errorf("fed %v, seen %q", fed, seen)
	}
}

// Without the permission an empty list means nothing, and an admin is told what to give.
func TestEmptyListWithoutPermissionIsNoEmptyThread(t *testing.T) {
	g, sh, s := newLister(t)
	sh.put(at(1), "m")
	sh.blind = true
	s.rest["GET channels/"+testChannel] = map[string]any{
		"id": testChannel, "guild_id": testGuild, "name": "billing",
		"permission_overwrites": []map[string]any{{"id": testGuild, "type": 0, "allow": "0", "deny": "65536"}},
	}
	_, seen, err := listOnce(t.Context(), g, testMirror, []bridge.Copy{theirs(at(1), "")})
	var se *bridge.SurfaceError
	if !errors.As(err, &se) || se.Class != bridge.Gone || seen != "" || !contains(se.Remedy, "Read Message History") {
		t.Errorf("seen %q, %v", seen, err)
	}
}

func contains(text, words string) bool {
	for i := range text {
		if len(text)-i >= len(words) && text[i:i+len(words)] == words {
			return true
		}
	}
	return false
}

// What was changed and deleted while nobody told us comes out.
func TestListingFindsEditsAndDeletes(t *testing.T) {
	g, sh, _ := newLister(t)
	sh.put(at(1), "as it was")
	sh.put(at(3), "changed")
	sh.all[1]["edited_timestamp"] = "2026-08-07T12:00:00.000001+00:00"
	sh.put(at(4), "changed before")
	sh.all[2]["edited_timestamp"] = "2026-08-07T12:00:00.000001+00:00"
	m := testMirror
	m.Seen = at(5)
	fed, seen := list(t, g, m,
		theirs(at(1), ""), theirs(at(2), ""), theirs(at(3), ""), theirs(at(4), "1786104000000001"), bridge.Copy{CopyKey: theirs(at(5), "").CopyKey, Gone: true})
	want := []string{"edit " + at(3) + " changed", "delete " + at(2) + " "}
	if diff := cmp.Diff(want, fed); diff != "" || seen != at(5) {
		t.Errorf("seen %s, fed (-want +got):\n%s", seen, diff)
	}
}

// A list that shows nothing we know proves nothing to be gone.
func TestListingThatShowsNothingKnownDeletesNothing(t *testing.T) {
	g, sh, _ := newLister(t)
	sh.put(at(9), "new")
	m := testMirror
	m.Seen = at(2)
	fed, _ := list(t, g, m, theirs(at(1), ""), theirs(at(2), ""))
	if diff := cmp.Diff([]string{"post " + at(9) + " new"}, fed); diff != "" {
		t.Errorf("fed (-want +got):\n%s", diff)
	}
}

// The permission to read may be taken away between two pages, which ends the list as if
// the thread ended there.
func TestListThatWasCutShortDeletesNothing(t *testing.T) {
	g, sh, s := newLister(t)
	known := make([]bridge.Copy, 0, 150)
	for n := 1; n <= 150; n++ {
		sh.put(at(n), "m")
		known = append(known, theirs(at(n), ""))
	}
	s.rest["GET channels/"+testThread+"/messages"] = pageFunc(func(r *http.Request) any {
		page := sh.page(r)
		sh.blind = true
		s.look(func() {
			s.rest["GET channels/"+testChannel] = map[string]any{
				"id": testChannel, "guild_id": testGuild, "name": "billing",
				"permission_overwrites": []map[string]any{{"id": testGuild, "type": 0, "allow": "0", "deny": "65536"}},
			}
		})
		return page
	})
	m := testMirror
	m.Seen = at(150)
	fed, _, err := listOnce(t.Context(), g, m, known)
	if len(fed) != 0 {
		t.Errorf("found deleted: %d messages, of which the first is %s", len(fed), fed[0])
	}
	if se := asError(t, err); se.Class != bridge.Gone {
		t.Errorf("the listing ended with %v", err)
	}
}

// A copy that is younger than a listing may lag behind is not found deleted.
func TestYoungCopyIsNotFoundDeleted(t *testing.T) {
	g, sh, _ := newLister(t)
	sh.put(at(1), "m")
	m := testMirror
	m.Seen = at(1)
	if fed, _ := list(t, g, m, theirs(at(1), ""), theirs(idAt(time.Now().Add(-time.Second)), "")); len(fed) != 0 {
		t.Errorf("fed %v", fed)
	}
}

// An attached thread has its first message in the channel before it.
func TestListingOfAnAttachedThreadBeginsWithItsFirstMessage(t *testing.T) {
	g, sh, s := newLister(t)
	sh.put(at(1), "answer")
	s.rest["GET channels/"+testChannel+"/messages/"+testThread] = map[string]any{
		"id": testThread, "content": "question", "author": map[string]any{"id": testAnders, "username": "anders"},
	}
	fed, _ := list(t, g, testMirror)
	if diff := cmp.Diff([]string{"post " + testThread + " question", "post " + at(1) + " answer"}, fed); diff != "" {
		t.Errorf("fed (-want +got):\n%s", diff)
	}
	s.look(func() {
		s.rest["GET channels/"+testChannel+"/messages/"+testThread] = answerFunc(func() (int, any) { return 404, map[string]any{"code": 10008} })
	})
	m := testMirror
	m.Seen = at(1)
	g.looked.all()
	fed, _ = list(t, g, m, theirs(testThread, ""), theirs(at(1), ""))
	if diff := cmp.Diff([]string{"delete " + testThread + " "}, fed); diff != "" {
		t.Errorf("then fed (-want +got):\n%s", diff)
	}
}

// In a forum the first post is in the thread itself, and is found deleted only by a
// listing that reaches back to it.
func TestFirstPostOfAForumIsInTheThread(t *testing.T) {
	g, sh, s := newLister(t)
	g.places.put(testGuild, &channel{ID: testChannel, Type: 15})
	sh.put(testThread, "the card")
	sh.put(at(1), "answer")
	fed, _ := list(t, g, testMirror)
	if diff := cmp.Diff([]string{"post " + testThread + " the card", "post " + at(1) + " answer"}, fed); diff != "" {
		t.Errorf("fed (-want +got):\n%s", diff)
	}
	sh.all = sh.all[1:]
	m := testMirror
	m.Seen = at(1)
	if fed, _ := list(t, g, m, theirs(testThread, ""), theirs(at(1), "")); len(fed) != 0 {
		t.Errorf("a listing that does not reach back fed %v", fed)
	}
	var known []bridge.Copy
	m.Seen = ""
	known = append(known, theirs(testThread, ""), theirs(at(1), ""))
	if fed, _ := list(t, g, m, known...); len(fed) != 1 || fed[0] != "delete "+testThread+" " {
		t.Errorf("one that does fed %v", fed)
	}
	s.look(func() {
		for _, c := range s.calls {
			if c == "GET channels/"+testChannel+"/messages/"+testThread {
				t.Error("the forum was asked for a message")
			}
		}
	})
}

// Reactions that were made in a gap come out too, once, but those on the card do not:
// there they are gestures.
func TestListingFindsReactionsAfterAGap(t *testing.T) {
	g, sh, s := newLister(t)
	stand := []map[string]any{
		{"count": 2, "me": true, "emoji": map[string]any{"name": "👍"}},
		{"count": 1, "me": false, "emoji": map[string]any{"id": "77", "name": "party"}},
		{"count": 1, "me": true, "emoji": map[string]any{"name": "🙂"}},
	}
	for n := 1; n <= 2; n++ {
		sh.put(at(n), "m")
		sh.all[n-1]["reactions"] = stand
		for emoji, who := range map[string][]user{"👍": {{ID: testBot, Bot: true}, {ID: testAnders, Username: "anders"}}, "party:77": {{ID: testAnders, Username: "anders"}, {ID: "9", Bot: true}}} {
			s.rest["GET channels/"+testThread+"/messages/"+at(n)+"/reactions/"+emoji] = who
		}
	}
	m := testMirror
	m.Seen = at(2)
	card := bridge.Copy{CopyKey: theirs(at(2), "").CopyKey, Entry: 4}
	var fed []string
	accept := func(_ context.Context, in bridge.Inbound) error {
		fed = append(fed, fmt.Sprintf("%s %s %s by %s", in.Kind, in.Source.Ref, in.Emoji, in.Author.ID))
		return nil
	}
	for range 2 { // the second has no gap before it
		if _, err := g.List(t.Context(), m, []bridge.Copy{theirs(at(1), ""), card}, accept); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"react " + at(1) + " 👍 by " + testAnders, "react " + at(1) + " :party: by " + testAnders}
	if diff := cmp.Diff(want, fed); diff != "" {
		t.Errorf("fed (-want +got):\n%s", diff)
	}
}

// A thread without news costs no call for an hour, where the gateway is followed.
func TestThreadWithoutNewsIsNotListedAgain(t *testing.T) {
	g, sh, s := newLister(t)
	sh.put(at(1), "m")
	m := testMirror
	_, m.Seen = list(t, g, m)
	g.places.said(testThread, at(1))
	calls := func() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.calls) }
	before := calls()
	if fed, seen := list(t, g, m, theirs(at(1), "")); len(fed) != 0 || seen != m.Seen || calls() != before {
		t.Errorf("%d calls, seen %s, fed %v", calls()-before, seen, fed)
	}
	sh.put(at(2), "news")
	g.places.said(testThread, at(2))
	if fed, _ := list(t, g, m, theirs(at(1), "")); len(fed) != 1 {
		t.Errorf("fed %v", fed)
	}
	g.listAll()
	before = calls()
	if list(t, g, m, theirs(at(1), "")); calls() == before {
		t.Error("after a gap it is not listed")
	}
}

// A listing reaches back over the last five thousand copies, once after a gap.
func TestListingReachesBackOverThousandsOfCopies(t *testing.T) {
	g, sh, _ := newLister(t)
	var known []bridge.Copy
	for n := 1; n <= 5200; n++ {
		if n != 250 && n != 100 {
			sh.put(at(n), "m")
		}
		known = append(known, theirs(at(n), ""))
	}
	m := testMirror
	m.Seen = at(5200)
	fed, _ := list(t, g, m, known...)
	if diff := cmp.Diff([]string{"delete " + at(250) + " "}, fed); diff != "" {
		t.Errorf("fed (-want +got):\n%s", diff)
	}
	sh.asked = nil
	list(t, g, m, known...)
	if len(sh.asked) != 1 {
		t.Errorf("%d pages without a gap", len(sh.asked))
	}
}

// A listing that breaks off moves nothing, and the loss of the thread says which it is.
func TestListingThatFailsMovesNothing(t *testing.T) {
	g, sh, s := newLister(t)
	sh.put(at(1), "m")
	full := errors.New("the database is full")
	if seen, err := g.List(t.Context(), testMirror, nil, func(context.Context, bridge.Inbound) error { return full }); !errors.Is(err, full) || seen != "" {
		t.Errorf("seen %q, %v", seen, err)
	}
	delete(s.rest, "GET channels/"+testThread+"/messages")
	_, seen, err := listOnce(t.Context(), g, testMirror, nil)
	var se *bridge.SurfaceError
	if !errors.As(err, &se) || se.Code != bridge.ParkedThread || se.Class != bridge.Gone || seen != "" {
		t.Errorf("seen %q, %v", seen, err)
	}
}

// The root's echo has the thread listed, maybe before the next call has opened it.
func TestThreadThatIsNotOpenYetIsNotTakenForLost(t *testing.T) {
	g, _, s := newLister(t)
	delete(s.rest, "GET channels/"+testThread+"/messages")
	root := map[string]any{"id": testThread, "channel_id": testChannel, "author": map[string]any{"id": testBot, "bot": true}}
	s.rest["GET channels/"+testChannel+"/messages/"+testThread] = root
	if fed, seen := list(t, g, testMirror); len(fed) != 1 || seen != "" {
		t.Errorf("fed %v, seen %q", fed, seen)
	}
	seen := testMirror
	seen.Seen = testThread // it was open before
	if _, _, err := listOnce(t.Context(), g, seen, nil); codeOf(err) != bridge.ParkedThread {
		t.Errorf("a thread that was open: %v", err)
	}
	root["thread"] = map[string]any{"id": testThread, "type": 11}
	if _, _, err := listOnce(t.Context(), g, testMirror, nil); codeOf(err) != bridge.ParkedThread {
		t.Errorf("a thread that is there and cannot be listed: %v", err)
	}
}

func TestPermissionsAddUpAsDiscordDocuments(t *testing.T) {
	roles := []role{{ID: "1", Permissions: mayView}, {ID: "2", Permissions: mayHistory}, {ID: "3", Permissions: mayAdminister}}
	for name, c := range map[string]struct {
		has  []string
		over []overwrite
		want bits
	}{
		"everyone":              {nil, nil, mayView},
		"a role":                {[]string{"2"}, nil, mayView | mayHistory},
		"administrator":         {[]string{"3"}, []overwrite{{ID: "1", Deny: mayView}}, ^bits(0)},
		"everyone denied":       {[]string{"2"}, []overwrite{{ID: "1", Deny: mayView}}, mayHistory},
		"a role again allowed":  {[]string{"2"}, []overwrite{{ID: "1", Deny: mayView}, {ID: "2", Allow: mayView}}, mayView | mayHistory},
		"roles allow over deny": {[]string{"2", "4"}, []overwrite{{ID: "2", Deny: mayView}, {ID: "4", Allow: mayView}}, mayView | mayHistory},
		"the member last":       {[]string{"2"}, []overwrite{{ID: "9", Type: 1, Deny: mayHistory}, {ID: "2", Allow: mayHistory}}, mayView},
		"somebody else's":       {nil, []overwrite{{ID: "8", Type: 1, Deny: mayView}, {ID: "7", Deny: mayView}}, mayView},
	} {
		if got := permissionsIn("1", "9", c.has, roles, c.over); got != c.want {
			t.Errorf("%s: %b, want %b", name, got, c.want)
		}
	}
}

// A post that the gateway repeats may be of a message that is gone, and that a listing
// which ran before it did not know.
func TestThreadIsLookedBackOverOnceMoreAfterEventsWereRepeated(t *testing.T) {
	g, sh, _ := newLister(t)
	sh.put(at(2), "m")
	m := testMirror
	m.Seen = at(2)
	list(t, g, m, theirs(at(2), ""))
	g.resumed(t.Context(), g.Now().UnixMicro())
	fed, _ := list(t, g, m, theirs(at(1), ""), theirs(at(2), ""))
	if diff := cmp.Diff([]string{"delete " + at(1) + " "}, fed); diff != "" {
		t.Errorf("fed (-want +got):\n%s", diff)
	}
}

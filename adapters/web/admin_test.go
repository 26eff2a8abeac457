package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

func TestRulesAreAddedEditedMovedAndDeleted(t *testing.T) {
	w := newWorld(t)
	b := w.as("ada@example.org")
	form := url.Values{
		"name": {"VIP refunds"}, "group": {w.group}, "tags_any": {"vip, big spender"}, "priorities": {"high"}, "channel": {"slack/T1/C1", " slack/T1/C2 ", ""},
		"allow_external": {"on"}, "show_subject": {"on"}, "mask": {"on"}, "customer_messages": {"all"},
	}
	if got := b.post("/admin/rules", form); got.status != http.StatusSeeOther {
		t.Fatalf("add: %d %s", got.status, got.body)
	}
	rules, err := w.store.Rules(t.Context())
	if err != nil || len(rules) != 2 {
		t.Fatalf("%d rules, %v", len(rules), err)
	}
	id := rules[1].ID
	want := mapping.Rule{
		ID: id, Name: "VIP refunds", AllowExternal: true, Fields: mapping.Policy{Subject: true, Mask: true, CustomerMessages: mapping.AllMessages},
		When:     mapping.Conditions{Groups: []string{w.group}, TagsAny: []string{"vip", "big spender"}, Priorities: []string{"high"}},
		Channels: []mapping.Channel{{Surface: "slack", Workspace: "T1", ID: "C1"}, {Surface: "slack", Workspace: "T1", ID: "C2"}},
	}
	if diff := cmp.Diff(want, rules[1]); diff != "" {
		t.Error(diff)
	}
	has(t, "the form", b.get("/admin/rules/"+id).body, `value="vip, big spender"`, `value="slack/T1/C2"`, `value="all" selected`)
	has(t, "the list", b.get("/admin/mapping").body, "If the group is Billing, and has a tag of vip or big spender, and priority is high", "may be shared outside")

	// What the form does not have stays: hours and who may answer.
	w.setRules(rules[0], mapping.Rule{
		ID: id, Name: "x", When: mapping.Conditions{Hours: []mapping.Hours{{From: 9 * 60, To: 17 * 60}}}, Answer: mapping.Who{Participants: true}, Channels: rules[1].Channels,
	})
	form.Set("name", "Renamed")
	if got := b.post("/admin/rules/"+id, form); got.status != http.StatusSeeOther {
		t.Fatalf("edit: %d %s", got.status, got.body)
	}
	if rules, _ = w.store.Rules(t.Context()); rules[1].Name != "Renamed" || len(rules[1].When.Hours) != 1 || !rules[1].Answer.Participants {
		t.Errorf("the edited rule is %+v", rules[1])
	}
	for _, to := range []string{"up", "up", "down", "up"} {
		b.post("/admin/rules/"+id+"/move", url.Values{"to": {to}})
	}
	if rules, _ = w.store.Rules(t.Context()); rules[0].ID != id || rules[1].ID != "r1" {
		t.Errorf("moved: %s, %s", rules[0].ID, rules[1].ID)
	}
	if got := b.post("/admin/rules/"+id+"/delete", nil); got.status != http.StatusSeeOther {
		t.Errorf("delete: %d", got.status)
	}
	for _, do := range []string{"", "/delete", "/move"} {
		if got := b.post("/admin/rules/"+id+do, form); got.status != http.StatusNotFound && do != "" {
			t.Errorf("%s of a rule that is gone: %d", do, got.status)
		}
	}
	if got := b.get("/admin/rules/" + id); got.status != http.StatusNotFound {
		t.Errorf("the page of a rule that is gone: %d", got.status)
	}
}

func TestAWrongRuleIsRefusedWithWhatToDo(t *testing.T) {
	w := newWorld(t)
	b := w.as("ada@example.org")
	for text, form := range map[string]url.Values{
		"write it as surface/workspace/channel": {"name": {"x"}, "channel": {"#billing"}},
		"give it a name":                        {"name": {""}},
		"listed twice":                          {"name": {"x"}, "channel": {"slack/T1/C1 slack/T1/C1"}},
		"remove its conditions":                 {"name": {"x"}, "default": {"on"}, "tags_any": {"vip"}},
		"write none, last or all":               {"name": {"x"}, "customer_messages": {"some"}},
	} {
		got := b.post("/admin/rules", form)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", form, got.status)
		}
		has(t, fmt.Sprint(form), got.body, text)
	}
	if rules, err := w.store.Rules(t.Context()); err != nil || len(rules) != 1 {
		t.Errorf("%d rules, %v", len(rules), err)
	}
}

func TestTheMappingIsTestedWithoutSendingAnything(t *testing.T) {
	w := newWorld(t)
	w.setRules(mapping.Rule{
		ID: "r1", Name: "Billing", When: mapping.Conditions{Groups: []string{w.group}}, Fields: mapping.DefaultPolicy(),
		Channels: []mapping.Channel{{Surface: "slack", Workspace: "T1", ID: "C1"}, {Surface: "slack", Workspace: "T1", ID: "C9"}, {Surface: "discord", Workspace: "1", ID: "2"}},
	})
	b := w.as("ada@example.org")
	got := b.post("/admin/mapping/test", url.Values{"group": {w.group}, "tags": {"vip"}})
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, "the result", got.body, "posts would work", "not_in_channel", "Invite @sidebridge to the channel.", "Discord is not connected.", "group is &#34;Billing&#34;")
	got = b.post("/admin/mapping/test", url.Values{"group": {"gone"}})
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("a group that is gone: %d", got.status)
	}
}

func TestARenamedGroupKeepsItsRules(t *testing.T) {
	w := newWorld(t)
	b := w.as("ada@example.org")
	if got := b.post("/admin/groups/"+w.group, url.Values{"name": {"Money"}, "has_members": {"1"}, "member": {w.bob, w.anders}}); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	has(t, "the page", b.get("/admin/mapping").body, "If the group is Money", "2 people")
	ticket := w.ticket("S", "b")
	b.post(fmt.Sprintf("/tickets/%d/conversations", ticket), url.Values{"to": {"group:" + w.group}, "subject": {"Q"}, "body": {"?"}})
	if m := w.last(ticket, bridge.MirrorOpened); m == nil || *m.Facts.Place != billing {
		t.Errorf("the mirror is %+v", m)
	}
	if got := b.post("/admin/groups", url.Values{"name": {"money"}}); got.status != http.StatusConflict {
		t.Errorf("a second group of that name: %d", got.status)
	}
}

func TestAParkedMirrorIsResumedFromTheHealthPage(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	_, mirror := w.talk(ticket, "Q", "?")
	w.must(&bridge.Park{Key: bridge.DeliveryKey{Mirror: mirror}, Reason: "is_archived", Remedy: "Unarchive the channel."})
	if err := w.store.Block(t.Context(), "slack", "T1", "invalid_auth", "Install the app again."); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Quarantine(t.Context(), "slack", "a field is missing", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	b := w.as("ada@example.org")
	has(t, "the page", b.get("/admin/health").body, "is_archived", "Unarchive the channel.", "invalid_auth", "Install the app again.", "a field is missing")
	path := "/admin/mirrors/" + mirror.String() + "/resume"
	if got := b.post(path, url.Values{"next": {"/admin/health"}}); got.to() != "/admin/health" {
		t.Errorf("%d to %q", got.status, got.to())
	}
	page := b.get("/admin/health").body
	has(t, "the page", page, "Resumed.")
	hasNot(t, "the page", page, "is_archived")
	if e := w.last(ticket, bridge.MirrorResumed); e == nil || e.Facts.Person != w.ada {
		t.Errorf("the log has %+v", e)
	}
	b.post(path, nil)
	has(t, "the page after a second time", b.get("/admin/health").body, "Nothing to do")
	if got := b.post("/admin/mirrors/9-9/resume", nil); got.status != http.StatusNotFound {
		t.Errorf("no mirror: %d", got.status)
	}
}

func TestAnAccountIsLinkedToAPerson(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, _ := w.talk(ticket, "Q", "?")
	w.must(w.answer(conv, "100.1", "before"))
	b := w.as("ada@example.org")
	form := url.Values{"surface": {"slack"}, "workspace": {"T1"}, "id": {"U1"}, "person": {w.anders}}
	if got := b.post("/admin/accounts", form); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	w.must(w.answer(conv, "100.2", "after"))
	if e := w.last(ticket, bridge.MessagePosted); e.Facts.Person != w.anders {
		t.Errorf("an answer after it is by %q", e.Facts.Person)
	}
	form.Set("id", "U9")
	if got := b.post("/admin/accounts", form); got.status != http.StatusNotFound {
		t.Errorf("an account nobody has seen: %d", got.status)
	}
}

func TestTheTrailFindsTheEntryThatWasChanged(t *testing.T) {
	for what, tamper := range map[string]func(w *world, ticket int64) error{
		"Entry 2 does not follow": func(w *world, ticket int64) error {
			return w.tamper(`DROP TRIGGER entries_unchanged`, `UPDATE entries SET envelope = '{"role":"admin"}' WHERE seq = 2`)
		},
		"The words of entry 2": func(w *world, ticket int64) error {
			return w.tamper(`DROP TRIGGER contents_unchanged`, `UPDATE contents SET bytes = CAST('{"body":"never said"}' AS BLOB) WHERE seq = 2`)
		},
		"Entry 3 is missing": func(w *world, ticket int64) error {
			return w.tamper(`PRAGMA foreign_keys = 0`, `DROP TRIGGER entries_kept`, `DELETE FROM contents WHERE seq = 3`, `DELETE FROM entries WHERE seq = 3`)
		},
		"not the one that the ticket names": func(w *world, ticket int64) error {
			return w.tamper(`PRAGMA foreign_keys = 0`, `DROP TRIGGER entries_kept`, `DELETE FROM contents WHERE seq = 4`, `DELETE FROM entries WHERE seq = 4`)
		},
	} {
		w := newWorld(t)
		ticket := w.ticket("S", "b")
		w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: "n1"})
		w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: "n2"})
		b := w.as("bob@example.org")
		path := fmt.Sprintf("/tickets/%d/audit", ticket)
		has(t, "an honest trail", b.get(path).body, "All 4 entries were checked")
		if err := tamper(w, ticket); err != nil {
			t.Fatal(err)
		}
		has(t, "a forged trail", b.get(path).body, what)
	}
}

// tamper changes the database behind the store's back, as somebody with access to the file would.
func (w *world) tamper(statements ...string) error {
	var errs []error
	db := w.raw() // one connection, since a pragma counts for its own alone
	for _, s := range statements {
		_, err := db.ExecContext(w.t.Context(), s)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func TestALongTrailIsPaged(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket("S", "b")
	conv, mirror := w.talk(ticket, "Q", "?")
	for i := range 120 {
		m := w.must(&bridge.PostMessage{Actor: w.bobActs(), Conversation: conv, Body: fmt.Sprint("words ", i)}).ID
		key := bridge.DeliveryKey{Mirror: mirror, Seq: m.Seq}
		token := fmt.Sprint("t", i)
		w.must(&bridge.Begin{Key: key, Token: token, Call: bridge.Call{Verb: bridge.VerbPost, Message: m.Seq, Last: true}})
		w.must(&bridge.Settle{Key: key, Token: token, Receipt: bridge.Receipt{Ref: token, Print: "p"}})
	}
	b := w.as("bob@example.org")
	path := fmt.Sprintf("/tickets/%d/audit", ticket)
	short, long := b.get(path).body, b.get(path+"?deliveries=1").body
	if n := strings.Count(short, "<li value"); n != 124 || strings.Contains(short, "Later entries") {
		t.Errorf("without deliveries: %d lines", n)
	}
	if n := strings.Count(long, "<li value"); n != 200 || !strings.Contains(long, "?after=200&amp;deliveries=1") {
		t.Errorf("with deliveries: %d lines", n)
	}
	rest := b.get(path + "?after=200&deliveries=1").body
	has(t, "the rest", rest, "words 119", "From the start")
	hasNot(t, "the rest", rest, "Later entries")
}

// TestEveryKindOfEntryReadsAsASentence fails when a kind is new and has no words.
func TestEveryKindOfEntryReadsAsASentence(t *testing.T) {
	peter := "p"
	nobody := ""
	place := bridge.Place{Surface: "slack", Workspace: "T1", Channel: "C1"}
	for kind, want := range map[bridge.Kind]string{
		bridge.TicketCreated:        "created the ticket “Subject”",
		bridge.TicketChanged:        "set the status to open, set the priority to high, gave it to the group Billing, assigned it to Peter, added the tags a, removed the tags b: because",
		bridge.CustomerWrote:        "wrote to us: because",
		bridge.CustomerReply:        "replied to the customer",
		bridge.NoteWritten:          "wrote an internal note",
		bridge.WordsTaken:           "put the words of message 7 into the reply box",
		bridge.ConversationStarted:  "started side conversation 9 “Subject” with Billing",
		bridge.ConversationClosed:   "closed side conversation 5 “Why?”",
		bridge.ConversationReopened: "reopened side conversation 5 “Why?”",
		bridge.ParticipantAdded:     "added the group Billing",
		bridge.MessagePosted:        "wrote message 9 in side conversation 5 “Why?”",
		bridge.MessageEdited:        "edited message 7",
		bridge.MessageDeleted:       "deleted message 7",
		bridge.ReactionAdded:        "reacted to message 7 with 👍",
		bridge.ReactionRemoved:      "took the reaction 👍 to message 7 back",
		bridge.ThreadAttached:       "attached a thread as side conversation 5 “Why?”",
		bridge.UnseenDeleted:        "deleted a message before we saw it",
		bridge.FileStored:           "stored the file 1 (2.0 KiB) of message 7",
		bridge.FileFailed:           "could not fetch the file 1 (2.0 KiB) of message 7",
		bridge.MirrorOpened:         "opened a mirror in Slack C1",
		bridge.ThreadOpened:         "opened the thread of side conversation 5",
		bridge.DeliveryShown:        "showed part 2 of message 7",
		bridge.DeliveryResent:       "sent entry 8 once more",
		bridge.DeliveryParked:       "stopped showing side conversation 5 “Why?”: because",
		bridge.DeliveryFailed:       "could not show entry 8",
		bridge.MirrorResumed:        "resumed showing side conversation 5",
		bridge.MirrorEnded:          "moved side conversation 5 “Why?” to Slack C1",
		bridge.CopyRemoved:          "found our copy of message 7 removed",
		bridge.CopyChanged:          "changed our copy of message 7",
		bridge.CopyDoubled:          "found a second copy of entry 8",
		bridge.ContentErased:        "erased the words of entry 8",
	} {
		if !kind.Known() {
			t.Errorf("%s is no kind", kind)
		}
		e := &bridge.Entry{Ticket: 1, Seq: 9, Kind: kind, Facts: bridge.Facts{
			Person: "other", Conversation: 5, Message: 7, Mirror: 6, Entry: 8, Part: 1, Emoji: "👍", Place: &place, Reason: "because", Status: "open", Priority: "high", Group: "g",
			Assignee: &peter, Tags: []string{"a"}, Untag: []string{"b"}, Files: []bridge.FileFacts{{N: 0, Size: 2048}},
		}, Words: bridge.Words{Subject: "Subject"}}
		if got := web.Sentence(e); !strings.HasPrefix(got, want) {
			t.Errorf("%s reads %q, want %q", kind, got, want)
		}
	}
	for who, want := range map[*string]string{&nobody: "took the assignee away", &peter: "took the ticket"} {
		if got := web.Sentence(&bridge.Entry{Kind: bridge.TicketChanged, Facts: bridge.Facts{Person: "p", Assignee: who}}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := web.Sentence(&bridge.Entry{Kind: bridge.DeliveryShown}); got != "showed a notice" {
		t.Errorf("a card is %q", got)
	}
}

package discordsim

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// https://docs.discord.com/developers/resources/message#create-message and
// https://github.com/discord/discord-api-docs/pull/6647
func TestEnforcedNonceMakesOneMessage(t *testing.T) {
	r := quiet(t)
	path := "channels/" + r.ch + "/messages"
	enforced := fields{"content": "once", "nonce": "AAAAAAAAAAAAAAAAAAAAAAAA", "enforce_nonce": true}
	first := r.want("POST", path, enforced)
	r.pass(2 * time.Minute)
	if again := r.want("POST", path, enforced); again.id() != first.id() || again.text("nonce") != "AAAAAAAAAAAAAAAAAAAAAAAA" {
		t.Errorf("the second is %s, the first was %s", again.Raw, first.Raw)
	}
	r.pass(2 * time.Minute)
	if late := r.want("POST", path, enforced); late.id() == first.id() {
		t.Error("the nonce outlived its window")
	}
	loose := fields{"content": "twice", "nonce": 12345}
	if a, b := r.want("POST", path, loose), r.want("POST", path, loose); a.id() == b.id() {
		t.Error("a nonce that is not enforced held a message back")
	}
	gone := fields{"content": "gone", "nonce": "gone", "enforce_nonce": true}
	id := r.want("POST", path, gone).id()
	r.want("DELETE", path+"/"+id, nil)
	r.refused(404, 10008, "POST", path, gone)
	a := r.refused(400, 50035, "POST", path, fields{"content": "x", "nonce": strings.Repeat("n", 26)})
	if !strings.Contains(string(a.Raw), `"nonce":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH"`) {
		t.Errorf("errors %s", a.Raw)
	}
	// It is not told to those who read the message later.
	if got := r.want("GET", path+"/"+first.id(), nil); got.fields["nonce"] != nil {
		t.Errorf("GET shows the nonce: %s", got.Raw)
	}
}

// https://docs.discord.com/developers/resources/message#create-message-jsonform-params
// and #embed-object-embed-limits
func TestMessagesHaveLimits(t *testing.T) {
	r := quiet(t)
	embed := func(f fields) fields { return fields{"embeds": []fields{f}} }
	button := func(f fields) fields {
		f["type"], f["style"] = 2, 2
		return fields{"content": "x", "components": []fields{{"type": 1, "components": []fields{f}}}}
	}
	for name, c := range map[string]struct {
		body fields
		code int
		at   string
	}{
		"2000 characters": {fields{"content": long(2000)}, 0, ""},
		"2001 characters": {fields{"content": long(2001)}, 50035, `"content":{"_errors":`},
		"nothing":         {fields{}, 50006, ""},
		"blanks":          {fields{"content": " \n ", "embeds": []fields{}}, 50006, ""},
		"an embed":        {embed(fields{"description": long(4096)}), 0, ""},
		"long title":      {embed(fields{"title": long(257)}), 50035, `"embeds":{"0":{"title":`},
		"long footer":     {embed(fields{"footer": fields{"text": long(2049)}}), 50035, `"footer":{"text":`},
		"empty field":     {embed(fields{"fields": []fields{{"name": "n", "value": ""}}}), 50035, `"fields":{"0":`},
		"6001 in all": {fields{"embeds": []fields{
			{"description": long(4000)}, {"description": long(2001)},
		}}, 50035, `"embeds":`},
		"eleven embeds":  {fields{"embeds": slices.Repeat([]fields{{"title": "t"}}, 11)}, 50035, `"embeds":`},
		"long custom id": {button(fields{"custom_id": strings.Repeat("i", 101), "label": "L"}), 50035, `"components":`},
		"long label":     {button(fields{"custom_id": "i", "label": long(81)}), 50035, `"components":`},
		"a button":       {button(fields{"custom_id": strings.Repeat("i", 100), "label": "L"}), 0, ""},
	} {
		a := r.call("POST", "channels/"+r.ch+"/messages", c.body)
		if a.code() != c.code || !strings.Contains(string(a.Raw), c.at) {
			t.Errorf("%s: %d %s", name, a.Status, a.Raw)
		}
	}
	m := r.post(r.ch, "x")
	r.refused(400, 50006, "PATCH", "channels/"+r.ch+"/messages/"+m, fields{"content": ""})
	r.refused(400, 50035, "PATCH", "channels/"+r.ch+"/messages/"+m, fields{"content": long(2001)})
	if a := r.want("POST", "channels/"+r.ch+"/messages", fields{"content": "  cut \n"}); a.text("content") != "cut" {
		t.Errorf("content %q", a.text("content"))
	}
}

// https://docs.discord.com/developers/resources/message#edit-message and #delete-message
func TestOnlyOwnMessagesAreEditedAndOthersDeletedByPermission(t *testing.T) {
	r := quiet(t)
	theirs := r.must(r.anna.Say(r.ch, "hers"))
	path := "channels/" + r.ch + "/messages/"
	r.refused(403, 50005, "PATCH", path+theirs, fields{"content": "mine"})
	r.refused(403, 50013, "DELETE", path+theirs, nil)
	r.check(r.Allow(r.ch, ManageMessages))
	r.want("DELETE", path+theirs, nil)
	r.refused(404, 10008, "DELETE", path+theirs, nil)
	r.refused(404, 10003, "GET", "channels/1", nil)
	mine := r.want("POST", "channels/"+r.ch+"/messages", fields{"content": "a", "flags": 4096, "embeds": []fields{{"title": "kept"}}})
	edited := r.want("PATCH", path+mine.id(), fields{"content": "b", "flags": 4})
	m, _ := r.Message(r.ch, mine.id())
	if m.Content != "b" || m.Flags != 4096|4 || !strings.Contains(string(m.Embeds), "kept") || edited.text("edited_timestamp") == "" {
		t.Errorf("message %+v", m)
	}
}

// https://docs.discord.com/developers/resources/message#get-channel-messages
func TestListsAreNewestFirstAndPageFromWhatTheyAreAskedFor(t *testing.T) {
	r := quiet(t)
	var all []string
	for i := range 7 {
		all = append(all, r.must(r.anna.Say(r.ch, fmt.Sprint(i))))
	}
	reversed := func(from, to int) []string {
		out := slices.Clone(all[from:to])
		slices.Reverse(out)
		return out
	}
	for query, want := range map[string][]string{
		"":                               reversed(0, 7),
		"?limit=3":                       reversed(4, 7),
		"?limit=2&after=" + all[1]:       reversed(2, 4), // next to the id, not the newest
		"?limit=100&after=" + all[6]:     {},
		"?limit=2&before=" + all[4]:      reversed(2, 4),
		"?limit=3&around=" + all[3]:      reversed(2, 5),
		"?limit=100&after=" + all[3][1:]: reversed(0, 7), // an id of no message, long ago
	} {
		got := ids(r.want("GET", "channels/"+r.ch+"/messages"+query, nil).list())
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
	}
	r.refused(400, 50035, "GET", "channels/"+r.ch+"/messages?limit=101", nil)
	// Without the permission to read the history the list is empty, which is no error.
	r.check(r.Deny(r.ch, ReadMessageHistory))
	if a := r.want("GET", "channels/"+r.ch+"/messages", nil); string(a.Raw) != "[]" {
		t.Errorf("list %s", a.Raw)
	}
}

// https://docs.discord.com/developers/resources/message#message-reference-structure
func TestRepliesNeedWhatTheyAnswerUnlessTheySayOtherwise(t *testing.T) {
	r := quiet(t)
	path, question := "channels/"+r.ch+"/messages", r.must(r.anna.Say(r.ch, "why?"))
	a := r.want("POST", path, fields{"content": "because", "message_reference": fields{"message_id": question}})
	if a.fields["type"] != 19.0 || a.fields["referenced_message"] == nil {
		t.Errorf("reply %s", a.Raw)
	}
	r.check(r.anna.Delete(r.ch, question))
	r.refused(400, 50035, "POST", path, fields{"content": "x", "message_reference": fields{"message_id": question}})
	a = r.want("POST", path, fields{"content": "x", "message_reference": fields{"message_id": question, "fail_if_not_exists": false}})
	if a.fields["type"] != 0.0 {
		t.Errorf("an answer to nothing %s", a.Raw)
	}
}

// https://docs.discord.com/developers/reference#uploading-files and
// #signed-attachment-cdn-urls
func TestFilesAreUploadedKeptAndServedForAWhile(t *testing.T) {
	r := newRig(t, Options{Limits: Limits{Off: true}, MaxFile: 1000, FileTTL: time.Hour})
	path := "channels/" + r.ch + "/messages"
	a := r.upload("POST", path, fields{"content": "two", "attachments": []fields{{"id": 1, "filename": "räport one.txt"}}},
		File{ID: "0", Name: "zero.txt", Content: []byte("nil")}, File{ID: "1", Name: "x", Content: []byte("eins")})
	m, _ := r.Message(r.ch, a.id())
	if len(m.Files) != 2 || m.Files[0].Name != "zero.txt" || m.Files[1].Name != "r_port_one.txt" || string(m.Files[1].Content) != "eins" {
		t.Fatalf("files %+v", m.Files)
	}
	link := func() string {
		list, _ := r.want("GET", path+"/"+a.id(), nil).fields["attachments"].([]any)
		f, _ := list[0].(map[string]any)
		return fmt.Sprint(f["url"])
	}
	old := link()
	if status, body := r.get(old); status != 200 || body != "nil" || !strings.HasPrefix(old, "http://"+r.FileHost()+"/attachments/") {
		t.Errorf("%s: %d %q", old, status, body)
	}
	if status, _ := r.get(strings.Replace(old, "hm=", "hm=0", 1)); status != 404 {
		t.Errorf("a forged link: %d", status)
	}
	r.pass(61 * time.Minute)
	if status, _ := r.get(old); status != 404 {
		t.Errorf("an old link: %d", status)
	}
	if status, _ := r.get(link()); status != 200 {
		t.Errorf("a new link: %d", status)
	}
	// With "attachments" only those listed remain, and new ones are added.
	r.upload("PATCH", path+"/"+a.id(), fields{"attachments": []fields{{"id": m.Files[1].ID}}}, File{ID: "0", Name: "new.txt", Content: []byte("neu")})
	if m, _ = r.Message(r.ch, a.id()); len(m.Files) != 2 || m.Files[0].Name != "r_port_one.txt" || m.Files[1].Name != "new.txt" {
		t.Errorf("files %+v", m.Files)
	}
	if big := r.upload("POST", path, fields{}, File{ID: "0", Name: "big", Content: bytes.Repeat([]byte("x"), 1001)}); big.Status != 413 || big.code() != 40005 {
		t.Errorf("a big file: %d %s", big.Status, big.Raw)
	}
	r.check(r.Deny(r.ch, AttachFiles))
	if a := r.upload("POST", path, fields{}, File{ID: "0", Name: "f", Content: []byte("x")}); a.code() != 50013 {
		t.Errorf("without the permission: %d %s", a.Status, a.Raw)
	}
}

// get loads something without a token.
func (r *rig) get(url string) (status int, body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.ctx(), http.MethodGet, url, nil)
	r.check(err)
	resp, err := r.client.Do(req)
	r.check(err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	r.check(err)
	return resp.StatusCode, string(raw)
}

// https://docs.discord.com/developers/resources/message#create-reaction and #get-reactions
func TestReactionsAreAddedOnceListedAndTakenAway(t *testing.T) {
	r := quiet(t)
	m := r.must(r.anna.Say(r.ch, "hello"))
	path := "channels/" + r.ch + "/messages/" + m + "/reactions/"
	r.want("PUT", path+"%F0%9F%91%8D/@me", nil)
	r.want("PUT", path+"%F0%9F%91%8D/@me", nil)
	r.check(r.anna.React(r.ch, m, "👍"))
	r.want("PUT", path+"party:123/@me", nil)
	if got := ids(r.want("GET", path+"%F0%9F%91%8D", nil).list()); !slices.Equal(got, []string{r.BotID(), r.anna.ID()}) {
		t.Errorf("who reacted: %v", got)
	}
	if got := ids(r.want("GET", path+"%F0%9F%91%8D?limit=1&after="+r.BotID(), nil).list()); !slices.Equal(got, []string{r.anna.ID()}) {
		t.Errorf("who reacted next: %v", got)
	}
	r.want("DELETE", path+"%F0%9F%91%8D/@me", nil)
	r.refused(400, 10014, "PUT", path+"nonsense/@me", nil)
	r.check(r.Deny(r.ch, AddReactions))
	r.want("PUT", path+"%F0%9F%91%8D/@me", nil) // one that is there needs no permission
	r.refused(403, 50013, "PUT", path+"%F0%9F%91%80/@me", nil)
	shown, _ := r.Message(r.ch, m)
	if len(shown.Reactions["👍"]) != 2 || len(shown.Reactions["party"]) != 1 {
		t.Errorf("reactions %v", shown.Reactions)
	}
}

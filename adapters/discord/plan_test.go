package discord

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
)

// planner returns a guild that plans and never calls.
func planner(t testing.TB, more ...func(*Options)) *Guild {
	t.Helper()
	o := Options{
		Token: testToken, Guilds: []string{testGuild}, Inbox: noInbox{},
		Policy: func(string) (mapping.Policy, bool) { return mapping.DefaultPolicy(), false },
		Mention: func(_, target string) (string, bool) {
			return map[string]string{"person/7": testAnders}[target], target == "person/7"
		},
		TicketURL: func(n int64) string { return fmt.Sprintf("https://desk.example.org/tickets/%d", n) },
	}
	for _, change := range more {
		change(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a.Guilds()[0]
}

func asAgents(o *Options) { o.Identity = IdentityAgent }

func testTicket() bridge.TicketContext {
	return bridge.TicketContext{
		ID: 12, Subject: "Charged twice", Status: "open", Priority: "high", Requester: "Carla Customer",
		Email: "carla@example.com", Assignee: "Alice", Tags: []string{"billing"},
	}
}

// planView is an entry as the relay would show it.
func planView(kind bridge.Kind, body string) bridge.View {
	e := &bridge.Entry{Ticket: 12, Seq: 20, Kind: kind}
	e.Facts.Role, e.Facts.Person, e.Facts.Conversation = bridge.RoleAgent, "alice", 2
	e.Words.Name, e.Words.Body = "Alice", body
	v := bridge.View{
		Entry: e, Conversation: bridge.Conversation{ID: bridge.ID{Ticket: 12, Seq: 2}, Open: true},
		Mirror: bridge.Mirror{
			ID: bridge.ID{Ticket: 12, Seq: 3}, Conversation: 2, Rule: "billing", Thread: testThread,
			Place: bridge.Place{Surface: Surface, Workspace: testGuild, Channel: testChannel},
		},
		Subject: "Double charge", StarterName: "Alice", Question: "Why was the customer charged twice?", Ticket: testTicket(),
		Card: testThread,
	}
	if kind == bridge.MessagePosted {
		v.Message = e.Seq
	}
	return v
}

// shown makes a view concern an earlier message, which has posts.
func shown(v bridge.View, refs ...string) bridge.View {
	v.Message, v.Entry.Facts.Message = 10, 10
	for i, ref := range refs {
		v.Copies = append(v.Copies, bridge.Copy{
			CopyKey: bridge.CopyKey{Surface: Surface, Workspace: testGuild, Channel: testChannel, Ref: ref},
			Message: 10, Mirror: 3, Part: i, Entry: 10, Rev: "print", Token: "TOKEN",
		})
	}
	return v
}

// contents are what a plan posts and edits.
func contents(calls []bridge.Call) []*content {
	var out []*content
	for _, c := range calls {
		if c, ok := c.Payload.(*content); ok {
			out = append(out, c)
		}
	}
	return out
}

func units(s string) int { return len(utf16.Encode([]rune(s))) }

// everyView has a view of every kind, and of every kind refused.
func everyView(body string) []bridge.View {
	var out []bridge.View
	for _, kind := range []bridge.Kind{
		bridge.MirrorOpened, bridge.ThreadAttached, bridge.MessagePosted, bridge.MessageEdited, bridge.MessageDeleted, bridge.FileStored,
		bridge.ReactionAdded, bridge.ReactionRemoved, bridge.ConversationClosed, bridge.ConversationReopened, bridge.TicketChanged,
		bridge.ParticipantAdded, bridge.CopyDoubled,
	} {
		v := planView(kind, body)
		if kind != bridge.MessagePosted {
			v = shown(v, "1200000000000001", "1200000000000002")
		}
		v.Asked = v.Message
		v.Entry.Facts.Emoji, v.Entry.Facts.Ref = "👍", "1200000000000009"
		v.Question, v.Subject, v.Ticket.Subject, v.StarterName = body, body, body, body
		v.Entry.Words.Name, v.Entry.Words.Files, v.Entry.Words.Requester = body, []string{body + ".png", "later.png"}, body
		v.Files = []bridge.ViewFile{{Name: body + ".png", Size: 5}, {Name: body, Size: 0}, {Name: "big.iso", Size: 1 << 40}}
		out = append(out, v)
		for _, code := range []string{codeFormInvalid, codeEditedTooOften, codeFileTooLarge, "200000", codeUnknownMessage} {
			v.Rejected = code
			out = append(out, v)
		}
	}
	return out
}

func TestPlanIsPure(t *testing.T) {
	for _, identity := range []string{IdentityBot, IdentityAgent} {
		g := planner(t, func(o *Options) { o.Identity, o.LockClosed = identity, true })
		for _, v := range everyView("some **words** with [a link](https://example.org) and [@Anders](mention:person/7)") {
			one, two := fmt.Sprintf("%#v", g.Plan(v)), fmt.Sprintf("%#v", g.Plan(v))
			a, b := g.Plan(v), g.Plan(v)
			for i := range a {
				one += fmt.Sprintf("%+v", a[i].Payload)
				two += fmt.Sprintf("%+v", b[i].Payload)
			}
			if len(a) != len(b) || stripPointers(one) != stripPointers(two) {
				t.Errorf("%s was planned as\n%s\nand as\n%s", v.Entry.Kind, one, two)
			}
		}
	}
}

// stripPointers takes addresses out of a rendering.
func stripPointers(s string) string {
	var out []string
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" (){}[],:", r) }) {
		if !strings.HasPrefix(word, "0x") {
			out = append(out, word)
		}
	}
	return strings.Join(out, " ")
}

// sent is every text of a call as Discord gets it.
func sent(t *testing.T, c bridge.Call) post {
	t.Helper()
	at := bridge.Attempt{Call: c, Token: "ABCDEFGHIJKLMNOPQRSTUVWX"}
	p, ok := c.Payload.(*content)
	if !ok {
		return post{}
	}
	if c.Verb == bridge.VerbEdit {
		return newEdit(p, at)
	}
	return newPost(p, at)
}

// Whatever somebody says, nobody is called but the very people whom they mention: in
// posts, edits, the card, names, file names and the thread's name.
func TestNobodyIsCalledButWhoIsMentioned(t *testing.T) {
	for _, hostile := range []string{
		"@everyone", "@here", "<@&1500000000000001>", "<@1500000000000002>", "<@!1500000000000002>", "@EVERYONE now",
		"`@everyone`", "```\n@here\n```", "[x](https://e.example/@everyone)", "@\u200beveryone @everyone", "||@everyone||",
		"<a href=x>@everyone</a>", "[@all](broadcast:everyone)", "[@leads](group:discord/1000000000000000/1500000000000001)",
	} {
		for _, identity := range []string{IdentityBot, IdentityAgent} {
			g := planner(t, func(o *Options) { o.Identity = identity })
			for _, v := range everyView(hostile) {
				for _, c := range g.Plan(v) {
					checkQuiet(t, hostile, c, sent(t, c))
				}
			}
		}
	}
	g := planner(t)
	for _, v := range []bridge.View{
		planView(bridge.MessagePosted, "ask [@Anders](mention:person/7) and [@Bo](mention:person/8)"),
		shown(planView(bridge.MessageEdited, "ask [@Anders](mention:person/7) and [@Bo](mention:person/8)"), "1200000000000001"),
	} {
		p := sent(t, g.Plan(v)[0])
		if !slices.Equal(p.Mentions.Users, []string{testAnders}) || !strings.Contains(p.Content, "<@"+testAnders+">") {
			t.Errorf("%s: %+v", v.Entry.Kind, p)
		}
	}
}

func checkQuiet(t *testing.T, hostile string, c bridge.Call, p post) {
	t.Helper()
	if o, ok := c.Payload.(*opening); ok && strings.Contains(strings.ToLower(o.name), "@everyone") {
		t.Errorf("%q: the thread is called %q", hostile, o.name)
	}
	payload, ok := c.Payload.(*content)
	if !ok {
		return
	}
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Mentions map[string]json.RawMessage `json:"allowed_mentions"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if string(got.Mentions["parse"]) != "[]" || got.Mentions["users"] != nil || got.Mentions["roles"] != nil {
		t.Errorf("%q: allowed_mentions %s", hostile, raw)
	}
	// The card's embed calls nobody, but its text is copied.
	for _, text := range []string{p.Content, payload.author, payload.thread, string(raw)} {
		if low := strings.ToLower(text); strings.Contains(low, "@everyone") || strings.Contains(low, "@here") {
			t.Errorf("%q: sent as %q", hostile, text)
		}
	}
}

func TestEverythingIsWithinDiscordsLimits(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		strings.Repeat("word and ", 600), strings.Repeat("x", 5_000), strings.Repeat("😀", 2_500), strings.Repeat("**b** `c`\n", 400),
		"```\n" + strings.Repeat("code\n", 900) + "```", strings.Repeat("[l](https://example.org/a)\n\n", 150),
	} {
		for _, identity := range []string{IdentityBot, IdentityAgent} {
			g := planner(t, func(o *Options) { o.Identity = identity })
			for _, v := range everyView(body) {
				for _, c := range g.Plan(v) {
					checkLimits(t, v, c)
				}
			}
		}
	}
}

func checkLimits(t *testing.T, v bridge.View, c bridge.Call) {
	t.Helper()
	if o, ok := c.Payload.(*opening); ok && (units(o.name) > maxThreadName || o.name == "") {
		t.Errorf("a thread's name has %d characters", units(o.name))
	}
	p, ok := c.Payload.(*content)
	if !ok {
		return
	}
	if units(p.text) > maxText || units(p.author) > maxHookName || len(p.files) > maxFiles {
		t.Errorf("%s: %d characters by %q with %d files", v.Entry.Kind, units(p.text), p.author, len(p.files))
	}
	if p.text == "" && p.embed == nil && len(p.files) == 0 {
		t.Errorf("%s (%s): an empty post", v.Entry.Kind, v.Rejected)
	}
	if p.embed == nil {
		return
	}
	total := units(p.embed.Title) + units(p.embed.Description)
	for _, f := range p.embed.Fields {
		total += units(f.Name) + units(f.Value)
		if units(f.Value) > 1024 || f.Value == "" {
			t.Errorf("field %s has %d characters", f.Name, units(f.Value))
		}
	}
	if total > 6000 || units(p.embed.Title) > maxTitle || units(p.embed.Description) > 4096 {
		t.Errorf("an embed of %d characters, title %d", total, units(p.embed.Title))
	}
}

func TestCardTellsWhatTheRuleAllowsAndCarriesTheToken(t *testing.T) {
	g := planner(t)
	calls := g.Plan(planView(bridge.MirrorOpened, ""))
	if len(calls) != 2 || !calls[0].Root || calls[1].Payload.(*opening).name != "#12 Double charge" {
		t.Fatalf("planned %+v", calls)
	}
	p := sent(t, calls[0])
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Ticket #12: Double charge", "Why was the customer charged twice?", "Alice", "https://desk.example.org/tickets/12"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("the card lacks %q: %s", want, raw)
		}
	}
	if strings.Contains(string(raw), "carla@example.com") {
		t.Errorf("the card tells what the rule does not allow: %s", raw)
	}
	if p.Nonce != "ABCDEFGHIJKLMNOPQRSTUVWX" || !p.Enforce || len(p.Nonce) > 25 {
		t.Errorf("nonce %q, enforced %v", p.Nonce, p.Enforce)
	}
	var got message
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if token := buttonToken(got.Components); token != p.Nonce {
		t.Errorf("the buttons carry %q: %s", token, raw)
	}
	var actions []string
	for _, c := range got.Components[0].Components {
		action, _, _ := cutButton(c.CustomID)
		actions = append(actions, action)
	}
	if want := []string{bridge.PressClose, bridge.PressTake, bridge.PressShow, ""}; !slices.Equal(actions, want) {
		t.Errorf("buttons %q", actions)
	}
}

func TestEditedCardKeepsTheTokenOfItsPost(t *testing.T) {
	at := bridge.Attempt{
		Token: "OTHER", Call: bridge.Call{Verb: bridge.VerbEdit, Ref: testThread},
		Known: []bridge.Copy{{CopyKey: bridge.CopyKey{Ref: testThread}, Token: "FIRST"}},
	}
	if token := postToken(at); token != "FIRST" {
		t.Errorf("token %q", token)
	}
}

func TestEditUsesThePostsThatAreThere(t *testing.T) {
	g := planner(t)
	refs := []string{"1200000000000001", "1200000000000002", "1200000000000003"}
	type call struct {
		Verb bridge.Verb
		Ref  string
	}
	plan := func(body string, refs ...string) (calls []call, last string) {
		for _, c := range g.Plan(shown(planView(bridge.MessageEdited, body), refs...)) {
			calls = append(calls, call{c.Verb, c.Ref})
			if p, ok := c.Payload.(*content); ok {
				last = p.text
			}
		}
		return calls, last
	}
	got, _ := plan("short now", refs...)
	want := []call{{bridge.VerbEdit, refs[0]}, {bridge.VerbDelete, refs[1]}, {bridge.VerbDelete, refs[2]}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spare posts (-want +got):\n%s", diff)
	}
	got, last := plan(strings.Repeat("very long ", 700), refs[0])
	if diff := cmp.Diff(want[:1], got); diff != "" || !strings.Contains(last, "the rest is in the ticket") || units(last) > maxText {
		t.Errorf("%s; the last part has %d characters and ends %q", diff, units(last), last[max(0, len(last)-100):])
	}
	if got, last = plan("   ", refs[0]); len(got) != 1 || !strings.Contains(last, "no text") {
		t.Errorf("an edit to nothing: %v %q", got, last)
	}
}

func TestFilesComeWithTheWordsUpToDiscordsLimits(t *testing.T) {
	g := planner(t)
	v := planView(bridge.MessagePosted, "see these")
	for i := range 12 {
		v.Files = append(v.Files, bridge.ViewFile{Name: fmt.Sprintf("%d.png", i), Size: 10})
	}
	v.Files = append(v.Files, bridge.ViewFile{Name: "a.iso", Size: 9 << 20}, bridge.ViewFile{Name: "b.iso", Size: 9 << 20},
		bridge.ViewFile{Name: "c.iso", Size: 9 << 20}, bridge.ViewFile{Name: "big.iso", Size: 11 << 20}, bridge.ViewFile{Name: "empty.txt"})
	calls := g.Plan(v)
	var sizes []int
	for _, c := range contents(calls) {
		sizes = append(sizes, len(c.files))
	}
	if want := []int{10, 4, 1}; !slices.Equal(sizes, want) {
		t.Errorf("files %v, want %v", sizes, want)
	}
	text := contents(calls)[0].text
	for _, want := range []string{"**Alice (agent)**", "see these", "big.iso", "too large", "empty.txt", "is empty", "/tickets/12"} {
		if !strings.Contains(strings.ReplaceAll(text, "\\", ""), want) {
			t.Errorf("the words lack %q: %q", want, text)
		}
	}
	if !calls[0].Slow || contents(calls)[1].print != filesOnly {
		t.Errorf("calls %+v", calls)
	}
}

// A post of files is no post of words: an edit of the words must not overwrite it.
func TestFilePostsAreLeftAloneByEdits(t *testing.T) {
	g := planner(t)
	v := shown(planView(bridge.MessageEdited, "new words"), "1200000000000001", "1200000000000002", "1200000000000003")
	v.Copies[1].Rev, v.Copies[2].Rev, v.Copies[2].Entry = filesOnly, filesOnly, 15
	calls := g.Plan(v)
	if len(calls) != 1 || calls[0].Ref != "1200000000000001" {
		t.Errorf("planned %+v", calls)
	}
	v.Copies[0].Rev = filesOnly // the message had no words
	if calls = g.Plan(v); len(calls) != 1 || calls[0].Ref != "1200000000000001" {
		t.Errorf("words for a message of files: %+v", calls)
	}
}

func TestAgentsNamesAreOnesThatDiscordTakes(t *testing.T) {
	for in, want := range map[string]string{
		"Alice (agent)":       "Alice (agent)",
		"Clyde Barrow":        "Cly·de Barrow",
		"Sanne (Discord)":     "Sanne (Dis·cord)",
		"@everyone":           "everyone (somebody)",
		"here":                "here (somebody)",
		"":                    "(somebody)",
		"a#b:c```d":           "abcd",
		"dis#cord":            "dis·cord",
		"two\nlines":          "two lines",
		"  spaces   between ": "spaces between",
	} {
		if got := hookName(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzAgentsNames(f *testing.F) {
	for _, s := range []string{"Alice", "clyDISCORDde", "ＤＩＳＣＯＲＤ", strings.Repeat("😀discord", 50), "@here", "disdiscordcord"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name := hookName(s)
		low := strings.ToLower(name)
		if n := units(name); n < 1 || n > maxHookName || strings.Contains(low, "clyde") || strings.Contains(low, "discord") ||
			low == "everyone" || low == "here" || strings.ContainsAny(name, "@#:\n") {
			t.Errorf("%q becomes %q", s, name)
		}
	})
}

func TestAgentsPostsCarryTheirNamesAndNotInTheText(t *testing.T) {
	g := planner(t, asAgents)
	c := contents(g.Plan(planView(bridge.MessagePosted, "hello")))[0]
	if c.author != "Alice (agent)" || c.person != "alice" || c.text != "hello" {
		t.Errorf("%+v", c)
	}
	v := planView(bridge.MessagePosted, "from elsewhere")
	v.Entry.Facts.Role, v.Entry.Words.Name = bridge.RoleExpert, "Sanne"
	v.Entry.Facts.Source = &bridge.Source{Surface: "slack", Workspace: "T1", Channel: "C1"}
	if c := contents(g.Plan(v))[0]; c.author != "Sanne (Slack)" {
		t.Errorf("%+v", c)
	}
	if c := contents(g.Plan(planView(bridge.ConversationClosed, ""))); c[len(c)-1].author != "" {
		t.Errorf("a notice goes under %q", c[len(c)-1].author)
	}
}

func TestClosingLocksLastAndReopeningUnlocksFirst(t *testing.T) {
	g := planner(t, func(o *Options) { o.LockClosed = true })
	v := planView(bridge.ConversationClosed, "")
	v.Conversation.Open = false
	closed := g.Plan(v)
	if l, ok := closed[len(closed)-1].Payload.(*locking); !ok || !l.on || len(closed) != 3 {
		t.Errorf("closed: %+v", closed)
	}
	reopened := g.Plan(planView(bridge.ConversationReopened, ""))
	if l, ok := reopened[0].Payload.(*locking); !ok || l.on || l.gently || len(reopened) != 3 {
		t.Errorf("reopened: %+v", reopened)
	}
	g = planner(t)
	if closed := g.Plan(v); len(closed) != 2 {
		t.Errorf("closed without the setting: %+v", closed)
	}
	if l, ok := g.Plan(planView(bridge.ConversationReopened, ""))[0].Payload.(*locking); !ok || !l.gently {
		t.Error("a thread that a moderator locked stays locked")
	}
}

func TestReactionsAreOneCallThatCanBeRepeated(t *testing.T) {
	g := planner(t)
	v := shown(planView(bridge.ReactionAdded, ""), "1200000000000001")
	v.Entry.Facts.Emoji = "👍"
	v.Reactions = []bridge.Reaction{{ReactionKey: bridge.ReactionKey{Emoji: "👍"}}}
	calls := g.Plan(v)
	if len(calls) != 1 || calls[0].Verb != bridge.VerbEdit || calls[0].Message != 0 || calls[0].Ref != "1200000000000001" {
		t.Fatalf("planned %+v", calls)
	}
	if r := calls[0].Payload.(*reacting); !r.on || r.emoji != "👍" {
		t.Errorf("%+v", r)
	}
	v.Reactions = nil
	if r := g.Plan(v)[0].Payload.(*reacting); r.on {
		t.Errorf("%+v", r)
	}
	v.Entry.Facts.Emoji = ":party_parrot:"
	if calls := g.Plan(v); len(calls) != 0 {
		t.Errorf("a workspace's own emoji: %+v", calls)
	}
}

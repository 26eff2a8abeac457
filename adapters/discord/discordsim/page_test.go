package discordsim

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// page loads a page of the simulator.
func (r *rig) page(path string) (*http.Response, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.ctx(), http.MethodGet, r.BaseURL()+path, nil)
	r.check(err)
	resp, err := r.client.Do(req)
	r.check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	r.check(err)
	return resp, string(body)
}

// look shows a channel, with a thread beside it, to a person.
func (r *rig) look(as *Person, channel, thread string) string {
	r.t.Helper()
	_, body := r.page(place{As: as.ID(), Channel: channel, Thread: thread}.URL())
	return body
}

// act submits a form of the page as Anna and returns the page that follows.
func (r *rig) act(do, in string, pairs ...string) string {
	r.t.Helper()
	v := url.Values{"as": {r.anna.ID()}, "channel": {r.ch}, "do": {do}, "in": {in}}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	resp, err := r.client.PostForm(r.BaseURL()+"/act", v)
	r.check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	r.check(err)
	return string(body)
}

func (r *rig) shows(body string, words ...string) {
	r.t.Helper()
	for _, want := range words {
		if !strings.Contains(body, want) {
			r.t.Errorf("no %q in the page", want)
		}
	}
}

// newest returns the interaction that was made last.
func (r *rig) newest() (in *interaction) {
	r.t.Helper()
	r.Sim.mu.Lock()
	defer r.Sim.mu.Unlock()
	for _, other := range r.inters {
		if in == nil || compareIDs(other.id, in.id) > 0 {
			in = other
		}
	}
	if in == nil {
		r.t.Fatal("nothing was used")
	}
	return in
}

// answer gives the first answer to what was used last.
func (r *rig) answer(kind int, data fields) *interaction {
	r.t.Helper()
	in := r.newest()
	r.want("POST", "interactions/"+in.id+"/"+in.token+"/callback", fields{"type": kind, "data": data})
	return in
}

func TestPagePlaysAPerson(t *testing.T) {
	r := quiet(t)
	resp, body := r.page("/")
	r.shows(body, "Simulated Discord", "Anna Berg", "billing", "No messages yet")
	if got := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") || strings.Contains(got, "unsafe") {
		t.Errorf("policy %q", got)
	}

	r.shows(r.act("post", r.ch, "text", "I am **Anna**"), "I am <strong>Anna</strong>")
	id := r.Channel(r.ch)[0].ID
	r.act("edit", r.ch, "message", id, "text", "edited")
	r.act("react", r.ch, "message", id, "emoji", "👍")
	r.act("post", r.ch, "reply", id, "text", "an answer")
	r.shows(r.act("start-thread", r.ch, "message", id, "name", "a talk"), `aria-label="Thread"`, "a talk")
	r.act("post", id, "text", "in the thread")
	said := r.Channel(r.ch)
	if len(said) != 2 || said[0].Content != "edited" || len(said[0].Reactions["👍"]) != 1 || said[1].Type != 19 {
		t.Fatalf("said %+v", said)
	}
	if got := r.Channel(id); got[len(got)-1].Content != "in the thread" {
		t.Errorf("in the thread %+v", got)
	}
	r.shows(r.look(r.anna, r.ch, ""), "↪ Anna Berg: edited", "1 message")
	r.act("react", r.ch, "message", id, "emoji", "👍")
	r.act("delete", r.ch, "message", said[1].ID)
	if said = r.Channel(r.ch); len(said) != 1 || len(said[0].Reactions) != 0 {
		t.Errorf("said %+v", said)
	}
	r.shows(r.act("edit", r.ch, "message", "1", "text", "x"), "That is not there, or not any more.")
	r.shows(r.act("post", r.ch, "text", long(2001)), "That is not allowed here")
}

func TestPagePostsInForumsAndModerates(t *testing.T) {
	r := quiet(t)
	forum := r.AddChannel(ChannelSpec{Name: "questions", Forum: true})
	r.shows(r.look(r.anna, forum, ""), "No posts yet", "New post")
	r.shows(r.act("new-post", forum, "name", "Refund?", "text", "How do I make one?"), "Refund?", "How do I make one?", `aria-label="Thread"`)
	post := r.Threads(forum)[0]
	r.shows(r.look(r.anna, forum, ""), "Refund?", "How do I make one?", "Anna Berg", "0 replies")
	r.act("lock", post)
	r.shows(r.look(r.anna, forum, post), "A moderator has locked this thread", "Unlock")
	r.act("unlock", post)
	r.act("archive", post)
	if st, _ := r.State(post); st.Locked || !st.Archived {
		t.Errorf("state %+v", st)
	}
	r.act("delete-thread", post)
	if st, _ := r.State(post); !st.Gone {
		t.Errorf("state %+v", st)
	}
}

// card lets the bot post a card with a thread, and returns the thread's id.
func (r *rig) card() string {
	r.t.Helper()
	id := r.want("POST", "channels/"+r.ch+"/messages", fields{
		"embeds": []fields{{
			"title": `Ticket \#7`, "description": "_why_ [here](https://example.com)", "footer": fields{"text": "small print"},
			"fields": []fields{{"name": "Priority", "value": "**high**", "inline": true}},
		}},
		"components": []fields{{"type": 1, "components": []fields{
			{"type": 2, "style": 1, "label": "Show ticket", "custom_id": "sb:show:7"},
			{"type": 2, "style": 5, "label": "Open ticket", "url": "https://example.com/7"},
		}}},
	}).id()
	return r.want("POST", "channels/"+r.ch+"/messages/"+id+"/threads", fields{"name": "#7 why"}).id()
}

func TestPageShowsTheCardAndPressesItsButtons(t *testing.T) {
	r := quiet(t)
	bo := r.AddUser(UserSpec{Name: "bo"})
	card := r.card()
	r.shows(r.look(r.anna, r.ch, card), "<h3>Ticket #7</h3>", "<em>why</em>", "<strong>high</strong>", "small print", ">Show ticket</button>",
		`<a href="https://example.com" rel="noreferrer noopener" target="_blank">here</a>`, `href="https://example.com/7"`)

	r.act("press", r.ch, "message", card, "button", "sb:show:7", "thread", card)
	in := r.answer(5, fields{"flags": 64})
	r.shows(r.look(r.anna, r.ch, card), "Sidebridge is thinking…")
	r.want("PATCH", "webhooks/"+r.AppID()+"/"+in.token+"/messages/@original", fields{"content": "only for **Anna**"})
	_, thread, _ := strings.Cut(r.look(r.anna, r.ch, card), `aria-label="Thread"`)
	r.shows(thread, "only for <strong>Anna</strong>", "Only you can see this") // beside the card that was used
	if strings.Contains(r.look(bo, r.ch, card), "only for") {
		t.Error("somebody else sees the answer")
	}
	r.act("dismiss", r.ch, "message", r.Ephemerals()[0].ID)
	if strings.Contains(r.look(r.anna, r.ch, card), "only for") {
		t.Error("an answer that was dismissed is shown")
	}

	r.act("press", r.ch, "message", card, "button", "sb:show:7")
	r.pass(r.opts.AnswerWithin * 2)
	r.shows(r.look(r.anna, r.ch, ""), "The application did not respond")
}

func TestPageUsesCommandsAndForms(t *testing.T) {
	r := quiet(t)
	r.want("PUT", "applications/"+r.AppID()+"/guilds/"+r.GuildID()+"/commands", []fields{
		{"name": "ask", "description": "Ask somebody", "options": []fields{
			{"name": "question", "type": 3, "required": true, "description": "What"}, {"name": "ticket", "type": 4, "description": "Which"},
		}},
		{"name": "Attach to ticket", "type": 3},
	})
	id := r.must(r.anna.Say(r.ch, "this one"))
	r.shows(r.look(r.anna, r.ch, ""), "Use /ask", "Ask somebody", ">Attach to ticket</button>")

	r.shows(r.act("command", r.ch, "command", "ask", "option:ticket", "7"), "/ask needs its option question")
	r.shows(r.act("command", r.ch, "command", "ask", "option:question", "why", "option:ticket", "x"), "That is not allowed here: the option ticket is a number.")
	r.act("command", r.ch, "command", "ask", "option:question", "why", "option:ticket", "7")
	r.answer(4, fields{"content": "asked", "flags": 64})
	r.act("post", r.ch, "text", "/ask why not")
	r.answer(4, fields{"content": "asked again", "flags": 64})
	r.shows(r.act("post", r.ch, "text", "/nothing"), "there is no command /nothing")
	r.shows(r.look(r.anna, r.ch, ""), "asked again")
	if said := r.Channel(r.ch); len(said) != 1 {
		t.Errorf("a command was said: %+v", said)
	}

	r.act("menu", r.ch, "message", id, "command", "Attach to ticket")
	in := r.answer(9, fields{"custom_id": "attach", "title": "Attach", "components": []fields{{"type": 1, "components": []fields{
		{"type": 4, "style": 1, "custom_id": "ticket", "label": "Ticket number", "max_length": 4},
	}}}})
	r.shows(r.look(r.anna, r.ch, ""), `<dialog open`, "Ticket number", `maxlength="4"`)
	r.shows(r.act("submit", r.ch, "interaction", in.id), "Ticket number is missing", "<dialog open")
	if body := r.act("submit", r.ch, "interaction", in.id, "value:ticket", "4711"); strings.Contains(body, "<dialog") {
		t.Error("the form is still there")
	}
	if got := r.newest(); got.kind != sentForm {
		t.Errorf("the form was not sent: %+v", got)
	}
}

func TestPageEscapesWhateverIsPosted(t *testing.T) {
	r := quiet(t)
	evil := `<script>alert(1)</script><img src=x onerror=alert(1)>"'` + "`"
	links := "[x](javascript:alert(1)) [" + evil + "](https://example.com/\"onx=1) <javascript:alert(1)>"
	r.post(r.ch, evil+links)
	r.want("POST", "channels/"+r.ch+"/messages", fields{
		"embeds":     []fields{{"title": evil, "url": "javascript:alert(1)", "description": evil + links, "fields": []fields{{"name": evil, "value": evil}}}},
		"components": []fields{{"type": 1, "components": []fields{{"type": 2, "label": "x", "style": 5, "url": "javascript:alert(1)"}}}},
	})
	mallory := r.AddUser(UserSpec{Name: evil})
	id := r.must(mallory.Send(r.ch, Draft{Content: links, Files: []File{{Name: evil + ".html", Content: []byte("<script>alert(1)</script>")}}}))
	r.must(mallory.StartThread(r.ch, id, evil))
	r.AddChannel(ChannelSpec{Name: evil})
	_, body := r.page(place{As: mallory.ID(), Channel: r.ch, Thread: id}.URL() + "&problem=" + url.QueryEscape(evil))
	doc, err := html.Parse(strings.NewReader(body))
	r.check(err)
	scripts := 0
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "script" {
			scripts++
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Val, "javascript:") {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
	}
	if scripts != 1 {
		t.Errorf("%d script elements, want the page's own", scripts)
	}
	if _, avatar := r.page("/sim/avatar?name=" + url.QueryEscape(evil)); strings.Contains(avatar, "script") {
		t.Errorf("avatar %s", avatar)
	}
	for _, m := range r.Channel(r.ch) {
		for _, f := range m.Files {
			resp, _ := r.page("/sim/file/" + f.ID + "/x")
			if resp.Header.Get("Content-Type") != "application/octet-stream" || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "sandbox") {
				t.Errorf("a file is served as %v", resp.Header)
			}
		}
	}
}

func TestPageNamesEveryControlAndRepeatsNoID(t *testing.T) {
	r := quiet(t)
	card := r.card()
	r.must(r.anna.Say(card, "hello"))
	_, err := r.anna.Press(r.ch, card, "sb:show")
	r.check(err)
	r.answer(4, fields{"content": "answer", "flags": 64})
	doc, err := html.Parse(strings.NewReader(r.look(r.anna, r.ch, card)))
	r.check(err)
	seen := map[string]bool{}
	for n := range doc.Descendants() {
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		if id := attr["id"]; id != "" && seen[id] {
			t.Errorf("id %s is there twice", id)
		} else {
			seen[id] = true
		}
		switch n.Data {
		case "button", "a", "summary":
			if attr["aria-label"] == "" && strings.TrimSpace(textOf(n)) == "" {
				t.Errorf("<%s> has no name: %v", n.Data, attr)
			}
		case "input", "textarea":
			inLabel := n.Parent != nil && n.Parent.Data == "label"
			if attr["type"] != "hidden" && attr["aria-label"] == "" && !inLabel {
				t.Errorf("<%s> has no name: %v", n.Data, attr)
			}
		case "img":
			if _, ok := attr["alt"]; !ok {
				t.Errorf("an image has no alt: %v", attr)
			}
		}
	}
}

func textOf(n *html.Node) (text string) {
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			text += d.Data
		}
	}
	return text
}

func TestPageRefusesOtherSites(t *testing.T) {
	r := quiet(t)
	for _, path := range []string{"/act", "/sim/post"} {
		req, err := http.NewRequestWithContext(r.ctx(), http.MethodPost, r.BaseURL()+path, strings.NewReader("do=post"))
		r.check(err)
		req.Header.Set("Origin", "https://evil.example")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if got := r.send(req); got.Status != http.StatusForbidden {
			t.Errorf("%s: status %d", path, got.Status)
		}
	}
}

func TestAddressesOfDiscordLeadToTheThreadOnThePage(t *testing.T) {
	r := quiet(t)
	card := r.card()
	answer := r.must(r.anna.Say(card, "the answer"))
	at := "/channels/" + r.GuildID() + "/"
	for path, anchor := range map[string]string{
		at + card:                "",
		at + card + "/" + answer: "m-" + answer,
		at + card + "/" + card:   "t-" + card,
		at + r.ch + "/" + card:   "m-" + card,
	} {
		resp, body := r.page(path)
		if resp.StatusCode != http.StatusOK || resp.Request.URL.Fragment != anchor || anchor != "" && !strings.Contains(body, `id="`+anchor+`"`) {
			t.Errorf("%s landed on %s with %d", path, resp.Request.URL, resp.StatusCode)
		}
		if got := strings.Contains(body, "the answer"); got != strings.HasPrefix(path, at+card) {
			t.Errorf("%s: the thread is shown: %v", path, got)
		}
	}
	for _, path := range []string{at + "1", "/channels/1/" + card} {
		if resp, _ := r.page(path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

func TestPageIsToldOfChanges(t *testing.T) {
	r := quiet(t)
	req, err := http.NewRequestWithContext(r.ctx(), http.MethodGet, r.BaseURL()+"/sim/live", nil)
	r.check(err)
	resp, err := r.client.Do(req)
	r.check(err)
	defer resp.Body.Close()
	buffer := make([]byte, 100)
	if _, err := resp.Body.Read(buffer); err != nil {
		t.Fatal(err)
	}
	r.must(r.anna.Say(r.ch, "hello"))
	n, err := resp.Body.Read(buffer)
	if err != nil || !strings.Contains(string(buffer[:n]), "data: changed") {
		t.Errorf("got %q, %v", buffer[:n], err)
	}
}

// plain writes nodes so that a test can read them.
func plain(nodes []node) string {
	var out strings.Builder
	for _, n := range nodes {
		text := n.Text
		if n.Kind == "text" {
			out.WriteString(text)
			continue
		}
		if n.URL != "" && n.URL != n.Text {
			text = n.URL + " "
		}
		fmt.Fprintf(&out, "{%s %s%s}", n.Kind, text, plain(n.Children))
	}
	return out.String()
}

func TestMarkdownLooksAsInDiscord(t *testing.T) {
	r := quiet(t)
	anna := r.anna.ID()
	for text, want := range map[string]string{
		"a **b *c* d** e":                                "{paragraph a {bold b {italic c} d} e}",
		"__u__ _i_ ~~s~~ ||x||":                          "{paragraph {underline u} {italic i} {strike s} {spoiler x}}",
		"snake_case_name * 2 * 3":                        "{paragraph snake_case_name * 2 * 3}",
		`\*not\* \_this\_`:                               "{paragraph *not* _this_}",
		"`a*b*` and ``c`d``":                             "{paragraph {code a*b*} and {code c`d}}",
		"```go\nx := 1\n```\nafter":                      "{pre x := 1}{paragraph after}",
		"> q1\n> q2\nend":                                "{quote {paragraph q1\nq2}}{paragraph end}",
		">>> all\nof it":                                 "{quote {paragraph all\nof it}}",
		"# Head\n-# small":                               "{header Head}{small small}",
		"- a\n- **b**\n1. c":                             "{list {item a}{item {bold b}}}{numbers {item c}}",
		"see https://a.b/c_d. ok":                        "{paragraph see {link https://a.b/c_d}. ok}",
		"<https://a.b> [x](https://a.b/y)":               "{paragraph {link https://a.b} {link https://a.b/y x}}",
		"<@" + anna + "> <@1> <#" + r.ch + "> @everyone": "{paragraph {mention @Anna Berg} {mention @unknown} {mention #billing} {mention @everyone}}",
		"<:tada:12> <t:0:R>":                             "{paragraph :tada: 1 January 1970 00:00}",
	} {
		if got := plain(r.markdown(text)); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}

func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{"**a", "***a***", "`", "```\n", "> \n>>> ", "||_~~*||", "[a](https://b)", "<@1>", "\\", "- - -"} {
		f.Add(seed)
	}
	s := New(Options{})
	f.Fuzz(func(t *testing.T, text string) {
		_ = plain(s.markdown(text[:min(len(text), 4000)]))
	})
}

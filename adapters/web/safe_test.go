package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
)

// plainHostile is how many texts of hostile are not wrapped in anything.
const plainHostile = 73

// hostile are what strangers write where they hope for a script to run, or for a
// page to look like another. Each has the word "pwned", by which it is recognised.
func hostile() []string {
	out := []string{
		`<script>pwned()</script>`, `</textarea><script>pwned()</script>`, `</title><script>pwned()</script>`, `"><script>pwned()</script>`,
		`'><img src=x onerror=pwned()>`, `<img src=x onerror=pwned()>`, `<img src="x" onerror="pwned()" />`, `" onmouseover="pwned()" x="`,
		`' onfocus='pwned()' autofocus='`, "` onclick=pwned() `", `<svg onload=pwned()>`, `<svg><script>pwned()</script></svg>`,
		`<svg><animate onbegin=pwned() attributeName=x dur=1s>`, `<math><mtext><table><mglyph><style><img src=x onerror=pwned()>`,
		`<iframe src="javascript:pwned()"></iframe>`, `<iframe srcdoc="<script>pwned()</script>">`, `<object data="javascript:pwned()">`,
		`<embed src="javascript:pwned()">`, `<base href="https://pwned.example/">`, `<meta http-equiv="refresh" content="0;url=javascript:pwned()">`,
		`<link rel=stylesheet href="https://pwned.example/x.css">`, `<style>@import "https://pwned.example"</style>`, `<form action="https://pwned.example"><button>`,
		`<a href="javascript:pwned()">x</a>`, `[x](javascript:pwned())`, `[x](JaVaScRiPt:pwned())`, `[x](java&#115;cript:pwned())`, "[x](java\tscript:pwned())",
		`[x](data:text/html;base64,PHNjcmlwdD5wd25lZCgpPC9zY3JpcHQ+)`, `[x](vbscript:pwned())`, `![x](javascript:pwned())`, `![pwned](https://pwned.example/x.png)`,
		`<javascript:pwned()>`, `[x](<javascript:pwned()>)`, `[x]: javascript:pwned()`, `[x](https://ok.example "onclick=pwned()")`,
		`[" onmouseover="pwned()](https://ok.example)`, `[x](https://ok.example/" onmouseover="pwned())`, "```\"><script>pwned()</script>\nx\n```",
		"```html onclick=pwned()\nx\n```", `<!--><script>pwned()</script>-->`, `<![CDATA[<script>pwned()</script>]]>`, `<?xml pwned?>`, `{{pwned}}`, `{{.Pwned}} pwned`,
		`<details open ontoggle=pwned()>`, `<video><source onerror=pwned()>`, `<audio src=x onerror=pwned()>`, `<body onload=pwned()>`, `<input autofocus onfocus=pwned()>`,
		`<select onfocus=pwned() autofocus>`, `<marquee onstart=pwned()>`, `<isindex action=javascript:pwned() type=image>`, `<x onclick=pwned()>x`, `<a id=m1 name=pwned>`,
		`</script><script>pwned()</script>`, `\u003cscript\u003epwned()\u003c/script\u003e`, `&lt;script&gt;pwned()&lt;/script&gt;`, `&#60;script&#62;pwned()`, `%3Cscript%3Epwned()%3C/script%3E`,
		"<scr\x00ipt>pwned()</scr\x00ipt>", `<<script>pwned();//<</script>`, `<script/x>pwned()</script>`, `<SCRIPT SRC=//pwned.example></SCRIPT>`, "\u202e<script>pwned()</script>",
		`[@pwned](mention:"onclick="pwned())`, `[@<img src=x onerror=pwned()>](mention:slack/T/U)`, `[x](date:1?f=<script>pwned()</script>)`, `[#pwned](channel:javascript:pwned())`,
		`[x](broadcast:" onclick="pwned())`, `[x](group:javascript:pwned())`, "pwned\r\nSet-Cookie: a=b", `pwned` + strings.Repeat("<b>", 50),
	}
	// The same through another's quotes and tags.
	for _, wrap := range []string{`<b>%s</b>`, `"%s"`, `'%s'`, `<a href="%s">`, `[%s](%[1]s)`, `*%s*`, "`%s`", `> %s`, `- %s`, `# %s`} {
		for _, h := range out[:50] {
			out = append(out, fmt.Sprintf(wrap, h))
		}
	}
	return out
}

// elements are those that our templates and markup.HTML write, with their attributes.
func elements() map[string]string {
	return map[string]string{
		"html": "lang", "head": "", "body": "data-me data-at data-unread", "meta": "charset name content", "title": "", "link": "rel href type data-read data-unread", "script": "type src",
		"header": "class id data-state", "nav": "aria-label class id", "main": "id tabindex class", "section": "class id aria-labelledby tabindex data-into data-first data-once role data-id data-read",
		"div":     "class id hidden tabindex aria-label data-order data-log data-ticket data-seq data-preview aria-live data-text data-loaded role data-max-file data-me data-people",
		"article": "class id data-into tabindex aria-labelledby", "aside": "", "span": "class aria-hidden role aria-live data-live-state hidden",
		"p": "class id role hidden", "h1": "", "h2": "id", "h3": "id", "h4": "class", "h5": "", "h6": "", "b": "class", "strong": "", "em": "", "kbd": "", "del": "", "q": "", "small": "", "code": "class title", "pre": "tabindex",
		"blockquote": "class", "hr": "", "br": "", "ul": "class id aria-label", "ol": "class start", "li": "class value id data-mirror data-need data-place title data-state-of data-cursor data-state",
		"dl": "class id", "dt": "", "dd": "class", "table": "class id hidden data-at data-show", "thead": "", "tbody": "id", "tr": "id data-at", "th": "scope", "td": "",
		"a":    "class href title download rel target data-history data-row aria-current",
		"time": "datetime title", "img": "src alt loading", "details": "class id open data-keep data-load", "summary": "class",
		"form":   "method action class enctype data-live data-reset data-close data-use data-dismiss data-unread data-read-all hidden role aria-label id",
		"input":  "type name value id class required maxlength minlength autocomplete autofocus checked list placeholder aria-describedby data-was data-submit data-channels data-search aria-label multiple autocapitalize spellcheck data-complete",
		"button": "class formaction formnovalidate aria-label title type name value hidden data-preview-text data-confirm aria-pressed", "textarea": "id name rows required placeholder data-complete", "select": "name required data-preview-of",
		"option": "value selected", "optgroup": "label", "label": "class for", "fieldset": "", "legend": "", "datalist": "id",
		"svg": "class viewbox aria-hidden focusable", "path": "d", "circle": "cx cy r", "rect": "x y width height rx",
	}
}

// unsafe lists what a page has that none of our templates writes.
func unsafe(page string) []string {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	allowed := elements()
	var out []string
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.CommentNode {
			out = append(out, "comment "+n.Data)
		}
		if n.Type == html.ElementNode {
			attrs, ok := allowed[n.Data]
			if !ok {
				out = append(out, "element "+n.Data)
			}
			for _, a := range n.Attr {
				if !slices.Contains(strings.Fields(attrs), strings.ToLower(a.Key)) {
					out = append(out, "attribute "+n.Data+" "+a.Key)
				}
				if bad := unsafeLink(n.Data, a.Key, a.Val); bad {
					out = append(out, "address "+a.Val)
				}
			}
			if n.Data == "script" && (n.FirstChild != nil || len(n.Attr) != 2) {
				out = append(out, "script with words")
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	return out
}

// unsafeLink reports addresses that are neither ours nor an ordinary link in somebody's words.
func unsafeLink(element, key, value string) bool {
	switch key {
	case "href", "src", "action", "formaction":
	default:
		return false
	}
	u, err := url.Parse(value)
	if err != nil {
		return true
	}
	if element == "a" && key == "href" {
		return !slices.Contains([]string{"", "http", "https", "mailto"}, u.Scheme)
	}
	return u.Scheme != "" || u.Host != ""
}

func TestHostileWordsStayWords(t *testing.T) {
	w := newWorld(t)
	admin := w.as("ada@example.org")
	all := hostile()
	if len(all) < 500 {
		t.Errorf("%d hostile texts, want 500", len(all))
	}
	seen := 0
	for i, bad := range all {
		if i%3 != 0 || i >= plainHostile {
			continue // every text through the words of notes; a share of them through every field, which takes time
		}
		for path, page := range w.everywhere(admin, i, bad) {
			if found := unsafe(page); len(found) > 0 {
				t.Errorf("%q on %s: %q", bad, path, found)
			}
			seen += strings.Count(page, "pwned")
		}
	}
	for i := 0; i < len(all); i += 50 {
		ticket := w.ticket("S", "b")
		for _, bad := range all[i:min(i+50, len(all))] {
			w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: bad})
		}
		if found := unsafe(admin.get(fmt.Sprintf("/tickets/%d", ticket)).body); len(found) > 0 {
			t.Errorf("notes from %d: %q", i, found)
		}
	}
	if seen < 1000 {
		t.Errorf("the pages show the hostile words %d times: the test does not reach them", seen)
	}
}

// filled is what fill has made.
type filled struct {
	ticket  int64
	group   string
	message bridge.ID // said in a chat, and edited there
}

func (f filled) path() string { return fmt.Sprintf("/tickets/%d", f.ticket) }

// fill puts a text into every field that a stranger, an expert or an agent can write.
func (w *world) fill(i int, bad string) filled {
	w.t.Helper()
	ctx := w.t.Context()
	known := bridge.Known{Name: "x" + bad, Role: bridge.RoleExpert}
	if _, err := w.store.CreatePerson(ctx, known, ""); err != nil {
		w.t.Fatal(err)
	}
	group, err := w.store.SaveGroup(ctx, "", fmt.Sprint(i, bad))
	if err != nil {
		w.t.Fatal(err)
	}
	place := bridge.Place{Surface: "slack", Workspace: "T1", Channel: fmt.Sprint("C", i)}
	if err := w.store.PutChannels(ctx, []store.Channel{{Place: place, Name: bad}}); err != nil {
		w.t.Fatal(err)
	}
	w.setRules(mapping.Rule{
		ID: "r1", Name: bad, When: mapping.Conditions{Groups: []string{group}, TagsNone: []string{bad}}, Fields: mapping.DefaultPolicy(),
		Channels: []mapping.Channel{{Surface: place.Surface, Workspace: place.Workspace, ID: place.Channel}},
	})
	agent := w.actor(w.bob, bad, bridge.RoleAgent)
	file := []bridge.FileUpload{{Name: bad, MIME: "image/png", Size: 1, Hash: "aa"}}
	ticket := w.must(&bridge.CreateTicket{
		Actor: agent, Subject: "s" + strings.ReplaceAll(bad, "\r\n", " "), Requester: bad, Email: bad, Body: bad, Group: group, Channel: bad, Tags: []string{bad}, Files: file,
	}).ID.Ticket
	w.must(&bridge.ReplyToCustomer{Actor: agent, Ticket: ticket, Body: bad, Files: file})
	conv := w.must(&bridge.StartConversation{
		Actor: agent, Ticket: ticket, Subject: "s" + bad, Group: group, Targets: []bridge.Target{{Place: place, Rule: "r1"}}, Body: bad, Files: file,
	}).ID
	mirror := bridge.ID{Ticket: ticket, Seq: conv.Seq + 1}
	key := bridge.DeliveryKey{Mirror: mirror, Seq: mirror.Seq}
	w.must(&bridge.Begin{Key: key, Token: fmt.Sprint("t", i), Call: bridge.Call{Verb: bridge.VerbPost, Root: true, Last: true}})
	w.must(&bridge.Settle{Key: key, Token: fmt.Sprint("t", i), Receipt: bridge.Receipt{Ref: "r"}})
	in := &bridge.Inbound{
		Kind: bridge.InPost, Author: bridge.Account{Surface: "slack", Workspace: "T1", ID: bad}, AuthorName: bad, Body: bad,
		Source: bridge.Source{Surface: "slack", Workspace: "T1", Channel: place.Channel, Thread: "r", Ref: "1", Order: "1"},
		Files:  []bridge.InboundFile{{Ref: bad, Name: bad, MIME: bad}},
	}
	m := w.must(in).ID
	edit := *in
	edit.Kind, edit.Source.Rev = bridge.InEdit, "2"
	w.must(&edit)
	w.must(&bridge.ChangeTicket{Actor: agent, Ticket: ticket, Assignee: &w.bob, AssigneeName: bad, Note: bad, Reason: bad, Conversation: conv.Seq})
	w.must(&bridge.Park{Key: bridge.DeliveryKey{Mirror: mirror}, Reason: bad, Remedy: bad, Error: bad})
	if err := w.store.Quarantine(ctx, bad, bad, []byte(bad)); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Block(ctx, "slack", bad, bad, bad); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.CreateToken(ctx, bad, fmt.Sprint("h", i), w.ada); err != nil {
		w.t.Fatal(err)
	}
	id := w.must(&bridge.AskApproval{Actor: agent, Conversation: conv, Body: bad, Approvers: []bridge.Known{{Person: w.anders, Name: bad}}}).ID
	w.must(&bridge.AnswerApproval{Actor: w.actor(w.anders, bad, bridge.RoleExpert), Approval: id, Approve: true, Note: bad})
	return filled{ticket, group, m}
}

// everywhere puts a text into every field, and returns the pages that show them.
func (w *world) everywhere(admin *browser, i int, bad string) map[string]string {
	w.t.Helper()
	f := w.fill(i, bad)
	pages := map[string]string{}
	path := f.path()
	for _, p := range []string{
		path, path + "?take=" + fmt.Sprint(f.message.Seq), path + "/audit?deliveries=1", "/m/" + f.message.String() + "/history", "/tickets?show=" + url.QueryEscape(bad), "/sign-in?next=" + url.QueryEscape(bad),
	} {
		pages[p] = admin.get(p).body
	}
	if i%8 == 0 {
		for _, p := range []string{"/admin/people", "/admin/mapping", "/admin/rules/r1", "/admin/tokens", "/admin/health"} {
			pages[p] = admin.get(p).body
		}
	}
	form := hostileForm(bad, f.group)
	for _, p := range []string{path + "/conversations", "/tickets", "/admin/people", "/admin/rules", "/admin/mapping/test", "/sign-in"} {
		pages["POST "+p] = admin.post(p, form).body
	}
	return pages
}

// hostileForm fills every form at once.
func hostileForm(bad, group string) url.Values {
	return url.Values{"to": {bad}, "subject": {bad}, "body": {bad}, "name": {bad}, "email": {bad}, "requester": {""}, "tags": {bad}, "group": {group}, "channel": {bad}, "priority": {bad}}
}

func TestFilesNeverRunHere(t *testing.T) {
	w := newWorld(t)
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00", 64)
	contents := []struct{ name, body, mime string }{
		{"page.html", "<script>alert(1)</script>", "text/html"},
		{"pic.svg", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "image/svg+xml"},
		{"pic.png", png, "image/png"},
		{"fake.png", "<html><script>alert(1)</script>", "image/png"},
		{"naïve \"quoted\"\r\nX-Evil: 1.txt", "text", "text/plain"},
	}
	var files []bridge.FileUpload
	for _, c := range contents {
		hash, size, err := w.store.PutBlob(t.Context(), strings.NewReader(c.body), 1000)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, bridge.FileUpload{Name: c.name, MIME: c.mime, Size: size, Hash: hash})
	}
	ticket := w.ticket("S", "b")
	note := w.must(&bridge.WriteNote{Actor: w.bobActs(), Ticket: ticket, Body: "files", Files: files}).ID
	b := w.as("bob@example.org")
	for n, c := range contents {
		for _, query := range []string{"", "?view=1"} {
			path := fmt.Sprintf("/files/%d/%d/%d%s", ticket, note.Seq, n, query)
			got := b.get(path)
			if got.status != http.StatusOK || got.body != c.body {
				t.Errorf("%s %s: %d, %d bytes", c.name, query, got.status, len(got.body))
			}
			disposition, kind := got.header.Get("Content-Disposition"), got.header.Get("Content-Type")
			inline := query != "" && c.name == "pic.png"
			if inline && (kind != "image/png" || !strings.HasPrefix(disposition, "inline")) ||
				!inline && (kind != "application/octet-stream" || !strings.HasPrefix(disposition, "attachment")) {
				t.Errorf("%s %s: %s, %s", c.name, query, kind, disposition)
			}
			if csp := got.header.Get("Content-Security-Policy"); csp != "sandbox; default-src 'none'" || got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("X-Evil") != "" {
				t.Errorf("%s %s: %v", c.name, query, got.header)
			}
		}
	}
	for _, path := range []string{"/files/1/1/0", fmt.Sprintf("/files/%d/%d/9", ticket, note.Seq), "/files/x/1/0", "/files/99/1/0"} {
		if got := b.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, got.status)
		}
	}
}

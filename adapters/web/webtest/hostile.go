package webtest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
)

// HostileCount is how many hostile texts Hostile makes.
const HostileCount = 500

// call is what a hostile text wants to run. A page's own scripts have no such function.
const call = "pwned()"

// Hostile returns texts that strangers write where they hope for a script to run or for a
// page to look like another: each of the ways in below, through each of the wrappings, so
// many that every way and every wrapping comes up often. Each has the word "pwned", and no
// two are the same. The first ones are the plainest, and any first part of them has a bit
// of everything.
func Hostile() []string {
	seen := map[string]bool{}
	var out []string
	ways, wraps := waysIn(), wrappings()
	for round := 0; len(out) < HostileCount; round++ {
		for i, way := range ways {
			text := wraps[(i*7+round)%len(wraps)](way)
			if round == 0 {
				text = way
			}
			if !seen[text] && len(out) < HostileCount {
				seen[text] = true
				out = append(out, text)
			}
		}
	}
	return out
}

// waysIn are what would run where nothing guards a page, and what only looks like it.
// They come interleaved, so that any stretch of them has every sort.
func waysIn() []string {
	sorts := [][]string{handlers(), scripts(), addresses(), breakouts(), markdown(), chats(), templates(), looksAlike()}
	var out []string
	for n := 0; ; n++ {
		found := false
		for _, sort := range sorts {
			if n < len(sort) {
				out, found = append(out, sort[n]), true
			}
		}
		if !found {
			return out
		}
	}
}

// handlers are elements with handlers of events that need nobody.
func handlers() (out []string) {
	for _, e := range []struct{ tag, event, more string }{
		{"img", "onerror", "src=x"},
		{"svg", "onload", ""},
		{"input", "onfocus", "autofocus"},
		{"details", "ontoggle", "open"},
		{"audio", "onerror", "src=x"},
		{"video", "onerror", "src=x"},
		{"body", "onload", ""},
		{"select", "onfocus", "autofocus"},
		{"textarea", "onfocus", "autofocus"},
		{"marquee", "onstart", ""},
		{"object", "onerror", "data=x"},
		{"style", "onload", ""},
		{"iframe", "onload", ""},
		{"a", "onmouseover", "href=x"},
		{"x", "onclick", "tabindex=1"},
		{"button", "onfocus", "autofocus"},
		{"div", "onanimationstart", "style=animation-name:fresh"},
		{"svg><animate", "onbegin", "attributeName=x dur=1s"},
	} {
		out = append(out,
			fmt.Sprintf("<%s %s %s=%s>", e.tag, e.more, e.event, call),
			fmt.Sprintf(`<%s/%s/%s="%s"//`, strings.ToUpper(e.tag), e.more, e.event, call), // never closed
			fmt.Sprintf("<%s\n%s\t%s\n=\n'%s'>x", e.tag, e.more, strings.ToUpper(e.event), call),
		)
	}
	return out
}

// scripts are elements that are or load scripts, styles and documents.
func scripts() []string {
	return []string{
		"<script>" + call + "</script>", "<SCRIPT>" + call + "</SCRIPT>", "<script/x>" + call + "</script>", "<<script>" + call + ";//<</script>", "<scr\x00ipt>" + call + "</scr\x00ipt>",
		"<scr<script>ipt>" + call + "</scr</script>ipt>", "<script\n>" + call + "</script\n>", `<script src="data:text/javascript,` + call + `"></script>`, "<script src=//pwned.example></script>",
		`<script type=module>` + call + `</script>`, "<svg><script>" + call + "</script></svg>", "<svg><script>&#112;wned()</script>pwned</svg>", `<iframe srcdoc="<script>` + call + `</script>">`,
		`<iframe srcdoc="&lt;script&gt;parent.` + call + `&lt;/script&gt;">`, `<object data="data:text/html,<script>` + call + `</script>">`, `<embed src="data:text/html,<script>` + call + `</script>">`,
		`<link rel=stylesheet href="https://pwned.example/x.css">`, `<style>@import "https://pwned.example/x.css";</style>`, `<style>*{background:url(https://pwned.example/x)}</style>`,
		`<base href="https://pwned.example/">`, `<meta http-equiv=refresh content="0;url=https://pwned.example/">`, `<meta http-equiv=refresh content="0;url=data:text/html,<script>` + call + `</script>">`,
		`<form action="https://pwned.example/"><button autofocus>x</button></form>`, `<math><mtext><table><mglyph><style><img src=x onerror=` + call + `>`, `<noscript><p title="</noscript><img src=x onerror=` + call + `>">`,
		`<template><script>` + call + `</script></template>`, `<frameset onload=` + call + `>`, `<!--><script>` + call + `</script>-->`, `<![CDATA[<script>` + call + `</script>]]>`, `<?xml pwned?><script>` + call + `</script>`,
	}
}

// addresses are links that would run.
func addresses() (out []string) {
	data := "data:text/html;base64," + base64.StdEncoding.EncodeToString([]byte("<script>"+call+"</script>")) + "#pwned"
	for _, a := range []string{
		"javascript:" + call, "JaVaScRiPt:" + call, "java\tscript:" + call, "java\nscript:" + call, "\x01javascript:" + call, " javascript:" + call, "javascript&colon;" + call,
		"&#106;avascript:" + call, "&#x6A;avascript:" + call, "javascript://ok.example/%0a" + call, "vbscript:" + call, data, "blob:pwned", "file:///pwned", "//pwned.example", `\\pwned.example`,
		"view-source:javascript:" + call, "feed:javascript:" + call, "javascript:" + url.QueryEscape(call) + ";" + call,
	} {
		out = append(out, `<a href="`+a+`">pwned</a>`, "["+"x"+"]("+a+")", a)
	}
	return out
}

// breakouts end what they stand in first.
func breakouts() (out []string) {
	for _, end := range []string{
		`">`, `'>`, "`>", "</textarea>", "</title>", "</script>", "</style>", "</select>", "</option></select>", "-->", "]]>", "</svg>", "</template>", "</noscript>", "</pre></code>", "</a>", `"/>`, `\">`,
	} {
		out = append(out, end+"<img src=x onerror="+call+">")
	}
	return append(out,
		`" autofocus onfocus="`+call+`" x="`, `' autofocus onfocus='`+call+`' x='`, "x autofocus onfocus="+call, `" onmouseover="`+call, `";`+call+`;//`, `';`+call+`;//`, "`;"+call+`;//`,
		`\";`+call+`;//`, "\u2028"+call+"//", "*/"+call+"/*", `"};`+call+`;{"`, "</script><script>"+call+"</script>", "pwned\r\nSet-Cookie: pwned=1", "pwned\r\n\r\n<script>"+call+"</script>",
		"data: pwned\n\nevent: reload\ndata: x\n\n", // a line of a stream of events
	)
}

// markdown hides them in what becomes HTML.
func markdown() []string {
	return []string{
		"![x](javascript:" + call + ")", "![pwned](https://pwned.example/x.png)", "<javascript:" + call + ">", "[x](<javascript:" + call + ">)", "[x]: javascript:" + call + "\n\n[x]", "[x]\n\n[x]: <javascript:" + call + ">",
		`[x](https://ok.example "` + `\" onclick=` + call + `")`, `[" onmouseover="` + call + `](https://ok.example)`, `[x](https://ok.example/" onmouseover="` + call + `)`, "[x](https://ok.example/'onclick='" + call + ")",
		"```\"><script>" + call + "</script>\nx\n```", "```html onclick=" + call + "\nx\n```", "    <script>" + call + "</script>", "~~~\n</code></pre><script>" + call + "</script>\n~~~", "`<script>" + call + "</script>`",
		"> <script>" + call + "</script>", "- <img src=x onerror=" + call + ">", "# <img src=x onerror=" + call + ">", "| <img src=x onerror=" + call + "> |\n|---|", "**<script>" + call + "</script>**", "[<img src=x onerror=" + call + ">](https://ok.example)",
		"&lt;script&gt;" + call + "&lt;/script&gt;", "&#60;script&#62;" + call, "\\<script>" + call + "</script>", "<https://ok.example/\"onclick=" + call + ">", "[^1]: <script>" + call + "</script>", "[x](https://ok.example)<!--\n<script>" + call + "</script>-->",
	}
}

// chats hide them in what Slack, Discord and our own marks mean.
func chats() []string {
	return []string{
		"<javascript:" + call + "|pwned>", "<https://ok.example|<img src=x onerror=" + call + ">>", "<@U1|<script>" + call + "</script>>", "<#C1|\"><script>" + call + "</script>>", "<!date^1^{date}|<script>" + call + "</script>>",
		"<!date^1^{date}^javascript:" + call + "|pwned>", "<!subteam^S1|<script>" + call + "</script>>", "<mailto:x@ok.example?\"onclick=" + call + "|pwned>", "<@1><script>" + call + "</script>", "<@&1|pwned>" + call, "<:pwned:1\"onerror=" + call + ">",
		"<t:1:\"><script>" + call + "</script>>", "||<script>" + call + "</script>||", "-# <script>" + call + "</script>", ":pwned\"><script>" + call + "</script>:", `[@pwned](mention:"onclick="` + call + ")", "[@<img src=x onerror=" + call + ">](mention:slack/T/U)",
		"[x](date:1?f=<script>" + call + "</script>)", "[#pwned](channel:javascript:" + call + ")", `[x](broadcast:" onclick="` + call + ")", "[x](group:javascript:" + call + ")", "[@x](mention:person/<script>" + call + "</script>)",
		"\u202e<script>" + call + "</script>\u202c", "@everyone <script>" + call + "</script>", "<https://ok.example/\u202e|pwned" + call + ">",
	}
}

// templates are what other engines would fill in.
func templates() []string {
	return []string{
		"{{" + call + "}}", "{{.pwned}}", `{{template "base" .}}pwned`, `{{printf "<script>` + call + `</script>"}}`, "${" + call + "}", "<%= " + call + " %>", "#{" + call + "}", "[[${" + call + "}]]", "{%raw%}<script>" + call + "</script>{%endraw%}",
		"{{constructor.constructor('" + call + "')()}}", "{{`<script>" + call + "</script>`}}", "{{ticket.requester.email}} pwned", "%s%n%x pwned", "$(pwned)", "`pwned`", "'; DROP TABLE entries;-- pwned", `" OR "pwned"="pwned`, "../../pwned", "pwned\x00.png",
	}
}

// looksAlike would be harmless words but for what decodes them once too often, and for
// names that scripts of the page look for.
func looksAlike() []string {
	return []string{
		"%3Cscript%3E" + call + "%3C/script%3E", "%253Cscript%253E" + call, `\u003cscript\u003e` + call + `\u003c/script\u003e`, `\x3cscript\x3e` + call, "&amp;lt;script&amp;gt;" + call, "＜script＞" + call + "＜/script＞", "+ADw-script+AD4-" + call,
		"<a id=main name=pwned>", "<form id=ticket name=pwned><input name=action>", `<div id="taken" data-text="pwned">`, `<img name=body alt=pwned>`, `<div data-into="ticket-log" data-use data-live>pwned</div>`, `<form data-live action=/sign-out method=post>pwned</form>`,
		"pwned" + strings.Repeat("<b>", 60), strings.Repeat("[", 60) + "pwned", strings.Repeat("> ", 60) + "pwned", "pwned" + strings.Repeat("\u0301", 60), "<a\u00a0href=javascript:" + call + ">x</a>", "<ſcript>" + call + "</ſcript>", "<ımg src=x onerror=" + call + ">",
	}
}

// wrappings put a way in into something else.
func wrappings() []func(string) string {
	format := func(f string) func(string) string { return func(s string) string { return fmt.Sprintf(f, s) } }
	entities := func(s string) string {
		var b strings.Builder
		for _, r := range s {
			if strings.ContainsRune("<>\"'():", r) {
				fmt.Fprintf(&b, "&#%d;", r)
				continue
			}
			b.WriteRune(r)
		}
		return b.String()
	}
	mixed := func(s string) string { // letters of tags in turns; the call stays as it is
		parts := strings.Split(s, call)
		for i, p := range parts {
			odd := false
			parts[i] = strings.Map(func(r rune) rune {
				if odd = !odd; odd {
					return []rune(strings.ToUpper(string(r)))[0]
				}
				return r
			}, p)
		}
		return strings.Join(parts, call) + " pwned"
	}
	return []func(string) string{
		format("<b>%s</b>"), format(`"%s"`), format("'%s'"), format(`<a href="%s">`), format("[%s](https://ok.example)"), format("[x](%s)"), format("*%s*"), format("`%s`"), format("> %s"), format("- %s"), format("# %s"),
		format("</textarea></title>%s"), format("<!-- %s"), format("<div title='%s'>"), format("```\n%s\n```"), format("<svg>%s</svg>"), format("<%s"), format("\ufeff%s"), format("%s\n\n%[1]s"), format("hello %s world"),
		entities, func(s string) string { return url.QueryEscape(s) + " pwned" }, mixed, func(s string) string { return strings.ReplaceAll(s, " ", "/") },
	}
}

package markup

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

// allowed are the tags that HTML writes, with the attributes each may have.
var allowed = map[string][]string{
	"p": nil, "br": nil, "hr": nil, "strong": nil, "em": nil, "del": nil, "ul": nil, "li": nil, "blockquote": nil, "pre": nil,
	"h3": nil, "h4": nil, "h5": nil, "h6": nil,
	"a": {"href", "rel", "target"}, "code": {"class"}, "ol": {"start"}, "span": {"class"}, "time": {"datetime"},
}

// checkHTML fails unless the page has our tags only, no address but safe ones,
// and is what a parser makes of it: every tag closed, in order.
func checkHTML(t fataler, md string) {
	t.Helper()
	out := string(HTML(md))
	var open []string
	z := html.NewTokenizer(strings.NewReader(out))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Fatalf("%v left open in %q (%q)", open, out, md)
			}
			return
		case html.CommentToken, html.DoctypeToken:
			t.Fatalf("comment in %q (%q)", out, md)
		case html.StartTagToken:
			tok := z.Token()
			checkTag(t, tok, md)
			if tok.Data != "br" && tok.Data != "hr" {
				open = append(open, tok.Data)
			}
		case html.EndTagToken:
			tok := z.Token()
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				t.Fatalf("</%s> closes %v in %q (%q)", tok.Data, open, out, md)
			}
			open = open[:len(open)-1]
		}
	}
}

func checkTag(t fataler, tok html.Token, md string) {
	t.Helper()
	attrs, ok := allowed[tok.Data]
	if !ok {
		t.Fatalf("tag %s from %q", tok.Data, md)
	}
	for _, a := range tok.Attr {
		if !slices.Contains(attrs, a.Key) {
			t.Fatalf("attribute %s=%q from %q", a.Key, a.Val, md)
		}
		if a.Key != "href" {
			continue
		}
		u, err := url.Parse(a.Val)
		if err != nil || !slices.Contains([]string{"http", "https", "mailto"}, strings.ToLower(u.Scheme)) {
			t.Fatalf("link to %q from %q", a.Val, md)
		}
	}
	if tok.Data == "a" && len(tok.Attr) != 3 {
		t.Fatalf("link without rel and target: %v", tok)
	}
}

// Each of these runs script, loads something or breaks out of the page when a
// renderer is careless.
var xss = []string{
	`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg/onload=alert(1)>`, `<iframe src="javascript:alert(1)">`,
	`<a href="javascript:alert(1)">x</a>`, `<style>*{display:none}</style>`, `<!--><script>alert(1)</script>-->`, `<![CDATA[<script>]]>`,
	`<div onclick="alert(1)">x</div>`, `</p></div><script>alert(1)</script>`, `<base href="https://evil.example/">`, `<meta http-equiv=refresh content=0>`,
	`<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`, `<template><script>alert(1)</script></template>`, `<plaintext>`, `<textarea><script>`,
	`[x](javascript:alert(1))`, `[x](JaVaScRiPt:alert(1))`, `[x](java&#10;script:alert(1))`, `[x](java&Tab;script:alert(1))`, "[x](java\tscript:alert(1))",
	`[x](&#106;avascript:alert(1))`, `[x](&#x6a;&#x61;vascript:alert(1))`, `[x](javascript&colon;alert(1))`, `[x](\javascript:alert(1))`, `[x]( javascript:alert(1))`,
	`[x](<javascript:alert(1)>)`, `[x](vbscript:msgbox(1))`, `[x](data:text/html;base64,PHNjcmlwdD4=)`, `[x](file:///etc/passwd)`, `[x](//evil.example)`, `[x](/admin?delete)`, `[x](?a)`, `[x](#a)`,
	`[x](blob:https://a)`, `[x](view-source:https://a)`, `[x](ftp://a/b)`, `[x](tel:112)`, `[x](slack://open)`, `[x](intent://a#Intent;end)`, `[x](https:evil)`, `[x](https:///evil)`, `[x](http://)`,
	`<javascript:alert(1)>`, `<data:text/html,x>`, `<vbscript:x>`, `<mention:slack/T1/U1>`,
	`![x](javascript:alert(1))`, `![x](https://evil.example/pixel.png)`, `![x](data:image/svg+xml,<svg onload=alert(1)>)`, `![<script>](https://a.example)`,
	`[x](https://a.example/"onmouseover="alert(1))`, `[x](https://a.example/'onmouseover='alert(1))`, `[x](<https://a.example/" onmouseover="alert(1)>)`,
	`[x](https://a.example "title\" onmouseover=\"alert(1)")`, `[<img src=x onerror=alert(1)>](https://a.example)`, `[x](https://a.example/&quot;onmouseover=alert(1))`,
	`[x](https://user:pass@a.example/)`, `[a](https://a.example)](https://b.example)`, `[[a](https://a.example)](https://b.example)`, `![[a](https://a.example)](https://b.example)`,
	"```\"><script>alert(1)</script>\nx\n```", "```js onload=alert(1)\nx\n```", "~~~ <b>\n</code></pre><script>\n~~~", "`</code><script>alert(1)</script>`", "    </pre><script>alert(1)</script>",
	`[<script>](mention:slack/T1/U1)`, `[x](mention:"><script>)`, `[x](date:1?f=<script>)`, `[x](date:1?f=x&l=javascript:alert(1))`, `[x](date:9999999999999)`, `[x](date:-1)`, `[x](broadcast:"><b>)`,
	`https://a.example/"onmouseover="alert(1)`, `https://a.example/<script>`, "https://a.example/\x00", `http://[::1`, `https://a.example/%zz`, `https://a.example/'`,
	"\x00<script>", "<scr\x00ipt>", "\xff<script>\xfe", "<\u200bscript>", `&lt;script&gt;`, `&#60;script&#62;`, `\<script\>`, `# <script>`, `> <script>`, `- <script>`, `1. <script>`, `| <script> |`, `<script`, `x<script>alert(1)</script`,
	`[ref]: javascript:alert(1)` + "\n\n[ref]", `[x][ref]` + "\n\n[ref]: javascript:alert(1)", `:<script>:`, `:tada":`, `<a@b.example>`, `<a"b@c.example>`, `**<script>**`, `~~</del><script>~~`,
}

func TestHTMLHasNoTagThatSomebodyWrote(t *testing.T) {
	policy := bluemonday.NewPolicy()
	policy.AllowElements("p", "br", "hr", "strong", "em", "del", "ul", "li", "blockquote", "pre", "h3", "h4", "h5", "h6", "code", "span", "time", "ol")
	policy.AllowAttrs("href", "rel", "target").OnElements("a")
	policy.AllowAttrs("class").OnElements("code", "span")
	policy.AllowAttrs("start").OnElements("ol")
	policy.AllowAttrs("datetime").OnElements("time")
	policy.AllowURLSchemes("http", "https", "mailto")
	policy.RequireParseableURLs(true)
	for _, md := range xss {
		checkHTML(t, md)
		// An allow-list sanitiser finds nothing to take away.
		out := string(HTML(md))
		if got := policy.Sanitize(out); len(tags(got)) != len(tags(out)) {
			t.Errorf("%q: sanitised %q to %q", md, out, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		checkHTML(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(append(xss, fragments...)), 1, 5).Draw(t, "md"), ""))
	})
}

var tagPattern = regexp.MustCompile(`<[^>]*>`)

func tags(s string) []string { return tagPattern.FindAllString(s, -1) }

func TestHTMLCorpus(t *testing.T) {
	corpus(t, "html.txtar", ".md", ".html", func(t *testing.T, in string) string {
		checkHTML(t, in)
		return strings.TrimSuffix(string(HTML(in)), "\n")
	})
}

func FuzzHTML(f *testing.F) {
	for _, md := range xss {
		f.Add(md)
	}
	f.Fuzz(func(t *testing.T, md string) { checkHTML(t, md) })
}

package slacksim

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rich returns text and the elements of the rich_text block that a person's
// client sends for it.
func (w *world) typedAs(input string) (text, elements string) {
	w.t.Helper()
	m, _ := w.Message(w.ch, w.post(w.anna, input))
	var list []struct{ Elements json.RawMessage }
	w.check(json.Unmarshal(m.Blocks, &list))
	return m.Text, compact(w.t, list[0].Elements)
}

func section(leaves string) string {
	return `[{"type":"rich_text_section","elements":[` + leaves + `]}]`
}

func TestTypedTextBecomesTextAndRichText(t *testing.T) {
	w := start(t, Options{})
	group := w.AddGroup("support", "Support", w.anna)
	bo := w.bo.ID()
	for _, c := range []struct{ input, text, elements string }{
		{"plain", "plain", section(`{"type":"text","text":"plain"}`)},
		{
			"*b* _i_ ~s~ `c`", "*b* _i_ ~s~ `c`",
			section(`{"type":"text","style":{"bold":true},"text":"b"},{"type":"text","text":" "},` +
				`{"type":"text","style":{"italic":true},"text":"i"},{"type":"text","text":" "},` +
				`{"type":"text","style":{"strike":true},"text":"s"},{"type":"text","text":" "},` +
				`{"type":"text","style":{"code":true},"text":"c"}`),
		},
		{"*a _b_*", "*a* *_b_*", section(`{"type":"text","style":{"bold":true},"text":"a "},{"type":"text","style":{"bold":true,"italic":true},"text":"b"}`)},
		{"snake_case_name 2*3*4", "snake_case_name 2*3*4", section(`{"type":"text","text":"snake_case_name 2*3*4"}`)},
		{"a < b & c", "a &lt; b &amp; c", section(`{"type":"text","text":"a \u003c b \u0026 c"}`)},
		{"<!channel> <@U404>", "&lt;!channel&gt; &lt;@U404&gt;", section(`{"type":"text","text":"\u003c!channel\u003e \u003c@U404\u003e"}`)},
		{"@bo and @nobody", "<@" + bo + "> and @nobody", section(`{"type":"user","user_id":"` + bo + `"},{"type":"text","text":" and @nobody"}`)},
		{"mail@bo", "mail@bo", section(`{"type":"text","text":"mail@bo"}`)},
		{"@here @support", "<!here> <!subteam^" + group + ">", section(`{"type":"broadcast","range":"here"},{"type":"text","text":" "},{"type":"usergroup","usergroup_id":"` + group + `"}`)},
		{"in #billing", "in <#" + w.ch + ">", section(`{"type":"text","text":"in "},{"type":"channel","channel_id":"` + w.ch + `"}`)},
		{"see https://example.com/a_b_c.", "see <https://example.com/a_b_c>.", section(`{"type":"text","text":"see "},{"type":"link","url":"https://example.com/a_b_c"},{"type":"text","text":"."}`)},
		{"<https://example.com|here>", "<https://example.com|here>", section(`{"type":"link","text":"here","url":"https://example.com"}`)},
		{":tada: :our_own:", ":tada: :our_own:", section(`{"type":"emoji","name":"tada","unicode":"1f389"},{"type":"text","text":" "},{"type":"emoji","name":"our_own"}`)},
		{
			"> q1\n> q2\nafter", "&gt; q1\n&gt; q2\nafter",
			`[{"type":"rich_text_quote","elements":[{"type":"text","text":"q1\nq2"}]},{"type":"rich_text_section","elements":[{"type":"text","text":"after"}]}]`,
		},
		{
			"```\ncode < 1\n```", "```code &lt; 1```",
			`[{"type":"rich_text_preformatted","border":0,"elements":[{"type":"text","text":"code \u003c 1"}]}]`,
		},
		{
			"- one\n- two\n1. first", "• one\n• two\n1. first",
			`[{"type":"rich_text_list","style":"bullet","indent":0,"border":0,"elements":[` +
				`{"type":"rich_text_section","elements":[{"type":"text","text":"one"}]},{"type":"rich_text_section","elements":[{"type":"text","text":"two"}]}]},` +
				`{"type":"rich_text_list","style":"ordered","indent":0,"border":0,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"first"}]}]}]`,
		},
		{"``` not closed", "``` not closed", section(`{"type":"text","text":"` + "``` not closed" + `"}`)},
	} {
		text, elements := w.typedAs(c.input)
		if diff := cmp.Diff(c.text, text); diff != "" {
			t.Errorf("%q text: %s", c.input, diff)
		}
		if diff := cmp.Diff(normal(t, c.elements), normal(t, elements)); diff != "" {
			t.Errorf("%q elements: %s", c.input, diff)
		}
	}
}

// normal returns JSON with its keys in one order.
func normal(t *testing.T, raw string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return string(encode(v))
}

func TestMentionsOfTheAppAreRecordedWhereverTheyStand(t *testing.T) {
	w := start(t, Options{})
	group := w.AddGroup("support", "Support", w.anna)
	anna := w.anna.ID()
	rich := func(leaf string) string {
		return `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[` + leaf + `]}]}]`
	}
	for _, c := range []struct {
		name string
		args []string
		want string // kind, id, source, auto
	}{
		{"broadcast", []string{"text", "<!channel> hi"}, "channel text"},
		{"with label", []string{"text", "<!here|here>"}, "here text"},
		{"user", []string{"text", "<@" + anna + ">"}, "user " + anna + " text"},
		{"group", []string{"text", "<!subteam^" + group + "|@support>"}, "usergroup " + group + " text"},
		{"unknown user", []string{"text", "<@U404>"}, ""},
		{"escaped", []string{"text", "&lt;!channel&gt; &amp;lt;!here&amp;gt;"}, ""},
		{"plain at", []string{"text", "@channel @anna"}, ""},
		{"link_names", []string{"text", "@here", "link_names", "true"}, "here text auto"},
		{"parse full", []string{"text", "ask @anna", "parse", "full"}, "user " + anna + " text auto"},
		{"rich text", []string{"text", "x", "blocks", rich(`{"type":"broadcast","range":"everyone"}`)}, "everyone blocks"},
		{"rich user", []string{"text", "x", "blocks", rich(`{"type":"user","user_id":"` + anna + `"}`)}, "user " + anna + " blocks"},
		{"rich text is inert", []string{"text", "x", "blocks", rich(`{"type":"text","text":"<!channel> @here"}`)}, ""},
		{"plain_text is inert", []string{"text", "x", "blocks", `[{"type":"header","text":{"type":"plain_text","text":"<!channel>"}}]`}, ""},
		{"section", []string{"text", "x", "blocks", `[{"type":"section","text":{"type":"mrkdwn","text":"<!channel>","verbatim":true}}]`}, "channel blocks"},
		{"section without verbatim", []string{"text", "x", "blocks", `[{"type":"section","text":{"type":"mrkdwn","text":"@here"}}]`}, "here blocks auto"},
		{"verbatim", []string{"text", "x", "blocks", `[{"type":"section","text":{"type":"mrkdwn","text":"@here","verbatim":true}}]`}, ""},
		{"context", []string{"text", "x", "blocks", `[{"type":"context","elements":[{"type":"mrkdwn","text":"<!here>"}]}]`}, "here blocks"},
		{"attachment", []string{"text", "x", "attachments", `[{"text":"<!here>"}]`}, "here attachments"},
		{"markdown", []string{"markdown_text", "<!here>"}, "here"},
	} {
		before := len(w.Notifications())
		w.must("chat.postMessage", append([]string{"channel", w.ch}, c.args...)...)
		var got []string
		for _, n := range w.Notifications()[before:] {
			words := strings.Fields(n.Kind + " " + n.ID + " " + n.Source)
			if n.Auto {
				words = append(words, "auto")
			}
			got = append(got, strings.Join(words, " "))
		}
		if joined := strings.Join(got, "; "); (c.want == "") != (joined == "") || !strings.HasPrefix(joined, c.want) {
			t.Errorf("%s: %q, want %q", c.name, joined, c.want)
		}
	}
	ts := w.must("chat.postMessage", "channel", w.ch, "text", "harmless").TS
	before := len(w.Notifications())
	w.must("chat.update", "channel", w.ch, "ts", ts, "text", "<!channel>")
	if n := w.Notifications()[before:]; len(n) != 1 || !n[0].Edit {
		t.Errorf("an edit's mention: %+v", n)
	}
}

func TestBlocksAreChecked(t *testing.T) {
	w := start(t, Options{})
	long := func(n int) string { return strings.Repeat("x", n) }
	button := func(fields string) string {
		return `{"type":"actions","elements":[{"type":"button",` + fields + `}]}`
	}
	label := `"text":{"type":"plain_text","text":"Go"}`
	good := []string{
		`{"type":"divider"}`,
		`{"type":"section","text":{"type":"mrkdwn","text":"` + long(3000) + `"}}`,
		`{"type":"header","text":{"type":"plain_text","text":"` + long(150) + `"}}`,
		button(`"action_id":"` + long(255) + `","value":"` + long(2000) + `","text":{"type":"plain_text","text":"` + long(75) + `"}`),
		`{"type":"markdown","text":"` + long(12000) + `"}`,
		`{"type":"rich_text","elements":[{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"link","url":"https://x"}]}]}]}`,
	}
	bad := []string{
		`{"type":"sparkles"}`,
		`{"type":"section"}`,
		`{"type":"section","text":{"type":"mrkdwn","text":""}}`,
		`{"type":"section","text":{"type":"html","text":"x"}}`,
		`{"type":"section","text":{"type":"mrkdwn","text":"` + long(3001) + `"}}`,
		`{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("🙂", 1501) + `"}}`,
		`{"type":"section","fields":[` + strings.Repeat(`{"type":"mrkdwn","text":"x"},`, 10) + `{"type":"mrkdwn","text":"x"}]}`,
		`{"type":"header","text":{"type":"mrkdwn","text":"x"}}`,
		`{"type":"header","text":{"type":"plain_text","text":"` + long(151) + `"}}`,
		`{"type":"context","elements":[]}`,
		`{"type":"actions","elements":[]}`,
		`{"type":"actions","elements":[` + strings.Repeat(`{"type":"button",`+label+`},`, 25) + `{"type":"button",` + label + `}]}`,
		`{"type":"actions","elements":[{"type":"button","action_id":"a",` + label + `},{"type":"button","action_id":"a",` + label + `}]}`,
		button(`"action_id":"` + long(256) + `",` + label),
		button(`"value":"` + long(2001) + `",` + label),
		button(`"style":"pink",` + label),
		button(`"text":{"type":"plain_text","text":"` + long(76) + `"}`),
		button(`"text":{"type":"mrkdwn","text":"Go"}`),
		`{"type":"divider","block_id":"` + long(256) + `"}`,
		`{"type":"rich_text"}`,
		`{"type":"rich_text","elements":[{"type":"rich_text_poem","elements":[]}]}`,
		`{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":""}]}]}`,
		`{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"hologram"}]}]}`,
		`{"type":"rich_text","elements":[{"type":"rich_text_list","elements":[{"type":"text","text":"x"}]}]}`,
	}
	for _, b := range good {
		w.must("chat.postMessage", "channel", w.ch, "text", "x", "blocks", "["+b+"]")
	}
	for _, b := range bad {
		if a := w.refused("invalid_blocks", "chat.postMessage", "channel", w.ch, "text", "x", "blocks", "["+b+"]"); len(a.Meta.Messages) == 0 {
			t.Errorf("no reason for %s", b)
		}
	}
	w.refused("invalid_blocks", "chat.postMessage", "channel", w.ch, "blocks", `[{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}]`)
	half := `{"type":"markdown","text":"` + long(6001) + `"}`
	w.refused("msg_too_long", "chat.postMessage", "channel", w.ch, "blocks", "["+half+","+half+"]")
}

func FuzzTypedTextKeepsItsWords(f *testing.F) {
	for _, seed := range []string{"*a*", "```x", "> q", "- a\n- b", "<@U1>", "@bo :tada:", "a*b*c", "\x00\xff", "`a``b`", "1. x\n    2. y"} {
		f.Add(seed)
	}
	s := New(Options{})
	f.Cleanup(func() { _ = s.Close() })
	f.Fuzz(func(t *testing.T, input string) {
		input = strings.ToValidUTF8(input, "\ufffd")
		for _, typed := range []bool{true, false} {
			elements := reader{sim: s, typed: typed}.blocks(input)
			text := mrkdwn(elements)
			if typed && strings.Contains(text, "<!") && !strings.Contains(input, "@") && !strings.Contains(input, "<!subteam^") {
				t.Errorf("%q became a broadcast: %q", input, text)
			}
			raw := encode(elements)
			var back []*rich
			if err := json.Unmarshal(raw, &back); err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
			if diff := cmp.Diff(string(raw), string(encode(back))); diff != "" {
				t.Error(diff)
			}
		}
		if once := mutate(input); mutate(once) != once {
			t.Errorf("mutate(%q) is not stable: %q", input, once)
		}
	})
}

func FuzzAPIBodiesNeverPanic(f *testing.F) {
	for _, seed := range []string{card, "[{}]", `[{"type":"rich_text","elements":[null]}]`, "null", `[{"type":"actions","elements":[1]}]`} {
		f.Add(seed)
	}
	s := New(Options{Limits: Limits{Off: true}})
	f.Cleanup(func() { _ = s.Close() })
	anna := s.AddUser(UserSpec{Name: "anna"})
	ch := s.AddChannel(ChannelSpec{Name: "c"})
	f.Fuzz(func(t *testing.T, raw string) {
		s.do(func() {
			c := &call{sim: s, name: "chat.postMessage", arrival: &Arrival{}, args: args{form: map[string][]string{
				"channel": {ch}, "text": {raw}, "blocks": {raw}, "attachments": {raw}, "metadata": {raw}, "view": {raw},
			}}}
			_, _ = s.chatPostMessage(c)
			_, _ = s.readView(json.RawMessage(raw))
			m := &message{user: anna.id, text: raw, blocks: json.RawMessage(raw), attachments: json.RawMessage(raw)}
			_ = s.render(m)
			s.notify(s.channels[ch], m, true, false)
		})
	})
}

package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

// line is a message of a conversation as one side has it.
type line struct {
	name string
	text string
}

// recordLines are the messages of a conversation in the log, with the words that
// they have now, in order of acceptance.
func recordLines(trail []*bridge.Entry, conversation int64) []line {
	at := map[int64]int{}
	var lines []line
	for _, e := range trail {
		if e.Facts.Conversation != conversation {
			continue
		}
		switch e.Kind {
		case bridge.MessagePosted:
			at[e.Seq] = len(lines)
			lines = append(lines, line{e.Words.Name, e.Words.Body})
		case bridge.MessageEdited:
			lines[at[e.Facts.Message]].text = e.Words.Body
		}
	}
	return lines
}

// threadLines are the messages of a Slack thread below its card. What the app says
// for a person begins with that person's name in bold; what it says for itself is
// no message.
func threadLines(thread []slacksim.Message, bot string, names map[string]string) []line {
	var lines []line
	for _, m := range thread[min(1, len(thread)):] {
		l := line{names[m.User], m.Text}
		if m.User == bot {
			name, text, ok := strings.Cut(strings.TrimPrefix(m.Text, "*"), "*\n")
			if !ok || !strings.HasPrefix(m.Text, "*") {
				continue
			}
			l = line{name, text}
		}
		lines = append(lines, l)
	}
	return lines
}

// bareLink is a link whose text is its address, as Markdown has it.
var bareLink = regexp.MustCompile(`<(https?://[^>|]*)(?:\|[^>]*)?>`)

// compare says how one side differs from what was said: every message once, each
// person's words in their order, and all words in their order where nobody
// spoke at the same time.
func compare(where string, said []saying, have []line) (problems []string) {
	have = slices.Clone(have)
	count := map[string]int{}
	for i, l := range have {
		have[i].text = bareLink.ReplaceAllString(l.text, "$1")
		count[have[i].text]++
	}
	known := map[string]saying{}
	for _, s := range said {
		known[s.text] = s
		if n := count[s.text]; n != 1 {
			problems = append(problems, fmt.Sprintf("%s has %q %d times", where, s.text, n))
		}
	}
	for _, l := range have {
		if _, ok := known[l.text]; !ok {
			problems = append(problems, fmt.Sprintf("%s has %q, which nobody said", where, l.text))
		}
	}
	inOrder := func(whose string, of func(saying) bool) {
		var want, got []string
		for _, s := range said {
			if of(s) {
				want = append(want, s.text)
			}
		}
		for _, l := range have {
			if s, ok := known[l.text]; ok && of(s) {
				got = append(got, l.text)
			}
		}
		if !slices.Equal(want, got) {
			problems = append(problems, fmt.Sprintf("%s has %s in the order %q, want %q", where, whose, got, want))
		}
	}
	for _, who := range speakers(said) {
		inOrder("the words of "+cmp.Or(who, "the agent"), func(s saying) bool { return s.who == who })
	}
	inOrder("the words said one after the other", func(s saying) bool { return !s.rush })
	return problems
}

// side is where a conversation is shown, and what is there.
type side struct {
	name  string
	lines []line
}

// speakers are those who said something.
func speakers(said []saying) (out []string) {
	for _, s := range said {
		if !slices.Contains(out, s.who) {
			out = append(out, s.who)
		}
	}
	return out
}

func printSides(p *program, sides []side) {
	for _, s := range sides {
		p.print("\nThe conversation as %s has it (%d messages)\n\n", s.name, len(s.lines))
		for _, l := range s.lines {
			p.print("  %-20s %s\n", oneLine(l.name), oneLine(l.text))
		}
	}
}

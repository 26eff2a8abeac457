package main

import (
	"fmt"
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

// compare says how one side differs from what was said: every message once, the
// words of each side in their order, and all words in their order where nobody
// spoke at the same time.
func compare(where string, said []saying, have []line) (problems []string) {
	count := map[string]int{}
	for _, l := range have {
		count[l.text]++
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
	for _, order := range []struct {
		whose string
		of    func(saying) bool
	}{
		{"the experts' words", func(s saying) bool { return s.expert }},
		{"the agents' words", func(s saying) bool { return !s.expert }},
		{"the words said one after the other", func(s saying) bool { return !s.rush }},
	} {
		var want, got []string
		for _, s := range said {
			if order.of(s) {
				want = append(want, s.text)
			}
		}
		for _, l := range have {
			if s, ok := known[l.text]; ok && order.of(s) {
				got = append(got, l.text)
			}
		}
		if !slices.Equal(want, got) {
			problems = append(problems, fmt.Sprintf("%s has %s in the order %q, want %q", where, order.whose, got, want))
		}
	}
	return problems
}

// side is where a conversation is shown, and what is there.
type side struct {
	name  string
	lines []line
}

func printSides(p *program, sides []side) {
	for _, s := range sides {
		p.print("\nThe conversation as %s has it (%d messages)\n\n", s.name, len(s.lines))
		for _, l := range s.lines {
			p.print("  %-20s %s\n", oneLine(l.name), oneLine(l.text))
		}
	}
}

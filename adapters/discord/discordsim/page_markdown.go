package discordsim

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// node is a piece of what a text looks like; the template knows its kinds.
type node struct {
	Kind, Text, URL string
	Children        []node
}

var (
	fenceLine   = regexp.MustCompile("^```[\\w+-]*$")
	headingLine = regexp.MustCompile(`^(-#|#{1,3}) +(.+)$`)
	bulletLine  = regexp.MustCompile(`^ *[-*] +(.*)$`)
	numberLine  = regexp.MustCompile(`^ *\d{1,3}\. +(.*)$`)
)

// markdown shows a text as Discord's client does. It is a reading of its own, for the
// eyes only: tests look at the text itself. The caller holds mu.
// https://docs.discord.com/developers/reference#message-formatting
func (s *Sim) markdown(text string) (out []node) {
	lines := strings.Split(text, "\n")
	var plain []string
	flush := func() {
		if plain != nil {
			out = append(out, node{Kind: "paragraph", Children: s.inline(strings.Join(plain, "\n"), 0)})
			plain = nil
		}
	}
	for i := 0; i < len(lines); {
		if block, next := s.block(lines, i); next > i {
			flush()
			out = append(out, block)
			i = next
			continue
		}
		plain = append(plain, lines[i])
		i++
	}
	flush()
	return out
}

// block reads a fence, quote, heading or list at line i, and returns the line after it.
func (s *Sim) block(lines []string, i int) (node, int) {
	line := lines[i]
	if fenceLine.MatchString(line) {
		for end := i + 1; end < len(lines); end++ {
			if strings.HasSuffix(lines[end], "```") {
				body := append(append([]string{}, lines[i+1:end]...), strings.TrimSuffix(lines[end], "```"))
				return node{Kind: "pre", Text: strings.TrimSuffix(strings.Join(body, "\n"), "\n")}, end + 1
			}
		}
	}
	if rest, ok := strings.CutPrefix(line, ">>> "); ok {
		all := append([]string{rest}, lines[i+1:]...)
		return node{Kind: "quote", Children: s.markdown(strings.Join(all, "\n"))}, len(lines)
	}
	if hit := headingLine.FindStringSubmatch(line); hit != nil {
		kind := map[string]string{"-#": "small", "#": "header", "##": "header", "###": "header"}[hit[1]]
		return node{Kind: kind, Children: s.inline(hit[2], 0)}, i + 1
	}
	if quoted, next := run(lines, i, func(l string) (string, bool) { return strings.CutPrefix(l, "> ") }); next > i {
		return node{Kind: "quote", Children: s.markdown(strings.Join(quoted, "\n"))}, next
	}
	for kind, form := range map[string]*regexp.Regexp{"list": bulletLine, "numbers": numberLine} {
		items, next := run(lines, i, func(l string) (string, bool) {
			hit := form.FindStringSubmatch(l)
			return strings.Join(hit[min(1, len(hit)):], ""), hit != nil
		})
		if next > i {
			list := node{Kind: kind}
			for _, item := range items {
				list.Children = append(list.Children, node{Kind: "item", Children: s.inline(item, 0)})
			}
			return list, next
		}
	}
	return node{}, i
}

// run takes the lines from i on that read accepts.
func run(lines []string, i int, read func(string) (string, bool)) (out []string, next int) {
	for next = i; next < len(lines); next++ {
		text, ok := read(lines[next])
		if !ok {
			break
		}
		out = append(out, text)
	}
	return out, next
}

// pairs are what stands around styled text. Longer ones come first.
var pairs = []struct{ mark, kind string }{
	{"***", "bold"}, {"**", "bold"}, {"__", "underline"}, {"~~", "strike"}, {"||", "spoiler"}, {"*", "italic"}, {"_", "italic"},
}

const deepest = 8 // styles inside one another

// inline reads the styles, links and mentions of a text.
func (s *Sim) inline(text string, depth int) (out []node) {
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			out = append(out, node{Kind: "text", Text: plain.String()})
			plain.Reset()
		}
	}
	for i := 0; i < len(text); {
		rest := text[i:]
		if rest[0] == '\\' && len(rest) > 1 && unicode.IsPunct(rune(rest[1])) || rest[0] == '\\' && len(rest) > 1 && strings.ContainsRune("|~`<>", rune(rest[1])) {
			plain.WriteByte(rest[1])
			i += 2
			continue
		}
		n, size := s.token(rest)
		if size == 0 && depth < deepest {
			n, size = s.styled(text, i, depth)
		}
		if size > 0 {
			flush()
			out = append(out, n)
			i += size
			continue
		}
		_, size = utf8.DecodeRuneInString(rest)
		plain.WriteString(rest[:size])
		i += size
	}
	flush()
	return out
}

// styled reads text between two marks.
func (s *Sim) styled(text string, i, depth int) (node, int) {
	rest := text[i:]
	for _, p := range pairs {
		inside, ok := strings.CutPrefix(rest, p.mark)
		if !ok || p.mark[0] == '_' && i > 0 && wordByte(text[i-1]) {
			continue
		}
		end := closing(inside, p.mark)
		if end <= 0 {
			continue
		}
		size := len(p.mark)*2 + end
		if p.mark == "_" && size < len(rest) && wordByte(rest[size]) || p.kind == "italic" && inside[0] == ' ' {
			continue
		}
		return node{Kind: p.kind, Children: s.inline(inside[:end], depth+1)}, size
	}
	return node{}, 0
}

// closing finds a mark that is not escaped.
func closing(text, mark string) int {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case strings.HasPrefix(text[i:], mark):
			for strings.HasPrefix(text[i+1:], mark) { // the last of a row, so that **a*** ends after the star
				i++
			}
			return i
		}
	}
	return -1
}

func wordByte(b byte) bool {
	return b >= utf8.RuneSelf || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

var (
	codeToken   = regexp.MustCompile("^(?s:```(.+?)```|``(.+?)``|`([^`]+)`)")
	angleToken  = regexp.MustCompile(`^<(@[!&]?|#)([0-9]+)>`)
	emojiToken  = regexp.MustCompile(`^<a?(:\w{1,32}:)[0-9]+>`)
	timeToken   = regexp.MustCompile(`^<t:(-?[0-9]{1,12})(?::[tTdDfFR])?>`)
	linkToken   = regexp.MustCompile(`^\[([^\]\n]+)\]\(<?(https?://[^\s<>()]+)>?\)`)
	plainLink   = regexp.MustCompile(`^<?(https?://[^\s<>]+[^\s<>.,:;"')\]*_~|])>?`)
	everyoneHit = regexp.MustCompile(`^@(everyone|here)`)
)

// token reads what means something as a whole.
func (s *Sim) token(rest string) (node, int) {
	switch rest[0] {
	case '`':
		if hit := codeToken.FindStringSubmatch(rest); hit != nil {
			kind := "code"
			if hit[1] != "" {
				kind = "pre"
			}
			return node{Kind: kind, Text: strings.Trim(hit[1]+hit[2]+hit[3], "\n")}, len(hit[0])
		}
	case '<':
		if n, size := s.angle(rest); size > 0 {
			return n, size
		}
	case '[':
		if hit := linkToken.FindStringSubmatch(rest); hit != nil {
			return node{Kind: "link", URL: hit[2], Children: s.inline(hit[1], deepest)}, len(hit[0])
		}
	case '@':
		if hit := everyoneHit.FindString(rest); hit != "" {
			return node{Kind: "mention", Text: hit}, len(hit)
		}
	}
	if rest[0] == 'h' || rest[0] == '<' {
		if hit := plainLink.FindStringSubmatch(rest); hit != nil {
			return node{Kind: "link", URL: hit[1], Text: hit[1]}, len(hit[0])
		}
	}
	return node{}, 0
}

func (s *Sim) angle(rest string) (node, int) {
	if hit := angleToken.FindStringSubmatch(rest); hit != nil {
		return node{Kind: "mention", Text: s.mentioned(hit[1], hit[2])}, len(hit[0])
	}
	if hit := emojiToken.FindStringSubmatch(rest); hit != nil {
		return node{Kind: "text", Text: hit[1]}, len(hit[0])
	}
	if hit := timeToken.FindStringSubmatch(rest); hit != nil {
		unix, _ := strconv.ParseInt(hit[1], 10, 64)
		return node{Kind: "text", Text: time.Unix(unix, 0).UTC().Format("2 January 2006 15:04")}, len(hit[0])
	}
	return node{}, 0
}

// mentioned names who or what is mentioned.
func (s *Sim) mentioned(sign, id string) string {
	if sign == "#" {
		if ch := s.channels[id]; ch != nil && !ch.gone {
			return "#" + ch.name
		}
		return "#unknown"
	}
	for _, g := range s.guilds {
		for _, r := range g.roles {
			if sign == "@&" && r.id == id {
				return "@" + strings.TrimPrefix(r.name, "@")
			}
		}
		if u := s.users[id]; u != nil && g.member(id) {
			return "@" + g.called(u)
		}
	}
	return "@unknown"
}

// called is the name that a guild shows for an account.
func (g *guild) called(u *user) string {
	for _, name := range []string{g.nicks[u.id], u.global} {
		if name != "" {
			return name
		}
	}
	return u.name
}

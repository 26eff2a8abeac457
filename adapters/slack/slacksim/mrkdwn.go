package slacksim

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reader turns mrkdwn into rich text. typed is what a person types into a
// client: nothing in it is escaped, names are resolved, lists are recognised.
// Otherwise it is text from an API call, in which only tokens in angle brackets
// mean anything.
type reader struct {
	sim   *Sim
	typed bool
}

var (
	bulletLine  = regexp.MustCompile(`^( *)[•\-*] (.*)$`)
	numberLine  = regexp.MustCompile(`^( *)\d{1,3}[.)] (.*)$`)
	bareLink    = regexp.MustCompile(`^https?://[^\s<>|]+`)
	emojiToken  = regexp.MustCompile(`^:([a-z0-9_+'-]{1,60})(::skin-tone-[2-6])?:`)
	nameMention = regexp.MustCompile(`^@([\pL\pN][\pL\pN._-]*)`)
	channelName = regexp.MustCompile(`^#([\pL\pN][\pL\pN_-]*)`)
	angleToken  = regexp.MustCompile(`^<([^<>\n]+)>`)
)

// blocks reads a whole text. The caller holds mu.
func (rd reader) blocks(text string) []*rich {
	var out []*rich
	lines := strings.Split(text, "\n")
	var plain []string
	flush := func() {
		if plain != nil {
			out = append(out, &rich{Type: "rich_text_section", Elements: rd.inline(strings.Join(plain, "\n"), style{})})
			plain = nil
		}
	}
	for i := 0; i < len(lines); {
		if block, next := rd.block(lines, i); block != nil {
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

// block reads a fence, quote or list that begins at line i.
func (rd reader) block(lines []string, i int) (*rich, int) {
	line := lines[i]
	if strings.HasPrefix(line, "```") {
		return rd.fence(lines, i)
	}
	if quote, ok := rd.quoted(line); ok {
		var body []string
		for ; ok; quote, ok = rd.quoted(lines[i]) {
			body = append(body, quote)
			if i++; i == len(lines) {
				break
			}
		}
		return &rich{Type: "rich_text_quote", Elements: rd.inline(strings.Join(body, "\n"), style{})}, i
	}
	if !rd.typed {
		return nil, 0
	}
	for _, kind := range []struct {
		style string
		line  *regexp.Regexp
	}{{"bullet", bulletLine}, {"ordered", numberLine}} {
		if kind.line.MatchString(line) {
			return rd.list(lines, i, kind.style, kind.line)
		}
	}
	return nil, 0
}

func (rd reader) fence(lines []string, i int) (*rich, int) {
	rest := strings.Join(lines[i:], "\n")[3:]
	body, _, closed := strings.Cut(rest, "```")
	if !closed {
		return nil, 0
	}
	next := i + strings.Count(body, "\n") + 1
	leaf := &rich{Type: "text", Text: rd.plain(strings.Trim(body, "\n"))}
	return &rich{Type: "rich_text_preformatted", Border: new(int), Elements: []*rich{leaf}}, next
}

func (rd reader) quoted(line string) (string, bool) {
	mark := "&gt;"
	if rd.typed {
		mark = ">"
	}
	body, ok := strings.CutPrefix(line, mark)
	return strings.TrimPrefix(body, " "), ok
}

func (rd reader) list(lines []string, i int, name string, line *regexp.Regexp) (*rich, int) {
	indent := len(line.FindStringSubmatch(lines[i])[1]) / 4
	list := &rich{Type: "rich_text_list", Style: name, Indent: &indent, Border: new(int)}
	for i < len(lines) {
		parts := line.FindStringSubmatch(lines[i])
		if parts == nil || len(parts[1])/4 != indent {
			break
		}
		list.Elements = append(list.Elements, &rich{Type: "rich_text_section", Elements: rd.inline(parts[2], style{})})
		i++
	}
	return list, i
}

// plain undoes the escaping that text of this kind has.
func (rd reader) plain(text string) string {
	if rd.typed {
		return text
	}
	return unescape(text)
}

// inline reads the leaves of a run of text.
func (rd reader) inline(text string, marks style) []*rich {
	var out []*rich
	var run strings.Builder
	flush := func() {
		if run.Len() > 0 {
			out = append(out, leafText(rd.plain(run.String()), marks))
			run.Reset()
		}
	}
	for i := 0; i < len(text); {
		if leaves, n := rd.token(text, i, marks); n > 0 {
			flush()
			out = append(out, leaves...)
			i += n
			continue
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		run.WriteString(text[i : i+size])
		i += size
	}
	flush()
	return out
}

func leafText(text string, marks style) *rich {
	leaf := &rich{Type: "text", Text: text}
	if marks != (style{}) {
		leaf.Style = &marks
	}
	return leaf
}

// token reads what begins at text[i], if it means anything there.
func (rd reader) token(text string, i int, marks style) ([]*rich, int) {
	rest := text[i:]
	switch rest[0] {
	case '<':
		return rd.angle(rest, marks)
	case '*', '_', '~', '`':
		return rd.marked(text, i, marks)
	case ':':
		if parts := emojiToken.FindStringSubmatch(rest); parts != nil {
			return []*rich{{Type: "emoji", Name: parts[1] + parts[2], Unicode: emojiCode(parts[1])}}, len(parts[0])
		}
	case 'h':
		if link := bareLink.FindString(rest); link != "" && boundary(text, i) {
			link = strings.TrimRight(link, ".,;:!?)'\"")
			return []*rich{{Type: "link", URL: rd.plain(link)}}, len(link)
		}
	case '@':
		return rd.name(text, i)
	case '#':
		if parts := channelName.FindStringSubmatch(rest); parts != nil && rd.typed && boundary(text, i) {
			if ch := rd.sim.channelByName(parts[1]); ch != nil {
				return []*rich{{Type: "channel", ChannelID: ch.id}}, len(parts[0])
			}
		}
	}
	return nil, 0
}

// name reads a typed @mention.
func (rd reader) name(text string, i int) ([]*rich, int) {
	parts := nameMention.FindStringSubmatch(text[i:])
	if parts == nil || !rd.typed || !boundary(text, i) {
		return nil, 0
	}
	switch parts[1] {
	case "here", "channel", "everyone":
		return []*rich{{Type: "broadcast", Range: parts[1]}}, len(parts[0])
	}
	if u := rd.sim.userByName(parts[1]); u != nil {
		return []*rich{{Type: "user", UserID: u.id}}, len(parts[0])
	}
	if g := rd.sim.groupByHandle(parts[1]); g != nil {
		return []*rich{{Type: "usergroup", UsergroupID: g.id}}, len(parts[0])
	}
	return nil, 0
}

// angle reads a token in angle brackets. What a person types means something
// only if it names what exists, as when it was picked from a menu.
func (rd reader) angle(rest string, marks style) ([]*rich, int) {
	parts := angleToken.FindStringSubmatch(rest)
	if parts == nil {
		return nil, 0
	}
	body, label, labelled := strings.Cut(parts[1], "|")
	n := len(parts[0])
	switch {
	case strings.HasPrefix(body, "@"):
		if rd.sim.users[body[1:]] != nil || !rd.typed {
			return []*rich{{Type: "user", UserID: body[1:]}}, n
		}
	case strings.HasPrefix(body, "#"):
		if rd.sim.channels[body[1:]] != nil || !rd.typed {
			return []*rich{{Type: "channel", ChannelID: body[1:]}}, n
		}
	case strings.HasPrefix(body, "!subteam^"):
		return []*rich{{Type: "usergroup", UsergroupID: body[len("!subteam^"):]}}, n
	case body == "!here" || body == "!channel" || body == "!everyone":
		if !rd.typed {
			return []*rich{{Type: "broadcast", Range: body[1:]}}, n
		}
	case strings.HasPrefix(body, "!"):
		if !rd.typed && labelled {
			return []*rich{leafText(rd.plain(label), marks)}, n
		}
	case strings.HasPrefix(body, "https://"), strings.HasPrefix(body, "http://"), strings.HasPrefix(body, "mailto:"):
		link := &rich{Type: "link", URL: rd.plain(body), Text: rd.plain(label)}
		if marks != (style{}) {
			link.Style = &marks
		}
		return []*rich{link}, n
	}
	return nil, 0
}

// marked reads *bold*, _italic_, ~struck~ and `code`, which need a boundary on
// both outsides and no blank on the insides.
func (rd reader) marked(text string, i int, marks style) ([]*rich, int) {
	mark := text[i]
	end := strings.IndexByte(text[i+1:], mark)
	if end <= 0 || !boundary(text, i) {
		return nil, 0
	}
	body := text[i+1 : i+1+end]
	if strings.Contains(body, "\n") || body != strings.TrimSpace(body) || !boundaryAfter(text, i+end+2) {
		return nil, 0
	}
	switch mark {
	case '`':
		marks.Code = true
		return []*rich{leafText(rd.plain(body), marks)}, end + 2
	case '*':
		marks.Bold = true
	case '_':
		marks.Italic = true
	case '~':
		marks.Strike = true
	}
	return rd.inline(body, marks), end + 2
}

// boundary says whether a token may begin at text[i].
func boundary(text string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	return i == 0 || !wordRune(before)
}

func boundaryAfter(text string, i int) bool {
	next, _ := utf8.DecodeRuneInString(text[i:])
	return i == len(text) || !wordRune(next)
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

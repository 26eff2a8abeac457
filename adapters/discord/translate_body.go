package discord

import (
	"cmp"
	"context"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"

	"github.com/sidebridge/sidebridge/mapping/markup"
)

// componentText is the kind of component that is a piece of text.
// https://docs.discord.com/developers/components/reference#text-display
const componentText = 10

// body returns the words of a message as Markdown. What is no words is described in
// some: a reader of the record sees that something was there.
func (g *Guild) body(ctx context.Context, m *message) string {
	var parts []string
	add := func(text string) {
		if text = strings.TrimSpace(text); text != "" {
			parts = append(parts, text)
		}
	}
	add(g.words(ctx, m))
	for i := range m.Snapshots {
		add(g.forwarded(ctx, &m.Snapshots[i].Message))
	}
	add(described(m))
	if len(parts) == 0 && len(m.Attachments) == 0 {
		add("_A message that cannot be shown here._")
	}
	return strings.Join(parts, "\n\n")
}

// words returns what was written. A program's message may have it in components or
// embeds; a person's embeds are previews of links.
func (g *Guild) words(ctx context.Context, m *message) string {
	text := m.Content
	if m.Author != nil && byProgram(m) {
		if m.Flags&flagComponents != 0 {
			text = componentWords(m.Components)
		}
		if strings.TrimSpace(text) == "" {
			text = embedWords(m.Embeds)
		}
	}
	return g.markdown(ctx, text)
}

// markdown translates Discord's markup.
func (g *Guild) markdown(ctx context.Context, text string) string {
	return markup.FromDiscord(markup.DiscordText{Guild: g.id, Content: text}, directory{g: g, ctx: ctx})
}

// forwarded renders a message that was forwarded as a quote. Discord does not tell
// who said it.
func (g *Guild) forwarded(ctx context.Context, m *message) string {
	text := strings.TrimSpace(g.words(ctx, m))
	if more := described(m); more != "" {
		text = strings.TrimSpace(text + "\n\n" + more)
	}
	lines := "_Forwarded:_"
	if text != "" {
		lines += "\n\n" + text
	}
	return "> " + strings.ReplaceAll(lines, "\n", "\n> ")
}

// described says in words what a message has that is no text and no file.
func described(m *message) string {
	var out []string
	if m.Flags&flagVoice != 0 {
		out = append(out, "_Voice message_")
	}
	for _, s := range m.Stickers {
		out = append(out, "_Sticker: "+chat.Inert(cmp.Or(markup.CleanName(s.Name), "without a name"))+"_")
	}
	if p := m.Poll; p != nil {
		text := "_Poll:_ " + chat.Inert(cmp.Or(oneLine(p.Question.Text), "without a question"))
		for _, answer := range p.Answers {
			if name := oneLine(answer.Media.Text); name != "" {
				text += "\n- " + chat.Inert(name)
			}
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n\n")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func componentWords(all []component) string {
	var out []string
	for _, c := range all {
		if c.Type == componentText && c.Content != "" {
			out = append(out, c.Content)
		}
		if inside := componentWords(c.Components); inside != "" {
			out = append(out, inside)
		}
	}
	return strings.Join(out, "\n")
}

func embedWords(all []embed) string {
	var out []string
	for _, e := range all {
		if e.Type != "" && e.Type != "rich" {
			continue
		}
		if e.Title != "" {
			out = append(out, "**"+e.Title+"**")
		}
		if e.Description != "" {
			out = append(out, e.Description)
		}
		for _, f := range e.Fields {
			out = append(out, "**"+f.Name+"**\n"+f.Value)
		}
		if e.Footer != nil && e.Footer.Text != "" {
			out = append(out, e.Footer.Text)
		}
	}
	return strings.Join(out, "\n\n")
}

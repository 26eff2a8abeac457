package discord

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"

	"github.com/bwmarrin/discordgo"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

const (
	maxTitle      = 256  // https://docs.discord.com/developers/resources/message#embed-object-embed-limits
	maxField      = 300  // of 1,024; a card is not the place for more
	maxQuestion   = 1500 // the whole message is the first reply
	maxThreadName = 100  // https://docs.discord.com/developers/resources/channel#start-thread-from-message
	maxHookName   = 80   // https://docs.discord.com/developers/resources/webhook#create-webhook
	maxButtonLink = 512
)

// button is one of the card's buttons: an action, or a link.
type button struct {
	action, label, link string
	disabled            bool
}

// card renders the root of a thread: which ticket, what is asked and by whom, and how
// it stands. What it tells of the ticket is what the mapping rule lets it.
func (g *Guild) card(v bridge.View) *content {
	fields, _ := g.Policy(v.Mirror.Rule)
	shown := fields.Apply(chat.TicketContext(v.Ticket))
	subject := cmp.Or(markup.Plain(v.Subject), "side conversation")
	embed := &discordgo.MessageEmbed{
		Title:       truncate(quiet(fmt.Sprintf("Ticket #%d: %s", v.Ticket.ID, escaped(subject))), maxTitle),
		Description: question(v),
		Fields:      cardFields(v, shown),
	}
	return &content{embed: embed, buttons: g.buttons(v), print: filesOnly}
}

// question renders the first message, shortened. Its mentions ring in the first reply,
// and only there.
func question(v bridge.View) string {
	parts := markup.ToDiscord(v.Question, nil, maxQuestion)
	switch len(parts) {
	case 0:
		return ""
	case 1:
		return parts[0].Content
	}
	return parts[0].Content + "\n*… the rest is in the thread*"
}

// cardFields lists who asks and how the ticket stands.
func cardFields(v bridge.View, t mapping.Context) []*discordgo.MessageEmbedField {
	var fields []*discordgo.MessageEmbedField
	for _, f := range chat.CardFields(v, t) {
		fields = append(fields, &discordgo.MessageEmbedField{Name: f[0], Value: escaped(truncate(f[1], maxField)), Inline: true})
	}
	return fields
}

func (g *Guild) buttons(v bridge.View) []button {
	row := []button{{action: bridge.PressClose, label: "Close"}}
	if !v.Conversation.Open {
		row = []button{{action: bridge.PressReopen, label: "Reopen"}}
	}
	row = append(row, button{action: bridge.PressTake, label: "Take ticket"}, button{action: bridge.PressShow, label: "Show ticket"})
	if url := g.urlOf(v.Ticket); len(url) <= maxButtonLink && (strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")) {
		row = append(row, button{label: "Open ticket", link: url})
	}
	return row
}

// components renders the buttons with the token by which the post is recognised.
func components(row []button, token string) []discordgo.MessageComponent {
	if len(row) == 0 {
		return nil
	}
	var out discordgo.ActionsRow
	for _, b := range row {
		if b.link != "" {
			out.Components = append(out.Components, discordgo.Button{Label: b.label, Style: discordgo.LinkButton, URL: b.link})
			continue
		}
		out.Components = append(out.Components, discordgo.Button{
			Label: b.label, Style: discordgo.SecondaryButton, CustomID: buttonPrefix + b.action + ":" + token, Disabled: b.disabled,
		})
	}
	return []discordgo.MessageComponent{out}
}

// nameOfThread names a thread after its ticket.
func nameOfThread(v bridge.View) string {
	subject := strings.Join(strings.Fields(markup.Plain(v.Subject)), " ")
	return truncate(quiet(fmt.Sprintf("#%d %s", v.Ticket.ID, cmp.Or(subject, "side conversation"))), maxThreadName)
}

// forbidden matches the words that no webhook's name may contain.
var forbidden = regexp.MustCompile(`(?i)(cly)(de)|(dis)(cord)`)

// hookName makes a name one that a webhook may post under.
// https://docs.discord.com/developers/resources/webhook#create-webhook and
// https://docs.discord.com/developers/resources/user#usernames-and-nicknames
func hookName(name string) string {
	name = strings.NewReplacer("@", "", "#", "", ":", "", "```", "").Replace(name)
	name = forbidden.ReplaceAllString(name, "$1$3·$2$4") // readable all the same
	name = strings.TrimSpace(truncate(strings.Join(strings.Fields(name), " "), maxHookName))
	switch strings.ToLower(name) {
	case "", "everyone", "here":
		return strings.TrimSpace(name + " (somebody)")
	}
	return name
}

// calls matches the words that call everybody.
var calls = regexp.MustCompile(`@((?i:everyone|here))`)

// quiet breaks the words that call everybody, wherever the text is copied to.
func quiet(text string) string { return calls.ReplaceAllString(text, "@\u200b$1") }

// escaped makes text that is no markup show as it is.
func escaped(text string) string {
	for _, p := range markup.ToDiscord(chat.Inert(text), nil, maxText) {
		return p.Content
	}
	return ""
}

// truncate shortens text to n characters as the longer count has it, the last of which
// then is an ellipsis.
func truncate(s string, n int) string {
	units := 0
	for i, r := range s {
		if units += utf16.RuneLen(r); units > n {
			return cut(s[:i], n-1) + "…"
		}
	}
	return s
}

func cut(s string, n int) string {
	units := 0
	for i, r := range s {
		if units += utf16.RuneLen(r); units > n {
			return s[:i]
		}
	}
	return s
}

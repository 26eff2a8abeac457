package markup

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// The tokens that Discord has between angle brackets.
// https://docs.discord.com/developers/reference#message-formatting
var (
	discordMention  = regexp.MustCompile(`^<(@!?|@&|#)([0-9]{1,20})>`)
	discordEmojiTag = regexp.MustCompile(`^<a?:([A-Za-z0-9_]{1,32}):[0-9]{1,20}>`)
	discordTime     = regexp.MustCompile(`^<t:(-?[0-9]{1,17})(?::([tTdDfFsSR]))?>`)
	discordCommand  = regexp.MustCompile(`^</([^<>:\n]{1,110}):[0-9]{1,20}>`)
	discordPlace    = regexp.MustCompile(`^<id:([a-z-]{1,30})(?::[0-9]{1,20})?>`)
	discordAddress  = regexp.MustCompile(`^<((?i:https?)://[^\s<>]+)>`)
	discordMail     = regexp.MustCompile(`^<([A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,200}\.[A-Za-z]{2,20})>`)
)

// discordPlaces are the names of the parts of a guild that a token can lead to.
var discordPlaces = map[string]string{
	"customize": "Channels & Roles", "browse": "Browse Channels", "guide": "Server Guide", "linked-roles": "Linked Roles",
}

// token reads what stands between < and >.
func (r *discordInlineReader) token(s string) int {
	if m := discordMention.FindStringSubmatch(s); m != nil {
		r.add(r.mention(m[1], m[2]))
		return len(m[0])
	}
	if m := discordEmojiTag.FindStringSubmatch(s); m != nil {
		r.add(customEmoji(m[1], r.style))
		return len(m[0])
	}
	if m := discordTime.FindStringSubmatch(s); m != nil {
		date, ok := discordMoment(m[1], m[2], r.style)
		if ok {
			r.add(date)
			return len(m[0])
		}
		return 0
	}
	if m := discordCommand.FindStringSubmatch(s); m != nil {
		r.text.WriteString("/" + m[1])
		return len(m[0])
	}
	if m := discordPlace.FindStringSubmatch(s); m != nil && discordPlaces[m[1]] != "" {
		r.text.WriteString("#" + discordPlaces[m[1]])
		return len(m[0])
	}
	if m := discordAddress.FindStringSubmatch(s); m != nil {
		if u, ok := safeURL(unguarded(m[1])); ok {
			r.add(span{kind: spanLink, style: r.style, text: u, ref: u})
			return len(m[0])
		}
	}
	if m := discordMail.FindStringSubmatch(s); m != nil {
		r.text.WriteString(m[1])
		return len(m[0])
	}
	return 0
}

// mention reads the id of an account, a role or a channel.
func (r *discordInlineReader) mention(sign, id string) span {
	kind, shown, unknown := spanMention, "@", "unknown-user"
	switch sign {
	case "@&":
		kind, unknown = spanGroup, "unknown-role"
	case "#":
		kind, shown, unknown = spanChannel, "#", "unknown-channel"
	}
	text, target := named(r.in.dir, surfaceDiscord, r.in.guild, shown, id, "", unknown)
	return refOrText(kind, text, target, r.style)
}

// customEmoji is a guild's own emoji, which is no other's even if it has the name.
func customEmoji(name string, st style) span {
	text := ":" + name + ":"
	if shortcode.FindString(text) != text || emojiUnicode(name) != text {
		return span{style: st, text: text}
	}
	return span{kind: spanEmoji, style: st, text: text, ref: name}
}

// everybody reads @everyone and @here.
func (r *discordInlineReader) everybody(s string, i int) int {
	rest := s[i+1:]
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	for _, name := range []string{"everyone", "here"} {
		after, ok := strings.CutPrefix(rest, name)
		next, _ := utf8.DecodeRuneInString(after)
		if ok && (i == 0 || !isWord(before)) && (after == "" || !isWord(next)) {
			r.add(span{kind: spanBroadcast, style: r.style, text: "@" + name, ref: name})
			return 1 + len(name)
		}
	}
	return 0
}

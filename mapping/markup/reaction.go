package markup

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// emojiSelector asks for the coloured form of a character. Chats are not of one mind
// about where they write it.
const emojiSelector = "\uFE0F"

// SlackEmoji returns the emoji that Slack names so in a reaction, with its skin tone
// ("+1::skin-tone-3"). A workspace's own one is its name between colons.
func SlackEmoji(name string) string { return emojiUnicode(name) }

// SlackEmojiName returns Slack's name of an emoji, or no when Slack has no such one.
// Of a workspace's own one it is the name that stands between the colons.
func SlackEmojiName(emoji string) (name string, ok bool) {
	if own, rest, _ := strings.Cut(strings.TrimPrefix(emoji, ":"), ":"); rest == "" && shortcode.FindString(emoji) == emoji && emoji != "" {
		return own, true
	}
	base, tone := cutTone(strings.ReplaceAll(emoji, emojiSelector, ""))
	name, ok = bareEmoji()[base]
	return name + tone, ok
}

// cutTone takes the first skin tone out of an emoji and returns it as Slack writes it.
func cutTone(emoji string) (base, tone string) {
	first, size := utf8.DecodeRuneInString(emoji)
	r, n := utf8.DecodeRuneInString(emoji[size:])
	if r < skinTone || r > skinTone+4 {
		return emoji, ""
	}
	return string(first) + emoji[size+n:], "::skin-tone-" + string('2'+r-skinTone)
}

// bareEmoji are Slack's names by the emoji without selectors.
var bareEmoji = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for chars, name := range emojiIndex().names {
		names[strings.ReplaceAll(chars, emojiSelector, "")] = name
	}
	return names
})

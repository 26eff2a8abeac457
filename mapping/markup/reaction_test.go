package markup

import (
	"strings"
	"testing"
)

func TestSlackNamesAndEmojiAreOneAnother(t *testing.T) {
	for name, want := range map[string]string{
		"+1": "👍", "tada": "🎉", "white_check_mark": "✅", "eyes": "👀", "heart": "❤️", "wave::skin-tone-4": "👋🏽",
		"shipit": ":shipit:", "family_parrot": ":family_parrot:", "flag-dk": "🇩🇰",
	} {
		if got := SlackEmoji(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
		if got, ok := SlackEmojiName(want); !ok || got != name {
			t.Errorf("%q is %s, %t, want %s", want, got, ok, name)
		}
	}
}

func TestAnEmojiIsFoundWithoutItsSelector(t *testing.T) {
	for emoji, want := range map[string]string{"❤": "heart", "❤️": "heart", "☑": "ballot_box_with_check", "✅️": "white_check_mark"} {
		if got, ok := SlackEmojiName(emoji); !ok || got != want {
			t.Errorf("%q is %s, %t, want %s", emoji, got, ok, want)
		}
	}
	for _, no := range []string{"", "x", "::", ":", ":a b:", "👍👍", "\ufe0f"} {
		if got, ok := SlackEmojiName(no); ok {
			t.Errorf("%q is %q", no, got)
		}
	}
}

func FuzzSlackEmojiName(f *testing.F) {
	for _, seed := range []string{"👍", "👋🏽", ":own:", "❤️", "🏽", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, emoji string) {
		name, ok := SlackEmojiName(emoji)
		if ok && (name == "" || strings.ContainsAny(name, " \n<>&")) {
			t.Errorf("%q is named %q", emoji, name)
		}
		if back := SlackEmoji(name); ok && !strings.HasPrefix(emoji, ":") && strings.Trim(back, ":") == name {
			t.Errorf("%q is named %q, which is no emoji", emoji, name)
		}
	})
}

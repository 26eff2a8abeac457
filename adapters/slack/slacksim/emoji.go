package slacksim

import (
	"strconv"
	"strings"
)

// emojiCode returns the code points of the few emoji the simulator knows, as
// clients send them beside the name.
func emojiCode(name string) string {
	switch name {
	case "tada":
		return "1f389"
	case "+1", "thumbsup":
		return "1f44d"
	case "-1", "thumbsdown":
		return "1f44e"
	case "wave":
		return "1f44b"
	case "eyes":
		return "1f440"
	case "heart":
		return "2764-fe0f"
	case "white_check_mark":
		return "2705"
	case "x":
		return "274c"
	case "warning":
		return "26a0-fe0f"
	case "smile":
		return "1f604"
	case "slightly_smiling_face":
		return "1f642"
	case "joy":
		return "1f602"
	case "thinking_face":
		return "1f914"
	case "pray":
		return "1f64f"
	case "fire":
		return "1f525"
	case "rocket":
		return "1f680"
	case "ticket":
		return "1f3ab"
	case "lock":
		return "1f512"
	case "bell":
		return "1f514"
	case "hourglass_flowing_sand":
		return "23f3"
	case "speech_balloon":
		return "1f4ac"
	case "bow":
		return "1f647"
	}
	return ""
}

// emojiSign returns the character of an emoji, or its name in colons.
func emojiSign(name string) string {
	base, _, _ := strings.Cut(name, "::")
	var out []rune
	for point := range strings.SplitSeq(emojiCode(base), "-") {
		if n, err := strconv.ParseUint(point, 16, 32); err == nil {
			out = append(out, rune(n))
		}
	}
	if out == nil {
		return ":" + name + ":"
	}
	return string(out)
}

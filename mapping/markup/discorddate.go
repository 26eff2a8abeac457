package markup

import (
	"regexp"
	"strconv"
)

// discordStyles are Discord's styles of a moment and the formats of ours that say
// the same.
// https://docs.discord.com/developers/reference#message-formatting-timestamp-styles
var discordStyles = [...]struct{ style, format string }{
	{"f", "{date} {time}"},
	{"F", "{date_long} {time}"},
	{"s", "{date_num} {time}"},
	{"S", "{date_num} {time_secs}"},
	{"D", "{date}"},
	{"d", "{date_num}"},
	{"t", "{time}"},
	{"T", "{time_secs}"},
	{"R", "{ago}"},
}

// discordMoment reads the number and style of a <t:…> token.
func discordMoment(stamp, letter string, st style) (span, bool) {
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return span{}, false
	}
	m := moment{unix: unix, format: discordStyles[0].format}
	for _, s := range discordStyles {
		if s.style == letter {
			m.format = s.format
		}
	}
	ref := dateRef(m)
	if _, ok := parseDate(ref); !ok {
		return span{}, false
	}
	return span{kind: spanDate, style: st, text: dateText(unix), ref: ref}, true
}

// formatToken is one thing that a format of a moment shows.
var formatToken = regexp.MustCompile(`\{(?:date|date_num|date_short|date_long|date_pretty|date_short_pretty|date_long_pretty|time|time_secs|ago)\}`)

// date spells a moment for Discord, which shows it in the reader's own time:
// one token where Discord has the format, else one for each thing that the format
// shows with its words between. A moment that shows neither is its text.
func (w *discordWriter) date(s span) []span {
	m, ok := parseDate(s.ref)
	if !ok {
		return []span{{style: s.style, text: s.text}}
	}
	m = plainMoment(m, s.text)
	token := func(letter string) span {
		return span{kind: spanDate, style: s.style, text: "<t:" + strconv.FormatInt(m.unix, 10) + ":" + letter + ">"}
	}
	var out []span
	for _, known := range discordStyles {
		if m.format == known.format {
			out = append(out, token(known.style))
		}
	}
	if out == nil {
		at := 0
		for _, found := range formatToken.FindAllStringIndex(m.format, -1) {
			out = append(out, span{style: s.style, text: m.format[at:found[0]]}, token(discordStyle(m.format[found[0]:found[1]])))
			at = found[1]
		}
		if out == nil {
			return []span{{style: s.style, text: s.text}}
		}
		out = append(out, span{style: s.style, text: m.format[at:]})
	}
	if m.link != "" {
		out = append(out, w.shownAddress(m.link)...)
	}
	return out
}

// discordStyle is the style that comes nearest to one thing a format shows.
func discordStyle(token string) string {
	for _, s := range discordStyles {
		if s.format == token {
			return s.style
		}
	}
	return "D" // the other forms of a date
}

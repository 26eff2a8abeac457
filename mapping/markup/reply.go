package markup

import (
	"strings"
)

// Reply returns a body as text for a reply to a customer: a mention or channel
// link becomes the name alone, a call to everybody goes away, everything else
// stays the Markdown it is.
func Reply(md string) string {
	md = clean(md)
	var out strings.Builder
	at := 0
	for _, n := range refs(md) {
		if n.start < at {
			continue
		}
		out.WriteString(md[at:n.start])
		at = n.stop
		text := strings.TrimLeft(n.label, "@#")
		if n.scheme == schemeDate {
			text = n.label
		}
		if n.scheme == schemeBroadcast {
			at += len(md[at:]) - len(strings.TrimLeft(md[at:], " ,:"))
			continue
		}
		out.WriteString(writeLabel(text))
	}
	out.WriteString(md[at:])
	return out.String()
}

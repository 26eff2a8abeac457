package markup

import "strings"

// Quote makes Markdown a quotation.
func Quote(md string) string {
	lines := strings.Split(strings.TrimRight(md, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight("> "+line, " ")
	}
	return strings.Join(lines, "\n")
}

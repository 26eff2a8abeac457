package simpage

import (
	"crypto/sha256"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Face draws a square with a name's initials. Who has a picture, whatever names it, has
// a frame in that picture's colour.
func Face(w http.ResponseWriter, name, picture string) {
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	frame := ""
	if picture != "" {
		frame = fmt.Sprintf(`<rect x="4" y="4" width="64" height="64" rx="20" fill="none" stroke="hsl(%d 80%% 70%%)" stroke-width="8"/>`, hue(picture))
	}
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72"><rect width="72" height="72" fill="hsl(%d 43%% 40%%)"/>%s`+
		`<text x="36" y="47" font-family="sans-serif" font-size="30" fill="#fff" text-anchor="middle">%s</text></svg>`,
		hue(name), frame, template.HTMLEscapeString(initials(name)))
}

func hue(text string) int {
	sum := sha256.Sum256([]byte(text))
	return int(sum[0]) * 360 / 256
}

func initials(name string) string {
	var out []rune
	for word := range strings.FieldsSeq(name) {
		first, _ := utf8.DecodeRuneInString(word)
		if unicode.IsLetter(first) && len(out) < 2 {
			out = append(out, unicode.ToUpper(first))
		}
	}
	if out == nil {
		return "?"
	}
	return string(out)
}

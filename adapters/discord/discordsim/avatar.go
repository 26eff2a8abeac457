package discordsim

import (
	"crypto/sha256"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// avatar draws a disc with a name's initials.
func (p *pages) avatar(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	sum := sha256.Sum256([]byte(name))
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "max-age=3600")
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72"><rect width="72" height="72" fill="hsl(%d 42%% 40%%)"/>`+
		`<text x="36" y="47" font-family="sans-serif" font-size="30" fill="#fff" text-anchor="middle">%s</text></svg>`,
		int(sum[0])*360/256, template.HTMLEscapeString(initials(name)))
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

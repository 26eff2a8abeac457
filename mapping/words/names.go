package words

import "strings"

// maxNameWords is how many words of a name, and of what is typed to find one, count.
const maxNameWords = 12

// Name returns the words that a name or an e-mail address is found by. Those after an
// @ have it in front, so that a company's domain is not everybody's name.
func Name(text string) []string {
	var out []string
	for _, field := range strings.Fields(text) {
		before, after, _ := strings.Cut(field, "@")
		out = append(out, Split(before)...)
		for _, w := range Split(after) {
			out = append(out, "@"+w)
		}
	}
	return out[:min(len(out), maxNameWords)]
}

// Reach returns the bounds of the words that begin like one: they are not less than the
// first and less than the second, compared by their bytes.
func Reach(word string) (from, to string) { return word, word + "\U0010FFFF" }

package words

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxTerms is how many terms of a query are looked for.
const maxTerms = 12

// Term is one or more words that must follow one another.
type Term struct {
	Words []string
	// Open: the last word may go on, as "inv" finds "invoice".
	Open bool
}

// Query is what somebody searches for: texts that have every term.
type Query []Term

// Parse reads what somebody typed. Words in quotes are found together and as they are.
func Parse(text string) Query {
	var q Query
	for i, part := range strings.Split(text, `"`) {
		if i%2 == 1 {
			q = q.with(part, false)
			continue
		}
		for _, field := range strings.Fields(part) {
			q = q.with(field, true)
		}
	}
	return q
}

func (q Query) with(text string, open bool) Query {
	found := Split(text)
	if len(found) == 0 || len(q) == maxTerms {
		return q
	}
	open = open && utf8.RuneCountInString(found[len(found)-1]) > 1
	return append(q, Term{Words: found[:min(len(found), maxTerms)], Open: open})
}

// FTS5 writes the query for SQLite's full-text search.
func (q Query) FTS5() string {
	var parts []string
	for _, t := range q {
		part := `"` + strings.Join(t.Words, " ") + `"` // words have letters and digits only
		if t.Open {
			part += " *"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " AND ")
}

// TSQuery writes the query for Postgres.
func (q Query) TSQuery() string {
	var parts []string
	for _, t := range q {
		part := "('" + strings.Join(t.Words, "' <-> '") + "'"
		if t.Open {
			part += ":*"
		}
		parts = append(parts, part+")")
	}
	return strings.Join(parts, " & ")
}

// TSVector writes a text's words with their places, as Postgres keeps them.
func TSVector(text string) string {
	var b strings.Builder
	for i, w := range Split(text) {
		b.WriteString("'" + w + "':" + strconv.Itoa(i+1) + " ")
	}
	return b.String()
}

// Piece is a part of an excerpt; Hit: the query found it.
type Piece struct {
	Text string
	Hit  bool
}

type place struct {
	start, end int
	word       string
}

// Excerpt returns about so many bytes of a text around the first thing that the query
// finds in it, with everything found marked. Without a find it is the text's beginning.
func (q Query) Excerpt(text string, width int) []Piece {
	hits := q.find(text)
	from := 0
	if len(hits) > 0 && hits[0].start > width/3 {
		from = hits[0].start - width/3
		for from > 0 && text[from-1] != ' ' && text[from-1] != '\n' && hits[0].start-from < width/2 {
			from--
		}
	}
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	to := min(len(text), from+width)
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	return cut(text, from, to, hits)
}

func cut(text string, from, to int, hits []place) []Piece {
	var out []Piece
	add := func(s string, hit bool) {
		if s != "" {
			out = append(out, Piece{s, hit})
		}
	}
	if from > 0 {
		add("… ", false)
	}
	at := from
	for _, h := range hits {
		if h.start < at || h.end > to {
			continue
		}
		add(text[at:h.start], false)
		add(text[h.start:h.end], true)
		at = h.end
	}
	add(text[at:to], false)
	if to < len(text) {
		add(" …", false)
	}
	return out
}

// find returns the places of the words that the query finds, in order.
func (q Query) find(text string) []place {
	var all []place
	scan(text, func(start, end int, word string) bool {
		all = append(all, place{start, end, word})
		return len(all) < maxWords
	})
	hit := make([]bool, len(all))
	for i := range all {
		for _, t := range q {
			if t.at(all[i:]) {
				for j := range t.Words {
					hit[i+j] = true
				}
			}
		}
	}
	var out []place
	for i, h := range hit {
		if h {
			out = append(out, all[i])
		}
	}
	return out
}

func (t Term) at(all []place) bool {
	if len(all) < len(t.Words) {
		return false
	}
	for i, w := range t.Words {
		if all[i].word != w && !(t.Open && i == len(t.Words)-1 && strings.HasPrefix(all[i].word, w)) {
			return false
		}
	}
	return true
}

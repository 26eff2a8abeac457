package bridge

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// MaxShared is how many comments of a ticket one message can share.
const MaxShared = 100

// MaxSharedBytes is the most that they have together; each of them may be as long as
// any message.
const MaxSharedBytes = 8 * MaxBody

// Share names comments of a ticket that a message of a side conversation quotes, each
// whole and with its files.
type Share struct {
	// Comments are the entries of what the customer wrote, of replies and of notes.
	Comments []int64
	// Notes: who shares was warned that there are internal notes among them.
	Notes bool
}

func (sh Share) empty() bool { return len(sh.Comments) == 0 }

// shared is what a message quotes.
type shared struct {
	// named are the people whom the words before it name, by id.
	named []string
	quote string
	files []FileUpload
	seqs  []int64
}

// quoted collects comments in the order in which they were written.
func (s *State) quoted(ticket int64, sh Share) (out shared, err error) {
	if sh.empty() {
		return out, nil
	}
	out.seqs = slices.Clone(sh.Comments)
	slices.Sort(out.seqs)
	out.seqs = slices.Compact(out.seqs)
	if len(out.seqs) > MaxShared {
		return out, fmt.Errorf("%w: %d comments at once, the most is %d: share the others in another message", ErrInvalid, len(out.seqs), MaxShared)
	}
	log := s.wholeLog(ticket)
	var quotes []string
	size := 0
	for _, seq := range out.seqs {
		var e *Entry
		if i := slices.IndexFunc(log, func(e *Entry) bool { return e.Seq == seq }); i >= 0 {
			e = log[i]
		}
		if err := mayShare(e, seq, sh.Notes); err != nil {
			return out, err
		}
		quotes = append(quotes, s.quote(e, &out.files))
		size += len(quotes[len(quotes)-1])
	}
	if size > MaxSharedBytes {
		return out, fmt.Errorf("%w: the comments have %d bytes together, the most is %d: share them in several messages", ErrInvalid, size, MaxSharedBytes)
	}
	out.quote = strings.Join(quotes, "\n\n")
	return out, nil
}

func mayShare(e *Entry, seq int64, notes bool) error {
	switch {
	case e == nil || sharedBy[e.Kind] == "":
		return fmt.Errorf("%w: entry %d is no comment of this ticket", ErrInvalid, seq)
	case e.Erased:
		return fmt.Errorf("%w: the words of comment %d were erased: leave it out", ErrConflict, seq)
	case e.Kind == NoteWritten && !notes:
		return fmt.Errorf("%w: there are internal notes among the comments: confirm that the people in the thread may read them", ErrInvalid)
	}
	return nil
}

// sharedBy says in a quote's heading what kind of comment it is.
var sharedBy = map[Kind]string{CustomerWrote: "Customer", CustomerReply: "Reply to the customer", NoteWritten: "Internal note"}

// quote writes a comment as a quotation under who wrote it and when, and takes its files
// along. Every line of a comment begins with ">", which no heading does.
func (s *State) quote(e *Entry, files *[]FileUpload) string {
	var out strings.Builder
	fmt.Fprintf(&out, "**%s**", sharedBy[e.Kind])
	if name := inert(e.Words.Name); name != "" {
		fmt.Fprintf(&out, " (%s)", name)
	}
	out.WriteString(" · " + e.At.UTC().Format("2 Jan 2006 15:04") + " UTC")
	for i, f := range e.Facts.Files {
		name := fmt.Sprintf("file-%d", i+1)
		if i < len(e.Words.Files) && e.Words.Files[i] != "" {
			name = e.Words.Files[i]
		}
		if have := s.Files[FileKey{e.ID(), f.N}]; have != nil && have.State == FileStoredS {
			*files = append(*files, FileUpload{Name: name, MIME: have.MIME, Size: have.Size, Hash: have.Hash})
			continue
		}
		fmt.Fprintf(&out, "\n\n_The file %s is not here._", inert(name))
	}
	if strings.TrimSpace(e.Words.Body) == "" {
		return out.String()
	}
	out.WriteString("\n")
	for line := range strings.SplitSeq(e.Words.Body, "\n") {
		out.WriteString("\n" + strings.TrimRight("> "+line, " "))
	}
	return out.String()
}

// marks are the signs that mean something in Markdown.
var marks = regexp.MustCompile("[\\\\`*_{}\\[\\]()<>#+.!|~:@&-]")

// inert makes a name one line that no Markdown is read in.
func inert(name string) string {
	return marks.ReplaceAllString(strings.Join(strings.Fields(name), " "), `\$0`)
}

// say puts own words before what is quoted.
func (q shared) say(own string) string {
	switch {
	case q.quote == "":
		return own
	case own == "":
		return q.quote
	}
	return own + "\n\n" + q.quote
}

// Quoted takes the words of a message that shares comments apart: what its author wrote
// themselves, and the quotations.
func (e *Entry) Quoted() (own, quote string) {
	at := e.Facts.Own
	if len(e.Facts.Shared) == 0 || at < 0 || at > len(e.Words.Body) {
		return e.Words.Body, ""
	}
	return e.Words.Body[:at], strings.TrimPrefix(e.Words.Body[at:], "\n\n")
}

// theCustomer matches the heading of a quotation of the customer. Names are inert, so a
// parenthesis in one has a backslash before it.
var theCustomer = regexp.MustCompile(`(?m)^\*\*Customer\*\* \((?:[^()\\\n]|\\.)*\)`)

// WithoutCustomer takes the customer's name out of the headings of quotations.
func WithoutCustomer(quote string) string {
	return theCustomer.ReplaceAllString(quote, "**Customer**")
}

// repeats reports whether an entry has the words of one of others: it quotes it, or it is
// a text that was suggested for a draft.
func (e *Entry) repeats(said map[int64]bool) bool {
	return said[e.Facts.Suggests] || slices.ContainsFunc(e.Facts.Shared, func(seq int64) bool { return said[seq] })
}

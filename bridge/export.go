package bridge

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"
)

// ExportFormat names the format of exported audit trails, on the first line of each.
const ExportFormat = "sidebridge/audit/1"

// exportLine is one line of an export; exactly one of its parts is there. A file is
// the format, then for every ticket its head, entries and readers, then the end.
type exportLine struct {
	Format string         `json:"format,omitempty"`
	Ticket *Head          `json:"ticket,omitempty"`
	Entry  *exportedEntry `json:"entry,omitempty"`
	Mirror *exportedAt    `json:"mirror,omitempty"`
	// Withheld stands for an entry that whoever asked for the export may not see: its
	// hash is what the entry after it follows from.
	Withheld *withheldEntry `json:"withheld,omitempty"`
	End      *exportEnd     `json:"end,omitempty"`
}

// exportedEntry is an entry as programs read it. Envelope and content are the very
// bytes that were hashed, in text, so that anybody can recompute the chain. Of erased
// words there is the commitment and nothing else.
type exportedEntry struct {
	Ticket     int64     `json:"ticket"`
	Seq        int64     `json:"seq"`
	Kind       Kind      `json:"kind"`
	At         time.Time `json:"at"`
	Facts      Facts     `json:"facts"`
	Words      Words     `json:"words,omitzero"`
	Erased     bool      `json:"erased,omitempty"`
	Envelope   string    `json:"envelope"`
	Content    string    `json:"content,omitempty"`
	Salt       string    `json:"salt,omitempty"`
	Commitment string    `json:"commitment,omitempty"`
	Hash       string    `json:"hash"`
}

// withheldEntry is all that is told of an entry of a restricted conversation.
type withheldEntry struct {
	Ticket int64  `json:"ticket"`
	Seq    int64  `json:"seq"`
	Hash   string `json:"hash"`
}

// exportedAt is what no entry says of a mirror: how far it had heard and was heard.
type exportedAt struct {
	Ticket int64  `json:"ticket"`
	Seq    int64  `json:"seq"`
	Cursor int64  `json:"cursor"`
	Head   int64  `json:"head"`
	Seen   string `json:"seen,omitempty"`
}

// exportEnd is the last line: a file without it, or with another sum, is not whole.
type exportEnd struct {
	Tickets int64 `json:"tickets"`
	Entries int64 `json:"entries"`
	// Sum is the hex SHA-256 of all bytes before this line.
	Sum string `json:"sha256"`
}

// Exporter writes audit trails as JSON Lines. The same records give the same bytes.
type Exporter struct {
	w   io.Writer
	sum hash.Hash
	end exportEnd
}

// NewExporter begins a file.
func NewExporter(w io.Writer) (*Exporter, error) {
	x := &Exporter{w: w, sum: sha256.New()}
	return x, x.line(exportLine{Format: ExportFormat})
}

// Ticket writes all entries of a ticket, whatever is wrong with them.
func (x *Exporter) Ticket(r Record) error {
	head := Head{Ticket: r.Ticket.ID, Seq: r.Ticket.Head, Hash: hex.EncodeToString(r.Ticket.HeadHash)}
	if err := x.line(exportLine{Ticket: &head}); err != nil {
		return err
	}
	for _, e := range r.Entries {
		line := exportLine{}
		if e.Withheld {
			line.Withheld = &withheldEntry{e.Ticket, e.Seq, hex.EncodeToString(e.Hash)}
		} else {
			line.Entry = exportEntry(e)
		}
		if err := x.line(line); err != nil {
			return err
		}
	}
	mirrors := slices.SortedFunc(slices.Values(r.Mirrors), func(a, b Mirror) int { return cmp.Compare(a.ID.Seq, b.ID.Seq) })
	for _, m := range mirrors {
		at := exportedAt{Ticket: m.ID.Ticket, Seq: m.ID.Seq, Cursor: m.Cursor, Head: m.Head, Seen: m.Seen}
		if err := x.line(exportLine{Mirror: &at}); err != nil {
			return err
		}
	}
	x.end.Tickets++
	x.end.Entries += int64(len(r.Entries))
	return nil
}

// Close writes the last line. It does not close the writer.
func (x *Exporter) Close() error {
	x.end.Sum = hex.EncodeToString(x.sum.Sum(nil))
	return x.line(exportLine{End: &x.end})
}

func (x *Exporter) line(l exportLine) error {
	text, err := l.encode()
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	x.sum.Write(text)
	if _, err := x.w.Write(text); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

// encode returns the line with its end. Every line has one form only, which is how
// an import tells that nothing of it was touched.
func (l exportLine) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(l)
	return b.Bytes(), err
}

func exportEntry(e *Entry) *exportedEntry {
	return &exportedEntry{
		Ticket: e.Ticket, Seq: e.Seq, Kind: e.Kind, At: e.At.UTC(), Facts: e.Facts, Words: e.Words, Erased: e.Erased,
		Envelope: string(e.Envelope), Content: string(e.Content), Salt: hex.EncodeToString(e.Salt),
		Commitment: hex.EncodeToString(e.Commitment), Hash: hex.EncodeToString(e.Hash),
	}
}

// entry returns the entry as its row would give it.
func (x *exportedEntry) entry() (*Entry, error) {
	e := &Entry{Ticket: x.Ticket, Seq: x.Seq, Kind: x.Kind, At: x.At, Envelope: []byte(x.Envelope)}
	if x.Content != "" {
		e.Content = []byte(x.Content)
	}
	for _, part := range []struct {
		to   *[]byte
		text string
	}{{&e.Salt, x.Salt}, {&e.Commitment, x.Commitment}, {&e.Hash, x.Hash}} {
		if part.text == "" {
			continue // a row without it has NULL there
		}
		bytes, err := hex.DecodeString(part.text)
		if err != nil {
			return e, fmt.Errorf("%q is not hexadecimal", part.text)
		}
		*part.to = bytes
	}
	return e, e.Decode()
}

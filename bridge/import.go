package bridge

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"
)

// ParkedImported is why a mirror rests that came from another server's export: two
// servers must not write into the same thread. No probe resumes it, only a person.
const ParkedImported = "imported"

// importedRemedy says what a person can do about it.
const importedRemedy = "This conversation came from an export. Resume it only when the server that it came from no longer serves its thread."

// maxExportLine bounds a line that is read. A text of the greatest length is in its
// line three times, escaped.
const maxExportLine = 64 << 20

// Import reads an export. It calls accept with every ticket whose chain closes and
// whose words are those committed to, with the rows that replaying its entries gives
// and all of its mirrors parked. An error names the first wrong entry, and may come
// after tickets were accepted: the caller commits nothing before Import returns nil.
func Import(r io.Reader, accept func(*State) error) (tickets, entries int64, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxExportLine)
	lines.Split(wholeLines)
	im := importer{accept: accept, sum: sha256.New(), taken: map[CopyKey]int64{}}
	for lines.Scan() {
		im.n++
		if err := im.line(lines.Bytes()); err != nil {
			return 0, 0, fmt.Errorf("%w: line %d: %w", ErrInvalid, im.n, err)
		}
	}
	switch err := lines.Err(); {
	case err != nil:
		return 0, 0, fmt.Errorf("line %d: %w", im.n+1, err)
	case !im.ended:
		return 0, 0, fmt.Errorf("%w: the file is not whole: it breaks off %s", ErrInvalid, im.where())
	}
	return im.end.Tickets, im.end.Entries, nil
}

// wholeLines splits text into lines with their ends: a last line without its end is
// not one.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF {
		return len(data), nil, nil
	}
	return 0, nil, nil
}

// importer reads one file.
type importer struct {
	accept func(*State) error
	sum    hash.Hash
	n      int
	end    exportEnd
	ended  bool
	last   int64 // the ticket before

	head    *Head // of the ticket that is being read, nil before the first
	entries []*Entry
	mirrors []exportedAt
	taken   map[CopyKey]int64 // whose copies are already there
}

// where says how far the file goes.
func (im *importer) where() string {
	switch {
	case im.head == nil:
		return "before its first ticket"
	case len(im.entries) == 0:
		return fmt.Sprintf("before entry 1 of ticket %d", im.head.Ticket)
	}
	return fmt.Sprintf("after entry %d of ticket %d", im.entries[len(im.entries)-1].Seq, im.head.Ticket)
}

func (im *importer) line(text []byte) error {
	var l exportLine
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return fmt.Errorf("it cannot be read, %s", im.where())
	}
	if im.ended {
		return fmt.Errorf("something follows the end")
	}
	if (im.n == 1) != (l.Format == ExportFormat) {
		return fmt.Errorf("the file does not begin with the format %q", ExportFormat)
	}
	whole, err := l.encode()
	if l.Entry != nil {
		return im.entry(l.Entry, err == nil && bytes.Equal(whole, text), text)
	}
	if err != nil || !bytes.Equal(whole, text) {
		return fmt.Errorf("it is not as an export writes it, %s", im.where())
	}
	switch {
	case l.Ticket != nil:
		err = im.ticket(l.Ticket)
	case l.Withheld != nil:
		return fmt.Errorf("entry %d of ticket %d is not in the file: it is of a restricted conversation that whoever made the export may not see; import an export made by an auditor, or on the server's own machine", l.Withheld.Seq, l.Withheld.Ticket)
	case l.Mirror != nil:
		err = im.mirror(l.Mirror)
	case l.End != nil:
		err = im.finish(l.End)
	}
	im.sum.Write(text)
	return err
}

// ticket begins a ticket, behind the whole of the one before.
func (im *importer) ticket(h *Head) error {
	if err := im.flush(); err != nil {
		return err
	}
	if h.Ticket <= im.last {
		return fmt.Errorf("ticket %d does not follow ticket %d", h.Ticket, im.last)
	}
	im.head, im.last = h, h.Ticket
	return nil
}

// entry takes the next entry. Facts and words are in its line twice: canonical says
// that both are the same, so that nobody reads what the chain does not vouch for.
func (im *importer) entry(x *exportedEntry, canonical bool, text []byte) error {
	if im.head == nil || len(im.mirrors) > 0 {
		return fmt.Errorf("entry %d of ticket %d is out of place", x.Seq, x.Ticket)
	}
	wrong := func(what string) error {
		return fmt.Errorf("%s", Finding{im.head.Ticket, x.Seq, what})
	}
	e, err := x.entry()
	var prev []byte
	if n := len(im.entries); n > 0 {
		prev = im.entries[n-1].Hash
	}
	switch want := int64(len(im.entries)) + 1; {
	case x.Ticket != im.head.Ticket:
		return wrong(fmt.Sprintf("it is an entry of ticket %d", x.Ticket))
	case x.Seq != want:
		return fmt.Errorf("%s", Finding{im.head.Ticket, want, fmt.Sprintf("the entry is missing (the next one there is %d)", x.Seq)})
	case err != nil:
		return wrong(err.Error())
	case !bytes.Equal(ChainHash(e, prev), e.Hash):
		return wrong("its hash does not follow from its content and its predecessor")
	case (e.Content != nil || e.Salt != nil) && !bytes.Equal(Commit(e.Salt, e.Content), e.Commitment):
		return wrong("its words are not those that were recorded")
	case !canonical:
		return wrong("its line is not as an export writes it")
	}
	if again, err := (exportLine{Entry: exportEntry(e)}).encode(); err != nil || !bytes.Equal(again, text) {
		return wrong("what its line shows is not what was recorded")
	}
	im.entries = append(im.entries, e)
	im.sum.Write(text)
	return nil
}

func (im *importer) mirror(at *exportedAt) error {
	if im.head == nil || at.Ticket != im.head.Ticket || at.Cursor > at.Head || at.Head > im.head.Seq || at.Cursor < 0 {
		return fmt.Errorf("mirror %d of ticket %d stands where it cannot", at.Seq, at.Ticket)
	}
	im.mirrors = append(im.mirrors, *at)
	return nil
}

// flush verifies the ticket that was read, and hands it over.
func (im *importer) flush() error {
	if im.head == nil {
		return nil
	}
	hash, err := hex.DecodeString(im.head.Hash)
	if err != nil {
		return fmt.Errorf("ticket %d: its hash is not hexadecimal", im.head.Ticket)
	}
	v := verifier{r: Record{Ticket: Ticket{ID: im.head.Ticket, Head: im.head.Seq, HeadHash: hash}, Entries: im.entries}}
	v.chain()
	v.contents()
	if len(v.found) > 0 {
		return fmt.Errorf("%s", v.found[0])
	}
	if len(im.entries) == 0 {
		return fmt.Errorf("ticket %d has no entries", im.head.Ticket)
	}
	s := Replay(im.entries)
	s.Entries = im.entries
	if err := im.place(s); err != nil {
		return err
	}
	if err := im.accept(s); err != nil {
		return fmt.Errorf("ticket %d: %w", im.head.Ticket, err)
	}
	im.end.Tickets++
	im.end.Entries += int64(len(im.entries))
	im.entries, im.mirrors = nil, nil
	return nil
}

// place puts the mirrors to where they stood, and parks them.
func (im *importer) place(s *State) error {
	if len(im.mirrors) != len(s.Mirrors) {
		return fmt.Errorf("ticket %d has %d mirrors, the file says where %d stand", im.head.Ticket, len(s.Mirrors), len(im.mirrors))
	}
	seq := int64(0)
	for _, at := range im.mirrors {
		m := s.Mirrors[ID{at.Ticket, at.Seq}]
		if m == nil || at.Seq <= seq {
			return fmt.Errorf("ticket %d has no mirror %d at this place", at.Ticket, at.Seq)
		}
		seq = at.Seq
		m.Cursor, m.Head, m.Seen = at.Cursor, at.Head, at.Seen
		m.Parked, m.Remedy = ParkedImported, importedRemedy
	}
	for key := range s.Copies {
		if other, is := im.taken[key]; is {
			return fmt.Errorf("tickets %d and %d both have the copy %v", other, im.head.Ticket, key)
		}
		im.taken[key] = im.head.Ticket
	}
	return nil
}

func (im *importer) finish(end *exportEnd) error {
	if err := im.flush(); err != nil {
		return err
	}
	im.end.Sum, im.ended = hex.EncodeToString(im.sum.Sum(nil)), true
	if *end != im.end {
		return fmt.Errorf("the file is not whole: it ends with %d tickets, %d entries and the sum %s, but has %d, %d and %s",
			end.Tickets, end.Entries, end.Sum, im.end.Tickets, im.end.Entries, im.end.Sum)
	}
	return nil
}

// Replay returns the rows that a ticket's entries give, by which Verify judges those
// that are stored and Import makes them. The entries may have been tampered with.
func Replay(entries []*Entry) *State {
	s := NewState(time.Time{})
	for _, e := range entries {
		s.apply(e)
	}
	return s
}

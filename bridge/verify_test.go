package bridge_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

// history returns the record of a ticket on which much has happened.
func history(t *testing.T) bridge.Record {
	t.Helper()
	m := bridgetest.NewMemory(nil)
	conv, _ := bound(t, m)
	in := heard(bridge.InPost, "1700000000.000011", "", "with a file")
	in.Files = []bridge.InboundFile{{Ref: "F1", Name: "a.txt"}}
	id := must(t, m, in).ID
	must(t, m, &bridge.StoreFile{Message: id, N: 0, MIME: "text/plain", Size: 3, Hash: "abc"})
	must(t, m, heard(bridge.InEdit, "1700000000.000011", "1700000003.000000", "edited"))
	must(t, m, heard(bridge.InDelete, "1700000000.000012", "", ""))
	must(t, m, &bridge.EditMessage{Actor: alice, Message: m.Said(conv)[0].ID, Body: "Can you look, please?"})
	must(t, m, &bridge.ChangeTicket{Actor: alice, Ticket: conv.Ticket, Status: "open", Priority: "high", Group: "billing", Tags: []string{"vip"}})
	must(t, m, &bridge.ReplyToCustomer{Actor: alice, Ticket: conv.Ticket, Body: "Hello"})
	must(t, m, &bridge.SetState{Actor: alice, Conversation: conv})
	rng := rand.New(rand.NewPCG(5, 5))
	for range 60 {
		var c bridge.Command
		m.Look(func(st *bridge.State) { c = randomCommand(rng.IntN, st) })
		if _, ok := c.(*bridge.CreateTicket); !ok {
			_, _ = m.Append(t.Context(), c) // whatever is refused is none of it
		}
	}
	r := m.Record(conv.Ticket)
	if found := bridge.Verify(r); len(found) > 0 {
		t.Fatalf("an honest record: %v", found)
	}
	return r
}

// copyOf returns a record whose parts can be forged.
func copyOf(r bridge.Record) bridge.Record {
	var entries []*bridge.Entry
	for _, e := range r.Entries {
		c := *e
		c.Envelope, c.Content, c.Salt = slices.Clone(e.Envelope), slices.Clone(e.Content), slices.Clone(e.Salt)
		c.Commitment, c.Hash = slices.Clone(e.Commitment), slices.Clone(e.Hash)
		entries = append(entries, &c)
	}
	r.Entries = entries
	r.Columns = slices.Clone(r.Columns)
	r.Ticket.Tags, r.Ticket.HeadHash = slices.Clone(r.Ticket.Tags), slices.Clone(r.Ticket.HeadHash)
	r.Conversations, r.Messages, r.Mirrors = slices.Clone(r.Conversations), slices.Clone(r.Messages), slices.Clone(r.Mirrors)
	r.Copies, r.Files = slices.Clone(r.Copies), slices.Clone(r.Files)
	return r
}

// TestEveryForgedEntryIsNamed forges each entry in each way.
func TestEveryForgedEntryIsNamed(t *testing.T) {
	honest := history(t)
	forgeries := map[string]func(*bridge.Entry){
		"kind":       func(e *bridge.Entry) { e.Kind = bridge.NoteWritten + "x" },
		"time":       func(e *bridge.Entry) { e.At = e.At.Add(time.Microsecond) },
		"ticket":     func(e *bridge.Entry) { e.Ticket++ },
		"envelope":   func(e *bridge.Entry) { e.Envelope[len(e.Envelope)-1] ^= 1 },
		"commitment": func(e *bridge.Entry) { e.Commitment = append(e.Commitment, 1) },
		"hash":       func(e *bridge.Entry) { e.Hash[0] ^= 1 },
		"words": func(e *bridge.Entry) {
			if e.Content = append(e.Content, ' '); e.Salt == nil {
				e.Salt = []byte{1}
			}
		},
		"salt": func(e *bridge.Entry) { e.Salt = append(e.Salt, 1) },
	}
	for name, forge := range forgeries {
		for i := range honest.Entries {
			r := copyOf(honest)
			forge(r.Entries[i])
			found := bridge.Verify(r)
			if len(found) == 0 || !slices.ContainsFunc(found, func(f bridge.Finding) bool { return f.Seq == honest.Entries[i].Seq }) {
				t.Errorf("%s of entry %d is forged, found is %v", name, honest.Entries[i].Seq, found)
			}
		}
	}
}

func TestEveryMissingEntryIsNamed(t *testing.T) {
	honest := history(t)
	last := len(honest.Entries) - 1
	for i := range honest.Entries {
		r := copyOf(honest)
		r.Entries = slices.Delete(r.Entries, i, i+1)
		r.Columns = slices.Delete(r.Columns, i, i+1)
		found := bridge.Verify(r)
		if len(found) == 0 || i < last && found[0].Seq != honest.Entries[i].Seq {
			t.Errorf("entry %d is missing, found is %v", honest.Entries[i].Seq, found)
		}
	}
	r := copyOf(honest)
	r.Columns[3]++
	if found := bridge.Verify(r); len(found) == 0 || found[0].Seq != honest.Entries[3].Seq {
		t.Errorf("a column that differs from its envelope: %v", found)
	}
}

// TestMissingWordsNeedAnErasure: words that are gone are a finding unless an entry
// says that they were erased.
func TestMissingWordsNeedAnErasure(t *testing.T) {
	honest := history(t)
	for i, e := range honest.Entries {
		if len(e.Commitment) == 0 {
			continue
		}
		r := copyOf(honest)
		r.Entries[i].Content, r.Entries[i].Salt = nil, nil
		if found := bridge.Verify(r); len(found) != 1 || found[0].Seq != e.Seq {
			t.Errorf("the words of entry %d are gone, found is %v", e.Seq, found)
		}
	}
}

// free are the fields that no entry sets.
var free = map[string]bool{
	"Mirror.Cursor": true, "Mirror.Head": true, "Mirror.Seen": true, "Mirror.Remedy": true, "Mirror.Due": true,
	"Mirror.Attempts": true, "Mirror.Error": true, "Mirror.DeliveredAt": true, "File.Attempts": true, "File.Due": true,
}

// TestEveryForgedRowIsFound changes each field of each row, takes each row away and
// adds one.
func TestEveryForgedRowIsFound(t *testing.T) {
	honest := history(t)
	tried := 0
	for _, table := range []string{"Conversations", "Messages", "Mirrors", "Copies", "Files"} {
		n := reflect.ValueOf(honest).FieldByName(table).Len()
		if n == 0 {
			t.Errorf("the history has no %s", table)
		}
		for i := range n {
			row := reflect.ValueOf(honest).FieldByName(table).Index(i).Type()
			for j := range row.NumField() {
				if free[row.Name()+"."+row.Field(j).Name] {
					continue
				}
				tried++
				r := copyOf(honest)
				forgeField(reflect.ValueOf(&r).Elem().FieldByName(table).Index(i).Field(j))
				if len(bridge.Verify(r)) == 0 {
					t.Errorf("%s %d: %s is forged and not found", table, i, row.Field(j).Name)
				}
			}
			r := copyOf(honest)
			rows := reflect.ValueOf(&r).Elem().FieldByName(table)
			rows.Set(reflect.AppendSlice(rows.Slice(0, i), rows.Slice(i+1, n)))
			if len(bridge.Verify(r)) == 0 {
				t.Errorf("%s %d is gone and not missed", table, i)
			}
		}
	}
	ticket := reflect.TypeFor[bridge.Ticket]()
	for j := range ticket.NumField() {
		tried++
		r := copyOf(honest)
		forgeField(reflect.ValueOf(&r).Elem().FieldByName("Ticket").Field(j))
		if len(bridge.Verify(r)) == 0 {
			t.Errorf("the ticket's %s is forged and not found", ticket.Field(j).Name)
		}
	}
	t.Logf("%d forged fields", tried)
}

// forgeField changes a field to another value of its type.
func forgeField(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
		return
	case []byte:
		v.Set(reflect.ValueOf([]byte{1}))
		return
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1000)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.ValueOf("forged")))
	case reflect.Struct:
		forgeField(v.Field(v.NumField() - 1))
	default:
		panic(fmt.Sprintf("no way to forge a %s", v.Type()))
	}
}

// TestACursorAheadOfItsHeadIsFound, and a head ahead of the log.
func TestACursorAheadOfItsHeadIsFound(t *testing.T) {
	honest := history(t)
	for _, forge := range []func(*bridge.Mirror){
		func(m *bridge.Mirror) { m.Cursor = m.Head + 1 },
		func(m *bridge.Mirror) { m.Head = honest.Ticket.Head + 1 },
	} {
		r := copyOf(honest)
		forge(&r.Mirrors[0])
		if len(bridge.Verify(r)) == 0 {
			t.Error("not found")
		}
	}
}

func TestFindingsSayWhere(t *testing.T) {
	if got := (bridge.Finding{Ticket: 12, Seq: 34, What: "x"}).String(); got != "ticket 12, entry 34: x" {
		t.Error(got)
	}
	if got := (bridge.Finding{Ticket: 12, What: "x"}).String(); got != "ticket 12: x" {
		t.Error(got)
	}
}

// TestEqualWordsHaveDifferentCommitments: nobody can guess short words from a hash.
func TestEqualWordsHaveDifferentCommitments(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		e := &bridge.Entry{Ticket: 1, Seq: 1, Kind: bridge.NoteWritten, Words: bridge.Words{Body: "yes"}}
		if err := bridge.Seal(e, nil); err != nil {
			t.Fatal(err)
		}
		seen[string(e.Commitment)] = true
		if strings.Contains(string(e.Envelope), "yes") {
			t.Fatal("the envelope has the words")
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d commitments for 100 entries", len(seen))
	}
}

// TestPartsCannotBeMovedAcrossTheirBorders: every part is hashed behind its length.
func TestPartsCannotBeMovedAcrossTheirBorders(t *testing.T) {
	at := time.Unix(1, 0)
	a := &bridge.Entry{Ticket: 1, Seq: 1, At: at, Kind: "ab", Envelope: []byte("c")}
	b := &bridge.Entry{Ticket: 1, Seq: 1, At: at, Kind: "a", Envelope: []byte("bc")}
	if string(bridge.ChainHash(a, nil)) == string(bridge.ChainHash(b, nil)) {
		t.Error("two entries have one hash")
	}
}

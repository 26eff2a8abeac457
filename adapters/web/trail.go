package web

import (
	"context"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Records reads everything that is stored about tickets, for auditors.
type Records interface {
	// Record returns all of a ticket as it was in one moment.
	Record(ctx context.Context, ticket int64) (bridge.Record, error)
	// Export writes audit trails as JSON Lines, which a server without tickets imports.
	Export(ctx context.Context, w io.Writer, viewer string, tickets ...int64) error
	// Hidden returns the conversations of a ticket that somebody may not see.
	Hidden(ctx context.Context, viewer string, ticket int64) (map[bridge.ID]bool, error)
	SetAuditor(ctx context.Context, person string, is bool) error
	Auditors(ctx context.Context) (map[string]bool, error)
}

// TrailReader is what a readable trail is made of.
type TrailReader interface {
	People
	Record(ctx context.Context, ticket int64) (bridge.Record, error)
	Hidden(ctx context.Context, viewer string, ticket int64) (map[bridge.ID]bool, error)
	Groups(ctx context.Context) (map[string]string, error)
	ChannelNames(ctx context.Context, places []bridge.Place) (map[bridge.Place]string, error)
}

// exportPage is a trail on a page that needs nothing but itself.
type exportPage struct {
	ID       int64
	Subject  string
	Entries  int
	HeadHash string
	Lines    []exportedLine
	Wrong    []string // what is wrong with the record
}

// exportedLine is an entry with its files.
type exportedLine struct {
	trailLine
	Kind  bridge.Kind
	Files []exportedFile
}

// exportedFile is a file of an entry: its bytes are told by their hash.
type exportedFile struct {
	Name string
	Size int64
	Hash string
}

// WriteTrail writes a ticket's audit trail as a page for people: one file that loads
// and runs nothing.
func WriteTrail(ctx context.Context, w io.Writer, read TrailReader, viewer string, ticket int64) error {
	r, err := read.Record(ctx, ticket)
	if err != nil {
		return err
	}
	hidden, err := read.Hidden(ctx, viewer, ticket)
	if err != nil {
		return err
	}
	wrong := bridge.Verify(r)
	r = r.Withhold(hidden)
	n, err := recordNames(ctx, read, r)
	if err != nil {
		return err
	}
	page, err := template.New("export.html").Funcs(funcs("")).ParseFS(embedded, "templates/export.html")
	if err != nil {
		return fmt.Errorf("template of the export: %w", err) // unreachable: it is embedded and tested
	}
	if err := page.Execute(w, n.exportPage(r, wrong)); err != nil {
		return fmt.Errorf("write the trail of ticket %d: %w", ticket, err)
	}
	return nil
}

func recordNames(ctx context.Context, read TrailReader, r bridge.Record) (n names, err error) {
	n = names{people: map[string]string{}, subjects: map[int64]string{}}
	if n.groups, err = read.Groups(ctx); err != nil {
		return n, err
	}
	if err := n.addPeople(ctx, read); err != nil {
		return n, err
	}
	for _, e := range r.Entries {
		if e.Kind == bridge.ConversationStarted {
			n.subjects[e.Seq] = e.Words.Subject
		}
	}
	n.channels, err = read.ChannelNames(ctx, entryPlaces(r.Entries))
	return n, err
}

func entryPlaces(entries []*bridge.Entry) []bridge.Place {
	seen := map[bridge.Place]bool{}
	var out []bridge.Place
	add := func(p bridge.Place) {
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, e := range entries {
		if e.Facts.Source != nil {
			add(e.Facts.Source.Place())
		}
		if e.Facts.Place != nil {
			add(*e.Facts.Place)
		}
	}
	return out
}

func (n names) exportPage(r bridge.Record, wrong []bridge.Finding) exportPage {
	p := exportPage{ID: r.Ticket.ID, Entries: len(r.Entries), HeadHash: hex.EncodeToString(r.Ticket.HeadHash)}
	for _, f := range wrong {
		p.Wrong = append(p.Wrong, f.String())
	}
	st := bridge.NewState(time.Time{})
	for _, m := range r.Mirrors {
		st.Mirrors[m.ID] = &m
	}
	for _, e := range r.Entries {
		if e.Kind == bridge.TicketCreated {
			p.Subject = e.Words.Subject
		}
		line := exportedLine{trailLine: n.trailLine(e, st), Kind: e.Kind}
		for i, f := range e.Facts.Files {
			file := exportedFile{Name: fmt.Sprintf("file %d", f.N+1), Size: f.Size, Hash: f.Hash}
			if i < len(e.Words.Files) {
				file.Name = e.Words.Files[i]
			}
			line.Files = append(line.Files, file)
		}
		p.Lines = append(p.Lines, line)
	}
	return p
}

// exportTrail answers an admin with a ticket's trail as a file, for people or, as
// JSON Lines, for programs and for another server.
func (s *Server) exportTrail(w http.ResponseWriter, r *http.Request) error {
	id, err := ticketOf(r)
	if err != nil {
		return err
	}
	st, err := s.store.TicketSince(r.Context(), viewer(r), id, math.MaxInt64)
	if err != nil {
		return err
	}
	if err := s.store.RecordAccess(r.Context(), whoIs(r).actor(), bridge.AccessExport, readAll(st, id, itemTrail)...); err != nil {
		return err
	}
	kind, typ, write := "jsonl", "application/jsonl", func() error { return s.store.Export(r.Context(), w, viewer(r), id) }
	if r.FormValue("as") == "html" {
		kind, typ, write = "html", "text/html", func() error { return WriteTrail(r.Context(), w, s.store, viewer(r), id) }
	}
	h := w.Header()
	h.Set("Content-Type", typ+"; charset=utf-8")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="ticket-%d.%s"`, id, kind))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
	if err := write(); err != nil {
		// The answer has begun: what is cut off has no last line, and no import takes it.
		s.o.Logger.Error("export broke off", "ticket", id, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

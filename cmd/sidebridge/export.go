package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
)

type auditExportCmd struct {
	configFlag
	Ticket ticketNumber `arg:"" optional:"" help:"The ticket's number."`
	All    bool         `help:"Export all tickets (jsonl only)."`
	Format string       `enum:"text,jsonl,html" default:"text" help:"text or html (one page that needs no server) for people; jsonl for programs and for import: one entry a line, with all that its hash is made of."`
}

// ticketNumber is a ticket's number as people write it: 3 or #3.
type ticketNumber int64

// UnmarshalText reads it.
func (n *ticketNumber) UnmarshalText(text []byte) error {
	number, err := strconv.ParseInt(strings.TrimPrefix(string(text), "#"), 10, 64)
	if err != nil || number <= 0 {
		return fmt.Errorf("%q is no ticket's number, such as 3", text)
	}
	*n = ticketNumber(number)
	return nil
}

// exportBatch is how many entries are read at once.
const exportBatch = 500

// Run writes the audit trail of a ticket, or of all.
func (c *auditExportCmd) Run(ctx context.Context, p *program) error {
	switch {
	case c.All && c.Format != "jsonl":
		return errors.New("--all is for --format jsonl: export tickets one by one for people to read")
	case c.All == (c.Ticket != 0):
		return errors.New("name one ticket, or give --all")
	}
	return withStore(ctx, p, c.configFlag, func(_ *config.Config, s *store.Store) error {
		if err := c.record(ctx, s); err != nil {
			return err
		}
		switch {
		case c.All:
			return s.Export(ctx, p.stdout, bridge.SeesAll)
		case c.Format == "jsonl":
			return s.Export(ctx, p.stdout, bridge.SeesAll, int64(c.Ticket))
		case c.Format == "html":
			return web.WriteTrail(ctx, p.stdout, s, bridge.SeesAll, int64(c.Ticket))
		}
		return c.text(ctx, p, s)
	})
}

// record puts on record who takes the trail out, before anything is written.
func (c *auditExportCmd) record(ctx context.Context, s *store.Store) error {
	what := []bridge.Access{{Item: "audit trails of all tickets"}}
	if c.Ticket != 0 {
		ticket := int64(c.Ticket)
		st, err := s.TicketSince(ctx, bridge.SeesAll, ticket, math.MaxInt64)
		if err != nil {
			return err
		}
		what = []bridge.Access{{Ticket: ticket, Item: "audit trail"}}
		for id := range st.Conversations {
			what = append(what, bridge.Access{Ticket: ticket, Conversation: id.Seq, Item: "audit trail"})
		}
	}
	return s.RecordAccess(ctx, operator(), bridge.AccessCommand, what...)
}

// text writes the trail for a terminal.
func (c *auditExportCmd) text(ctx context.Context, p *program, s *store.Store) error {
	groups, err := s.Groups(ctx)
	if err != nil {
		return err
	}
	after := int64(0)
	for {
		entries, err := s.Entries(ctx, bridge.SeesAll, int64(c.Ticket), after, exportBatch)
		if err != nil {
			return err
		}
		if len(entries) == 0 && after == 0 {
			return fmt.Errorf("ticket %d: %w", c.Ticket, bridge.ErrNotFound)
		}
		for _, e := range entries {
			if err := writeText(p.stdout, e, groups); err != nil {
				return wrapf(err, "write entry %s", e.ID())
			}
			after = e.Seq
		}
		if len(entries) < exportBatch {
			return nil
		}
	}
}

type auditImportCmd struct {
	configFlag
	File string `arg:"" help:"A file that audit export --format jsonl has written; - is standard input."`
}

// Run imports a file into a server that has no tickets yet.
func (c *auditImportCmd) Run(ctx context.Context, p *program) error {
	return withStore(ctx, p, c.configFlag, func(_ *config.Config, s *store.Store) (err error) {
		in := p.stdin
		if c.File != "-" {
			f, err := os.Open(c.File)
			if err != nil {
				return wrapf(err, "open the export")
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			in = f
		}
		tickets, entries, err := s.Import(ctx, in)
		if err != nil {
			return err
		}
		p.print("%d tickets with %d entries were verified and imported. No thread is written before an admin resumes it on the Health page.\n", tickets, entries)
		return nil
	})
}

// writeText writes a line for an entry, and its words below it. Groups have their names
// by their ids.
func writeText(w io.Writer, e *bridge.Entry, groups map[string]string) error {
	if _, err := fmt.Fprintf(w, "%4d  %s  %-22s %s\n", e.Seq, e.At.UTC().Format("2006-01-02 15:04:05.000"), e.Kind, about(e, groups)); err != nil {
		return err
	}
	_, err := io.WriteString(w, indent(wordsOf(e)))
	return err
}

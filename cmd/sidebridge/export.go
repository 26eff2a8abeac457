package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
)

type auditExportCmd struct {
	configFlag
	Ticket int64  `arg:"" help:"The ticket's number."`
	Format string `enum:"text,jsonl" default:"text" help:"text for people, jsonl for programs: one entry a line, with all that its hash is made of."`
}

// exportBatch is how many entries are read at once.
const exportBatch = 500

// Run writes the ticket's audit trail.
func (c *auditExportCmd) Run(ctx context.Context, p *program) error {
	return withStore(ctx, p, c.configFlag, func(_ *config.Config, s *store.Store) error {
		write := writeText
		if c.Format == "jsonl" {
			write = writeJSON
		}
		after := int64(0)
		for {
			entries, err := s.Entries(ctx, c.Ticket, after, exportBatch)
			if err != nil {
				return err
			}
			if len(entries) == 0 && after == 0 {
				return fmt.Errorf("ticket %d: %w", c.Ticket, bridge.ErrNotFound)
			}
			for _, e := range entries {
				if err := write(p.stdout, e); err != nil {
					return wrapf(err, "write entry %s", e.ID())
				}
				after = e.Seq
			}
			if len(entries) < exportBatch {
				return nil
			}
		}
	})
}

// exported is an entry as programs read it. Envelope and content are the very bytes
// that were hashed, in text, so that anybody can recompute the chain.
type exported struct {
	Ticket     int64        `json:"ticket"`
	Seq        int64        `json:"seq"`
	Kind       bridge.Kind  `json:"kind"`
	At         time.Time    `json:"at"`
	Facts      bridge.Facts `json:"facts"`
	Words      bridge.Words `json:"words,omitzero"`
	Erased     bool         `json:"erased,omitempty"`
	Envelope   string       `json:"envelope"`
	Content    string       `json:"content,omitempty"`
	Salt       string       `json:"salt,omitempty"`
	Commitment string       `json:"commitment,omitempty"`
	Hash       string       `json:"hash"`
}

func writeJSON(w io.Writer, e *bridge.Entry) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(exported{
		Ticket: e.Ticket, Seq: e.Seq, Kind: e.Kind, At: e.At.UTC(), Facts: e.Facts, Words: e.Words, Erased: e.Erased,
		Envelope: string(e.Envelope), Content: string(e.Content), Salt: hex.EncodeToString(e.Salt),
		Commitment: hex.EncodeToString(e.Commitment), Hash: hex.EncodeToString(e.Hash),
	})
}

// writeText writes a line for an entry, and its words below it.
func writeText(w io.Writer, e *bridge.Entry) error {
	if _, err := fmt.Fprintf(w, "%4d  %s  %-22s %s\n", e.Seq, e.At.UTC().Format("2006-01-02 15:04:05.000"), e.Kind, about(e)); err != nil {
		return err
	}
	_, err := io.WriteString(w, indent(wordsOf(e)))
	return err
}

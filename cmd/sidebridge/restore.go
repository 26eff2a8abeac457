package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

type auditRestoreCmd struct {
	configFlag
	Reason string `arg:"" help:"Why, and from which backup, for whoever verifies later."`
}

// Run adds a signed line to the checkpoint file. The daemon must not run: it would go
// on behind the line that it wrote last.
func (c *auditRestoreCmd) Run(p *program) (err error) {
	cfg, err := c.load(p)
	if err != nil {
		return err
	}
	if strings.TrimSpace(c.Reason) == "" {
		return errors.New("say why the database was restored, and from which backup")
	}
	l, err := lockFolder(cfg.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	key, err := bridge.CheckpointKey(cfg.Audit.CheckpointKeyFile)
	if err != nil {
		return err
	}
	points := &bridge.Checkpointer{Path: cfg.Audit.CheckpointFile, Key: key, Log: quietLogger(cfg, p)}
	if err := points.AcknowledgeRestore(c.Reason); err != nil {
		return fmt.Errorf("acknowledge the restore: %w", err)
	}
	p.print("Acknowledged. What checkpoints named before may be missing now; audit verify no longer asks for it.\n")
	return nil
}

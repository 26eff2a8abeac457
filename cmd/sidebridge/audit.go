package main

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
)

type auditCmds struct {
	Verify auditVerifyCmd `cmd:"" help:"Recompute every audit trail and compare it with the stored state and the signed checkpoints."`
	Export auditExportCmd `cmd:"" help:"Write the audit trail of a ticket, or of all, to standard output."`
	Import auditImportCmd `cmd:"" help:"Read exported audit trails into an empty server: ids and hashes stay, and what was tampered with is refused."`

	AcknowledgeRestore auditRestoreCmd `cmd:"" help:"Record, signed, that the database was restored from a backup, so that what came after the backup may be missing."`
}

type auditVerifyCmd struct {
	configFlag
	Ticket    ticketNumber `help:"Verify one ticket only."`
	PublicKey string       `placeholder:"FILE" help:"Public key of the checkpoints, such as a copy kept elsewhere; by default the one beside the signing key."`
	Quiet     bool         `short:"q" help:"Print findings only."`
}

// Run prints what is wrong, or that nothing is. Something wrong gives exit code 1.
func (c *auditVerifyCmd) Run(ctx context.Context, p *program) error {
	return withStore(ctx, p, c.configFlag, func(cfg *config.Config, s *store.Store) error {
		points, problems, note, err := readCheckpoints(cfg, c.PublicKey)
		if err != nil {
			return err
		}
		rep, err := s.Verify(ctx, store.VerifyOptions{Ticket: int64(c.Ticket), Checkpoints: points, Problems: problems})
		if err != nil {
			return err
		}
		c.print(p, rep, len(points), note)
		if len(rep.Found) > 0 {
			return errQuiet
		}
		return nil
	})
}

func (c *auditVerifyCmd) print(p *program, rep store.Report, points int, note string) {
	for _, f := range rep.Found {
		p.print("WRONG  %s\n", f)
	}
	if c.Quiet {
		return
	}
	p.print("%d tickets with %d entries and %d checkpoints were verified: ", rep.Tickets, rep.Entries, points)
	switch len(rep.Found) {
	case 0:
		p.print("nothing is wrong.\n")
	default:
		p.print("%d findings.\n", len(rep.Found))
	}
	if note != "" {
		p.print("%s\n", note)
	}
	if rep.Uncovered > 0 {
		p.print("No checkpoint covers the newest %d entries yet: whoever could write the database could have changed those.\n", rep.Uncovered)
	}
}

// readCheckpoints reads the checkpoint file with the public key. That there is none
// yet is no error, and said.
func readCheckpoints(cfg *config.Config, keyFile string) (points []bridge.Checkpoint, problems []bridge.Finding, note string, err error) {
	key, err := publicKey(cfg, keyFile)
	if errors.Is(err, fs.ErrNotExist) && keyFile == "" {
		return nil, nil, "There is no checkpoint key yet; only the chains were verified.", nil
	}
	if err != nil {
		return nil, nil, "", err
	}
	f, err := os.Open(cfg.Audit.CheckpointFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, "There is no checkpoint file " + cfg.Audit.CheckpointFile + "; only the chains were verified.", nil
	}
	if err != nil {
		return nil, nil, "", wrapf(err, "open the checkpoints")
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	points, problems = bridge.ReadCheckpoints(f, key)
	return points, problems, "", nil
}

// publicKeyFile is where the public half of the checkpoint key is put, so that
// whoever verifies need not have the half that signs.
func publicKeyFile(cfg *config.Config) string { return cfg.Audit.CheckpointKeyFile + ".pub" }

// publishKey writes the public key, when it is not there.
func publishKey(cfg *config.Config, key ed25519.PublicKey) error {
	text := hex.EncodeToString(key) + "\n"
	if have, err := os.ReadFile(publicKeyFile(cfg)); err == nil && string(have) == text {
		return nil
	}
	return wrapf(os.WriteFile(publicKeyFile(cfg), []byte(text), 0o644), "write the public key of checkpoints")
}

func publicKey(cfg *config.Config, file string) (ed25519.PublicKey, error) {
	if file == "" {
		file = publicKeyFile(cfg)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, wrapf(err, "read the public key of checkpoints")
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%s holds no public key: want %d hex digits", file, 2*ed25519.PublicKeySize)
	}
	return key, nil
}

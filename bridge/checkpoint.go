package bridge

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"time"
)

// Head is how far a ticket's log went, and the hash of its last entry.
type Head struct {
	Ticket int64  `json:"ticket"`
	Seq    int64  `json:"seq"`
	Hash   string `json:"hash"` // hex
}

// Checkpoint is one line of the checkpoint file, which lies outside the database:
// a signed statement of all heads that moved. Each names its predecessor, so a
// line that is taken out is missed.
type Checkpoint struct {
	Number int64     `json:"number"`
	At     time.Time `json:"at"`
	// Prev is the hex SHA-256 of the line before, empty for the first.
	Prev  string `json:"prev"`
	Heads []Head `json:"heads"`
	// Restored explains that the database was restored from a backup: heads named
	// before may not be there any more.
	Restored string `json:"restored,omitempty"`
	// Signature is ed25519 over the line without it, in hex.
	Signature string `json:"signature,omitempty"`
}

func (c Checkpoint) unsigned() []byte {
	c.Signature = ""
	line, _ := json.Marshal(c) // unreachable error: plain data marshals
	return line
}

// HeadSource is what checkpoints are made of.
type HeadSource interface {
	LeaseStore
	// HeadsSince returns the heads of tickets that changed since a time.
	HeadsSince(ctx context.Context, since time.Time) ([]Head, error)
}

// Checkpointer appends a signed checkpoint to a file outside the database every
// minute in which a head moved.
type Checkpointer struct {
	Source HeadSource
	Path   string
	Key    ed25519.PrivateKey
	Every  time.Duration
	Log    *slog.Logger

	fence  int64
	number int64
	prev   string
	known  map[int64]int64
	since  time.Time
}

// checkpointLease lets one daemon of several write the file.
const checkpointLease = "checkpoint"

// Run writes checkpoints until ctx ends, and one more then, so that the tail
// which nothing covers is short.
func (c *Checkpointer) Run(ctx context.Context) error {
	if err := c.resume(); err != nil {
		return err
	}
	for {
		more := pause(ctx, c.Every)
		if err := c.bounded(ctx, c.turn); err != nil {
			c.Log.Error("checkpoint not written", "error", err)
		}
		if !more {
			return c.bounded(ctx, func(ctx context.Context) error { return c.Source.Release(ctx, checkpointLease) })
		}
	}
}

// bounded runs something that is to happen even while the daemon stops, but not for
// ever when the database hangs.
func (c *Checkpointer) bounded(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*releaseTime)
	defer cancel()
	return f(ctx)
}

// turn writes a checkpoint while this daemon holds the lease. A new fence says that
// another one may have written meanwhile, so the file is read again.
func (c *Checkpointer) turn(ctx context.Context) error {
	fence, ok, err := c.Source.Acquire(ctx, checkpointLease, 3*c.Every)
	if err != nil || !ok {
		return err
	}
	if fence.Number != c.fence {
		if err := c.resume(); err != nil {
			return err
		}
		c.fence = fence.Number
	}
	return c.Write(ctx)
}

// resume reads the file that is there, to go on behind its last line.
func (c *Checkpointer) resume() error {
	c.known = map[int64]int64{}
	f, err := os.Open(c.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read checkpoints: %w", err)
	}
	defer f.Close()
	points, found := ReadCheckpoints(f, c.Key.Public().(ed25519.PublicKey))
	if len(found) > 0 {
		c.Log.Error("the checkpoint file does not verify; new checkpoints go on behind it", "first", found[0].What)
	}
	for _, p := range points {
		c.wrote(p)
	}
	return nil
}

// wrote goes on behind a line. After a restore all heads are named anew, since
// those named before may be higher than what there is now.
func (c *Checkpointer) wrote(p Checkpoint) {
	c.number, c.prev, c.since = p.Number, lineHash(p), p.At
	if p.Restored != "" {
		c.since, c.known = time.Time{}, map[int64]int64{}
	}
	for _, h := range p.Heads {
		c.known[h.Ticket] = h.Seq
	}
}

// overlap is how far back heads are read again: other daemons' clocks differ.
const overlap = 10 * time.Minute

// Write appends a checkpoint over the heads that moved since the last one, if any did.
func (c *Checkpointer) Write(ctx context.Context) error {
	if c.known == nil {
		if err := c.resume(); err != nil {
			return err
		}
	}
	now := time.Now().UTC()
	from := c.since
	if !from.IsZero() {
		from = from.Add(-overlap)
	}
	heads, err := c.Source.HeadsSince(ctx, from)
	if err != nil {
		return err
	}
	var moved []Head
	for _, h := range heads {
		if h.Seq > c.known[h.Ticket] {
			moved = append(moved, h)
		}
	}
	// Until the last line is there, the next checkpoint looks back as far as this one.
	for part := range slices.Chunk(moved, headsPerLine) {
		if err := c.appendLine(Checkpoint{Number: c.number + 1, At: now, Prev: c.prev, Heads: part}); err != nil {
			c.since = from
			return err
		}
	}
	return nil
}

// headsPerLine keeps a line far below maxCheckpointLine.
const headsPerLine = 10_000

// AcknowledgeRestore appends a signed line that says why heads named before may be gone.
func (c *Checkpointer) AcknowledgeRestore(reason string) error {
	if err := c.resume(); err != nil {
		return err
	}
	return c.appendLine(Checkpoint{Number: c.number + 1, At: time.Now().UTC(), Prev: c.prev, Restored: reason})
}

func (c *Checkpointer) appendLine(p Checkpoint) error {
	p.Signature = hex.EncodeToString(ed25519.Sign(c.Key, p.unsigned()))
	line, _ := json.Marshal(p) // unreachable error: plain data marshals
	f, err := os.OpenFile(c.Path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	// If we crash in the middle, ReadCheckpoints names the broken last line and the
	// next one starts on a line of its own.
	if torn(f) {
		line = append([]byte("\n"), line...)
	}
	_, err = f.Write(append(line, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	c.wrote(p)
	return nil
}

// torn reports whether the file's last line has no end.
func torn(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}

func lineHash(p Checkpoint) string {
	line, _ := json.Marshal(p) // unreachable error: plain data marshals
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// maxCheckpointLine bounds a line that is read.
const maxCheckpointLine = 16 << 20

// ReadCheckpoints reads the lines and checks numbers, predecessors and signatures.
func ReadCheckpoints(r io.Reader, key ed25519.PublicKey) (points []Checkpoint, found []Finding) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxCheckpointLine)
	bad := func(n int, what string) {
		found = append(found, Finding{What: fmt.Sprintf("checkpoint line %d: %s", n, what)})
	}
	prev, number := "", int64(0)
	for n := 1; lines.Scan(); n++ {
		var p Checkpoint
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			bad(n, "it cannot be read")
			continue
		}
		sig, err := hex.DecodeString(p.Signature)
		switch {
		case err != nil || !ed25519.Verify(key, p.unsigned(), sig):
			bad(n, "its signature is wrong")
			continue
		case p.Number != number+1 || p.Prev != prev:
			bad(n, fmt.Sprintf("it does not follow checkpoint %d: lines are missing or out of order", number))
		}
		number, prev = p.Number, lineHash(p)
		points = append(points, p)
	}
	if err := lines.Err(); err != nil {
		bad(len(points)+1, err.Error())
	}
	return points, found
}

// CheckpointKey reads the signing key from a file, made at the first use. Who has
// the key and the database can forge both, so keep it elsewhere when that matters.
func CheckpointKey(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		seed := make([]byte, ed25519.SeedSize)
		rand.Read(seed)
		if err := os.WriteFile(path, []byte(hex.EncodeToString(seed)+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("make checkpoint key: %w", err)
		}
		return ed25519.NewKeyFromSeed(seed), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checkpoint key: %w", err)
	}
	seed, err := hex.DecodeString(string(trimNewline(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("checkpoint key %s: %w: want %d hex digits", path, ErrInvalid, 2*ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func trimNewline(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}

// CheckHeads compares the heads that checkpoints named with the log: at(ticket,
// seq) returns an entry's hash in hex, empty when it is not there. Heads named
// before the last acknowledged restore are not asked for.
func CheckHeads(points []Checkpoint, at func(ticket, seq int64) (string, error)) (found []Finding, covered map[int64]int64, err error) {
	start := 0
	for i, p := range points {
		if p.Restored != "" {
			start = i
		}
	}
	covered = map[int64]int64{}
	for _, p := range points[start:] {
		for _, h := range p.Heads {
			hash, err := at(h.Ticket, h.Seq)
			if err != nil {
				return found, covered, err
			}
			switch {
			case hash == "":
				found = append(found, Finding{h.Ticket, h.Seq, fmt.Sprintf("checkpoint %d names it, but it is not there", p.Number)})
			case hash != h.Hash:
				found = append(found, Finding{h.Ticket, h.Seq, fmt.Sprintf("checkpoint %d names another hash", p.Number)})
			}
			covered[h.Ticket] = h.Seq
		}
	}
	return found, covered, nil
}

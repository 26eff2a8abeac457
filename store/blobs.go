package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"

	"github.com/sidebridge/sidebridge/bridge"
)

// blobChunk is the size of one row of a file's bytes.
const blobChunk = 1 << 20

// ErrTooLarge: the file is larger than the limit.
var ErrTooLarge = errors.New("the file is too large")

// PutBlob stores bytes under their SHA-256 and returns it in hex with the size.
// The bytes pass through a temporary file, so memory stays small and the hash is
// known before the first row is written. The same bytes are stored once; if we
// crash in the middle, rows without the last chunk are overwritten next time.
func (s *Store) PutBlob(ctx context.Context, r io.Reader, limit int64) (hash string, size int64, err error) {
	tmp, err := os.CreateTemp("", "sidebridge-blob-")
	if err != nil {
		return "", 0, fmt.Errorf("store file: %w", err)
	}
	defer func() { err = errors.Join(err, tmp.Close(), os.Remove(tmp.Name())) }()
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(tmp, h), io.LimitReader(r, limit+1))
	if err != nil {
		return "", 0, fmt.Errorf("store file: %w", err)
	}
	if size > limit {
		return "", 0, fmt.Errorf("%w: the most is %d bytes", ErrTooLarge, limit)
	}
	hash = hex.EncodeToString(h.Sum(nil))
	if have, err := s.hasBlob(ctx, hash); err != nil || have {
		return hash, size, err
	}
	if _, err := tmp.Seek(0, io.SeekStart); err != nil {
		return "", 0, fmt.Errorf("store file: %w", err)
	}
	return hash, size, s.writeChunks(ctx, tmp, hash, size)
}

func (s *Store) hasBlob(ctx context.Context, hash string) (bool, error) {
	var have, want int64
	if err := s.get(ctx, &have, "SELECT COUNT(*) FROM blobs WHERE hash = ?", hash); err != nil || have == 0 {
		return false, err
	}
	err := s.get(ctx, &want, "SELECT size FROM blobs WHERE hash = ? ORDER BY n LIMIT 1", hash)
	return have == max(1, (want+blobChunk-1)/blobChunk), err
}

func (s *Store) writeChunks(ctx context.Context, r io.Reader, hash string, size int64) error {
	buf := make([]byte, blobChunk)
	for n := int64(0); n == 0 || n*blobChunk < size; n++ {
		k, err := io.ReadFull(r, buf)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("store file: %w", err)
		}
		if _, err := s.exec(ctx, `INSERT INTO blobs (hash, n, size, bytes) VALUES (?, ?, ?, ?)
			ON CONFLICT (hash, n) DO NOTHING`, hash, n, size, buf[:k]); err != nil {
			return fmt.Errorf("store file: %w", err)
		}
	}
	return nil
}

// OpenBlob reads bytes stored by PutBlob, a chunk at a time.
func (s *Store) OpenBlob(ctx context.Context, hash string) (io.ReadCloser, error) {
	have, err := s.hasBlob(ctx, hash)
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	if !have {
		return nil, fmt.Errorf("file %s: %w", hash, bridge.ErrNotFound)
	}
	return &blobReader{ctx: ctx, s: s, hash: hash}, nil
}

type blobReader struct {
	ctx  context.Context // a reader has no other way to be told
	s    *Store
	hash string
	next int64
	rest []byte
}

func (b *blobReader) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		var chunk [][]byte
		if err := b.s.list(b.ctx, &chunk, "SELECT bytes FROM blobs WHERE hash = ? AND n = ?", b.hash, b.next); err != nil {
			return 0, fmt.Errorf("read file: %w", err)
		}
		if len(chunk) == 0 || len(chunk[0]) == 0 {
			return 0, io.EOF
		}
		b.rest = chunk[0]
		b.next++
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (b *blobReader) Close() error { return nil }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

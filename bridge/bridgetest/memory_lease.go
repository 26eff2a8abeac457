package bridgetest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// CutOff lets this view of the store renew no lease while it is off, as a daemon
// that is frozen or has lost its database.
func (m *Memory) CutOff(off bool) { m.cutOff.Store(off) }

// Acquire implements bridge.LeaseStore.
func (m *Memory) Acquire(ctx context.Context, name string, ttl time.Duration) (f bridge.Fence, ok bool, err error) {
	if m.cutOff.Load() {
		return f, false, errDatabase
	}
	err = m.read(ctx, func(*bridge.State) {
		l, now := m.disk.leases[name], time.Now()
		if l.holder != m.holder {
			if l.expires.After(now) {
				return
			}
			l = lease{holder: m.holder, fence: l.fence + 1}
		}
		l.expires = now.Add(ttl)
		m.disk.leases[name] = l
		f, ok = bridge.Fence{Lease: name, Number: l.fence}, true
	})
	return f, ok, err
}

// Release implements bridge.LeaseStore.
func (m *Memory) Release(ctx context.Context, name string) error {
	return m.read(ctx, func(*bridge.State) {
		if l := m.disk.leases[name]; l.holder == m.holder {
			l.expires = time.Time{}
			m.disk.leases[name] = l
		}
	})
}

// Block implements bridge.LeaseStore.
func (m *Memory) Block(ctx context.Context, surface, workspace, reason, remedy string) error {
	return m.read(ctx, func(*bridge.State) {
		m.disk.blocked[[2]string{surface, workspace}] = [2]string{reason, remedy}
	})
}

// Blocked implements bridge.LeaseStore.
func (m *Memory) Blocked(ctx context.Context, surface, workspace string) (reason, remedy string, err error) {
	err = m.read(ctx, func(*bridge.State) {
		b := m.disk.blocked[[2]string{surface, workspace}]
		reason, remedy = b[0], b[1]
	})
	return reason, remedy, err
}

// PendingFiles implements bridge.FileStore.
func (m *Memory) PendingFiles(ctx context.Context, surface, workspace string, limit int) ([]bridge.File, error) {
	var out []bridge.File
	err := m.read(ctx, func(st *bridge.State) {
		for _, f := range st.Files {
			if f.State == bridge.FilePending && f.Place.Surface == surface && f.Place.Workspace == workspace && !f.Due.After(time.Now()) {
				out = append(out, *f)
			}
		}
	})
	slices.SortFunc(out, func(a, b bridge.File) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Ticket, b.Ticket), cmp.Compare(a.Message, b.Message), cmp.Compare(a.N, b.N))
	})
	return out[:min(limit, len(out))], err
}

// PutBlob implements bridge.FileStore.
func (m *Memory) PutBlob(ctx context.Context, r io.Reader, limit int64) (hash string, size int64, err error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return "", 0, err
	}
	if int64(len(data)) > limit {
		return "", 0, fmt.Errorf("the file is larger than %d bytes", limit)
	}
	sum := sha256.Sum256(data)
	hash = hex.EncodeToString(sum[:])
	return hash, int64(len(data)), m.read(ctx, func(*bridge.State) { m.disk.blobs[hash] = data })
}

// OpenBlob implements bridge.FileStore.
func (m *Memory) OpenBlob(ctx context.Context, hash string) (io.ReadCloser, error) {
	var data []byte
	var found bool
	err := m.read(ctx, func(*bridge.State) { data, found = m.disk.blobs[hash] })
	if err == nil && !found {
		err = fmt.Errorf("file %s: %w", hash, bridge.ErrNotFound)
	}
	return io.NopCloser(bytes.NewReader(data)), err
}

// Upload stores bytes as an agent's browser does and returns what a command names them by.
func (m *Memory) Upload(ctx context.Context, name, mime string, data []byte) (bridge.FileUpload, error) {
	hash, size, err := m.PutBlob(ctx, bytes.NewReader(data), int64(len(data)))
	return bridge.FileUpload{Name: name, MIME: mime, Size: size, Hash: hash}, err
}

package bridge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// maxFileAttempts is how often a file is tried before it is given up with a reason:
// about twenty hours on the retry curve. Waiting for a limit or a token costs none.
const maxFileAttempts = 250

// fileFetches is how many files of a workspace are fetched at the same time.
const fileFetches = 4

// fetchFiles fetches the files that inbound messages named. The text never waits
// for them. If we crash in a fetch, it is made again: the bytes are stored by content.
func (h *holder) fetchFiles(ctx context.Context) {
	for ctx.Err() == nil {
		rung := h.r.Bell.Any()
		files, err := h.r.Store.PendingFiles(ctx, h.p.Surface.Name(), h.p.Workspace, 16)
		if err != nil && ctx.Err() == nil {
			h.log.Warn("pending files not read", "error", err)
		}
		recorded := h.fetchEach(ctx, files)
		if len(files) > 0 && recorded {
			continue
		}
		if !recorded {
			rung = nil // what other tickets do is no reason to try again at once
		}
		select {
		case <-ctx.Done():
		case <-rung:
		case <-time.After(h.r.Poll):
		}
	}
}

// fetchEach fetches files, a few at a time, and reports whether what became of
// every one is recorded.
func (h *holder) fetchEach(ctx context.Context, files []File) bool {
	var failed atomic.Bool
	var g errgroup.Group
	g.SetLimit(fileFetches)
	for _, f := range files {
		g.Go(func() error {
			if err := h.fetchFile(ctx, f); err != nil && ctx.Err() == nil {
				h.log.Warn("file state not recorded", "ticket", f.Ticket, "message", f.Message, "error", err)
				failed.Store(true)
			}
			return nil
		})
	}
	return g.Wait() == nil && !failed.Load()
}

func (h *holder) fetchFile(ctx context.Context, f File) error {
	id := ID{f.Ticket, f.Message}
	hash, size, kind, err := h.download(ctx, f)
	if err == nil {
		_, err = h.r.Store.Append(ctx, &StoreFile{Message: id, N: f.N, MIME: kind, Size: size, Hash: hash})
		return err
	}
	if ctx.Err() != nil {
		return nil // stopping: it stays pending
	}
	var se *SurfaceError
	permanent := errors.As(err, &se) && (se.Class == Rejected || se.Class == Gone)
	if permanent || f.Attempts >= maxFileAttempts {
		reason := err.Error()
		if se != nil && se.Code != "" {
			reason = se.Code
		}
		_, err = h.r.Store.Append(ctx, &FailFile{Message: id, N: f.N, Reason: reason})
		return err
	}
	wait := retryWait(f.Attempts)
	held := se != nil && (se.Class == RateLimited || se.Class == Unauthorized)
	switch {
	case held && se.Class == Unauthorized:
		wait = max(wait, blockedProbe)
	case se != nil && se.After > wait:
		wait = se.After
	}
	_, err = h.r.Store.Append(ctx, &DeferFile{Message: id, N: f.N, Until: time.Now().Add(wait), Held: held})
	return err
}

// download stores the bytes and tells what they are, by looking at them: the
// platform's word for the type is somebody else's input.
func (h *holder) download(ctx context.Context, f File) (hash string, size int64, kind string, err error) {
	defer h.protect(&err)
	if f.Size > h.r.MaxFile {
		return "", 0, "", errTooLarge
	}
	ctx, cancel := context.WithTimeoutCause(ctx, h.r.FileTimeout, errTooLong)
	defer cancel()
	body, err := h.p.Surface.Fetch(ctx, f.Place, f.Ref)
	if err != nil {
		return "", 0, "", err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	sniff := &sniffer{r: body}
	hash, size, err = h.r.Store.PutBlob(ctx, sniff, h.r.MaxFile)
	if sniff.n > h.r.MaxFile {
		return "", 0, "", errTooLarge
	}
	if err != nil {
		return "", 0, "", fmt.Errorf("fetch file: %w", err)
	}
	return hash, size, safeType(f.MIME, sniff.head), nil
}

// errTooLarge is a file that no other try makes smaller.
var errTooLarge = &SurfaceError{Class: Rejected, Code: "too_large"}

// sniffer counts what passes and keeps the first bytes, by which a type is recognised.
type sniffer struct {
	r    io.Reader
	head []byte
	n    int64
}

func (s *sniffer) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.n += int64(n)
	if room := 512 - len(s.head); room > 0 {
		s.head = append(s.head, p[:min(n, room)]...)
	}
	return n, err
}

// safeType returns the claimed type when the bytes do not speak against it.
func safeType(claimed string, head []byte) string {
	found := http.DetectContentType(head)
	base, _, err := mime.ParseMediaType(claimed)
	if err != nil || base == "" || found == "text/html; charset=utf-8" {
		return found
	}
	return base
}

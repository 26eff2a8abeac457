package web

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/sidebridge/sidebridge/bridge"
)

// file serves a file of a message as a download that no browser runs. With ?view=1
// it is an image to be shown, if its bytes are those of one.
func (s *Server) file(w http.ResponseWriter, r *http.Request) (err error) {
	ticket, err1 := strconv.ParseInt(r.PathValue("ticket"), 10, 64)
	message, err2 := strconv.ParseInt(r.PathValue("message"), 10, 64)
	n, err3 := strconv.Atoi(r.PathValue("n"))
	if errors.Join(err1, err2, err3) != nil {
		return fmt.Errorf("%w: there is no such file", bridge.ErrNotFound)
	}
	f, name, conv, err := s.store.MessageFile(r.Context(), viewer(r), bridge.ID{Ticket: ticket, Seq: message}, n)
	if err != nil {
		return err
	}
	read := bridge.Access{Ticket: ticket, Conversation: conv, Item: fmt.Sprintf("file %d/%d", message, n)}
	if err := s.store.RecordAccess(r.Context(), whoIs(r).actor(), bridge.AccessPage, read); err != nil {
		return err
	}
	switch f.State {
	case bridge.FilePending:
		return fmt.Errorf("%w: the file is still being fetched: try again in a moment", bridge.ErrConflict)
	case bridge.FileFailedS:
		return fmt.Errorf("%w: the file could not be had: the audit trail says why", bridge.ErrNotFound)
	}
	blob, err := s.store.OpenBlob(r.Context(), f.Hash)
	if err != nil {
		return fmt.Errorf("file of message %d-%d: %w", ticket, message, err)
	}
	defer func() { err = errors.Join(err, blob.Close()) }()
	body := bufio.NewReaderSize(blob, 4096)
	if r.FormValue("view") != "" {
		head, _ := body.Peek(512) // a short file gives less, a broken one nothing
		if sniffed := http.DetectContentType(head); rasterImage(sniffed) && f.Size <= thumbnailMax {
			sendFile(w, body, f, sniffed, "inline", name)
			return nil
		}
	}
	sendFile(w, body, f, "application/octet-stream", "attachment", name)
	return nil
}

// sendFile writes the bytes under headers that let nothing in them run here.
func sendFile(w http.ResponseWriter, body io.Reader, f *bridge.File, mimeType, how, name string) {
	h := w.Header()
	h.Set("Content-Type", mimeType)
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": fileName(name)}))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "private, max-age=3600")
	_, _ = io.Copy(w, body) // the client may be gone; the length shows what is missing
}

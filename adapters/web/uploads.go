package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"path/filepath"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// formMemory is how much of a form is kept in memory; files beyond it go to disk.
const formMemory = 1 << 20

// parseForm reads a form with or without files.
func parseForm(r *http.Request) error {
	err := r.ParseMultipartForm(formMemory)
	if err == nil || errors.Is(err, http.ErrNotMultipart) {
		return r.ParseForm()
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fmt.Errorf("%w: all files together are larger than a form may be", errTooLarge)
	}
	return fmt.Errorf("%w: the form cannot be read", bridge.ErrInvalid)
}

// uploads stores the files of a form and returns what a command says of them.
func (s *Server) uploads(r *http.Request) ([]bridge.FileUpload, error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	var out []bridge.FileUpload
	headers := r.MultipartForm.File["files"]
	if len(headers) > maxUpload {
		return nil, fmt.Errorf("%w: %d files at once, the most is %d", bridge.ErrInvalid, len(headers), maxUpload)
	}
	for _, h := range headers {
		if h.Filename == "" && h.Size == 0 {
			continue // a browser sends an empty part when no file was chosen
		}
		f, err := s.upload(r.Context(), h)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func (s *Server) upload(ctx context.Context, h *multipart.FileHeader) (f bridge.FileUpload, err error) {
	file, err := h.Open()
	if err != nil {
		return f, fmt.Errorf("upload: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return s.keep(ctx, file, h.Filename, h.Header.Get("Content-Type"))
}

// keep stores a file's bytes. What the client says of its type counts, unless
// the bytes are an image's.
func (s *Server) keep(ctx context.Context, r io.Reader, name, declared string) (bridge.FileUpload, error) {
	head := make([]byte, 512)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return bridge.FileUpload{}, fmt.Errorf("upload: %w", err)
	}
	head = head[:n]
	limited := &limitedReader{r: io.MultiReader(strings.NewReader(string(head)), r), left: s.o.MaxFile}
	hash, size, err := s.store.PutBlob(ctx, limited, s.o.MaxFile)
	if limited.over {
		return bridge.FileUpload{}, fmt.Errorf("%w: the file is larger than %d MiB", errTooLarge, s.o.MaxFile>>20)
	}
	if err != nil {
		return bridge.FileUpload{}, fmt.Errorf("upload: %w", err)
	}
	return bridge.FileUpload{Name: fileName(name), MIME: mimeOf(head, declared, name), Size: size, Hash: hash}, nil
}

// limitedReader ends with an error when there is more than the limit.
type limitedReader struct {
	r    io.Reader
	left int64
	over bool
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		l.over = true
		return 0, errTooLarge
	}
	return n, err
}

// fileName makes a name of a file's last path element that is safe to show and to save under.
func fileName(name string) string {
	name = path.Base(filepath.ToSlash(strings.ReplaceAll(name, `\`, "/")))
	name = markup.CleanName(name)
	if name == "" || name == "." || name == "/" || name == ".." {
		return "file"
	}
	return name
}

// mimeOf returns a file's type: an image's by its bytes, others' as declared or by the name.
func mimeOf(head []byte, declared, name string) string {
	if sniffed := http.DetectContentType(head); rasterImage(sniffed) {
		return sniffed
	}
	if t, _, err := mime.ParseMediaType(declared); err == nil && t != "application/octet-stream" && !strings.HasPrefix(t, "image/") {
		return t
	}
	if t, _, err := mime.ParseMediaType(mime.TypeByExtension(path.Ext(name))); err == nil {
		return t
	}
	return "application/octet-stream"
}

// rasterImage reports whether a type is one that browsers draw and never run.
func rasterImage(mimeType string) bool {
	switch mimeType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

// newKey returns a key that makes a form's second arrival a duplicate of its first.
func newKey() string { return rand.Text() }

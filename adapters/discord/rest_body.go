package discord

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// body is what a request sends: bytes and files, one after the other. The files are
// opened when they are sent, and never held in memory.
type body struct {
	parts []io.Reader
	size  int64
}

// reader returns nil when there is nothing to send. A body in memory is given as such,
// so that the transport may take another connection when nothing was written.
func (b body) reader() io.Reader {
	switch len(b.parts) {
	case 0:
		return nil
	case 1:
		return b.parts[0]
	}
	return &closing{Reader: io.MultiReader(b.parts...), parts: b.parts}
}

// closing closes the files that were opened and not read to their end.
type closing struct {
	io.Reader
	parts []io.Reader
}

// Close implements io.Closer.
func (c *closing) Close() error {
	for _, p := range c.parts {
		if f, ok := p.(*lazyFile); ok {
			f.close()
		}
	}
	return nil
}

// encode renders a request's body and names its type.
// https://docs.discord.com/developers/reference#uploading-files
func encode(ctx context.Context, r request) (body, string, error) {
	if r.body == nil {
		return body{}, "", nil
	}
	payload, err := json.Marshal(r.body)
	if err != nil {
		return body{}, "", fmt.Errorf("encode a call: %w", err)
	}
	if len(r.files) == 0 {
		return body{parts: []io.Reader{bytes.NewReader(payload)}, size: int64(len(payload))}, "application/json", nil
	}
	return encodeFiles(ctx, payload, r.files)
}

func encodeFiles(ctx context.Context, payload []byte, files []bridge.ViewFile) (body, string, error) {
	var out body
	var text bytes.Buffer
	w := multipart.NewWriter(&text)
	flush := func() {
		chunk := bytes.Clone(text.Bytes())
		text.Reset()
		out.parts = append(out.parts, bytes.NewReader(chunk))
		out.size += int64(len(chunk))
	}
	part := func(disposition, kind string) error {
		_, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {disposition}, "Content-Type": {kind},
		})
		return err
	}
	if err := part(`form-data; name="payload_json"`, "application/json"); err != nil {
		return body{}, "", fmt.Errorf("encode a call: %w", err)
	}
	text.Write(payload)
	for i, f := range files {
		disposition := fmt.Sprintf(`form-data; name="files[%d]"; filename="%s"`, i, quoted(attachmentName(f.Name)))
		if err := part(disposition, "application/octet-stream"); err != nil {
			return body{}, "", fmt.Errorf("encode a call: %w", err)
		}
		flush()
		out.parts = append(out.parts, &lazyFile{ctx: ctx, file: f, left: f.Size})
		out.size += f.Size
	}
	if err := w.Close(); err != nil {
		return body{}, "", fmt.Errorf("encode a call: %w", err)
	}
	flush()
	return out, w.FormDataContentType(), nil
}

// quoted makes a file name safe inside the quotes of a header.
func quoted(name string) string {
	return strings.NewReplacer("\\", "_", `"`, "'", "\r", " ", "\n", " ").Replace(name)
}

// lazyFile reads a file's bytes, exactly as many as were announced.
type lazyFile struct {
	ctx  context.Context // of the one call that sends it
	file bridge.ViewFile
	left int64
	open io.ReadCloser
}

// Read implements io.Reader.
func (f *lazyFile) Read(p []byte) (int, error) {
	if f.left <= 0 {
		f.close()
		return 0, io.EOF
	}
	if f.open == nil {
		r, err := f.file.Open(f.ctx)
		if err != nil {
			return 0, fmt.Errorf("open a file to send: %w", err)
		}
		f.open = r
	}
	n, err := f.open.Read(p[:min(int64(len(p)), f.left)])
	f.left -= int64(n)
	if err == io.EOF && f.left > 0 {
		return n, fmt.Errorf("read a file to send: %w", io.ErrUnexpectedEOF)
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (f *lazyFile) close() {
	if f.open != nil {
		_ = f.open.Close()
		f.open, f.left = nil, 0
	}
}

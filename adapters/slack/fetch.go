package slack

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// Fetch implements bridge.Surface. The token goes to Slack's own hosts only: the
// address of an external file is whatever its creator chose.
func (a *Adapter) Fetch(ctx context.Context, _ bridge.Place, ref string) (io.ReadCloser, error) {
	f, err := a.fileInfo(ctx, ref)
	if err != nil {
		return nil, err
	}
	if why := a.unfetchable(f); why != "" {
		return nil, &bridge.SurfaceError{Class: bridge.Rejected, Code: why}
	}
	address := cmp.Or(f.Download, f.Private)
	if !a.trustedAddress(address) {
		return nil, &bridge.SurfaceError{Class: bridge.Rejected, Code: "foreign_host"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &bridge.SurfaceError{Class: bridge.Rejected, Code: "bad_address"}
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	resp, err := a.files.Do(req)
	if err != nil {
		return nil, &bridge.SurfaceError{Class: bridge.Transient, Code: chat.NetworkCode(err), Err: chat.WithoutAddress(err)}
	}
	body, err := a.fileBody(resp, f)
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return body, nil
}

// unfetchable says why a file's bytes cannot be had, ever.
// https://docs.slack.dev/reference/objects/file-object
func (a *Adapter) unfetchable(f file) string {
	switch {
	case f.Mode == "tombstone":
		return "file_deleted"
	case f.Mode == "hidden_by_limit":
		return "hidden_by_limit"
	case f.Access == "access_denied":
		return "access_denied"
	case f.External || f.Mode == "external":
		return "external_file"
	case f.Size > a.maxFile:
		return "too_large"
	case f.Private == "" && f.Download == "":
		return "no_address"
	}
	return ""
}

// fileBody checks that the answer is the file. A file that is not ready, or that
// the token may not read, comes as a web page with status 200.
func (a *Adapter) fileBody(resp *http.Response, f file) (io.ReadCloser, error) {
	switch code := resp.StatusCode; {
	case code == http.StatusNotFound || code == http.StatusGone:
		return nil, &bridge.SurfaceError{Class: bridge.Rejected, Code: "file_not_found"}
	case code != http.StatusOK:
		return nil, &bridge.SurfaceError{Class: bridge.Transient, Code: fmt.Sprintf("file_http_%d", code)}
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(resp.Body, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &bridge.SurfaceError{Class: bridge.Transient, Code: chat.NetworkCode(err), Err: err}
	}
	head = head[:n]
	if webPage(head) && (!strings.Contains(f.MIME, "html") || (resp.ContentLength >= 0 && resp.ContentLength != f.Size)) {
		return nil, &bridge.SurfaceError{Class: bridge.Transient, Code: "web_page_instead_of_file"}
	}
	body := struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
	return &chat.File{ReadCloser: body, Want: f.Size, Limit: a.maxFile}, nil
}

func webPage(head []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(head))
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

package discord

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// Fetch implements bridge.Surface. A file's address expires within a day, so the
// message is read again for a fresh one. The address is fetched without our token.
// https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
func (g *Guild) Fetch(ctx context.Context, _ bridge.Place, ref string) (io.ReadCloser, error) {
	f, err := g.findFile(ctx, ref)
	if err != nil {
		return nil, err
	}
	if f.Size > g.MaxFile {
		return nil, &bridge.SurfaceError{Class: bridge.Rejected, Code: "too_large", Err: errTooLarge}
	}
	address, err := url.Parse(f.URL)
	if err != nil || !g.fileHost(address) {
		return nil, &bridge.SurfaceError{Class: bridge.Rejected, Code: "foreign_host"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, &bridge.SurfaceError{Class: bridge.Rejected, Code: "bad_address"}
	}
	resp, err := g.files.Do(req)
	if err != nil {
		return nil, &bridge.SurfaceError{Class: bridge.Transient, Code: networkCode(err), Err: withoutURL(err)}
	}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return &fileReader{body: resp.Body, want: f.Size, limit: g.MaxFile}, nil
	case code >= 300 && code < 400:
		err = &bridge.SurfaceError{Class: bridge.Rejected, Code: "foreign_host"}
	case code == http.StatusNotFound || code == http.StatusGone || code == http.StatusForbidden:
		// The address was fresh a moment ago: a file that was deleted meanwhile is not
		// found in its message the next time.
		err = &bridge.SurfaceError{Class: bridge.Transient, Code: "file_not_found"}
	default:
		err = &bridge.SurfaceError{Class: bridge.Transient, Code: fmt.Sprintf("file_http_%d", code)}
	}
	_ = resp.Body.Close()
	return nil, err
}

// findFile reads the file's message again. The reference is "channel/message/file".
func (g *Guild) findFile(ctx context.Context, ref string) (attachment, error) {
	parts := strings.Split(ref, "/")
	if len(parts) != 3 || !slices.ContainsFunc(parts, validID) || slices.ContainsFunc(parts, func(s string) bool { return !validID(s) }) {
		return attachment{}, &bridge.SurfaceError{Class: bridge.Rejected, Code: "bad_reference"}
	}
	m, err := g.readMessage(ctx, parts[0], parts[1])
	var se *bridge.SurfaceError
	switch {
	case errors.As(err, &se) && (se.Code == codeUnknownMessage || se.Code == codeUnknownChannel):
		return attachment{}, &bridge.SurfaceError{Class: bridge.Rejected, Code: "file_deleted", Err: err}
	case errors.As(err, &se) && se.Class == bridge.Gone:
		// A permission can be given back, and the file is still there then.
		return attachment{}, &bridge.SurfaceError{Class: bridge.Transient, Code: se.Code, Remedy: se.Remedy, Err: se.Err}
	case err != nil:
		return attachment{}, err
	}
	files := slices.Clone(m.Attachments)
	for i := range m.Snapshots {
		files = append(files, m.Snapshots[i].Message.Attachments...)
	}
	for _, f := range files {
		if f.ID == parts[2] {
			return f, nil
		}
	}
	return attachment{}, &bridge.SurfaceError{Class: bridge.Rejected, Code: "file_deleted"}
}

// fileHost allows Discord's own hosts only, and those of a simulation.
func (g *Guild) fileHost(u *url.URL) bool {
	if u.User != nil || u.Scheme != "https" && u.Scheme != g.apiURL.Scheme {
		return false
	}
	return slices.Contains(g.FileHosts, u.Hostname()) || slices.Contains(g.FileHosts, u.Host)
}

var (
	errTooLarge = errors.New("the file is larger than the limit")
	errShort    = errors.New("the file broke off")
)

// fileReader ends with an error, not EOF, when there is more than the limit or less
// than Discord said there is.
type fileReader struct {
	body        io.ReadCloser
	got         int64
	want, limit int64
}

// Read implements io.Reader.
func (f *fileReader) Read(p []byte) (int, error) {
	n, err := f.body.Read(p)
	f.got += int64(n)
	switch {
	case f.got > f.limit:
		return 0, &bridge.SurfaceError{Class: bridge.Rejected, Code: "too_large", Err: errTooLarge}
	case errors.Is(err, io.EOF) && f.want > 0 && f.got < f.want:
		return n, &bridge.SurfaceError{Class: bridge.Transient, Code: "broken_off", Err: errShort}
	}
	return n, err
}

// Close implements io.Closer.
func (f *fileReader) Close() error { return f.body.Close() }

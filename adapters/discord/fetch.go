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

	"github.com/sidebridge/sidebridge/adapters/chat"
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
		return nil, chat.TooLarge()
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
		return nil, &bridge.SurfaceError{Class: bridge.Transient, Code: chat.NetworkCode(err), Err: chat.WithoutAddress(err)}
	}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		return &chat.File{ReadCloser: resp.Body, Want: f.Size, Limit: g.MaxFile}, nil
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

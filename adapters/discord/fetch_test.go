package discord

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// A file is fetched from a fresh address of an allowed host, without the token, and is
// never taken for more or less than it is.
func TestFilesAreFetchedFromFreshAddressesOfAllowedHosts(t *testing.T) {
	cdn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token was sent to the file's host")
		}
		switch r.URL.Path {
		case "/ok":
			_, _ = io.WriteString(w, "0123456789")
		case "/elsewhere":
			http.Redirect(w, r, "https://example.org/", http.StatusFound)
		case "/expired":
			w.WriteHeader(http.StatusNotFound)
		default:
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(cdn.Close)
	host, _ := url.Parse(cdn.URL)
	for name, c := range map[string]struct {
		ref, url string
		size     int64
		want     string // the bytes, or the code of the failure
		class    bridge.Class
	}{
		"whole":          {"/2000000000000001/31", cdn.URL + "/ok?ex=1", 10, "0123456789", 0},
		"of a forward":   {"/2000000000000001/32", cdn.URL + "/ok", 10, "0123456789", 0},
		"too large":      {"/2000000000000001/31", cdn.URL + "/ok", 1000, "too_large", bridge.Rejected},
		"secretly large": {"/2000000000000001/31", cdn.URL + "/ok", 5, "0123456789", 0},
		"broken off":     {"/2000000000000001/31", cdn.URL + "/ok", 11, "broken_off", bridge.Transient},
		"other host":     {"/2000000000000001/31", "https://example.org/x", 10, "foreign_host", bridge.Rejected},
		"with a user":    {"/2000000000000001/31", "http://x@" + host.Host + "/ok", 10, "foreign_host", bridge.Rejected},
		"redirect":       {"/2000000000000001/31", cdn.URL + "/elsewhere", 10, "foreign_host", bridge.Rejected},
		"expired":        {"/2000000000000001/31", cdn.URL + "/expired", 10, "file_not_found", bridge.Transient},
		"broken":         {"/2000000000000001/31", cdn.URL + "/500", 10, "file_http_500", bridge.Transient},
		"another file":   {"/2000000000000001/99", cdn.URL + "/ok", 10, "file_deleted", bridge.Rejected},
		"deleted":        {"/2000000000000009/31", cdn.URL + "/ok", 10, "file_deleted", bridge.Rejected},
		"no reference":   {"/../31", cdn.URL + "/ok", 10, "bad_reference", bridge.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t)
			file := map[string]any{"id": "31", "filename": "a.txt", "size": c.size, "url": c.url}
			s.rest["GET channels/"+testThread+"/messages/2000000000000001"] = map[string]any{
				"id": "2000000000000001", "attachments": []any{file},
				"message_snapshots": []any{map[string]any{"message": map[string]any{"attachments": []any{map[string]any{"id": "32", "url": c.url, "size": c.size}}}}},
			}
			g := newDeaf(t, &heardInbox{}, func(o *Options) {
				o.APIURL, o.Transport, o.FileHosts, o.MaxFile = s.srv.URL+"/api/v10/", nil, []string{host.Host}, 100
			})
			t.Cleanup(g.client.http.CloseIdleConnections)
			t.Cleanup(g.files.CloseIdleConnections)
			body, err := g.Fetch(t.Context(), testMirror.Place, testThread+c.ref)
			var got []byte
			if err == nil {
				got, err = io.ReadAll(body)
				_ = body.Close()
			}
			var se *bridge.SurfaceError
			switch {
			case err == nil && string(got) == c.want:
			case errors.As(err, &se) && se.Code == c.want && se.Class == c.class:
			default:
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// A file larger than the limit ends with an error, also when Discord called it small.
func TestFileThatIsLargerThanTheLimitEndsWithAnError(t *testing.T) {
	r := &chat.File{ReadCloser: io.NopCloser(&endless{}), Want: 5, Limit: 1000}
	n, err := io.Copy(io.Discard, r)
	var se *bridge.SurfaceError
	if !errors.As(err, &se) || se.Code != "too_large" || n > 1000 {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

type endless struct{}

func (*endless) Read(p []byte) (int, error) { return min(len(p), 300), nil }

package webhook

import (
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// FilesPattern is where FilesHandler belongs in a ServeMux.
const FilesPattern = "GET /webhook/files/{hash}"

// fileLife is how long the address of a file is good.
const fileLife = 24 * time.Hour

// fileURL returns the signed address of a file. Whoever has it may fetch that
// file under that name, and nothing else.
func (h *Hook) fileURL(f file) string {
	q := url.Values{"name": {f.Name}, "expires": {strconv.FormatInt(h.now().Add(fileLife).Unix(), 10)}}
	q.Set("signature", h.signFile(f.Hash, q))
	return h.publicURL + "/webhook/files/" + f.Hash + "?" + q.Encode()
}

func (h *Hook) signFile(hash string, q url.Values) string {
	return hex.EncodeToString(mac(h.secret, "file\n", []byte(hash+"\n"+q.Get("expires")+"\n"+q.Get("name"))))
}

// FilesHandler serves the files of replies to whoever has their signed addresses.
func (h *Hook) FilesHandler() http.Handler { return http.HandlerFunc(h.serveFile) }

func (h *Hook) serveFile(w http.ResponseWriter, r *http.Request) {
	hash, q := r.PathValue("hash"), r.URL.Query()
	expires, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	if err != nil || !hmac.Equal([]byte(q.Get("signature")), []byte(h.signFile(hash, q))) {
		http.Error(w, "the address is not one of ours", http.StatusForbidden)
		return
	}
	if h.now().Unix() > expires {
		http.Error(w, "the address has expired", http.StatusGone)
		return
	}
	body, err := h.open(r.Context(), hash)
	if errors.Is(err, bridge.ErrNotFound) {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, "the file cannot be read now", http.StatusServiceUnavailable)
		return
	}
	defer func() { _ = body.Close() }()
	// The bytes are somebody's upload: never shown as a page of ours.
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": q.Get("name")}))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'")
	w.Header().Set("Cache-Control", "private, no-store")
	if _, err := io.Copy(w, body); err != nil {
		// The status is sent; only a broken connection says that bytes are missing.
		panic(http.ErrAbortHandler)
	}
}

package discordsim

import (
	"crypto/sha256"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

// fileURL signs the address of a file. It is another one each time and expires.
// https://docs.discord.com/developers/reference#signed-attachment-cdn-urls
func (s *Sim) fileURL(channelID string, a *attachment) string {
	ex := strconv.FormatInt(s.now().Add(s.opts.FileTTL).Unix(), 16)
	is := strconv.FormatInt(s.now().Unix(), 16)
	return fmt.Sprintf("%s/attachments/%s/%s/%s?ex=%s&is=%s&hm=%s&", s.base, channelID, a.id, a.name, ex, is, sign(a.id, ex, is))
}

func sign(id, ex, is string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte("simulated/"+id+"/"+ex+"/"+is)))
}

func (s *Sim) serveFile(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	a := s.files[r.PathValue("id")]
	s.mu.Unlock()
	until, err := strconv.ParseInt(q.Get("ex"), 16, 64)
	switch {
	case a == nil || err != nil || q.Get("hm") != sign(a.id, q.Get("ex"), q.Get("is")) || s.now().After(time.Unix(until, 0)):
		http.Error(w, "This content is no longer available.", http.StatusNotFound)
	case r.Header.Get("Authorization") != "":
		http.Error(w, "the token was sent to the file server", http.StatusBadRequest)
	default:
		// People's files are served from the page's own host: they may run nothing there.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Disposition", "attachment")
		w.Header().Set("Content-Type", a.kind)
		w.Header().Set("Content-Length", strconv.Itoa(len(a.content)))
		_, _ = w.Write(a.content)
	}
}

// newFile keeps a file under its cleaned name. The caller holds mu.
func (s *Sim) newFile(name string, data []byte) *attachment {
	name = strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	if name == "" {
		name = "unknown"
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	a := &attachment{id: s.newID(), name: name, kind: kind, content: data}
	s.files[a.id] = a
	return a
}

package slacksim

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// file is an uploaded file, or a promise of one until its bytes have come.
type file struct {
	id, name, title, user, altText string
	created                        int64
	size                           int
	content                        []byte
	uploaded, completed            bool
	mode                           string // hosted, snippet, external, tombstone, hidden_by_limit, file_access
	access                         string // file_access value of a stub
	externalURL                    string
	shares                         []share
	// notReady counts downloads that still get a page instead of the bytes.
	notReady int
}

type share struct {
	channel, ts, threadTS string
	private               bool
}

type wireFile struct {
	ID                 string     `json:"id"`
	Created            int64      `json:"created,omitempty"`
	Timestamp          int64      `json:"timestamp,omitempty"`
	Name               string     `json:"name,omitempty"`
	Title              string     `json:"title,omitempty"`
	Mimetype           string     `json:"mimetype,omitempty"`
	Filetype           string     `json:"filetype,omitempty"`
	PrettyType         string     `json:"pretty_type,omitempty"`
	User               string     `json:"user,omitempty"`
	UserTeam           string     `json:"user_team,omitempty"`
	Editable           bool       `json:"editable"`
	Size               int        `json:"size,omitempty"`
	Mode               string     `json:"mode"`
	FileAccess         string     `json:"file_access,omitempty"`
	IsExternal         bool       `json:"is_external"`
	ExternalType       string     `json:"external_type"`
	ExternalURL        string     `json:"external_url,omitempty"`
	IsPublic           bool       `json:"is_public"`
	PublicURLShared    bool       `json:"public_url_shared"`
	DisplayAsBot       bool       `json:"display_as_bot"`
	Username           string     `json:"username"`
	URLPrivate         string     `json:"url_private,omitempty"`
	URLPrivateDownload string     `json:"url_private_download,omitempty"`
	Permalink          string     `json:"permalink,omitempty"`
	AltTxt             string     `json:"alt_txt,omitempty"`
	HasRichPreview     bool       `json:"has_rich_preview"`
	Shares             *wireShare `json:"shares,omitempty"`
	Channels           []string   `json:"channels,omitempty"`
	Groups             []string   `json:"groups,omitempty"`
}

type wireShare struct {
	Public  map[string][]wireShareItem `json:"public,omitempty"`
	Private map[string][]wireShareItem `json:"private,omitempty"`
}

type wireShareItem struct {
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts,omitempty"`
	TeamID   string `json:"team_id"`
}

// wireFile renders a file; what Slack hides is a stub. The caller holds mu.
func (s *Sim) wireFile(f *file) wireFile {
	switch f.mode {
	case "tombstone", "hidden_by_limit":
		return wireFile{ID: f.id, Mode: f.mode}
	case "file_access":
		return wireFile{ID: f.id, Mode: f.mode, FileAccess: f.access, Created: f.created, Timestamp: f.created}
	}
	kind := mime.TypeByExtension(path.Ext(f.name))
	kind, _, _ = strings.Cut(kind, ";")
	if kind == "" {
		kind = "application/octet-stream"
	}
	extension := strings.TrimPrefix(path.Ext(f.name), ".")
	w := wireFile{
		ID: f.id, Created: f.created, Timestamp: f.created, Name: f.name, Title: f.title, Mimetype: kind,
		Filetype: extension, PrettyType: strings.ToUpper(extension), User: f.user, UserTeam: s.opts.TeamID,
		Size: f.size, Mode: f.mode, FileAccess: "visible", AltTxt: f.altText,
		IsPublic:  true,
		Permalink: s.base + "/files/" + f.user + "/" + f.id + "/" + url.PathEscape(f.name),
	}
	if f.mode == "external" {
		w.IsExternal, w.ExternalType, w.ExternalURL, w.URLPrivate = true, "gdrive", f.externalURL, f.externalURL
		return w
	}
	folder := s.base + "/files-pri/" + s.opts.TeamID + "-" + f.id + "/"
	w.URLPrivate = folder + url.PathEscape(strings.ToLower(f.name))
	w.URLPrivateDownload = folder + "download/" + url.PathEscape(strings.ToLower(f.name))
	return w
}

// wireFileInfo renders a file with where it was shared. The caller holds mu.
func (s *Sim) wireFileInfo(f *file) wireFile {
	w := s.wireFile(f)
	w.Shares = &wireShare{}
	for _, sh := range f.shares {
		item := wireShareItem{TS: sh.ts, ThreadTS: sh.threadTS, TeamID: s.opts.TeamID}
		list := &w.Shares.Public
		if sh.private {
			list = &w.Shares.Private
			w.Groups = append(w.Groups, sh.channel)
			w.IsPublic = false
		} else {
			w.Channels = append(w.Channels, sh.channel)
		}
		if *list == nil {
			*list = map[string][]wireShareItem{}
		}
		(*list)[sh.channel] = append((*list)[sh.channel], item)
	}
	return w
}

// serveUpload takes the bytes of a file, as the body or as a form's file.
func (s *Sim) serveUpload(w http.ResponseWriter, r *http.Request) {
	c := &call{sim: s, name: "upload"}
	s.mu.Lock()
	s.calls++
	s.arrive(c, r, false)
	c.fault = s.strike("upload", "", "", false)
	f := s.uploads[r.PathValue("ticket")]
	s.mu.Unlock()
	defer func() { s.do(func() { s.calls-- }) }()
	if c.fault != nil {
		s.sleep(r, c.fault.Delay)
		if !c.fault.Apply && c.fault.spoils() {
			s.write(w, s.spoil(c))
			return
		}
	}
	if f == nil {
		s.record(c, "404", http.StatusNotFound, false)
		http.Error(w, "unknown upload", http.StatusNotFound)
		return
	}
	body, err := uploadBody(r)
	if err != nil || len(body) != f.size {
		s.record(c, "400", http.StatusBadRequest, false)
		http.Error(w, "length does not match", http.StatusBadRequest)
		return
	}
	s.do(func() {
		f.content, f.uploaded = body, true
		c.arrival.Text = f.name
	})
	s.record(c, "ok", http.StatusOK, true)
	if c.fault.spoils() {
		s.write(w, s.spoil(c))
		return
	}
	s.write(w, reply{status: http.StatusOK, kind: "text/plain", body: fmt.Appendf(nil, "OK - %d", len(body))})
}

func uploadBody(r *http.Request) ([]byte, error) {
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return readAll(r.Body)
	}
	form := multipart.NewReader(r.Body, params["boundary"])
	for {
		part, err := form.NextPart()
		if err != nil {
			return nil, fmt.Errorf("read upload form: %w", err)
		}
		if part.FileName() != "" {
			return readAll(part)
		}
	}
}

func readAll(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, 256<<20))
	if err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	return body, nil
}

// serveFile is url_private. Without a token that may read files, and for a file
// that is not ready, Slack answers 200 with a page instead of the bytes.
func (s *Sim) serveFile(w http.ResponseWriter, r *http.Request) {
	c := &call{sim: s, name: "download"}
	_, id, _ := strings.Cut(r.PathValue("id"), "-")
	s.mu.Lock()
	s.arrive(c, r, false)
	c.arrival.Text = id
	c.fault = s.strike("download", "", "", false)
	allowed := bearer(r, c.args) == s.opts.BotToken && !s.revoked && !s.uninstalled && s.scopes["files:read"]
	f := s.files[id]
	ready := f != nil && f.notReady == 0
	if f != nil && f.notReady > 0 {
		f.notReady--
	}
	s.mu.Unlock()
	if c.fault != nil {
		s.sleep(r, c.fault.Delay)
		if c.fault.spoils() {
			s.write(w, s.spoil(c))
			return
		}
	}
	switch {
	case f == nil || f.mode == "tombstone":
		s.record(c, "404", http.StatusNotFound, false)
		http.NotFound(w, r)
	case !allowed || !ready:
		s.record(c, "html", http.StatusOK, false)
		s.write(w, reply{status: http.StatusOK, kind: "text/html; charset=utf-8", body: []byte(signInPage)})
	default:
		s.record(c, "ok", http.StatusOK, true)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Disposition", "attachment")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
		s.write(w, reply{status: http.StatusOK, kind: s.fileType(f), body: f.content})
	}
}

func (s *Sim) fileType(f *file) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wireFile(f).Mimetype
}

const signInPage = "<!DOCTYPE html><html><head><title>Sign in | Simulated Slack</title></head><body>Sign in</body></html>"

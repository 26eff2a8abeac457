package slacksim

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// upload makes a file of the app ready to be completed.
func (w *world) upload(name, data string) string {
	w.t.Helper()
	a := w.must("files.getUploadURLExternal", "filename", name, "length", strconv.Itoa(len(data)))
	resp, err := w.client.Post(a.UploadURL, "application/octet-stream", strings.NewReader(data))
	w.check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	w.check(err)
	if want := "OK - " + strconv.Itoa(len(data)); string(body) != want {
		w.t.Fatalf("upload answered %q, want %q", body, want)
	}
	return a.FileID
}

func (w *world) fetch(address, token string) (*http.Response, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx(), http.MethodGet, address, nil)
	w.check(err)
	resp, body := w.send(req, token)
	return resp, string(body)
}

func TestUploadInThreeStepsIsSharedALittleLater(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	root := w.post(w.anna, "root")
	id := w.upload("report.csv", "a,b\n")
	files := encode([]fields{{"id": id, "title": "Report"}})
	a := w.must("files.completeUploadExternal", "files", string(files), "channel_id", w.ch, "thread_ts", root, "initial_comment", "see <!here>")
	if len(a.Files) != 1 || a.Files[0].ID != id || a.Files[0].Shares.Public != nil {
		t.Errorf("answer %+v", a.Files)
	}
	w.settle()
	shares := w.must("files.info", "file", id).File.Shares.Public[w.ch]
	if len(shares) != 1 || shares[0].ThreadTS != root {
		t.Fatalf("shares %+v", shares)
	}
	m, found := w.Message(w.ch, shares[0].TS)
	if !found || m.ThreadTS != root || m.Subtype != "file_share" || len(m.Files) != 1 || m.Files[0].Title != "Report" || string(m.Files[0].Content) != "a,b\n" {
		t.Errorf("message %+v", m)
	}
	if e := r.of("file_share"); len(e) != 1 || e[0].Files[0].URLPrivate == "" || e[0].AppID != w.AppID() {
		t.Errorf("event %+v", e)
	}
	if n := w.Notifications(); len(n) != 1 || n[0].Kind != "here" {
		t.Errorf("notifications %+v", n)
	}
	w.refused("file_not_found", "files.completeUploadExternal", "files", string(files), "channel_id", w.ch)
}

func TestUploadRefusals(t *testing.T) {
	w := start(t, Options{})
	w.refused("invalid_arguments", "files.getUploadURLExternal", "filename", "x", "length", "0")
	a := w.must("files.getUploadURLExternal", "filename", "x", "length", "5")
	resp, err := w.client.Post(a.UploadURL, "application/octet-stream", strings.NewReader("four"))
	w.check(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("wrong length: status %d", resp.StatusCode)
	}
	w.refused("file_not_found", "files.completeUploadExternal", "files", `[{"id":"`+a.FileID+`"}]`, "channel_id", w.ch)
	id := w.upload("x", "hello")
	w.refused("channel_not_found", "files.completeUploadExternal", "files", `[{"id":"`+id+`"}]`, "channel_id", "C404")
	w.check(w.Archive(w.ch))
	w.refused("posting_to_channel_denied", "files.completeUploadExternal", "files", `[{"id":"`+id+`"}]`, "channel_id", w.ch)
}

func TestUploadTakesAForm(t *testing.T) {
	w := start(t, Options{})
	a := w.must("files.getUploadURLExternal", "filename", "x", "length", "5")
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	w.check(form.WriteField("token", "x"))
	part, err := form.CreateFormFile("file", "x")
	w.check(err)
	_, err = io.WriteString(part, "hello")
	w.check(err)
	w.check(form.Close())
	resp, err := w.client.Post(a.UploadURL, form.FormDataContentType(), &b)
	w.check(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestDownloadNeedsTokenAndScopeElseItIsAPage(t *testing.T) {
	r := receive(t)
	w := start(t, Options{EventsURL: r.URL})
	ts, err := w.anna.UploadFile(w.ch, "", "notes.txt", []byte("secret"), "here")
	w.check(err)
	w.settle()
	f := r.of("file_share")[0].Files[0]
	for _, address := range []string{f.URLPrivate, f.URLPrivateDownload} {
		if resp, body := w.fetch(address, w.BotToken()); body != "secret" || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("with the token: %q", body)
		}
		for _, token := range []string{"", "xoxb-wrong", w.AppToken()} {
			if resp, body := w.fetch(address, token); resp.StatusCode != http.StatusOK || !strings.HasPrefix(body, "<!DOCTYPE html>") {
				t.Errorf("with %q: %d %q", token, resp.StatusCode, body)
			}
		}
	}
	w.check(w.SetFile(f.ID, FileState{NotReady: 1}))
	if _, body := w.fetch(f.URLPrivate, w.BotToken()); !strings.HasPrefix(body, "<!DOCTYPE") {
		t.Error("a file that is not ready was given out")
	}
	if _, body := w.fetch(f.URLPrivate, w.BotToken()); body != "secret" {
		t.Error("a file that is ready was not given out")
	}
	w.RemoveScope("files:read")
	if _, body := w.fetch(f.URLPrivate, w.BotToken()); !strings.HasPrefix(body, "<!DOCTYPE") {
		t.Error("no scope was needed")
	}
	if m, _ := w.Message(w.ch, ts); m.Text != "here" || m.User != w.anna.ID() {
		t.Errorf("message %+v", m)
	}
}

func TestStubsOfFiles(t *testing.T) {
	w := start(t, Options{})
	id := w.AddFile(w.anna, "a.txt", []byte("x"))
	_, err := w.anna.Send(w.ch, Draft{Files: []string{id}})
	w.check(err)
	shown := func() wireFile { return w.must("conversations.history", "channel", w.ch).Messages[0].Files[0] }

	w.check(w.SetFile(id, FileState{Mode: "file_access", Access: "check_file_info"}))
	if f := shown(); f.FileAccess != "check_file_info" || f.URLPrivate != "" {
		t.Errorf("stub %+v", f)
	}
	if f := w.must("files.info", "file", id).File; f.URLPrivate == "" || f.Mode != "hosted" {
		t.Errorf("files.info of a stub %+v", f)
	}
	w.check(w.SetFile(id, FileState{Mode: "external", ExternalURL: "https://drive.example.com/x"}))
	if f := shown(); !f.IsExternal || f.URLPrivate != "https://drive.example.com/x" {
		t.Errorf("external %+v", f)
	}
	for _, mode := range []string{"tombstone", "hidden_by_limit"} {
		w.check(w.SetFile(id, FileState{Mode: mode}))
		if f := shown(); f.Mode != mode || f.Name != "" {
			t.Errorf("%s %+v", mode, f)
		}
	}
	w.check(w.SetFile(id, FileState{Mode: "tombstone"}))
	w.refused("file_deleted", "files.info", "file", id)
	if raw, err := json.Marshal(shown()); err != nil || strings.Contains(string(raw), "a.txt") {
		t.Errorf("%s %v", raw, err)
	}
}

func TestUploadAndDownloadFaults(t *testing.T) {
	w := start(t, Options{})
	a := w.must("files.getUploadURLExternal", "filename", "x", "length", "5")
	w.Inject(Fault{Method: "upload", Status: 500, Times: 1})
	resp, err := w.client.Post(a.UploadURL, "application/octet-stream", strings.NewReader("hello"))
	w.check(err)
	resp.Body.Close()
	if resp.StatusCode != 500 {
		t.Errorf("status %d", resp.StatusCode)
	}
	id := w.AddFile(w.anna, "a.txt", []byte("x"))
	w.Inject(Fault{Method: "download", Status: 503, Times: 1})
	if resp, _ := w.fetch(w.must("files.info", "file", id).File.URLPrivate, w.BotToken()); resp.StatusCode != 503 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// upload posts files with their words in one message. Only the last of the three
// steps makes the message, so everything that fails before it had no effect. The
// files' ids are stored before that step: by them the message can be recognised,
// since it carries no metadata.
// https://docs.slack.dev/messaging/working-with-files#uploading_files
func (a *Adapter) upload(ctx context.Context, at bridge.Attempt, u *upload) (bridge.Receipt, error) {
	thread, err := newThreadTS(at.Mirror.Thread)
	if err != nil {
		return bridge.Receipt{}, &bridge.SurfaceError{
			Class: bridge.Gone, Code: "no_thread", Err: err,
			Remedy: "The conversation has no thread there. Open it in the channel again.",
		}
	}
	channel := at.Mirror.Place.Channel
	var ids []string
	for _, f := range u.files {
		id, err := a.sendFile(ctx, channel, f)
		if err != nil {
			return bridge.Receipt{}, chat.Certain(err)
		}
		ids = append(ids, id)
	}
	if err := at.Remember(ctx, addMemo(at.Memo, ids)); err != nil {
		return bridge.Receipt{}, &bridge.SurfaceError{Class: bridge.Transient, Code: "not_remembered", Err: err}
	}
	a.uploads.remember(ids, at.Token)
	shared, err := a.share(ctx, channel, thread, u, ids)
	if err != nil {
		return bridge.Receipt{}, err
	}
	return a.sharedAs(ctx, at, u, ids, shared)
}

// sendFile asks for an address and sends the bytes there.
func (a *Adapter) sendFile(ctx context.Context, channel string, f bridge.ViewFile) (string, error) {
	name := cmp.Or(fileName(f.Name), "file")
	var to *slack.GetUploadURLExternalResponse
	err := a.call(ctx, "files.getUploadURLExternal", channel, func(ctx context.Context) error {
		var err error
		to, err = a.api.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: name, FileSize: int(f.Size)})
		return err
	})
	if err != nil {
		return "", err
	}
	if to.FileID == "" {
		return "", &bridge.SurfaceError{Class: bridge.Transient, Code: "no_file_id"}
	}
	if err := a.sendBytes(ctx, to.UploadURL, f); err != nil {
		return "", err
	}
	return to.FileID, nil
}

// sendBytes posts a file's bytes. The address needs no token and gets none.
func (a *Adapter) sendBytes(ctx context.Context, address string, f bridge.ViewFile) error {
	failed := func(code string, err error) error {
		return &bridge.SurfaceError{Class: bridge.Transient, Code: code, Err: chat.WithoutAddress(err)}
	}
	if !a.trustedAddress(address) {
		return failed("upload_host", fmt.Errorf("the upload's address is not Slack's"))
	}
	body, err := f.Open(ctx)
	if err != nil {
		return failed("open_file", err)
	}
	defer func() { _ = body.Close() }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, io.LimitReader(body, f.Size))
	if err != nil {
		return failed("upload", err)
	}
	req.ContentLength = f.Size
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := a.files.Do(req)
	if err != nil {
		return failed("upload", err)
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096))
	if resp.StatusCode == http.StatusRequestEntityTooLarge {
		return &bridge.SurfaceError{Class: bridge.Rejected, Code: "file_upload_size_restricted"}
	}
	if resp.StatusCode != http.StatusOK {
		return failed(fmt.Sprintf("upload_http_%d", resp.StatusCode), nil)
	}
	return nil
}

// share makes the message.
func (a *Adapter) share(ctx context.Context, channel string, thread threadTS, u *upload, ids []string) ([]file, error) {
	type summary struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	var files []summary
	for i, id := range ids {
		files = append(files, summary{id, cmp.Or(fileName(u.files[i].Name), "file")})
	}
	list, err := json.Marshal(files)
	if err != nil {
		return nil, fmt.Errorf("list the files of an upload: %w", err) // unreachable: strings marshal
	}
	args := url.Values{"files": {string(list)}, "channel_id": {channel}, "thread_ts": {thread.ts}}
	if u.text != "" {
		args.Set("initial_comment", u.text)
	}
	var answer struct {
		Files []file `json:"files"`
	}
	err = a.call(ctx, "files.completeUploadExternal", channel, func(ctx context.Context) error {
		return a.raw(ctx, "files.completeUploadExternal", args, &answer)
	}, posts(channel)...)
	return answer.Files, err
}

// sharedAs finds the message that the upload made. Slack makes it a little after
// its answer. https://docs.slack.dev/reference/methods/files.completeUploadExternal
func (a *Adapter) sharedAs(ctx context.Context, at bridge.Attempt, u *upload, ids []string, files []file) (bridge.Receipt, error) {
	channel := at.Mirror.Place.Channel
	found, ok := sharedIn(files, channel)
	for pause := 50 * time.Millisecond; !ok && pause < 10*time.Second; pause *= 2 {
		if !chat.Sleep(ctx, pause) {
			break
		}
		f, err := a.fileInfo(ctx, ids[0])
		if err == nil {
			found, ok = sharedIn([]file{f}, channel)
		}
	}
	if !ok {
		return bridge.Receipt{}, &bridge.SurfaceError{Class: bridge.Transient, Uncertain: true, Code: "not_shared_yet"}
	}
	inThread, err := a.inThread(ctx, at, found)
	switch {
	case err != nil:
		return bridge.Receipt{}, err
	case !inThread:
		return bridge.Receipt{}, a.stray(ctx, channel, found.TS)
	}
	return bridge.Receipt{Ref: found.TS, Print: u.print}, nil
}

// inThread makes sure that a share is a reply in our thread. When the share does
// not say, the thread itself does.
func (a *Adapter) inThread(ctx context.Context, at bridge.Attempt, s share) (bool, error) {
	if s.ThreadTS != "" {
		return s.ThreadTS == at.Mirror.Thread, nil
	}
	found := false
	err := a.scan(ctx, at, s.TS, func(m *message) bool {
		found = m.TS == s.TS && isReply(m.TS, m.ThreadTS)
		return found
	})
	if err != nil {
		var se *bridge.SurfaceError
		if errors.As(err, &se) && se.Class == bridge.Gone {
			return false, nil
		}
		return false, &bridge.SurfaceError{Class: bridge.Transient, Uncertain: true, Code: "not_seen_yet", Err: err}
	}
	return found, nil
}

// sharedIn returns where a file is in a channel.
func sharedIn(files []file, channel string) (share, bool) {
	for _, f := range files {
		if f.Shares == nil {
			continue
		}
		for _, in := range []map[string][]share{f.Shares.Public, f.Shares.Private} {
			for _, s := range in[channel] {
				if validTS(s.TS) {
					return s, true
				}
			}
		}
	}
	return share{}, false
}

func (a *Adapter) fileInfo(ctx context.Context, id string) (file, error) {
	var answer struct {
		File file `json:"file"`
	}
	err := a.call(ctx, "files.info", "", func(ctx context.Context) error {
		return a.raw(ctx, "files.info", url.Values{"file": {id}}, &answer)
	})
	return answer.File, err
}

func (a *Adapter) trustedAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && a.trusted(u)
}

// trusted reports whether an address is Slack's own: https on slack.com, or the
// very host of the Web API, which a simulator is.
func (a *Adapter) trusted(u *url.URL) bool {
	if u.Scheme == a.apiHost.Scheme && u.Host == a.apiHost.Host && u.User == nil {
		return true
	}
	host := strings.ToLower(u.Hostname())
	return u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") && u.User == nil &&
		(strings.HasSuffix(host, ".slack.com") || strings.HasSuffix(host, ".slack-gov.com"))
}

// A memo names the files of every attempt: "F1,F2;F3,F4".
func addMemo(memo string, ids []string) string {
	if memo != "" {
		memo += ";"
	}
	return memo + strings.Join(ids, ",")
}

func memoIDs(memo string) []string {
	return strings.FieldsFunc(memo, func(r rune) bool { return r == ',' || r == ';' })
}

// uploadTokens remembers under which token files were sent, for their echo. It
// is a help and not the truth: after a restart the memo is.
type uploadTokens struct {
	mu     sync.Mutex
	tokens map[string]string
	order  []string
}

const maxUploadTokens = 1024

func (t *uploadTokens) remember(ids []string, token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tokens == nil {
		t.tokens = map[string]string{}
	}
	for _, id := range ids {
		t.tokens[id] = token
		t.order = append(t.order, id)
	}
	for len(t.order) > maxUploadTokens {
		delete(t.tokens, t.order[0])
		t.order = t.order[1:]
	}
}

func (t *uploadTokens) token(id string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tokens[id]
}

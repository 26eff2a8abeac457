package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/slack-go/slack"
)

// maxAnswer is far above what any method answers.
const maxAnswer = 16 << 20

// callTrace is what we know of one HTTP call besides its answer. A call that
// failed before its request was written had no effect; afterwards nobody knows.
type callTrace struct {
	wrote      atomic.Bool
	status     atomic.Int32
	retryAfter atomic.Int64
}

type traceKey struct{}

// traced returns a context whose next HTTP call is watched.
func traced(ctx context.Context) (context.Context, *callTrace) {
	t := &callTrace{}
	ctx = context.WithValue(ctx, traceKey{}, t)
	// The transport repeats a request on another connection when none of it was
	// written, so what counts is whether any of it ever was.
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { t.wrote.Store(true) },
		WroteRequest: func(httptrace.WroteRequestInfo) { t.wrote.Store(true) },
	}), t
}

// watch notes of every answer what the calls need to know about it.
type watch struct {
	base   http.RoundTripper
	clock  *chat.ServerClock
	scopes func(granted string)
}

// RoundTrip implements http.RoundTripper.
func (w watch) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := time.Now()
	resp, err := w.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if t, ok := r.Context().Value(traceKey{}).(*callTrace); ok {
		t.status.Store(int32(resp.StatusCode))
		if s, err := strconv.ParseInt(resp.Header.Get("Retry-After"), 10, 64); err == nil && s >= 0 {
			t.retryAfter.Store(s)
		}
	}
	w.clock.Learn(sent, time.Now(), resp.Header.Get("Date"))
	if granted := resp.Header.Get("X-OAuth-Scopes"); granted != "" && w.scopes != nil {
		w.scopes(granted)
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

// CloseIdleConnections lets http.Client close what the base keeps open.
func (w watch) CloseIdleConnections() {
	if c, ok := w.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// raw calls a method whose answer slack-go would decode into types that
// lack what we need, and decodes it into ours.
func (a *Adapter) raw(ctx context.Context, method string, args url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.apiURL+method, strings.NewReader(args.Encode()))
	if err != nil {
		return fmt.Errorf("build %s: %w", method, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+a.token)
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return slack.StatusCodeError{Code: resp.StatusCode, Status: resp.Status}
	}
	var answer struct {
		OK     bool   `json:"ok"`
		Error  string `json:"error"`
		Needed string `json:"needed"`
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if err := decode(body, &answer); err != nil {
		return err
	}
	if !answer.OK {
		return slack.SlackErrorResponse{Err: cmp.Or(answer.Error, "no_error_given"), Needed: answer.Needed}
	}
	return decode(body, into)
}

// rawBlock is a block that markup rendered, in slack-go's eyes.
type rawBlock struct{ json.RawMessage }

// BlockType implements slack.Block.
func (rawBlock) BlockType() slack.MessageBlockType { return slack.MBTRichText }

// ID implements slack.Block.
func (rawBlock) ID() string { return "" }

// rawBlocks takes a JSON array of blocks apart.
func rawBlocks(array json.RawMessage) []slack.Block {
	var raw []json.RawMessage
	if json.Unmarshal(array, &raw) != nil {
		return nil
	}
	blocks := make([]slack.Block, len(raw))
	for i, b := range raw {
		blocks[i] = rawBlock{b}
	}
	return blocks
}

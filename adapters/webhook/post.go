package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// callTimeout bounds one request, beside the relay's own bound.
const callTimeout = 20 * time.Second

// maxAnswer is how much of an answer is read, so that its connection can be used again.
const maxAnswer = 64 << 10

func newClient(g guard) *http.Client {
	return &http.Client{
		Timeout: callTimeout,
		Transport: &http.Transport{
			Proxy:                 nil, // it would look up the name once more, out of the guard's sight
			DialContext:           g.dialer().DialContext,
			TLSHandshakeTimeout:   10 * time.Second,
			ResponseHeaderTimeout: callTimeout,
			IdleConnTimeout:       90 * time.Second,
			MaxIdleConnsPerHost:   16,
			ForceAttemptHTTP2:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends one signed request. Its errors are SurfaceErrors. The transport may
// repeat it when a kept connection turns out to be dead, since the header with the
// key tells it that this is safe, as it is.
func (h *Hook) post(ctx context.Context, key string, body []byte) error {
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { wrote.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return &bridge.SurfaceError{Class: bridge.Unauthorized, Code: "bad_url", Remedy: remedyAddress, Err: hideURL(err)}
	}
	timestamp := strconv.FormatInt(h.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", h.agent)
	req.Header.Set(HeaderTimestamp, timestamp)
	req.Header.Set(HeaderSignature, Sign(h.secret, timestamp, body))
	if key != "" {
		req.Header.Set(HeaderKey, key)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return unanswered(err, wrote.Load())
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)) // only for the connection's sake
	return h.classify(resp)
}

// What a person has to do about a receiver that does not want us.
const (
	remedyAddress = "Correct webhook.url and webhook.secret in the configuration, or make the receiver answer 2xx to a ping. " +
		"Replies wait until it does."
	remedyPrivate = "webhook.url leads to an address that is not a public one. Use a public address. Replies wait until then."
)

// unanswered classifies a request that got no answer.
func unanswered(err error, wrote bool) error {
	var refused *refusedError
	if errors.As(err, &refused) {
		return &bridge.SurfaceError{Class: bridge.Unauthorized, Code: "address_refused", Remedy: remedyPrivate, Err: refused}
	}
	return &bridge.SurfaceError{Class: bridge.Transient, Uncertain: wrote, Code: "no_answer", Err: hideURL(err)}
}

// hideURL takes the address off an error: its path is often the receiver's secret.
func hideURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// classify says what an answer means; see the package comment.
func (h *Hook) classify(resp *http.Response) error {
	status := resp.StatusCode
	fail := &bridge.SurfaceError{Code: "http_" + strconv.Itoa(status)}
	after, hasAfter := retryAfter(resp.Header.Get("Retry-After"), h.now())
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable && hasAfter:
		fail.Class, fail.After = bridge.RateLimited, after
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		fail.Class, fail.Uncertain = bridge.Transient, true
	case status < 400, status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound,
		status == http.StatusMethodNotAllowed, status == http.StatusGone, status == http.StatusProxyAuthRequired:
		fail.Class, fail.Remedy = bridge.Unauthorized, remedyAddress
	default:
		fail.Class = bridge.Rejected
	}
	return fail
}

// defaultAfter is how long to wait when a receiver says wait and not how long;
// mostAfter bounds what it may ask for.
const (
	defaultAfter = 30 * time.Second
	mostAfter    = 24 * time.Hour
)

// retryAfter reads the header's two forms, seconds and a date (RFC 9110, 10.2.3).
func retryAfter(header string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseInt(header, 10, 64); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, int64(mostAfter/time.Second))) * time.Second, true
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), mostAfter), true
	}
	return defaultAfter, false
}

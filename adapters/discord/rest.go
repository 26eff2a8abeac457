package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

const (
	// maxAnswer is far above a page of a hundred messages with all their embeds.
	maxAnswer = 16 << 20
	// whoPath is asked also while the token is refused, to learn when it works again.
	whoPath = "users/@me"
)

// client makes all REST calls: each once, within the budgets, and with the token in
// the header only. https://docs.discord.com/developers/reference
type client struct {
	a        *Adapter
	http     *http.Client
	limits   *limits
	verdicts map[string]verdict
	labels   *labels
	refused  *refusals
	looking  singleflight.Group // into why a channel refuses us
	hooks    *webhooks
	clock    chat.ServerClock
	// revoked: Discord refuses the token. Ten thousand refusals in ten minutes ban the
	// address that we call from, so nothing but whoPath is asked then.
	// https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
	revoked atomic.Bool
}

func (c *client) init(a *Adapter) {
	c.a = a
	transport := a.Transport
	if transport == nil {
		transport = chat.NewTransport()
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: chat.NoRedirects}
	c.limits = newLimits(a.Now)
	c.verdicts = verdicts()
	c.labels = newLabels()
	c.refused = newRefusals(a.Now)
	c.hooks = newWebhooks()
}

// request is one REST call.
type request struct {
	method string
	// path is below the API's base, such as "channels/1/messages"; its ids are valid.
	path  string
	query url.Values
	// body is sent as JSON, with files as the payload_json of a multipart body.
	body  any
	files []bridge.ViewFile
	// bare: the path has a token of its own (webhooks, interactions), so none is sent.
	bare bool
	// channel is the one that a remedy names; by default the path's own.
	channel string
}

// do makes one call, once, and decodes the answer into into, which may be nil.
// Its errors are bridge.SurfaceErrors without addresses or tokens.
func (c *client) do(ctx context.Context, r request, into any) error {
	route := routeOf(r.method, r.path)
	if err := c.mayCall(ctx, r, route); err != nil {
		return err
	}
	answer, err := c.send(ctx, r, route)
	c.a.Count("call", route.template)
	if err == nil && into != nil && answer.status != http.StatusNoContent {
		if bad := decode(answer.body, into); bad != nil {
			err = &bridge.SurfaceError{Class: bridge.Transient, Uncertain: r.method != http.MethodGet, Code: "unreadable", Err: bad}
		}
	}
	if err != nil {
		c.a.Count("call failed", route.template)
	}
	return err
}

// brief is a wait that is not worth coming back for.
const brief = 250 * time.Millisecond

// mayCall refuses what would be refused anyway, or would be too fast.
func (c *client) mayCall(ctx context.Context, r request, route route) error {
	if c.revoked.Load() && !route.exempt && r.path != whoPath {
		// A webhook would still post, and nobody would hear what is said to it.
		return c.refusal(http.StatusUnauthorized, apiError{}, request{})
	}
	wait := c.limits.take(route)
	for range 4 {
		if wait == 0 || wait > brief || !chat.Sleep(ctx, wait) {
			break
		}
		wait = c.limits.take(route)
	}
	if wait > 0 {
		c.a.Count("held", route.template)
		return &bridge.SurfaceError{Class: bridge.RateLimited, After: wait, Code: "budget"}
	}
	return nil
}

// answer is what came back, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send writes the request and reads the answer. What fails before anything is written
// had no effect; what is written and not answered may have had one.
func (c *client) send(ctx context.Context, r request, route route) (answer, error) {
	var wrote atomic.Bool
	lost := func(err error) error {
		return &bridge.SurfaceError{
			Class: bridge.Transient, Code: chat.NetworkCode(err), Err: chat.WithoutAddress(err),
			Uncertain: r.method != http.MethodGet && wrote.Load(),
		}
	}
	req, err := c.build(ctx, r, &wrote)
	if err != nil {
		c.limits.untake(route)
		return answer{}, lost(err)
	}
	sent := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		c.limits.done(route, nil, 0)
		return answer{}, lost(err)
	}
	c.clock.Learn(sent, time.Now(), resp.Header.Get("Date"))
	defer func() { _ = resp.Body.Close() }()
	got := answer{status: resp.StatusCode, header: resp.Header}
	got.body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	c.limits.done(route, resp.Header, resp.StatusCode)
	switch {
	case err == nil && len(got.body) > maxAnswer:
		err = errors.New("the answer is too large")
	case err == nil && got.status >= 200 && got.status < 300:
		if !r.bare {
			c.revoked.Store(false)
		}
		return got, nil
	}
	if err != nil && got.status < 400 {
		return answer{}, lost(err)
	}
	return got, c.failure(got, r, route)
}

// userAgent is what Discord demands of every client; others are refused with 40333.
// https://docs.discord.com/developers/reference#user-agent
func userAgent() string {
	version := "0"
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		version = strings.TrimPrefix(info.Main.Version, "v")
	}
	return "DiscordBot (https://github.com/sidebridge/sidebridge, " + version + ")"
}

// build makes the HTTP request.
func (c *client) build(ctx context.Context, r request, wrote *atomic.Bool) (*http.Request, error) {
	body, kind, err := encode(ctx, r)
	if err != nil {
		return nil, err
	}
	address := c.a.apiURL.String() + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// The transport repeats a request on another connection when none of it was
		// written, so what counts is whether any of it ever was. One with files that
		// breaks off in between cannot have had an effect.
		WroteHeaders: func() {
			if len(r.files) == 0 {
				wrote.Store(true)
			}
		},
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil || len(r.files) == 0 {
				wrote.Store(true)
			}
		},
	})
	req, err := http.NewRequestWithContext(ctx, r.method, address, body.reader())
	if err != nil {
		return nil, fmt.Errorf("build a call: %w", chat.WithoutAddress(err))
	}
	req.ContentLength = body.size
	req.Header.Set("User-Agent", userAgent())
	req.Header.Set("Accept", "application/json")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if !r.bare {
		req.Header.Set("Authorization", "Bot "+c.a.Token)
	}
	return req, nil
}

// apiError is how Discord says what is wrong.
// https://docs.discord.com/developers/reference#error-messages
type apiError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Errors  json.RawMessage `json:"errors"`
	// Those of a refusal for being too fast.
	RetryAfter float64 `json:"retry_after"`
	Global     bool    `json:"global"`
}

// failure reads a refusal.
func (c *client) failure(got answer, r request, route route) error {
	var e apiError
	known := json.Unmarshal(got.body, &e) == nil
	if got.status == http.StatusTooManyRequests {
		return c.tooFast(got, e, route)
	}
	if !known && got.status >= 400 && got.status < 500 {
		return c.notDiscord(got)
	}
	if got.status == http.StatusUnauthorized && !r.bare {
		c.revoked.Store(true)
	}
	return c.refusal(got.status, e, r)
}

// tooFast closes exactly the bucket that Discord named, or all of them.
// https://docs.discord.com/developers/topics/rate-limits#exceeding-a-rate-limit
func (c *client) tooFast(got answer, e apiError, route route) error {
	after := max(seconds(e.RetryAfter), headerSeconds(got.header, "Retry-After"), headerSeconds(got.header, "X-RateLimit-Reset-After"))
	if after <= 0 {
		after = defaultRetryAfter
	}
	code := "http_429"
	if e.Code != 0 {
		code = fmt.Sprint(e.Code)
	}
	if e.Global || got.header.Get("X-RateLimit-Global") != "" || got.header.Get("X-RateLimit-Scope") == "global" {
		c.limits.freezeAll(after)
		code = "global"
	} else if got.header.Get("X-RateLimit-Bucket") == "" && got.header.Get("Via") == "" && e.Message == "" {
		c.limits.freezeAll(after) // Cloudflare's own page: our address is too fast
		code = "cloudflare"
	} else {
		c.limits.freeze(route, after)
	}
	return &bridge.SurfaceError{Class: bridge.RateLimited, After: after, Code: code}
}

// notDiscord is an answer of what stands before Discord, such as Cloudflare's pages.
// Nothing reached Discord; trying on would only lengthen a ban.
func (c *client) notDiscord(got answer) error {
	code := fmt.Sprintf("http_%d", got.status)
	if got.status != http.StatusForbidden {
		return &bridge.SurfaceError{Class: bridge.Transient, Code: code}
	}
	after := max(headerSeconds(got.header, "Retry-After"), time.Minute)
	c.limits.freezeAll(after)
	return &bridge.SurfaceError{Class: bridge.RateLimited, After: after, Code: "cloudflare"}
}

// read is do for what can be repeated: it waits for the budget and through refusals
// for being too fast, and tries again after a lost answer, as long as ctx lasts.
func (c *client) read(ctx context.Context, r request, into any) error {
	return chat.Repeat(ctx, "", func() error { return c.do(ctx, r, into) })
}

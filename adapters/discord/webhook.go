package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// hookOwnName is what our webhooks are called in a channel's settings.
const hookOwnName = "Sidebridge"

// webhook posts to one channel under any name. Its token is a secret that is kept in
// memory only: Discord gives it to us again after a restart.
// https://docs.discord.com/developers/resources/webhook
type webhook struct{ id, token string }

// path is where the webhook is executed, and its messages are below.
func (w webhook) path(more ...string) string {
	return strings.Join(append([]string{"webhooks", w.id, w.token}, more...), "/")
}

// webhooks are ours, one for each channel.
type webhooks struct {
	mu        sync.Mutex
	byChannel map[string]webhook
	ids       map[string]bool // also those that are gone, whose posts remain
	making    map[string]*sync.Mutex
}

func newWebhooks() *webhooks {
	return &webhooks{byChannel: map[string]webhook{}, ids: map[string]bool{}, making: map[string]*sync.Mutex{}}
}

func (w *webhooks) get(channel string) (webhook, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h, ok := w.byChannel[channel]
	return h, ok
}

func (w *webhooks) put(channel string, h webhook) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.byChannel[channel], w.ids[h.id] = h, true
}

// forget drops a webhook that Discord does not know any more.
func (w *webhooks) forget(channel string, h webhook) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byChannel[channel] == h {
		delete(w.byChannel, channel)
	}
}

// lock lets one worker at a time look for a channel's webhook, or two would be made.
func (w *webhooks) lock(channel string) (unlock func()) {
	w.mu.Lock()
	m := w.making[channel]
	if m == nil {
		m = &sync.Mutex{}
		w.making[channel] = m
	}
	w.mu.Unlock()
	m.Lock()
	return m.Unlock
}

// isOurWebhook reports whether we made a webhook. Posts of one that we have not looked
// for yet are known by their application.
func (a *Adapter) isOurWebhook(id string) bool {
	a.hooks.mu.Lock()
	defer a.hooks.mu.Unlock()
	return a.hooks.ids[id]
}

// hookOf returns our webhook of a channel, and makes it when there is none and make is
// set.
func (g *Guild) hookOf(ctx context.Context, channel string, create bool) (webhook, bool, error) {
	if h, ok := g.hooks.get(channel); ok {
		return h, true, nil
	}
	if err := g.knowing(ctx); err != nil {
		return webhook{}, false, err
	}
	defer g.hooks.lock(channel)()
	if h, ok := g.hooks.get(channel); ok {
		return h, true, nil
	}
	h, ok, err := g.findHook(ctx, channel)
	if err == nil && !ok && create {
		h, err = g.makeHook(ctx, channel)
		ok = err == nil
	}
	if err != nil {
		return webhook{}, false, chat.Certain(err)
	}
	if ok {
		g.hooks.put(channel, h)
	}
	return h, ok, nil
}

type hookObject struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Token string `json:"token"`
	AppID string `json:"application_id"`
}

// findHook looks for the webhook that we made before.
// https://docs.discord.com/developers/resources/webhook#get-channel-webhooks
func (g *Guild) findHook(ctx context.Context, channel string) (webhook, bool, error) {
	var all []hookObject
	if err := g.client.do(ctx, request{method: http.MethodGet, path: "channels/" + channel + "/webhooks"}, &all); err != nil {
		return webhook{}, false, err
	}
	for _, h := range all {
		if h.AppID == g.self().app && validID(h.ID) && validHookToken(h.Token) {
			return webhook{h.ID, h.Token}, true, nil
		}
	}
	return webhook{}, false, nil
}

func (g *Guild) makeHook(ctx context.Context, channel string) (webhook, error) {
	var h hookObject
	err := g.client.do(ctx, request{
		method: http.MethodPost, path: "channels/" + channel + "/webhooks", body: map[string]string{"name": hookOwnName},
	}, &h)
	switch {
	case err != nil:
		return webhook{}, err
	case !validID(h.ID) || !validHookToken(h.Token):
		return webhook{}, &bridge.SurfaceError{Class: bridge.Transient, Code: "no_webhook"}
	}
	return webhook{h.ID, h.Token}, nil
}

func validHookToken(token string) bool { return token != "" && !strings.ContainsAny(token, "/?#% \\") }

// lostHook reports whether a failure says that the webhook is gone.
func lostHook(err error) bool {
	code := codeOf(err)
	return code == codeUnknownHook || code == codeHookToken
}

// errNoHook: there is no webhook of ours that could have made a post.
var errNoHook = errors.New("no webhook")

// byHook makes a call through the channel's webhook. When that turns out to be gone, or
// was moved to another channel, whose threads are not ours, nothing has happened, and
// with create the call is made through a new one.
func (g *Guild) byHook(ctx context.Context, at bridge.Attempt, create bool, r func(webhook) request, into any) error {
	channel := at.Mirror.Place.Channel
	for again := false; ; again = true {
		h, ok, err := g.hookOf(ctx, channel, create)
		if err != nil {
			return err
		}
		if !ok {
			return errNoHook
		}
		req := r(h)
		req.bare, req.channel = true, channel
		err = g.client.do(ctx, req, into)
		if !lostHook(err) && (again || codeOf(err) != codeUnknownChannel) {
			return err
		}
		g.hooks.forget(channel, h)
		if again {
			return err
		}
	}
}

// threadQuery is what a call through a webhook needs to reach a thread.
func threadQuery(at bridge.Attempt) url.Values { return url.Values{"thread_id": {at.Mirror.Thread}} }

// postAsAgent posts under the agent's own name. A webhook has no nonce; what becomes
// of a post without an answer is read back. Without wait Discord reports no errors.
// https://docs.discord.com/developers/resources/webhook#execute-webhook
func (g *Guild) postAsAgent(ctx context.Context, at bridge.Attempt, c *content) (bridge.Receipt, error) {
	p := newPost(c, at)
	p.Nonce, p.Enforce = "", false
	p.Username, p.Avatar = c.author, g.pictureOf(ctx, c.person)
	var m message
	err := g.withOpenThread(ctx, at, func() error {
		return g.byHook(ctx, at, true, func(h webhook) request {
			query := threadQuery(at)
			query.Set("wait", "true")
			return request{method: http.MethodPost, path: h.path(), query: query, body: p, files: c.files}
		}, &m)
	})
	if err != nil {
		return bridge.Receipt{}, err
	}
	return made(m.ID, c)
}

// made is the receipt of a post that was answered.
func made(id string, c *content) (bridge.Receipt, error) {
	if !validID(id) {
		return bridge.Receipt{}, &bridge.SurfaceError{
			Class: bridge.Transient, Uncertain: true, Code: "no_id", Err: fmt.Errorf("an answer without an id"),
		}
	}
	return bridge.Receipt{Ref: id, Print: c.print}, nil
}

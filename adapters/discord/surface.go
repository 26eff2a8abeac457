package discord

import (
	"net/http"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Wait implements bridge.Budgeted: how long the call's budget is closed, as far as
// Discord has told us. Each thread has a budget of its own, so no other waits with it.
func (g *Guild) Wait(m bridge.Mirror, c bridge.Call) (time.Duration, bool) {
	if wait := g.limits.look(g.routeFor(m, c)); wait > brief {
		return wait, false
	}
	return 0, false
}

// routeFor returns the route that a call will take.
func (g *Guild) routeFor(m bridge.Mirror, c bridge.Call) route {
	parent, thread := "channels/"+m.Place.Channel, "channels/"+m.Thread
	p, _ := c.Payload.(*content)
	hook, hooked := g.hooks.get(m.Place.Channel)
	hooked = hooked && g.asAgent() && c.Message != 0
	home := thread
	if c.Ref == m.Thread {
		if k, ok := g.places.get(m.Place.Channel); !ok || !hasPosts(k.kind) {
			home = parent
		}
	}
	switch {
	case c.Verb == bridge.VerbPost && c.Root:
		if k, ok := g.places.get(m.Place.Channel); ok && hasPosts(k.kind) {
			return routeOf(http.MethodPost, parent+"/threads")
		}
		return routeOf(http.MethodPost, parent+"/messages")
	case c.Verb == bridge.VerbPost && hooked && p != nil && p.author != "":
		return routeOf(http.MethodPost, hook.path())
	case c.Verb == bridge.VerbPost:
		return routeOf(http.MethodPost, thread+"/messages")
	case c.Verb == bridge.VerbDelete && hooked:
		return routeOf(http.MethodDelete, hook.path("messages", c.Ref))
	case c.Verb == bridge.VerbDelete:
		return routeOf(http.MethodDelete, home+"/messages/"+c.Ref)
	case p != nil && hooked:
		return routeOf(http.MethodPatch, hook.path("messages", c.Ref))
	case p != nil:
		return routeOf(http.MethodPatch, home+"/messages/"+c.Ref)
	}
	switch p := c.Payload.(type) {
	case *opening:
		return routeOf(http.MethodPost, parent+"/messages/"+m.Thread+"/threads")
	case *reacting:
		method := http.MethodDelete
		if p.on {
			method = http.MethodPut
		}
		return routeOf(method, home+"/messages/"+c.Ref+"/reactions/x/@me")
	}
	return routeOf(http.MethodPatch, thread)
}

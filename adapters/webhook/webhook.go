package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

// Surface is the name of the webhook as a surface, Workspace and Channel the one
// place that it has: every ticket's replies go to the same address.
const (
	Surface   = "webhook"
	Workspace = "customer"
	Channel   = "replies"
)

// minSecret is the least length of the shared secret.
const minSecret = 16

// Options are what a Hook needs. URL and Secret are required.
type Options struct {
	// URL receives the requests.
	URL string
	// Secret signs them, and the addresses of files; at least 16 characters.
	Secret string
	// PublicURL is the address under which the receiver reaches FilesHandler.
	PublicURL string
	// OpenFile opens a stored file by its hash.
	OpenFile func(ctx context.Context, hash string) (io.ReadCloser, error)
	// AllowPrivate lets the receiver be in a private network.
	AllowPrivate bool
	// Agent is the User-Agent of requests.
	Agent string
	// Now is the clock; time.Now by default.
	Now func() time.Time
}

// Hook is the customer webhook. It is a bridge.Surface.
type Hook struct {
	url       string
	secret    []byte
	publicURL string
	open      func(ctx context.Context, hash string) (io.ReadCloser, error)
	agent     string
	now       func() time.Time
	client    *http.Client
}

var _ bridge.Surface = (*Hook)(nil)

// New returns a hook that has not called anybody yet.
func New(o Options) (*Hook, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" {
		return nil, errors.New("webhook: the url is not a whole address")
	}
	local := isLoopback(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, errors.New("webhook: the url must be https; plain http is accepted for this machine only")
	}
	if len(o.Secret) < minSecret {
		return nil, fmt.Errorf("webhook: the secret has fewer than %d characters", minSecret)
	}
	h := &Hook{
		url: o.URL, secret: []byte(o.Secret), publicURL: strings.TrimRight(o.PublicURL, "/"),
		open: o.OpenFile, agent: o.Agent, now: o.Now,
	}
	if h.now == nil {
		h.now = time.Now
	}
	if h.open == nil {
		h.open = func(context.Context, string) (io.ReadCloser, error) { return nil, bridge.ErrNotFound }
	}
	if h.agent == "" {
		h.agent = "Sidebridge"
	}
	h.client = newClient(guard{loopback: local || o.AllowPrivate, private: o.AllowPrivate})
	return h, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

// Name implements bridge.Surface.
func (h *Hook) Name() string { return Surface }

// Plan implements bridge.Surface: a customer reply is one request, and nothing
// else is the receiver's business. When a reply was rejected there is nobody to
// leave a note to.
func (h *Hook) Plan(v bridge.View) []bridge.Call {
	if v.Entry.Kind != bridge.CustomerReply || v.Entry.Erased || v.Rejected != "" {
		return nil
	}
	return []bridge.Call{{Verb: bridge.VerbPost, Message: v.Message, Payload: replyOf(v)}}
}

// Deliver implements bridge.Surface.
func (h *Hook) Deliver(ctx context.Context, a bridge.Attempt) (bridge.Receipt, error) {
	r, ok := a.Call.Payload.(*reply)
	if !ok {
		return bridge.Receipt{}, &bridge.SurfaceError{Class: bridge.Rejected, Code: "no_reply"}
	}
	body, err := h.encode(r)
	if err != nil {
		return bridge.Receipt{}, &bridge.SurfaceError{Class: bridge.Rejected, Code: "not_encodable", Err: err}
	}
	if err := h.post(ctx, a.Token, body); err != nil {
		return bridge.Receipt{}, err
	}
	// Other tickets' replies go to the same place, so a ref names the ticket too.
	return bridge.Receipt{Ref: bridge.ID{Ticket: r.Ticket, Seq: r.Seq}.String()}, nil
}

// Find implements bridge.Surface. It never finds anything: a receiver drops what
// it has had before by the Idempotency-Key, so repeating needs no looking.
func (h *Hook) Find(context.Context, bridge.Attempt) (bridge.Receipt, bool, error) {
	return bridge.Receipt{}, false, nil
}

// List implements bridge.Surface: nothing comes back from here.
func (h *Hook) List(context.Context, bridge.Mirror, []bridge.Copy, func(context.Context, bridge.Inbound) error) (string, error) {
	return "", nil
}

// Fetch implements bridge.Surface: no file comes from here.
func (h *Hook) Fetch(context.Context, bridge.Place, string) (io.ReadCloser, error) {
	return nil, &bridge.SurfaceError{Class: bridge.Rejected, Code: "no_files"}
}

// Probe implements bridge.Surface with a ping.
func (h *Hook) Probe(ctx context.Context, _ bridge.Place) error {
	return h.post(ctx, "", []byte(`{"type":"ping"}`))
}

package discord

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
)

const (
	// codeBudget: so few sessions may still be begun today that we begin none. Who
	// begins more than Discord allows has the token taken away.
	codeBudget = "session_start_limit"
	// fewSessions are left for a person to restart us with.
	fewSessions = 50
)

// gatewayInfo is where sessions begin, and how many may.
// https://docs.discord.com/developers/events/gateway#get-gateway-bot
type gatewayInfo struct {
	URL   string `json:"url"`
	Limit *struct {
		Remaining  int   `json:"remaining"`
		ResetAfter int64 `json:"reset_after"` // milliseconds
	} `json:"session_start_limit"`
}

// askGateway asks where to begin a session. It is an error when none may be begun.
func (a *Adapter) askGateway(ctx context.Context) (gatewayInfo, error) {
	var info gatewayInfo
	if err := a.ask(ctx, request{method: http.MethodGet, path: "gateway/bot"}, &info); err != nil {
		return info, fmt.Errorf("ask for the gateway: %w", err)
	}
	if l := info.Limit; l != nil && l.Remaining < fewSessions {
		after := max(time.Duration(l.ResetAfter)*time.Millisecond, a.Timing.Reconnect)
		return info, &bridge.SurfaceError{
			Class: bridge.RateLimited, Code: codeBudget, After: after,
			Remedy: fmt.Sprintf("The bot has begun nearly all the sessions that Discord allows it in a day, and waits %s for more. "+
				"See whether another program uses the same token, or this one is restarted again and again.", after.Round(time.Minute)),
		}
	}
	return info, nil
}

// socketAddress completes the address of a connection. The token goes there, so it has
// to be encrypted unless the API itself is not, as in simulations.
func (a *Adapter) socketAddress(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return "", errors.New("the gateway's address is none")
	}
	if u.Scheme != "wss" && !(u.Scheme == "ws" && a.apiURL.Scheme == "http") {
		return "", errors.New("the gateway's address is not encrypted")
	}
	u.RawQuery = "v=10&encoding=json"
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), nil
}

package slack

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// permalinkTS is a message in a permalink: p, and the timestamp without its dot.
// https://docs.slack.dev/reference/methods/chat.getPermalink
var permalinkTS = regexp.MustCompile(`^p(\d{10})(\d{6})$`)

// ParseLink returns the channel and the thread that a link to a message leads to: the
// message's own thread, or the one that a reply is in. A link that is no Slack link,
// or of another workspace, is bridge.ErrNotFound.
func (a *Adapter) ParseLink(_ context.Context, link string) (bridge.Place, string, error) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || !a.ownHost(u) {
		return bridge.Place{}, "", fmt.Errorf("link: %w", bridge.ErrNotFound)
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	channel, thread := "", ""
	switch {
	case len(parts) == 3 && parts[0] == "archives":
		channel = parts[1]
		if m := permalinkTS.FindStringSubmatch(parts[2]); m != nil {
			thread = m[1] + "." + m[2]
		}
		if root := u.Query().Get("thread_ts"); root != "" {
			thread = root
		}
	case len(parts) == 5 && parts[0] == "client" && parts[3] == "thread":
		// What the browser shows while a thread is open beside its channel.
		if parts[1] != a.workspace {
			return bridge.Place{}, "", fmt.Errorf("link: %w", bridge.ErrNotFound)
		}
		channel = parts[2]
		thread = strings.TrimPrefix(parts[4], channel+"-")
	}
	if !validID(channel) || !validTS(thread) {
		return bridge.Place{}, "", fmt.Errorf("%w: this Slack link leads to no message: take the one of “Copy link” in a message's menu", bridge.ErrInvalid)
	}
	return a.place(channel), thread, nil
}

// ownHost reports whether an address can be of this workspace. Before auth.test has
// answered, any of Slack's can.
func (a *Adapter) ownHost(u *url.URL) bool {
	if u.Scheme != "https" && u.Scheme != "http" {
		return false
	}
	if own := a.self().host; own != "" && u.Host == own {
		return true
	} else if own != "" && u.Host != "app.slack.com" {
		return false
	}
	return u.Host == "slack.com" || strings.HasSuffix(u.Host, ".slack.com")
}

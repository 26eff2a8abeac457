package discord

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// fakeChannels answers GET channels/{id} as Discord does, from a table.
type fakeChannels map[string]string

func (f fakeChannels) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, f[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]
	switch body {
	case "":
		status, body = http.StatusNotFound, `{"message": "Unknown Channel", "code": 10003}`
	case "hidden":
		status, body = http.StatusForbidden, `{"message": "Missing Access", "code": 50001}`
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

type noInbox struct{}

func (noInbox) Accept(context.Context, bridge.Inbound) (bridge.Result, error) {
	return bridge.Result{}, nil
}
func (noInbox) Quarantine(context.Context, string, string, []byte) error { return nil }

func linkReader(t testing.TB) *Adapter {
	t.Helper()
	channel := func(id string, kind int, guild, parent string) string {
		return fmt.Sprintf(`{"id": %q, "type": %d, "guild_id": %q, "parent_id": %q, "name": "x"}`, id, kind, guild, parent)
	}
	a, err := New(Options{Token: "a.b.c", Guilds: []string{"1", "2"}, Inbox: noInbox{}, Transport: fakeChannels{
		"10": channel("10", 0, "1", ""), "20": channel("20", 11, "1", "10"), "21": channel("21", 12, "1", "10"), "30": channel("30", 15, "1", ""),
		"31": channel("31", 11, "1", "30"), "40": channel("40", 11, "2", "41"), "50": "hidden",
	}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLinksLeadToThreadsAndTheirParents(t *testing.T) {
	a := linkReader(t)
	for link, want := range map[string]string{
		"https://discord.com/channels/1/20":            "1/10 20", // the thread
		" https://ptb.discord.com/channels/1/20/99\n":  "1/10 20", // a message in it
		"https://canary.discord.com/channels/1/10/20":  "1/10 20", // the message that it was started from
		"https://discord.com/channels/1/10/threads/21": "1/10 21", // beside its channel in a browser
		"https://discordapp.com/channels/1/31":         "1/30 31", // a forum's post
		"https://discord.com/channels/2/40?x=y#z":      "2/41 40",
	} {
		place, thread, err := a.ParseLink(t.Context(), link)
		if err != nil || place.Surface != Surface || place.Workspace+"/"+place.Channel+" "+thread != want {
			t.Errorf("%q leads to %v %q, %v; want %s", link, place, thread, err, want)
		}
	}
	for link, want := range map[string]error{
		"https://discord.com/channels/1/10":         bridge.ErrInvalid, // a channel
		"https://discord.com/channels/1/10/11":      bridge.ErrInvalid, // a message without a thread
		"https://discord.com/channels/1/40":         bridge.ErrInvalid, // of another guild
		"https://discord.com/channels/1/x":          bridge.ErrInvalid,
		"https://discord.com/channels/1/50":         bridge.ErrForbidden,
		"https://discord.com/channels/9/20":         bridge.ErrNotFound, // a guild that we do not serve
		"https://discord.com/channels/@me/20":       bridge.ErrNotFound,
		"https://discord.com/channels/1":            bridge.ErrNotFound,
		"http://discord.com/channels/1/20":          bridge.ErrNotFound,
		"https://discord.com.example/channels/1/20": bridge.ErrNotFound,
		"https://acme.slack.com/archives/C1/p1":     bridge.ErrNotFound,
		"":                                          bridge.ErrNotFound,
	} {
		if place, thread, err := a.ParseLink(t.Context(), link); !errors.Is(err, want) {
			t.Errorf("%q leads to %v %q, %v; want %v", link, place, thread, err, want)
		}
	}
}

func FuzzLinksNameAServedGuildAndValidIDs(f *testing.F) {
	f.Add("https://discord.com/channels/1/10/threads/21")
	f.Add("https://discord.com/channels/1/10/20")
	a := linkReader(f)
	f.Fuzz(func(t *testing.T, link string) {
		guild, ids, err := a.linkIDs(link)
		if err != nil {
			return
		}
		for _, id := range append(ids, guild) {
			if !validID(id) {
				t.Errorf("%q names %q", link, id)
			}
		}
	})
}

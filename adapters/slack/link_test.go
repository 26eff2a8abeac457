package slack

import (
	"errors"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

func TestLinksToMessagesLeadToTheirThread(t *testing.T) {
	a := &Adapter{workspace: "T1", me: identity{host: "acme.slack.com"}}
	for link, want := range map[string]string{
		"https://acme.slack.com/archives/C0BILLING/p1712345678901234":                                              "1712345678.901234",
		" https://acme.slack.com/archives/C0BILLING/p1712345679000000?thread_ts=1712345678.901234&cid=C0BILLING\n": "1712345678.901234",
		"https://app.slack.com/client/T1/C0BILLING/thread/C0BILLING-1712345678.901234":                             "1712345678.901234",
	} {
		place, thread, err := a.ParseLink(t.Context(), link)
		if err != nil || thread != want || place != (bridge.Place{Surface: Surface, Workspace: "T1", Channel: "C0BILLING"}) {
			t.Errorf("%q leads to %v %q, %v", link, place, thread, err)
		}
	}
	for link, want := range map[string]error{
		"https://acme.slack.com/archives/C0BILLING":                                    bridge.ErrInvalid,
		"https://acme.slack.com/archives/C0BILLING/p12":                                bridge.ErrInvalid,
		"https://acme.slack.com/archives/../p1712345678901234":                         bridge.ErrInvalid,
		"https://acme.slack.com/archives/C0BILLING/p1712345678901234?thread_ts=x":      bridge.ErrInvalid,
		"https://other.slack.com/archives/C0BILLING/p1712345678901234":                 bridge.ErrNotFound,
		"https://app.slack.com/client/T2/C0BILLING/thread/C0BILLING-1712345678.901234": bridge.ErrNotFound,
		"https://acme.slack.com.evil.example/archives/C0BILLING/p1712345678901234":     bridge.ErrNotFound,
		"https://discord.com/channels/1/2/3":                                           bridge.ErrNotFound,
		"javascript:alert(1)//acme.slack.com/archives/C0BILLING/p1712345678901234":     bridge.ErrNotFound,
		"": bridge.ErrNotFound,
	} {
		if place, thread, err := a.ParseLink(t.Context(), link); !errors.Is(err, want) {
			t.Errorf("%q leads to %v %q, %v; want %v", link, place, thread, err, want)
		}
	}
}

func TestBeforeWeKnowOurAddressAnyOfSlacksIsTaken(t *testing.T) {
	a := &Adapter{workspace: "T1"}
	if _, _, err := a.ParseLink(t.Context(), "https://acme.slack.com/archives/C0BILLING/p1712345678901234"); err != nil {
		t.Error(err)
	}
	if _, _, err := a.ParseLink(t.Context(), "https://example.com/archives/C0BILLING/p1712345678901234"); !errors.Is(err, bridge.ErrNotFound) {
		t.Error(err)
	}
}

func FuzzParsedLinksNameAChannelAndAMessage(f *testing.F) {
	f.Add("https://acme.slack.com/archives/C0BILLING/p1712345678901234?thread_ts=1712345678.901234")
	f.Add("https://app.slack.com/client/T1/C1/thread/C1-1712345678.901234")
	a := &Adapter{workspace: "T1", me: identity{host: "acme.slack.com"}}
	f.Fuzz(func(t *testing.T, link string) {
		place, thread, err := a.ParseLink(t.Context(), link)
		if err == nil && (!validID(place.Channel) || !validTS(thread)) {
			t.Errorf("%q leads to %v %q", link, place, thread)
		}
	})
}

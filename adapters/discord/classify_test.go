package discord

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/chat"
	"github.com/sidebridge/sidebridge/bridge"
)

// https://docs.discord.com/developers/topics/opcodes-and-status-codes#json
func TestEveryDocumentedCodeHasItsClassAndRemedy(t *testing.T) {
	f, a := newAPI(t, nil)
	a.labels.learn("12", "billing")
	for _, c := range []struct {
		status, code int
		class        bridge.Class
		remedy       string
	}{
		{401, 0, bridge.Unauthorized, "Reset Token"},
		{403, 50014, bridge.Unauthorized, "Reset Token"},
		{404, 10004, bridge.Unauthorized, "Invite the bot"},
		{404, 10003, bridge.Gone, "#billing"},
		{403, 50001, bridge.Gone, "View Channel"},
		{403, 50013, bridge.Gone, "Send Messages in Threads"},
		{400, 50024, bridge.Gone, "#billing"},
		{400, 50008, bridge.Gone, "#billing"},
		{400, 40058, bridge.Gone, "forum"},
		{403, 160005, bridge.Gone, "Manage Threads"},
		{400, 160006, bridge.Gone, "Archive some"},
		{404, 10015, bridge.Gone, "Integrations"},
		{401, 50027, bridge.Gone, "Integrations"},
		{403, 50007, bridge.Gone, "direct message"},
		{400, 40067, bridge.Gone, "tag"},
		{400, 30007, bridge.Gone, "webhooks"},
		{404, 10008, bridge.Rejected, ""},
		{400, 50006, bridge.Rejected, ""},
		{400, 50035, bridge.Rejected, ""},
		{413, 40005, bridge.Rejected, ""},
		{400, 50045, bridge.Rejected, ""},
		{400, 200000, bridge.Rejected, ""},
		{400, 240000, bridge.Rejected, ""},
		{403, 50005, bridge.Rejected, ""},
		{400, 30046, bridge.Rejected, ""},
		{404, 10014, bridge.Rejected, ""},
		{400, 50083, bridge.Transient, ""},
		{400, 20016, bridge.RateLimited, ""},
		{400, 20028, bridge.RateLimited, ""},
		{400, 40062, bridge.RateLimited, ""},
		{500, 130000, bridge.Transient, ""},
		{500, 0, bridge.Transient, ""},
		{400, 999999, bridge.Transient, ""},
	} {
		f.answers(says(c.status, fmt.Sprintf(`{"code": %d, "message": "no"}`, c.code)))
		a.revoked.Store(false)
		err := a.client.do(t.Context(), request{method: "POST", path: "channels/12/messages", body: 1}, nil)
		se := asError(t, err)
		if se.Class != c.class || (se.Remedy == "") != (c.remedy == "") || !strings.Contains(se.Remedy, c.remedy) {
			t.Errorf("HTTP %d code %d: %v, remedy %q", c.status, c.code, se, se.Remedy)
		}
		if se.Class == bridge.RateLimited && se.After == 0 {
			t.Errorf("code %d: no time to wait", c.code)
		}
		if strings.Contains(se.Remedy, "{") {
			t.Errorf("code %d: remedy %q", c.code, se.Remedy)
		}
	}
}

func TestEveryRemedyNamesWhatToDo(t *testing.T) {
	_, a := newAPI(t, nil)
	for code, v := range a.verdicts {
		needs := v.class == bridge.Gone || v.class == bridge.Unauthorized
		if needs != (v.remedy != "") {
			t.Errorf("code %s: class %v with the remedy %q", code, v.class, v.remedy)
		}
	}
}

func TestUnknownCodeStopsAThreadNotForEver(t *testing.T) {
	f, a := newAPI(t, says(400, `{"code": 999999, "message": "new"}`))
	g := a.Guilds()[0]
	at := bridge.Attempt{Mirror: bridge.Mirror{Place: g.at("12"), Thread: "34"}, Token: "t", Call: bridge.Call{
		Verb: bridge.VerbPost, Payload: &content{text: "hi"},
	}}
	_, err := g.Deliver(t.Context(), at)
	if se := asError(t, err); se.Class != bridge.Transient || se.Code != "999999" {
		t.Errorf("the first time: %v", se)
	}
	at.Mirror.Attempts = chat.MaxUnknown
	_, err = g.Deliver(t.Context(), at)
	if se := asError(t, err); se.Class != bridge.Rejected {
		t.Errorf("after %d attempts: %v", chat.MaxUnknown, se)
	}
	if n := len(f.seen()); n != 2 {
		t.Errorf("%d calls", n)
	}
}

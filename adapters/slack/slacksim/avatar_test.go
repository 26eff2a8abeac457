package slacksim

import (
	"strings"
	"testing"
)

// https://docs.slack.dev/reference/methods/chat.postMessage
func TestAPostShowsThePictureThatItWasGiven(t *testing.T) {
	w := start(t, Options{})
	p := w.AddUser(UserSpec{Name: "pia", Picture: "p1"})
	if u := string(w.must("users.info", "user", p.ID()).User); !strings.Contains(u, `"image_72":"`+pictures+p.ID()+"_p1_72.png") {
		t.Errorf("the account is %s", u)
	}
	a := w.must("chat.postMessage", "channel", w.ch, "text", "hi", "username", "Pia (agent)", "icon_url", pictures+p.ID()+"_p1_72.png")
	if m, _ := w.Message(w.ch, a.TS); m.IconURL != pictures+p.ID()+"_p1_72.png" {
		t.Errorf("people see %+v", m)
	}
	if _, page := w.get("/?channel=" + w.ch); !strings.Contains(page, "/sim/avatar/"+p.ID()+".svg?picture=p1") {
		t.Error("the page does not show the picture")
	}
	if _, drawn := w.get("/sim/avatar/" + p.ID() + ".svg?picture=p1"); !strings.Contains(drawn, "stroke=") {
		t.Errorf("drawn as %s", drawn)
	}
}

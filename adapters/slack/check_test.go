package slack

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
)

func faults(found []Finding) string {
	var out []string
	for _, f := range found {
		if !f.OK {
			out = append(out, f.What+": "+f.Remedy)
		}
	}
	return strings.Join(out, "\n")
}

func TestCheckOfASoundInstallationFindsNothing(t *testing.T) {
	both(t, func(t *testing.T, socket bool) {
		w := newWorld(t, setup{socket: socket})
		found := w.a.Check(w.ctx(), []string{w.channel})
		if bad := faults(found); bad != "" || len(found) < 5 {
			t.Errorf("%d findings, failed:\n%s", len(found), bad)
		}
	})
}

func TestCheckNamesEveryFailureWithItsRemedy(t *testing.T) {
	w := newWorld(t, setup{socket: true})
	w.sim.RemoveScope("files:write")
	w.sim.RemoveScope("groups:read")
	w.sim.RemoveScope("reactions:write")
	secret := w.sim.AddChannel(slacksim.ChannelSpec{Name: "secret", Private: true, WithoutBot: true})
	open := w.sim.AddChannel(slacksim.ChannelSpec{Name: "open", WithoutBot: true})
	w.sim.SetSocketMode(false)
	bad := faults(w.a.Check(w.ctx(), []string{w.channel, secret, open}))
	for _, want := range []string{"Add groups:read, files:write under", "Add reactions:write under", "The channel " + secret, "write /invite @sidebridge in #open", "Switch Socket Mode on"} {
		if !strings.Contains(bad, want) {
			t.Errorf("not found: %q in\n%s", want, bad)
		}
	}
	w.sim.RevokeToken()
	if bad := faults(w.a.Check(w.ctx(), nil)); !strings.Contains(bad, "new bot token") {
		t.Errorf("%s", bad)
	}
}

func TestCheckSaysThatSlackCannotBeReached(t *testing.T) {
	w := newWorld(t, setup{})
	check(t, w.sim.Close())
	found := w.a.Check(w.ctx(), nil)
	if len(found) != 1 || found[0].OK || found[0].What != "Slack can be reached" || !strings.Contains(found[0].Remedy, "firewall") {
		t.Errorf("found %+v", found)
	}
}

func TestCheckOfAnotherWorkspacesTokenSaysThatTheIDMayBeWrong(t *testing.T) {
	w := newWorld(t, setup{})
	w.a.workspace = "T0OTHER"
	if bad := faults(w.a.Check(w.ctx(), nil)); !strings.Contains(bad, "or correct team_id") {
		t.Errorf("%s", bad)
	}
}

func TestProbeTellsWhyAChannelCannotBePostedTo(t *testing.T) {
	w := newWorld(t, setup{opts: func(o *Options) { o.Join = true }})
	check(t, w.a.Probe(w.ctx(), w.mirror.Place))
	check(t, w.a.Probe(w.ctx(), bridge.Place{Surface: Surface, Workspace: w.sim.TeamID()}))
	open := w.sim.AddChannel(slacksim.ChannelSpec{Name: "open", WithoutBot: true})
	check(t, w.a.Probe(w.ctx(), w.a.place(open)))
	check(t, w.sim.Archive(w.channel))
	for channel, code := range map[string]string{w.channel: "is_archived", "C0NOTTHERE": "channel_not_found"} {
		se := surfaceErr(t, w.a.Probe(w.ctx(), w.a.place(channel)))
		if se.Class != bridge.Gone || se.Code != code || se.Remedy == "" {
			t.Errorf("%s: %+v", channel, se)
		}
	}
}

func TestChannelsAreListedPageByPage(t *testing.T) {
	w := newWorld(t, setup{})
	for n := range 450 {
		w.sim.AddChannel(slacksim.ChannelSpec{Name: fmt.Sprintf("channel-%d", n), WithoutBot: n%2 == 0})
	}
	pages, total := 0, map[string]bool{}
	check(t, w.a.Channels(w.ctx(), func(page []Channel) error {
		pages++
		for _, c := range page {
			total[c.ID] = c.Member
		}
		return nil
	}))
	if pages < 3 || len(total) < 451 || !total[w.channel] {
		t.Errorf("%d channels in %d pages", len(total), pages)
	}
	stop := errors.New("stop")
	if err := w.a.Channels(w.ctx(), func([]Channel) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}

func TestPeopleAreFoundByTheirAddress(t *testing.T) {
	w := newWorld(t, setup{})
	p, err := w.a.PersonByEmail(w.ctx(), "anders@example.org")
	if err != nil || p.Name != "Anders Holm" || p.Account != w.a.account(w.anders.ID()) {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := w.a.PersonByEmail(w.ctx(), "nobody@example.org"); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestOwnNamesAreOfferedOnlyWhereSuchPostsCanBeDeleted(t *testing.T) {
	for _, can := range []bool{true, false} {
		w := newWorld(t, setup{sim: func(o *slacksim.Options) { o.AllowCustomDelete = can }})
		if err := w.a.ProbeIdentity(w.ctx(), w.channel); (err == nil) != can {
			t.Errorf("deletable %v: %v", can, err)
		}
	}
}

func TestATokenOfAnotherWorkspaceEndsRun(t *testing.T) {
	w := newWorld(t, setup{})
	a, err := New(Options{
		Workspace: "T0WRONG", BotToken: w.sim.BotToken(), SigningSecrets: []string{"x"}, APIURL: w.sim.APIURL(), Inbox: w.in, Budget: plenty,
	})
	check(t, err)
	t.Cleanup(a.http.CloseIdleConnections)
	if err := a.Run(w.ctx()); err == nil || !strings.Contains(err.Error(), "T0WRONG") {
		t.Errorf("%v", err)
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	good := Options{Workspace: "T1", BotToken: "xoxb-1", AppToken: "xapp-1", Inbox: newMemoryInbox()}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Options){
		"team id": func(o *Options) { o.Workspace = " " }, "bot token": func(o *Options) { o.BotToken = "" },
		"app-level token": func(o *Options) { o.AppToken = "" }, "inbox": func(o *Options) { o.Inbox = nil },
		"signing secret is empty": func(o *Options) { o.SigningSecrets = []string{""} },
		"identity":                func(o *Options) { o.Identity = "robot" }, "api url": func(o *Options) { o.APIURL = "slack.com" },
	} {
		o := good
		spoil(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v", want, err)
		}
	}
}

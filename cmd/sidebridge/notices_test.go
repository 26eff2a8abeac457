package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/mapping"
)

// TestAnAnswerReachesWhoIsAway (L1), with both chats: what is not read comes by one
// direct message in one chat, in the next one when the first refuses; what was read, and
// what comes in quiet hours, comes by none.
func TestAnAnswerReachesWhoIsAway(t *testing.T) {
	w := newBoth(t, func(c *config.Config) { c.Notices.Grace = 500 * time.Millisecond })
	mine := w.guild.AddUser(discordsim.UserSpec{Name: "alice_away"})
	account := bridge.Account{Surface: "discord", Workspace: w.guild.GuildID(), ID: mine.ID()}
	if err := w.app.store.TakeAccount(w.ctx(), account, "alice_away", w.alice.id); err != nil {
		t.Fatal(err)
	}
	w.serve()
	conv, root := w.talk()
	answers := func(words string) *bridge.Entry {
		if _, err := w.anders.slack.Reply(w.billing.channel, root, words); err != nil {
			t.Fatal(err)
		}
		return w.heard(1, words)
	}
	inDiscord := func(n int) []discordsim.DirectPost {
		if err := w.guild.WaitFor(w.ctx(), func() bool { return len(mine.Direct()) >= n }); err != nil {
			t.Fatalf("waiting for %d direct messages: %v, have %+v", n, err, mine.Direct())
		}
		return mine.Direct()
	}

	answers("It is ours.")
	if got := inDiscord(1); !strings.Contains(got[0].Content, "It is ours.") || !strings.Contains(got[0].Content, w.app.cfg.PublicURL+"/m/") {
		t.Errorf("told %+v", got)
	}

	// Read at once: the one after it comes alone.
	read := answers("Read on the page.")
	if err := w.app.store.MarkRead(w.ctx(), w.alice.id, conv, read.Seq); err != nil {
		t.Fatal(err)
	}
	answers("Not read.")
	if got := inDiscord(2); strings.Contains(got[1].Content, "Read on the page.") || !strings.Contains(got[1].Content, "Not read.") {
		t.Errorf("told %+v", got)
	}

	// In quiet hours nothing comes: it waits for their end.
	quiet := mapping.DefaultNotices()
	now := mapping.ClockTime(time.Now().UTC().Hour()*60 + time.Now().UTC().Minute())
	quiet.Quiet = &mapping.Hours{From: (now + 24*60 - 60) % (24 * 60), To: (now + 60) % (24 * 60)}
	text, err := json.Marshal(quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.app.store.SetPreference(w.ctx(), w.alice.id, web.PreferenceNotices, string(text)); err != nil {
		t.Fatal(err)
	}
	answers("At night.")
	w.looked("it waits for the end of the quiet hours", func() bool {
		rows, err := w.app.store.DueParticipants(w.ctx(), time.Now().Add(24*time.Hour), 100)
		return err == nil && len(rows) == 1 && rows[0].Due.After(time.Now().Add(10*time.Minute))
	})
	if got := mine.Direct(); len(got) != 2 {
		t.Errorf("in quiet hours: %+v", got)
	}
}

// TestWhoseFirstChatRefusesIsToldInTheOther, once, and the refusal is on record.
func TestWhoseFirstChatRefusesIsToldInTheOther(t *testing.T) {
	w := newBoth(t, func(c *config.Config) { c.Notices.Grace = 500 * time.Millisecond })
	inSlack, inDiscord := w.sim.AddUser(slacksim.UserSpec{Name: "alice_away"}), w.guild.AddUser(discordsim.UserSpec{Name: "alice_away"})
	for _, a := range []bridge.Account{
		{Surface: "slack", Workspace: w.sim.TeamID(), ID: inSlack.ID()}, {Surface: "discord", Workspace: w.guild.GuildID(), ID: inDiscord.ID()},
	} {
		if err := w.app.store.TakeAccount(w.ctx(), a, "alice_away", w.alice.id); err != nil {
			t.Fatal(err)
		}
	}
	w.serve()
	_, root := w.talk()
	tell := func(words string) {
		if _, err := w.anders.slack.Reply(w.billing.channel, root, words); err != nil {
			t.Fatal(err)
		}
		w.heard(1, words)
	}
	slackHas := func() int { return len(w.sim.All(w.sim.Direct(inSlack))) }
	tell("In Slack.")
	if err := w.sim.WaitFor(w.ctx(), func() bool { return slackHas() == 1 }); err != nil {
		t.Fatal(err)
	}
	if got := inDiscord.Direct(); len(got) != 0 {
		t.Errorf("told in both: %+v", got)
	}
	w.sim.Inject(slacksim.Fault{Method: "conversations.open", Error: "user_disabled"})
	tell("In Discord.")
	if err := w.guild.WaitFor(w.ctx(), func() bool { return len(inDiscord.Direct()) == 1 }); err != nil {
		t.Fatal(err)
	}
	if n := slackHas(); n != 1 {
		t.Errorf("Slack has %d", n)
	}
	w.looked("the refusal is on record", func() bool {
		var codes []string
		err := w.app.store.UnreachableAccounts(w.ctx(), func(k bridge.Known, code, remedy string, _ time.Time) {
			codes = append(codes, k.Account.Surface+" "+code)
			if remedy == "" {
				t.Error("there is no remedy")
			}
		})
		return err == nil && len(codes) == 1 && codes[0] == "slack user_disabled"
	})
}

// looked waits for what no commit announces, looking now and then.
func (w *world) looked(what string, ok func() bool) {
	w.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ctx := w.ctx(); !ok(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.t.Fatalf("waiting until %s: %v", what, ctx.Err())
		}
	}
}

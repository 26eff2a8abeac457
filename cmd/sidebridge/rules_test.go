package main

import (
	"path/filepath"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/slack"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
)

func TestWhatIsShownFollowsTheRuleAndAGoneRuleShowsNothing(t *testing.T) {
	w := newWorld(t, nil)
	fields, external := w.app.rules.policy("billing")
	if fields != mapping.DefaultPolicy() || external {
		t.Errorf("billing shows %+v, external %v", fields, external)
	}
	if fields, external := w.app.rules.policy("gone"); fields != (mapping.Policy{}) || external {
		t.Errorf("a rule that is gone shows %+v, external %v", fields, external)
	}
}

func TestMentionsReachThePersonsAccountInThatWorkspaceOnly(t *testing.T) {
	w := newWorld(t, nil)
	w.serve()
	_, root := w.talk()
	if _, err := w.anders.slack.Reply(w.billing.channel, root, "Here."); err != nil {
		t.Fatal(err)
	}
	if err := w.link(w.ctx(), w.app.store, w.anders, w.slackAccount(w.anders)); err != nil {
		t.Fatal(err)
	}
	mention := newRules(w.app.store, w.app.log).mention(slack.Surface, w.sim.TeamID())
	for target, want := range map[string]string{
		"person/" + w.anders.id:                         w.anders.slack.ID(),
		"slack/" + w.sim.TeamID() + "/U5":               "U5",
		"person/" + w.maria.id:                          "",
		"slack/T0OTHER/U5":                              "",
		"slack/" + w.sim.TeamID() + "/":                 "",
		"discord/" + w.sim.TeamID() + "/" + w.anders.id: "",
		"": "",
	} {
		if id, ok := mention(target); id != want || ok != (want != "") {
			t.Errorf("%q rings %q, %v; want %q", target, id, ok, want)
		}
	}

	// While the database is away, what was read before counts.
	gone := newRules(w.app.store, w.app.log)
	of := ownedAccount{w.anders.id, slack.Surface, w.sim.TeamID()}
	gone.accounts[of] = foundAccount{id: "U9"}
	if id := gone.account(of); id != w.anders.slack.ID() {
		t.Errorf("an old reading rings %q, want it read again", id)
	}
	gone.accounts[of] = foundAccount{id: "U9"}
	away, err := store.Open(w.ctx(), store.Options{Driver: "sqlite", DSN: filepath.Join(t.TempDir(), "empty.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	if gone.store = away; gone.account(of) != "U9" {
		t.Error("without its table, the account read before does not count")
	}
}

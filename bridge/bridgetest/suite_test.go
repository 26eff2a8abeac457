package bridgetest_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/bridge/bridgetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestFakeSurfacePassesTheSuite runs the suite under a clock of its own, as the
// fake needs no network.
func TestFakeSurfacePassesTheSuite(t *testing.T) {
	for name, echo := range map[string]bridgetest.Echo{
		"echo during": bridgetest.EchoDuring, "echo before": bridgetest.EchoBefore,
		"echo after": bridgetest.EchoAfter, "no echo": bridgetest.EchoNever,
	} {
		for _, c := range bridgetest.SurfaceTests() {
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { c.Run(t, fake(echo)) })
			})
		}
	}
}

// fake is the suite's fixture for the fake surface.
func fake(echo bridgetest.Echo) bridgetest.Fixture {
	faults := &bridgetest.Faults{}
	chat := bridgetest.NewChat("chat", "W1", faults, "general")
	chat.Set(func(r *bridgetest.Rules) { r.SplitAt, r.Echo = 100, echo })
	return bridgetest.Fixture{
		Place: chat.Place("general"), Fits: 100, Files: true,
		People: people{chat}, Trouble: trouble{chat, faults},
		Changed: chat.Bell().Any, Reactions: people{chat},
		Begin: func(body string) string { return chat.Say("Anders", "general", "", body) },
		Lock: func(thread string, locked bool) {
			action := bridge.PressReopen
			if locked {
				action = bridge.PressClose
			}
			chat.Press("Anders", "general", thread, action, "")
		},
		Connect: func(ctx context.Context, r *bridge.Receiver) (bridge.Port, func()) {
			s := chat.Connect(bridgetest.NewLife(), r)
			var wg sync.WaitGroup
			wg.Go(func() { _ = s.Run(ctx) })
			return s.Port(), wg.Wait
		},
	}
}

type people struct{ chat *bridgetest.Chat }

func (p people) Say(thread, body string, files ...bridgetest.Attachment) string {
	return p.chat.Say("Anders", "general", thread, body, files...)
}
func (p people) Edit(ref, body string) { p.chat.Edit(ref, body) }
func (p people) Delete(ref string)     { p.chat.Delete(ref) }

func (p people) React(ref, emoji string, on bool) { p.chat.React("Anders", ref, emoji, on) }

func (p people) OurReactions(ref string) []string {
	var out []string
	for _, post := range p.chat.Posts() {
		for emoji, who := range post.Reactions {
			if post.Ref == ref && slices.ContainsFunc(who, func(a bridge.Account) bool { return a.ID == "B-ours" }) {
				out = append(out, emoji)
			}
		}
	}
	return out
}

func (p people) See(thread string) []bridgetest.Post {
	if thread == "" {
		return p.chat.Posts()
	}
	return p.chat.Thread("general", thread)
}

type trouble struct {
	chat   *bridgetest.Chat
	faults *bridgetest.Faults
}

func (tr trouble) Next(step string, times int, m bridgetest.Mishap) bool {
	what, ok := map[bridgetest.Mishap]bridgetest.Fault{
		bridgetest.MishapRefused: bridgetest.Refused(), bridgetest.MishapLost: bridgetest.Lost(),
		bridgetest.MishapUnanswered: bridgetest.Unanswered(), bridgetest.MishapLimited: bridgetest.Limited(time.Second),
		bridgetest.MishapUnshowable: bridgetest.Unshowable(),
	}[m]
	if ok {
		tr.faults.Next(step, times, what)
	}
	return ok
}

func (tr trouble) Break(o bridgetest.Outage) {
	switch o {
	case bridgetest.OutageChannel:
		tr.chat.Archive("general")
	case bridgetest.OutageToken:
		tr.chat.Revoke("token_revoked")
	case bridgetest.OutageLine:
		tr.chat.Cut()
	}
}

func (tr trouble) Mend(o bridgetest.Outage) {
	switch o {
	case bridgetest.OutageChannel:
		tr.chat.Unarchive("general")
	case bridgetest.OutageToken:
		tr.chat.Revoke("")
	case bridgetest.OutageLine:
		tr.chat.Join()
	}
}

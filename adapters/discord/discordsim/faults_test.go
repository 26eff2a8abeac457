package discordsim

import (
	"net/http"
	"testing"
	"time"
)

func (r *rig) last() Arrival {
	all := r.Arrivals()
	return all[len(all)-1]
}

func TestFaultsSpoilAnswersBeforeOrAfterTheEffect(t *testing.T) {
	for name, c := range map[string]struct {
		fault   Fault
		status  int
		outcome string
	}{
		"status":         {Fault{Status: 503}, 503, "503"},
		"code":           {Fault{Error: 50013, Status: 403}, 403, "50013"},
		"code alone":     {Fault{Error: 200000}, 400, "200000"},
		"limited":        {Fault{Status: 429, RetryAfter: 2, Global: true}, 429, "429"},
		"old edits":      {Fault{Status: 429, Error: 30046}, 429, "30046"},
		"cloudflare":     {Fault{HTML: true, Status: 403}, 403, "html"},
		"half a message": {Fault{BrokenJSON: true}, 200, "broken json"},
	} {
		for _, apply := range []bool{false, true} {
			r := quiet(t)
			c.fault.Apply, c.fault.Method, c.fault.Route, c.fault.Channel = apply, "POST", "channels/:id/messages", r.ch
			remove := r.Inject(c.fault)
			a := r.call("POST", "channels/"+r.ch+"/messages", fields{"content": "x"})
			if got := len(r.Channel(r.ch)); a.Status != c.status || (got == 1) != apply {
				t.Errorf("%s, apply %v: %d %s, %d messages", name, apply, a.Status, a.Raw, got)
			}
			if l := r.last(); l.Outcome != c.outcome || l.Status != c.status || l.Applied != apply || !l.Faulted || !l.Done || (l.Result != "") != apply {
				t.Errorf("%s: arrival %+v", name, l)
			}
			remove()
			r.post(r.ch, "well again")
		}
	}
}

func TestFaultsCanCutTheLine(t *testing.T) {
	r := quiet(t)
	r.Inject(Fault{CloseSocket: true, Apply: true, Method: "POST", Times: 1})
	req, err := http.NewRequestWithContext(r.ctx(), "POST", r.APIURL()+"channels/"+r.ch+"/messages", http.NoBody)
	r.check(err)
	req.Header.Set("User-Agent", "DiscordBot (https://example.com, 1)")
	if resp, err := r.client.Do(req); err == nil {
		_ = resp.Body.Close()
		t.Errorf("answered %d", resp.StatusCode)
	}
	if l := r.last(); l.Outcome != "closed" || l.Applied {
		t.Errorf("arrival %+v", l) // it was not even allowed
	}
}

func TestFaultsSkipAndEnd(t *testing.T) {
	r := quiet(t)
	r.Inject(Fault{Skip: 1, Times: 2, Status: 500, Channel: r.ch})
	var got []int
	for range 4 {
		got = append(got, r.call("GET", "channels/"+r.ch, nil).Status)
	}
	if got[0] != 200 || got[1] != 500 || got[2] != 500 || got[3] != 200 {
		t.Errorf("statuses %v", got)
	}
	r.want("GET", "users/@me", nil)
	r.Inject(Fault{Delay: 30 * time.Millisecond})
	before := time.Now()
	if r.post(r.ch, "slow"); time.Since(before) < 30*time.Millisecond {
		t.Error("it was not slow")
	}
	r.ClearFaults()
	r.Inject(Fault{Probability: 1e-12, Status: 500})
	r.want("GET", "users/@me", nil)
}

func TestEventsAreLostRepeatedAndLate(t *testing.T) {
	r := quiet(t)
	c := r.ready(allIntents)
	r.InjectEvent(EventFault{Type: "MESSAGE_CREATE", Times: 1, Drop: true})
	r.InjectEvent(EventFault{Type: "MESSAGE_CREATE", Channel: r.ch, Times: 1, Duplicates: 1})
	r.InjectEvent(EventFault{Type: "MESSAGE_CREATE", Times: 1, Delay: 20 * time.Millisecond})
	for _, text := range []string{"lost", "twice", "late", "in time"} {
		r.must(r.anna.Say(r.ch, text))
	}
	for _, want := range []string{"twice", "twice", "in time", "late"} {
		if got := c.message("MESSAGE_CREATE"); got["content"] != want {
			t.Errorf("%v, want %s", got["content"], want)
		}
	}
	r.check(r.WaitFor(r.ctx(), r.Idle))
}

package discordsim

import (
	"net/http"
	"strconv"
	"testing"
	"time"
)

// https://docs.discord.com/developers/reference#user-agent and #authentication
func TestCallsNeedAUserAgentAndTheToken(t *testing.T) {
	r := quiet(t)
	for _, c := range []struct {
		agent, token string
		status, code int
	}{
		{"Go-http-client/1.1", "Bot " + r.Token(), 403, 40333},
		{"DiscordBot", "Bot " + r.Token(), 403, 40333},
		{"DiscordBot (https://example.com, 1)", "Bot wrong", 401, 0},
		{"DiscordBot (https://example.com, 1)", r.Token(), 401, 0},
		{"DiscordBot (https://example.com, 1) with more", "Bot " + r.Token(), 200, 0},
	} {
		req, err := http.NewRequestWithContext(r.ctx(), "GET", r.APIURL()+"users/@me", nil)
		r.check(err)
		req.Header.Set("User-Agent", c.agent)
		req.Header.Set("Authorization", c.token)
		if a := r.send(req); a.Status != c.status || a.code() != c.code {
			t.Errorf("%q with %q: %d %s", c.agent, c.token, a.Status, a.Raw)
		}
	}
	if n := r.Invalid(); n != 4 {
		t.Errorf("%d invalid requests counted, want 4", n)
	}
	r.refused(404, 0, "GET", "no/such/route", nil)
	r.RevokeToken()
	r.refused(401, 0, "GET", "users/@me", nil)
	r.RestoreToken()
	r.want("GET", "users/@me", nil)
}

// https://docs.discord.com/developers/topics/rate-limits
func TestBucketsAreKeptPerChannelAndSayWhenTheyAreFullAgain(t *testing.T) {
	r := newRig(t, Options{})
	other := r.AddChannel(ChannelSpec{Name: "other"})
	var last reply
	for i := range 5 {
		last = r.want("POST", "channels/"+r.ch+"/messages", fields{"content": "x"})
		if got := last.Header.Get("X-RateLimit-Remaining"); got != strconv.Itoa(4-i) {
			t.Errorf("remaining %s after %d posts", got, i+1)
		}
	}
	full := r.call("POST", "channels/"+r.ch+"/messages", fields{"content": "one too many"})
	wait, err := strconv.ParseFloat(full.Header.Get("X-RateLimit-Reset-After"), 64)
	after, _ := full.fields["retry_after"].(float64)
	if full.Status != 429 || err != nil || wait <= 0 || wait > 5 || after <= 0 || full.fields["global"] != false {
		t.Errorf("%d %v %s", full.Status, full.Header, full.Raw)
	}
	if h := full.Header; h.Get("X-RateLimit-Scope") != "user" || h.Get("Retry-After") == "" || h.Get("X-RateLimit-Bucket") != last.Header.Get("X-RateLimit-Bucket") {
		t.Errorf("headers %v", h)
	}
	if len(r.Channel(r.ch)) != 5 {
		t.Errorf("%d messages", len(r.Channel(r.ch)))
	}
	r.post(other, "another channel's bucket is another")
	r.pass(5 * time.Second)
	r.post(r.ch, "again")
}

func TestGlobalLimitSparesInteractions(t *testing.T) {
	r := newRig(t, Options{Limits: Limits{Scale: 0.04}}) // two a second
	r.want("GET", "users/@me", nil)
	r.want("GET", "channels/"+r.ch, nil)
	a := r.call("GET", "channels/"+r.ch+"/messages", nil)
	if a.Status != 429 || a.Header.Get("X-RateLimit-Global") != "true" || a.Header.Get("X-RateLimit-Scope") != "global" || a.fields["global"] != true {
		t.Errorf("%d %v %s", a.Status, a.Header, a.Raw)
	}
	// https://docs.discord.com/developers/topics/rate-limits#global-rate-limit
	r.refused(404, 10062, "POST", "interactions/1/none/callback", fields{"type": 5})
}

// https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
func TestTooManyInvalidRequestsBanTheAddress(t *testing.T) {
	r := newRig(t, Options{InvalidLimit: 3, Limits: Limits{Off: true}})
	r.check(r.Deny(r.ch, ViewChannel))
	remove := r.Inject(Fault{Status: 429, Scope: "shared", Times: 5})
	for range 5 {
		r.call("GET", "users/@me", nil) // those do not count
	}
	remove()
	for range 3 {
		r.refused(403, 50001, "GET", "channels/"+r.ch, nil)
	}
	if a := r.call("GET", "users/@me", nil); a.Status != 429 || a.Header.Get("Content-Type") != "text/html" {
		t.Errorf("%d %s", a.Status, a.Raw)
	}
	r.pass(11 * time.Minute)
	r.want("GET", "users/@me", nil)
}

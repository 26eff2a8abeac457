package discord

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/bridge"
)

// table answers calls by "METHOD path" without the query, each key's answers one after
// the other and the last again and again. What is not in it is answered with 404.
type table map[string][]reply

type reply struct {
	status int
	body   string
}

func ok(body string) []reply { return []reply{{200, body}} }

func refuses(status, code int) reply {
	return reply{status, fmt.Sprintf(`{"code": %d, "message": "no"}`, code)}
}

func (tb table) serve(w http.ResponseWriter, r *http.Request) {
	key := r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), "/api/v10/")
	answers := tb[key]
	if len(answers) == 0 {
		says(404, `{"code": 10008, "message": "not in the table"}`)(w, r)
		return
	}
	if len(answers) > 1 {
		tb[key] = answers[1:]
	}
	w.WriteHeader(answers[0].status)
	_, _ = io.WriteString(w, answers[0].body)
}

const (
	refOne   = "1200000000000001"
	refMade  = "1200000000000077"
	hookID   = "1600000000000000"
	hookPath = "webhooks/" + hookID + "/hook-secret"
)

// textChannel is a table with a text channel in which we may do all that we need.
func textChannel() table {
	everything := fmt.Sprint(uint64(mayView | mayHistory | maySendInThreads | mayOpenThreads | mayManageThreads | 1<<11 | 1<<14 | 1<<15 | 1<<29))
	return table{
		"GET channels/" + testChannel: ok(`{"id": "` + testChannel + `", "guild_id": "` + testGuild + `", "type": 0, "name": "billing"}`),
		"GET guilds/" + testGuild + "/roles": ok(`[{"id": "` + testGuild + `", "permissions": "0"},
			{"id": "1700000000000000", "name": "Sidebridge", "permissions": "` + everything + `"}]`),
		"GET guilds/" + testGuild + "/members/" + testBot: ok(`{"roles": ["1700000000000000"]}`),
		"POST channels/" + testThread + "/messages":       ok(`{"id": "` + refMade + `"}`),
		"POST channels/" + testChannel + "/messages":      ok(`{"id": "` + refMade + `"}`),
		"GET channels/" + testChannel + "/webhooks": ok(`[{"id": "1600000000000009", "name": "Sidebridge", "token": "stranger", "application_id": "5"},
			{"id": "` + hookID + `", "name": "Sidebridge", "token": "hook-secret", "application_id": "` + testApp + `"}]`),
		"POST " + hookPath: ok(`{"id": "` + refMade + `"}`),
	}
}

func withTable(t *testing.T, tb table, more ...func(*Options)) (*api, *Guild) {
	t.Helper()
	f, a := newAPI(t, tb.serve, more...)
	return f, a.Guilds()[0]
}

// attempt is the first call of a view, or the one that is picked.
func attempt(g *Guild, v bridge.View, pick ...int) bridge.Attempt {
	n := 0
	if len(pick) > 0 {
		n = pick[0]
	}
	return bridge.Attempt{Mirror: v.Mirror, Call: g.Plan(v)[n], Token: "ABCDEFGHIJKLMNOPQRSTUVWX", BegunAt: g.Now(), Known: v.Copies}
}

func mustDeliver(t *testing.T, g *Guild, at bridge.Attempt) bridge.Receipt {
	t.Helper()
	r, err := g.Deliver(t.Context(), at)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	return r
}

func wantCalls(t *testing.T, f *api, want ...string) {
	t.Helper()
	if got := f.seen(); !slices.Equal(got, want) {
		t.Errorf("calls\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func errOf(_ bridge.Receipt, err error) error { return err }

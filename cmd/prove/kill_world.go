package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
)

// killWorld is the daemon as a process of its own, its database, and the simulated
// chats in this process, which no kill touches.
type killWorld struct {
	driver string
	socket bool // Slack sends by Socket Mode
	binary string
	config string
	logs   *os.File
	base   string
	dsn    string
	drop   func() error
	dir    string

	daemon  *exec.Cmd
	exited  chan error
	slack   *slackChat
	discord *discordChat
	chats   []chat
	client  *http.Client
	store   *store.Store // a second pair of eyes on the database

	talks  []*talk
	groups []string
	mu     sync.Mutex
	count  int
}

// talk is one conversation and what both sides know of it.
type talk struct {
	id    bridge.ID
	sides []*side

	mu    sync.Mutex
	agent map[int64]*said // by the message's seq: what the agent was told is accepted
}

// said is a message as its author last left it.
type said struct {
	marker  string
	deleted bool
}

const (
	killEmail    = "alice@example.com"
	killPassword = "a long enough password"
)

func newKillWorld(ctx context.Context, c *killCmd, binary, driver string) (w *killWorld, err error) {
	w = &killWorld{driver: driver, binary: binary, socket: driver == "postgres" && !c.http}
	if w.dsn, w.drop, err = freshDatabase(driver, true); err != nil {
		return nil, err
	}
	if w.dir, err = os.MkdirTemp("", "sidebridge-kill-data-"); err != nil {
		return nil, err
	}
	if w.logs, err = os.Create(filepath.Join(c.Keep, driver+".log")); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	w.base = fmt.Sprintf("http://127.0.0.1:%d", port)
	// The Events API on one database, Socket Mode on the other: both ways in are killed.
	sim := slacksim.New(slacksim.Options{
		Seed: c.Seed, TeamID: benchTeam, SigningSecret: benchSecret, SocketMode: w.socket,
		EventsURL: w.base + "/slack/events", Limits: slacksim.Limits{Off: true}, EventTTL: time.Hour,
		RetryDelays: []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond, time.Second, 2 * time.Second, 2 * time.Second},
	})
	slackAPI, err := sim.Start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.slack = &slackChat{sim, sim.AddUser(slacksim.UserSpec{Name: "anders", RealName: "Anders Expert"})}
	other := discordsim.New(discordsim.Options{Seed: c.Seed, Limits: discordsim.Limits{Off: true}})
	if _, err := other.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	w.discord = &discordChat{other, other.AddUser(discordsim.UserSpec{Name: "sanne", Global: "Sanne Expert"})}
	w.chats = []chat{w.slack, w.discord}
	if err := w.prepare(ctx); err != nil {
		return nil, err
	}
	if err := w.writeConfig(slackAPI); err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	w.client = &http.Client{
		Jar: jar, Timeout: 5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if err := w.start(ctx); err != nil {
		return nil, err
	}
	return w, w.signIn(ctx)
}

// prepare migrates the database and makes what an admin would have made.
func (w *killWorld) prepare(ctx context.Context) (err error) {
	if w.store, err = openStore(ctx, w.driver, w.dsn, store.Options{Readers: 2}); err != nil {
		return err
	}
	hash, err := web.HashPassword(killPassword)
	if err != nil {
		return err
	}
	_, err = w.store.CreatePerson(ctx, bridge.Known{
		Name: "Alice Agent", Role: bridge.RoleAdmin, Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: killEmail},
	}, hash)
	return err
}

func (w *killWorld) writeConfig(api string) error {
	database := fmt.Sprintf("sqlite = %q", w.dsn)
	if w.driver == "postgres" {
		database = fmt.Sprintf("postgres = %q", w.dsn)
	}
	mode := fmt.Sprintf("mode = \"http\"\nsigning_secrets = [%q]", benchSecret)
	if w.socket {
		mode = fmt.Sprintf("mode = \"socket\"\napp_token = %q", w.slack.sim.AppToken())
	}
	u, err := url.Parse(w.base)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`data_dir = %q
listen = %q
public_url = %q
[log]
level = "debug"
[catchup]
every = "10s"
[database]
%s
[[slack]]
name = "prove"
enabled = true
team_id = %q
bot_token = %q
api_url = %q
doubt = %q
post_interval = "1ms"
posts_per_minute = 100000
%s
[[discord]]
name = "prove"
enabled = true
token = %q
guilds = [%q]
api_url = %q
doubt = %q
`, w.dir, u.Host, w.base, database, benchTeam, w.slack.sim.BotToken(), api+"/api/", killDoubt.String(), mode,
		w.discord.sim.Token(), w.discord.sim.GuildID(), w.discord.sim.APIURL(), killDoubt.String())
	w.config = filepath.Join(w.dir, "sidebridge.toml")
	return os.WriteFile(w.config, []byte(text), 0o600)
}

func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return ln.Addr().(*net.TCPAddr).Port, ln.Close()
}

// start starts the daemon and waits until it says that it is ready.
func (w *killWorld) start(ctx context.Context) error {
	w.daemon = exec.Command(w.binary, "serve", "--config", w.config)
	w.daemon.Stdout, w.daemon.Stderr = w.logs, w.logs
	if err := w.daemon.Start(); err != nil {
		return err
	}
	exited := make(chan error, 1)
	w.exited = exited
	go func() { exited <- w.daemon.Wait() }() // restart and close wait for it
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); pause(ctx, 10*time.Millisecond) {
		select {
		case err := <-exited:
			exited <- err
			return fmt.Errorf("the daemon ended by itself: %v; its log is %s", err, w.logs.Name())
		default:
		}
		resp, err := w.client.Get(w.base + "/readyz")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
	return errors.New("the daemon did not become ready within 30 s")
}

// restart kills the daemon with SIGKILL and starts it again.
func (w *killWorld) restart(ctx context.Context) error {
	if err := w.daemon.Process.Kill(); err != nil {
		return err
	}
	<-w.exited
	w.client.CloseIdleConnections()
	return w.start(ctx)
}

func (w *killWorld) close() error {
	err := w.daemon.Process.Kill()
	<-w.exited
	return errors.Join(err, w.slack.close(), w.discord.close(), w.store.Close(), w.logs.Close(), w.drop(), os.RemoveAll(w.dir))
}

func (w *killWorld) signIn(ctx context.Context) error {
	status, _, err := w.post(ctx, "/sign-in", url.Values{"email": {killEmail}, "password": {killPassword}})
	if err == nil && status != http.StatusSeeOther {
		err = fmt.Errorf("sign-in was answered %d", status)
	}
	return err
}

// open makes tickets with a conversation each and waits for their threads. Every third
// is in Slack only, every third in Discord only, the others are in both.
func (w *killWorld) open(ctx context.Context, n int) error {
	var rules []mapping.Rule
	for i := range n {
		group, err := w.store.SaveGroup(ctx, "", fmt.Sprint("Team ", i))
		if err != nil {
			return err
		}
		rule := mapping.Rule{
			ID: fmt.Sprint("r", i), Name: fmt.Sprint("team ", i), Fields: mapping.DefaultPolicy(),
			When: mapping.Conditions{Groups: []string{fmt.Sprint("Team ", i)}},
		}
		t := &talk{id: bridge.ID{Seq: int64(i)}, agent: map[int64]*said{}}
		for k, c := range w.chats {
			if i%3 == 2 || i%3 == k {
				s := &side{chat: c, channel: c.addChannel(i), expert: map[string]*said{}}
				t.sides = append(t.sides, s)
				rule.Channels = append(rule.Channels, mapping.Channel{Surface: c.surface(), Workspace: c.workspace(), ID: s.channel})
			}
		}
		rules, w.talks, w.groups = append(rules, rule), append(w.talks, t), append(w.groups, group)
	}
	if err := w.store.ChangeRules(ctx, func([]mapping.Rule) ([]mapping.Rule, error) { return rules, nil }); err != nil {
		return err
	}
	for i, t := range w.talks {
		if err := w.begin(ctx, i, t); err != nil {
			return err
		}
	}
	return nil
}

func (w *killWorld) begin(ctx context.Context, i int, t *talk) error {
	res, err := w.store.Append(ctx, &bridge.CreateTicket{Subject: fmt.Sprint("Ticket ", i), Requester: "Carl", Body: "It does not work."})
	if err != nil {
		return err
	}
	status, _, err := w.post(ctx, fmt.Sprintf("/tickets/%d/conversations", res.ID.Ticket), url.Values{
		"to": {"group:" + w.groups[i]}, "subject": {fmt.Sprint("Question ", i)}, "body": {fmt.Sprintf("q%d please look", i)},
	})
	if err != nil || status != http.StatusSeeOther {
		return fmt.Errorf("start a conversation: status %d: %w", status, err)
	}
	return w.awaitThreads(ctx, res.ID.Ticket, t)
}

// awaitThreads waits until the root cards are there and bound.
func (w *killWorld) awaitThreads(ctx context.Context, ticket int64, t *talk) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for ; ctx.Err() == nil; pause(ctx, 20*time.Millisecond) {
		state, err := w.store.TicketPage(ctx, bridge.SeesAll, ticket)
		if err != nil {
			return err
		}
		bound := 0
		for _, m := range state.Mirrors {
			for _, s := range t.sides {
				if m.Place == s.place() && m.Thread != "" && !m.Behind() {
					s.thread, t.id = m.Thread, bridge.ID{Ticket: ticket, Seq: m.Conversation}
					bound++
				}
			}
		}
		if bound == len(t.sides) {
			return nil
		}
	}
	return fmt.Errorf("no thread came up for ticket %d", ticket)
}

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

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
)

// killWorld is the daemon as a process of its own, its database, and a simulated
// Slack in this process, which no kill touches.
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

	daemon *exec.Cmd
	exited chan error
	sim    *slacksim.Sim
	expert *slacksim.Person
	client *http.Client
	store  *store.Store // a second pair of eyes on the database

	talks []*talk
	mu    sync.Mutex
	count int
}

// talk is one conversation and what both sides know of it.
type talk struct {
	id      bridge.ID
	channel string
	root    string

	mu     sync.Mutex
	agent  map[int64]*said // by the message's seq: what the agent was told is accepted
	expert map[string]*said
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
	w.sim = slacksim.New(slacksim.Options{
		Seed: c.Seed, TeamID: benchTeam, SigningSecret: benchSecret, SocketMode: w.socket,
		EventsURL: w.base + "/slack/events", Limits: slacksim.Limits{Off: true}, EventTTL: time.Hour,
		RetryDelays: []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond, time.Second, 2 * time.Second, 2 * time.Second},
	})
	api, err := w.sim.Start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.expert = w.sim.AddUser(slacksim.UserSpec{Name: "anders", RealName: "Anders Expert"})
	if err := w.prepare(ctx); err != nil {
		return nil, err
	}
	if err := w.writeConfig(api); err != nil {
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
		mode = fmt.Sprintf("mode = \"socket\"\napp_token = %q", w.sim.AppToken())
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
`, w.dir, u.Host, w.base, database, benchTeam, w.sim.BotToken(), api+"/api/", killDoubt.String(), mode)
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
	return errors.Join(err, w.sim.Close(), w.store.Close(), w.logs.Close(), w.drop(), os.RemoveAll(w.dir))
}

func (w *killWorld) signIn(ctx context.Context) error {
	status, _, err := w.post(ctx, "/sign-in", url.Values{"email": {killEmail}, "password": {killPassword}})
	if err == nil && status != http.StatusSeeOther {
		err = fmt.Errorf("sign-in was answered %d", status)
	}
	return err
}

// open makes tickets with a conversation each and waits for their threads.
func (w *killWorld) open(ctx context.Context, n int) error {
	var rules []mapping.Rule
	for i := range n {
		channel := w.sim.AddChannel(slacksim.ChannelSpec{Name: fmt.Sprint("team-", i/2), Private: i%2 == 1})
		rules = append(rules, mapping.Rule{
			ID: fmt.Sprint("r", i), Name: fmt.Sprint("team ", i), Fields: mapping.DefaultPolicy(),
			Channels: []mapping.Channel{{Surface: "slack", Workspace: benchTeam, ID: channel}},
		})
	}
	if err := w.store.ChangeRules(ctx, func([]mapping.Rule) ([]mapping.Rule, error) { return rules, nil }); err != nil {
		return err
	}
	for i := range n {
		channel := rules[i].Channels[0].ID
		res, err := w.store.Append(ctx, &bridge.CreateTicket{Subject: fmt.Sprint("Ticket ", i), Requester: "Carl", Body: "It does not work."})
		if err != nil {
			return err
		}
		path := fmt.Sprintf("/tickets/%d/conversations", res.ID.Ticket)
		status, _, err := w.post(ctx, path, url.Values{
			"to": {"channel:slack/" + benchTeam + "/" + channel}, "subject": {fmt.Sprint("Question ", i)}, "body": {fmt.Sprintf("q%d please look", i)},
		})
		if err != nil || status != http.StatusSeeOther {
			return fmt.Errorf("start a conversation: status %d: %w", status, err)
		}
		t, err := w.awaitThread(ctx, channel)
		if err != nil {
			return err
		}
		w.talks = append(w.talks, t)
	}
	return nil
}

// awaitThread waits until the root card is in the channel and bound.
func (w *killWorld) awaitThread(ctx context.Context, channel string) (*talk, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for ; ctx.Err() == nil; pause(ctx, 20*time.Millisecond) {
		for _, m := range w.sim.Channel(channel) {
			mirror, err := w.store.MirrorByThread(ctx, bridge.Place{Surface: "slack", Workspace: benchTeam, Channel: channel}, m.TS)
			if err == nil {
				return &talk{
					id: bridge.ID{Ticket: mirror.ID.Ticket, Seq: mirror.Conversation}, channel: channel, root: m.TS,
					agent: map[int64]*said{}, expert: map[string]*said{},
				}, nil
			}
		}
	}
	return nil, fmt.Errorf("no thread came up in channel %s", channel)
}

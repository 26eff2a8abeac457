package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/config"
	"github.com/sidebridge/sidebridge/store"
)

type demoCmd struct {
	Listen        string `default:"127.0.0.1:8080" help:"Address of the ticket view; another port is taken when this one is in use."`
	SlackListen   string `default:"127.0.0.1:8081" help:"Address of the simulated Slack."`
	DiscordListen string `default:"127.0.0.1:8082" help:"Address of the simulated Discord."`
	Verbose       bool   `short:"v" help:"Show the daemon's log."`
	Check         bool   `help:"Play the main job without a browser, kill the daemon in the middle, compare both sides, and exit."`
}

// Run runs the demo until ctx ends, or the check.
func (c *demoCmd) Run(ctx context.Context, p *program) (err error) {
	dir, err := os.MkdirTemp("", "sidebridge-demo-")
	if err != nil {
		return wrapf(err, "make a folder for the demo")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := newDemo(dir)
	if c.Check {
		return d.check(ctx, p)
	}
	if err := d.startSlack(freeAddress(c.SlackListen)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.sim.Close()) }()
	if err := d.startDiscord(freeAddress(c.DiscordListen)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.guild.Close()) }()
	return c.play(ctx, p, d)
}

// play serves until ctx ends. Beside it, a conversation begins to show what one is.
func (c *demoCmd) play(ctx context.Context, p *program, d *demo) (err error) {
	cfg, err := d.configure(freeAddress(c.Listen))
	if err != nil {
		return err
	}
	if c.Verbose {
		cfg.Log.Level = "info"
	}
	a, err := newApp(ctx, cfg, newLogger(cfg, p.stderr))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	if err := d.seed(ctx, a.store); err != nil {
		return err
	}
	if err := d.guide(ctx, a.store); err != nil {
		return err
	}
	var prologue sync.WaitGroup
	defer prologue.Wait()
	started, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	prologue.Go(func() {
		if err := d.prologue(started, a.store); err != nil && ctx.Err() == nil {
			a.log.Warn("the sample conversation was not played", "error", err)
		}
	})
	p.print(demoText, cfg.PublicURL, d.alice.email, d.password, d.sim.BaseURL(), d.who(isInSlack), d.guild.BaseURL(), d.who(isInDiscord))
	return a.run(ctx)
}

const demoText = `
  Sidebridge runs with a simulated Slack, a simulated Discord and sample tickets.

  1. You are the agent:   %s
     Sign in as           %s   password  %s
  2. You are the experts: %s   in Slack: %s
                          %s   in Discord: %s
     Pick a person there, and answer in a thread of a channel.

  Put the windows side by side. Open ticket #1 and ask something: Billing is in
  Slack, Logistics in Discord, and Engineering in both, where each reads what the
  other writes. Maria also works at the desk, so in either chat she can press
  "Take ticket". Ctrl-C ends the demo; nothing is kept.

`

// freeAddress returns an address that can be listened on: the one that is preferred,
// or another port of this machine when that one is in use.
func freeAddress(preferred string) string {
	for _, address := range []string{preferred, "127.0.0.1:0"} {
		if l, err := net.Listen("tcp", address); err == nil {
			defer func() { _ = l.Close() }() // another program could take it meanwhile; then the start says so
			return l.Addr().String()
		}
	}
	return preferred
}

// demo is a simulated Slack and a simulated Discord with people, and what the daemon
// beside them is told. A test may leave Discord out.
type demo struct {
	dir      string
	sim      *slacksim.Sim
	guild    *discordsim.Sim
	password string
	token    string // for the API

	alice, ben, anders, maria, peter, sanne *demoPerson
	billing, engineering, logistics         demoGroup
	webhookURL, webhookSecret               string
}

// demoPerson is somebody in our directory, in the simulated chats, or both.
type demoPerson struct {
	id, name, email string
	slack           *slacksim.Person
	discord         *discordsim.Person
}

// people are all of them.
func (d *demo) people() []*demoPerson {
	return []*demoPerson{d.alice, d.ben, d.anders, d.maria, d.peter, d.sanne}
}

// demoGroup is a group with its channels in the simulated Slack and Discord.
type demoGroup struct{ id, name, channel, discord string }

func newDemo(dir string) *demo {
	return &demo{
		dir: dir, password: strings.ToLower(rand.Text()[:12]), token: "sbr_" + rand.Text() + rand.Text(),
		alice:  &demoPerson{name: "Alice Berg", email: "alice@example.com"},
		ben:    &demoPerson{name: "Ben Weber", email: "ben@example.com"},
		anders: &demoPerson{name: "Anders Holm", email: "anders@example.com"},
		maria:  &demoPerson{name: "Maria Silva", email: "maria@example.com"},
		peter:  &demoPerson{name: "Peter Friis", email: "peter@example.com"},
		sanne:  &demoPerson{name: "Sanne Lund", email: "sanne@example.com"},
	}
}

// startSlack starts the simulator with its people and channels. Its limits are off,
// so that whoever plays does not wait as they would for Slack.
func (d *demo) startSlack(address string) error {
	d.sim = slacksim.New(slacksim.Options{SocketMode: true, Limits: slacksim.Limits{Off: true}, TeamName: "Acme"})
	if _, err := d.sim.Start(address); err != nil {
		return errors.Join(err, d.sim.Close())
	}
	for _, p := range []*demoPerson{d.anders, d.maria, d.peter} {
		first, _, _ := strings.Cut(strings.ToLower(p.name), " ")
		p.slack = d.sim.AddUser(slacksim.UserSpec{Name: first, RealName: p.name, DisplayName: p.name, Email: p.email, Picture: first})
	}
	d.billing = demoGroup{name: "Billing", channel: d.sim.AddChannel(slacksim.ChannelSpec{Name: "billing", Topic: "Invoices and refunds"})}
	d.engineering = demoGroup{name: "Engineering", channel: d.sim.AddChannel(slacksim.ChannelSpec{Name: "engineering", Topic: "What is broken"})}
	return nil
}

// configFile is where configure writes.
func (d *demo) configFile() string { return filepath.Join(d.dir, "sidebridge.toml") }

// configure writes the daemon's configuration and loads it as the daemon would.
func (d *demo) configure(listen string) (*config.Config, error) {
	text := fmt.Sprintf(`data_dir = %q
listen = %q

[log]
level = "warn"

[audit]
every = "5s"

[webhook]
url = %q
secret = %q

[[slack]]
name = "acme"
team_id = %q
bot_token = %q
app_token = %q
api_url = %q
post_interval = "10ms"
posts_per_minute = 6000
doubt = "2s"
`, filepath.Join(d.dir, "data"), listen, d.webhookURL, d.webhookSecret, d.sim.TeamID(), d.sim.BotToken(), d.sim.AppToken(), d.sim.APIURL())
	if d.guild != nil {
		text += d.discordConfig()
	}
	if err := os.WriteFile(d.configFile(), []byte(text), 0o600); err != nil {
		return nil, wrapf(err, "write the configuration")
	}
	return config.Load(d.configFile(), nil)
}

// prologue lets a conversation begin and Anders and Maria answer in it, and links
// their accounts to them once they were heard.
func (d *demo) prologue(ctx context.Context, s *store.Store) error {
	if _, err := d.ask(ctx, s, 1, d.billing, "Second charge on order 4711",
		"The customer was charged **twice** on the 20th. Is the second charge ours, and can we refund it today?"); err != nil {
		return err
	}
	root, err := d.thread(ctx, d.billing.channel, "Second charge")
	if err != nil {
		return err
	}
	if _, err := d.anders.slack.Reply(d.billing.channel, root, "I see both charges. The second one is a *retry of the payment provider*, give me ten minutes."); err != nil {
		return err
	}
	if err := d.link(ctx, s, d.anders, d.slackAccount(d.anders)); err != nil {
		return err
	}
	if _, err := d.maria.slack.Reply(d.billing.channel, root, "If it is the retry, I can switch retries off until the provider has answered."); err != nil {
		return err
	}
	if err := d.link(ctx, s, d.maria, d.slackAccount(d.maria)); err != nil || d.guild == nil {
		return err
	}
	return d.prologueInBoth(ctx, s)
}

// prologueInBoth lets a conversation begin that is in both chats at once.
func (d *demo) prologueInBoth(ctx context.Context, s *store.Store) error {
	const question = "Since yesterday's update the app stays **white** on tablets. Did anything change there?"
	if _, err := d.ask(ctx, s, 2, d.engineering, "White page on tablets", question); err != nil {
		return err
	}
	root, err := d.thread(ctx, d.engineering.channel, "White page")
	if err != nil {
		return err
	}
	post, err := d.post(ctx, d.engineering.discord, "stays **white** on tablets")
	if err != nil {
		return err
	}
	if _, err := d.peter.slack.Reply(d.engineering.channel, root, "The login page got a new layout. I have no tablet here, can somebody look?"); err != nil {
		return err
	}
	if _, err = d.sanne.discord.Say(post, "I have one, and it is white here too. The console says `layout is not defined`."); err != nil {
		return err
	}
	if _, err = d.maria.discord.Say(post, "Then it is the new layout. I can take this ticket if you want."); err != nil {
		return err
	}
	return d.link(ctx, s, d.maria, d.discordAccount(d.maria))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/store"
)

// checkTime bounds the whole check.
const checkTime = 3 * time.Minute

// checkRun plays the main job without a browser: customers' tickets, side conversations
// with experts in the simulated Slack, in the simulated Discord, and in both at once,
// all ways, with the daemon killed in the middle. The daemon is a process of its own, so that kill -9 is one.
type checkRun struct {
	*demo
	p *program
	// exe and env start the daemon's process.
	exe string
	env []string
	// soon is how long an answer may take to be on the agent's open page.
	soon time.Duration

	address string
	daemon  *daemon
	page    *browser
	sink    *sink

	jobs []*job
	*job // the one that is played
}

// saying is something that somebody said in the conversation, and that must be on
// both sides exactly once.
type saying struct {
	text string
	who  string // an expert's name; empty for Alice
	// rush: it was said while the other side spoke too and the daemon died, so that
	// only the order of each side's own words is known.
	rush bool
}

// check runs the check with this very program as the daemon.
func (d *demo) check(ctx context.Context, p *program) error {
	exe, err := os.Executable()
	if err != nil {
		return wrapf(err, "find this program")
	}
	r := &checkRun{demo: d, p: p, exe: exe, soon: time.Second}
	return r.run(ctx)
}

// run plays every step, compares both sides and verifies the audit trail.
func (r *checkRun) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, checkTime, errors.New("the check took too long"))
	defer cancel()
	defer func() { err = errors.Join(err, r.end()) }()
	for _, s := range r.steps() {
		start := time.Now()
		if err := s.do(ctx); err != nil {
			r.p.print("FAILED  %s\n", s.name)
			r.showLog()
			return fmt.Errorf("%s: %w", s.name, err)
		}
		r.p.print("ok  %5d ms  %s\n", time.Since(start).Milliseconds(), s.name)
	}
	return r.judge(ctx)
}

// step is one thing that somebody does, and what must come of it.
type step struct {
	name string
	do   func(context.Context) error
}

func (r *checkRun) steps() []step {
	main := []step{
		{"the daemon starts beside a simulated Slack and a simulated Discord", r.begin},
		{"Alice signs in, and a shop's program makes a ticket through the API", r.signIn},
		{"Alice asks Billing, and the question becomes a thread in #billing", r.askBilling},
		{"Anders answers in the thread, and Alice's open page shows it within a second", r.expertAnswers},
		{"Alice answers back, and the thread has it", r.agentAnswers},
		{"Anders edits his answer, and the page shows the new words", r.expertEdits},
		{"Alice edits hers, and Slack shows the new words", r.agentEdits},
		{"Anders sends a file, and Alice downloads the same bytes", r.expertSendsFile},
		{"Alice sends a file, and Slack has the same bytes", r.agentSendsFile},
		{"the daemon is killed (kill -9) while both speak, and nothing is lost or doubled", r.killInTheMiddle},
		{"Anders closes the conversation with the card's button", r.closeFromSlack},
		{"Alice reopens it, and the card says so", r.reopenFromPage},
		{"Alice takes Anders' words into her reply, and the customer gets exactly that, once", r.useInReply},
	}
	return slices.Concat(main, r.discordSteps(), r.bothSteps(), []step{
		{"Alice loads her pages once more", r.lookAtPages},
		{"the daemon stops in order", func(ctx context.Context) error { return r.daemon.stop(ctx) }},
	})
}

// begin starts both chats, the customer's side and the daemon.
func (r *checkRun) begin(ctx context.Context) (err error) {
	if err := r.startSlack("127.0.0.1:0"); err != nil {
		return err
	}
	if err := r.startDiscord("127.0.0.1:0"); err != nil {
		return err
	}
	if r.sink, err = newSink(); err != nil {
		return err
	}
	r.webhookURL, r.webhookSecret = r.sink.url(), r.sink.secret
	r.address = freeAddress("127.0.0.1:0")
	cfg, err := r.configure(r.address)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return err
	}
	err = r.withData(ctx, func(s *store.Store) error {
		if err := migrate(ctx, s); err != nil {
			return err
		}
		return r.seed(ctx, s)
	})
	if err != nil {
		return err
	}
	return r.startDaemon(ctx)
}

func (r *checkRun) startDaemon(ctx context.Context) (err error) {
	r.daemon, err = startDaemon(ctx, r.exe, r.configFile(), r.env)
	if err != nil {
		return err
	}
	return r.daemon.waitReady(ctx, "http://"+r.address)
}

// withData opens the daemon's database beside it.
func (r *checkRun) withData(ctx context.Context, use func(*store.Store) error) (err error) {
	cfg, err := configFlag{Config: r.configFile()}.load(&program{})
	if err != nil {
		return err
	}
	s, err := openStore(ctx, cfg, quietLogger(cfg, r.p), "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return use(s)
}

// end stops what still runs.
func (r *checkRun) end() error {
	var errs []error
	for _, j := range r.jobs {
		if j.stream != nil {
			j.stream.close()
		}
	}
	if r.daemon != nil {
		r.daemon.kill()
	}
	if r.sink != nil {
		errs = append(errs, r.sink.close())
	}
	if r.guild != nil {
		errs = append(errs, r.guild.Close())
	}
	if r.sim != nil {
		errs = append(errs, r.sim.Close())
	}
	return errors.Join(errs...)
}

// showLog prints what the daemon logged, for whoever looks into a failure.
func (r *checkRun) showLog() {
	if r.daemon == nil {
		return
	}
	if log := strings.TrimSpace(r.daemon.log.String()); log != "" {
		r.p.print("--- the daemon's log\n%s\n---\n", log)
	}
}

// judge prints both sides and the audit trail, and says whether they agree.
func (r *checkRun) judge(ctx context.Context) error {
	if err := r.readTrails(ctx); err != nil {
		return err
	}
	var problems []string
	messages, replies := 0, map[int64]string{}
	for _, j := range r.jobs {
		found, err := r.judgeJob(j)
		if err != nil {
			return err
		}
		problems = append(problems, found...)
		messages += len(j.said)
		if j.reply != "" {
			replies[j.ticket] = j.reply
		}
	}
	problems = append(problems, r.sink.compare(replies)...)
	if !slices.ContainsFunc(r.sim.Arrivals(), func(a slacksim.Arrival) bool { return a.Faulted && a.Applied }) {
		problems = append(problems, "no answer of Slack was lost, so the check proved less than it says")
	}
	if !r.unanswered() {
		problems = append(problems, "no answer of Discord was lost, so the check proved less than it says")
	}
	for _, what := range problems {
		r.p.print("WRONG  %s\n", what)
	}
	r.p.print("\n")
	if code := run(ctx, r.p, []string{"audit", "verify", "--config", r.configFile()}); code != 0 {
		problems = append(problems, "audit verify found something")
	}
	if len(problems) > 0 {
		r.showLog()
		return fmt.Errorf("%d things are wrong", len(problems))
	}
	r.p.print("All sides have each of the %d messages exactly once and in order, and the customer has each of the replies (%d).\n", messages, len(replies))
	return nil
}

// judgeJob prints a job's audit trail and all its sides, and says how they differ from
// what was said.
func (r *checkRun) judgeJob(j *job) (problems []string, err error) {
	r.p.print("\nThe audit trail of ticket #%d (%s)\n\n", j.ticket, j.title)
	for _, e := range j.trail {
		if err := writeText(r.p.stdout, e, r.groupNames()); err != nil {
			return nil, err
		}
	}
	sides := []side{{"the ticket page", j.shown}}
	if j.root != "" {
		sides = append(sides, side{"the Slack thread", threadLines(r.slackThread(j), r.sim.BotUserID(), r.names())})
	}
	if j.inDiscord != "" {
		sides = append(sides, side{"the Discord thread", discordLines(r.guild.Channel(j.inDiscord), r.names())})
	}
	printSides(r.p, sides)
	problems = compare("the audit trail", j.said, recordLines(j.trail, j.conversation.Seq))
	for _, s := range sides {
		problems = append(problems, compare(s.name, j.said, s.lines)...)
	}
	for i := range problems {
		problems[i] = fmt.Sprintf("ticket #%d: %s", j.ticket, problems[i])
	}
	return problems, nil
}

// groupNames are the names of the demo's groups by their ids.
func (d *demo) groupNames() map[string]string {
	names := map[string]string{}
	for _, g := range []demoGroup{d.billing, d.engineering, d.logistics} {
		names[g.id] = g.name
	}
	return names
}

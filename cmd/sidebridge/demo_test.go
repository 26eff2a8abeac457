package main

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
)

// TestMainJobFromTicketToReplyThroughAKill runs demo --check: the real program as a
// process of its own, on SQLite, with the simulated Slack.
func TestMainJobFromTicketToReplyThroughAKill(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	r := &checkRun{
		demo: newDemo(t.TempDir()), p: &program{stdout: &out, stderr: &out}, exe: exe,
		env: []string{asProgram + "=1"}, soon: 20 * time.Second, // a loaded machine proves nothing about a second
	}
	if err := r.run(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, secret := range []string{r.password, r.token, r.webhookSecret, r.sim.BotToken(), r.sim.AppToken(), r.guild.Token()} {
		if strings.Contains(out.String()+r.daemon.log.String(), secret) {
			t.Errorf("a secret was printed or logged")
		}
	}
}

func TestDemoServesBothPagesAtOnce(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	d := newDemo(t.TempDir())
	if err := d.startSlack("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.sim.Close() }()
	if err := d.startDiscord("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.guild.Close() }()
	address := freeAddress("127.0.0.1:0")
	var out bytes.Buffer
	ended := make(chan error, 1)
	go func() { // the channel waits for it
		ended <- (&demoCmd{Listen: address}).play(ctx, &program{stdout: &out, stderr: &out}, d)
	}()
	heard, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := d.sim.WaitFor(heard, func() bool {
		for _, m := range d.sim.Channel(d.billing.channel) {
			return len(d.sim.Thread(d.billing.channel, m.TS)) == 3 // card, question, Anders' answer
		}
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBrowser("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.get(ctx, "/sign-in"); err != nil {
		t.Error(err)
	}
	simulated, err := newBrowser(d.sim.BaseURL())
	if err != nil {
		t.Fatal(err)
	}
	if page, err := simulated.get(ctx, "/"); err != nil || !strings.Contains(page, "retry of the payment provider") && !strings.Contains(page, "Second charge") {
		t.Errorf("the simulated Slack's page: %v", err)
	}
	for _, want := range []string{"in Slack: Anders, Maria and Peter", "in Discord: Anders, Maria and Sanne"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the terminal does not say %q:\n%s", want, out.String())
		}
	}
	inDiscord, err := newBrowser(d.guild.BaseURL())
	if err != nil {
		t.Fatal(err)
	}
	if page, err := inDiscord.get(ctx, "/"); err != nil || !strings.Contains(page, "<h2># engineering</h2>") || !strings.Contains(page, ">Maria Silva</option>") {
		t.Errorf("the simulated Discord's page does not open on the channel of both chats, with Maria: %v", err)
	}
	d.takenByMariaInDiscord(t, b)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "data")); err != nil {
		t.Error(err)
	}
}

// takenByMariaInDiscord presses Take ticket in the thread of the prologue, once her account there is linked.
func (d *demo) takenByMariaInDiscord(t *testing.T, b *browser) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	post, err := d.post(ctx, d.engineering.discord, "Then it is the new layout")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.post(ctx, "/sign-in", url.Values{"email": {d.alice.email}, "password": {d.password}}); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := d.maria.discord.Press(d.engineering.discord, post, "Take ticket"); err != nil {
			t.Fatal(err)
		}
		page, err := b.get(ctx, "/tickets/2/audit")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(page, "took the ticket") {
			break
		}
		select {
		case <-time.After(50 * time.Millisecond): // her account is linked a moment after she was heard
		case <-ctx.Done():
			t.Fatal("Maria cannot take the ticket in Discord")
		}
	}
	if page, err := b.get(ctx, "/tickets/1"); err != nil || !strings.Contains(page, "How to play.") || !strings.Contains(page, "Anders, Maria and Sanne") {
		t.Errorf("the first ticket does not say who is where: %v", err)
	}
}

func TestComparisonFindsWhatDiffers(t *testing.T) {
	said := []saying{{text: "a"}, {text: "b", who: "x"}, {text: "c"}, {text: "d", rush: true}, {text: "e", who: "x", rush: true}}
	lines := func(texts ...string) (out []line) {
		for _, s := range texts {
			out = append(out, line{"x", s})
		}
		return out
	}
	for name, c := range map[string]struct {
		have []line
		want string
	}{
		"the same":             {lines("a", "b", "c", "d", "e"), ""},
		"the rush interleaved": {lines("a", "b", "c", "e", "d"), ""},
		"lost":                 {lines("a", "b", "c", "d"), `"e" 0 times`},
		"doubled":              {lines("a", "b", "c", "c", "d", "e"), `"c" 2 times`},
		"made up":              {lines("a", "b", "c", "d", "e", "f"), "nobody said"},
		"out of order":         {lines("b", "a", "c", "d", "e"), "one after the other"},
		"agents out of order":  {lines("a", "b", "d", "c", "e"), "the words of the agent"},
	} {
		got := strings.Join(compare("x", said, c.have), "\n")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestThreadLinesLeaveOutCardAndNotices(t *testing.T) {
	got := threadLines([]slacksim.Message{
		{User: "UBOT", Text: "Ticket #1"},
		{User: "UBOT", Text: "*Alice*\nhello *you*"},
		{User: "U1", Text: "hi"},
		{User: "UBOT", Text: "Alice closed the conversation."},
	}, "UBOT", map[string]string{"U1": "Anders"})
	want := []line{{"Alice", "hello *you*"}, {"Anders", "hi"}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

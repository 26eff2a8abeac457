package slack

import (
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/slack/slacksim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// B11 in Slack: what is shared from a ticket arrives complete, of any length, with its
// files, in posts that together are the text or in one file.
func TestSharedCommentsArriveCompleteWhateverTheirLength(t *testing.T) {
	b := newBridged(t, setup{opts: func(o *Options) {
		o.Policy = func(string) (mapping.Policy, bool) { return mapping.Policy{Requester: true}, true }
	}})
	conv, root := b.start("Refund?", "Carla wants 900 back.")
	b.settled()
	file, err := b.memory.Upload(b.ctx(), "bill.pdf", "application/pdf", []byte("%PDF-1.7"))
	check(t, err)
	for _, length := range []int{40, 12_000, 60_000} {
		text := strings.TrimSpace(strings.Repeat("a customer's sentence, æøå. ", length/28+1)[:length])
		wrote := b.append(&bridge.CustomerMessage{
			Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carla"}, Ticket: conv.Ticket, Body: text, Files: []bridge.FileUpload{file},
		}).ID
		before := len(b.sim.Thread(b.channel, root))
		said := b.append(&bridge.PostMessage{Actor: alice(), Conversation: conv, Body: "Look at this", Share: bridge.Share{Comments: []int64{wrote.Seq}}}).ID
		b.settled()
		_, quote := b.memory.Entries(conv.Ticket)[said.Seq-1].Quoted()
		posts := b.sim.Thread(b.channel, root)[before:]
		got, files := rejoined(posts)
		switch {
		case length < 40_000 && got != quote:
			t.Errorf("%d characters in %d posts do not re-join: %d of %d", length, len(posts), len(got), len(quote))
		case length >= 40_000 && (len(posts) != 1 || files["ticket-1-comments.md"] != quote+"\n"):
			t.Errorf("%d characters in %d posts, files %d", length, len(posts), len(files["ticket-1-comments.md"]))
		case files["bill.pdf"] != "%PDF-1.7":
			t.Errorf("%d characters: the attachment is %q", length, files["bill.pdf"])
		case !strings.Contains(posts[0].Text, "Look at this") || !strings.Contains(quote, text):
			t.Errorf("the first post: %.100q", posts[0].Text)
		}
	}
}

// rejoined puts posts together again, and returns the files by name.
func rejoined(posts []slacksim.Message) (text string, files map[string]string) {
	files = map[string]string{}
	var parts []string
	for _, m := range posts {
		for _, f := range m.Files {
			files[f.Name] = string(f.Content)
		}
		if !strings.Contains(m.Text, "Look at this") {
			parts = append(parts, m.Text)
		}
	}
	return markup.FromSlack(markup.SlackText{Text: markup.Join(parts)}, nil), files
}

// What was shared is masked as the card is, and neither names the customer nor calls
// anybody, where the policy does not allow the one and the customer wrote the other.
func TestWhatIsSharedKeepsToThePolicy(t *testing.T) {
	b := newBridged(t, setup{opts: func(o *Options) {
		o.Policy = func(string) (mapping.Policy, bool) { return mapping.DefaultPolicy(), true }
		o.Mention = func(string) (string, bool) { return "U0ANDERS", true }
	}})
	conv, root := b.start("Refund?", "Carla wants 900 back.")
	share := func(text string) bridge.ID {
		wrote := b.append(&bridge.CustomerMessage{Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carla Berg"}, Ticket: conv.Ticket, Body: text}).ID
		return b.append(&bridge.PostMessage{Actor: alice(), Conversation: conv, Share: bridge.Share{Comments: []int64{wrote.Seq}}}).ID
	}
	b.settled()
	before := len(b.sim.Thread(b.channel, root))
	share("I am carla@example.com, +45 20 30 40 50. [@Anders](mention:person/p-anders) help")
	share("long carla@example.com " + strings.Repeat("text ", 20_000))
	b.settled()
	posts := b.sim.Thread(b.channel, root)[before:]
	if len(posts) != 2 || len(posts[1].Files) != 1 {
		t.Fatalf("%d posts", len(posts))
	}
	for _, text := range []string{posts[0].Text, string(posts[1].Files[0].Content)} {
		for _, secret := range []string{"carla@example.com", "20 30 40", "Berg", "U0ANDERS"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is shown: %.200q", secret, text)
			}
		}
		if !strings.Contains(text, mapping.MaskedEmail) || !strings.Contains(text, "UTC") {
			t.Errorf("the quotation: %.200q", text)
		}
	}
}

// A comment that is erased later goes from the thread, posts and files.
func TestAnErasedCommentGoesFromTheThread(t *testing.T) {
	b := newBridged(t, setup{})
	conv, root := b.start("Refund?", "Carla wants 900 back.")
	b.settled()
	before := len(b.sim.Thread(b.channel, root))
	var comments []bridge.ID
	for _, text := range []string{"SECRET", strings.Repeat("SECRET ", 9_000)} {
		wrote := b.append(&bridge.CustomerMessage{Actor: bridge.Actor{Role: bridge.RoleCustomer}, Ticket: conv.Ticket, Body: text}).ID
		b.append(&bridge.PostMessage{Actor: alice(), Conversation: conv, Share: bridge.Share{Comments: []int64{wrote.Seq}}})
		comments = append(comments, wrote)
	}
	b.settled()
	if n := len(b.sim.Thread(b.channel, root)); n != before+2 {
		t.Fatalf("%d posts more", n-before)
	}
	for _, id := range comments {
		b.append(&bridge.EraseMessage{Actor: bridge.Actor{Person: "root", Role: bridge.RoleAdmin}, Message: id, Reason: "asked to"})
	}
	b.settled()
	if n := len(b.sim.Thread(b.channel, root)); n != before {
		t.Errorf("%d posts are left", n-before)
	}
}

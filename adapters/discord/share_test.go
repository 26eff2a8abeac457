package discord

import (
	"strings"
	"testing"

	"github.com/sidebridge/sidebridge/adapters/discord/discordsim"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/mapping/markup"
)

// B11 in Discord: what is shared from a ticket arrives complete, of any length, with its
// files, in posts that together are the text or in one file.
func TestSharedCommentsArriveCompleteWhateverTheirLength(t *testing.T) {
	w := newWorld(t, worldSetup{opts: func(o *Options) {
		o.Policy = func(string) (mapping.Policy, bool) { return mapping.Policy{Requester: true}, true }
	}})
	c := w.open("Refund?", "Carla wants 900 back.")
	w.idle()
	file, err := w.memory.Upload(t.Context(), "bill.pdf", "application/pdf", []byte("%PDF-1.7"))
	check(t, err)
	for _, length := range []int{40, 12_000, 60_000} {
		text := strings.TrimSpace(strings.Repeat("a customer's sentence, æøå. ", length/28+1)[:length])
		wrote := w.do(&bridge.CustomerMessage{
			Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carla"}, Ticket: c.id.Ticket, Body: text, Files: []bridge.FileUpload{file},
		}).ID
		before := len(c.posts())
		said := w.do(&bridge.PostMessage{Actor: agent("Alice"), Conversation: c.id, Body: "Look at this", Share: bridge.Share{Comments: []int64{wrote.Seq}}}).ID
		w.idle()
		_, quote := w.memory.Entries(c.id.Ticket)[said.Seq-1].Quoted()
		posts := c.posts()[before:]
		got, files := rejoined(posts)
		switch {
		case length < 20_000 && got != quote:
			t.Errorf("%d characters in %d posts do not re-join: %d of %d", length, len(posts), len(got), len(quote))
		case length >= 20_000 && (len(posts) != 1 || files["ticket-1-comments.md"] != quote+"\n"):
			t.Errorf("%d characters in %d posts, files %d", length, len(posts), len(files["ticket-1-comments.md"]))
		case files["bill.pdf"] != "%PDF-1.7":
			t.Errorf("%d characters: the attachment is %q", length, files["bill.pdf"])
		case !strings.Contains(posts[0].Content, "Look at this") || !strings.Contains(quote, text):
			t.Errorf("the first post: %.100q", posts[0].Content)
		}
	}
}

// rejoined puts posts together again, and returns the files by name.
func rejoined(posts []discordsim.Message) (text string, files map[string]string) {
	files = map[string]string{}
	var parts []string
	for _, m := range posts {
		for _, f := range m.Files {
			files[f.Name] = string(f.Content)
		}
		if !strings.Contains(m.Content, "Look at this") {
			parts = append(parts, m.Content)
		}
	}
	return markup.JoinDiscord("", parts, nil), files
}

// What was shared is masked as the card is, and neither names the customer nor calls
// anybody, where the policy does not allow the one and the customer wrote the other.
func TestWhatIsSharedKeepsToThePolicy(t *testing.T) {
	w := newWorld(t, worldSetup{opts: func(o *Options) {
		o.Policy = func(string) (mapping.Policy, bool) { return mapping.DefaultPolicy(), true }
		o.Mention = func(string, string) (string, bool) { return "4711", true }
	}})
	c := w.open("Refund?", "Carla wants 900 back.")
	w.idle()
	before := len(c.posts())
	share := func(text string) {
		wrote := w.do(&bridge.CustomerMessage{Actor: bridge.Actor{Role: bridge.RoleCustomer, Name: "Carla Berg"}, Ticket: c.id.Ticket, Body: text}).ID
		w.do(&bridge.PostMessage{Actor: agent("Alice"), Conversation: c.id, Share: bridge.Share{Comments: []int64{wrote.Seq}}})
	}
	share("I am carla@example.com, +45 20 30 40 50. [@Anders](mention:person/p-anders) help")
	share("long carla@example.com " + strings.Repeat("text ", 20_000))
	w.idle()
	posts := c.posts()[before:]
	if len(posts) != 2 || len(posts[1].Files) != 1 {
		t.Fatalf("%d posts", len(posts))
	}
	for _, text := range []string{posts[0].Content, string(posts[1].Files[0].Content)} {
		for _, secret := range []string{"carla@example.com", "20 30 40", "Berg", "4711"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is shown: %.200q", secret, text)
			}
		}
		if !strings.Contains(text, mapping.MaskedEmail) || !strings.Contains(text, "UTC") {
			t.Errorf("the quotation: %.200q", text)
		}
	}
}

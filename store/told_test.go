package store_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/mapping"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

// TestWhoTakesPartAndWhoIsToldBecomeOneRecord when a database is brought up to date: who
// was told of something stays where they were, and nobody is told of what was said before.
func TestWhoTakesPartAndWhoIsToldBecomeOneRecord(t *testing.T) {
	for driver, dsn := range map[string]string{
		"sqlite": filepath.Join(t.TempDir(), "old.db"), "postgres": storetest.Postgres(t),
	} {
		t.Run(driver, func(t *testing.T) {
			s, err := store.Open(t.Context(), store.Options{Driver: driver, DSN: dsn})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.MigrateTo(t.Context(), 21); err != nil {
				t.Fatal(err)
			}
			for _, query := range []string{
				`INSERT INTO tickets (id, head) VALUES (1, 9)`,
				`INSERT INTO entries (ticket, seq, kind, at, envelope, hash) VALUES (1, 2, 'x', 1, '{}', '')`,
				`INSERT INTO conversations (ticket, seq, open, state_seq, last_seq) VALUES (1, 2, 1, 2, 2)`,
				`INSERT INTO participants (ticket, conversation, person, since, left_seq) VALUES (1, 2, 'both', 2, 0), (1, 2, 'part', 2, 7)`,
				`INSERT INTO listeners (ticket, conversation, person, told, was, due, begun, attempts) VALUES (1, 2, 'both', 5, 4, 60, 0, 3), (1, 2, 'told', 6, 0, 0, 50, 0)`,
			} {
				if _, err := s.RawExec(t.Context(), query); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.MigrateTo(t.Context(), 22); err != nil {
				t.Fatal(err)
			}
			for _, row := range []string{
				`person = 'both' AND since = 2 AND left_seq = 0 AND told = 5 AND was = 4 AND due = 60 AND attempts = 3`,
				`person = 'part' AND since = 2 AND left_seq = 7 AND told = 9 AND due = 0`,
				`person = 'told' AND since = 0 AND told = 6 AND begun = 50`,
			} {
				if s.RawCount(t, `SELECT COUNT(*) FROM participants WHERE chat = '' AND `+row) != 1 {
					t.Errorf("there is no row %s", row)
				}
			}
		})
	}
}

// TestWhoTakesPartIsFoundFromOlderLogs with the chat they write in, and is told nothing
// of what those logs say; who was told of something already stays where they were.
func TestWhoTakesPartIsFoundFromOlderLogs(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		conv := asking(w.t, w.s, bob, "1.1")
		ada := reader(w.t, w.s, "Ada", bridge.RoleAgent)
		must(w.t, w.s, &bridge.PostMessage{Actor: ada, Conversation: conv, Body: "I, too"})
		own := reply(billing, "1.1", "1.2", "I write from Slack")
		own.Author, own.AuthorName = bobsSlack, "bob"
		must(w.t, w.s, own)
		w.pass(time.Hour)
		for _, query := range []string{
			`UPDATE participants SET chat = '', told = 77 WHERE person = '` + bob.Person + `'`,
			`DELETE FROM participants WHERE person = '` + ada.Person + `'`,
			`INSERT INTO participants_todo (ticket) SELECT id FROM tickets`,
		} {
			if _, err := w.s.RawExec(w.t.Context(), query); err != nil {
				w.t.Fatal(err)
			}
		}
		if err := w.s.Migrate(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		head := w.s.RawCount(w.t, `SELECT head FROM tickets WHERE id = ?`, conv.Ticket)
		if w.s.RawCount(w.t, `SELECT COUNT(*) FROM participants WHERE person = ? AND chat = 'slack' AND told = 77`, bob.Person) != 1 {
			w.t.Error("who was there is not told from where they were")
		}
		if w.s.RawCount(w.t, `SELECT COUNT(*) FROM participants WHERE person = ? AND told = ? AND due = 0`, ada.Person, head) != 1 {
			w.t.Error("who was found is told of what was said before")
		}
		if report, err := w.s.Verify(w.t.Context(), store.VerifyOptions{}); err != nil || len(report.Found) > 0 {
			w.t.Errorf("%v, %v", report.Found, err)
		}
	})
}

// TestWhoLeftIsToldNothing of what is said since, nor of what was due to them.
func TestWhoLeftIsToldNothing(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		ada := reader(w.t, w.s, "Ada", bridge.RoleAgent)
		conv := asking(w.t, w.s, ada, "1.1")
		must(w.t, w.s, &bridge.ChangeTicket{Actor: ada, Ticket: conv.Ticket, Assignee: &bob.Person})
		must(w.t, w.s, reply(billing, "1.1", "1.2", "Due"))
		must(w.t, w.s, &bridge.RemoveParticipant{Actor: ada, Conversation: conv, Person: bob.Person, Name: "Bob"})
		must(w.t, w.s, reply(billing, "1.1", "1.3", "Later"))
		rows, err := w.s.DueParticipants(w.t.Context(), w.now.Add(time.Hour), 10)
		if err != nil || slices.ContainsFunc(rows, func(p bridge.Participant) bool { return p.Person == bob.Person }) {
			w.t.Errorf("due to who left, though they have the ticket: %+v, %v", rows, err)
		}
		w.pass(time.Hour)
		w.want("who left")
		must(w.t, w.s, &bridge.AddParticipants{Actor: ada, Conversation: conv, People: []bridge.Known{{Person: bob.Person, Name: "Bob"}}})
		must(w.t, w.s, reply(billing, "1.1", "1.4", "Back"))
		w.pass(time.Hour)
		w.want("who came back, from then on", "UBOB: Back")
	})
}

// TestWhoIsInTheThreadCostsNothing: nothing becomes due to people whose chat tells them,
// until that thread is kept up no more.
func TestWhoIsInTheThreadCostsNothing(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		conv := asking(w.t, w.s, bob, "1.1")
		own := reply(billing, "1.1", "1.2", "I write from Slack")
		own.Author, own.AuthorName = bobsSlack, "bob"
		must(w.t, w.s, own)
		must(w.t, w.s, reply(billing, "1.1", "1.3", "Yes"))
		if rows, err := w.s.DueParticipants(w.t.Context(), w.now.Add(time.Hour), 10); err != nil || len(rows) > 0 {
			w.t.Errorf("due: %v, %v", rows, err)
		}
		if _, err := w.s.RawExec(w.t.Context(), `UPDATE mirrors SET parked = 'channel_not_found' WHERE ticket = ?`, conv.Ticket); err != nil {
			w.t.Fatal(err)
		}
		must(w.t, w.s, &bridge.PostMessage{Actor: reader(w.t, w.s, "Ada", bridge.RoleAgent), Conversation: conv, Body: "On the page"})
		w.pass(time.Hour)
		w.want("when the thread is kept up no more", "UBOB: On the page")
	})
}

// TestWhatWasSaidBeforeItsThreadWasAttachedIsNoNews, in a chat and in the browser, also
// when it comes in behind something new; what is said since is.
func TestWhatWasSaidBeforeItsThreadWasAttachedIsNoNews(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		ticket := must(w.t, w.s, &bridge.CreateTicket{Subject: "Wrong invoice", Requester: "Carl", Body: "?"}).ID.Ticket
		must(w.t, w.s, &bridge.AttachThread{Actor: bob, Ticket: ticket, Subject: "Billed twice?", Target: bridge.Target{Place: billing}, Thread: "1000"})
		began := *w.now
		says := func(ref, body string, at time.Time) {
			in := reply(billing, "1000", ref, body)
			in.Source.SentAt = bridge.Micros(at)
			must(w.t, w.s, in)
		}
		says("1001", "Old", began.Add(-48*time.Hour))
		if rows, err := w.s.DueParticipants(w.t.Context(), w.now.Add(time.Hour), 10); err != nil || len(rows) > 0 {
			w.t.Errorf("due: %v, %v", rows, err)
		}
		says("1003", "New", began.Add(time.Second))
		says("1002", "Old, too", began.Add(-47*time.Hour))
		news, err := w.s.News(w.t.Context(), bob.Person, map[int64]bool{ticket: true}, began.Add(-time.Minute), 10)
		if err != nil || len(news) != 1 || news[0].Body != "New" {
			w.t.Errorf("news: %+v, %v", news, err)
		}
		w.pass(time.Hour)
		w.want("who attached it", "UBOB: New")
		if report, err := w.s.Verify(w.t.Context(), store.VerifyOptions{}); err != nil || len(report.Found) > 0 {
			w.t.Errorf("%v, %v", report.Found, err)
		}
	})
}

// TestWhoIsNamedIsToldOnce (L2): by one direct message where no thread of the conversation
// can call them; who has an account beside its thread is called there, and told by us of
// what comes later alone.
func TestWhoIsNamedIsToldOnce(t *testing.T) {
	tells(t, func(w *telling, bob bridge.Actor) {
		alice, ada := reader(w.t, w.s, "Alice", bridge.RoleAdmin), reader(w.t, w.s, "Ada", bridge.RoleAgent)
		if err := w.s.TakeAccount(w.t.Context(), bridge.Account{Surface: "discord", Workspace: "G1", ID: "77"}, "ada", ada.Person); err != nil {
			w.t.Fatal(err)
		}
		calls := []bridge.Mention{{Known: bridge.Known{Person: ada.Person, Name: "Ada"}}, {Known: bridge.Known{Person: bob.Person, Name: "Bob"}}}
		conv := asking(w.t, w.s, alice, "1.1") // its thread is in Bob's workspace of Slack
		must(w.t, w.s, reply(billing, "1.1", "1.2", "Before"))
		must(w.t, w.s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "Ada? Bob?", Mentions: calls, Confirmed: true})
		w.pass(time.Hour)
		w.want("who is named", "77: Ada? Bob?")
		must(w.t, w.s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "Ada! Bob!", Mentions: calls})
		w.pass(time.Hour)
		w.want("who is named and takes part", "77: Ada? Bob?", "77: Ada! Bob!")
		w.wish.Occasions = []string{mapping.OccasionMentioned}
		must(w.t, w.s, reply(billing, "1.1", "1.4", "To nobody"))
		w.pass(time.Hour)
		w.want("who wants mentions alone", "77: Ada? Bob?", "77: Ada! Bob!")
		if report, err := w.s.Verify(w.t.Context(), store.VerifyOptions{}); err != nil || len(report.Found) > 0 {
			w.t.Errorf("%v, %v", report.Found, err)
		}
	})
}

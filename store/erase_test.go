package store_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

var root = bridge.Actor{Person: "p-root", Role: bridge.RoleAdmin, Account: bridge.Account{Surface: "web", ID: "p-root"}, Name: "Root"}

// secret is in every text that is to be erased.
const secret = "4929-1234-SECRET"

// blob stores bytes and returns them as an upload.
func blob(t *testing.T, s *store.Store, text string) bridge.FileUpload {
	t.Helper()
	hash, size, err := s.PutBlob(t.Context(), strings.NewReader(text), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return bridge.FileUpload{Name: secret + ".txt", MIME: "text/plain", Size: size, Hash: hash}
}

// show settles the delivery of an entry on a mirror as a surface would.
func show(t *testing.T, s *store.Store, mirror bridge.ID, seq int64, call bridge.Call, ref string) {
	t.Helper()
	key, token := bridge.DeliveryKey{Mirror: mirror, Seq: seq}, "t"+ref+string(call.Verb)
	call.Last = true
	must(t, s, &bridge.Begin{Key: key, Token: token, Call: call})
	must(t, s, &bridge.Settle{Key: key, Token: token, Receipt: bridge.Receipt{Ref: ref}, Target: bridge.CopyKey{
		Surface: billing.Surface, Workspace: billing.Workspace, Channel: billing.Channel, Ref: call.Ref,
	}})
}

func proof(t *testing.T, s *store.Store, ticket int64) []bridge.Erasure {
	t.Helper()
	r, err := s.Record(t.Context(), ticket)
	if err != nil {
		t.Fatal(err)
	}
	return bridge.Erasures(r)
}

func TestErasedMessageIsGoneFromTheStoreAndTheProofSaysWhatIsLeft(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, mirror := thread(t, s, billing, "1.1")
		own, shared := blob(t, s, "only here "+secret), blob(t, s, "in two places")
		said := must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "The card is " + secret, Files: []bridge.FileUpload{own, shared}}).ID
		show(t, s, mirror, said.Seq, bridge.Call{Verb: bridge.VerbPost, Message: said.Seq}, "1.5")
		must(t, s, &bridge.EditMessage{Actor: alice, Message: said, Body: "The card is " + secret + ", sorry"})
		shared.Name = "b.txt"
		kept := must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "This stays", Files: []bridge.FileUpload{shared}}).ID

		for name, cmd := range map[string]bridge.Command{
			"an agent":         &bridge.EraseMessage{Actor: alice, Message: said, Reason: "Asked to"},
			"without a reason": &bridge.EraseMessage{Actor: root, Message: said, Reason: " "},
			"no message":       &bridge.EraseMessage{Actor: root, Message: conv, Reason: "Asked to"},
		} {
			if _, err := s.Erase(t.Context(), cmd); err == nil {
				t.Errorf("erased: %s", name)
			}
		}
		erased, err := s.Erase(t.Context(), &bridge.EraseMessage{Actor: root, Message: said, Reason: "The customer asked us to"})
		if err != nil || erased.Outcome != bridge.Accepted {
			t.Fatalf("%+v, %v", erased, err)
		}
		if got := findings(t, s, store.VerifyOptions{}); got != "" {
			t.Errorf("after erasing: %s", got)
		}
		if strings.Contains(exported(t, s), secret) {
			t.Error("the export has the words still")
		}
		if s.Options().Driver == "sqlite" {
			for _, suffix := range []string{"", "-wal"} {
				if bytes, err := os.ReadFile(s.Options().DSN + suffix); err == nil && strings.Contains(string(bytes), secret) {
					t.Errorf("the words are in the database's file%s still", suffix)
				}
			}
		}
		if _, err := s.OpenBlob(t.Context(), own.Hash); !errors.Is(err, bridge.ErrNotFound) {
			t.Errorf("the file's bytes: %v", err)
		}
		if _, err := s.OpenBlob(t.Context(), shared.Hash); err != nil {
			t.Errorf("the bytes that message %s has too: %v", kept, err)
		}
		if _, err := s.Append(t.Context(), &bridge.StoreFile{Message: said, N: 0, Hash: own.Hash}); err != nil {
			t.Error(err)
		}

		// The copy is deleted by the normal delivery.
		left := proof(t, s, conv.Ticket)
		if len(left) != 1 || len(left[0].Entries) != 2 || len(left[0].Gone) != 0 || len(left[0].Left) != 1 || left[0].Left[0].Who != "Sidebridge, which is about to" {
			t.Errorf("before the delivery: %+v", left)
		}
		show(t, s, mirror, erased.Seq, bridge.Call{Verb: bridge.VerbDelete, Message: said.Seq, Ref: "1.5"}, "1.5")
		gone := proof(t, s, conv.Ticket)
		want := []bridge.ErasedCopy{{Place: billing, Ref: "1.5", Ours: true}}
		if diff := cmp.Diff(want, gone[0].Gone); diff != "" || len(gone[0].Left) != 0 || gone[0].Reason != "The customer asked us to" || gone[0].By != "p-root" {
			t.Errorf("after the delivery: %+v\n%s", gone, diff)
		}
		if res, err := s.Erase(t.Context(), &bridge.EraseMessage{Actor: root, Message: said, Reason: "Again"}); err != nil || res.Outcome != bridge.Ignored {
			t.Errorf("again: %+v, %v", res, err)
		}

		file := exported(t, s)
		empty := storetest.Open(t, s.Options().Driver, store.Options{})
		if _, _, err := empty.Import(t.Context(), strings.NewReader(file)); err != nil || exported(t, empty) != file {
			t.Errorf("an export with bare hashes does not come back: %v", err)
		}
	})
}

func TestErasedMessageOfAChatIsLeftThereUntilSomebodyDeletesIt(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		said := must(t, s, reply(billing, "1.1", "1.2", "It is "+secret)).ID
		if _, err := s.Erase(t.Context(), &bridge.EraseMessage{Actor: root, Message: said, Reason: "Asked to"}); err != nil {
			t.Fatal(err)
		}
		left := proof(t, s, conv.Ticket)[0].Left
		if len(left) != 1 || left[0].Ours || !strings.HasPrefix(left[0].Who, "who wrote it there") {
			t.Fatalf("left: %+v", left)
		}
		if res := must(t, s, reply(billing, "1.1", "1.2", "It is "+secret)); res.Outcome != bridge.Duplicate {
			t.Errorf("what is listed again: %+v", res)
		}
		gone := reply(billing, "1.1", "1.2", "")
		gone.Kind = bridge.InDelete
		must(t, s, gone)
		if p := proof(t, s, conv.Ticket)[0]; len(p.Left) != 0 || len(p.Gone) != 1 {
			t.Errorf("after the original was deleted: %+v", p)
		}
		if got := findings(t, s, store.VerifyOptions{}); got != "" {
			t.Error(got)
		}
	})
}

func TestVerifyAcceptsErasuresAndNothingElse(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		said := must(t, s, reply(billing, "1.1", "1.2", "It is "+secret)).ID
		if _, err := s.Erase(t.Context(), &bridge.EraseMessage{Actor: root, Message: said, Reason: "Asked to"}); err != nil {
			t.Fatal(err)
		}
		tamper(t, s, s.Options().Driver, "INSERT INTO contents (ticket, seq, salt, bytes) SELECT ticket, ?, salt, bytes FROM contents WHERE ticket = ? AND seq = 5", said.Seq, said.Ticket)
		if got := findings(t, s, store.VerifyOptions{}); !strings.Contains(got, "its words are there, but entry 8 says that they were erased") {
			t.Errorf("words that came back: %s", got)
		}
		tamper(t, s, s.Options().Driver, "DELETE FROM contents WHERE ticket = ? AND seq IN (5, ?)", said.Ticket, said.Seq)
		if got := findings(t, s, store.VerifyOptions{}); got != "ticket 1, entry 5: its words are missing, and no entry says that they were erased" {
			t.Errorf("words of %s that nobody erased: %s", conv, got)
		}
	})
}

func TestErasedPersonLeavesAPseudonymAndNoWords(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		id, err := s.CreatePerson(ctx, bridge.Known{Name: "Bob " + secret, Role: bridge.RoleAgent, Account: bridge.Account{ID: "bob@example.org"}}, "hash")
		if err != nil {
			t.Fatal(err)
		}
		bob := bridge.Actor{Person: id, Role: bridge.RoleAgent, Name: "Bob " + secret, Account: bridge.Account{Surface: "web", ID: id}}
		conv, _ := thread(t, s, billing, "1.1")
		mine := must(t, s, &bridge.PostMessage{Actor: bob, Conversation: conv, Body: "From me: " + secret}).ID
		must(t, s, reply(billing, "1.1", "1.2", "From my Slack: "+secret)) // nobody is linked yet
		theirs := must(t, s, &bridge.PostMessage{Actor: alice, Conversation: conv, Body: "Not Bob's"}).ID
		must(t, s, &bridge.React{Actor: bob, Message: theirs, Emoji: "👍", On: true})
		must(t, s, &bridge.ChangeTicket{Actor: alice, Ticket: conv.Ticket, Assignee: &id, AssigneeName: bob.Name})
		slack := bridge.Account{Surface: "slack", Workspace: "T1", ID: "U1"}
		for _, a := range []bridge.Account{slack, {Surface: "oidc", Workspace: "https://id.example.org", ID: "bob-1"}} {
			if err := s.TakeAccount(ctx, a, "Bob", id); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.OfferTwoFactor(ctx, id, "JBSWY3DP"); err != nil {
			t.Fatal(err)
		}
		if err := s.SetRecoveryCodes(ctx, id, []string{"h1"}); err != nil {
			t.Fatal(err)
		}

		if _, err := s.ErasePerson(ctx, alice, id, "Asked to"); !errors.Is(err, bridge.ErrForbidden) {
			t.Errorf("by an agent: %v", err)
		}
		p, err := s.ErasePerson(ctx, root, id, "Left the company and asked to")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.Pseudonym, "Erased person ") || p.Done.IsZero() || !cmp.Equal(p.Tickets, []int64{conv.Ticket}) {
			t.Errorf("the proof: %+v", p)
		}
		if text := exported(t, s); strings.Contains(text, secret) || !strings.Contains(text, "Not Bob's") {
			t.Error("the export has the person's words still, or not those of others")
		}
		if got := findings(t, s, store.VerifyOptions{}); got != "" {
			t.Error(got)
		}
		for what, query := range map[string]string{
			"two_factor":     "SELECT count(*) FROM two_factor WHERE person = ?",
			"recovery_codes": "SELECT count(*) FROM recovery_codes WHERE person = ?",
			"sign_ins":       "SELECT count(*) FROM sign_ins WHERE person = ?",
			"oidc":           "SELECT count(*) FROM accounts WHERE person = ? AND (surface = 'oidc' OR name <> '' OR email <> '')",
			"people":         "SELECT count(*) FROM people WHERE id = ? AND (disabled = 0 OR email <> '' OR password <> '' OR name LIKE 'Bob%')",
		} {
			if n := s.RawCount(t, query, id); n != 0 {
				t.Errorf("%s has %d rows of the person", what, n)
			}
		}
		st, err := s.TicketPage(ctx, bridge.SeesAll, conv.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		if st.Messages[mine].DeletedSeq == 0 || st.Messages[theirs].DeletedSeq != 0 {
			t.Error("the person's message is not deleted, or that of somebody else is")
		}
		if again, err := s.ErasePerson(ctx, root, id, "Again"); err != nil || again.Reason != "Left the company and asked to" {
			t.Errorf("again: %+v, %v", again, err)
		}
		if people, err := s.ErasedPeople(ctx); err != nil || len(people) != 1 {
			t.Errorf("%d erased people, %v", len(people), err)
		}
		if text, err := json.Marshal(p); err != nil || strings.Contains(string(text), secret) {
			t.Errorf("the proof as JSON: %s, %v", text, err)
		}
	})
}

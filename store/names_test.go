package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
	"github.com/sidebridge/sidebridge/store/storetest"
)

var (
	inSlack  = bridge.Place{Surface: "slack", Workspace: "T1"}
	everyone = map[bridge.NamedKind]int{bridge.NamedPerson: 8, bridge.NamedAccount: 8, bridge.NamedGroup: 8, bridge.NamedChannel: 8}
)

// called asserts what is found by the beginning of a name, in order: people who can be
// called here have an exclamation mark.
func called(t *testing.T, s *store.Store, text string, here []bridge.Place, want ...string) {
	t.Helper()
	found, err := s.Named(t.Context(), bridge.NameQuery{Text: text, Here: here, Limit: everyone})
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	var got []string
	for _, n := range found {
		got = append(got, string(n.Kind)+" "+n.Name+map[bool]string{true: "!"}[n.Here])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%q: %s", text, diff)
	}
}

func newPerson(t *testing.T, s *store.Store, name, email string) string {
	t.Helper()
	id, err := s.CreatePerson(t.Context(), bridge.Known{Name: name, Role: bridge.RoleExpert, Account: bridge.Account{ID: email}}, "")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestNamesAreFoundByTheBeginningsOfTheirWords(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		anders := newPerson(t, s, "Anders Müller", "amu@example.org")
		newPerson(t, s, "Bo Andersson", "")
		gone := newPerson(t, s, "Andy Gone", "")
		if err := s.SetDisabled(t.Context(), gone, true); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SaveGroup(t.Context(), "", "Anders's friends"); err != nil {
			t.Fatal(err)
		}
		channel := func(id, name string, change func(*store.Channel)) {
			c := store.Channel{Place: bridge.Place{Surface: "slack", Workspace: "T1", Channel: id}, Name: name}
			change(&c)
			if err := s.PutChannels(t.Context(), []store.Channel{c}); err != nil {
				t.Fatal(err)
			}
		}
		channel("C7", "ask-anders", func(*store.Channel) {})
		channel("C8", "secret-anders", func(c *store.Channel) { c.Private = true })
		channel("C9", "old-anders", func(c *store.Channel) { c.Archived = true })
		account := bridge.Account{Surface: "slack", Workspace: "T1", ID: "U7"}
		if err := s.SeeAccount(t.Context(), account, "the_boss", ""); err != nil {
			t.Fatal(err)
		}
		if err := s.TakeAccount(t.Context(), account, "the_boss", anders); err != nil {
			t.Fatal(err)
		}
		if err := s.SeeAccount(t.Context(), bridge.Account{Surface: "slack", Workspace: "T1", ID: "U8"}, "Andrea", "x@example.org"); err != nil {
			t.Fatal(err)
		}
		here := []bridge.Place{inSlack}
		called(t, s, "AND", here, "person Anders Müller!", "person Bo Andersson", "group Anders's friends", "channel ask-anders")
		called(t, s, "and", nil, "person Anders Müller", "person Bo Andersson", "group Anders's friends", "channel ask-anders", "channel secret-anders")
		called(t, s, "and mul", here, "person Anders Müller!")
		called(t, s, "muell", here)
		called(t, s, "mull", here, "person Anders Müller!")
		called(t, s, "the_b", here, "person Anders Müller!")
		called(t, s, "boss", []bridge.Place{{Surface: "discord", Workspace: "9"}}, "person Anders Müller")
		called(t, s, "amu@exa", here, "person Anders Müller!")
		called(t, s, "exa", here)
		called(t, s, "c7", nil, "channel ask-anders")
		called(t, s, "***", here)
		called(t, s, "", here, "person Anders Müller!", "group Anders's friends", "channel ask-anders")
	})
}

func TestAnAccountThatIsNobodysIsFoundWhereItIs(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		conv, _ := thread(t, s, billing, "1.1")
		_ = conv
		post := reply(billing, "1.1", "1.2", "Hello")
		post.AuthorName = "Sanne Expert"
		must(t, s, post)
		here := []bridge.Place{{Surface: billing.Surface, Workspace: billing.Workspace}}
		called(t, s, "san", here, "account Sanne Expert!")
		called(t, s, "san", nil)
		// A new name takes the place of the old one; the same person linked is found once.
		again := reply(billing, "1.1", "1.3", "Hello")
		again.AuthorName = "Nina Expert"
		must(t, s, again)
		called(t, s, "san", here)
		called(t, s, "nin", here, "account Nina Expert!")
		person := newPerson(t, s, "Sanne S", "")
		if err := s.LinkAccount(t.Context(), post.Author, person, "admin"); err != nil {
			t.Fatal(err)
		}
		called(t, s, "nin", here, "person Sanne S!")
		if err := s.LinkAccount(t.Context(), post.Author, "", "admin"); err != nil {
			t.Fatal(err)
		}
		called(t, s, "nin", here, "account Nina Expert!")
		called(t, s, "sanne", here, "person Sanne S")
	})
}

func TestAnErasedPersonsNameIsGoneInTheSameMoment(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		person := newPerson(t, s, "Anders Hidden", "hidden@example.org")
		account := bridge.Account{Surface: "slack", Workspace: "T1", ID: "U7"}
		if err := s.TakeAccount(t.Context(), account, "hiddenhandle", person); err != nil {
			t.Fatal(err)
		}
		called(t, s, "hidden", []bridge.Place{inSlack}, "person Anders Hidden!")
		if _, err := s.ErasePerson(t.Context(), root, person, "asked"); err != nil {
			t.Fatal(err)
		}
		left, err := s.RawExec(t.Context(), `DELETE FROM names WHERE word LIKE '%hidden%'`)
		if err != nil || left != 0 {
			t.Errorf("%d words of the name were left, %v", left, err)
		}
	})
}

func TestNamesFromBeforeAreFoundAfterMigrating(t *testing.T) {
	storetest.Both(t, store.Options{}, func(t *testing.T, s *store.Store) {
		newPerson(t, s, "Anders Old", "")
		if _, err := s.RawExec(t.Context(), `DELETE FROM names`); err != nil {
			t.Fatal(err)
		}
		if _, err := s.RawExec(t.Context(), `INSERT INTO names_todo SELECT 'person', '', '', id FROM people`); err != nil {
			t.Fatal(err)
		}
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		called(t, s, "anders", nil, "person Anders Old")
	})
}

// C14: 20,000 channels and 10,000 people are found while somebody types: each text in
// less than 100 ms.
func BenchmarkNamesAmongTensOfThousands(b *testing.B) {
	for _, driver := range []string{"sqlite", "postgres"} {
		b.Run(driver, func(b *testing.B) {
			s := storetest.Open(b, driver, store.Options{})
			crowd(b, s, 20_000, 10_000)
			for _, text := range []string{"", "a", "an", "anders12", "anders fam", "team", "t"} {
				b.Run("'"+text+"'", func(b *testing.B) { findNames(b, s, text) })
			}
		})
	}
}

func findNames(b *testing.B, s *store.Store, text string) {
	for b.Loop() {
		found, err := s.Named(b.Context(), bridge.NameQuery{Text: text, Here: []bridge.Place{inSlack}, Limit: everyone})
		if err != nil || len(found) == 0 {
			b.Fatalf("%d found, %v", len(found), err)
		}
	}
}

// crowd fills a directory as large companies have them.
func crowd(t testing.TB, s *store.Store, channels, people int) {
	t.Helper()
	var page []store.Channel
	for i := range channels {
		place := bridge.Place{Surface: "slack", Workspace: "T1", Channel: fmt.Sprintf("C%05d", i)}
		page = append(page, store.Channel{Place: place, Name: fmt.Sprintf("team-%s-%d", []string{"a", "billing", "dk"}[i%3], i)})
		if len(page) == 1000 || i == channels-1 {
			if err := s.PutChannels(t.Context(), page); err != nil {
				t.Fatal(err)
			}
			page = nil
		}
	}
	insert := func(table string, cols string, row func(i int) string) {
		var rows []string
		for i := range people {
			rows = append(rows, row(i))
		}
		if _, err := s.RawExec(t.Context(), "INSERT INTO "+table+" ("+cols+") VALUES "+strings.Join(rows, ",")); err != nil {
			t.Fatal(err)
		}
	}
	given := []string{"Anders", "Sanne", "Peter", "Ana", "Bo"}
	insert("people", "id, name, email, role, created_at", func(i int) string {
		return fmt.Sprintf("('p%d', '%s%d Family%d', 'mail%d@example.org', 'expert', 0)", i, given[i%5], i, i%100, i)
	})
	insert("accounts", "surface, workspace, id, person, name", func(i int) string {
		return fmt.Sprintf("('%s', 'T1', 'U%d', 'p%d', 'handle%d')", []string{"slack", "other"}[i%2], i, i, i)
	})
	if err := s.IndexNames(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RawExec(t.Context(), "ANALYZE"); err != nil { // as both databases do by themselves, later
		t.Fatal(err)
	}
}

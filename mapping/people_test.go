package mapping

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var directory = []Person{
	{ID: "p1", Name: "Anders", Emails: []string{"Anders@Example.com"}, Identities: []Identity{{"discord", "", "111"}}},
	{ID: "p2", Name: "Karin", Emails: []string{"karin@example.com", "k@example.com"}, Identities: []Identity{{"slack", "acme", "U2"}}},
	{ID: "p3", Name: "Shared A", Emails: []string{"desk@example.com"}},
	{ID: "p4", Emails: []string{"DESK@example.com"}},
}

func TestAccountsAreMatchedByIdentityThenByVerifiedEmail(t *testing.T) {
	tests := []struct {
		name    string
		account Account
		want    string
		by      MatchedBy
		reason  string
	}{
		{"linked", Account{Surface: "slack", Workspace: "acme", ID: "U2"}, "p2", ByIdentity, "linked to Karin"},
		{"linked wins over another's e-mail", Account{Surface: "slack", Workspace: "acme", ID: "U2", Email: "anders@example.com", EmailVerified: true}, "p2", ByIdentity, ""},
		{"linked on every guild", Account{Surface: "discord", Workspace: "guild 7", ID: "111"}, "p1", ByIdentity, ""},
		{"the same id in another workspace", Account{Surface: "slack", Workspace: "globex", ID: "U2"}, "", NotMatched, "not known"},
		{"the same id on another surface", Account{Surface: "zendesk", Workspace: "acme", ID: "111"}, "", NotMatched, ""},
		{"verified e-mail", Account{Surface: "slack", Workspace: "acme", ID: "U9", Email: " ANDERS@example.COM", EmailVerified: true}, "p1", ByEmail, "e-mail address of Anders"},
		{"second e-mail", Account{Surface: "slack", ID: "U9", Email: "k@example.com", EmailVerified: true}, "p2", ByEmail, ""},
		{"e-mail that nobody verified", Account{Surface: "slack", ID: "U9", Email: "anders@example.com"}, "", NotMatched, "not verified"},
		{"e-mail of two people", Account{Surface: "slack", ID: "U9", Email: "desk@example.com", EmailVerified: true}, "", NotMatched, "Shared A and p4 have"},
		{"e-mail of nobody", Account{Surface: "slack", ID: "U9", Email: "x@example.com", EmailVerified: true}, "", NotMatched, "nobody has its e-mail"},
		{"a look-alike letter is another mailbox", Account{Surface: "slack", ID: "U9", Email: "\u212Aarin@example.com", EmailVerified: true}, "", NotMatched, "nobody has"},
		{"display name alone", Account{Surface: "slack", ID: "U9", DisplayName: "Karin", EmailVerified: true}, "", NotMatched, "not known"},
		{"a bot is nobody", Account{Surface: "slack", Workspace: "acme", ID: "U2", Email: "karin@example.com", EmailVerified: true, Bot: true}, "", NotMatched, "bot"},
		{"no id", Account{Surface: "slack", Workspace: "acme"}, "", NotMatched, ""},
	}
	people := append(slices.Clone(directory), Person{ID: "p5", Identities: []Identity{{"slack", "acme", ""}}, Emails: []string{""}})
	for _, tt := range tests {
		got := MatchAccount(people, tt.account)
		if got.PersonID != tt.want || got.By != tt.by || got.Reason == "" || !strings.Contains(got.Reason, tt.reason) {
			t.Errorf("%s: %+v; want %q by %q because %q", tt.name, got, tt.want, tt.by, tt.reason)
		}
	}
}

// Three ways of linking give the same person, in whatever order the directory
// lists people.
func TestMatchDoesNotDependOnOrderOrDisplayName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Account{
			Surface:       rapid.SampledFrom([]string{"slack", "discord"}).Draw(t, "surface"),
			Workspace:     rapid.SampledFrom([]string{"acme", "globex"}).Draw(t, "workspace"),
			ID:            rapid.SampledFrom([]string{"U2", "111", "U9"}).Draw(t, "id"),
			Email:         rapid.SampledFrom([]string{"", "anders@example.com", "desk@example.com"}).Draw(t, "email"),
			EmailVerified: rapid.Bool().Draw(t, "verified"),
		}
		want := MatchAccount(directory, a)
		a.DisplayName = rapid.SampledFrom([]string{"Anders", "Karin", "Admin"}).Draw(t, "display name")
		got := MatchAccount(rapid.Permutation(directory).Draw(t, "people"), a)
		if got.PersonID != want.PersonID || got.By != want.By {
			t.Fatalf("%+v, in another order %+v", want, got)
		}
	})
}

package mapping

import (
	"fmt"
	"strings"
)

// Person is a human in our directory.
type Person struct {
	ID         string
	Name       string
	Roles      []string
	Groups     []string
	Emails     []string // addresses that we know to be theirs
	Identities []Identity
}

// name returns what a reason calls the person.
func (p Person) name() string {
	switch {
	case p.Name != "":
		return p.Name
	case p.ID != "":
		return p.ID
	default:
		return "somebody unknown"
	}
}

// Identity is a person's account on one surface. Where ids are the surface's
// own and not one workspace's, as on Discord, Workspace is empty.
type Identity struct {
	Surface   string
	Workspace string
	ID        string
}

// Account is an account on a surface, as the platform describes it.
type Account struct {
	Surface     string
	Workspace   string
	ID          string
	Email       string
	DisplayName string

	// EmailVerified says whether the platform or the workspace's admin
	// vouches that the address is the account holder's.
	EmailVerified bool

	// Bot says whether the account is a program's.
	Bot bool
}

// MatchedBy says how an account was found to be a person's.
type MatchedBy string

// How an account was found to be a person's.
const (
	NotMatched MatchedBy = ""
	ByIdentity MatchedBy = "identity"
	ByEmail    MatchedBy = "e-mail"
)

// Match is the person an account belongs to, and why.
type Match struct {
	PersonID string // "" when nobody was found
	By       MatchedBy
	Reason   string
}

// MatchAccount finds the person an account belongs to: the one it was linked
// to, or else the only one who has its verified e-mail address. A display name
// counts for nothing, since anybody may call themselves anything.
func MatchAccount(people []Person, a Account) Match {
	if a.Bot {
		return Match{Reason: "the account is a bot's"}
	}
	for _, p := range people {
		for _, id := range p.Identities {
			if id.is(a) {
				return Match{p.ID, ByIdentity, fmt.Sprintf("the account is linked to %s", p.name())}
			}
		}
	}
	switch {
	case foldEmail(a.Email) == "":
		return Match{Reason: "the account is linked to nobody, and its e-mail address is not known"}
	case !a.EmailVerified:
		return Match{Reason: "the account is linked to nobody, and its e-mail address is not verified"}
	}
	return matchEmail(people, foldEmail(a.Email))
}

func matchEmail(people []Person, email string) Match {
	var found []Person
	for _, p := range people {
		for _, e := range p.Emails {
			if foldEmail(e) == email {
				found = append(found, p)
				break
			}
		}
	}
	switch len(found) {
	case 0:
		return Match{Reason: "the account is linked to nobody, and nobody has its e-mail address"}
	case 1:
		return Match{found[0].ID, ByEmail, fmt.Sprintf("the account has the e-mail address of %s", found[0].name())}
	default:
		return Match{Reason: fmt.Sprintf("%s and %s have the account's e-mail address: an admin must link it", found[0].name(), found[1].name())}
	}
}

func (id Identity) is(a Account) bool {
	return id.ID != "" && id.ID == a.ID && id.Surface == a.Surface && (id.Workspace == "" || id.Workspace == a.Workspace)
}

// foldEmail returns an address as it is compared: ASCII letters in lower case
// and nothing else changed. Unicode folding would let a Kelvin sign pass for a
// k, and so one mailbox for another.
func foldEmail(email string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, strings.TrimSpace(email))
}

package slack

import (
	"context"
	"slices"
	"testing"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/bridge"
)

// E1: an address links an account to a person, so only one that Slack vouches for counts.
func TestOnlyAConfirmedAddressOfAMemberIsTold(t *testing.T) {
	var told []string
	a := &Adapter{workspace: "T1", seen: func(_ context.Context, account bridge.Account, name, email string) error {
		told = append(told, account.ID+" "+name+" "+email)
		return nil
	}}
	member := slack.User{ID: "U1", TeamID: "T1", Name: "anders", IsEmailConfirmed: true, Profile: slack.UserProfile{Email: "anders@example.org"}}
	a.saw(t.Context(), &member)
	for _, change := range []func(*slack.User){
		func(u *slack.User) { u.IsEmailConfirmed = false },
		func(u *slack.User) { u.TeamID = "T2" },
		func(u *slack.User) { u.IsBot = true },
		func(u *slack.User) { u.Deleted = true },
		func(u *slack.User) { u.IsStranger = true },
		func(u *slack.User) { u.Profile.Email = "" },
	} {
		other := member
		change(&other)
		a.saw(t.Context(), &other)
	}
	if want := []string{"U1 anders anders@example.org"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

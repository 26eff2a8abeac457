package slack

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"github.com/sidebridge/sidebridge/mapping/markup"
)

// pictureHosts is where Slack has the pictures that people gave it. Those that it makes
// up from their addresses come from elsewhere and are not passed on.
// https://docs.slack.dev/reference/objects/user-object
const pictureHosts = ".slack-edge.com"

// pictureOf returns the address of a person's picture in this workspace, which Slack
// fetches from itself, or none. A post does not fail for want of a picture.
func (a *Adapter) pictureOf(ctx context.Context, person string) string {
	if person == "" || a.identity != IdentityAgent {
		return ""
	}
	id, ok := directory{a: a}.Account("person/" + person)
	if !ok || !validID(id) {
		return ""
	}
	return a.pictures.of(asking{ctx: ctx, until: a.now().Add(a.nameBudget)}, id)
}

// lookupPicture asks for a user's picture.
func (a *Adapter) lookupPicture(ctx context.Context, id string) (string, error) {
	u, err := a.userInfo(ctx, id)
	if err != nil {
		return "", err
	}
	a.names.learn(id, cmp.Or(userName(u), formerMember), nameAge)
	return pictureURL(u), nil
}

func pictureURL(u *slack.User) string {
	address, err := url.Parse(u.Profile.Image72)
	if err != nil || address.Scheme != "https" || address.User != nil || address.Port() != "" ||
		!strings.HasSuffix(address.Host, pictureHosts) || u.Deleted {
		return ""
	}
	return address.String()
}

// spoken renders a part of what somebody says, with who that is.
func (a *Adapter) spoken(p markup.SlackPart, speaker, person string) *content {
	c := a.rendered(p, speaker)
	c.person = person
	return c
}

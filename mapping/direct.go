package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxDirect is how many people can be asked together in one direct message: with more
// the platforms open none.
const MaxDirect = 8

// Direct returns the channel id that stands for the direct message with the owners of
// these accounts, whatever id the platform gives it once it is opened. It is the same
// in whatever order they are named.
func Direct(accounts ...string) string {
	sorted := slices.Sorted(slices.Values(accounts))
	return "@" + strings.Join(slices.Compact(sorted), "+")
}

// DirectTo returns the accounts that a channel id stands for, and false for that of a
// channel.
func DirectTo(id string) (accounts []string, direct bool) {
	rest, direct := strings.CutPrefix(id, "@")
	if !direct {
		return nil, false
	}
	return strings.Split(rest, "+"), true
}

// ValidateChannel returns what is wrong with a channel of which nothing but its id is
// known. Only Slack's direct messages have threads, in which conversations are held.
func ValidateChannel(c Channel) error {
	accounts, direct := DirectTo(c.ID)
	switch {
	case c.Surface == "" || c.Workspace == "" || c.ID == "":
		return fmt.Errorf("channel %s lacks its surface, workspace or id", c)
	case !direct:
		return nil
	case c.Surface != "slack":
		return errors.New("direct messages have no threads there, so a conversation cannot be held in one: pick a channel, or ask the person in Slack")
	case slices.Contains(accounts, ""):
		return errors.New("a direct message names nobody: pick at least one person")
	case len(accounts) > MaxDirect:
		return fmt.Errorf("a direct message is with at most %d people, not %d: remove some", MaxDirect, len(accounts))
	}
	return nil
}

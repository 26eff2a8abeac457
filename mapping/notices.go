package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The ways in which people are told on the ticket view's own pages. A chat's way is its
// surface's name.
const (
	WayPage    = "page"    // a line on the page that they look at
	WayBrowser = "browser" // their browser's own notification, while no page is looked at
)

// The occasions: why something is somebody's to know, the most pressing first.
const (
	OccasionApproval  = "approval"  // their approval is asked for
	OccasionMentioned = "mentioned" // somebody named them
	OccasionStarted   = "started"   // they began the conversation
	OccasionAssigned  = "assigned"  // they have the ticket
	OccasionPart      = "part"      // they took part in the conversation
)

// Occasions returns all occasions, as people are asked about them.
func Occasions() []string {
	return []string{OccasionStarted, OccasionAssigned, OccasionPart, OccasionMentioned, OccasionApproval}
}

// The ways in which what is to be told in a chat is gathered.
const (
	DigestOnce    = "once"    // at once
	DigestSilence = "silence" // when nobody has said more for some minutes
	DigestDaily   = "daily"   // together, once a day
)

// Notices is how one person wants to be told of what they have not read.
type Notices struct {
	// Ways are WayPage, WayBrowser and the chats in which they are told.
	Ways []string `json:"ways"`
	// Occasions are those on which they are told at all.
	Occasions []string `json:"occasions"`
	// Digest says what is gathered, for SilenceMinutes or until Daily.
	Digest         string    `json:"digest"`
	SilenceMinutes int       `json:"silence_minutes"`
	Daily          ClockTime `json:"daily"`
	// Excerpt: a message in a chat has the first words of what was said.
	Excerpt bool `json:"excerpt"`
	// Zone is the time zone of Daily.
	Zone Zone `json:"zone"`
	// Quiet are the hours in which nobody tells them anything; nil: there are none.
	Quiet *Hours `json:"quiet,omitempty"`
}

// DefaultNotices is how people are told who have chosen nothing: in every way, on every
// occasion, at once.
func DefaultNotices() Notices {
	return Notices{
		Ways: []string{WayPage, WayBrowser, "slack", "discord"}, Occasions: Occasions(),
		Digest: DigestOnce, SilenceMinutes: 15, Daily: 9 * 60, Excerpt: true,
	}
}

// ParseNotices reads what somebody chose, or returns def when they chose nothing.
func ParseNotices(text string, def Notices) (Notices, error) {
	if text == "" {
		return def, nil
	}
	var n Notices
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return def, fmt.Errorf("how somebody wants to be told: %w", err)
	}
	return n, nil
}

// MaxSilence is how many minutes of silence can be waited for.
const MaxSilence = 24 * 60

// Validate says what is wrong.
func (n *Notices) Validate() error {
	switch {
	case !slices.Contains([]string{DigestOnce, DigestSilence, DigestDaily}, n.Digest):
		return fmt.Errorf("digest %q is none of %s, %s, %s", n.Digest, DigestOnce, DigestSilence, DigestDaily)
	case n.Digest == DigestSilence && (n.SilenceMinutes < 1 || n.SilenceMinutes > MaxSilence):
		return fmt.Errorf("%d minutes of silence are not between 1 and %d", n.SilenceMinutes, MaxSilence)
	case n.Daily < 0 || n.Daily >= 24*60:
		return fmt.Errorf("the daily time %s lies outside the day", n.Daily)
	}
	for _, o := range n.Occasions {
		if !slices.Contains(Occasions(), o) {
			return fmt.Errorf("there is no occasion %q", o)
		}
	}
	if n.Quiet == nil {
		return nil
	}
	if n.Quiet.From == n.Quiet.To {
		return fmt.Errorf("quiet hours that begin and end at %s are the whole day: turn the chats off instead", n.Quiet.From)
	}
	return n.Quiet.validate()
}

// Wants says whether they are told in that way.
func (n *Notices) Wants(way string) bool { return slices.Contains(n.Ways, way) }

// On returns the first of the occasions on which they want to be told, "" when they
// want it on none of them.
func (n *Notices) On(occasions []string) string {
	for _, o := range occasions {
		if slices.Contains(n.Occasions, o) {
			return o
		}
	}
	return ""
}

// IsQuiet says whether nobody is to tell them anything now.
func (n *Notices) IsQuiet(at time.Time) bool { return n.Quiet != nil && n.Quiet.Contains(at) }

// When returns the earliest time at which they are to be told in a chat of messages of
// which the first was said at first and the last at last. What is urgent is gathered
// with nothing, but quiet hours hold it back as well.
func (n *Notices) When(first, last time.Time, urgent bool) time.Time {
	at := last
	switch {
	case urgent:
	case n.Digest == DigestSilence:
		at = last.Add(time.Duration(n.SilenceMinutes) * time.Minute)
	case n.Digest == DigestDaily:
		at = n.nextDaily(first)
	}
	if n.Quiet != nil {
		at = n.Quiet.End(at)
	}
	return at
}

// nextDaily returns the first daily time after an instant, by the clock on the wall. A
// time that summer time skips comes as much later.
func (n *Notices) nextDaily(after time.Time) time.Time {
	local := after.In(n.Zone.location())
	for day := 0; ; day++ {
		at := time.Date(local.Year(), local.Month(), local.Day()+day, int(n.Daily)/60, int(n.Daily)%60, 0, 0, local.Location())
		if at.After(after) {
			return at
		}
	}
}

// End returns the first moment at or after an instant that the window does not hold. It
// looks at each minute of the wall's clock, so a change of the clocks needs no rule.
// A window without an end ends after two days.
func (h Hours) End(at time.Time) time.Time {
	last := at.Add(48 * time.Hour)
	for at.Before(last) && h.Contains(at) {
		at = at.Truncate(time.Minute).Add(time.Minute)
	}
	return at
}

// ParseQuiet reads "22:00-07:00" as hours of every day.
func ParseQuiet(text string, zone Zone) (*Hours, error) {
	from, to, _ := strings.Cut(text, "-")
	h := &Hours{Zone: zone}
	for _, part := range []struct {
		text string
		into *ClockTime
	}{{from, &h.From}, {to, &h.To}} {
		if err := part.into.UnmarshalText([]byte(strings.TrimSpace(part.text))); err != nil {
			return nil, fmt.Errorf("hours %q: write from and to, as in 22:00-07:00", text)
		}
	}
	return h, nil
}

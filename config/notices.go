package config

import (
	"fmt"
	"time"

	"github.com/sidebridge/sidebridge/mapping"
)

// Notices says how people are told what they have not read. What is below Grace is for
// those who have chosen nothing themselves.
type Notices struct {
	// DirectMessages says whether anybody is told by a direct message in a chat. Default true.
	DirectMessages bool `toml:"direct_messages"`

	// Grace is how long somebody has for reading before a direct message tells them.
	// Default 1 minute.
	Grace time.Duration `toml:"grace"`

	// Excerpt says whether direct messages have the first words of what was said.
	// Default true.
	Excerpt bool `toml:"excerpt"`

	// Digest says what direct messages gather: "once" (nothing), "silence" (until nobody
	// has said more for Silence) or "daily" (until Daily). Default "once".
	Digest string `toml:"digest"`

	// Silence is that time, in whole minutes. Default 15 minutes.
	Silence time.Duration `toml:"silence"`

	// Daily is the time of day of a daily digest. Default "09:00".
	Daily string `toml:"daily"`

	// Quiet are the hours, "from-to", in which nobody is told anything, as in
	// "22:00-07:00". Default empty: none.
	Quiet string `toml:"quiet"`

	// TimeZone is the IANA name of the zone of Daily and Quiet. Default "UTC".
	TimeZone string `toml:"time_zone"`
}

// DefaultNotices returns what holds where nothing is said.
func DefaultNotices() Notices {
	return Notices{
		DirectMessages: true, Grace: time.Minute, Excerpt: true,
		Digest: mapping.DigestOnce, Silence: 15 * time.Minute, Daily: "09:00", TimeZone: "UTC",
	}
}

// Default returns how people are told who have chosen nothing.
func (n Notices) Default() mapping.Notices {
	out, err := n.parse()
	if err != nil {
		return mapping.DefaultNotices() // unreachable: Validate has parsed it
	}
	return out
}

func (n Notices) parse() (mapping.Notices, error) {
	out := mapping.DefaultNotices()
	out.Excerpt, out.Digest, out.SilenceMinutes = n.Excerpt, n.Digest, int(n.Silence/time.Minute)
	if err := out.Daily.UnmarshalText([]byte(n.Daily)); err != nil {
		return out, fmt.Errorf("daily: %w", err)
	}
	if err := out.Zone.UnmarshalText([]byte(n.TimeZone)); err != nil {
		return out, fmt.Errorf("time_zone: %w", err)
	}
	if n.Quiet != "" {
		quiet, err := mapping.ParseQuiet(n.Quiet, out.Zone)
		if err != nil {
			return out, fmt.Errorf("quiet: %w", err)
		}
		out.Quiet = quiet
	}
	return out, out.Validate()
}

func (p *problems) notices(n Notices) {
	p.between("notices.grace", n.Grace, time.Second, 24*time.Hour)
	p.between("notices.silence", n.Silence, time.Minute, 24*time.Hour)
	if _, err := n.parse(); err != nil {
		p.add("notices", "%v", err)
	}
}

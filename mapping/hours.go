package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours is a window of wall-clock time that returns on certain days.
//
// It goes by the clock on the wall: where summer time begins, the skipped hour
// is in no window; where it ends, the repeated hour is in a window twice.
type Hours struct {
	// Zone is the time zone of the clock.
	Zone Zone `json:"zone"`

	// Days are the days on which the window begins; every day when empty.
	Days []Day `json:"days,omitempty"`

	// From is when the window begins, To the first moment after it. A To
	// that is not after From lies on the next day, which the window then
	// reaches into, whether or not Days holds that day. Equal ones make a
	// window of 24 hours.
	From ClockTime `json:"from"`
	To   ClockTime `json:"to"`
}

// Contains says whether the window holds that instant.
func (h Hours) Contains(at time.Time) bool {
	local := at.In(h.Zone.location())
	now, today := ClockTime(local.Hour()*60+local.Minute()), Day(local.Weekday())
	if h.From < h.To {
		return h.begins(today) && h.From <= now && now < h.To
	}
	yesterday := (today + 6) % 7
	return (h.begins(today) && h.From <= now) || (h.begins(yesterday) && now < h.To)
}

func (h Hours) begins(day Day) bool { return len(h.Days) == 0 || slices.Contains(h.Days, day) }

func (h Hours) validate() error {
	if h.From < 0 || h.From >= 24*60 || h.To < 0 || h.To > 24*60 {
		return fmt.Errorf("hours %s lie outside the day", h)
	}
	for _, d := range h.Days {
		if d < 0 || d > 6 {
			return fmt.Errorf("day %d is none of 0 (Sunday) to 6 (Saturday)", d)
		}
	}
	return nil
}

// String returns the window as an explanation names it, such as
// "mon, tue 22:00-06:00 Europe/Stockholm".
func (h Hours) String() string {
	text := fmt.Sprintf("%s-%s %s", h.From, h.To, h.Zone)
	if len(h.Days) == 0 {
		return text
	}
	days := make([]string, len(h.Days))
	for i, d := range h.Days {
		days[i] = d.String()
	}
	return strings.Join(days, ", ") + " " + text
}

// Zone is a time zone by its IANA name. The zero Zone is UTC.
type Zone struct{ loc *time.Location }

// NewZone returns the zone of that location.
func NewZone(loc *time.Location) Zone { return Zone{loc} }

func (z Zone) location() *time.Location {
	if z.loc == nil {
		return time.UTC
	}
	return z.loc
}

// String returns the zone's name.
func (z Zone) String() string { return z.location().String() }

// Equal says whether two zones have the same name.
func (z Zone) Equal(other Zone) bool { return z.String() == other.String() }

// MarshalText encodes the zone's name.
func (z Zone) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// UnmarshalText looks the name up in the time zone database.
func (z *Zone) UnmarshalText(text []byte) error {
	if name := string(text); name == "" || strings.EqualFold(name, "local") {
		// The server's own zone would change the rule's meaning with the machine.
		return fmt.Errorf("time zone %q: write a name such as Europe/Stockholm", name)
	}
	loc, err := time.LoadLocation(string(text))
	if err != nil {
		return fmt.Errorf("time zone %q: write a name such as Europe/Stockholm: %w", text, err)
	}
	z.loc = loc
	return nil
}

// Day is a day of the week, from Sunday as 0 like time.Weekday.
type Day int

var dayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// String returns the day's first three letters, such as "mon".
func (d Day) String() string {
	if d < 0 || int(d) >= len(dayNames) {
		return strconv.Itoa(int(d))
	}
	return dayNames[d]
}

// MarshalText encodes the day's first three letters.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a day's first three letters.
func (d *Day) UnmarshalText(text []byte) error {
	i := slices.Index(dayNames[:], strings.ToLower(string(text)))
	if i < 0 {
		return fmt.Errorf("day %q: write one of %s", text, strings.Join(dayNames[:], ", "))
	}
	*d = Day(i)
	return nil
}

// ClockTime is a time of day in minutes since midnight.
type ClockTime int

// String returns the time as hh:mm.
func (c ClockTime) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// MarshalText encodes the time as hh:mm.
func (c ClockTime) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads hh:mm, up to 24:00.
func (c *ClockTime) UnmarshalText(text []byte) error {
	if string(text) == "24:00" {
		*c = 24 * 60
		return nil
	}
	t, err := time.Parse("15:04", string(text))
	if err != nil {
		return fmt.Errorf("time of day %q: write hh:mm, as in 08:30", text)
	}
	*c = ClockTime(t.Hour()*60 + t.Minute())
	return nil
}

package mapping

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHoursGoByTheClockOnTheWall(t *testing.T) {
	sthlm := zone(t, "Europe/Stockholm")
	night := Hours{Zone: sthlm, Days: []Day{6}, From: 22 * 60, To: 3 * 60} // Saturday night into Sunday
	small := Hours{Zone: sthlm, From: 2 * 60, To: 3 * 60}
	allDay := Hours{Zone: sthlm, Days: []Day{0}, From: 0, To: 24 * 60}
	tests := []struct {
		name  string
		hours Hours
		at    string
		want  bool
	}{
		{"before the night", night, "2026-11-28T21:59:59+01:00", false},
		{"the night begins", night, "2026-11-28T22:00:00+01:00", true},
		{"after midnight it is still Saturday's", night, "2026-11-29T02:59:00+01:00", true},
		{"the night ends", night, "2026-11-29T03:00:00+01:00", false},
		{"Friday's night is another", night, "2026-11-28T01:00:00+01:00", false},
		{"Sunday evening is not Saturday's", night, "2026-11-29T22:30:00+01:00", false},
		{"the same instant, written in New York's time", night, "2026-11-28T16:00:00-05:00", true},

		// 2026-03-29: at 02:00 the clocks go to 03:00.
		{"spring: last moment of the night", night, "2026-03-29T01:59:59+01:00", true},
		{"spring: the next second is 03:00", night, "2026-03-29T02:00:00+01:00", false},
		{"spring: 02:00-03:00 does not exist, before", small, "2026-03-29T01:59:59+01:00", false},
		{"spring: 02:00-03:00 does not exist, after", small, "2026-03-29T03:00:00+02:00", false},
		{"spring: the day has 23 hours, its first", allDay, "2026-03-29T00:00:00+01:00", true},
		{"spring: the day has 23 hours, its last", allDay, "2026-03-29T23:59:59+02:00", true},
		{"spring: the next day", allDay, "2026-03-30T00:00:00+02:00", false},

		// 2026-10-25: at 03:00 the clocks go back to 02:00.
		{"autumn: 02:30 the first time", small, "2026-10-25T02:30:00+02:00", true},
		{"autumn: 02:30 the second time", small, "2026-10-25T02:30:00+01:00", true},
		{"autumn: the night has one hour more", night, "2026-10-25T02:59:59+01:00", true},
		{"autumn: the day has 25 hours, its last", allDay, "2026-10-25T23:59:59+01:00", true},
	}
	for _, tt := range tests {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.hours.Contains(at); got != tt.want {
			t.Errorf("%s: %s contains %s: %t, want %t", tt.name, tt.hours, tt.at, got, tt.want)
		}
	}
}

// A window and its complement, on every day, share the week between them.
func TestEveryInstantIsInAWindowOrInItsComplement(t *testing.T) {
	zones := []Zone{{}, zone(t, "Europe/Stockholm"), zone(t, "Asia/Kathmandu"), zone(t, "America/St_Johns"), zone(t, "Australia/Lord_Howe")}
	rapid.Check(t, func(t *rapid.T) {
		clock := rapid.IntRange(0, 24*60-1)
		h := Hours{
			Zone: rapid.SampledFrom(zones).Draw(t, "zone"),
			From: ClockTime(clock.Draw(t, "from")),
			To:   ClockTime(clock.Draw(t, "to")),
		}
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0)
		if h.From == h.To {
			if !h.Contains(at) {
				t.Fatalf("%s does not contain %s", h, at)
			}
			return
		}
		complement := h
		complement.From, complement.To = h.To, h.From
		if h.Contains(at) == complement.Contains(at) {
			t.Fatalf("%s is in both or in none of %s and %s", at, h, complement)
		}
	})
}

func TestHoursAreReadAsPeopleWriteThem(t *testing.T) {
	var c ClockTime
	for text, want := range map[string]ClockTime{"00:00": 0, "8:30": 510, "08:30": 510, "23:59": 1439, "24:00": 1440} {
		if err := c.UnmarshalText([]byte(text)); err != nil || c != want {
			t.Errorf("%s: %d minutes, error %v; want %d", text, c, err, want)
		}
	}
	for _, text := range []string{"", "24:01", "8", "08:60", "8pm", "-1:00"} {
		if err := c.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("time of day %q is accepted", text)
		}
	}
	var d Day
	if err := d.UnmarshalText([]byte("Fri")); err != nil || d != 5 {
		t.Errorf("Fri is %v, error %v", d, err)
	}
	if err := d.UnmarshalText([]byte("friday")); err == nil {
		t.Error("friday is accepted")
	}
	if got := Day(9).String(); got != "9" {
		t.Errorf("day 9 is %q", got)
	}
	var z Zone
	for _, name := range []string{"", "Local", "local", "Mars/Olympus"} {
		if err := z.UnmarshalText([]byte(name)); err == nil {
			t.Errorf("zone %q is accepted", name)
		}
	}
	if !NewZone(time.UTC).Equal(Zone{}) {
		t.Error("the zero zone is not UTC")
	}
}

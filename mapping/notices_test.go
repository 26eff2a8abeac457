package mapping

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhenSomebodyIsToldInTheirChat(t *testing.T) {
	sthlm := zone(t, "Europe/Stockholm")
	night := &Hours{Zone: sthlm, From: 22 * 60, To: 7 * 60}
	weekend := &Hours{Zone: sthlm, Days: []Day{0, 6}, From: 0, To: 24 * 60}
	for _, c := range []struct {
		name        string
		n           Notices
		first, last string
		urgent      bool
		want        string
	}{
		{"at once", Notices{Digest: DigestOnce}, "2026-06-01T10:00:00Z", "2026-06-01T10:05:00Z", false, "2026-06-01T10:05:00Z"},
		{"after silence", Notices{Digest: DigestSilence, SilenceMinutes: 10}, "2026-06-01T10:00:00Z", "2026-06-01T10:05:00Z", false, "2026-06-01T10:15:00Z"},
		{"urgent waits for no silence", Notices{Digest: DigestSilence, SilenceMinutes: 10}, "2026-06-01T10:00:00Z", "2026-06-01T10:05:00Z", true, "2026-06-01T10:05:00Z"},
		{"daily, today", Notices{Digest: DigestDaily, Daily: 17 * 60, Zone: sthlm}, "2026-06-01T10:00:00Z", "2026-06-01T18:00:00Z", false, "2026-06-01T15:00:00Z"},
		{"daily, tomorrow", Notices{Digest: DigestDaily, Daily: 9 * 60, Zone: sthlm}, "2026-06-01T10:00:00Z", "2026-06-01T10:00:00Z", false, "2026-06-02T07:00:00Z"},
		{"daily at a time that summer time skips", Notices{Digest: DigestDaily, Daily: 2*60 + 30, Zone: sthlm}, "2026-03-28T20:00:00Z", "2026-03-28T20:00:00Z", false, "2026-03-29T01:30:00Z"},
		{"in quiet hours", Notices{Digest: DigestOnce, Quiet: night}, "2026-06-01T21:00:00Z", "2026-06-01T21:00:30Z", false, "2026-06-02T05:00:00Z"},
		{"urgent in quiet hours", Notices{Digest: DigestOnce, Quiet: night}, "2026-06-01T21:00:00Z", "2026-06-01T21:00:00Z", true, "2026-06-02T05:00:00Z"},
		{"before quiet hours", Notices{Digest: DigestOnce, Quiet: night}, "2026-06-01T19:59:59Z", "2026-06-01T19:59:59Z", false, "2026-06-01T19:59:59Z"},
		{"silence that reaches into quiet hours", Notices{Digest: DigestSilence, SilenceMinutes: 10, Quiet: night}, "2026-06-01T19:55:00Z", "2026-06-01T19:55:00Z", false, "2026-06-02T05:00:00Z"},
		{"the night in which summer time begins is an hour shorter", Notices{Digest: DigestOnce, Quiet: night}, "2026-03-28T22:00:00Z", "2026-03-28T22:00:00Z", false, "2026-03-29T05:00:00Z"},
		{"the night in which it ends is an hour longer", Notices{Digest: DigestOnce, Quiet: night}, "2026-10-24T21:00:00Z", "2026-10-24T21:00:00Z", false, "2026-10-25T06:00:00Z"},
		{"a quiet weekend", Notices{Digest: DigestOnce, Quiet: weekend}, "2026-06-06T10:00:00Z", "2026-06-06T10:00:00Z", false, "2026-06-07T22:00:00Z"},
	} {
		got := c.n.When(at(t, c.first), at(t, c.last), c.urgent)
		if want := at(t, c.want); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", c.name, got.UTC(), want)
		}
	}
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNoticesSurviveBeingStored(t *testing.T) {
	sthlm := zone(t, "Europe/Stockholm")
	n := Notices{
		Ways: []string{WayPage, "slack"}, Occasions: []string{OccasionMentioned}, Digest: DigestSilence, SilenceMinutes: 15, Excerpt: true,
		Daily: 8 * 60, Zone: sthlm, Quiet: &Hours{Zone: sthlm, From: 22 * 60, To: 7 * 60, Days: []Day{1}},
	}
	text, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	var got Notices
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(n, got); diff != "" {
		t.Error(diff)
	}
	if !got.Wants("slack") || got.Wants("discord") || got.On([]string{OccasionStarted, OccasionMentioned}) != OccasionMentioned || got.On([]string{OccasionPart}) != "" {
		t.Error("what they want is not what they said")
	}
}

func TestNoticesThatCannotBeAreRefused(t *testing.T) {
	for name, n := range map[string]Notices{
		"no digest":        {},
		"no silence":       {Digest: DigestSilence},
		"a day of silence": {Digest: DigestSilence, SilenceMinutes: MaxSilence + 1},
		"a time of no day": {Digest: DigestDaily, Daily: 24 * 60},
		"a foreign reason": {Digest: DigestOnce, Occasions: []string{"gossip"}},
		"always quiet":     {Digest: DigestOnce, Quiet: &Hours{From: 60, To: 60}},
		"quiet at no time": {Digest: DigestOnce, Quiet: &Hours{From: -1, To: 60}},
	} {
		if err := n.Validate(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	good := Notices{Digest: DigestOnce, Occasions: Occasions(), Quiet: &Hours{From: 22 * 60, To: 7 * 60}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

package bridgetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/sidebridge/sidebridge/bridge"
)

func (s *scenario) compare(what, want string, got []string) {
	s.t.Helper()
	want = strings.TrimSpace(want)
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(strings.Join(got, "\n"), "\n")); diff != "" {
		s.t.Errorf("%s:%d: %s (-want +got):\n%s", s.path, s.line, what, diff)
	}
}

// wantChannel compares all that people see in a channel: the roots, and under
// each its thread.
func (s *scenario) wantChannel(a []string, block string) {
	rest(settleTime)
	c := s.channel(a[0])
	var got []string
	for _, root := range c.Roots(a[0]) {
		for i, p := range c.Thread(a[0], root.Ref) {
			line := p.line()
			if i > 0 {
				line = "  " + line
			}
			got = append(got, line)
		}
	}
	s.compare(a[0], block, got)
	s.sameFiles(c)
}

func (p *Post) line() string {
	line := p.Body
	if !p.Ours {
		line = p.Name + ": " + line
	}
	for _, f := range p.Files {
		line += " + " + f.Name
	}
	for _, emoji := range slices.Sorted(maps.Keys(p.Reactions)) {
		for _, who := range p.Reactions[emoji] {
			line += " {" + emoji + " " + who.ID + "}"
		}
	}
	return strings.TrimSpace(line)
}

// sameFiles checks that files are there byte for byte.
func (s *scenario) sameFiles(c *Chat) {
	for _, p := range c.Posts() {
		for _, f := range p.Files {
			if string(f.Data) != string(s.files[f.Name]) {
				s.t.Errorf("%s:%d: %s has other bytes in %s", s.path, s.line, f.Name, p.Channel)
			}
		}
	}
}

// wantRecord compares what the record has of the conversation now.
func (s *scenario) wantRecord(_ []string, block string) {
	rest(settleTime)
	var got []string
	for _, m := range s.w.Memory.Said(s.conversation) {
		line := m.Name + ": " + m.Body
		if m.Deleted {
			line = m.Name + " deleted this"
		} else if m.Edited {
			line += " (edited)"
		}
		for _, f := range m.Files {
			line += " + " + f.State
		}
		for _, r := range m.Reactions {
			line += " {" + r + "}"
		}
		got = append(got, line)
	}
	s.compare("record", block, got)
}

// wantAudit compares the entries of the log whose kinds begin with one of the
// given words, all when none are given.
func (s *scenario) wantAudit(a []string, block string) {
	rest(settleTime)
	words := strings.Fields(strings.ReplaceAll(a[0], ",", " "))
	var got []string
	for _, e := range s.w.Memory.Entries(s.conversation.Ticket) {
		if !wanted(e, words) {
			continue
		}
		line := string(e.Kind) + " by " + e.Words.Name
		if e.Facts.Reason != "" {
			line += ": " + e.Facts.Reason
		}
		got = append(got, line)
	}
	s.compare("audit trail", block, got)
}

func wanted(e *bridge.Entry, words []string) bool {
	for _, w := range words {
		if strings.HasPrefix(string(e.Kind), w) {
			return true
		}
	}
	return len(words) == 0
}

func (s *scenario) wantParked(a []string, _ string) {
	rest(settleTime)
	s.behind = true
	place := s.channel(a[0]).Place(a[0])
	for _, m := range s.w.Memory.Mirrors() {
		if m.Place == place && m.Parked == a[1] && m.Remedy != "" {
			return
		}
	}
	s.fail("no mirror in %s is parked as %s with a remedy", a[0], a[1])
}

func (s *scenario) wantNotParked(_ []string, _ string) {
	rest(settleTime)
	s.behind = false
	for _, m := range s.w.Memory.Mirrors() {
		if m.Parked != "" || m.Remedy != "" {
			s.fail("mirror %s is parked: %s", m.ID, m.Parked)
		}
	}
	if reason, _, _ := s.w.Memory.Blocked(context.Background(), s.w.Chats[0].name, "W1"); reason != "" {
		s.fail("the workspace is blocked: %s", reason)
	}
}

func (s *scenario) wantBlocked(a []string, _ string) {
	rest(settleTime)
	reason, remedy, err := s.w.Memory.Blocked(context.Background(), s.w.Chats[0].name, "W1")
	if reason != a[0] || remedy == "" || err != nil {
		s.fail("blocked: %q with remedy %q (%v)", reason, remedy, err)
	}
}

// wantAtMost bounds how often a step was passed since the daemon was first started.
func (s *scenario) wantAtMost(a []string, _ string) {
	most, _ := strconv.Atoi(a[0])
	n := 0
	for _, p := range s.w.Faults.Passed() {
		if p == a[1] || strings.HasPrefix(p, a[1]+" ") {
			n++
		}
	}
	if n > most {
		s.fail("%q was passed %d times", a[1], n)
	}
}

func (s *scenario) wantBehind(a []string, _ string) {
	rest(settleTime)
	place := s.channel(a[0]).Place(a[0])
	for _, m := range s.w.Memory.Mirrors() {
		if m.Place == place && m.Behind() {
			return
		}
	}
	s.fail("nothing in %s is behind", a[0])
}

func (s *scenario) wantCrashed(_ []string, _ string) {
	rest(settleTime)
	if !s.d.Crashed() {
		s.fail("the daemon lives: %s", fmt.Sprint(s.w.Faults.Passed()))
	}
}

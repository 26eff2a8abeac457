package slacksim

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A ts is seconds, a dot and six digits. Messages are kept by ts as text and
// sorted by the same number in microseconds.

func formatTS(micros int64) string {
	return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6)
}

// parseTS reads a message's ts; it must have the whole form.
func parseTS(ts string) (micros int64, ok bool) {
	seconds, fraction, found := strings.Cut(ts, ".")
	if !found || len(fraction) != 6 || len(seconds) == 0 || len(seconds) > 11 {
		return 0, false
	}
	high, err1 := strconv.ParseUint(seconds, 10, 63)
	low, err2 := strconv.ParseUint(fraction, 10, 63)
	if err1 != nil || err2 != nil {
		return 0, false
	}
	return int64(high)*1e6 + int64(low), true
}

var boundPattern = regexp.MustCompile(`^(\d{1,11})(?:\.(\d{1,6}))?$`)

// parseBound reads oldest or latest, which may also be plain seconds.
func parseBound(text string) (micros int64, ok bool) {
	parts := boundPattern.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	seconds, _ := strconv.ParseInt(parts[1], 10, 64)
	fraction, _ := strconv.ParseInt((parts[2] + "000000")[:6], 10, 64)
	return seconds*1e6 + fraction, true
}

func (s *Sim) now() time.Time { return s.opts.Now() }

// nextTS returns the channel's next ts: the clock, or one microsecond after the
// last when the clock has not moved or went back. The caller holds mu.
func (s *Sim) nextTS(ch *channel) string {
	micros := s.now().UnixMicro()
	if micros <= ch.lastMicros {
		micros = ch.lastMicros + 1
	}
	ch.lastMicros = micros
	return formatTS(micros)
}

// eventTS returns a ts for events that belong to no channel. The caller holds mu.
func (s *Sim) eventTS() string {
	micros := s.now().UnixMicro()
	if micros <= s.lastMicros {
		micros = s.lastMicros + 1
	}
	s.lastMicros = micros
	return formatTS(micros)
}

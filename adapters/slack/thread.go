package slack

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sidebridge/sidebridge/bridge"
)

// threadTS is the ts of a thread's parent. Its zero value names no thread, and
// nothing can be posted with it: a post with an empty thread_ts is a message in
// the channel, where everybody reads it.
type threadTS struct{ ts string }

// newThreadTS returns the thread whose parent has the ts.
func newThreadTS(ts string) (threadTS, error) {
	if !validTS(ts) {
		return threadTS{}, fmt.Errorf("thread %q: %w: want the parent's ts", ts, bridge.ErrInvalid)
	}
	return threadTS{ts}, nil
}

// threadOf returns the thread that a message with these two fields is in. A
// parent with replies has thread_ts == ts, one without has none, so in both
// cases the message's own ts names the thread it has or may get.
func threadOf(ts, thread string) string {
	if thread == "" || thread == ts {
		return ts
	}
	return thread
}

// isReply reports whether a message with these two fields hangs under another one.
func isReply(ts, thread string) bool { return thread != "" && thread != ts }

// validTS reports whether ts has the form of Slack's message ids,
// "1503435956.000247". https://docs.slack.dev/messaging/retrieving-messages
func validTS(ts string) bool {
	sec, frac, ok := strings.Cut(ts, ".")
	return ok && len(frac) == 6 && len(sec) > 0 && len(sec) <= 12 && digits(sec) && digits(frac)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// tsMicros returns the microseconds in a ts, or zero. A float64 has too few
// digits for it.
func tsMicros(ts string) int64 {
	if !validTS(ts) {
		return 0
	}
	sec, frac, _ := strings.Cut(ts, ".")
	s, _ := strconv.ParseInt(sec, 10, 64)
	f, _ := strconv.ParseInt(frac, 10, 64)
	return s*1_000_000 + f
}

// microsTS is the inverse of tsMicros.
func microsTS(us int64) string {
	if us < 0 {
		us = 0
	}
	return fmt.Sprintf("%d.%06d", us/1_000_000, us%1_000_000)
}

// laterTS reports whether a is after b: they are decimal numbers of equal form.
func laterTS(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b
}

package discord

import (
	"strconv"
	"time"
)

// epoch is the first second of 2015, from which Discord's ids count milliseconds.
// https://docs.discord.com/developers/reference#snowflakes
const epoch = 1420070400000

// idMicros returns when the thing with an id was made, in microseconds since 1970,
// by Discord's clock; zero when it is no id.
func idMicros(id string) int64 {
	if !validID(id) {
		return 0
	}
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return 0
	}
	return (int64(n>>22) + epoch) * 1000
}

// idAt returns the smallest id that something made at a time can have. It is valid
// where a listing asks for messages before or after one.
func idAt(t time.Time) string {
	ms := t.UnixMilli() - epoch
	if ms < 1 {
		ms = 1
	}
	return strconv.FormatUint(uint64(ms)<<22, 10)
}

// beforeID returns the id that comes just before another one.
func beforeID(id string) string {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil || n == 0 {
		return "0"
	}
	return strconv.FormatUint(n-1, 10)
}

// laterID reports whether a is after b. Ids are decimal numbers without leading zeros.
func laterID(a, b string) bool {
	if len(a) != len(b) {
		return len(a) > len(b)
	}
	return a > b
}

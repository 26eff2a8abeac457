package chat

import (
	"cmp"
	"errors"

	"github.com/sidebridge/sidebridge/bridge"
)

// Certain returns the failure of a call that only looked, or prepared: whatever became of
// it, nothing was posted.
func Certain(err error) error {
	var e *bridge.SurfaceError
	if !errors.As(err, &e) || !e.Uncertain {
		return err
	}
	sure := *e
	sure.Uncertain = false
	return &sure
}

// Remedied says of an error whose code has one of the remedies that this account cannot
// be told anything, and what to do. Nothing else is amiss then with the workspace.
func Remedied(err error, remedies map[string]string) error {
	var e *bridge.SurfaceError
	if !errors.As(err, &e) || remedies[e.Code] == "" {
		return err
	}
	return &bridge.SurfaceError{Class: bridge.Rejected, Code: e.Code, Remedy: remedies[e.Code], Err: e.Err}
}

// ErrUnknownCode is what a failure wraps whose code the platform does not document.
var ErrUnknownCode = errors.New("an error code that is not documented")

// MaxUnknown is how many attempts an unknown code gets before it counts as a refusal
// for good: otherwise one message could stop its thread for ever.
const MaxUnknown = 8

// GivenUp returns a failed delivery's error, as a rejection when the platform has refused
// it again and again with a code that nobody knows.
func GivenUp(at bridge.Attempt, err error) error {
	var e *bridge.SurfaceError
	if !errors.Is(err, ErrUnknownCode) || at.Mirror.Attempts < MaxUnknown || !errors.As(err, &e) {
		return err
	}
	rejected := *e
	rejected.Class = bridge.Rejected
	return &rejected
}

// RemedyOf returns what to do about what a check of a platform found, whose page about
// its own troubles is status.
func RemedyOf(platform, status string, err error) string {
	if remedy, yes := Unreachable(platform, err); yes {
		return remedy
	}
	var e *bridge.SurfaceError
	if !errors.As(err, &e) {
		return err.Error()
	}
	return cmp.Or(e.Remedy, platform+" answered "+cmp.Or(e.Code, e.Error())+". Try again; if it stays, look at "+status+".")
}

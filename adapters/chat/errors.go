package chat

import (
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

package bridge

import (
	"errors"
	"fmt"
	"time"
)

// What went wrong with a request of ours. adapters/web has the one table that
// maps these to HTTP statuses.
var (
	// ErrNotFound: there is no such ticket, conversation, message or mirror.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the thing is not in the state that the request needs.
	ErrConflict = errors.New("conflict")
	// ErrUnconfirmed: it can be done once somebody has confirmed it, knowing what the text says.
	ErrUnconfirmed = errors.New("not confirmed")
	// ErrForbidden: the actor may not do this.
	ErrForbidden = errors.New("not allowed")
	// ErrInvalid: the request itself is wrong; its text says what to do.
	ErrInvalid = errors.New("invalid")
	// ErrDesk: the desk that owns the ticket did not do it, which says nothing of the log.
	ErrDesk = errors.New("the desk did not do it")
	// ErrFenced: another daemon holds the lease now, so this one must stop sending.
	ErrFenced = errors.New("lease lost to another daemon")
)

// Class says what an outward call's failure means for the delivery. Adapters
// classify, and only the schedule decides.
type Class int

// The classes of failure.
const (
	// Transient: try again later.
	Transient Class = iota
	// RateLimited: try again not before After has passed.
	RateLimited
	// Rejected: this entry can never be shown there; a note takes its place.
	Rejected
	// Gone: the thread or channel is lost; the mirror is parked.
	Gone
	// Unauthorized: the token or a scope is lost; every mirror of the workspace is parked.
	Unauthorized
)

// String returns the class as metrics and pages name it.
func (c Class) String() string {
	switch c {
	case RateLimited:
		return "rate-limited"
	case Rejected:
		return "rejected"
	case Gone:
		return "gone"
	case Unauthorized:
		return "unauthorized"
	default:
		return "transient"
	}
}

// SurfaceError is how an adapter reports a failed call.
type SurfaceError struct {
	Class Class
	// Uncertain: the call may have taken effect although it failed.
	Uncertain bool
	// After is how long the platform asked us to wait; zero when it did not.
	After time.Duration
	// Code is the platform's own word, such as "is_archived".
	Code string
	// Remedy tells an admin exactly what to do; empty when time alone heals it.
	Remedy string
	Err    error
}

// Error returns the code and the cause, never a body, token or address.
func (e *SurfaceError) Error() string {
	text := e.Class.String()
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if e.Err != nil {
		text = fmt.Sprintf("%s: %v", text, e.Err)
	}
	return text
}

// Unwrap returns the cause.
func (e *SurfaceError) Unwrap() error { return e.Err }

// AsSurfaceError returns err as a SurfaceError. What an adapter did not classify
// may have taken effect, so it counts as transient and uncertain.
func AsSurfaceError(err error) *SurfaceError {
	var se *SurfaceError
	if errors.As(err, &se) {
		return se
	}
	return &SurfaceError{Class: Transient, Uncertain: true, Err: err}
}

func ignoreNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

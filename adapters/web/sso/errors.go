package sso

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Reason is why a sign-in failed, in a word.
type Reason string

// The reasons of an Error.
const (
	Unreachable Reason = "unreachable" // the provider does not answer, or not properly
	Refused     Reason = "refused"     // the provider, or the person, did not want to
	Stale       Reason = "stale"       // not begun in this browser, used already, or too slow
	Clock       Reason = "clock"       // the clocks are too far apart
	Setup       Reason = "setup"       // the provider and the configuration disagree
	Untrusted   Reason = "untrusted"   // the answer does not prove what it must
)

// Error is a sign-in that failed. Text and Remedy are for people, the one who signs in
// and the admin; the cause is for the log.
type Error struct {
	Reason       Reason
	Text, Remedy string
	Err          error
}

// Error returns the cause. It has no token, code or secret.
func (e *Error) Error() string {
	return fmt.Sprintf("sign-in by OpenID Connect (%s): %v", e.Reason, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// longest is how much of an error's text is kept.
const longest = 300

const again = "Sign in again from the beginning."

func unreachable(err error) error {
	if text := err.Error(); len(text) > longest {
		err = errors.New(text[:longest]) // it may have a whole page in it
	}
	return &Error{
		Unreachable, "The provider does not answer as it should.",
		"Try again in a minute. If it lasts, an admin can see why in the log.", err,
	}
}

func stale(err error) error {
	return &Error{Stale, "This sign-in was not begun in this browser, was finished already, or took too long.", again, err}
}

func clock(err error) error {
	return &Error{
		Clock, "The clocks of this server and of the provider do not agree.",
		"An admin has to set this server's clock, best by NTP; until then nobody can sign in this way.", err,
	}
}

func setup(err error, remedy string) error {
	return &Error{Setup, "The provider and this server are not set up for one another.", remedy, err}
}

func untrusted(err error) error {
	return &Error{Untrusted, "The provider's answer does not prove who you are.", again + " If it happens again, tell an admin.", err}
}

// refusedBy is what the provider said instead of a code. Its own words are not shown:
// whoever makes somebody follow a link could choose them.
// https://openid.net/specs/openid-connect-core-1_0.html#AuthError
func refusedBy(code string) error {
	err := fmt.Errorf("the provider answered %q", code)
	switch code {
	case "access_denied":
		return &Error{
			Refused, "The provider did not let you in, or you did not agree there.",
			"Try again, or ask whoever runs the provider whether you may use Sidebridge.", err,
		}
	case "server_error", "temporarily_unavailable":
		return unreachable(err)
	case "login_required", "interaction_required", "account_selection_required", "consent_required":
		return &Error{Refused, "The provider wanted to ask you something first.", again, err}
	default:
		return setup(err, "An admin has to compare oidc.client_id, oidc.scopes and the redirect address with what the provider has registered.")
	}
}

func discoveryFailed(err error) error {
	var mismatch *oidc.IssuerMismatchError
	if errors.As(err, &mismatch) {
		return setup(err, fmt.Sprintf("An admin has to set oidc.issuer to %q, as the provider calls itself.", mismatch.Discovered))
	}
	var outside *outsideError
	if errors.As(err, &outside) {
		return setup(err, "The provider names an address without https, which is not used.")
	}
	return unreachable(err)
}

func exchangeFailed(err error) error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		return unreachable(errors.New(withoutAddress(err)))
	}
	status := 0
	if answer.Response != nil {
		status = answer.Response.StatusCode
	}
	// The body may repeat what we sent: the log gets the code alone.
	cause := fmt.Errorf("the token endpoint answered %d %q", status, answer.ErrorCode)
	switch {
	case answer.ErrorCode == "invalid_grant":
		return stale(cause)
	case answer.ErrorCode == "invalid_client" || answer.ErrorCode == "unauthorized_client" || status == http.StatusUnauthorized:
		return setup(cause, "An admin has to set oidc.client_id and oidc.client_secret to what the provider has.")
	case answer.ErrorCode == "" || status >= http.StatusInternalServerError:
		return unreachable(cause)
	default:
		return setup(cause, "An admin finds the provider's answer in the log.")
	}
}

// verifyFailed tells keys that could not be fetched from a token that is wrong.
func verifyFailed(err error) error {
	if isNetwork(err) {
		return unreachable(err)
	}
	return untrusted(err)
}

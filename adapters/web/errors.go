package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sidebridge/sidebridge/bridge"
)

// What can be wrong with a request beside what the bridge knows.
var (
	errTooLarge    = errors.New("too large")
	errTooMany     = errors.New("too many attempts")
	errNoToken     = errors.New("no valid token")
	errCrossOrigin = errors.New("the request came from another site")
)

// statuses is the one table from what went wrong to an HTTP status, and to the
// word that the API uses for it.
func statuses() []struct {
	err    error
	status int
	code   string
} {
	return []struct {
		err    error
		status int
		code   string
	}{
		{bridge.ErrNotFound, http.StatusNotFound, "not_found"},
		{bridge.ErrUnconfirmed, http.StatusConflict, "unconfirmed"},
		{bridge.ErrConflict, http.StatusConflict, "conflict"},
		{bridge.ErrForbidden, http.StatusForbidden, "forbidden"},
		{bridge.ErrInvalid, http.StatusUnprocessableEntity, "invalid"},
		{errTooLarge, http.StatusRequestEntityTooLarge, "too_large"},
		{errTooMany, http.StatusTooManyRequests, "too_many_requests"},
		{errNoToken, http.StatusUnauthorized, "unauthorized"},
		{errCrossOrigin, http.StatusForbidden, "cross_origin"},
		{context.Canceled, 499, "canceled"},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "timeout"},
	}
}

// describe returns the status, the API's word and the text for an error. What the
// table does not know is our own fault, and its text is for the log.
func describe(err error) (status int, code, text string) {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		err = errTooLarge
	}
	for _, s := range statuses() {
		if errors.Is(err, s.err) {
			text, _ = strings.CutPrefix(err.Error(), s.err.Error()+": ")
			return s.status, s.code, text
		}
	}
	return http.StatusInternalServerError, "internal", "something went wrong on our side; it is in the log; try again"
}

// classify is describe with a sentence for people.
func classify(err error) (status int, code, text string) {
	status, code, text = describe(err)
	return status, code, sentence(text)
}

// sentence makes a text a sentence.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

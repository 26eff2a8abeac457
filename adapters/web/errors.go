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

// classify returns the status, the API's word and a person's text for an error.
// What the table does not know is our own fault, and its text is for the log.
func classify(err error) (status int, code, text string) {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		err = errTooLarge
	}
	for _, s := range statuses() {
		if errors.Is(err, s.err) {
			return s.status, s.code, sentenceOf(err, s.err)
		}
	}
	return http.StatusInternalServerError, "internal", "Something went wrong on our side. It is in the log; try again."
}

// sentenceOf makes a sentence of an error's text, without the sentinel's own words in front.
func sentenceOf(err, sentinel error) string {
	text := err.Error()
	if rest, ok := strings.CutPrefix(text, sentinel.Error()+": "); ok {
		text = rest
	}
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
)

func TestAProbeThatMustWaitIsAskedAgain(t *testing.T) {
	busy := &bridge.SurfaceError{Class: bridge.RateLimited, Code: "budget", After: time.Millisecond}
	gone := fmt.Errorf("wrapped: %w", &bridge.SurfaceError{Class: bridge.Gone})
	for name, c := range map[string]struct {
		answers []error
		want    error
	}{
		"works after a while": {[]error{busy, busy, nil}, nil},
		"is lost after all":   {[]error{busy, gone}, gone},
		"works at once":       {[]error{nil}, nil},
	} {
		i := -1
		err := web.Patiently(t.Context(), func() error { i++; return c.answers[i] })
		if !errors.Is(err, c.want) || i != len(c.answers)-1 {
			t.Errorf("%s: %v after %d questions", name, err, i+1)
		}
	}
	w := newWorld(t)
	got := w.as("ada@example.org").post("/admin/mapping/test", url.Values{"group": {w.group}})
	if got.status != http.StatusOK {
		t.Errorf("the dry run: %d", got.status)
	}
}

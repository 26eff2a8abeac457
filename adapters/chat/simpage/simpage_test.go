package simpage

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestWaitingEndsWithTheChangeTheContextOrTheSimulator(t *testing.T) {
	var c Changes
	var mu sync.Mutex
	seen := false
	asked := make(chan struct{}, 8)
	cond := func() bool {
		asked <- struct{}{}
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if err := c.WaitFor(t.Context(), nil, cond); err != nil {
			t.Errorf("after the change: %v", err)
		}
	})
	<-asked
	mu.Lock()
	seen = true
	mu.Unlock()
	c.Changed()
	waiting.Wait()
	never := func() bool { return false }
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := c.WaitFor(ctx, nil, never); !errors.Is(err, why) {
		t.Errorf("after the context: %v", err)
	}
	ended := make(chan struct{})
	close(ended)
	if err := c.WaitFor(t.Context(), ended, never); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("after the simulator: %v", err)
	}
	if len(c.waiters) != 0 {
		t.Errorf("%d still wait", len(c.waiters))
	}
}

func TestAFaceIsDrawnAndNeverRuns(t *testing.T) {
	w := httptest.NewRecorder()
	Face(w, `<script> alert "x"`, `"/><script>`)
	if s := w.Body.String(); strings.Contains(s, "<script") || !strings.Contains(s, ">A</text>") || !strings.Contains(s, "stroke=") {
		t.Errorf("drawn as %s", s)
	}
	if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "sandbox") {
		t.Errorf("policy %q", got)
	}
	for name, want := range map[string]string{"Alice van Berg": "AV", "": "?", "17": "?", "ærø": "Æ"} {
		if got := initials(name); got != want {
			t.Errorf("%q has the initials %q, want %q", name, got, want)
		}
	}
}

func TestAPageIsSentWholeOrNotAtAll(t *testing.T) {
	page := template.Must(template.New("page").Parse(`<p>{{.Name}}</p>`))
	w := httptest.NewRecorder()
	Send(w, page, struct{ Name string }{"<Anna>"})
	if w.Body.String() != "<p>&lt;Anna&gt;</p>" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%s with %v", w.Body, w.Header())
	}
	w = httptest.NewRecorder()
	Send(w, page, struct{}{})
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "<p>") {
		t.Errorf("half a page: %d %s", w.Code, w.Body)
	}
	for n, want := range map[int]string{0: "0 B", 1023: "1023 B", 1536: "1.5 kB", 3 << 20: "3.0 MB"} {
		if got := Size(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

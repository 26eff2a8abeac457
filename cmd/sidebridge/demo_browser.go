package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// browser uses the pages as a browser without scripts does.
type browser struct {
	base string
	http *http.Client
}

func newBrowser(base string) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &browser{base: base, http: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// do makes a request and returns the answer's header and body. want is the status
// that it must have.
func (b *browser) do(ctx context.Context, method, path, kind string, body io.Reader, want int) (http.Header, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, b.base+path, body)
	if err != nil {
		return nil, "", err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return nil, "", err
	}
	text, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, "", wrapf(err, "read the answer to %s %s", method, path)
	}
	if resp.StatusCode != want {
		return nil, "", &statusError{method, path, resp.StatusCode, string(text)}
	}
	return resp.Header, string(text), nil
}

// statusError is an answer with another status than it must have.
type statusError struct {
	method, path string
	status       int
	body         string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s %s answered %d: %s", e.method, e.path, e.status, oneLine(pageText(e.body)))
}

// get reads a page.
func (b *browser) get(ctx context.Context, path string) (string, error) {
	_, body, err := b.do(ctx, http.MethodGet, path, "", nil, http.StatusOK)
	return body, err
}

// post sends a form and returns the seq that the redirect points at, zero when it
// points at none.
func (b *browser) post(ctx context.Context, path string, form url.Values) (int64, error) {
	h, _, err := b.do(ctx, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), http.StatusSeeOther)
	if err != nil {
		return 0, err
	}
	return anchorOf(h.Get("Location")), nil
}

// upload sends a form with a file.
func (b *browser) upload(ctx context.Context, path string, form map[string]string, name string, data []byte) (int64, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, v := range form {
		if err := w.WriteField(k, v); err != nil {
			return 0, err
		}
	}
	part, err := w.CreateFormFile("files", name)
	if err != nil {
		return 0, err
	}
	if _, err := part.Write(data); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return 0, err
	}
	h, _, err := b.do(ctx, http.MethodPost, path, w.FormDataContentType(), &body, http.StatusSeeOther)
	if err != nil {
		return 0, err
	}
	return anchorOf(h.Get("Location")), nil
}

// anchorOf reads the seq of "/tickets/1#m34" or "#c30".
func anchorOf(location string) int64 {
	_, anchor, _ := strings.Cut(location, "#")
	seq, err := strconv.ParseInt(strings.TrimLeft(anchor, "mc"), 10, 64)
	if err != nil {
		return 0
	}
	return seq
}

// messageOf finds the message that has some words in a page, by its seq.
func messageOf(page, words string) (int64, error) {
	id := regexp.MustCompile(`id="m(\d+)"`)
	for _, article := range strings.Split(page, "<article ")[1:] {
		article, _, _ = strings.Cut(article, "</article>")
		if m := id.FindStringSubmatch(article); m != nil && strings.Contains(pageText(article), words) {
			return strconv.ParseInt(m[1], 10, 64)
		}
	}
	return 0, fmt.Errorf("no message on the page has the words %q", words)
}

// pageLines are the messages of a conversation as a ticket page shows them.
func pageLines(page string, conversation int64) (lines []line) {
	_, page, _ = strings.Cut(page, fmt.Sprintf(`<section class="talk" id="c%d"`, conversation))
	page, _, _ = strings.Cut(page, "</section>")
	who := regexp.MustCompile(`(?s)class="who">(.*?)<`)
	body := regexp.MustCompile(`(?s)<div class="body">(.*?)</div>`)
	for _, article := range strings.Split(page, "<article ")[1:] {
		l := line{}
		if m := who.FindStringSubmatch(article); m != nil {
			l.name = pageText(m[1])
		}
		if m := body.FindStringSubmatch(article); m != nil {
			l.text = pageText(m[1])
		}
		lines = append(lines, l)
	}
	return lines
}

// pageText is a page's text without its tags.
func pageText(page string) string {
	text := regexp.MustCompile(`(?s)<[^>]*>`).ReplaceAllString(page, " ")
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

// stream is an open ticket page that follows its ticket, and comes back to it after
// the connection was lost, as browsers do.
type stream struct {
	b      *browser
	path   string
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	text   strings.Builder // all data so far, with characters for their HTML names
	last   string          // the last event's id
	opened int             // connections
	wake   chan struct{}   // closed at every change
}

// reconnectAfter is how long a page waits before it connects again.
const reconnectAfter = 50 * time.Millisecond

// openStream opens a ticket's stream from an entry on.
func openStream(ctx context.Context, b *browser, ticket, after int64) *stream {
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{b: b, path: fmt.Sprintf("/tickets/%d/stream", ticket), cancel: cancel, wake: make(chan struct{}), last: strconv.FormatInt(after, 10)}
	s.wg.Go(func() {
		for ctx.Err() == nil {
			_ = s.read(ctx) // the daemon may be down: that is the point
			select {
			case <-ctx.Done():
			case <-time.After(reconnectAfter):
			}
		}
	})
	return s
}

func (s *stream) close() {
	s.cancel()
	s.wg.Wait()
}

func (s *stream) read(ctx context.Context) error {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.b.base+s.path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Last-Event-ID", last)
	resp, err := s.b.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the stream answered %d", resp.StatusCode)
	}
	s.change(func() { s.opened++ })
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			s.change(func() { s.text.WriteString(html.UnescapeString(data) + "\n") })
		} else if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			s.change(func() { s.last = id })
		}
	}
	return lines.Err()
}

func (s *stream) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.wake)
	s.wake = make(chan struct{})
}

// mark returns how much came so far, to wait for something after it.
func (s *stream) mark() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Len()
}

// wait waits until words came after a mark.
func (s *stream) wait(ctx context.Context, mark int, words string) error {
	return s.until(ctx, fmt.Sprintf("the open page shows %q", words), func() bool { return strings.Contains(s.text.String()[mark:], words) })
}

// connected waits until the stream was opened at least n times.
func (s *stream) connected(ctx context.Context, n int) error {
	return s.until(ctx, "the open page is connected", func() bool { return s.opened >= n })
}

func (s *stream) until(ctx context.Context, what string, ok func() bool) error {
	for {
		s.mu.Lock()
		done, wake := ok(), s.wake
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, context.Cause(ctx))
		}
	}
}

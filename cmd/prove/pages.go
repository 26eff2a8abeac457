package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sidebridge/sidebridge/adapters/web"
	"github.com/sidebridge/sidebridge/bridge"
	"github.com/sidebridge/sidebridge/store"
)

// pagesCmd measures the ticket view itself: how long a busy ticket takes to the last
// byte, and how soon one message is on many open pages of it.
type pagesCmd struct {
	Open          int `default:"2000" help:"Pages that are open on one ticket."`
	Messages      int `default:"20" help:"Messages whose way to all open pages is measured."`
	Samples       int `default:"100" help:"Times that the ticket's page is read."`
	Conversations int `default:"5" help:"Conversations of the ticket whose page is read."`
	Each          int `default:"200" help:"Messages of each of them."`
}

// firstPaint is the most time that the page of a busy ticket may take.
const firstPaint = 200 * time.Millisecond

// Run prints one "name value" a line for a page, and a line for the open pages.
func (c *pagesCmd) Run(ctx context.Context) error {
	var missed error
	for _, driver := range []string{"postgres", "sqlite"} {
		if err := c.on(ctx, driver); errors.Is(err, errMissed) {
			missed = err
		} else if err != nil {
			return fmt.Errorf("%s: pages: %w", driver, err)
		}
	}
	return missed
}

func (c *pagesCmd) on(ctx context.Context, driver string) (err error) {
	w, err := newPagesWorld(ctx, driver)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	ticket, err := w.busyTicket(ctx, c.Conversations, c.Each)
	if err != nil {
		return err
	}
	var took []float64
	var size int64
	for range c.Samples {
		start := time.Now()
		if size, err = w.read(ctx, fmt.Sprintf("/tickets/%d", ticket)); err != nil {
			return err
		}
		took = append(took, time.Since(start).Seconds())
	}
	median := quantile(took, 0.5)
	fmt.Printf("page_p50_ms_%s %.1f\n", driver, median*1000)
	fmt.Printf("page_p99_ms_%s %.1f\n", driver, quantile(took, 0.99)*1000)
	fmt.Printf("page_kilobytes_%s %d\n", driver, size/1024)
	return errors.Join(c.reach(ctx, w, driver), missedIf(driver == "sqlite" && median > firstPaint.Seconds()))
}

func missedIf(yes bool) error {
	if yes {
		return errMissed
	}
	return nil
}

// reach opens the pages and says how long a message takes to each of them.
func (c *pagesCmd) reach(ctx context.Context, w *pagesWorld, driver string) error {
	d := &dialogue{s: w.store, place: bridge.Place{Surface: "slack", Workspace: benchTeam, Channel: "CPAGES"}}
	if err := d.start(ctx, "What everybody looks at"); err != nil {
		return err
	}
	before := heap()
	crowd, err := w.crowd(ctx, d.conv.Ticket, c.Open)
	if err != nil {
		return err
	}
	defer crowd.close()
	each := int64(heap()-before) / int64(c.Open) / 1024
	var ways []float64
	reached := c.Open
	for i := range c.Messages {
		marker := fmt.Sprintf("marker%dx", i)
		start := time.Now()
		if _, err := d.s.Append(ctx, d.inbound(bridge.InPost, d.next(), "", marker+" is my answer")); err != nil {
			return err
		}
		got, err := crowd.wait(ctx, marker, start)
		if err != nil {
			return err
		}
		ways, reached = append(ways, got...), min(reached, len(got))
	}
	fmt.Printf("%s pages_open=%d reached=%d p50_ms=%.0f p99_ms=%.0f kb_per_page=%d\n",
		driver, c.Open, reached, quantile(ways, 0.5)*1000, quantile(ways, 0.99)*1000, each)
	return missedIf(reached < c.Open)
}

// heap returns the bytes in use after a collection, server and readers together.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// pagesWorld is the ticket view over HTTP, with an agent who has signed in.
type pagesWorld struct {
	store   *store.Store
	drop    func() error
	web     *web.Server
	server  *http.Server
	base    string
	client  *http.Client
	running errgroup.Group
}

func newPagesWorld(ctx context.Context, driver string) (w *pagesWorld, err error) {
	w = &pagesWorld{}
	dsn, drop, err := freshDatabase(driver, true)
	if err != nil {
		return nil, err
	}
	w.drop = drop
	if w.store, err = openStore(ctx, driver, dsn, store.Options{}); err != nil {
		return nil, errors.Join(err, drop())
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w.base = "http://" + ln.Addr().String()
	w.web, err = web.New(web.Options{
		Log: w.store, Store: w.store, Sessions: w.store.Sessions(), Bell: w.store.Bell(), PublicURL: w.base,
	})
	if err != nil {
		return nil, err
	}
	w.server = &http.Server{Handler: w.web.Handler(), ReadHeaderTimeout: 10 * time.Second}
	w.running.Go(func() error {
		_ = w.server.Serve(ln) // it ends with Close
		return nil
	})
	return w, w.signIn(ctx)
}

func (w *pagesWorld) signIn(ctx context.Context) error {
	hash, err := web.HashPassword(killPassword)
	if err != nil {
		return err
	}
	_, err = w.store.CreatePerson(ctx, bridge.Known{
		Name: "Alice Agent", Role: bridge.RoleAgent, Account: bridge.Account{Surface: bridge.SurfaceWeb, ID: killEmail},
	}, hash)
	if err != nil {
		return err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	w.client = &http.Client{
		Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 4},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	form := url.Values{"email": {killEmail}, "password": {killPassword}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", w.base)
	resp, err := w.client.Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusSeeOther {
		err = fmt.Errorf("sign-in was answered %d", resp.StatusCode)
	}
	return errors.Join(err, resp.Body.Close())
}

func (w *pagesWorld) close() error {
	w.web.Close()
	return errors.Join(w.server.Close(), w.running.Wait(), w.store.Close(), w.drop())
}

// busyTicket makes a ticket with conversations in threads of their own.
func (w *pagesWorld) busyTicket(ctx context.Context, conversations, each int) (int64, error) {
	first := &dialogue{s: w.store, place: bridge.Place{Surface: "slack", Workspace: benchTeam, Channel: "C0"}}
	if err := first.start(ctx, "Question"); err != nil {
		return 0, err
	}
	for i := range conversations {
		d := first
		if i > 0 {
			d = &dialogue{s: w.store, place: bridge.Place{Surface: "slack", Workspace: benchTeam, Channel: fmt.Sprint("C", i)}}
			if err := d.begin(ctx, first.conv.Ticket, "Question"); err != nil {
				return 0, err
			}
		}
		for n := range each - 1 {
			body := fmt.Sprintf("The *%d*th answer: that was a known error, see `invoice-%d` and <https://example.com/%d>.", n, n, n)
			if _, err := d.append(ctx, d.inbound(bridge.InPost, d.next(), "", body)); err != nil {
				return 0, err
			}
		}
	}
	return first.conv.Ticket, nil
}

// read reads a page to its last byte and returns how many came.
func (w *pagesWorld) read(ctx context.Context, path string) (int64, error) {
	resp, err := w.get(ctx, path)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, resp.Body)
	return n, errors.Join(err, resp.Body.Close())
}

func (w *pagesWorld) get(ctx context.Context, path string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := w.client.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.Join(fmt.Errorf("%s was answered %d", path, resp.StatusCode), resp.Body.Close())
	}
	return resp, err
}

// crowd is many open pages of one ticket.
type crowd struct {
	stop    func()
	readers errgroup.Group
	lines   chan sighting
	open    int
}

// sighting is a marker that came up on a page.
type sighting struct {
	marker string
	at     time.Time
}

func (w *pagesWorld) crowd(ctx context.Context, ticket int64, n int) (*crowd, error) {
	ctx, stop := context.WithCancel(ctx)
	c := &crowd{stop: stop, lines: make(chan sighting, n), open: n}
	var opening errgroup.Group
	opening.SetLimit(32)
	for range n {
		opening.Go(func() error {
			resp, err := w.get(ctx, fmt.Sprintf("/tickets/%d/stream?after=0", ticket))
			if err != nil {
				return err
			}
			first := make(chan struct{})
			c.readers.Go(func() error {
				defer resp.Body.Close()
				c.follow(resp.Body, first)
				return nil
			})
			<-first
			return nil
		})
	}
	if err := opening.Wait(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// follow reads a page's stream and closes first when the page has what there was before.
func (c *crowd) follow(r io.Reader, first chan struct{}) {
	opened := false
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 4096), 1<<20)
	for in.Scan() {
		line := in.Text()
		if !opened && strings.HasPrefix(line, "event: update") {
			opened = true
			close(first)
		}
		if at := strings.Index(line, "marker"); at >= 0 {
			marker, _, _ := strings.Cut(line[at:], " ")
			c.lines <- sighting{marker, time.Now()}
		}
	}
	if !opened {
		close(first)
	}
}

// wait returns how long the marker took to each of the pages that it came up on within 30 s.
func (c *crowd) wait(ctx context.Context, marker string, start time.Time) ([]float64, error) {
	var ways []float64
	timeout := time.After(30 * time.Second)
	for len(ways) < c.open {
		select {
		case s := <-c.lines:
			if s.marker == marker {
				ways = append(ways, s.at.Sub(start).Seconds())
			}
		case <-timeout:
			return ways, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return ways, nil
}

func (c *crowd) close() {
	c.stop()
	_ = c.readers.Wait() // readers report nothing
}

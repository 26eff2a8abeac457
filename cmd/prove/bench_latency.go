package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// latency measures the way of an expert's reply from Slack's request to the line
// of the stream that puts it on an open page, in the real daemon, and one bare
// commit on a database of the same kind on the same disk, in turn.
func (c *benchCmd) latency(ctx context.Context, driver string) (err error) {
	dir, err := os.MkdirTemp("", "sidebridge-latency-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary := filepath.Join(dir, "sidebridge")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/sidebridge")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build the daemon: %w", err)
	}
	w, err := newKillWorld(ctx, &killCmd{Keep: dir, http: true}, binary, driver)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.open(ctx, 1); err != nil {
		return err
	}
	commit, drop, err := bareCommits(ctx, driver)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	page, err := w.openPage(ctx, w.talks[0])
	if err != nil {
		return err
	}
	defer page.close()
	var ways, commits []float64
	for i := range c.Samples {
		took, err := commit(ctx)
		if err != nil {
			return fmt.Errorf("bare commit: %w", err)
		}
		way, err := w.toPage(ctx, page, w.talks[0], i)
		if err != nil {
			return err
		}
		commits, ways = append(commits, took.Seconds()), append(ways, way.Seconds())
	}
	one := quantile(commits, 0.5)
	fmt.Printf("latency_p50_commits_%s %.1f\n", driver, quantile(ways, 0.5)/one)
	fmt.Printf("latency_p99_commits_%s %.1f\n", driver, quantile(ways, 0.99)/one)
	fmt.Printf("latency_p50_ms_%s %.2f\n", driver, quantile(ways, 0.5)*1000)
	fmt.Printf("latency_p99_ms_%s %.2f\n", driver, quantile(ways, 0.99)*1000)
	fmt.Printf("bare_commit_p50_ms_%s %.3f\n", driver, one*1000)
	return nil
}

// bareCommits returns a function that makes one durable commit and says how long it took.
func bareCommits(ctx context.Context, driver string) (commit func(context.Context) (time.Duration, error), end func() error, err error) {
	dsn, drop, err := freshDatabase(driver, true)
	if err != nil {
		return nil, nil, err
	}
	if driver == "sqlite" {
		dsn = "file:" + dsn + "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate"
	}
	db, err := sqlx.Open(driver, dsn)
	if err != nil {
		return nil, nil, errors.Join(err, drop())
	}
	db.SetMaxOpenConns(1)
	closeAll := func() error { return errors.Join(db.Close(), drop()) }
	if _, err := db.ExecContext(ctx, "CREATE TABLE one (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)"); err != nil {
		return nil, nil, errors.Join(err, closeAll())
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO one VALUES (1, 0)"); err != nil {
		return nil, nil, errors.Join(err, closeAll())
	}
	return func(ctx context.Context) (time.Duration, error) {
		start := time.Now()
		_, err := db.ExecContext(ctx, "UPDATE one SET n = n + 1 WHERE id = 1")
		return time.Since(start), err
	}, closeAll, nil
}

// openedPage is an agent's page that listens to its ticket's stream.
type openedPage struct {
	lines chan string
	close func()
}

func (w *killWorld) openPage(ctx context.Context, t *talk) (*openedPage, error) {
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/tickets/%d/stream?after=0", w.base, t.id.Ticket), nil)
	if err != nil {
		cancel()
		return nil, err
	}
	client := *w.client
	client.Timeout = 0
	resp, err := client.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	p := &openedPage{lines: make(chan string, 4096)}
	done := make(chan struct{})
	go func() { // close waits for it
		defer close(done)
		defer close(p.lines)
		in := bufio.NewScanner(resp.Body)
		in.Buffer(nil, 16<<20)
		for in.Scan() {
			p.lines <- in.Text()
		}
	}()
	p.close = func() {
		cancel()
		<-done
		resp.Body.Close()
	}
	return p, nil
}

// toPage sends one event and waits for its words on the page's stream.
func (w *killWorld) toPage(ctx context.Context, p *openedPage, t *talk, i int) (time.Duration, error) {
	// Longer than the stream's own gap between two updates, so that one is not waited for.
	pause(ctx, 60*time.Millisecond)
	marker := fmt.Sprintf("latency%dx", i)
	start := time.Now()
	if _, err := t.sides[0].say(t.sides[0], marker+" is my answer"); err != nil {
		return 0, err
	}
	timeout := time.After(10 * time.Second)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				return 0, errors.New("the stream ended")
			}
			if strings.Contains(line, marker) {
				return time.Since(start), nil
			}
		case <-timeout:
			return 0, errors.New("the reply did not come up on the page within 10 s")
		}
	}
}

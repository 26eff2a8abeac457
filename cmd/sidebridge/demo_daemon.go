package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// daemon is a process that serves.
type daemon struct {
	cmd *exec.Cmd
	log *tail
	// ended is closed when the process has; err says how.
	ended chan struct{}
	err   error
	wg    sync.WaitGroup
}

// startDaemon starts a daemon with a configuration file and no variables of ours
// beside env. It ends with ctx.
func startDaemon(ctx context.Context, exe, configFile string, env []string) (*daemon, error) {
	d := &daemon{log: &tail{}, ended: make(chan struct{})}
	d.cmd = exec.CommandContext(ctx, exe, "serve", "--config", configFile)
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "SIDEBRIDGE_") {
			d.cmd.Env = append(d.cmd.Env, pair)
		}
	}
	d.cmd.Env = append(d.cmd.Env, env...)
	d.cmd.Stdout, d.cmd.Stderr = d.log, d.log
	if err := d.cmd.Start(); err != nil {
		return nil, wrapf(err, "start the daemon")
	}
	d.wg.Go(func() {
		d.err = d.cmd.Wait()
		close(d.ended)
	})
	return d, nil
}

// readyEvery is how often a starting daemon is asked whether it is ready.
const readyEvery = 20 * time.Millisecond

// waitReady waits until the daemon answers.
func (d *daemon) waitReady(ctx context.Context, base string) error {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-d.ended:
			return fmt.Errorf("the daemon ended: %w", errors.Join(d.err, errors.New(d.log.String())))
		case <-tick.C:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			continue
		}
		ready := resp.StatusCode == http.StatusOK
		if err := resp.Body.Close(); err == nil && ready {
			return nil
		}
	}
}

// kill ends the process as a power cut would, and waits until it is gone.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill() // it may be gone already
	d.wg.Wait()
}

// stop asks the process to end, and wants it to end well.
func (d *daemon) stop(ctx context.Context) error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return wrapf(err, "stop the daemon")
	}
	select {
	case <-d.ended:
		return wrapf(d.err, "stop the daemon")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// maxTail bounds what is kept of a daemon's log.
const maxTail = 64 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.buf.Len()+len(p) > maxTail {
		t.buf.Next(t.buf.Len() / 2)
	}
	return t.buf.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

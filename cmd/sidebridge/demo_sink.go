package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/sidebridge/sidebridge/adapters/webhook"
)

// sink is the program that carries replies to customers: it takes the webhook's
// requests and checks their signatures.
type sink struct {
	secret   string
	listener net.Listener
	server   *http.Server
	wg       sync.WaitGroup
	arrived  chan struct{}

	mu       sync.Mutex
	got      []sunk
	problems []string
}

// sunk is a reply that arrived.
type sunk struct {
	Ticket int64  `json:"ticket"`
	Body   string `json:"body"`
}

func newSink() (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, wrapf(err, "listen for the webhook")
	}
	s := &sink{secret: rand.Text(), listener: l, arrived: make(chan struct{}, 64)}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.wg.Go(func() {
		if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.problem("the customer's side ended: " + err.Error())
		}
	})
	return s, nil
}

func (s *sink) url() string { return "http://" + s.listener.Addr().String() + "/replies" }

func (s *sink) close() error {
	err := s.server.Close()
	s.wg.Wait()
	return err
}

func (s *sink) serve(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var reply sunk
	want := webhook.Sign([]byte(s.secret), r.Header.Get(webhook.HeaderTimestamp), body)
	switch {
	case err != nil:
		s.problem("a request was broken off: " + err.Error())
	case !hmac.Equal([]byte(want), []byte(r.Header.Get(webhook.HeaderSignature))):
		s.problem("a request's signature is wrong")
	case json.Unmarshal(body, &reply) != nil:
		s.problem("a request is not JSON")
	}
	s.mu.Lock()
	s.got = append(s.got, reply)
	s.mu.Unlock()
	s.arrived <- struct{}{}
}

func (s *sink) problem(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.problems = append(s.problems, what)
}

// count returns how many replies on a ticket arrived.
func (s *sink) count(ticket int64) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, got := range s.got {
		if got.Ticket == ticket {
			n++
		}
	}
	return n
}

// wait waits for a request.
func (s *sink) wait(ctx context.Context) error {
	select {
	case <-s.arrived:
		return nil
	case <-ctx.Done():
		return wrapf(context.Cause(ctx), "wait for the reply to reach the customer's side")
	}
}

// compare says how what arrived differs from the replies that were sent, one a ticket.
func (s *sink) compare(replies map[int64]string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	problems := append([]string(nil), s.problems...)
	for _, got := range s.got {
		if replies[got.Ticket] != got.Body {
			problems = append(problems, fmt.Sprintf("the customer's side got %+v, which nobody sent", got))
		}
	}
	if len(s.got) != len(replies) {
		problems = append(problems, fmt.Sprintf("the customer's side got %d requests for %d replies", len(s.got), len(replies)))
	}
	return problems
}

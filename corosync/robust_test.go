// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corosync_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cfg"
	"github.com/quorate/quorate/corosync/cmap"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/cpg"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/quorum"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/leak"
)

// client is what the clients have in common.
type client interface {
	io.Closer
	Done() <-chan struct{}
	Err() error
}

// service is one of Corosync's, with a call that has an answer.
type service struct {
	name string
	fake corotest.Service
	dial func(ctx context.Context, o qb.Options) (client, func(context.Context) error, error)
}

func services() []service {
	return []service{
		{"cmap", corotest.NewCmap(), func(ctx context.Context, o qb.Options) (client, func(context.Context) error, error) {
			c, err := cmap.Dial(ctx, o)
			return c, func(ctx context.Context) error { return c.Set(ctx, "a.b", cmap.Uint8Value(1)) }, err
		}},
		{"votequorum", corotest.NewVotequorum(1), func(ctx context.Context, o qb.Options) (client, func(context.Context) error, error) {
			c, err := votequorum.Dial(ctx, o)
			return c, func(ctx context.Context) error { return c.Register(ctx, "Qdevice") }, err
		}},
		{"quorum", corotest.NewQuorum(1), func(ctx context.Context, o qb.Options) (client, func(context.Context) error, error) {
			c, err := quorum.Dial(ctx, o)
			return c, func(ctx context.Context) error { _, err := c.Quorate(ctx); return err }, err
		}},
		{"cfg", &corotest.Cfg{}, func(ctx context.Context, o qb.Options) (client, func(context.Context) error, error) {
			c, err := cfg.Dial(ctx, o)
			return c, c.Reload, err
		}},
		{"cpg", corotest.NewCpg(1), func(ctx context.Context, o qb.Options) (client, func(context.Context) error, error) {
			c, err := cpg.Dial(ctx, o)
			return c, func(ctx context.Context) error { _, err := c.Groups(ctx); return err }, err
		}},
	}
}

// eachService runs a test against the fake of each service, over both transports,
// and sees that nothing is left of it.
func eachService(t *testing.T, f func(t *testing.T, s *corotest.Server, svc service)) {
	for name, config := range map[string]corotest.Config{"shared": {}, "socket": {Socket: true}} {
		for _, svc := range services() {
			t.Run(name+"/"+svc.name, func(t *testing.T) {
				before := leak.Goroutines()
				s, err := corotest.Start(config)
				if err != nil {
					t.Fatal(err)
				}
				f(t, s, svc)
				s.Close()
				for end := time.Now().Add(time.Minute); leak.Goroutines() > before; runtime.Gosched() {
					if time.Now().After(end) {
						t.Fatalf("%d goroutines, %d before", leak.Goroutines(), before)
					}
				}
			})
		}
	}
}

// held is a service that answers until hold is closed, and tells of requests after that.
type held struct {
	corotest.Service
	hold <-chan struct{}
	got  chan struct{}
}

func (h *held) Serve(p *corotest.Peer, r *qb.Reader) {
	select {
	case <-h.hold:
		h.got <- struct{}{}
	default:
		h.Service.Serve(p, r)
	}
}

// open dials a service that answers one call and then no more.
func open(t *testing.T, s *corotest.Server, svc service) (c client, call func(context.Context) error, got <-chan struct{}) {
	t.Helper()
	hold, requests := make(chan struct{}), make(chan struct{}, 10)
	s.Handle(svc.name, &held{svc.fake, hold, requests})
	c, call, err := svc.dial(t.Context(), s.Options())
	if err != nil {
		t.Fatal(err)
	}
	if err := call(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(hold)
	return c, call, requests
}

// check compares an error with a code of a service, and what was behind it.
func check(t *testing.T, svc service, err error, code corosync.Code, cause error) {
	t.Helper()
	var e *corosync.Error
	if !errors.As(err, &e) || e.Service != svc.name || e.Code != code || !errors.Is(err, cause) {
		t.Errorf("got %v, want %v and %v", err, code, cause)
	}
}

// TestGivenUp: a context that ends takes an unanswered call and its client along.
func TestGivenUp(t *testing.T) {
	eachService(t, func(t *testing.T, s *corotest.Server, svc service) {
		c, call, got := open(t, s, svc)
		defer c.Close()
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error)
		go func() { result <- call(ctx) }()
		<-got
		cancel()
		check(t, svc, <-result, corosync.ErrInterrupt, context.Canceled)
		<-c.Done()
		check(t, svc, c.Err(), corosync.ErrBadHandle, qb.ErrClosed)
		check(t, svc, call(t.Context()), corosync.ErrBadHandle, qb.ErrClosed)
		check(t, svc, call(ctx), corosync.ErrInterrupt, context.Canceled)
		past, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
		defer cancel()
		_, _, err := svc.dial(past, s.Options())
		check(t, svc, err, corosync.ErrTimeout, context.DeadlineExceeded)
	})
}

// TestClosed: a client that is closed ends an unanswered call.
func TestClosed(t *testing.T) {
	eachService(t, func(t *testing.T, s *corotest.Server, svc service) {
		c, call, got := open(t, s, svc)
		result := make(chan error)
		go func() { result <- call(t.Context()) }()
		<-got
		if err := errors.Join(c.Close(), c.Close()); err != nil {
			t.Error(err)
		}
		check(t, svc, <-result, corosync.ErrBadHandle, qb.ErrClosed)
	})
}

// TestKilled: a daemon that dies ends an unanswered call, and is not found again.
func TestKilled(t *testing.T) {
	eachService(t, func(t *testing.T, s *corotest.Server, svc service) {
		c, call, got := open(t, s, svc)
		defer c.Close()
		result := make(chan error)
		go func() { result <- call(t.Context()) }()
		<-got
		s.Kill()
		check(t, svc, <-result, corosync.ErrLibrary, qb.ErrLost)
		<-c.Done()
		check(t, svc, c.Err(), corosync.ErrLibrary, qb.ErrLost)
		_, _, err := svc.dial(t.Context(), s.Options())
		check(t, svc, err, corosync.ErrLibrary, corosync.ErrLibrary)
	})
}

// TestStalled: a daemon that stands still for a while answers then.
func TestStalled(t *testing.T) {
	eachService(t, func(t *testing.T, s *corotest.Server, svc service) {
		s.Handle(svc.name, svc.fake)
		c, call, err := svc.dial(t.Context(), s.Options())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		result := make(chan error, 1)
		s.Stall(func() {
			go func() { result <- call(t.Context()) }()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			check(t, svc, call(ctx), corosync.ErrInterrupt, context.Canceled) // it was not sent
			if len(result) != 0 {
				t.Error("answered all the same")
			}
		})
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/internal/leak"
)

func TestMain(m *testing.M) { os.Exit(corotest.Main(m)) }

// kinds are the daemons that a client may meet.
var kinds = map[string]corotest.Config{
	"shared64": {}, "shared32": {Layout: qb.Layout32},
	"socket64": {Socket: true}, "socket32": {Socket: true, Layout: qb.Layout32},
}

func eachKind(t *testing.T, f func(t *testing.T, s *corotest.Server)) {
	for name, cfg := range kinds {
		t.Run(name, func(t *testing.T) { f(t, corotest.New(t, cfg)) })
	}
}

// echo answers kind 1 with kind 2 and what was sent; kind 3 has no answer and
// comes back as an event; kind 4 is never answered.
func echo(p *corotest.Peer, r *qb.Reader) {
	body := r.Bytes(qb.RequestHeader, r.Len()-qb.RequestHeader)
	switch r.ID() {
	case 1:
		m := qb.NewAnswer(2, qb.AnswerHeader+len(body), corosync.OK)
		m.Bytes(qb.AnswerHeader, body)
		p.Answer(m)
	case 3:
		m := qb.NewAnswer(3, qb.AnswerHeader+len(body), 0)
		m.Bytes(qb.AnswerHeader, body)
		p.Event(m)
	}
}

func request(id int32, body []byte) qb.Message {
	m := qb.NewMessage(id, qb.RequestHeader+len(body))
	m.Bytes(qb.RequestHeader, body)
	return m
}

func dial(t *testing.T, s *corotest.Server, h qb.Handler) *qb.Conn {
	t.Helper()
	c, err := qb.Dial(t.Context(), "echo", s.Options(), h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestCalls sends messages of all lengths often enough for the rings to wrap.
func TestCalls(t *testing.T) {
	eachKind(t, func(t *testing.T, s *corotest.Server) {
		s.Handle("echo", corotest.Func(echo))
		c := dial(t, s, qb.Handler{})
		body := bytes.Repeat([]byte("0123456789abcdef"), 4096)
		for i := range 400 {
			b := body[i%7 : i%7+(i*i*37)%(c.MaxMessage()-100)]
			r, err := c.Call(t.Context(), "echo", request(1, b), 2)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Bytes(qb.AnswerHeader, r.Len()-qb.AnswerHeader); !bytes.Equal(got, b) {
				t.Fatalf("call %d: %d bytes came back, sent %d", i, len(got), len(b))
			}
		}
		_, err := c.Call(t.Context(), "echo", request(1, make([]byte, c.MaxMessage())), 2)
		if !errors.Is(err, corosync.ErrTooBig) || c.Err() != nil {
			t.Errorf("a message that is too big: %v, connection %v", err, c.Err())
		}
	})
}

// TestEvents takes many events, more than fit into a ring, while calls go on.
func TestEvents(t *testing.T) {
	eachKind(t, func(t *testing.T, s *corotest.Server) {
		s.Handle("echo", corotest.Func(echo))
		const n = 3000
		var got []string
		all := make(chan struct{})
		c := dial(t, s, qb.Handler{Event: func(b []byte, _ <-chan struct{}) error {
			if got = append(got, strings.TrimLeft(string(b[qb.AnswerHeader:]), ".")); len(got) == n {
				close(all)
			}
			return nil
		}})
		for i := range n {
			err := c.Send(t.Context(), "send", request(3, fmt.Appendf(nil, "%s%d", strings.Repeat(".", i%200), i)))
			if errors.Is(err, corosync.ErrTryAgain) {
				t.Fatalf("full after %d", i)
			}
			if err != nil {
				t.Fatal(err)
			}
			if i%100 == 0 {
				if _, err := c.Call(t.Context(), "echo", request(1, []byte("x")), 2); err != nil {
					t.Fatal(err)
				}
			}
		}
		wait(t, all)
		for i, s := range got {
			if s != fmt.Sprint(i) {
				t.Fatalf("event %d is %q", i, s)
			}
		}
	})
}

// TestBlockedHandler: a handler that waits does not keep calls from going on,
// and Close ends it.
func TestBlockedHandler(t *testing.T) {
	eachKind(t, func(t *testing.T, s *corotest.Server) {
		s.Handle("echo", corotest.Func(echo))
		in, end := make(chan struct{}), make(chan struct{})
		c := dial(t, s, qb.Handler{
			Event: func(_ []byte, stop <-chan struct{}) error { close(in); <-stop; return nil },
			End:   func() { close(end) },
		})
		if err := c.Send(t.Context(), "send", request(3, nil)); err != nil {
			t.Fatal(err)
		}
		wait(t, in)
		if _, err := c.Call(t.Context(), "echo", request(1, nil), 2); err != nil {
			t.Error(err)
		}
		c.Close()
		wait(t, end)
	})
}

// TestDeath kills the server while a call waits.
func TestDeath(t *testing.T) {
	eachKind(t, func(t *testing.T, s *corotest.Server) {
		got := make(chan struct{})
		s.Handle("echo", corotest.Func(func(*corotest.Peer, *qb.Reader) { close(got) }))
		c := dial(t, s, qb.Handler{})
		result := make(chan error, 1)
		go func() {
			_, err := c.Call(context.Background(), "wait", request(4, nil), 2)
			result <- err
		}()
		wait(t, got)
		s.Kill()
		wait(t, c.Done())
		if err := <-result; !errors.Is(err, qb.ErrLost) || !errors.Is(err, corosync.ErrLibrary) {
			t.Errorf("call: %v", err)
		}
		if _, err := c.Call(t.Context(), "again", request(4, nil), 2); !errors.Is(err, qb.ErrLost) {
			t.Errorf("next call: %v", err)
		}
		if err := c.Err(); !errors.Is(err, qb.ErrLost) {
			t.Errorf("connection: %v", err)
		}
	})
}

// TestLastAnswer: an answer and an event that were sent before the daemon went are not lost.
func TestLastAnswer(t *testing.T) {
	eachKind(t, func(t *testing.T, s *corotest.Server) {
		s.Handle("echo", corotest.Func(func(p *corotest.Peer, _ *qb.Reader) {
			p.Event(qb.NewAnswer(3, qb.AnswerHeader, 0))
			p.Status(2, corosync.OK)
			p.Hangup()
		}))
		for i := range 100 {
			events, end := 0, make(chan struct{})
			c := dial(t, s, qb.Handler{
				Event: func([]byte, <-chan struct{}) error { events++; return nil },
				End:   func() { close(end) },
			})
			if _, err := c.Call(t.Context(), "last", request(1, nil), 2); err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
			wait(t, end)
			if events != 1 {
				t.Fatalf("call %d: %d events", i, events)
			}
			c.Close()
		}
	})
}

// TestCancel: a call that is given up takes the connection along, one that waits
// for its turn does not.
func TestCancel(t *testing.T) {
	eachKind(t, func(t *testing.T, s *corotest.Server) {
		got := make(chan struct{})
		s.Handle("echo", corotest.Func(func(*corotest.Peer, *qb.Reader) { close(got) }))
		c := dial(t, s, qb.Handler{})
		first, cancelFirst := context.WithCancel(t.Context())
		second, cancelSecond := context.WithCancel(t.Context())
		result := [2]chan error{make(chan error, 1), make(chan error, 1)}
		call := func(ctx context.Context, i int) {
			_, err := c.Call(ctx, "wait", request(4, nil), 2)
			result[i] <- err
		}
		go call(first, 0)
		wait(t, got)
		go call(second, 1)
		cancelSecond()
		if err := <-result[1]; !errors.Is(err, context.Canceled) || c.Err() != nil {
			t.Errorf("one that waits: %v, connection %v", err, c.Err())
		}
		cancelFirst()
		if err := <-result[0]; !errors.Is(err, context.Canceled) || !errors.Is(err, corosync.ErrInterrupt) {
			t.Errorf("one that was sent: %v", err)
		}
		wait(t, c.Done())
		if _, err := c.Call(t.Context(), "late", request(1, nil), 2); !errors.Is(err, qb.ErrClosed) || errors.Is(err, context.Canceled) {
			t.Errorf("later call: %v", err)
		}
	})
}

// TestRefusals: what a daemon says at the door, and a door that is not there.
func TestRefusals(t *testing.T) {
	s := corotest.New(t, corotest.Config{})
	if _, err := qb.Dial(t.Context(), "echo", s.Options(), qb.Handler{}); !errors.Is(err, corosync.ErrLibrary) {
		t.Errorf("nobody there: %v", err)
	}
	s.Handle("echo", corotest.Func(echo))
	for errno, want := range map[syscall.Errno]corosync.Code{
		syscall.EACCES: corosync.ErrAccess, syscall.EAGAIN: corosync.ErrTryAgain, syscall.ENOSYS: corosync.ErrNotSupported,
	} {
		s.Refuse(errno)
		_, err := qb.Dial(t.Context(), "echo", s.Options(), qb.Handler{})
		var e *corosync.Error
		if !errors.As(err, &e) || e.Code != want || e.Service != "echo" || e.Call != "connect" {
			t.Errorf("%v: got %v", errno, err)
		}
	}
	s.Refuse(0)
	c := dial(t, s, qb.Handler{})
	s.Peers("echo")[0].SetFlow(1)
	if _, err := c.Call(t.Context(), "echo", request(1, nil), 2); !errors.Is(err, corosync.ErrTryAgain) {
		t.Errorf("flow 1, call: %v", err)
	}
	s.Peers("echo")[0].SetFlow(2)
	if _, err := c.Call(t.Context(), "echo", request(1, nil), 2); err != nil {
		t.Errorf("flow 2, call: %v", err)
	}
	if err := c.Send(t.Context(), "send", request(3, nil)); !errors.Is(err, corosync.ErrTryAgain) {
		t.Errorf("flow 2, multicast: %v", err)
	}
}

// TestNonsense: answers that make no sense end the connection, codes do not.
func TestNonsense(t *testing.T) {
	eachKind(t, func(t *testing.T, s *corotest.Server) {
		s.Handle("echo", corotest.Func(func(p *corotest.Peer, r *qb.Reader) {
			switch r.ID() {
			case 1:
				p.Status(0, corosync.ErrExist)
			case 2:
				p.Status(9, corosync.OK)
			case 3:
				m := qb.NewAnswer(3, 40, 0)
				m.U32(8, 41)
				p.Event(m)
			}
		}))
		c := dial(t, s, qb.Handler{})
		if _, err := c.Call(t.Context(), "one", request(1, nil), 2); !errors.Is(err, corosync.ErrExist) || c.Err() != nil {
			t.Errorf("code: %v, connection %v", err, c.Err())
		}
		if _, err := c.Call(t.Context(), "two", request(2, nil), 2); !errors.Is(err, corosync.ErrMessage) || c.Err() == nil {
			t.Errorf("wrong kind: %v, connection %v", err, c.Err())
		}
		c = dial(t, s, qb.Handler{Event: func([]byte, <-chan struct{}) error { return nil }})
		if err := c.Send(t.Context(), "three", request(3, nil)); err != nil {
			t.Fatal(err)
		}
		wait(t, c.Done())
		if err := c.Err(); !errors.Is(err, corosync.ErrMessage) {
			t.Errorf("event of a wrong length: %v", err)
		}
	})
}

// TestCallers lets many goroutines share a connection, and closes it under them.
func TestCallers(t *testing.T) {
	eachKind(t, func(t *testing.T, s *corotest.Server) {
		s.Handle("echo", corotest.Func(echo))
		c := dial(t, s, qb.Handler{})
		var wg sync.WaitGroup
		ready := make(chan struct{}, 1000)
		for i := range 8 {
			wg.Go(func() {
				want := []byte(strings.Repeat("x", i))
				for n := 0; ; n++ {
					r, err := c.Call(t.Context(), "echo", request(1, want), 2)
					if err != nil {
						if !errors.Is(err, qb.ErrClosed) || n < 20 {
							t.Error(n, err)
						}
						return
					}
					if r.Len() != qb.AnswerHeader+i {
						t.Errorf("somebody else's answer")
					}
					if n == 20 {
						ready <- struct{}{}
					}
				}
			})
		}
		for range 8 {
			<-ready
		}
		c.Close()
		wg.Wait()
	})
}

// TestNothingLeft opens and closes connections and counts what stays.
func TestNothingLeft(t *testing.T) {
	eachKind(t, func(t *testing.T, s *corotest.Server) {
		s.Handle("echo", corotest.Func(echo))
		before := leak.Goroutines()
		for i := range 50 {
			c, err := qb.Dial(t.Context(), "echo", s.Options(), qb.Handler{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Call(t.Context(), "echo", request(1, nil), 2); err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				peers := s.Peers("echo")
				peers[len(peers)-1].Hangup()
				wait(t, c.Done())
			}
			c.Close()
		}
		s.Kill()
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(maps, []byte("/qb-")); n != 0 {
			t.Errorf("%d mappings are left", n)
		}
		settle(t, func() bool { return leak.Goroutines() <= before })
	})
}

// patience is what a machine with better things to do may need.
const patience = time.Minute

// settle waits until f holds.
func settle(t *testing.T, f func() bool) {
	t.Helper()
	tick, end := time.NewTicker(time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-end:
			buf := make([]byte, 1<<16)
			t.Fatalf("does not settle:\n%s", buf[:runtime.Stack(buf, true)])
		}
	}
}

func wait(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		buf := make([]byte, 1<<16)
		t.Fatalf("nothing happens:\n%s", buf[:runtime.Stack(buf, true)])
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/leak"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// again waits until the daemon has connected anew, and gives it its vote.
func (n *nodeUnderTest) again(old *arbiterConn) *arbiterConn {
	n.t.Helper()
	for range 100 {
		after(100 * time.Millisecond)
		c := n.arbiter.conn()
		if c != old && c.count(wire.TypeNodeList) > 1 {
			c.vote(1, ring8, qnet.VoteACK)
			synctest.Wait()
			n.casts(true, 8)
			return c
		}
	}
	n.t.Fatal("no new connection in 10 s")
	return nil
}

// TestBadArbiter: whatever an arbiter sends, the daemon goes on (C4): it gives the
// connection up, keeps its vote as long as the grace lasts, and connects anew.
func TestBadArbiter(t *testing.T) {
	frame := func(typ uint16, body ...byte) []byte {
		b := binary.BigEndian.AppendUint16(nil, typ)
		return append(binary.BigEndian.AppendUint32(b, uint32(len(body))), body...)
	}
	encoded := func(m wire.Message) []byte {
		b, err := wire.Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		sent []byte
		why  string
	}{
		"unknown type":          {frame(99), "message type 99 is unknown"},
		"rubbish in an option":  {frame(uint16(wire.TypeVoteInfo), 0, 0, 0, 9, 1), "not a message"},
		"too long":              {binary.BigEndian.AppendUint32(frame(uint16(wire.TypeEchoReply))[:2], 1<<31), ""},
		"server error":          {encoded(wire.ServerError{Code: wire.Some(wire.ErrInternal)}), "the arbiter has an internal error"},
		"a message of nodes":    {encoded(wire.Preinit{Seq: wire.Some(uint32(1)), ClusterName: wire.Some("prod")}), "is not for a node"},
		"vote without a number": {encoded(wire.VoteInfo{Vote: wire.Some(qnet.VoteACK)}), "a vote info without its number"},
		"echo never sent":       {encoded(wire.EchoReply{Seq: wire.Some(uint32(77))}), "which was never sent"},
		"zeros":                 {make([]byte, 4096), ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodeUnderTest(t)
				first := n.online()
				first.out <- c.sent
				synctest.Wait()
				if c.why == "" { // what is announced never comes: the echo tells
					after(20 * time.Second)
				}
				n.casts(true, 8)
				n.again(first)
				n.logged(c.why)
				n.stop()
			})
		})
	}
}

// TestStalledArbiter: one that takes nothing and says nothing. The vote ends with
// the grace, not with a write that hangs, and the daemon's other side goes on.
func TestStalledArbiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.online()
		n.arbiter.set(func(a *fakeArbiter) { a.silent = true })
		after(12 * time.Second)
		n.casts(true, 8)
		after(20 * time.Second)
		n.casts(false, 8)
		n.engine.ring(12, true, 1)
		synctest.Wait()
		n.casts(false, 12)
		n.arbiter.set(func(a *fakeArbiter) { a.silent = false })
		after(15 * time.Second)
		c := n.arbiter.conn()
		c.vote(1, qnet.RingID{Node: 1, Seq: 12}, qnet.VoteACK)
		synctest.Wait()
		n.casts(true, 12)
		n.stop()
	})
}

// TestFullQueue: messages for an arbiter that does not read are bounded.
func TestFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		first := n.online()
		hold := make(chan struct{})
		first.mu.Lock()
		first.hold = hold
		first.mu.Unlock()
		for i := range 40 {
			n.engine.events <- quorumEvent(i%2 == 0)
		}
		after(time.Second)
		close(hold)
		n.logged("message not sent")
		n.logged(errFull.Error())
		n.again(first)
		n.stop()
	})
}

// TestFiftyDisconnects: a daemon that loses its arbiter again and again leaves no
// goroutine and no connection behind, and its tries are spread (C1, C2).
func TestFiftyDisconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		c := n.online()
		before := leak.Goroutines()
		delays := map[time.Duration]bool{}
		for range 50 {
			after(10 * time.Second)
			start := time.Now()
			_ = c.c.Close()
			old := c
			for c == old {
				time.Sleep(time.Millisecond)
				c = n.arbiter.conn()
			}
			delays[time.Since(start)] = true
			synctest.Wait()
			c.vote(1, ring8, qnet.VoteACK)
			synctest.Wait()
			n.casts(true, 8)
		}
		if len(delays) < 20 {
			t.Errorf("only %d different delays", len(delays))
		}
		for d := range delays {
			if d > 500*time.Millisecond {
				t.Errorf("a delay of %v after a connection that worked", d)
			}
		}
		// One that accepts the node and lets it go at once is asked less and less often.
		var made int
		n.arbiter.set(func(a *fakeArbiter) { made = len(a.conns) })
		for end := time.Now().Add(time.Minute); time.Now().Before(end); after(10 * time.Millisecond) {
			if c := n.arbiter.conn(); c.count(wire.TypeNodeList) > 0 {
				_ = c.c.Close()
			}
		}
		n.arbiter.set(func(a *fakeArbiter) {
			if got := len(a.conns) - made; got < 15 || got > 40 {
				t.Errorf("%d connections in a minute", got)
			}
		})
		n.hangUp()
		after(100 * time.Millisecond)
		if got := leak.Goroutines(); got > before+4 {
			t.Errorf("%d goroutines, %d before\n%s", got, before, daemontest.Stacks())
		}
		n.stop()
	})
}

// TestClearTextBehindStartTLS: what an arbiter sends in the clear behind the start
// of TLS could be from anybody, and must not be taken for something secured.
func TestClearTextBehindStartTLS(t *testing.T) {
	l := &link{goOn: make(chan error, 1), uplink: uplink{events: make(chan linkEvent, 2)}}
	l.ctx, l.cancel = t.Context(), func() {}
	stream := wire.NewStream(1 << 16)
	var b bytes.Buffer
	for range 2 {
		m, err := wire.Append(nil, wire.PreinitReply{Seq: wire.Some(uint32(1)), TLS: wire.Some(wire.TLSRequired), ClientCertRequired: wire.Some(uint8(1))})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(m)
	}
	stream.Push(b.Bytes())
	if _, _, ok := stream.Next(); !ok {
		t.Fatal("not a message")
	}
	l.goOn <- errShaken
	err := l.pause(stream)
	if want := fmt.Sprintf("%d bytes in the clear behind the start of TLS", b.Len()/2); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// unwritable is a connection on which nothing can be written.
type unwritable struct{ net.Conn }

func (unwritable) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// TestStartTLSUnwritable: where a write fails, the end of the link is told at once,
// though its reader waits for a handshake, be that asked for before the write or after.
func TestStartTLSUnwritable(t *testing.T) {
	for name, ask := range map[string]func(l *link){
		"with the write":  func(l *link) { l.handshake() },
		"after the write": func(l *link) { synctest.Wait(); l.handshake() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				l := &link{goOn: make(chan error, 1), wake: make(chan struct{}, 1), uplink: uplink{events: make(chan linkEvent), limits: linkLimits{message: 1 << 15, queue: 10}}}
				events := make(chan linkEvent)
				l.events = events
				l.ctx, l.cancel = context.WithCancel(t.Context())
				defer l.cancel()
				l.raw, l.conn = here, unwritable{here}
				go l.write()
				ended := make(chan error, 1)
				go func() { ended <- l.read() }()
				b, err := wire.Append(nil, wire.PreinitReply{Seq: wire.Some(uint32(1)), TLS: wire.Some(wire.TLSRequired), ClientCertRequired: wire.Some(uint8(1))})
				if err != nil {
					t.Fatal(err)
				}
				go func() { _, _ = there.Write(b) }()
				<-events
				if err := l.send(wire.StartTLS{Seq: wire.Some(uint32(2))}); err != nil {
					t.Fatal(err)
				}
				ask(l)
				select {
				case err := <-ended:
					if !errors.Is(err, syscall.EPIPE) {
						t.Errorf("ended for %v", err)
					}
				case <-time.After(time.Second):
					t.Error("the reader still waits")
					l.cancel()
				}
			})
		})
	}
}

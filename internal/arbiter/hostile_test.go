// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/leak"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// TestErrorCodes: messages out of order, of the other side, too long, unknown and
// broken are answered with C's codes, and the connection goes on.
func TestErrorCodes(t *testing.T) {
	a := startArbiter(t, nil)
	neighbours := a.pair(t, "prod")
	frame := func(m wire.Message) []byte {
		b, err := wire.Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one := wire.Some(uint32(1))
	tooLong := append([]byte{0, 3, 0, 0, 0x7f, 0xfb}, make([]byte, 0x7ffb)...) // 32769 bytes
	for _, c := range []struct {
		name  string
		bytes []byte
		want  wire.ReplyError
	}{
		{"StartTLS before the Preinit", frame(wire.StartTLS{Seq: one}), wire.ErrPreinitRequired},
		{"Init before the Preinit", frame(initMessage(7, whole)), wire.ErrPreinitRequired},
		{"echo before the Init", frame(wire.EchoRequest{Seq: one}), wire.ErrInitRequired},
		{"list before the Init", frame(wire.NodeList{Seq: one, ListType: wire.Some(qnet.Quorum)}), wire.ErrInitRequired},
		{"a vote info", frame(wire.VoteInfo{Seq: one, Vote: wire.Some(qnet.VoteACK), RingID: wire.Some(whole)}), wire.ErrUnexpectedMessage},
		{"a server's error", frame(wire.ServerError{Seq: one, Code: wire.Some(wire.ErrInternal)}), wire.ErrUnexpectedMessage},
		{"an unknown type", []byte{0, 99, 0, 0, 0, 3, 1, 2, 3}, wire.ErrUnsupportedMessage},
		{"an unknown type without a body", []byte{0, 99, 0, 0, 0, 0}, wire.ErrUnsupportedMessage},
		{"too long", tooLong, wire.ErrMessageTooLong},
		{"no body", []byte{0, 8, 0, 0, 0, 0}, wire.ErrDecodingMessage},
		{"an option longer than its message", []byte{0, 8, 0, 0, 0, 5, 0, 0, 0, 9, 1}, wire.ErrDecodingMessage},
		{"no name", frame(wire.Preinit{Seq: one, ClusterName: wire.Some("")}), wire.ErrRequiredOptionMissing},
	} {
		p := a.dial(t)
		if _, err := p.c.Write(c.bytes); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var code wire.ReplyError
		switch m := p.next().(type) {
		case wire.ServerError:
			code = m.Code.V
		case wire.InitReply:
			code = m.Code.V
		default:
			t.Errorf("%s: %+v", c.name, m)
		}
		if code != c.want {
			t.Errorf("%s: %v, want %v", c.name, code, c.want)
		}
		if code := p.join("other", 1, whole); code != wire.NoError {
			t.Errorf("%s: the connection is of no more use: %v", c.name, code)
		}
		_ = p.c.Close()
		for _, n := range neighbours {
			n.echo()
		}
		daemontest.Settle(t, func() bool { return strings.Contains(askStatus(t, a), `"clients":2,`) }, func() string { return "a client is left" })
	}
}

// TestSlowSender: bytes that come one by one are a message in the end; a sender
// that never gets there is dropped in time, whatever it sends meanwhile (SEC-7).
func TestSlowSender(t *testing.T) {
	a := startArbiter(t, func(cfg *Config) { cfg.Machine.HandshakeTime = 2 * time.Second })
	neighbours := a.pair(t, "prod")
	slow := a.dial(t)
	b, err := wire.Append(nil, wire.Preinit{Seq: wire.Some(uint32(1)), ClusterName: wire.Some("slow")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b {
		if _, err := slow.c.Write([]byte{c}); err != nil {
			t.Fatal(err)
		}
		neighbours[0].echo() // as slow as this
	}
	if _, ok := slow.next().(wire.PreinitReply); !ok {
		t.Error("no reply to a message that came byte by byte")
	}
	// From here on it dribbles a message of 30,000 bytes.
	if _, err := slow.c.Write([]byte{0, 3, 0, 0, 0x75, 0x30}); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = slow.c.Write([]byte{0})
		neighbours[1].echo()
	}
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Error(err)
	}
}

// TestHalfOpen: a peer that has closed its side, and one that is gone without a
// word, are let go, and their neighbours stay.
func TestHalfOpen(t *testing.T) {
	a := startArbiter(t, func(cfg *Config) { cfg.Machine.HeartbeatMin = 1 })
	neighbours := a.pair(t, "prod")
	half := a.dial(t)
	half.join("half", 1, whole)
	if err := half.c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(half.c); len(b) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("closed half: % x, %v", b, err)
	}
	gone := a.dial(t) // says nothing any more, and its kernel answers no keep-alive either: DPD is all there is
	gone.send(wire.Preinit{Seq: gone.number(), ClusterName: wire.Some("gone")})
	gone.next()
	init := initMessage(1, whole)
	init.Heartbeat = wire.Some(uint32(100))
	gone.send(init)
	if m, ok := gone.next().(wire.InitReply); !ok || m.Code.V != wire.NoError {
		t.Fatalf("%+v", m)
	}
	start := time.Now()
	if m, err := gone.recv(); err == nil {
		t.Errorf("got %+v", m)
	}
	if d := time.Since(start); d < 100*time.Millisecond || d > 5*time.Second {
		t.Errorf("let go after %v, want 150 ms", d)
	}
	for _, n := range neighbours {
		n.echo()
	}
	daemontest.Settle(t, func() bool { return strings.Contains(askStatus(t, a), `"clients":2,`) }, func() string { return "a client is left" })
}

// TestThousandsComeAndGo: nothing is left of four thousand clients that joined,
// got a vote or not, and ended in every way (SEC-6).
func TestThousandsComeAndGo(t *testing.T) {
	a := startArbiter(t, nil)
	neighbours := a.pair(t, "prod")
	goroutines, files := leak.Goroutines(), daemontest.OpenFiles(t)
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 8 {
		wg.Go(func() {
			for i := next.Add(1); i <= 4000; i = next.Add(1) {
				c, err := net.Dial("tcp", a.addr)
				if err != nil {
					t.Error(err)
					return
				}
				p := &peer{t: t, c: c, stream: wire.NewStream(1 << 20)}
				if i%4 > 0 {
					p.join("visitor", qnet.NodeID(i), qnet.RingID{Node: 1, Seq: uint64(i)})
				}
				if i%4 > 1 {
					p.config(1, qnet.NodeID(i))
					p.report(qnet.RingID{Node: 1, Seq: uint64(i)}, 1, qnet.NodeID(i))
				}
				if i%3 == 0 {
					_ = c.(*net.TCPConn).SetLinger(0)
				}
				_ = c.Close()
			}
		})
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		wg.Wait()
	}()
	for over := false; !over; { // on a busy machine all this takes long, and a silent client is dropped
		select {
		case <-gone:
			over = true
		case <-time.After(time.Second):
		}
		for _, n := range neighbours {
			if err := n.c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			n.echo()
		}
	}
	daemontest.Settle(t, func() bool { return leak.Goroutines() <= goroutines && daemontest.OpenFiles(t) <= files }, func() string {
		return "goroutines or files are left\n" + daemontest.Stacks()
	})
	if st := askStatus(t, a); !strings.Contains(st, `"clients":2,`) {
		t.Errorf("clients are left: %.300s", st)
	}
}

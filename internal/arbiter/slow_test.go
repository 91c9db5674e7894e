// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// TestSlowReader (A6): a client that asks and does not read is given up, alone, with TLS
// and without.
func TestSlowReader(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run("TLS "+strconv.FormatBool(secure), func(t *testing.T) {
			start := startArbiter
			if secure {
				start = startSecureArbiter
			}
			a := start(t, nil)
			cert := func(cluster string) {
				if secure {
					a.cert = enrolCluster(t, filepath.Join(a.dir, "nssdb"), cluster)
				}
			}
			cert("prod")
			neighbours := a.pair(t, "prod")
			cert("slow")
			p := a.dial(t)
			p.join("slow", 1, whole)
			body := wire.EchoRequest{Body: append([]byte{0x10, 0, 0x70, 0}, make([]byte, 0x7000)...)}
			b, err := wire.Append(nil, body)
			if err != nil {
				t.Fatal(err)
			}
			for range 4000 {
				if _, err = p.c.Write(b); err != nil {
					break
				}
			}
			if err == nil {
				t.Error("the arbiter kept everything that was not read")
			}
			a.logs(t, errQueueFull.Error())
			for _, n := range neighbours {
				n.echo()
			}
		})
	}
}

// TestMutedPeer (A6): a node that reads nothing any more is given up also if it is its
// neighbour who has it told things. The neighbour, whose news it is, stays.
func TestMutedPeer(t *testing.T) {
	a := startArbiter(t, nil)
	one := a.dial(t)
	if code := one.join("prod", 1, whole); code != wire.NoError {
		t.Fatal(code)
	}
	mute := a.joinMuted(t, "prod", 2)
	alone := [2]qnet.RingID{{Node: 1, Seq: 10}, {Node: 2, Seq: 10}}
	for i, p := range []*peer{one, mute} {
		p.config(1, 2)
		p.report(alone[i], qnet.NodeID(i+1))
	}
	mute.send(wire.HeuristicsChange{Seq: mute.number(), Heuristics: qnet.HeuristicsFail})
	for one.vote() != qnet.VoteACK { // no for now comes first
	}
	// Each change gives node 1 the vote for another reason, of which node 2 is told.
	gone := func() bool { return strings.Contains(askStatus(t, a), `"clients":1,`) } // the log drops lines by then
	for i := 0; !gone(); i++ {
		if i == 300 {
			t.Fatal("the arbiter keeps everything for a node that does not read")
		}
		const batch = 500
		for j := range batch {
			one.send(wire.HeuristicsChange{Seq: one.number(), Heuristics: []qnet.Heuristics{qnet.HeuristicsPass, qnet.HeuristicsFail}[j%2]})
		}
		for range batch {
			if m, ok := one.next().(wire.HeuristicsChangeReply); !ok {
				t.Fatalf("node 1 is told %+v", m)
			}
		}
	}
	one.echo()
	if _, err := io.Copy(io.Discard, mute.c); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the node that does not read: %v", err)
	}
}

// joinMuted joins a node that wants reasons, can buffer little, and reads nothing after
// its Init reply.
func (a *arbiterUnderTest) joinMuted(t *testing.T, cluster string, node qnet.NodeID) *peer {
	t.Helper()
	d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		cerr := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4096) })
		return errors.Join(cerr, err)
	}}
	c, err := d.Dial("tcp", a.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, c: c, stream: wire.NewStream(1 << 20), node: node}
	p.send(wire.Preinit{Seq: p.number(), ClusterName: wire.Some(cluster)})
	p.next()
	init := initMessage(node, whole)
	init.Seq, init.SupportedOptions = p.number(), wire.Some(wire.NodeOptions())
	p.send(init)
	if m, ok := p.next().(wire.InitReply); !ok || m.Code.V != wire.NoError {
		t.Fatalf("%+v", m)
	}
	return p
}

// TestQueueCountsMessages: over TLS it is messages that the queue counts, too, not the
// records that they are in: one with many, or many with one.
func TestQueueCountsMessages(t *testing.T) {
	for _, row := range []struct{ records, messages, batches int }{{1, 4, 8}, {5, 1, 32}, {3, 16, 2}, {1, 1, 32}} {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		s := &socket{fd: fds[0], limit: 32}
		batch := func() error {
			s.gather()
			for range row.records {
				if _, err := s.Write(make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
			}
			return s.count(row.messages)
		}
		for s.queue == nil { // until the kernel takes no more
			if _, err := s.Write(make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		s.flush()
		s.queued, s.queue[0].messages = 0, 0 // what fills the kernel's buffer does not count here
		for i := range row.batches {
			if err := batch(); err != nil {
				t.Fatalf("%+v: batch %d: %v", row, i+1, err)
			}
		}
		if err := batch(); !errors.Is(err, errQueueFull) {
			t.Errorf("%+v: one batch too many: %v", row, err)
		}
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/corotest"
	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/pki"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// TestDefects: whatever task runs into a defect, the daemon ends with one line, the
// vote is taken back, and the log has the stack.
func TestDefects(t *testing.T) {
	for name, c := range map[string]struct {
		prepare, begin func(n *nodeUnderTest, defect *atomic.Bool)
		wait           time.Duration
	}{
		"polls": {begin: func(n *nodeUnderTest, _ *atomic.Bool) {
			n.engine.set(func(e *fakeEngine) { e.pollErr = func(corosync.RingID) error { panic("a defect") } })
			n.arbiter.conn().vote(1, ring8, qnet.VoteACK)
		}},
		"loop, again and again": {prepare: func(n *nodeUnderTest, defect *atomic.Bool) {
			n.cfg.now = func() time.Time {
				if defect.Load() {
					panic("a defect")
				}
				return time.Now()
			}
		}},
		"ready": {prepare: func(n *nodeUnderTest, _ *atomic.Bool) { n.cfg.OnReady = func() { panic("a defect") } }},
		"trim":  {prepare: func(n *nodeUnderTest, _ *atomic.Bool) { n.cfg.Trim = func() { panic("a defect") } }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, defect := newNodeUnderTest(t), &atomic.Bool{}
				if c.prepare != nil {
					c.prepare(n, defect)
				}
				n.engine.ring(8, true, 1, 2)
				n.start()
				defect.Store(true)
				if c.begin != nil {
					c.begin(n, defect)
				}
				after(20 * time.Second)
				if err := n.failed(); err != nil && !strings.HasPrefix(err.Error(), "internal error: ") {
					t.Error(err)
				}
				if n.engine.registered != "" {
					t.Error("the device is left behind")
				}
				n.logged("guard_test.go") // it is on the stack
			})
		})
	}
}

// defectConn is a connection that runs into a defect when it is to write this.
type defectConn struct {
	net.Conn
	at func([]byte) bool
}

func (c defectConn) Write(b []byte) (int, error) {
	if c.at(b) {
		panic("a defect")
	}
	return c.Conn.Write(b)
}

// TestLinkDefects: a defect on the connection to the arbiter costs the connection.
func TestLinkDefects(t *testing.T) {
	for name, at := range map[string]func([]byte) bool{
		"first message": func([]byte) bool { return true },
		"handshake":     func(b []byte) bool { return len(b) > 0 && b[0] == 0x16 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodeUnderTest(t)
				ca := t.TempDir()
				if _, err := pki.EnsureArbiter(ca); err != nil {
					t.Fatal(err)
				}
				n.cfg.Settings.CertDir = enrol(t, ca)
				n.engine.keys["quorum.device.net.tls"] = "on"
				n.arbiter.tls = wire.TLSSupported
				dial := n.cfg.dialer.dial
				n.cfg.dialer.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					c, err := dial(ctx, network, address)
					if err != nil {
						return nil, err
					}
					return defectConn{c, at}, nil
				}
				n.engine.ring(8, true, 1, 2)
				n.start()
				after(2 * time.Second)
				n.logged("to the arbiter: internal error: a defect")
				n.logged("guard_test.go")
				n.arbiter.set(func(a *fakeArbiter) {
					if len(a.dialed) < 2 {
						t.Error("no new connection")
					}
				})
				n.stop()
			})
		})
	}
}

// TestEngineDefects: a defect in what watches Corosync's keys, or in a call, ends neither
// the process nor the connection over which the vote has to be taken back.
func TestEngineDefects(t *testing.T) {
	server, log := corotest.New(t, corotest.Config{}), &daemontest.LogBuffer{}
	server.Handle("votequorum", corotest.NewVotequorum(1, 2))
	c, err := votequorum.Dial(t.Context(), server.Options())
	if err != nil {
		t.Fatal(err)
	}
	e := &corosyncEngine{Client: c, options: server.Options(), watched: make(chan struct{}), log: slog.New(daemon.NewLogHandler(log, nil, slog.LevelDebug))}
	if _, err := e.Keys(t.Context(), "quorum."); err == nil || !strings.HasPrefix(err.Error(), "internal error: ") {
		t.Errorf("without a connection to cmap: %v", err)
	}
	if c.Err() != nil {
		t.Error(c.Err())
	}
	e.watch(nil)
	<-e.watched
	if c.Err() == nil {
		t.Error("the engine is not lost without its keys")
	}
	if n := strings.Count(log.String(), "guard_test.go"); n < 1 {
		t.Errorf("no stack:\n%s", log)
	}
}

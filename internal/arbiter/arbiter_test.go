// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package arbiter

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/daemon/daemontest"
	"github.com/quorate/quorate/internal/leak"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/qnetd"
	"github.com/quorate/quorate/internal/store"
	"github.com/quorate/quorate/internal/wire"
)

// arbiterUnderTest is a daemon on a loopback port.
type arbiterUnderTest struct {
	addr string
	dir  string
	log  *daemontest.LogBuffer
	cert *tls.Certificate // of its clients; nil: no TLS
	stop func() error     // ends it; may be called twice
}

// arbiterConfig is that of a daemon without TLS with all its files in dir.
func arbiterConfig(dir string, log io.Writer) Config {
	cfg := Config{
		Machine: qnetd.Defaults(), Network: "tcp", Hosts: []string{"127.0.0.1"}, SendQueue: 32,
		CertDir: filepath.Join(dir, "nssdb"), Store: store.File(filepath.Join(dir, "grants.db")),
		Control: daemon.ControlConfig{Path: filepath.Join(dir, "s"), Options: control.ListenOptions{GID: -1}, Limits: control.DefaultLimits()},
		Log:     slog.New(daemon.NewLogHandler(log, nil, slog.LevelDebug)),
	}
	cfg.Machine.TLS = wire.TLSUnsupported
	return cfg
}

// startArbiter runs a daemon without TLS, as change wants it.
func startArbiter(t *testing.T, change func(*Config)) *arbiterUnderTest {
	t.Helper()
	a := &arbiterUnderTest{dir: t.TempDir(), log: &daemontest.LogBuffer{}}
	cfg := arbiterConfig(a.dir, a.log)
	if change != nil {
		change(&cfg)
	}
	a.addr, a.stop = daemontest.Start(t, a.log, func(ctx context.Context, ready func(string)) error {
		cfg.OnListen = func(addrs []net.Addr) { ready(addrs[0].String()) }
		return Run(ctx, cfg)
	})
	return a
}

func TestPairAndSplit(t *testing.T) {
	a := startArbiter(t, nil)
	ps := a.pair(t, "prod")
	ps[1].report(qnet.RingID{Node: 2, Seq: 10}, 2)
	ps[0].report(qnet.RingID{Node: 1, Seq: 10}, 1)
	if v := ps[1].vote(); v != qnet.VoteNACK {
		t.Errorf("node 2: %v", v)
	}
	if v := ps[0].vote(); v != qnet.VoteACK {
		t.Errorf("node 1: %v", v)
	}
	a.logs(t, "cluster=prod", "node=1", "ring=1.a", "vote=ACK", "the tie-breaker prefers node 1")
}

// TestGrantSurvives (S2): after a restart the side that had the vote has it
// again, and the other one, which comes back first, has not.
func TestGrantSurvives(t *testing.T) {
	a := startArbiter(t, nil)
	ps := a.pair(t, "prod")
	alone := [2]qnet.RingID{{Node: 1, Seq: 10}, {Node: 2, Seq: 10}}
	ps[1].report(alone[1], 2)
	ps[0].report(alone[0], 1)
	ps[1].vote()
	ps[0].vote()
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	b := startArbiter(t, func(cfg *Config) { cfg.Store = store.File(filepath.Join(a.dir, "grants.db")) })
	two := b.dial(t)
	two.enter(2, alone[1], 2)
	if v := two.vote(); v != qnet.VoteNACK {
		t.Errorf("the loser of the split got %v after the restart", v)
	}
	one := b.dial(t)
	one.enter(1, alone[0], 1)
	if v := one.vote(); v != qnet.VoteACK {
		t.Errorf("the winner of the split got %v after the restart", v)
	}
}

// TestDamagedHead (H6): the head of the register that was written last is damaged. What
// it lacks then is not taken for all there is, by this start and by the next.
func TestDamagedHead(t *testing.T) {
	a := startArbiter(t, nil)
	ps := a.pair(t, "prod")
	alone := [2]qnet.RingID{{Node: 1, Seq: 10}, {Node: 2, Seq: 10}}
	ps[0].report(alone[0], 1)
	ps[1].report(alone[1], 2)
	if v := ps[0].vote(); v != qnet.VoteACK {
		t.Fatalf("node 1: %v", v)
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(a.dir, "grants.db")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const txid = 16 + 48 // where a head has the number of its transaction
	second := os.Getpagesize()
	head := 0
	if binary.NativeEndian.Uint64(file[second+txid:]) > binary.NativeEndian.Uint64(file[txid:]) {
		head = second
	}
	file[head+txid] ^= 1
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b := startArbiter(t, func(cfg *Config) { cfg.Store = store.File(path) })
		two := b.dial(t)
		two.enter(2, alone[1], 2)
		if v := two.vote(); v != qnet.VoteNACK {
			t.Errorf("node 2, which lost the split, got %v", v)
		}
		if err := b.stop(); err != nil {
			t.Fatal(err)
		}
		if says := strings.Contains(b.log.String(), "one of the two heads of the file is damaged"); says != (head >= 0) {
			t.Errorf("the log says so: %v", says)
		}
		head = -1 // the first start has mended it
	}
}

func askStatus(t *testing.T, a *arbiterUnderTest) string {
	t.Helper()
	ctx := context.Background()
	c, err := control.Dial(ctx, filepath.Join(a.dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := control.Ask(ctx, c, "json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestDamagedStore: the daemon does not start, and says which file and how to go on.
func TestDamagedStore(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "grants.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 40000), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Machine: qnetd.Defaults(), Store: store.File(path), Log: slog.New(slog.DiscardHandler)}
	cfg.Machine.TLS = wire.TLSUnsupported
	err := Run(context.Background(), cfg)
	if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), advice.MoveStore.With("file", path).String()) {
		t.Errorf("got %v", err)
	}
}

// TestStall (SEC-7): a connection that does not get to its Init in time is closed.
func TestStall(t *testing.T) {
	a := startArbiter(t, func(cfg *Config) { cfg.Machine.HandshakeTime = 200 * time.Millisecond })
	for name, first := range map[string]wire.Message{
		"silent": nil, "preinit only": wire.Preinit{Seq: wire.Some(uint32(1)), ClusterName: wire.Some("prod")},
	} {
		p := a.dial(t)
		if first != nil {
			p.send(first)
			p.next()
		}
		if m, err := p.recv(); err == nil {
			t.Errorf("%s: got %v", name, m)
		}
	}
}

// TestGarbage (SEC-6) throws bytes of all kinds at the arbiter; a cluster beside it
// goes on, and in the end nothing is left of it.
func TestGarbage(t *testing.T) {
	a := startArbiter(t, nil)
	neighbours := a.pair(t, "prod")
	goroutines, files := leak.Goroutines(), daemontest.OpenFiles(t)
	rng := rand.New(rand.NewPCG(1, 2))
	good, err := wire.Append(nil, wire.Preinit{Seq: wire.Some(uint32(1)), ClusterName: wire.Some("prod")})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1500 {
		c, err := net.Dial("tcp", a.addr)
		if err != nil {
			t.Fatal(err)
		}
		var b []byte
		switch i % 6 {
		case 0: // nothing at all
		case 1: // random bytes
			b = make([]byte, rng.IntN(200))
			for j := range b {
				b[j] = byte(rng.Uint32())
			}
		case 2: // a truncated message
			b = good[:rng.IntN(len(good))]
		case 3: // a header that claims 4 GiB
			b = []byte{0, 3, 0xff, 0xff, 0xff, 0xff, 1, 2, 3}
		case 4: // messages of the other side, out of order
			for typ := range byte(18) {
				b = append(b, 0, typ, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 1)
			}
		case 5: // the same one many times
			b = bytes.Repeat(good, 50)
		}
		_, _ = c.Write(b) // it may be refused already
		if i%3 == 0 {
			_ = c.(*net.TCPConn).SetLinger(0)
		}
		_ = c.Close()
	}
	for _, n := range neighbours {
		n.echo()
	}
	daemontest.Settle(t, func() bool { return leak.Goroutines() <= goroutines && daemontest.OpenFiles(t) <= files }, func() string {
		return strings.Join([]string{"goroutines or files are left", daemontest.Stacks()}, "\n")
	})
	daemontest.Settle(t, func() bool { return strings.Count(a.log.String(), "\n") >= 100 }, func() string { return "hardly anything was logged" })
}

// logs waits until the log, which has a queue, has all of these.
func (a *arbiterUnderTest) logs(t *testing.T, texts ...string) {
	t.Helper()
	for _, want := range texts {
		daemontest.Settle(t, func() bool { return strings.Contains(a.log.String(), want) }, func() string { return "the log lacks " + want })
	}
}

// TestStopLeavesNothing (Q5): a daemon that has ended has left no goroutine, socket or pid file.
func TestStopLeavesNothing(t *testing.T) {
	goroutines, files := leak.Goroutines(), daemontest.OpenFiles(t)
	a := startArbiter(t, func(cfg *Config) { cfg.LockFile = filepath.Join(filepath.Dir(cfg.Store.File()), "pid") })
	ps := a.pair(t, "prod")
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	for _, p := range ps {
		if _, err := io.Copy(io.Discard, p.c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Error(err)
		}
		_ = p.c.Close()
	}
	daemontest.Settle(t, func() bool { return leak.Goroutines() <= goroutines && daemontest.OpenFiles(t) <= files }, daemontest.Stacks)
	for _, name := range []string{"s", "pid"} {
		if _, err := os.Stat(filepath.Join(a.dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}

// TestTwoAtOnce: two arbiters can't have one register of grants, and the second says so.
func TestTwoAtOnce(t *testing.T) {
	a := startArbiter(t, nil)
	ps := a.pair(t, "prod")
	cfg := arbiterConfig(t.TempDir(), io.Discard)
	cfg.Store = store.File(filepath.Join(a.dir, "grants.db"))
	if err := Run(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), cfg.Store.String()) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
	ps[0].echo()
}

// TestMappedAddress: over a socket for every address, an IPv4 client is shown as C shows it.
func TestMappedAddress(t *testing.T) {
	a := startArbiter(t, func(cfg *Config) { cfg.Hosts = nil })
	_, port, err := net.SplitHostPort(a.addr)
	if err != nil {
		t.Fatal(err)
	}
	mapped := strings.HasPrefix(a.addr, "[::]")
	a.addr = "127.0.0.1:" + port
	a.dial(t).join("prod", 1, whole)
	want := "\"127.0.0.1:"
	if mapped {
		want = "\"::ffff:127.0.0.1:"
	}
	if st := askStatus(t, a); !strings.Contains(st, want) {
		t.Errorf("no %s in %s", want, st)
	}
}

// TestReplyBeforeVote: the reply to a list may wait for the vote, but comes first,
// and comes without one, too.
func TestReplyBeforeVote(t *testing.T) {
	a := startArbiter(t, nil)
	p := a.dial(t)
	p.join("prod", 1, whole)
	p.config(1, 2)
	if m, ok := p.next().(wire.NodeListReply); !ok || m.Vote.V != qnet.VoteAskLater {
		t.Fatalf("%+v", m)
	}
	p.report(whole, 1, 2)
	if m, ok := p.next().(wire.NodeListReply); !ok || m.Vote.V != qnet.VoteWaitForReply {
		t.Fatalf("%+v", m)
	}
	if m, ok := p.next().(wire.VoteInfo); !ok || m.Vote.V != qnet.VoteACK {
		t.Fatalf("%+v", m)
	}
}

// TestEndIsTold: a daemon that a signal ends says so last, as it says its start.
func TestEndIsTold(t *testing.T) {
	a := startArbiter(t, nil)
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	a.logs(t, "the arbiter ends: it was told to")
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/daemon"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// TestNodeLife takes a daemon from its start to the end that was asked for: it is
// ready before any arbiter has answered, votes no at once (C2), casts the vote with
// the arbiter's ACK, polls it at half the device timeout, and takes it back (C11).
func TestNodeLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.arbiter.down = true
		n.engine.ring(8, true, 1, 2)
		n.start()
		if !n.ready || n.engine.registered != "Qdevice" || n.engine.masterWins {
			t.Fatalf("ready %v, registered %q, master wins %v", n.ready, n.engine.registered, n.engine.masterWins)
		}
		n.casts(false, 8)
		n.arbiter.set(func(a *fakeArbiter) { a.down = false })
		after(300 * time.Millisecond) // C waits for its connect timer, 8 s (C1, C2)
		c := n.arbiter.conn()
		if c == nil {
			t.Fatal("no second try")
		}
		if i := lastOf[wire.Init](c); i.NodeID.V != 1 || i.RingID.V != ring8 || i.Heartbeat.V != 8000 {
			t.Errorf("Init: %+v", i)
		}
		c.vote(1, ring8, qnet.VoteACK)
		synctest.Wait()
		n.casts(true, 8)
		_, before := n.engine.last()
		after(20 * time.Second)
		if n.trims != 1 {
			t.Errorf("memory let go of %d times", n.trims)
		}
		if _, now := n.engine.last(); now-before != 4 {
			t.Errorf("%d polls in 20 s, want 4", now-before)
		}
		n.stop()
		n.casts(false, 8)
		if n.engine.registered != "" || !n.engine.closed {
			t.Errorf("registered as %q, closed %v", n.engine.registered, n.engine.closed)
		}
		if _, err := os.Stat(n.cfg.Settings.LockFile); err == nil {
			t.Error("the lock file is left")
		}
	})
}

// TestSmallQueue: a queue in which the start of a connection has no room is made larger,
// and the log says so.
func TestSmallQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.cfg.Settings.SendBuffers = 2
		n.online()
		n.logged("net_max_send_buffers is too small and is not used set=2 used=10")
		n.stop()
	})
}

// TestSyncBlocksNoPoll: in a sync cmap answers nobody until the device has been
// polled. A reload that is being read meanwhile keeps no poll back.
func TestSyncBlocksNoPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		c := n.online()
		sync := make(chan struct{})
		n.engine.set(func(e *fakeEngine) { e.inSync = sync })
		n.engine.reload(func(k map[string]string) { k["totem.config_version"] = "4" })
		synctest.Wait()
		n.engine.ring(12, false, 1)
		synctest.Wait()
		ring := qnet.RingID{Node: 1, Seq: 12}
		if m := lastOf[wire.NodeList](c); m.RingID.V != ring {
			t.Fatalf("last list: %+v", m)
		}
		c.vote(2, ring, qnet.VoteACK)
		synctest.Wait()
		n.casts(true, 12)
		close(sync)
		synctest.Wait()
		if m := lastOf[wire.NodeList](c); m.ListType.V != qnet.ChangedConfig || m.ConfigVersion.V != 4 {
			t.Errorf("the reload came through as %+v", m)
		}
		n.stop()
	})
}

// TestReplyWaitsForPoll: that a NACK was carried out is confirmed to the arbiter
// only when Corosync has taken the poll. Echoes go on, so that a Corosync that
// stands still does not look like a dead node.
func TestReplyWaitsForPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		c := n.online()
		gate := make(chan struct{})
		n.engine.set(func(e *fakeEngine) { e.gate = gate })
		c.vote(2, ring8, qnet.VoteNACK)
		after(9 * time.Second)
		if got := c.count(wire.TypeVoteInfoReply); got != 1 {
			t.Fatalf("%d vote info replies while the poll hangs, want 1", got)
		}
		if got := c.count(wire.TypeEchoRequest); got == 0 {
			t.Error("no echo while Corosync stands still")
		}
		close(gate)
		synctest.Wait()
		n.casts(false, 8)
		if m := lastOf[wire.VoteInfoReply](c); m.Seq.V != 2 {
			t.Errorf("last reply: %+v", m)
		}
		n.stop()
	})
}

// TestHeldIsBounded: while Corosync stands still, answers to the arbiter wait for it. An
// arbiter that goes on talking makes no more of them wait than may be sent at once.
func TestHeldIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		c := n.online()
		gate := make(chan struct{})
		n.engine.set(func(e *fakeEngine) { e.gate = gate })
		queue := uint32(n.cfg.Settings.SendBuffers)
		for seq := range queue {
			c.vote(2+seq, ring8, qnet.VoteNACK)
		}
		synctest.Wait()
		if strings.Contains(n.log.String(), "event=disconnected") {
			t.Error("hung up too early")
		}
		for seq := range 5 * queue {
			c.vote(2+queue+seq, ring8, qnet.VoteNACK)
		}
		synctest.Wait()
		n.logged("the arbiter says more than can be answered while Corosync stands still")
		close(gate)
		after(time.Second)
		again := n.arbiter.conn()
		if again == c {
			t.Fatal("no new connection")
		}
		again.vote(100, ring8, qnet.VoteACK)
		synctest.Wait()
		n.casts(true, 8)
		n.stop()
	})
}

// TestStalePollIsNotMade: a poll that waited for longer than the arbiter's word
// lasts is not made, as if the process had been frozen before it (N3).
func TestStalePollIsNotMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		frozen := time.Duration(0)
		n.cfg.now = func() time.Time { return time.Now().Add(frozen) }
		c := n.online()
		busy := true
		n.engine.set(func(e *fakeEngine) {
			e.pollErr = func(corosync.RingID) error {
				if busy {
					return corosync.ErrTryAgain
				}
				return nil
			}
		})
		after(5 * time.Second) // a poll is due, and Corosync does not take it
		_, before := n.engine.last()
		n.engine.set(func(*fakeEngine) { busy, frozen = false, time.Minute })
		c.vote(2, ring8, qnet.VoteACK) // it waited in the socket
		after(time.Second)
		n.engine.set(func(e *fakeEngine) {
			if len(e.polls) == before {
				t.Error("the vote was not taken back")
			}
			for _, p := range e.polls[before:] {
				if p.cast {
					t.Errorf("cast after a minute in the ice: %+v", p)
				}
			}
		})
		n.stop()
	})
}

// TestCorosyncGone: with the engine the daemon ends, with an error that says so.
func TestCorosyncGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.online()
		n.engine.set(func(e *fakeEngine) { e.lost = errors.New("connection lost") })
		close(n.engine.events)
		if err := n.failed(); err != nil && !strings.Contains(err.Error(), "Corosync is gone: connection lost") {
			t.Error(err)
		}
	})
}

// TestPollErrors: an old ring is tolerated, since the news of a newer one is on
// its way; a device that is not registered any more is the end.
func TestPollErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.online()
		n.engine.set(func(e *fakeEngine) { e.pollErr = func(corosync.RingID) error { return corosync.ErrMessage } })
		after(6 * time.Second)
		n.engine.set(func(e *fakeEngine) { e.pollErr = func(corosync.RingID) error { return corosync.ErrNotExist } })
		if err := n.failed(); err != nil && !errors.Is(err, corosync.ErrNotExist) {
			t.Error(err)
		}
	})
}

// TestLeftRegistered: a daemon before this one was killed in the middle of a sync.
// Corosync waits for its poll, and answers no cmap until then: it must come first (C11).
func TestLeftRegistered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		sync := make(chan struct{})
		n.engine.registered, n.engine.inSync = "Qdevice", sync
		n.engine.ring(12, false, 1)
		n.start()
		n.casts(false, 12)
		close(sync)
		synctest.Wait()
		if !n.ready {
			t.Error("not ready after the sync")
		}
		n.stop()
	})
}

// TestUnregistersAlways: whatever ends the daemon, the device is taken back (C11).
func TestUnregistersAlways(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*nodeUnderTest)
		want   string
	}{
		"configuration": {func(n *nodeUnderTest) { n.engine.keys["quorum.device.net.port"] = "0" }, "quorum.device.net.port must be in range 1-65535"},
		"votes": {func(n *nodeUnderTest) { n.engine.keys["quorum.device.votes"] = "2" },
			"50:50 split algorithm works only if quorum.device.votes configuration key is set to 1!"},
		"refused":      {func(n *nodeUnderTest) { n.engine.refuse = corosync.ErrAccess }, "Can't register votequorum device"},
		"certificates": {func(n *nodeUnderTest) { delete(n.engine.keys, "quorum.device.net.tls") }, "quorate cert trust"},
		"defect":       {func(n *nodeUnderTest) { n.engine.panics = true }, "internal error: a defect"},
		"no ring":      {func(n *nodeUnderTest) { n.engine.events = nil }, "Can't get initial votequorum membership information."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodeUnderTest(t)
				n.cfg.Settings.CertDir = t.TempDir()
				n.engine.registered = "Qdevice" // by one before us
				n.engine.ring(8, true, 1, 2)
				c.change(n)
				n.start()
				if err := n.failed(); err != nil && !strings.Contains(err.Error(), c.want) {
					t.Errorf("ended with %v, want %q", err, c.want)
				}
				if n.engine.registered != "" || n.ready {
					t.Errorf("registered as %q, ready %v", n.engine.registered, n.ready)
				}
			})
		})
	}
}

// TestTrim: letting go of memory harms nothing, and helps.
func TestTrim(t *testing.T) {
	file := func() (kib int) {
		b, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(b), "RssFile:")
		if _, err := fmt.Sscan(rest, &kib); err != nil {
			t.Fatal(err)
		}
		return kib
	}
	before := file()
	daemon.TrimMemory()
	if now := file(); now >= before {
		t.Errorf("%d KiB of the program mapped, %d before", now, before)
	}
}

// TestSystemClock: the daemon's clock goes with the time, and on through a suspend.
func TestSystemClock(t *testing.T) {
	now := systemClock()
	a, wall := now(), time.Now()
	if d := a.Sub(wall).Abs(); d > time.Second {
		t.Errorf("%v away from the time", d)
	}
	for range 1000 {
		if b := now(); b.Before(a) {
			t.Fatalf("%v before %v", b, a)
		} else {
			a = b
		}
	}
	if bootTime() <= 0 {
		t.Error("no time since the start of the machine")
	}
}

// TestEndIsTold: a daemon that a signal ends says so last, as it says its start.
func TestEndIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.online()
		n.stop()
		n.logged("the node daemon ends: it was told to")
	})
}

// TestReconnectIsTold: after an outage that was long, and told, the log says at its usual
// level that the connection stands again.
func TestReconnectIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		first := n.online()
		n.arbiter.set(func(a *fakeArbiter) { a.down = true })
		_ = first.c.Close()
		after(2 * time.Minute)
		n.arbiter.set(func(a *fakeArbiter) { a.down = false })
		after(20 * time.Second)
		n.logged("warning no connection to the arbiter")
		n.loggedTimes("info    connected to the arbiter", 2)
		n.stop()
	})
}

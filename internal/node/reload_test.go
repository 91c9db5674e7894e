// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/corosync/votequorum"
	"github.com/quorate/quorate/internal/leak"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// TestReloadVersion: a reload that raises nothing but config_version is told to
// the arbiter; C loses it (C5). Nodes are sorted by number (Q12), and datacenterid
// is read as the text that it is (Q14).
func TestReloadVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.engine.keys["nodelist.node.10.nodeid"] = "3"
		n.engine.keys["nodelist.node.2.nodeid"] = "10"
		n.engine.keys["nodelist.node.2.datacenterid"] = "7"
		c := n.online()
		n.engine.reload(func(k map[string]string) { k["totem.config_version"] = "4" })
		synctest.Wait()
		m := lastOf[wire.NodeList](c)
		if m.ListType.V != qnet.ChangedConfig || m.ConfigVersion.V != 4 {
			t.Errorf("told %+v", m)
		}
		if got := fmt.Sprint(m.Nodes); got != "[{1 0 not set} {2 0 not set} {3 0 not set} {10 7 not set}]" {
			t.Errorf("nodes %s", got)
		}
		n.stop()
	})
}

// TestReloadVotes: with one node of other votes, or of another device's, the daemon
// says so, votes no, and goes on when it is mended (C6).
func TestReloadVotes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.online()
		n.engine.set(func(e *fakeEngine) { e.votes[2] = votequorum.Info{Node: 2, Votes: 1, DeviceVotes: 2} })
		n.engine.events <- votequorum.ExpectedVotes{Votes: 4}
		synctest.Wait()
		n.casts(false, 8)
		n.logged("50:50 split algorithm works only if qdevice has exactly 1 vote. Node 2 has 2 votes!")
		n.arbiter.conn().vote(2, ring8, qnet.VoteACK)
		synctest.Wait()
		n.casts(false, 8)
		n.engine.set(func(e *fakeEngine) { e.votes[2] = votequorum.Info{Node: 2, Votes: 3, DeviceVotes: 1} })
		n.engine.events <- votequorum.ExpectedVotes{Votes: 3}
		synctest.Wait()
		n.logged("Node 2 has 3 votes!")
		n.engine.set(func(e *fakeEngine) { delete(e.votes, 2) }) // never seen: nothing is known against it
		n.engine.events <- votequorum.ExpectedVotes{Votes: 3}
		after(time.Second)
		n.arbiter.conn().vote(3, ring8, qnet.VoteACK)
		synctest.Wait()
		n.casts(true, 8)
		n.stop()
	})
}

// TestReloadBusy: a Corosync that is too busy to be asked during a reload, for longer
// than is tried at once, ends no daemon, and the reload is not lost.
func TestReloadBusy(t *testing.T) {
	for name, busy := range map[string]func(*fakeEngine, bool){
		"keys":  func(e *fakeEngine, on bool) { e.busy = on },
		"votes": func(e *fakeEngine, on bool) { e.busyVotes = on },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodeUnderTest(t)
				c := n.online()
				n.engine.set(func(e *fakeEngine) { busy(e, true) })
				n.engine.reload(func(k map[string]string) { k["totem.config_version"] = "4" })
				for range 12 { // more than max_cs_try_again
					after(time.Second)
				}
				n.logged("event=config_busy")
				n.casts(true, 8)
				n.engine.set(func(e *fakeEngine) { busy(e, false) })
				for range 12 {
					after(time.Second)
				}
				if m := lastOf[wire.NodeList](c); m.ConfigVersion.V != 4 {
					t.Errorf("told %+v", m)
				}
				n.stop()
			})
		})
	}
}

// TestReloadBadValue: after a slip in corosync.conf the daemon keeps what it had,
// and says so (C8).
func TestReloadBadValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		c := n.online()
		n.engine.reload(func(k map[string]string) {
			k["quorum.device.heuristics.interval"] = "never"
			k["quorum.device.net.tie_breaker"] = "me"
			k["quorum.device.net.port"] = "70000"
			delete(k, "nodelist.node.0.nodeid")
			delete(k, "nodelist.node.1.nodeid")
		})
		synctest.Wait()
		for _, text := range []string{
			"heuristics.interval must be valid number in range <1000,3600000>: keeping the value that was in use",
			"tie_breaker must be lowest|highest|valid_node_id: keeping", "quorum.device.net.port must be in range 1-65535: keeping",
			"nodelist was removed from corosync.conf: this node goes on with the nodes that it knew",
		} {
			n.logged(text)
		}
		after(20 * time.Second)
		n.casts(true, 8)
		if n.arbiter.conn() != c {
			t.Error("a value that was kept made a new connection")
		}
		n.stop()
	})
}

// TestReloadArbiter: where the arbiter is and what it must agree to is taken up on
// a new connection, which C does only at a restart (C8). The vote is kept meanwhile.
func TestReloadArbiter(t *testing.T) {
	for name, c := range map[string]struct {
		change func(map[string]string)
		check  func(*nodeUnderTest, *arbiterConn) string
	}{
		"tie-breaker": {func(k map[string]string) { k["quorum.device.net.tie_breaker"] = "highest" },
			func(_ *nodeUnderTest, c *arbiterConn) string {
				return fmt.Sprint(lastOf[wire.Init](c).TieBreaker.V.Mode == qnet.TieBreakerHighest)
			}},
		"algorithm": {func(k map[string]string) { k["quorum.device.net.algorithm"] = "lms" },
			func(_ *nodeUnderTest, c *arbiterConn) string {
				return fmt.Sprint(lastOf[wire.Init](c).Algorithm.V == qnet.LMS)
			}},
		"device timeout": {func(k map[string]string) { k["quorum.device.timeout"] = "5000" },
			func(_ *nodeUnderTest, c *arbiterConn) string {
				return fmt.Sprint(lastOf[wire.Init](c).Heartbeat.V == 4000)
			}},
		"port": {func(k map[string]string) { k["quorum.device.net.port"] = "5404" },
			func(n *nodeUnderTest, _ *arbiterConn) string {
				return fmt.Sprint(strings.HasSuffix(n.arbiter.dialed[len(n.arbiter.dialed)-1], ":5404"))
			}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodeUnderTest(t)
				old := n.online()
				n.engine.reload(c.change)
				after(time.Second)
				now := n.arbiter.conn()
				if now == old {
					t.Fatal("no new connection")
				}
				if got := c.check(n, now); got != "true" {
					t.Error("the new value was not told")
				}
				if i := lastOf[wire.Init](now); i.StillCasting.V != 1 {
					t.Errorf("Init: %+v", i)
				}
				n.casts(true, 8)
				n.stop()
			})
		})
	}
}

// TestReloadHeuristics: commands and times are taken up live; commands that can't
// be used leave the old ones in place (C8).
func TestReloadHeuristics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.online()
		n.engine.reload(func(k map[string]string) {
			k["quorum.device.heuristics.mode"] = "on"
			k["quorum.device.heuristics.exec_ping"] = "/bin/ping -c 1 192.0.2.1"
			k["quorum.device.heuristics.timeout"] = "2000"
		})
		after(time.Second)
		n.runner.mu.Lock()
		if len(n.runner.commands) != 1 || n.runner.commands[0].Line != "/bin/ping -c 1 192.0.2.1" || len(n.runner.runs) == 0 || n.runner.runs[0] != 2*time.Second {
			t.Errorf("commands %v, runs %v", n.runner.commands, n.runner.runs)
		}
		n.runner.bad = errors.New("exec_bad: not an absolute path")
		before := len(n.runner.runs)
		n.runner.mu.Unlock()
		if m := lastOf[wire.NodeList](n.arbiter.conn()); m.ListType.V == qnet.Quorum && m.Heuristics != 0 {
			t.Errorf("a quorum list with heuristics: %+v", m)
		}
		n.engine.reload(func(k map[string]string) { k["quorum.device.heuristics.exec_bad"] = "x" })
		after(time.Second)
		n.logged("event=heuristics_refused")
		n.engine.reload(func(k map[string]string) {
			k["quorum.device.heuristics.exec_bad"], k["quorum.device.heuristics.interval"] = "y", "3000"
		})
		after(7 * time.Second)
		n.runner.mu.Lock()
		if got := len(n.runner.runs) - before; got < 3 {
			t.Errorf("%d runs since", got)
		}
		n.runner.mu.Unlock()
		n.stop()
	})
}

// TestReloadDebug: logging.debug is live.
func TestReloadDebug(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.cfg.Level = new(slog.LevelVar)
		n.online()
		n.engine.reload(func(k map[string]string) { k["logging.logger_subsys.QDEVICE.debug"] = "on" })
		synctest.Wait()
		if n.cfg.Level.Level() != slog.LevelDebug {
			t.Error("debug is off")
		}
		n.engine.reload(func(k map[string]string) { k["logging.logger_subsys.QDEVICE.debug"] = "off" })
		synctest.Wait()
		if n.cfg.Level.Level() != slog.LevelInfo {
			t.Error("debug is on")
		}
		n.stop()
	})
}

// TestReloadMany: a hundred reloads leave neither goroutines nor memory behind.
func TestReloadMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.cfg.Log = slog.New(slog.DiscardHandler)
		n.online()
		var heap [2]uint64
		var goroutines [2]int
		for i := range heap {
			for v := range 100 {
				n.engine.reload(func(k map[string]string) {
					k["totem.config_version"] = strconv.Itoa(4 + v)
					k["quorum.device.net.tie_breaker"] = []string{"lowest", "highest"}[v%2]
				})
				after(time.Second)
			}
			n.casts(true, 8)
			n.arbiter.set(func(a *fakeArbiter) { // what the fakes keep
				for _, c := range a.conns[:len(a.conns)-1] {
					_ = c.c.Close()
					close(c.out)
				}
				a.conns, a.dialed = a.conns[len(a.conns)-1:], nil
			})
			n.engine.set(func(e *fakeEngine) { e.polls = e.polls[len(e.polls)-1:] })
			synctest.Wait()
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			heap[i], goroutines[i] = m.HeapAlloc, leak.Goroutines()
		}
		if heap[1] > heap[0]+100<<10 || goroutines[1] > goroutines[0] {
			t.Errorf("heap %v, goroutines %v", heap, goroutines)
		}
		n.stop()
	})
}

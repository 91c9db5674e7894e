// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package node

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// withoutDevice removes what a person removes who takes the device out.
func withoutDevice(keys map[string]string) {
	maps.DeleteFunc(keys, func(k, _ string) bool { return strings.HasPrefix(k, "quorum.device.") })
}

// registered says whether the device must be registered.
func (n *nodeUnderTest) registered(want bool) {
	n.t.Helper()
	n.engine.set(func(e *fakeEngine) {
		if (e.registered != "") != want {
			n.t.Errorf("registered: %q, want %v", e.registered, want)
		}
	})
}

// calm says that the log must have no warning.
func (n *nodeUnderTest) calm() {
	n.t.Helper()
	for line := range strings.SplitSeq(n.log.String(), "\n") {
		if strings.Contains(line, " warning ") || strings.Contains(line, " error ") {
			n.t.Errorf("the log says that something is wrong: %s", line)
		}
	}
}

// TestRemoved: a device that is taken out of corosync.conf gives up its vote at once
// and is unregistered, the daemon waits, and nothing is wrong: `pvecm qdevice remove`
// reloads, removes the certificates, and stops the daemon only then. When the device
// comes back, it is taken up with another arbiter and a vote of its own.
func TestRemoved(t *testing.T) {
	for gone, remove := range map[string]func(map[string]string){
		"quorum.device":          withoutDevice,
		"quorum.device.model":    func(k map[string]string) { delete(k, "quorum.device.model") },
		"quorum.device.net.host": func(k map[string]string) { delete(k, "quorum.device.net.host") },
	} {
		t.Run(gone, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodeUnderTest(t)
				old := n.online()
				before := maps.Clone(n.engine.keys)
				n.engine.reload(remove)
				synctest.Wait()
				n.casts(false, 8)
				n.registered(false)
				n.logged(gone + " was removed from corosync.conf")
				_, polls := n.engine.last()
				after(time.Hour)
				n.engine.ring(9, true, 1, 2)
				n.engine.reload(func(k map[string]string) { k["totem.config_version"] = "9" })
				after(time.Hour)
				if _, now := n.engine.last(); now != polls || n.arbiter.conn() != old {
					t.Errorf("%d polls, were %d; connected again: %v", now, polls, n.arbiter.conn() != old)
				}
				n.calm()

				n.engine.reload(func(k map[string]string) {
					clear(k)
					maps.Copy(k, before)
					k["quorum.device.net.host"] = "elsewhere"
				})
				after(time.Second)
				n.registered(true)
				n.casts(false, 9)
				c := n.arbiter.conn()
				if i := lastOf[wire.Init](c); c == old || i.StillCasting.Set {
					t.Fatalf("a new connection: %v, Init %+v", c != old, i)
				}
				n.logged(gone + " is back")
				c.vote(1, qnet.RingID{Node: 1, Seq: 9}, qnet.VoteACK)
				synctest.Wait()
				n.casts(true, 9)
				n.calm()
				n.stop()
			})
		})
	}
}

// TestRemovedEnds: a daemon without a device ends like any other.
func TestRemovedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.online()
		n.engine.reload(withoutDevice)
		synctest.Wait()
		n.stop()
		n.calm()
	})
}

// TestRemovedLatePoll: Corosync stands still when the device is removed. The device is
// unregistered all the same, and a poll that finds none ends no daemon.
func TestRemovedLatePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.online()
		gate := make(chan struct{})
		n.engine.set(func(e *fakeEngine) {
			e.gate = gate
			e.pollErr = func(corosync.RingID) error {
				if e.registered == "" {
					return corosync.ErrNotExist
				}
				return nil
			}
		})
		n.engine.reload(withoutDevice)
		after(lastPollTime)
		n.registered(false)
		close(gate)
		after(time.Second)
		n.engine.set(func(e *fakeEngine) { e.gate = nil })
		n.calm()
		n.stop()
	})
}

// TestRemovedInSync: a ring that forms before the device is unregistered is polled.
func TestRemovedInSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.online()
		gate := make(chan struct{})
		n.engine.set(func(e *fakeEngine) { e.gate = gate })
		n.engine.reload(withoutDevice)
		synctest.Wait()
		n.engine.ring(9, false, 1)
		synctest.Wait()
		n.registered(true)
		close(gate)
		synctest.Wait()
		n.casts(false, 9)
		n.registered(false)
		n.stop()
	})
}

// TestRemovedBackBroken: a device that comes back and can't be used is waited for, and
// said to be so once.
func TestRemovedBackBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.online()
		before := maps.Clone(n.engine.keys)
		n.engine.reload(withoutDevice)
		synctest.Wait()
		n.engine.reload(func(k map[string]string) { maps.Copy(k, before); k["quorum.device.net.port"] = "70000" })
		synctest.Wait()
		n.engine.reload(func(k map[string]string) { k["totem.config_version"] = "5" })
		synctest.Wait()
		if got := strings.Count(n.log.String(), "net.port must be in range"); got != 1 {
			t.Errorf("said %d times", got)
		}
		n.registered(false)
		n.engine.set(func(e *fakeEngine) { e.refuse = corosync.ErrInvalidParam })
		n.engine.reload(func(k map[string]string) { delete(k, "quorum.device.net.port") })
		synctest.Wait()
		n.logged("Can't register votequorum device")
		n.engine.set(func(e *fakeEngine) { e.refuse = nil })
		n.engine.reload(func(k map[string]string) { k["totem.config_version"] = "6" })
		after(time.Second)
		n.registered(true)
		n.stop()
	})
}

// TestRemovedKeys: a single key that vanishes gets its default back, or, where it has none,
// is said to be gone; nothing is called a bad value.
func TestRemovedKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodeUnderTest(t)
		n.engine.set(func(e *fakeEngine) {
			for k, v := range map[string]string{
				"timeout": "5000", "sync_timeout": "20000", "net.tie_breaker": "highest", "net.port": "5404", "net.algorithm": "ffsplit",
				"net.connect_timeout": "2000", "net.keep_active_partition_tie_breaker": "no", "net.force_ip_version": "4", "heuristics.mode": "off",
			} {
				e.keys["quorum.device."+k] = v
			}
		})
		n.online()
		n.engine.reload(func(k map[string]string) {
			maps.DeleteFunc(k, func(k, _ string) bool {
				return strings.HasPrefix(k, "quorum.device.") && !strings.HasSuffix(k, ".model") && !strings.HasSuffix(k, ".host") &&
					!strings.HasSuffix(k, ".votes") && !strings.HasSuffix(k, ".tls")
			})
			delete(k, "totem.cluster_name")
			delete(k, "totem.config_version")
		})
		after(time.Second)
		i := lastOf[wire.Init](n.arbiter.conn())
		if i.Heartbeat.V != 8000 || i.TieBreaker.V.Mode != qnet.TieBreakerLowest {
			t.Errorf("told %+v", i)
		}
		if s := lastOf[wire.SetOption](n.arbiter.conn()); s.KeepActivePartition.V != 1 {
			t.Errorf("told %+v", s)
		}
		n.logged(`totem.cluster_name was removed from corosync.conf: this node goes on with "prod"`)
		if p := lastOf[wire.Preinit](n.arbiter.conn()); p.ClusterName.V != "prod" {
			t.Errorf("told %+v", p)
		}
		n.casts(true, 8)
		n.engine.reload(func(k map[string]string) { delete(k, "quorum.device.votes") })
		after(time.Second)
		n.casts(false, 8)
		n.logged("quorum.device.votes was removed from corosync.conf, and ffsplit needs it to be 1")
		for _, word := range []string{"keeping the value", "valid", "50:50"} {
			if strings.Contains(n.log.String(), word) {
				t.Errorf("the log has %q", word)
			}
		}
		n.stop()
	})
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// TestReload changes what a running cluster's corosync.conf says of the device.
func TestReload(t *testing.T) {
	with(t, allOurs, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2})
		l.Start()
		from := lab.Now()
		l.Reload(func(c *lab.Config) { c.TieBreaker = "highest" })
		l.AwaitDevice("Tie-breaker:\t\tNode with highest node ID")
		l.Reload(func(c *lab.Config) { c.Device = "  timeout: 12000\n" })
		l.AwaitDevice("HB interval:\t\t9600ms")
		l.AwaitWhole()
		l.Reload(func(c *lab.Config) { c.Algorithm = "lms" })
		l.AwaitDevice("Algorithm:\t\tLMS")
		l.AwaitWhole()
		l.Reload(func(c *lab.Config) { c.Algorithm = "ffsplit" })
		l.AwaitDevice("Algorithm:\t\tFifty-Fifty split")
		l.AwaitWhole()
		noneTwice(t, r, l, from)
		cut := lab.Now()
		lab.Cut(hosts(l.Nodes[0]), hosts(l.Nodes[1]))
		awaitAlone(t, l, cut, 30*time.Second, l.Nodes[1], 2)
		awaitNotQuorate(t, l.Nodes[0])
		r.measured("tie-breaker, timeout and algorithm changed; node 2 wins the split")
	})
}

// TestReloadRemoved takes the quorum device out of a running cluster's corosync.conf,
// as pvecm qdevice remove does before it stops the daemons, and puts it back.
func TestReloadRemoved(t *testing.T) {
	with(t, allOurs, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2})
		l.Start()
		from := lab.Now()
		logged := map[*lab.Host]int{}
		for _, n := range l.Nodes {
			logged[n] = len(n.Log("qdevice"))
		}
		l.Reload(func(c *lab.Config) { c.NoDevice = true })
		var took time.Duration
		for _, n := range l.Nodes {
			took = max(took, lab.Eventually(t, n.Name+" has no vote of a device", 5*time.Second, func() bool {
				q := n.Quorum()
				return q.Quorate && q.TotalVotes == "2" && !strings.Contains(q.Text, "Qdevice")
			}))
		}
		lab.Watch(15 * time.Second) // longer than votequorum counts a poll
		for _, n := range l.Nodes {
			log := n.Log("qdevice")[logged[n]:]
			if !n.Running("qdevice") || !strings.Contains(log, "quorum.device was removed from corosync.conf") ||
				strings.Contains(log, " warning ") || strings.Contains(log, " error ") {
				t.Errorf("%s: the daemon runs: %v, log:\n%s", n.Name, n.Running("qdevice"), log)
			}
			if out, err := n.Run(suite.quorate, "doctor"); err != nil || !strings.Contains(out, "systemctl disable --now corosync-qdevice") {
				t.Errorf("%s: doctor: %v\n%s", n.Name, err, out)
			}
			if d := n.Unquorate(from); d > 0 {
				t.Errorf("%s was not quorate for %v", n.Name, d)
			}
		}
		lab.Cut(hosts(l.Nodes[0]), hosts(l.Nodes[1]))
		for _, n := range l.Nodes { // each has one vote of two
			awaitNotQuorate(t, n)
		}
		lab.Heal(hosts(l.Nodes[0]), hosts(l.Nodes[1]))
		for _, n := range l.Nodes { // while they are in sync Corosync takes no reload
			lab.Eventually(t, n.Name+" is in a ring of two", 30*time.Second, func() bool { return n.Quorum().Nodes == 2 && n.Quorum().Quorate })
		}
		l.Reload(func(c *lab.Config) { c.NoDevice = false })
		l.AwaitWhole()
		noneTwice(t, r, l, from)
		oneSide(t, r, l)
		r.measured("removed: no vote of the device after %.2f s; put back: whole, and one side of a split wins", took.Seconds())
	})
}

// TestReloadNodes adds a third node to a running cluster of two, with the device's
// votes that its algorithm then wants, and takes it out again.
func TestReloadNodes(t *testing.T) {
	with(t, allOurs, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 3, Algorithm: "lms", Votes: 1})
		third := l.Nodes[2]
		l.Nodes = l.Nodes[:2]
		for _, n := range l.Nodes {
			l.Configure(n, "lowest")
		}
		l.Start()
		from := lab.Now()
		configured := "Configured node list:\n    0\tNode ID = 1\n    1\tNode ID = 2\n"
		l.AwaitDevice(configured + "Heuristics:")

		l.Nodes = append(l.Nodes, third)
		l.Reload(func(c *lab.Config) { c.Votes = 2 })
		l.StartNode(third)
		l.AwaitDevice(configured + "    2\tNode ID = 3\n")
		l.AwaitWhole() // five votes

		takeDown(third)
		l.Nodes = l.Nodes[:2]
		for _, n := range l.Nodes { // while they are in sync Corosync takes no reload
			lab.Eventually(t, n.Name+" is in a ring of two", 30*time.Second, func() bool { return n.Quorum().Nodes == 2 })
		}
		l.Reload(func(c *lab.Config) { c.Votes, c.Algorithm = 1, "ffsplit" })
		l.AwaitDevice(configured + "Heuristics:")
		l.AwaitDevice("Algorithm:\t\tFifty-Fifty split")
		l.AwaitWhole() // three again
		neverLost(t, l, from)
		noneTwice(t, r, l, from)
		oneSide(t, r, l)
		r.measured("node 3 joined with two votes of the device, and went; quorum was never lost")
	})
}

// TestReloads reloads hundreds of times, and looks for what grows. In a mixed cluster
// our daemon is then held against C's, which has gone through the same.
func TestReloads(t *testing.T) {
	with(t, ours, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2})
		l.Start()
		from := lab.Now()
		reload := func(n int) {
			for range n {
				l.Reload(func(*lab.Config) {})
			}
		}
		reload(100) // until Go's heap has its size
		before := l.Nodes[0].Usage("qdevice")
		reload(300)
		l.AwaitWhole()
		after := l.Nodes[0].Usage("qdevice")
		if after.Files > before.Files || after.Resident > before.Resident+1024 {
			t.Errorf("before: %+v, after 300 more reloads: %+v", before, after)
		}
		neverLost(t, l, from)
		lab.Watch(calmTime)
		calm := memory(t, r, l, "after 400 reloads")
		lab.Watch(time.Minute)
		r.measured("%d KiB and %d files, after 300 more reloads %d KiB and %d; then calm: %s; a minute later: %s",
			before.Resident, before.Files, after.Resident, after.Files, calm, memory(t, r, l, "a minute later"))
	})
}

// calmTime is after how long our daemon has let go of the memory that a start or a
// reload needs and no day after it.
const calmTime = 20 * time.Second

// memory returns what node 1's daemon has, ours, and holds it against C's on node 2 of
// a mixed cluster.
func memory(t *testing.T, r *trial, l *lab.Lab, when string) string {
	t.Helper()
	mine := l.Nodes[0].Usage("qdevice").Resident
	if r.nodes != lab.KindMixed {
		return mib(mine)
	}
	cs := l.Nodes[1].Usage("qdevice").Resident
	if mine > cs {
		t.Errorf("%s our daemon has %d KiB, C's %d KiB", when, mine, cs)
	}
	return "ours " + mib(mine) + ", C's " + mib(cs)
}

func mib(kib int) string { return fmt.Sprintf("%.1f MiB", float64(kib)/1024) }

// TestMemory holds our node daemon against C's in one cluster: after the start, after a
// minute, and after a split.
func TestMemory(t *testing.T) {
	with(t, ourMixed, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2})
		l.Start()
		lab.Watch(calmTime)
		started := memory(t, r, l, "after the start")
		lab.Watch(time.Minute)
		minute := memory(t, r, l, "after a minute")
		lab.Cut(hosts(l.Nodes[0]), hosts(l.Nodes[1]))
		awaitNotQuorate(t, l.Nodes[1])
		lab.Heal(hosts(l.Nodes[0]), hosts(l.Nodes[1]))
		l.AwaitWhole()
		lab.Watch(calmTime)
		r.measured("after the start: %s; a minute later: %s; after a split: %s", started, minute, memory(t, r, l, "after a split"))
	})
}

// TestNoRing0 runs a cluster whose only link is number 1: its nodes have no ring0_addr.
func TestNoRing0(t *testing.T) {
	with(t, allOurs, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2, Link: 1})
		l.Start()
		for _, n := range l.Nodes {
			sameBlock(t, n, "while all is well")
			if out, err := n.Run(suite.quorate, "doctor"); err != nil || strings.Contains(out, "FAIL") || !strings.Contains(out, "ok    vote ") {
				t.Errorf("%s: doctor: %v\n%s", n.Name, err, out)
			}
		}
		l.AwaitDevice("Configured node list:\n    0\tNode ID = 1\n    1\tNode ID = 2\n")
		oneSide(t, r, l)
		r.measured("ring1_addr alone: whole, status and doctor as with ring0")
	})
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// TestNodeDaemon is a smoke test of what the other rows do not try of our node
// daemon: a daemon that is killed or asked to end leaves no vote behind (C11, S6), one
// that was frozen and one whose Corosync is frozen go on, reloads are taken up by
// the running daemon (C5, C8), and it ends with its Corosync.
func TestNodeDaemon(t *testing.T) {
	r := start(t, pair{arbiter: lab.KindGo, nodes: lab.KindGo})
	l := r.newLab(t, lab.Config{Nodes: 2})
	l.Start()
	one, two := l.Nodes[0], l.Nodes[1]
	rss := func() (kib int) {
		out := one.MustRun("sh", "-c", "grep VmRSS /proc/$(cat /run/corosync-qdevice/corosync-qdevice.pid)/status")
		if _, err := fmt.Sscanf(out, "VmRSS: %d kB", &kib); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		return kib
	}

	two.Signal("qdevice", syscall.SIGTERM)
	lab.Eventually(t, "the device of node2 is unregistered", 10*time.Second, func() bool {
		q := two.Quorum()
		return !two.Running("qdevice") && strings.Contains(q.Text, "NR") && q.TotalVotes == "2"
	})
	l.StartDevice(two)
	l.AwaitWhole()

	two.Kill("qdevice")
	two.MustRun(l.Config.NodeBinary, "qdevice", "--withdraw")
	if q := two.Quorum(); q.TotalVotes != "2" {
		t.Errorf("after --withdraw:\n%s", q.Text)
	}
	l.StartDevice(two)
	l.AwaitWhole()

	from := lab.Now()
	two.Signal("qdevice", syscall.SIGSTOP)
	lab.Eventually(t, "the vote of the frozen daemon is gone", 20*time.Second, func() bool { return two.Quorum().TotalVotes == "2" })
	two.Signal("qdevice", syscall.SIGCONT)
	l.AwaitWhole()

	for range 20 {
		l.Reload(func(*lab.Config) {}) // raises the version
	}
	l.Reload(func(c *lab.Config) { c.TieBreaker, c.Device = "highest", "  timeout: 5000\n" })
	for _, n := range l.Nodes {
		lab.Eventually(t, n.Name+" takes the reload up", 20*time.Second, func() bool {
			s, _ := n.Run("corosync-qdevice-tool", "-s", "-v")
			return strings.Contains(s, "Node with highest node ID") && strings.Contains(s, "4000ms") && strings.Contains(s, "Connected")
		})
	}
	l.AwaitWhole()
	var memory int
	lab.Eventually(t, "the daemon needs no more memory than C's, 9 MiB", 30*time.Second, func() bool {
		memory = rss()
		return memory <= 9<<10
	})
	lab.Cut(hosts(one), hosts(two))
	lab.Eventually(t, "node2 is active alone", 40*time.Second, func() bool { return two.FirstActive(from, 2) >= 0 })
	awaitNotQuorate(t, one)
	noneTwice(t, r, l, from)

	one.Kill("corosync")
	lab.Eventually(t, "the daemon ends with its Corosync", 10*time.Second, func() bool { return !one.Running("qdevice") })
	if log := one.Log("qdevice"); !strings.Contains(log, "Corosync is gone") {
		t.Errorf("%s", tail(log, 10))
	}
	r.measured("no vote left behind by a kill, a signal, a freeze; 21 reloads; RSS %.1f MiB", float64(memory)/1024)
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"quorate/test/interop/lab"
)

// TestNodeDaemon is a smoke test of our node daemon on two real nodes, in
// plaintext: both get the vote, a daemon that is killed or asked to end leaves no
// vote behind, and one side of a split keeps it. The other rows try the rest.
func TestNodeDaemon(t *testing.T) {
	ours := pair{arbiter: lab.KindGo, nodes: lab.KindGo}
	r := start(t, ours)
	l := lab.New(t, r.config(lab.Config{Nodes: 2}))
	t.Cleanup(func() {
		if t.Failed() {
			for _, n := range l.Nodes {
				t.Logf("%s: %s\nqdevice:\n%s", n.Name, n.Quorum().Text, tail(n.Log("qdevice"), 40))
			}
		}
	})
	for _, n := range l.Nodes {
		path := filepath.Join(n.Dir, "etc", "corosync.conf")
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(strings.Replace(string(b), "tls: on", "tls: off", 1)), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	l.Start("-s", "off", "-c", "off")
	one, two := l.Nodes[0], l.Nodes[1]
	if q := one.Quorum(); strings.Count(q.Text, "A,V,NMW") != 2 || q.TotalVotes != "3" || !strings.Contains(q.Flags, "Qdevice") {
		t.Errorf("%s:\n%s", one.Name, q.Text)
	}

	rss := one.MustRun("sh", "-c", "grep VmRSS /proc/$(cat /run/corosync-qdevice/corosync-qdevice.pid)/status")

	two.Signal("qdevice", syscall.SIGTERM)
	lab.Eventually(t, "the device of node2 is unregistered", 10*time.Second, func() bool {
		return !two.Running("qdevice") && strings.Contains(two.Quorum().Text, "NR") && two.Quorum().TotalVotes == "2"
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

	oneSide(t, r, l)
	r.measured("votes taken back by SIGTERM and by --withdraw; daemon's %s", strings.Join(strings.Fields(rss), " "))
}

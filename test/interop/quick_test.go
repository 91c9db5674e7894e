// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quorate/quorate/test/interop/lab"
)

// TestQuickStart sets a cluster up from one of its nodes with one command,
// corosync-qdevice-net-certutil -Q, over SSH servers that take a key only: with the tool
// that is on that node, and whatever tools are on the other machines. In a mixed
// cluster node 2 has C's.
func TestQuickStart(t *testing.T) {
	t.Parallel()
	t.Run("node1", func(t *testing.T) {
		with(t, func(p pair) bool { return p.arbiter != lab.KindYesman }, func(t *testing.T, r *trial) { quickStart(t, r, 0, 1) })
	})
	t.Run("node2", func(t *testing.T) {
		with(t, func(p pair) bool { return p.nodes == lab.KindMixed }, func(t *testing.T, r *trial) { quickStart(t, r, 1, 0) })
	})
}

// quickStart runs the command on the first of these nodes.
func quickStart(t *testing.T, r *trial, first, second int) {
	l := lab.New(t, r.config(lab.Config{Nodes: 2}))
	one, two := l.Nodes[first], l.Nodes[second]
	l.StartSSH(one)
	command := []string{"-Q", "-n", lab.ClusterName, l.Arbiter.Addr, one.Addr, two.Addr}
	ours := l.Ours(one)
	if ours { // C's goes on whatever happens
		notLetIn(t, l, one, two, command)
	}
	out := one.MustRun("corosync-qdevice-net-certutil", command...)
	if ours {
		for _, h := range append([]*lab.Host{l.Arbiter}, l.Nodes...) {
			if left := h.MustRun("ls", "-A", "/tmp"); left != "" {
				t.Errorf("%s: left in /tmp: %s", h.Name, left)
			}
		}
	}
	again, err := one.Run("corosync-qdevice-net-certutil", command...)
	if want := "Node " + one.Addr + " seems to be already initialized. Please delete /etc/corosync/qdevice/net/nssdb"; err == nil || !strings.Contains(again, want) {
		t.Errorf("a second time: %v, %s, want %q", err, again, want)
	}
	l.StopSSH()
	if !strings.Contains(l.Arbiter.MustRun("ls", "/etc/corosync/qnetd/nssdb"), "cluster-"+lab.ClusterName+".crt") {
		t.Errorf("the arbiter has no certificate of the cluster:\n%s", out)
	}
	l.Start()
	hasVote(t, l)
	oneSide(t, r, l)
	r.measured("set up with one command, A,V,NMW on both nodes")
}

// notLetIn: a node that lets nobody in is named, and nothing was changed anywhere.
func notLetIn(t *testing.T, l *lab.Lab, one, two *lab.Host, command []string) {
	t.Helper()
	keys := filepath.Join(two.Dir, "etc", "ssh", "authorized_keys")
	if err := os.Rename(keys, keys+".away"); err != nil {
		t.Fatal(err)
	}
	out, err := one.Run("corosync-qdevice-net-certutil", command...)
	if want := "Node " + two.Addr + " can't be reached with ssh"; err == nil || !strings.Contains(out, want) || !strings.Contains(out, "Permission denied (publickey)") {
		t.Errorf("%v, %s, want %q", err, out, want)
	}
	for _, dir := range []string{filepath.Join(one.Dir, "etc", "qdevice"), filepath.Join(l.Arbiter.Dir, "etc", "qnetd", "nssdb")} {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s was made", dir)
		}
	}
	if err := os.Rename(keys+".away", keys); err != nil {
		t.Fatal(err)
	}
}

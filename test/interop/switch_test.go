// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// TestSwitchPrograms sets a cluster up with C's programs, puts ours in their
// place on all machines, and C's back: nobody enrols anything again, and C's
// databases are untouched.
func TestSwitchPrograms(t *testing.T) {
	r := start(t, pair{arbiter: lab.KindC, nodes: lab.KindC})
	l := r.newLab(t, lab.Config{Nodes: 2})
	l.Start()
	before := databases(t, l)
	l.Config.Kind, l.Config.NodeKind = lab.KindGo, lab.KindGo
	l.ReplacePrograms()
	restart(t, l)
	for _, n := range l.Nodes {
		if _, err := os.Stat(filepath.Join(n.Dir, "etc/qdevice/net/nssdb/qdevice-net-cluster.pem")); err != nil {
			t.Errorf("%s runs without our files: %v", n.Name, err)
		}
	}
	if now := databases(t, l); now != before {
		t.Errorf("databases were\n%sand are\n%s", before, now)
	}
	l.RestorePrograms()
	restart(t, l)
	if now := databases(t, l); now != before {
		t.Errorf("databases were\n%sand are\n%s", before, now)
	}
	r.measured("quorate with the vote under C, ours, and C again")
}

// restart ends the arbiter and the node daemons, and starts what is in their place.
func restart(t *testing.T, l *lab.Lab) {
	t.Helper()
	for _, n := range l.Nodes {
		n.Signal("qdevice", syscall.SIGTERM)
	}
	lab.Eventually(t, "the node daemons have ended", 10*time.Second, func() bool {
		return !l.Nodes[0].Running("qdevice") && !l.Nodes[1].Running("qdevice")
	})
	l.Arbiter.Kill("qnetd")
	for _, n := range l.Nodes {
		if q := n.Quorum(); q.TotalVotes != "2" {
			t.Errorf("%s has %s votes without a daemon", n.Name, q.TotalVotes)
		}
	}
	l.StartArbiter()
	for _, n := range l.Nodes {
		l.StartDevice(n)
	}
	l.AwaitWhole()
}

// databases has the hash of each NSS file.
func databases(t *testing.T, l *lab.Lab) string {
	t.Helper()
	text := ""
	for _, h := range append([]*lab.Host{l.Arbiter}, l.Nodes...) {
		dir := "etc/qdevice/net/nssdb"
		if h == l.Arbiter {
			dir = "etc/qnetd/nssdb"
		}
		for _, name := range []string{"cert9.db", "key4.db", "pkcs11.txt"} {
			b, err := os.ReadFile(filepath.Join(h.Dir, dir, name))
			if err != nil {
				t.Fatal(err)
			}
			text += fmt.Sprintf("%s %s %x\n", h.Name, name, sha256.Sum256(b))
		}
	}
	return text
}

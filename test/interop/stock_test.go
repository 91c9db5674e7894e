// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// TestStockUnit puts our arbiter in the place of C's under Debian's unit: as its
// user, on the files that the C script has made, none of which it may write. It
// keeps quorum through a split, remembers over a kill, and goes on, without a
// restart, on what root makes for it.
func TestStockUnit(t *testing.T) {
	with(t, func(p pair) bool { return p == pair{arbiter: lab.KindGo, nodes: lab.KindC} }, func(t *testing.T, r *trial) {
		l := (&trial{pair: pair{arbiter: lab.KindC, nodes: lab.KindC}}).newLab(t, lab.Config{Nodes: 2})
		l.Config.Kind = lab.KindGo
		l.ReplacePrograms()
		s := newStock(t, l)
		before := databases(t, l)
		s.start()
		for _, n := range l.Nodes {
			l.StartNode(n)
		}
		l.AwaitWhole()
		if !s.away() {
			t.Error("the status does not say where the grants are")
		}
		one, two := l.Nodes[0], l.Nodes[1]
		from := lab.Now()
		lab.Cut(hosts(one), hosts(two))
		took := awaitAlone(t, l, from, 20*time.Second, one, 1)
		awaitNotQuorate(t, two)
		l.Arbiter.Kill("qnetd")
		awaitNotQuorate(t, one)
		lab.Cut(hosts(one), hosts(l.Arbiter))
		from = lab.Now()
		said := len(l.Arbiter.Log("qnetd"))
		s.start() // in the same runtime directory
		log := func() string { return l.Arbiter.Log("qnetd")[said:] }
		lab.Eventually(t, "node 2 is answered", 20*time.Second, func() bool { return strings.Contains(log(), "vote=NACK") })
		if !strings.Contains(log(), "node 1 may still be using the vote") {
			t.Errorf("the arbiter has forgotten its grant:\n%s", log())
		}
		lab.Heal(hosts(one), hosts(l.Arbiter))
		awaitAlone(t, l, from, 20*time.Second, one, 1)
		awaitNotQuorate(t, two)
		noneTwice(t, r, l, from)
		lab.Heal(hosts(one), hosts(two))
		l.AwaitWhole()

		out, err := l.Arbiter.Run("corosync-qnetd-certutil", "-i") // pvecm does that at each set-up
		if err == nil || !strings.Contains(out, "Taken over") || !strings.Contains(out, "already exists") {
			t.Errorf("%v: %s", err, out)
		}
		lab.Eventually(t, "the grants are where they belong", 20*time.Second, func() bool { return !s.away() })
		l.Arbiter.Kill("qnetd")
		s.newRun()
		s.start()
		l.AwaitWhole()
		if s.away() {
			t.Error("something is not where it belongs")
		}
		if now := databases(t, l); now != before {
			t.Errorf("databases were\n%sand are\n%s", before, now)
		}
		r.measured("as coroqnetd on C's files: active alone after %.1f s, the grant kept over a kill", took.Seconds())
	})
}

// stock is an arbiter's host as Debian's package and its unit make it.
type stock struct {
	t        *testing.T
	l        *lab.Lab
	uid, gid int
}

func newStock(t *testing.T, l *lab.Lab) *stock {
	t.Helper()
	s := &stock{t: t, l: l}
	u, err := user.Lookup("coroqnetd")
	s.must(err)
	s.uid, err = strconv.Atoi(u.Uid)
	s.must(err)
	s.gid, err = strconv.Atoi(u.Gid)
	s.must(err)
	dir := filepath.Join(l.Arbiter.Dir, "etc/qnetd")
	s.give(dir, 0, 0o755)
	dir = filepath.Join(dir, "nssdb")
	entries, err := os.ReadDir(dir)
	s.must(err)
	for _, e := range entries { // as certutil -i -G makes them
		mode := os.FileMode(0o640)
		if strings.HasSuffix(e.Name(), ".crt") {
			mode = 0o644
		}
		s.give(filepath.Join(dir, e.Name()), 0, mode)
	}
	s.give(dir, s.gid, 0o750) // as postinst makes them
	s.give(filepath.Join(dir, "cert9.db"), s.gid, 0o640)
	s.give(filepath.Join(dir, "key4.db"), s.gid, 0o640)
	s.newRun()
	return s
}

func (s *stock) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// give makes a file root's, and its group's.
func (s *stock) give(path string, gid int, mode os.FileMode) {
	s.t.Helper()
	s.must(os.Chown(path, 0, gid))
	s.must(os.Chmod(path, mode))
}

// newRun makes the runtime directory anew, as systemd does at a start.
func (s *stock) newRun() {
	s.t.Helper()
	dir := filepath.Join(s.l.Arbiter.Dir, "run/corosync-qnetd")
	s.must(os.RemoveAll(dir))
	s.must(os.Mkdir(dir, 0o770))
	s.must(os.Chmod(dir, 0o770))
	s.must(os.Chown(dir, s.uid, s.gid))
}

// start starts the arbiter as the unit does.
func (s *stock) start() {
	s.t.Helper()
	s.l.Arbiter.Start("qnetd", "setpriv", "--reuid", "coroqnetd", "--regid", "coroqnetd", "--clear-groups", "corosync-qnetd", "-f", "-d")
}

// away reports whether the arbiter says that it keeps things in its runtime directory.
func (s *stock) away() bool {
	out, err := s.l.Arbiter.Run(s.l.Config.Binary, "clusters", "--json")
	return err == nil && strings.Contains(out, `"standby":"`)
}

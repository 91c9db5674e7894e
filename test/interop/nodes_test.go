// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// Which pairs a row is for.
func ours(p pair) bool     { return p.nodes != lab.KindC }
func allOurs(p pair) bool  { return p.nodes == lab.KindGo }
func bothOurs(p pair) bool { return p.nodes == lab.KindGo && p.arbiter == lab.KindGo }
func somebody(p pair) bool { return p.arbiter != lab.KindYesman }
func ourMixed(p pair) bool { return p.nodes == lab.KindMixed }
func unmixed(p pair) bool  { return p.nodes != lab.KindMixed }

// TestCutOffFlag (S7): a node is cut off from everything, and lives. With our
// daemon its flag must be "No" by the time the survivor is quorate alone; C's shows
// a stale "Yes" for seconds.
func TestCutOffFlag(t *testing.T) {
	with(t, unmixed, func(t *testing.T, r *trial) {
		l, one, two, from := startPair(t, r)
		lab.Cut(hosts(one), hosts(two, l.Arbiter))
		awaitAlone(t, l, from, 30*time.Second, two, 2)
		awaitNotQuorate(t, one)
		down, up := one.FlagDown(from), two.FlagUp(from, 2)
		if down < 0 || up < 0 {
			t.Fatalf("nothing is proved: the cut-off node said No at %v, the survivor Yes at %v", down, up)
		}
		stale := down - up
		if stale > 0 && bothOurs(r.pair) {
			t.Errorf("both nodes said that they are quorate for %v", stale)
		}
		noneTwice(t, r, l, from)
		lab.Heal(hosts(one), hosts(two, l.Arbiter))
		l.AwaitWhole()
		oneSide(t, r, l)
		r.measured("both \"Yes\" for %.1f s: the cut-off node's until %.2f s, the survivor's from %.2f s", max(0, stale).Seconds(), down.Seconds(), up.Seconds())
	})
}

// TestMajorityWithoutArbiter (S8): the arbiter and one of four nodes vanish
// together. Three of four are a majority without any device: they must deliver
// again soon, of which Totem itself takes 5 s.
func TestMajorityWithoutArbiter(t *testing.T) {
	with(t, unmixed, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 4})
		l.Start()
		from := lab.Now()
		lab.Cut(l.Nodes[:3], hosts(l.Nodes[3], l.Arbiter))
		var took time.Duration
		for _, n := range l.Nodes[:3] {
			took = max(took, awaitAlone(t, l, from, 40*time.Second, n, 1, 2, 3))
		}
		if took > 6*time.Second && allOurs(r.pair) {
			t.Errorf("three of four deliver again only after %v", took)
		}
		noneTwice(t, r, l, from)
		lab.Heal(l.Nodes[:3], hosts(l.Nodes[3], l.Arbiter))
		l.AwaitWhole()
		oneSide(t, r, l)
		r.measured("three of four deliver again after %.1f s", took.Seconds())
	})
}

// takeDown ends what runs on a node in good order.
func takeDown(n *lab.Host) {
	for _, p := range []string{"qdevice", "corosync"} {
		n.Signal(p, syscall.SIGTERM)
		n.Exit(p, 30*time.Second)
	}
}

// TestArbiterRestartsInMaintenance (S9): one of two nodes is down in good order,
// and the arbiter restarts. Our pair loses no quorum if it is back within 16 s.
func TestArbiterRestartsInMaintenance(t *testing.T) {
	with(t, unmixed, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2})
		l.Start()
		one, two := l.Nodes[0], l.Nodes[1]
		down := lab.Now()
		takeDown(two)
		awaitAlone(t, l, down, 40*time.Second, one, 1)
		lab.Watch(3 * time.Second)
		from := lab.Now()
		var lost time.Duration
		for range 3 {
			at := lab.Now()
			l.Arbiter.Kill("qnetd")
			lab.Watch(time.Second)
			l.StartArbiter()
			lab.Watch(9 * time.Second)
			lab.Eventually(t, "the node is quorate", 60*time.Second, func() bool { return one.Quorum().Quorate })
			lost = max(lost, one.Unquorate(at))
		}
		if lost > 0 && bothOurs(r.pair) {
			t.Errorf("quorum was lost for %v", lost)
		}
		noneTwice(t, r, l, from)
		l.StartNode(two)
		l.AwaitWhole()
		oneSide(t, r, l)
		r.measured("quorum lost for at most %.1f s over 3 restarts", lost.Seconds())
	})
}

// TestDaemonFrozenAfterSplit freezes the winner's node daemon alone, until the
// arbiter gives the vote away, and lets it go on: not one "yes" may be polled on
// the strength of old news.
func TestDaemonFrozenAfterSplit(t *testing.T) {
	with(t, func(p pair) bool { return ours(p) && p.arbiter == lab.KindGo }, func(t *testing.T, r *trial) {
		l, one, two, from := splitPair(t, r)
		frozen := lab.Now()
		one.Signal("qdevice", syscall.SIGSTOP)
		took := awaitAlone(t, l, frozen, 60*time.Second, two, 2)
		one.Signal("qdevice", syscall.SIGCONT)
		lab.Watch(8 * time.Second)
		if one.Quorum().Quorate || !two.Quorum().Quorate {
			t.Errorf("the vote has moved back\n%s\n%s", one.Quorum().Text, two.Quorum().Text)
		}
		both := noneTwice(t, r, l, from)
		r.measured("two sides active for %d ms; the vote moved after %.1f s", both.Milliseconds(), took.Seconds())
	})
}

// TestCorosyncUnderDaemon stops, kills and restarts Corosync under our daemon,
// which must end with 1 so that systemd starts it again, and be whole after that.
func TestCorosyncUnderDaemon(t *testing.T) {
	with(t, allOurs, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2})
		l.Start()
		one := l.Nodes[0]
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			one.Signal("corosync", sig)
			one.Exit("corosync", 30*time.Second)
			if code := one.Exit("qdevice", 30*time.Second); code != 1 {
				t.Errorf("after %v of Corosync the daemon ended with %d, want 1\n%s", sig, code, tail(one.Log("qdevice"), 10))
			}
			one.Start("corosync", "corosync", "-f")
			l.StartDevice(one)
			l.AwaitWhole()
		}
		oneSide(t, r, l)
		r.measured("whole again after SIGTERM and SIGKILL of Corosync")
	})
}

// TestWithdraw (S6): the daemon of a split's winner is killed, and the unit's
// ExecStopPost takes the vote back at once: the node is not quorate from then on.
func TestWithdraw(t *testing.T) {
	with(t, allOurs, func(t *testing.T, r *trial) {
		l, one, two, from := splitPair(t, r)
		killed := lab.Now()
		one.Kill("qdevice")
		one.MustRun(suite.quorate, "qdevice", "--withdraw")
		lab.Eventually(t, "node1 is not quorate", 5*time.Second, func() bool { return !one.Quorum().Quorate })
		took := one.FlagDown(killed)
		awaitAlone(t, l, killed, 60*time.Second, two, 2)
		lab.Watch(3 * time.Second)
		both := l.BothActive(from)
		// C's arbiter gives the vote away at once: what is left is the time in which the
		// unit starts one program, and a message that is delivered in it.
		limit := map[lab.Kind]time.Duration{lab.KindGo: 0, lab.KindC: time.Second}[r.arbiter]
		if both > limit {
			t.Errorf("two sides were active for %v, at most %v is promised", both, limit)
		}
		r.measured("not quorate %.1f s after the kill; two sides active for %d ms", took.Seconds(), both.Milliseconds())
	})
}

// TestSwitch replaces the node daemon under a running cluster: C's, ours, and C's
// again, on the very same files.
func TestSwitch(t *testing.T) {
	with(t, ourMixed, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2})
		l.Start()
		one := l.Nodes[0]
		from := lab.Now()
		for _, program := range []string{"C", "ours", "C"} {
			one.Signal("qdevice", syscall.SIGTERM)
			one.Exit("qdevice", 20*time.Second)
			if program == "C" {
				one.MustRun("umount", "/usr/sbin/corosync-qdevice")
			} else {
				one.MustRun("mount", "--bind", suite.quorate, "/usr/sbin/corosync-qdevice")
			}
			l.StartDevice(one)
			l.AwaitWhole()
		}
		lost := neverLost(t, l, from)
		oneSide(t, r, l)
		r.measured("C, ours and C again on the same files; quorum lost for %.1f s", lost.Seconds())
	})
}

// TestSeveralAddresses gives the arbiter two addresses, of which the first is
// dead silent.
func TestSeveralAddresses(t *testing.T) {
	with(t, allOurs, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2})
		l.Config.Hosts = "10.77.0.101, " + l.Arbiter.Addr
		for _, n := range l.Nodes {
			l.Configure(n, "lowest")
			n.MustRun("ip", "neigh", "add", "10.77.0.101", "lladdr", "02:00:00:00:00:01", "dev", "eth0") // nobody
		}
		l.Start()
		oneSide(t, r, l)
		r.measured("whole over the second address")
	})
}

// TestQdeviceTool: the tools of both sides read the daemons of both sides.
func TestQdeviceTool(t *testing.T) {
	with(t, ourMixed, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2})
		l.Start()
		l.AwaitDevice("Echo reply received") // C's first echo is late
		var said []string
		for _, n := range l.Nodes { // node1: ours, node2: C's
			out := n.MustRun("corosync-qdevice-tool", "-s", "-v")
			n.MustRun("ln", "-s", suite.quorate, "/run/corosync-qdevice-tool")
			mine := n.MustRun("/run/corosync-qdevice-tool", "-s", "-v")
			if labels(out) == "" || labels(out) != labels(mine) {
				t.Errorf("%s: the tools differ:\n%s\n%s", n.Name, out, mine)
			}
			said = append(said, labels(out))
		}
		l.Nodes[0].MustRun("umount", "/usr/sbin/corosync-qdevice-tool")
		if c := labels(l.Nodes[0].MustRun("corosync-qdevice-tool", "-s", "-v")); c != said[0] {
			t.Errorf("C's tool on our daemon:\n%s\nours:\n%s", c, said[0])
		}
		if said[0] != said[1] {
			t.Errorf("our daemon's labels:\n%s\nC's:\n%s", said[0], said[1])
		}
		connected := proxmox(l.Nodes[0].MustRun("corosync-qdevice-tool", "-s", "-v"))
		if c := proxmox(l.Nodes[1].MustRun("corosync-qdevice-tool", "-s", "-v")); !maps.Equal(connected, c) || connected["State"] != "Connected" {
			t.Errorf("Proxmox reads of our daemon\n%v\nof C's\n%v", connected, c)
		}
		l.Arbiter.Kill("qnetd")
		l.AwaitDevice("Connect failed")
		away, c := proxmox(l.Nodes[0].MustRun("corosync-qdevice-tool", "-s", "-v")), proxmox(l.Nodes[1].MustRun("corosync-qdevice-tool", "-s", "-v"))
		for _, got := range []map[string]string{away, c} {
			delete(got, "Last poll call") // our grace keeps the vote
		}
		if !maps.Equal(away, c) {
			t.Errorf("without an arbiter Proxmox reads of our daemon\n%v\nof C's\n%v", away, c)
		}
		r.measured("the same labels four times; Proxmox reads the same of both")
	})
}

// proxmox reads the status of a node daemon as Proxmox's API does, without times.
func proxmox(text string) map[string]string {
	line := regexp.MustCompile(`^(.*?)\s*:\s*(.*)$`)
	got := map[string]string{}
	for _, l := range lines(text) {
		if m := line.FindStringSubmatch(l); m != nil && !strings.HasPrefix(l, " ") {
			got[m[1]] = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`).ReplaceAllString(m[2], "TIME")
		}
	}
	maps.DeleteFunc(got, func(k, _ string) bool {
		return !slices.Contains([]string{"Algorithm", "Echo reply", "Last poll call", "Model", "QNetd host", "State", "Tie-breaker"}, k)
	})
	return got
}

// TestStatusBlock compares quorate status with corosync-quorumtool -siH, whole,
// split and without the device.
func TestStatusBlock(t *testing.T) {
	with(t, allOurs, func(t *testing.T, r *trial) {
		l := r.newLab(t, lab.Config{Nodes: 2})
		l.Start()
		one, two := l.Nodes[0], l.Nodes[1]
		same := func(when string) {
			t.Helper()
			for _, n := range l.Nodes {
				n.MustRun("ln", "-sf", suite.quorate, "/run/quorate")
				want, _ := n.Run("corosync-quorumtool", "-siH")
				got, _ := n.Run("/run/quorate", "status")
				if missing := missingLines(want, got); len(missing) > 0 {
					t.Errorf("%s, %s: quorate status lacks %q of\n%s\nIt says\n%s", when, n.Name, missing, want, got)
				}
			}
		}
		reasons := func(when, want string) {
			t.Helper()
			for _, n := range l.Nodes {
				var out string
				said := func() bool {
					out, _ = n.Run("/run/quorate", "status")
					return strings.Contains(out, "\nArbiter's reason: "+want+"\n")
				}
				if r.arbiter == lab.KindC {
					if said(); strings.Contains(out, "Arbiter's reason:") {
						t.Errorf("%s, %s: C's arbiter gives a reason:\n%s", when, n.Name, out)
					}
					continue
				}
				lab.Eventually(t, n.Name+" tells the arbiter's reason, "+when, 5*time.Second, said)
			}
		}
		same("whole")
		reasons("whole", "node1 and node2 have the arbiter's vote, because all nodes are together")
		from := lab.Now()
		lab.Cut(hosts(one), hosts(two))
		awaitAlone(t, l, from, 30*time.Second, one, 1)
		awaitNotQuorate(t, two)
		same("split")
		reasons("split", "node1 has the arbiter's vote, because the tie-breaker prefers node1")
		if out, err := two.Run("/run/quorate", "status"); err == nil {
			t.Errorf("without quorum the exit code is 0:\n%s", out)
		}
		one.Kill("qdevice")
		one.MustRun(suite.quorate, "qdevice", "--withdraw")
		lab.Eventually(t, "node1 is not quorate", 5*time.Second, func() bool { return !one.Quorum().Quorate })
		same("without the device")
		r.measured("every line of corosync-quorumtool -siH, three times on two nodes")
	})
}

func missingLines(want, got string) []string {
	var missing []string
	have := lines(got)
	for _, line := range lines(want) {
		if !slices.Contains(have, line) && !isDate(line) {
			missing = append(missing, line)
		}
	}
	return missing
}

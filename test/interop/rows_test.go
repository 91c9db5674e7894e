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

// hosts is a shorthand for the groups that Cut and Heal take.
func hosts(h ...*lab.Host) []*lab.Host { return h }

// awaitAlone waits until node n is active in a ring of exactly these nodes and
// none of the others is quorate, and returns how long that took.
func awaitAlone(t *testing.T, l *lab.Lab, from int64, limit time.Duration, n *lab.Host, nodes ...int) time.Duration {
	t.Helper()
	lab.Eventually(t, fmt.Sprintf("%s is active in %v", n.Name, nodes), limit, func() bool {
		return n.FirstActive(from, nodes...) >= 0
	})
	return n.FirstActive(from, nodes...)
}

func awaitNotQuorate(t *testing.T, n *lab.Host) {
	t.Helper()
	lab.Eventually(t, n.Name+" is not quorate", 40*time.Second, func() bool { return !n.Quorum().Quorate })
}

// noneTwice fails the row if two disjoint partitions were active at once.
func noneTwice(t *testing.T, r *trial, l *lab.Lab, from int64) time.Duration {
	t.Helper()
	d := l.BothActive(from)
	if d > 0 {
		r.fail(t, "two sides were active for %v", d)
	}
	return d
}

// oneSide ends a row with a split into the first half of the nodes and the
// rest: exactly one side may be active. An arbiter that says yes to everybody
// fails here, where the row itself has no losing side.
func oneSide(t *testing.T, r *trial, l *lab.Lab) {
	t.Helper()
	from := lab.Now()
	half := (len(l.Nodes) + 1) / 2
	lab.Cut(l.Nodes[:half], l.Nodes[half:])
	lab.Eventually(t, "the first side is active alone", 40*time.Second, func() bool {
		return l.Nodes[0].FirstActive(from, ids(l.Nodes[:half])...) >= 0
	})
	awaitNotQuorate(t, l.Nodes[len(l.Nodes)-1])
	noneTwice(t, r, l, from)
}

func ids(hosts []*lab.Host) []int {
	var list []int
	for _, h := range hosts {
		list = append(list, h.ID)
	}
	return list
}

// TestSetUp enrols a cluster with the C tools on the nodes: both nodes get
// A,V,NMW, three votes and a quorum of two.
func TestSetUp(t *testing.T) { matrix(t, setUp) }

func setUp(t *testing.T, r *trial) {
	l := lab.New(t, r.config(lab.Config{Nodes: 2}))
	r.labs = append(r.labs, l)
	l.MakeCerts()
	l.Start()
	hasVote(t, l)
	if somebody(r.pair) { // the other one has no socket
		qnetdTools(t, l)
	}
	oneSide(t, r, l)
	r.measured("3 votes, A,V,NMW on both nodes")
}

// hasVote: both nodes show the three votes of a whole cluster.
func hasVote(t *testing.T, l *lab.Lab) {
	t.Helper()
	for _, n := range l.Nodes {
		q := n.Quorum()
		if strings.Count(q.Text, "A,V,NMW") != 2 || q.TotalVotes != "3" || !strings.Contains(q.Flags, "Qdevice") {
			t.Errorf("%s:\n%s", n.Name, q.Text)
		}
	}
}

// qnetdTools has the tools of both sides read this arbiter's socket: each says what is
// to be said, and in the same words.
func qnetdTools(t *testing.T, l *lab.Lab) {
	t.Helper()
	l.Arbiter.MustRun("ln", "-s", suite.quorate, "/run/corosync-qnetd-tool")
	mine := l.Arbiter.MustRun("/run/corosync-qnetd-tool", "-l", "-v")
	if l.Config.Kind != lab.KindC {
		l.Arbiter.MustRun("umount", "/usr/bin/corosync-qnetd-tool")
	}
	cs := l.Arbiter.MustRun("corosync-qnetd-tool", "-l", "-v")
	for _, want := range []string{"Cluster \"lab\":", "Node ID 1:", "Node ID 2:", "(ACK)", "client certificate verified"} {
		if !strings.Contains(mine, want) || !strings.Contains(cs, want) {
			t.Errorf("-l -v lacks %q: our corosync-qnetd-tool:\n%s\nC's:\n%s", want, mine, cs)
		}
	}
	if labels(mine) != labels(cs) {
		t.Errorf("the tools differ: ours:\n%s\nC's:\n%s", mine, cs)
	}
}

// TestSplit cuts two nodes apart: the tie-breaker's side keeps the vote.
func TestSplit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tieBreaker string
		kap        bool
		winner     int
	}{{"lowest", true, 1}, {"highest", true, 2}, {"2", true, 2}, {"lowest", false, 1}, {"highest", false, 2}, {"2", false, 2}} {
		t.Run(fmt.Sprintf("%s,kap=%v", c.tieBreaker, c.kap), func(t *testing.T) {
			matrix(t, func(t *testing.T, r *trial) {
				l := r.newLab(t, lab.Config{Nodes: 2, TieBreaker: c.tieBreaker, NoKAP: !c.kap})
				l.Start()
				from := lab.Now()
				lab.Cut(hosts(l.Nodes[0]), hosts(l.Nodes[1]))
				took := awaitAlone(t, l, from, 20*time.Second, l.Nodes[c.winner-1], c.winner)
				awaitNotQuorate(t, l.Nodes[2-c.winner])
				noneTwice(t, r, l, from)
				lab.Heal(hosts(l.Nodes[0]), hosts(l.Nodes[1]))
				l.AwaitWhole()
				noneTwice(t, r, l, from)
				r.measured("node %d active alone after %.1f s", c.winner, took.Seconds())
			})
		})
	}
}

// TestKeepActivePartition: after the tie-breaker's node has come back into a
// split, the side that had the vote keeps it with KAP, and loses it without.
func TestKeepActivePartition(t *testing.T) {
	t.Parallel()
	for _, kap := range []bool{true, false} {
		t.Run(fmt.Sprint(kap), func(t *testing.T) {
			matrix(t, func(t *testing.T, r *trial) {
				l := r.newLab(t, lab.Config{Nodes: 2, NoKAP: !kap})
				l.Start()
				from := lab.Now()
				one, two := l.Nodes[0], l.Nodes[1]
				lab.Cut(hosts(one), hosts(two))
				l.StopNode(one)
				awaitAlone(t, l, from, 50*time.Second, two, 2)
				back := lab.Now()
				l.StartNode(one)
				if kap {
					lab.Watch(8 * time.Second)
					if !two.Quorum().Quorate || one.Quorum().Quorate {
						r.fail(t, "the active side lost its vote\n%s\n%s", one.Quorum().Text, two.Quorum().Text)
					}
				} else {
					moved := awaitAlone(t, l, back, 50*time.Second, one, 1)
					awaitNotQuorate(t, two)
					// The node that gives the vote up says so (H3): a hold of 28.3 s is not
					// waited for.
					if r.pair.arbiter == lab.KindGo && moved > 20*time.Second {
						r.fail(t, "the vote moved after %.1f s", moved.Seconds())
					}
				}
				r.measured("two sides active for %d ms", noneTwice(t, r, l, from).Milliseconds())
			})
		})
	}
}

// TestNodeKilled kills everything on a node at once.
func TestNodeKilled(t *testing.T) { matrix(t, nodeKilled) }

func nodeKilled(t *testing.T, r *trial) {
	l, one, two, from := startPair(t, r)
	l.StopNode(one)
	took := awaitAlone(t, l, from, 20*time.Second, two, 2)
	l.StartNode(one)
	l.AwaitWhole()
	oneSide(t, r, l)
	r.measured("survivor active alone after %.1f s", took.Seconds())
}

// TestPowerLoss (S4, S7): a node's links go silent at once. The survivor must
// be quorate alone within 3.5 s, and the node that was cut off delivers
// nothing from then on until it says that it is not quorate.
func TestPowerLoss(t *testing.T) { matrix(t, powerLoss) }

func powerLoss(t *testing.T, r *trial) {
	l, one, two, from := startPair(t, r)
	lab.Cut(hosts(one), hosts(two, l.Arbiter))
	took := awaitAlone(t, l, from, 30*time.Second, two, 2)
	if took > 3500*time.Millisecond {
		r.fail(t, "the survivor was active alone only after %v", took)
	}
	awaitNotQuorate(t, one)
	inert(t, r, one, from, took)
	noneTwice(t, r, l, from)
	lab.Heal(hosts(one), hosts(two, l.Arbiter))
	l.AwaitWhole()
	noneTwice(t, r, l, from)
	oneSide(t, r, l)
	r.measured("survivor active alone after %.1f s", took.Seconds())
}

// inert fails the row if a node delivered a message after the survivor had become
// active and before the node itself said that it is not quorate: what it does after
// that harms nobody.
func inert(t *testing.T, r *trial, cut *lab.Host, from int64, survivor time.Duration) {
	t.Helper()
	said := cut.FlagDown(from)
	if said < 0 || survivor < 0 {
		t.Fatalf("nothing is proved: %s said No at %v, the survivor was active from %v", cut.Name, said, survivor)
	}
	for _, e := range cut.Events(from) {
		at := time.Duration(e.At-from) * time.Microsecond
		if e.Kind == "deliver" && at >= survivor && at < said {
			r.fail(t, "%s delivered a message %v after the cut; the survivor was active from %v, and %s said No at %v", cut.Name, at, survivor, cut.Name, said)
			return
		}
	}
}

// TestNodeFrozen stops a node's daemons past the arbiter's patience and lets
// them go on. Corosync itself is frozen, so the other node is alone.
func TestNodeFrozen(t *testing.T) { matrix(t, nodeFrozen) }

func nodeFrozen(t *testing.T, r *trial) {
	l, one, two, from := startPair(t, r)
	one.Signal("corosync", syscall.SIGSTOP)
	one.Signal("qdevice", syscall.SIGSTOP)
	took := awaitAlone(t, l, from, 40*time.Second, two, 2)
	lab.Watch(15 * time.Second)
	if !two.Quorum().Quorate {
		t.Error("the survivor lost its quorum")
	}
	one.Signal("corosync", syscall.SIGCONT)
	one.Signal("qdevice", syscall.SIGCONT)
	l.AwaitWhole()
	noneTwice(t, r, l, from)
	oneSide(t, r, l)
	r.measured("survivor active alone after %.1f s", took.Seconds())
}

// TestArbiterRestartWhileWhole kills the arbiter of a whole cluster: the nodes
// keep their quorum without it, and get its vote back.
func TestArbiterRestartWhileWhole(t *testing.T) { matrix(t, arbiterRestartWhileWhole) }

func arbiterRestartWhileWhole(t *testing.T, r *trial) {
	l := r.newLab(t, lab.Config{Nodes: 2})
	l.Start()
	from := lab.Now()
	l.Arbiter.Kill("qnetd")
	lab.Watch(2 * time.Second)
	l.StartArbiter()
	l.AwaitWhole()
	lost := neverLost(t, l, from)
	oneSide(t, r, l)
	r.measured("quorum lost for %.1f s", lost.Seconds())
}

// TestArbiterRestartWhileSplit (S2) kills the arbiter again and again while the
// cluster is split: no restart may move the quorum to the other side.
func TestArbiterRestartWhileSplit(t *testing.T) { matrix(t, arbiterRestartWhileSplit) }

func arbiterRestartWhileSplit(t *testing.T, r *trial) {
	l, one, two, from := splitPair(t, r)
	awaitNotQuorate(t, two)
	const restarts = 5
	moved := 0
	for i := range restarts {
		l.Arbiter.Kill("qnetd")
		lab.Watch(time.Second)
		at := lab.Now()
		l.StartArbiter()
		lab.Eventually(t, "a side is quorate", 60*time.Second, func() bool {
			return one.FirstActive(at, 1) >= 0 || two.FirstActive(at, 2) >= 0
		})
		lab.Watch(3 * time.Second) // a vote that moves does so soon after the nodes are back
		if two.FirstActive(at, 2) >= 0 {
			moved++
			r.fail(t, "restart %d moved the quorum to the other side", i+1)
		}
	}
	noneTwice(t, r, l, from)
	r.measured("%d of %d restarts moved the quorum", moved, restarts)
}

// TestLinkLostAfterSplit (S1): after a split the winner's link to the arbiter
// goes silent. The vote may move, but never while the winner still uses it.
func TestLinkLostAfterSplit(t *testing.T) { matrix(t, linkLostAfterSplit) }

func linkLostAfterSplit(t *testing.T, r *trial) {
	voteMoves(t, r, func(l *lab.Lab, one *lab.Host) { lab.Cut(hosts(one), hosts(l.Arbiter)) })
}

// TestDaemonKilledAfterSplit (S6): after a split the winner's node daemon is
// killed, whose last word votequorum goes on counting.
func TestDaemonKilledAfterSplit(t *testing.T) { matrix(t, daemonKilledAfterSplit) }

func daemonKilledAfterSplit(t *testing.T, r *trial) {
	voteMoves(t, r, func(_ *lab.Lab, one *lab.Host) { one.Kill("qdevice") })
}

// TestFourNodes splits four nodes into halves.
func TestFourNodes(t *testing.T) { matrix(t, fourNodes) }

func fourNodes(t *testing.T, r *trial) {
	l := r.newLab(t, lab.Config{Nodes: 4})
	l.Start()
	from := lab.Now()
	lab.Cut(l.Nodes[:2], l.Nodes[2:])
	took := awaitAlone(t, l, from, 40*time.Second, l.Nodes[0], 1, 2)
	awaitNotQuorate(t, l.Nodes[2])
	awaitNotQuorate(t, l.Nodes[3])
	noneTwice(t, r, l, from)
	lab.Heal(l.Nodes[:2], l.Nodes[2:])
	l.AwaitWhole()
	r.measured("nodes 1 and 2 active after %.1f s", took.Seconds())
}

// TestLastManStanding takes three nodes down to one, which stays quorate.
func TestLastManStanding(t *testing.T) { matrix(t, lastManStanding) }

func lastManStanding(t *testing.T, r *trial) {
	l := r.newLab(t, lab.Config{Nodes: 3, Algorithm: "lms", Votes: 2})
	l.Start()
	oneSide(t, r, l)
	lab.Heal(l.Nodes[:2], l.Nodes[2:])
	l.AwaitWhole()
	from := lab.Now()
	l.StopNode(l.Nodes[2])
	awaitAlone(t, l, from, 40*time.Second, l.Nodes[0], 1, 2)
	l.StopNode(l.Nodes[1])
	took := awaitAlone(t, l, from, 60*time.Second, l.Nodes[0], 1)
	lab.Watch(2 * time.Second)
	if !l.Nodes[0].Quorum().Quorate {
		t.Error("the last node is not quorate")
	}
	r.measured("last node active alone after %.1f s", took.Seconds())
}

// TestHeuristics splits two nodes, of which the tie-breaker's fails its own checks.
func TestHeuristics(t *testing.T) { matrix(t, heuristics) }

func heuristics(t *testing.T, r *trial) {
	l := r.newLab(t, lab.Config{Nodes: 2, Heuristics: "   mode: on\n   exec_test: /bin/test ! -e /etc/corosync/bad\n"})
	l.Nodes[0].MustRun("touch", "/etc/corosync/bad")
	l.Start()
	from := lab.Now()
	lab.Cut(hosts(l.Nodes[0]), hosts(l.Nodes[1]))
	took := awaitAlone(t, l, from, 20*time.Second, l.Nodes[1], 2)
	awaitNotQuorate(t, l.Nodes[0])
	noneTwice(t, r, l, from)
	r.measured("node 2 active alone after %.1f s", took.Seconds())
}

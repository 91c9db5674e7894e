// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"testing"
	"time"

	"github.com/quorate/quorate/test/interop/lab"
)

// TestRestartBesideCutOff (H4): one node is cut off from everything, and the
// other's Corosync is started anew at the same moment. That one is alone at once,
// long before the first has lost its token, and its new ring supersedes the old one:
// it may have the vote, because in a ring that a member has left nobody can do
// anything, whatever its flag says.
func TestRestartBesideCutOff(t *testing.T) { matrix(t, restartBesideCutOff) }

func restartBesideCutOff(t *testing.T, r *trial) {
	l := r.newLab(t, lab.Config{Nodes: 2, Token: 8000})
	l.Start()
	one, two := l.Nodes[0], l.Nodes[1]
	from := lab.Now()
	lab.Cut(hosts(one), hosts(two, l.Arbiter))
	l.StopNode(two)
	l.StartNode(two)
	took := awaitAlone(t, l, from, 60*time.Second, two, 2)
	awaitNotQuorate(t, one)
	inert(t, r, one, from, took)
	noneTwice(t, r, l, from)
	lab.Heal(hosts(one), hosts(two, l.Arbiter))
	l.AwaitWhole()
	oneSide(t, r, l)
	r.measured("the restarted node active alone after %.1f s, the other said No after %.1f s", took.Seconds(), one.FlagDown(from).Seconds())
}

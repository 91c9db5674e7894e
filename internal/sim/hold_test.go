// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/sim"
)

// TestHoldCoversTheWorst: a node's link is lost silently at any moment between
// two echoes, and its daemon killed at any moment before it notices. From when
// votequorum counts its last poll no more until the other side is active there
// must be a gap, with clocks 4.9 % apart, too; and it must not be much longer than
// the margin that H2 names.
func TestHoldCoversTheWorst(t *testing.T) {
	for _, cluster := range []string{"daemons=c", "daemons=c drift=24000,-24000,0", "daemons=go", "daemons=go drift=24000,-24000,0"} {
		least := time.Hour
		worst := ""
		// The split starts the timer of polls, whose phase differs from the echoes'.
		for split := 12 * time.Second; split < 17*time.Second; split += 625 * time.Millisecond {
			for lost := time.Duration(0); lost < 8*time.Second; lost += 500 * time.Millisecond {
				for death := 14500 * time.Millisecond; death < 16500*time.Millisecond; death += 250 * time.Millisecond {
					f := losesThenDies(t, cluster, split, lost, death)
					gap, ok := gapAfter(f)
					if !ok {
						t.Fatalf("both were active:\n%s", sim.Transcript(f))
					}
					if gap < least {
						least, worst = gap, fmt.Sprintf("split at %s, lost after %s, dead after %s", split, lost, death)
					}
				}
			}
		}
		t.Logf("%s: the least gap is %s (%s)", cluster, least, worst)
		// The margins of 5 % and 1 s are left over, or the latter alone. The polls and
		// echoes of ours begin together, so that it never comes to the worst.
		if least < 800*time.Millisecond || least > 7*time.Second {
			t.Errorf("%s: the least gap is %s: %s", cluster, least, worst)
		}
	}
}

func losesThenDies(t *testing.T, cluster string, split, lost, death time.Duration) *scenario.File {
	t.Helper()
	f, err := scenario.Parse("", fmt.Sprintf("cluster nodes=2 %s\nup 1 2\nwait %s\nsplit 1 2\nwait %s\ndrop 1 arbiter\nwait %s\ndaemon kill 1\n",
		cluster, split, 9*time.Second+lost, death), scenario.Cluster{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// gapAfter plays a scenario and returns how long neither node was active then.
func gapAfter(f *scenario.File) (time.Duration, bool) {
	w := sim.Play(f)
	const step = 10 * time.Millisecond
	var stopped time.Duration
	for w.Now() < 3*time.Minute && w.Violation() == nil {
		nodes := w.Nodes()
		if nodes[0].Active || nodes[0].Counts {
			stopped = w.Now()
		}
		if nodes[1].Active {
			return w.Now() - stopped, true
		}
		w.Run(step)
	}
	return 0, false
}

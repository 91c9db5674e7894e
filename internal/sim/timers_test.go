// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim_test

import (
	"testing"
	"time"

	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/sim"
)

// TestUnusualTimers: with our node daemons the promises hold, too, where the
// heartbeat does not say for how long votequorum counts a dead daemon's last poll
// (H2): with a device timeout above 150 s, of which 120 s are the longest heartbeat,
// and with -S net_heartbeat_interval_max.
func TestUnusualTimers(t *testing.T) {
	for _, timers := range []struct{ timeout, heartbeatMax time.Duration }{
		{5 * time.Minute, 2 * time.Minute}, {10 * time.Minute, 2 * time.Minute}, {10 * time.Second, time.Second}, {30 * time.Second, 5 * time.Second},
	} {
		var sum sim.Stats
		for seed := range uint64(200) {
			f := sim.History(sim.Options{Mode: sim.OnlyOurs}, seed)
			f.Cluster.Timeout, f.Cluster.HeartbeatMax = timers.timeout, timers.heartbeatMax
			w := sim.Play(f)
			sum.Add(w.Stats())
			if v := w.Violation(); v != nil {
				t.Fatalf("timeout %s, heartbeat-max %s, seed %d: %v\n%s", timers.timeout, timers.heartbeatMax, seed, v, sim.Transcript(sim.Shrink(f, 2000)))
			}
		}
		if sum.Splits < 100 || sum.ACKs < 500 {
			t.Errorf("the histories prove too little: %+v", sum)
		}
	}
}

// TestVoteStays: a cluster where nothing happens keeps its vote, whatever its timers.
func TestVoteStays(t *testing.T) {
	for _, words := range []string{"timeout=2m", "timeout=4m30s", "timeout=10m", "heartbeat-max=1s", "timeout=1m heartbeat-max=1s"} {
		for _, arbiter := range []string{"go", "c"} {
			f, err := scenario.Parse("", "cluster nodes=2 arbiter="+arbiter+" "+words+"\nup 1 2\nwait 10s\n", scenario.Cluster{})
			if err != nil {
				t.Fatal(err)
			}
			w := sim.Play(f)
			for end := w.Now() + 3*time.Hour; w.Now() < end; w.Run(time.Second) {
				for _, n := range w.Nodes() {
					if !n.Active || !n.Counts {
						t.Fatalf("%s, arbiter %s: at %s node %v has lost the vote: %+v", words, arbiter, w.Now(), n.Node, n)
					}
				}
			}
		}
	}
}

// TestLongTokens: a ring may be without its token for as long as totem.token says, and
// comes back with the votes that it had. Up to the device timeout that breaks nothing
// (H2), whatever the arbiter knows of it (H3).
func TestLongTokens(t *testing.T) {
	for _, token := range []time.Duration{10 * time.Second, 30 * time.Second} {
		var sum sim.Stats
		for seed := range uint64(200) {
			f := sim.History(sim.Options{}, seed)
			f.Cluster.Token, f.Cluster.Timeout = token, token
			w := sim.Play(f)
			sum.Add(w.Stats())
			if v := w.Violation(); v != nil {
				t.Fatalf("token %s, seed %d: %v\n%s", token, seed, v, sim.Transcript(sim.Shrink(f, 2000)))
			}
		}
		if sum.Splits < 500 || sum.ACKs < 2000 {
			t.Errorf("the histories prove too little: %+v", sum)
		}
	}
}

// TestTokenLimit shows the condition that docs/decision.md states: nodes 3 and 4 lose the
// arbiter, then each other for almost a token time, and their "no" is counted when that
// is over. With a token time above the device timeout the hold has passed by then.
func TestTokenLimit(t *testing.T) {
	const story = "up 1 2 3 4\nwait 20s\ndrop 1 arbiter\ndrop 2 arbiter\nsplit 1,2 3,4\nwait 3m\nheal 1 arbiter\nheal 2 arbiter\n" +
		"drop 3 arbiter\ndrop 4 arbiter\nwait 8s\ndrop 3 4\nwait 29500ms\nheal 3 4\ncalm\n"
	for timeout, breaks := range map[string]bool{"10s": true, "30s": false} {
		f, err := scenario.Parse("", "cluster nodes=4 daemons=c kap=off token=30s timeout="+timeout+"\n"+story, scenario.Cluster{})
		if err != nil {
			t.Fatal(err)
		}
		if v := sim.Play(f).Violation(); (v != nil) != breaks {
			t.Errorf("timeout %s: %v", timeout, v)
		}
	}
}

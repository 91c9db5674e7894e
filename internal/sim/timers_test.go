// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim_test

import (
	"testing"
	"time"

	"quorate/internal/scenario"
	"quorate/internal/sim"
)

// TestUnusualTimers: with our node daemons the promises hold, too, where the
// heartbeat does not say for how long votequorum counts a dead daemon's last poll
// (H2): with a device timeout above 150 s, of which 120 s are the longest heartbeat,
// and with -S net_heartbeat_interval_max.
func TestUnusualTimers(t *testing.T) {
	for _, timers := range []struct{ timeout, heartbeatMax time.Duration }{
		{5 * time.Minute, 2 * time.Minute}, {20 * time.Minute, 2 * time.Minute}, {10 * time.Second, time.Second}, {30 * time.Second, 5 * time.Second},
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
	for _, words := range []string{"timeout=2m", "timeout=4m30s", "timeout=1h", "heartbeat-max=1s", "timeout=1m heartbeat-max=1s"} {
		for _, arbiter := range []string{"go", "c"} {
			f, err := scenario.Parse("cluster nodes=2 arbiter=" + arbiter + " " + words + "\nup 1 2\nwait 10s\n")
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

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/sim"
)

// TestScenarios plays testdata/*.txt.
func TestScenarios(t *testing.T) {
	golden.Play(t, "testdata/*.txt", 1, func(t *testing.T, text string) string {
		f, err := scenario.Parse("", text, scenario.Cluster{})
		if err != nil {
			t.Fatal(err)
		}
		return sim.Transcript(f)
	})
}

// TestRows: each fault of the design's table that is about votes has a scenario.
func TestRows(t *testing.T) {
	all := golden.ReadAll(t, "testdata/*.txt")
	for _, row := range []string{"S1", "S2", "S3", "S4", "S6", "S7", "S8", "S9"} {
		if !strings.Contains(all, "# "+row+":") && !strings.Contains(all, "# "+row+" ") {
			t.Errorf("no scenario is for %s", row)
		}
	}
	if strings.Count(all, "VIOLATION") != 4 {
		t.Error("not just C's rules broke a promise")
	}
}

// TestEveryCluster: whatever a scenario's cluster may say, the world can be made,
// and runs.
func TestEveryCluster(t *testing.T) {
	for nodes := 1; nodes <= scenario.MaxNodes; nodes++ {
		for _, words := range []string{"", "algorithm=lms wait-for-all=on", "algorithm=test daemons=c", "arbiter=c timeout=1s", "heuristics=on token=1ms delay=1h"} {
			f, err := scenario.Parse("", fmt.Sprintf("cluster nodes=%d %s\nup 1\nwait 3s\ndown arbiter\nfreeze 1\nwait 1s\nthaw 1 arbiter\nup arbiter\nwait 10s\n", nodes, words), scenario.Cluster{})
			if err != nil {
				t.Fatal(err)
			}
			if v := sim.Play(f).Violation(); v != nil {
				t.Errorf("%d nodes, %s: %v", nodes, words, v)
			}
		}
	}
}

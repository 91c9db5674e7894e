// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package outlook_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/outlook"
	"github.com/quorate/quorate/internal/qnet"
)

// TestForecastOfCArbiter: with lms and 2nodelms Corosync's own arbiter decides while it
// still hears from the node that was lost, and never again. Whether the survivor gets the
// vote is known only if it wins against that node, too.
func TestForecastOfCArbiter(t *testing.T) {
	for _, c := range []struct {
		name      string
		algorithm qnet.Algorithm
		nodes     int
		isOurs    bool
		noDaemon  bool
		lost      string
		unknown   []string
		kept      []string
	}{
		{name: "lms, the tie-breaker is lost", algorithm: qnet.LMS, nodes: 2, lost: "pve1", unknown: []string{"pve2"}},
		{name: "lms, the other node is lost", algorithm: qnet.LMS, nodes: 2, lost: "pve2", kept: []string{"pve1"}},
		{name: "lms, ours", algorithm: qnet.LMS, nodes: 2, isOurs: true, lost: "pve1", kept: []string{"pve2"}},
		{name: "2nodelms", algorithm: qnet.TwoNodeLMS, nodes: 2, lost: "pve1", unknown: []string{"pve2"}},
		{name: "lms, a majority is left", algorithm: qnet.LMS, nodes: 3, lost: "pve1", kept: []string{"pve2", "pve3"}},
		{name: "ffsplit", algorithm: qnet.FFSplit, nodes: 2, lost: "pve1", kept: []string{"pve2"}},
		{name: "lms, this node's daemon does not answer", algorithm: qnet.LMS, nodes: 2, noDaemon: true, lost: "pve1", unknown: []string{"pve2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := cluster(1, nodes(slices.Repeat([]string{"A,V,NMW"}, c.nodes)...), nil)
			r.Daemon = ours()
			r.Quorum.Device.Algorithm, r.Daemon.Algorithm = c.algorithm, c.algorithm
			if !c.isOurs {
				r.Daemon.Grace = 0
			}
			if c.noDaemon {
				r.Daemon = nil
			}
			outlook.Complete(r)
			for _, loss := range r.Losses {
				if loss.Called != c.lost {
					continue
				}
				if !slices.Equal(loss.Unknown, c.unknown) || !slices.Equal(loss.Kept, c.kept) ||
					len(c.unknown) > 0 && !strings.Contains(loss.Unsure, "Corosync's own, it may prefer pve1") {
					t.Errorf("kept %v, lose %v, unknown %v: %s", loss.Kept, loss.Lose, loss.Unknown, loss.Unsure)
				}
				return
			}
			t.Errorf("no loss of %s in %+v", c.lost, r.Losses)
		})
	}
}

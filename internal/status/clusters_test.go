// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/term"
)

// split is a cluster whose winner waits for the other side's hold to end.
func split() *status.QNetd {
	s := sample()
	s.TLS, s.StoreError = "Required", "no space left on device"
	c := s.Clusters[0]
	c.Name, c.KAP = "wide", false
	c.Nodes = slices.Clone(c.Nodes[1:])
	c.Nodes[0].Ring = qnet.RingID{Node: 2, Seq: 0xd}
	c.Nodes[0].Members = qnet.NodeList{{ID: 2}}
	c.Nodes[0].Heuristics = qnet.HeuristicsPass
	c.Nodes[0].LastVote, c.Nodes[0].LastACKNACK = qnet.VoteNACK, qnet.VoteNACK
	c.Nodes[0].Silent = false
	c.Ring, c.Winner = c.Nodes[0].Ring, []qnet.NodeID{2}
	c.Reason = "partition 2 has half of the nodes, and node 1 does not answer"
	c.Blocked = "node 1 holds ring 1.9, for 17.0 s more"
	s.Clusters[0].Nodes[0].LastVote = qnet.VoteWaitForReply
	s.Clusters = append(s.Clusters, c, status.Cluster{
		Name: "young", TieBreaker: qnet.TieBreaker{Mode: qnet.TieBreakerHighest},
		Nodes: []status.Node{{ID: 3, Address: "192.0.2.3:1", LastVote: qnet.VoteAskLater}},
	})
	return s
}

func TestClusters(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 13, 33, 250e6, time.FixedZone("CET", 3600))
	compare(t, "clusters", status.AppendClusters(nil, sample(), now, false))
	compare(t, "clusters-split", status.AppendClusters(nil, split(), now, false))
	named := split()
	named.Clusters = named.Clusters[1:2]
	c := &named.Clusters[0]
	c.Nodes[0].Name, c.Nodes[0].Address = "pve2", "2001:db8::2:56070"
	c.Absent = []status.Missing{{ID: 1, Name: "pve1"}, {ID: 12, Name: "a\x1b[31m"}}
	c.Blocked = "pve1 may still be using the vote for another 17.0 s"
	compare(t, "clusters-names", status.AppendClusters(nil, named, now, false))
	none := sample()
	none.Clusters, none.Clients = nil, 1
	none.Standby = "grants are kept in /run/x, not in /etc/x"
	compare(t, "clusters-none", status.AppendClusters(nil, none, now, false))
}

// Colour adds escape sequences and changes nothing else.
func TestClustersColour(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 13, 33, 0, time.UTC)
	bare := status.AppendClusters(nil, split(), now, false)
	colour := status.AppendClusters(nil, split(), now, true)
	sequence := regexp.MustCompile("\x1b\\[[0-9]+m")
	if got := len(sequence.FindAll(colour, -1)); got < 20 {
		t.Errorf("got %d escape sequences, want 20 or more", got)
	}
	if got := sequence.ReplaceAll(colour, nil); string(got) != string(bare) {
		t.Errorf("without its colours: got\n%s\nwant\n%s", got, bare)
	}
	if sequence.Match(bare) {
		t.Error("escape sequences without colour")
	}
}

// TestClusterChanges: what comes, goes and changes is told once, with names.
func TestClusterChanges(t *testing.T) {
	before, now := split(), split()
	if got := status.ClusterChanges(before, now); len(got) != 0 {
		t.Errorf("nothing has changed, and got %q", got)
	}
	now.StoreError = ""
	now.Clusters = append(now.Clusters[:2:2], status.Cluster{Name: "new"})
	now.Clusters[0].Nodes = now.Clusters[0].Nodes[:1:1]
	now.Clusters[0].Winner = []qnet.NodeID{1}
	now.Clusters[1].Nodes = append(slices.Clone(now.Clusters[1].Nodes), status.Node{ID: 1, Name: "pve1"})
	now.Clusters[1].Blocked = ""
	got := status.ClusterChanges(before, now)
	want := []string{
		"young is gone: none of its nodes is connected",
		"JenCluster: node 2 is no longer connected", "JenCluster: node 1 has the vote",
		"wide: pve1 is connected", "wide: node 2 has the vote",
		"new is here", "grants can be recorded again",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestClustersOverview: the verdicts, and the rest, fit into the columns.
func TestClustersOverview(t *testing.T) {
	for _, width := range []int{80, 40, 20} {
		head, rest := status.ClustersOverview(split(), time.Unix(1_790_000_000, 0), true, width)
		if !strings.Contains(string(head), "JenCluster") || len(rest) == 0 {
			t.Errorf("got %q, %q", head, rest)
		}
		for line := range strings.Lines(string(head) + string(rest)) {
			if n := term.Columns(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns of %d: %q", n, width, line)
			}
		}
	}
}

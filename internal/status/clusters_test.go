// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package status_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"quorate/internal/qnet"
	"quorate/internal/status"
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
	golden(t, "clusters", status.AppendClusters(nil, sample(), now, false))
	golden(t, "clusters-split", status.AppendClusters(nil, split(), now, false))
	named := split()
	named.Clusters = named.Clusters[1:2]
	c := &named.Clusters[0]
	c.Nodes[0].Name, c.Nodes[0].Address = "pve2", "2001:db8::2:56070"
	c.Absent = []status.Missing{{ID: 1, Name: "pve1"}, {ID: 12, Name: "a\x1b[31m"}}
	c.Blocked = "pve1 may still be using the vote for another 17.0 s"
	golden(t, "clusters-names", status.AppendClusters(nil, named, now, false))
	none := sample()
	none.Clusters, none.Clients = nil, 1
	none.Standby = "grants are kept in /run/x, which a stop of the service may remove"
	golden(t, "clusters-none", status.AppendClusters(nil, none, now, false))
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

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

// TestHeuristicsAtOnce (A4): lms counts heuristics as they are in the view, not
// as they were at the report.
func TestHeuristicsAtOnce(t *testing.T) {
	v := View{TieBreaker: lowest(), Clients: []Client{client(1, 2, 5, 1), client(2, 2, 5, 2)}}
	if got := Decide(qnet.LMS, v); got.Reason.Code != TieBreaker || got.Winner[0] != 1 {
		t.Errorf("%v", got.Reason)
	}
	v.Clients[0].Heuristics = qnet.HeuristicsFail
	if got := Decide(qnet.LMS, v); got.Reason.Code != Score || got.Winner[0] != 2 {
		t.Errorf("%v", got.Reason)
	}
}

// TestIncomplete (A7, SEC-2): nodes that have sent no config list, or no
// membership, keep nobody from a vote.
func TestIncomplete(t *testing.T) {
	for _, a := range []qnet.Algorithm{qnet.FFSplit, qnet.LMS, qnet.TwoNodeLMS, qnet.Test} {
		v := View{TieBreaker: lowest(), Clients: []Client{client(1, 2, 5, 1, 2), {Node: 2}}}
		if got := Decide(a, v); len(got.Await) > 0 || len(got.Winner) != 2 {
			t.Errorf("%v: %v", a, got.Reason)
		}
		v = View{TieBreaker: lowest(), Clients: []Client{{Node: 1, Members: []qnet.NodeID{1}, Report: 1}, {Node: 2}}}
		if got := Decide(a, v); len(got.Await) > 0 {
			t.Errorf("%v, no config list at all: %v", a, got.Reason)
		}
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package decision

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/qnet"
)

// TestScenarios plays testdata/*.txt. A line is
//
//	algorithm NAME TIE-BREAKER [kap] [had=IDS]   and what follows is decided by it
//	config IDS                                   the configured nodes
//	node ID ring RING of IDS [pass|fail] [ACK|NACK]   a report; each comes after the one above it
//	gone ID                                      it is no longer connected
//	decide                                       with the verdict below
func TestScenarios(t *testing.T) {
	golden.Play(t, "testdata/*.txt", 12, playScenario)
}

type scenario struct {
	t       *testing.T
	algo    qnet.Algorithm
	view    View
	config  []qnet.NodeID
	reports uint64
}

func playScenario(t *testing.T, text string) string {
	s := &scenario{t: t}
	var out strings.Builder
	golden.Commands(text, &out, func(f []string) {
		switch f[0] {
		case "algorithm":
			s.algorithm(f[1:])
		case "config":
			s.config = s.ids(f[1])
		case "node":
			s.node(f)
		case "gone":
			id := s.ids(f[1])[0]
			s.view.Clients = slices.DeleteFunc(s.view.Clients, func(c Client) bool { return c.Node == id })
		case "decide":
			out.WriteString(s.decide())
		default:
			t.Fatalf("%q?", f)
		}
	})
	return out.String()
}

func (s *scenario) ids(text string) (ids []qnet.NodeID) {
	for w := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseUint(w, 10, 32)
		if err != nil {
			s.t.Fatal(err)
		}
		ids = append(ids, qnet.NodeID(n))
	}
	return ids
}

func (s *scenario) algorithm(f []string) {
	s.algo = map[string]qnet.Algorithm{"test": qnet.Test, "ffsplit": qnet.FFSplit, "2nodelms": qnet.TwoNodeLMS, "lms": qnet.LMS}[f[0]]
	switch f[1] {
	case "lowest":
		s.view.TieBreaker = lowest()
	case "highest":
		s.view.TieBreaker = qnet.TieBreaker{Mode: qnet.TieBreakerHighest}
	default:
		s.view.TieBreaker = qnet.TieBreaker{Mode: qnet.TieBreakerNode, ID: s.ids(f[1])[0]}
	}
	s.view.KeepActivePartition = slices.Contains(f, "kap")
	for _, w := range f {
		if had, ok := strings.CutPrefix(w, "had="); ok {
			s.view.Quorate = s.ids(had)
		}
	}
}

// node takes "node ID ring RING of IDS …".
func (s *scenario) node(f []string) {
	s.reports++
	c := Client{Node: s.ids(f[1])[0], Config: s.config, Members: s.ids(f[5]), Report: s.reports}
	if _, err := fmt.Sscanf(f[3], "%x.%x", &c.Ring.Node, &c.Ring.Seq); err != nil {
		s.t.Fatal(err)
	}
	for _, w := range f[6:] {
		switch w {
		case "pass":
			c.Heuristics = qnet.HeuristicsPass
		case "fail":
			c.Heuristics = qnet.HeuristicsFail
		case "ACK":
			c.LastVote = qnet.VoteACK
		case "NACK":
			c.LastVote = qnet.VoteNACK
		}
	}
	at, old := slices.BinarySearchFunc(s.view.Clients, c.Node, func(o Client, id qnet.NodeID) int { return cmp.Compare(uint64(o.Node), uint64(id)) })
	if old {
		s.view.Clients[at] = c
		return
	}
	s.view.Clients = slices.Insert(s.view.Clients, at, c)
}

func (s *scenario) decide() string {
	v := Decide(s.algo, s.view)
	text := "    " + v.Reason.String() + "\n"
	for _, c := range s.view.Clients {
		if vote := v.Vote(c.Node, c.Ring, c.Members); vote != qnet.VoteUndefined {
			text += fmt.Sprintf("    node %d: %s\n", c.Node, vote)
		}
	}
	return text
}

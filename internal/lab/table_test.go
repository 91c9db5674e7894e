// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/qnet"
)

// TestAllDown: that the last node is down is told in red; before, nothing is told of it.
func TestAllDown(t *testing.T) {
	w := newWatcher(nil)
	v := View{Nodes: []NodeView{{ID: 1, Up: true, Settled: true}, {ID: 2}}}
	tone := func() Tone {
		for _, f := range eventsOf(w.facts(&v), 0) {
			if f.Who == "cluster" {
				return f.Tone
			}
		}
		return Plain
	}
	if got := tone(); got != Plain {
		t.Errorf("one node is up: %v", got)
	}
	if got := Table(&v, marked); !strings.Contains(got[2], "<3 down>") {
		t.Errorf("one node is up: %q", got)
	}
	v.Nodes[0] = NodeView{ID: 1}
	if got := tone(); got != Bad {
		t.Errorf("none is up: %v", got)
	}
	if got := Table(&v, marked); !strings.Contains(got[1], "<2 down>") || !strings.Contains(got[2], "<2 down>") {
		t.Errorf("none is up: %q", got)
	}
}

// marked shows the tones.
func marked(t Tone, s string) string { return fmt.Sprintf("<%d %s>", t, s) }

// TestTableIn: a table fits its columns as far as it can, and the arbiter's stays.
func TestTableIn(t *testing.T) {
	v := View{Device: true, Arbiter: ArbiterView{Running: true, Reason: "nodes 1 to 3, 5, 7, 9, 11 and 13 have the arbiter's vote, because they are more than half of the nodes", Winner: []qnet.NodeID{1}}}
	for id := range qnet.NodeID(16) {
		v.Nodes = append(v.Nodes, NodeView{
			ID: id + 1, Up: true, Settled: true, Ring: qnet.RingID{Node: 1, Seq: 0xffff}, With: []qnet.NodeID{1, 3, 5, 7, 9, 11, 13, 15}, Votes: 9, Expected: 17, Needed: 9,
			FromDevice: 1, Quorate: true, Polls: "A,NV,NMW", Connected: true, Vote: qnet.VoteACK,
		})
	}
	for width := 40; width <= 120; width++ {
		lines := TableIn(&v, unpainted, width)
		for _, l := range lines {
			if n := len([]rune(l)); n > width {
				t.Fatalf("%d columns: %q", width, l)
			}
		}
		if !strings.Contains(lines[0], "arbiter") || !strings.Contains(lines[0], "quorate") || !strings.Contains(lines[1], "ACK") {
			t.Errorf("%d columns: %q", width, lines[0])
		}
		if gone := !strings.Contains(lines[0], "ring"); gone != strings.Contains(lines[0], Ellipsis) {
			t.Errorf("%d columns: %q", width, lines[0])
		}
	}
}

// unpainted is a Painter that leaves a text as it is.
func unpainted(_ Tone, s string) string { return s }

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package main

import "testing"

// TestLine: a row has the figures, their ratio, and whether ours is good enough.
func TestLine(t *testing.T) {
	half := measure{name: "echo", unit: "ms", target: "half of C", met: ratio(2)}
	alone := measure{name: "attack", unit: "ms", target: "20 ms", met: atMost(20), alone: true}
	for _, c := range []struct {
		measure
		c, ours float64
		line    string
		met     bool
	}{
		{half, 10, 5, "| echo | 10 ms | 5 ms | 2.0 | half of C | yes |\n", true},
		{half, 10, 5.01, "| echo | 10 ms | 5.01 ms | 2.0 | half of C | no |\n", false},
		{alone, 0, 13.52, "| attack | crashes | 13.5 ms | | 20 ms | yes |\n", true},
		{alone, 0, 20.5, "| attack | crashes | 20.5 ms | | 20 ms | no |\n", false},
	} {
		if line, met := c.measure.line(c.c, c.ours); line != c.line || met != c.met {
			t.Errorf("got %q, %t, want %q, %t", line, met, c.line, c.met)
		}
	}
}

// TestRows: every row can be told from the others, as -only wants it, and has a round.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range rows() {
		if m.name == "" || seen[m.name] || m.rounds < 1 || m.target == "" || m.unit == "" {
			t.Errorf("row %+v", m)
		}
		seen[m.name] = true
	}
}

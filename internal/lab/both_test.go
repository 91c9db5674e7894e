// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quorate/quorate/internal/golden"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/sim"
)

// TestBothPlayers plays the files of package scenario, and the laboratory's own
// scripts that the simulator can play, on both: at the end the same nodes are quorate,
// with the same others.
func TestBothPlayers(t *testing.T) {
	golden.Each(t, "../scenario/testdata/*.txt", 3, func(t *testing.T, file, text string) {
		t.Parallel()
		cfg := Defaults()
		cfg.Nodes = 4 // for scripts
		s, err := ParseScript(file, text, &cfg)
		if err != nil {
			t.Fatal(err)
		}
		want := simulated(t, file, text)
		if strings.Count(want, "not quorate") == strings.Count(want, "\n") {
			t.Errorf("nobody is quorate at the end: the file shows little\n%s", want)
		}
		for try := 1; ; try++ {
			got, out := played(t, cfg, s)
			if got == want {
				return
			}
			if !strings.Contains(out, "it stood still") || try == 10 {
				t.Fatalf("in the laboratory\n%sin the simulator\n%s%s", got, want, out)
			}
		}
	})
}

// played plays a file in a laboratory, and returns what its nodes have come to.
func played(t *testing.T, cfg Config, s *scenario.File) (end, out string) {
	t.Helper()
	out = inLab(t, cfg, func(l *Lab, p *Player) error {
		err := p.Play(t.Context(), s)
		v := l.View()
		for i := range v.Nodes {
			n := &v.Nodes[i]
			end += ends(n.ID, n.Up, n.Quorate && n.Settled, n.members())
		}
		return err
	})
	return end, out
}

// simulated plays a file in the simulator, and returns the same.
func simulated(t *testing.T, name, text string) (end string) {
	t.Helper()
	c, err := scenario.ParseCluster([]string{"nodes=4"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := scenario.Parse(name, text, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Check(scenario.Simulator); err != nil {
		t.Fatal(err)
	}
	if f, err = f.Timed(); err != nil {
		t.Fatal(err)
	}
	w := sim.Play(f)
	if v := w.Violation(); v != nil {
		t.Fatal(v)
	}
	for _, n := range w.Nodes() {
		end += ends(n.Node, n.Up, n.Active, n.Members)
	}
	return end
}

func ends(id qnet.NodeID, up, active bool, with []qnet.NodeID) string {
	switch {
	case !up:
		return fmt.Sprintf("node %v: down\n", id)
	case !active:
		return fmt.Sprintf("node %v: not quorate, with %v\n", id, with)
	}
	return fmt.Sprintf("node %v: quorate, with %v\n", id, with)
}

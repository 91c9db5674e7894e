// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	vq "github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
	"github.com/quorate/quorate/test/interop/lab"
)

// TestVotequorum plays the transcripts of internal/votequorum on real Corosync
// nodes and on the machines. After each command it compares every number and flag
// on every node.
func TestVotequorum(t *testing.T) {
	files, err := os.ReadDir(transcripts)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".txt")
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			r := start(t, suite.pairs[0])
			text, err := os.ReadFile(filepath.Join(transcripts, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			script := vqtest.ParseScript(string(text))
			v := newVotes(t, r)
			for tries := 1; !v.plays(script); tries++ {
				if tries == 3 {
					t.Fatal("Corosync has aborted three times")
				}
				v.stop()
				v = newVotes(t, r)
			}
			r.measured("%d times the same, %d of them in another order", v.times, v.other)
		})
	}
}

// TestVotequorumDevice lets the distribution's corosync-qdevice speak for the
// device, against the arbiter under test: the machines poll as it does.
func TestVotequorumDevice(t *testing.T) {
	r := start(t, suite.pairs[0])
	v := newVotes(t, r)
	v.lab = r.newLab(t, lab.Config{Nodes: 2})
	script := func(what, text string) {
		t.Helper()
		v.what = what
		for _, s := range vqtest.ParseScript(text + "\nwait 0s") {
			v.past = append(v.past, world{cmd: s.Command})
		}
		v.model = v.replay(nil)
		if what != "configured" && !v.same() {
			t.Fatalf("%s: Corosync has aborted", what)
		}
	}
	script("configured", "cluster nodes=2 expected_votes=3 device=1 timeout=1h")
	v.model.Node(1).Config.Device.Timeout = 0 // the real device polls again and again
	v.configure(vqtest.Command{})
	v.lab.Start()
	one, two := hosts(v.lab.Nodes[0]), hosts(v.lab.Nodes[1])
	script("whole", "up 1 2\nregister 1 Qdevice\nregister 2 Qdevice\npoll 1 Qdevice yes\npoll 2 Qdevice yes")
	lab.Cut(one, two)
	script("split", "cut 1\npoll 1 Qdevice yes\npoll 2 Qdevice no")
	lab.Heal(one, two)
	script("healed", "heal\npoll 1 Qdevice yes\npoll 2 Qdevice yes")
	v.lab.Arbiter.Kill("qnetd")
	script("the arbiter is gone", "poll 1 Qdevice no\npoll 2 Qdevice no")
	v.lab.StartArbiter()
	script("the arbiter is back", "poll 1 Qdevice yes\npoll 2 Qdevice yes")
	r.measured("%d times the same", v.times)
}

// TestVotequorumRefused: what votequorum can't combine keeps Corosync from
// starting, and the machine with it.
func TestVotequorumRefused(t *testing.T) {
	r := start(t, suite.pairs[0])
	cases := []string{
		"nodes=2 two_node=1 device=1", "nodes=2 two_node=1", "nodes=2 device=1 last_man_standing=1", "nodes=2 device=1 auto_tie_breaker=1",
		"nodes=3 device=1 auto_tie_breaker=1", "nodes=2 device=1 allow_downscale=1", "nodes=2 device=auto expected_votes=3",
		"nodes=2 device=auto votes=2,1", "nodes=2 device=1 votes=2,1", "nodes=2 device=2 expected_votes=3", "nodes=2 device=1 expected_votes=3",
		"nodes=3 auto_tie_breaker=1 last_man_standing=1", "nodes=3 auto_tie_breaker=1 last_man_standing=1 wait_for_all=1",
		"nodes=2 auto_tie_breaker=1 auto_tie_breaker_node=none device=1",
	}
	v := &votes{lab: lab.New(t, r.config(lab.Config{Nodes: 3}))}
	n, refused := v.lab.Nodes[0], 0
	for _, c := range cases {
		cfg, err := vqtest.Command{Args: strings.Fields(c)}.Settings(vq.Config{Node: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = vq.New(cfg, time.Unix(1_000_000, 0), 0)
		if err := os.WriteFile(filepath.Join(n.Dir, "etc", "corosync.conf"), []byte(v.conf(cfg)), 0o644); err != nil {
			t.Fatal(err)
		}
		n.Start("corosync", "corosync", "-f")
		lab.Eventually(t, c+": starts or does not", 30*time.Second, func() bool { return !n.Running("corosync") || n.Quorum().Nodes > 0 })
		if starts := n.Running("corosync"); starts != (err == nil) {
			t.Errorf("%s: Corosync starts: %v; the machine: %v", c, starts, err)
		}
		if err != nil {
			refused++
		}
		n.Kill("corosync")
	}
	r.measured("%d of %d refused by both", refused, len(cases))
}

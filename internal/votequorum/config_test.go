// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package votequorum_test

import (
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	vq "github.com/quorate/quorate/internal/votequorum"
	"github.com/quorate/quorate/internal/votequorum/vqtest"
)

var epoch = time.Unix(1_000_000, 0)

// settings reads a configuration as the scripts have it.
func settings(t *testing.T, text string) vq.Config {
	t.Helper()
	cfg, err := vqtest.Command{Args: strings.Fields(text)}.Settings(vq.Config{Node: 1})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestNew: what a node has that has just started, or why it does not start.
// test/interop tries the refusals on Corosync.
func TestNew(t *testing.T) {
	for _, c := range []struct {
		cfg      string
		expected uint32
		quorum   uint32
		device   uint32
		flags    string
		err      string
	}{
		{"nodes=1", 1, 1, 0, "Quorate", ""},
		{"nodes=2", 2, 2, 0, "", ""},
		{"nodes=3", 3, 2, 0, "", ""},
		{"nodes=5 votes=3,1,1,1,1", 7, 4, 0, "", ""},
		{"nodes=3 expected_votes=7", 7, 4, 0, "", ""},
		{"expected_votes=3", 3, 2, 0, "", ""},
		{"nodes=2 two_node=1", 2, 1, 0, "2Node WaitForAll", ""},
		{"nodes=2 two_node=1 wait_for_all=0", 2, 1, 0, "2Node Quorate", ""},
		{"nodes=3 wait_for_all=1", 3, 2, 0, "WaitForAll", ""},
		{"nodes=3 last_man_standing=1", 3, 2, 0, "LastManStanding", ""},
		{"nodes=4 auto_tie_breaker=1", 4, 3, 0, "AutoTieBreaker", ""},
		{"nodes=4 auto_tie_breaker=1 auto_tie_breaker_node=none", 4, 3, 0, "", ""},
		{"nodes=3 auto_tie_breaker=1", 3, 2, 0, "", ""},
		{"nodes=3 auto_tie_breaker=1 wait_for_all=1", 3, 2, 0, "WaitForAll AutoTieBreaker", ""},
		{"nodes=2 auto_tie_breaker=1 two_node=1", 2, 2, 0, "WaitForAll AutoTieBreaker", ""},
		{"nodes=3 allow_downscale=1", 3, 2, 0, "AllowDownscale", ""},
		{"nodes=2 device=auto", 3, 2, 1, "", ""},
		{"nodes=5 device=auto", 9, 5, 4, "", ""},
		{"nodes=2 device=1", 2, 2, 1, "", ""}, // 3 as soon as both nodes are there
		{"nodes=2 device=1 expected_votes=3", 3, 2, 1, "", ""},
		{"", 0, 0, 0, "", "neither a node list nor expected_votes"},
		{"nodes=2 two_node=1 device=1", 0, 0, 0, "", "two_node can't be combined"},
		{"nodes=2 last_man_standing=1 device=1", 0, 0, 0, "", "last_man_standing"},
		{"nodes=2 auto_tie_breaker=1 device=1", 0, 0, 0, "", "auto_tie_breaker"},
		{"nodes=2 allow_downscale=1 device=1", 0, 0, 0, "", "allow_downscale"},
		{"nodes=2 device=auto expected_votes=3", 0, 0, 0, "", "the device's votes must be too"},
		{"nodes=2 votes=2,1 device=auto", 0, 0, 0, "", "must be set"},
		{"nodes=2 device=2 expected_votes=3", 0, 0, 0, "", "less than two votes"},
		{"nodes=3 auto_tie_breaker=1 last_man_standing=1", 0, 0, 0, "", "odd number"},
		{"nodes=2 device=-2", 0, 0, 0, "", "the device's votes are -2"},
	} {
		m, _, err := vq.New(settings(t, c.cfg), epoch, 0)
		if err != nil || c.err != "" {
			if err == nil || c.err == "" || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %q", c.cfg, err, c.err)
			}
			continue
		}
		s := m.Status()
		if s.Expected != c.expected || s.NodeVotes.Quorum != c.quorum || s.DeviceVotes != c.device || s.Flags.String() != c.flags {
			t.Errorf("%s: expected %d, quorum %d, device %d, flags %q; want %d, %d, %d, %q", c.cfg, s.Expected, s.NodeVotes.Quorum, s.DeviceVotes, s.Flags,
				c.expected, c.quorum, c.device, c.flags)
		}
	}
}

// TestNodeLists that make no sense are refused with the place.
func TestNodeLists(t *testing.T) {
	for want, cfg := range map[string]vq.Config{
		"own ID is missing":                      {Nodes: vq.OneVoteEach(1)},
		"node 2 of the node list has no ID":      {Node: 1, Nodes: vq.OneVoteEach(1, 0)},
		"node 1 is in the node list twice":       {Node: 1, Nodes: vq.OneVoteEach(1, 1)},
		"neither a node list nor expected_votes": {Node: 9, Nodes: vq.OneVoteEach(1, 2)},
	} {
		if _, _, err := vq.New(cfg, epoch, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", cfg, err, want)
		}
	}
}

// TestBarrier: expected votes that are tracked are kept, and counted after a restart.
func TestBarrier(t *testing.T) {
	cfg := vq.Config{Node: 1, Nodes: vq.OneVoteEach(1, 2, 3), ExpectedVotesTracking: true}
	_, outs, err := vq.New(cfg, epoch, 0)
	if err != nil || !contains(outs, vq.Persist{Barrier: 3}) {
		t.Errorf("%v, %v: want Persist 3", outs, err)
	}
	m, outs, err := vq.New(cfg, epoch, 7)
	if err != nil || contains(outs, vq.Persist{Barrier: 7}) || m.Status().Expected != 7 || m.Status().NodeVotes.Quorum != 4 {
		t.Errorf("%v, %v\n%v", outs, err, m.Status())
	}
}

func contains(outs []vq.Output, want vq.Output) bool {
	for _, o := range outs {
		if p, ok := o.(vq.Persist); ok && p == want {
			return true
		}
	}
	return false
}

// TestReloadRefused: a device that can't be combined is out of service until
// the configuration is right again.
func TestReloadRefused(t *testing.T) {
	c := vqtest.New(epoch)
	run := func(line string) vq.Code {
		t.Helper()
		for _, s := range vqtest.ParseScript(line) {
			if err := c.Play(s.Command); err != nil {
				t.Fatal(err)
			}
		}
		return c.LastAnswer(1)
	}
	run("cluster nodes=2 last_man_standing=1\nup 1 2")
	for _, s := range []struct {
		line string
		want vq.Code
	}{
		{"reload device=1\nregister 1 dev", vq.ErrAccess},
		{"poll 1 dev yes", vq.ErrAccess},
		{"master 1 dev yes", vq.ErrAccess},
		{"unregister 1 dev", vq.ErrNotExist},
		{"rename 1 dev new", vq.ErrNotExist},
		{"votes 1 0 1", vq.OK}, // node 0 is the device
	} {
		if got := run(s.line); got != s.want {
			t.Errorf("%s: %v, want %v", s.line, got, s.want)
		}
	}
}

// TestBadNames: a device's name has 1 to 254 bytes.
func TestBadNames(t *testing.T) {
	m, _, err := vq.New(vq.Config{Node: 1, Nodes: vq.OneVoteEach(1, 2)}, epoch, 0)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 255)
	for _, in := range []vq.Input{
		vq.Register{Name: ""}, vq.Register{Name: long}, vq.Unregister{Name: long}, vq.Poll{Name: ""}, vq.MasterWins{Name: long}, vq.Rename{Old: "x", New: ""},
	} {
		outs := m.Step(epoch, in)
		if len(outs) != 1 || outs[0] != (vq.Answer{Code: vq.ErrInvalidParam}) {
			t.Errorf("%#v: %v", in, outs)
		}
	}
}

// TestRegisterTwice: while a registration is on its way, a second one must wait.
func TestRegisterTwice(t *testing.T) {
	m, _, err := vq.New(vq.Config{Node: 1, Nodes: vq.OneVoteEach(1, 2)}, epoch, 0)
	if err != nil {
		t.Fatal(err)
	}
	sent := m.Step(epoch, vq.Register{Call: 1, Name: "dev"})
	if outs := m.Step(epoch, vq.Register{Call: 2, Name: "dev"}); len(outs) != 1 || outs[0] != (vq.Answer{Call: 2, Code: vq.ErrTryAgain}) {
		t.Errorf("second: %v", outs)
	}
	outs := m.Step(epoch, vq.Deliver{From: 1, Msg: sent[0].(vq.Multicast).Msg})
	if outs[len(outs)-1] != (vq.Answer{Call: 1, Code: vq.OK}) {
		t.Errorf("first: %v", outs)
	}
	if nodes := m.Quorum().Nodes; len(nodes) != 2 || nodes[1] != (qnet.Node{}) {
		t.Errorf("nodes told: %v, want node 1 and the device", nodes)
	}
}

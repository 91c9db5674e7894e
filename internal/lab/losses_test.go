// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// TestLosses: what is foretold of a loss comes, with real daemons. Each history is a
// script, after which a node foretells one loss; that comes, and nothing else.
func TestLosses(t *testing.T) {
	for _, c := range []struct {
		name, script string
		nodes        int
		algorithm    qnet.Algorithm
		at, lost     qnet.NodeID
		keep         bool // the forecast: the nodes that are left keep quorum
	}{
		{name: "a node of two", nodes: 2, at: 1, lost: 2, keep: true},
		{name: "this node", nodes: 2, at: 1, lost: 1, keep: true},
		{name: "the arbiter", nodes: 2, at: 1, lost: Arbiter, keep: true},
		{name: "the arbiter of one that is alone", script: "down 2\nwait", nodes: 2, at: 1, lost: Arbiter},
		{name: "a node, and the arbiter is out of reach", script: "drop 1 arbiter\nwait 2500ms", nodes: 2, at: 1, lost: 2},
		{name: "a node, and the arbiter is stopped", script: "arbiter stop\nwait 1s", nodes: 2, at: 1, lost: 2},
		{name: "a node of four, and one is down", script: "down 4\nwait", nodes: 4, at: 2, lost: 1, keep: true},
		{name: "the last but one with lms", script: "down 3\nwait", nodes: 3, algorithm: qnet.LMS, at: 1, lost: 2, keep: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for try := 1; ; try++ {
				cfg := Defaults()
				if cfg.Nodes = c.nodes; c.algorithm != 0 {
					cfg.Algorithm = c.algorithm
				}
				l, bad := loseOne(t, cfg, c.script, c.at, c.lost, c.keep)
				if bad == "" {
					return
				}
				if events, _ := l.Events(0); try == 10 || !slices.ContainsFunc(events, func(e Event) bool { return e.Who == "machine" }) {
					t.Fatal(bad)
				}
				t.Logf("try %d: the machine was too busy", try)
			}
		})
	}
}

// loseOne plays a script and then one loss, and says what was foretold wrongly.
func loseOne(t *testing.T, cfg Config, script string, at, lost qnet.NodeID, keep bool) (*Lab, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l, err := Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s, err := ParseScript("losses", script, &cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := Player{Lab: l, Out: io.Discard}
	if err := p.Begin(ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.Play(ctx, s); err != nil {
		t.Fatal(err)
	}
	r, err := l.Report(ctx, at)
	if err != nil {
		return l, err.Error()
	}
	i := slices.IndexFunc(r.Losses, func(o status.Loss) bool { return o.Node == lost })
	if i < 0 {
		return l, "no forecast"
	}
	loss := r.Losses[i]
	if len(loss.Unknown) > 0 || (len(loss.Lose) == 0) != keep {
		return l, fmt.Sprintf("foretold: %+v (%s)", loss, r.DaemonError)
	}
	command := "down " + lost.String()
	if lost == Arbiter {
		var all []string
		for _, n := range l.nodes {
			all = append(all, n.id.String())
		}
		command = "drop " + strings.Join(all, ",") + " arbiter"
	}
	commands, err := Parse(command, cfg.Nodes)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Do(ctx, commands); err != nil {
		t.Fatal(err)
	}
	for _, n := range l.View().Nodes {
		name := PeerName(n.ID)
		if slices.Contains(loss.Kept, name) && !(n.Quorate && n.Settled) || slices.Contains(loss.Lose, name) && n.Quorate && n.Settled {
			return l, fmt.Sprintf("%s: %s; foretold: %+v", name, n.Text(), loss)
		}
	}
	return l, ""
}

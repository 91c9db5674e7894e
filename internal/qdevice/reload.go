// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/timing"
)

// reconfigured takes a new Config.
func (n *Node) reconfigured(now time.Time, in Reconfigured) {
	old, cfg := n.cfg, in.Config
	cfg.Cluster, cfg.Node, cfg.Seed = old.Cluster, old.Node, old.Seed
	n.cfg = cfg
	n.moved(in)
	if n.vote.polling {
		n.vote.next = timing.Earliest(n.vote.next, now.Add(cfg.voteInterval()))
	}
	switch cfg.Heuristics {
	case HeuristicsOff:
		n.nextRegular, n.heuristics = time.Time{}, qnet.HeuristicsUndefined
	case HeuristicsSync:
		n.nextRegular = time.Time{}
	case HeuristicsOn:
		n.nextRegular = now // the commands may be others
	}
	if cfg.announced() != old.announced() || in.Elsewhere {
		if n.conn.state != Waiting {
			n.note(n.event(event.Info, event.Reconnecting))
		}
		n.letGo(now, "corosync.conf has changed")
		n.conn.tries, n.conn.retryAt = 0, now
	}
	if n.grace() == 0 && n.conn.state != Online && n.keeps() && !n.lenient() {
		n.apply(now, qnet.VoteNACK, n.offline())
	}
}

// grace is how long a vote may be kept after the last sign of the arbiter, 0 if
// not at all (N2, N4). What was announced holds for the heartbeat and the device
// timeout that the arbiter was told: the part of its hold that it leaves to votequorum
// is that timeout, and 1.25 heartbeats at least. When a reload has made the timeout
// longer, votequorum counts a dead daemon's last poll for longer than that; when it has
// made it shorter, the arbiter may know so already and hold for less.
//
// More than three device timeouts are not believed. By itself our arbiter announces
// 1.6 of them, or 2 heartbeats; the longest hold that its manual asks for is 4 device timeouts,
// one of which is left to votequorum. A longer one is a mistake there or no arbiter of ours,
// and a node that believed it would vote on alone for as long as that.
func (n *Node) grace() time.Duration {
	g, announced := n.conn.grace, n.conn.announced
	if g == 0 {
		return 0
	}
	if n.cfg.Heartbeat < announced.Heartbeat {
		g = time.Duration(float64(g) * float64(n.cfg.Heartbeat) / float64(announced.Heartbeat))
	}
	if over := n.cfg.Timeout - max(announced.Timeout, announced.Heartbeat*5/4); over > 0 {
		g -= over
	}
	return min(max(0, g), 3*max(n.cfg.Timeout, n.cfg.Heartbeat))
}

// announced reduces a Config to what an arbiter is told of it, or what is agreed upon
// with it at the start of a connection.
func (c Config) announced() Config {
	t := Config{
		Algorithm: c.Algorithm, TieBreaker: c.TieBreaker, KeepActivePartition: c.KeepActivePartition,
		TLS: c.TLS, Heartbeat: c.Heartbeat, Timeout: c.Timeout, WithdrawTime: c.WithdrawTime,
	}
	if c.Heuristics != HeuristicsOff {
		t.Heuristics = HeuristicsOn
	}
	return t
}

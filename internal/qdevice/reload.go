// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"time"

	"quorate/internal/qnet"
)

// reconfigured takes a new Config.
func (n *Node) reconfigured(now time.Time, in Reconfigured) {
	old, cfg := n.cfg, in.Config
	cfg.Cluster, cfg.Node, cfg.Seed = old.Cluster, old.Node, old.Seed
	n.cfg = cfg
	if n.vote.polling {
		n.vote.next = earliest(n.vote.next, now.Add(cfg.voteInterval()))
	}
	switch cfg.Heuristics {
	case HeuristicsOff:
		n.nextRegular, n.heuristics = time.Time{}, qnet.HeuristicsUndefined
	case HeuristicsSync:
		n.nextRegular = time.Time{}
	case HeuristicsOn:
		n.nextRegular = now // the commands may be others
	}
	if cfg.told() != old.told() || in.Elsewhere {
		n.hangUp(now, "the configuration has changed")
		n.conn.tries, n.conn.retryAt = 0, now
	}
}

// told reduces a Config to what an arbiter is told of it, or what is agreed upon
// with it at the start of a connection.
func (c Config) told() Config {
	t := Config{
		Algorithm: c.Algorithm, TieBreaker: c.TieBreaker, KeepActivePartition: c.KeepActivePartition,
		TLS: c.TLS, Heartbeat: c.Heartbeat, WithdrawTime: c.WithdrawTime,
	}
	if c.Heuristics != HeuristicsOff {
		t.Heuristics = HeuristicsOn
	}
	return t
}

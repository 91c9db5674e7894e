// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"strconv"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
)

// client is one connection, and from its Init on one node.
type client struct {
	session
	cluster *cluster // nil until Init succeeded; the rest means nothing before

	report
	voting
	liveness
}

// takesPart reports whether decisions look at this client.
func (c *client) takesPart() bool { return c.complete() && !c.leftOut() }

// waits reports whether the node is in sync, and no vote was sent to it.
func (c *client) waits() bool { return c.complete() && c.sent == qnet.VoteUndefined }

// event is one about this client.
func (c *client) event(level event.Level, k event.Kind) event.Event {
	e := event.Event{Kind: k, Level: level, Cluster: c.name, Addr: c.addr}
	if c.cluster != nil {
		e.Node, e.Ring, e.Names = c.node, c.ring, c.cluster.names
	}
	return e
}

func quoted(s string) string { return strconv.Quote(s) }

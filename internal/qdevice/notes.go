// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"slices"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
)

// event is one about this node.
func (n *Node) event(level event.Level, k event.Kind) event.Event {
	return event.Event{Kind: k, Level: level, Names: n.config.Names, Node: n.cfg.Node, Ring: n.ring}
}

// named is an event about something with a name.
func (n *Node) named(k event.Kind, what string) event.Event {
	e := n.event(event.Info, k)
	e.What = what
	return e
}

// noteQuorum tells who is gone or back, and what became of the quorum.
func (n *Node) noteQuorum(in Quorum) {
	old, first := n.settledMembers, !n.hasQuorum
	n.settledMembers = n.members
	e := n.event(event.Info, event.None)
	e.Nodes, e.Was, e.Device = n.members, n.quorate, n.keeps() && in.Quorate
	if !first {
		e.Gone, e.Back = less(old, n.members), less(n.members, old)
	}
	switch {
	case in.Quorate && (first || !n.quorate):
		e.Kind = event.QuorumGained
	case !in.Quorate && first:
		e.Kind = event.QuorumLost
	case !in.Quorate && n.quorate:
		e.Kind, e.Level = event.QuorumLost, event.Warning
	case len(e.Gone) > 0:
		e.Kind, e.Level = event.NodeGone, event.Warning
	case len(e.Back) > 0:
		e.Kind = event.NodeBack
	default:
		return
	}
	n.note(e)
}

// less returns those of a sorted list that are not in the other.
func less(ids, others []qnet.NodeID) (list []qnet.NodeID) {
	for _, id := range ids {
		if _, ok := slices.BinarySearch(others, id); !ok {
			list = append(list, id)
		}
	}
	return list
}

// noAnswer is why a try to connect has taken too long, by how far it came.
func (n *Node) noAnswer() string {
	at := n.conn.peer.String()
	switch n.conn.state {
	case Connecting:
		return "no answer: a firewall, or nothing there"
	case Securing:
		return "the TLS handshake with " + at + " was not done after " + event.Duration(n.cfg.ConnectTimeout)
	}
	return at + " accepts the connection and then says nothing for " + event.Duration(n.cfg.ConnectTimeout) + ": the arbiter there hangs, or it is not an arbiter"
}

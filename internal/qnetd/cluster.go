// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/hold"
	"github.com/quorate/quorate/internal/qnet"
)

// cluster is what the arbiter knows of one cluster.
type cluster struct {
	name    string
	names   qnet.Names // of its nodes, as our node daemons tell them
	clients []*client  // connected, by node ID
	reports uint64     // counts membership reports
	ledger  *hold.Ledger

	known   bool       // a grant is on record
	saved   qnet.Grant // the grant on record
	unsure  bool       // a write has failed since: something else may be on record
	fresh   bool       // it was written just now, and nobody can have changed it since
	writing uint64     // Persist under way; 0 if none
	asked   qnet.Grant // what it writes
	retryAt time.Time  // after a Persist was refused

	enrolled  bool      // its certificate was shown
	idleSince time.Time // since when it has no node

	armed time.Time // instant for which a timer entry stands
	order uint64    // grows with each cluster that gets its first connected node

	cached  cached  // the last decision
	decided decided // for the status
}

// event is one about the cluster as a whole.
func (cl *cluster) event(level event.Level, k event.Kind, ring qnet.RingID, reason string) event.Event {
	return event.Event{Kind: k, Level: level, Names: cl.names, Cluster: cl.name, Ring: ring, Reason: reason}
}

// setNames takes the names that a node tells. Where two differ, that which came last counts.
func (cl *cluster) setNames(names qnet.Names) {
	if len(names) == 0 || slices.Equal(names, cl.names) {
		return
	}
	all := qnet.NewNames(slices.Concat(names, cl.names)) // a new one: events have the old
	cl.names = all[:min(len(all), qnet.MaxNodes)]
	cl.cached.view.Clients = nil // its reason names nodes
}

// client returns the connected client of a node, or nil.
func (cl *cluster) client(id qnet.NodeID) *client {
	if i, ok := slices.BinarySearchFunc(cl.clients, id, byClient); ok {
		return cl.clients[i]
	}
	return nil
}

func byClient(c *client, id qnet.NodeID) int { return cmp.Compare(c.node, id) }

// includeLate lets late clients take part again: somebody has said something new.
func (cl *cluster) includeLate() {
	for _, c := range cl.clients {
		if c.late {
			c.late = false
			c.stopAwaiting()
		}
	}
}

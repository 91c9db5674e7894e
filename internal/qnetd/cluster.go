// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
)

// Limits on what a cluster's nodes can make the arbiter remember of it. Whatever they
// send, no more than qnet.MaxNodes of them are connected, holders, or on a list.
const (
	maxRings = 64            // rings that nobody holds and nobody is in are dropped beyond this
	maxNodes = qnet.MaxNodes // as are nodes that are neither connected nor holders
)

// cluster is what the arbiter knows of one cluster.
type cluster struct {
	name    string
	names   qnet.Names // of its nodes, as our node daemons tell them
	clients []*client  // connected, by node ID
	reports uint64     // counts membership reports
	rings   []*ring    // in the order in which they were first heard of
	nodes   []node     // every node that has reported since the start, by ID
	holders []holder   // by node ID

	// crowded is until when nodes may be casting whose claim to be holders was refused,
	// because there were too many: nobody else gets the vote until then (H9).
	crowded time.Time

	// forgotten stands for whatever ring a node holds of which nothing was heard
	// since a start without a record. Its ID is zero, which no ring has.
	forgotten *ring
	blank     bool // the start was such a one

	known   bool       // a grant is on record
	saved   qnet.Grant // the grant on record
	unsure  bool       // a write has failed since: something else may be on record
	writing uint64     // Persist under way; 0 if none
	asked   qnet.Grant // what it writes
	retryAt time.Time  // after a Persist was refused

	enrolled  bool      // its certificate was shown
	idleSince time.Time // since when it has no node

	armed time.Time // instant for which a timer entry stands
	order uint64    // grows with each cluster that gets its first connected node

	judged  judged  // the last decision
	decided decided // for the status
}

// ring is one ring as nodes reported it. Two rings may share an ID if a node
// lost its counter; then their members tell them apart.
type ring struct {
	id        qnet.RingID
	members   []qnet.NodeID // sorted; nil until a membership list came
	reporters []qnet.NodeID // nodes that have reported it, sorted
	mark      bool          // means something only within one function
}

// node is the ring that a node reported last.
type node struct {
	id   qnet.NodeID
	ring *ring
}

func newCluster(name string) *cluster { return &cluster{name: name, forgotten: &ring{}} }

// event is one about the cluster as a whole.
func (cl *cluster) event(level event.Level, k event.Kind, ring qnet.RingID, reason string) event.Event {
	return event.Event{Kind: k, Level: level, Names: cl.names, Cluster: cl.name, Ring: ring, Reason: reason}
}

// call takes the names that a node tells. Where two differ, that which came last counts.
func (cl *cluster) call(names qnet.Names) {
	if len(names) == 0 || slices.Equal(names, cl.names) {
		return
	}
	all := qnet.NewNames(slices.Concat(names, cl.names)) // a new one: events have the old
	cl.names = all[:min(len(all), qnet.MaxNodes)]
	cl.judged.view.Clients = nil // its reason names nodes
}

// client returns the connected client of a node, or nil.
func (cl *cluster) client(id qnet.NodeID) *client {
	if i, ok := slices.BinarySearchFunc(cl.clients, id, byClient); ok {
		return cl.clients[i]
	}
	return nil
}

func byClient(c *client, id qnet.NodeID) int { return cmp.Compare(c.node, id) }

// ring returns the ring with this ID and these members, which a node reports.
func (cl *cluster) ring(id qnet.RingID, members []qnet.NodeID, node qnet.NodeID) *ring {
	for _, r := range slices.Backward(cl.rings) {
		if r.id == id && r.members != nil && slices.Equal(r.members, members) {
			return r
		}
	}
	if r := cl.lastRing(node); r != nil && r.id == id && r.members == nil {
		r.members = members
		return r
	}
	return cl.newRing(id, members)
}

// named returns the ring that a node's Init names, which has no members in it:
// the node's last one, or another one known with this ID that it may be in. If it
// holds the ring, and another could share the ID, the ring is its own until it
// has named the members.
func (cl *cluster) named(id qnet.RingID, node qnet.NodeID, holds bool) *ring {
	if r := cl.lastRing(node); r != nil && r.id == id {
		return r
	}
	for _, r := range slices.Backward(cl.rings) {
		if r.id == id && contains(r.members, node) && !holds {
			return r
		}
	}
	return cl.newRing(id, nil)
}

// recorded returns the ring of a record that a holder holds.
func (cl *cluster) recorded(id qnet.RingID, node qnet.NodeID) *ring {
	for _, r := range cl.rings {
		if r.id == id && (r.members == nil || contains(r.members, node)) {
			return r
		}
	}
	return cl.newRing(id, nil)
}

func (cl *cluster) newRing(id qnet.RingID, members []qnet.NodeID) *ring {
	if len(cl.rings) >= maxRings {
		cl.trimRings()
	}
	r := &ring{id: id, members: members}
	cl.rings = append(cl.rings, r)
	return r
}

// trimRings forgets rings that nobody holds and nobody was last heard of in.
func (cl *cluster) trimRings() {
	for _, r := range cl.rings {
		r.mark = false
	}
	for i := range cl.nodes {
		cl.nodes[i].ring.mark = true
	}
	for i := range cl.holders {
		cl.holders[i].ring.mark = true
	}
	cl.rings = slices.DeleteFunc(cl.rings, func(r *ring) bool { return !r.mark })
}

// lastRing returns the ring that a node reported last, or nil.
func (cl *cluster) lastRing(id qnet.NodeID) *ring {
	if i, ok := slices.BinarySearchFunc(cl.nodes, id, byNode); ok {
		return cl.nodes[i].ring
	}
	return nil
}

func byNode(n node, id qnet.NodeID) int { return cmp.Compare(n.id, id) }

// reported notes that a node says it is in r. A hold on any other ring ends
// with that (H3): the node's vote for it counts nowhere any more.
func (cl *cluster) reported(id qnet.NodeID, r *ring) {
	if len(r.reporters) < maxNodes {
		r.reporters = insert(r.reporters, id)
	}
	i, ok := slices.BinarySearchFunc(cl.nodes, id, byNode)
	if ok {
		cl.nodes[i].ring = r
	} else {
		cl.nodes = slices.Insert(cl.nodes, i, node{id: id, ring: r})
		cl.trimNodes(id)
	}
	switch h := cl.holder(id); {
	case h == nil || h.ring == r:
	case h.ring.id == r.id:
		h.ring = r // the same ring, now with its members; or one that reuses the ID, which does no harm
	default:
		cl.release(id)
	}
}

// trimNodes forgets nodes that are gone when there are too many.
func (cl *cluster) trimNodes(keep qnet.NodeID) {
	if len(cl.nodes) <= maxNodes {
		return
	}
	cl.nodes = slices.DeleteFunc(cl.nodes, func(n node) bool {
		return n.id != keep && cl.client(n.id) == nil && cl.holder(n.id) == nil
	})
}

// rejoined notes the ring that an Init names. The same ring as before shortens
// no hold (H3); a node that is still casting holds whatever is remembered (H9),
// and after a start without a record a node that was not heard before may be (H6).
func (cl *cluster) rejoined(now time.Time, c *client, casting, presumed bool) {
	// Rule H9: the arbiter announces the grace that its hold time covers, and a node that says
	// in its Init that it kept its vote over a lost connection is a holder whatever the arbiter
	// remembers.
	presumed = presumed && cl.lastRing(c.node) == nil
	r := cl.named(c.ring, c.node, casting || presumed)
	if h := cl.holder(c.node); h != nil && h.ring.id == c.ring {
		r = h.ring
		h.heartbeat = max(h.heartbeat, c.pace())
		if !h.presumed {
			h.heard = now
			c.standing = qnet.VoteACK // no newcomer, whatever became of its connection or of the arbiter
		}
	}
	cl.reported(c.node, r)
	if casting || presumed {
		cl.hold(holder{node: c.node, ring: r, heartbeat: c.pace(), heard: now, presumed: !casting})
	}
}

// forgive lets late clients take part again: somebody has said something new.
func (cl *cluster) forgive() {
	for _, c := range cl.clients {
		if c.late {
			c.late, c.awaitSince = false, time.Time{}
		}
	}
}

// sameConfig returns the list of a connected node that is equal to ids, or ids.
func (cl *cluster) sameConfig(ids []qnet.NodeID) []qnet.NodeID {
	for _, c := range cl.clients {
		if slices.Equal(c.config, ids) {
			return c.config
		}
	}
	return ids
}

func insert(ids []qnet.NodeID, id qnet.NodeID) []qnet.NodeID {
	if i, ok := slices.BinarySearch(ids, id); !ok {
		return slices.Insert(ids, i, id)
	}
	return ids
}

func contains(ids []qnet.NodeID, id qnet.NodeID) bool {
	_, ok := slices.BinarySearch(ids, id)
	return ok
}

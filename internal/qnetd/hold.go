// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qnetd

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/wire"
)

// holder is a node that may be casting the device's vote for a ring.
type holder struct {
	node      qnet.NodeID
	ring      *ring
	heartbeat uint32    // ms; the longest pace that it has announced
	heard     time.Time // last sign of life, while it has no connection
	presumed  bool      // it was not told ACK since the start, and nothing was on record
	answered  time.Time // when it answered a NACK sent after its ACK; zero if it has not
}

// holdMargin is what a hold time has on top of what it is worked out from: it
// covers clocks that run apart by 5 % and a second of scheduling.
const holdMargin = time.Second

// newsTime is how long a node that has answered a NACK, and was not quorate as it said
// last, may take to say that it was quorate after all (H3): its Corosync had counted
// an earlier vote, and the news was under way.
const newsTime = 3 * time.Second

// holdTime is how long a node may go on casting a vote after it was last
// heard: 2 heartbeats until a client notices silence, then 1.25 heartbeats (the
// device timeout) for which votequorum counts a dead daemon's last poll (H2). The
// heartbeat is a client's pace.
func (cfg *Config) holdTime(heartbeat uint32) time.Duration {
	// Rule H2: a hold lasts until the arbiter has not heard the holder for 2 heartbeats (a node
	// notices silence within that) and for as long more as a dead daemon's last word counts (the
	// device timeout, which our node daemon tells, and at least 1.25 heartbeats), plus 5 % and
	// 1 s: 28.3 s at the usual 8 s.
	if cfg.HoldTime != HoldAuto {
		return cfg.HoldTime
	}
	hb := time.Duration(heartbeat) * time.Millisecond
	return hb*13/4*21/20 + holdMargin
}

// grace is how long our own node daemon may keep its vote over a lost
// connection: what the hold time leaves besides the device timeout (H9).
func (cfg *Config) grace(heartbeat, timeout uint32) time.Duration {
	dead := max(time.Duration(heartbeat)*5/4, time.Duration(timeout)) * time.Millisecond
	return max(0, (cfg.holdTime(pace(heartbeat, timeout))-holdMargin)*20/21-dead)
}

func (cl *cluster) holder(id qnet.NodeID) *holder {
	if i, ok := slices.BinarySearchFunc(cl.holders, id, byHolder); ok {
		return &cl.holders[i]
	}
	return nil
}

func byHolder(h holder, id qnet.NodeID) int { return cmp.Compare(h.node, id) }

// hold makes a node a holder, or renews that it is one.
func (cl *cluster) hold(h holder) {
	if old := cl.holder(h.node); old != nil {
		h.heartbeat = max(h.heartbeat, old.heartbeat)
		*old = h
		return
	}
	at, _ := slices.BinarySearchFunc(cl.holders, h.node, byHolder)
	cl.holders = slices.Insert(cl.holders, at, h)
}

func (cl *cluster) release(id qnet.NodeID) {
	cl.holders = slices.DeleteFunc(cl.holders, func(h holder) bool { return h.node == id })
}

// holds reports whether a client holds the ring that it reported last.
func (cl *cluster) holds(c *client) bool {
	h := cl.holder(c.node)
	return h != nil && h.ring == cl.lastRing(c.node)
}

// holdEnd is when a hold ends if nothing more is heard of its node. While the
// connection stands it lasts at least until the connection would be given up.
func (s *Server) holdEnd(cl *cluster, h *holder) time.Time {
	// Rule H3: a hold ends when its node, having answered a NACK sent after the ACK, says that it
	// is quorate no more (until then its Corosync may not have counted anew), 3 s after that
	// answer where it was not quorate before, when it reports another ring, or when its time has
	// passed, which the answer starts for the last time; neither how a connection ended nor an
	// Init with the same ring ends it.
	d, c := s.cfg.holdTime(h.heartbeat), cl.client(h.node)
	end := h.heard.Add(d)
	if c != nil && !h.presumed { // what was cast before the start ends without a new ACK
		dpd := time.Duration(s.cfg.DPDFactor * float64(c.interval()))
		end = c.heard.Add(max(d, dpd))
	}
	switch {
	case h.answered.IsZero():
	case c != nil && h.ring == cl.lastRing(h.node) && c.quorate.Set && !c.quorate.V:
		end = earliest(end, h.answered.Add(min(d, newsTime)))
	default:
		end = earliest(end, h.answered.Add(d))
	}
	return end
}

// quorum takes what a node says of its quorum, and reports whether the end of its hold
// has changed. What turns from yes to no after an answered NACK was counted anew: the
// answer follows the poll, but a ring that has lost its token counts nothing until it
// has one again, for as long as totem.token says, which the arbiter does not know (H3).
func (cl *cluster) quorum(c *client, quorate bool) bool {
	h, turned := cl.holder(c.node), c.quorate.V && !quorate
	c.quorate = wire.Some(quorate)
	if h == nil || h.answered.IsZero() || !cl.holds(c) {
		return false
	}
	if turned {
		cl.release(c.node)
	}
	return true
}

// expire removes the holders whose hold time has passed.
func (s *Server) expire(now time.Time, cl *cluster) {
	cl.holders = slices.DeleteFunc(cl.holders, func(h holder) bool { return !now.Before(s.holdEnd(cl, &h)) })
}

// arrived returns the nodes of the partition p that have reported p and nothing since.
func (cl *cluster) arrived(p *ring) (ids []qnet.NodeID) {
	for i := range cl.nodes {
		if n := &cl.nodes[i]; n.ring == p && contains(p.members, n.id) {
			ids = append(ids, n.id)
		}
	}
	return ids
}

// supersedes reports whether a partition has left the ring r behind: one of those that
// have arrived in it has reported r before (H4).
func supersedes(p *ring, arrived []qnet.NodeID, r *ring) bool {
	// Rule H4: a partition supersedes a ring if one of its members has reported that ring, and
	// the partition's ring after it.
	return r != p && meet(arrived, r.reporters)
}

// meet reports whether two sorted lists share an ID.
func meet(a, b []qnet.NodeID) bool {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			return true
		}
	}
	return false
}

// obstacle is what keeps a partition from the vote.
type obstacle struct {
	why   string        // empty: nothing does
	nodes []qnet.NodeID // who may still be using the vote
	until time.Time     // when it ends by itself
	soon  bool          // it may end any moment: a connected node's answer is all that is missing
}

// obstacle returns what keeps the partition p from the vote: holders
// outside it whose ring it does not supersede (H5), and nodes that may hold what
// was forgotten (H6).
func (s *Server) obstacle(now time.Time, cl *cluster, p *ring) obstacle {
	// Rule H5: an ACK leaves only when every holder outside the partition holds a ring that the
	// partition supersedes, and when the grant is on disk.
	s.expire(now, cl)
	// Who still casts for p was granted it before: nobody else was since (H9).
	cast := slices.ContainsFunc(cl.holders, func(h holder) bool { return h.ring == p && !h.presumed })
	ob := obstacle{soon: true}
	arrived := cl.arrived(p)
	var nodes, unheard []qnet.NodeID
	for i := range cl.holders {
		h := &cl.holders[i]
		switch {
		case contains(p.members, h.node) || supersedes(p, arrived, h.ring):
			continue
		case h.ring != cl.forgotten:
			nodes = append(nodes, h.node)
		case cast:
			continue
		default:
			unheard = append(unheard, h.node)
		}
		if end := s.holdEnd(cl, h); end.After(ob.until) {
			ob.until = end
		}
		// Who has answered, and was quorate, is about to say that it is no more (H3).
		if c := cl.client(h.node); c == nil || c.silent || !c.complete() || !h.answered.IsZero() && !c.quorate.V {
			ob.soon = false
		}
	}
	if now.Before(cl.crowded) {
		ob.soon = false
		if cl.crowded.After(ob.until) {
			ob.until = cl.crowded
		}
	}
	switch {
	case len(nodes) > 0:
		ob.nodes = nodes
		ob.why = cl.names.List(nodes) + " may still be using the vote"
	case len(unheard) > 0:
		ob.why = "this arbiter has no record of who had the vote, and has not heard " + cl.names.List(unheard) + " since it started"
	case now.Before(cl.crowded):
		ob.why = "more nodes say that they still use the vote than this cluster has"
	}
	return ob
}

// full reports whether these nodes would make more holders than a cluster can have
// nodes, and until when at least.
func (s *Server) full(cl *cluster, targets []*client) (until time.Time, full bool) {
	n := len(cl.holders)
	for _, c := range targets {
		if cl.holder(c.node) == nil {
			n++
		}
	}
	if n <= qnet.MaxNodes {
		return time.Time{}, false
	}
	for i := range cl.holders {
		until = earliest(until, s.holdEnd(cl, &cl.holders[i]))
	}
	return until, true
}

// presumes reports whether nodes may hold what the arbiter has forgotten: it was
// started without a record, and a hold time has not passed since.
func (s *Server) presumes(now time.Time, cl *cluster) bool {
	var heartbeat uint32
	for _, c := range cl.clients {
		heartbeat = max(heartbeat, c.pace())
	}
	return cl.blank && now.Before(s.started.Add(s.cfg.holdTime(heartbeat)))
}

// presume takes note of nodes of which nothing was heard since a start without
// a record: any of them may hold a ring that was forgotten, and holds until its
// time has passed since the start (H6). A later record says so, too.
func (s *Server) presume(now time.Time, cl *cluster) {
	if !s.presumes(now, cl) {
		return
	}
	for _, c := range cl.clients {
		at, known := 0, 0 // in holders and in nodes: all three are sorted
		for _, id := range c.config {
			for at < len(cl.holders) && cl.holders[at].node < id {
				at++
			}
			for known < len(cl.nodes) && cl.nodes[known].id < id {
				known++
			}
			switch {
			case at < len(cl.holders) && cl.holders[at].node == id:
				if h := &cl.holders[at]; h.ring == cl.forgotten {
					h.heartbeat = max(h.heartbeat, c.pace())
				}
			case known < len(cl.nodes) && cl.nodes[known].id == id, len(cl.holders) >= maxNodes:
			default:
				cl.hold(holder{node: id, ring: cl.forgotten, heartbeat: c.pace(), heard: s.started, presumed: true})
			}
		}
	}
}

// record returns the grant that must be on disk before ACKs for p may leave:
// everybody who holds a ring now, and every connected node of p.
func (cl *cluster) record(p *ring) qnet.Grant {
	g := qnet.Grant{Ring: p.id, Members: slices.Clone(p.members), Enrolled: cl.enrolled}
	p.mark = false
	for i := range cl.holders {
		cl.holders[i].ring.mark = false
	}
	var rings []*ring
	add := func(h holder) {
		g.Holders = append(g.Holders, qnet.Holder{Node: h.node, Ring: h.ring.id, Heartbeat: h.heartbeat})
		if !h.ring.mark {
			h.ring.mark = true
			rings = append(rings, h.ring)
		}
	}
	held := cl.holders
	for _, c := range cl.clients {
		if cl.lastRing(c.node) != p {
			continue
		}
		for len(held) > 0 && held[0].node < c.node {
			add(held[0])
			held = held[1:]
		}
		if len(held) > 0 && held[0].node == c.node {
			held = held[1:]
		}
		add(holder{node: c.node, ring: p, heartbeat: cl.longest(c)})
	}
	for _, h := range held {
		add(h)
	}
	g.Rings = recordRings(rings)
	return g
}

// recordRings lists rings for a record. Of rings that share an ID no reporter
// is recorded: nobody supersedes them, so their holders hold their time.
func recordRings(rings []*ring) []qnet.Ring {
	slices.SortStableFunc(rings, func(a, b *ring) int {
		return cmp.Or(cmp.Compare(a.id.Node, b.id.Node), cmp.Compare(a.id.Seq, b.id.Seq))
	})
	var out []qnet.Ring
	for _, r := range rings {
		if last := len(out) - 1; last >= 0 && out[last].ID == r.id {
			out[last].Reporters = nil
			continue
		}
		out = append(out, qnet.Ring{ID: r.id, Members: slices.Clone(r.members), Reporters: slices.Clone(r.reporters)})
	}
	return out
}

// longest is the longest heartbeat with which a client may hold its ring.
func (cl *cluster) longest(c *client) uint32 {
	if h := cl.holder(c.node); h != nil {
		return max(h.heartbeat, c.pace())
	}
	return c.pace()
}

// onRecord reports whether what is on record is as good as record's grant: it
// names the partition p, and everybody whom that would name.
func (cl *cluster) onRecord(p *ring) bool {
	if !cl.known || cl.unsure || cl.saved.Ring != p.id || !slices.Equal(cl.saved.Members, p.members) {
		return false
	}
	recorded := func(node qnet.NodeID, ring qnet.RingID, heartbeat uint32) bool {
		i, ok := slices.BinarySearchFunc(cl.saved.Holders, node, func(o qnet.Holder, id qnet.NodeID) int { return cmp.Compare(o.Node, id) })
		return ok && cl.saved.Holders[i].Ring == ring && cl.saved.Holders[i].Heartbeat >= heartbeat
	}
	for _, c := range cl.clients {
		if cl.lastRing(c.node) == p && !recorded(c.node, p.id, cl.longest(c)) {
			return false
		}
	}
	for i := range cl.holders {
		h := &cl.holders[i]
		if c := cl.client(h.node); c != nil && cl.lastRing(c.node) == p {
			continue // done above
		}
		if !recorded(h.node, h.ring.id, h.heartbeat) {
			return false
		}
	}
	return true
}

// restore takes up a stored grant: its holders hold from now on.
func (cl *cluster) restore(g qnet.Grant, now time.Time) {
	// Rule H6: after a restart the recorded holders hold for a full time from the start; where
	// nothing was on record, so does each configured node: the ring that it reports, and any
	// ring before it has reported.
	cl.known, cl.saved = true, g
	for _, r := range g.Rings {
		if r.ID.IsZero() {
			continue
		}
		cl.rings = append(cl.rings, &ring{id: r.ID, members: slices.Clone(r.Members), reporters: slices.Clone(r.Reporters)})
	}
	for _, h := range g.Holders {
		r := cl.forgotten
		if !h.Ring.IsZero() {
			r = cl.recorded(h.Ring, h.Node)
		}
		cl.hold(holder{node: h.Node, ring: r, heartbeat: h.Heartbeat, heard: now})
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package vqtest

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	vq "github.com/quorate/quorate/internal/votequorum"
)

// form makes a ring of nodes. What they still have to deliver in their old
// rings is delivered first: those that stay together deliver the same.
func (c *Cluster) form(group []*Node) {
	var old []*ring
	for _, n := range group {
		if n.ring != nil && !slices.Contains(old, n.ring) {
			old = append(old, n.ring)
		}
	}
	for _, r := range old {
		c.flush(r, group)
	}
	c.seq += 4
	r := &ring{id: qnet.RingID{Node: group[0].ID, Seq: c.seq}}
	for _, n := range group {
		r.members = append(r.members, n.ID)
	}
	for _, n := range group {
		n.ring, n.pos, n.builds, n.ends, n.closed = r, 0, 0, 0, false
		queue := n.queue
		n.queue = nil
		for _, o := range queue {
			n.perform(c, []vq.Output{o})
		}
		r.log = append(r.log, entry{from: n.ID, kind: build})
		n.step(c, vq.SyncStart{Ring: r.id, Members: slices.Clone(r.members)})
	}
}

// flush delivers the rest of a ring to those of its members that go on
// together: what one of them has delivered or sent itself, all deliver.
func (c *Cluster) flush(r *ring, group []*Node) {
	var stay []*Node
	limit := 0
	for _, n := range group {
		if n.ring == r {
			stay = append(stay, n)
			n.closed = true
			limit = max(limit, n.pos)
		}
	}
	entries := len(r.log)
	for i := range entries {
		e := r.log[i]
		ours := slices.ContainsFunc(stay, func(n *Node) bool { return n.ID == e.from })
		if e.kind != message || (i >= limit && !ours) {
			continue
		}
		for _, n := range stay {
			if i >= n.pos {
				n.step(c, vq.Deliver{From: e.from, Msg: e.msg})
			}
		}
	}
}

// deliver delivers the next entry of the ring to a node.
func (c *Cluster) deliver(n *Node) bool {
	if n.Machine == nil || n.ring == nil || n.pos >= len(n.ring.log) {
		return false
	}
	e := n.ring.log[n.pos]
	n.pos++
	switch e.kind {
	case message:
		n.step(c, vq.Deliver{From: e.from, Msg: e.msg})
	case build:
		if n.builds++; n.builds == len(n.ring.members) {
			n.step(c, vq.SyncProcess{})
		}
	case barrier:
		if n.ends++; n.ends == len(n.ring.members) {
			n.step(c, vq.SyncActivate{})
		}
	}
	return true
}

// last reports whether the node is the last member of its ring.
func (n *Node) last() bool { return n.ring != nil && n.ring.members[len(n.ring.members)-1] == n.ID }

func (n *Node) step(c *Cluster, in vq.Input) { n.perform(c, n.Machine.Step(c.Now, in)) }

// perform does what the machine wants done.
func (n *Node) perform(c *Cluster, outs []vq.Output) {
	for _, o := range outs {
		switch o := o.(type) {
		case vq.Multicast:
			if n.ring == nil || n.closed {
				n.queue = append(n.queue, o)
			} else {
				n.ring.log = append(n.ring.log, entry{from: n.ID, msg: o.Msg})
			}
		case vq.SyncDone:
			if !n.closed { // an old ring's sync ends with it
				n.ring.log = append(n.ring.log, entry{from: n.ID, kind: barrier})
			}
		case vq.Persist:
			n.Barrier = o.Barrier
		case vq.Answer:
			n.Answers = append(n.Answers, o)
		case vq.NodeListNotice:
			n.Notices = append(n.Notices, o)
			if n.device.name != "" && !n.device.mute {
				n.poll(c, o.Ring)
			}
		default:
			n.Notices = append(n.Notices, o)
		}
	}
}

// Device registers a quorum device on a node, or changes what it does: cast its
// vote, vote no, or poll no more. It polls when there is a new ring and each
// time that half of its timeout has passed.
func (c *Cluster) Device(id qnet.NodeID, name string, cast, mute bool) {
	n := c.Node(id)
	if n == nil || n.Machine == nil {
		return
	}
	c.Run()
	if n.device.name == "" {
		n.step(c, vq.Register{Call: n.call(), Name: name})
		c.Run()
	}
	n.device = device{name: name, cast: cast, mute: mute}
	n.pollDue = time.Time{}
	if !mute {
		n.poll(c, n.Machine.NodeList().Ring)
	}
	c.Run()
}

func (n *Node) poll(c *Cluster, ring qnet.RingID) {
	every := vq.DefaultDeviceTimeout
	if d := n.Config.Device; d != nil && d.Timeout != 0 {
		every = d.Timeout
	}
	n.pollDue = c.Now.Add(every / 2)
	n.step(c, vq.Poll{Call: n.call(), Name: n.device.name, Ring: ring, Cast: n.device.cast})
}

func (n *Node) call() vq.Call {
	n.calls++
	return n.calls
}

// due is the next instant at which the node has something to do.
func (n *Node) due() time.Time {
	if n.Machine == nil {
		return time.Time{}
	}
	at := n.Machine.Deadline()
	if !n.pollDue.IsZero() && (at.IsZero() || n.pollDue.Before(at)) {
		return n.pollDue
	}
	return at
}

// wake does what is due.
func (n *Node) wake(c *Cluster) {
	if !n.pollDue.IsZero() && !n.pollDue.After(c.Now) {
		n.poll(c, n.Machine.NodeList().Ring)
		return
	}
	n.step(c, vq.Tick{})
}

// Status is the status of a node; it is the zero value for one that is down.
func (c *Cluster) Status(id qnet.NodeID) vq.Status {
	n := c.Node(id)
	if n == nil || n.Machine == nil {
		return vq.Status{}
	}
	return n.Machine.Status()
}

// LastAnswer is the code of the last answer that a node has given, or 0.
func (c *Cluster) LastAnswer(id qnet.NodeID) vq.Code {
	n := c.Node(id)
	if n == nil || len(n.Answers) == 0 {
		return 0
	}
	return n.Answers[len(n.Answers)-1].Code
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package vqtest

import (
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/timing"
	"github.com/quorate/quorate/internal/totem"
	vq "github.com/quorate/quorate/internal/votequorum"
)

// form makes a ring of nodes, which all enter it at once.
func (c *Cluster) form(group []*Node) {
	members := make([]*totem.Member, len(group))
	for i, n := range group {
		members[i] = &n.Member
	}
	c.seq = totem.FormAtOnce(members, c.seq, func(m *totem.Member, in vq.Input) { c.Node(m.ID).step(c, in) })
}

// deliver delivers the next entry of the ring to a node.
func (c *Cluster) deliver(n *Node) bool {
	in, ok := n.Next()
	if in != nil {
		n.step(c, in)
	}
	return ok
}

// last reports whether the node is the last member of its ring.
func (n *Node) last() bool { return n.Ring != nil && n.Ring.Last() == &n.Member }

func (n *Node) step(c *Cluster, in vq.Input) { n.perform(c, n.Machine.Step(c.Now, in)) }

// perform does what the machine wants done.
func (n *Node) perform(c *Cluster, outs []vq.Output) {
	for _, o := range outs {
		switch o := o.(type) {
		case vq.Multicast:
			n.Send(o.Msg)
		case vq.SyncDone:
			n.EndSync()
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
	return timing.Earliest(n.Machine.Deadline(), n.pollDue)
}

// wake does what is due.
func (n *Node) wake(c *Cluster) {
	if timing.Due(c.Now, n.pollDue) {
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

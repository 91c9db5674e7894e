// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cfg"
	"github.com/quorate/quorate/corosync/qb"
)

// Cfg is a [Service] that plays cfg. A test sets its fields beforehand or while the
// server's Stall holds the lock.
type Cfg struct {
	Node      uint32                    // this node
	Links     []cfg.Link                // at most 16
	Nodes     map[uint32]cfg.NodeStatus // what is known of each node
	Addresses map[uint32][]netip.Addr   // those of one node are of one family
	Reload    func() corosync.Code      // what a reload does; nil: nothing, with success

	Reloads int               // how often was reloaded
	Reopens int               // how often logs were reopened
	Killed  map[uint32]string // nodes that were killed, with the reason
	Down    bool              // a shutdown was decided; the server goes on all the same

	asked []*cfgTracker // who tracks
	asker *Peer         // who waits for a decision
	mode  cfg.Mode
}

// cfgTracker is a client that is asked before a shutdown.
type cfgTracker struct {
	peer  *Peer
	reply *bool // nil until it has answered
}

// NewCfg makes a service on a node that is its only one, with one link.
func NewCfg(node uint32, addr netip.Addr) *Cfg {
	link := cfg.NodeLink{Enabled: true, Connected: true, MTU: 65535, Source: addr.String(), Destination: addr.String()}
	return &Cfg{
		Node:      node,
		Links:     []cfg.Link{{Address: addr.String(), Status: "n"}},
		Nodes:     map[uint32]cfg.NodeStatus{node: {Node: node, Reachable: true, Links: []cfg.NodeLink{link}}},
		Addresses: map[uint32][]netip.Addr{node: {addr}},
		Killed:    map[uint32]string{},
	}
}

// Serve handles a request.
func (c *Cfg) Serve(p *Peer, r *qb.Reader) {
	switch r.ID() {
	case 0:
		c.serveLinks(p)
	case 1:
		p.Status(1, corosync.ErrNotSupported)
	case 2:
		if s, ok := c.Nodes[r.U32(16)]; !ok || !s.Reachable {
			p.Status(8, corosync.ErrNotExist)
			return
		}
		c.Killed[r.U32(16)] = r.Text(26, cfg.MaxReason+1)
		p.Status(8, corosync.OK)
	case 5:
		c.serveAddresses(p, r.U32(16))
	case 6:
		p.Answer(word(12, c.Node))
	case 7:
		code := corosync.OK
		if c.Reload != nil {
			code = c.Reload()
		}
		c.Reloads++
		p.Status(14, code)
	case 8:
		c.Reopens++
		p.Status(15, corosync.OK)
	case 9:
		c.serveNode(p, r.U32(16), r.U32(24))
	default:
		c.serveShutdown(p, r)
	}
}

func (c *Cfg) serveLinks(p *Peer) {
	m := qb.NewAnswer(0, 10272, corosync.OK)
	m.U32(24, uint32(len(c.Links)))
	for i, l := range c.Links {
		m.Text(32+128*i, strconv.Itoa(l.Number)+" "+l.Address)
		m.Text(2080+512*i, l.Status)
	}
	p.Answer(m)
}

func (c *Cfg) serveAddresses(p *Peer, node uint32) {
	if node == 0 {
		node = c.Node
	}
	list := c.Addresses[node]
	if len(list) == 0 {
		p.Answer(qb.NewAnswer(11, 32, corosync.ErrNotExist))
		return
	}
	m := qb.NewAnswer(11, 32+16*len(list), corosync.OK)
	family := uint32(2)
	if list[0].Is6() {
		family = 10
	}
	m.U32(24, family)
	m.U32(28, uint32(len(list)))
	for i, a := range list {
		m.Bytes(32+16*i, a.AsSlice())
	}
	p.Answer(m)
}

func (c *Cfg) serveNode(p *Peer, node, version uint32) {
	s, ok := c.Nodes[node]
	switch {
	case !ok:
		p.Answer(qb.NewAnswer(16, 32, corosync.ErrFailedOperation))
		return
	case version != 1:
		p.Answer(qb.NewAnswer(16, 32, corosync.ErrNotSupported))
		return
	}
	m := qb.NewAnswer(16, 4200, corosync.OK)
	m.U32(24, 1)
	m.U32(28, node)
	for i, b := range []uint8{
		uint8(flag(s.Reachable)), uint8(flag(s.Remote)), uint8(flag(s.External)), s.OnwireMin, s.OnwireMax, s.OnwireUsed,
	} {
		m.U8(32+i, b)
	}
	for _, l := range s.Links {
		off := 40 + 520*l.Number
		m.U8(off, uint8(flag(l.Enabled)))
		m.U8(off+1, uint8(flag(l.Connected)))
		m.U8(off+2, uint8(flag(l.Dynamic)))
		m.U32(off+4, l.MTU)
		m.Text(off+8, l.Source)
		m.Text(off+264, l.Destination)
	}
	p.Answer(m)
}

// serveShutdown handles what belongs to a shutdown.
func (c *Cfg) serveShutdown(p *Peer, r *qb.Reader) {
	switch r.ID() {
	case 3:
		c.shutdown(p, cfg.Mode(r.U32(16)))
	case 4:
		if c.asker == nil {
			p.Status(13, corosync.ErrAccess)
			return
		}
		agree := r.U32(16) != 0
		for _, t := range c.asked {
			if t.peer == p {
				t.reply = &agree
			}
		}
		c.decide()
		p.Status(13, corosync.OK)
	case 10:
		c.asked = append(c.asked, &cfgTracker{peer: p})
		if c.asker != nil {
			c.ask(p, corosync.OK)
		}
		p.Status(2, corosync.OK)
	case 11:
		c.Leave(p)
		p.Status(3, corosync.OK)
	default:
		p.Status(0, corosync.ErrInvalidParam)
	}
}

func (c *Cfg) shutdown(p *Peer, mode cfg.Mode) {
	switch {
	case mode == cfg.Immediate:
		c.Down = true
		p.Status(9, corosync.OK)
		return
	case c.asker != nil:
		p.Status(9, corosync.ErrExist)
		return
	}
	c.asker, c.mode = p, mode
	for _, t := range c.asked {
		t.reply = nil
		if t.peer != p {
			c.ask(t.peer, corosync.OK)
		}
	}
	c.decide()
}

func (c *Cfg) ask(p *Peer, code corosync.Code) {
	m := qb.NewAnswer(10, 32, code)
	m.U32(24, uint32(c.mode))
	p.Event(m)
}

// decide ends the wait for a decision once all have answered.
func (c *Cfg) decide() {
	agreed := true
	for _, t := range c.asked {
		if t.peer == c.asker {
			continue
		}
		if t.reply == nil {
			return
		}
		agreed = agreed && *t.reply
	}
	c.close(agreed || c.mode == cfg.Regardless)
}

func (c *Cfg) close(down bool) {
	if c.asker == nil {
		return
	}
	asker := c.asker
	c.asker = nil
	if !down {
		asker.Status(9, corosync.ErrBusy)
		return
	}
	c.Down = true
	asker.Status(9, corosync.OK)
}

// Timeout is what happens when answers did not come in time: a shutdown under
// way is called off, and everybody told.
func (c *Cfg) Timeout() {
	c.close(c.mode == cfg.Regardless)
	for _, t := range c.asked {
		c.ask(t.peer, corosync.ErrTimeout)
	}
}

// Leave counts as a yes, and calls off a shutdown that the client has asked for.
func (c *Cfg) Leave(p *Peer) {
	if c.asker == p {
		c.asker = nil
	}
	c.asked = slices.DeleteFunc(c.asked, func(t *cfgTracker) bool { return t.peer == p })
	if c.asker != nil {
		c.decide()
	}
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"slices"
	"strings"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/cpg"
	"github.com/quorate/quorate/corosync/qb"
)

// Serve handles a request.
func (c *Cpg) Serve(p *Peer, r *qb.Reader) {
	switch r.ID() {
	case 0:
		c.serveJoin(p, groupAt(r, 16), cpg.Address{Node: c.node, PID: r.U32(152)}, r.U32(160))
	case 1:
		m := c.member(p)
		if m == nil {
			p.Status(1, corosync.ErrNotExist)
			return
		}
		p.Status(1, corosync.OK)
		c.Go(m.group, m.address, cpg.Left)
	case 2:
		if m := c.member(p); m != nil { // otherwise dropped, as in the daemon
			c.Send(m.group, m.address, r.Bytes(40, int(r.U32(32))))
		}
	case 3:
		c.serveMembers(p, groupAt(r, 16))
	case 4:
		p.Answer(word(7, c.node))
	case 5, 6, 7:
		c.serveList(p, r)
	case 8:
		p.Status(12, corosync.OK)
	case 12:
		c.servePartial(p, r)
	default:
		p.Status(0, corosync.ErrInvalidParam)
	}
}

// Leave lets a client's member go, if it has not left.
func (c *Cpg) Leave(p *Peer) {
	if m := c.member(p); m != nil {
		c.Go(m.group, m.address, cpg.ProcDown)
	}
}

// member returns the member that a client is, or nil.
func (c *Cpg) member(p *Peer) *cpgMember {
	for _, m := range c.members {
		if m.peer == p {
			return m
		}
	}
	return nil
}

func groupAt(r *qb.Reader, off int) string {
	return string(r.Bytes(off+8, int(min(r.U32(off), cpg.MaxGroup))))
}

func (c *Cpg) serveJoin(p *Peer, group string, a cpg.Address, flags uint32) {
	if c.member(p) != nil || slices.Contains(c.addresses(group), a) {
		p.Status(0, corosync.ErrExist)
		return
	}
	c.members = append(c.members, &cpgMember{group: group, address: a, peer: p})
	p.Status(0, corosync.OK)
	c.tell(group, []cpg.Change{{Address: a, Reason: cpg.Joined}}, nil)
	if flags&1 != 0 {
		p.Event(c.ringNotice())
	}
}

func (c *Cpg) servePartial(p *Peer, r *qb.Reader) {
	m := c.member(p)
	if m == nil {
		p.Status(18, corosync.ErrNotExist)
		return
	}
	if r.U32(48) == 1 {
		m.begun = m.changes
	}
	if m.begun != m.changes {
		p.Status(18, corosync.ErrInterrupt)
		return
	}
	c.Fragment(m.group, m.address, r.U32(48), int(r.U32(32)), r.Bytes(56, int(r.U32(40))))
	p.Status(18, corosync.OK)
}

func (c *Cpg) serveMembers(p *Peer, group string) {
	m := qb.NewAnswer(3, 9248, corosync.OK)
	list := c.addresses(group)
	m.U32(24, uint32(len(list)))
	for i, a := range list {
		m.U32(32+24*i, a.Node)
		m.U32(40+24*i, a.PID)
	}
	p.Answer(m)
}

func (c *Cpg) serveList(p *Peer, r *qb.Reader) {
	if r.ID() == 5 {
		c.handle++
		c.lists[c.handle] = c.list(r.U32(152), groupAt(r, 16))
		m := qb.NewAnswer(9, 32, corosync.OK)
		m.U64(24, c.handle)
		p.Answer(m)
		return
	}
	handle := r.U64(16)
	if r.ID() == 7 {
		delete(c.lists, handle)
		p.Status(11, corosync.OK)
		return
	}
	list := c.lists[handle]
	if len(list) == 0 {
		p.Answer(qb.NewAnswer(10, 168, corosync.ErrNoSections))
		return
	}
	m := qb.NewAnswer(10, 168, corosync.OK)
	putGroup(m, 24, list[0].Group)
	m.U32(160, list[0].Node)
	m.U32(164, list[0].PID)
	c.lists[handle] = list[1:]
	p.Answer(m)
}

// list is what an iteration tells: names (1), one group (2) or everything (3).
func (c *Cpg) list(what uint32, group string) (list []cpg.Process) {
	for _, m := range c.members {
		x := cpg.Process{Group: m.group, Address: m.address}
		switch {
		case what == 1:
			x.Address = cpg.Address{}
			if slices.Contains(list, x) {
				continue
			}
		case what == 2 && m.group != group:
			continue
		}
		list = append(list, x)
	}
	slices.SortStableFunc(list, func(a, b cpg.Process) int { return strings.Compare(a.Group, b.Group) })
	return list
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cfg

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/quorate/quorate/corosync/qb"
)

// Lengths in bytes, and offsets, of the answer to a request for links.
const (
	maxLinks   = 16
	linkName   = 128
	linkStatus = 512
	offNames   = 32
	offStatus  = offNames + maxLinks*linkName
)

// Link is one of this node's links.
type Link struct {
	Number  int    // from 0
	Address string // this node's

	// Status is Corosync's own word. Over knet it has a character for each node,
	// by node ID: n for this one, otherwise the sum of 1 (enabled), 2 (connected)
	// and 4 (connected by an address that was learnt), d while that is not known
	// and ? if it can't be asked for. Over udp and udpu it is OK.
	Status string
}

// Up reports whether the link is connected to every other node.
func (l Link) Up() bool {
	if l.Status == "OK" {
		return true
	}
	for _, c := range l.Status {
		if c != 'n' && (c < '0' || c > '7' || (c-'0')&3 != 3) {
			return false
		}
	}
	return l.Status != ""
}

// Links returns this node's links.
func (c *Client) Links(ctx context.Context) ([]Link, error) {
	r, err := c.conn.Call(ctx, "links", qb.NewMessage(kindLinks, qb.RequestHeader), kindLinks)
	if err != nil {
		return nil, err
	}
	return parseLinks(r)
}

// parseLinks reads an answer.
func parseLinks(r *qb.Reader) ([]Link, error) {
	n := r.U32(24)
	if n > maxLinks {
		r.Fail("%d links", n)
	}
	var list []Link
	for i := 0; r.Err() == nil && i < int(n); i++ {
		l := Link{Number: i, Status: r.Text(offStatus+linkStatus*i, linkStatus)}
		number, address, _ := strings.Cut(r.Text(offNames+linkName*i, linkName), " ")
		if v, err := strconv.ParseUint(number, 10, 8); err == nil {
			l.Number = int(v)
		}
		l.Address = strings.TrimSpace(address)
		list = append(list, l)
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	return list, nil
}

// Lengths in bytes, and offsets, of the answer to a request for a node.
const (
	nodeLinks  = 8
	offLinks   = 40
	nodeLink   = 520
	hostName   = 256
	nodeLength = offLinks + nodeLinks*nodeLink
)

// NodeStatus is what Corosync sees of a node.
type NodeStatus struct {
	Node       uint32     // its ID
	Reachable  bool       // at least one link to it is connected
	Remote     bool       // not reached directly
	External   bool       // not handled by knet itself
	OnwireMin  uint8      // versions of knet's protocol: the least that the node speaks
	OnwireMax  uint8      // the highest that it speaks
	OnwireUsed uint8      // the one in use
	Links      []NodeLink // those that are configured, by number; at most 8
}

// NodeLink is one link to a node.
type NodeLink struct {
	Number      int    // from 0 to 7
	Enabled     bool   // data may go over it
	Connected   bool   // the other node answers over it
	Dynamic     bool   // connected by an address that was learnt
	MTU         uint32 // largest packet of data in bytes, as found out by now
	Source      string // this node's address
	Destination string // the other node's address
}

// NodeStatus returns the state of a node and of the links to it. It is
// [corosync.ErrFailedOperation] for a node that is not configured, and
// [corosync.ErrInvalidParam] before Corosync 3.1.2.
func (c *Client) NodeStatus(ctx context.Context, node uint32) (NodeStatus, error) {
	m := qb.NewMessage(kindNodeStatus, 32)
	m.U32(16, node)
	m.U32(24, 1)
	r, err := c.conn.Call(ctx, fmt.Sprint("status of node ", node), m, kindNodeAnswer)
	if err != nil {
		return NodeStatus{}, err
	}
	return parseNode(r)
}

// parseNode reads an answer. Links that are not there have no addresses.
func parseNode(r *qb.Reader) (NodeStatus, error) {
	if v := r.U32(24); v != 1 {
		r.Fail("version %d", v)
	}
	s := NodeStatus{
		Node: r.U32(28), Reachable: r.U8(32) != 0, Remote: r.U8(33) != 0, External: r.U8(34) != 0,
		OnwireMin: r.U8(35), OnwireMax: r.U8(36), OnwireUsed: r.U8(37),
	}
	r.Bytes(0, nodeLength)
	for i := range nodeLinks {
		off := offLinks + nodeLink*i
		l := NodeLink{
			Number: i, Enabled: r.U8(off) != 0, Connected: r.U8(off+1) != 0, Dynamic: r.U8(off+2) != 0,
			MTU: r.U32(off + 4), Source: r.Text(off+8, hostName), Destination: r.Text(off+8+hostName, hostName),
		}
		if l.Enabled || l.Source != "" {
			s.Links = append(s.Links, l)
		}
	}
	if r.Err() != nil {
		return NodeStatus{}, r.Err()
	}
	return s, nil
}

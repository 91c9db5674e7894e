// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package cpg

import (
	"fmt"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
)

// Address names a member of a group.
type Address struct {
	Node uint32 // the ID of its node
	PID  uint32 // what the member has said; usually its process ID
}

// String prints the address as "node/pid".
func (a Address) String() string { return fmt.Sprintf("%d/%d", a.Node, a.PID) }

// Reason is why a membership has changed.
type Reason uint32

// The reasons of Corosync.
const (
	Joined   Reason = 1 // a process has joined
	Left     Reason = 2 // a process has left
	NodeDown Reason = 3 // a node has left the partition
	NodeUp   Reason = 4 // a node has come to the partition
	ProcDown Reason = 5 // a process has ended without leaving
)

// String names the reason.
func (r Reason) String() string {
	names := [...]string{"", "joined", "left", "node down", "node up", "process down"}
	if r > 0 && int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprint("reason ", uint32(r))
}

// Change is a member that came or went.
type Change struct {
	Address
	Reason Reason // why it came or went
}

// Event is what a member gets: a Message, a Membership or a Ring.
type Event interface{ event() }

// Message is a message to the group.
type Message struct {
	From Address // who sent it; it may be the client itself
	Data []byte  // the receiver's own; at most [MaxMessage] bytes
}

// Membership says who is in the group now. The first one tells of the client's own joining.
type Membership struct {
	Members []Address // all of them, those that joined included
	Joined  []Change  // since the last one
	Left    []Change  // since the last one
}

// Ring says which nodes are in the partition: once after the first Membership, and
// after each change of it, behind the Memberships that come of it.
type Ring struct {
	Ring    corosync.RingID // of the partition
	Members []uint32        // IDs of its nodes
}

func (Message) event()    {}
func (Membership) event() {}
func (Ring) event()       {}

// Kinds of events.
const (
	kindMembership = 4
	kindMessage    = 5
	kindRing       = 13
	kindFragment   = 17
)

// Offsets and lengths in events.
const (
	offCounts     = 160 // of a Membership
	offAddresses  = 184
	addressLength = 24
	offData       = 184 // of a Message
	offFragment   = 200
)

// fragment is a part of a long message.
type fragment struct {
	from  Address
	total uint32 // length of the message
	part  uint32 // first, middle or last
	data  []byte
}

func (fragment) event() {}

// parseEvent reads an event. It is nil if it is of a kind that is not known.
// Data of messages and fragments is that of b.
func parseEvent(b []byte) (e Event, err error) {
	r := qb.NewReader(service, "notification", b)
	switch r.ID() {
	case kindMessage:
		e = Message{From: Address{Node: r.U32(168), PID: r.U32(176)}, Data: data(r, offData, r.U32(160))}
	case kindFragment:
		e = fragment{
			from: Address{Node: r.U32(176), PID: r.U32(184)}, total: r.U32(160), part: r.U32(192),
			data: data(r, offFragment, r.U32(168)),
		}
	case kindMembership:
		e = parseMembership(r)
	case kindRing:
		e = Ring{Ring: corosync.RingID{Node: r.U32(24), Seq: r.U64(32)}, Members: r.U32s(44, r.U32(40))}
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	return e, nil
}

// data returns n bytes.
func data(r *qb.Reader, off int, n uint32) []byte {
	if int64(n) > int64(r.Len()) {
		r.Fail("data of %d bytes in a message of %d", n, r.Len())
		return nil
	}
	return r.Bytes(off, int(n))
}

// parseMembership reads the three lists, which stand one behind the other:
// members, left, joined.
func parseMembership(r *qb.Reader) Membership {
	counts := [3]uint32{r.U32(offCounts), r.U32(offCounts + 16), r.U32(offCounts + 8)}
	var lists [3][]Change
	off := offAddresses
	for i, n := range counts {
		if int64(n)*addressLength > int64(r.Len()) {
			r.Fail("%d members in %d bytes", n, r.Len())
		}
		for ; r.Err() == nil && n > 0; n-- {
			lists[i] = append(lists[i], Change{Address{Node: r.U32(off), PID: r.U32(off + 8)}, Reason(r.U32(off + 16))})
			off += addressLength
		}
	}
	m := Membership{Left: lists[1], Joined: lists[2]}
	for _, c := range lists[0] {
		m.Members = append(m.Members, c.Address)
	}
	return m
}

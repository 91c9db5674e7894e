// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// A second ledger, written from the sentences of docs/decision.md. It keeps every fact since the
// start of the arbiter, and nothing else, and answers each question by looking through them.

// fact is one thing that the arbiter heard or said.
type fact struct {
	at      time.Time
	kind    kind
	node    qnet.NodeID
	ring    qnet.RingID   // joined, reported
	members []qnet.NodeID // reported, configured
	pace    Pace          // joined, paced, refused
	casting bool          // joined
	seq     uint32        // told, answered
}

type kind string

const (
	joined     kind = "joins"
	left       kind = "leaves"
	reported   kind = "reports"
	configured kind = "configures"
	heard      kind = "is heard"
	acked      kind = "is told ACK"
	nacked     kind = "is told NACK"
	probed     kind = "is probed"
	answered   kind = "answers"
	isQuorate  kind = "is quorate"
	isNot      kind = "is not quorate"
	paced      kind = "is paced"
	refused    kind = "is refused"
)

func (f fact) String() string {
	s := fmt.Sprintf("%7.1f  node %d %s", f.at.Sub(epoch).Seconds(), f.node, f.kind)
	switch f.kind {
	case joined:
		s += fmt.Sprintf(" naming %s, pace %v, casting %v", f.ring, f.pace, f.casting)
	case reported:
		s += fmt.Sprintf(" %s with %v", f.ring, f.members)
	case configured:
		s += fmt.Sprintf(" %v", f.members)
	case acked, nacked, probed, answered:
		s += fmt.Sprintf(" %d", f.seq)
	case paced, refused:
		s += fmt.Sprintf(" %v", f.pace)
	}
	return s
}

// byNode reports whether the node itself has said something with that.
func (f fact) byNode(id qnet.NodeID) bool {
	return f.node == id && f.kind != left && f.kind != acked && f.kind != nacked && f.kind != probed && f.kind != refused
}

// stupid is all facts of one life of the arbiter. Its methods look at the first n of them.
type stupid struct {
	times  Times
	start  time.Time
	record *qnet.Grant // nil: nothing was on record
	facts  []fact
}

// name is a ring: its ID and its members, or its ID and who alone knows them.
type name struct {
	id      qnet.RingID
	members []qnet.NodeID // nil while they are not known
	own     qnet.NodeID   // the node that knows them; 0 once they are known
}

func known(id qnet.RingID, members []qnet.NodeID) name { return name{id: id, members: members} }
func own(id qnet.RingID, node qnet.NodeID) name        { return name{id: id, own: node} }

func (a name) is(b name) bool {
	return a.id == b.id && a.own == b.own && slices.Equal(a.members, b.members)
}

// anyRing is what a node holds of which nothing is known (H6).
var anyRing = name{own: 1 << 31}

// byRecord marks a ring that the record knows by its ID alone: whoever holds it by the record holds
// the same one, and the first of them to tell its members says which it is.
const byRecord qnet.NodeID = 1<<31 + 1

// settle returns the ring as it is known after n facts.
func (s *stupid) settle(r name, n int) name {
	if r.own != byRecord {
		return r
	}
	for i := range n {
		f := s.facts[i]
		if f.kind != reported || f.ring != r.id {
			continue
		}
		if o, ok := s.ringOf(f.node, i); ok && o.is(r) && s.firstHeard(known(f.ring, f.members), i) == i {
			return known(f.ring, f.members)
		}
	}
	return r
}

// connection returns the index of the fact with which a node's connection began, or -1.
func (s *stupid) connection(id qnet.NodeID, n int) int {
	for i := n - 1; i >= 0; i-- {
		switch f := s.facts[i]; {
		case f.node == id && f.kind == left:
			return -1
		case f.node == id && f.kind == joined:
			return i
		}
	}
	return -1
}

// paceOf is a connected node's pace.
func (s *stupid) paceOf(id qnet.NodeID, n int) Pace {
	for i := n - 1; ; i-- {
		if f := s.facts[i]; f.node == id && (f.kind == joined || f.kind == paced) {
			return f.pace
		}
	}
}

// ringOf is the ring that a node has reported last; false: it has reported none.
func (s *stupid) ringOf(id qnet.NodeID, n int) (name, bool) {
	for i := n - 1; i >= 0; i-- {
		f := s.facts[i]
		switch {
		case f.node != id:
			continue
		case f.kind == reported:
			return known(f.ring, f.members), true
		case f.kind != joined:
			continue
		}
		// It names a ring without its members: the one that it was in or that it holds.
		if h := s.hold(id, i, f.at); h != nil && h.ring.id == f.ring {
			return s.settle(h.ring, n), true
		}
		if r, ok := s.ringOf(id, i); ok && r.id == f.ring {
			return s.settle(r, n), true
		}
		// Or another one that it may be in, unless it holds it: then it must say which.
		if !f.casting && !s.presumes(i, id) {
			if r, ok := s.mayBeIn(id, f.ring, i); ok {
				return r, true
			}
		}
		return own(f.ring, id), true
	}
	return name{}, false
}

// mayBeIn is the ring with this ID that has the node for a member, and was heard of last.
func (s *stupid) mayBeIn(id qnet.NodeID, ring qnet.RingID, n int) (found name, ok bool) {
	newest := -2
	for i := range n {
		f := s.facts[i]
		if f.kind != reported || f.ring != ring || !slices.Contains(f.members, id) {
			continue
		}
		r := known(f.ring, f.members)
		if at := s.firstHeard(r, n); at > newest {
			found, ok, newest = r, true, at
		}
	}
	if s.record != nil && !ok {
		for _, r := range s.record.Rings {
			if r.ID == ring && slices.Contains(r.Members, id) {
				return known(r.ID, r.Members), true
			}
		}
	}
	return found, ok
}

// firstHeard is the index of the fact that first told of a ring: a report, or, before that, the
// name that its reporter gave when it knew no better.
func (s *stupid) firstHeard(r name, n int) int {
	if s.record != nil && slices.ContainsFunc(s.record.Rings, func(o qnet.Ring) bool { return known(o.ID, o.Members).is(r) }) {
		return -1
	}
	for i := range n {
		f := s.facts[i]
		if f.kind != reported || !known(f.ring, f.members).is(r) {
			continue
		}
		for k := range i {
			if o, _ := s.ringOf(f.node, k+1); s.facts[k].node == f.node && o.is(own(r.id, f.node)) && s.stays(f.node, k, i) {
				return k
			}
		}
		return i
	}
	return n
}

// stays reports whether between two facts a node has named no ring but its own of the first.
func (s *stupid) stays(id qnet.NodeID, from, to int) bool {
	r, _ := s.ringOf(id, from+1)
	for k := from; k < to; k++ {
		if o, _ := s.ringOf(id, k+1); !o.is(r) {
			return false
		}
	}
	return true
}

// presumes reports whether a node that says something as fact i, for the first time since the
// start, may hold what was forgotten (H6).
func (s *stupid) presumes(i int, id qnet.NodeID) bool {
	_, said := s.ringOf(id, i)
	return !said && s.forgetful(i+1, s.facts[i].at)
}

// forgetful reports whether nothing was on record, and a hold time has not passed since.
func (s *stupid) forgetful(n int, now time.Time) bool {
	var pace uint32
	for _, id := range everybody {
		if s.connection(id, n) >= 0 {
			pace = max(pace, s.paceOf(id, n).Ms())
		}
	}
	return s.record == nil && now.Before(s.start.Add(s.times.Hold(pace)))
}

// held is that a node may be using the vote.
type held struct {
	ring     name
	pace     uint32
	presumed bool
	since    time.Time
	answered time.Time
	until    time.Time
}

// hold returns what a node holds after n facts, at the instant now; nil if nothing.
func (s *stupid) hold(id qnet.NodeID, n int, now time.Time) *held {
	for i := n - 1; i >= 0; i-- {
		if h := s.given(id, i); h != nil {
			if before := s.hold(id, i, s.facts[i].at); before != nil && before.ring.id == h.ring.id {
				h.pace = max(h.pace, before.pace) // H2
			}
			return s.follow(id, h, i, n, now)
		}
	}
	if s.record == nil {
		return nil
	}
	for _, r := range s.record.Holders {
		if r.Node == id {
			return s.follow(id, &held{ring: s.recorded(r), pace: r.Heartbeat, since: s.start}, -1, n, now)
		}
	}
	return nil
}

// recorded is the ring that a holder has by the record (H6).
func (s *stupid) recorded(h qnet.Holder) name {
	if h.Ring.IsZero() {
		return anyRing
	}
	for _, r := range s.record.Rings {
		switch {
		case r.ID != h.Ring:
		case r.Members == nil:
			return own(h.Ring, byRecord)
		case slices.Contains(r.Members, h.Node):
			return known(r.ID, r.Members)
		}
	}
	return own(h.Ring, h.Node)
}

// given is the hold that fact i gives a node.
func (s *stupid) given(id qnet.NodeID, i int) *held {
	f := s.facts[i]
	switch {
	case f.node == id && f.kind == acked: // H1
		r, _ := s.ringOf(id, i+1)
		return &held{ring: r, pace: s.paceOf(id, i+1).Ms(), since: f.at}
	case f.node == id && f.kind == joined && (f.casting || s.presumes(i, id)): // H9, H6
		r, _ := s.ringOf(id, i+1)
		return &held{ring: r, pace: f.pace.Ms(), presumed: !f.casting, since: f.at}
	case f.kind == configured && slices.Contains(f.members, id): // H6
		_, said := s.ringOf(id, i)
		if !said && s.forgetful(i, f.at) && s.hold(id, i, f.at) == nil {
			return &held{ring: anyRing, pace: s.paceOf(f.node, i).Ms(), presumed: true, since: s.start}
		}
	}
	return nil
}

// follow returns what has become of a hold that fact i has given, after n facts; nil: it has ended.
func (s *stupid) follow(id qnet.NodeID, h *held, i, n int, now time.Time) *held {
	for k := i + 1; k < n; k++ {
		f := s.facts[k]
		if s.measure(id, h, i, k); !f.at.Before(h.until) {
			return nil // H2: its time had passed
		}
		switch {
		case f.kind == configured && h.ring.is(anyRing) && slices.Contains(f.members, id) && s.forgetful(k, f.at):
			h.pace = max(h.pace, s.paceOf(f.node, k).Ms())
		case f.node != id:
		case (f.kind == joined || f.kind == reported) && f.ring != h.ring.id:
			return nil // H3: it is in another ring
		case f.kind == joined:
			h.pace = max(h.pace, f.pace.Ms())
		case f.kind == reported:
			h.ring = known(f.ring, f.members)
		case f.kind == isNot:
			if r, _ := s.ringOf(id, k); !h.answered.IsZero() && s.said(id, k) == isQuorate && r.is(s.settle(h.ring, k)) {
				return nil // H3: it has answered a NACK, and is quorate no more
			}
		}
	}
	if s.measure(id, h, i, n); !now.Before(h.until) {
		return nil
	}
	h.ring = s.settle(h.ring, n)
	return h
}

// measure works out when a hold that fact i has given ends, going by n facts (H2, H3).
func (s *stupid) measure(id qnet.NodeID, h *held, i, n int) {
	d := s.times.Hold(h.pace)
	from := s.start
	for k := range n {
		if s.facts[k].byNode(id) {
			from = s.facts[k].at
		}
	}
	connected := s.connection(id, n) >= 0
	longest := d
	switch {
	case h.presumed:
		from = h.since
	case connected:
		longest = max(d, time.Duration(s.times.DPDFactor*float64(s.paceOf(id, n).Heartbeat))*time.Millisecond)
	}
	h.until, h.answered = from.Add(longest), s.answeredAt(id, i, n)
	if h.answered.IsZero() {
		return
	}
	if r, _ := s.ringOf(id, n); connected && s.said(id, n) == isNot && r.is(s.settle(h.ring, n)) {
		d = min(d, 3*time.Second)
	}
	if end := h.answered.Add(d); end.Before(h.until) {
		h.until = end
	}
}

// answeredAt is when a node first answered a NACK that was told after fact i, on the
// connection on which it was told; zero if it has not.
func (s *stupid) answeredAt(id qnet.NodeID, i, n int) time.Time {
	for k := i + 1; k < n; k++ {
		if s.facts[k].node != id || s.facts[k].kind != answered {
			continue
		}
		for m := i + 1; m < k; m++ {
			if f := s.facts[m]; f.node == id && f.kind == nacked && f.seq <= s.facts[k].seq && s.connection(id, k) < m {
				return s.facts[k].at
			}
		}
	}
	return time.Time{}
}

// said is whether a node is quorate, as it said last in its ring on its connection.
func (s *stupid) said(id qnet.NodeID, n int) kind {
	for i := n - 1; i >= 0; i-- {
		f := s.facts[i]
		switch {
		case f.node != id:
		case f.kind == isQuorate || f.kind == isNot:
			return f.kind
		case f.kind == joined:
			return ""
		case f.kind == reported:
			r, ok := s.ringOf(id, i)
			now := known(f.ring, f.members)
			named := (r.is(own(f.ring, id)) || r.is(own(f.ring, byRecord))) && s.firstHeard(now, i) == i // it has only named the members now
			if !ok || !r.is(now) && !named {
				return ""
			}
		}
	}
	return ""
}

// hasReported reports whether a node has reported a ring, by what was heard or by the record.
func (s *stupid) hasReported(id qnet.NodeID, r name, n int) bool {
	for i := range n {
		if o, ok := s.ringOf(id, i+1); ok && s.settle(o, n).is(r) {
			return true
		}
	}
	if s.record == nil {
		return false
	}
	return slices.ContainsFunc(s.record.Rings, func(o qnet.Ring) bool {
		name := known(o.ID, o.Members)
		if o.Members == nil {
			name = s.settle(own(o.ID, byRecord), n)
		}
		return name.is(r) && slices.Contains(o.Reporters, id)
	})
}

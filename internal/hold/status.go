// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// Full reports whether these nodes would make more holders than a cluster can have nodes,
// and until when at least.
func (l *Ledger) Full(ids []qnet.NodeID) (until time.Time, full bool) {
	holders := l.Count()
	for _, id := range ids {
		if !l.Holding(id) {
			holders++
		}
	}
	if holders <= qnet.MaxNodes {
		return time.Time{}, false
	}
	for _, n := range l.nodes {
		if n.hold == nil {
			continue
		}
		if end := l.end(n); until.IsZero() || end.Before(until) {
			until = end
		}
	}
	return until, true
}

// Count is how many nodes hold something.
func (l *Ledger) Count() (holders int) {
	for _, n := range l.nodes {
		if n.hold != nil {
			holders++
		}
	}
	return holders
}

// Holding reports whether a node holds something.
func (l *Ledger) Holding(id qnet.NodeID) bool {
	n := l.node(id)
	return n != nil && n.hold != nil
}

// Holds reports whether a node holds the ring that it reported last.
func (l *Ledger) Holds(id qnet.NodeID) bool {
	n := l.node(id)
	return n != nil && n.hold != nil && n.hold.ring == n.ring
}

// Until is when nobody will hold anything any more, as far as is known now; zero if nobody does.
func (l *Ledger) Until(now time.Time) (until time.Time) {
	l.expire(now)
	if now.Before(l.refused) {
		until = l.refused
	}
	for _, n := range l.nodes {
		if n.hold == nil {
			continue
		}
		if end := l.end(n); end.After(until) {
			until = end
		}
	}
	return until
}

// Holder is a node that may be using the vote.
type Holder struct {
	Node      qnet.NodeID
	Ring      qnet.RingID // zero: any ring
	Connected bool
	Until     time.Time // when it holds no more, if nothing more is heard of it
}

// Holders lists who may be using the vote, by node.
func (l *Ledger) Holders(now time.Time) (list []Holder) {
	for _, n := range l.nodes {
		if n.hold == nil {
			continue
		}
		if end := l.end(n); now.Before(end) {
			list = append(list, Holder{Node: n.id, Ring: n.hold.ring.id, Connected: n.conn != nil, Until: end})
		}
	}
	return list
}

// LastHeard is when a node last said something; zero if it is not known.
func (l *Ledger) LastHeard(id qnet.NodeID) time.Time {
	if n := l.node(id); n != nil {
		return n.heard
	}
	return time.Time{}
}

// PaceOf is the pace of a connected node; zero if it has no connection.
func (l *Ledger) PaceOf(id qnet.NodeID) Pace {
	if n := l.node(id); n != nil && n.conn != nil {
		return n.conn.pace
	}
	return Pace{}
}

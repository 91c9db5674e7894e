// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// Reread returns the ledger of a cluster whose record another arbiter has replaced by g, or
// removed (known is false). It is the ledger of a start at the instant now (H6), and the nodes
// that held before hold, too. What nodes have said is gone: each must connect anew.
func (l *Ledger) Reread(now time.Time, g qnet.Grant, known bool) *Ledger {
	l.expire(now)
	own := l.Record(Partition{})
	if !known { // what they were given since is not on record
		for i := range own.Holders {
			own.Holders[i].Ring = qnet.RingID{}
		}
	}
	next := Restore(l.times, now, merge(g, own))
	next.blank, next.refused = !known, l.refused
	return next
}

// merge returns a grant with the holders of both, and their rings. A node that holds one ring
// by a, and another by b, may be using the vote in either: it holds any ring.
func merge(a, b qnet.Grant) qnet.Grant {
	a.Holders, a.Rings = slices.Clone(a.Holders), slices.Clone(a.Rings)
	for _, h := range b.Holders {
		i, both := slices.BinarySearchFunc(a.Holders, h.Node, func(o qnet.Holder, id qnet.NodeID) int { return cmp.Compare(o.Node, id) })
		if !both {
			a.Holders = slices.Insert(a.Holders, i, h)
			continue
		}
		o := &a.Holders[i]
		if o.Heartbeat = max(o.Heartbeat, h.Heartbeat); o.Ring != h.Ring {
			o.Ring = qnet.RingID{}
		}
	}
	for _, r := range b.Rings {
		i := slices.IndexFunc(a.Rings, func(o qnet.Ring) bool { return o.ID == r.ID })
		if i < 0 {
			a.Rings = append(a.Rings, r)
			continue
		}
		a.Rings[i].Reporters = bothReported(a.Rings[i], r)
	}
	return a
}

// bothReported returns who has reported the ring a to one arbiter, or the same ring b to another;
// nobody if the two only share an ID, as in a record.
func bothReported(a, b qnet.Ring) (ids []qnet.NodeID) {
	if !slices.Equal(a.Members, b.Members) {
		return nil
	}
	ids = slices.Clone(a.Reporters)
	for _, id := range b.Reporters {
		ids = insert(ids, id)
	}
	return ids
}

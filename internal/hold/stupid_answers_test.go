// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// What the stupid ledger answers.

// supersedes is H4: one of the partition's members has reported r, and the partition's ring
// after it.
func (s *stupid) supersedes(p, r name, n int) bool {
	return !p.is(r) && slices.ContainsFunc(p.members, func(id qnet.NodeID) bool {
		now, ok := s.ringOf(id, n)
		return ok && now.is(p) && s.hasReported(id, r, n)
	})
}

// obstacle is H5, H6 and H9.
func (s *stupid) obstacle(p Partition, now time.Time) (ob Obstacle) {
	ring, n := known(p.Ring, p.Members), len(s.facts)
	granted := false
	for _, id := range everybody {
		h := s.hold(id, n, now)
		granted = granted || h != nil && h.ring.is(ring) && !h.presumed
	}
	ob.Soon = true
	for _, id := range everybody {
		h := s.hold(id, n, now)
		switch {
		case h == nil, slices.Contains(p.Members, id), s.supersedes(ring, h.ring, n):
			continue
		case !h.ring.is(anyRing):
			ob.Holders = append(ob.Holders, id)
		case granted:
			continue
		default:
			ob.Unheard = append(ob.Unheard, id)
		}
		if h.until.After(ob.Until) {
			ob.Until = h.until
		}
		if s.connection(id, n) < 0 || !h.answered.IsZero() && s.said(id, n) != isQuorate {
			ob.Soon = false
		}
	}
	for _, f := range s.facts {
		if end := f.at.Add(s.times.Hold(f.pace.Ms())); f.kind == refused && now.Before(end) {
			ob.Refused, ob.Soon = true, false
			if end.After(ob.Until) {
				ob.Until = end
			}
		}
	}
	return ob
}

// grant is what must be on record before the partition has the vote (H5).
func (s *stupid) grant(p Partition, now time.Time) qnet.Grant {
	g, n := qnet.Grant{Ring: p.Ring, Members: p.Members}, len(s.facts)
	var rings []name
	for _, id := range everybody {
		h, connected := s.hold(id, n, now), s.connection(id, n) >= 0
		r, ok := s.ringOf(id, n)
		switch in := ok && connected && r.is(known(p.Ring, p.Members)); {
		case in && h != nil:
			h.ring, h.pace = r, max(h.pace, s.paceOf(id, n).Ms())
		case in:
			h = &held{ring: r, pace: s.paceOf(id, n).Ms()}
		case h == nil:
			continue
		}
		g.Holders = append(g.Holders, qnet.Holder{Node: id, Ring: h.ring.id, Heartbeat: h.pace})
		if !slices.ContainsFunc(rings, h.ring.is) {
			rings = append(rings, h.ring)
		}
	}
	for _, r := range rings {
		if slices.ContainsFunc(g.Rings, func(o qnet.Ring) bool { return o.ID == r.id }) {
			continue
		}
		out := qnet.Ring{ID: r.id, Members: r.members}
		shared := slices.ContainsFunc(rings, func(o name) bool { return o.id == r.id && !o.is(r) })
		for _, id := range everybody {
			if !shared && !r.is(anyRing) && s.hasReported(id, r, n) {
				out.Reporters = append(out.Reporters, id)
			}
		}
		g.Rings = append(g.Rings, out)
	}
	slices.SortFunc(g.Rings, func(a, b qnet.Ring) int {
		return cmp.Or(cmp.Compare(a.ID.Node, b.ID.Node), cmp.Compare(a.ID.Seq, b.ID.Seq))
	})
	return g
}

// covers reports whether a record names the partition, and everybody in what it has to be (H5).
func (s *stupid) covers(g qnet.Grant, p Partition, now time.Time) bool {
	need := s.grant(p, now)
	ok := fmt.Sprint(g.Ring, g.Members) == fmt.Sprint(p.Ring, p.Members)
	for _, h := range need.Holders {
		ok = ok && slices.ContainsFunc(g.Holders, func(o qnet.Holder) bool {
			return o.Node == h.Node && o.Ring == h.Ring && o.Heartbeat >= h.Heartbeat
		})
	}
	return ok
}

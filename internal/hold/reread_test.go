// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package hold

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quorate/quorate/internal/qnet"
)

// TestReread (H6): after another arbiter has changed the record, everybody holds who holds by it
// or by what was known here, for a hold time from then on; whoever holds different rings by them
// holds any ring, and if there is no record any more, all do.
func TestReread(t *testing.T) {
	start := time.Unix(1000, 0)
	times := Times{Fixed: 10 * time.Second}
	whole, left, other := qnet.RingID{Node: 1, Seq: 4}, qnet.RingID{Node: 1, Seq: 8}, qnet.RingID{Node: 3, Seq: 8}
	ids := []qnet.NodeID{1, 2, 3}
	grant := func(ring qnet.RingID, members ...qnet.NodeID) qnet.Grant {
		g := qnet.Grant{Ring: ring, Members: members, Rings: []qnet.Ring{{ID: ring, Members: members, Reporters: members}}}
		for _, id := range members {
			g.Holders = append(g.Holders, qnet.Holder{Node: id, Ring: ring, Heartbeat: 8000})
		}
		return g
	}
	for name, c := range map[string]struct {
		own, read qnet.Grant
		known     bool
		holders   string // before anybody connects
		obstacle  string // for node 3 alone, after it has reported that it is
	}{
		"the same":                   {grant(whole, ids...), grant(whole, ids...), true, "1@1.4 2@1.4 3@1.4", "[] []"},
		"another's holder":           {grant(whole, ids...), grant(left, 1), true, "1@0.0 2@1.4 3@1.4", "[] [1]"},
		"nothing was known":          {qnet.Grant{}, grant(left, 1, 2), true, "1@1.8 2@1.8", "[1 2] []"},
		"nobody holds":               {grant(whole, ids...), qnet.Grant{Ring: left}, true, "1@1.4 2@1.4 3@1.4", "[] []"},
		"removed":                    {grant(whole, ids...), qnet.Grant{}, false, "1@0.0 2@0.0 3@0.0", "[] [1 2]"},
		"removed, unknown":           {qnet.Grant{}, qnet.Grant{}, false, "", "[] [1 2]"},
		"the same ID, other members": {grant(whole, 1, 3), grant(whole, 1, 2), true, "1@1.4 2@1.4 3@1.4", "[1 2] []"},
	} {
		now := start.Add(time.Hour)
		l := Restore(times, start, c.own)
		for _, n := range l.nodes {
			n.heard = now // it still holds
		}
		l = l.Reread(now, c.read, c.known)
		got := ""
		for _, h := range l.Holders(now) {
			got += fmt.Sprintf(" %d@%s", h.Node, h.Ring)
			if end := now.Add(times.Fixed); !h.Until.Equal(end) {
				t.Errorf("%s: node %d holds until %v, not %v", name, h.Node, h.Until, end)
			}
		}
		if got != "" {
			got = got[1:]
		}
		if got != c.holders {
			t.Errorf("%s: holders %s, want %s", name, got, c.holders)
		}
		l.Joined(now, 3, other, Pace{Heartbeat: 8000}, false)
		l.Configured(now, 3, ids)
		l.Reported(3, other, ids[2:])
		ob := l.Obstacle(now, Partition{Ring: other, Members: ids[2:]})
		if got := fmt.Sprint(ob.Holders, " ", ob.Unheard); got != c.obstacle {
			t.Errorf("%s: obstacle %s, want %s", name, got, c.obstacle)
		}
		if end := now.Add(times.Fixed); !ob.None() && !ob.Until.Equal(end) || !l.Obstacle(end, Partition{Ring: other, Members: ids[2:]}).None() {
			t.Errorf("%s: until %v, want %v", name, ob.Until, end)
		}
		if slices.ContainsFunc(l.nodes, func(n *node) bool { return n.conn != nil && n.id != 3 }) {
			t.Errorf("%s: a connection outlives the reading", name)
		}
	}
}

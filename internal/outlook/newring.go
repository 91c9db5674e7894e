// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package outlook

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/decision"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/term"
)

// newRing is who would cast the arbiter's vote in a new ring of only these members.
func (f *forecaster) newRing(left []status.Member) map[qnet.NodeID]casting {
	if f.q.Device == nil {
		return nil
	}
	list := map[qnet.NodeID]casting{}
	var sure, perhaps []qnet.NodeID // who can ask the arbiter
	for i := range left {
		c := f.reach(&left[i])
		list[left[i].ID] = c
		if c.chance != never {
			perhaps = append(perhaps, left[i].ID)
		}
		if c.chance == surely {
			sure = append(sure, left[i].ID)
		}
	}
	all := idsOf(left)
	may, _ := f.wins(all, perhaps)
	_, will := f.wins(all, sure)
	for i := range left {
		c := list[left[i].ID]
		switch {
		case c.chance == never:
		case !may:
			c = casting{}
		case f.q.Device.Model != "net":
			c = casting{chance: maybe, why: "quorate does not know how a device of model " + f.q.Device.Model + " decides"}
		case c.chance == maybe:
		case !will:
			c = casting{chance: maybe, why: f.why(left)}
		case f.late():
			c = casting{chance: maybe, why: "with wait_for_all, quorum comes back only if the arbiter answers within 2 s"}
		}
		list[left[i].ID] = c
	}
	return list
}

// why is why it is not known whether the arbiter would choose the new ring.
func (f *forecaster) why(left []status.Member) string {
	if lost := f.lost(idsOf(left)); f.neverAgain() && len(lost) > 0 && len(f.q.Absent) == 0 {
		var names []string
		for i := range f.q.Members {
			if slices.Contains(lost, f.q.Members[i].ID) {
				names = append(names, f.q.Members[i].Called())
			}
		}
		return "if the arbiter is Corosync's own, it may prefer " + term.And(names) + " while it does not know of the loss, and it does not decide again"
	}
	if len(f.q.Absent) == 0 {
		return f.me + " can't see who else reaches the arbiter"
	}
	var names []string
	for i := range f.q.Absent {
		names = append(names, f.q.Absent[i].Called())
	}
	return "the arbiter could prefer " + term.And(names) + ", if it still hears from there"
}

// late reports whether the arbiter's vote may come after the new ring has been counted
// without it, which with wait_for_all is too late. Its answer to a lost node comes within
// the time of a sync (H7) only from our arbiter, and only if nobody else may still hold
// the vote (H5): a node that is away, or anybody while the arbiter has just started (H6).
func (f *forecaster) late() bool {
	d := f.r.Daemon
	switch {
	case !f.v.WaitForAll:
		return false
	case d == nil || d.Grace == 0 && d.Register == "":
		return true
	}
	hold := time.Duration(max(d.Heartbeat*13/4, 2*d.Heartbeat+d.Timeout))*time.Millisecond*21/20 + time.Second
	younger := func(at time.Time) bool { return at.IsZero() || f.r.At.Sub(at) < hold }
	return younger(d.Connected) || len(f.q.Absent) > 0 && (!d.PollingCast || younger(d.Since))
}

// lost is who would be lost for only that ring to be left.
func (f *forecaster) lost(ring []qnet.NodeID) []qnet.NodeID {
	return slices.DeleteFunc(idsOf(f.q.Members), func(id qnet.NodeID) bool { return slices.Contains(ring, id) })
}

// neverAgain reports whether the arbiter may be one that does not decide again when it
// learns that a node is gone: C's does not, with lms and 2nodelms. It is known to be
// ours by the grace that it announces and by its register.
func (f *forecaster) neverAgain() bool {
	if f.q.Device.Algorithm != qnet.LMS && f.q.Device.Algorithm != qnet.TwoNodeLMS {
		return false
	}
	d := f.r.Daemon
	return d == nil || d.Grace == 0 && d.Register == ""
}

// wins asks package decision whether the arbiter would choose a ring of these members, of
// whom some ask it: may is whether it could, will whether it does whatever is going on
// among the absent nodes.
func (f *forecaster) wins(ring, asking []qnet.NodeID) (may, will bool) {
	results := []qnet.Heuristics{qnet.HeuristicsUndefined}
	if d := f.r.Daemon; d == nil || d.HeuristicsMode != status.HeuristicsDisabled {
		results = append(results, qnet.HeuristicsPass, qnet.HeuristicsFail)
	}
	away := make([]qnet.NodeID, 0, len(f.q.Absent))
	for _, a := range f.q.Absent {
		away = append(away, a.ID)
	}
	away = qnet.SortIDs(away)
	rivals := [][]qnet.NodeID{nil, away}
	if f.neverAgain() {
		rivals = append(rivals, f.lost(ring))
	}
	will = true
	for _, ours := range results {
		for _, theirs := range results {
			for _, others := range rivals {
				won := f.decide(ring, asking, ours, others, theirs)
				may, will = may || won, will && won
			}
		}
	}
	return may, will
}

// decide asks package decision about one case: others are absent nodes that form a ring
// and reach the arbiter.
func (f *forecaster) decide(ring, asking []qnet.NodeID, h qnet.Heuristics, others []qnet.NodeID, theirs qnet.Heuristics) bool {
	here, there := qnet.RingID{Node: 1, Seq: 1}, qnet.RingID{Node: 1, Seq: 2}
	v := decision.View{TieBreaker: f.q.Device.TieBreaker, KeepActivePartition: f.q.Device.KAP, Quorate: idsOf(f.q.Members)}
	config := configured(f.q)
	for _, id := range asking {
		v.Clients = append(v.Clients, decision.Client{Node: id, Config: config, Ring: here, Members: ring, Heuristics: h, Report: 1, LastVote: qnet.VoteACK})
	}
	for _, id := range others {
		v.Clients = append(v.Clients, decision.Client{Node: id, Config: config, Ring: there, Members: others, Heuristics: theirs, Report: 1, LastVote: qnet.VoteACK})
	}
	slices.SortFunc(v.Clients, func(a, b decision.Client) int { return cmp.Compare(a.Node, b.Node) })
	return decision.Decide(f.q.Device.Algorithm, v).Ring == here
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

// Package outlook works out what follows from a snapshot of a cluster: what would
// come of losing a node or the arbiter, what is wrong, and what to do about it.
//
// It counts as votequorum does, and asks package decision what the arbiter would
// say. A lost node is one that fell silent; one that is shut down in an orderly way
// can do no worse.
//
// # Limitations
//
// It knows what this node knows. Of the daemons of other nodes it sees that they
// live and what they cast, not why. A loss is taken for the only one: what happens
// when several things fail at once is not said.
package outlook

import (
	"slices"
	"strconv"
	"strings"

	"quorate/internal/decision"
	"quorate/internal/qnet"
	"quorate/internal/status"
)

// Losses tells what would come of losing each member, this node first, and then the
// arbiter, if there is one. It is empty if this node is not quorate, or not by
// votequorum. d is what this machine's node daemon says, nil if nothing.
func Losses(q *status.Quorum, d *status.QDevice) []status.Loss {
	if q.Votequorum == nil || !q.Quorate {
		return nil
	}
	members := slices.Clone(q.Members)
	slices.SortStableFunc(members, func(a, b status.Member) int {
		if a.Local != b.Local {
			if a.Local {
				return -1
			}
			return 1
		}
		return int(int64(a.ID) - int64(b.ID))
	})
	var list []status.Loss
	for _, m := range members {
		left := slices.DeleteFunc(slices.Clone(members), func(o status.Member) bool { return o.ID == m.ID })
		loss := tally(q, left, castAfter(q, d, left))
		loss.Node, loss.Called = m.ID, m.Called()
		list = append(list, loss)
	}
	if q.Device == nil || !slices.ContainsFunc(members, func(m status.Member) bool { return m.Registered }) {
		return list
	}
	return append(list, withoutArbiter(q, d, members))
}

// castAfter is who would cast the device's vote if only these members were left.
func castAfter(q *status.Quorum, d *status.QDevice, left []status.Member) map[qnet.NodeID]bool {
	if q.Device == nil {
		return nil
	}
	config, ids := configured(q), idsOf(left)
	ring := qnet.RingID{Node: 1, Seq: 1} // any: all that are left are in it
	v := decision.View{TieBreaker: q.Device.TieBreaker, KeepActivePartition: q.Device.KAP, Quorate: idsOf(q.Members)}
	for i, m := range left {
		if connected(m, d) {
			v.Clients = append(v.Clients, decision.Client{Node: m.ID, Config: config, Ring: ring, Members: ids, Report: uint64(i)})
		}
	}
	slices.SortFunc(v.Clients, func(a, b decision.Client) int { return int(int64(a.Node) - int64(b.Node)) })
	cast := map[qnet.NodeID]bool{}
	for _, vote := range decision.Decide(q.Device.Algorithm, v).Votes {
		cast[vote.Node] = vote.Vote == qnet.VoteACK
	}
	return cast
}

// connected reports whether a node's daemon can get the arbiter's vote: one that
// casts it has it, and of this node's own daemon more is known.
func connected(m status.Member, d *status.QDevice) bool {
	return m.Registered && m.Alive && (m.Cast || m.Local && d != nil && d.State == status.StateConnected && d.Refused == "")
}

// withoutArbiter is what would come of losing the arbiter: its vote is taken back
// everywhere, but where the algorithm is lenient.
func withoutArbiter(q *status.Quorum, d *status.QDevice, members []status.Member) status.Loss {
	cast, unsure := map[qnet.NodeID]bool{}, ""
	for _, m := range members {
		switch {
		case q.Device.Algorithm == qnet.LMS && q.Votequorum.WaitForAll:
			cast[m.ID] = m.Cast
		case q.Device.Algorithm == qnet.TwoNodeLMS:
			unsure = "with Corosync's own node daemons the vote is cast until something else changes"
		}
	}
	loss := tally(q, members, cast)
	loss.Called, loss.Unsure = "the arbiter", unsure
	if d != nil && len(cast) == 0 {
		loss.Grace = d.Grace
	}
	return loss
}

// tally counts for each member that is left, as its votequorum would.
func tally(q *status.Quorum, left []status.Member, cast map[qnet.NodeID]bool) status.Loss {
	var loss, lost status.Loss
	for _, m := range left {
		votes, needed, quorate := count(q, left, cast, m.ID)
		l := &lost
		if quorate {
			l = &loss
			loss.Kept = append(loss.Kept, m.Called())
		} else {
			loss.Lose = append(loss.Lose, m.Called())
		}
		// The numbers of those who are best off.
		if l.Needed == 0 || votes > l.Votes {
			l.Votes, l.Needed, l.Device = votes, needed, cast[m.ID]
		}
	}
	if len(loss.Kept) == 0 {
		loss.Votes, loss.Needed, loss.Device = lost.Votes, lost.Needed, lost.Device
	}
	return loss
}

// count is the arithmetic of one member's votequorum: the votes that it counts, those
// that it needs, and whether it is quorate.
func count(q *status.Quorum, left []status.Member, cast map[qnet.NodeID]bool, at qnet.NodeID) (votes, needed uint32, quorate bool) {
	v := q.Votequorum
	voters := len(left)
	for _, m := range left {
		votes += m.Votes
	}
	if cast[at] {
		votes += v.DeviceVotes
		voters++
	}
	// The quorum never goes down by a loss.
	needed = max(v.Quorum, (v.HighestExpected+2)/2, (votes+2)/2)
	if v.TwoNode && voters <= 2 {
		needed = 1
	}
	needed = uint32(uint8(needed)) // votequorum keeps it in eight bits
	quorate = needed <= votes || winsTie(q, left, votes, needed) || masterWins(left, cast, at)
	return votes, needed, quorate
}

// winsTie reports whether auto_tie_breaker makes this half quorate.
func winsTie(q *status.Quorum, left []status.Member, votes, needed uint32) bool {
	v := q.Votequorum
	if !v.AutoTieBreaker || votes != v.Expected/2 || len(q.Members)-len(left) >= int(needed) {
		return false
	}
	here := func(id qnet.NodeID) bool {
		return slices.ContainsFunc(left, func(m status.Member) bool { return m.ID == id })
	}
	was := idsOf(q.Members)
	lowFirst := func(a, b qnet.NodeID) int { return int(int64(int32(a)) - int64(int32(b))) } // votequorum compares with a sign
	switch v.TieBreakerNodes {
	case "", "lowest":
		return here(slices.MinFunc(was, lowFirst))
	case "highest":
		return here(slices.MaxFunc(was, lowFirst))
	}
	for word := range strings.FieldsSeq(v.TieBreakerNodes) {
		id, err := strconv.ParseUint(word, 10, 32)
		switch {
		case err != nil:
			return false
		case here(qnet.NodeID(id)):
			return true
		case slices.Contains(was, qnet.NodeID(id)):
			return false // it could be alive elsewhere
		}
	}
	return false
}

// masterWins reports whether a member with the flag MW casts the device's vote, which
// counts only for nodes that have the flag themselves.
func masterWins(left []status.Member, cast map[qnet.NodeID]bool, at qnet.NodeID) bool {
	here := slices.ContainsFunc(left, func(m status.Member) bool { return m.ID == at && m.MasterWins })
	return here && slices.ContainsFunc(left, func(m status.Member) bool { return m.MasterWins && cast[m.ID] })
}

// configured lists the IDs of all configured nodes, sorted.
func configured(q *status.Quorum) []qnet.NodeID {
	ids := idsOf(q.Members)
	for _, a := range q.Absent {
		ids = append(ids, a.ID)
	}
	return qnet.SortIDs(ids)
}

func idsOf(members []status.Member) []qnet.NodeID {
	ids := make([]qnet.NodeID, 0, len(members))
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	return qnet.SortIDs(ids)
}

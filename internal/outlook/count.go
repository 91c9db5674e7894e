// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package outlook

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/votequorum"
)

// tally counts for each member that is left, as its votequorum would.
func (f *forecaster) tally(left []status.Member, castings map[qnet.NodeID]casting) status.Loss {
	least, most := map[qnet.NodeID]bool{}, map[qnet.NodeID]bool{}
	for i := range left {
		c := castings[left[i].ID].chance
		least[left[i].ID], most[left[i].ID] = c == surely, c != never
	}
	var loss, lost status.Loss
	for i := range left {
		m := &left[i]
		votes, needed, low := count(f.q, left, least, m.ID)
		_, _, high := count(f.q, left, most, m.ID)
		c := castings[m.ID]
		differs := f.differs(left, least, m.ID, low)
		switch {
		case low != high || differs != "":
			loss.Unknown = append(loss.Unknown, m.Called())
			loss.Unsure = cmp.Or(loss.Unsure, differs, c.why, f.whyOthers(castings, left))
			continue
		case low:
			loss.Kept = append(loss.Kept, m.Called())
		default:
			loss.Lose = append(loss.Lose, m.Called())
		}
		l := &lost
		if low {
			l = &loss
		}
		// The numbers of those who are best off.
		if l.Needed == 0 || votes > l.Votes {
			l.Votes, l.Needed, l.Device = votes, needed, least[m.ID] && f.v.DeviceVotes > 0
		}
		if low && f.v.WaitForAll && !m.Local {
			loss.Provided = append(loss.Provided, takenFor(m, status.Counts)...)
		}
		if f.matters(left, least, m.ID) {
			loss.Provided = append(loss.Provided, c.rests...)
		}
	}
	if len(loss.Kept) == 0 {
		loss.Votes, loss.Needed, loss.Device = lost.Votes, lost.Needed, lost.Device
	}
	return loss
}

// matters reports whether a member's quorum depends on its casting the arbiter's vote.
func (f *forecaster) matters(left []status.Member, cast map[qnet.NodeID]bool, at qnet.NodeID) bool {
	other := map[qnet.NodeID]bool{}
	for i := range left {
		other[left[i].ID] = cast[left[i].ID] != (left[i].ID == at)
	}
	_, _, a := count(f.q, left, cast, at)
	_, _, b := count(f.q, left, other, at)
	return a != b
}

// other is another way of counting than this node's, which may come to count.
type other struct {
	expected uint32
	why      string
}

// others lists the other ways of counting: last_man_standing lowers what is expected some
// time after nodes were lost, and a node that has lost quorum takes over what a quorate
// one expects.
func (f *forecaster) others() (list []other) {
	if here := uint32(len(f.q.Members)); f.v.LastManStanding && f.v.Expected > here {
		list = append(list, other{here, "last_man_standing may be about to lower the number of votes that are needed"})
	}
	sum := f.sum()
	if f.odd(sum) {
		list = append(list, other{sum, fmt.Sprintf("%s expects %d votes in total, but there are %d", f.me, f.v.Expected, sum)})
	}
	if half := max(f.v.HighestExpected, f.v.Total)/2 + 1; f.v.Quorum > half {
		list = append(list, other{f.v.Expected, fmt.Sprintf("%s needs %d votes, but %d would be more than half", f.me, f.v.Quorum, half)})
	}
	for i := range f.q.Members {
		m := &f.q.Members[i]
		if m.Expected != 0 && m.Expected != f.v.Expected {
			list = append(list, other{m.Expected, fmt.Sprintf("%s expects %d votes in total, but %s expects %d", m.Called(), m.Expected, f.me, f.v.Expected)})
		}
	}
	return list
}

// sum is how many votes there are: those of all nodes, and the device's.
func (f *forecaster) sum() (sum uint32) {
	if f.q.Device != nil {
		sum = f.v.DeviceVotes
	}
	for i := range f.q.Members {
		sum += f.q.Members[i].Votes
	}
	for i := range f.q.Absent {
		sum += f.q.Absent[i].Votes
	}
	return sum
}

// odd reports whether this node expects another number of votes than there are, without
// a setting that explains it: a node that has started alone, for one, leaves out the
// device until it has met one.
func (f *forecaster) odd(sum uint32) bool {
	return !f.v.LastManStanding && !f.v.AllowDownscale && sum != f.v.Expected
}

// differs is why a member may count to something else than this.
func (f *forecaster) differs(left []status.Member, cast map[qnet.NodeID]bool, at qnet.NodeID, than bool) string {
	for _, o := range f.others() {
		q, v := *f.q, *f.v
		v.Expected, v.HighestExpected, v.Quorum = o.expected, o.expected, o.expected/2+1
		q.Votequorum = &v
		if _, _, quorate := count(&q, left, cast, at); quorate != than {
			return o.why
		}
	}
	return ""
}

// whyOthers is the doubt about another member's vote, which with master_wins counts here.
func (f *forecaster) whyOthers(castings map[qnet.NodeID]casting, left []status.Member) string {
	for i := range left {
		if c := castings[left[i].ID]; c.chance == maybe {
			return c.why
		}
	}
	return ""
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
	if !v.AutoTieBreaker || votes != v.Expected/2 || int64(len(q.Members)-len(left)) >= int64(needed) {
		return false
	}
	here := func(id qnet.NodeID) bool {
		return slices.ContainsFunc(left, func(m status.Member) bool { return m.ID == id })
	}
	was := idsOf(q.Members)
	lowFirst := func(a, b qnet.NodeID) int { return cmp.Compare(int32(a), int32(b)) } // votequorum compares with a sign
	tie, list := votequorum.ParseTieBreaker(v.TieBreakerNodes)
	switch tie {
	case votequorum.TieLowest:
		return here(slices.MinFunc(was, lowFirst))
	case votequorum.TieHighest:
		return here(slices.MaxFunc(was, lowFirst))
	}
	for _, id := range list {
		switch {
		case here(id):
			return true
		case slices.Contains(was, id):
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

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package outlook

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
)

// Losses tells what would come of losing each member, this node first, and then the
// arbiter, if there is one. It is empty if this node is not quorate, or not by
// votequorum.
//
// It is about the state in which everything has come to rest after that one loss. What
// this node can't see, and has no reason to doubt, a forecast takes for granted, and
// says so in its provisos; where there is reason to doubt, nothing is foretold.
func Losses(r *status.Report) []status.Loss {
	q := r.Quorum
	if q.Votequorum == nil || !q.Quorate {
		return nil
	}
	f := forecaster{r: r, q: q, v: q.Votequorum, me: q.Here()}
	members := slices.Clone(q.Members)
	slices.SortStableFunc(members, func(a, b status.Member) int {
		if a.Local != b.Local {
			if a.Local {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.ID, b.ID)
	})
	var list []status.Loss
	for _, m := range members {
		left := slices.DeleteFunc(slices.Clone(members), func(o status.Member) bool { return o.ID == m.ID })
		loss := f.tally(left, f.newRing(left))
		loss.Node, loss.Called = m.ID, m.Called()
		list = append(list, loss)
	}
	if q.Device == nil || !slices.ContainsFunc(members, func(m status.Member) bool { return m.Registered }) {
		return list
	}
	loss := f.tally(members, f.withoutArbiter(members))
	loss.Called = "the arbiter"
	if len(loss.Lose) > 0 {
		loss.Grace = f.grace()
	}
	return append(list, loss)
}

// forecaster works out what would come of a loss.
type forecaster struct {
	r *status.Report
	q *status.Quorum
	v *status.Votequorum

	me string // what this node is called
}

// chance is how sure it is that a node will cast the arbiter's vote.
type chance uint8

const (
	never chance = iota
	maybe
	surely
)

// casting is what is known of one node's vote for the arbiter after a loss.
type casting struct {
	chance chance
	why    string           // nobody can know it; only with maybe
	rests  []status.Proviso // what else it rests on
}

func takenFor(m *status.Member, c status.Condition) []status.Proviso {
	return []status.Proviso{{Node: m.ID, Called: m.Called(), Condition: c}}
}

// reach is whether a node will get an answer of the arbiter to a new ring.
//
// Rule N1 stands behind all of it: a vote that was cast for the old ring no longer
// counts in the new one, so whoever can't ask the arbiter anew has no vote.
func (f *forecaster) reach(m *status.Member) casting {
	switch {
	case m.Local && !f.r.DaemonHidden:
		return f.reachHere(m)
	case !m.Registered || !m.Alive:
		return casting{rests: takenFor(m, status.Lacks)}
	case !m.Cast && f.here() == refusedVote:
		// All that is here was told no: why this one casts nothing is no riddle.
		return casting{chance: surely, rests: takenFor(m, status.Reaches)}
	case !m.Cast:
		return casting{chance: maybe, why: f.me + " can't see why " + NotUsed(m.Called(), "")}
	case f.here() == cutOff:
		return casting{chance: maybe, why: f.me + " has lost the arbiter, and can't see whether " + m.Called() + " still reaches it"}
	}
	return casting{chance: surely, rests: takenFor(m, status.Reaches)}
}

// reachHere is the same for this node, of which more is known.
func (f *forecaster) reachHere(m *status.Member) casting {
	d := f.r.Daemon
	switch {
	case !m.Registered && f.v.DeviceBarred || d != nil && d.Refused+d.Removed != "":
		return casting{}
	case !m.Registered || d == nil:
		return casting{rests: takenFor(m, status.Idle)}
	case d.State != status.StateConnected:
		return casting{rests: takenFor(m, status.Lacks)}
	}
	if quiet := f.overdue(); quiet > 0 {
		return casting{chance: maybe, why: fmt.Sprintf("the arbiter has not answered %s for %d s", m.Called(), quiet/time.Second)}
	}
	return casting{chance: surely, rests: takenFor(m, status.Reaches)}
}

// standing is how this node's daemon and the arbiter get along.
type standing uint8

const (
	unseen      standing = iota // the daemon does not answer, or does not run
	well                        // it is connected
	refusedVote                 // it is connected, and the arbiter has told it no
	cutOff                      // it is not, or the arbiter is silent
)

func (f *forecaster) here() standing {
	d := f.r.Daemon
	switch {
	case d == nil:
		return unseen
	case d.State != status.StateConnected && f.longAgo():
		return unseen
	case d.State != status.StateConnected || f.overdue() > 0:
		return cutOff
	case d.Polling && !d.PollingCast:
		return refusedVote
	}
	return well
}

// longAgo reports whether the connection was lost so long ago that another node which
// had lost it at the same time would not cast the vote any more.
func (f *forecaster) longAgo() bool {
	d := f.r.Daemon
	if d.LostAt.IsZero() {
		return false
	}
	const silence = 2 // heartbeats until a node notices that the arbiter is silent
	limit := time.Duration(max(d.Grace, silence*d.Heartbeat)+d.Timeout)*time.Millisecond*21/20 + time.Second
	return f.r.At.Sub(d.LostAt) > limit
}

// overdue is for how long the arbiter has not answered this node, if that is longer than
// it ever takes while all is well; else 0.
func (f *forecaster) overdue() time.Duration {
	d := f.r.Daemon
	heartbeat, quiet := time.Duration(d.Heartbeat)*time.Millisecond, time.Duration(0)
	switch {
	case d.State != status.StateConnected:
	case f.r.DaemonIsC && !d.Echoed.IsZero():
		quiet = f.r.At.Sub(d.Echoed) - time.Second // it tells whole seconds
	case d.FreshUntil.IsZero():
	case d.Grace > 0:
		quiet = f.r.At.Sub(d.FreshUntil) + time.Duration(d.Grace)*time.Millisecond
	default: // it asks twice as often
		quiet = f.r.At.Sub(d.FreshUntil) + heartbeat*5/4
		heartbeat /= 2
	}
	if quiet > heartbeat+time.Second {
		return quiet
	}
	return 0
}

// grace is for how long this node keeps its vote after the arbiter was lost, in ms.
func (f *forecaster) grace() uint32 {
	d := f.r.Daemon
	switch {
	case d == nil || d.Grace == 0:
		return 0
	case d.State == status.StateConnected:
		return d.Grace
	case d.FreshUntil.After(f.r.At):
		return uint32(d.FreshUntil.Sub(f.r.At).Milliseconds())
	}
	return 0
}

// withoutArbiter is what each member casts when the arbiter has been silent for long: a
// vote is taken back (N2), but where the algorithm is lenient.
func (f *forecaster) withoutArbiter(members []status.Member) map[qnet.NodeID]casting {
	list := map[qnet.NodeID]casting{}
	for i := range members {
		m := &members[i]
		own := m.Local && !f.r.DaemonHidden
		switch algorithm := f.q.Device.Algorithm; {
		case !m.Registered || !m.Alive || !m.Cast, own && f.r.Daemon == nil:
		case own && f.r.Daemon.Refused+f.r.Daemon.Removed != "":
		case algorithm == qnet.LMS && f.v.WaitForAll, algorithm == qnet.TwoNodeLMS && own && f.r.DaemonIsC:
			list[m.ID] = casting{chance: surely, rests: takenFor(m, status.Polls)}
		case algorithm == qnet.TwoNodeLMS && !own:
			list[m.ID] = casting{chance: maybe, why: "if " + m.Called() + " runs Corosync's own node daemon, it keeps the arbiter's vote until something else changes"}
		}
	}
	return list
}

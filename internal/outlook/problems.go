// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package outlook

import (
	"fmt"
	"slices"

	"github.com/quorate/quorate/internal/advice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/term"
)

// Complete fills in what follows from the rest of a report: its losses and problems.
func Complete(r *status.Report) {
	r.Losses = Losses(r)
	f := finder{q: r.Quorum, d: r.Daemon, r: r, me: r.Quorum.Here()}
	f.quorum()
	f.members()
	f.daemon()
	f.configuration()
	slices.SortStableFunc(f.list, func(a, b status.Problem) int {
		switch {
		case a.Severe == b.Severe:
			return 0
		case a.Severe:
			return -1
		}
		return 1
	})
	r.Problems = f.list
}

// finder collects problems.
type finder struct {
	q    *status.Quorum
	d    *status.QDevice
	r    *status.Report
	me   string // what this node is called
	list []status.Problem
}

func (f *finder) add(severe bool, node qnet.NodeID, text string, do ...advice.Advice) {
	f.list = append(f.list, status.Problem{Severe: severe, Node: node, Text: text, Do: advice.Strings(do...)})
}

// on says where a command is to be run, if it is not here.
func on(m *status.Member, command advice.Advice) advice.Advice {
	if m.Local {
		return command
	}
	return advice.On(m.Called(), command)
}

// quorum looks at the lack of it.
func (f *finder) quorum() {
	v := f.q.Votequorum
	switch {
	case v != nil && v.Waiting && !f.q.Quorate:
		f.add(true, 0, f.me+" waits for all nodes: with wait_for_all it has no quorum until it has seen each of them once",
			advice.StartMissingNodes, advice.CancelWaitForAll)
	case !f.q.Quorate && v != nil && v.Total < v.Quorum:
		missing := v.Quorum - v.Total
		do := []advice.Advice{}
		for i := range f.q.Absent {
			a := &f.q.Absent[i]
			do = append(do, advice.BringBack.With("node", a.Called()).With("votes", term.Count(a.Votes, "vote")))
		}
		if device := f.q.Device != nil; device && !f.local().Cast {
			do = append(do, advice.GetArbiterVote.With("votes", term.Count(v.DeviceVotes, "vote")))
		} else if !device {
			do = append(do, advice.LowerExpected.With("votes", fmt.Sprint(max(v.Total, 1))))
		}
		f.add(true, 0, fmt.Sprintf("there is no quorum: %d of %s, %d needed, %d missing", v.Total, term.Count(v.Expected, "vote"), v.Quorum, missing), do...)
	case !f.q.Quorate:
		f.add(true, 0, "there is no quorum")
	}
	for i := range f.q.Absent {
		f.add(!f.q.Quorate, f.q.Absent[i].ID, f.q.Absent[i].Called()+" is gone: it is down, or "+f.me+" can't reach it",
			advice.LookAtNode.With("node", f.q.Absent[i].Called()))
	}
}

func (f *finder) local() status.Member {
	for _, m := range f.q.Members {
		if m.Local {
			return m
		}
	}
	return status.Member{ID: f.q.NodeID, Local: true}
}

// members looks at the quorum device of each member.
func (f *finder) members() {
	if f.q.Votequorum == nil {
		return
	}
	anybody := slices.ContainsFunc(f.q.Members, func(m status.Member) bool { return m.Registered })
	for i := range f.q.Members {
		m := &f.q.Members[i]
		switch {
		case f.q.Device == nil && !anybody:
		case !m.Registered && m.Local && f.q.Votequorum.DeviceBarred:
			f.add(false, m.ID, DeviceBarred(f.me), advice.Doctor, advice.CorosyncQuorum)
		case !m.Registered:
			f.add(false, m.ID, NoDaemon(m.Called()), on(m, advice.StartNodeDaemon))
		case !m.Alive:
			f.add(false, m.ID, DaemonStopped(m.Called()), on(m, advice.RestartNodeDaemon), on(m, advice.NodeDaemonLog))
		case !m.Cast && m.Local && f.d != nil:
			f.noVote()
		case !m.Cast && m.Local:
			f.add(false, m.ID, NotUsed(m.Called(), ""), advice.NodeDaemonTool, advice.Doctor)
		case !m.Cast:
			f.add(false, m.ID, NotUsed(m.Called(), "")+", and "+f.me+" can't see why", on(m, advice.Status))
		}
		if m.MasterWins {
			f.add(false, m.ID, "master_wins is set on "+m.Called()+": whenever it uses the arbiter's vote it is quorate, even alone",
				advice.NoMasterWins.With("node", m.Called()))
		}
	}
}

// noVote looks at why this node does not cast the arbiter's vote.
func (f *finder) noVote() {
	switch {
	case f.d.Refused != "" || f.d.State != status.StateConnected: // told by daemon
	case f.d.PollingCast:
		f.add(false, f.q.NodeID, NotCounted(f.me), advice.LookAgain)
	case f.d.Reason != "":
		f.add(false, f.q.NodeID, NotUsed(f.me, f.d.WhyNot()), advice.AskArbiter.WithWord("cluster", f.d.Cluster))
	default:
		f.add(false, f.q.NodeID, NotUsed(f.me, "the arbiter did not give it to this side"),
			advice.AskAnyArbiter.WithWord("cluster", f.d.Cluster))
	}
}

// daemon looks at this machine's node daemon.
func (f *finder) daemon() {
	d := f.d
	if d == nil {
		if f.local().Registered {
			f.add(false, f.q.NodeID, "the qdevice of "+f.me+" does not answer: "+f.r.DaemonError, advice.NodeDaemonState)
		}
		return
	}
	if d.Removed != "" {
		f.add(false, f.q.NodeID, d.Removed+" was removed from corosync.conf, and the qdevice of "+f.me+" still runs",
			advice.DisableNodeDaemon)
		return
	}
	if d.Refused != "" {
		f.add(false, f.q.NodeID, MayNotVote(f.me, d), advice.MendConf)
	}
	switch text, starting := NotConnected(f.me, d, f.r.DaemonIsC); {
	case starting:
		f.add(false, f.q.NodeID, text, advice.LookAgain)
	case text != "":
		f.add(false, f.q.NodeID, text, advice.Doctor, advice.LookBetween)
	}
	if d.Heuristics == qnet.HeuristicsFail {
		f.heuristics()
	}
}

func (f *finder) heuristics() {
	named := false
	for i := range f.d.Commands {
		if c := &f.d.Commands[i]; c.Result == qnet.HeuristicsFail {
			named = true
			f.add(false, f.q.NodeID, CommandFails(f.me, c), advice.RunHeuristic.With("name", c.Name))
		}
	}
	if !named {
		f.add(false, f.q.NodeID, HeuristicsFail(f.me), advice.RunHeuristics)
	}
}

// configuration looks for versions and numbers that do not go together.
func (f *finder) configuration() {
	if d := f.d; d != nil && d.Removed == "" {
		if text := OldConfig(f.me, d, f.q); text != "" {
			f.add(false, f.q.NodeID, text, advice.RestartNodeDaemon)
		}
	}
	v := f.q.Votequorum
	if v == nil || v.LastManStanding || v.AllowDownscale {
		return
	}
	var nodes uint32
	for _, m := range f.q.Members {
		nodes += m.Votes
	}
	for _, a := range f.q.Absent {
		nodes += a.Votes
	}
	sum, text := nodes, "the nodes have"
	if f.q.Device != nil {
		// A node that has started alone expects the nodes' votes until all votes are there.
		if nodes == v.Expected {
			return
		}
		sum, text = nodes+v.DeviceVotes, "the nodes and the arbiter have"
	}
	if sum != v.Expected {
		f.add(false, 0, fmt.Sprintf("%s expects %s, but %s %d", f.me, term.Count(v.Expected, "vote"), text, sum),
			advice.ReloadVotes)
	}
}

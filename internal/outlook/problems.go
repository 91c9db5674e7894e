// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package outlook

import (
	"fmt"
	"slices"

	"quorate/internal/advice"
	"quorate/internal/qnet"
	"quorate/internal/status"
)

// Complete fills in what follows from the rest of a report: its losses and problems.
func Complete(r *status.Report) {
	r.Losses = Losses(r)
	f := finder{q: r.Quorum, d: r.Daemon, r: r}
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
		f.add(true, 0, "wait_for_all: this node waits until it has seen every node once",
			advice.StartMissingNodes, advice.CancelWaitForAll)
	case !f.q.Quorate && v != nil && v.Total < v.Quorum:
		missing := v.Quorum - v.Total
		do := []advice.Advice{}
		for i := range f.q.Absent {
			a := &f.q.Absent[i]
			do = append(do, advice.BringBack.With("node", a.Called()).With("votes", votes(a.Votes)))
		}
		if device := f.q.Device != nil; device && !f.local().Cast {
			do = append(do, advice.GetArbiterVote.With("votes", votes(v.DeviceVotes)))
		} else if !device {
			do = append(do, advice.LowerExpected.With("votes", fmt.Sprint(max(v.Total, 1))))
		}
		f.add(true, 0, fmt.Sprintf("there is no quorum: %d of %s, %d needed, %d missing", v.Total, votes(v.Expected), v.Quorum, missing), do...)
	case !f.q.Quorate:
		f.add(true, 0, "there is no quorum")
	}
	for i := range f.q.Absent {
		f.add(!f.q.Quorate, f.q.Absent[i].ID, f.q.Absent[i].Called()+" is no member: it is down, or cut off from here",
			advice.LookAtNode.With("node", f.q.Absent[i].Called()))
	}
}

func votes(n uint32) string {
	if n == 1 {
		return "1 vote"
	}
	return fmt.Sprintf("%d votes", n)
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
			f.add(false, m.ID, "Corosync allows no quorum device here: quorum.expected_votes, two_node, last_man_standing, auto_tie_breaker or the nodes' votes do not go with it",
				advice.Doctor, advice.CorosyncQuorum)
		case !m.Registered:
			f.add(false, m.ID, m.Called()+" has no qdevice running, so the arbiter's vote does not count there",
				on(m, advice.StartNodeDaemon))
		case !m.Alive:
			f.add(false, m.ID, "the qdevice of "+m.Called()+" has stopped polling",
				on(m, advice.RestartNodeDaemon), on(m, advice.NodeDaemonLog))
		case !m.Cast && m.Local && f.d != nil:
			f.noVote()
		case !m.Cast && m.Local:
			f.add(false, m.ID, m.Called()+" does not cast the arbiter's vote", advice.NodeDaemonTool, advice.Doctor)
		case !m.Cast:
			f.add(false, m.ID, m.Called()+" does not cast the arbiter's vote", on(m, advice.Status))
		}
		if m.MasterWins {
			f.add(false, m.ID, "master_wins is on at "+m.Called()+": with the arbiter's vote it is quorate whatever its other votes",
				advice.NoMasterWins.With("node", m.Called()))
		}
	}
}

// noVote looks at why this node does not cast the arbiter's vote.
func (f *finder) noVote() {
	switch {
	case f.d.Refused != "" || f.d.State != status.StateConnected: // told by daemon
	case f.d.Reason != "":
		f.add(false, f.q.NodeID, "this node does not cast the arbiter's vote: "+f.d.WhyNot(), advice.AskArbiter.WithWord("cluster", f.d.Cluster))
	default:
		f.add(false, f.q.NodeID, "this node does not cast the arbiter's vote: the arbiter did not give it to this partition",
			advice.AskAnyArbiter.WithWord("cluster", f.d.Cluster))
	}
}

// daemon looks at this machine's node daemon.
func (f *finder) daemon() {
	d := f.d
	if d == nil {
		if f.local().Registered {
			f.add(false, f.q.NodeID, "this node's qdevice does not answer: "+f.r.DaemonError, advice.NodeDaemonState)
		}
		return
	}
	if d.Removed != "" {
		f.add(false, f.q.NodeID, d.Removed+" was removed from corosync.conf, and this node's qdevice still runs",
			advice.DisableNodeDaemon)
		return
	}
	if d.Refused != "" {
		f.add(false, f.q.NodeID, "this node may not cast the arbiter's vote: "+d.Refused, advice.MendConf)
	}
	if d.State != status.StateConnected {
		text := fmt.Sprintf("this node is not connected to the arbiter %s, port %d", d.Host, d.Port)
		if d.Lost != "" {
			text += ": " + d.Lost
		}
		f.add(false, f.q.NodeID, text, advice.Doctor, advice.LookBetween)
	}
	if d.Heuristics == qnet.HeuristicsFail {
		f.heuristics()
	}
}

func (f *finder) heuristics() {
	named := false
	for _, c := range f.d.Commands {
		if c.Result == qnet.HeuristicsFail {
			named = true
			f.add(false, f.q.NodeID, "heuristics command "+c.Name+" fails: "+c.Detail,
				advice.RunHeuristic.With("name", c.Name))
		}
	}
	if !named {
		f.add(false, f.q.NodeID, "the heuristics of this node fail", advice.RunHeuristics)
	}
}

// configuration looks for versions and numbers that do not go together.
func (f *finder) configuration() {
	if d := f.d; d != nil && d.Removed == "" && d.HasConfigVersion && d.ConfigVersion != f.q.ConfigVersion {
		f.add(false, f.q.NodeID, fmt.Sprintf("this node's qdevice uses version %d of the configuration, Corosync version %d", d.ConfigVersion, f.q.ConfigVersion),
			advice.RestartNodeDaemon)
	}
	v := f.q.Votequorum
	if v == nil || v.LastManStanding || v.AllowDownscale {
		return
	}
	var sum uint32
	for _, m := range f.q.Members {
		sum += m.Votes
	}
	for _, a := range f.q.Absent {
		sum += a.Votes
	}
	text := "the nodes have"
	if f.q.Device != nil {
		sum += v.DeviceVotes
		text = "the nodes and the arbiter have"
	}
	if sum != v.Expected {
		f.add(false, 0, fmt.Sprintf("%s expected, but %s %d", votes(v.Expected), text, sum),
			advice.ReloadVotes)
	}
}

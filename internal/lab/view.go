// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorate/quorate/internal/decision"
	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/votequorum"
)

// View is a snapshot of a laboratory. It shares nothing with it.
type View struct {
	At      time.Duration // since the start
	Device  bool          // the cluster has a quorum device
	Arbiter ArbiterView
	Nodes   []NodeView // node 1 first
	Links   []LinkView // those that are not up; the arbiter's first
	Guests  []GuestView
	Alarm   string // what must never be, in a sentence; empty as a rule
	Calm    bool   // nothing is under way any more

	asOf time.Duration // nothing in it is older
}

// ArbiterView is the arbiter's part of a View.
type ArbiterView struct {
	Running bool
	Ring    qnet.RingID   // of the winner
	Winner  []qnet.NodeID // who has the vote, or is to get it; empty: nobody
	Reason  string
	Blocked string // what the winner waits for
}

// NodeView is one node's part of a View.
type NodeView struct {
	ID     qnet.NodeID
	Up     bool
	Frozen bool

	Ring       qnet.RingID
	With       []qnet.NodeID // the other members of its ring
	Votes      uint32        // what votequorum has counted last
	Expected   uint32
	Needed     uint32
	FromDevice uint32 // of Votes
	Quorate    bool
	Settled    bool // it is in no sync and its ring is whole: what it says holds
	Waiting    bool // its sync waits for the device
	AllAwaited bool // wait_for_all

	Polls     string // the device's flags as corosync-quorumtool prints them: "A,V,NMW"
	Connected bool   // to the arbiter, by the arbiter's own account
	Vote      qnet.Vote
}

// LinkView is a link that is not up. A is the lower, the arbiter below all.
type LinkView struct {
	A, B qnet.NodeID
	To   core.Link
}

// GuestView is a guest.
type GuestView struct {
	Name    string
	Node    qnet.NodeID
	Running bool
}

// view makes a View of what the engine and the arbiter say.
func (l *Lab) view(st core.Status, cl *status.Cluster, links map[qnet.NodeID]core.Link, arbiter, device bool) View {
	v := View{At: time.Since(l.started), Device: device}
	v.Arbiter.Running = arbiter
	if cl != nil && arbiter {
		v.Arbiter.Ring, v.Arbiter.Winner, v.Arbiter.Reason, v.Arbiter.Blocked = cl.Ring, cl.Winner, cl.Reason, cl.Blocked
	}
	for _, s := range st.Nodes {
		if to := links[s.ID]; to != core.LinkUp && device {
			v.Links = append(v.Links, LinkView{A: Arbiter, B: s.ID, To: to})
		}
		v.Nodes = append(v.Nodes, nodeView(&s, cl, arbiter))
	}
	for _, link := range st.Links {
		v.Links = append(v.Links, LinkView{A: link.A, B: link.B, To: link.State})
	}
	v.Guests = guestsOf(newest(st))
	v.Alarm = alarm(st)
	v.Calm = calm(&v, st, cl, links)
	return v
}

func nodeView(s *core.NodeStatus, cl *status.Cluster, arbiter bool) NodeView {
	n := NodeView{ID: s.ID, Up: s.Up, Frozen: s.Frozen}
	if !s.Up {
		return n
	}
	n.Ring, n.Settled = s.Ring, s.Settled
	for _, id := range s.Members {
		if id != s.ID {
			n.With = append(n.With, id)
		}
	}
	n.Votes, n.Expected, n.Needed = s.Votes.Total, s.Votes.Expected, s.Votes.Quorum
	n.Quorate = s.Votes.Flags.Has(votequorum.Quorate)
	n.Waiting, n.AllAwaited = s.Votes.DeviceAwaited, s.Votes.AllAwaited
	n.Polls = s.Votes.Flags.Qdevice()
	if s.Votes.Flags.Has(votequorum.DeviceCastVote) {
		n.FromDevice = s.Votes.DeviceVotes
	}
	if c := clientOf(cl, s.ID); c != nil && arbiter {
		n.Connected, n.Vote = true, c.LastACKNACK
	}
	return n
}

func clientOf(cl *status.Cluster, id qnet.NodeID) *status.Node {
	if cl == nil {
		return nil
	}
	if i := slices.IndexFunc(cl.Nodes, func(n status.Node) bool { return n.ID == id }); i >= 0 {
		return &cl.Nodes[i]
	}
	return nil
}

// newest returns the node whose word on the shared data counts: one that can act,
// or the one that has seen the most.
func newest(st core.Status) *core.NodeStatus {
	best := &st.Nodes[0]
	for i := range st.Nodes {
		n := &st.Nodes[i]
		if n.Active() && !best.Active() || n.Active() == best.Active() && n.Changes > best.Changes {
			best = n
		}
	}
	return best
}

// alarm looks for what must never be: two partitions that can act.
func alarm(st core.Status) string {
	var active []*core.NodeStatus
	for i := range st.Nodes {
		n := &st.Nodes[i]
		if n.Active() && !slices.ContainsFunc(active, func(o *core.NodeStatus) bool { return o.Ring == n.Ring }) {
			active = append(active, n)
		}
	}
	if len(active) < 2 {
		return ""
	}
	var who []string
	for _, n := range active {
		who = append(who, nodesText(n.Members))
	}
	return "split brain: " + strings.Join(who, " and ") + " are both quorate"
}

// calm reports whether nothing is under way: rings are settled, each node that
// reaches the arbiter has its answer and does as it says, and none that does not
// reach it casts its vote.
func calm(v *View, st core.Status, cl *status.Cluster, links map[qnet.NodeID]core.Link) bool {
	switch {
	case st.Pending, v.Arbiter.Blocked != "", v.Arbiter.Running && cl == nil:
		return false
	case v.Arbiter.Running && len(cl.Nodes) > 0 && v.Arbiter.Text() == "":
		return false
	}
	for i := range v.Nodes {
		n, s := &v.Nodes[i], &st.Nodes[i]
		reaches := n.Up && !n.Frozen && v.Arbiter.Running && links[n.ID] == core.LinkUp
		if n.Up && !n.Frozen && !n.Settled || n.Connected != reaches {
			return false
		}
		if !n.Up || n.Frozen || !v.Device {
			continue
		}
		if !reaches && n.FromDevice > 0 || !s.Votes.Flags.Has(votequorum.DeviceAlive) {
			return false
		}
		if reaches && !agreed(n, clientOf(cl, n.ID)) {
			return false
		}
	}
	return true
}

// agreed reports whether the arbiter knows of the node's ring, and the node polls
// what the arbiter has told it.
func agreed(n *NodeView, c *status.Node) bool {
	switch {
	case c.Ring != n.Ring || len(c.Members) != len(n.With)+1:
		return false
	case c.LastACKNACK == qnet.VoteACK:
		return n.FromDevice > 0
	case c.LastACKNACK == qnet.VoteNACK:
		return n.FromDevice == 0
	}
	return false
}

// anyUp reports whether any node runs.
func (v *View) anyUp() bool {
	return slices.ContainsFunc(v.Nodes, func(n NodeView) bool { return n.Up })
}

// nodesText is "node 1", "nodes 1, 2" or, of more, "nodes 1-3, 7".
func nodesText(ids []qnet.NodeID) string {
	if len(ids) == 1 {
		return "node " + ids[0].String()
	}
	return "nodes " + idsText(ids)
}

// idsText lists IDs that are sorted, runs of three and more by their ends.
func idsText(ids []qnet.NodeID) string {
	var parts []string
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		if j-i < 2 {
			j = i
			parts = append(parts, ids[i].String())
		} else {
			parts = append(parts, ids[i].String()+"-"+ids[j].String())
		}
		i = j + 1
	}
	return strings.Join(parts, ", ")
}

// members are the members of the node's ring.
func (n *NodeView) members() []qnet.NodeID {
	ids := append(slices.Clone(n.With), n.ID)
	slices.Sort(ids)
	return ids
}

// Text says of a node that is up what it has come to, in one line. It is the same
// for nodes of one partition that count alike.
func (n *NodeView) Text() string {
	ring := "alone"
	if len(n.With) > 0 {
		ring = "of " + idsText(n.members())
	}
	quorate := "quorate"
	if !n.Quorate {
		quorate = "not quorate"
	}
	return fmt.Sprintf("%-11s  %s  ring %v %s", quorate, n.VotesText(), n.Ring, ring)
}

// VotesText is "2 of 3 votes, 1 of them the arbiter's".
func (n *NodeView) VotesText() string {
	s := fmt.Sprintf("%d of %d votes", n.Votes, n.Expected)
	if n.FromDevice > 0 {
		s += fmt.Sprintf(", %d the arbiter's", n.FromDevice)
	}
	return s
}

// Text says what the arbiter has decided, in one line, or nothing while it is
// deciding.
func (a *ArbiterView) Text() string {
	switch {
	case !a.Running:
		return "stopped"
	case a.Reason == "" || strings.HasPrefix(a.Reason, decision.Undecided):
		return ""
	case a.Blocked != "":
		return fmt.Sprintf("vote to %s, but not yet: %s", a.who(), a.Blocked)
	}
	return a.Reason
}

func (a *ArbiterView) who() string { return nodesText(a.Winner) }

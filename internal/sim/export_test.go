// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package sim

import (
	"errors"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/qdevice"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/totem"
	vq "github.com/quorate/quorate/internal/votequorum"
)

// Report is what quorate status sees on a node: no more than that node knows. It
// reports false while quorate status would wait for Corosync.
func (w *World) Report(id qnet.NodeID) (*status.Report, bool) {
	n := w.node(id)
	if !n.up || n.Ring == nil || n.State != totem.Operational || n.Syncing() {
		return nil, false
	}
	r := &status.Report{At: n.daemon.now(), Quorum: w.quorumOf(n)}
	if w.conf.Device != nil {
		if err := w.askDaemon(n, r); err != nil {
			r.DaemonError = err.Error()
		}
	}
	return r, true
}

func (w *World) quorumOf(n *node) *status.Quorum {
	s := n.vq.Status()
	q := &status.Quorum{
		Cluster: clusterName, Provider: "corosync_votequorum", NodeID: n.ID, Ring: s.Ring, Quorate: s.Quorate,
		Votequorum: &status.Votequorum{
			Expected: s.Expected, HighestExpected: s.HighestExpected, Total: s.Total, Quorum: s.Quorum, Quorate: s.Flags.Has(vq.Quorate),
			TwoNode: s.Flags.Has(vq.TwoNode), WaitForAll: s.Flags.Has(vq.WaitForAll), Waiting: s.AllAwaited,
			LastManStanding: s.Flags.Has(vq.LastManStanding), AutoTieBreaker: s.Flags.Has(vq.AutoTieBreaker),
			AllowDownscale: s.Flags.Has(vq.AllowDownscale), TieBreakerNodes: w.conf.AutoTieBreakerNode,
			DeviceVotes: s.DeviceVotes, DeviceName: s.DeviceName,
		},
	}
	if w.conf.Device != nil {
		q.Device = &status.Device{Model: "net", Host: "arbiter", Algorithm: w.cfg.Algorithm, TieBreaker: w.cfg.TieBreaker, KAP: w.cfg.KAP,
			Timeout: uint32(w.cfg.Timeout.Milliseconds())}
	}
	for _, m := range s.Members {
		q.Members = append(q.Members, status.Member{
			ID: m.Node, Name: "node" + m.Node.String(), Votes: m.Votes, Local: m.Local,
			Registered: m.Flags.Has(vq.DeviceRegistered), Alive: m.Flags.Has(vq.DeviceAlive),
			Cast: m.Flags.Has(vq.DeviceCastVote), MasterWins: m.Flags.Has(vq.DeviceMasterWins), Expected: expected(n.vq, m.Node),
		})
	}
	for _, c := range w.conf.Nodes {
		if !slices.ContainsFunc(s.Members, func(m vq.Member) bool { return m.Node == c.ID }) {
			q.Absent = append(q.Absent, status.Absent{ID: c.ID, Name: "node" + c.ID.String(), Votes: c.Votes})
		}
	}
	return q
}

func expected(m *vq.Machine, id qnet.NodeID) uint32 {
	v, _ := m.NodeVotes(id)
	return v.Expected
}

// askDaemon asks the node daemon as quorate status does.
func (w *World) askDaemon(n *node, r *status.Report) error {
	switch {
	case !n.daemon.alive:
		return errors.New("Connection refused")
	case n.daemon.stopped():
		return errors.New("context deadline exceeded")
	}
	if d, ok := n.daemon.prog.(*goDaemon); ok {
		s := d.node.Status()
		r.Daemon = &s
		return nil
	}
	r.DaemonIsC = true
	s, err := status.ParseQDevice(n.daemon.prog.(*cDaemon).text(), time.UTC)
	r.Daemon = s
	return err
}

// text is what the C daemon answers to "status verbose".
func (d *cDaemon) text() string {
	cfg := d.n.w.cfg
	s := status.QDevice{
		Model: "Net", NodeID: d.n.ID, Timeout: uint32(cfg.Timeout.Milliseconds()), Ring: d.ring, Members: d.members.IDs(),
		HeuristicsMode: []string{status.HeuristicsDisabled, status.HeuristicsOnlyOnSync, status.HeuristicsEnabled}[cfg.Heuristics], Heuristics: d.checks,
		Cluster: clusterName, Host: "arbiter", Port: 5403, Heartbeat: uint32(d.n.w.heartbeat().Milliseconds()), TLS: "Unsupported",
		Algorithm: cfg.Algorithm, TieBreaker: cfg.TieBreaker, KAP: cfg.KAP,
		Polling: !d.voteAt.IsZero(), PollingCast: d.vote == qnet.VoteACK,
	}
	switch d.state {
	case qdevice.Online, qdevice.Probing:
		s.State, s.Echoed = status.StateConnected, d.echoAt.Add(-d.n.w.heartbeat()).Truncate(time.Second)
	case qdevice.Waiting:
		s.State = status.StateConnectFailed
	default:
		s.State = status.StateConnecting
	}
	return string(status.AppendQDevice(nil, &s, true, time.UTC))
}

// GoesOn has the world go on for a while, whatever promise is broken.
func (w *World) GoesOn(d time.Duration) {
	w.goOn = true
	w.Run(d)
}

// Reaches reports whether a node's daemon is well, and an arbiter that runs hears it and
// is heard.
func (w *World) Reaches(id qnet.NodeID) bool {
	a := w.arbiter
	return w.Polls(id) && a.power && a.alive && !a.frozen && w.passes(id, scenario.Arbiter) && w.passes(scenario.Arbiter, id)
}

// Polls reports whether a node's daemon is well.
func (w *World) Polls(id qnet.NodeID) bool {
	n := w.node(id)
	return n.up && n.daemon.alive && !n.daemon.stopped()
}

// Writes reports whether the arbiter's disk takes a grant, and in time.
func (w *World) Writes() bool {
	return w.arbiter.disk == "ok" || w.arbiter.disk == "slow" && !w.cfg.WaitForAll
}

// CountsAs reports whether a node expects and needs as many votes as another one, and
// does not wait for all as long as that one does not.
func (w *World) CountsAs(id, as qnet.NodeID) bool {
	if !w.node(id).up {
		return false
	}
	a, b := w.node(id).vq.Status(), w.node(as).vq.Status()
	waits := w.conf.WaitForAll == vq.On && a.Quorate != b.Quorate
	return a.Expected == b.Expected && a.NodeVotes.Quorum == b.NodeVotes.Quorum && a.AllAwaited == b.AllAwaited && !waits
}

// Whole reports whether a node's ring has its token, and nobody from outside of it reaches it.
func (w *World) Whole(id qnet.NodeID) bool {
	n := w.node(id)
	if n.Ring == nil || n.State != totem.Operational || !w.intact(n.Ring) {
		return false
	}
	for _, m := range w.membersOf(n.Ring) {
		if m.State != totem.Operational || m.Syncing() {
			return false
		}
		for _, o := range w.nodes {
			if o.Ring != n.Ring && w.reach(m, o) {
				return false
			}
		}
	}
	return true
}

// Mute reports whether the model of C's arbiter has decided for a node that it has not
// told so, which nothing mends (S3).
func (w *World) Mute(id qnet.NodeID) bool {
	s, ok := w.arbiter.server.(*cServer)
	if !ok {
		return false
	}
	return slices.ContainsFunc(s.clients, func(c *cClient) bool { return c.node == id && c.round == idle }) && slices.Contains(s.quorate, id)
}

// ConfigOf is the configuration of a scenario's nodes.
func ConfigOf(c scenario.Cluster) vq.Config { return configOf(c) }

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/quorate/quorate/internal/control"
	"github.com/quorate/quorate/internal/engine/core"
	"github.com/quorate/quorate/internal/outlook"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/scenario"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/votequorum"
)

// losses says what would come of losing each node, or the arbiter, as a node sees it.
func (l *Lab) losses(ctx context.Context, c scenario.Command) ([]string, error) {
	r, err := l.Report(ctx, nodeOf(c))
	if err != nil {
		return nil, err
	}
	if len(r.Losses) == 0 {
		return nil, fmt.Errorf("node %v is not quorate: it has no quorum to lose", r.Quorum.NodeID)
	}
	return r.LossLines(), nil
}

// Report is what quorate status would say on a node; 0 is the first that is up. A node
// in sync would let it wait, and so is an error.
func (l *Lab) Report(ctx context.Context, id qnet.NodeID) (*status.Report, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	st, err := l.engine.Status()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(st.Nodes, func(n core.NodeStatus) bool { return n.ID == id || id == 0 && n.Up && !n.Frozen })
	switch {
	case i < 0:
		return nil, fmt.Errorf("no node is up")
	case !st.Nodes[i].Up || st.Nodes[i].Frozen:
		return nil, fmt.Errorf("node %v is not up", id)
	case st.Nodes[i].Votes.Syncing:
		return nil, fmt.Errorf("node %v is in sync: ask again", st.Nodes[i].ID)
	}
	r := &status.Report{At: time.Now().Round(0), Quorum: l.quorumOf(&st.Nodes[i])}
	if l.device {
		if r.Daemon, err = l.askNode(ctx, st.Nodes[i].ID); err != nil {
			r.DaemonError = err.Error()
		}
	}
	outlook.Complete(r)
	return r, nil
}

// quorumOf is what a node's Corosync would say.
func (l *Lab) quorumOf(n *core.NodeStatus) *status.Quorum {
	s := &n.Votes
	q := &status.Quorum{
		Cluster: clusterName, Transport: "knet", SecureAuth: "off", Provider: "corosync_votequorum", NodeID: n.ID, Ring: n.Ring, Quorate: s.Quorate,
		Votequorum: &status.Votequorum{
			Expected: s.Expected, HighestExpected: s.HighestExpected, Total: s.Total, Quorum: s.NodeVotes.Quorum, Quorate: s.Flags.Has(votequorum.Quorate),
			WaitForAll: s.Flags.Has(votequorum.WaitForAll), Waiting: s.AllAwaited, DeviceVotes: s.DeviceVotes, DeviceName: s.DeviceName,
		},
	}
	if l.device {
		q.Device = &status.Device{Model: "net", Host: "127.0.0.1", Algorithm: l.cfg.Algorithm, TieBreaker: l.cfg.TieBreaker, KAP: true,
			Timeout: uint32(l.cfg.Timers.deviceTimeout().Milliseconds())}
	}
	for _, m := range s.Members {
		q.Members = append(q.Members, status.Member{
			ID: m.Node, Name: PeerName(m.Node), Votes: m.Votes, Local: m.Local, Registered: m.Flags.Has(votequorum.DeviceRegistered),
			Alive: m.Flags.Has(votequorum.DeviceAlive), Cast: m.Flags.Has(votequorum.DeviceCastVote), MasterWins: m.Flags.Has(votequorum.DeviceMasterWins),
		})
	}
	for _, other := range l.nodes {
		if !slices.ContainsFunc(q.Members, func(m status.Member) bool { return m.ID == other.id }) {
			q.Absent = append(q.Absent, status.Absent{ID: other.id, Name: PeerName(other.id), Votes: 1})
		}
	}
	return q
}

// askNode asks a node's daemon for its status.
func (l *Lab) askNode(ctx context.Context, id qnet.NodeID) (*status.QDevice, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := control.Dial(ctx, filepath.Join(l.dir, "node"+id.String()+".sock"))
	if err != nil {
		return nil, err
	}
	text, err := control.Ask(ctx, c, "json")
	if err != nil {
		return nil, err
	}
	d := new(status.QDevice)
	return d, json.Unmarshal(text, d)
}

// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package interop

import (
	"time"

	"github.com/quorate/quorate/internal/status"
	vq "github.com/quorate/quorate/internal/votequorum"
)

// tell is what quorate status would print of a machine's node, and corosync-quorumtool
// -siH prints of the real one.
func (v *votes) tell(s vq.Status) string {
	q := &status.Quorum{
		Provider: "corosync_votequorum", NodeID: s.Node, Ring: s.Ring, Quorate: s.Quorate,
		Votequorum: &status.Votequorum{
			Expected: s.Expected, HighestExpected: s.HighestExpected, Total: s.Total, Quorum: s.NodeVotes.Quorum, Quorate: s.Flags.Has(vq.Quorate),
			TwoNode: s.Flags.Has(vq.TwoNode), WaitForAll: s.Flags.Has(vq.WaitForAll), LastManStanding: s.Flags.Has(vq.LastManStanding),
			AutoTieBreaker: s.Flags.Has(vq.AutoTieBreaker), AllowDownscale: s.Flags.Has(vq.AllowDownscale),
			DeviceVotes: s.DeviceVotes, DeviceName: s.DeviceName,
		},
	}
	for _, m := range s.Members {
		member := status.Member{
			ID: m.Node, Votes: m.Votes, Local: m.Local, Registered: m.Flags.Has(vq.DeviceRegistered), Alive: m.Flags.Has(vq.DeviceAlive),
			Cast: m.Flags.Has(vq.DeviceCastVote), MasterWins: m.Flags.Has(vq.DeviceMasterWins),
		}
		for _, n := range v.lab.Nodes {
			if n.ID == int(m.Node) {
				member.Address = n.Addr
			}
		}
		q.Members = append(q.Members, member)
	}
	return block(string(status.AppendQuorum(nil, q, time.Time{})))
}

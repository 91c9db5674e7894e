// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package corotest

import (
	"slices"

	"github.com/quorate/quorate/corosync"
	"github.com/quorate/quorate/corosync/qb"
	"github.com/quorate/quorate/corosync/votequorum"
)

// voteName is the room for the device's name in requests.
const voteName = votequorum.MaxName + 1

// Serve handles a request.
func (v *Votequorum) Serve(p *Peer, r *qb.Reader) {
	switch r.ID() {
	case 0:
		v.serveInfo(p, r.U32(16))
	case 1:
		p.Status(0, v.setExpected(r.U32(16)))
	case 2:
		p.Status(0, v.setVotes(r.U32(20), r.U32(16)))
	case 3:
		v.serveTrack(p, r)
	case 4:
		n := len(v.trackers)
		if v.Leave(p); len(v.trackers) == n {
			p.Status(0, corosync.ErrNotExist)
			return
		}
		p.Status(0, corosync.OK)
	case 5:
		p.Status(0, v.register(r.Text(16, voteName)))
	default:
		v.serveDevice(p, r)
	}
}

// Leave ends a client's tracking. A device stays registered.
func (v *Votequorum) Leave(p *Peer) {
	v.trackers = slices.DeleteFunc(v.trackers, func(t *voteTracker) bool { return t.peer == p })
}

func (v *Votequorum) serveInfo(p *Peer, id uint32) {
	i, ok := v.Info(id)
	code := corosync.OK
	if !ok {
		code = corosync.ErrNotExist
	}
	m := qb.NewAnswer(1, 320, code)
	for n, f := range []uint32{
		i.Node, uint32(i.State), i.Votes, i.Expected, i.HighestExpected, i.Total, i.Quorum, uint32(i.Flags), i.DeviceVotes,
	} {
		m.U32(24+4*n, f)
	}
	m.Text(60, i.DeviceName)
	p.Answer(m)
}

func (v *Votequorum) serveTrack(p *Peer, r *qb.Reader) {
	t, flags := &voteTracker{peer: p, cookie: r.U64(16)}, corosync.Track(r.U32(24))
	if flags&(corosync.TrackCurrent|corosync.TrackChanges) != 0 {
		p.Event(v.nodeList(t))
		p.Event(v.quorumNotice(t))
	}
	if slices.ContainsFunc(v.trackers, func(o *voteTracker) bool { return o.peer == p }) {
		p.Status(0, corosync.ErrExist)
		return
	}
	if flags&(corosync.TrackChanges|corosync.TrackChangesOnly) != 0 {
		v.trackers = append(v.trackers, t)
	}
	p.Status(0, corosync.OK)
}

// setExpected refuses less votes than there are, and so many that a quorate
// node would not be quorate any more.
func (v *Votequorum) setExpected(votes uint32) corosync.Code {
	total, _ := v.total(v.self())
	if votes < total || v.quorate && max(votes+2, total+2)/2 > total {
		return corosync.ErrInvalidParam
	}
	v.Expect(votes)
	return corosync.OK
}

// setVotes refuses votes with which there would be no quorum.
func (v *Votequorum) setVotes(id, votes uint32) corosync.Code {
	place := &v.votes
	if id != 0 {
		n := v.node(id)
		if n == nil {
			return corosync.ErrNameNotFound
		}
		place = &n.votes
	}
	old := *place
	*place = votes
	total, expected := v.total(v.self())
	if max(expected+2, total+2)/2 > total {
		*place = old
		return corosync.ErrInvalidParam
	}
	v.recount(true)
	return corosync.OK
}

func (v *Votequorum) register(name string) corosync.Code {
	us := v.self()
	switch {
	case v.forbid:
		return corosync.ErrAccess
	case v.device != "" && v.device != name:
		return corosync.ErrExist
	}
	v.device = name
	us.flags |= votequorum.Registered
	return corosync.OK
}

// serveDevice handles what needs a registered device.
func (v *Votequorum) serveDevice(p *Peer, r *qb.Reader) {
	code := v.refusal(p, r)
	p.Status(0, code)
	if code != corosync.OK {
		return
	}
	us := v.self()
	switch r.ID() {
	case 6:
		us.flags, v.device = 0, ""
		v.changed()
	case 7:
		v.device = r.Text(16+voteName, voteName)
	case 8:
		us.flags |= votequorum.Alive
		us.set(votequorum.CastVote, r.U32(272) != 0)
		v.changed()
	case 9:
		us.set(votequorum.MasterWins, r.U32(272) != 0)
		v.recount(false)
	}
}

func (n *node) set(f votequorum.Flags, on bool) {
	n.flags &^= f
	if on {
		n.flags |= f
	}
}

// refusal returns why a request of a device can't be carried out, the reasons in
// Corosync's order.
func (v *Votequorum) refusal(p *Peer, r *qb.Reader) corosync.Code {
	kind := r.ID()
	switch {
	case kind < 6 || kind > 9:
		return corosync.ErrInvalidParam
	case v.forbid && kind >= 8:
		return corosync.ErrAccess
	case !v.self().flags.Has(votequorum.Registered):
		return corosync.ErrNotExist
	case kind == 8 && v.ring != corosync.RingID{Node: r.U32(280), Seq: r.U64(280 + ringSeq(p))}:
		return corosync.ErrMessage
	case r.Text(16, voteName) != v.device:
		return corosync.ErrInvalidParam
	}
	return corosync.OK
}

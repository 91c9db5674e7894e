// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/wire"
)

// received handles one message of the arbiter. One that can't be used ends the
// connection, never the daemon (C4).
func (n *Node) received(now time.Time, m wire.Message) {
	if n.conn.state == Waiting {
		return
	}
	switch m := m.(type) {
	case wire.PreinitReply:
		n.preinitReply(now, m)
		return
	case wire.InitReply:
		n.initReply(now, m)
		return
	case wire.ServerError:
		n.hangUp(now, "the arbiter rejects what this node sends: "+m.Code.V.Sentence())
		return
	}
	if n.conn.state != Online && n.conn.state != Probing {
		n.hangUp(now, strange(m.Type().String()+" before the Init reply"))
		return
	}
	switch m := m.(type) {
	case wire.EchoReply:
		n.echoReply(now, m)
	case wire.SetOptionReply:
		if m.Heartbeat.Set {
			n.conn.echoSeq = 0
		}
	case wire.NodeListReply:
		n.voted(now, m.RingID, m.Vote, m.Reason)
	case wire.AskForVoteReply:
		n.voted(now, m.RingID, m.Vote, m.Reason)
	case wire.HeuristicsChangeReply:
		n.voted(now, m.RingID, m.Vote, m.Reason)
	case wire.VoteInfo:
		if !m.Seq.Set {
			n.hangUp(now, strange("a vote info without its number"))
			return
		}
		n.voted(now, m.RingID, m.Vote, m.Reason)
		// Confirmed after it was carried out: the arbiter relies on it.
		n.send(wire.VoteInfoReply{Seq: m.Seq})
	default:
		n.hangUp(now, strange(m.Type().String()+" is not for a node"))
	}
}

// voted applies a vote, if it is for the ring that the arbiter was told of and
// that is still the node's.
func (n *Node) voted(now time.Time, ring wire.Opt[qnet.RingID], v wire.Opt[qnet.Vote], reason wire.Opt[string]) {
	if !ring.Set || !v.Set {
		n.hangUp(now, strange("a vote without its ring"))
		return
	}
	noted := false
	if ring.V == n.ring && ring.V == n.conn.sentRing {
		n.notSilent() // the arbiter knows of the ring
		noted = n.apply(now, v.V, arbitersWord(v.V, reason))
	}
	n.heard(now, ring.V, v.V, reason, noted)
}

// heard keeps the reason that came with a vote, for the status; the vote does not
// depend on it. If it was not noted with the vote, it is an event. It comes from another
// machine, so what is no text is escaped.
func (n *Node) heard(now time.Time, ring qnet.RingID, v qnet.Vote, reason wire.Opt[string], noted bool) {
	if !reason.Set {
		return
	}
	text := status.EscapeName(reason.V)
	patience := v == qnet.VoteAskLater || v == qnet.VoteWaitForReply
	if !patience && !noted && (text != n.reason.text || ring != n.reason.ring) {
		e := n.event(event.Info, event.ReasonChanged).WithReason(text)
		e.Ring = ring
		n.note(e)
	}
	n.reason = arbiterReason{text, ring, now}
}

func (n *Node) echoReply(now time.Time, m wire.EchoReply) {
	c := &n.conn
	switch {
	case !m.Seq.Set || m.Seq.V > c.echoSeq:
		n.hangUp(now, strange("an echo reply with the number "+number(m.Seq.V)+", which was never sent"))
	case m.Seq.V == c.echoSeq && !c.echoAt.IsZero():
		c.basis, c.echoed = c.echoAt, now
		c.rtt.Measured(now.Sub(c.echoAt))
		n.notSilent() // this answers the echo of the sync, or a later one
		c.echoAt = time.Time{}
	}
}

// startHeuristics asks for a run. A run for a new ring or connection takes the
// place of one that is going on; a regular one waits its turn.
func (n *Node) startHeuristics(now time.Time, p purpose) {
	n.nextRegular = time.Time{}
	if p == forInterval && n.run != 0 {
		return
	}
	n.runs++
	n.run, n.runFor = n.runs, p
	d := n.cfg.HeuristicsTimeout
	if p == forMembership {
		d = n.cfg.HeuristicsSync
	}
	n.emit(RunHeuristics{ID: n.run, Timeout: d})
}

func (n *Node) heuristicsDone(now time.Time, in HeuristicsDone) {
	if in.ID != n.run {
		return
	}
	n.run = 0
	if n.cfg.Heuristics == HeuristicsOn {
		n.nextRegular = now.Add(n.cfg.HeuristicsInterval)
	}
	old := n.heuristics
	n.heuristics = in.Result
	switch n.runFor {
	case forConnect:
		n.connectHeur = in.Result
		if n.conn.state == Probing {
			n.online(now)
		}
	case forMembership:
		n.memberHeur = in.Result
		if n.conn.state == Online {
			n.sendMembership(now)
			if n.inSync {
				n.watchSilence(now)
			}
		}
	case forInterval:
		n.regularHeur = in.Result
		if old != in.Result {
			n.note(n.event(event.Warning, heuristicsKind(in.Result)))
			if n.conn.state == Online && in.Result != qnet.HeuristicsUndefined {
				n.send(wire.HeuristicsChange{Seq: n.next(), Heuristics: in.Result})
			}
		}
	}
}

func heuristicsKind(h qnet.Heuristics) event.Kind {
	switch h {
	case qnet.HeuristicsPass:
		return event.HeuristicsPassed
	case qnet.HeuristicsFail:
		return event.HeuristicsFailed
	}
	return event.HeuristicsNone
}

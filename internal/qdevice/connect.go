// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"slices"
	"strconv"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/status"
	"github.com/quorate/quorate/internal/wire"
)

// echoInterval is how often an echo is asked for. An arbiter without a grace is
// asked twice as often, because the vote ends 1.25 heartbeats after an echo that
// was answered.
func (n *Node) echoInterval() time.Duration {
	if n.grace() > 0 {
		return n.cfg.Heartbeat
	}
	return n.cfg.Heartbeat / 2
}

// echo asks for an echo. One that is still awaited is left behind.
func (n *Node) echo(now time.Time) {
	n.conn.echoSeq++
	n.conn.echoAt, n.conn.nextEcho = now, now.Add(n.echoInterval())
	n.send(wire.EchoRequest{Seq: wire.Some(n.conn.echoSeq)})
}

// unanswered is when an echo has been awaited for long enough, or zero. Only
// with a grace: the vote goes on, and a new connection may be had within it.
// Without one the vote would end with the connection, so patience is better.
func (n *Node) unanswered() time.Time {
	if n.conn.state != Online || n.grace() == 0 || n.conn.echoAt.IsZero() {
		return time.Time{}
	}
	return n.conn.echoAt.Add(max(n.cfg.Heartbeat/2, n.conn.rtt.Patience()))
}

func (n *Node) connected(now time.Time, in Connected) {
	if n.conn.state != Connecting {
		return
	}
	n.conn.state, n.conn.tls = Preinit, false
	n.conn.peer = peer{in.Host, in.Address}
	if n.conn.seq == 0 {
		n.conn.seq = 1
	}
	n.send(wire.Preinit{Seq: wire.Some(n.conn.seq), ClusterName: wire.Some(n.cfg.Cluster)})
}

// strange is what happens to a connection to something that speaks the protocol, but not
// as an arbiter does.
func strange(what string) string {
	return "the program there does not behave like an arbiter (" + what + ")"
}

// tlsMismatch is why nobody can agree on TLS.
func tlsMismatch(arbiter wire.TLSSupport) string {
	if arbiter == wire.TLSUnsupported {
		return "the arbiter has TLS switched off, and this node requires it"
	}
	return "the arbiter requires TLS, and quorum.device.net.tls is off in corosync.conf"
}

// preinitReply settles on TLS or not.
func (n *Node) preinitReply(now time.Time, m wire.PreinitReply) {
	switch {
	case n.conn.state != Preinit:
		n.hangUp(now, strange("a Preinit reply out of order"))
	case !m.Seq.Set || m.Seq.V != n.conn.seq || !m.TLS.Set || !m.ClientCertRequired.Set:
		n.hangUp(now, strange("a Preinit reply without its options"))
	case m.TLS.V == wire.TLSUnsupported && n.cfg.TLS == wire.TLSRequired,
		m.TLS.V == wire.TLSRequired && n.cfg.TLS == wire.TLSUnsupported:
		n.hangUp(now, tlsMismatch(m.TLS.V))
	case m.TLS.V == wire.TLSUnsupported || n.cfg.TLS == wire.TLSUnsupported:
		n.sendInit(now)
	default:
		n.conn.state = Securing
		n.send(wire.StartTLS{Seq: n.next()})
		n.emit(StartTLS{})
	}
}

func (n *Node) secured(now time.Time) {
	if n.conn.state != Securing {
		return
	}
	n.conn.tls = true
	n.sendInit(now)
}

func (n *Node) sendInit(now time.Time) {
	n.conn.state, n.conn.initAt, n.conn.sentRing = Init, now, n.ring
	m := wire.Init{
		Seq: n.next(), SupportedMessages: wire.Some(wire.SupportedMessages()), SupportedOptions: wire.Some(wire.NodeOptions()),
		NodeID: wire.Some(n.cfg.Node), Algorithm: wire.Some(n.cfg.Algorithm), Heartbeat: wire.Some(uint32(n.cfg.Heartbeat.Milliseconds())),
		TieBreaker: wire.Some(n.cfg.TieBreaker), RingID: wire.Some(n.ring),
		DeviceTimeout: wire.Some(n.cfg.timeoutMillis()),
	}
	if n.keeps() {
		m.StillCasting = wire.Some(uint8(1))
	}
	n.send(m)
}

// initReply takes the answer to Init. An arbiter that refuses is asked again
// later: what it refuses may be mended there.
func (n *Node) initReply(now time.Time, m wire.InitReply) {
	switch {
	case n.conn.state != Init:
		n.hangUp(now, strange("an Init reply out of order"))
	case !m.Seq.Set || m.Seq.V != n.conn.seq || !m.Code.Set:
		n.hangUp(now, strange("an Init reply without its options"))
	case m.Code.V != wire.NoError:
		n.note(n.event(n.often(event.Error), event.Refused).WithReason(refusal(m)))
		n.letGo(now, "the arbiter refuses this node: "+refusal(m))
	case !m.MaxRequestSize.Set || !m.MaxReplySize.Set || !m.SupportedMessages.Set || !m.SupportedOptions.Set || !m.SupportedAlgorithms.Set:
		n.hangUp(now, strange("an Init reply without its options"))
	case m.MaxRequestSize.V < n.cfg.MinReplySize || m.MaxReplySize.V > n.cfg.MaxReplySize:
		n.hangUp(now, "the arbiter's limits on the size of messages don't go with this node's")
	case !slices.Contains(m.SupportedAlgorithms.V, uint16(n.cfg.Algorithm)):
		n.hangUp(now, "the arbiter does not know the decision algorithm "+n.cfg.Algorithm.String())
	case n.last.elsewhere(n.conn.peer, m.Register.V):
		n.refuse(now, m.Register.V)
	case n.cfg.Heuristics != HeuristicsOff && !slices.Contains(m.SupportedOptions.V, optionHeuristics):
		n.hangUp(now, "the arbiter does not know heuristics")
	default:
		n.accepted(now, m)
	}
}

// refusal is why an arbiter refuses this node: in its own words, where it has any.
func refusal(m wire.InitReply) string {
	if m.Reason.Set {
		return status.EscapeName(m.Reason.V)
	}
	return m.Code.V.Sentence()
}

const (
	optionHeuristics = 22 // as docs/protocol.md numbers them
	optionKAP        = 23
)

// accepted goes online: first the heuristics, then all that the arbiter must know.
func (n *Node) accepted(now time.Time, m wire.InitReply) {
	c := &n.conn
	c.limit = time.Time{}
	c.grace, c.announced = time.Duration(m.Grace.V)*time.Millisecond, n.cfg
	if n.cfg.WithdrawTime == 0 {
		c.grace = 0
	}
	c.kapKnown = slices.Contains(m.SupportedOptions.V, optionKAP)
	c.ours = m.Grace.Set || m.Register.Set
	c.echoSeq, c.echoAt = 0, time.Time{}
	c.basis, c.since = c.initAt, now
	n.reason = arbiterReason{} // this one may give none
	n.meet(m.Register.V)
	c.nextEcho = now.Add(n.echoInterval())
	c.rtt.Measured(now.Sub(c.initAt))
	level := n.often(event.Info)
	if n.conn.toldLost { // the last that was told is that there is no connection
		level, n.conn.toldLost = event.Info, false
	}
	e := n.event(level, event.Connected)
	e.Addr = n.conn.peer.String()
	n.note(e)
	if n.cfg.Heuristics == HeuristicsOff {
		n.online(now)
		return
	}
	c.state = Probing
	n.startHeuristics(now, forConnect)
}

// online sends what the arbiter must know.
func (n *Node) online(now time.Time) {
	n.conn.state = Online
	if n.conn.kapKnown && n.cfg.Algorithm == qnet.FFSplit {
		kap := uint8(0)
		if n.cfg.KeepActivePartition {
			kap = 1
		}
		n.send(wire.SetOption{Seq: n.next(), KeepActivePartition: wire.Some(kap)})
	}
	n.sendConfig(qnet.InitialConfig)
	n.sendMembership(now)
	if n.hasQuorum {
		n.sendQuorum()
	}
	if n.inSync {
		n.watchSilence(now)
	}
}

// names are what the nodes are called, for an arbiter of ours: C's has no use for it.
func (n *Node) names() wire.Opt[qnet.Names] {
	if !n.conn.ours {
		return wire.Opt[qnet.Names]{}
	}
	return wire.Names(n.config.Names)
}

func (n *Node) sendConfig(t qnet.ListType) {
	n.send(wire.NodeList{Seq: n.next(), ListType: wire.Some(t), ConfigVersion: n.config.Version, Nodes: n.config.Nodes, Names: n.names()})
}

// sendMembership reports the ring and begins to wait for its vote.
func (n *Node) sendMembership(now time.Time) {
	var list qnet.NodeList
	for _, id := range n.members {
		list = append(list, qnet.Node{ID: id})
	}
	n.conn.sentRing, n.vote.reported = n.ring, now
	n.send(wire.NodeList{
		Seq: n.next(), ListType: wire.Some(qnet.Membership), RingID: wire.Some(n.ring), Nodes: list, Heuristics: n.heuristics,
	})
	n.apply(now, qnet.VoteWaitForReply, cause{})
}

func (n *Node) sendQuorum() {
	q := uint8(0)
	if n.quorate {
		q = 1
	}
	n.send(wire.NodeList{Seq: n.next(), ListType: wire.Some(qnet.Quorum), Quorate: wire.Some(q), Nodes: n.nodes})
}

// hangUp ends the connection from our side.
func (n *Node) hangUp(now time.Time, why string) {
	if n.conn.state != Waiting {
		n.emit(Close{Why: why})
		n.lost(now, why)
	}
}

// letGo is hangUp after an event that says it.
func (n *Node) letGo(now time.Time, why string) {
	if n.conn.state != Waiting {
		n.emit(Close{Why: why})
		n.ended(now, why)
	}
}

// lost takes the end of a connection, and tells of it.
func (n *Node) lost(now time.Time, why string) {
	if n.conn.state != Waiting {
		n.noteLost(now, why)
		n.ended(now, why)
	}
}

// ended takes the end of a connection.
func (n *Node) ended(now time.Time, why string) {
	c := &n.conn
	if !c.since.IsZero() && now.Sub(c.since) >= n.cfg.Heartbeat {
		c.tries = 0 // it worked: one that is accepted and lost at once does not count
	}
	if !c.since.IsZero() || c.lostAt.IsZero() {
		c.lostAt = now
	}
	c.since = time.Time{}
	c.lost = why
	c.state, c.limit, c.nextEcho, c.echoAt = Waiting, time.Time{}, time.Time{}, time.Time{}
	c.retryAt = now.Add(n.retryDelay())
	if n.run != 0 && n.runFor == forConnect {
		n.run = 0
	}
	// Rule N4: without a grace a vote ends with the connection; with one it is kept for the ring
	// that it was given for.
	switch {
	case n.keeps() && (n.grace() > 0 || n.lenient()):
	case n.vote.cast != qnet.VoteNACK || n.vote.ring != n.ring || !n.vote.polling:
		n.apply(now, qnet.VoteNACK, causeOf(n.whyOffline()))
	}
}

// noteLost tells that a connection has ended, or that there was none. After the refusal
// of an arbiter, and of an arbiter, there is nothing more to be said.
func (n *Node) noteLost(now time.Time, why string) {
	k := event.Unreachable
	if !n.conn.since.IsZero() {
		k = event.Disconnected
	}
	e := n.event(n.often(event.Warning), k).WithReason(why)
	n.conn.toldLost = n.conn.toldLost || e.Level == event.Warning
	e.Device = n.keeps() && !n.lenient()
	if at := n.freshUntil(); n.keeps() && n.grace() > 0 && at.After(now) {
		e.For = at.Sub(now)
	}
	n.note(e)
}

// often lowers the level of what goes with a try that has failed, when it was said
// often enough.
func (n *Node) often(l event.Level) event.Level {
	if n.conn.tries > 3 {
		return event.Debug
	}
	return l
}

// retryDelay doubles with each failure and is never the same for two nodes (C1, C2).
func (n *Node) retryDelay() time.Duration {
	d := retryMin << min(n.conn.tries, 4)
	n.conn.tries++
	d = min(d, retryMax)
	return d/2 + time.Duration(n.rng.Uint64()%uint64(d/2))
}

func number(v uint32) string { return strconv.FormatUint(uint64(v), 10) }

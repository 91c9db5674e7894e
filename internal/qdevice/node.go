// Copyright 2026 the quorate authors
// SPDX-License-Identifier: BSD-3-Clause

package qdevice

import (
	"slices"
	"time"

	"github.com/quorate/quorate/internal/event"
	"github.com/quorate/quorate/internal/qnet"
	"github.com/quorate/quorate/internal/random"
	"github.com/quorate/quorate/internal/timing"
	"github.com/quorate/quorate/internal/wire"
)

// State is how far the connection to the arbiter is.
type State uint8

// The states, in their order.
const (
	Waiting    State = iota // for the next try
	Connecting              // TCP
	Preinit                 // its reply is awaited
	Securing                // TLS handshake
	Init                    // its reply is awaited
	Probing                 // the heuristics that go with a connect are running
	Online                  // lists were sent, votes come
)

// Node is the node machine. Its methods must be called from one goroutine.
type Node struct {
	cfg Config
	rng random.Source

	// What Corosync has said.
	config    Configured
	ring      qnet.RingID
	members   []qnet.NodeID // nil until the first node list callback
	inSync    bool          // Corosync waits for a poll with ring
	quorate   bool
	nodes     qnet.NodeList // of the last quorum callback
	hasQuorum bool          // there was one

	conn   connection
	vote   vote
	reason arbiterReason
	last   lastArbiter

	run         uint64 // ID of the heuristics run that is awaited; 0 if none
	runFor      purpose
	runs        uint64
	heuristics  qnet.Heuristics // latest result
	memberHeur  qnet.Heuristics
	connectHeur qnet.Heuristics
	regularHeur qnet.Heuristics
	nextRegular time.Time

	settledMembers []qnet.NodeID // of the ring before, once its sync had ended

	leaving bool
	removal removal // of the device from corosync.conf
	what    string  // was removed
	out     []Output
}

// purpose is what a heuristics run is for.
type purpose uint8

const (
	forConnect purpose = iota
	forMembership
	forInterval
)

// connection is all that ends with a connection.
type connection struct {
	state    State
	peer     peer
	lost     string    // why the last connection ended
	lostAt   time.Time // when the last one that the arbiter accepted did, else the first try; zero while one stands
	since    time.Time // when the arbiter accepted the node; zero if it has not
	limit    time.Time // of everything before Online
	retryAt  time.Time
	tries    int
	toldLost bool // the log's last word, but for debug lines, is that there is no connection
	tls      bool
	seq      uint32 // of the last message; goes on over reconnects, as in C
	sentRing qnet.RingID
	kapKnown bool // the arbiter knows option 23
	ours     bool // it is quorate's
	initAt   time.Time

	grace     time.Duration // announced by the arbiter of the last Init reply; 0 if none
	announced Config        // what it was announced for
	echoSeq   uint32
	echoAt    time.Time // when the echo that is awaited was sent; zero if none is
	nextEcho  time.Time
	echoed    time.Time // when the last answer to an echo came
	basis     time.Time // when the last message that the arbiter has answered was sent
	rtt       timing.RTT
}

// vote is what is polled.
type vote struct {
	cast      qnet.Vote // ACK or NACK; Undefined before the first
	ring      qnet.RingID
	polling   bool // polls go out at intervals
	next      time.Time
	last      time.Time // of the last poll
	lastCast  bool
	why       string    // what is cast is cast
	byArbiter bool      // the arbiter said so
	since     time.Time // it is, for this ring
	withdraw  time.Time // when "no" is polled if no vote comes; zero if not
	watched   time.Time // since when that is
	heard     bool      // the arbiter has said something since, but no vote
	reported  time.Time // when it was told of the ring; zero if not yet
}

// arbiterReason is the last reason that the arbiter gave on the last connection.
type arbiterReason struct {
	text string // printable; empty if there was none
	ring qnet.RingID
	at   time.Time
}

// New returns a node that has heard of nothing.
func New(cfg Config, now time.Time) *Node {
	n := &Node{cfg: cfg, rng: random.Source(cfg.Seed)}
	n.conn.retryAt = now
	return n
}

// Step applies one input at the instant now and returns what to do, in order.
// The returned slice is valid until the next Step.
func (n *Node) Step(now time.Time, in Input) []Output {
	n.out = n.out[:0]
	if n.removal != present {
		n.whileRemoved(now, in)
		return n.out
	}
	// Rule N3: how fresh the arbiter's word is, is looked at before anything else is done: a
	// process that was frozen polls nothing on the strength of old news.
	n.checkFresh(now)
	switch in := in.(type) {
	case Configured:
		n.configured(now, in)
	case Membership:
		n.membership(now, in)
	case Quorum:
		n.quorum(now, in)
	case HeuristicsDone:
		n.heuristicsDone(now, in)
	case Connected:
		n.connected(now, in)
	case Secured:
		n.secured(now)
	case Received:
		n.received(now, in.Msg)
	case Garbled:
		n.hangUp(now, strange("it sends something that is not a message: "+garbledWhy(in.Malformed)))
	case Disconnected:
		n.lost(now, in.Why)
	case Reconfigured:
		n.reconfigured(now, in)
	case Removed:
		n.removed(in)
		return n.out
	case Unregistered:
	case Withdraw:
		n.leave(now)
	case Tick:
	}
	n.tick(now)
	return n.out
}

func garbledWhy(m wire.Malformed) string {
	if m.Err != nil {
		return m.Err.Error()
	}
	return m.Type.String()
}

// Deadline is the next instant at which Step must be called with Tick, or the
// zero Time if there is none.
func (n *Node) Deadline() time.Time {
	if n.leaving || n.removal != present {
		return time.Time{}
	}
	return timing.Earliest(n.freshUntil(), n.silentUntil(), n.vote.withdraw, n.nextRegular, n.conn.limit,
		n.conn.nextEcho, n.unanswered(), n.pollAt(), n.connectAt())
}

func (n *Node) pollAt() time.Time {
	if !n.vote.polling {
		return time.Time{}
	}
	return n.vote.next
}

func (n *Node) connectAt() time.Time {
	if n.conn.state != Waiting || !n.settled() {
		return time.Time{}
	}
	return n.conn.retryAt
}

// tick does what is due.
func (n *Node) tick(now time.Time) {
	if n.leaving {
		return
	}
	if timing.Due(now, n.vote.withdraw) {
		kind, why, since := event.SilentInSync, whySilent, n.vote.watched
		if n.vote.heard {
			kind, why, since = event.LateInSync, whyLate, n.vote.reported
		}
		n.vote.withdraw = time.Time{}
		n.note(n.event(event.Warning, kind).WithTime(now.Sub(since)))
		n.apply(now, qnet.VoteNACK, causeOf(why))
	}
	if timing.Due(now, n.conn.limit) {
		n.hangUp(now, n.noAnswer())
	}
	if timing.Due(now, n.connectAt()) {
		n.conn.state, n.conn.retryAt = Connecting, time.Time{}
		n.conn.limit = now.Add(n.cfg.ConnectTimeout)
		n.emit(Connect{})
	}
	if timing.Due(now, n.unanswered()) {
		n.hangUp(now, "it has not answered for "+event.Duration(now.Sub(n.conn.echoAt)))
	}
	if timing.Due(now, n.conn.nextEcho) {
		n.echo(now)
	}
	if timing.Due(now, n.nextRegular) {
		n.startHeuristics(now, forInterval)
	}
	if n.vote.polling && timing.Due(now, n.vote.next) {
		n.poll(now)
	}
}

// settled reports whether the node knows all that an arbiter is told.
func (n *Node) settled() bool { return n.members != nil && n.config.Nodes != nil }

// configured takes a list of configured nodes.
func (n *Node) configured(now time.Time, in Configured) {
	same := n.config.Nodes != nil && equalNodes(n.config.Nodes, in.Nodes) && n.config.Version == in.Version && slices.Equal(n.config.Names, in.Names)
	if in.Refuse != "" && in.Refuse != n.config.Refuse {
		n.note(n.event(event.Error, event.ConfigRefused).WithReason(in.Refuse))
	}
	refused := n.config.Refuse != ""
	n.config = in
	switch {
	case in.Refuse != "":
		if n.vote.cast == qnet.VoteACK {
			n.apply(now, qnet.VoteNACK, causeOf(in.Refuse))
		}
	case refused && n.conn.state == Online:
		n.note(n.event(event.Info, event.ConfigMended))
		n.letGo(now, "corosync.conf is corrected; asking for the vote again")
		return
	}
	if same || n.conn.state != Online {
		return
	}
	n.sendConfig(qnet.ChangedConfig)
}

func equalNodes(a, b qnet.NodeList) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// membership takes a new ring.
func (n *Node) membership(now time.Time, in Membership) {
	// Rule N1: a new ring needs a fresh ACK: what was cast for the old one is past.
	if n.members != nil && in.Ring == n.ring {
		return // the same callback again, as a second tracking gives it
	}
	first := n.members == nil
	n.ring, n.members, n.inSync = in.Ring, in.Members, true
	n.vote.polling, n.vote.withdraw, n.vote.reported = false, time.Time{}, time.Time{}
	if n.vote.cast == qnet.VoteACK {
		n.vote.cast = qnet.VoteUndefined
	}
	if n.cfg.Heuristics != HeuristicsOff && n.conn.state == Online {
		n.startHeuristics(now, forMembership)
	}
	switch {
	case n.conn.state != Online:
		if !first || n.cfg.WithdrawTime > 0 {
			n.apply(now, qnet.VoteNACK, n.offline())
		}
	default:
		n.echo(now)
		n.watchSilence(now)
		if n.cfg.Heuristics == HeuristicsOff {
			n.sendMembership(now)
		}
	}
}

// decideTime is how long our arbiter takes at most to tell a node something, be
// it no for now (H8), on a clock that is 5 % slow.
const decideTime = 2100 * time.Millisecond

// patience is how long a silent arbiter is waited for: four round trips, but not
// as long as one that stood still for a while makes of them.
func (n *Node) patience() time.Duration {
	return max(n.cfg.WithdrawTime, min(n.conn.rtt.Patience(), decideTime))
}

// watchSilence starts the withdraw time.
func (n *Node) watchSilence(now time.Time) {
	// Rule N5: while Corosync waits in sync, an arbiter that says nothing for the withdraw time, or
	// no vote for the 2 s in which it decides, is not waited for: the node polls "no", and takes
	// the vote up again when it comes.
	if n.cfg.WithdrawTime > 0 {
		n.vote.withdraw, n.vote.watched, n.vote.heard = now.Add(n.patience()), now, false
	}
}

// notSilent gives the arbiter its time to decide, from when it was told of the
// ring. While heuristics run it has not been told.
func (n *Node) notSilent() {
	switch {
	case n.vote.withdraw.IsZero():
	case n.vote.reported.IsZero():
		n.vote.withdraw = time.Time{}
	default:
		n.vote.withdraw, n.vote.heard = n.vote.reported.Add(decideTime+n.patience()), true
	}
}

// quorum takes the end of a sync. A poll of "yes" from before would be counted.
func (n *Node) quorum(now time.Time, in Quorum) {
	// Rule N7: a vote of "no" is polled again when the sync has ended: what was polled before in a
	// ring without its token may have gone round only then.
	n.noteQuorum(in)
	n.inSync, n.quorate, n.nodes, n.hasQuorum = false, in.Quorate, in.Nodes, true
	if n.vote.polling && !n.keeps() {
		n.poll(now)
	}
	if n.conn.state == Online {
		n.sendQuorum()
	}
}

// leave takes the vote back, for good.
func (n *Node) leave(now time.Time) {
	n.leaving = true
	n.vote.withdraw = time.Time{}
	if n.members != nil {
		n.vote.cast, n.vote.why, n.vote.since = qnet.VoteNACK, "shutting down", now
		n.emit(Poll{Ring: n.ring, Cast: false})
	}
	if n.conn.state != Waiting {
		n.emit(Close{Why: "shutting down"})
		n.conn.state = Waiting
	}
}

func (n *Node) emit(o Output)          { n.out = append(n.out, o) }
func (n *Node) note(e event.Event)     { n.out = append(n.out, Notice{e}) }
func (n *Node) send(m wire.Message)    { n.out = append(n.out, Send{Msg: m}) }
func (n *Node) next() wire.Opt[uint32] { n.conn.seq++; return wire.Some(n.conn.seq) }
